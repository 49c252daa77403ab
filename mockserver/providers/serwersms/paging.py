"""Selects messages, orders them, and divides them into pages."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import chain
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from msgspec import Struct

from mockserver.sdk import (
    EARLIEST,
    LATEST,
    SECOND,
    IndexKey,
    Instant,
    MessagePage,
    MessageSlice,
    MessageStore,
    Page,
    account_key,
    datetime_of,
    day_begins,
    day_ends,
    instant_of,
    kind_key,
    newest_first,
    number_key,
)

# SW-17: a page without a limit; the vendor's own plugin asks for so many
LIMIT = 20


# -- which messages ------------------------------------------------------------------------------------------------


Test: TypeAlias = tuple[str, Callable[[Any], bool]]
"""The name of a field, and a function that returns whether its value is a wanted one."""


class Search(Struct, frozen=True):
    """The criteria of a search."""

    keys: tuple[IndexKey, ...]
    """The index keys, whose messages are listed one key after the other."""
    since: Instant
    until: Instant
    tests: tuple[Test, ...] = ()
    """The tests that a message must pass.

    Without any, the cost of a page depends on its size alone, not on its place.
    """


def search(
    values: Mapping[str, Any],
    phones: frozenset[str],
    account: str,
    types: tuple[str, ...],
    zone: ZoneInfo | None,
    read: set[int],
) -> Search:
    """Return the search that a call's parameters describe.

    Args:
        values: of the parameters that were sent.
        phones: whose messages; empty for all.
        account: the key of the account that asks.
        types: all there are, in their order.
        zone: of its dates (SW-11).
        read: the serials that are never returned again (SW-12).
    """
    # 004: "This is the date and time of sending the message."; SW-10
    since, until = values.get("date_from"), values.get("date_to")
    return Search(
        _keys(values, account, types),
        EARLIEST if since is None else begins(since, zone),
        LATEST if until is None else ends(until, zone),
        tuple(_tests(values, phones, read)),
    )


def _keys(values: Mapping[str, Any], account: str, types: tuple[str, ...]) -> tuple[IndexKey, ...]:
    if "ndi" in values:  # 004: "which hit a certain number of NDI"; SW-25
        return (number_key(account, values["ndi"]),)
    if "type" in values:
        return (kind_key(account, values["type"], "inbound"),)
    if "order" in values:  # SW-18: by time
        return (account_key(account, "inbound"),)
    return _kinds(account, types)


@lru_cache(maxsize=256)
def _kinds(account: str, types: tuple[str, ...]) -> tuple[IndexKey, ...]:
    # 004: the sample has eco, nd, ndi, mms, whatever the hour; SW-18
    return tuple(kind_key(account, kind, "inbound") for kind in types)


def _tests(values: Mapping[str, Any], phones: frozenset[str], read: set[int]) -> Iterator[Test]:
    """Return the tests for what neither the index nor the time selects."""
    if read:
        yield "serial", lambda serial: serial not in read
    if phones:
        yield "sender", phones.__contains__
    if "ndi" in values:  # SW-25: other types may have hit the number too
        is_wanted = values.get("type", "ndi") == "ndi"
        yield "kind", lambda kind: is_wanted and kind == "ndi"


def begins(moment: date, zone: ZoneInfo | None) -> Instant:
    """Return the instant at which a day or moment begins in a zone (SW-11)."""
    if not isinstance(moment, datetime):
        return day_begins(moment, zone)
    if moment.tzinfo:
        return instant_of(moment)
    local = moment.replace(tzinfo=zone or UTC)
    first, second = instant_of(local), instant_of(local.replace(fold=1))
    if first <= second:  # SW-11: of an hour that is there twice the first
        return first
    # SW-11: an hour that is not there is the instant at which the clocks change; it lies between the readings by both offsets
    seconds, after = range(second // SECOND, first // SECOND + 1), local.replace(fold=1).utcoffset()
    change = bisect_left(seconds, True, key=lambda each: datetime_of(each * SECOND, zone).utcoffset() == after)
    return seconds[change] * SECOND


def ends(moment: date, zone: ZoneInfo | None) -> Instant:
    """Return the last instant of a day or of a moment's second in a zone (SW-9)."""
    if not isinstance(moment, datetime):
        return day_ends(moment, zone)
    return begins(moment.replace(microsecond=0), zone) + SECOND - 1  # SW-9: stamps are whole seconds


# -- which of them -------------------------------------------------------------------------------------------------


def find(messages: MessageStore, search: Search, page: Page) -> MessagePage:
    """Find the messages of a page, and how many there are on all pages."""
    is_counted = page.size is not None and not search.tests
    total, slices = (_counted if is_counted else _looked_through)(messages, search, page)
    found = MessagePage(tuple(slices), total)
    return newest_first(found) if page.is_newest_first else found


def exists(messages: MessageStore, search: Search) -> bool:
    """Return whether any message is found."""
    if not search.tests:
        return any(messages.count(key, search.since, search.until) for key in search.keys)
    for found in messages.select_each(search.keys, search.since, search.until):
        narrowed = found
        for field, is_wanted in search.tests:
            narrowed = narrowed.where(field, is_wanted)
        if narrowed.places:
            return True
    return False


def _counted(messages: MessageStore, search: Search, page: Page) -> tuple[int, Iterable[MessageSlice]]:
    """Find a page by looking at its messages alone."""
    counts = [messages.count(key, search.since, search.until) for key in search.keys]
    picks = (
        messages.select(key, search.since, search.until, part.start, len(part)).slices
        for key, part in zip(search.keys, _parts(counts, page), strict=True)
        if part
    )
    return sum(counts), chain.from_iterable(picks)


def _looked_through(messages: MessageStore, search: Search, page: Page) -> tuple[int, Iterable[MessageSlice]]:
    """Find a page by looking at every message."""
    found = messages.select_each(search.keys, search.since, search.until)
    for field, is_wanted in search.tests:
        found = [each.where(field, is_wanted) for each in found]
    counts = [len(each.places) for each in found]
    if page.size is None:
        return sum(counts), found
    parts = zip(found, _parts(counts, page), strict=True)
    return sum(counts), (each.at(each.places[part.start : part.stop]) for each, part in parts)


def _parts(counts: Sequence[int], page: Page) -> Iterator[range]:
    """Return, for lists of these lengths one after the other, the part of each that is on the page."""
    window, before = page.window(sum(counts)), 0
    for count in counts:
        yield range(max(window.start - before, 0), max(min(window.stop - before, count), 0))
        before += count
