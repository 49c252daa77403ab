"""The conversations section: handsets side by side, with the messages and deliveries of each, and a form to send one.

Its cost depends on what is shown, not on the size of the world: the message store has an index by handset, and after an
event only the bubbles that it concerns are rendered again.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from heapq import nlargest
from itertools import chain
from typing import Any, NamedTuple, TypeVar

from mockserver.client import ControlError
from mockserver.engine.deliveries import Delivery
from mockserver.engine.event_log import TimedEvent
from mockserver.engine.events import (
    AttemptEnded,
    DeliveryChanged,
    DeliveryOpened,
    MessageChanged,
    MessageDeleted,
    MessagesRead,
    MessageStored,
)
from mockserver.engine.instants import EARLIEST, LATEST, Instant, iso
from mockserver.engine.message_store import HANDSET_PIECE, Handset, add_up_handsets
from mockserver.engine.messages import Message, handset_key, handset_of
from mockserver.engine.state import State
from mockserver.engine.world import World
from mockserver.sdk.webhooks import subject

from .attachments import AttachmentView, view_attachments
from .destinations import Destination, destination_value, format_number, inbound_fields, list_destinations
from .page_context import PageRequest
from .sms_segments import SegmentCount, count_segments

_Item = TypeVar("_Item")

PAGE = 40
"""Messages of a handset that are shown at a time."""
HANDSETS = 50
"""Handsets in the list."""
DEFAULT_OPEN = 3
"""Handsets that are open when the URL names none."""
MAX_OPEN = 8
_MAX_CHANGED = 200
"""Changed bubbles; if there are more, the browser loads the whole page instead."""


class HandsetRow(NamedTuple):
    """A handset in the list."""

    number: str
    name: str
    """The name of its owner if an account has them as a contact, else empty."""
    messages: int
    latest: Message


class AttemptView(NamedTuple):
    """An attempt at a delivery, as the page shows it."""

    at: str
    status: int | None
    result: str


class DeliveryView(NamedTuple):
    """A delivery, shown under the bubble of its message."""

    number: int
    kind: str
    url: str
    status: str
    due: str | None
    attempts: tuple[AttemptView, ...]


class Bubble(NamedTuple):
    """A message, as the page shows it."""

    message: Message
    handset: str
    at: str
    provider: str
    """The provider's title."""
    account: str
    segments: SegmentCount
    is_read: bool
    """Whether the client has marked it as read."""
    delivery_views: tuple[DeliveryView, ...]
    attachments: tuple[AttachmentView, ...]

    @property
    def serial(self) -> int:
        """The serial number of the message."""
        return self.message.serial

    @property
    def is_inbound(self) -> bool:
        """Whether the owner of the handset sent it."""
        return self.message.direction == "inbound"


class Thread(NamedTuple):
    """An open handset with its latest messages."""

    number: str
    name: str
    bubbles: tuple[Bubble, ...]
    older: int
    """The number of messages before the first that is shown."""
    destination: str
    """The preselected destination: that of the last message."""
    kind: str
    """The preselected kind of message."""
    reference: str
    """The id of the last message that can be answered by reference."""
    draft: Mapping[str, str]
    """The form of a message that the provider rejected."""
    error: str
    """Why it was rejected."""


def view_model(page_request: PageRequest, draft: Mapping[str, str] | None = None, error: str = "") -> dict[str, Any]:
    """Return what the section's template shows.

    Args:
        page_request: ``q`` filters the list, ``skip`` is the number of handsets before the page, ``open`` are the
            handsets side by side.
        draft: the form of a message that was rejected.
        error: why it was rejected.
    """
    world = page_request.world
    wanted, skip = page_request.args.get("q", "").strip(), page_request.number("skip")
    handsets = list_handsets(world)
    named = _find_named(page_request, wanted)
    found = [each for each in handsets if _matches(each.number, wanted, named)]
    listed = nlargest(skip + HANDSETS, found, key=lambda each: (each.latest, each.number))[skip:]
    with world.lock:
        names = _Names(page_request, world.state)
        current = (_current_row(world.state, each.number, names) for each in listed)
        rows = [row for row in current if row is not None]
        explicit = open_handsets(page_request)
        numbers = explicit or ([row.number for row in rows[:DEFAULT_OPEN]] if not wanted and not skip else [])
        threads = build_threads(page_request, world.state, numbers)
        destinations = list_destinations(world.state, page_request.context.providers_by_name)
        example = "" if handsets else _example_command(page_request, world.state)
    if draft is not None:
        threads = [
            thread._replace(draft=draft, error=error) if thread.number == draft.get("handset") else thread
            for thread in threads
        ]
    return {
        "rows": rows,
        "total": len(found),
        "handset_count": len(handsets),
        "next": skip + HANDSETS if len(found) > skip + HANDSETS else 0,
        "previous": max(0, skip - HANDSETS) if skip else None,
        "wanted": wanted,
        "threads": threads,
        "open": [thread.number for thread in threads],
        "is_explicit": bool(explicit),
        "destinations": destinations,
        "example": example,
        "changes": page_request.url_for_section(
            "conversations/changes", open=[thread.number for thread in threads], q=wanted
        ),
    }


def _example_command(page_request: PageRequest, state: State) -> str:
    """Return a command line that sends a message; empty if no account of the world can send."""
    for account in state.accounts.values():
        numbers = [number.number for number in account.numbers.values() if number.sms_enabled]
        login = next((each for each in account.logins if each.secret is not None), None)
        command = page_request.context.providers_by_name[account.provider].send_example
        if command and numbers and login is not None:
            return command.format(url=page_request.origin, user=login.user, secret=login.secret, number=numbers[0])
    return ""


def open_handsets(page_request: PageRequest) -> list[str]:
    """Return the handsets that the URL opens, as the message store writes them."""
    numbers = (handset_of(number.strip()) for number in page_request.args.getlist("open"))
    return list(dict.fromkeys(filter(None, numbers)))[:MAX_OPEN]


def _build_handset_indexes(world: World) -> None:
    """Build the message store's indexes by handset without holding the world's lock, for a large one takes time."""
    with world.lock:
        store_segments = world.state.message_store.seal_for_handsets()
    for segment in store_segments:
        _ = segment.handsets


def list_handsets(world: World) -> list[Handset]:
    """Return every handset of a world, in no particular order; its lock is held for a few hundred of them at a time."""
    _build_handset_indexes(world)
    return add_up_handsets(_in_turns(world, world.state.message_store.handset_pieces()))


def _in_turns(world: World, pieces: Iterator[list[_Item]]) -> Iterator[list[_Item]]:
    """Yield pieces of which each is made with a world's lock held, which others may take between them."""
    while True:
        with world.lock:
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece


def _matches(handset: str, wanted: str, named: Container[str]) -> bool:
    return not wanted or handset_of(wanted) in handset or handset in named


class _Names:
    """The names of people that the accounts' collections have, by handset."""

    def __init__(self, page_request: PageRequest, state: State) -> None:
        providers = page_request.context.providers_by_name
        self._entries = state.entries
        self._people = [
            (account.key, collection)
            for account in state.accounts.values()
            for collection in providers[account.provider].collections
            if collection.number_field
        ]

    def get(self, handset: str) -> str:
        """Return the name of a handset's owner; empty if it is not known."""
        for account, collection in self._people:
            for number in (f"+{handset}", handset, f"+1{handset}"):
                found = self._entries.find(account, collection.name, collection.number_field, number, limit=1)
                if found:
                    return collection.name_of(found[0])
        return ""

    def named(self, text: str) -> Iterator[list[str]]:
        """Yield the handsets of everybody whose name contains a text in lower case, for some people at a time."""
        for account, collection in self._people:
            for start in range(0, self._entries.count(account, collection.name), HANDSET_PIECE):
                yield [
                    handset_of(getattr(entry, collection.number_field))
                    for entry in self._entries.page(account, collection.name, start, HANDSET_PIECE)
                    if text in collection.name_of(entry).casefold()
                ]


def _find_named(page_request: PageRequest, wanted: str) -> set[str]:
    """Return the handsets of everybody whose name contains a text; none without a text."""
    if not wanted:
        return set()
    world = page_request.world
    with world.lock:
        names = _Names(page_request, world.state)
    return set(chain.from_iterable(_in_turns(world, names.named(wanted.casefold()))))


def _row(state: State, handset: Handset, names: _Names) -> HandsetRow:
    (latest,) = state.message_store.page(handset_key(handset.number), EARLIEST, LATEST, handset.messages - 1, 1)
    return HandsetRow(handset.number, names.get(handset.number), handset.messages, latest)


# -- one handset -------------------------------------------------------------------------------------------------------


def build_threads(page_request: PageRequest, state: State, numbers: Iterable[str]) -> list[Thread]:
    """Return open handsets as the page shows them. The caller holds their world's lock."""
    names = _Names(page_request, state)
    return [_thread(page_request, state, number, names) for number in numbers]


def _thread(page_request: PageRequest, state: State, number: str, names: _Names) -> Thread:
    messages, older = _messages_before(state, number, None)
    last = messages[-1] if messages else None
    kind, reference = _answer(page_request, state, messages)
    return Thread(
        number,
        names.get(number),
        _bubbles(page_request, state, messages),
        older,
        destination_value(last) if last else "",
        kind,
        reference,
        {},
        "",
    )


def _answer(page_request: PageRequest, state: State, messages: Sequence[Message]) -> tuple[str, str]:
    """Return the preselected kind of a message, and the id of the message that it answers by reference.

    What was sent last is answered, where its provider has a kind of message that answers by reference.
    """
    received = [each for each in messages if each.kind and each.direction == "inbound"]
    kind = received[-1].kind if received else ""
    reference = next((each.reference for each in reversed(received) if each.reference), "")
    if messages and messages[-1].direction == "outbound" and messages[-1].kind:
        provider = page_request.context.providers_by_name[state.accounts[messages[-1].account].provider]
        answering = next((name for name, fields in provider.inbound_kinds.items() if "reference" in fields), None)
        if answering is not None:
            return answering, messages[-1].id
    return kind, reference


def _messages_before(state: State, number: str, before: int | None) -> tuple[list[Message], int]:
    """Return the messages of a handset before an index, or the latest, and how many come before them."""
    index_key = handset_key(number)
    count = state.message_store.count(index_key, EARLIEST, LATEST)
    end = count if before is None else min(before, count)
    start = max(0, end - PAGE)
    return state.message_store.page(index_key, EARLIEST, LATEST, start, end - start), start


def earlier_messages(page_request: PageRequest, number: str) -> dict[str, Any]:
    """Return the bubbles of a handset before the index ``before``."""
    state = page_request.world.state
    with page_request.world.lock:
        messages, older = _messages_before(state, number, page_request.number("before"))
        bubbles = _bubbles(page_request, state, messages)
    return {"number": number, "bubbles": bubbles, "older": older}


def _bubbles(page_request: PageRequest, state: State, messages: Iterable[Message]) -> tuple[Bubble, ...]:
    return tuple(_bubble(page_request, state, message) for message in messages)


def _bubble(page_request: PageRequest, state: State, message: Message) -> Bubble:
    provider, _, account = message.account.partition("/")
    deliveries = (state.deliveries[number] for number in state.deliveries_by_message.get(message.serial, ()))
    return Bubble(
        message,
        message.handset,
        iso(message.at),
        page_request.context.titles.get(provider, provider),
        account,
        count_segments(message.text),
        message.serial in state.read,
        tuple(map(_delivery_view, deliveries)),
        view_attachments(message, page_request.url_for_section),
    )


def _delivery_view(delivery: Delivery) -> DeliveryView:
    attempts = (AttemptView(iso(each.at), each.outcome.status, each.result) for each in delivery.attempts)
    due = None if delivery.due is None else iso(delivery.due)
    return DeliveryView(delivery.number, delivery.kind, delivery.url, delivery.status, due, tuple(attempts))


# -- what has changed ----------------------------------------------------------------------------------------------------


def changes(page_request: PageRequest) -> dict[str, Any] | None:
    """Return the rows and bubbles that changed after the cursor ``since``; ``None`` if the whole page must be loaded."""
    world, numbers = page_request.world, set(open_handsets(page_request))
    wanted = page_request.args.get("q", "").strip()
    feed = world.feed.since(page_request.number("since"))
    if feed.missed or any(_is_deletion(item) for item in feed.items):
        return None
    _build_handset_indexes(world)
    named = _find_named(page_request, wanted)
    with world.lock:
        state = world.state
        changed = list({each.serial: each for each in _changed_messages(state, numbers, feed.items)}.values())
        handsets = list(dict.fromkeys(message.handset for message in changed))[-HANDSETS:]
        names = _Names(page_request, state)
        # The oldest first, for the browser puts each row on top of the list.
        known = (_current_row(state, number, names) for number in handsets)
        rows = sorted((row for row in known if row is not None), key=lambda row: row.latest.at)
        visible = [message for message in changed if message.handset in numbers]
        if len(visible) > _MAX_CHANGED:
            return None
        bubbles = _bubbles(page_request, state, sorted(visible, key=lambda each: (each.at, each.serial)))
    rows = [row for row in rows if _matches(row.number, wanted, named)]
    return {
        "rows": rows,
        "bubbles": bubbles,
        "open": open_handsets(page_request),
        "cursor": feed.cursor,
        "wanted": wanted,
        "path": page_request.url_for_section("conversations", open=open_handsets(page_request), q=wanted),
    }


def _current_row(state: State, number: str, names: _Names) -> HandsetRow | None:
    """Return the row of a handset; ``None`` if a reset removed its messages."""
    count = state.message_store.count(handset_key(number), EARLIEST, LATEST)
    return _row(state, Handset(number, count, 0), names) if count else None


def _is_deletion(item: object) -> bool:
    """Return whether a message was deleted: no part of the page can be sent in its place."""
    return isinstance(item, TimedEvent) and isinstance(item.event, MessageDeleted)


def _changed_messages(state: State, numbers: Iterable[str], items: Sequence[object]) -> Iterator[Message]:
    """Yield the messages that feed items concern; of the messages that were read, those of some handsets."""
    read: set[int] = set()
    for item in items:
        event = item.event if isinstance(item, TimedEvent) else None
        if isinstance(event, MessageStored | MessageChanged):
            found = state.message_store.get(event.message.serial if isinstance(event, MessageStored) else event.serial)
            if found is not None:
                yield found
        elif isinstance(event, DeliveryOpened):
            yield from _delivered_message(state, event.delivery.number)
        elif isinstance(event, AttemptEnded | DeliveryChanged):
            yield from _delivered_message(state, event.number)
        elif isinstance(event, MessagesRead):
            read.update(event.serials)
    if read:
        for number in numbers:
            messages, _ = _messages_before(state, number, None)
            yield from (message for message in messages if message.serial in read)


def _delivered_message(state: State, number: int) -> Iterator[Message]:
    """Yield the message of a delivery, if both still exist."""
    if number in state.deliveries:
        with suppress(LookupError):
            yield subject(state.deliveries[number], state)


# -- a new message ------------------------------------------------------------------------------------------------------


class InboundRejected(ValueError):
    """The error that a person's message was rejected, with the reason."""


def send_inbound(page_request: PageRequest) -> None:
    """Send the message of a form from a handset to its destination.

    Raises:
        InboundRejected: the provider rejects it, or the world has no such destination.
    """
    form, world = page_request.request.form, page_request.world
    number = handset_of(form.get("handset", "").strip())
    with world.lock:
        providers = page_request.context.providers_by_name
        destination = _find_destination(list_destinations(world.state, providers), form.get("destination", ""))
        provider = providers[destination.provider]
        messages, _ = _messages_before(world.state, number, None)
        known = [_handset_number(each) for each in reversed(messages)]
        files = page_request.request.files.getlist("attachment")
        fields = inbound_fields(world.state, provider, destination, form, files)
    sender = format_number(number, [form.get("handset", "").strip(), *known], provider)
    try:
        page_request.call_api("POST", "inbound", {"provider": provider.name, "sender": sender, **fields})
    except ControlError as reason:
        raise InboundRejected(str(reason)) from reason


def _find_destination(destinations: Sequence[Destination], value: str) -> Destination:
    found = next((each for each in destinations if each.value == value), None)
    if found is None:
        raise InboundRejected("this world has no such number, program or account; choose another one")
    return found


def _handset_number(message: Message) -> str:
    return message.sender if message.direction == "inbound" else message.recipient


def find_message(world: World, handset: str, at: Instant, serial: int) -> Message | None:
    """Return a message of a handset; ``None`` if there is no such message."""
    with world.lock:
        found = world.state.message_store.page(handset_key(handset), at, at)
    return next((message for message in found if message.serial == serial), None)
