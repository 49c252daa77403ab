"""A world's time: where it stands, what is due, and what happened, as one line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, NamedTuple

from mockserver.engine.events import (
    AccountChanged,
    AttemptEnded,
    DeliveryChanged,
    DeliveryOpened,
    InboundScheduled,
    MessageChanged,
    MessageDeleted,
    MessagesRead,
    MessageStored,
    VariantChosen,
)
from mockserver.engine.instants import SECOND, Instant, iso, parse_instant
from mockserver.engine.scheduler import ScheduledItem
from mockserver.engine.state import State
from mockserver.engine.world import ExchangeRecorded, ReceiveFailed, TimedEvent, World

from .exchanges import fault_in_words
from .page_context import PageRequest

_DUE = 100
_PAST = 200
"""Entries of the line that are shown."""

STEPS = {"1": "1 s", "60": "1 min", "300": "5 min", "3600": "1 h"}
"""Seconds by which the clock can be moved, and how a button says so."""


class TimelineEntry(NamedTuple):
    """Something on the line."""

    at: str
    away: str
    """How far from now."""
    kind: str
    """``message``, ``delivery``, ``exchange``, ``setting`` or ``miss``."""
    text: str
    exchange: int = 0
    handset: str = ""


class ClockView(NamedTuple):
    """Where the clock stands: what every page shows on top."""

    now: str
    """To the millisecond; ISO 8601, UTC."""
    is_frozen: bool
    next: str | None
    away: str
    """How far the next due thing is."""


def standing(world: World) -> ClockView:
    """Where the clock stands."""
    now = world.now()
    following = world.next_due()
    return ClockView(
        iso(now // 1000 * 1000),
        world.clock.is_frozen,
        None if following is None else iso(following),
        "" if following is None else away(following - now),
    )


def shown(page_request: PageRequest) -> dict[str, Any]:
    """The whole section."""
    world = page_request.world
    now = world.now()
    with world.lock:
        due = list(islice((each for each in world.state.scheduled if _is_alive(each, world.state)), _DUE))
        ahead = [_due(each, now, world.state) for each in due]
        more = max(0, len(world.state.scheduled) - _DUE)
        past = list(_past(world, now))
    return {"ahead": ahead[::-1], "more": more, "past": past, "steps": STEPS}


def away(microseconds: int) -> str:
    """A distance in time as people say it: ``5 min``, ``1 h 20 min``, ``2 d 3 h``."""
    seconds = round(abs(microseconds) / SECOND)
    if seconds == 0:
        return "now" if not microseconds else f"{abs(microseconds) / SECOND:.3f} s"
    parts = [(seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")]
    described = [f"{count} {unit}" for count, unit in parts if count]
    return " ".join(described[:2])


# -- what is due ---------------------------------------------------------------------------------------------------------


def _is_alive(due: ScheduledItem, state: State) -> bool:
    """Whether it is still going to happen: a delivery may have been held or put off since it was put down."""
    if not due.delivery:
        return True
    delivery = state.deliveries.get(due.delivery)
    return delivery is not None and delivery.status == "due" and delivery.due == due.at


def _due(due: ScheduledItem, now: Instant, state: State) -> TimelineEntry:
    at, distance = iso(due.at), away(due.at - now)
    if not due.delivery:
        text = f"a message from {due.fields.get('sender', 'somebody')} arrives: {due.fields.get('text', '')}"
        return TimelineEntry(at, distance, "message", text)
    delivery = state.deliveries[due.delivery]
    count = len(delivery.attempts) + 1
    return TimelineEntry(at, distance, "delivery", f"attempt {count} at delivery {delivery.number} to {delivery.url}")


# -- what happened -------------------------------------------------------------------------------------------------------


def _past(world: World, now: Instant) -> Iterable[TimelineEntry]:
    described = (
        _described(world, item, now) for item in reversed(world.feed.since(0).items) if isinstance(item, TimedEvent)
    )
    return islice((entry for entry in described if entry is not None), _PAST)


def _described(world: World, item: TimedEvent, now: Instant) -> TimelineEntry | None:
    show = _WORDS.get(type(item.event))
    if show is None:
        return None
    at, distance = iso(item.at), away(now - item.at)
    described = show(world, item.event)
    return None if described is None else described._replace(at=at, away=distance)


def _entry(kind: str, text: str, **where: Any) -> TimelineEntry:
    return TimelineEntry("", "", kind, text, **where)


def _stored(_: World, event: MessageStored) -> TimelineEntry:
    message = event.message
    if message.direction == "inbound":
        return _entry("message", f"{message.sender} wrote: {message.text or message.title}", handset=message.handset)
    return _entry("message", f"a message went to {message.recipient}: {message.text}", handset=message.handset)


def _exchanged(world: World, event: ExchangeRecorded) -> TimelineEntry | None:
    exchange = world.journal.get(event.number)
    if exchange is None:
        return None
    what = exchange.operation or f"{exchange.method or 'bytes'} {exchange.target[:80]}".rstrip()
    outcome = f"{exchange.error or exchange.status}" if exchange.outcome in _AS_USUAL else exchange.outcome
    fault = f", met a fault: {fault_in_words(exchange.fault)}" if exchange.fault else ""
    return _entry("exchange", f"{what}: {outcome}{fault}", exchange=exchange.number)


_AS_USUAL = frozenset(("accepted", "answered", "rejected", "unmatched"))
"""Outcomes that the provider error or the status tells."""


def _judged(_: World, event: AttemptEnded) -> TimelineEntry:
    again = "" if event.due is None else f"; again at {iso(event.due)}"
    return _entry("delivery", f"delivery {event.number} {event.status}: {event.attempt.result}{again}")


_WORDS: Mapping[type, Callable[[World, Any], TimelineEntry | None]] = {
    MessageStored: _stored,
    ExchangeRecorded: _exchanged,
    AttemptEnded: _judged,
    MessageChanged: lambda _, event: _entry("message", f"message {event.serial} was changed"),
    MessageDeleted: lambda _, event: _entry("message", f"message {event.serial} was deleted"),
    MessagesRead: lambda _, event: _entry("message", f"the client has read {len(event.serials)} messages"),
    InboundScheduled: lambda _, event: _entry("message", f"a message will arrive at {iso(event.at)}"),
    DeliveryOpened: lambda _, event: _entry(
        "delivery", f"delivery {event.delivery.number} to {event.delivery.url} is due"
    ),
    DeliveryChanged: lambda _, event: _entry("delivery", f"delivery {event.number} is {event.status}"),
    AccountChanged: lambda _, event: _entry("setting", f"the account {event.account.key} was changed"),
    VariantChosen: lambda _, event: _entry("setting", f"{event.name} is now read as {event.variant}"),
    ReceiveFailed: lambda _, event: _entry("miss", f"a message could not arrive at {event.provider}: {event.reason}"),
}
"""How each kind of event is worded; kinds that are not here are not shown."""


# -- to move it ----------------------------------------------------------------------------------------------------------


def move(page_request: PageRequest) -> None:
    """Do what a button says: ``freeze``, ``resume``, ``next``, ``seconds`` with a number, or ``to`` an instant.

    Raises:
        ControlError: it cannot be done.
        ValueError: the instant is none.
    """
    form = page_request.request.form
    endpoint = form.get("do", "")
    if endpoint in ("freeze", "resume"):
        page_request.call_api("PUT", "clock", {"frozen": endpoint == "freeze"})
    elif endpoint == "next":
        page_request.call_api("POST", "clock/advance", {"next": True})
    elif endpoint == "to":
        page_request.call_api("POST", "clock/advance", {"to": iso(parse_instant(form.get("instant", "").strip()))})
    else:
        page_request.call_api("POST", "clock/advance", {"seconds": float(endpoint)})
