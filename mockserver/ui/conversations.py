"""Handsets side by side: what clients sent to each, what its person answered, and what became of the answers.

Everything here costs what is shown: a handset's messages are an index of the message store, and after something happened only
the bubbles that it concerns are made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from heapq import nlargest
from typing import TYPE_CHECKING, Any, NamedTuple

from mockserver.client import ControlError
from mockserver.engine.deliveries import Delivery
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
from mockserver.engine.message_store import Handset
from mockserver.engine.messages import Message, handset_key, handset_of
from mockserver.engine.state import State
from mockserver.engine.world import TimedEvent, World
from mockserver.sdk.webhooks import subject

from .channels import Channel, channels, fields, of_message, spelled
from .page_context import PageRequest
from .pictures import Picture, pictures
from .segments import Segments, segments

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = 40
"""Messages of a handset that are shown at a time."""
HANDSETS = 50
"""Handsets in the list."""
SIDE_BY_SIDE = 3
"""Handsets that are open when no one says which."""
MOST_OPEN = 8
_MOST_CHANGED = 200
"""Bubbles beyond which a page is better fetched whole."""


class Row(NamedTuple):
    """A handset in the list."""

    number: str
    name: str
    """Of its person, where an account has a contact."""
    messages: int
    latest: Message


class AttemptView(NamedTuple):
    """An attempt at a delivery, for people."""

    at: str
    status: int | None
    result: str


class DeliveryView(NamedTuple):
    """A delivery under its bubble."""

    number: int
    kind: str
    url: str
    status: str
    due: str | None
    tries: tuple[AttemptView, ...]


class Bubble(NamedTuple):
    """One message."""

    message: Message
    handset: str
    at: str
    provider: str
    """As people write it."""
    account: str
    segments: Segments
    is_read: bool
    """Whether the client has marked it as read."""
    delivery_views: tuple[DeliveryView, ...]
    pictures: tuple[Picture, ...]

    @property
    def serial(self) -> int:
        """The message's."""
        return self.message.serial

    @property
    def is_answer(self) -> bool:
        """Whether the person wrote it."""
        return self.message.direction == "inbound"


class Thread(NamedTuple):
    """An open handset."""

    number: str
    name: str
    bubbles: tuple[Bubble, ...]
    older: int
    """Messages before the first that is shown."""
    channel: str
    """What is chosen: where the last message was exchanged."""
    kind: str
    reference: str
    draft: Mapping[str, str]
    """What was filled in and not taken."""
    error: str


def shown(page_request: PageRequest, draft: Mapping[str, str] | None = None, error: str = "") -> dict[str, Any]:
    """The whole section.

    Args:
        page_request: ``q`` filters the list, ``skip`` goes on in it, ``open`` are the handsets side by side.
        draft: an answer that was not taken.
        error: why not.
    """
    world = page_request.world
    _look_up(world)
    wanted, skip = page_request.args.get("q", "").strip(), page_request.number("skip")
    with world.lock:
        names = _names(world.state)
        everything = world.state.message_store.handsets()
        found = [each for each in everything if _fits(each, wanted, names)]
        listed = nlargest(skip + HANDSETS, found, key=lambda each: (each.latest, each.number))[skip:]
        rows = [_row(world.state, each, names) for each in listed]
        explicit = opened(page_request)
        numbers = explicit or ([row.number for row in rows[:SIDE_BY_SIDE]] if not wanted and not skip else [])
        shown_ones = threads(page_request, world.state, numbers)
        ways = channels(world.state, page_request.desk.providers_by_name)
        first = "" if everything else _first(page_request, world.state)
    if draft is not None:
        shown_ones = [
            thread._replace(draft=draft, error=error) if thread.number == draft.get("handset") else thread
            for thread in shown_ones
        ]
    return {
        "rows": rows,
        "total": len(found),
        "everything": len(everything),
        "next": skip + HANDSETS if len(found) > skip + HANDSETS else 0,
        "previous": max(0, skip - HANDSETS) if skip else None,
        "wanted": wanted,
        "threads": shown_ones,
        "open": [thread.number for thread in shown_ones],
        "is_explicit": bool(explicit),
        "channels": ways,
        "first": first,
        "changes": page_request.url_for_section(
            "conversations/changes", open=[thread.number for thread in shown_ones], q=wanted
        ),
    }


def _first(page_request: PageRequest, state: State) -> str:
    """A command line that sends the first message; empty where no one could."""
    for account in state.accounts.values():
        numbers = [number.number for number in account.numbers.values() if number.sms_enabled]
        login = next((each for each in account.logins if each.secret is not None), None)
        command = page_request.desk.providers_by_name[account.provider].send_example
        if command and numbers and login is not None:
            return command.format(url=page_request.origin, user=login.user, secret=login.secret, number=numbers[0])
    return ""


def opened(page_request: PageRequest) -> list[str]:
    """The handsets that are to be open, as the message store names them."""
    numbers = (handset_of(number.strip()) for number in page_request.args.getlist("open"))
    return list(dict.fromkeys(filter(None, numbers)))[:MOST_OPEN]


def _look_up(world: World) -> None:
    """Have the sealed layers sorted by handset. A large one takes a moment, in which no one should wait for the lock."""
    with world.lock:
        layers = world.state.message_store.segments
    for layer in layers:
        _ = layer.handsets


def _fits(handset: Handset, wanted: str, names: Mapping[str, str]) -> bool:
    return (
        not wanted
        or handset_of(wanted) in handset.number
        or wanted.casefold() in names.get(handset.number, "").casefold()
    )


def _names(state: State) -> dict[str, str]:
    """What accounts call people, by handset."""
    return {
        handset_of(contact.phone): f"{contact.first_name} {contact.last_name}".strip() or contact.company
        for account in state.accounts.values()
        for contact in account.contacts.values()
    }


def _row(state: State, handset: Handset, names: Mapping[str, str]) -> Row:
    (latest,) = state.message_store.page(handset_key(handset.number), EARLIEST, LATEST, handset.messages - 1, 1)
    return Row(handset.number, names.get(handset.number, ""), handset.messages, latest)


# -- one handset -------------------------------------------------------------------------------------------------------


def threads(page_request: PageRequest, state: State, numbers: Iterable[str]) -> list[Thread]:
    """Handsets as they are shown; called with the lock of their world held."""
    names = _names(state)
    return [_thread(page_request, state, number, names) for number in numbers]


def _thread(page_request: PageRequest, state: State, number: str, names: Mapping[str, str]) -> Thread:
    messages, older = _page(state, number, None)
    last = messages[-1] if messages else None
    said = [each for each in messages if each.kind]
    return Thread(
        number,
        names.get(number, ""),
        _bubbles(page_request, state, messages),
        older,
        of_message(last) if last else "",
        said[-1].kind if said else "",
        next((each.reference for each in reversed(said) if each.reference), ""),
        {},
        "",
    )


def _page(state: State, number: str, before: int | None) -> tuple[list[Message], int]:
    """The messages before a place, and how many come before them."""
    index_key = handset_key(number)
    count = state.message_store.count(index_key, EARLIEST, LATEST)
    end = count if before is None else min(before, count)
    start = max(0, end - PAGE)
    return state.message_store.page(index_key, EARLIEST, LATEST, start, end - start), start


def earlier(page_request: PageRequest, number: str) -> dict[str, Any]:
    """The bubbles before those that are shown."""
    state = page_request.world.state
    with page_request.world.lock:
        messages, older = _page(state, number, page_request.number("before"))
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
        page_request.desk.titles.get(provider, provider),
        account,
        segments(message.text),
        message.serial in state.read,
        tuple(map(_delivery_view, deliveries)),
        pictures(page_request, message),
    )


def _delivery_view(delivery: Delivery) -> DeliveryView:
    tries = (AttemptView(iso(each.at), each.outcome.status, each.result) for each in delivery.attempts)
    due = None if delivery.due is None else iso(delivery.due)
    return DeliveryView(delivery.number, delivery.kind, delivery.url, delivery.status, due, tuple(tries))


# -- what has changed ----------------------------------------------------------------------------------------------------


def changed(page_request: PageRequest) -> dict[str, Any] | None:
    """The rows and bubbles that something happened to after the cursor ``since``; ``None`` when that is too much to tell."""
    world, numbers = page_request.world, set(opened(page_request))
    variant = world.feed.since(page_request.number("since"))
    if variant.missed or any(isinstance(getattr(item, "what", None), MessageDeleted) for item in variant.items):
        return None  # a page that is fetched anew shows no bubble of what was deleted
    _look_up(world)
    with world.lock:
        state = world.state
        touched = list({each.serial: each for each in _affected(state, numbers, variant.items)}.values())
        handsets = list(dict.fromkeys(message.handset for message in touched))[-HANDSETS:]
        names = _names(state)
        # The oldest first, for each is put on top of the list.
        known = (_row_of(state, number, names) for number in handsets)
        rows = sorted((row for row in known if row is not None), key=lambda row: row.latest.at)
        mine = [message for message in touched if message.handset in numbers]
        if len(mine) > _MOST_CHANGED:
            return None
        bubbles = _bubbles(page_request, state, sorted(mine, key=lambda each: (each.at, each.serial)))
    wanted = page_request.args.get("q", "").strip()
    rows = [row for row in rows if _fits(Handset(row.number, 0, 0), wanted, names)]
    return {
        "rows": rows,
        "bubbles": bubbles,
        "open": opened(page_request),
        "cursor": variant.cursor,
        "wanted": wanted,
        "path": page_request.url_for_section("conversations", open=opened(page_request), q=wanted),
    }


def _row_of(state: State, number: str, names: Mapping[str, str]) -> Row | None:
    """A handset as it stands now; ``None`` when a reset has taken its messages."""
    count = state.message_store.count(handset_key(number), EARLIEST, LATEST)
    return _row(state, Handset(number, count, 0), names) if count else None


def _affected(state: State, numbers: Iterable[str], items: Sequence[object]) -> Iterator[Message]:
    """The messages that something happened to."""
    read: set[int] = set()
    for item in items:
        what = item.event if isinstance(item, TimedEvent) else None
        if isinstance(what, MessageStored | MessageChanged):
            found = state.message_store.get(what.message.serial if isinstance(what, MessageStored) else what.serial)
            if found is not None:
                yield found
        elif isinstance(what, DeliveryOpened):
            yield from _subject(state, what.delivery.number)
        elif isinstance(what, AttemptEnded | DeliveryChanged):
            yield from _subject(state, what.number)
        elif isinstance(what, MessagesRead):
            read.update(what.serials)
    if read:
        for number in numbers:
            messages, _ = _page(state, number, None)
            yield from (message for message in messages if message.serial in read)


def _subject(state: State, number: int) -> Iterator[Message]:
    """The message of a delivery, unless either is gone."""
    if number in state.deliveries:
        with suppress(LookupError):
            yield subject(state.deliveries[number], state)


# -- an answer -----------------------------------------------------------------------------------------------------------


class NotTaken(ValueError):
    """An answer was not taken; the sentence says why."""


def response(page_request: PageRequest) -> None:
    """Let the person answer, the provider's way.

    Raises:
        NotTaken: the provider does not take it.
    """
    form, world = page_request.request.form, page_request.world
    number = handset_of(form.get("handset", "").strip())
    with world.lock:
        channel = _chosen(channels(world.state, page_request.desk.providers_by_name), form.get("channel", ""))
        provider = page_request.desk.providers_by_name[channel.provider]
        messages, _ = _page(world.state, number, None)
        known = [_persons(each) for each in reversed(messages)]
        said = fields(world.state, provider, channel, form, page_request.request.files.getlist("picture"))
    sender = spelled(number, [form.get("handset", "").strip(), *known], provider)
    try:
        page_request.call_api("POST", "inbound", {"provider": provider.name, "sender": sender, **said})
    except ControlError as reason:
        raise NotTaken(str(reason)) from reason


def _chosen(ways: Sequence[Channel], value: str) -> Channel:
    found = next((each for each in ways if each.value == value), None)
    if found is None:
        raise NotTaken("this world has no one whom that answer could reach; choose another channel")
    return found


def _persons(message: Message) -> str:
    return message.sender if message.direction == "inbound" else message.recipient


def find(world: World, handset: str, at: Instant, serial: int) -> Message | None:
    """One message."""
    with world.lock:
        found = world.state.message_store.page(handset_key(handset), at, at)
    return next((message for message in found if message.serial == serial), None)
