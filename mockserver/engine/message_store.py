"""The message store: all messages of a world, found by index key and time.

A store is a list of shared segments and one of its own. A fixture is parsed once for all its worlds, and its relative
messages lie at an offset in time: so many microseconds before the start of the world. A message of a shared segment is
never mutated: a store that changes it hides it, and holds the new message with the same serial in its own segment.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from heapq import merge
from itertools import chain, compress, groupby, islice
from operator import attrgetter
from typing import Any, NamedTuple, TypeGuard

from msgspec import Struct
from msgspec.structs import replace

from .instants import EARLIEST, LATEST, Instant
from .messages import IndexKey, Message
from .places import PlaceList
from .segments import Segment

_PIECE = 4_096
"""The messages that one call of C goes over."""
HANDSET_PIECE = 500
"""The handsets that are taken at a time under the world's lock."""
_LARGE = 20_000
"""The messages of the largest segment that two are merged to."""
_FEW = 1_000
"""The earlier forms of messages that are not worth a new segment without them."""


class Handset(NamedTuple):
    """A handset that messages were sent to or came from."""

    number: str
    """Its number, as `handset_of` writes it."""
    messages: int
    """The number of its messages."""
    latest: Instant
    """The instant of its latest message."""
    is_touched: bool = True
    """Whether it has sent or received a message since its world began."""


class MessageSlice(Struct, frozen=True):
    """Messages of one segment, by their places."""

    segment: Segment
    first_serial: int
    """Added to the segment's serials."""
    offset: int
    """Microseconds that are added to the segment's instants."""
    places: Sequence[int]

    def messages(self) -> Iterator[Message]:
        """Iterate over the messages."""
        return map(self.message, self.places)

    def message(self, place: int) -> Message:
        """Return the message at a place of the segment."""
        row = self.segment.rows[place]
        if self.offset or self.first_serial:
            return replace(row, serial=row.serial + self.first_serial, at=row.at + self.offset)
        return row

    def values(self, field: str) -> Iterable[Any]:
        """Iterate over the values of one field."""
        values: Iterable[Any] = map(attrgetter(field), map(self.segment.rows.__getitem__, self.places))
        moved = {"serial": self.first_serial, "at": self.offset}.get(field)
        return (value + moved for value in values) if moved else values

    def where(self, field: str, is_wanted: Callable[[Any], bool]) -> MessageSlice:
        """Return a slice of the messages whose value of a field is wanted."""
        found = array("I")
        for part in self.pieces():
            found.extend(compress(part.places, map(is_wanted, part.values(field))))
        return self.at(found)

    def pieces(self) -> Iterator[MessageSlice]:
        """Yield the slice in parts of some thousand messages: one call of C over a million keeps other threads waiting."""
        if len(self.places) <= _PIECE:
            yield self
        else:
            for start in range(0, len(self.places), _PIECE):
                yield self.at(self.places[start : start + _PIECE])

    def at(self, places: Sequence[int]) -> MessageSlice:
        """Return a slice of other places of the same segment."""
        return MessageSlice(self.segment, self.first_serial, self.offset, places)


class MessagePage(Struct, frozen=True):
    """A page of the messages that were selected."""

    slices: tuple[MessageSlice, ...]
    """The page's messages, in order."""
    total: int
    """The number of messages on all pages."""

    def messages(self) -> Iterator[Message]:
        """Iterate over the page's messages."""
        return chain.from_iterable(each.messages() for each in self.slices)


class MessageSelection:
    """All messages of a key between two instants, at the moment when they were selected. It is merged when it is read."""

    __slots__ = ("_ranges", "total")

    def __init__(self, ranges: Sequence[_IndexRange]) -> None:
        self._ranges = [each.copy() for each in ranges]
        self.total = sum(map(len, ranges))
        """The number of messages."""

    def slices(self) -> tuple[MessageSlice, ...]:
        """Return the messages, by time and then by serial. Needs no lock."""
        return tuple(_slice(self._ranges, 0, self.total)) if self.total else ()


class _View:
    """A segment in one store: with a first serial and an offset in time, and without the messages that the store hides."""

    __slots__ = ("_live", "first_serial", "hidden", "offset", "segment")

    def __init__(self, segment: Segment, first_serial: int, offset: int, hidden: Iterable[int] = ()) -> None:
        self.segment = segment
        self.first_serial = first_serial
        self.offset = offset
        self.hidden = set(hidden)
        """The places of messages that were changed or deleted."""
        self._live: dict[IndexKey, PlaceList] = {}
        """The places of each index key that was searched since the first message was hidden, without the hidden ones."""

    def positions(self, key: IndexKey) -> Sequence[int]:
        places = self.segment.positions(key)
        if not self.hidden:
            return places
        live = self._live.get(key)
        if live is None:
            live = self._live[key] = PlaceList(place for place in places if place not in self.hidden)
        return live

    def live(self) -> list[int]:
        """Return the places of all messages that are not hidden."""
        return [place for place in self.segment.live() if place not in self.hidden]

    @property
    def live_count(self) -> int:
        """The number of messages that are not hidden."""
        return len(self.segment) - len(self.hidden)

    def place_of(self, serial: int) -> int | None:
        place = self.segment.place_of(serial - self.first_serial)
        return None if place in self.hidden else place

    def hide(self, place: int) -> None:
        """Leave the message at a place out from now on."""
        self.hidden.add(place)
        for key in self.segment.keys(place):
            live = self._live.get(key)
            if live is not None:
                live.remove(place, self.segment.stamp)

    def has_message_from(self, serial: int, places: Sequence[int]) -> bool:
        """Return whether one of some messages has a serial or a larger one; the latest are looked at first."""
        rows, own = self.segment.rows, serial - self.first_serial
        return any(rows[place].serial >= own for place in reversed(places))

    @property
    def key(self) -> tuple[int, int, int]:
        """What two views have in common whose segments are the same, and at the same place in time."""
        return id(self.segment), self.first_serial, self.offset

    def beside(self, other: _View | None) -> Iterator[Message]:
        """Yield the messages that another view of the same segment hides; all of them when there is none."""
        if other is None:
            places: Iterable[int] = self.live()
        else:
            places = (place for place in other.hidden - self.hidden if self.segment.is_live(place))
        return map(self.message, places)

    def message(self, place: int) -> Message:
        """Return the present form of the message at a place in the index."""
        return self.slice(()).message(self.segment.current((place,))[0])

    def copy(self) -> _View:
        return _View(self.segment, self.first_serial, self.offset, self.hidden)

    def slice(self, places: Sequence[int]) -> MessageSlice:
        return MessageSlice(self.segment, self.first_serial, self.offset, places)


class _IndexRange:
    """The messages of one key in one view between two instants, by time and then by serial."""

    __slots__ = ("_high", "_is_copy", "_low", "_positions", "_view")

    def __init__(
        self, view: _View, positions: Sequence[int], since: Instant, until: Instant, is_copy: bool = False
    ) -> None:
        self._view, self._positions, self._is_copy = view, positions, is_copy
        rows, first, last = view.segment.rows, since - view.offset, until - view.offset

        def at(place: int) -> Instant:
            return rows[place].at

        # Most callers select everything, or everything since an instant: that needs no search. The ends of the calendar
        # stand for everything, for a message's age may reach back beyond the year 1, and a clock run past 9999.
        is_from_first = since <= EARLIEST or at(positions[0]) >= first
        self._low = 0 if is_from_first else bisect_left(positions, first, key=at)
        is_all = until >= LATEST or at(positions[-1]) <= last
        self._high = len(positions) if is_all else bisect_right(positions, last, lo=self._low, key=at)

    def __len__(self) -> int:
        return self._high - self._low

    def copy(self) -> _IndexRange:
        """Return the same range of messages that do not change any more."""
        places = self._view.segment.current(self._positions[self._low : self._high])
        return _IndexRange(self._view, places, EARLIEST, LATEST, is_copy=True)

    def rank(self, stamp: tuple[Instant, int]) -> int:
        """Return how many of its messages are before an instant and serial."""
        own = stamp[0] - self._view.offset, stamp[1] - self._view.first_serial
        return bisect_left(self._positions, own, self._low, self._high, key=self._view.segment.stamp) - self._low

    def stamp(self, index: int) -> tuple[Instant, int]:
        at, serial = self._view.segment.stamp(self._positions[self._low + index])
        return at + self._view.offset, serial + self._view.first_serial

    def slice(self, start: int, stop: int) -> MessageSlice:
        places = self._positions[self._low + start : self._low + stop]
        return self._view.slice(places if self._is_copy else self._view.segment.current(places))


class SharedPart(NamedTuple):
    """A segment that stores share, as one of them sees it."""

    segment: Segment
    first_serial: int
    """Added to the segment's serials."""
    offset: int
    """Microseconds that are added to the segment's instants."""
    hidden: tuple[int, ...]
    """The serials in the segment of the messages that the store has changed or deleted."""


class StoreParts(NamedTuple):
    """Everything that a message store holds."""

    shared: tuple[SharedPart, ...]
    own: tuple[Message, ...]
    """The messages that no other store shares."""
    next_serial: int


class MessageStore:
    """The messages of one world."""

    __slots__ = ("_own", "_views", "next_serial")

    def __init__(self, segments: Iterable[tuple[Segment, int]] = ()) -> None:
        """Create a store on shared segments, whose serials count from 0; each with its offset in time (microseconds)."""
        self._views: list[_View] = []
        self.next_serial = 0
        for segment, offset in segments:
            if segment.rows:
                self._views.append(_View(segment, self.next_serial, offset))
                self.next_serial += len(segment.rows)
        self._open()

    @classmethod
    def of_parts(cls, parts: StoreParts) -> MessageStore:
        """Create a store from the parts of one."""
        store = cls()
        store._views = [
            _View(segment, first, offset, filter(_is_place, map(segment.place_of, hidden)))
            for segment, first, offset, hidden in parts.shared
        ]
        store._own = _View(Segment(parts.own), 0, 0)
        store._views.append(store._own)
        store.next_serial = parts.next_serial
        return store

    def parts(self) -> StoreParts:
        """Return everything that the store holds."""
        *shared, own = self._views
        return StoreParts(
            tuple(
                SharedPart(
                    *(view.segment, view.first_serial, view.offset),
                    tuple(sorted(view.segment.message(place).serial for place in view.hidden)),
                )
                for view in shared
            ),
            tuple(map(own.message, own.live())),
            self.next_serial,
        )

    def _open(self) -> None:
        """Add an empty segment that is not shared."""
        self._own = _View(Segment(), 0, 0)
        self._views.append(self._own)

    def __len__(self) -> int:
        return sum(view.live_count for view in self._views)

    def __iter__(self) -> Iterator[Message]:
        """Iterate over every message, one segment after the other."""
        for view in self._views:
            yield from map(view.message, view.live())

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The shared segments."""
        return tuple(view.segment for view in self._views[:-1])

    def rows_beside(self, other: MessageStore) -> list[Message]:
        """Return the messages of the segments that another store does not share, in all their forms."""
        shared = {id(view.segment) for view in other._views}
        rows = (view.segment.rows for view in self._views if id(view.segment) not in shared)
        return list(chain.from_iterable(rows))

    def differences(self, other: MessageStore) -> Iterator[tuple[int, Message | None, Message | None]]:
        """Yield the serial of each message that only one of two stores has, or both in different forms, with these forms.

        Of the segments that both share, only the messages that one of them hides are looked at.
        """
        mine = {view.key: view for view in self._views}
        theirs = {view.key: view for view in other._views}
        here = {message.serial: message for key, view in mine.items() for message in view.beside(theirs.get(key))}
        there = {message.serial: message for key, view in theirs.items() for message in view.beside(mine.get(key))}
        for serial in sorted(here.keys() | there.keys()):
            one, another = here.get(serial), there.get(serial)
            if one != another:
                yield serial, one, another

    @property
    def unindexed(self) -> int:
        """The number of messages that the next search puts into the index first, shared ones included."""
        return sum(view.segment.unindexed for view in self._views)

    def handset_pieces(self, first: int = 0, seeded: Container[Segment] = ()) -> Iterator[list[Handset]]:
        """Yield every handset in pieces, in no particular order; `add_up_handsets` adds them up.

        One that is in several segments is yielded for each, with its messages there. The world's lock need be held only while
        a piece is taken; what changes meanwhile may or may not be among the following ones.

        Args:
            first: the serial of the first message with which the world did not begin.
            seeded: segments of which no message need be looked at, because the world began with all of them.
        """
        for view in tuple(self._views):
            keys = list(view.segment.handsets)
            is_seeded = view.segment in seeded
            for start in range(0, len(keys), HANDSET_PIECE):
                found = ((key, view.positions(key)) for key in keys[start : start + HANDSET_PIECE])
                yield [
                    Handset(
                        *(key[1], len(places), view.segment.rows[places[-1]].at + view.offset),
                        not is_seeded and view.has_message_from(first, places),
                    )
                    for key, places in found
                    if places
                ]

    def seal_for_handsets(self) -> tuple[Segment, ...]:
        """Return the segments that no longer change, whose indexes by handset can be built without the world's lock.

        A large segment without that index is one of them from now on, and later messages come into a new one.
        """
        own = self._own.segment
        if len(own.rows) >= _LARGE and not own.has_handsets:
            self._open()
        return self.segments

    def get(self, serial: int) -> Message | None:
        """Return the message of a serial; ``None`` when it does not exist or was deleted."""
        found = self._find(serial)
        return None if found is None else found[0].message(found[1])

    def add(self, message: Message) -> None:
        """Add a message. It is indexed when messages are next searched for."""
        self._own.segment.rows.append(message)
        if message.serial >= self.next_serial:
            self.next_serial = message.serial + 1

    def change(self, message: Message) -> None:
        """Replace the message that has the same serial. It is cheap where instant, numbers, kind and program are the same.

        Raises:
            KeyError: there is none.
        """
        view, place = self._existing(message.serial)
        if view is not self._own or not _is_alike(view.segment.rows[place], message):
            self.delete(message.serial)
            self.add(message)
            return
        view.segment.change(place, message)
        if _FEW + 2 * len(view.segment) < len(view.segment.rows) < _LARGE:  # so most rows are earlier forms
            self._own = self._views[-1] = _merged_view((view,))

    def delete(self, serial: int) -> None:
        """Remove a message.

        Raises:
            KeyError: there is none.
        """
        view, place = self._existing(serial)
        (view.segment.remove if view is self._own else view.hide)(place)

    def _existing(self, serial: int) -> tuple[_View, int]:
        found = self._find(serial)
        if found is None:
            raise KeyError(serial)
        return found

    def _find(self, serial: int) -> tuple[_View, int] | None:
        for view in reversed(self._views):
            place = view.place_of(serial)
            if place is not None:
                return view, place
        return None

    def serials(self, keys: Iterable[IndexKey], since: int, most: int) -> list[int]:
        """Return the first serials of the messages of some keys since a serial, which is not included, each once and in order.

        Args:
            keys: their index keys.
            since: the serial.
            most: how many are returned at most; of each segment no more are looked at. A message that was deleted may be
                among them, and is then not found by `get`.
        """
        keys = tuple(keys)
        found = (_serials_since(view, key, since, most) for view in self._views for key in keys)
        return [serial for serial, _ in islice(groupby(merge(*filter(None, found))), most)]

    def size(self, key: IndexKey) -> int:
        """Return how many messages of a key there are in the index, deleted ones of shared segments included; looks at none."""
        return sum(len(view.segment.positions(key)) for view in self._views)

    def count(self, key: IndexKey, since: Instant, until: Instant) -> int:
        """Count the messages of a key between two instants, both included."""
        return sum(map(len, self._ranges(key, since, until)))

    def select(
        self, key: IndexKey, since: Instant, until: Instant, offset: int = 0, limit: int | None = None
    ) -> MessagePage:
        """Return a page of the messages of a key between two instants, both included, by time and then by serial."""
        ranges = self._ranges(key, since, until)
        total = sum(map(len, ranges))
        stop = total if limit is None else min(total, offset + limit)
        return MessagePage(tuple(_slice(ranges, offset, stop)) if offset < stop else (), total)

    def select_all(self, key: IndexKey, since: Instant, until: Instant) -> MessageSelection:
        """Return all messages of a key between two instants, both included, without looking at each."""
        return MessageSelection(self._ranges(key, since, until))

    def select_each(self, keys: Iterable[IndexKey], since: Instant, until: Instant) -> list[MessageSlice]:
        """Return all messages of some keys between two instants, both included, one key after the other."""
        return list(chain.from_iterable(self.select(key, since, until).slices for key in keys))

    def page(
        self, key: IndexKey, since: Instant, until: Instant, offset: int = 0, limit: int | None = None
    ) -> list[Message]:
        """Return the messages that `select` finds, as a list."""
        return list(self.select(key, since, until, offset, limit).messages())

    def _ranges(self, key: IndexKey, since: Instant, until: Instant) -> list[_IndexRange]:
        ranges = []
        for view in self._views:
            positions = view.positions(key)
            if positions:
                found = _IndexRange(view, positions, since, until)
                if found:
                    ranges.append(found)
        return ranges

    def _merge(self) -> None:
        """Merge the last segments until each is at least twice as large as the next, so that a chain of forks has few.

        A message is copied at most as often as the messages can be doubled, and no segment becomes larger than `_LARGE` in
        this way: the world's lock is held meanwhile.
        """
        while len(self._views) > 1:
            one, last = self._views[-2].live_count, self._views[-1].live_count
            if one >= 2 * last or one + last > _LARGE:
                return
            self._views[-2:] = [_merged_view(self._views[-2:])]

    def fork(self) -> MessageStore:
        """Return a copy of the store. What both hold now is shared; later changes are not."""
        if self._own.segment.rows:
            self._merge()
            self._open()
        fork = MessageStore()
        fork._views[:0] = [view.copy() for view in self._views[:-1]]
        fork.next_serial = self.next_serial
        return fork


def _is_place(place: int | None) -> TypeGuard[int]:
    return place is not None


def _is_alike(one: Message, other: Message) -> bool:
    """Return whether two messages have the same place in the order and the same index keys, but those that are searched rarely."""
    return (
        one.at == other.at
        and one.sender == other.sender
        and one.recipient == other.recipient
        and one.index_keys() == other.index_keys()
    )


def _serials_since(view: _View, key: IndexKey, since: int, most: int) -> Sequence[int]:
    # The serials of hidden messages are among them: one that was changed is in another view too, one that was deleted in none.
    serials, first = view.segment.serials(key, since - view.first_serial, most), view.first_serial
    return [serial + first for serial in serials] if first else serials


def _merged_view(views: Iterable[_View]) -> _View:
    return _View(Segment(view.message(place) for view in views for place in view.live()), 0, 0)


def _slice(ranges: Sequence[_IndexRange], start: int, stop: int) -> Iterable[MessageSlice]:
    """Return a part of the ranges, merged."""
    if len(ranges) == 1:
        return (ranges[0].slice(start, stop),)
    return _merged(ranges, _starts(ranges, start), stop - start)


def _merged(ranges: Sequence[_IndexRange], starts: list[int], wanted: int) -> Iterator[MessageSlice]:
    """Merge the ranges from their starts: take from each as much as comes before all others."""
    while wanted > 0:
        stamps = {index: each.stamp(starts[index]) for index, each in enumerate(ranges) if starts[index] < len(each)}
        first = min(stamps, key=stamps.__getitem__)
        del stamps[first]
        start = starts[first]
        stop = min(len(ranges[first]), start + wanted)
        if stamps:
            stop = min(stop, ranges[first].rank(min(stamps.values())))
        yield ranges[first].slice(start, stop)
        wanted -= stop - start
        starts[first] = stop


def _starts(ranges: Sequence[_IndexRange], offset: int) -> list[int]:
    """Return how many messages of each range are among the first ``offset`` of all of them, of which there are more."""
    if offset == 0:
        return [0] * len(ranges)
    for own in ranges:
        before = [0] * len(ranges)

        def find(index: int, own: _IndexRange = own) -> list[int]:
            stamp = own.stamp(index)
            return [each.rank(stamp) for each in ranges]

        # The message at the offset is in one of the ranges; its rank in each range counts the messages before it.
        index = bisect_left(range(len(own)), offset, key=lambda index: sum(find(index)))
        if index < len(own):
            before = find(index)
        if sum(before) == offset:
            return before
    raise IndexError(offset)


def add_up_handsets(pieces: Iterable[Iterable[Handset]]) -> list[Handset]:
    """Return every handset of some pieces once, with all its messages."""
    found: dict[str, Handset] = {}
    for each in chain.from_iterable(pieces):
        known = found.get(each.number)
        found[each.number] = (
            each
            if known is None
            else Handset(
                each.number,
                known.messages + each.messages,
                max(known.latest, each.latest),
                known.is_touched or each.is_touched,
            )
        )
    return list(found.values())
