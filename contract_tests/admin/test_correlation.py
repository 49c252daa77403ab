"""A request is found again by the identifiers that its client sent, and a journal is cleared between tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from werkzeug.test import Client

from contract_tests.admin.test_commands import CommandLine
from mockserver import MockServer, Settings, WorldClient
from mockserver.http.correlation import Correlation, read_correlation

EXPORT = "/api/messages/program/141501"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
SENT = {"X-Request-Id": "5f3a", "traceparent": TRACEPARENT, "X-Mockserver-World": "default"}
SHOWN = {"request_id": "5f3a", "traceparent": TRACEPARENT, "trace_id": TRACE, "world_header": "default"}
NOTHING = dict.fromkeys(SHOWN)


@pytest.mark.parametrize(
    ("head", "found"),
    [
        ((), Correlation()),
        ((("x-request-id", "a"), ("X-REQUEST-ID", "b")), Correlation("a")),
        ((("Traceparent", TRACEPARENT),), Correlation(None, TRACEPARENT, TRACE)),
        ((("traceparent", f"cc-{TRACE}-00f067aa0ba902b7-01-later"),), Correlation(None, f"cc-{TRACE}-00f067aa0ba902b7-01-later", TRACE)),
        ((("traceparent", TRACE),), Correlation(None, TRACE)),
        ((("traceparent", TRACEPARENT.upper()),), Correlation(None, TRACEPARENT.upper())),
        ((("traceparent", f"00-{'0' * 32}-00f067aa0ba902b7-01"),), Correlation(None, f"00-{'0' * 32}-00f067aa0ba902b7-01")),
        ((("traceparent", f"00-{TRACE}-{'0' * 16}-01"),), Correlation(None, f"00-{TRACE}-{'0' * 16}-01")),
        ((("traceparent", f"ff-{TRACE}-00f067aa0ba902b7-01"),), Correlation(None, f"ff-{TRACE}-00f067aa0ba902b7-01")),
        ((("X-Mockserver-World", "mine"),), Correlation(world_header="mine")),
    ],
)  # fmt: skip
def test_identifiers_are_read_from_the_headers(head: tuple[tuple[str, str], ...], found: Correlation) -> None:
    assert found == read_correlation(head)


def test_an_exchange_shows_what_its_client_sent_to_find_it_again(client: Client) -> None:
    client.get(EXPORT, headers=SENT)
    client.get(EXPORT)
    journal = "/_mock/worlds/default/journal"
    first, second = client.get(journal).get_json()["exchanges"]
    full = client.get(f"{journal}/1").get_json()

    assert SHOWN == {name: first[name] for name in SHOWN}
    assert NOTHING == {name: second[name] for name in SHOWN}
    assert SHOWN == {name: full[name] for name in SHOWN}
    assert SHOWN == full["explanation"]["correlation"]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("request_id=5f3a", [1]),
        (f"trace_id={TRACE}", [1]),
        ("request_id=other", [2]),
        (f"request_id=other&trace_id={TRACE}", []),
        ("request_id=5f3", []),
    ],
)
def test_the_journal_is_searched_by_request_id_and_trace_id(client: Client, query: str, numbers: list[int]) -> None:
    client.get(EXPORT, headers=SENT)
    client.get(EXPORT, headers={"X-Request-Id": "other"})

    found = client.get(f"/_mock/worlds/default/journal?{query}").get_json()["exchanges"]
    assert numbers == [exchange["number"] for exchange in found]


def test_clearing_the_journal_leaves_the_rest_of_the_world(client: Client) -> None:
    journal = "/_mock/worlds/default/journal"
    messages = client.get("/_mock/worlds/default/messages").get_json()
    client.get(EXPORT)

    assert (204, b"") == ((cleared := client.delete(journal)).status_code, cleared.data)
    assert {
        "exchanges": [],
        "last": 1,
        "dropped": 1,
        "why_dropped": "the oldest 1 exchanges were dropped when the journal was cleared",
    } == client.get(journal).get_json()
    assert messages == client.get("/_mock/worlds/default/messages").get_json()
    client.get(EXPORT)
    assert [2] == [exchange["number"] for exchange in client.get(journal).get_json()["exchanges"]]


def test_the_journal_of_a_world_that_does_not_exist_cannot_be_cleared(client: Client) -> None:
    assert 404 == client.delete("/_mock/worlds/none/journal").status_code


@pytest.fixture
def world() -> Iterator[WorldClient]:
    with MockServer(settings=Settings(port=0)) as server, server.create_world("small") as world:
        yield world


def test_control_characters_that_a_client_sent_do_not_reach_the_terminal(world: WorldClient) -> None:
    run = CommandLine(world.transport.url, world.id)
    requests.get(f"{world.base_url}{EXPORT}", headers={"X-Request-Id": "a\x9b2Jb"}, timeout=30)
    world.store(
        "dialogtech",
        "documents",
        direction="inbound",
        sender="5556667777",
        recipient="5554332111",
        text="\x1b[2J\x1b]0;title\x07 Zażółć",
    )

    assert run.text("journal", "--limit", "1")[0].endswith(r"request-id=a\x9b2Jb")
    assert run.text("message", "list")[-1].endswith(r"\x1b[2J\x1b]0;title\x07 Zażółć")


def test_commands_show_find_and_clear_exchanges_by_what_their_client_sent(world: WorldClient) -> None:
    run = CommandLine(world.transport.url, world.id)
    request = {"headers": {"X-Request-Id": "5f3a", "traceparent": TRACEPARENT, "X-Mockserver-World": world.id}}
    requests.get(f"{world.transport.url}{EXPORT}", timeout=30, **request)
    requests.get(f"{world.base_url}{EXPORT}", timeout=30)

    (line,) = run.text("journal", "--request-id", "5f3a")
    assert line.endswith(f"  GET {EXPORT} request-id=5f3a trace-id={TRACE}")
    assert [line] == run.text("journal", "list", "--trace-id", TRACE)
    assert (
        f"Sent by the client: X-Request-Id 5f3a, traceparent {TRACEPARENT}, X-Mockserver-World {world.id}"
        in run.text("explain", "1")
    )
    assert ["5f3a"] == [exchange.request_id for exchange in world.journal(trace_id=TRACE)]
    assert {"cleared": 2} == run.json("journal", "clear")
    assert ["cleared 0 exchanges"] == run.text("journal", "clear")
    assert [] == world.journal()
