"""The webhooks section: the deliveries of a world, and one of them with its attempts on a timeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from http.client import responses
from itertools import islice
from typing import Any, NamedTuple, get_args

from mockserver.engine.deliveries import Attempt, Delivery, Status
from mockserver.engine.instants import Instant, iso
from mockserver.engine.messages import Message
from mockserver.engine.state import State

from . import body_format, timeline
from .clock import format_duration
from .page_context import PageRequest

PAGE = 50
"""The deliveries that are shown at a time."""
STATUSES: tuple[Status, ...] = get_args(Status)
_KINDS = {"inbound": "Inbound message", "report": "Delivery report"}
"""The titles of the kinds of webhooks that several providers have; others are shown in the provider's word."""
_FILTERS = ("q", "status", "provider")
_SEARCHED = 500
"""The deliveries that a search looks through with the world's lock held."""
_ON_LINE = 20
"""The attempts on the timeline: the latest."""
_GAP = 4.0
"""Percent of the timeline between two points."""


class DeliveryLine(NamedTuple):
    """A delivery in the list."""

    number: int
    provider: str
    kind: str
    subject: str
    """From whom to whom its message is; empty if it is about none."""
    text: str
    url: str
    status: Status
    attempts: int
    last: str
    """The HTTP status of the last attempt, or ``no response``; empty before the first."""
    at: str
    """When it was opened."""
    due: str | None
    until: str
    """How long until it is due, such as ``in 5 min``; empty if nothing is due."""
    is_in_flight: bool


class HttpPart(NamedTuple):
    """The request or the response of an attempt."""

    name: str
    """``request`` or ``response``."""
    start_line: str
    headers: tuple[tuple[str, str], ...]
    size: int
    """Bytes of the body."""
    body: body_format.FormattedBody


class AttemptView(NamedTuple):
    """An attempt."""

    number: int
    at: str
    after: str
    """The time since the first attempt; empty for the first."""
    status: str
    """The HTTP status with its reason, or ``no response``."""
    result: str
    effect: str
    """``succeeded``, ``failed``, or empty if its HTTP status does not say which."""
    parts: tuple[HttpPart, ...]


class Point(NamedTuple):
    """A point on the timeline."""

    x: float
    """Percent of the width."""
    kind: str
    """``opened``, ``succeeded``, ``failed``, ``attempt``, ``interrupted``, ``in-flight`` or ``due``."""
    label: str
    title: str


def view_model(page_request: PageRequest) -> dict[str, Any]:
    """Return what the section's template shows, the latest delivery first.

    Args:
        page_request: ``q``, ``status`` and ``provider`` filter the list, ``before`` is the number to continue from,
            ``delivery`` is the number of the one that is shown in full.

    Raises:
        ControlError: there is no delivery of that number.
    """
    now, state = page_request.clock.now, page_request.world.state
    with page_request.world.lock:
        every = list(state.deliveries.values())
        in_flight = {number: started.at for number, started in state.in_flight.items()}
    filters = {name: page_request.args.get(name, "").strip() for name in _FILTERS}
    before = page_request.number("before")
    found = list(islice(_matching(page_request, every, filters, before), PAGE + 1))
    with page_request.world.lock:
        lines = [_line(page_request, each, now, each.number in in_flight) for each in found[:PAGE]]
    counts = dict.fromkeys(STATUSES, 0)
    for each in every:
        counts[each.status] += 1
    number = page_request.number("delivery")
    return {
        "lines": lines,
        "older": found[PAGE - 1].number if len(found) > PAGE else 0,
        "before": before,
        "filters": filters,
        "statuses": STATUSES,
        "counts": counts,
        "count": len(every),
        "next_due": _next_due(every, in_flight, now),
        "delivery": _delivery_view(page_request, number, now) if number else None,
        "has_accounts": bool(every or state.accounts),
        "has_urls": bool(every) or _has_urls(page_request),
    }


def _matching(
    page_request: PageRequest, every: Sequence[Delivery], filters: dict[str, str], before: int
) -> Iterator[Delivery]:
    """Yield the deliveries that match, the latest first."""
    wanted = filters["q"].casefold()
    found = (
        each
        for each in reversed(every)
        if (not before or each.number < before)
        and filters["status"] in ("", each.status)
        and filters["provider"] in ("", each.provider)
    )
    if not wanted:
        yield from found
        return
    while part := list(islice(found, _SEARCHED)):
        with page_request.world.lock:
            kept = [each for each in part if any(wanted in text for text in _texts(page_request.world.state, each))]
        yield from kept


def _texts(state: State, delivery: Delivery) -> Iterator[str]:
    """Yield the texts that a search looks through."""
    yield f"{delivery.url} {delivery.kind} {delivery.account} {delivery.fault_rule or ''}".casefold()
    message = _message(state, delivery)
    if message is not None:
        yield f"{message.sender} {message.recipient} {message.text}".casefold()
    for attempt in delivery.attempts:
        yield attempt.result.casefold()


def _message(state: State, delivery: Delivery) -> Message | None:
    return None if delivery.serial is None else state.message_store.get(delivery.serial)


def _line(page_request: PageRequest, delivery: Delivery, now: Instant, is_in_flight: bool) -> DeliveryLine:
    message = _message(page_request.world.state, delivery)
    return DeliveryLine(
        delivery.number,
        page_request.context.titles.get(delivery.provider, delivery.provider),
        _KINDS.get(delivery.kind, delivery.kind),
        "" if message is None else _subject(message),
        "" if message is None else message.text or message.title,
        delivery.url,
        delivery.status,
        len(delivery.attempts),
        _status(delivery.attempts[-1]) if delivery.attempts else "",
        iso(delivery.created_at),
        None if delivery.due is None else iso(delivery.due),
        "" if delivery.due is None else _until(delivery.due, now),
        is_in_flight,
    )


def _subject(message: Message) -> str:
    if message.sender and message.recipient:
        return f"{message.sender} → {message.recipient}"
    return f"from {message.sender}" if message.sender else f"to {message.recipient}"


def _until(due: Instant, now: Instant) -> str:
    return "now" if due <= now else f"in {format_duration(due - now)}"


def _next_due(every: Iterable[Delivery], in_flight: dict[int, Instant], now: Instant) -> dict[str, Any] | None:
    """Return which attempt is the next one that waits for its time; ``None`` if none does."""
    waiting = [(each.due, each.number, each) for each in every if each.due is not None and each.number not in in_flight]
    if not waiting:
        return None
    due, number, delivery = min(waiting, key=lambda each: each[:2])
    return {
        "number": number,
        "attempt": len(delivery.attempts) + 1,
        "at": iso(due),
        "until": _until(due, now),
        "is_later": due > now,
    }


def _has_urls(page_request: PageRequest) -> bool:
    """Return whether an account of the world has a URL to which webhooks are sent."""
    accounts = page_request.world.state.accounts.values()
    return any(
        account.forwarding or any(number.url or number.dlr_url for number in account.numbers.values())
        for account in accounts
    )


# -- one delivery --------------------------------------------------------------------------------------------------------


def _delivery_view(page_request: PageRequest, number: int, now: Instant) -> dict[str, Any]:
    described = page_request.call_api("GET", f"deliveries/{number}")
    state = page_request.world.state
    with page_request.world.lock:
        delivery = state.deliveries[number]
        message = _message(state, delivery)
    first = delivery.attempts[0].at if delivery.attempts else now
    last = len(delivery.attempts)
    return {
        **described,
        "line": _line(page_request, delivery, now, described["in_flight"] is not None),
        "serial": delivery.serial,
        "message": message,
        "attempt_views": [
            _attempt_view(place, attempt, first, delivery.status == "acknowledged" and place == last)
            for place, attempt in enumerate(delivery.attempts, 1)
        ],
        "points": _points(delivery, state.in_flight[number].at if number in state.in_flight else None),
    }


def _attempt_view(number: int, attempt: Attempt, first: Instant, is_acknowledged: bool) -> AttemptView:
    request, outcome = attempt.request, attempt.outcome
    parts = [_part("request", f"{request.method} {request.url}", request.headers, request.body)]
    if outcome.status is not None:
        parts.append(_part("response", _status(attempt), outcome.headers, outcome.body))
    return AttemptView(
        number,
        iso(attempt.at),
        "" if attempt.at == first else f"{format_duration(attempt.at - first)} after the first",
        _status(attempt),
        attempt.result,
        _effect(attempt, is_acknowledged),
        tuple(parts),
    )


def _status(attempt: Attempt) -> str:
    status = attempt.outcome.status
    return "no response" if status is None else f"{status} {responses.get(status, '')}".strip()


def _effect(attempt: Attempt, is_acknowledged: bool) -> str:
    status = attempt.outcome.status
    if is_acknowledged:
        return "succeeded"
    return "failed" if status is None or status >= 400 else ""


def _part(name: str, start_line: str, headers: tuple[tuple[str, str], ...], body: bytes) -> HttpPart:
    return HttpPart(name, start_line, headers, len(body), body_format.format_with_headers(body, headers))


def _points(delivery: Delivery, in_flight: Instant | None) -> list[Point]:
    """Return what the timeline shows: when the delivery was opened, its attempts, and what is due."""
    last = len(delivery.attempts)
    marks = [(delivery.created_at, "opened", iso(delivery.created_at)[11:19], "opened")]
    for number, attempt in list(enumerate(delivery.attempts, 1))[-_ON_LINE:]:
        effect = _effect(attempt, delivery.status == "acknowledged" and number == last)
        marks.append((attempt.at, effect or "attempt", str(number), f"attempt {number}: {_status(attempt)}"))
    marks += [(at, "interrupted", "!", "an attempt that was interrupted") for at in delivery.interrupted[-_ON_LINE:]]
    if in_flight is not None:
        marks.append((in_flight, "in-flight", "in flight", f"attempt {last + 1}, in flight"))
    elif delivery.due is not None:
        marks.append((delivery.due, "due", f"next {iso(delivery.due)[11:19]}", f"attempt {last + 1}, due"))
    marks.sort(key=lambda mark: mark[0])
    found = timeline.places([at for at, *_ in marks], _GAP)
    return [
        Point(x, kind, label, f"{title} at {iso(at)}") for x, (at, kind, label, title) in zip(found, marks, strict=True)
    ]


# -- the buttons ---------------------------------------------------------------------------------------------------------

ACTIONS = ("resend", "hold", "release")
_DIGITS = 19
"""The digits of a number that no delivery has."""


def change_delivery(page_request: PageRequest) -> str:
    """Perform the action of a button, and return the URL of the same list and delivery.

    Raises:
        ControlError: the control API rejects the action.
        KeyError: there is no such button.
    """
    form = page_request.request.form
    action, number = form.get("do", ""), form.get("delivery", "")
    if action not in ACTIONS:
        raise KeyError(action)
    is_number = number.isascii() and number.isdigit() and len(number) < _DIGITS
    page_request.call_api("POST", f"deliveries/{number if is_number else 0}/{action}")
    return page_request.url_for_section("webhooks", **page_request.args.to_dict())
