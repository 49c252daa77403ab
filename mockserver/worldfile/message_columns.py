"""Messages of a world file, turned on their side: a column of each key that any of them has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain, compress
from typing import Any, Final, TypeAlias

Row: TypeAlias = Mapping[str, Any]
"""A message as a world file describes it."""

ABSENT: Final = object()
"""What stands in a column where a message does not have the key."""


class Table:
    """Some messages."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.shapes = {*map(tuple, rows)}
        """The keys of a message, each way they occur."""
        names = {*chain(*self.shapes)}
        self.columns: Mapping[str, Sequence[Any]] = (
            {name: [row.get(name, ABSENT) for row in rows] for name in names}
            if len(self.shapes) > 1
            # Most are alike, and this is three times as fast.
            else dict(zip(chain(*self.shapes), zip(*(row.values() for row in rows), strict=True), strict=True))
        )
        """By key."""

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def ids(self) -> Mapping[tuple[str, str], Sequence[str]]:
        """The identifiers of each direction and kind; a provider may count each of them from 1."""
        sides = [*zip(self.column("direction", ""), self.column("kind", ""), strict=True)]
        return {side: [*compress(self.column("id", ""), map(side.__eq__, sides))] for side in {*sides}}

    def column(self, name: str, default: object) -> Sequence[Any]:
        """That of a key, with what is meant where it is not there."""
        column = self.columns.get(name) or [default] * len(self)
        return [default if value is ABSENT else value for value in column] if len(self.shapes) > 1 else column
