"""What messages look like on the wire, written once each.

A message never changes, so what a room wrote of it stays right as long as everything else that it looked at is the
same. That is the room's to say, in the form: the readings, the zone, a list of blocked numbers. Worlds that share a
layer at the same offset in time share what was written of it, and it is forgotten with the layer.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakKeyDictionary

import orjson

if TYPE_CHECKING:
    from mockserver.core.layers import Source
    from mockserver.core.ledger import Stretch
    from mockserver.core.messages import Message

_Written: TypeAlias = dict[int | tuple[bytes, bytes], bytes]
"""Fragments by place, and long stretches of them by what is between them and their places."""

_OVERHEAD = 150
"""Bytes that a fragment costs beside its own, in the two objects and the table that hold it."""


def spliced(document: Mapping[str, Any], end: bytes, inside: bytes) -> bytes:
    """A JSON document with this in its empty last list; in one copy, for a page of 500 is 100 kB.

    Args:
        document: ends with an empty list.
        end: what closes the list and whatever it stands in.
        inside: JSON, with commas between what it has.
    """
    return b"".join((orjson.dumps(document).removesuffix(end), inside, end))


class Fragments:
    """A bounded memory of them. When it is full it starts again: to know which is oldest would cost more."""

    def __init__(self, most: int = 16 * 2**20, long: int = 20) -> None:
        """Remember so many bytes; with 0 everything is written anew.

        Args:
            most: bytes.
            long: messages of a stretch from which on it is remembered in one piece too, for whoever asks for a page
                again.
        """
        self._most = most
        self._long = long
        self._held = 0
        self._known: WeakKeyDictionary[Source, dict[Hashable, _Written]] = WeakKeyDictionary()

    def of(self, stretches: Iterable[Stretch], form: Hashable, write: Callable[[Message], bytes]) -> list[bytes]:
        """What is written of each message.

        Args:
            stretches: the messages.
            form: all that the writing depends on beside the message itself, the room's name included.
            write: writes one.
        """
        found: list[bytes] = []
        for stretch in stretches:
            found += self._each(self._written(stretch.source, stretch.offset, form), stretch, write)
        return found

    def joined(
        self, stretches: Iterable[Stretch], form: Hashable, write: Callable[[Message], bytes], between: bytes
    ) -> bytes:
        """The same in one piece.

        Args:
            stretches: the messages.
            form: as above.
            write: writes one.
            between: what stands between two of them.
        """
        pieces: list[bytes] = []
        written: _Written = {}
        last = None
        for stretch in stretches:
            here = stretch.source, stretch.offset
            if here != last:
                written, last = self._written(*here, form), here
            if len(stretch.places) < self._long:
                pieces += self._each(written, stretch, write)
            else:
                pieces.append(self._piece(written, stretch, write, between))
        return between.join(pieces)

    def _written(self, source: Source, offset: int, form: Hashable) -> _Written:
        if self._held >= self._most:
            self._known, self._held = WeakKeyDictionary(), 0
        return self._known.setdefault(source, {}).setdefault((offset, form), {})

    def _piece(self, written: _Written, stretch: Stretch, write: Callable[[Message], bytes], between: bytes) -> bytes:
        places = array("I", stretch.places).tobytes()
        piece = written.get((between, places))
        if piece is None:
            piece = between.join(self._each(written, stretch, write))
            size = _OVERHEAD + len(places) + len(piece)
            if self._held + size <= self._most:
                written[between, places] = piece
                self._held += size
        return piece

    def _each(self, written: _Written, stretch: Stretch, write: Callable[[Message], bytes]) -> list[bytes]:
        try:
            return [*map(written.__getitem__, stretch.places)]
        except KeyError:
            return self._completed(written, stretch, write)

    def _completed(self, written: _Written, stretch: Stretch, write: Callable[[Message], bytes]) -> list[bytes]:
        missing = [place for place in stretch.places if place not in written]
        fresh = {}
        for place, message in zip(missing, stretch.at(missing).messages(), strict=True):
            # Copied, because a writer's result may sit in a buffer many times its size.
            fresh[place] = fragment = bytes(memoryview(write(message)))
            if self._held < self._most:
                written[place] = fragment
                self._held += _OVERHEAD + len(fragment)
        return [written.get(place) or fresh[place] for place in stretch.places]
