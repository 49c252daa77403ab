"""Worlds in PostgreSQL that several processes share: here several registries, each with connections of its own."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event as ThreadEvent
from typing import Any

import psycopg
import pytest

from contract_tests.installed import CALLBACKS, INSTALLED, PROVIDERS, VARIANTS
from contract_tests.postgresql import PostgreSQL, run_postgresql
from mockserver import worldfile
from mockserver.admin.journal_file import create_codec
from mockserver.engine.clock import Clock
from mockserver.engine.decisions import Decision
from mockserver.engine.deliveries import Attempt, Delivery, Outcome, OutgoingRequest
from mockserver.engine.event_log import StoreUnavailable, WorldDropped
from mockserver.engine.events import AttemptInterrupted, DeliveryOpened, InboundScheduled, MessageStored
from mockserver.engine.instants import SECOND, parse_instant
from mockserver.engine.registry import AlreadyInUse, WorldRegistry
from mockserver.engine.world import World
from mockserver.http.fault_rules import rule_from
from mockserver.stores import open_store
from mockserver.stores.errors import StateNotAllowed, StateUnusable
from mockserver.stores.postgresql import PostgresqlStore

NOON = parse_instant("2026-06-01T12:00:00Z")
FROZEN = Clock.frozen(NOON)
SMALL = worldfile.load(
    Path(__file__).parents[2] / "fixtures/worlds/small.json", worldfile.Rules.of(PROVIDERS), is_checked=True
)
INBOUND = {"account": "demo", "sender": "5556667777", "recipient": "3125550142", "text": "yes"}
Open = Callable[..., WorldRegistry]


class Sender:
    """A webhook sender that notes what it should send; the test ends the attempts."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, int]] = []
        self.has_begun = ThreadEvent()

    def send(self, world: World, delivery: Delivery) -> None:
        self.begun.append((world.id, delivery.number))
        self.has_begun.set()

    def note_schedule_change(self, world: World) -> None: ...
    def forget(self, world: World) -> None: ...
    def close(self) -> None: ...


@pytest.fixture
def opened(database: str) -> Iterator[Open]:
    """Open the database in one more registry; its clocks are frozen at noon unless another one is given."""
    registries: list[WorldRegistry] = []

    def open_registry(url: str = database, clock: Clock = FROZEN, **options: Any) -> WorldRegistry:
        store = PostgresqlStore(url, create_codec(INSTALLED))
        registry = WorldRegistry(SMALL, VARIANTS, clock=clock, providers=CALLBACKS, store=store, **options)
        registries.append(registry)
        return registry

    yield open_registry
    for registry in registries:
        registry.close()


def texts(world: World) -> list[str]:
    """The texts of the messages that a world has received from the test, in order."""
    world.refresh()
    found = [message for message in world.state.message_store if message.sender == INBOUND["sender"]]
    return [message.text for message in sorted(found, key=lambda message: message.serial)]


def receive(world: World, text: str) -> None:
    world.receive_inbound("dialogtech", {**INBOUND, "text": text})


# -- what one process does, the others see -----------------------------------------------------------------------------


def test_what_one_process_commits_the_others_have_when_they_take_the_lock(opened: Open) -> None:
    first, second = opened(), opened()
    receive(first.default, "one")
    receive(second.default, "two")
    receive(first.default, "three")
    second.default.add_fault_rule(rule_from({"fault": {"kind": "delay", "seconds": 0}}, NOON))

    assert ["one", "two", "three"] == texts(second.default) == texts(first.default)
    assert first.default.state.contents() == second.default.state.contents()
    assert first.default.feed.cursor == second.default.feed.cursor
    assert [rule.rule.id for rule in first.default.fault_rules()] == ["f1"]


def test_a_process_that_is_started_later_loads_what_the_others_have_committed(opened: Open) -> None:
    first = opened()
    for number in range(5):
        receive(first.default, str(number))
    first.default.advance(by=90 * SECOND)

    later = opened()
    assert [*"01234"] == texts(later.default)
    assert NOON + 90 * SECOND == later.default.now()
    assert first.default.state.contents() == later.default.state.contents()


def test_sends_of_many_threads_in_three_processes_are_one_sequence_without_gaps(opened: Open) -> None:
    registries = [opened() for _ in range(3)]
    expected = sorted(f"{place} {number}" for place in range(12) for number in range(8))

    def send(place: int) -> None:
        for number in range(8):
            receive(registries[place % 3].default, f"{place} {number}")

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(send, range(12)))
    states = []
    for registry in registries:
        assert expected == sorted(texts(registry.default))
        assert 96 == registry.default.sequence
        states.append(registry.default.state.contents())
    assert states[0] == states[1] == states[2]


def test_a_process_that_is_far_behind_loads_the_snapshot_in_place_of_the_commits(opened: Open) -> None:
    first, behind = opened(), opened()
    receive(behind.default, "before")
    for number in range(1_001):  # more than are read at once
        receive(first.default, str(number))

    assert ["before", *map(str, range(1_001))] == texts(behind.default)
    assert first.default.state.contents() == behind.default.state.contents()
    receive(behind.default, "after")
    assert "after" == texts(first.default)[-1]


def test_worlds_that_one_process_makes_and_drops_are_made_and_dropped_in_the_others(opened: Open) -> None:
    first, second = opened(), opened()
    made = first.create(SMALL, world_id="made")
    receive(made, "hello")

    found = second.get("made")
    assert found is not None
    assert ["hello"] == texts(found)
    with pytest.raises(AlreadyInUse):
        second.create(SMALL, world_id="made")

    second.drop(found)
    assert first.get("made") is None
    with pytest.raises(WorldDropped):
        receive(made, "too late")
    # The number and the name may be used again, and nothing of the old world is in the new one.
    again = first.create(SMALL, world_id="made")
    assert [] == texts(again)
    assert [] == texts(second.get("made") or again)


def test_worlds_of_the_same_content_may_be_made_and_dropped_by_turns(opened: Open) -> None:
    first, second = opened(), opened()
    for number in range(6):
        one, other = (first, second) if number % 2 else (second, first)
        made = one.create(SMALL, world_id="again")
        receive(made, "hello")
        seen = other.get("again")
        assert seen is not None
        assert ["hello"] == texts(seen)
        assert made.state.contents() == seen.state.contents()
        other.drop(seen)


def test_a_world_is_locked_for_itself_alone(opened: Open, database: str) -> None:
    registry = opened()
    other = registry.create(SMALL, world_id="other")
    with psycopg.connect(database) as connection:
        connection.execute("SELECT 1 FROM worlds WHERE id = 'other' FOR UPDATE")
        receive(registry.default, "not delayed")
        with pytest.raises(StoreUnavailable):
            receive(other, "delayed")
    until_it_answers(other)
    receive(other, "again")

    assert ["not delayed"] == texts(registry.default)
    assert ["again"] == texts(other)


def test_time_is_the_databases_and_the_same_in_each_process(opened: Open, database: str) -> None:
    first, second = opened(clock=Clock()), opened(clock=Clock())
    with psycopg.connect(database, autocommit=True) as connection:
        query = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
        instants = []
        for world in (first.default, second.default, first.default):
            instants += [connection.execute(query).fetchone()[0], world.now()]  # type: ignore[index]  # it has a row

    assert sorted(instants) == instants


# -- announcements -----------------------------------------------------------------------------------------------------


def test_who_waits_in_one_process_is_told_what_happens_in_another(opened: Open) -> None:
    first, second = opened(), opened()
    second.default.refresh()
    told, events = ThreadEvent(), list[object]()

    def note(item: Any, cursor: int) -> None:
        events.append(item.event)
        told.set()

    stop = second.default.feed.listen(note)
    receive(first.default, "hello")
    assert told.wait(30)
    stop()
    assert [MessageStored, DeliveryOpened] == [type(event) for event in events]
    assert second.default.sequence == first.default.sequence == 1


def test_a_list_of_worlds_that_is_watched_follows_the_other_processes(opened: Open) -> None:
    first, second = opened(), opened()
    told = ThreadEvent()
    stop = second.feed.listen(lambda _item, _cursor: told.set())
    first.create(SMALL, world_id="made")
    assert told.wait(30)
    stop()
    assert second.known("made") is not None


# -- deliveries --------------------------------------------------------------------------------------------------------


def test_an_attempt_is_made_by_the_process_that_has_committed_it_and_its_outcome_is_that_of_all(opened: Open) -> None:
    senders = [Sender(), Sender()]
    first, second = (opened(sender=sender) for sender in senders)
    first.default.receive_inbound("dialogtech", INBOUND)
    second.default.refresh()
    started = second.default.state.in_flight[1]
    assert ([("default", 1)], []) == (senders[0].begun, senders[1].begun)

    # Only the process that has started it may end it.
    outcome = Attempt(started.at, OutgoingRequest("POST", "http://localhost/"), Outcome(200), "")
    second.default.end_attempt(1, 0, outcome)
    assert 1 in second.default.state.in_flight
    first.default.end_attempt(1, 0, outcome)
    second.default.refresh()
    assert {} == second.default.state.in_flight
    assert "acknowledged" == second.default.state.deliveries[1].status


def test_an_attempt_of_a_process_that_has_ended_is_made_by_another_one(opened: Open, database: str) -> None:
    senders = [Sender(), Sender()]
    first, second = (opened(sender=sender) for sender in senders)
    world = first.create(SMALL, world_id="taken over", clock=Clock.frozen(NOON))
    world.receive_inbound("dialogtech", INBOUND)
    assert [("taken over", 1)] == senders[0].begun
    first.close()  # as if killed: the attempt is in flight, and there is no sign of life any more

    assert senders[1].has_begun.wait(30)
    taken = second.get("taken over")
    assert taken is not None
    assert [("taken over", 1)] == senders[1].begun
    interrupted = [item.event for item in taken.feed.since(0).items if isinstance(item.event, AttemptInterrupted)]  # type: ignore[attr-defined]  # items are of several types
    assert [AttemptInterrupted(1, NOON, NOON)] == interrupted
    assert (NOON,) == taken.state.deliveries[1].interrupted


def test_what_is_due_in_a_world_that_no_process_has_loaded_is_run(opened: Open, database: str) -> None:
    registry = opened()
    world = registry.create(SMALL, world_id="due", clock=Clock())
    at = world.now() + SECOND // 5
    scheduled = InboundScheduled(at, "dialogtech", INBOUND)
    world.execute(lambda state, now, ids: Decision(now, None, (scheduled,)))
    registry.close()
    with psycopg.connect(database) as connection:
        assert (at,) == connection.execute("SELECT next_due FROM worlds WHERE id = 'due'").fetchone()

    sender = Sender()
    opened(sender=sender)
    assert sender.has_begun.wait(30)
    assert [("due", 1)] == sender.begun


# -- a database that fails ---------------------------------------------------------------------------------------------


@pytest.fixture
def own() -> Iterator[PostgreSQL]:
    """A server that the test may stop."""
    with run_postgresql() as server:
        yield server


def until_it_answers(world: World) -> None:
    pause = ThreadEvent()
    for _ in range(300):
        try:
            world.refresh()
        except StoreUnavailable:
            pause.wait(0.05)
        else:
            return
    raise AssertionError("the database is not used again")


@pytest.mark.parametrize("how", ["stopped", "crashed", "silent"])
def test_a_database_that_is_gone_is_an_error_and_is_used_again_when_it_is_back(
    opened: Open, own: PostgreSQL, how: str
) -> None:
    url = own.create_database()
    registry = opened(url)
    receive(registry.default, "before")
    if how == "silent":
        own.freeze()
    else:
        own.stop(signal.SIGINT if how == "stopped" else signal.SIGQUIT)
    for _ in range(3):
        with pytest.raises(StoreUnavailable, match="cannot be read or written"):
            receive(registry.default, "lost")

    own.thaw() if how == "silent" else own.start()
    until_it_answers(registry.default)
    receive(registry.default, "after")
    assert ["before", "after"] == texts(registry.default)
    assert ["before", "after"] == texts(opened(url).default)


def test_connections_that_the_database_has_closed_are_replaced_without_an_error(opened: Open, database: str) -> None:
    registry = opened()
    receive(registry.default, "before")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    receive(registry.default, "after")

    assert ["before", "after"] == texts(registry.default)


def test_connections_in_use_while_all_are_closed_are_closed_when_they_come_back(opened: Open) -> None:
    store = opened().store
    assert isinstance(store, PostgresqlStore)
    pooled = store.take_connection()
    with store.begin_read() as connection:
        drivers = [pooled.dbapi_connection, connection.connection.dbapi_connection]
        store.close_idle()
    store.return_connection(pooled)

    assert [driver.closed for driver in drivers if driver is not None] == [True, True]


def test_a_transaction_whose_connection_is_lost_at_the_commit_has_not_half_happened(
    opened: Open, database: str
) -> None:
    registry, other = opened(), opened()

    def decide(state: Any, now: Any, ids: Any) -> Any:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE datname = current_database() AND state = 'idle in transaction'"
            )
        receive_inbound = CALLBACKS["dialogtech"].receive_inbound
        assert receive_inbound is not None
        return receive_inbound({**INBOUND, "text": "lost"}, state, now, ids)

    with pytest.raises(StoreUnavailable):
        registry.default.execute(decide)
    until_it_answers(registry.default)
    receive(registry.default, "after")
    assert ["after"] == texts(registry.default) == texts(other.default)


def test_a_commit_whose_answer_is_lost_has_happened_and_its_attempts_are_made(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline, is_lost = psycopg.Connection.pipeline, ThreadEvent()

    @contextmanager
    def lose_answer(connection: psycopg.Connection[Any]) -> Iterator[Any]:
        with pipeline(connection) as found:
            yield found
        if is_lost.is_set():
            is_lost.clear()
            connection.close()
            raise psycopg.OperationalError("the connection is lost")

    def decide(state: Any, now: Any, ids: Any) -> Any:
        is_lost.set()
        receive_inbound = CALLBACKS["dialogtech"].receive_inbound
        assert receive_inbound is not None
        return receive_inbound(INBOUND, state, now, ids)

    monkeypatch.setattr(psycopg.Connection, "pipeline", lose_answer)
    sender = Sender()
    registry = opened(sender=sender)
    with pytest.raises(StoreUnavailable, match="the connection is lost"):
        registry.default.execute(decide)

    assert sender.has_begun.wait(30)
    assert [("default", 1)] == sender.begun
    assert ["yes"] == texts(registry.default)
    assert (NOON,) == registry.default.state.deliveries[1].interrupted


# -- opening -----------------------------------------------------------------------------------------------------------


def opening(url: str) -> str:
    """The sentence with which opening a state fails."""
    with pytest.raises((StateUnusable, StateNotAllowed)) as failed:
        open_store(url, create_codec(INSTALLED))
    return f"{type(failed.value).__name__}: {failed.value}"


def test_a_database_that_cannot_be_used_is_refused_with_a_sentence_that_holds_no_password(
    database: str, postgresql: PostgreSQL
) -> None:
    at = f"'test' at {postgresql.folder}:5432"
    url = f"postgresql://nobody:secret@/test?host={postgresql.folder}"
    assert (
        f"StateUnusable: the state in the PostgreSQL database {at} cannot be opened: connection failed: connection to server "
        f'on socket "{postgresql.folder}/.s.PGSQL.5432" failed: FATAL: role "nobody" does not exist'
    ) == opening(url)
    assert 'database "test" does not exist' in opening(url.replace("nobody", "mockserver"))
    assert opening("postgresql://mockserver@localhost/test?colour=red").startswith(
        "StateUnusable: --state is no URL of a PostgreSQL database: "
    )
    assert "StateUnusable" in opening("postgresql://mockserver@127.0.0.1:1/test")


def test_a_database_without_tables_of_ours_may_have_others_and_a_newer_one_is_left_as_it_is(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TABLE others (name text)")
    open_store(database, create_codec(INSTALLED)).close()
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE mockserver_version SET version_num = '9999'")

    assert "it has version 9999, and this program knows versions up to" in opening(database)
    with psycopg.connect(database) as connection:
        assert ("9999",) == connection.execute("SELECT version_num FROM mockserver_version").fetchone()


def test_processes_that_open_an_empty_database_at_once_agree_on_its_tables(opened: Open) -> None:
    with ThreadPoolExecutor(4) as pool:
        registries = list(pool.map(lambda _: opened(), range(4)))
    receive(registries[0].default, "hello")

    assert [["hello"]] * 4 == [texts(registry.default) for registry in registries]
