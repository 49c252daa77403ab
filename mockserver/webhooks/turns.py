"""Fair shares: how many places an owner gets of a limited number, and in which order owners take turns."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Places:
    """A limited number of places, and who has taken them.

    An owner gets up to ``per_owner``. Once half of all places are taken, an owner that has one gets no further one: the
    other half is for owners that have none, so that the first comers cannot take everything.
    """

    def __init__(self, most: int, per_owner: int) -> None:
        self.taken = 0
        """The number of places that are taken."""
        self.most = most
        self._per_owner = per_owner
        self._shared = most - most // 2
        self._taken_by: dict[str, int] = {}

    def has_place(self, owner: str) -> bool:
        """Return whether an owner may take a place now."""
        own = self._taken_by.get(owner, 0)
        return self.taken < self.most and own < self._per_owner and (not own or self.taken < self._shared)

    def take(self, owner: str) -> None:
        """Take a place."""
        self.taken += 1
        self._taken_by[owner] = self._taken_by.get(owner, 0) + 1

    def leave(self, owner: str) -> None:
        """Leave a place."""
        self.taken -= 1
        self._taken_by[owner] -= 1
        if not self._taken_by[owner]:
            del self._taken_by[owner]


class Turns(Generic[T]):
    """Items that wait for a place. Owners take turns, and so do the items of each owner, in the order in which they came."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._waiting: dict[str, deque[T]] = {}

    def __bool__(self) -> bool:
        """Whether an item waits."""
        return bool(self._waiting)

    def put(self, owner: str, item: T) -> None:
        """Add an item."""
        self._waiting.setdefault(owner, deque()).append(item)

    def take(self, is_possible: Callable[[str, T], bool] = lambda _owner, _item: True) -> tuple[str, T] | None:
        """Take the next item for which there is a place, and which is possible now, with its owner; ``None`` for none.

        The place is taken too; `Places.leave` returns it.
        """
        if self._places.taken >= self._places.most:
            return None
        for owner, items in self._waiting.items():
            if not self._places.has_place(owner):
                continue
            for position, item in enumerate(items):
                if is_possible(owner, item):
                    del items[position]
                    del self._waiting[owner]
                    if items:
                        self._waiting[owner] = items  # behind the others
                    self._places.take(owner)
                    return owner, item
        return None

    def forget(self, owner: str | None = None) -> None:
        """Discard the waiting items of an owner, or all."""
        if owner is None:
            self._waiting.clear()
        else:
            self._waiting.pop(owner, None)
