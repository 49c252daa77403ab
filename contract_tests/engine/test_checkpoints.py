"""Checkpoints of a world: exact copies of its state, what has changed since one was made, and the way back."""

from __future__ import annotations

import gc
import sys
from dataclasses import replace
from threading import enumerate as running_threads
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.engine.accounts import Credential
from mockserver.engine.changes import find_changes
from mockserver.engine.checkpoints import MAX_CHECKPOINTS, NoSuchCheckpoint, TooManyCheckpoints
from mockserver.engine.clock import Clock
from mockserver.engine.deliveries import Attempt, Delivery, Outcome, OutgoingRequest
from mockserver.engine.disposal import Disposal
from mockserver.engine.events import (
    AccountChanged,
    CheckpointMade,
    EntryStored,
    MessageChanged,
    MessagesRead,
    Rewound,
    VariantChosen,
)
from mockserver.engine.frozen import freeze
from mockserver.engine.instants import SECOND
from mockserver.engine.registry import AlreadyInUse
from mockserver.engine.state import InitialState, State
from mockserver.engine.world import World
from mockserver.providers.serwersms.entries import ContactEntry

from .test_fold_of_events import ACTIONS, FORWARDING, NOON, VARIANTS, Receivers, Scenario


class Held(Receivers):
    """A sender that keeps the attempts, until a test ends them."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[tuple[int, int]] = []
        self.forgotten: list[str] = []

    def send(self, world: World, delivery: Delivery) -> None:
        self.started.append((delivery.number, world.state.epoch))

    def forget(self, world: World) -> None:
        self.forgotten.append(world.id)


def contents(state: State) -> dict[str, object]:
    """Return what a rewind returns to: everything but the epoch, and the checkpoints."""
    return {name: part for name, part in state.contents().items() if name not in ("epoch", "checkpoints")}


def end(world: World, number: int, epoch: int) -> None:
    attempt = Attempt(world.now(), OutgoingRequest("GET", "http://127.0.0.1:8080/"), Outcome(200, (), b"OK"), "")
    world.end_attempt(number, epoch, attempt)


def act(scenario: Scenario, actions: list[tuple[str, int]]) -> None:
    """Do something to a world, and wait until nothing is in flight."""
    for name, index in actions:
        getattr(scenario, name)(index)
    scenario.world.wait_until_idle()


def changed(world: World, since: str = "before") -> list[tuple[Any, ...]]:
    return [(each.change, each.kind, each.key) for each in world.changes(since)]


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ACTIONS, max_size=15), st.lists(ACTIONS, max_size=15))
def test_a_rewind_returns_to_the_state_at_the_checkpoint_whatever_happened_before_and_since(
    before: list[tuple[str, int]], since: list[tuple[str, int]]
) -> None:
    scenario = Scenario()
    act(scenario, before)
    scenario.world.checkpoint("before")
    expected, epoch = contents(scenario.world.state), scenario.world.state.epoch
    act(scenario, since)
    scenario.registry.rewind(scenario.world, "before")

    if scenario.world.clock.is_frozen:
        assert expected == contents(scenario.world.state)
        assert [] == scenario.world.changes("before")
    assert scenario.world.state.epoch > epoch
    scenario.registry.close()


def test_a_world_is_rewound_to_the_same_checkpoint_again_and_again() -> None:
    scenario = Scenario()
    scenario.send(0)
    scenario.world.wait_until_idle()
    scenario.world.checkpoint("before")
    expected = contents(scenario.world.state)
    for index in (1, 2):
        scenario.send(index)
        scenario.change_account(index)
        scenario.store_an_entry(index)
        assert expected != contents(scenario.world.state)
        scenario.registry.rewind(scenario.world, "before")
        assert expected == contents(scenario.world.state)
    scenario.registry.close()


def test_the_same_requests_after_a_rewind_get_the_same_identifiers() -> None:
    scenario = Scenario()
    scenario.world.checkpoint("before")
    sent = []
    for _ in range(2):
        scenario.send(0)
        sent.append(max(scenario.world.state.message_store, key=lambda message: message.serial))
        scenario.registry.rewind(scenario.world, "before")

    assert sent[0] == sent[1]
    scenario.registry.close()


@pytest.mark.in_memory  # its world has a log of its own
def test_cursors_journal_numbers_and_the_epoch_go_on_and_the_journal_keeps_its_entries() -> None:
    scenario = Scenario()
    world = scenario.world
    scenario.send(0)
    checkpoint = world.checkpoint("before")
    scenario.send(1)
    world.wait_until_idle()
    cursor, epoch = world.feed.cursor, world.state.epoch
    rewind = scenario.registry.rewind(world, "before")

    assert (1, 2) == (checkpoint.exchange, rewind.exchange)
    assert [1, 2] == [exchange.number for exchange in world.journal.since(0)]
    assert epoch + 1 == rewind.epoch == world.state.epoch
    (event,) = world.feed.since(cursor).items
    assert Rewound("before") == event.event  # type: ignore[attr-defined]  # the feed of a world holds timed events
    scenario.send(2)
    assert 3 == world.journal.last
    scenario.registry.close()


def test_a_rewind_returns_a_clock_that_was_advanced_and_one_that_was_frozen() -> None:
    scenario = Scenario()
    scenario.world.checkpoint("frozen")
    scenario.world.advance(by=3600 * SECOND)
    scenario.world.resume()
    running = scenario.world.clock
    scenario.world.checkpoint("running")
    scenario.world.freeze()

    scenario.registry.rewind(scenario.world, "running")
    assert running == scenario.world.clock
    scenario.registry.rewind(scenario.world, "frozen")
    assert Clock.frozen(NOON) == scenario.world.clock
    scenario.registry.close()


def test_limits_and_counters_of_fault_rules_are_as_they_were() -> None:
    scenario = Scenario()
    scenario.add_rule(fault={"kind": "delay", "seconds": 0}, when={"first": 3}, id="slow")
    scenario.send(0)
    scenario.world.checkpoint("before")
    uses = dict(scenario.world.state.uses)
    scenario.send(0)
    scenario.world.remove_fault_rules("slow")
    scenario.registry.rewind(scenario.world, "before")

    (rule,) = scenario.world.fault_rules()
    assert ("slow", 1, 1) == (rule.rule.id, rule.matched, rule.hits)
    assert uses == scenario.world.state.uses
    scenario.registry.close()


def test_deliveries_that_were_opened_since_are_cancelled_and_those_that_were_sent_are_listed() -> None:
    sender = Held()
    scenario = Scenario(sender)
    world = scenario.world
    scenario.receive(2)
    world.checkpoint("before")
    end(world, *sender.started[0])
    scenario.receive(2)
    end(world, *sender.started[1])
    scenario.receive(2)
    rewind = scenario.registry.rewind(world, "before")

    assert [2, 3] == [delivery.number for delivery in rewind.cancelled()]
    assert [(1, 1, False), (2, 1, False), (3, 0, True)] == [
        (sent.delivery.number, len(sent.attempts), sent.is_in_flight) for sent in rewind.sent()
    ]
    assert [1] == list(world.state.deliveries)
    assert [world.id] == sender.forgotten


def test_an_attempt_that_was_in_flight_at_the_checkpoint_is_made_again() -> None:
    sender = Held()
    scenario = Scenario(sender)
    scenario.receive(2)
    scenario.world.checkpoint("before")
    end(scenario.world, *sender.started[0])
    rewind = scenario.registry.rewind(scenario.world, "before")

    assert [(1, 0), (1, 1)] == sender.started
    assert [1] == [sent.delivery.number for sent in rewind.sent()]
    end(scenario.world, *sender.started[1])
    assert ["acknowledged"] == [each.status for each in scenario.world.state.deliveries.values()]


def test_an_attempt_in_flight_at_the_checkpoint_that_is_still_in_flight_is_not_listed_as_sent_since() -> None:
    sender = Held()
    scenario = Scenario(sender)
    scenario.receive(2)
    scenario.world.checkpoint("before")

    assert [] == scenario.registry.rewind(scenario.world, "before").sent()


def test_the_outcome_of_an_attempt_that_began_before_a_rewind_is_ignored() -> None:
    sender = Held()
    scenario = Scenario(sender)
    scenario.world.checkpoint("before")
    scenario.receive(2)
    scenario.registry.rewind(scenario.world, "before")
    scenario.receive(0)
    before = scenario.world.state.contents()
    end(scenario.world, *sender.started[0])

    assert before == scenario.world.state.contents()


def test_a_delivery_that_was_due_at_the_checkpoint_is_due_again() -> None:
    sender = Held()
    scenario = Scenario(sender)
    world = scenario.world
    scenario.receive(2)
    world.end_attempt(
        1, 0, Attempt(world.now(), OutgoingRequest("GET", "http://127.0.0.1:8080/"), Outcome(error="no one"), "")
    )
    due = world.next_due()
    world.checkpoint("before")
    world.begin_advance(by=300 * SECOND).step(lambda: True)
    end(world, *sender.started[1])
    assert world.next_due() is None
    scenario.registry.rewind(world, "before")

    assert due == world.next_due()
    world.begin_advance(due).step(lambda: True)
    assert [(1, 0), (1, 0), (1, 1)] == sender.started


def test_a_rewind_ends_an_advance_that_waits_for_an_attempt() -> None:
    scenario = Scenario(Held())
    scenario.world.checkpoint("before")
    scenario.receive_later(2)
    move, woken = scenario.world.begin_advance(by=3600 * SECOND), list[bool]()
    assert move.step(lambda: woken.append(True) or True) is None
    scenario.registry.rewind(scenario.world, "before")
    assert [True] == woken

    end_of_move = move.step(lambda: True)
    assert end_of_move is not None
    assert NOON == end_of_move.clock.now == scenario.world.now()


def test_changes_name_every_record_that_was_inserted_changed_or_deleted_and_what_decides_later_requests() -> None:
    scenario = Scenario()
    world = scenario.world
    contact = world.state.entries.page("serwersms/demo", "contacts", 0, 1)[0].id
    messages = sorted(world.state.message_store, key=lambda message: message.serial)
    world.checkpoint("before")
    scenario.delete_message(0)
    scenario.happen(MessageChanged(messages[1].serial, "seen"), MessagesRead((messages[2].serial,)))
    scenario.delete_an_entry(0)
    scenario.change_account(1)
    scenario.choose_variant(1)
    scenario.send(0)
    world.advance(by=SECOND)
    new = messages[-1].serial + 1
    deleted = next(iter({each.serial for each in messages} - {each.serial for each in world.state.message_store}))

    found = changed(world)
    assert [
        ("changed", "account", ("serwersms/demo",)),
        ("deleted", "entry", ("serwersms/demo", "contacts", contact)),
        *sorted(
            [
                ("deleted", "message", (deleted,)),
                ("changed", "message", (messages[1].serial,)),
                ("changed", "message", (messages[2].serial,)),
                ("inserted", "message", (new,)),
            ],
            key=lambda each: each[2],
        ),
        ("inserted", "delivery", (1,)),
        ("changed", "variant", ("limits",)),
        ("changed", "clock", ()),
    ] == [each for each in found if each[1] not in ("sequence", "rate_window")]
    assert {"sequence", "rate_window"} < {each[1] for each in found}
    scenario.registry.close()


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ACTIONS, max_size=10), st.lists(ACTIONS, max_size=15))
def test_changes_are_the_same_whether_the_two_states_share_their_parts_or_not(
    before: list[tuple[str, int]], since: list[tuple[str, int]]
) -> None:
    scenario = Scenario()
    act(scenario, before)
    scenario.world.checkpoint("before")
    act(scenario, since)
    first, now = scenario.world.state.checkpoints["before"].state, scenario.world.state
    messages = {each.serial: each for each in first.message_store}
    present = {each.serial: each for each in now.message_store}
    expected = {
        serial
        for serial in messages.keys() | present.keys()
        if messages.get(serial) != present.get(serial) or (serial in first.read) != (serial in now.read)
    }
    found = find_changes(first, now.copy())
    assert sorted(expected) == [each.key[0] for each in found if each.kind == "message"]
    entries = {(*key, each.id): each for key, table in first.entries.contents().items() for each in table}
    later = {(*key, each.id): each for key, table in now.entries.contents().items() for each in table}
    differing = {key for key in entries.keys() | later.keys() if entries.get(key) != later.get(key)}
    assert differing == {each.key for each in found if each.kind == "entry"}
    scenario.registry.close()


def test_what_was_changed_and_changed_back_is_no_change() -> None:
    scenario = Scenario()
    scenario.world.checkpoint("before")
    account = scenario.world.state.accounts["serwersms/demo"]
    scenario.happen(AccountChanged(replace(account, fields=freeze({"demo": 1}))), AccountChanged(account))
    scenario.happen(VariantChosen("limits", "off"), VariantChosen("limits", VARIANTS["limits"]))

    assert [] == changed(scenario.world)
    scenario.registry.close()


def test_a_checkpoint_replaces_the_one_with_its_name_and_others_are_kept() -> None:
    scenario = Scenario()
    world = scenario.world
    world.checkpoint("one")
    world.checkpoint("two")
    scenario.send(0)
    world.wait_until_idle()
    world.checkpoint("one")
    scenario.registry.rewind(world, "two")
    scenario.registry.rewind(world, "one")

    assert ["two", "one"] == [each.name for each in world.checkpoints()]
    assert [] == world.changes("one")
    assert "inserted" in {each.change for each in world.changes("two")}
    scenario.registry.close()


def test_a_name_without_a_checkpoint_is_an_error_that_lists_those_that_exist() -> None:
    scenario = Scenario()
    world = scenario.world
    for call in (world.changes, world.rewind, world.remove_checkpoint):
        with pytest.raises(NoSuchCheckpoint, match="there is no checkpoint 'gone'; the world has none"):
            call("gone")
    world.checkpoint("one")
    with pytest.raises(NoSuchCheckpoint, match=r"the world has 'one'$"):
        scenario.registry.rewind(world, "gone")
    world.remove_checkpoint("one")
    assert () == world.checkpoints()
    scenario.registry.close()


def test_a_world_has_a_limited_number_of_checkpoints_and_an_existing_one_can_be_replaced() -> None:
    scenario = Scenario()
    for number in range(MAX_CHECKPOINTS):
        scenario.world.checkpoint(f"c{number}")
    with pytest.raises(TooManyCheckpoints):
        scenario.world.checkpoint("one more")
    scenario.world.checkpoint("c0")
    assert MAX_CHECKPOINTS == len(scenario.world.checkpoints())
    scenario.registry.close()


def test_a_reset_keeps_the_checkpoints_and_a_fork_has_none() -> None:
    scenario = Scenario()
    scenario.send(0)
    scenario.world.wait_until_idle()
    scenario.world.checkpoint("before")
    expected = contents(scenario.world.state)
    fork = scenario.registry.fork(scenario.world)
    scenario.world.reset()
    scenario.registry.rewind(scenario.world, "before")

    assert expected == contents(scenario.world.state)
    assert () == fork.checkpoints()
    scenario.registry.close()


def test_a_rewind_past_a_loaded_snapshot_returns_the_credentials_and_what_a_reset_leads_to() -> None:
    scenario = Scenario()
    world = scenario.registry.fork(scenario.world)
    secrets, initial = world.state.secrets(), world.initial_state
    world.checkpoint("before")
    logins = {key: tuple(replace_user(login) for login in each.logins) for key, each in world.state.accounts.items()}
    scenario.registry.restart(world, InitialState(FORWARDING, "seed", VARIANTS, logins), Clock.frozen(NOON))
    new, old = next(iter(world.state.secrets())), next(iter(secrets))
    assert scenario.registry.world_for_credential(credential(new)) is world
    scenario.registry.rewind(world, "before")

    assert secrets == world.state.secrets()
    assert initial is world.initial_state
    assert scenario.registry.world_for_credential(credential(old)) is world
    assert scenario.registry.world_for_credential(credential(new)) is scenario.registry.default
    scenario.registry.close()


def test_a_rewind_to_credentials_that_another_world_has_by_now_changes_nothing() -> None:
    scenario = Scenario()
    world = scenario.registry.fork(scenario.world)
    taken = {key: each.logins for key, each in world.state.accounts.items()}
    world.checkpoint("before")
    logins = {key: tuple(replace_user(login) for login in each.logins) for key, each in world.state.accounts.items()}
    scenario.registry.restart(world, InitialState(FORWARDING, "seed", VARIANTS, logins), Clock.frozen(NOON))
    scenario.registry.create(FORWARDING, logins=taken)
    before = world.state.contents()
    with pytest.raises(AlreadyInUse):
        scenario.registry.rewind(world, "before")

    assert before == world.state.contents()
    scenario.registry.close()


def replace_user(login: Any) -> Any:
    return login._replace(user=f"{login.user}2")


def credential(who: tuple[str, str]) -> Credential:
    return Credential(*who, None)


@pytest.mark.in_memory  # its world has a log of its own
def test_the_event_of_a_checkpoint_says_where_the_journal_was() -> None:
    scenario = Scenario()
    scenario.send(0)
    scenario.world.wait_until_idle()
    cursor = scenario.world.feed.cursor
    scenario.world.checkpoint("before")
    (event,) = scenario.world.feed.since(cursor).items

    assert CheckpointMade("before", NOON, 1, scenario.world.initial_state) == event.event  # type: ignore[attr-defined]
    scenario.registry.close()


def test_what_a_rewind_has_undone_is_freed_by_a_thread_that_ends_with_the_registry() -> None:
    scenario = Scenario()
    scenario.world.checkpoint("before")
    thread = scenario.registry._disposal._thread  # noqa: SLF001 - a thread of a Disposal is of no use to others
    assert thread is not None
    assert thread in running_threads()
    scenario.send(0)
    scenario.registry.rewind(scenario.world, "before")
    scenario.registry.close()
    thread.join()

    assert thread not in running_threads()


def test_a_disposal_that_is_closed_starts_no_thread_and_frees_at_once() -> None:
    disposal = Disposal()
    disposal.close()
    disposal.start()
    state = Scenario().world.state
    disposal.put(state.hold(), state)

    assert disposal._thread is None  # noqa: SLF001 - as above
    disposal.close()


def test_a_rewind_makes_as_many_calls_after_three_hundred_changes_as_after_ten() -> None:
    def calls_of_a_rewind(changes: int) -> int:
        account = scenario.world.state.accounts["serwersms/demo"]
        for index in range(changes):
            contact = ContactEntry(10_000 + index, f"+48500{index:06}")
            scenario.happen(AccountChanged(account), EntryStored(account.key, "contacts", contact))
        count = 0

        def note(_frame: object, event: str, _argument: object) -> None:
            nonlocal count
            count += event in ("call", "c_call")

        gc.disable()  # what it frees may have calls of its own
        sys.setprofile(note)
        try:
            scenario.world.rewind("before")
        finally:
            sys.setprofile(None)
            gc.enable()
        return count

    scenario = Scenario()
    scenario.world.checkpoint("before")
    scenario.world.rewind("before")

    assert calls_of_a_rewind(10) == calls_of_a_rewind(300)
    scenario.registry.close()
