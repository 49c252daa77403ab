"""The collections of a world's accounts, such as contacts and groups, as tables of their latest entries."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from mockserver.engine.accounts import Account
from mockserver.engine.entries import Collection
from mockserver.engine.state import State
from mockserver.sdk.provider import Provider
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


def view_collections(page_request: PageRequest, keys: Iterable[str]) -> list[CollectionView]:
    """Return the collections with entries of the accounts of some keys."""
    providers = page_request.context.providers_by_name
    with page_request.world.lock:
        state = page_request.world.state
        return [
            _view(state, account, collection, providers[account.provider])
            for account in map(state.accounts.get, keys)
            if account is not None
            for collection in providers[account.provider].collections
            if state.entries.count(account.key, collection.name)
        ]


def _view(state: State, account: Account, collection: Collection, provider: Provider) -> CollectionView:
    entries = state.entries.page(account.key, collection.name, limit=_SHOWN, newest_first=True)
    names = {name: each.name_of for name, each in provider.collections_by_name.items()}
    rows = [_with_names(state, account.key, collection, names, describe_entry(each)) for each in entries]
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    cells = tuple(tuple(_cell(row.get(name, "")) for name in columns) for row in rows)
    total = state.entries.count(account.key, collection.name)
    return CollectionView(provider.title, account.name, collection.name, total, columns, cells)


def _with_names(
    state: State,
    account: str,
    collection: Collection,
    names: Mapping[str, Callable[[Any], str]],
    row: Mapping[str, Any],
) -> dict[str, Any]:
    """Return a row with names in place of the ids of other entries."""
    named = dict(row)
    for field, other in collection.references.items():
        if field in row:
            ids: Sequence[Any] = row[field] if isinstance(row[field], list | tuple) else [row[field]]
            found = (state.entries.get(account, other, each) for each in ids)
            named[field] = ", ".join("?" if each is None else names[other](each) for each in found)
    return named


def _cell(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LENGTH else f"{text[:_LENGTH]}…"
