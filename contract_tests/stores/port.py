"""What every store has to do, as cases that each of them runs: `StorePort`, with one method to fill in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from contract_tests.installed import CALLBACKS, PROVIDERS, VARIANTS
from contract_tests.stores.exact import typed
from mockserver import worldfile
from mockserver.engine.accounts import Login
from mockserver.engine.clock import Clock
from mockserver.engine.decisions import Decision
from mockserver.engine.event_log import (
    Commit,
    EventBatch,
    RegistryTransaction,
    StoreUnavailable,
    WorldDropped,
)
from mockserver.engine.events import UseCounted
from mockserver.engine.instants import parse_instant
from mockserver.engine.journal import Exchange
from mockserver.engine.registry import AlreadyInUse, WorldRegistry
from mockserver.engine.world import World
from mockserver.http.fault_rules import rule_from
from mockserver.stores.schema import COMMITS
from mockserver.stores.sql import Retention, SqlStore

NOON = parse_instant("2026-06-01T12:00:00Z")
SMALL = worldfile.load(
    Path(__file__).parents[2] / "fixtures/worlds/small.json", worldfile.Rules.of(PROVIDERS), is_checked=True
)
INBOUND = {"account": "demo", "sender": "5556667777", "recipient": "3125550142"}


def receive(world: World, text: str) -> None:
    world.receive_inbound("dialogtech", {**INBOUND, "text": text})


def texts(world: World) -> list[str]:
    """The texts of the messages that a world has received from the test, in order."""
    found = [message for message in world.state.message_store if message.sender == INBOUND["sender"]]
    return [message.text for message in sorted(found, key=lambda message: message.serial)]


def count(world: World, window: str, *, keep: int = 100) -> None:
    """Let one event happen in a world, which costs little."""
    world.execute(lambda _state, now, _ids: Decision(now, None, events=(UseCounted(window, now, keep),)))


def exchange(at: int, body: bytes = b"") -> Exchange:
    return Exchange(
        method="POST", target="/messages/send_sms.json", head=(("Host", "x"),), body=body, listener=None, at=at
    )


class StorePort:
    """The cases; a store's class says how one is opened: several times in a test, on the same state."""

    def open_store(self, retention: Retention) -> SqlStore:
        raise NotImplementedError

    @pytest.fixture
    def opened(self) -> Iterator[Callable[..., WorldRegistry]]:
        """Open the state in one more registry. The one before is closed, as when a server is started again."""
        registries: list[WorldRegistry] = []

        def reopen(retention: Retention | None = None, **options: Any) -> WorldRegistry:
            if registries:
                registries.pop().close()
            store = self.open_store(retention or Retention())
            options.setdefault("clock", Clock.frozen(NOON))
            registry = WorldRegistry(SMALL, VARIANTS, providers=CALLBACKS, store=store, **options)
            registries.append(registry)
            return registry

        yield reopen
        for registry in registries:
            registry.close()

    def test_a_world_is_loaded_as_it_was(self, opened: Callable[..., WorldRegistry]) -> None:
        world = opened().default
        receive(world, "one")
        receive(world, "two")
        world.add_fault_rule(rule_from({"fault": {"kind": "delay", "seconds": 0}}, NOON))
        world.checkpoint("before")
        receive(world, "three")
        kept, cursor, initial = typed(world.state), world.feed.cursor, typed(world.initial_state)

        again = opened().default
        again.refresh()

        assert kept == typed(again.state)
        assert initial == typed(again.initial_state)
        assert cursor == again.feed.cursor
        assert ["one", "two", "three"] == texts(again)

    def test_the_feed_of_a_loaded_world_has_its_latest_events(self, opened: Callable[..., WorldRegistry]) -> None:
        world = opened().default
        receive(world, "one")
        kept = [(each.at, typed(each.event)) for each in world.feed.since(0).items]  # type: ignore[attr-defined]  # timed events

        again = opened().default
        again.refresh()

        assert kept == [(each.at, typed(each.event)) for each in again.feed.since(0).items]  # type: ignore[attr-defined]

    def test_a_frozen_clock_stays_and_a_running_one_runs_on_from_where_wall_time_is(
        self, opened: Callable[..., WorldRegistry]
    ) -> None:
        world = opened().default
        world.advance(by=60_000_000)
        assert NOON + 60_000_000 == opened().default.now()

        running = opened().default
        running.resume()
        offset = running.clock.offset

        again = opened().default
        again.refresh()

        assert Clock(None, offset) == again.clock

    def test_commits_are_read_after_a_sequence_in_order_and_without_gaps(
        self, opened: Callable[..., WorldRegistry]
    ) -> None:
        registry = opened()
        for number in range(5):
            count(registry.default, f"window {number}")
        assert registry.store is not None
        log = registry.store.log("default")

        assert [3, 4, 5] == [commit.sequence for commit in log.read(2)]
        assert ["window 2", "window 3", "window 4"] == [
            commit.batches[0].events[0].window  # type: ignore[union-attr]  # this test counted uses
            for commit in log.read(2)
        ]
        assert [] == list(log.read(5))

    def test_a_sequence_is_written_once(self, opened: Callable[..., WorldRegistry]) -> None:
        registry = opened()
        world = registry.default
        count(world, "first")
        assert registry.store is not None
        log = registry.store.log("default")
        batch = EventBatch(NOON, (UseCounted("second", NOON, 1),))
        log.begin(1)

        with pytest.raises(StoreUnavailable):
            log.commit(Commit(1, (batch,)), world)

        again = opened().default
        again.refresh()
        assert ["first"] == list(again.state.uses)

    def test_a_snapshot_replaces_the_commits_before_it(
        self, opened: Callable[..., WorldRegistry], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("mockserver.stores.sql.MIN_SNAPSHOT_EVENTS", len(SMALL.fixed) + len(SMALL.relative))
        registry = opened(Retention(history=10))
        world, store = registry.default, registry.store
        assert isinstance(store, SqlStore)
        events = 3 * (len(world.state.message_store) + 1)
        for number in range(events):
            count(world, f"window {number % 7}")
        kept, sequence = typed(world.state), store.log("default").position.sequence
        store.finish_housekeeping()

        assert events == sequence
        with pytest.raises(LookupError):
            list(store.log("default").read(0))
        again = opened(Retention(history=10)).default
        again.refresh()
        assert kept == typed(again.state)
        count(again, "after")
        assert "after" in opened().get("default").state.uses  # type: ignore[union-attr]  # it exists

    def test_the_journal_is_kept_with_its_numbers(self, opened: Callable[..., WorldRegistry]) -> None:
        world = opened().default
        world.record_exchange(exchange(NOON, b"text=1\n2"))
        world.record_exchange(exchange(NOON, b"text=2"))

        again = opened().default
        again.refresh()

        assert [(1, b"text=1\n2"), (2, b"text=2")] == [(each.number, each.body) for each in again.journal.since(0)]
        again.record_exchange(exchange(NOON))
        assert 3 == again.journal.last

    def test_a_cleared_journal_stays_cleared(self, opened: Callable[..., WorldRegistry]) -> None:
        world = opened().default
        world.record_exchange(exchange(NOON, b"before"))
        world.reset()
        world.record_exchange(exchange(NOON, b"after"))

        again = opened().default
        again.refresh()

        assert [(2, b"after")] == [(each.number, each.body) for each in again.journal.since(0)]

    def test_the_journal_keeps_no_more_bytes_than_it_may_hold(self, opened: Callable[..., WorldRegistry]) -> None:
        registry = opened(Retention(journal_bytes=20_000))
        for number in range(30):
            registry.default.record_exchange(exchange(NOON, f"{number}".encode() * 2_000))
        store = registry.store
        assert isinstance(store, SqlStore)
        store.finish_housekeeping()

        with store.begin_read() as connection:
            kept = connection.scalar(select(func.sum(func.length(COMMITS.c.exchange))))
        assert 10_000 < kept <= 40_000
        again = opened(Retention(journal_bytes=20_000)).default
        again.refresh()
        numbers = [each.number for each in again.journal.since(0)]
        assert list(range(numbers[0], 31)) == numbers
        assert 30 == again.journal.last

    def test_without_a_journal_the_numbers_go_on(self, opened: Callable[..., WorldRegistry]) -> None:
        world = opened(Retention(keeps_exchanges=False)).default
        world.record_exchange(exchange(NOON))

        again = opened(Retention(keeps_exchanges=False)).default
        again.refresh()

        assert 0 == len(again.journal)
        assert 1 == again.journal.last

    def test_worlds_are_there_with_their_credentials_until_they_are_dropped(
        self, opened: Callable[..., WorldRegistry]
    ) -> None:
        registry = opened()
        for name in ("a", "b"):
            registry.create(SMALL, world_id=name, logins={"mgage/demo": (Login(f"user-{name}", "secret"),)})
        dropped = registry.get("a")
        assert dropped is not None
        registry.drop(dropped)

        again = opened()

        assert ["default", "b"] == [world.id for world in again.page()]
        with pytest.raises(AlreadyInUse):
            again.create(SMALL, world_id="c", logins={"mgage/demo": (Login("user-b", "secret"),)})
        free = again.create(SMALL, world_id="a", logins={"mgage/demo": (Login("user-a", "secret"),)})
        assert [] == texts(free)
        assert again.get("c") is None

    def test_generated_ids_go_on(self, opened: Callable[..., WorldRegistry]) -> None:
        first = opened().create(SMALL).id

        second = opened().create(SMALL).id

        assert first != second
        assert {"default", first, second} == {world.id for world in opened().page()}

    def test_a_world_that_has_the_number_of_a_dropped_one_has_nothing_of_it(
        self, opened: Callable[..., WorldRegistry]
    ) -> None:
        registry = opened()
        world = registry.create(SMALL, world_id="a")
        receive(world, "of the dropped one")
        registry.drop(world)

        opened().create(SMALL, world_id="b")

        again = opened().get("b")
        assert again is not None
        assert [] == texts(again)

    def test_a_change_of_the_registry_that_fails_has_not_happened(self, opened: Callable[..., WorldRegistry]) -> None:
        registry = opened()
        assert registry.store is not None
        before = typed(registry.store.worlds())

        def fail(transaction: RegistryTransaction) -> None:
            transaction.use({"world": 100})
            raise KeyError

        with pytest.raises(KeyError), registry.store.transaction() as transaction:
            fail(transaction)

        assert before == typed(registry.store.worlds())
        with registry.store.transaction() as transaction:
            assert "world" not in transaction.sequences

    def test_a_log_of_an_unknown_world_says_so(self, opened: Callable[..., WorldRegistry]) -> None:
        store = opened().store
        assert store is not None

        with pytest.raises(WorldDropped):
            store.log("missing")

    def test_two_writers_and_a_follower_see_each_worlds_commits_in_order(
        self, opened: Callable[..., WorldRegistry]
    ) -> None:
        registry = opened()
        worlds = [registry.default, registry.create(SMALL, world_id="other")]
        store = registry.store
        assert store is not None

        def write(number: int) -> None:
            for each in range(100):
                count(worlds[number % 2], f"{number} {each}", keep=1)

        def follow() -> list[int]:
            seen: list[int] = []
            while len(seen) < 200:
                with worlds[0].lock:  # one transaction of a world at a time
                    seen += [commit.sequence for commit in store.log("default").read(len(seen))]
            return seen

        with ThreadPoolExecutor(5) as pool:
            following = pool.submit(follow)
            list(pool.map(write, range(4)))
            assert list(range(1, 201)) == following.result()

        for world in (opened().default, opened().get("other")):
            assert world is not None
            world.refresh()
            assert 200 == len(world.state.uses)
