"""Waiting through the control API: a cursor misses nothing, and a wait ends when its event happens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Semaphore
from typing import Any

import pytest
import requests
from werkzeug.test import Client

from mockserver.engine.feed import EventFeed, Stop
from mockserver.engine.registry import WorldRegistry
from mockserver.server import MockServer

NOON = "2026-06-01T12:00:00Z"
WORLD = "/_mock/worlds/default"
WAIT = f"{WORLD}/wait"
NUMBERS = "/ibp_api.php?action=sms.get_numbers&access_key=ACCESS_KEY&secret_access_key=SECRET_ACCESS_KEY"
SEND = (
    "/ibp_api.php?action=sms.send_message&access_key=foo&secret_access_key=bar&to=5556667777&from=5554332111&message=hi"
)
INBOUND_SCHEMA = {"provider": "dialogtech", "sender": "5551112222", "recipient": "5554443210", "text": "hi"}


def rejected(response: Any) -> tuple[int, str, str]:
    error = response.get_json()["error"]
    return response.status_code, error["code"], error["message"]


def test_what_is_there_already_is_found_at_once_and_the_next_from_its_cursor(client: Client) -> None:
    for _ in range(2):
        client.get(NUMBERS)
    first = client.get(f"{WAIT}?for=exchange&since=0").get_json()
    second = client.get(f"{WAIT}?for=exchange&since={first['cursor']}").get_json()

    assert (1, 2) == (first["found"]["number"], second["found"]["number"])
    assert ("exchange", "sms.get_numbers", NOON) == tuple(first["found"][name] for name in ("event", "operation", "at"))
    assert (1, 2) == (first["cursor"], second["cursor"])


def test_nothing_is_found_when_nothing_comes(client: Client) -> None:
    client.get(NUMBERS)

    assert {"found": None, "cursor": 1} == client.get(f"{WAIT}?for=exchange&timeout=0").get_json()
    assert {"found": None, "cursor": 0} == client.get(f"{WAIT}?for=message&since=0&timeout=0.001").get_json()


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("for=exchange&since=0&operation=sms.send_message", 2),
        ("for=exchange&since=0&error=TooManyPerNumber", 3),
        ("for=exchange&since=0&status=404", 4),
        ("for=exchange&since=0&provider=mgage", 4),
        ("for=exchange&since=0&target=programs", 4),
    ],
)
def test_exchanges_are_waited_for_by_what_they_are(client: Client, query: str, number: int) -> None:
    for path in (NUMBERS, SEND, SEND, "/api/programs"):
        client.get(path)

    assert number == client.get(f"{WAIT}?{query}").get_json()["found"]["number"]


def test_messages_are_waited_for_by_whose_they_are(client: Client) -> None:
    client.get(SEND)
    client.post(f"{WORLD}/inbound", json=INBOUND_SCHEMA)

    found = client.get(f"{WAIT}?for=message&since=0&direction=inbound").get_json()
    assert ("message_stored", "5551112222") == (found["found"]["event"], found["found"]["message"]["sender"])
    other = client.get(f"{WAIT}?for=message&since=0&number=5556667777&account=documents").get_json()
    assert "outbound" == other["found"]["message"]["direction"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "for is missing; it must be 'exchange', 'message' or 'delivery'"),
        ("for=rain", "for must be 'exchange', 'message' or 'delivery', not 'rain'"),
        (
            "for=message&operation=x",
            "operation: is not a filter for messages; provider, account, direction, number, serial, status, event are",
        ),
        ("for=exchange&timeout=-1", "timeout must be a number of seconds from 0 to 3600, not '-1'"),
        ("for=exchange&timeout=1e9", "timeout must be a number of seconds from 0 to 3600, not '1e9'"),
        ("for=exchange&timeout=nan", "timeout must be a number of seconds from 0 to 3600, not 'nan'"),
        ("for=exchange&sicne=1", "sicne: unknown parameter; did you mean 'since'?"),
    ],
)
def test_what_cannot_be_waited_for_is_rejected(client: Client, query: str, message: str) -> None:
    assert (400, "bad_request", message) == rejected(client.get(f"{WAIT}?{query}"))


# ------------------------------------------------------------------------------------------------------- at a socket


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(60) as pool:
        yield pool


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Wait until this many more waits have reached the world."""
    reached = Semaphore(0)
    first_since = EventFeed.first_since

    def waits(feed: EventFeed, *wanted: Any) -> Stop:
        stop = first_since(feed, *wanted)
        if feed.subscribers:
            reached.release()
        return stop

    def until(number: int) -> None:
        assert all(reached.acquire(timeout=30) for _ in range(number)), "they never came"

    monkeypatch.setattr(EventFeed, "first_since", waits)
    return until


def test_a_waiting_client_is_woken_by_the_exchange(
    server: MockServer, listening: Callable[[int], None], pool: ThreadPoolExecutor
) -> None:
    waiting = pool.submit(requests.get, f"{server.url}{WAIT}?for=exchange&operation=sms.send_message&timeout=60")
    listening(1)
    requests.get(server.url + NUMBERS)
    requests.get(server.url + SEND)
    response = waiting.result(timeout=30)

    assert (200, "application/json") == (response.status_code, response.headers["Content-Type"])
    assert {
        "found": {**response.json()["found"], "number": 2, "operation": "sms.send_message"},
        "cursor": 5,
    } == response.json()


def test_an_inbound_message_that_is_due_ends_a_wait(
    server: MockServer, registry: WorldRegistry, listening: Callable[[int], None], pool: ThreadPoolExecutor
) -> None:
    requests.post(f"{server.url}{WORLD}/inbound", json={**INBOUND_SCHEMA, "in": 30})
    waiting = pool.submit(requests.get, f"{server.url}{WAIT}?for=message&timeout=60")
    listening(1)
    requests.post(f"{server.url}{WORLD}/clock/advance", json={"next": True})

    assert "2026-06-01T12:00:30Z" == waiting.result(timeout=30).json()["found"]["at"]
    assert 0 == registry.default.feed.subscribers


def test_fifty_waiting_clients_delay_no_other(
    server: MockServer, listening: Callable[[int], None], pool: ThreadPoolExecutor
) -> None:
    waiting = [pool.submit(requests.get, f"{server.url}{WAIT}?for=message&timeout=60") for _ in range(50)]
    listening(50)
    assert 200 == requests.get(f"{server.url}/_mock/health").status_code
    requests.post(f"{server.url}{WORLD}/inbound", json=INBOUND_SCHEMA)

    assert {1} == {response.result(timeout=30).json()["cursor"] for response in waiting}


def test_events_are_streamed_from_a_cursor_on_as_they_happen(server: MockServer, registry: WorldRegistry) -> None:
    requests.get(server.url + NUMBERS)
    with requests.get(f"{server.url}{WORLD}/events?since=0", stream=True, timeout=30) as stream:
        assert "text/event-stream" == stream.headers["Content-Type"]
        lines = stream.iter_lines(decode_unicode=True)
        first = [next(lines) for _ in range(4)]
        requests.post(f"{server.url}{WORLD}/inbound", json=INBOUND_SCHEMA)
        second = [next(lines) for _ in range(4)]

    assert ["id: 1", "event: exchange", ""] == [first[0], first[1], first[3]]
    assert 1 == json.loads(first[2].removeprefix("data: "))["number"]
    assert ["id: 2", "event: message_stored", ""] == [second[0], second[1], second[3]]
    assert "hi" == json.loads(second[2].removeprefix("data: "))["message"]["text"]


def test_every_stream_of_a_world_gets_the_same_events_and_no_other_worlds(
    server: MockServer, registry: WorldRegistry
) -> None:
    other = requests.post(f"{server.url}/_mock/worlds", json={"fixture": "small"}).json()["id"]
    urls = [f"{server.url}/_mock/worlds/{world}/events?since=0" for world in ("default", "default", other)]
    with ExitStack() as open_streams:
        streams = [open_streams.enter_context(requests.get(url, stream=True, timeout=30)) for url in urls]
        requests.get(server.url + NUMBERS)
        requests.patch(f"{server.url}/_mock/worlds/{other}/variants", json={"mgage.date": "iso"})
        events = []
        for stream in streams:
            lines = stream.iter_lines(decode_unicode=True)
            events.append([next(lines) for _ in range(3)])

    assert events[0] == events[1]
    assert ["event: exchange", "event: exchange", "event: variant_chosen"] == [found[1] for found in events]


def test_unknown_secrets_are_masked_in_event_streams_and_waits(server: MockServer, registry: WorldRegistry) -> None:
    requests.get(f"{server.url}/ibp_api.php?action=sms.get_numbers&access_key=foo&secret_access_key=a-real-secret")
    with requests.get(f"{server.url}{WORLD}/events?since=0", stream=True, timeout=30) as stream:
        lines = stream.iter_lines(decode_unicode=True)
        streamed = [next(lines) for _ in range(4)]
    waited = requests.get(f"{server.url}{WAIT}?for=exchange&since=0").text

    assert "[masked]" in streamed[2]
    assert "[masked]" in waited
    assert "a-real-secret" not in streamed[2] + waited


def test_messages_are_waited_for_by_what_happens_to_them(client: Client) -> None:
    client.get(SEND)
    first = client.get(f"{WAIT}?for=message&since=0").get_json()
    message = first["found"]["message"]
    path = f"{WORLD}/messages/{message['serial']}"
    changed = {"event": "message_changed", "status": "Delivered"}
    mine = client.post(
        f"{WORLD}/messages",
        json={
            "provider": "mgage",
            "account": "documents",
            "direction": "outbound",
            "sender": "37911",
            "recipient": "15556667777",
            "text": "Welcome",
            "program": "121811",
            "status": "Queued",
        },
    ).get_json()
    client.patch(f"{WORLD}/messages/{mine['serial']}", json={"status": "Sent"})
    client.patch(f"{WORLD}/messages/{mine['serial']}", json={"status": "Delivered"})
    assert 200 == client.delete(path).status_code

    def found(query: str) -> Any:
        return client.get(f"{WAIT}?for=message&since=0&timeout=0&{query}").get_json()["found"]

    delivered = found("status=Delivered&provider=mgage")
    assert changed == {name: delivered[name] for name in changed}
    assert "Sent" == found(f"event=changed&serial={mine['serial']}")["status"]
    assert ("message_stored", "Queued") == (
        found("status=Queued")["event"],
        found("status=Queued")["message"]["status"],
    )
    assert found("event=changed&status=Queued") is None
    assert found("event=changed&provider=dialogtech") is None
    deleted = found("event=deleted&number=5556667777")
    assert ("message_deleted", message["id"]) == (deleted["event"], deleted["message"]["id"])
    assert found(f"event=deleted&serial={mine['serial']}") is None


def test_a_status_is_waited_for_until_the_message_changes_to_it(client: Client, server: MockServer) -> None:
    row = {"direction": "outbound", "sender": "37911", "recipient": "15556667777", "text": "Welcome"}
    message = server.world.store("mgage", "documents", **row, program="121811", status="Queued")
    since = server.world.show().cursor
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(
            server.world.wait_for_message, status="Delivered", serial=message.serial, since=since, timeout=30
        )
        server.world.change_message(message.serial, status="Delivered")
        found = waiting.result(30)

    assert (message.serial, "Delivered") == (found.serial, found.row["status"])
