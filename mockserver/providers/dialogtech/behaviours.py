"""Detects how a client of DialogTech behaves, from its requests and their responses."""

from __future__ import annotations

import re

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
    Behaviour(
        "an inbound message at the listener",
        assumed("DT-40"),
        done=lambda each: bool(each.kind == "inbound" and each.attempts),
    ),
    Behaviour("a delivery report", assumed("DT-41"), done=lambda each: bool(each.kind == "report" and each.attempts)),
)
