"""The fields of very many messages, packed while they come: few values as numbers, texts that differ as UTF-8.

A million message objects are half a gigabyte; in columns they are a sixth of that.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, islice, repeat
from operator import le
from typing import Any, Protocol

from .instants import Instant
from .messages import Message

_DIFFERENT = frozenset({"id", "sender", "recipient", "text", "reference", "title"})
"""The fields that may be another text in every message."""

_ENOUGH = 10_000
"""Rows after which it is plain whether they are."""

_UTF8 = ("utf-8", "surrogatepass")


class Column(Protocol):
    """One field of each row; it does not change."""

    def pick(self, places: Sequence[int], /) -> Iterable[object]:
        """That of each of these rows."""


class Same:
    """A column in which every row is alike."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def pick(self, places: Sequence[int]) -> Iterable[object]:
        """It, as often."""
        return repeat(self._value, len(places))


class Whole:
    """A column of numbers."""

    __slots__ = ("_numbers",)

    def __init__(self, numbers: Sequence[int]) -> None:
        self._numbers = numbers

    def pick(self, places: Sequence[int]) -> Iterable[object]:
        """The number of each."""
        return map(self._numbers.__getitem__, places)


class _Few:
    """A column of few values, each kept once and called by its number."""

    __slots__ = ("_numbers", "_values")

    def __init__(self, values: Sequence[object], numbers: Iterable[int]) -> None:
        self._values = values
        self._numbers = array("B" if len(values) <= 2**8 else "I", numbers)

    def pick(self, places: Sequence[int]) -> Iterable[object]:
        return map(self._values.__getitem__, map(self._numbers.__getitem__, places))


class _Texts:
    """A column of texts that differ, in one piece of UTF-8: a third of what they are as objects."""

    __slots__ = ("_ends", "_whole")

    def __init__(self, whole: bytes, lengths: Iterable[int]) -> None:
        self._whole = whole
        self._ends = array("I" if len(whole) < 2**32 else "Q", accumulate(lengths, initial=0))

    def pick(self, places: Sequence[int]) -> Iterable[object]:
        whole, ends = self._whole, self._ends
        for place in places:
            yield whole[ends[place] : ends[place + 1]].decode(*_UTF8)


class _Growing:
    """What will be a column. It takes texts for few until it sees that they are not."""

    __slots__ = ("_lengths", "_may_differ", "_number_of", "_numbers", "_whole")

    def __init__(self, may_differ: bool) -> None:
        self._may_differ = may_differ
        self._number_of: dict[object, int] = {}
        self._numbers = array("I")
        self._whole = bytearray()
        self._lengths = array("I")

    def extend(self, values: Sequence[Any]) -> None:
        if self._lengths:
            self._append(values)
            return
        different = set(values)
        for value in different.difference(self._number_of):
            self._number_of[value] = len(self._number_of)
        if len(different) == 1:
            self._numbers += array("I", (self._number_of[values[0]],)) * len(values)
        else:
            self._numbers.extend(map(self._number_of.__getitem__, values))
        if len(self._numbers) >= _ENOUGH:
            self._look()

    def sealed(self, order: Sequence[int]) -> Column:
        """The column, its rows in another order."""
        self._look()
        if self._lengths:
            return self._texts(order)
        # Copied: a text that stays where a file was decoded keeps the memory around it from being given back.
        values = [value.encode(*_UTF8).decode(*_UTF8) if isinstance(value, str) else value for value in self._number_of]
        return Same(values[0]) if len(values) == 1 else _Few(values, map(self._numbers.__getitem__, order))

    def _look(self) -> None:
        if self._may_differ and len(self._number_of) * 2 > len(self._numbers):
            values: list[Any] = [*self._number_of]
            self._append(map(values.__getitem__, self._numbers))
            self._number_of.clear()
            del self._numbers[:]

    def _append(self, texts: Iterable[str]) -> None:
        pieces = _encoded([*texts])
        self._whole += b"".join(pieces)
        self._lengths.extend(map(len, pieces))

    def _texts(self, order: Sequence[int]) -> Column:
        if isinstance(order, range):
            return _Texts(bytes(self._whole), self._lengths)
        whole, ends = bytes(self._whole), [*accumulate(self._lengths, initial=0)]
        pieces = [whole[ends[place] : ends[place + 1]] for place in order]
        return _Texts(b"".join(pieces), map(len, pieces))


def _encoded(texts: Sequence[str]) -> list[bytes]:
    try:
        return [*map(str.encode, texts)]
    except UnicodeEncodeError:  # half of a surrogate pair
        return [text.encode(*_UTF8) for text in texts]


class Rows:
    """Messages that will be a layer, added some at a time; only their columns are kept."""

    def __init__(self) -> None:
        self.at = array("q")
        """Their instants."""
        self._fields: dict[str, _Growing] = {}

    def __len__(self) -> int:
        return len(self.at)

    def extend(self, at: Iterable[Instant], fields: Mapping[str, Sequence[object]]) -> None:
        """Add messages.

        Args:
            at: the instant of each.
            fields: the other fields of each, but its serial; one that is not there has its default in all.
        """
        before = len(self)
        self.at.extend(at)
        for name in self._fields.keys() | fields.keys():
            default = Message._field_defaults.get(name)
            growing = self._fields.get(name)
            if growing is None:
                growing = self._fields[name] = _Growing(name in _DIFFERENT)
                growing.extend([default] * before)
            growing.extend(fields.get(name) or [default] * (len(self) - before))

    def order(self) -> Sequence[int]:
        """By time and then by arrival: the place of each in the order of arrival."""
        everywhere = range(len(self))
        if all(map(le, self.at, islice(self.at, 1, None))):
            return everywhere
        return array("I", sorted(everywhere, key=self.at.__getitem__))

    def columns(self, order: Sequence[int]) -> dict[str, Column]:
        """The fields of each, in that order; as they are in all where none has said anything else."""
        said = {name: growing.sealed(order) for name, growing in self._fields.items()} if order else {}
        same: dict[str, Column] = {name: Same(value) for name, value in Message._field_defaults.items()}
        return {**same, **said}


def rows_of(messages: Iterable[Message]) -> Rows:
    """Messages whose serials are consecutive, in that order."""
    rows = Rows()
    by_serial = sorted(messages)
    columns = dict(zip(Message._fields, zip(*by_serial, strict=True), strict=False))
    if by_serial:
        rows.extend(columns.pop("at"), {name: column for name, column in columns.items() if name != "serial"})
    return rows
