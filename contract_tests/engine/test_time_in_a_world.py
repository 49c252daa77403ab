"""What a world's clock drives: due items, resets, forks and worlds created by credential."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from contract_tests.clocks import let_pass
from contract_tests.harmless_fault import HarmlessFault
from mockserver.engine.accounts import Account, Credential, Login
from mockserver.engine.clock import Clock
from mockserver.engine.decisions import Decision
from mockserver.engine.event_log import TimedEvent
from mockserver.engine.events import ExchangeRecorded, InboundScheduled, MessageStored, VariantChosen
from mockserver.engine.faults import FaultRule, RequestFacts, When
from mockserver.engine.instants import SECOND
from mockserver.engine.journal import Exchange
from mockserver.engine.messages import Message, account_key
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.state import Fixture, IdReservation, State
from mockserver.engine.world import AdvanceLimitExceeded, ProviderCallbacks, World

ACCOUNT = Account("p/a", "p", "a", (Login("foo", "bar"),))


def receive_inbound(fields: Mapping[str, Any], state: State, now: int, ids: IdReservation) -> Decision:
    """Receive an inbound message that schedules a number of further ones, a given time apart (default one second)."""
    serial, number = state.message_store.next_serial, ids.number("p.inbound")
    message = Message(serial, "p/a", str(number), "inbound", "2", "1", now, fields["text"])
    at, following = now + fields.get("apart", SECOND), {**fields, "more": fields.get("more", 0) - 1}
    more = (InboundScheduled(at, "p", following),) if fields.get("more") else ()
    return Decision(now, message, (MessageStored(message), *more))


def registry(**options: Any) -> WorldRegistry:
    return WorldRegistry(
        Fixture((ACCOUNT,)),
        {"limits": "enforced"},
        clock=Clock.frozen(0),
        providers={"p": ProviderCallbacks(receive_inbound)},
        **options,
    )


def schedule(world: World, at: int, **fields: Any) -> None:
    world.execute(lambda state, now, ids: Decision(now, None, (InboundScheduled(at, "p", {"text": "hi", **fields}),)))


def texts(world: World) -> list[tuple[int, str]]:
    return [(message.at, message.text) for message in world.state.message_store.page(account_key("p/a"), 0, 10**18)]


def test_an_advance_tells_what_happened_in_order_each_thing_at_its_own_instant() -> None:
    world = registry().default
    schedule(world, 20, text="later")
    schedule(world, 10, text="sooner", more=1)
    events = world.advance(2 * SECOND).events

    assert [(10, "sooner"), (20, "later"), (SECOND + 10, "sooner")] == [
        (found.at, found.event.message.text) for found in events if isinstance(found.event, MessageStored)
    ]
    assert 2 * SECOND == world.now()
    assert [(10, "sooner"), (20, "later"), (SECOND + 10, "sooner")] == texts(world)


def test_what_is_due_happens_at_its_instant_and_not_before() -> None:
    world = registry().default
    schedule(world, 30 * SECOND)

    assert 30 * SECOND == world.next_due()
    assert [] == world.advance(30 * SECOND - 1).events
    assert 1 == len(world.advance(30 * SECOND).events)
    assert world.next_due() is None


def test_things_at_one_instant_happen_in_the_order_in_which_they_were_put_down() -> None:
    world = registry().default
    for text in "abc":
        schedule(world, 5, text=text)
    world.advance(5)

    assert ["a", "b", "c"] == [text for _, text in texts(world)]


def test_what_fell_due_has_happened_before_the_next_request_is_decided() -> None:
    world = registry().default
    schedule(world, 10)
    let_pass(world, 15)
    seen = world.execute(lambda state, now, ids: Decision(now, len(state.message_store)))

    assert (1, 15) == (seen.value, seen.at)
    assert [(10, "hi")] == texts(world)


def test_freezing_later_lets_happen_what_is_due_until_then() -> None:
    world = registry().default
    world.resume()
    schedule(world, world.now() + 60 * SECOND)
    at = world.now() + 90 * SECOND

    assert 1 == len(world.freeze(at).events)
    assert at == world.now()


def test_no_world_goes_back_but_by_a_reset() -> None:
    world = registry().default
    world.advance(10)

    with pytest.raises(ValueError, match="cannot be moved backwards"):
        world.advance(9)
    with pytest.raises(ValueError, match="cannot be frozen in its past"):
        world.freeze(9)
    world.reset(frozen_at=3)
    assert 3 == world.now()


def test_things_that_bring_about_one_another_without_time_moving_are_stopped() -> None:
    world = registry().default
    schedule(world, 1, more=10**9, apart=0)

    with pytest.raises(AdvanceLimitExceeded, match="1000 items caused one another without time moving"):
        world.advance(SECOND)
    assert 1_001 == len(world.state.message_store)


def test_things_that_follow_from_one_another_as_time_moves_are_no_endless_loop() -> None:
    world = registry().default
    schedule(world, 1, more=1_500, apart=1)

    assert 1_501 == len([found for found in world.advance(SECOND).events if isinstance(found.event, MessageStored)])


@pytest.mark.parametrize("apart", [0, 1], ids=["at one instant", "one after the other"])
def test_much_that_is_due_is_no_endless_loop(monkeypatch: pytest.MonkeyPatch, apart: int) -> None:
    monkeypatch.setattr("mockserver.engine.world.MAX_CAUSAL_DEPTH", 2)
    world = registry().default
    for number in range(10):
        schedule(world, 5 + apart * number, more=2, apart=0)

    assert 30 == len([found for found in world.advance(SECOND).events if isinstance(found.event, MessageStored)])


def test_a_reset_returns_a_world_to_how_it_was_created_and_its_cursors_go_on() -> None:
    world = registry().default
    schedule(world, 5)
    world.receive_inbound("p", {"text": "now"})
    world.record_exchange(Exchange("GET", "/", (), b"", None))
    world.execute(lambda state, now, ids: Decision(now, None, (VariantChosen("limits", "off"),)))
    world.add_fault_rule(FaultRule(HarmlessFault()))
    cursor = world.feed.cursor
    world.reset()

    assert ([], None, {"limits": "enforced"}) == (texts(world), world.next_due(), world.state.variants)
    assert (0, 0, 1, 1) == (len(world.state.fault_rules), len(world.journal), world.journal.last, world.state.epoch)
    assert cursor == world.feed.cursor
    world.receive_inbound("p", {"text": "again"})
    assert "1" == world.state.message_store.page(account_key("p/a"), 0, 9)[0].id


def test_a_fork_has_what_is_due_and_returns_to_where_it_was_forked() -> None:
    worlds = registry()
    parent = worlds.default
    parent.receive_inbound("p", {"text": "before"})
    schedule(parent, 10, text="due")
    fork = worlds.fork(parent)
    parent.reset()
    fork.advance(10)
    before = texts(fork)
    fork.reset()

    assert [(0, "before"), (10, "due")] == before
    assert ([(0, "before")], 10, []) == (texts(fork), fork.next_due(), texts(parent))
    assert fork.state.accounts["p/a"].logins != parent.state.accounts["p/a"].logins


def test_an_exchange_in_the_feed_is_its_number_and_no_more() -> None:
    world = registry().default
    exchange = Exchange("GET", "/", (), b"x" * 10_000, None)
    world.record_exchange(exchange)

    assert (TimedEvent(0, ExchangeRecorded(1)),) == world.feed.since(0).items


def test_a_seed_decides_every_chance() -> None:
    def hits(seed: str) -> list[bool]:
        world = registry().create(Fixture(), seed=seed)
        world.add_fault_rule(FaultRule(HarmlessFault(), when=When(probability=0.5)))
        request = RequestFacts("p", "", "GET", "/", {}, {})
        return [world.choose_fault(request, 0).rule is not None for _ in range(40)]

    assert hits("a") == hits("a") != hits("b")


def test_unknown_credentials_use_the_default_world_unless_they_create_their_own() -> None:
    stranger = Credential("p", "stranger", "secret")

    rejecting, adopting = registry(), registry(auto_create_world=True)
    assert rejecting.default is rejecting.world_for_credential(stranger)
    adopted = adopting.world_for_credential(stranger)
    assert adopted is not adopting.default
    assert adopted is adopting.world_for_credential(stranger)
    assert "p/a" == adopted.state.account_of(stranger).key  # type: ignore[union-attr]  # the account is there
    assert adopting.default is adopting.world_for_credential(Credential("q", "stranger", "secret"))


def test_a_world_follows_its_time_source_and_runs_what_becomes_due() -> None:
    world = registry().default
    schedule(world, 10, text="sooner")
    schedule(world, 20, text="later")
    world.time_source = lambda: 15
    world.follow()

    assert (15, [(10, "sooner")]) == (world.now(), texts(world))


def test_a_world_follows_its_time_source_backwards_with_what_it_has() -> None:
    world = registry().default
    schedule(world, 10, text="sooner")
    world.advance(30)
    world.time_source = lambda: 5
    world.follow()

    assert (5, True, [(10, "sooner")]) == (world.now(), world.clock.is_frozen, texts(world))


def test_a_world_in_which_nothing_has_happened_begins_at_the_time_that_it_follows() -> None:
    world = registry().default
    epoch = world.state.epoch
    world.time_source = lambda: 5
    world.follow()

    assert (5, epoch + 1) == (world.now(), world.state.epoch)


def test_a_world_stays_where_it_is_while_its_time_source_has_no_time() -> None:
    world = registry().default
    world.advance(7)
    world.time_source = lambda: None
    world.follow()

    assert 7 == world.now()
