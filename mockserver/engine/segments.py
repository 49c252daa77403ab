"""Messages at rest: sealed layers, which are shared and keep columns, and the overlay that a world adds to.

A message is made of its row when somebody looks at it, and of many rows at once that is cheap.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from threading import Lock
from typing import Any, Protocol

from .columns import Column, Rows, Whole, rows_of
from .messages import HANDSET, Message, Shelf, handset_of, handset_shelf, shelves


class Source(Protocol):
    """Messages by place, counted from 0, which never change; what is known of one is true for ever."""

    @property
    def times(self) -> Sequence[int]:
        """The instant of each place."""

    def positions(self, shelf: Shelf) -> Sequence[int]:
        """The places of a shelf's messages, in order of time."""

    def messages(self, places: Sequence[int], first_serial: int, offset: int) -> Iterator[Message]:
        """The messages of these places, as they look to a world that has them at that serial and offset in time."""

    def values(self, field: str, places: Sequence[int]) -> Iterable[object]:
        """One field of each of these places; of serial and instant, those before they are moved."""

    @property
    def handsets(self) -> Mapping[str, Sequence[int]]:
        """The places of each handset's messages, in order of time."""


class Layer:
    """Messages that will never change, in order of time."""

    __slots__ = ("__weakref__", "_arrival", "_columns", "_handsets", "_shelves", "times")

    def __init__(self, messages: Iterable[Message] | Rows = ()) -> None:
        """Take messages, whose serials are consecutive, or the rows of a million that nobody needs to make."""
        rows = messages if isinstance(messages, Rows) else rows_of(messages)
        self._arrival = rows.order()
        self.times = array("q", map(rows.at.__getitem__, self._arrival))
        self._columns: dict[str, Column] = {
            **rows.columns(self._arrival),
            "serial": Whole(self._arrival),
            "at": Whole(self.times),
        }
        self._shelves: dict[Shelf, array[int]] = {}
        self._handsets: dict[str, array[int]] | None = None
        if self.times:
            self._put_on_shelves()

    def _put_on_shelves(self) -> None:
        names, everywhere = ("account", "kind", "program", "direction", "recipient", "sender"), range(len(self))
        rows: Iterable[tuple[Any, ...]] = zip(*(self._columns[name].pick(everywhere) for name in names), strict=True)
        # Thousands of messages stand on the same shelves.
        known: dict[tuple[Any, ...], list[array[int]]] = {}
        for place, (account, kind, program, direction, recipient, sender) in enumerate(rows):
            alike = account, recipient if direction == "inbound" else sender, kind, program, direction
            stand = known.get(alike)
            if stand is None:
                stand = known[alike] = [self._shelves.setdefault(shelf, array("I")) for shelf in shelves(*alike)]
            for shelf in stand:
                shelf.append(place)

    def __len__(self) -> int:
        return len(self.times)

    @property
    def handsets(self) -> Mapping[str, Sequence[int]]:
        """The places of each handset's messages, in order of time.

        Made at the first look, for all worlds that share this layer, because only people look: a million messages take
        about a second, so look once without holding a world's lock.
        """
        if self._handsets is None:
            found: dict[str, array[int]] = {}
            everywhere = range(len(self))
            fields = (self._columns[name].pick(everywhere) for name in ("direction", "sender", "recipient"))
            for place, (direction, sender, recipient) in enumerate(zip(*fields, strict=True)):
                number = handset_of(str(sender if direction == "inbound" else recipient))
                found.setdefault(number, array("I")).append(place)
            self._handsets = found
        return self._handsets

    def positions(self, shelf: Shelf) -> Sequence[int]:
        """The places of a shelf's messages, in order of time."""
        if shelf[0] == HANDSET:
            return self.handsets.get(shelf[1], ())
        return self._shelves.get(shelf, ())

    def messages(self, places: Sequence[int], first_serial: int, offset: int) -> Iterator[Message]:
        """The messages of these places, as they look to a world that has this layer at that serial and offset in time."""
        columns = {name: self._columns[name].pick(places) for name in Message._fields}
        columns["serial"] = (first_serial + self._arrival[place] for place in places)
        columns["at"] = (self.times[place] + offset for place in places)
        return map(Message._make, zip(*columns.values(), strict=True))

    def values(self, field: str, places: Sequence[int]) -> Iterable[object]:
        """One field of each of these places."""
        return self._columns[field].pick(places)


_BATCH = 32
"""Messages that wait to be put on their shelves. To do so many at once takes half the time, and less than a tenth of a millisecond."""


class Overlay:
    """A world's own messages, in the order in which they came. They are put on their shelves when somebody looks, or by the batch."""

    __slots__ = ("__weakref__", "_shelved", "_shelves", "_turn", "rows", "times")

    def __init__(self) -> None:
        self.rows: list[Message] = []
        self.times = array("q")
        self._shelves: dict[Shelf, list[int]] = {}
        self._shelved = 0
        """How many of the rows stand on theirs."""
        self._turn = Lock()

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, message: Message) -> None:
        """Take a message in."""
        self.times.append(message.at)
        self.rows.append(message)
        if len(self.rows) - self._shelved >= _BATCH:
            self._shelve()

    def _shelve(self) -> None:
        """Put what has come on its shelves. The tester may look in one thread while a client sends in another."""
        with self._turn:
            come = len(self.rows)
            for place in range(self._shelved, come):
                self._put(place)
            self._shelved = come

    def _put(self, place: int) -> None:
        message, times, known = self.rows[place], self.times, self._shelves
        for shelf in (*message.shelves(), handset_shelf(message.handset)):
            positions = known.get(shelf)
            if positions is None:
                known[shelf] = [place]
            elif times[positions[-1]] <= message.at:
                positions.append(place)
            else:
                positions.insert(bisect_right(positions, message.at, key=times.__getitem__), place)

    @property
    def handsets(self) -> Mapping[str, Sequence[int]]:
        """The places of each handset's messages, in order of time."""
        standing = self._standing()
        with self._turn:
            return {shelf[1]: places for shelf, places in standing.items() if shelf[0] == HANDSET}

    def positions(self, shelf: Shelf) -> Sequence[int]:
        """The places of a shelf's messages, in order of time."""
        return self._standing().get(shelf, ())

    def _standing(self) -> Mapping[Shelf, Sequence[int]]:
        """The shelves, with everything on them."""
        if self._shelved < len(self.rows):
            self._shelve()
        return self._shelves

    def messages(self, places: Sequence[int], first_serial: int, offset: int) -> Iterator[Message]:  # noqa: ARG002 - as in a layer
        """The messages of these places; they have their serial and their instant already."""
        return map(self.rows.__getitem__, places)

    def values(self, field: str, places: Sequence[int]) -> Iterable[object]:
        """One field of each of these places."""
        return map(attrgetter(field), map(self.rows.__getitem__, places))
