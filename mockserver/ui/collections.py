"""The collections of a world's accounts, such as contacts and groups, as tables of their latest entries."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mockserver.worldfile.dump import describe_entry

from .page_context import PageRequest

_SHOWN = 50
"""The entries that the page shows of each collection, the latest first."""
_LENGTH = 100
"""The characters that the page shows of a value."""


class CollectionView(NamedTuple):
    """A collection of an account, as the page shows it."""

    title: str
    """The provider's title."""
    account: str
    name: str
    total: int
    """The number of all entries."""
    columns: tuple[str, ...]
    """The fields that at least one of the shown entries has."""
    rows: tuple[tuple[str, ...], ...]


def view_collections(page_request: PageRequest) -> list[CollectionView]:
    """Return the collections that have entries."""
    with page_request.world.lock:
        state, known = page_request.world.state, page_request.context.providers_by_name
        found = [
            (
                account,
                each.name,
                state.entries.count(account.key, each.name),
                state.entries.page(account.key, each.name, limit=_SHOWN, newest_first=True),
            )
            for account in state.accounts.values()
            for each in known[account.provider].collections
        ]
    return [
        CollectionView(known[account.provider].title, account.name, name, count, *_table(map(describe_entry, entries)))
        for account, name, count, entries in found
        if count
    ]


def _table(entries: Iterator[Mapping[str, Any]]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    rows = list(entries)
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    return columns, tuple(tuple(_cell(row.get(name, "")) for name in columns) for row in rows)


def _cell(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LENGTH else f"{text[:_LENGTH]}…"
