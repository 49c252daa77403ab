"""Pages of received messages of which the recording lacks others: as many messages are made up as the pages tell of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import count
from typing import Any, TypeAlias

from mockserver.providers.serwersms.paging import LIMIT
from mockserver.providers.serwersms.parameters import TYPES
from mockserver.sdk import Instant

from .entry_reader import made_up_phone
from .recorded_calls import RecordedCall, RecordedItem

_MOST_ADDED = 10_000
"""The most messages that are made up."""
_TEXT = "(not in the recording)"


class InboundMessage:
    """An inbound message that a response shows, or that a page tells of."""

    def __init__(
        self, kind: str, number: str, at: Instant, fields: dict[str, Any], call: RecordedCall, item: RecordedItem
    ) -> None:
        """Create one.

        Args:
            kind: its type.
            number: its id.
            at: its date.
            fields: others, by their names in a world file.
            call: the first that shows it.
            item: its place in the response.
        """
        self.kind, self.number, self.at, self.fields = kind, number, at, fields
        self.call, self.item = call, item
        self.comes_at: Instant | None = None
        """When it comes in; ``None`` for before the recording."""

    @property
    def sender(self) -> str:
        """The telephone number that it is from."""
        return str(self.fields["sender"])

    @property
    def recipient(self) -> str:
        """The number that was hit; empty where it is not known."""
        return str(self.fields.get("recipient", ""))


Selects: TypeAlias = Callable[[RecordedCall, InboundMessage], bool]


def complete_pages(
    messages: Sequence[InboundMessage], reads: Sequence[RecordedCall], selects: Selects
) -> list[InboundMessage]:
    """Return the messages with those that stand before and after the ones of the pages that were read.

    Args:
        messages: in the order in which they came in, as far as it is known.
        reads: the calls that read received messages, in their order.
        selects: returns whether the filters of a read select a message.
    """
    found = list(messages)
    known = {(each.kind, each.number) for each in messages}
    numbers = {kind: _free_numbers(kind, known) for kind in TYPES}
    marked: set[tuple[str, str]] = set()
    is_whole = [read for read in reads if read.is_whole_list and not _has_paging(read)]
    added = 0
    for read in reads:
        shown = [(item.text("type"), item.text("id")) for item in read.body.items()]
        if _has_paging(read) and shown:
            before, after = _lacking(read, shown, _present(read, found, marked, selects))
            anchors = {(each.kind, each.number): each for each in found}
            first, last = anchors.get(shown[0]), anchors.get(shown[-1])
            lacking = max(0, before) + max(0, after)
            if first is None or last is None or not lacking:
                pass
            elif before < 0 or any(selects(each, first) for each in is_whole) or added + lacking > _MOST_ADDED:
                read.body.reject("paging", "the recording shows another number of messages")
            else:
                is_descending = read.value("order") == "desc"
                older, newer = ((last, after), (first, before)) if is_descending else ((first, before), (last, after))
                place = found.index(older[0])
                found[place:place] = _make_up(older[0], older[1], numbers)
                place = found.index(newer[0]) + 1
                found[place:place] = _make_up(newer[0], newer[1], numbers)
                added += lacking
        if read.value("read"):
            marked.update(shown)
    return found


def _free_numbers(kind: str, known: AbstractSet[tuple[str, str]]) -> Iterator[str]:
    """Yield the ids that no known message of a type has."""
    return (str(number) for number in count(1) if (kind, str(number)) not in known)


def _has_paging(read: RecordedCall) -> bool:
    return "paging" in read.body.values and read.values is not None


def _present(
    read: RecordedCall, found: Sequence[InboundMessage], marked: set[tuple[str, str]], selects: Selects
) -> list[tuple[str, str]]:
    """Return the type and id of the known messages that a read selects, in the order of its pages."""
    present = [
        each
        for each in found
        if (each.comes_at is None or each.comes_at <= read.at)
        and (each.kind, each.number) not in marked
        and selects(read, each)
    ]
    order = read.value("order")
    has_one_list = order or "type" in (read.values or ())
    present.sort(key=lambda each: (0 if has_one_list else TYPES.index(each.kind), each.comes_at or each.at))
    return [(each.kind, each.number) for each in (reversed(present) if order == "desc" else present)]


def _lacking(
    read: RecordedCall, shown: Sequence[tuple[str, str]], present: Sequence[tuple[str, str]]
) -> tuple[int, int]:
    """Return how many messages are missing before those that a page shows, and after them."""
    paging = read.body.child("paging")
    pages = 0 if paging is None else paging.number("count") or 0
    if shown[0] not in present or shown[-1] not in present:
        return 0, 0
    page, size = max(1, read.value("page", 1)), read.value("limit", LIMIT)
    before = (page - 1) * size
    total = before + len(shown) if page >= pages else (pages - 1) * size + 1
    after = total - before - len(shown)
    return before - present.index(shown[0]), after - (len(present) - 1 - present.index(shown[-1]))


def _make_up(anchor: InboundMessage, number: int, numbers: dict[str, Iterator[str]]) -> list[InboundMessage]:
    """Return so many messages of the type and the instant of another one."""
    made = []
    for place in range(max(0, number)):
        sender = anchor.sender if anchor.call.value("phone") else made_up_phone(place)
        fields = {"sender": sender, "recipient": anchor.recipient, "text": "" if anchor.kind == "mms" else _TEXT}
        if anchor.kind == "eco":
            fields["reference"] = "0"
        own: dict[str, Any] = {"title": _TEXT, "attachments": []} if anchor.kind == "mms" else {}
        each = InboundMessage(
            anchor.kind, next(numbers[anchor.kind]), anchor.at, {**fields, **own}, anchor.call, anchor.item
        )
        each.comes_at = anchor.comes_at
        made.append(each)
    return made
