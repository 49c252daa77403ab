"""All messages of a world, found by shelf and time; a page costs what the page holds, wherever it is.

A ledger is a pile of sealed layers under one open overlay. A layer is immutable and shared: a fixture is parsed once
for a thousand worlds, a fork seals what its parent had. It keeps columns, not objects, because a million objects
are half a gigabyte. A layer may lie at an offset in time: a fixture's relative messages are as many microseconds
before the birth of whichever world reads them.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import count, islice
from operator import attrgetter, eq
from sys import intern
from typing import NamedTuple, Protocol

from .instants import Instant
from .messages import Message, Shelf, handset_of, handset_shelf

_by_time = attrgetter("at", "serial")
_at = attrgetter("at")
_SERIAL = Message._fields.index("serial")
_TIME = Message._fields.index("at")
_HANDSET = "handset"
_INTERNED = frozenset(("account", "direction", "kind", "sender", "recipient"))


class _Column(Protocol):
    def __getitem__(self, position: int, /) -> object: ...


class _Same:
    """A column in which every row is alike."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def __getitem__(self, position: int, /) -> object:
        return self._value


class Layer:
    """Messages that will never change, in order of time."""

    __slots__ = ("_arrival", "_columns", "_handsets", "_shelves", "times")

    def __init__(self, messages: Iterable[Message] = ()) -> None:
        """Take messages whose serials are consecutive."""
        rows = sorted(messages, key=_by_time)
        first = min((row.serial for row in rows), default=0)
        arrival = array("I", (row.serial - first for row in rows))
        self._arrival = range(len(rows)) if all(map(eq, arrival, count())) else arrival
        self.times = array("q", (row.at for row in rows))
        self._columns = [
            _column(name, values) for name, values in zip(Message._fields, zip(*rows, strict=True), strict=False)
        ]
        self._shelves: dict[Shelf, array[int]] = {}
        self._handsets: dict[str, array[int]] | None = None
        for position, row in enumerate(rows):
            for shelf in row.shelves():
                self._shelves.setdefault(shelf, array("I")).append(position)

    @property
    def handsets(self) -> Mapping[str, Sequence[int]]:
        """Where each handset's messages stand, in order of time.

        Made at the first look, for all worlds that share this layer, because only people look: a million messages take
        about a second, so look once without holding a world's lock.
        """
        if self._handsets is None:
            found: dict[str, array[int]] = {}
            column = dict(zip(Message._fields, self._columns, strict=False))
            for position in range(len(self)):
                side = "sender" if column["direction"][position] == "inbound" else "recipient"
                found.setdefault(handset_of(str(column[side][position])), array("I")).append(position)
            self._handsets = found
        return self._handsets

    def __len__(self) -> int:
        return len(self.times)

    def positions(self, shelf: Shelf) -> Sequence[int]:
        """Where a shelf's messages stand, in order of time."""
        if shelf[0] == _HANDSET:
            return self.handsets.get(shelf[1], ())
        return self._shelves.get(shelf, ())

    def message(self, position: int, first_serial: int, offset: int) -> Message:
        """The message at a position, as it looks to a world that has this layer at that serial and offset in time."""
        values = [column[position] for column in self._columns]
        values[_SERIAL] = first_serial + self._arrival[position]
        values[_TIME] = self.times[position] + offset
        return Message._make(values)


def _column(name: str, values: tuple[object, ...]) -> _Column:
    if name in ("serial", "at"):  # `_arrival` and `times` say them
        return _Same(None)
    if len(set(values[:64])) == 1 and len(set(values)) == 1:
        return _Same(values[0])
    if name in _INTERNED:
        return [intern(str(value)) for value in values]
    return list(values)


class Handset(NamedTuple):
    """One handset that messages went to or came from."""

    number: str
    """As `handset_of` writes it."""
    messages: int
    latest: Instant
    """When the latest of them went or came."""


class _Laid(NamedTuple):
    """A layer as it lies in one ledger."""

    layer: Layer
    first_serial: int
    offset: int


class _Run(Protocol):
    """One shelf of one layer between two instants, in order of time."""

    def __len__(self) -> int: ...
    def rank(self, at: Instant) -> int:
        """How many of its messages are earlier than an instant."""

    def time(self, index: int) -> Instant: ...
    def messages(self, start: int) -> Iterator[Message]: ...


class _LayerRun:
    __slots__ = ("_high", "_laid", "_low", "_positions")

    def __init__(self, laid: _Laid, shelf: Shelf, since: Instant, until: Instant) -> None:
        self._laid, self._positions = laid, laid.layer.positions(shelf)
        times = laid.layer.times
        self._low = bisect_left(self._positions, since - laid.offset, key=times.__getitem__)
        self._high = bisect_right(self._positions, until - laid.offset, lo=self._low, key=times.__getitem__)

    def __len__(self) -> int:
        return self._high - self._low

    def rank(self, at: Instant) -> int:
        times = self._laid.layer.times
        return (
            bisect_left(self._positions, at - self._laid.offset, self._low, self._high, key=times.__getitem__)
            - self._low
        )

    def time(self, index: int) -> Instant:
        return self._laid.layer.times[self._positions[self._low + index]] + self._laid.offset

    def messages(self, start: int) -> Iterator[Message]:
        layer, first_serial, offset = self._laid
        positions = self._positions
        for index in range(self._low + start, self._high):
            yield layer.message(positions[index], first_serial, offset)


class _OverlayRun:
    __slots__ = ("_high", "_low", "_rows")

    def __init__(self, rows: list[Message], since: Instant, until: Instant) -> None:
        self._rows = rows
        self._low = bisect_left(rows, since, key=_at)
        self._high = bisect_right(rows, until, lo=self._low, key=_at)

    def __len__(self) -> int:
        return self._high - self._low

    def rank(self, at: Instant) -> int:
        return bisect_left(self._rows, at, self._low, self._high, key=_at) - self._low

    def time(self, index: int) -> Instant:
        return self._rows[self._low + index].at

    def messages(self, start: int) -> Iterator[Message]:
        return islice(self._rows, self._low + start, self._high)


class Ledger:
    """The messages of one world."""

    __slots__ = ("_laid", "_overlay", "_shelves", "next_serial")

    def __init__(self, layers: Iterable[tuple[Layer, int]] = ()) -> None:
        """Lay layers on one another; each comes with its offset in time (microseconds)."""
        self._laid: list[_Laid] = []
        self.next_serial = 0
        for layer, offset in layers:
            self._lay(layer, offset)
        self._overlay: list[Message] = []
        self._shelves: dict[Shelf, list[Message]] = {}

    def _lay(self, layer: Layer, offset: int) -> None:
        if layer:
            self._laid.append(_Laid(layer, self.next_serial, offset))
            self.next_serial += len(layer)

    def __len__(self) -> int:
        return sum(len(laid.layer) for laid in self._laid) + len(self._overlay)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The sealed layers."""
        return tuple(laid.layer for laid in self._laid)

    def handsets(self) -> list[Handset]:
        """Every handset, in no order."""
        found: dict[str, Handset] = {}
        for layer, _, offset in self._laid:
            for number, positions in layer.handsets.items():
                _count_in(found, number, len(positions), layer.times[positions[-1]] + offset)
        for shelf, rows in self._shelves.items():
            if shelf[0] == _HANDSET:
                _count_in(found, shelf[1], len(rows), rows[-1].at)
        return list(found.values())

    def add(self, message: Message) -> None:
        """Put a message on its shelves."""
        self._overlay.append(message)
        for shelf in (*message.shelves(), handset_shelf(message.handset)):
            rows = self._shelves.setdefault(shelf, [])
            if rows and rows[-1].at > message.at:
                insort(rows, message, key=_by_time)
            else:
                rows.append(message)
        self.next_serial = max(self.next_serial, message.serial + 1)

    def count(self, shelf: Shelf, since: Instant, until: Instant) -> int:
        """How many messages of a shelf lie between two instants, both included."""
        return sum(map(len, self._runs(shelf, since, until)))

    def page(
        self, shelf: Shelf, since: Instant, until: Instant, offset: int = 0, limit: int | None = None
    ) -> list[Message]:
        """Messages of a shelf between two instants, both included, by time and then by arrival."""
        runs = [run for run in self._runs(shelf, since, until) if len(run)]
        if len(runs) == 1:
            rest = runs[0].messages(offset)
        else:
            rest = merge(
                *(run.messages(start) for run, start in zip(runs, _starts(runs, offset), strict=True)), key=_by_time
            )
        return list(islice(rest, limit))

    def _runs(self, shelf: Shelf, since: Instant, until: Instant) -> Iterator[_Run]:
        for laid in self._laid:
            yield _LayerRun(laid, shelf, since, until)
        if shelf in self._shelves:
            yield _OverlayRun(self._shelves[shelf], since, until)

    def fork(self) -> Ledger:
        """A ledger that begins with what this one holds. Both go on apart; what they hold now is shared."""
        self._seal()
        return Ledger((laid.layer, laid.offset) for laid in self._laid)

    def _seal(self) -> None:
        if self._overlay:
            first = self.next_serial - len(self._overlay)
            self._laid.append(_Laid(Layer(self._overlay), first, 0))
            self._overlay, self._shelves = [], {}


def _count_in(found: dict[str, Handset], number: str, messages: int, latest: Instant) -> None:
    known = found.get(number)
    found[number] = (
        Handset(number, messages, latest)
        if known is None
        else Handset(number, known.messages + messages, max(known.latest, latest))
    )


def _starts(runs: Sequence[_Run], offset: int) -> list[int]:
    """How far into each run the first ``offset`` messages of all of them together reach.

    The instant of the message at the offset is found by halving the time they span; those at that very instant
    are taken in the order of the runs, which is the order of their serials.
    """
    if offset <= 0 or not runs:
        return [0] * len(runs)
    if offset >= sum(map(len, runs)):
        return [len(run) for run in runs]
    low = min(run.time(0) for run in runs)
    high = max(run.time(len(run) - 1) for run in runs)
    while low < high:
        middle = (low + high) // 2
        if sum(run.rank(middle + 1) for run in runs) > offset:
            high = middle
        else:
            low = middle + 1
    starts = [run.rank(low) for run in runs]
    missing = offset - sum(starts)
    for index, run in enumerate(runs):
        step = min(missing, run.rank(low + 1) - starts[index])
        starts[index] += step
        missing -= step
    return starts
