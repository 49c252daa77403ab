"""What lies under the requests: events, pages, limits, whole worlds."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.in_process.requests import NOON, PROGRAM, SENDERS, exported_message, fixture
from mockserver.app import READINGS, ROOMS
from mockserver.engine.clock import Clock
from mockserver.engine.events import MessageStored, UseCounted
from mockserver.engine.instants import EARLIEST, LATEST, SECOND
from mockserver.engine.message_store import MessageStore
from mockserver.engine.messages import program_shelf
from mockserver.engine.registry import Worlds
from mockserver.engine.segments import Segment
from mockserver.engine.state import Fixture, State
from mockserver.providers.dialogtech import limits

SHELF = program_shelf(PROGRAM, "1")


@pytest.fixture(scope="module")
def ledger(messages: int) -> MessageStore:
    """One program's."""
    return MessageStore(((Segment(exported_message(place, place) for place in range(messages)), 0),))


@pytest.mark.parametrize("where", ["first", "last"])
def test_a_page_of_50(benchmark: Any, ledger: MessageStore, messages: int, where: str) -> None:
    """The first and the last cost the same."""
    offset = 0 if where == "first" else messages - 50
    assert len(benchmark(ledger.page, SHELF, EARLIEST, LATEST, offset, 50)) == 50


def test_a_message_is_stored(benchmark: Any) -> None:
    """An event is applied."""
    state = State(Fixture(), NOON, READINGS)
    benchmark(lambda: state.apply(MessageStored(exported_message(state.ledger.next_serial, NOON))))
    assert len(state.ledger) > 0


def test_the_limits_of_a_number_that_is_used_up(benchmark: Any) -> None:
    """All three windows are full."""
    state = State(Fixture(), NOON, READINGS)
    for use in range(40):
        for window in ("a 1", "a"):
            state.apply(UseCounted(window, NOON - 40 * SECOND // (use + 1), 40))
    standings = benchmark(lambda: limits.usage(state, "a", "1", NOON).standings)
    assert standings[0].used == 40


@pytest.fixture
def house() -> Worlds:
    """One with all rooms' accounts in it."""
    return Worlds(fixture(1_000), READINGS, clock=Clock.frozen(NOON), rooms=ROOMS)


@pytest.fixture
def small(house: Worlds) -> Fixture:
    """One that a test would use: an account or two of each room."""
    given = house.default.initial_state.fixture
    return Fixture(given.accounts[SENDERS - 1 :], given.fixed)


def test_a_world_is_created(benchmark: Any, house: Worlds, small: Fixture) -> None:
    """From a fixture that is there; and dropped again."""
    benchmark(lambda: house.drop(house.create(small)))


def test_a_world_is_forked(benchmark: Any, house: Worlds, small: Fixture) -> None:
    """And dropped again."""
    parent = house.create(small)
    benchmark(lambda: house.drop(house.fork(parent)))


def test_a_world_is_reset(benchmark: Any, house: Worlds, small: Fixture) -> None:
    """As between two tests."""
    benchmark(house.create(small).reset)
