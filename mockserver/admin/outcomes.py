"""Describes what was decided about an exchange, and what response its client got; a fault can make the two differ.

The journal, the explanations and the page use these functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mockserver.engine.journal import Exchange, ExchangeOutcome
from mockserver.engine.limits import LimitStatus

MEANINGS: Mapping[ExchangeOutcome, str] = {
    "accepted": "The provider's operation succeeded, and the client got its whole response.",
    "rejected": "The client got a provider error: the provider's own decision, or one that a fault rule put in its place.",
    "overridden": "A fault put another response in the place of the provider's, such as a gateway's 503.",
    "corrupted": "A fault damaged the response, so that the client cannot read it: cut short, malformed or mistyped.",
    "replayed": "A fault repeated the response to an earlier request; this request was not executed.",
    "no_response": "The client got no complete response: a fault closed, reset or held the connection, the client disconnected first, or the server stopped.",
    "unmatched": "No operation has this path: the provider answered that it is unknown, or no provider has it.",
    "answered": "The server itself answered a request that is for no provider.",
    "invalid_http": "What came in was no HTTP request that the server can read.",
}
"""The meaning of each outcome, in one sentence."""


def error_of(exchange: Exchange) -> str | None:
    """Return the name of the provider error that the client got."""
    return None if exchange.error is None else type(exchange.error).__name__


def is_whole(exchange: Exchange) -> bool:
    """Return whether the client got a whole response of the provider: the decided one, or an injected provider error."""
    return exchange.outcome in _WHOLE


_WHOLE: frozenset[ExchangeOutcome] = frozenset(("accepted", "rejected", "unmatched"))


def decided(exchange: Exchange) -> dict[str, Any] | None:
    """Return the decision as JSON: the provider error or null, and the effect; ``None`` if no operation was requested."""
    if exchange.operation is None:
        return None
    result = exchange.result
    return {"error": None if result is None else type(result).__name__, "effect": exchange.effect}


def rule_of(exchange: Exchange) -> str | None:
    """Return the id of the fault rule that hit."""
    return None if exchange.fault is None else exchange.fault["rule"]


def windows(exchange: Exchange) -> Sequence[LimitStatus]:
    """Return the rate limits: before the request if it was rejected, after it if it was accepted and took effect."""
    if exchange.trace is None or (exchange.result is None and exchange.effect == "skipped"):
        return ()
    return exchange.trace.windows


def differs(row: Mapping[str, Any]) -> bool:
    """Return whether the response of a journal row differs from what was decided."""
    was = row["decided"]
    if was is None:
        return row["fault"] is not None
    return row["outcome"] not in ("accepted", "rejected") or row["error"] != was["error"] or was["effect"] == "skipped"


def decided_in_words(was: Mapping[str, Any]) -> str:
    """Return a decision in words, such as ``accepted, stored`` or ``rejected by NotADay``."""
    result = "accepted" if was["error"] is None else f"rejected by {was['error']}"
    return f"{result}{_EFFECTS[was['effect']]}"


_EFFECTS: Mapping[str, str] = {
    "stored": ", stored",
    "changed": ", and counted",
    "nothing": "",
    "skipped": ", but without effect",
}


def response_in_words(row: Mapping[str, Any]) -> str:
    """Return the response of a journal row in words, such as ``provider error TooManyPerNumber by fault f1``."""
    rule = row["fault"]
    what = (
        f"provider error {row['error']}"
        if row["outcome"] == "rejected"
        else _RESPONSES.get(row["outcome"], row["outcome"])
    )
    if row["outcome"] == "no_response" and row["ending"]:
        what += f" ({_ENDINGS.get(row['ending'], row['ending'])})"
    return what if rule is None else f"{what} by fault {rule}"


_RESPONSES: Mapping[str, str] = {
    "accepted": "the provider's response",
    "overridden": "another response in its place",
    "corrupted": "a corrupted response",
    "replayed": "the response to an earlier request",
    "no_response": "none",
    "unmatched": "no such address",
}
_ENDINGS: Mapping[str, str] = {
    "close": "the connection was closed",
    "complete": "the connection was closed",
    "dropped": "the server stopped",
    "hang": "the connection stayed open without a response",
    "left": "the client disconnected first",
    "reset": "the connection was reset",
}
