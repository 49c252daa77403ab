"""Takes the parts of providers that are not installed out of a world file, so that a snapshot can write them back."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from mockserver.engine.frozen import freeze
from mockserver.engine.state import UnreadParts

PARTS = ("accounts", "scheduled", "deliveries")
"""The lists of a world file whose items name their provider; the fields of `UnreadParts` are the same."""


def take_out_unknown(document: Any, known: Container[str]) -> tuple[Any, UnreadParts]:
    """Return a decoded world file without the accounts, scheduled messages and deliveries of unknown providers, and those parts."""
    if not isinstance(document, dict):
        return document, UnreadParts()
    rest, unread = dict(document), dict[str, list[Any]]()
    for part in PARTS:
        items = document.get(part)
        if isinstance(items, list):
            unread[part] = [item for item in items if _is_unknown(item, known)]
            rest[part] = [item for item in items if not _is_unknown(item, known)]
    return rest, UnreadParts(*(tuple(map(freeze, unread.get(part, ()))) for part in PARTS))


def _is_unknown(item: Any, known: Container[str]) -> bool:
    return isinstance(item, dict) and isinstance(item.get("provider"), str) and item["provider"] not in known
