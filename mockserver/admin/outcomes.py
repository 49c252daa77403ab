"""What was decided about an exchange, and what its client got. The two differ where a fault or a magic number acted.

Said once here, for the journal's rows, for explanations and for the people who read either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mockserver.engine.journal import Exchange, ExchangeOutcome
from mockserver.engine.limits import LimitStatus


def error_of(exchange: Exchange) -> str | None:
    """Return the name of the provider error that the client got."""
    return None if exchange.error is None else type(exchange.error).__name__


def is_whole(exchange: Exchange) -> bool:
    """Whether the client got a whole answer of the provider's: as it was decided, or a provider error in its place."""
    return exchange.outcome in _WHOLE


_WHOLE: frozenset[ExchangeOutcome] = frozenset(("accepted", "rejected", "unmatched"))


def decided(exchange: Exchange) -> dict[str, Any] | None:
    """What was concluded, as JSON: the provider error's name or null, and the effect; ``None`` where no operation was asked for."""
    if exchange.operation is None:
        return None
    result = exchange.result
    return {"error": None if result is None else type(result).__name__, "effect": exchange.effect}


def rule_of(exchange: Exchange) -> str | None:
    """Return the id of the fault rule that hit."""
    return None if exchange.fault is None else exchange.fault["rule"]


def windows(exchange: Exchange) -> Sequence[LimitStatus]:
    """The rate limits: as what was rejected met them, and as what was accepted left them, if it took effect."""
    if exchange.trace is None or (exchange.result is None and exchange.effect == "skipped"):
        return ()
    return exchange.trace.windows


def differs(row: Mapping[str, Any]) -> bool:
    """Whether a client that goes by what it got is wrong about what happened here; of a row of the journal."""
    was = row["decided"]
    if was is None:
        return row["fault"] is not None
    return row["outcome"] not in ("accepted", "rejected") or row["error"] != was["error"] or was["effect"] == "skipped"


def decided_in_words(was: Mapping[str, Any]) -> str:
    """``accepted, stored``; ``rejected by NotADay``."""
    result = "accepted" if was["error"] is None else f"rejected by {was['error']}"
    return f"{result}{_EFFECTS[was['effect']]}"


_EFFECTS: Mapping[str, str] = {
    "stored": ", stored",
    "changed": ", and counted",
    "nothing": "",
    "skipped": ", but not carried out",
}


def answered_in_words(row: Mapping[str, Any]) -> str:
    """``error TooManyPerNumber by fault f1``; of a row of the journal."""
    rule = row["fault"]
    what = (
        f"provider error {row['error']}"
        if row["outcome"] == "rejected"
        else _ANSWERS.get(row["outcome"], row["outcome"])
    )
    if row["outcome"] == "no_response" and row["ending"]:
        what += f" ({_ENDINGS.get(row['ending'], row['ending'])})"
    return what if rule is None else f"{what} by fault {rule}"


_ANSWERS: Mapping[str, str] = {
    "accepted": "the provider's answer",
    "overridden": "something in the provider's place",
    "corrupted": "an answer that cannot be read",
    "replayed": "an answer of an earlier request",
    "no_response": "nothing",
    "unmatched": "that nothing is there",
}
_ENDINGS: Mapping[str, str] = {
    "close": "the connection was closed",
    "complete": "the connection was closed",
    "dropped": "the server stopped",
    "hang": "the connection stayed open and silent",
    "left": "the client left before",
    "reset": "the connection was reset",
}
