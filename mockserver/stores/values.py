"""Immutable values as JSON, exactly: each is read back with the types that it was written with.

Texts, whole numbers, finite floats, booleans and ``None`` are written as they are, a tuple as an array and a `FrozenDict` as
an object. Every other value is an object with one key, which begins with ``$`` and names the type:
``{"$bytes": "YWJj"}``, ``{"$Number": {"number": "3125550142", …}}``.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from functools import partial
from math import isfinite
from typing import Any, TypeAlias, get_args, get_type_hints
from zoneinfo import ZoneInfo

from msgspec import Struct

from mockserver.engine.event_log import StoreUnavailable
from mockserver.engine.frozen import NO_FIELDS, FrozenDict

Pack: TypeAlias = Callable[[Any], Any]
"""Returns a value as JSON, or the value of JSON."""

_LARGEST = 2**63
"""The first whole number that does not have to be read by every JSON parser."""


class StoredDataError(StoreUnavailable, ValueError):
    """Stored data cannot be read, or a value cannot be stored; the message is a sentence for the user.

    At the start of a server it is a bad value of a setting; later, its world cannot be used.
    """


class UnknownType(StoredDataError):
    """Stored data have a value of a type that this process does not know."""

    def __init__(self, name: str) -> None:
        """Create the error for the name of a type, as it stands behind the ``$``."""
        super().__init__(f"the stored data have a value of the type {name!r}, which this version does not know")
        self.name = name


class ValueTypes:
    """The types whose values can be written, beside plain ones, by name."""

    def __init__(self, types: Iterable[type] = ()) -> None:
        """Create a set of Structs, dataclasses, named tuples and enumerations, each under the name of its class."""
        self.writers: dict[type, tuple[str, Callable[[Pack, Any], Any]]] = {}
        self.readers: dict[str, Callable[[Pack, Any], Any]] = {}
        for each in types:
            self.add(each)

    def add(self, kind: type, name: str = "") -> None:
        """Add a type under a name, by default that of the class, with the types of its fields. One that is known is kept."""
        if kind in self.writers:
            return
        name = name or kind.__name__
        if issubclass(kind, Enum):
            self.put(kind, name, lambda _, value: value.name, lambda _, value: kind[value])
        else:
            names = _field_names(kind)

            def write(pack: Pack, value: Any) -> dict[str, Any]:
                return {each: pack(getattr(value, each)) for each in names}

            def read(unpack: Pack, value: Any) -> Any:
                return kind(**{each: unpack(field) for each, field in value.items()})

            self.put(kind, name, write, read)

    def add_all(self, kind: type, name: str, prefix: str) -> None:
        """Add a type under a name, and those that its fields are annotated with under the prefix and their classes' names."""
        self.add(kind, name)
        for hint in get_type_hints(kind).values():
            for each in _types_in(hint):
                if each not in self.writers and _is_composed(each):
                    self.add_all(each, prefix + each.__name__, prefix)

    def put(self, kind: type, name: str, write: Callable[[Pack, Any], Any], read: Callable[[Pack, Any], Any]) -> None:
        """Set how the values of a type are written and read.

        Args:
            kind: the type.
            name: what stands behind the ``$``.
            write: returns a value as JSON, given the function that writes the values in it.
            read: returns the value of JSON, given the function that reads the values in it.

        Raises:
            ValueError: another type has this name.
        """
        if name in self.readers:
            raise ValueError(f"two types are named {name!r}")
        self.writers[kind] = f"${name}", write
        self.readers[f"${name}"] = read

    def pack(self, pack: Pack, value: Any) -> Any:
        """Return a value as JSON.

        Args:
            pack: the function that writes the values in it; it calls this one.
            value: the value.

        Raises:
            StoredDataError: it has a type that is not known.
        """
        kind = type(value)
        if kind is str or value is None or kind is bool:
            return value
        if kind is int:
            return value if -_LARGEST <= value < _LARGEST else {"$int": str(value)}
        if kind is float:
            return value if isfinite(value) else {"$float": repr(value)}
        if kind is tuple:
            return [pack(each) for each in value]
        if kind is FrozenDict and not any(type(name) is not str or name.startswith("$") for name in value):
            return {name: pack(each) for name, each in value.items()}
        found = self.writers.get(kind)
        if found is not None:
            name, write = found
            return {name: write(pack, value)}
        for base, plain in _PLAIN:
            if isinstance(value, base):
                return pack(plain(value))
        raise StoredDataError(f"a value of the type {kind.__qualname__!r} cannot be stored")

    def unpack(self, unpack: Pack, value: Any) -> Any:
        """Return the value of JSON that `pack` wrote.

        Args:
            unpack: the function that reads the values in it; it calls this one.
            value: the decoded JSON.

        Raises:
            UnknownType: a value has a type that is not known.
        """
        kind = type(value)
        if kind is list:
            return tuple([unpack(each) for each in value])
        if kind is not dict:
            return value
        if not value:
            return NO_FIELDS
        if len(value) == 1:
            [(name, content)] = value.items()
            if name[:1] == "$":
                read = self.readers.get(name)
                if read is None:
                    raise UnknownType(name[1:])
                return read(unpack, content)
        return FrozenDict({name: unpack(each) for name, each in value.items()})


_PLAIN: tuple[tuple[type, Callable[[Any], Any]], ...] = ((str, str), (int, int), (float, float), (Mapping, dict))
"""Types whose subclasses are equal to the plain value, and what makes it."""


def plain_types() -> ValueTypes:
    """Return the types of Python's own that providers may use in their values."""
    types = ValueTypes()
    for name, kind in {"int": int, "float": float, "Decimal": Decimal}.items():
        types.put(kind, name, _to_text, lambda _, text, kind=kind: kind(text))  # type: ignore[misc]  # a default binds the loop's class
    types.put(bytes, "bytes", lambda _, value: b64encode(value).decode(), lambda _, text: b64decode(text))
    types.put(list, "list", _write_each, lambda unpack, values: [unpack(each) for each in values])
    types.put(set, "set", _write_sorted, lambda unpack, values: {unpack(each) for each in values})
    types.put(frozenset, "frozenset", _write_sorted, lambda unpack, values: frozenset(map(unpack, values)))
    types.put(dict, "dict", _write_pairs, lambda unpack, pairs: {unpack(one): unpack(two) for one, two in pairs})
    types.put(
        FrozenDict, "fields", _write_pairs, lambda unpack, pairs: FrozenDict((one, unpack(two)) for one, two in pairs)
    )
    types.put(date, "date", lambda _, value: value.isoformat(), lambda _, text: date.fromisoformat(text))
    types.put(time, "time", _write_time, partial(_read_time, time))
    types.put(datetime, "datetime", _write_time, partial(_read_time, datetime))
    types.put(
        timedelta,
        "timedelta",
        lambda _, value: [value.days, value.seconds, value.microseconds],
        lambda _, parts: timedelta(*parts),
    )
    return types


def _to_text(_: Pack, value: object) -> str:
    return str(value)


def _write_each(pack: Pack, value: Iterable[Any]) -> list[Any]:
    return [pack(each) for each in value]


def _write_sorted(pack: Pack, value: Iterable[Any]) -> list[Any]:
    """Write a set, in the same order each time."""
    try:
        return [pack(each) for each in sorted(value)]
    except TypeError:  # of values that have no order
        return sorted((pack(each) for each in value), key=repr)


def _write_pairs(pack: Pack, value: Mapping[Any, Any]) -> list[Any]:
    return [[pack(name), pack(each)] for name, each in value.items()]


def _write_time(_: Pack, value: datetime | time) -> list[Any]:
    """Write a time with its zone: its name, or the microseconds that it is ahead of UTC."""
    zone = value.tzinfo
    text = value.replace(tzinfo=None).isoformat()
    if isinstance(zone, ZoneInfo):
        return [text, zone.key, value.fold]
    ahead = value.utcoffset()
    return [text, None if ahead is None else ahead // timedelta(microseconds=1), value.fold]


def _read_time(kind: type[datetime | time], _: Pack, parts: Any) -> datetime | time:
    text, zone, fold = parts
    found = kind.fromisoformat(text).replace(fold=fold)
    if zone is None:
        return found
    return found.replace(tzinfo=ZoneInfo(zone) if isinstance(zone, str) else timezone(timedelta(microseconds=zone)))


def _is_composed(kind: type) -> bool:
    return issubclass(kind, Struct | Enum) or is_dataclass(kind) or hasattr(kind, "_fields")


def _field_names(kind: Any) -> tuple[str, ...]:
    if issubclass(kind, Struct):
        return tuple(kind.__struct_fields__)
    if is_dataclass(kind):
        return tuple(each.name for each in dataclass_fields(kind) if each.init)
    if not hasattr(kind, "_fields"):
        raise TypeError(f"{kind!r} is no Struct, dataclass, named tuple or enumeration")
    return tuple(kind._fields)


def _types_in(hint: Any) -> Iterable[type]:
    """Yield the classes in an annotation."""
    if isinstance(hint, type):
        yield hint
    for each in get_args(hint):
        yield from _types_in(each)
