"""The scheduled items of a world: inbound messages and attempts at deliveries. `World` runs them."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from .instants import Instant


class ScheduledItem(NamedTuple):
    """An inbound message, or an attempt at a delivery, at a later instant."""

    at: Instant
    number: int
    """The order of items at the same instant; unique in the world."""
    provider: str
    fields: Mapping[str, Any]
    """The fields of the message, for the provider's `receive_inbound`."""
    delivery: int = 0
    """The number of the delivery to attempt; 0 for a message."""


class Scheduler:
    """The items that have not been run, the earliest first."""

    __slots__ = ("_items", "last", "next")

    def __init__(self, items: Iterable[ScheduledItem] = ()) -> None:
        self._items = sorted(items, key=_order)
        self.last = max((item.number for item in self._items), default=0)
        """The number of the item that was added last."""
        self.next: Instant | None = None
        """When the next item is due. Stored, because every request reads it."""
        self._update_next()

    def _update_next(self) -> None:
        self.next = self._items[0].at if self._items else None

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[ScheduledItem]:
        return iter(tuple(self._items))

    def add(self, at: Instant, provider: str, fields: Mapping[str, Any], delivery: int = 0) -> None:
        """Add an item."""
        self.last += 1
        insort(self._items, ScheduledItem(at, self.last, provider, fields, delivery), key=_order)
        self._update_next()

    def first_due(self, until: Instant) -> ScheduledItem | None:
        """Return the earliest item that is due at an instant; ``None`` when none is."""
        return self._items[0] if self.next is not None and self.next <= until else None

    def remove(self, number: int) -> None:
        """Remove an item that was run."""
        index = next(index for index, item in enumerate(self._items) if item.number == number)
        del self._items[index]
        self._update_next()

    def cancel(self, delivery: int) -> None:
        """Remove the scheduled attempt at a delivery, which is held or rescheduled."""
        self._items = [item for item in self._items if item.delivery != delivery]
        self._update_next()


def _order(item: ScheduledItem) -> tuple[Instant, int]:
    return item.at, item.number
