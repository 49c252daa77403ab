"""What happened in a world, as a bounded ring with a cursor.

A cursor counts everything that was ever published, so a reader asks for what came *after* it and can tell when the
ring has already let go of some of that. Counting what is there now would miss what fell out at the other end.

Who does not want to ask again listens. A listener is called in the publisher's thread, without the feed's lock but
perhaps with a world's, so it must be quick, wait for nothing and ask no world. Between reading and listening there is
no gap: `follow` and `first_after` begin to listen at a cursor behind which there is nothing they have not seen.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Sized
from functools import partial
from itertools import chain, islice
from threading import Lock
from typing import NamedTuple, Protocol, TypeAlias

logger = logging.getLogger(__name__)

Listener: TypeAlias = Callable[[object, int], object]
"""Is told of an item and of the cursor behind it."""

Stop: TypeAlias = Callable[[], object]
"""Ends listening; may be called from any thread, and more than once."""


class Group(Sized, Iterable[object], Protocol):
    """Things that are published together. It never changes."""


class FeedPage(NamedTuple):
    """What a reader gets."""

    items: tuple[object, ...]
    cursor: int
    """Ask with this next time."""
    missed: int
    """How many items after the reader's cursor were already gone."""


class _Subscription:
    """One listening. An object of its own, for the same listener may listen twice."""

    __slots__ = ("hear",)

    def __init__(self, hear: Listener) -> None:
        self.hear = hear


class EventFeed:
    """The latest things that happened: ``size`` of them, and more where several were published together."""

    __slots__ = ("_ears", "_groups", "_held", "_lock", "_size", "cursor")

    def __init__(self, size: int = 1_000) -> None:
        self._size = size
        self._groups: deque[tuple[int, Group]] = deque()
        self._held = 0
        self._lock = Lock()
        self._ears: tuple[_Subscription, ...] = ()  # replaced, never changed: publishers walk along it
        self.cursor = 0
        """How many things have been published."""

    def publish(self, item: object) -> None:
        """Add what happened, and tell who listens."""
        self.publish_all((item,))

    def publish_all(self, group: Group) -> None:
        """Add what happened together, in order, and tell who listens. The group is asked for its items when somebody reads them."""
        count = len(group)
        with self._lock:
            self._groups.append((count, group))
            self._held += count
            if len(self._groups) > self._size:
                self._held -= self._groups.popleft()[0]
            self.cursor += count
            cursor, ears = self.cursor, self._ears
        if ears:
            for at, item in enumerate(group, cursor - count + 1):
                _tell_ears(ears, item, at)

    def after(self, cursor: int) -> FeedPage:
        """What was published after a cursor."""
        with self._lock:
            new = max(0, self.cursor - cursor)
            wanted = min(new, self._held)
            groups: list[Group] = []
            found = 0
            for count, group in reversed(self._groups):
                if found >= wanted:
                    break
                groups.append(group)
                found += count
            cursor = self.cursor
        items = chain.from_iterable(reversed(groups))
        return FeedPage(tuple(islice(items, found - wanted, None)), cursor, new - wanted)

    def listen(self, listener: Listener) -> Stop:
        """Be told of everything from now on, until the answer is called.

        Publishers in several threads may tell of their items in another order than that of the cursors. A call that is
        on its way may still come after the stop.
        """
        ear = _Subscription(listener)
        with self._lock:
            self._ears = (*self._ears, ear)
        return partial(self._forget, ear)

    def follow(self, cursor: int, listener: Listener) -> Stop:
        """Be told of everything after a cursor: of what is there in this call, of the rest as it happens.

        What the ring has already let go of is missing; the first cursor that is told says how much that was.
        """
        ear = _Subscription(listener)
        while True:
            reading = self.after(cursor)
            for at, item in enumerate(reading.items, reading.cursor - len(reading.items) + 1):
                listener(item, at)
            if self._join(ear, reading.cursor):
                return partial(self._forget, ear)
            cursor = reading.cursor

    def first_after(self, cursor: int, is_wanted: Callable[[object], bool], found: Listener) -> Stop:
        """Be told once, of the first item after a cursor that is wanted: in this call if it is there already.

        Args:
            cursor: what was published until then does not count.
            is_wanted: whether it is one; called as listeners are.
            found: is told of it.
        """
        ear = _Subscription(lambda item, at: is_wanted(item) and self._forget(ear) and found(item, at))
        while True:
            reading = self.after(cursor)
            for at, item in enumerate(reading.items, reading.cursor - len(reading.items) + 1):
                if is_wanted(item):
                    found(item, at)
                    return partial(self._forget, ear)
            if self._join(ear, reading.cursor):
                return partial(self._forget, ear)
            cursor = reading.cursor

    def _join(self, ear: _Subscription, cursor: int) -> bool:
        """Listen, unless something was published after the cursor."""
        with self._lock:
            if self.cursor != cursor:
                return False
            self._ears = (*self._ears, ear)
            return True

    def _forget(self, ear: _Subscription) -> bool:
        """Listen no longer; whether it did. Only one of those who call at the same time is told so."""
        with self._lock:
            ears = tuple(other for other in self._ears if other is not ear)
            is_there = len(ears) < len(self._ears)
            self._ears = ears
            return is_there


def _tell_ears(ears: tuple[_Subscription, ...], item: object, cursor: int) -> None:
    for ear in ears:
        try:
            ear.hear(item, cursor)
        except Exception:  # what happened has happened, whatever a listener makes of it
            logger.exception("Error in a listener of a feed")
