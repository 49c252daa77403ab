"""Did-you-mean suggestions: the known names, operations and paths that are most like an unknown one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

_LONGEST = 80
"""The number of characters of a name that are compared; the time grows with their square."""
_NEAR = 0.75
"""The least similarity of a suggestion, from 0 to 1."""
_SOMEWHAT = 0.5
"""The least similarity of paths in a list of several suggestions."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name most similar to this one, ignoring case and separators; ``None`` if none is similar or it is known."""
    return _best(name, known, _likeness)


def nearest_operation(name: str, known: Iterable[str]) -> str | None:
    """Return the nearest name of dotted parts, as `nearest`; with as many parts, each is compared with its counterpart."""
    return _best(name, known, lambda one, other: _by_parts(one.split("."), other.split(".")))


def nearest_path(path: str, rules: Iterable[str]) -> str | None:
    """Return the route most similar to a path; ``<...>`` in a route matches anything."""
    return _best(path, rules, _path_likeness)


def nearest_paths(path: str, rules: Iterable[str], most: int) -> list[str]:
    """Return the routes that are similar to a path, the most similar first."""
    path = path[:_LONGEST]
    rated = sorted(((_path_likeness(path, rule), rule) for rule in set(rules)), key=lambda each: (-each[0], each[1]))
    return [rule for likeness, rule in rated[:most] if likeness >= _SOMEWHAT]


def _path_likeness(one: str, other: str) -> float:
    return _by_parts(one.strip("/").split("/"), other.strip("/").split("/"))


def _best(name: str, known: Iterable[str], likeness: object) -> str | None:
    assert callable(likeness)
    names = list(known)
    if name in names or not name:
        return None
    best = max(names, key=lambda other: float(likeness(name[:_LONGEST], other)), default=None)
    return best if best is not None and likeness(name[:_LONGEST], best) >= _NEAR else None


def _by_parts(one: Sequence[str], other: Sequence[str]) -> float:
    if len(one) != len(other):
        return _likeness("".join(one), "".join(other))
    return min(1.0 if right.startswith("<") else _likeness(left, right) for left, right in zip(one, other, strict=True))


def _likeness(one: str, other: str) -> float:
    one, other = _folded(one), _folded(other)
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _folded(name: str) -> str:
    return "".join(filter(str.isalnum, name)).lower()
