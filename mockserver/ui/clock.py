"""The clock section: a world's time, what is due, and what happened, as one timeline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from math import isfinite, nan
from typing import Any, NamedTuple

from mockserver.engine.event_log import TimedEvent
from mockserver.engine.events import (
    AccountChanged,
    AttemptEnded,
    AttemptInterrupted,
    CheckpointMade,
    DeliveryChanged,
    DeliveryOpened,
    EntryDeleted,
    EntryStored,
    ExchangeRecorded,
    InboundScheduled,
    MessageChanged,
    MessageDeleted,
    MessagesRead,
    MessageStored,
    ReceiveFailed,
    Rewound,
    VariantChosen,
)
from mockserver.engine.instants import SECOND, Instant, iso
from mockserver.engine.scheduler import ScheduledItem
from mockserver.engine.state import State
from mockserver.engine.world import ClockState, World

from . import timeline
from .exchange_rows import fault_kinds
from .page_context import PageRequest

_MAX_DUE = 100
_MAX_PAST = 200
"""Entries of the timeline that are shown."""

_NOW = 60.0
"""The place of now on the timeline, in percent of its width, if something is due."""
_SHORT = 100
"""The characters of an entry that its point on the timeline shows."""
_ROWS = {
    "Messages": ("message", "miss"),
    "Webhooks": ("delivery",),
    "Exchanges": ("exchange",),
    "Settings": ("setting",),
}
"""The kinds of entries in each row of the timeline."""

UNITS = {"1": "seconds", "60": "minutes", "3600": "hours", "86400": "days"}
"""The units by which the clock is advanced: seconds, with the name."""

STEPS = {"1": "1 s", "60": "1 min", "300": "5 min", "3600": "1 h"}
"""The steps by which buttons advance the clock: seconds, with the label."""


class TimelineEntry(NamedTuple):
    """An entry of the timeline."""

    at: str
    distance: str
    """The time between it and now."""
    kind: str
    """``message``, ``delivery``, ``exchange``, ``setting`` or ``miss``."""
    text: str
    exchange: int = 0
    handset: str = ""
    delivery: int = 0
    instant: Instant = 0
    """The same as ``at``."""


class TimelineRow(NamedTuple):
    """The entries of one kind on the timeline."""

    title: str
    points: tuple[tuple[float, str, str], ...]
    """Of each entry: its place in percent of the width, its kind, and its text with its time."""


class Timeline(NamedTuple):
    """The timeline: what happened, now, and what is due."""

    rows: tuple[TimelineRow, ...]
    now: float
    """The place of now, in percent of the width."""
    start: str
    """How long ago the first entry was; empty if there is none."""
    end: str
    """The time until the last due item; empty if there is none."""


class ClockView(NamedTuple):
    """A world's clock, as every page shows it on top."""

    now: str
    """To the millisecond; ISO 8601, UTC."""
    is_frozen: bool
    next: str | None
    """When the next item is due; ISO 8601, UTC."""
    until_next: str
    """The time until then; empty if nothing is due."""


def clock_view(state: ClockState) -> ClockView:
    """Return a world's clock as the page shows it."""
    now, is_frozen, following = state
    return ClockView(
        iso(now // 1000 * 1000),
        is_frozen,
        None if following is None else iso(following),
        "" if following is None else format_duration(following - now),
    )


def view_model(page_request: PageRequest) -> dict[str, Any]:
    """Return what the section's template shows."""
    world, now = page_request.world, page_request.clock.now
    with world.lock:
        due = list(islice((each for each in world.state.scheduled if _is_pending(each, world.state)), _MAX_DUE))
        ahead = [_due_entry(each, now, world.state) for each in due]
        more = max(0, len(world.state.scheduled) - _MAX_DUE)
        past = list(_past_entries(world, now))
    return {
        "ahead": ahead[::-1],
        "more": more,
        "past": past,
        "units": UNITS,
        "timeline": _timeline(past[::-1], ahead, now),
    }


def _timeline(past: Sequence[TimelineEntry], ahead: Sequence[TimelineEntry], now: Instant) -> Timeline | None:
    """Return the timeline for entries in their order; ``None`` if there are none."""
    if not past and not ahead:
        return None
    middle = timeline.LAST if not ahead else _NOW if past else timeline.FIRST
    before, after = max(1, now - past[0].instant if past else 0), max(1, ahead[-1].instant - now if ahead else 0)

    def place(at: Instant) -> float:
        if at <= now:
            return round(middle - (middle - timeline.FIRST) * (now - at) / before, 2)
        return round(middle + (timeline.LAST - middle) * (at - now) / after, 2)

    rows = [
        TimelineRow(
            title,
            tuple(
                (place(each.instant), each.kind, f"{each.at[11:19]} {each.text[:_SHORT]}")
                for each in (*past, *ahead)
                if each.kind in kinds
            ),
        )
        for title, kinds in _ROWS.items()
    ]
    return Timeline(
        tuple(rows),
        middle,
        past[0].distance if past else "",
        ahead[-1].distance if ahead else "",
    )


def format_duration(microseconds: int) -> str:
    """Format a duration by its two largest units: ``5 min``, ``1 h 20 min``, ``2 d 3 h``."""
    seconds = round(abs(microseconds) / SECOND)
    if seconds == 0:
        return "now" if not microseconds else f"{abs(microseconds) / SECOND:.3f} s"
    parts = [(seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")]
    words = [f"{count} {unit}" for count, unit in parts if count]
    return " ".join(words[:2])


# -- what is due ---------------------------------------------------------------------------------------------------------


def _is_pending(due: ScheduledItem, state: State) -> bool:
    """Return whether an item will still happen: a delivery may have been held or postponed since it was scheduled."""
    if not due.delivery:
        return due.serial is None or state.message_store.get(due.serial) is not None
    delivery = state.deliveries.get(due.delivery)
    return delivery is not None and delivery.status == "due" and delivery.due == due.at


def _due_entry(due: ScheduledItem, now: Instant, state: State) -> TimelineEntry:
    at, distance = iso(due.at), format_duration(due.at - now)
    if due.serial is not None:
        message = state.message_store.get(due.serial)
        assert message is not None
        text = f"the message to {message.recipient} changes, which is {message.status or 'as it was sent'} now"
        return TimelineEntry(at, distance, "message", text, handset=message.handset, instant=due.at)
    if not due.delivery:
        text = (
            f"a message from {due.fields.get('sender', 'an unknown number')} is received: {due.fields.get('text', '')}"
        )
        return TimelineEntry(at, distance, "message", text, instant=due.at)
    delivery = state.deliveries[due.delivery]
    count = len(delivery.attempts) + 1
    text = f"attempt {count} of delivery {delivery.number} to {delivery.url}"
    return TimelineEntry(at, distance, "delivery", text, delivery=delivery.number, instant=due.at)


# -- what happened -------------------------------------------------------------------------------------------------------


def _past_entries(world: World, now: Instant) -> Iterable[TimelineEntry]:
    entries = (
        _past_entry(world, item, now) for item in reversed(world.feed.since(0).items) if isinstance(item, TimedEvent)
    )
    return islice((entry for entry in entries if entry is not None), _MAX_PAST)


def _past_entry(world: World, item: TimedEvent, now: Instant) -> TimelineEntry | None:
    describe = _DESCRIBE.get(type(item.event))
    if describe is None:
        return None
    entry = describe(world, item.event)
    if entry is None:
        return None
    return entry._replace(at=iso(item.at), distance=format_duration(now - item.at), instant=item.at)


def _entry(kind: str, text: str, **link: Any) -> TimelineEntry:
    return TimelineEntry("", "", kind, text, **link)


def _describe_message(_: World, event: MessageStored) -> TimelineEntry:
    message = event.message
    if message.direction == "inbound":
        return _entry("message", f"{message.sender} wrote: {message.text or message.title}", handset=message.handset)
    return _entry("message", f"a message was sent to {message.recipient}: {message.text}", handset=message.handset)


def _describe_exchange(world: World, event: ExchangeRecorded) -> TimelineEntry | None:
    exchange = world.journal.get(event.number)
    if exchange is None:
        return None
    what = exchange.operation or f"{exchange.method or 'bytes'} {exchange.target[:80]}".rstrip()
    outcome = f"{exchange.error or exchange.status}" if exchange.outcome in _SELF_EXPLAINING else exchange.outcome
    fault = f", fault: {fault_kinds(exchange.fault)}" if exchange.fault else ""
    return _entry("exchange", f"{what}: {outcome}{fault}", exchange=exchange.number)


_SELF_EXPLAINING = frozenset(("accepted", "answered", "rejected", "unmatched"))
"""Outcomes that are clear from the provider error or the status."""


def _describe_attempt(_: World, event: AttemptEnded) -> TimelineEntry:
    again = "" if event.due is None else f"; again at {iso(event.due)}"
    text = f"delivery {event.number} {event.status}: {event.attempt.result}{again}"
    return _entry("delivery", text, delivery=event.number)


_DESCRIBE: Mapping[type, Callable[[World, Any], TimelineEntry | None]] = {
    MessageStored: _describe_message,
    ExchangeRecorded: _describe_exchange,
    AttemptEnded: _describe_attempt,
    AttemptInterrupted: lambda _, event: _entry(
        "delivery",
        f"delivery {event.number}: the server's process ended during the attempt, which is made again",
        delivery=event.number,
    ),
    MessageChanged: lambda _, event: _entry(
        "message",
        f"message {event.serial} became {event.status}" if event.status else f"message {event.serial} was changed",
    ),
    MessageDeleted: lambda _, event: _entry("message", f"message {event.serial} was deleted"),
    MessagesRead: lambda _, event: _entry("message", f"the client has read {len(event.serials)} messages"),
    InboundScheduled: lambda _, event: _entry("message", f"a message will be received at {iso(event.at)}"),
    DeliveryOpened: lambda _, event: _entry(
        "delivery",
        f"delivery {event.delivery.number} to {event.delivery.url} is due",
        delivery=event.delivery.number,
    ),
    DeliveryChanged: lambda _, event: _entry(
        "delivery", f"delivery {event.number} is {event.status}", delivery=event.number
    ),
    AccountChanged: lambda _, event: _entry("setting", f"the account {event.account.key} was changed"),
    EntryStored: lambda _, event: _entry(
        "setting", f"{event.collection} {event.entry.id} of {event.account} was stored"
    ),
    EntryDeleted: lambda _, event: _entry("setting", f"{event.collection} {event.id} of {event.account} was deleted"),
    CheckpointMade: lambda _, event: _entry("setting", f"the checkpoint {event.name} was made"),
    Rewound: lambda _, event: _entry("setting", f"the world returned to the checkpoint {event.name}"),
    VariantChosen: lambda _, event: _entry("setting", f"{event.name} has the variant {event.variant} now"),
    ReceiveFailed: lambda _, event: _entry("miss", f"{event.provider} could not receive a message: {event.reason}"),
}
"""The function that describes each type of event; other types are not shown."""


# -- moving it -----------------------------------------------------------------------------------------------------------


def move_clock(page_request: PageRequest) -> None:
    """Perform the action of a button: ``freeze``, ``resume``, ``next``, ``to`` an instant, ``by`` a time, or a number of seconds.

    Raises:
        ControlError: the clock cannot be moved that way.
        ValueError: there is no such button.
    """
    form = page_request.request.form
    action = form.get("do", "")
    if action in ("freeze", "resume"):
        page_request.call_api("PUT", "clock", {"frozen": action == "freeze"})
    elif action == "next":
        page_request.call_api("POST", "clock/advance", {"next": True})
    elif action == "to":
        page_request.call_api("POST", "clock/advance", {"to": form.get("instant", "").strip()})
    elif action == "by":
        page_request.call_api("POST", "clock/advance", {"seconds": _parse_seconds(form)})
    elif action.isdecimal():
        page_request.call_api("POST", "clock/advance", {"seconds": int(action)})
    else:
        raise ValueError(f"{action!r} is not an action of the clock")


def _parse_seconds(form: Mapping[str, str]) -> float:
    text, unit = form.get("amount", "").strip(), form.get("unit", "")
    try:
        seconds = float(text) * int(unit if unit in UNITS else "1")
    except ValueError:
        seconds = nan
    if not isfinite(seconds):
        raise ValueError(f"{text[:40]!r} is not a number of {UNITS.get(unit, 'seconds')}")
    return seconds
