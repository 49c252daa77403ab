"""Entries of an account: what a call finds by id, stores or deletes, and lists with pages, an order and a phrase (SW-78)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from mockserver.sdk import (
    Account,
    Call,
    Decision,
    Entries,
    EntryDeleted,
    EntryStored,
    Instant,
    Page,
    Parameter,
    State,
    parse_parameters,
)

from . import quirks
from .errors import InvalidId, TooManyRecords
from .parameters import BLANK
from .results import Paging, Written

SIZE, LARGEST = 100, 1_000
"""SW-78: the entries of a page where no ``limit`` is sent, and the most that a page has."""


def find_page(values: Mapping[str, Any], total: int, variants: Mapping[str, str]) -> tuple[range, Paging | None]:
    """Return which entries of a list are on the page that a call asks for, and what the answer says of the page (SW-78).

    Without ``page`` and ``limit`` it is the whole list.

    Raises:
        TooManyRecords: the limit is larger than `LARGEST`, in the variant ``rejected``.
    """
    if "page" not in values and "limit" not in values:
        return range(total), None
    number, size = max(1, values.get("page", 1)), values.get("limit", SIZE)
    if size > LARGEST and variants[quirks.LIST_LIMIT.name] == "rejected":
        raise TooManyRecords(limit=size, largest=LARGEST)
    page = Page(number, min(size, LARGEST))
    return page.window(total), Paging(number, page.count(total))


def find_entry(row: Parameter, entry_id: int, account: Account, state: State, collection: str) -> Any:
    """Return an entry of an account by the id that a call sends in a parameter.

    Raises:
        InvalidId: there is none (SW-78).
    """
    entry = state.entries.get(account.key, collection, entry_id)
    if entry is None:
        raise row.error(InvalidId, value=entry_id)
    return entry


def find_by_id(row: Parameter, call: Call, account: Account, state: State, collection: str) -> Any:
    """Return the entry whose id is the only parameter of a call.

    Raises:
        ProviderError: there is no id; or no entry has it (`InvalidId`).
    """
    return find_entry(row, parse_parameters((row,), call.values, blank=BLANK)["id"], account, state, collection)


def store_entry(entry: Any, account: Account, now: Instant, collection: str) -> Decision:
    """Decide that an entry is added, or replaces the one with its id; the answer names the id."""
    return Decision(now, Written(id=entry.id), (EntryStored(account.key, collection, entry),), account=account.key)


def delete_entry(entry_id: int | str, account: Account, now: Instant, collection: str) -> Decision:
    """Decide that an entry is deleted."""
    return Decision(now, Written(), (EntryDeleted(account.key, collection, entry_id),), account=account.key)


class Selection(Struct, frozen=True):
    """Which entries of a collection a call lists."""

    account: str
    """The account's key."""
    collection: str
    where: tuple[str, Hashable] | None = None
    """A field and the value that they have; all entries if ``None``."""
    keep: Callable[[Any], bool] | None = None
    """Return whether an entry is listed; each is looked at."""
    searched: Sequence[str] = ()
    """The fields of which one is to contain the phrase of ``search``."""
    newest_first: bool = True
    """The order where the call asks for none."""


def list_entries(values: Mapping[str, Any], state: State, selection: Selection) -> tuple[Sequence[Any], Paging | None]:
    """Return the entries of the page that a call asks for by ``search``, ``sort``, ``order``, ``page`` and ``limit``.

    Without a search and an order of a field, only the entries of the page are looked at.
    """
    entries, newest_first = state.entries, _is_newest_first(values, selection)
    phrase, sort = values.get("search", "").casefold(), values.get("sort")
    if not phrase and sort is None and selection.keep is None:
        window, paging = find_page(values, _count(entries, selection), state.variants)
        return _part(entries, selection, window.start, len(window), newest_first), paging
    found = [
        entry
        for entry in _part(entries, selection, 0, None, newest_first)
        if (selection.keep is None or selection.keep(entry))
        and (not phrase or phrase in "\n".join([getattr(entry, field) for field in selection.searched]).casefold())
    ]
    if sort is not None:
        found.sort(key=lambda entry: getattr(entry, sort).casefold(), reverse=values.get("order") == "desc")
    window, paging = find_page(values, len(found), state.variants)
    return found[window.start : window.stop], paging


def _is_newest_first(values: Mapping[str, Any], selection: Selection) -> bool:
    order = values.get("order") if "sort" not in values else None
    return selection.newest_first if order is None else order == "desc"


def _count(entries: Entries, selection: Selection) -> int:
    if selection.where is None:
        return entries.count(selection.account, selection.collection)
    return entries.count_of(selection.account, selection.collection, *selection.where)


def _part(entries: Entries, selection: Selection, offset: int, limit: int | None, newest_first: bool) -> Sequence[Any]:
    account, collection, where = selection.account, selection.collection, selection.where
    if where is None:
        return entries.page(account, collection, offset, limit, newest_first)
    return entries.find(account, collection, *where, offset, limit, newest_first)
