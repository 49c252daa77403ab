"""What is due later in a world: messages that arrive, attempts at deliveries. It decides when, and does nothing itself."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from .instants import Instant


class ScheduledItem(NamedTuple):
    """A message that will arrive, or an attempt that will be made."""

    at: Instant
    number: int
    """Which of those at the same instant comes first; unique in its world."""
    provider: str
    fields: Mapping[str, Any]
    """What the provider's `arrive` takes."""
    delivery: int = 0
    """The delivery at which an attempt will be made; 0 for a message."""


class Scheduler:
    """What is due, the earliest first."""

    __slots__ = ("_dues", "_last", "next")

    def __init__(self, dues: Iterable[ScheduledItem] = ()) -> None:
        self._dues = sorted(dues, key=_order)
        self._last = max((due.number for due in self._dues), default=0)
        self.next: Instant | None = None
        """When the next thing is due. Kept, because every request asks."""
        self._look()

    def _look(self) -> None:
        self.next = self._dues[0].at if self._dues else None

    def __len__(self) -> int:
        return len(self._dues)

    def __iter__(self) -> Iterator[ScheduledItem]:
        return iter(tuple(self._dues))

    def add(self, at: Instant, provider: str, fields: Mapping[str, Any], delivery: int = 0) -> None:
        """Put something down."""
        self._last += 1
        insort(self._dues, ScheduledItem(at, self._last, provider, fields, delivery), key=_order)
        self._look()

    def has_due(self, until: Instant) -> bool:
        """Whether anything is due at an instant."""
        return self.next is not None and self.next <= until

    def take(self, until: Instant) -> ScheduledItem | None:
        """Take out the earliest that is due at an instant."""
        if not self.has_due(until):
            return None
        due = self._dues.pop(0)
        self._look()
        return due

    def drop(self, delivery: int) -> None:
        """Strike out the attempt at a delivery: it is held, or made at another time."""
        self._dues = [due for due in self._dues if due.delivery != delivery]
        self._look()


def _order(due: ScheduledItem) -> tuple[Instant, int]:
    return due.at, due.number
