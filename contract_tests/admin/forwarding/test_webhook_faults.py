"""Faults of webhooks, as a real receiver sees them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from contract_tests.admin.forwarding.receiving import PATIENCE, Receiver, advance, delivery, minutes, receive_inbound
from mockserver.engine.decisions import Decision
from mockserver.engine.events import DeliveryChanged
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.world import World
from mockserver.http.fault_rules import rule_from


def add_rule(world: World, kind: str, first: int = 1, rule_id: str = "m", provider: str = "", **options: Any) -> None:
    match = {"provider": provider} if provider else {}
    rule = {"id": rule_id, "target": "webhook", "match": match, "fault": {"kind": kind, **options}}
    world.add_fault_rule(rule_from({**rule, "expires_after": first}, world.clock.now()))


@pytest.mark.parametrize("kind", ["duplicate", "concurrent_duplicate"])
def test_a_message_may_be_delivered_twice(receiver: Receiver, opened: Callable[..., World], kind: str) -> None:
    world = opened(receiver.url)
    add_rule(world, kind)
    receive_inbound(world, "x")
    receive_inbound(world, "y")
    assert world.wait_until_idle(PATIENCE)

    assert ["tekst=x", "tekst=x", "tekst=y"] == sorted(path.partition("&")[2] for path in receiver.request)


def test_two_workers_deliver_at_the_same_time(receiver: Receiver, opened: Callable[..., World]) -> None:
    together = threading.Barrier(2, timeout=PATIENCE)
    receiver.says = lambda _: (together.wait() and "OK") or "OK"
    world = opened(receiver.url)
    add_rule(world, "concurrent_duplicate")
    receive_inbound(world)

    assert world.wait_until_idle(PATIENCE)
    assert {"acknowledged"} == {found.status for found in world.state.deliveries.values()}


def test_a_message_may_be_delivered_late(receiver: Receiver, opened: Callable[..., World]) -> None:
    world = opened(receiver.url)
    add_rule(world, "delay", seconds=90)
    receive_inbound(world)
    advance(world, 1)
    before = len(receiver.request)
    advance(world, 1)

    assert (0, [1.5]) == (before, minutes(world))


def test_messages_may_be_delivered_out_of_order(receiver: Receiver, opened: Callable[..., World]) -> None:
    world = opened(receiver.url)
    add_rule(world, "reorder")
    for text in "abc":
        receive_inbound(world, text)
    assert world.wait_until_idle(PATIENCE)

    assert ["tekst=b", "tekst=a", "tekst=c"] == [path.partition("&")[2] for path in receiver.request]


def test_what_waits_for_the_next_and_is_released_before_it_is_not_delivered_again(
    receiver: Receiver, opened: Callable[..., World]
) -> None:
    world = opened(receiver.url)
    add_rule(world, "reorder")
    receive_inbound(world, "a")
    world.execute(lambda state, now, ids: Decision(now, None, (DeliveryChanged(1, "due", now),)))
    assert world.wait_until_idle(PATIENCE)
    receive_inbound(world, "b")
    assert world.wait_until_idle(PATIENCE)

    assert ["tekst=a", "tekst=b"] == [path.partition("&")[2] for path in receiver.request]


def test_what_waits_for_the_next_is_forgotten_with_the_deliveries_that_it_was_in(
    receiver: Receiver, opened: Callable[..., World]
) -> None:
    world = opened(receiver.url)
    add_rule(world, "reorder")
    receive_inbound(world, "a")
    world.restart(world.initial_state, world.clock)
    receive_inbound(world, "b")
    assert world.wait_until_idle(PATIENCE)

    assert ["tekst=b"] == [path.partition("&")[2] for path in receiver.request]


def test_a_fork_goes_on_with_the_rules_by_itself(
    receiver: Receiver, opened: Callable[..., World], registries: list[WorldRegistry]
) -> None:
    world = opened(receiver.url)
    add_rule(world, "duplicate", first=2)
    receive_inbound(world, "before")
    fork = registries[-1].fork(world)
    for each in (world, fork):
        receive_inbound(each, "x")
        assert each.wait_until_idle(PATIENCE)

    assert ["tekst=before"] * 2 + ["tekst=x"] * 4 == [path.partition("&")[2] for path in receiver.request]
    assert [(2, 0), (2, 0)] == [
        (status.hits, status.remaining(each.clock.now())) for each in (world, fork) for status in each.fault_rules()
    ]


def test_an_acknowledgement_may_be_lost(receiver: Receiver, opened: Callable[..., World]) -> None:
    world = opened(receiver.url)
    add_rule(world, "lost_acknowledgement", attempts=2)
    receive_inbound(world)
    assert world.wait_until_idle(PATIENCE)
    advance(world, 60)

    assert ("acknowledged", [0, 5, 10], 3) == (delivery(world).status, minutes(world), len(receiver.request))
    assert "the acknowledgement was lost on purpose" == delivery(world).attempts[0].result


def test_attempts_may_stop_before_their_time(receiver: Receiver, opened: Callable[..., World]) -> None:
    receiver.says = lambda _: "no"
    world = opened(receiver.url)
    add_rule(world, "give_up", attempts=2)
    receive_inbound(world)
    assert world.wait_until_idle(PATIENCE)
    advance(world, 24 * 60)

    assert ("given up", [0, 5]) == (delivery(world).status, minutes(world))
    assert delivery(world).attempts[1].result.endswith("; given up on purpose")


def test_a_rule_applies_to_as_many_as_it_says_of_the_provider_it_names(
    receiver: Receiver, opened: Callable[..., World]
) -> None:
    world = opened(receiver.url)
    add_rule(world, "duplicate", first=2, provider="serwersms")
    add_rule(world, "duplicate", rule_id="other", provider="dialogtech")
    for text in "abc":
        receive_inbound(world, text)
    assert world.wait_until_idle(PATIENCE)

    assert 5 == len(receiver.request)
    assert [(2, 2, 0), (0, 0, 1)] == [
        (status.matched, status.hits, status.remaining(world.clock.now())) for status in world.fault_rules()
    ]
    assert (1, 0, 1) == (world.remove_fault_rules("m"), world.remove_fault_rules("m"), world.remove_fault_rules())


def test_webhooks_are_counted_as_requests_are(receiver: Receiver, opened: Callable[..., World]) -> None:
    world = opened(receiver.url)
    match = {"account": "a", "kind": "inbound", "url": f"{receiver.url}/*"}
    rule = {"target": "webhook", "match": match, "fault": {"kind": "duplicate"}, "when": {"every": 2, "skip": 2}}
    world.add_fault_rule(rule_from(rule, world.clock.now()))
    for text in "abcd":
        receive_inbound(world, text)
    assert world.wait_until_idle(PATIENCE)

    assert ["a", "b", "c", "d", "d"] == sorted(path.partition("&tekst=")[2] for path in receiver.request)
    assert [(4, 1)] == [(status.matched, status.hits) for status in world.fault_rules()]
    assert [None, None, None, "f1", "f1"] == [found.fault_rule for found in world.state.deliveries.values()]


def test_what_a_rule_was_applied_to_stays_as_it_is_when_the_rule_is_removed(
    receiver: Receiver, opened: Callable[..., World]
) -> None:
    receiver.says = lambda _: "no"
    world = opened(receiver.url)
    add_rule(world, "give_up", attempts=2)
    receive_inbound(world)
    assert world.wait_until_idle(PATIENCE)
    world.remove_fault_rules()
    advance(world, 24 * 60)

    assert ("given up", [0, 5]) == (delivery(world).status, minutes(world))
