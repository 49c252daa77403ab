"""The entries of accounts through the control API, the client and the command line."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import orjson
import pytest
from werkzeug.test import Client

ACCOUNT = "/_mock/worlds/default/accounts/serwersms/documents"
CONTACTS = f"{ACCOUNT}/collections/contacts"
BLACKLIST = f"{ACCOUNT}/collections/blacklist"
JAN = {"id": 1, "phone": "+48500600700", "first_name": "Jan"}
OLA = {"id": 2, "phone": "+48500600701", "first_name": "Ola"}


def rejected(response: Any) -> tuple[int, str, str]:
    error = response.get_json()["error"]
    return response.status_code, error["code"], error["message"]


def names(response: Any) -> list[str]:
    return [each["first_name"] for each in response.get_json()["entries"]]


def test_an_entry_is_added_replaced_shown_listed_and_deleted(client: Client) -> None:
    assert (201, JAN) == ((added := client.post(CONTACTS, json=JAN)).status_code, added.get_json())
    changed = {**JAN, "first_name": "Janek"}
    assert changed == client.put(f"{CONTACTS}/1", json={"phone": JAN["phone"], "first_name": "Janek"}).get_json()
    assert changed == client.get(f"{CONTACTS}/1").get_json()
    assert {"entries": [changed], "next": "1", "count": 1} == client.get(CONTACTS).get_json()
    assert {"deleted": changed} == client.delete(f"{CONTACTS}/1").get_json()
    assert {"entries": [], "next": None, "count": 0} == client.get(CONTACTS).get_json()


def test_the_provider_answers_with_what_was_added(client: Client) -> None:
    client.post(CONTACTS, json=JAN)
    client.post(BLACKLIST, json={"phone": "+48500600700"})
    (item,) = client.post(
        "/messages/recived",
        data={"username": "Login", "password": "Haslo", "type": "nd", "show_contact": "1"},
    ).get_json()["items"]

    assert (True, "Jan") == (item["blacklist"], item["contact"]["first_name"])


def test_an_entry_without_an_id_gets_the_next_number_of_its_collection(client: Client) -> None:
    phones = [{"phone": "+48500600700"}, {"phone": "+48500600701"}]

    assert [12365, 12366] == [client.post(BLACKLIST, json=each).get_json()["id"] for each in phones]


def test_the_collections_of_an_account_are_counted(client: Client) -> None:
    client.post(CONTACTS, json=JAN)
    found = client.get(f"{ACCOUNT}/collections").get_json()["collections"]

    assert {"contacts": 1, "blacklist": 0}.items() <= {each["name"]: each["count"] for each in found}.items()


def test_entries_are_listed_page_by_page_in_the_order_of_adding(client: Client) -> None:
    client.put(CONTACTS, json={"entries": [OLA, JAN, {**JAN, "id": 9, "first_name": "Ewa"}]})
    first = client.get(f"{CONTACTS}?limit=2")

    assert (["Ola", "Jan"], "1") == (names(first), first.get_json()["next"])
    assert ["Ewa"] == names(client.get(f"{CONTACTS}?limit=2&since=1"))
    assert {"entries": [], "next": "9", "count": 3} == client.get(f"{CONTACTS}?since=9").get_json()


def test_all_entries_of_a_collection_are_replaced(client: Client) -> None:
    client.put(CONTACTS, json={"entries": [JAN]})
    client.put(CONTACTS, json={"entries": [OLA]})

    assert [OLA] == client.get(CONTACTS).get_json()["entries"]
    assert {"entries": []} == client.put(CONTACTS, json={"entries": []}).get_json()


def test_another_world_and_a_fork_have_entries_of_their_own(client: Client) -> None:
    client.post("/_mock/worlds", json={"id": "other"})
    client.post(CONTACTS, json=JAN)
    client.post("/_mock/worlds/default/fork", json={"id": "forked"})
    client.post(CONTACTS, json=OLA)

    assert [] == names(client.get(CONTACTS.replace("default", "other")))
    assert ["Jan"] == names(client.get(CONTACTS.replace("default", "forked")))
    client.post("/_mock/worlds/default/reset", json={})
    assert [] == names(client.get(CONTACTS))


def test_a_snapshot_holds_the_entries_and_brings_them_back(client: Client) -> None:
    client.put(CONTACTS, json={"entries": [OLA, JAN]})
    snapshot = orjson.loads(client.get("/_mock/worlds/default/snapshot").data)
    (account,) = (
        each for each in snapshot["accounts"] if (each["provider"], each["name"]) == ("serwersms", "documents")
    )
    client.put(CONTACTS, json={"entries": []})
    client.put("/_mock/worlds/default/snapshot", json=snapshot)

    assert {"contacts": [OLA, JAN]} == account["collections"]
    assert ["Ola", "Jan"] == names(client.get(CONTACTS))


def test_changes_are_events_of_the_world(client: Client) -> None:
    client.post(CONTACTS, json=JAN)
    client.delete(f"{CONTACTS}/1")
    stream = client.get("/_mock/worlds/default/events?since=0")
    lines = (line for chunk in stream.response for line in chunk.splitlines() if line.startswith(b"data: "))
    events = [json.loads(line.removeprefix(b"data: ")) for line in islice(lines, 2)]
    stream.close()

    whose = {"provider": "serwersms", "account": "documents", "collection": "contacts"}
    assert [
        {"event": "entry_stored", **whose, "entry": JAN},
        {"event": "entry_deleted", **whose, "id": 1},
    ] == [{name: part for name, part in event.items() if name not in ("at", "cursor")} for event in events]


@pytest.mark.parametrize(
    ("method", "path", "body", "error"),
    [
        (
            "GET",
            f"{ACCOUNT}/collections/contact",
            None,
            (404, "not_found", "unknown collection; did you mean 'contacts'?"),
        ),
        ("GET", f"{CONTACTS}/7", None, (404, "not_found", "serwersms/documents has no entry '7' in contacts")),
        ("GET", f"{CONTACTS}/x", None, (404, "not_found", "serwersms/documents has no entry 'x' in contacts")),
        ("DELETE", f"{CONTACTS}/7", None, (404, "not_found", "serwersms/documents has no entry '7' in contacts")),
        ("GET", f"{CONTACTS}?since=7", None, (400, "bad_request", "since: there is no entry '7' any more")),
        ("POST", CONTACTS, {"first_name": "Jan"}, (400, "bad_request", "phone: is missing")),
        ("POST", CONTACTS, {"phone": "500"}, (400, "bad_request", "phone: '500' is not a telephone number")),
        ("POST", CONTACTS, JAN, (409, "conflict", "contacts has the entry 1 already")),
        ("PUT", f"{CONTACTS}/3", JAN, (400, "bad_request", "id: 1 is not 3, the id in the path")),
        ("PUT", f"{CONTACTS}/x", OLA | {"id": "x"}, (400, "bad_request", "id: 'x' is not a whole number")),
        ("PUT", CONTACTS, {"entries": [OLA, OLA]}, (400, "bad_request", "entries[1].id: 2 is in the list twice")),
        ("PUT", CONTACTS, [OLA], (400, "bad_request", "a list is not an object with 'entries'")),
        ("POST", CONTACTS.replace("documents", "nobody"), JAN, (404, "not_found", "serwersms/nobody")),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    client: Client, method: str, path: str, body: Any, error: tuple[int, str, str]
) -> None:
    client.post(CONTACTS, json=JAN)
    status, code, message = rejected(client.open(path, method=method, json=body))

    assert error[:2] == (status, code)
    assert error[2] in message
    assert [JAN] == client.get(CONTACTS).get_json()["entries"]
