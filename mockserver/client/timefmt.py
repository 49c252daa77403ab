"""Conversion of instants and durations between Python types and the control API's ISO 8601 text and seconds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from mockserver.engine.instants import SECOND, datetime_of, duration, instant_of, iso, parse_duration, parse_instant

Moment: TypeAlias = datetime | str
"""An instant: an aware datetime, or ISO 8601 text (UTC when it has no offset)."""
Duration: TypeAlias = timedelta | float | str
"""A duration: a timedelta, a number of seconds, or ISO 8601 text such as ``PT1M30S``."""

_MICROSECOND = timedelta(microseconds=1)


def read(text: str) -> datetime:
    """Parse the control API's text of an instant into an aware datetime in UTC."""
    return datetime_of(parse_instant(text))


def read_if_any(text: str | None) -> datetime | None:
    """Parse the text of an instant, or return ``None`` for ``None``."""
    return None if text is None else read(text)


def written(moment: Moment) -> str:
    """Format an instant for the control API. Text is returned unchanged, for the control API to check.

    Raises:
        ValueError: the datetime has no time zone.
    """
    if isinstance(moment, str):
        return moment
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone; use datetime(..., tzinfo=UTC)")
    return iso(instant_of(moment))


def seconds(length: Duration) -> float:
    """Return a duration in seconds.

    Raises:
        ValueError: the text is not a duration.
    """
    if isinstance(length, str):
        return parse_duration(length) / SECOND
    return length.total_seconds() if isinstance(length, timedelta) else length


def plain(value: Any) -> Any:
    """Convert a value to JSON types, with instants and durations at any depth as text.

    Raises:
        ValueError: a datetime has no time zone.
    """
    if isinstance(value, datetime):
        return written(value)
    if isinstance(value, timedelta):
        return duration(value // _MICROSECOND)
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(each) for each in value]
    return value
