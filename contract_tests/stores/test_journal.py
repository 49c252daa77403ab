"""The journal of a stored world: every exchange after a restart, within the journal's bounds, and how its connection ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest

from contract_tests.engine.memory_store import MemoryStore, StoredContents
from contract_tests.engine.test_fold_of_events import SMALL
from contract_tests.installed import CALLBACKS, VARIANTS
from contract_tests.stores.exact import new_codec, typed
from mockserver.app import build_service
from mockserver.engine.clock import Clock
from mockserver.engine.event_log import Store
from mockserver.engine.instants import parse_instant
from mockserver.engine.journal import Exchange
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.world import World
from mockserver.http.handler import Handler
from mockserver.http.request import HttpRequest
from mockserver.sdk.response import Response
from mockserver.stores.sql import Retention
from mockserver.stores.sqlite import SqliteStore

NOON = parse_instant("2026-06-01T12:00:00Z")


class Process:
    """A server without sockets, on a store."""

    def __init__(self, store: Store, length: int = 10_000) -> None:
        self.registry = WorldRegistry(
            SMALL, VARIANTS, clock=Clock.frozen(NOON), providers=CALLBACKS, store=store, journal_length=length
        )
        self.handler: Handler = build_service(registry=self.registry).handler

    @property
    def world(self) -> World:
        return self.registry.default

    def journal(self) -> list[Exchange]:
        with self.world.lock:  # so it is as its log says now
            return self.world.journal.since(0)

    def request(self, text: str, ending: str | None = "complete") -> None:
        """Send a message, and let its connection end; ``None`` for one that has not ended."""
        values = {"action": "sms.send_message", "from": "3125550142", "to": "5556667777", "message": text}
        login = {"access_key": "demo-access-key", "secret_access_key": "demo-secret-key"}
        target = f"/ibp_api.php?{urlencode(login | values)}"
        path, _, query = target.partition("?")
        request = HttpRequest(
            "GET", target, path, query, headers=(("Host", "localhost"),), fields={"host": "localhost"}
        )
        answer = self.handler.respond(request)
        while not isinstance(answer, Response):
            assert answer is not None
            answer = answer.compute()  # type: ignore[union-attr]  # an Offload
        if ending is not None:
            assert request.on_finish is not None
            request.on_finish(len(answer.body), ending)


@contextmanager
def process(path: Path, retention: Retention | None = None, *, is_killed: bool = False) -> Iterator[Process]:
    """Open a server on a file; ``is_killed`` ends it without a word."""
    store = SqliteStore(path, new_codec(), retention or Retention())
    server = Process(store)
    yield server
    (store if is_killed else server.registry).close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state"


def test_every_exchange_is_after_a_restart_what_it_was(path: Path) -> None:
    with process(path) as server:
        for text in ("one", "ż", "x" * 300, "four", "five"):
            server.request(text)
        server.request("six", "left")
        recorded = [typed(exchange) for exchange in server.journal()]
    with process(path) as server:
        assert recorded == [typed(exchange) for exchange in server.journal()]
        server.request("seven")
        assert [1, 2, 3, 4, 5, 6, 7] == [exchange.number for exchange in server.journal()]


def test_how_a_connection_ended_is_noted_with_the_next_commit(path: Path) -> None:
    with process(path, is_killed=True) as server:
        server.request("one", "dropped")
        server.request("two", "complete")
    with process(path) as server:
        assert ["dropped", None] == [exchange.ending for exchange in server.journal()]
        assert ["no_response", "rejected"] == [exchange.outcome for exchange in server.journal()]


def test_a_server_that_is_stopped_notes_how_the_last_connection_ended(path: Path) -> None:
    with process(path) as server:
        server.request("one", "left")
        (sent,) = [exchange.sent for exchange in server.journal()]
    with process(path) as server:
        assert [("left", sent)] == [(exchange.ending, exchange.sent) for exchange in server.journal()]


def test_a_journal_of_many_exchanges_is_read_with_the_latest_it_can_hold(path: Path) -> None:
    with process(path) as server:
        for number in range(1, 231):
            server.request(str(number))
    with process(path, Retention(journal=205)) as server:
        assert [*range(26, 231)] == [exchange.number for exchange in server.journal()]
        assert {"complete"} == {exchange.ending for exchange in server.journal()}
        size = server.journal()[-1].size
    with process(path, Retention(journal_bytes=3 * size)) as server:
        assert [227, 228, 229, 230] == [exchange.number for exchange in server.journal()]


def test_a_journal_that_was_cleared_stays_so(path: Path) -> None:
    with process(path) as server:
        server.request("one")
        server.world.clear_journal()
        server.request("two")
    with process(path) as server:
        assert [2] == [exchange.number for exchange in server.journal()]
        sentence = "the oldest 1 exchanges were dropped before the state was read: by a reset, by a bound, or because --state-journal is off"
        assert sentence == server.world.journal.why_dropped


def test_without_a_stored_journal_the_numbers_go_on(path: Path) -> None:
    retention = Retention(keeps_exchanges=False)
    with process(path, retention) as server:
        server.request("one")
        server.request("two")
        assert [1, 2] == [exchange.number for exchange in server.journal()]
    with process(path, retention) as server:
        assert [] == server.journal()
        server.request("three")
        assert [3] == [exchange.number for exchange in server.journal()]


def test_another_process_sees_how_a_connection_ended() -> None:
    contents = StoredContents()
    one, two = (Process(MemoryStore(contents, name, is_shared=True)) for name in ("one", "two"))
    one.request("hi", "left")
    assert [None] == [exchange.ending for exchange in two.journal()]
    one.request("hi", "complete")
    assert ["left", None] == [exchange.ending for exchange in two.journal()]
    one.registry.close()
    assert ["left", "complete"] == [exchange.ending for exchange in two.journal()]
    two.registry.close()
