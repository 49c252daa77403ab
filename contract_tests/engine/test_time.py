"""Instants, the calendar around them, and a world's clock."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.engine.clock import Clock
from mockserver.engine.instants import (
    EARLIEST,
    LATEST,
    SECOND,
    datetime_of,
    day_begins,
    day_ends,
    duration,
    http_date,
    iso,
    parse_duration,
    parse_instant,
    zone_of,
)

WARSAW = ZoneInfo("Europe/Warsaw")
HOUR = 3600 * SECOND


@given(st.integers(EARLIEST, LATEST))
def test_an_instant_is_read_back_as_it_was_written(instant: int) -> None:
    assert instant == parse_instant(iso(instant))


@given(st.integers(0, LATEST - EARLIEST))
def test_a_duration_is_read_back_as_it_was_written(microseconds: int) -> None:
    assert microseconds == parse_duration(duration(microseconds))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("P1W", 604_800), ("P3DT4H", 273_600), ("PT0.5S", 0.5), ("PT90M", 5_400), ("P0D", 0), ("P1DT1S", 86_401)],
)
def test_a_duration_is_weeks_days_hours_minutes_and_seconds(text: str, seconds: float) -> None:
    assert seconds * SECOND == parse_duration(text)


@pytest.mark.parametrize("text", ["", "P", "PT", "P1Y", "P1M", "1D", "P-1D", "P1DT", "PT1H\n", "P1.5D", "p1d"])
def test_what_is_no_duration_of_fixed_length_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="not an ISO 8601 duration"):
        parse_duration(text)


def test_an_instant_without_a_zone_is_of_utc() -> None:
    assert parse_instant("2017-01-01T09:30:00Z") == parse_instant("2017-01-01T09:30:00")
    assert parse_instant("2017-01-01T09:30:00Z") == parse_instant("2017-01-01T10:30:00+01:00")


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 7, 1), 24)])
def test_days_are_as_long_as_the_zone_has_them(day: date, hours: int) -> None:
    assert hours * HOUR == day_ends(day, WARSAW) - day_begins(day, WARSAW) + 1


@pytest.mark.parametrize("zone", [None, WARSAW, ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Niue")])
def test_the_ends_of_the_calendar_are_days_like_others(zone: ZoneInfo | None) -> None:
    assert EARLIEST <= day_begins(date.min, zone) < day_ends(date.min, zone)
    assert day_begins(date.max, zone) < day_ends(date.max, zone) <= LATEST
    assert datetime_of(EARLIEST, zone).year == 1
    assert datetime_of(LATEST, zone).year == 9999


@pytest.mark.parametrize(
    "name", ["Nowhere/Land", "", "../etc/passwd", "/etc/passwd", "Europe", "./" * 300, "a/" * 2_000 + "a"]
)
def test_a_zone_that_is_none_is_rejected_by_name(name: str) -> None:
    with pytest.raises(KeyError):
        zone_of(name)


def test_the_date_header_is_in_gmt() -> None:
    assert "Thu, 01 Jan 1970 00:00:01 GMT" == http_date(1)


def test_a_frozen_clock_stands_until_it_is_moved() -> None:
    clock = Clock.frozen(5)

    assert [5, 5, 12] == [clock.now(), clock.now(), clock.advance(7).now()]


def test_a_clock_that_is_resumed_ticks_on_from_where_it_stood() -> None:
    clock = Clock.frozen(5).resume()
    first = clock.now()

    assert 5 <= first <= clock.now()
    assert not clock.is_frozen


def test_a_running_clock_is_advanced_without_being_stopped() -> None:
    clock = Clock.system()
    before = clock.now()

    later = clock.advance(HOUR)

    assert later.now() >= before + HOUR
    assert not later.is_frozen


def test_no_clock_runs_backwards() -> None:
    with pytest.raises(ValueError, match="cannot be moved backwards"):
        Clock.frozen(5).advance(-1)


def test_a_clock_that_is_moved_to_an_instant_that_is_past_stays_where_it_is() -> None:
    clock = Clock.frozen(5)

    assert [5, 5, 8] == [clock.move_to(at, clock.now()).now() for at in (3, 5, 8)]


def test_a_clock_is_a_value_that_no_one_changes() -> None:
    clock = Clock.frozen(5)

    assert (Clock.frozen(6), 5) == (clock.advance(1), clock.now())
