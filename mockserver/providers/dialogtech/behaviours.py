"""Detects how a client of DialogTech behaves, from its requests and their responses."""

from __future__ import annotations

import re
from collections.abc import Callable

from mockserver.sdk import Behaviour, Exchange, assumed, documented

_MESSAGE = r"<{0}>\s*<message\b"


def _sent(exchange: Exchange) -> bool:
    return exchange.operation == "sms.send_message"


def _returned(exchange: Exchange) -> int | None:
    """Return the number of messages in a response; ``None`` for other responses."""
    found = re.search(rb"\[(\d+)\] Message\(s\) Returned", exchange.response_body)
    return int(found[1]) if found and exchange.operation == "sms.get_messages" else None


def _has(container: str, exchange: Exchange) -> bool:
    return re.search(_MESSAGE.format(container).encode(), exchange.response_body) is not None


def _is(operation: str) -> Callable[[Exchange], bool]:
    return lambda exchange: exchange.operation == operation


BEHAVIOURS = (
    Behaviour("a message is accepted", documented("001", "[1] Message Sent"), _sent),
    Behaviour(
        "inbound messages",
        documented("000", "retrieve multiple SMS message sent to/from"),
        lambda each: _has("inbound", each),
    ),
    Behaviour(
        "outbound messages",
        documented("000", "retrieve multiple SMS message sent to/from"),
        lambda each: _has("outbound", each),
    ),
    Behaviour("an empty list of messages", assumed("DT-4"), lambda each: _returned(each) == 0),
    Behaviour(
        "the messages of one number",
        documented("000", "Filters the response to only include SMS records"),
        lambda each: bool(_returned(each) and each.values.get("number")),
    ),
    Behaviour(
        "a list of numbers",
        documented("002", "retrieve a list of SMS enabled numbers"),
        lambda each: each.operation == "sms.get_numbers" and b"<number" in each.response_body,
    ),
    Behaviour("a message by its id", assumed("DT-47"), _is("sms.get_message")),
    Behaviour("a message that is deleted", assumed("DT-48"), _is("sms.delete_message")),
    Behaviour("a number that is registered", assumed("DT-50"), _is("sms.register_number")),
    Behaviour("a number that is unregistered", assumed("DT-51"), _is("sms.unregister_number")),
    Behaviour("a key for a user name and a password", assumed("DT-52"), _is("general.login")),
    Behaviour(
        "an inbound message at the listener",
        assumed("DT-40"),
        done=lambda each: bool(each.kind == "inbound" and each.attempts),
    ),
    Behaviour("a delivery report", assumed("DT-41"), done=lambda each: bool(each.kind == "report" and each.attempts)),
)
