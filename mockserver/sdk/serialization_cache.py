"""What messages look like on the wire, written once each.

A message never changes, so what a provider wrote of it stays right as long as everything else that it looked at is the
same. That is the provider's to say, in the form: the variants, the zone, a list of blocked numbers. Worlds that share a
layer at the same offset in time share what was written of it, and it is forgotten with the layer.

Long pages are remembered in one piece as well, for whoever asks again; apart, so that they push no message out.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakKeyDictionary

import orjson

if TYPE_CHECKING:
    from mockserver.engine.message_store import MessageSlice
    from mockserver.engine.messages import Message
    from mockserver.engine.segments import Segment

_Written: TypeAlias = dict[Any, bytes]
"""Fragments by place; pieces by what is between their fragments, and their places."""

_OVERHEAD = 150
"""Bytes that a fragment costs beside its own, in the two objects and the table that hold it."""


def compact(document: Mapping[str, Any]) -> bytes:
    """A JSON document. Copied, because orjson's sits in a buffer of 4 kB, which whoever kept it would keep."""
    return bytes(memoryview(orjson.dumps(document)))


def spliced(document: Mapping[str, Any], end: bytes, inside: bytes) -> bytes:
    """A JSON document with this in its empty last list; in one copy, for a page of 500 is 100 kB.

    Args:
        document: ends with an empty list.
        end: what closes the list and whatever it stands in.
        inside: JSON, with commas between what it has.
    """
    return b"".join((orjson.dumps(document).removesuffix(end), inside, end))


class _Memory:
    """What was written of each source. When it is full it starts again: to know which is oldest would cost more."""

    __slots__ = ("held", "known", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self.held = 0
        self.known: WeakKeyDictionary[Segment, dict[Hashable, _Written]] = WeakKeyDictionary()

    def written(self, source: Segment, offset: int, form: Hashable) -> _Written:
        if self.held >= self.most:
            self.known, self.held = WeakKeyDictionary(), 0
        return self.known.setdefault(source, {}).setdefault((offset, form), {})

    def keep(self, written: _Written, key: object, fragment: bytes, size: int) -> None:
        """Remember one, which costs so many bytes beside itself."""
        if self.held < self.most:
            written[key] = fragment
            self.held += size + len(fragment)


class SerializationCache:
    """A bounded memory of them."""

    def __init__(self, most: int = 16 * 2**20, long: int = 20) -> None:
        """Remember so many bytes; with 0 everything is written anew.

        Args:
            most: bytes, of which a quarter is for pieces.
            long: messages of a stretch from which on it is remembered in one piece too.
        """
        self._long = long
        self._single, self._pieces = _Memory(most - most // 4), _Memory(most // 4)

    @property
    def held(self) -> int:
        """Bytes that are remembered."""
        return self._single.held + self._pieces.held

    def of(self, stretches: Iterable[MessageSlice], form: Hashable, write: Callable[[Message], bytes]) -> list[bytes]:
        """What is written of each message.

        Args:
            stretches: the messages.
            form: all that the writing depends on beside the message itself, the provider's name included.
            write: writes one.
        """
        found: list[bytes] = []
        for stretch in stretches:
            found += self._each(stretch, form, write)
        return found

    def joined(
        self, stretches: Iterable[MessageSlice], form: Hashable, write: Callable[[Message], bytes], between: bytes
    ) -> bytes:
        """The same in one piece.

        Args:
            stretches: the messages.
            form: as above.
            write: writes one.
            between: what stands between two of them.
        """
        pieces: list[bytes] = []
        for stretch in stretches:
            if len(stretch.places) < self._long:
                pieces += self._each(stretch, form, write)
            else:
                pieces.append(self._piece(stretch, form, write, between))
        return between.join(pieces)

    def _piece(self, stretch: MessageSlice, form: Hashable, write: Callable[[Message], bytes], between: bytes) -> bytes:
        places = array("I", stretch.places).tobytes()
        written = self._pieces.written(stretch.segment, stretch.offset, form)
        piece = written.get((between, places))
        if piece is None:
            piece = between.join(self._each(stretch, form, write))
            if len(piece) <= self._pieces.most // 4:  # larger is no page, but all there is
                self._pieces.keep(written, (between, places), piece, _OVERHEAD + len(places))
        return piece

    def _each(self, stretch: MessageSlice, form: Hashable, write: Callable[[Message], bytes]) -> list[bytes]:
        written = self._single.written(stretch.segment, stretch.offset, form)
        try:
            return [*map(written.__getitem__, stretch.places)]
        except KeyError:
            return self._completed(written, stretch, write)

    def _completed(self, written: _Written, stretch: MessageSlice, write: Callable[[Message], bytes]) -> list[bytes]:
        missing = [place for place in stretch.places if place not in written]
        fresh = {}
        for place, message in zip(missing, stretch.at(missing).messages(), strict=True):
            # Copied, because a writer's result may sit in a buffer many times its size.
            fresh[place] = fragment = bytes(memoryview(write(message)))
            self._single.keep(written, place, fragment, _OVERHEAD)
        return [written.get(place) or fresh[place] for place in stretch.places]
