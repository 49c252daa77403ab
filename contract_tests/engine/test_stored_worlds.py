"""Worlds that a store keeps: a transaction is a commit, what fails has not happened, and several processes see the same."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.engine.memory_store import MemoryStore, StoredContents
from mockserver.engine.accounts import Account, Credential, Login
from mockserver.engine.clock import Clock
from mockserver.engine.decisions import Decision
from mockserver.engine.deliveries import Attempt, Delivery, Outcome, OutgoingRequest
from mockserver.engine.event_log import StoreUnavailable, WorldDropped
from mockserver.engine.events import AttemptEnded, DeliveryOpened, MessageStored
from mockserver.engine.faults import Fault, FaultRule, RequestFacts
from mockserver.engine.instants import SECOND, Instant
from mockserver.engine.journal import Exchange
from mockserver.engine.messages import Message, account_key
from mockserver.engine.registry import AlreadyInUse, WorldRegistry
from mockserver.engine.state import Fixture, IdReservation, InitialState, State
from mockserver.engine.world import ProviderCallbacks, World

FACTS = RequestFacts("p", "send", "GET", "/", {}, {})
ACCOUNT = Account("p/a", "p", "a", (Login("foo", "bar"),))
FIXTURE = Fixture((ACCOUNT,), sequences={"p.outbound": 70})


class Attempts:
    """A sender that only notes what it is told to send."""

    def __init__(self) -> None:
        self.sent: list[int] = []

    def send(self, world: World, delivery: Delivery) -> None:
        assert delivery.number in world.state.in_flight
        self.sent.append(delivery.number)

    def note_schedule_change(self, world: World) -> None:
        """Note nothing."""

    def forget(self, world: World) -> None:
        """Forget nothing."""

    def close(self) -> None:
        """Close nothing."""


def evaluate(delivery: Delivery, attempt: Attempt, _state: State, now: Instant, _ids: IdReservation) -> Decision:
    return Decision(now, "ok", (AttemptEnded(delivery.number, attempt, "acknowledged", None),))


def open_registry(
    contents: StoredContents | None = None, holder: str = "one", sender: Attempts | None = None, **options: Any
) -> WorldRegistry:
    store = MemoryStore(contents, holder, is_shared=options.pop("is_shared", False))
    callbacks = {"p": ProviderCallbacks(evaluate_attempt=evaluate)}
    clock = options.pop("clock", Clock.frozen(0))
    return WorldRegistry(
        FIXTURE, {"limits": "enforced"}, clock=clock, providers=callbacks, sender=sender, store=store, **options
    )


def two_processes(**options: Any) -> tuple[WorldRegistry, WorldRegistry]:
    contents = StoredContents()
    return (
        open_registry(contents, "one", is_shared=True, **options),
        open_registry(contents, "two", is_shared=True, **options),
    )


def contents_of(registry: WorldRegistry) -> StoredContents:
    assert isinstance(registry.store, MemoryStore)
    return registry.store.contents


def send(state: State, now: Instant, ids: IdReservation) -> Decision:
    serial = state.message_store.next_serial
    message = Message(serial, "p/a", str(ids.number("p.outbound")), "outbound", "1", "2", now, "hi")
    return Decision(now, "stored", (MessageStored(message),), account="p/a")


def open_delivery(_state: State, now: Instant, ids: IdReservation) -> Decision:
    number = ids.number("deliveries")
    delivery = Delivery(number, "p", "p/a", "inbound", None, "http://receiver/", False, "key", now, "due", now)
    return Decision(now, "opened", (DeliveryOpened(delivery),), account="p/a")


def send_and_record(world: World) -> None:
    with world.lock:
        world.execute(send)
        world.record_exchange(Exchange("GET", "/", (), b"", None))


def ids(world: World) -> list[str]:
    return [message.id for message in world.state.message_store.page(account_key("p/a"), 0, 10**18)]


def test_a_world_is_after_a_restart_what_it_was() -> None:
    before = open_registry()
    world = before.default
    world.execute(send)
    world.advance(by=5 * SECOND)
    world.add_fault_rule(FaultRule(Fault()))
    world.record_exchange(Exchange("GET", "/", (), b"", None))
    world.execute(send)

    after = open_registry(contents_of(before))

    assert after.default.state.contents() == world.state.contents()
    assert ids(after.default) == ["70", "71"]
    assert after.default.instant() == 5 * SECOND
    assert after.default.feed.cursor == world.feed.cursor
    assert list(after.default.feed.since(0).items) == list(world.feed.since(0).items)
    assert [each.number for each in after.default.journal.since(0)] == [1]
    assert after.default.journal.last == 1


def test_the_fixture_of_a_later_start_does_not_replace_the_default_world() -> None:
    before = open_registry()
    before.default.execute(send)
    store = MemoryStore(contents_of(before))

    after = WorldRegistry(Fixture(), {}, clock=Clock.frozen(99), store=store)

    assert (ids(after.default), after.default.instant()) == (["70"], 0)


def test_created_worlds_forks_and_credentials_are_kept_and_dropped_ones_are_not() -> None:
    before = open_registry()
    one = before.create(FIXTURE, logins={"p/a": (Login("tim", "x"),)})
    one.execute(send)
    fork = before.fork(one, "fork")
    before.drop(before.create(FIXTURE))

    after = open_registry(contents_of(before))

    assert [world.id for world in after] == ["default", one.id, "fork"]
    assert after.world_for_credential(Credential("p", "tim", "x")).id == one.id
    found = after.get("fork")
    assert found is not None
    assert (ids(found), found.state.secrets()) == (["70"], fork.state.secrets())
    assert after.create(FIXTURE).id not in {one.id, "fork"}


def test_what_cannot_be_written_has_not_happened_and_the_world_goes_on_later() -> None:
    registry = open_registry()
    world = registry.default
    world.execute(send)
    before, cursor = world.state.contents(), world.feed.cursor
    contents_of(registry).fails_to_commit = True

    with pytest.raises(StoreUnavailable, match="the disk is full"):
        world.execute(send)

    assert world.feed.cursor == cursor
    contents_of(registry).fails_to_commit = False
    world.refresh()
    assert world.state.contents() == before
    world.execute(send)
    assert ids(world) == ["70", "71"]


def test_a_world_that_cannot_be_written_is_not_created_and_its_credentials_are_free() -> None:
    registry = open_registry()
    contents_of(registry).fails_to_commit = True

    with pytest.raises(StoreUnavailable):
        registry.create(FIXTURE, world_id="one", logins={"p/a": (Login("tim", "x"),)})

    contents_of(registry).fails_to_commit = False
    assert registry.get("one") is None
    assert registry.create(FIXTURE, world_id="one", logins={"p/a": (Login("tim", "x"),)}).id == "one"


def test_nothing_is_published_or_sent_before_it_is_durable() -> None:
    sender = Attempts()
    registry = open_registry(sender=sender)
    world = registry.default
    with world.lock:
        world.execute(open_delivery)
        assert (sender.sent, world.feed.cursor) == ([], 0)
    assert (sender.sent, world.feed.cursor > 0) == ([1], True)

    contents_of(registry).fails_to_commit = True
    with pytest.raises(StoreUnavailable):
        world.execute(open_delivery)
    assert sender.sent == [1]


def test_an_exchange_is_in_the_commit_of_its_request_and_not_kept_without_it() -> None:
    registry = open_registry()
    world = registry.default
    send_and_record(world)
    assert [len(commit.exchanges) for commit in contents_of(registry).worlds["default"].commits] == [1]

    contents_of(registry).fails_to_commit = True
    with pytest.raises(StoreUnavailable):
        send_and_record(world)
    contents_of(registry).fails_to_commit = False
    world.refresh()

    assert [each.number for each in world.journal.since(0)] == [1]
    assert world.journal.last == 1


def test_an_attempt_whose_process_has_ended_is_made_again_and_says_so() -> None:
    before, contents = Attempts(), StoredContents()
    open_registry(contents, "one", before).default.execute(open_delivery)
    contents.ended.add("one")

    sender = Attempts()
    world = open_registry(contents, "two", sender).default

    assert (before.sent, sender.sent) == ([1], [1])
    delivery = world.state.deliveries[1]
    assert (delivery.interrupted, delivery.attempts) == ((0,), ())
    ended = Attempt(0, OutgoingRequest("GET", "http://receiver/"), Outcome(200), "")
    world.end_attempt(1, world.state.epoch, ended)
    assert world.state.deliveries[1].status == "acknowledged"


def test_two_processes_see_each_others_messages_worlds_clock_and_journal() -> None:
    one, two = two_processes()
    one.default.execute(send)
    other = two.get("default")
    assert other is not None
    other.execute(send)
    other.advance(by=SECOND)
    other.record_exchange(Exchange("GET", "/", (), b"", None))
    one.default.execute(send)
    one.default.refresh()
    other.refresh()

    assert ids(one.default) == ids(other) == ["70", "71", "72"]
    assert one.default.state.contents() == other.state.contents()
    assert one.default.instant() == SECOND
    assert [each.number for each in one.default.journal.since(0)] == [1]
    assert one.default.feed.cursor == other.feed.cursor
    assert list(one.default.feed.since(0).items) == list(other.feed.since(0).items)


def test_a_world_of_another_process_is_found_by_id_and_credential_and_is_gone_when_it_is_dropped() -> None:
    one, two = two_processes()
    created = one.create(FIXTURE, world_id="new", logins={"p/a": (Login("tim", "x"),)})
    created.execute(send)

    found = two.get("new")
    assert found is not None
    assert (ids(found), two.world_for_credential(Credential("p", "tim", "x"))) == (["70"], found)
    with pytest.raises(AlreadyInUse):
        two.create(FIXTURE, world_id="new")
    with pytest.raises(AlreadyInUse):
        two.create(FIXTURE, logins={"p/a": (Login("tim", "x"),)})

    two.drop(found)
    with pytest.raises(WorldDropped):
        created.execute(send)
    assert one.get("new") is None
    assert one.world_for_credential(Credential("p", "tim", "x")) is one.default


def test_a_restart_of_another_process_moves_credentials_and_state() -> None:
    one, two = two_processes()
    world = one.create(FIXTURE, world_id="new", logins={"p/a": (Login("tim", "x"),)})
    world.execute(send)
    found = two.get("new")
    assert found is not None
    logins = {"p/a": (Login("tom", "y"),)}
    initial = InitialState(FIXTURE, "seed", {"limits": "enforced"}, logins, 7)

    two.restart(found, initial, Clock.frozen(7))

    one.sync()
    assert one.world_for_credential(Credential("p", "tom", "y")) is world
    assert one.world_for_credential(Credential("p", "tim", "x")) is one.default
    world.refresh()
    assert (ids(world), world.instant(), world.initial_state.seed) == ([], 7, "seed")


def test_the_hits_of_a_fault_rule_are_counted_together() -> None:
    one, two = two_processes()
    one.default.add_fault_rule(FaultRule(Fault()))
    other = two.get("default")
    assert other is not None
    for world in (one.default, other, one.default):
        world.execute_with_fault(FACTS, send)
    other.refresh()
    assert [(status.matched, status.hits) for status in one.default.fault_rules()] == [(3, 3)]
    assert other.fault_rules() == one.default.fault_rules()


def test_the_time_of_the_store_counts_and_never_goes_back() -> None:
    one, two = two_processes(clock=Clock())
    contents = contents_of(one)
    contents.time = 1_000 * SECOND
    other = two.get("default")
    assert other is not None
    first = one.default.execute(send).at
    contents.time = 990 * SECOND
    second = other.execute(send).at
    contents.time = 1_010 * SECOND
    third = one.default.execute(send).at

    assert [at - first for at in (first, second, third)] == [0, 0, 10 * SECOND]


def test_an_advance_goes_on_when_another_process_ends_the_attempt_that_it_waits_for() -> None:
    contents = StoredContents()
    one = open_registry(contents, "one", Attempts(), is_shared=True)
    two = open_registry(contents, "two", Attempts(), is_shared=True)
    one.default.execute(open_delivery)
    other = two.get("default")
    assert other is not None
    woken: list[bool] = []
    move = other.begin_advance(by=SECOND)
    assert move.step(lambda: woken.append(True) or True) is None

    ended = Attempt(0, OutgoingRequest("GET", "http://receiver/"), Outcome(200), "")
    one.default.end_attempt(1, one.default.state.epoch, ended)
    assert woken == []
    other.refresh()
    assert woken == [True]
    done = move.step(lambda: True)
    assert done is not None
    assert done.clock.now == SECOND


def test_the_outcome_of_an_attempt_that_another_process_has_taken_over_is_ignored() -> None:
    contents = StoredContents()
    one = open_registry(contents, "one", Attempts(), is_shared=True)
    one.default.execute(open_delivery)
    contents.ended.add("one")
    two = open_registry(contents, "two", Attempts(), is_shared=True)
    two.resume("default")

    ended = Attempt(0, OutgoingRequest("GET", "http://receiver/"), Outcome(200), "")
    one.default.end_attempt(1, one.default.state.epoch, ended)
    assert two.default.state.deliveries[1].status == "due"
    two.default.end_attempt(1, two.default.state.epoch, ended)
    assert two.default.state.deliveries[1].status == "acknowledged"


def test_a_reset_of_another_process_clears_the_journal_here_too() -> None:
    one, two = two_processes()
    one.default.record_exchange(Exchange("GET", "/", (), b"", None))
    two.default.reset()
    one.default.refresh()

    assert (one.default.journal.since(0), one.default.journal.last) == ([], 1)
    assert two.default.journal.last == 1


def test_a_transaction_in_which_nothing_happens_writes_nothing() -> None:
    registry = open_registry()
    registry.default.refresh()
    registry.default.execute(send, commit=False)

    assert contents_of(registry).worlds["default"].commits == []
