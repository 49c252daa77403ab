"""What lies under the requests: events, pages, limits, whole worlds."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from benchmarks.in_process.requests import NOON, PROGRAM, SENDERS, exported_message, fixture
from mockserver.admin import messages as message_endpoints
from mockserver.admin.endpoint import RequestArgs
from mockserver.engine.clock import Clock
from mockserver.engine.events import MessageStored, UseCounted
from mockserver.engine.instants import EARLIEST, LATEST, SECOND
from mockserver.engine.message_store import MessageStore
from mockserver.engine.messages import program_key
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.segments import Segment
from mockserver.engine.state import Fixture, State
from mockserver.providers.dialogtech import limits
from mockserver.sdk.limits import limit_usage
from mockserver.sdk.loading import installed_providers

INDEX_KEY = program_key(PROGRAM, "1")


@pytest.fixture(scope="module")
def message_store(messages: int) -> MessageStore:
    """One program's."""
    return MessageStore(((Segment(exported_message(place, place) for place in range(messages)), 0),))


@pytest.mark.parametrize("where", ["first", "last"])
def test_a_page_of_50(benchmark: Any, message_store: MessageStore, messages: int, where: str) -> None:
    """The first and the last cost the same."""
    offset = 0 if where == "first" else messages - 50
    assert len(benchmark(message_store.page, INDEX_KEY, EARLIEST, LATEST, offset, 50)) == 50


def test_a_message_is_stored(benchmark: Any) -> None:
    """An event is applied."""
    state = State(Fixture(), NOON, installed_providers().default_variants)
    benchmark(lambda: state.apply(MessageStored(exported_message(state.message_store.next_serial, NOON))))
    assert len(state.message_store) > 0


def test_the_limits_of_a_number_that_is_used_up(benchmark: Any) -> None:
    """All three windows are full."""
    state = State(Fixture(), NOON, installed_providers().default_variants)
    for use in range(40):
        for window in ("a 1", "a"):
            state.apply(UseCounted(window, NOON - 40 * SECOND // (use + 1), 40))
    windows = (limits.PER_MINUTE, "a 1"), (limits.PER_ACCOUNT, "a"), (limits.PER_NUMBER, "a 1")
    statuses = benchmark(lambda: limit_usage(state, windows, NOON).statuses)
    assert statuses[0].used == 40


@pytest.fixture
def registry() -> WorldRegistry:
    """One with all providers' accounts in it."""
    return WorldRegistry(
        fixture(1_000),
        installed_providers().default_variants,
        clock=Clock.frozen(NOON),
        providers=installed_providers().callbacks,
    )


@pytest.fixture
def small(registry: WorldRegistry) -> Fixture:
    """One that a test would use: an account or two of each provider."""
    given = registry.default.initial_state.fixture
    return Fixture(given.accounts[SENDERS - 1 :], given.fixed)


def test_a_world_is_created(benchmark: Any, registry: WorldRegistry, small: Fixture) -> None:
    """From a fixture that is there; and dropped again."""
    benchmark(lambda: registry.drop(registry.create(small)))


def test_a_world_is_forked(benchmark: Any, registry: WorldRegistry, small: Fixture) -> None:
    """And dropped again."""
    parent = registry.create(small)
    benchmark(lambda: registry.drop(registry.fork(parent)))


def test_a_world_is_reset(benchmark: Any, registry: WorldRegistry, small: Fixture) -> None:
    """As between two tests."""
    benchmark(registry.create(small).reset)


@pytest.mark.parametrize("others", [0, 10_000])
def test_a_world_is_dropped_beside_others(benchmark: Any, registry: WorldRegistry, small: Fixture, others: int) -> None:
    """The number of the other worlds makes no difference."""
    for _ in range(others):
        registry.create(small)
    benchmark.pedantic(registry.drop, setup=lambda: ((registry.create(small),), {}), rounds=200)


@pytest.mark.parametrize("query", [{}, {"number": "5550001111"}, {"number": "37911"}], ids=["all", "rare", "frequent"])
def test_messages_are_listed(benchmark: Any, messages: int, query: dict[str, str]) -> None:
    """The first 100 messages; of a number that three messages have, and of one that nearly all have."""
    world = WorldRegistry(fixture(messages), installed_providers().default_variants, clock=Clock.frozen(NOON)).default
    for _ in range(3):
        serial = world.state.message_store.next_serial
        world.state.apply(MessageStored(replace(exported_message(serial, NOON), sender="5550001111")))
    values = RequestArgs({}, query, {}, "")
    listed = benchmark(lambda: message_endpoints.listed(None, world, values))  # type: ignore[arg-type]  # it needs no API
    assert len(listed["messages"]) == (3 if query.get("number") == "5550001111" else 100)
