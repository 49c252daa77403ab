"""What operations return: Structs whose fields are named and ordered as the vendor writes them.

`wire` writes each in JSON and in XML. An instant is a `datetime` with its zone; a field that is ``UNSET`` is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

from msgspec import UNSET, Struct, UnsetType

Value: TypeAlias = Struct | Mapping[str, Any] | tuple[Any, ...] | datetime | str | int | float | bool | None
"""What a field may hold."""


class Paging(Struct, frozen=True):
    """Where a page of a list stands."""

    page: int
    """Its number, from 1."""
    count: int
    """The number of pages."""


class Written(Struct, frozen=True):
    """Whether something was added, changed or deleted, and what."""

    success: bool | str = True
    id: int | str | UnsetType = UNSET
    correct: int | UnsetType = UNSET
    """How many of several were."""
    failed: int | UnsetType = UNSET
    """How many of several were not."""


class Listed(Struct, frozen=True):
    """A page of a list, or the whole list."""

    items: tuple[Value, ...]
    paging: Paging | None = None
    """``None`` leaves it out (SW-16)."""
    before: Mapping[str, Value] = {}
    """What stands before the items."""


class Shown(Struct, frozen=True):
    """One thing, whose fields stand at the top level."""

    item: Struct | Mapping[str, Any]


class Document(Struct, frozen=True):
    """A file, which is answered as it is."""

    content: bytes
    content_type: str
