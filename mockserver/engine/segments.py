"""Segments: sorted messages with an index. Worlds share the segments that no longer change: a fixture's, or those of a fork's parent."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from threading import RLock

from .messages import ATTRIBUTE, FIELD, HANDSET, IndexKey, Message, account_key, handset_key, handset_of, index_keys
from .places import PlaceList


class Segment:
    """Messages by place, counted from 0. The message at a place never changes, whatever is added, changed or removed.

    A message that is changed keeps its place in the index, where `current` finds the place of its present form.
    """

    __slots__ = (
        "__weakref__",
        "_by_serial",
        "_current",
        "_handsets",
        "_index",
        "_indexed",
        "_lock",
        "_searched",
        "_serials",
        "rows",
    )

    def __init__(self, messages: Iterable[Message] = ()) -> None:
        self.rows = sorted(messages, key=attrgetter("serial"))
        """The message of each place. Messages are appended only while the segment is not shared."""
        self.rows.sort(key=attrgetter("at"))
        self._index: dict[IndexKey, PlaceList] = {}
        self._handsets: dict[IndexKey, PlaceList] | None = None
        self._searched: dict[str, dict[IndexKey, dict[IndexKey, PlaceList]]] = {}
        """The indexes of fields that were searched so far, by account and by the first three elements of their keys."""
        self._current: dict[int, int] = {}
        """The place of the present form of each message that was changed, by its place in the index."""
        self._by_serial: dict[int, int] | None = None
        self._serials: dict[IndexKey, array[int]] = {}
        """The sorted serials of the keys that were listed so far."""
        self._lock = RLock()
        """Held while the index is extended, because readers on several threads may find new messages at the same time."""
        # Thousands of messages share the same index keys, so the lists of each combination are looked up once.
        known: dict[tuple[str, ...], list[PlaceList]] = {}
        for place, message in enumerate(self.rows):
            alike = message.account, message.own_number, message.kind, message.program, message.direction
            lists = known.get(alike)
            if lists is None:
                lists = known[alike] = [self._index.setdefault(key, PlaceList()) for key in index_keys(*alike)]
            for places in lists:
                places.append(place)
        self._indexed = len(self.rows)
        """The number of rows that are in the index; those that are appended are added when messages are next searched for."""

    def __len__(self) -> int:
        """Return the number of messages that are not removed."""
        return len(self.rows) if self._by_serial is None else len(self._places())

    @property
    def unindexed(self) -> int:
        """The number of messages that are not in the index yet; the next search adds them."""
        return len(self.rows) - self._indexed

    @property
    def handsets(self) -> Mapping[IndexKey, Sequence[int]]:
        """The places of each handset's messages, in order of time.

        Built on first access, because it is rarely needed: 100,000 messages take about 0.1 seconds.
        """
        self._index_rows()
        if self._handsets is None:
            # Built without the lock, which the event loop may need: a shared segment does not change meanwhile.
            state = self._state()
            built = self._build_handsets()
            with self._lock:
                if self._handsets is None:
                    self._index_rows()
                    self._handsets = built if state == self._state() else self._build_handsets()
        return self._handsets

    @property
    def has_handsets(self) -> bool:
        """Whether the index by handset is built."""
        return self._handsets is not None

    def _state(self) -> tuple[int, int]:
        """Return what is different after each change of the index."""
        return self._indexed, -1 if self._by_serial is None else len(self._by_serial)

    def _build_handsets(self) -> dict[IndexKey, PlaceList]:
        found: dict[IndexKey, PlaceList] = {}
        places = range(self._indexed) if self._by_serial is None else list(self._by_serial.values())
        known: dict[str, PlaceList] = {}  # by the number as messages have it, which is normalized once
        for place in sorted(places, key=self.stamp):
            number = self.rows[place].other_number
            if number not in known:
                known[number] = found.setdefault(handset_key(handset_of(number)), PlaceList())
            known[number].append(place)
        return found

    def positions(self, key: IndexKey) -> Sequence[int]:
        """Return the places of a key's messages, by time and then by serial."""
        if key[0] == HANDSET:
            return self.handsets.get(key, ())
        if len(key) > 1 and key[1] in (FIELD, ATTRIBUTE):
            return self._search(key[:3]).get(key, ())
        self._index_rows()
        return self._index.get(key, ())

    def serials(self, key: IndexKey, since: int, most: int) -> Sequence[int]:
        """Return the serials of a key's messages after a serial, in order, and at most so many.

        The serials of a key are put in order when they are first listed, and are kept in order from then on.
        """
        positions = self.positions(key)
        with self._lock:
            serials = self._serials.get(key)
            if serials is None:
                serials = self._serials[key] = array("q", sorted(self.rows[place].serial for place in positions))
            start = bisect_right(serials, since)
            return serials[start : start + most]

    def _search(self, table: IndexKey) -> dict[IndexKey, PlaceList]:
        """Return the places of each value of a field; built on first use, because few fields are searched.

        Args:
            table: the first three elements of the keys of the field's values.
        """
        self._index_rows()
        with self._lock:
            tables = self._searched.setdefault(table[0], {})
            found = tables.get(table)
            if found is None:
                found = tables[table] = {}
                for place in self._index.get(account_key(table[0]), ()):
                    key = self.message(place).searched_key(table)
                    if key is not None:
                        found.setdefault(key, PlaceList()).append(place)
            return found

    def message(self, place: int) -> Message:
        """Return the present form of the message at a place in the index."""
        return self.rows[self._current.get(place, place)]

    def current(self, places: Sequence[int]) -> Sequence[int]:
        """Return the places of the present forms of the messages at some places in the index."""
        current = self._current
        return array("I", map(current.get, places, places)) if current else places

    def place_of(self, serial: int) -> int | None:
        """Return the place in the index of a serial's message; ``None`` when there is none."""
        return self._places().get(serial)

    def stamp(self, place: int) -> tuple[int, int]:
        """Return the sort key of a message: its instant and serial."""
        message = self.rows[place]
        return message.at, message.serial

    def _index_rows(self) -> None:
        """Put the messages that were appended since the last look into the index."""
        if self._indexed == len(self.rows):
            return
        with self._lock:
            for place in range(self._indexed, len(self.rows)):
                message = self.rows[place]
                if self._by_serial is not None:
                    self._by_serial[message.serial] = place
                stamp = message.at, message.serial
                for index, key in self._entries(message):
                    places = index.setdefault(key, PlaceList())
                    if not places or self.stamp(places[-1]) < stamp:
                        places.append(place)
                    else:
                        places.insert(place, self.stamp)
                    if self._serials and key in self._serials:
                        insort(self._serials[key], message.serial)
                self._indexed = place + 1

    def change(self, place: int, message: Message) -> None:
        """Replace a message by one of the same serial, instant, numbers, kind and program.

        Args:
            place: its place in the index.
            message: its new form.
        """
        self._index_rows()
        with self._lock:
            before = self.message(place)
            self._current[place] = len(self.rows)
            self.rows.append(message)
            self._indexed = len(self.rows)
            for table, index in self._searched.get(message.account, {}).items():
                old, new = before.searched_key(table), message.searched_key(table)
                if old != new:
                    self._take_out(index, old, place)
                    if new is not None:
                        index.setdefault(new, PlaceList()).insert(place, self.stamp)
                        if new in self._serials:
                            insort(self._serials[new], message.serial)

    def remove(self, place: int) -> None:
        """Remove a message from the index. Its rows stay, because a page that was read before may still refer to them."""
        message = self.message(place)
        del self._places()[message.serial]
        for index, key in self._entries(message):
            self._take_out(index, key, place)
        self._current.pop(place, None)

    def _take_out(self, index: dict[IndexKey, PlaceList], key: IndexKey | None, place: int) -> None:
        if key is None:
            return
        places = index[key]
        places.remove(place, self.stamp)
        if not places:
            del index[key]
        serials = self._serials.get(key)
        if serials is not None:
            del serials[bisect_left(serials, self.rows[place].serial)]

    def keys(self, place: int) -> list[IndexKey]:
        """Return the keys under which a message is in the index so far."""
        return [key for _, key in self._entries(self.message(place))]

    def _entries(self, message: Message) -> Iterable[tuple[dict[IndexKey, PlaceList], IndexKey]]:
        entries = [(self._index, key) for key in message.index_keys()]
        if self._handsets is not None:
            entries.append((self._handsets, handset_key(message.handset)))
        for table, index in self._searched.get(message.account, {}).items():
            key = message.searched_key(table)
            if key is not None:
                entries.append((index, key))
        return entries

    def _places(self) -> dict[int, int]:
        """Return the place in the index of each serial that is not removed; built on first use."""
        if self._by_serial is not None and self._indexed == len(self.rows):
            return self._by_serial
        self._index_rows()
        with self._lock:
            if self._by_serial is None:
                rows = self.rows[: self._indexed]
                self._by_serial = {message.serial: place for place, message in enumerate(rows)}
            return self._by_serial

    def is_live(self, place: int) -> bool:
        """Return whether the message at a place in the index is not removed."""
        return self._by_serial is None or self._places().get(self.rows[place].serial) == place

    def messages(self) -> list[Message]:
        """Return the present forms of all messages that are not removed."""
        return [self.message(place) for place in self.live()]

    def live(self) -> Iterable[int]:
        """Return the places in the index of all messages that are not removed."""
        return range(len(self.rows)) if self._by_serial is None else self._places().values()
