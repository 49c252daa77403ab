"""The clock through the control API: it moves everything that depends on time, and no test sleeps."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import Client

from mockserver.engine.instants import SECOND, parse_instant

NOON = "2026-06-01T12:00:00Z"
CLOCK = "/_mock/worlds/default/clock"
SEND = (
    "/ibp_api.php?action=sms.send_message&access_key=foo&secret_access_key=bar&to=5556667777&from=5554332111&message=hi"
)
INBOUND_SCHEMA = {"provider": "dialogtech", "sender": "5551112222", "recipient": "5554443210", "text": "hi"}


def rejected(response: Any) -> tuple[int, str, str]:
    error = response.get_json()["error"]
    return response.status_code, error["code"], error["message"]


def advance(client: Client, **body: Any) -> dict[str, Any]:
    response = client.post(f"{CLOCK}/advance", json=body)
    assert 200 == response.status_code, response.text
    return response.get_json()


def test_a_clock_has_the_time_whether_it_is_frozen_and_the_next_due_instant(client: Client) -> None:
    assert {"now": NOON, "frozen": True, "next": None} == client.get(CLOCK).get_json()


def test_it_is_resumed_and_frozen(client: Client) -> None:
    running = client.put(CLOCK, json={"frozen": False}).get_json()
    stopped = client.put(CLOCK, json={"frozen": True}).get_json()

    assert (False, True) == (running["frozen"], stopped["frozen"])
    noon, first, second = (parse_instant(text) for text in (NOON, running["now"], stopped["now"]))
    assert noon <= first <= second < noon + 60 * SECOND
    assert client.get(CLOCK).get_json() == client.get(CLOCK).get_json()


def test_it_is_frozen_at_a_later_instant(client: Client) -> None:
    assert {"now": "2027-01-01T00:00:00Z", "frozen": True, "next": None, "events": []} == client.put(
        CLOCK, json={"frozen": True, "at": "2027-01-01T01:00:00+01:00"}
    ).get_json()


def test_it_advances_by_seconds_and_to_an_instant_and_stays_frozen_or_ticking(client: Client) -> None:
    assert "2026-06-01T12:00:01.500Z" == advance(client, seconds=1.5)["now"]
    assert "2026-06-01T12:00:01.500Z" == advance(client, seconds=0)["now"]
    assert "2026-06-02T00:00:00Z" == advance(client, to="2026-06-02T00:00:00Z")["now"]
    assert client.get(CLOCK).get_json()["frozen"]

    client.put(CLOCK, json={"frozen": False})
    moved = advance(client, seconds=86_400)
    assert not moved["frozen"]
    noon, now = parse_instant(NOON), parse_instant(moved["now"])
    assert noon + 129_600 * SECOND <= now < noon + 129_660 * SECOND
    assert parse_instant(advance(client, seconds=0)["now"]) >= now


def test_advancing_returns_each_event_at_its_own_instant(client: Client) -> None:
    for seconds in (30, 10):
        client.post("/_mock/worlds/default/inbound", json={**INBOUND_SCHEMA, "in": seconds})
    assert "2026-06-01T12:00:10Z" == client.get(CLOCK).get_json()["next"]

    events = advance(client, seconds=60)["events"]
    assert [("2026-06-01T12:00:10Z", "message_stored"), ("2026-06-01T12:00:30Z", "message_stored")] == [
        (each["at"], each["event"]) for each in events
    ]
    assert ["2026-06-01T12:00:10Z", "2026-06-01T12:00:30Z"] == [each["message"]["at"] for each in events]


def test_it_advances_to_the_next_due_event_or_stays_if_there_is_none(client: Client) -> None:
    for seconds in (30, 10):
        client.post("/_mock/worlds/default/inbound", json={**INBOUND_SCHEMA, "in": seconds})

    first, second, third = (advance(client, next=True) for _ in range(3))
    assert ["2026-06-01T12:00:10Z", "2026-06-01T12:00:30Z", "2026-06-01T12:00:30Z"] == [
        each["now"] for each in (first, second, third)
    ]
    assert [1, 1, 0] == [len(each["events"]) for each in (first, second, third)]
    assert ["2026-06-01T12:00:30Z", None, None] == [each["next"] for each in (first, second, third)]


def test_freezing_at_a_later_instant_returns_the_events_too(client: Client) -> None:
    client.post("/_mock/worlds/default/inbound", json={**INBOUND_SCHEMA, "in": 5})

    assert 1 == len(client.put(CLOCK, json={"frozen": True, "at": "2026-06-01T12:00:05Z"}).get_json()["events"])


def test_the_window_of_40_in_60_seconds_holds_at_both_edges(client: Client) -> None:
    """001: "40 sms per number per 60 seconds"; the frozen clock is moved from second to second."""
    for _ in range(40):
        assert "[1] Message Sent" in client.get(SEND).text
        advance(client, seconds=1)

    advance(client, to="2026-06-01T12:00:59.999999Z")
    assert "Rate limit exceeded: 40 sms per number per 60 seconds" in client.get(SEND).text
    advance(client, to="2026-06-01T12:01:00Z")
    assert "[1] Message Sent" in client.get(SEND).text
    assert "Rate limit exceeded: 40 sms per number per 60 seconds" in client.get(SEND).text
    exchange = client.get("/_mock/worlds/default/journal/43").get_json()
    assert "TooManyPerMinute" == exchange["error"]["name"]
    assert 40 == exchange["windows"][0]["used"]


def test_stamps_and_dates_follow_the_clock(client: Client) -> None:
    advance(client, to="2030-02-03T04:05:06Z")
    before = client.get("/_mock/worlds/default").get_json()["messages"]
    response = client.get(SEND)
    (last,) = client.get(f"/_mock/worlds/default/messages?since={before - 1}").get_json()["messages"]

    assert "Sun, 03 Feb 2030 04:05:06 GMT" == response.headers["Date"]
    assert "2030-02-03T04:05:06Z" == last["at"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code", "message"),
    [
        ("PUT", "", {}, 400, "bad_request", "frozen: is missing"),
        ("PUT", "", {"frozen": "yes"}, 400, "bad_request", "frozen: 'yes' is not true or false"),
        ("PUT", "", {"forzen": True}, 400, "bad_request", "forzen: unknown key; did you mean 'frozen'?"),
        (
            "PUT",
            "",
            {"frozen": False, "at": NOON},
            400,
            "bad_request",
            f"at: '{NOON}' is not allowed while the clock runs",
        ),
        (
            "PUT",
            "",
            {"frozen": True, "at": "soon"},
            400,
            "bad_request",
            f"at: 'soon' is not an instant such as '{NOON}'",
        ),
        (
            "PUT",
            "",
            {"frozen": True, "at": "2026-06-01T11:59:59Z"},
            409,
            "conflict",
            "a clock cannot be frozen in its past; a reset with freeze does that",
        ),
        (
            "POST",
            "/advance",
            {},
            400,
            "bad_request",
            "an empty object is not an object with exactly one of 'seconds', 'to' and 'next'",
        ),
        (
            "POST",
            "/advance",
            {"seconds": 1, "next": True},
            400,
            "bad_request",
            "an object with 'seconds', 'next' is not an object with exactly one of 'seconds', 'to' and 'next'",
        ),
        (
            "POST",
            "/advance",
            {"seconds": -1},
            400,
            "bad_request",
            "seconds: -1 is not a number of seconds from 0 to 1000000000",
        ),
        (
            "POST",
            "/advance",
            {"seconds": 1e300},
            400,
            "bad_request",
            "seconds: 1e+300 is not a number of seconds from 0 to 1000000000",
        ),
        (
            "POST",
            "/advance",
            {"seconds": "1"},
            400,
            "bad_request",
            "seconds: '1' is not a number of seconds from 0 to 1000000000",
        ),
        ("POST", "/advance", {"second": 1}, 400, "bad_request", "second: unknown key; did you mean 'seconds'?"),
        ("POST", "/advance", {"next": False}, 400, "bad_request", "next: false is not true"),
        (
            "POST",
            "/advance",
            {"to": "2026-06-01T11:00:00Z"},
            409,
            "conflict",
            "the clock cannot be moved backwards; a reset with freeze does that",
        ),
    ],
)
def test_an_invalid_move_is_rejected_and_changes_nothing(
    client: Client, method: str, path: str, body: Any, status: int, code: str, message: str
) -> None:
    assert (status, code, message) == rejected(client.open(f"{CLOCK}{path}", method=method, json=body))
    assert {"now": NOON, "frozen": True, "next": None} == client.get(CLOCK).get_json()


def test_the_calendar_has_an_end(client: Client) -> None:
    advance(client, to="9999-12-31T23:59:59Z")

    assert (409, "conflict", "the calendar ends with the year 9999") == rejected(
        client.post(f"{CLOCK}/advance", json={"seconds": 2})
    )
    assert 200 == client.get(SEND).status_code


def test_an_inbound_message_that_can_no_longer_be_received_is_reported_as_failed(client: Client) -> None:
    client.post("/_mock/worlds/default/inbound", json={**INBOUND_SCHEMA, "account": "documents", "in": 30})
    client.patch("/_mock/worlds/default/accounts/dialogtech/documents", json={"numbers": []})
    moved = advance(client, seconds=60)

    assert "2026-06-01T12:01:00Z" == moved["now"]
    assert [("2026-06-01T12:00:30Z", "receive_failed", "dialogtech")] == [
        (each["at"], each["event"], each["provider"]) for each in moved["events"]
    ]
