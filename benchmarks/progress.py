"""How far it is, on stderr: what was done, and about how long the rest takes."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping


class Progress:
    """Counts the plan's seconds down."""

    def __init__(self, parts: Mapping[str, float]) -> None:
        self._parts = dict(parts)
        self._begun = time.monotonic()
        self._overwrites = sys.stderr.isatty()

    @property
    def minutes(self) -> float:
        """Since it began."""
        return (time.monotonic() - self._begun) / 60

    def say(self, what: str, part: str | None = None, seconds: float = 0) -> None:
        """Tell what was done, and take its seconds off its part."""
        if part is not None:
            self._parts[part] = max(0.0, self._parts[part] - seconds)
        left = sum(self._parts.values())
        line = f"[{left // 60:3.0f}:{left % 60:02.0f} left] {what}"
        print(f"\r\x1b[K{line}" if self._overwrites else line, end="" if self._overwrites else "\n", file=sys.stderr)
        sys.stderr.flush()

    def over(self, part: str) -> None:
        """A part is done, however long it took."""
        self._parts[part] = 0.0
        self.say(f"{part}: done")
        if self._overwrites:
            print(file=sys.stderr)
