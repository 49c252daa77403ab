"""The scheduled items of a world: inbound messages, attempts at deliveries and changes of messages. `World` runs them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from heapq import heapify, heappop, heappush
from typing import Any, NamedTuple

from .frozen import NO_FIELDS
from .instants import Instant


class ScheduledItem(NamedTuple):
    """An inbound message, an attempt at a delivery, or a change of a message, at a later instant."""

    at: Instant
    number: int
    """The order of items at the same instant; unique in the world."""
    provider: str
    """The name of the provider; empty for a change of a message, whose account says it."""
    fields: Mapping[str, Any]
    """The fields of the inbound message, for the provider's `receive_inbound`."""
    delivery: int = 0
    """The number of the delivery to attempt; 0 for a message."""
    serial: int | None = None
    """The serial of the message that changes, for the provider's `advance_message`; ``None`` for another item."""


class Scheduler:
    """The items that have not been run, the earliest first. Each call takes a time that grows with the logarithm of their number."""

    __slots__ = ("_attempts", "_changes", "_heap", "_items", "last", "next")

    def __init__(self, items: Iterable[ScheduledItem] = ()) -> None:
        self._items = {item.number: item for item in items}
        self._heap = [(item.at, item.number) for item in self._items.values()]
        """The order of the items. An item that was removed stays in it until it is the first, or most are such items."""
        heapify(self._heap)
        self._attempts: dict[int, list[int]] = {}
        """The numbers of the items that attempt each delivery, by the delivery's number."""
        self._changes: dict[int, int] = {}
        """The number of the item that changes each message, by the message's serial."""
        for item in self._items.values():
            self._note(item)
        self.last = max(self._items, default=0)
        """The number of the item that was added last."""
        self.next: Instant | None = None
        """When the next item is due. Stored, because every request reads it."""
        self._update_next()

    def _note(self, item: ScheduledItem) -> None:
        if item.delivery:
            self._attempts.setdefault(item.delivery, []).append(item.number)
        elif item.serial is not None:
            self._changes[item.serial] = item.number

    def _update_next(self) -> None:
        heap, items = self._heap, self._items
        while heap and heap[0][1] not in items:
            heappop(heap)
        self.next = heap[0][0] if heap else None

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[ScheduledItem]:
        """Iterate over the items of this moment, the earliest first."""
        heap, items = self._heap.copy(), self._items.copy()
        while heap:
            item = items.get(heappop(heap)[1])
            if item is not None:
                yield item

    def add(
        self, at: Instant, provider: str, fields: Mapping[str, Any], delivery: int = 0, serial: int | None = None
    ) -> None:
        """Add an item."""
        self.last = number = self.last + 1
        self._items[number] = item = ScheduledItem(at, number, provider, fields, delivery, serial)
        self._note(item)
        heappush(self._heap, (at, number))
        if self.next is None or at < self.next:
            self.next = at

    def first_due(self, until: Instant) -> ScheduledItem | None:
        """Return the earliest item that is due at an instant; ``None`` when none is."""
        return self._items[self._heap[0][1]] if self.next is not None and self.next <= until else None

    def remove(self, number: int) -> None:
        """Remove an item that was run."""
        item = self._items.pop(number)
        if item.delivery:
            numbers = self._attempts[item.delivery]
            numbers.remove(number)
            if not numbers:
                del self._attempts[item.delivery]
        elif item.serial is not None:
            del self._changes[item.serial]
        if len(self._heap) > 2 * len(self._items) + _FEW:
            self._heap = [(item.at, item.number) for item in self._items.values()]
            heapify(self._heap)
        self._update_next()

    def cancel(self, delivery: int) -> None:
        """Remove the scheduled attempts at a delivery, which is held or rescheduled."""
        for number in tuple(self._attempts.get(delivery, ())):
            self.remove(number)

    def schedule_change(self, serial: int, at: Instant | None) -> None:
        """Let a message change at an instant, in place of an earlier one; ``None`` for never."""
        number = self._changes.get(serial)
        if number is not None:
            self.remove(number)
        if at is not None:
            self.add(at, "", NO_FIELDS, serial=serial)

    def change_of(self, serial: int) -> Instant | None:
        """Return when a message changes; ``None`` for never."""
        number = self._changes.get(serial)
        return None if number is None else self._items[number].at

    def copy(self) -> Scheduler:
        """Return an exact copy."""
        twin = Scheduler()
        twin._items, twin._heap, twin._changes = self._items.copy(), self._heap.copy(), self._changes.copy()
        twin._attempts = {delivery: numbers.copy() for delivery, numbers in self._attempts.items()}
        twin.last, twin.next = self.last, self.next
        return twin

    def fork(self) -> Scheduler:
        """Return a copy for a fork, without the attempts at deliveries: only the original world makes these."""
        return Scheduler(item for item in self._items.values() if not item.delivery)


_FEW = 1_000
"""The removed items in the order that are not worth its renewal."""
