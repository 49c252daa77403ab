"""The entries of accounts through the control API, the client and the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from werkzeug.test import Client

from mockserver import ControlError, Mock, MockServer
from mockserver.app import build_service
from mockserver.cli import cli

ACCOUNT = "/_mock/worlds/default/accounts/serwersms/documents"
CONTACTS = f"{ACCOUNT}/collections/contacts"
BLACKLIST = f"{ACCOUNT}/collections/blacklist"
JAN = {"id": 1, "phone": "+48500600700", "first_name": "Jan"}
OLA = {"id": 2, "phone": "+48500600701", "first_name": "Ola"}


@pytest.fixture
def client(client: Client) -> Client:
    """A client of a server whose account has no entries."""
    for collection in ("contacts", "groups", "blacklist"):
        client.put(f"{ACCOUNT}/collections/{collection}", json={"entries": []})
    return client


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

    one, two = [client.post(BLACKLIST, json=each).get_json()["id"] for each in phones]
    assert (one > 12354, one + 1) == (True, two)


def test_numbering_goes_on_after_an_id_that_was_given_by_hand(client: Client) -> None:
    client.put(f"{BLACKLIST}/20000", json={"phone": "+48500600700"})

    assert 20001 == client.post(BLACKLIST, json={"phone": "+48500600701"}).get_json()["id"]


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
    others = client.get(CONTACTS.replace("default", "other")).get_json()
    client.post(CONTACTS, json=JAN)
    client.post("/_mock/worlds/default/fork", json={"id": "forked"})
    client.post(CONTACTS, json=OLA)

    assert others == client.get(CONTACTS.replace("default", "other")).get_json()
    assert ["Jan"] == names(client.get(CONTACTS.replace("default", "forked")))
    client.post("/_mock/worlds/default/reset", json={})
    assert others == client.get(CONTACTS).get_json()


def test_a_snapshot_holds_the_entries_and_brings_them_back(client: Client) -> None:
    client.put(CONTACTS, json={"entries": [OLA, JAN]})
    snapshot = orjson.loads(client.get("/_mock/worlds/default/snapshot").data)
    (account,) = (
        each for each in snapshot["accounts"] if (each["provider"], each["name"]) == ("serwersms", "documents")
    )
    client.put(CONTACTS, json={"entries": []})
    client.put("/_mock/worlds/default/snapshot", json=snapshot)

    assert [OLA, JAN] == account["collections"]["contacts"]
    assert ["Ola", "Jan"] == names(client.get(CONTACTS))


def test_changes_are_events_of_the_world(client: Client) -> None:
    cursor = client.get("/_mock/worlds/default").get_json()["cursor"]
    client.post(CONTACTS, json=JAN)
    client.delete(f"{CONTACTS}/1")
    stream = client.get(f"/_mock/worlds/default/events?since={cursor}")
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


# -- the client and the command line


def test_the_client_has_a_verb_for_each_call() -> None:
    with Mock.of(build_service().app) as mock:
        world = mock.create_world()
        whose = ("serwersms", "documents", "contacts")
        assert [] == world.replace_entries(*whose, [])
        assert JAN == world.add_entry(*whose, JAN)
        assert OLA == world.put_entry(*whose, 2, {"phone": OLA["phone"], "first_name": "Ola"})
        assert ([JAN, OLA], [OLA], [JAN]) == (
            world.entries(*whose),
            world.entries(*whose, since=1),
            world.entries(*whose, limit=1),
        )
        assert 2 == world.collections("serwersms", "documents")["contacts"]
        assert OLA == world.entry(*whose, 2) == world.delete_entry(*whose, 2)
        assert [OLA] == world.replace_entries(*whose, [OLA])
        with pytest.raises(ControlError, match="has no entry '1' in contacts"):
            world.entry(*whose, 1)


@pytest.fixture
def mockserver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """The command line against a server of its own: the parsed output of a command."""
    with MockServer() as server:
        monkeypatch.setenv("MOCKSERVER_URL", server.url)

        def call(*arguments: str, text: bool = False) -> Any:
            result = CliRunner().invoke(cli, [*arguments, *(() if text else ("--format", "json"))])
            return result.output if text or result.exit_code else json.loads(result.output)

        yield call


def test_the_command_line_has_a_verb_for_each_call(mockserver: Callable[..., Any]) -> None:
    whose = ("serwersms/documents", "contacts")
    mockserver("entry", "replace", *whose, "[]")
    assert JAN == mockserver("entry", "add", *whose, json.dumps(JAN))
    assert OLA == mockserver("entry", "put", *whose, "2", json.dumps(OLA))
    assert [JAN, OLA] == mockserver("entry", "list", *whose)["entries"]
    assert JAN == mockserver("entry", "show", *whose, "1")
    assert {"name": "contacts", "count": 2} in mockserver("entry", "list", whose[0])["collections"]
    table = mockserver("entry", "list", *whose, text=True).splitlines()
    assert [["ID", "PHONE", "FIRST_NAME"], ["1", "+48500600700", "Jan"]] == [line.split() for line in table[:2]]
    assert OLA == mockserver("entry", "delete", *whose, "2")
    assert [OLA] == mockserver("entry", "replace", *whose, json.dumps([OLA]))["entries"]
    assert "the entries are not a list" in mockserver("entry", "replace", *whose, "{}", text=True)


# -- the page

PAGE = "/_mock/ui/worlds/default"


def test_the_page_shows_the_collections_of_an_account_and_escapes_them(client: Client) -> None:
    groups = CONTACTS.replace("contacts", "groups")
    client.post(groups, json={"id": 5, "name": "VIP"})
    client.post(CONTACTS, json={**JAN, "first_name": "<b>Jan</b>", "group_ids": [5, 6]})
    shown = client.get(f"{PAGE}/worlds").text

    assert 'SerwerSMS documents: contacts <span class="muted">1</span>' in shown
    assert "<td>1</td><td>+48500600700</td><td>&lt;b&gt;Jan&lt;/b&gt;</td><td>VIP, ?</td>" in shown
    assert "<td>5</td><td>VIP</td>" in shown


def test_a_collection_of_many_entries_shows_the_latest(client: Client) -> None:
    client.put(
        BLACKLIST, json={"entries": [{"id": number, "phone": f"+48500600{number}"} for number in range(100, 160)]}
    )
    shown = client.get(f"{PAGE}/worlds").text

    assert "the latest 50 of 60" in shown
    assert "+48500600159" in shown
    assert "+48500600109" not in shown


def test_a_conversation_shows_the_name_of_a_contact_and_is_found_by_it(client: Client) -> None:
    client.post(CONTACTS, json={**JAN, "first_name": "Świętopełk"})

    assert "Świętopełk" in client.get(f"{PAGE}/conversations?open=48500600700").text
    assert "48500600700" in client.get(f"{PAGE}/conversations?q=świętopełk").text
    client.delete(f"{CONTACTS}/1")
    assert "Świętopełk" not in client.get(f"{PAGE}/conversations?open=48500600700").text


def test_a_message_that_was_sent_is_in_its_conversation_with_its_state_and_the_states_after_it(client: Client) -> None:
    client.put("/_mock/worlds/default/clock", json={"frozen": True})
    given = {"username": "Login", "password": "Haslo", "phone": "+48511222333", "text": "See you at noon"}
    assert client.post("/messages/send_sms", data=given).get_json()["success"]
    cursor = client.get("/_mock/worlds/default").get_json()["cursor"]
    shown = client.get(f"{PAGE}/conversations?open=48511222333").text
    client.post("/_mock/worlds/default/clock/advance", json={"seconds": 6})
    changed = client.get(f"{PAGE}/conversations/changes?open=48511222333&since={cursor}").text

    assert "See you at noon" in shown
    assert "See you at noon" in changed
    assert ['<span class="state">in_progress</span>', '<span class="state">delivered</span>'] == [
        re.findall('<span class="state">.*</span>', text)[0] for text in (shown, changed)
    ]
