"""What a world file says of providers that are not installed: taken out of it, so that a snapshot can write it back."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from mockserver.engine.frozen import freeze
from mockserver.engine.state import UnreadParts


def take_out_unknown(document: Any, known: Container[str]) -> tuple[Any, UnreadParts]:
    """A decoded world file without the accounts and scheduled messages of providers that are not known, and these."""
    if not isinstance(document, dict):
        return document, UnreadParts()
    rest, unread = dict(document), dict[str, list[Any]]()
    for part in ("accounts", "scheduled"):
        things = document.get(part)
        if isinstance(things, list):
            unread[part] = [thing for thing in things if _is_unknown(thing, known)]
            rest[part] = [thing for thing in things if not _is_unknown(thing, known)]
    accounts, scheduled = (tuple(map(freeze, unread.get(part, ()))) for part in ("accounts", "scheduled"))
    return rest, UnreadParts(accounts, scheduled)


def _is_unknown(thing: Any, known: Container[str]) -> bool:
    return isinstance(thing, dict) and isinstance(thing.get("provider"), str) and thing["provider"] not in known
