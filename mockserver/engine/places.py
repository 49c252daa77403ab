"""Sorted lists of places in a segment."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Any, overload


class PlaceList(Sequence[int]):
    """The places of an index key's messages, in order. To remove one, those on its shorter side are moved.

    So messages that leave a key in the order in which they came, as those with a certain status do, cost no more when
    there are many. Parts of it are arrays of their own, which do not change any more.
    """

    __slots__ = ("_array", "_start")

    def __init__(self, places: Iterable[int] = ()) -> None:
        self._array = array("I", places)
        self._start = 0
        """The number of elements at the beginning that were removed and are still in the array."""

    def __len__(self) -> int:
        return len(self._array) - self._start

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> array[int]: ...
    def __getitem__(self, index: int | slice) -> int | array[int]:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            return self._array[start + self._start : stop + self._start : step]
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self._array[index + self._start]

    def append(self, place: int) -> None:
        """Add the last place."""
        self._array.append(place)

    def insert(self, place: int, key: Callable[[int], Any]) -> None:
        """Add a place where its key belongs."""
        self._array.insert(bisect_left(self._array, key(place), lo=self._start, key=key), place)

    def remove(self, place: int, key: Callable[[int], Any]) -> None:
        """Remove a place, which is found by its key."""
        index, start = bisect_left(self._array, key(place), lo=self._start, key=key), self._start
        if index - start > len(self._array) - index:
            del self._array[index]
            return
        self._array[start + 1 : index + 1] = self._array[start:index]
        self._start += 1
        if 2 * self._start > len(self._array):
            del self._array[: self._start]
            self._start = 0
