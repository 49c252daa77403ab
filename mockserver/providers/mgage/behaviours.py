"""Detects how a client of mGage behaves, from its requests and their responses."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from mockserver.sdk import Behaviour, Exchange, Pages, assumed, documented

_PAGES = "If there are multiple pages, the response will contain the URL of the next page of data."
_LAST = "If there isn’t another page of data available then this property should be left null."


def _page(exchange: Exchange) -> Any:
    """Return the content of a response; empty if it is not a page of messages."""
    try:
        page = json.loads(exchange.response_body)
    except ValueError:
        return {}
    return page if isinstance(page, dict) else {}


def _following(exchange: Exchange) -> str | None:
    """Return the target of the next page, as the response gives it."""
    url = _page(exchange).get("meta", {}).get("nextPageUrl")
    if not isinstance(url, str):
        return None
    return f"/{url.partition('://')[2].partition('/')[2]}"  # the host is the client's, and may be none


def _number(exchange: Exchange) -> str:
    """Return the page of a request, without leading zeros."""
    return str(exchange.values.get("page", "1")).lstrip("0")


def _messages(exchange: Exchange) -> list[Any]:
    found: list[Any] = _page(exchange).get("data", {}).get("messages", [])
    return found


def _exported(seen: Callable[[Exchange], bool]) -> Callable[[Exchange], bool]:
    """Return whether an exchange is an export that shows something."""
    return lambda exchange: exchange.operation == "program.export" and seen(exchange)


def _has(kind: str) -> Callable[[Exchange], bool]:
    return lambda exchange: any(message["type"] == kind for message in _messages(exchange))


def _has_status(message: Any, *statuses: str) -> bool:
    return message["type"] == "MT" and message["deliveryStatus"] in statuses


BEHAVIOURS = (
    Behaviour("MO messages", documented("003", "Message Type, MO or MT."), _has("MO")),
    Behaviour("MT messages", documented("003", "Message Type, MO or MT."), _has("MT")),
    Behaviour("a page that has a next one", documented("003", _PAGES), lambda each: _following(each) is not None),
    Behaviour("page 2", documented("003", _PAGES), lambda each: _number(each) == "2" and bool(_messages(each))),
    Behaviour(
        "the last page", documented("003", _LAST), lambda each: bool(_messages(each)) and _following(each) is None
    ),
    Behaviour("an empty list of messages", documented("003", _LAST), _exported(lambda each: not _messages(each))),
    Behaviour(
        "the largest page",
        documented("003", "Max page size is 500 SMS messages."),
        lambda each: str(each.values.get("pageSize", "")).lstrip("0") == "500",
    ),
    Behaviour(
        "an MT whose status may still change",
        assumed("MG-32"),
        _exported(lambda each: any(_has_status(message, "Sent", "Processing") for message in _messages(each))),
    ),
    Behaviour(
        "an MT that was not delivered",
        assumed("MG-32"),
        _exported(lambda each: any(_has_status(message, "Error", "Undelivered") for message in _messages(each))),
    ),
    Behaviour(
        "a message to a program in a handset's place",
        assumed("MG-30"),
        lambda each: each.operation == "program.external_mo",
    ),
    Behaviour("a number that joins a list", assumed("MG-33"), lambda each: each.operation == "list.opt_in"),
)

PAGES = Pages(_following, lambda exchange: _number(exchange) != "1")
