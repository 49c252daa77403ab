"""What somebody may have meant: names, operations and paths that are near to known ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

_LONGEST = 80
"""Characters of a name that are looked at: comparing takes their square."""
_NEAR = 0.75
"""How alike names must be, from 0 to 1."""
_SOMEWHAT = 0.5
"""How alike paths must be to stand in a list of several."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like this one, case and separators aside; ``None`` if none is, or it is known."""
    return _best(name, known, _likeness)


def nearest_operation(name: str, known: Iterable[str]) -> str | None:
    """The same for names of parts with dots between them: where there are as many, each is compared with its own."""
    return _best(name, known, lambda one, other: _by_parts(one.split("."), other.split(".")))


def nearest_path(path: str, rules: Iterable[str]) -> str | None:
    """The address that is most like a path; ``<...>`` in it is like anything."""
    return _best(path, rules, _path_likeness)


def nearest_paths(path: str, rules: Iterable[str], most: int) -> list[str]:
    """Addresses that are somewhat like a path, the most alike first."""
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
