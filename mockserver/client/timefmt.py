"""Instants and durations as Python's own, and as the control API writes them: ISO 8601 in UTC, and seconds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from mockserver.engine.instants import SECOND, datetime_of, duration, instant_of, iso, parse_duration, parse_instant

Moment: TypeAlias = datetime | str
"""An instant: an aware datetime, or ISO 8601 text (UTC where it names no offset)."""
Duration: TypeAlias = timedelta | float | str
"""A duration: a timedelta, a number of seconds, or ISO 8601 text such as ``PT1M30S``."""

_MICROSECOND = timedelta(microseconds=1)


def read(text: str) -> datetime:
    """An instant of the control API's as an aware datetime in UTC."""
    return datetime_of(parse_instant(text))


def read_if_any(text: str | None) -> datetime | None:
    """The same, where there may be none."""
    return None if text is None else read(text)


def written(moment: Moment) -> str:
    """An instant as the control API takes it. What is text already the API reads, and rejects if it must.

    Raises:
        ValueError: a datetime that names no zone.
    """
    if isinstance(moment, str):
        return moment
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} names no zone; use datetime(..., tzinfo=UTC)")
    return iso(instant_of(moment))


def seconds(length: Duration) -> float:
    """A duration in seconds.

    Raises:
        ValueError: text that is no duration.
    """
    if isinstance(length, str):
        return parse_duration(length) / SECOND
    return length.total_seconds() if isinstance(length, timedelta) else length


def plain(value: Any) -> Any:
    """JSON, with instants and durations at any depth as text.

    Raises:
        ValueError: a datetime among them names no zone.
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
