"""A feed of events: a bounded buffer of the latest ones, read by a cursor or by subscribers.

A cursor counts every item that was ever published, so a reader asks for the items *since* it, and learns how many of them
the buffer has already dropped.

A subscriber is called in the publisher's thread, without the feed's lock but possibly with a world's, so it must be quick,
must not block and must not call a world. `follow` and `first_since` leave no gap between reading and subscribing: they
subscribe only at a cursor up to which they have passed on everything.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain, islice
from threading import Lock
from typing import NamedTuple, TypeAlias

logger = logging.getLogger(__name__)

Subscriber: TypeAlias = Callable[[object, int], object]
"""Called with an item and the cursor after it."""

Stop: TypeAlias = Callable[[], object]
"""Ends a subscription; may be called from any thread, and more than once."""


class FeedPage(NamedTuple):
    """The items since a cursor."""

    items: tuple[object, ...]
    cursor: int
    """The cursor for the next call."""
    missed: int
    """How many items since the reader's cursor the buffer had already dropped."""


class _Subscription:
    """One subscription; compared by identity, because the same subscriber may subscribe twice."""

    __slots__ = ("subscriber",)

    def __init__(self, subscriber: Subscriber) -> None:
        self.subscriber = subscriber


class EventFeed:
    """The latest groups of items that were published: at most ``size`` groups."""

    __slots__ = ("_groups", "_held", "_lock", "_size", "_subscriptions", "cursor")

    def __init__(self, size: int = 1_000) -> None:
        self._size = size
        self._groups: deque[tuple[int, Iterable[object]]] = deque()
        self._held = 0
        self._lock = Lock()
        self._subscriptions: tuple[_Subscription, ...] = ()  # replaced, never mutated: publishers iterate over it
        self.cursor = 0
        """How many items have been published."""

    @property
    def subscribers(self) -> int:
        """The number of subscriptions."""
        return len(self._subscriptions)

    def publish(self, item: object) -> None:
        """Add an item, and call the subscribers."""
        self.publish_all((item,), 1)

    def publish_all(self, group: Iterable[object], count: int) -> None:
        """Add items together, in order, and call the subscribers.

        Args:
            group: the items; immutable, and iterated over only when it is read.
            count: the number of items.
        """
        with self._lock:
            self._groups.append((count, group))
            self._held += count
            if len(self._groups) > self._size:
                self._held -= self._groups.popleft()[0]
            self.cursor += count
            cursor, subscriptions = self.cursor, self._subscriptions
        if subscriptions:
            for at, item in enumerate(group, cursor - count + 1):
                _notify(subscriptions, item, at)

    def skip(self, count: int) -> None:
        """Count items that were published elsewhere, and are not here: readers miss them, and all before them."""
        if count > 0:
            with self._lock:
                self._groups.clear()
                self._held = 0
                self.cursor += count

    def since(self, cursor: int) -> FeedPage:
        """Return the items that were published since a cursor."""
        with self._lock:
            new = max(0, self.cursor - cursor)
            wanted = min(new, self._held)
            groups: list[Iterable[object]] = []
            found = 0
            for count, group in reversed(self._groups):
                if found >= wanted:
                    break
                groups.append(group)
                found += count
            cursor = self.cursor
        items = chain.from_iterable(reversed(groups))
        return FeedPage(tuple(islice(items, found - wanted, None)), cursor, new - wanted)

    def listen(self, subscriber: Subscriber) -> Stop:
        """Subscribe to everything from now on, until the result is called.

        With several publishing threads, calls may come in another order than that of the cursors, and a call that has
        begun may still run after the subscription was ended.
        """
        subscription = _Subscription(subscriber)
        with self._lock:
            self._subscriptions = (*self._subscriptions, subscription)
        return partial(self._unsubscribe, subscription)

    def follow(self, cursor: int, subscriber: Subscriber) -> Stop:
        """Subscribe to everything since a cursor: the existing items are passed on in this call, the rest as they are published.

        Items that the buffer has already dropped are missing; the cursor of the first call shows how many.
        """
        subscription = _Subscription(subscriber)
        while True:
            page = self.since(cursor)
            for at, item in enumerate(page.items, page.cursor - len(page.items) + 1):
                subscriber(item, at)
            if self._join(subscription, page.cursor):
                return partial(self._unsubscribe, subscription)
            cursor = page.cursor

    def first_since(self, cursor: int, is_wanted: Callable[[object], bool], found: Subscriber) -> Stop:
        """Call back once, with the first wanted item since a cursor; at once if it is already published.

        Args:
            cursor: items up to it are ignored.
            is_wanted: whether an item is wanted; called like a subscriber.
            found: called with the item.
        """
        subscription = _Subscription(
            lambda item, at: is_wanted(item) and self._unsubscribe(subscription) and found(item, at)
        )
        while True:
            page = self.since(cursor)
            for at, item in enumerate(page.items, page.cursor - len(page.items) + 1):
                if is_wanted(item):
                    found(item, at)
                    return partial(self._unsubscribe, subscription)
            if self._join(subscription, page.cursor):
                return partial(self._unsubscribe, subscription)
            cursor = page.cursor

    def _join(self, subscription: _Subscription, cursor: int) -> bool:
        """Subscribe, unless something was published since the cursor. Returns whether it did."""
        with self._lock:
            if self.cursor != cursor:
                return False
            self._subscriptions = (*self._subscriptions, subscription)
            return True

    def _unsubscribe(self, subscription: _Subscription) -> bool:
        """Remove a subscription. Returns whether it existed; of concurrent calls only one returns true."""
        with self._lock:
            others = tuple(other for other in self._subscriptions if other is not subscription)
            was_there = len(others) < len(self._subscriptions)
            self._subscriptions = others
        subscription.subscriber = _ignore  # that of `first_since` refers to its subscription
        return was_there


def _ignore(_item: object, _cursor: int) -> None:
    """Do nothing: the subscription has ended."""


def _notify(subscriptions: tuple[_Subscription, ...], item: object, cursor: int) -> None:
    for subscription in subscriptions:
        try:
            subscription.subscriber(item, cursor)
        except Exception:  # a failing subscriber must not affect the publisher
            logger.exception("A subscriber of a feed failed")
