"""All messages of a world, found by shelf and time; a page costs what the page holds, wherever it is.

A ledger is a pile of sealed layers under one open overlay. A layer is immutable and shared: a fixture is parsed once
for a thousand worlds, a fork seals what its parent had. A layer may lie at an offset in time: a fixture's relative
messages are as many microseconds before the birth of whichever world reads them.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, compress
from typing import Any, NamedTuple

from msgspec import Struct

from .instants import Instant
from .messages import Message, Shelf
from .segments import Layer, Overlay, Source


class Handset(NamedTuple):
    """One handset that messages went to or came from."""

    number: str
    """As `handset_of` writes it."""
    messages: int
    latest: Instant
    """When the latest of them went or came."""


class _Laid(NamedTuple):
    """A source as it lies in one ledger."""

    source: Source
    first_serial: int
    offset: int


class Stretch(Struct, frozen=True):
    """Messages of one source that follow one another. Cheap: no message is made before it is looked at."""

    source: Source
    first_serial: int
    offset: int
    """Microseconds by which its instants are moved."""
    places: Sequence[int]

    def messages(self) -> Iterator[Message]:
        """Each of them."""
        return self.source.messages(self.places, self.first_serial, self.offset)

    def message(self, place: int) -> Message:
        """The one at a place of the source."""
        return next(self.source.messages((place,), self.first_serial, self.offset))

    def values(self, field: str) -> Iterable[Any]:
        """One field of each."""
        values: Iterable[Any] = self.source.values(field, self.places)
        moved = {"serial": self.first_serial, "at": self.offset}.get(field)
        return (value + moved for value in values) if moved else values

    def where(self, field: str, is_wanted: Callable[[Any], bool]) -> Stretch:
        """Those of which one field is as it is wanted."""
        return self.at(array("I", compress(self.places, map(is_wanted, self.values(field)))))

    def at(self, places: Sequence[int]) -> Stretch:
        """Other messages of the same source."""
        return Stretch(self.source, self.first_serial, self.offset, places)


class Picked(Struct, frozen=True):
    """Part of what was asked for."""

    stretches: tuple[Stretch, ...]
    """In order."""
    total: int
    """How many messages there are, in this part and outside."""

    def messages(self) -> Iterator[Message]:
        """Each of the part."""
        return chain.from_iterable(stretch.messages() for stretch in self.stretches)


_NOTHING = Picked((), 0)


class _Run:
    """One shelf of one source between two instants, in order of time."""

    __slots__ = ("_high", "_laid", "_low", "_positions")

    def __init__(self, laid: _Laid, positions: Sequence[int], since: Instant, until: Instant) -> None:
        source, _, offset = self._laid = laid
        self._positions = positions
        times, first, last = source.times, since - offset, until - offset
        # Most ask for everything, or for everything since: that needs no search.
        self._low = 0 if times[positions[0]] >= first else bisect_left(positions, first, key=times.__getitem__)
        self._high = (
            len(positions)
            if times[positions[-1]] <= last
            else bisect_right(positions, last, lo=self._low, key=times.__getitem__)
        )

    def __len__(self) -> int:
        return self._high - self._low

    def rank(self, at: Instant) -> int:
        """How many of its messages are earlier than an instant."""
        source, _, offset = self._laid
        return (
            bisect_left(self._positions, at - offset, self._low, self._high, key=source.times.__getitem__) - self._low
        )

    def time(self, index: int) -> Instant:
        source, _, offset = self._laid
        return source.times[self._positions[self._low + index]] + offset

    def stretch(self, start: int, stop: int) -> Stretch:
        source, first_serial, offset = self._laid
        return Stretch(source, first_serial, offset, self._positions[self._low + start : self._low + stop])


class Ledger:
    """The messages of one world."""

    __slots__ = ("_laid", "_overlay", "next_serial")

    def __init__(self, layers: Iterable[tuple[Source, int]] = ()) -> None:
        """Lay layers on one another; each comes with its offset in time (microseconds)."""
        self._laid: list[_Laid] = []
        self.next_serial = 0
        for layer, offset in layers:
            if layer.times:
                self._laid.append(_Laid(layer, self.next_serial, offset))
                self.next_serial += len(layer.times)
        self._open()

    def _open(self) -> None:
        """Lay an empty overlay on top."""
        self._overlay = Overlay()
        self._laid.append(_Laid(self._overlay, 0, 0))

    def __len__(self) -> int:
        return sum(len(laid.source.times) for laid in self._laid)

    def __iter__(self) -> Iterator[Message]:
        """Every message, one source after the other."""
        for source, first_serial, offset in self._laid:
            yield from source.messages(range(len(source.times)), first_serial, offset)

    @property
    def layers(self) -> tuple[Source, ...]:
        """The sealed layers."""
        return tuple(laid.source for laid in self._laid[:-1])

    def handsets(self) -> list[Handset]:
        """Every handset, in no order."""
        found: dict[str, Handset] = {}
        for laid in self._laid:
            for number, places in laid.source.handsets.items():
                _count_in(found, number, len(places), laid.source.times[places[-1]] + laid.offset)
        return list(found.values())

    def add(self, message: Message) -> None:
        """Take a message in."""
        self._overlay.add(message)
        self.next_serial = max(self.next_serial, message.serial + 1)

    def count(self, shelf: Shelf, since: Instant, until: Instant) -> int:
        """How many messages of a shelf lie between two instants, both included."""
        return sum(map(len, self._runs(shelf, since, until)))

    def pick(self, shelf: Shelf, since: Instant, until: Instant, offset: int = 0, limit: int | None = None) -> Picked:
        """Messages of a shelf between two instants, both included, by time and then by arrival."""
        runs = self._runs(shelf, since, until)
        if not runs:
            return _NOTHING
        total = sum(map(len, runs))
        stop = total if limit is None else min(total, offset + limit)
        if offset >= stop:
            return Picked((), total)
        return Picked(tuple(_cut(runs, offset, stop)), total)

    def everything(self, shelves: Iterable[Shelf], since: Instant, until: Instant) -> list[Stretch]:
        """All messages between two instants, both included, one shelf after the other."""
        found: list[Stretch] = []
        for shelf in shelves:
            runs = self._runs(shelf, since, until)
            if runs:
                found += _cut(runs, 0, sum(map(len, runs)))
        return found

    def page(
        self, shelf: Shelf, since: Instant, until: Instant, offset: int = 0, limit: int | None = None
    ) -> list[Message]:
        """The same messages, made."""
        return list(self.pick(shelf, since, until, offset, limit).messages())

    def _runs(self, shelf: Shelf, since: Instant, until: Instant) -> list[_Run]:
        runs = []
        for laid in self._laid:
            positions = laid.source.positions(shelf)
            if positions:
                run = _Run(laid, positions, since, until)
                if run:
                    runs.append(run)
        return runs

    def fork(self) -> Ledger:
        """A ledger that begins with what this one holds. Both go on apart; what they hold now is shared."""
        if self._overlay:
            first = self.next_serial - len(self._overlay)
            self._laid[-1] = _Laid(Layer(self._overlay.rows), first, 0)
            self._open()
        return Ledger((laid.source, laid.offset) for laid in self._laid[:-1])


def _cut(runs: Sequence[_Run], start: int, stop: int) -> Iterable[Stretch]:
    """Part of the runs, one or more, taken as one."""
    if len(runs) == 1:
        return (runs[0].stretch(start, stop),)
    return _merged(runs, _starts(runs, start), stop - start)


def _merged(runs: Sequence[_Run], starts: list[int], wanted: int) -> Iterator[Stretch]:
    """The runs from their starts as one: from each as much as comes before all others."""
    while wanted > 0:
        waiting = [index for index, run in enumerate(runs) if starts[index] < len(run)]
        # Of several at one instant the first run is first, because runs are in the order of their serials.
        first = min(waiting, key=lambda index: runs[index].time(starts[index]))
        start = starts[first]
        stop = min(len(runs[first]), start + wanted)
        for other in waiting:
            if other != first:
                stop = min(stop, runs[first].rank(runs[other].time(starts[other]) + (other > first)))
        yield runs[first].stretch(start, stop)
        wanted -= stop - start
        starts[first] = stop


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
