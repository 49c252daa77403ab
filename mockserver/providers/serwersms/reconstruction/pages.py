"""Makes up what stands on pages that were not recorded, so that the recorded pages of the same list come back as they were."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import count
from typing import Any, NamedTuple, TypeAlias

from mockserver.providers.serwersms.paging import LIMIT
from mockserver.providers.serwersms.parameters import TYPES
from mockserver.sdk import Instant

from .recorded_calls import RecordedCall, RecordedItem

MOST_ADDED = 10_000
"""The most things that are made up in one place; where a response tells of more, it is listed as unexplained."""
UNKNOWN = "(not recorded)"
"""The text or name of something that is made up."""


def made_up_phone(number: int) -> str:
    """Return a telephone number that is nobody's, for something that is made up."""
    return f"+4899{1_000_000 + number}"


class Gap(NamedTuple):
    """How many things are missing around those of a page."""

    before: int
    """How many before the first one; below 0 where more are known than there can be."""
    after: int

    @property
    def is_open(self) -> bool:
        """Whether something is missing, or too much is known."""
        return self.before != 0 or self.after > 0

    @property
    def number(self) -> int:
        """How many are missing."""
        return max(0, self.before) + max(0, self.after)


def find_gap(page: int, size: int, pages: int | None, shown: Sequence[Hashable], present: Sequence[Hashable]) -> Gap:
    """Return how many things are missing around those of a page.

    Args:
        page: its number, from 1.
        size: how many things are on a page.
        pages: how many pages there are; ``None`` where that is not told.
        shown: the things on it.
        present: the known things of all pages, in their order.
    """
    if not shown or shown[0] not in present or shown[-1] not in present:
        return Gap(0, 0)
    before = (page - 1) * size
    total = before + len(shown) if pages is None or page >= pages else (pages - 1) * size + 1
    known_after = len(present) - 1 - present.index(shown[-1])
    return Gap(before - present.index(shown[0]), max(0, total - before - len(shown) - known_after))


class MadeUp(NamedTuple):
    """A made-up entry: by the number of a page it must be there, and no response shows it."""

    number: int
    group: int | None = None
    """The group of a contact that is made up for a list of one group; ``None`` for another entry."""


class EntryPage(NamedTuple):
    """A page of a list of entries."""

    call: RecordedCall
    ids: Sequence[Hashable]
    """As they are shown."""
    is_descending: bool
    """Whether the newest comes first."""
    size: int
    """How many entries a page has."""
    group: int | None
    """The group whose contacts it lists."""


def complete_entry_pages(
    ids: Sequence[Hashable], pages: Sequence[EntryPage], is_in: Callable[[Hashable, int], bool], *, is_whole: bool
) -> list[Any]:
    """Return the ids of entries, the oldest first, with a `MadeUp` for each that is missing by the pages.

    Args:
        ids: of the entries that are known.
        pages: the pages that were read.
        is_in: returns whether a contact is in a group.
        is_whole: whether a response had all entries, so that none can be missing.
    """
    found: list[Any] = list(ids)
    numbers = count(0)
    for page in sorted(pages, key=lambda each: each.group is None):
        present = [each for each in found if page.group is None or _is_member(each, page.group, is_in)]
        paging = page.call.body.child("paging")
        gap = find_gap(
            max(1, page.call.value("page", 1)),
            page.size,
            None if paging is None else paging.number("count"),
            page.ids,
            present[::-1] if page.is_descending else present,
        )
        if not gap.is_open:
            continue
        if is_whole or gap.before < 0 or gap.number > MOST_ADDED:
            page.call.body.reject("paging", "the recording shows another number of entries")
            continue
        older, newer = page.ids[0], page.ids[-1]
        if page.is_descending:
            older, newer, gap = newer, older, Gap(gap.after, gap.before)
        # The oldest of a group that are missing may be older than anything else that is known.
        place = found.index(older) if page.group is None else 0
        found[place:place] = [MadeUp(next(numbers), page.group) for _ in range(gap.before)]
        place = found.index(newer) + 1
        found[place:place] = [MadeUp(next(numbers), page.group) for _ in range(gap.after)]
    return found


def _is_member(entry: Any, group: int, is_in: Callable[[Hashable, int], bool]) -> bool:
    return entry.group == group if isinstance(entry, MadeUp) else is_in(entry, group)


class InboundMessage:
    """An inbound message that a response shows, or that is made up."""

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
        """The number that it was sent to; empty where it is not known."""
        return str(self.fields.get("recipient", ""))


Selects: TypeAlias = Callable[[RecordedCall, InboundMessage], bool]


def complete_pages(
    messages: Sequence[InboundMessage], reads: Sequence[RecordedCall], selects: Selects
) -> list[InboundMessage]:
    """Return the messages, with made-up ones where the pages show that others stand before or after.

    Args:
        messages: in the order in which they came in, as far as it is known.
        reads: the calls that read received messages, in their order.
        selects: returns whether the filters of a read select a message.
    """
    found = list(messages)
    known = {(each.kind, each.number) for each in messages}
    numbers = {kind: _free_numbers(kind, known) for kind in TYPES}
    marked = _find_marked(reads)
    whole = [read for read in reads if read.is_whole_list]
    paged = [read for read in reads if _has_paging(read)]
    anchors = {(each.kind, each.number): each for each in found}
    added = 0
    for read in sorted(paged, key=lambda each: -_count_filters(each)):  # what a type lacks, all types lack
        shown = _shown(read)
        gap = _find_gap(read, shown, _present(read, found, marked, selects))
        if not gap.is_open or shown[0] not in anchors or shown[-1] not in anchors:
            continue
        first, last = anchors[shown[0]], anchors[shown[-1]]
        if read.value("order") == "desc":
            first, last, gap = last, first, Gap(gap.after, gap.before)
        is_by_type = "order" not in (read.values or ())
        taken = _find_taken(read, reads)
        kind = _choose_kind(first.kind, taken, reversed(TYPES), is_by_type=is_by_type)
        older = _make_up(first, kind, gap.before, numbers)
        kind = _choose_kind(last.kind, taken, TYPES, is_by_type=is_by_type)
        newer = _make_up(last, kind, gap.after, numbers)
        added += len(older) + len(newer)
        is_known = any(selects(each, one) for each in whole for one in (*older[:1], *newer[:1]))
        if min(gap) < 0 or is_known or added > MOST_ADDED:
            read.body.reject("paging", "the recording shows another number of messages")
            continue
        place = found.index(first)
        found[place:place] = older
        place = found.index(last) + 1
        found[place:place] = newer
    return found


def _find_taken(read: RecordedCall, reads: Sequence[RecordedCall]) -> frozenset[str]:
    """Return the types whose number of messages is known from reads of one type; none if the read itself is of one type."""
    if read.value("type") or read.value("ndi"):
        return frozenset()
    return frozenset(each.value("type") or "ndi" for each in reads if each.value("type") or each.value("ndi"))


def _choose_kind(anchor: str, taken: AbstractSet[str], kinds: Iterable[str], *, is_by_type: bool) -> str:
    """Return the type of the messages that are missing beside another one: its own, or one whose number no read tells.

    Args:
        anchor: the type of the message.
        taken: the types of which reads tell how many there are.
        kinds: all types, in the order in which they follow from the message on.
        is_by_type: whether the list has one type after the other.
    """
    following = list(kinds)
    if is_by_type:
        following = following[following.index(anchor) :]
    # The list of premium messages that wait for an answer may tell how many there are of them.
    others = sorted(following, key=lambda each: each == "pre")
    return anchor if anchor not in taken else next((each for each in others if each not in taken), anchor)


def _shown(read: RecordedCall) -> list[tuple[str, str]]:
    return [(item.text("type"), item.text("id")) for item in read.body.items()]


def _count_filters(read: RecordedCall) -> int:
    return len((read.values or {}).keys() & {"type", "phone", "ndi", "date_from", "date_to"})


def _find_marked(reads: Sequence[RecordedCall]) -> dict[tuple[str, str], RecordedCall]:
    """Return the messages that were marked as read, by type and id, each with the call that marked it first."""
    marked: dict[tuple[str, str], RecordedCall] = {}
    for read in reads:
        if read.value("read"):
            for key in _shown(read):
                marked.setdefault(key, read)
    return marked


def _free_numbers(kind: str, known: AbstractSet[tuple[str, str]]) -> Iterator[str]:
    """Yield the ids that no known message of a type has."""
    return (str(number) for number in count(1) if (kind, str(number)) not in known)


def _has_paging(read: RecordedCall) -> bool:
    """Return whether a read has one page of several."""
    paging = read.body.child("paging")
    return read.values is not None and paging is not None and (paging.number("count") or 0) > 1


def _present(
    read: RecordedCall,
    found: Sequence[InboundMessage],
    marked: Mapping[tuple[str, str], RecordedCall],
    selects: Selects,
) -> list[tuple[str, str]]:
    """Return the type and id of the known messages that a read selects, in the order of its pages."""
    has_filters = _count_filters(read) > 0
    present = [
        each
        for each in found
        if (each.comes_at is None or each.comes_at <= read.at)
        and not marked.get((each.kind, each.number), read).is_before(read)
        and (not has_filters or selects(read, each))
    ]
    order = read.value("order")
    has_one_list = order or "type" in (read.values or ())
    present.sort(key=lambda each: (0 if has_one_list else TYPES.index(each.kind), each.comes_at or each.at))
    return [(each.kind, each.number) for each in (reversed(present) if order == "desc" else present)]


def _find_gap(read: RecordedCall, shown: Sequence[tuple[str, str]], present: Sequence[tuple[str, str]]) -> Gap:
    paging = read.body.child("paging")
    pages = None if paging is None else paging.number("count")
    return find_gap(max(1, read.value("page", 1)), read.value("limit", LIMIT), pages, shown, present)


def _make_up(
    anchor: InboundMessage, kind: str, number: int, numbers: Mapping[str, Iterator[str]]
) -> list[InboundMessage]:
    """Return a number of made-up messages of a type, with the instant of another message."""
    made = []
    for place in range(max(0, number)):
        sender = anchor.sender if anchor.call.value("phone") else made_up_phone(place)
        fields = {
            "sender": sender,
            "recipient": anchor.recipient if kind == anchor.kind else "",
            "text": "" if kind == "mms" else UNKNOWN,
        }
        if kind == "eco":
            fields["reference"] = "0"
        own: dict[str, Any] = {"title": UNKNOWN, "attachments": []} if kind == "mms" else {}
        each = InboundMessage(kind, next(numbers[kind]), anchor.at, {**fields, **own}, anchor.call, anchor.item)
        each.comes_at = anchor.comes_at
        made.append(each)
    return made
