"""What happened in a world, as a bounded ring with a cursor.

A cursor counts everything that was ever published, so a reader asks for what came *after* it and can tell when the
ring has already let go of some of that. Counting what is there now would miss what fell out at the other end.
"""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import NamedTuple


class Reading(NamedTuple):
    """What a reader gets."""

    items: tuple[object, ...]
    cursor: int
    """Ask with this next time."""
    missed: int
    """How many items after the reader's cursor were already gone."""


class Feed:
    """The latest ``size`` things that happened."""

    __slots__ = ("_items", "_lock", "cursor")

    def __init__(self, size: int = 1_000) -> None:
        self._items: deque[object] = deque(maxlen=size)
        self._lock = Lock()
        self.cursor = 0
        """How many things have been published."""

    def publish(self, item: object) -> None:
        """Add what happened."""
        with self._lock:
            self._items.append(item)
            self.cursor += 1

    def after(self, cursor: int) -> Reading:
        """What was published after a cursor."""
        with self._lock:
            oldest = self.cursor - len(self._items)
            missed = max(0, oldest - cursor)
            skip = min(max(0, cursor - oldest), len(self._items))
            return Reading(tuple(self._items)[skip:], self.cursor, missed)
