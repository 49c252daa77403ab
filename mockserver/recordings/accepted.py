"""Differences that the owners of a corpus have accepted: each with its reason, and for a limited time.

The file ``accepted.json`` of a corpus is ``{"accepted": [{"file": "send.har", "exchange": 3, "path": "items[].cost",
"reason": "our account has other prices", "issue": "https://…", "expires": "2027-01-31"}]}``. An entry without ``exchange`` is for
all exchanges of its file; it needs an ``issue`` or the day on which it ``expires``. One that excuses nothing is an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import orjson
from msgspec import Struct

from .comparison import ResponseDifference
from .places import without_indexes

FILE = "accepted.json"
"""The name of the file in a corpus."""
_MEMBERS = {"file": str, "exchange": int, "path": str, "reason": str, "issue": str, "expires": str}


class AcceptedError(ValueError):
    """A file of accepted differences is invalid."""


class AcceptedDifference(Struct, frozen=True, kw_only=True):
    """A difference that is no failure."""

    file: str
    """The recording's path in the corpus, with slashes."""
    path: str
    """The place of the difference; ``[]`` stands for any index."""
    reason: str
    exchange: int | None = None
    """The number of the exchange, from 1; ``None`` for all."""
    issue: str = ""
    expires: date | None = None
    """The last day on which it is accepted."""

    def accepts(self, file: str, number: int, difference: ResponseDifference) -> bool:
        """Return whether a difference is this one."""
        if self.file != file or self.exchange not in (None, number):
            return False
        return self.path in (difference.path, without_indexes(difference.path))

    def is_expired(self, today: date) -> bool:
        """Return whether its time is over."""
        return self.expires is not None and today > self.expires


class AcceptedDifferences:
    """The accepted differences of a corpus, and which of them have been met."""

    def __init__(self, entries: Sequence[AcceptedDifference], today: date) -> None:
        self._entries = entries
        self._today = today
        self._used: set[int] = set()

    def find(self, file: str, number: int, difference: ResponseDifference) -> AcceptedDifference | None:
        """Return the entry that accepts a difference of an exchange; ``None`` if there is none."""
        found = None
        for place, entry in enumerate(self._entries):
            if not entry.is_expired(self._today) and entry.accepts(file, number, difference):
                self._used.add(place)
                found = found or entry
        return found

    def find_problems(self) -> Iterable[str]:
        """Yield a sentence for each entry that has expired, or that has accepted nothing."""
        for place, entry in enumerate(self._entries):
            where = f"{FILE}: entry {place + 1} ({entry.file}{f', exchange {entry.exchange}' if entry.exchange else ''}, {entry.path})"
            if entry.is_expired(self._today):
                yield f"{where} expired on {entry.expires}"
            elif place not in self._used:
                yield f"{where} excuses no difference; remove it"


def read_accepted(folder: Path) -> list[AcceptedDifference]:
    """Return the accepted differences of a corpus; none if it has no such file.

    Raises:
        AcceptedError: the file is invalid.
    """
    path = folder / FILE
    if not path.exists():
        return []
    try:
        document = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as reason:
        raise AcceptedError(f"{path}: this is no JSON: {reason}") from None
    entries = document.get("accepted") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise AcceptedError(f'{path}: this is no object with a list "accepted"')
    return [_read_entry(entry, f"{path}: accepted[{index}]") for index, entry in enumerate(entries)]


def _read_entry(entry: Any, where: str) -> AcceptedDifference:
    if not isinstance(entry, dict):
        raise AcceptedError(f"{where} is no object")
    for name, value in entry.items():
        if name not in _MEMBERS:
            raise AcceptedError(f"{where}.{name} is unknown; the members are {', '.join(_MEMBERS)}")
        if type(value) is not _MEMBERS[name] or value in ("", 0):
            kind = "a number from 1" if _MEMBERS[name] is int else "a text"
            raise AcceptedError(f"{where}.{name} is not {kind}")
    missing = next((name for name in ("file", "path", "reason") if name not in entry), None)
    if missing is not None:
        raise AcceptedError(f"{where} has no {missing}")
    if "issue" not in entry and "expires" not in entry:
        raise AcceptedError(f"{where} has neither an issue nor the day on which it expires")
    try:
        expires = date.fromisoformat(entry["expires"]) if "expires" in entry else None
    except ValueError:
        raise AcceptedError(f"{where}.expires is no day such as 2027-01-31") from None
    return AcceptedDifference(**{**entry, "expires": expires})
