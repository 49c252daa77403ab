"""Detects how a client of SerwerSMS behaves, from its requests, their responses and its own webhook receiver."""

from __future__ import annotations

import re
from collections.abc import Callable

from mockserver.sdk import Behaviour, Exchange, WebhookDelivery, assumed, documented

from .delivery import DELIVERED, IN_PROGRESS, REPORT, SAVED, SENT, UNDELIVERED, UNSENT
from .parameters import TYPES

_RETRIES = "the system will repeat the URL invocation in 5, 10, 15 and 60 minutes"


def _holds(pattern: str) -> Callable[[Exchange], bool]:
    """Return whether a response in JSON or XML that lists messages contains this."""
    compiled = re.compile(pattern.encode())
    return lambda exchange: exchange.operation == "messages.recived" and bool(compiled.search(exchange.response_body))


def _page(exchange: Exchange) -> int:
    found = str(exchange.values.get("page", ""))
    return int(found) if found.isdecimal() else 0


def _pages(exchange: Exchange) -> int | None:
    """Return the number of pages that a response gives."""
    found = re.search(rb'"count":(\d+)|<count>(\d+)</count>', exchange.response_body)
    return int(found[1] or found[2]) if found else None


def _shows_state(state: str) -> Callable[[Exchange], bool]:
    """Return whether a response shows an outbound message in a state."""
    compiled = re.compile(rf'"status":"{state}"|<status>{state}</status>'.encode())
    return lambda exchange: exchange.operation in _REPORTS and bool(compiled.search(exchange.response_body))


def _shows_check(state: str) -> Callable[[Exchange], bool]:
    """Return whether a response shows a check of several numbers in a state."""
    compiled = re.compile(rf'"status":"{state}"|<status>{state}</status>'.encode())
    return lambda exchange: exchange.operation == "phones.check" and bool(compiled.search(exchange.response_body))


_REPORTS = ("messages.reports", "messages.view")


def _attempted(times: int, kind: str = "inbound") -> Callable[[WebhookDelivery], bool]:
    return lambda delivery: delivery.kind == kind and len(delivery.attempts) >= times


_IS_EMPTY = _holds(r'"items":\[\]|<items\s*/>|<items>\s*</items>')

BEHAVIOURS = (
    *(
        Behaviour(
            f"messages of type {kind}",
            documented("004", "Values: eco, nd, ndi, pre, mms."),
            _holds(rf'"type":"{kind}"|<type>{kind}</type>'),
        )
        for kind in TYPES
    ),
    Behaviour(
        "an attachment",
        documented("004", "Contains a list of attachments"),
        _holds(r'"attachments":\[\{|<attachments>\s*<'),
    ),
    Behaviour("an empty list of messages", assumed("SW-15"), _IS_EMPTY),
    *(
        Behaviour(f"a check of several numbers that is {state}", assumed("SW-88"), _shows_check(state))
        for state in ("pending", "done")
    ),
    Behaviour(
        "the URL of a check is called",
        assumed("SW-89"),
        done=lambda each: each.kind == "check" and each.status == "acknowledged",
    ),
    Behaviour("page 2", assumed("SW-16"), lambda each: _page(each) == 2 and not _IS_EMPTY(each)),
    Behaviour(
        "the last page", assumed("SW-16"), lambda each: _pages(each) is not None and max(_page(each), 1) == _pages(each)
    ),
    Behaviour(
        "messages marked as read",
        documented("004", "no more returned by the API"),
        lambda each: str(each.values.get("read", "")).lower() in ("true", "1"),
    ),
    Behaviour(
        "contact details",
        documented("004", "Display contact details if the number exists in the database of customers."),
        _holds(r'"contact":\{|<contact>'),
    ),
    Behaviour(
        "a message is forwarded",
        documented("004", "The system invokes the client's URL by changing the parameters to appropriate values"),
        done=lambda each: each.kind == "inbound" and each.status == "acknowledged",
    ),
    *(
        Behaviour(f"forwarding, repeat {number}", documented("004", _RETRIES), done=_attempted(number + 1))
        for number in range(1, 5)
    ),
    Behaviour(
        "forwarding is given up",
        documented(
            "004",
            "If you still fail to convey the message to the customer, the system will not undertake more attempts.",
        ),
        done=lambda each: each.kind == "inbound" and each.status == "given up",
    ),
    *(
        Behaviour(f"a sent message that is {state}", assumed("SW-68"), _shows_state(state))
        for state in (SAVED, IN_PROGRESS, SENT, DELIVERED, UNDELIVERED, UNSENT)
    ),
    Behaviour(
        "a message is deleted before it is sent",
        assumed("SW-76"),
        lambda each: each.operation == "messages.delete" and b"true" in each.response_body,
    ),
    Behaviour(
        "the state of a message is reported",
        assumed("SW-70"),
        done=lambda each: each.kind == REPORT and each.status == "acknowledged",
    ),
    Behaviour("the report of a state is repeated", assumed("SW-70"), done=_attempted(2, REPORT)),
)
