"""Events and states are read back from text exactly as they were written."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract_tests.engine.test_fold_of_events import ACTIONS, STEPS, Scenario
from contract_tests.stores.exact import Blobs, new_codec, typed
from mockserver.engine.event_log import EventBatch


def check(scenario: Scenario) -> None:
    """Write what a scenario's world has recorded with one codec, and read it with another."""
    scenario.world.wait_until_idle()
    state, blobs, writer, reader = scenario.world.state, Blobs(), new_codec(), new_codec()
    batches = (EventBatch(1, tuple(scenario.log.events[::2]), tuple(scenario.log.events[1::2])), EventBatch(2, ()))
    text = writer.encode_batches(batches, blobs.put)
    initial = writer.encode_initial_state(scenario.start, blobs.put)
    snapshot = writer.encode_state(state, blobs.put)

    read = reader.decode_batches(text, blobs.get)
    assert typed(batches) == typed(read)
    assert typed(state) == typed(reader.decode_state(snapshot, blobs.get))
    start = reader.decode_initial_state(initial, blobs.get)
    assert typed(scenario.start) == typed(start)
    assert set(blobs.held) == blobs.reachable(text, initial, snapshot)

    folded = start.create_state(scenario.clock, scenario.clock.now())
    log = reader.decode_batches(
        writer.encode_batches((EventBatch(1, tuple(scenario.log.events)),), blobs.put), blobs.get
    )
    folded.apply(*log[0].events)
    assert typed(state) == typed(folded)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ACTIONS, min_size=10, max_size=40))
def test_whatever_happens_in_a_world_can_be_written_and_read(actions: list[tuple[str, int]]) -> None:
    scenario = Scenario()
    for name, index in actions:
        getattr(scenario, name)(index)
    check(scenario)
    scenario.registry.close()


@pytest.mark.parametrize("name", STEPS)
def test_each_step_of_the_scenario_can_be_written_and_read(name: str) -> None:
    scenario = Scenario()
    scenario.receive(0)
    scenario.receive(2)
    getattr(scenario, name)(1)
    check(scenario)
    scenario.registry.close()
