"""The variants of a world, with a note of the switches that were looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping


class NotedVariants(Mapping[str, str]):
    """A world's variants. Which of its switches have been looked at shows which could have made a response another one.

    It is no dictionary, whose copies Python makes without asking for each value: a copy of this looks at every switch.
    """

    __slots__ = ("_noted", "_variants")

    def __init__(self, variants: Mapping[str, str]) -> None:
        self._variants = dict(variants)
        self._noted: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self._noted.add(name)
        return self._variants[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variants)

    def __len__(self) -> int:
        return len(self._variants)

    def take_noted(self) -> frozenset[str]:
        """Return the names of the switches that were looked at since the last call."""
        noted = frozenset(self._noted)
        self._noted.clear()
        return noted
