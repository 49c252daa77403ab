"""A cache of messages as a provider writes them on the wire.

A stored version of a message does not change, so its serialized bytes are valid as long as everything else that they
depend on is the same: the variants, the zone, a list of blocked numbers. The provider names these in the form. Worlds
that share a segment of messages at the same offset in time share its entries, which are dropped with the segment.

Long pages are cached as a whole too, in a part of their own, so that they displace no messages.
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
"""The bytes that an entry takes beside its fragment, in two objects and a table."""


def compact(document: Mapping[str, Any]) -> bytes:
    """Return a JSON document. It is copied, because orjson's result keeps a buffer of 4 kB in memory."""
    return bytes(memoryview(orjson.dumps(document)))


def spliced(document: Mapping[str, Any], end: bytes, inside: bytes) -> bytes:
    """Return a JSON document with some items in its last list; copied once, because a page of 500 messages is 100 kB.

    Args:
        document: a document that ends with an empty list.
        end: the bytes that close the list and everything around it.
        inside: the items as JSON, with commas between them.
    """
    return b"".join((orjson.dumps(document).removesuffix(end), inside, end))


class _Memory:
    """The fragments of each segment. A full memory is emptied, which costs less than to find the oldest entries."""

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
        """Keep a fragment, which takes ``size`` bytes beside its own."""
        if self.held < self.most:
            written[key] = fragment
            self.held += size + len(fragment)


class SerializationCache:
    """A cache of serialized messages with a largest size in bytes."""

    def __init__(self, most: int = 16 * 2**20, long: int = 20) -> None:
        """Create an empty cache.

        Args:
            most: the largest size in bytes, a quarter of it for whole pages; 0 caches nothing.
            long: the number of messages from which on a slice is cached as a whole too.
        """
        self._long = long
        self._single, self._pieces = _Memory(most - most // 4), _Memory(most // 4)

    @property
    def held(self) -> int:
        """The size in bytes."""
        return self._single.held + self._pieces.held

    def of(self, slices: Iterable[MessageSlice], form: Hashable, write: Callable[[Message], bytes]) -> list[bytes]:
        """Return each message as it is written.

        Args:
            slices: the messages.
            form: everything that the bytes depend on beside the message, the provider's name included.
            write: serializes a message.
        """
        found: list[bytes] = []
        for part in slices:
            for some in part.pieces():
                found += self._each(some, form, write)
        return found

    def joined(
        self, slices: Iterable[MessageSlice], form: Hashable, write: Callable[[Message], bytes], between: bytes
    ) -> bytes:
        """Return the written messages joined.

        Args:
            slices: the messages.
            form: as for `of`.
            write: serializes a message.
            between: the bytes between two messages.
        """
        pieces: list[bytes] = []
        for part in slices:
            if len(part.places) < self._long:
                pieces += self._each(part, form, write)
            else:
                pieces += (self._piece(some, form, write, between) for some in part.pieces())
        return between.join(pieces)

    def _piece(self, part: MessageSlice, form: Hashable, write: Callable[[Message], bytes], between: bytes) -> bytes:
        places = array("I", part.places).tobytes()
        written = self._pieces.written(part.segment, part.offset, form)
        piece = written.get((between, places))
        if piece is None:
            piece = between.join(self._each(part, form, write))
            if len(piece) <= self._pieces.most // 4:  # larger is no page, but all there is
                self._pieces.keep(written, (between, places), piece, _OVERHEAD + len(places))
        return piece

    def _each(self, part: MessageSlice, form: Hashable, write: Callable[[Message], bytes]) -> list[bytes]:
        written = self._single.written(part.segment, part.offset, form)
        try:
            return [*map(written.__getitem__, part.places)]
        except KeyError:
            return self._completed(written, part, write)

    def _completed(self, written: _Written, part: MessageSlice, write: Callable[[Message], bytes]) -> list[bytes]:
        missing = [place for place in part.places if place not in written]
        fresh = {}
        for place, message in zip(missing, part.at(missing).messages(), strict=True):
            # Copied, because a writer's result may sit in a buffer many times its size.
            fresh[place] = fragment = bytes(memoryview(write(message)))
            self._single.keep(written, place, fragment, _OVERHEAD)
        return [written.get(place) or fresh[place] for place in part.places]
