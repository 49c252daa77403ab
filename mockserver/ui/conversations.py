"""The conversations section: handsets side by side, with the messages and deliveries of each, and a form to send one.

Its cost depends on what is shown, not on the size of the world: the message store has an index by handset, and after an
event only the bubbles that it concerns are rendered again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

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
from mockserver.engine.messages import Message, handset_key, handset_of
from mockserver.engine.state import State
from mockserver.engine.world import World
from mockserver.sdk.examples import format_send_example
from mockserver.sdk.webhooks import subject

from .attachments import AttachmentView, view_attachments
from .destinations import Destination, destination_value, format_number, inbound_fields, list_destinations
from .handset_list import (
    HANDSETS,
    HandsetFilter,
    HandsetNames,
    current_row,
    find_named,
    is_touched,
    list_handsets,
)
from .message_states import Histories, MessageState, read_histories
from .page_context import PageRequest
from .sms_segments import SegmentCount, count_segments

PAGE = 40
"""Messages of a handset that are shown at a time."""
DEFAULT_OPEN = 3
"""Handsets that are open when the URL names none."""
MAX_OPEN = 8
_MAX_CHANGED = 200
"""Changed bubbles; if there are more, the browser loads the whole page instead."""


class ShownAttempt(NamedTuple):
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
    attempts: tuple[ShownAttempt, ...]


class Bubble(NamedTuple):
    """A message, as the page shows it."""

    message: Message
    handset: str
    at: str
    provider: str
    """The provider's title."""
    account: str
    segments: SegmentCount
    states: tuple[MessageState, ...]
    """What became of it; at least one."""
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
        page_request: ``q`` and ``seeded`` filter the list, ``skip`` is the number of handsets before the page, ``open`` are the
            handsets side by side.
        draft: the form of a message that was rejected.
        error: why it was rejected.
    """
    world = page_request.world
    wanted, skip = HandsetFilter.of(page_request), page_request.number("skip")
    listed = list_handsets(page_request, wanted, skip)
    histories = read_histories(world)
    with world.lock:
        names = HandsetNames(page_request, world.state)
        current = (current_row(world.state, each.number, names, listed.matching) for each in listed.handsets)
        rows = [row for row in current if row is not None]
        explicit = open_handsets(page_request)
        numbers = explicit or ([row.number for row in rows[:DEFAULT_OPEN]] if not wanted.wanted and not skip else [])
        threads = build_threads(page_request, world.state, numbers, histories)
        destinations = list_destinations(world.state, page_request.context.providers_by_name)
        example = "" if rows else _example_command(page_request, world.state)
    if draft is not None:
        threads = [
            thread._replace(draft=draft, error=error) if thread.number == draft.get("handset") else thread
            for thread in threads
        ]
    return {
        "rows": rows,
        "total": listed.total,
        "handset_count": listed.everything,
        "seeded_count": listed.seeded,
        "is_seeded": wanted.is_seeded,
        "next": skip + HANDSETS if listed.total > skip + HANDSETS else 0,
        "previous": max(0, skip - HANDSETS) if skip else None,
        "wanted": wanted.wanted,
        "list_url": partial(_list_url, page_request, wanted),
        "threads": threads,
        "open": [thread.number for thread in threads],
        "is_explicit": bool(explicit),
        "destinations": destinations,
        "example": example,
        "changes": _list_url(
            page_request, wanted, section="conversations/changes", open=[thread.number for thread in threads]
        ),
    }


def _list_url(
    page_request: PageRequest, wanted: HandsetFilter, section: str = "conversations", **parameters: Any
) -> str:
    """Return the URL of the section with the list as it is filtered now, unless parameters say otherwise."""
    now = {"q": wanted.wanted, "seeded": "1" if wanted.is_seeded else ""}
    return page_request.url_for_section(section, **{**now, **parameters})


def _example_command(page_request: PageRequest, state: State) -> str:
    """Return a command that sends a message; empty if no account of the world can send one."""
    providers = page_request.context.providers_by_name
    found = (
        format_send_example(providers[account.provider], [account], page_request.origin)
        for account in state.accounts.values()
    )
    return next(filter(None, found), "")


def open_handsets(page_request: PageRequest) -> list[str]:
    """Return the handsets that the URL opens, as the message store writes them."""
    numbers = (handset_of(number.strip()) for number in page_request.args.getlist("open"))
    return list(dict.fromkeys(filter(None, numbers)))[:MAX_OPEN]


# -- one handset -------------------------------------------------------------------------------------------------------


def build_threads(
    page_request: PageRequest, state: State, numbers: Iterable[str], histories: Histories
) -> list[Thread]:
    """Return open handsets as the page shows them. The caller holds their world's lock."""
    names = HandsetNames(page_request, state)
    return [_thread(page_request, state, number, names, histories) for number in numbers]


def _thread(page_request: PageRequest, state: State, number: str, names: HandsetNames, histories: Histories) -> Thread:
    messages, older = _messages_before(state, number, None)
    last = messages[-1] if messages else None
    kind, reference = _answer(page_request, state, messages)
    return Thread(
        number,
        names.get(number),
        _bubbles(page_request, state, messages, histories),
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
    state, histories = page_request.world.state, read_histories(page_request.world)
    with page_request.world.lock:
        messages, older = _messages_before(state, number, page_request.number("before"))
        bubbles = _bubbles(page_request, state, messages, histories)
    return {"number": number, "bubbles": bubbles, "older": older}


def _bubbles(
    page_request: PageRequest, state: State, messages: Iterable[Message], histories: Histories
) -> tuple[Bubble, ...]:
    return tuple(_bubble(page_request, state, message, histories) for message in messages)


def _bubble(page_request: PageRequest, state: State, message: Message, histories: Histories) -> Bubble:
    provider, _, account = message.account.partition("/")
    deliveries = (state.deliveries[number] for number in state.deliveries_by_message.get(message.serial, ()))
    return Bubble(
        message,
        message.handset,
        iso(message.at),
        page_request.context.titles.get(provider, provider),
        account,
        count_segments(message.text),
        histories.states_of(message, is_read=message.serial in state.read),
        tuple(map(_delivery_view, deliveries)),
        view_attachments(message, page_request.url_for_section),
    )


def _delivery_view(delivery: Delivery) -> DeliveryView:
    attempts = (ShownAttempt(iso(each.at), each.outcome.status, each.result) for each in delivery.attempts)
    due = None if delivery.due is None else iso(delivery.due)
    return DeliveryView(delivery.number, delivery.kind, delivery.url, delivery.status, due, tuple(attempts))


# -- what has changed ----------------------------------------------------------------------------------------------------


def changes(page_request: PageRequest) -> dict[str, Any] | None:
    """Return the rows and bubbles that changed after the cursor ``since``; ``None`` if the whole page must be loaded."""
    world, numbers = page_request.world, set(open_handsets(page_request))
    wanted = HandsetFilter.of(page_request)
    feed = world.feed.since(page_request.number("since"))
    if feed.missed or any(_is_deletion(item) for item in feed.items):
        return None
    world.build_handset_indexes()
    named, histories = find_named(page_request, wanted.wanted), read_histories(world)
    with world.lock:
        state = world.state
        changed = list({each.serial: each for each in _changed_messages(state, numbers, feed.items)}.values())
        handsets = list(dict.fromkeys(message.handset for message in changed))[-HANDSETS:]
        names = HandsetNames(page_request, state)
        # The oldest first, for the browser puts each row on top of the list.
        known = (
            current_row(state, number, names)
            for number in handsets
            if wanted.lists_everything or is_touched(world, number)
        )
        rows = sorted((row for row in known if row is not None), key=lambda row: row.latest.at)
        visible = [message for message in changed if message.handset in numbers]
        if len(visible) > _MAX_CHANGED:
            return None
        bubbles = _bubbles(page_request, state, sorted(visible, key=lambda each: (each.at, each.serial)), histories)
    text = wanted.wanted.casefold()
    found = named | {each.handset for each in changed if text in each.text.casefold()}
    rows = [row for row in rows if wanted.matches(row.number, found)]
    list_url = partial(_list_url, page_request, wanted)
    return {
        "rows": rows,
        "bubbles": bubbles,
        "open": open_handsets(page_request),
        "cursor": feed.cursor,
        "wanted": wanted.wanted,
        "list_url": list_url,
        "path": list_url(open=open_handsets(page_request)),
    }


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
