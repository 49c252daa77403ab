"""Messages with an index. A segment is shared as soon as no one adds to it: a fixture's by its worlds, a fork's by its parent."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from .messages import FIELD, HANDSET, IndexKey, Message, account_key, field_key, handset_key, index_keys


class Segment:
    """Messages by place, counted from 0. A place never has another message, whatever is added or removed."""

    __slots__ = ("__weakref__", "_by_serial", "_fields", "_handsets", "_index", "rows")

    def __init__(self, messages: Iterable[Message] = ()) -> None:
        self.rows = sorted(messages, key=attrgetter("serial"))
        """The message of each place."""
        self.rows.sort(key=attrgetter("at"))
        self._index: dict[IndexKey, array[int]] = {}
        self._handsets: dict[IndexKey, array[int]] | None = None
        self._fields: dict[tuple[str, str], dict[IndexKey, array[int]]] = {}
        """By account and name, of those of the provider's own fields that messages were asked for by."""
        self._by_serial: dict[int, int] | None = None
        # Thousands of messages have the same keys.
        known: dict[tuple[str, ...], list[array[int]]] = {}
        for place, message in enumerate(self.rows):
            alike = message.account, message.own_number, message.kind, message.program, message.direction
            lists = known.get(alike)
            if lists is None:
                lists = known[alike] = [self._index.setdefault(key, array("I")) for key in index_keys(*alike)]
            for places in lists:
                places.append(place)

    def __len__(self) -> int:
        """How many messages it has that are not removed."""
        return len(self.rows) if self._by_serial is None else len(self._by_serial)

    @property
    def handsets(self) -> Mapping[IndexKey, Sequence[int]]:
        """The places of each handset's messages, in order of time.

        Made at the first look, because few look: 100,000 messages take about a tenth of a second.
        """
        if self._handsets is None:
            found: dict[IndexKey, array[int]] = {}
            for place in sorted(self.live(), key=self.stamp):
                found.setdefault(handset_key(self.rows[place].handset), array("I")).append(place)
            self._handsets = found
        return self._handsets

    def positions(self, key: IndexKey) -> Sequence[int]:
        """The places of a key's messages, by time and then by serial."""
        if key[0] == HANDSET:
            return self.handsets.get(key, ())
        if len(key) > 1 and key[1] == FIELD:
            return self._places_by_field(key[0], key[2]).get(key, ())
        return self._index.get(key, ())

    def _places_by_field(self, account: str, name: str) -> dict[IndexKey, array[int]]:
        """The places of each value of a provider's own field, made at the first look: few fields are ever asked for."""
        found = self._fields.get((account, name))
        if found is None:
            found = {}
            for place in self._index.get(account_key(account), ()):
                fields = self.rows[place].fields
                if name in fields:
                    found.setdefault(field_key(account, name, fields[name]), array("I")).append(place)
            self._fields[account, name] = found
        return found

    def place_of(self, serial: int) -> int | None:
        """Where the message of a serial is."""
        return self._places().get(serial)

    def stamp(self, place: int) -> tuple[int, int]:
        """What the messages are ordered by."""
        message = self.rows[place]
        return message.at, message.serial

    def add(self, message: Message) -> None:
        """Add a message. Only for who has made the segment and shares it with no one."""
        place = len(self.rows)
        self._places()[message.serial] = place
        self.rows.append(message)
        stamp = message.at, message.serial
        for index, key in self._entries(message):
            places = index.get(key)
            if places is None:
                index[key] = array("I", (place,))
            elif self.stamp(places[-1]) < stamp:
                places.append(place)
            else:
                places.insert(bisect_left(places, stamp, key=self.stamp), place)

    def remove(self, place: int) -> None:
        """Take a message out of the index. Its row stays, for who still has it on a page."""
        message = self.rows[place]
        del self._places()[message.serial]
        for index, key in self._entries(message):
            places = index[key]
            del places[bisect_left(places, self.stamp(place), key=self.stamp)]
            if not places:
                del index[key]

    def _entries(self, message: Message) -> Iterable[tuple[dict[IndexKey, array[int]], IndexKey]]:
        entries = [(self._index, key) for key in message.index_keys()]
        if self._handsets is not None:
            entries.append((self._handsets, handset_key(message.handset)))
        for name in message.fields:
            index = self._fields.get((message.account, name))
            if index is not None:
                entries.append((index, field_key(message.account, name, message.fields[name])))
        return entries

    def _places(self) -> dict[int, int]:
        """The place of each serial that is not removed, made at the first look."""
        if self._by_serial is None:
            self._by_serial = {message.serial: place for place, message in enumerate(self.rows)}
        return self._by_serial

    def live(self) -> Iterable[int]:
        """The places of all messages that are not removed."""
        return range(len(self.rows)) if self._by_serial is None else self._by_serial.values()
