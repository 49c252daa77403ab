"""Messages at rest: sealed layers, which are shared and keep columns, and the overlay that a world adds to.

A million message objects are half a gigabyte; in columns they are a sixth of that. A message is made of its row when
somebody looks at it, and of many rows at once that is cheap.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count, repeat
from operator import attrgetter, eq
from typing import Any, Protocol

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


_UTF8 = ("utf-8", "surrogatepass")


class _Column(Protocol):
    def pick(self, places: Sequence[int], /) -> Iterable[object]: ...


class _Same:
    """A column in which every row is alike."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def pick(self, places: Sequence[int]) -> Iterable[object]:
        return repeat(self._value, len(places))


class _Whole:
    """A column of numbers."""

    __slots__ = ("_numbers",)

    def __init__(self, numbers: Sequence[int]) -> None:
        self._numbers = numbers

    def pick(self, places: Sequence[int]) -> Iterable[object]:
        return map(self._numbers.__getitem__, places)


class _Few:
    """A column of few values, each kept once and called by its number."""

    __slots__ = ("_numbers", "_values")

    def __init__(self, rows: Sequence[object], values: set[object]) -> None:
        # Copied: a text that stays where a file was decoded keeps the memory around it from being given back.
        self._values = [value.encode(*_UTF8).decode(*_UTF8) if isinstance(value, str) else value for value in values]
        number_of = {value: number for number, value in enumerate(self._values)}
        self._numbers = array("B" if len(values) < 2**8 else "I", map(number_of.__getitem__, rows))

    def pick(self, places: Sequence[int]) -> Iterable[object]:
        return map(self._values.__getitem__, map(self._numbers.__getitem__, places))


class _Texts:
    """A column of texts that differ, in one piece of UTF-8: a third of what they are as objects."""

    __slots__ = ("_ends", "_whole")

    def __init__(self, texts: Iterable[str]) -> None:
        whole, ends = bytearray(), array("Q", (0,))
        for text in texts:
            whole += text.encode(*_UTF8)
            ends.append(len(whole))
        self._whole = bytes(whole)
        self._ends = array("I", ends) if len(whole) < 2**32 else ends

    def pick(self, places: Sequence[int]) -> Iterable[object]:
        whole, ends = self._whole, self._ends
        for place in places:
            yield whole[ends[place] : ends[place + 1]].decode(*_UTF8)


def _column(rows: Sequence[object]) -> _Column:
    # Looked at in part first: of texts that differ there may be a million.
    part = rows[:1024]
    if len(set(part)) * 2 > len(part) and all(isinstance(value, str) for value in rows):
        return _Texts(map(str, rows))
    values = set(rows)
    return _Same(rows[0]) if len(values) == 1 else _Few(rows, values)


def _field(messages: Iterable[Message], name: str) -> list[Any]:
    return [*map(attrgetter(name), messages)]


class Layer:
    """Messages that will never change, in order of time."""

    __slots__ = ("__weakref__", "_arrival", "_columns", "_handsets", "_shelves", "times")

    def __init__(
        self, messages: Iterable[Message] = (), *, column: Callable[[str], Sequence[Any]] | None = None
    ) -> None:
        """Take messages.

        Args:
            messages: their serials are consecutive.
            column: in their place, gives a field of each, in the order in which they came. Of a million nobody needs to
                make messages, nor to hold all fields at once.
        """
        column = column or partial(_field, sorted(messages, key=attrgetter("serial")))
        instants = column("at")
        order: Sequence[int] = sorted(range(len(instants)), key=instants.__getitem__)
        self._arrival = range(len(order)) if all(map(eq, order, count())) else array("I", order)
        self.times = array("q", map(instants.__getitem__, self._arrival))
        self._shelves: dict[Shelf, array[int]] = {}
        self._handsets: dict[str, array[int]] | None = None
        self._put_on_shelves(column)
        self._columns: dict[str, _Column] = {"serial": _Whole(self._arrival), "at": _Whole(self.times)}
        for name in Message._fields:
            if name not in self._columns:
                self._columns[name] = _column([*map(column(name).__getitem__, self._arrival)])

    def _put_on_shelves(self, column: Callable[[str], Sequence[Any]]) -> None:
        names = ("account", "kind", "program", "direction", "recipient", "sender")
        fields = (map(column(name).__getitem__, self._arrival) for name in names)
        # Thousands of messages stand on the same shelves.
        known: dict[tuple[Any, ...], list[array[int]]] = {}
        for place, (account, kind, program, direction, recipient, sender) in enumerate(zip(*fields, strict=True)):
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


class Overlay:
    """A world's own messages, in the order in which they came."""

    __slots__ = ("__weakref__", "_shelves", "rows", "times")

    def __init__(self) -> None:
        self.rows: list[Message] = []
        self.times = array("q")
        self._shelves: dict[Shelf, list[int]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, message: Message) -> None:
        """Put a message on its shelves."""
        place, at, times = len(self.rows), message.at, self.times
        self.rows.append(message)
        times.append(at)
        for shelf in (*message.shelves(), handset_shelf(message.handset)):
            positions = self._shelves.get(shelf)
            if positions is None:
                self._shelves[shelf] = [place]
            elif times[positions[-1]] <= at:
                positions.append(place)
            else:
                positions.insert(bisect_right(positions, at, key=times.__getitem__), place)

    @property
    def handsets(self) -> Mapping[str, Sequence[int]]:
        """The places of each handset's messages, in order of time."""
        return {shelf[1]: places for shelf, places in self._shelves.items() if shelf[0] == HANDSET}

    def positions(self, shelf: Shelf) -> Sequence[int]:
        """The places of a shelf's messages, in order of time."""
        return self._shelves.get(shelf, ())

    def messages(self, places: Sequence[int], first_serial: int, offset: int) -> Iterator[Message]:  # noqa: ARG002 - as in a layer
        """The messages of these places; they have their serial and their instant already."""
        return map(self.rows.__getitem__, places)

    def values(self, field: str, places: Sequence[int]) -> Iterable[object]:
        """One field of each of these places."""
        return map(attrgetter(field), map(self.rows.__getitem__, places))
