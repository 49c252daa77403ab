"""Which of a program's messages an answer holds: the period, and where the next page is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from urllib.parse import urlencode

from msgspec import Struct

from mockserver.sdk import DAY, EARLIEST, LATEST, SECOND, Instant, datetime_of, day_begins, day_ends

from .errors import RangeTooLong


class Period(Struct, frozen=True):
    """Two instants, both included; ``None`` where the caller named none."""

    since: Instant | None
    until: Instant | None

    @property
    def bounds(self) -> tuple[Instant, Instant]:
        """The two instants, with the ends of the calendar where the caller named none."""
        return _or(self.since, EARLIEST), _or(self.until, LATEST)


_OPEN = Period(None, None)


def explicit_period(start: Instant | None, end: Instant | None) -> Period:
    """The period between two seconds, both whole (MG-6)."""
    return Period(start, None if end is None else end + SECOND - 1)


# -- MG-17: the variants of "up to one year" --------------------------------------------------------------------------


def _default_start(period: Period, now: Instant) -> Period:
    # 003: "the system will use the first message received/sent (up to 1 year ago) as the startDate"
    return Period(_or(period.since, _year_before(now)), _or(period.until, LATEST))


def _today(period: Period, now: Instant) -> Period:
    if period != _OPEN:
        return _default_start(period, now)
    day = datetime_of(now).date()
    return Period(day_begins(day), day_ends(day))


def _archived(period: Period, now: Instant) -> Period:
    return Period(max(_or(period.since, EARLIEST), _year_before(now)), _or(period.until, LATEST))


def _range(period: Period, now: Instant) -> Period:
    # 003: "You can retrieve all SMS messages for up to one-year duration."
    if period.since is not None and period.since < _year_before(_or(period.until, now)):
        raise RangeTooLong(start=datetime_of(period.since).isoformat()[:19])
    return _default_start(period, now)


AGE_POLICIES: Mapping[str, Callable[[Period, Instant], Period]] = {
    "default-start": _default_start,
    "today": _today,
    "archived": _archived,
    "range": _range,
}


def _or(instant: Instant | None, otherwise: Instant) -> Instant:
    return otherwise if instant is None else instant


def _year_before(instant: Instant) -> Instant:
    """The first instant of the same day a year earlier; of 28 February for a leap day.

    A whole day, so that pages that are fetched one after the other begin their count at the same message.
    """
    return _year_before_day(instant // DAY)


@lru_cache(maxsize=16)
def _year_before_day(number: int) -> Instant:
    day = datetime_of(number * DAY).date()
    last = 28 if (day.month, day.day) == (2, 29) else day.day
    return day_begins(day.replace(year=max(day.year - 1, 1), day=last))


# -- the next page ------------------------------------------------------------------------------------------------------------


def next_page_url(address: str, following: int | None, filters: Mapping[str, str], variant: str) -> str | None:
    """Where the next page is, on the host and prefix that were period."""
    # 003: "If there isn’t another page of data available then this property should be left null."; MG-12
    if following is None:
        return None
    # 003: "https://communicatepro.mgage.com/api/messages/program/121811?page=2"; MG-7: and the request's own filters
    further = _encoded(tuple(filters.items())) if variant == "filters" else ""
    return f"{address}?page={following}{further}"


@lru_cache(maxsize=256)
def _encoded(filters: tuple[tuple[str, str], ...]) -> str:
    """The filters behind a page's number; a client sends the same ones from page to page."""
    return f"&{urlencode(filters)}" if filters else ""
