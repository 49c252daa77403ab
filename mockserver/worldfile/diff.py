"""Compares two world files. Members of lists are matched by their identifying keys, not by their positions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from mockserver.validation.messages import Place, format_place

_NAMES = {
    "accounts": ("provider", "name"),
    "logins": ("user",),
    "numbers": ("number",),
    "programs": ("id",),
    "messages": ("direction", "kind", "id"),
    "deliveries": ("number",),
    "faults": ("id",),
}
"""The keys that identify the members of each list."""

_NOTHING = object()
_LENGTH = 200
"""The number of characters of a value that are shown."""


def difference(was: Any, now: Any) -> list[str]:
    """Return the differences of two decoded world files, a line each: ``place: old -> new``."""
    return [f"{format_place(place)}: {_shown(old)} -> {_shown(new)}" for place, old, new in _differences(was, now, ())]


def _differences(was: Any, now: Any, place: Place) -> Iterator[tuple[Place, Any, Any]]:
    before, after = _by_identity(was, place), _by_identity(now, place)
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in {**before, **after}:
            yield from _differences(before.get(key, _NOTHING), after.get(key, _NOTHING), (*place, key))
    elif was != now:
        yield place, was, now


def _by_identity(thing: Any, place: Place) -> Any:
    """Return a list of members with identifying keys as a table."""
    is_collection = len(place) > 1 and place[-2] == "collections"
    names = ("id",) if is_collection else _NAMES.get(str(place[-1])) if place else None
    if names is None or not isinstance(thing, list) or not all(isinstance(member, Mapping) for member in thing):
        return thing
    return {"/".join(str(member[name]) for name in names if name in member): member for member in thing}


def _shown(thing: Any) -> str:
    if thing is _NOTHING:
        return "nothing"
    text = orjson.dumps(thing).decode()
    return text if len(text) <= _LENGTH else f"{text[:_LENGTH]}... ({len(text)} characters)"
