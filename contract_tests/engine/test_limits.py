"""Sliding rate windows at their edges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.engine.instants import SECOND
from mockserver.engine.limits import Limit, limit_status

ONE = Limit(1, 1, "1 per second")
THREE = Limit(3, 10, "3 per 10 seconds")
FIXED = Limit(2, 10, "2 in each 10 seconds", is_fixed=True)


@pytest.mark.parametrize(
    ("limit", "uses", "now", "used", "free_at"),
    [
        (ONE, (), 5, 0, 5),
        (ONE, (0,), SECOND - 1, 1, SECOND),
        (ONE, (0,), SECOND, 0, SECOND),
        (THREE, (0, 1), 2, 2, 2),
        (THREE, (0, 1, 2), 3, 3, 10 * SECOND),
        (THREE, (0, 1, 2), 10 * SECOND, 2, 10 * SECOND),
        (THREE, (0, 1, 2, 3), 4, 3, 10 * SECOND + 1),
    ],
)
def test_a_use_is_possible_when_the_one_that_fills_the_window_is_as_old_as_it_is_long(
    limit: Limit, uses: tuple[int, ...], now: int, used: int, free_at: int
) -> None:
    found = limit_status(limit, uses, now)

    assert (used, free_at) == (found.used, found.free_at)


@pytest.mark.parametrize(
    ("uses", "now", "used", "free_at"),
    [
        ((), 5, 0, 5),
        ((0, 9 * SECOND), 9 * SECOND, 2, 10 * SECOND),
        ((0, 9 * SECOND), 10 * SECOND, 0, 10 * SECOND),
        ((9 * SECOND, 10 * SECOND), 10 * SECOND, 1, 10 * SECOND),
        ((9 * SECOND, 10 * SECOND, 11 * SECOND), 12 * SECOND, 2, 20 * SECOND),
    ],
)
def test_a_fixed_window_is_free_when_the_next_one_begins(
    uses: tuple[int, ...], now: int, used: int, free_at: int
) -> None:
    found = limit_status(FIXED, uses, now)

    assert (used, free_at) == (found.used, found.free_at)


@given(st.lists(st.integers(0, 30), max_size=60).map(sorted), st.integers(1, 5), st.integers(1, 5))
def test_no_window_ever_holds_more_than_the_limit_allows(wishes: list[int], most: int, seconds: int) -> None:
    limit = Limit(most, seconds, "")
    uses: tuple[int, ...] = ()
    for wish in wishes:
        now = wish * SECOND // 4
        if limit_status(limit, uses, now).free_at <= now:
            uses = (*uses, now)[-most:] if most > 1 else (now,)
            window = [at for at in uses if at > now - seconds * SECOND]
            assert len(window) <= most
