"""Immutable JSON values, for the fields of a provider's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn


class FrozenDict(dict[str, Any]):
    """An immutable dictionary, which worlds can share. It is a ``dict``, so JSON encoders accept it."""

    __slots__ = ()

    def __hash__(self) -> int:  # type: ignore[override]  # immutable, so hashable unlike its base class
        return hash(frozenset(self.items()))

    def _reject(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("this dictionary cannot be changed")

    __setitem__ = __delitem__ = __ior__ = update = setdefault = pop = popitem = clear = _reject

    def __copy__(self) -> FrozenDict:
        return self

    def __deepcopy__(self, _: object) -> FrozenDict:
        return self

    def __reduce__(self) -> tuple[type[FrozenDict], tuple[dict[str, Any]]]:
        return FrozenDict, (dict(self),)


NO_FIELDS = FrozenDict()


_SCALARS = frozenset((str, int, float, bool, type(None)))


def freeze(fields: Mapping[str, Any]) -> FrozenDict:
    """Return a copy of a JSON object that is immutable at any depth."""
    if not fields:
        return NO_FIELDS
    for value in fields.values():
        if type(value) not in _SCALARS:
            return FrozenDict({name: _frozen(value) for name, value in fields.items()})
    return FrozenDict(fields)


def _frozen(value: Any) -> Any:
    if type(value) in _SCALARS:
        return value
    if isinstance(value, Mapping):
        return freeze(value)
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value
