"""Which messages, in which order, and which of them are on a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import chain
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from msgspec import Struct

from mockserver.engine.instants import EARLIEST, LATEST, SECOND, Instant, day_begins, day_ends, instant_of
from mockserver.engine.message_store import Ledger, Picked, Stretch
from mockserver.engine.messages import Shelf, account_shelf, kind_shelf, number_shelf

# SW-17: a page without a limit; the vendor's own plugin asks for so many
LIMIT = 20


# -- which messages ------------------------------------------------------------------------------------------------


Test: TypeAlias = tuple[str, Callable[[Any], bool]]
"""A field of a message, and whether it is as it is wanted."""


class Search(Struct, frozen=True):
    """What is looked for."""

    shelves: tuple[Shelf, ...]
    """One after the other."""
    since: Instant
    until: Instant
    tests: tuple[Test, ...] = ()
    """What a message must pass to count. Without any, a page costs what it holds, wherever it is."""


def search(
    values: Mapping[str, Any], account: str, types: tuple[str, ...], zone: ZoneInfo | None, read: set[int]
) -> Search:
    """What a call's parameters look for.

    Args:
        values: of the parameters that were sent.
        account: the key of the account that asks.
        types: all there are, in their order.
        zone: of its dates (SW-11).
        read: the serials that are never returned again (SW-12).
    """
    # 004: "This is the date and time of sending the message."; SW-10
    since, until = values.get("date_from"), values.get("date_to")
    return Search(
        _shelves(values, account, types),
        EARLIEST if since is None else _begins(since, zone),
        LATEST if until is None else _ends(until, zone),
        tuple(_tests(values, read)),
    )


def _shelves(values: Mapping[str, Any], account: str, types: tuple[str, ...]) -> tuple[Shelf, ...]:
    if "ndi" in values:  # 004: "which hit a certain number of NDI"; SW-25
        return (number_shelf(account, values["ndi"]),)
    if "type" in values:
        return (kind_shelf(account, values["type"]),)
    if "order" in values:  # SW-18: by time
        return (account_shelf(account),)
    return _kinds(account, types)


@lru_cache(maxsize=256)
def _kinds(account: str, types: tuple[str, ...]) -> tuple[Shelf, ...]:
    # 004: the sample has eco, nd, ndi, mms, whatever the hour; SW-18
    return tuple(kind_shelf(account, kind) for kind in types)


def _tests(values: Mapping[str, Any], read: set[int]) -> Iterator[Test]:
    """What neither a shelf nor the time says."""
    if read:
        yield "serial", lambda serial: serial not in read
    if phones := values.get("phone"):
        yield "sender", phones.__contains__
    if "ndi" in values:  # SW-25: other types may have hit the number too
        is_wanted = values.get("type", "ndi") == "ndi"
        yield "kind", lambda kind: is_wanted and kind == "ndi"


def _begins(moment: date, zone: ZoneInfo | None) -> Instant:
    if not isinstance(moment, datetime):
        return day_begins(moment, zone)
    return instant_of(moment if moment.tzinfo else moment.replace(tzinfo=zone or UTC))  # SW-11: the first of two


def _ends(moment: date, zone: ZoneInfo | None) -> Instant:
    if not isinstance(moment, datetime):
        return day_ends(moment, zone)
    return _begins(moment.replace(microsecond=0), zone) + SECOND - 1  # SW-9: stamps are whole seconds


# -- which of them -------------------------------------------------------------------------------------------------


class Page(Struct, frozen=True):
    """Which part of what is found."""

    number: int = 1
    limit: int | None = None
    """``None`` is everything."""
    is_descending: bool = False

    def window(self, total: int) -> range:
        """The places of its messages among all, counted in ascending order."""
        if self.limit is None:
            return range(total)
        start, stop = (self.number - 1) * self.limit, self.number * self.limit
        if self.is_descending:
            start, stop = total - stop, total - start
        return range(max(0, start), max(0, min(stop, total)))

    def count(self, total: int) -> int:
        """How many pages there are."""
        return -(-total // self.limit) if self.limit else 1


def find(ledger: Ledger, search: Search, page: Page) -> Picked:
    """Find the messages of a page, and how many there are on all pages."""
    is_counted = page.limit is not None and not search.tests
    total, stretches = (_counted if is_counted else _looked_through)(ledger, search, page)
    if page.is_descending:
        backwards = [stretch.at(stretch.places[::-1]) for stretch in stretches]
        return Picked(tuple(reversed(backwards)), total)
    return Picked(tuple(stretches), total)


def _counted(ledger: Ledger, search: Search, page: Page) -> tuple[int, Iterable[Stretch]]:
    """Look only at what is on the page."""
    counts = [ledger.count(shelf, search.since, search.until) for shelf in search.shelves]
    picks = (
        ledger.pick(shelf, search.since, search.until, part.start, len(part)).stretches
        for shelf, part in zip(search.shelves, _parts(counts, page), strict=True)
        if part
    )
    return sum(counts), chain.from_iterable(picks)


def _looked_through(ledger: Ledger, search: Search, page: Page) -> tuple[int, Iterable[Stretch]]:
    """Look at everything on the shelves."""
    found = ledger.everything(search.shelves, search.since, search.until)
    for field, is_wanted in search.tests:
        found = [stretch.where(field, is_wanted) for stretch in found]
    counts = [len(stretch.places) for stretch in found]
    if page.limit is None:
        return sum(counts), found
    parts = zip(found, _parts(counts, page), strict=True)
    return sum(counts), (stretch.at(stretch.places[part.start : part.stop]) for stretch, part in parts)


def _parts(counts: Sequence[int], page: Page) -> Iterator[range]:
    """Which of each so many messages, one after the other, are on the page."""
    window, before = page.window(sum(counts)), 0
    for count in counts:
        yield range(max(window.start - before, 0), max(min(window.stop - before, count), 0))
        before += count
