"""Selects the messages of a page: the period of the request, and the URL of the next page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from urllib.parse import urlencode

from msgspec import Struct

from mockserver.sdk import DAY, EARLIEST, LATEST, SECOND, Instant, datetime_of, day_begins, day_ends

from .errors import RangeTooLong


class Period(Struct, frozen=True):
    """Two instants, both included; ``None`` where the request gave none."""

    since: Instant | None
    until: Instant | None

    @property
    def bounds(self) -> tuple[Instant, Instant]:
        """Return the two instants, with the ends of the calendar where the request gave none."""
        return _or(self.since, EARLIEST), _or(self.until, LATEST)

    def changes(self, asked: Period) -> Period:
        """Return the ends that differ from those of the requested period; ``None`` for an end that does not."""
        return Period(
            None if self.since == asked.since else self.since, None if self.until == asked.until else self.until
        )


_OPEN = Period(None, None)
_SECONDS = len("YYYY-MM-DDTHH:MM:SS")


# -- MG-17: the variants of "up to one year" --------------------------------------------------------------------------


def _default_start(period: Period, now: Instant) -> Period:
    # 003: "the system will use the first message received/sent (up to 1 year ago) as the startDate"
    return Period(_or(period.since, _year_before(now)), period.until)


def _today(period: Period, now: Instant) -> Period:
    if period != _OPEN:
        return _default_start(period, now)
    day = datetime_of(now).date()
    return Period(day_begins(day), day_ends(day))


def _archived(period: Period, now: Instant) -> Period:
    return Period(max(_or(period.since, EARLIEST), _year_before(now)), period.until)


def _range(period: Period, now: Instant) -> Period:
    # 003: "You can retrieve all SMS messages for up to one-year duration."
    until = min(_or(period.until, LATEST), now // SECOND * SECOND + SECOND - 1)
    if period.since is not None and period.since < _year_before(until // DAY * DAY):
        raise RangeTooLong(start=datetime_of(period.since).isoformat()[:_SECONDS])
    return Period(_or(period.since, _year_before(now)), until)


AGE_POLICIES: Mapping[str, Callable[[Period, Instant], Period]] = {
    "default-start": _default_start,
    "today": _today,
    "archived": _archived,
    "range": _range,
}


def _or(instant: Instant | None, otherwise: Instant) -> Instant:
    return otherwise if instant is None else instant


def _year_before(instant: Instant) -> Instant:
    """Return the beginning of the same second a year earlier; on 28 February for a leap day."""
    day, second = divmod(instant // SECOND * SECOND, DAY)
    return _day_of_the_year_before(day) + second


@lru_cache(maxsize=16)
def _day_of_the_year_before(number: int) -> Instant:
    day = datetime_of(number * DAY).date()
    last = 28 if (day.month, day.day) == (2, 29) else day.day
    return day_begins(day.replace(year=max(day.year - 1, 1), day=last))


# -- the next page ------------------------------------------------------------------------------------------------------------


def next_page_url(
    address: str, following: int | None, filters: Mapping[str, str], defaults: Period, variant: str
) -> str | None:
    """Return the URL of the next page, at the host and prefix of the request; ``None`` after the last page.

    Args:
        address: the URL of the request, without its query.
        following: the number of the next page.
        filters: the request's own filters.
        defaults: the ends in effect that are not the request's own.
        variant: which filters the URL has (MG-7).
    """
    # 003: "If there isn’t another page of data available then this property should be left null."; MG-12
    if following is None:
        return None
    # 003: "https://communicatepro.mgage.com/api/messages/program/121811?page=2"; MG-7: and the request's own filters
    if variant == "printed":
        filters = {}
    elif variant == "pinned":
        filters = {**filters, **_written(defaults)}
    return f"{address}?page={following}{_encoded(tuple(filters.items()))}"


def _written(period: Period) -> dict[str, str]:
    """Return the filters that ask for a period of whole seconds."""
    ends = {"startDate": period.since, "endDate": period.until}
    return {name: datetime_of(at).isoformat()[:_SECONDS] for name, at in ends.items() if at is not None}


@lru_cache(maxsize=256)
def _encoded(filters: tuple[tuple[str, str], ...]) -> str:
    """Write the filters behind a page's number; cached, because a client sends the same ones from page to page."""
    return f"&{urlencode(filters)}" if filters else ""
