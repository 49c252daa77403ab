"""Messages through the control API: any direction, instant and status, read back by the provider's own clients."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest
from werkzeug.test import Client

from mockserver.admin import messages
from mockserver.engine.messages import Message
from mockserver.engine.registry import WorldRegistry
from mockserver.settings import fixtures_folder

MESSAGES = sum(
    len(account["messages"])
    for account in json.loads((fixtures_folder() / "worlds" / "demo.json").read_bytes())["accounts"]
)
"""In the shipped default world."""

NOON = "2026-06-01T12:00:00Z"
WORLD = "/_mock/worlds/default"
HERE = f"{WORLD}/messages"
SENT = {
    "provider": "dialogtech",
    "account": "documents",
    "direction": "outbound",
    "sender": "5554332111",
    "recipient": "5556667777",
    "text": "hi",
}
MT = {
    "provider": "mgage",
    "account": "documents",
    "direction": "outbound",
    "sender": "37911",
    "recipient": "15556667777",
    "text": "Welcome",
    "program": "121811",
    "status": "Undeliverable",
}
NDI = {
    "provider": "serwersms",
    "account": "documents",
    "direction": "inbound",
    "kind": "ndi",
    "sender": "+48500600700",
    "recipient": "+48600700800",
    "text": "Tak",
}


def rejected(response: Any) -> tuple[int, str, str]:
    error = response.get_json()["error"]
    return response.status_code, error["code"], error["message"]


def stored(client: Client, row: dict[str, Any], **changes: Any) -> dict[str, Any]:
    response = client.post(HERE, json={**row, **changes})
    assert 201 == response.status_code, response.text
    return response.get_json()


def following(registry: WorldRegistry, direction: str) -> str:
    """The identifier that DialogTech gives out next."""
    return str(registry.default.state.sequences[f"dialogtech.{direction}"])


def test_a_message_is_as_it_was_given_with_what_the_world_adds(client: Client, registry: WorldRegistry) -> None:
    wanted = following(registry, "outbound")
    message = stored(client, SENT)

    assert {**SENT, "serial": MESSAGES, "id": wanted, "at": NOON, "read": False} == message
    assert [message] == client.get(f"{HERE}?since={MESSAGES - 1}").get_json()["messages"]


def test_it_is_in_the_provider_s_records(client: Client) -> None:
    stored(client, SENT, at="2017-01-01T12:00:00Z", text="put there")

    assert (
        "[4] Message(s) Returned"
        in client.get(
            "/ibp_api.php?action=sms.get_messages&access_key=foo&secret_access_key=bar&start_date=20170101&end_date=20170101"
        ).text
    )


def test_it_counts_at_no_limit(client: Client) -> None:
    for _ in range(3):
        stored(client, SENT)

    assert (
        "[1] Message Sent"
        in client.get(
            "/ibp_api.php?action=sms.send_message&access_key=foo&secret_access_key=bar&to=5556667777&from=5554332111&message=hi"
        ).text
    )


def test_mgage_which_sends_nothing_has_its_mt_messages_from_here(client: Client) -> None:
    message = stored(client, MT, at="PT1H")
    page = client.get("/api/messages/program/121811?messageType=MT&pageSize=500", auth=("mgage", "mgage")).get_json()

    assert "2026-06-01T11:00:00Z" == message["at"]
    assert "Undeliverable" in [row["deliveryStatus"] for row in page["data"]["messages"]]


def test_a_message_that_was_read_is_not_returned_again(client: Client) -> None:
    first, second = (stored(client, NDI, read=read) for read in (True, False))
    response = client.post(
        "/messages/recived", data={"username": "Login", "password": "Haslo", "type": "ndi"}
    ).get_json()

    assert (True, False) == (first["read"], second["read"])
    ids = [item["id"] for item in response["items"]]
    assert int(second["id"]) in ids
    assert int(first["id"]) not in ids


def test_an_mms_has_its_attachments(client: Client) -> None:
    attachment = {"id": 7, "name": "a.png", "content_type": "image/png", "data": "iVBORw0="}
    message = stored(client, NDI, kind="mms", text="", title="Foto", attachments=[attachment])

    assert ("Foto", [attachment]) == (message["title"], message["attachments"])


def test_identifiers_that_were_given_are_counted_on_from(client: Client) -> None:
    first = stored(client, SENT, id="900000000")
    second = stored(client, SENT)
    low = stored(client, SENT, id="5")
    third = stored(client, SENT)

    assert ["900000000", "900000001", "5", "900000002"] == [each["id"] for each in (first, second, low, third)]


def test_an_identifier_may_be_given_once(client: Client) -> None:
    stored(client, SENT, id="5")

    assert (409, "conflict", "id: the account already has a message '5'") == rejected(
        client.post(HERE, json={**SENT, "id": "5"})
    )
    assert "5" == stored(client, SENT, id="5", direction="inbound")["id"]


@pytest.mark.parametrize(
    "number", ["37911", "5554332111", "15556667777", "5556667777", "+48500600700", "48500600700", "0"]
)
@pytest.mark.parametrize("scope", ["", "provider=mgage", "provider=dialogtech&account=documents", "direction=inbound"])
def test_the_messages_of_a_number_are_those_that_a_search_of_all_messages_finds(
    client: Client, number: str, scope: str
) -> None:
    """Whether it is the account's or the handset's, frequent or rare, in the fixture or stored, changed or deleted since."""
    for row in (SENT, MT, NDI):
        serials = [stored(client, row, at=f"2026-06-0{day}T00:00:00Z")["serial"] for day in (3, 1, 2)]
        client.patch(f"{HERE}/{serials[0]}", json={"status": "changed"})
        client.delete(f"{HERE}/{serials[1]}")
    everything = client.get(f"{HERE}?{scope}&limit=10000").get_json()["messages"]
    wanted = [row for row in everything if number in (row["sender"], row["recipient"])]
    url = f"{HERE}?{scope}&number={quote(number)}"
    assert wanted == client.get(f"{url}&limit=10000").get_json()["messages"]
    for position in range(0, len(wanted), 40):
        since = wanted[position]["serial"]
        rest = client.get(f"{url}&since={since}&limit=7").get_json()["messages"]
        assert wanted[position + 1 : position + 8] == rest


def test_messages_of_a_direction_are_found_without_a_look_at_those_of_the_other(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(300):
        stored(client, SENT)
    wanted = stored(client, SENT, direction="inbound")["serial"]
    matches, looks = messages.matches, list[int]()

    def counted(message: Message, query: Mapping[str, Any]) -> bool:
        looks.append(message.serial)
        return matches(message, query)

    monkeypatch.setattr(messages, "matches", counted)
    page = client.get(f"{HERE}?direction=inbound&since={MESSAGES - 1}").get_json()

    assert [wanted] == [row["serial"] for row in page["messages"]]
    assert {wanted} == set(looks)


def test_messages_are_listed_as_they_came_to_be_and_read_on_from_next(client: Client) -> None:
    whole = client.get(f"{HERE}?limit=10000").get_json()
    first = client.get(f"{HERE}?limit=1000").get_json()
    rest = client.get(f"{HERE}?since={first['next']}&limit=1000").get_json()

    assert list(range(MESSAGES)) == [row["serial"] for row in whole["messages"]]
    assert whole["messages"] == first["messages"] + rest["messages"]
    assert (999, MESSAGES - 1) == (first["next"], rest["next"])
    assert {"messages": [], "next": MESSAGES - 1} == client.get(f"{HERE}?since={MESSAGES - 1}").get_json()
    assert 100 == len(client.get(HERE).get_json()["messages"])


def test_the_newest_of_many_at_one_instant_are_found(client: Client, registry: WorldRegistry) -> None:
    for _ in range(2_100):
        stored(client, SENT)

    listed = client.get(f"{HERE}?provider=dialogtech&account=documents&limit=10000").get_json()["messages"]
    assert [0, 1, 2, *range(MESSAGES, MESSAGES + 2_100)] == [row["serial"] for row in listed]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("provider=dialogtech&account=documents", 3),
        ("provider=dialogtech&account=documents&direction=inbound", 1),
        ("account=documents&number=5554443210", 3),
        ("provider=serwersms&account=documents", 5),
        ("number=0000000000", 0),
        ("limit=0", 0),
    ],
)
def test_messages_are_asked_for_by_whose_they_are_direction_and_number(client: Client, query: str, count: int) -> None:
    assert count == len(client.get(f"{HERE}?{query}").get_json()["messages"])


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=x", "limit must be a whole number, not 'x'"),
        ("limit=1e3", "limit must be a whole number, not '1e3'"),
        ("since=-1", "since must be a whole number, not '-1'"),
        ("direction=up", "direction must be 'inbound' or 'outbound', not 'up'"),
        ("provider=twilio", "provider must be 'dialogtech', 'mgage' or 'serwersms', not 'twilio'"),
        ("numbr=1", "numbr: unknown parameter; did you mean 'number'?"),
        ("limit=1&limit=2", "limit is given 2 times"),
    ],
)
def test_a_question_that_makes_no_sense_is_rejected(client: Client, query: str, message: str) -> None:
    assert (400, "bad_request", message) == rejected(client.get(f"{HERE}?{query}"))


def test_a_question_about_an_account_that_is_not_there_is_rejected(client: Client) -> None:
    assert (404, "not_found", "dmo: unknown account; did you mean 'demo'?") == rejected(
        client.get(f"{HERE}?account=dmo")
    )


@pytest.mark.parametrize(
    ("row", "status", "code", "message"),
    [
        ({}, 400, "bad_request", "provider: is missing"),
        ([], 400, "bad_request", "an empty list is not an object that describes a message"),
        (
            {**SENT, "provider": "twilio"},
            400,
            "bad_request",
            "provider: 'twilio' is not 'dialogtech', 'mgage' or 'serwersms'",
        ),
        (
            {**SENT, "account": "documens"},
            404,
            "not_found",
            "account: 'documens': unknown account; did you mean 'documents'?",
        ),
        ({**SENT, "account": None}, 400, "bad_request", "account: null is not a text"),
        ({**SENT, "sendr": "1"}, 400, "bad_request", "sendr: unknown key; did you mean 'sender'?"),
        ({**SENT, "sender": "1"}, 400, "bad_request", "sender: '1' is not 10 digits"),
        (
            {**SENT, "text": "x" * 257},
            400,
            "bad_request",
            f"text: '{'x' * 60}'... (257 characters) is not an outbound text of 1 to 256 characters",
        ),
        ({**SENT, "at": "now"}, 400, "bad_request", "at: 'now' is not an instant such as '2026-06-01T12:00:00Z'"),
        ({**SENT, "at": "P1Y"}, 400, "bad_request", "at: 'P1Y' is not an instant or a duration back from now (P3DT4H)"),
        ({**SENT, "id": "x"}, 400, "bad_request", "id: 'x' is not 1 to 18 digits"),
        ({**SENT, "direction": "MT"}, 400, "bad_request", "direction: 'MT' is not 'inbound' or 'outbound'"),
        ({**SENT, "read": True}, 400, "bad_request", "read: unknown key; did you mean 'direction'?"),
        ({**MT, "program": "1"}, 404, "not_found", "program: '1': unknown program; did you mean '121811'?"),
        ({name: value for name, value in MT.items() if name != "status"}, 400, "bad_request", "status: is missing"),
        ({**NDI, "kind": "eco"}, 400, "bad_request", "reference: is missing"),
        (
            {**NDI, "attachments": [{"id": 1}]},
            400,
            "bad_request",
            "attachments: a list is not an empty list, for only an MMS has attachments",
        ),
    ],
)
def test_what_is_no_message_of_the_provider_is_rejected_and_stored_nowhere(
    client: Client, row: Any, status: int, code: str, message: str
) -> None:
    got = rejected(client.post(HERE, json=row))

    assert (status, code) == got[:2]
    assert message.partition("; did you mean")[0] == got[2].partition("; did you mean")[0].partition("; there is")[0]
    assert MESSAGES == client.get(WORLD).get_json()["messages"]
    assert 0 == client.get(WORLD).get_json()["cursor"]


# ---------------------------------------------------------------------------------------------------------- arrivals

INBOUND = {"provider": "dialogtech", "sender": "5551112222", "recipient": "5554443210", "text": "hi"}


def test_a_message_comes_in_now(client: Client, registry: WorldRegistry) -> None:
    wanted = following(registry, "inbound")
    response = client.post(f"{WORLD}/inbound", json=INBOUND)

    assert 201 == response.status_code
    assert {
        "message": {
            **INBOUND,
            "serial": MESSAGES,
            "account": "documents",
            "id": wanted,
            "direction": "inbound",
            "at": NOON,
            "read": False,
        }
    } == response.get_json()


def test_or_later_by_the_world_s_clock(client: Client) -> None:
    response = client.post(f"{WORLD}/inbound", json={**INBOUND, "account": "documents", "in": 30})

    assert (201, {"due": "2026-06-01T12:00:30Z"}) == (response.status_code, response.get_json())
    assert MESSAGES == client.get(WORLD).get_json()["messages"]
    client.post(f"{WORLD}/clock/advance", json={"seconds": 30})
    assert MESSAGES + 1 == client.get(WORLD).get_json()["messages"]


@pytest.mark.parametrize("later", [{}, {"in": 30}])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"provider": "twilio"}, "provider: 'twilio' is not 'dialogtech', 'mgage' or 'serwersms'"),
        ({"sender": "x"}, "sender: 'x' is not 10 digits"),
        ({"txt": "x"}, "txt: unknown key; did you mean 'text'?"),
        ({"account": "demos"}, "account: unknown account; "),
        ({"recipient": "5550000000"}, "recipient: unknown SMS enabled number; did you mean"),
    ],
)
def test_what_cannot_come_in_is_rejected_at_once_also_when_it_is_for_later(
    client: Client, later: dict[str, int], changes: dict[str, str], message: str
) -> None:
    status, code, said = rejected(client.post(f"{WORLD}/inbound", json={**INBOUND, **later, **changes}))

    assert (400, "bad_request") == (status, code)
    assert said.startswith(message)
    assert client.get(f"{WORLD}/clock").get_json()["next"] is None


@pytest.mark.parametrize("seconds", [-1, "30", None, 1e10])
def test_later_is_a_number_of_seconds(client: Client, seconds: Any) -> None:
    status, _, said = rejected(client.post(f"{WORLD}/inbound", json={**INBOUND, "in": seconds}))

    assert 400 == status
    assert said.startswith("in: ")
    assert said.endswith(" is not a number of seconds from 0 to 1000000000")


def test_a_message_is_changed_and_the_provider_s_client_sees_it(client: Client) -> None:
    row = stored(client, MT)
    changed = client.patch(f"{HERE}/{row['serial']}", json={"status": "Delivered"})

    assert {**row, "status": "Delivered"} == changed.get_json()
    assert changed.get_json() in client.get(f"{HERE}?provider=mgage&limit=10000").get_json()["messages"]


def test_a_message_of_the_fixture_is_changed_in_one_world_alone(client: Client) -> None:
    client.post("/_mock/worlds", json={"id": "twin", "fixture": "demo"})
    (row,) = client.get(f"{HERE}?provider=mgage&limit=1").get_json()["messages"]
    twin = f"/_mock/worlds/twin/messages?provider=mgage&after={row['serial'] - 1}&limit=1"
    before = client.get(twin).get_json()

    assert 200 == client.patch(f"{HERE}/{row['serial']}", json={"status": "Undeliverable"}).status_code
    assert before == client.get(twin).get_json()
    assert 200 == client.delete(f"{HERE}/{row['serial']}").status_code
    assert before == client.get(twin).get_json()


def test_a_deleted_message_is_gone_and_its_identifier_is_free(client: Client) -> None:
    row = stored(client, SENT, id="177931299")
    deleted = client.delete(f"{HERE}/{row['serial']}")

    assert {"deleted": row} == deleted.get_json()
    assert row["serial"] not in [
        each["serial"] for each in client.get(f"{HERE}?provider=dialogtech&limit=10000").get_json()["messages"]
    ]
    assert 404 == client.delete(f"{HERE}/{row['serial']}").status_code
    assert 404 == client.patch(f"{HERE}/{row['serial']}", json={"status": "x"}).status_code
    assert stored(client, SENT, id="177931299")["serial"] > row["serial"], "a serial is never used again"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "an empty object is not an object of what is to change of a message"),
        ({"status": 7}, "status: 7 is not "),
        ({"text": "other"}, "text: unknown key; there is status"),
    ],
)
def test_a_wrong_change_of_a_message_is_rejected(client: Client, changes: dict[str, str], message: str) -> None:
    row = stored(client, MT)
    status, code, said = rejected(client.patch(f"{HERE}/{row['serial']}", json=changes))

    assert (400, "bad_request") == (status, code)
    assert said.startswith(message)
    assert row in client.get(f"{HERE}?provider=mgage&limit=10000").get_json()["messages"]


def test_the_feed_and_a_snapshot_know_of_changed_and_deleted_messages(client: Client, registry: WorldRegistry) -> None:
    kept, gone = stored(client, MT), stored(client, MT)
    cursor = client.get(WORLD).get_json()["cursor"]
    client.patch(f"{HERE}/{kept['serial']}", json={"status": "Delivered"})
    client.delete(f"{HERE}/{gone['serial']}")

    received = [type(item.event).__name__ for item in registry.default.feed.since(cursor).items]
    assert ["MessageChanged", "MessageDeleted"] == received
    snapshot = client.get(f"{WORLD}/snapshot").get_json()
    rows = {row["id"]: row for account in snapshot["accounts"] for row in account["messages"]}
    assert "Delivered" == rows[kept["id"]]["status"]
    assert gone["id"] not in rows
