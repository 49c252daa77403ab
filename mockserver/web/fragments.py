"""What messages look like on the wire, written once each.

A message never changes, so what a room wrote of it stays right as long as everything else that it looked at is the
same. That is the room's to say, in the form: the readings, the zone, a list of blocked numbers. Worlds that share a
layer at the same offset in time share what was written of it, and it is forgotten with the layer.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakKeyDictionary

import orjson

if TYPE_CHECKING:
    from mockserver.core.layers import Source
    from mockserver.core.ledger import Stretch
    from mockserver.core.messages import Message

_Written: TypeAlias = dict[int, bytes]
"""Fragments by place."""

_OVERHEAD = 150
"""Bytes that a fragment costs beside its own, in the two objects and the table that hold it."""


def spliced(document: Mapping[str, Any], end: bytes, fragments: list[bytes]) -> bytes:
    """A JSON document with these in its empty last list; in one copy, for a page of 500 is 100 kB.

    Args:
        document: ends with an empty list.
        end: what closes the list and whatever it stands in.
        fragments: JSON; the list is used up.
    """
    begin = orjson.dumps(document).removesuffix(end)
    if not fragments:
        return begin + end
    fragments[0] = begin + fragments[0]
    fragments[-1] += end
    return b",".join(fragments)


class Fragments:
    """A bounded memory of them. When it is full it starts again: to know which is oldest would cost more."""

    def __init__(self, most: int = 16 * 2**20) -> None:
        """Remember so many bytes; with 0 everything is written anew."""
        self._most = most
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
            written = self._written(stretch, form)
            try:
                found += [*map(written.__getitem__, stretch.places)]
            except KeyError:
                found += self._completed(written, stretch, write)
        return found

    def _written(self, stretch: Stretch, form: Hashable) -> _Written:
        if self._held >= self._most:
            self._known, self._held = WeakKeyDictionary(), 0
        forms = self._known.setdefault(stretch.source, {})
        return forms.setdefault((stretch.offset, form), {})

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
