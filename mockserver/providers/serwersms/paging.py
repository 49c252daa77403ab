"""Which messages, in which order, and which of them are on a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from mockserver.core.instants import EARLIEST, LATEST, SECOND, Instant, day_begins, day_ends, instant_of
from mockserver.core.ledger import Ledger
from mockserver.core.messages import Message, Shelf, account_shelf, kind_shelf, number_shelf

# SW-17: a page without a limit; the vendor's own plugin asks for so many
LIMIT = 20


# -- which messages ------------------------------------------------------------------------------------------------


class Search(NamedTuple):
    """What is looked for."""

    shelves: tuple[Shelf, ...]
    """One after the other."""
    since: Instant
    until: Instant
    keeps: Callable[[Message], bool] | None = None
    """Whether a message counts; ``None`` keeps all, and then a page costs what it holds, wherever it is."""


def search(
    values: Mapping[str, Any], account: str, types: Sequence[str], zone: ZoneInfo | None, read: set[int]
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
        _keeps(values, read),
    )


def _shelves(values: Mapping[str, Any], account: str, types: Sequence[str]) -> tuple[Shelf, ...]:
    if "ndi" in values:  # 004: "which hit a certain number of NDI"; SW-25
        return (number_shelf(account, values["ndi"]),)
    if "type" in values:
        return (kind_shelf(account, values["type"]),)
    if "order" in values:  # SW-18: by time
        return (account_shelf(account),)
    # 004: the sample has eco, nd, ndi, mms, whatever the hour; SW-18
    return tuple(kind_shelf(account, kind) for kind in types)


def _keeps(values: Mapping[str, Any], read: set[int]) -> Callable[[Message], bool] | None:
    """What neither a shelf nor the time says."""
    tests: list[Callable[[Message], bool]] = []
    if read:
        tests.append(lambda message: message.serial not in read)
    if phones := values.get("phone"):
        tests.append(lambda message: message.sender in phones)
    if "ndi" in values:  # SW-25: other types may have hit the number too
        is_wanted = values.get("type", "ndi") == "ndi"
        tests.append(lambda message: is_wanted and message.kind == "ndi")
    return (lambda message: all(test(message) for test in tests)) if tests else None


def _begins(moment: date, zone: ZoneInfo | None) -> Instant:
    if not isinstance(moment, datetime):
        return day_begins(moment, zone)
    return instant_of(moment if moment.tzinfo else moment.replace(tzinfo=zone or UTC))  # SW-11: the first of two


def _ends(moment: date, zone: ZoneInfo | None) -> Instant:
    if not isinstance(moment, datetime):
        return day_ends(moment, zone)
    return _begins(moment.replace(microsecond=0), zone) + SECOND - 1  # SW-9: stamps are whole seconds


# -- which of them -------------------------------------------------------------------------------------------------


class Page(NamedTuple):
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


class Found(NamedTuple):
    """The messages of a page, and how many there are on all pages."""

    messages: list[Message]
    total: int


def find(ledger: Ledger, search: Search, page: Page) -> Found:
    """Find the messages of a page."""
    found = _counted(ledger, search, page) if search.keeps is None else _scanned(ledger, search, page)
    if page.is_descending:
        found.messages.reverse()
    return found


def _counted(ledger: Ledger, search: Search, page: Page) -> Found:
    counts = [ledger.count(shelf, search.since, search.until) for shelf in search.shelves]
    total = sum(counts)
    return Found(list(_cut(ledger, search, counts, page.window(total))), total)


def _cut(ledger: Ledger, search: Search, counts: list[int], window: range) -> Iterator[Message]:
    before = 0
    for shelf, count in zip(search.shelves, counts, strict=True):
        start, stop = max(window.start - before, 0), min(window.stop - before, count)
        if start < stop:
            yield from ledger.page(shelf, search.since, search.until, start, stop - start)
        before += count


def _scanned(ledger: Ledger, search: Search, page: Page) -> Found:
    kept = [
        message
        for shelf in search.shelves
        for message in filter(search.keeps, ledger.page(shelf, search.since, search.until))
    ]
    window = page.window(len(kept))
    return Found(kept[window.start : window.stop], len(kept))
