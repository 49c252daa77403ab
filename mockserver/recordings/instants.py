"""Compares instants as responses write them, by their written form and by their time."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

_FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y%m%d%H%M%S",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d-%m-%Y %H:%M:%S",
    "%b %d, %Y %I:%M:%S %p",
    "%b %d, %Y %H:%M:%S",
    "%m/%d/%Y",
    "%d.%m.%Y",
)
"""The forms of instants that neither ISO 8601 nor a mail header has."""
_MILLISECONDS = 13
"""The digits of the milliseconds since 1970; the seconds have fewer."""
_WORD = re.compile(r"[A-Za-z]+")
_DIGIT = re.compile(r"[0-9]")


@lru_cache(maxsize=4096)
def read_instant(text: str) -> datetime | None:
    """Return the instant that a text writes, in UTC where it names no zone; ``None`` if it is none."""
    text = text.strip()
    if text.isdigit() and len(text) in range(9, _MILLISECONDS + 1):
        with suppress(ValueError, OverflowError, OSError):
            return datetime.fromtimestamp(int(text) / (1000 if len(text) == _MILLISECONDS else 1), UTC)
    with suppress(ValueError):
        return _in_utc(datetime.fromisoformat(text))
    for form in _FORMATS:
        with suppress(ValueError):
            return _in_utc(datetime.strptime(text, form))  # noqa: DTZ007 - these forms name no zone
    with suppress(ValueError, TypeError, IndexError):
        return _in_utc(parsedate_to_datetime(text))
    return None


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _form(text: str) -> str:
    """Return a text with a letter for each word and a digit for each digit."""
    return _DIGIT.sub("0", _WORD.sub("a", text))


def compare_instants(recorded: str, ours: str, tolerance: float) -> str | None:
    """Return the reason why two instants are not the same; ``None`` if they are.

    Args:
        recorded: the recorded text.
        ours: our text.
        tolerance: the seconds by which they may differ.
    """
    if recorded == ours:
        return None
    if _form(recorded) != _form(ours):
        return "the instants are written in different forms"
    one, other = read_instant(recorded), read_instant(ours)
    if one is None or other is None:
        return "the values differ, and are no instants that can be read"
    apart = (other - one).total_seconds()
    if abs(apart) <= tolerance:
        return None
    return f"ours is {_duration(abs(apart))} {'later' if apart > 0 else 'earlier'}"


def _duration(seconds: float) -> str:
    hours, rest = divmod(round(seconds), 3600)
    minutes, rest = divmod(rest, 60)
    parts = [f"{count} {unit}" for count, unit in ((hours, "h"), (minutes, "min"), (rest, "s")) if count]
    return " ".join(parts) or "less than 1 s"
