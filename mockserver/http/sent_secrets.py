"""The secrets that clients sent to one world, and their masking wherever they recur.

A text is searched in time linear in its length, however many secrets there are: a secret is found by its longest run of
letters and digits, which a look-up finds among the text's runs. So a secret inside a longer word is not found.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from threading import Lock
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "[masked]"

_LEAST, _MOST = 6, 1_000
"""The characters of a secret that is masked wherever it recurs; a shorter one is masked only in its own place."""
_MANY, _SIMILAR = 10_000, 16
"""How many secrets are kept for a world, and how many with the same longest run."""
_LARGE = 4 * 2**20
"""The characters that the spellings of a world's secrets may have together."""
_RUN = re.compile(r"[^\W_]+")
_PERCENT = re.compile(r"%[0-9A-F]{2}")


class SentSecrets:
    """The secrets that were sent in a credential's place, by their runs."""

    def __init__(self) -> None:
        self.count = 0
        """How many there are."""
        self.scanned = 0
        """The number of the exchange up to which the journal was searched for them."""
        self.lock = Lock()
        """Held while exchanges of the journal are masked."""
        self._values: set[str] = set()
        self._held = 0  # characters
        self._by_run: dict[str, list[tuple[str, int]]] = {}

    def add(self, value: str) -> None:
        """Add a secret."""
        if len(value) > 4 * _MOST:  # bytes of UTF-8
            return
        value = _readable(value)
        if not _LEAST <= len(value) <= _MOST or value in self._values or self._is_full:
            return
        self._values.add(value)
        for spelling in dict.fromkeys(_spellings(value)):
            run = max(_RUN.finditer(spelling), key=lambda found: len(found[0]), default=None)
            if run is not None:
                similar = self._by_run.setdefault(run[0], [])
                if len(similar) < _SIMILAR:
                    similar.append((spelling, run.start()))
                    self._held += len(spelling) + len(run[0])
        self.count += 1

    @property
    def _is_full(self) -> bool:
        """Whether no more are kept."""
        return self.count >= _MANY or self._held >= _LARGE

    def mask(self, text: str) -> str:
        """Return a text with the secrets masked."""
        if not self.count:
            return text
        pieces, done = [], 0
        for start, end in self._found(text):
            if start >= done:
                pieces += [text[done:start], MASK]
            done = max(done, end)
        return "".join([*pieces, text[done:]]) if done else text

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where secrets begin and end, each after the one before it."""
        by_run = self._by_run
        for run in _RUN.finditer(text):
            for spelling, offset in by_run.get(run[0], ()):
                start = run.start() - offset
                if start >= 0 and text.startswith(spelling, start):
                    yield start, start + len(spelling)

    def mask_data(self, data: Any) -> Any:
        """Return data of JSON with the secrets in its texts masked."""
        if not self.count:
            return data
        if isinstance(data, str):
            return self.mask(data)
        if isinstance(data, dict):
            return {key: self.mask_data(value) for key, value in data.items()}
        if isinstance(data, (list, tuple)):
            return [self.mask_data(value) for value in data]
        return data


def _readable(value: str) -> str:
    """Return a text of UTF-8 that was decoded as Latin-1, as bytes of requests are, decoded as UTF-8."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _spellings(value: str) -> Iterator[str]:
    """Yield a secret as it is spelled in texts, URLs, forms, JSON, XML and bytes."""
    yield value
    for quoted in (quote(value, safe="", errors="replace"), quote_plus(value, errors="replace")):
        yield quoted
        yield _PERCENT.sub(lambda found: found[0].lower(), quoted)
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield escape(value)
    yield escape(value, quote=False)
    yield value.encode("utf-8", "replace").decode("latin-1")
