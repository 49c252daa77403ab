"""Rows of messages that count how often one is looked at, in place of a measured time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine.messages import Message


class CountedRows(list[Message]):
    """Rows of a segment that count how often one is looked at."""

    looks = 0

    def __getitem__(self, place: Any) -> Any:
        self.looks += 1
        return super().__getitem__(place)

    def __iter__(self) -> Iterator[Message]:
        self.looks += len(self)
        return super().__iter__()
