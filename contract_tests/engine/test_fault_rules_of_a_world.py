"""The fault rules of a world are part of its state, which only events change."""

from __future__ import annotations

import pytest

from contract_tests.harmless_fault import HarmlessFault
from mockserver.engine.clock import Clock
from mockserver.engine.decisions import Decision
from mockserver.engine.event_log import EventBatch
from mockserver.engine.events import (
    Event,
    FaultRuleAdded,
    FaultRuleHit,
    FaultRuleRemoved,
    FaultRulesMatched,
    IdsUsed,
    ReplayKept,
    UseCounted,
)
from mockserver.engine.faults import NO_FAULT, FaultRule, RequestFacts, RequestMatch, When
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.state import Fixture, IdReservation, State
from mockserver.engine.world import World

SEND = RequestFacts("p", "send", "GET", "/", {}, {})
REPLAY = HarmlessFault()
NEVER = FaultRule(HarmlessFault(), when=When(probability=0))


@pytest.fixture
def registry() -> WorldRegistry:
    return WorldRegistry(Fixture(), {}, clock=Clock.frozen(0))


@pytest.fixture
def world(registry: WorldRegistry) -> World:
    return registry.default


def events(world: World) -> list[Event]:
    return [item.event for item in world.feed.since(0).items]  # type: ignore[attr-defined]  # every item of this feed has it


def counted(state: State) -> list[tuple[str, int, int]]:
    return [(status.rule.id, status.matched, status.hits) for status in state.fault_rules]


def test_a_rule_of_a_name_that_is_there_is_rejected(world: World) -> None:
    assert "f1" == world.add_fault_rule(NEVER).id
    with pytest.raises(ValueError, match=r"^there is a fault rule 'f1' already$"):
        world.add_fault_rule(FaultRule(HarmlessFault(), id="f1"))


def test_rules_are_removed_one_by_one_or_all_and_no_name_is_given_twice(world: World) -> None:
    for _ in range(3):
        world.add_fault_rule(NEVER)

    assert (1, 0) == (world.remove_fault_rules("f1"), world.remove_fault_rules("f1"))
    assert (2, 0) == (world.remove_fault_rules(), world.remove_fault_rules())
    assert "f4" == world.add_fault_rule(NEVER).id


class Recorder:
    """An event log in memory."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def append(self, batch: EventBatch) -> None:
        self.events += batch.events + batch.internal


@pytest.mark.in_memory  # it gives its world a log of its own
def test_what_happens_to_rules_is_an_event_and_their_state_is_the_fold_of_it(world: World) -> None:
    start = world.state.fork()
    world.log = log = Recorder()
    rule = world.add_fault_rule(FaultRule(HarmlessFault(), RequestMatch(provider="p"), When(every=2)))
    never = world.add_fault_rule(NEVER)
    world.choose_fault(SEND, 0)
    selected = world.choose_fault(SEND, 0)
    world.choose_fault(SEND._replace(provider="q"), 0)
    world.keep_replay(selected, REPLAY, 0)
    world.remove_fault_rules("f2")

    matched = FaultRulesMatched(("f1", "f2"))
    assert [
        *(FaultRuleAdded(rule), FaultRuleAdded(never)),
        *(matched, IdsUsed({"chance": 2})),
        *(FaultRuleHit("f1"), matched),
        *(FaultRulesMatched(("f2",)), IdsUsed({"chance": 3})),
        *(ReplayKept("f1", REPLAY), FaultRuleRemoved("f2")),
    ] == log.events
    assert [FaultRuleAdded(rule), FaultRuleAdded(never), FaultRuleHit("f1"), FaultRuleRemoved("f2")] == events(world)
    start.apply(*log.events)
    assert start.contents() == world.state.contents()
    assert [("f1", 2, 1)] == counted(start)


def test_a_response_is_kept_for_no_rule_that_was_removed(world: World) -> None:
    world.add_fault_rule(FaultRule(HarmlessFault()))
    selected = world.choose_fault(SEND, 0)
    world.remove_fault_rules()
    world.keep_replay(selected, HarmlessFault(), 0)

    assert NO_FAULT is world.choose_fault(SEND, 0)
    assert FaultRuleRemoved("f1") == events(world)[-1]


def test_chance_comes_from_the_seed(world: World) -> None:
    other = WorldRegistry(Fixture(), {}, clock=Clock.frozen(0), seed="other").default
    same = WorldRegistry(Fixture(), {}, clock=Clock.frozen(0)).default

    def hits(world: World) -> list[bool]:
        world.add_fault_rule(FaultRule(HarmlessFault(), when=When(probability=0.5)))
        return [world.choose_fault(SEND, 0) is not NO_FAULT for _ in range(64)]

    assert hits(world) == hits(same)
    assert hits(world) != hits(other)


def test_a_fork_has_the_rules_and_counts_by_itself_and_its_reset_clears_them(
    registry: WorldRegistry, world: World
) -> None:
    world.add_fault_rule(FaultRule(HarmlessFault(), when=When(every=2)))
    world.choose_fault(SEND, 0)
    fork = registry.fork(world)
    fork.choose_fault(SEND, 0)

    assert [("f1", 1, 0)] == counted(world.state)
    assert [("f1", 2, 1)] == counted(fork.state)
    fork.reset()
    world.reset()
    assert ([], []) == (counted(world.state), counted(fork.state))
    assert "f1" == fork.add_fault_rule(NEVER).id


def test_a_restart_keeps_the_rules(world: World) -> None:
    world.add_fault_rule(FaultRule(HarmlessFault()))
    world.choose_fault(SEND, 0)
    world.restart(world.initial_state, world.clock)

    assert [("f1", 1, 1)] == counted(world.state)


def test_the_fault_is_chosen_and_the_request_decided_at_one_instant_of_a_running_clock() -> None:
    class Instants:
        def append(self, batch: EventBatch) -> None:
            instants.add(batch.at)

    instants: set[int] = set()
    world = WorldRegistry(Fixture(), {}, clock=Clock.system()).default
    world.add_fault_rule(FaultRule(HarmlessFault(), point="after"))
    world.log = Instants()
    for _ in range(20):
        instants.clear()
        _, decision = world.execute_with_fault(
            SEND, lambda _, now, ids: Decision(now, ids.number("n"), (UseCounted("w", now, 1),))
        )
        assert {decision.at} == instants


def test_a_request_whose_fault_comes_before_its_operation_changes_nothing_but_the_counts(world: World) -> None:
    world.add_fault_rule(FaultRule(HarmlessFault(), point="before", expires_after=1))

    def use(_: State, now: int, __: IdReservation) -> Decision:
        return Decision(now, "used", (UseCounted("w", now, 9),))

    points = [world.execute_with_fault(SEND, use)[0].point for _ in range(3)]

    assert ["before", "after", "after"] == points
    assert (2, [("f1", 1, 1)]) == (len(world.state.uses["w"]), counted(world.state))
