"""Text for people: an exchange in one line, and an explanation in several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from . import outcomes

if TYPE_CHECKING:
    from mockserver.client import ExchangeRecord


def in_a_line(exchange: ExchangeRecord, has_host: bool = False) -> str:
    """An exchange in one line: its number, its instant, what was asked for, of which host if that matters, and what came of it."""
    return (
        f"{exchange.number:>6} {exchange.row['at']} {exchange.status} {' '.join((exchange.operation or '-').split())}"
        f"{_came_of_it(exchange)}  {exchange.method} {exchange.address if has_host else exchange.target}"
    )


def _came_of_it(exchange: ExchangeRecord) -> str:
    """Nothing for a plain yes; the provider error that the client got; or what became of the answer, and what was decided."""
    row = {**exchange.row, "error": exchange.error, "fault": exchange.fault}  # it may have been asked for in full
    words: list[str] = [] if exchange.outcome in _AS_USUAL else [exchange.outcome]
    words += filter(None, (exchange.error, exchange.fault and f"by fault {exchange.fault}"))
    if row["decided"] is not None and outcomes.differs(row):
        words.append(f"(decided: {outcomes.decided_in_words(row['decided'])})")
    return "".join(f" {word}" for word in words)


_AS_USUAL = frozenset(("accepted", "answered", "rejected", "unmatched", "invalid_http"))


def in_words(explanation: Mapping[str, Any]) -> str:
    """Format an explanation as lines of text."""
    return "\n".join(line for part in _PARTS for line in part(explanation))


def _first(said: Mapping[str, Any]) -> Iterable[str]:
    rule, error, outcome = said["rule"], said["answered"]["error"], said["outcome"]
    what = f" by {error}" if outcome == "rejected" else ""
    why = f": {rule['description']}" if rule["description"] and (error or said["decided"] is None) else ""
    yield f"Exchange {said['exchange']} at {said['at']}: {said['request'] or 'bytes'} -> {said['status']}"
    yield f"  {outcome}{what}{why}"


def _both_sides(said: Mapping[str, Any]) -> Iterable[str]:
    """Format the decision and the response, when they differ."""
    row = {**said["answered"], "outcome": said["outcome"], "decided": said["decided"]}
    if said["decided"] is not None and outcomes.differs(row):
        yield f"Decided: {outcomes.decided_in_words(said['decided'])}"
        yield f"Answered: {outcomes.answered_in_words(row)}"


def _rule_in_words(said: Mapping[str, Any]) -> Iterable[str]:
    rule, quirk = said["rule"], said["quirk"]
    if rule["basis"]:
        yield f"Rule: {rule['name']}, {rule['basis']}"
    if rule["sentence"]:
        yield f'  {rule["document"]}: "{rule["sentence"]}"'
    if quirk:
        yield f"  {quirk['number']}: {quirk['title']}"
        yield f"    we: {quirk['we']}"
        yield f"    known by: {quirk['known_by']}"
    yield from (f"  {name}: {fact}" for name, fact in rule["facts"].items())


def _magic_in_words(said: Mapping[str, Any]) -> Iterable[str]:
    magic = said["magic"]
    if magic:
        yield f"Magic: {magic['parameter']} {magic['value']} is one of {magic['range']}: {magic['outcome']}"
        yield f"  {magic['quirk']}: {magic['title']}; the variant {magic['off']} switches them off"


def _received_in_words(said: Mapping[str, Any]) -> Iterable[str]:
    for name, value in said["received"].items():
        yield f"Received: {name} {'was not there' if value is None else f'= {value!r}'}"


def _windows_in_words(said: Mapping[str, Any]) -> Iterable[str]:
    # What was accepted has been counted; what was rejected has met them so.
    when = " now" if said["decided"] and said["decided"]["error"] is None else ""
    for window in said["windows"]:
        state = "free" if window["is_free"] else f"free again at {window['clock']}"
        yield f"Window: {window['limit']}:{when} {window['used']} of {window['most']} used, {state}"


def _variants_in_words(said: Mapping[str, Any]) -> Iterable[str]:
    for switch in said["variants"]:
        others = " | ".join(variant for variant in switch["variants"] if variant != switch["variant"])
        yield f"Variant: {switch['name']}: {switch['variant'] or 'not known'} (there is {others})"


def _ignored_in_words(said: Mapping[str, Any]) -> Iterable[str]:
    if said["unread"]:
        yield "Nothing read: " + ", ".join(f"{each['name']} ({each['place']})" for each in said["unread"])
    for miss in said["near_misses"]:
        yield f"Near miss: the {miss['kind']} {miss['sent']}; did you mean {miss['known']}?"


def _last(said: Mapping[str, Any]) -> Iterable[str]:
    if said["fault"]:
        yield f"Fault: {_fault_in_words(said['fault'])}"
    if said["hint"]:
        yield f"Fix: {said['hint']}"


def _fault_in_words(fault: Mapping[str, Any]) -> str:
    """``f1: error (name TooManyPerNumber), before the operation takes effect``."""
    several = fault["fault"] if isinstance(fault["fault"], list) else [fault["fault"]]
    return (
        f"{fault['rule']}: {', then '.join(map(_kind_in_words, several))}, {fault['point']} the operation takes effect"
    )


def _kind_in_words(fault: Mapping[str, Any]) -> str:
    options = ", ".join(f"{name} {value!s:.60}" for name, value in fault.items() if name != "kind")
    return f"{fault['kind']} ({options})" if options else str(fault["kind"])


_PARTS = (
    _first,
    _both_sides,
    _rule_in_words,
    _magic_in_words,
    _received_in_words,
    _windows_in_words,
    _variants_in_words,
    _ignored_in_words,
    _last,
)
