"""Instants, durations and calendar days, as pure functions; `clock.py` reads the time.

An instant is an ``int``: microseconds since 1970-01-01T00:00:00Z. It sorts, subtracts and packs into an array;
a ``datetime`` appears only where a calendar is needed.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from functools import lru_cache
from io import BytesIO
from typing import TypeAlias
from zoneinfo import ZoneInfo

from mockserver.unpatched import read_zone_data

Instant: TypeAlias = int
"""Microseconds since 1970-01-01T00:00:00Z."""

SECOND = 1_000_000
"""Microseconds in a second."""

DAY = 86_400 * SECOND
"""Microseconds in a day of UTC."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
EARLIEST: Instant = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
LATEST: Instant = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND

_LONGEST_ZONE = 64
"""Characters of an IANA name; the longest that there is has 32."""

_DURATION = re.compile(
    r"P(?:(?P<weeks>[0-9]{1,6})W)?(?:(?P<days>[0-9]{1,7})D)?"
    r"(?:T(?=[0-9])(?:(?P<hours>[0-9]{1,6})H)?(?:(?P<minutes>[0-9]{1,6})M)?(?:(?P<seconds>[0-9]{1,9}(?:\.[0-9]{1,6})?)S)?)?"
)


def instant_of(moment: datetime) -> Instant:
    """Return the instant of an aware datetime."""
    return (moment - _EPOCH) // _MICROSECOND


def datetime_of(instant: Instant, zone: ZoneInfo | None = None) -> datetime:
    """Return an instant as a datetime in a zone (UTC when none is given); instants outside years 1 to 9999 become the nearest."""
    moment = _EPOCH + timedelta(microseconds=min(max(instant, EARLIEST), LATEST))
    try:
        return moment if zone is None else moment.astimezone(zone)
    except OverflowError:  # within a day of year 1 or 9999
        return moment


def zone_of(name: str) -> ZoneInfo | None:
    """Return the zone of an IANA name; ``None`` for UTC, which needs no table.

    Raises:
        KeyError: there is no such zone.
    """
    if name == "UTC":
        return None
    if len(name) > _LONGEST_ZONE:  # zoneinfo follows each slash by recursion
        raise KeyError(name)
    try:
        return _read_zone(name)
    except (ValueError, OSError) as error:  # a name such as "../etc" or a folder of zones
        raise KeyError(name) from error


@lru_cache(maxsize=64)
def _read_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (LookupError, OSError):  # a test may have replaced the file system
        return ZoneInfo.from_file(BytesIO(read_zone_data(name)), name)


def check_zone_data() -> None:
    """Check that this machine knows time zones: from the system's files, or from the package ``tzdata``.

    Raises:
        OSError: it does not; every local time of a provider would be an error.
    """
    try:
        zone_of("America/New_York")
    except LookupError:
        raise OSError(
            "this Python finds no time zones: PYTHONTZPATH names no folder of them, and the package tzdata is not installed"
        ) from None


def day_begins(day: date, zone: ZoneInfo | None = None) -> Instant:
    """Return the first instant of a day in a zone. Days are 23 to 25 hours long where clocks change."""
    try:
        return instant_of(datetime.combine(day, time.min, zone or UTC).astimezone(UTC))
    except OverflowError:  # the day begins before year 1 of UTC
        return EARLIEST


def day_ends(day: date, zone: ZoneInfo | None = None) -> Instant:
    """Return the last instant of a day in a zone."""
    try:
        return day_begins(day + timedelta(days=1), zone) - 1
    except OverflowError:  # 9999-12-31
        return LATEST


def iso(instant: Instant) -> str:
    """Write an instant like ``2026-11-22T12:00:00Z``, with no, three or six decimals as needed."""
    text = datetime_of(instant).replace(tzinfo=None).isoformat()
    return f"{text.removesuffix('000') if '.' in text else text}Z"


@lru_cache(maxsize=8)
def http_date(second: int) -> str:
    """Return the ``Date`` header of a whole second since the epoch (RFC 9110, 5.6.7)."""
    return format_datetime(datetime_of(second * SECOND), usegmt=True)


def parse_instant(text: str) -> Instant:
    """Parse an instant such as ``2017-01-01T09:30:00Z``, also with another offset; without one it is UTC.

    Raises:
        ValueError: not an ISO 8601 date and time, or outside the years 1 to 9999.
    """
    moment = datetime.fromisoformat(text)
    instant = instant_of(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    if not EARLIEST <= instant <= LATEST:  # the first or last hours of the calendar, with another offset
        raise ValueError(f"outside the years 1 to 9999 of UTC: {text!r}")
    return instant


def parse_duration(text: str) -> int:
    """Parse an ISO 8601 duration of weeks, days, hours, minutes and seconds, such as ``P3DT4H``, into microseconds.

    Months and years have no fixed length and are rejected.

    Raises:
        ValueError: not such a duration.
    """
    found = _DURATION.fullmatch(text)
    if found is None or text == "P":
        raise ValueError(f"not an ISO 8601 duration of weeks, days, hours, minutes, seconds: {text!r}")
    parts = {unit: float(value) for unit, value in found.groupdict().items() if value}
    return timedelta(**parts) // _MICROSECOND


def duration(microseconds: int) -> str:
    """Write microseconds as an ISO 8601 duration that `parse_duration` reads back."""
    days, rest = divmod(microseconds, DAY)
    hours, rest = divmod(rest, 3600 * SECOND)
    minutes, rest = divmod(rest, 60 * SECOND)
    seconds = f"{rest / SECOND:.6f}".rstrip("0").rstrip(".")
    clock = f"{hours}H" * (hours > 0) + f"{minutes}M" * (minutes > 0) + f"{seconds}S" * (rest > 0)
    text = "P" + f"{days}D" * (days > 0) + f"T{clock}" * bool(clock)
    return text if text != "P" else "PT0S"
