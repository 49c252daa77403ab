"""Deliveries that go wrong on purpose, as a real receiver meets them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from contract_tests.admin.forwarding.receiving import PATIENCE, Receiver, advance, arrive, delivery, minutes
from mockserver.engine.decisions import Decision
from mockserver.engine.events import DeliveryChanged
from mockserver.engine.instants import SECOND
from mockserver.engine.webhook_faults import Mischief
from mockserver.engine.world import World


def spoil(world: World, kind: Any, **options: Any) -> None:
    world.make_mischief(Mischief("m", kind, **options))


@pytest.mark.parametrize("kind", ["twice", "at-once"])
def test_a_message_may_be_delivered_twice(receiver: Receiver, opened: Callable[..., World], kind: str) -> None:
    world = opened(receiver.url)
    spoil(world, kind)
    arrive(world, "x")
    arrive(world, "y")
    assert world.settle(PATIENCE)

    assert ["tekst=x", "tekst=x", "tekst=y"] == sorted(path.partition("&")[2] for path in receiver.asked)


def test_two_workers_deliver_at_the_same_time(receiver: Receiver, opened: Callable[..., World]) -> None:
    together = threading.Barrier(2, timeout=PATIENCE)
    receiver.says = lambda _: (together.wait() and "OK") or "OK"
    world = opened(receiver.url)
    spoil(world, "at-once")
    arrive(world)

    assert world.settle(PATIENCE)
    assert {"acknowledged"} == {found.status for found in world.state.outbox.values()}


def test_a_message_may_be_delivered_late(receiver: Receiver, opened: Callable[..., World]) -> None:
    world = opened(receiver.url)
    spoil(world, "late", amount=90 * SECOND)
    arrive(world)
    advance(world, 1)
    before = len(receiver.asked)
    advance(world, 1)

    assert (0, [1.5]) == (before, minutes(world))


def test_messages_may_be_delivered_out_of_order(receiver: Receiver, opened: Callable[..., World]) -> None:
    world = opened(receiver.url)
    spoil(world, "reordered")
    for text in "abc":
        arrive(world, text)
    assert world.settle(PATIENCE)

    assert ["tekst=b", "tekst=a", "tekst=c"] == [path.partition("&")[2] for path in receiver.asked]


def test_what_waits_for_the_next_and_is_released_before_it_is_not_delivered_again(
    receiver: Receiver, opened: Callable[..., World]
) -> None:
    world = opened(receiver.url)
    spoil(world, "reordered")
    arrive(world, "a")
    world.execute(lambda state, now, ids: Decision(now, None, (DeliveryChanged(1, "due", now),)))
    assert world.settle(PATIENCE)
    arrive(world, "b")
    assert world.settle(PATIENCE)

    assert ["tekst=a", "tekst=b"] == [path.partition("&")[2] for path in receiver.asked]


def test_what_waits_for_the_next_is_forgotten_with_the_outbox_that_it_was_in(
    receiver: Receiver, opened: Callable[..., World]
) -> None:
    world = opened(receiver.url)
    spoil(world, "reordered")
    arrive(world, "a")
    world.restart(world.initial_state, world.clock)
    arrive(world, "b")
    assert world.settle(PATIENCE)

    assert ["tekst=b"] == [path.partition("&")[2] for path in receiver.asked]


def test_a_fork_goes_on_with_mischief_by_itself(receiver: Receiver, opened: Callable[..., World]) -> None:
    world = opened(receiver.url)
    spoil(world, "twice", times=2)
    arrive(world, "before")
    fork = world.fork("fork", world.journal, lambda _: None)
    for each in (world, fork):
        arrive(each, "x")
        assert each.settle(PATIENCE)

    assert ["tekst=before"] * 2 + ["tekst=x"] * 4 == [path.partition("&")[2] for path in receiver.asked]
    assert ((2, 0), (2, 0)) == tuple(
        (rule.met, rule.times) for each in (world, fork) for rule in each.mischief.rules.values()
    )


def test_an_acknowledgement_may_be_lost(receiver: Receiver, opened: Callable[..., World]) -> None:
    world = opened(receiver.url)
    spoil(world, "lost-acknowledgement", amount=2)
    arrive(world)
    assert world.settle(PATIENCE)
    advance(world, 60)

    assert ("acknowledged", [0, 5, 10], 3) == (delivery(world).status, minutes(world), len(receiver.asked))
    assert "the acknowledgement was lost on purpose" == delivery(world).attempts[0].verdict


def test_attempts_may_stop_before_their_time(receiver: Receiver, opened: Callable[..., World]) -> None:
    receiver.says = lambda _: "no"
    world = opened(receiver.url)
    spoil(world, "stops", amount=2)
    arrive(world)
    assert world.settle(PATIENCE)
    advance(world, 24 * 60)

    assert ("given up", [0, 5]) == (delivery(world).status, minutes(world))
    assert delivery(world).attempts[1].verdict.endswith("; given up on purpose")


def test_mischief_meets_as_many_as_it_says_of_the_provider_it_names(
    receiver: Receiver, opened: Callable[..., World]
) -> None:
    world = opened(receiver.url)
    spoil(world, "twice", times=2, provider="serwersms")
    world.make_mischief(Mischief("other", "twice", provider="dialogtech"))
    for text in "abc":
        arrive(world, text)
    assert world.settle(PATIENCE)

    assert 5 == len(receiver.asked)
    assert [(0, 2), (1, 0)] == [(rule.times, rule.met) for rule in world.mischief.rules.values()]
    assert (1, 0, 1) == (world.make_peace("m"), world.make_peace("m"), world.make_peace())
