"""The time zones that a recording can tell apart, and those that have the same offsets at its instants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import cache, lru_cache
from itertools import pairwise
from typing import TypeAlias

from mockserver.engine.instants import DAY, SECOND, Instant, datetime_of, zone_of
from mockserver.unpatched import read_zone_data

_QUARTER = 900 * SECOND
"""Clocks change at a quarter of an hour."""
_HOUR = 3_600 * SECOND
HALF_A_YEAR = 183 * DAY

Offsets: TypeAlias = tuple[timedelta | None, ...]


@cache
def present_zones() -> tuple[str, ...]:
    """Return a name for each set of rules that clocks follow somewhere today, from the zone data's ``zonenow.tab``."""
    try:
        table = read_zone_data("zonenow.tab").decode()
    except FileNotFoundError:  # zone data older than 2023
        table = read_zone_data("zone1970.tab").decode()
    return tuple(line.split("\t")[2] for line in table.splitlines() if line and not line.startswith("#"))


def offsets_of(name: str, instants: Iterable[Instant]) -> Offsets:
    """Return the offsets of a zone at instants."""
    zone = zone_of(name)
    return tuple(datetime_of(instant, zone).utcoffset() for instant in instants)


def group_zones(first: Sequence[str], instants: Iterable[Instant]) -> list[list[str]]:
    """Return the zones in groups with the same offsets at all instants: no recording of these can tell the zones of a group apart.

    Args:
        first: zones that come before all others, in this order.
        instants: the instants.
    """
    moments = sorted({instant // _QUARTER * _QUARTER for instant in instants})
    groups: dict[Offsets, list[str]] = {}
    for name in dict.fromkeys((*first, *present_zones())):
        groups.setdefault(offsets_of(name, moments), []).append(name)
    return list(groups.values())


def year_around(instant: Instant) -> range:
    """Return the days of the year around an instant."""
    begins = (instant - HALF_A_YEAR) // DAY * DAY
    return range(begins, begins + 2 * HALF_A_YEAR, DAY)


def leave_out_equal(zones: Sequence[str], around: Instant) -> list[str]:
    """Return zones without those whose clocks are the same as those of one before them in the year around an instant."""
    year = year_around(around)
    different: dict[tuple[tuple[Instant, timedelta | None], ...], str] = {}
    for name in zones:
        different.setdefault(_changes_of(name, year), name)
    return list(different.values())


@lru_cache(maxsize=1024)
def _changes_of(name: str, days: range) -> tuple[tuple[Instant, timedelta | None], ...]:
    """Return the offset of a zone on the first of some days, and each later one, with the hour from which it holds."""
    zone = zone_of(name)

    def offset(instant: Instant) -> timedelta | None:
        return datetime_of(instant, zone).utcoffset()

    changes = [(days[0], offset(days[0]))]
    for day, following in pairwise(days):
        if offset(following) != changes[-1][1]:
            hours = range(day, following + _HOUR, _HOUR)
            changes += [(hour, after) for hour in hours if (after := offset(hour)) != changes[-1][1]][:1]
    return tuple(changes)
