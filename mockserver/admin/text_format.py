"""Formats exchanges and explanations as text: an exchange in one line, an explanation in several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from . import outcomes

if TYPE_CHECKING:
    from mockserver.client import ExchangeRecord


def format_line(exchange: ExchangeRecord, has_host: bool = False) -> str:
    """Format an exchange in one line: number, instant, status, operation, outcome and URL, with the host if wanted."""
    return (
        f"{exchange.number:>6} {exchange.row['at']} {exchange.status} {' '.join((exchange.operation or '-').split())}"
        f"{_outcome_in_words(exchange)}  {exchange.method} {exchange.address if has_host else exchange.target}"
        f"{_correlation_in_words(exchange)}"
    )


def _correlation_in_words(exchange: ExchangeRecord) -> str:
    """Format the identifiers that the client sent for its own logs and traces: empty when it sent none."""
    sent = {"request-id": exchange.request_id, "trace-id": exchange.trace_id}
    return "".join(f" {name}={value:.80}" for name, value in sent.items() if value is not None)


def _outcome_in_words(exchange: ExchangeRecord) -> str:
    """Format the outcome: empty for an ordinary response; else the outcome, provider error, fault and decision."""
    row = {**exchange.row, "error": exchange.error, "fault": exchange.fault}  # a full exchange has objects here
    words: list[str] = [] if exchange.outcome in _ORDINARY else [exchange.outcome]
    words += filter(None, (exchange.error, exchange.fault and f"by fault {exchange.fault}"))
    if row["decided"] is not None and outcomes.differs(row):
        words.append(f"(decided: {outcomes.decided_in_words(row['decided'])})")
    return "".join(f" {word}" for word in words)


_ORDINARY = frozenset(("accepted", "answered", "rejected", "unmatched", "invalid_http"))


def format_explanation(explanation: Mapping[str, Any]) -> str:
    """Format an explanation as lines of text."""
    return "\n".join(line for part in _PARTS for line in part(explanation))


def _first(explanation: Mapping[str, Any]) -> Iterable[str]:
    rule, error, outcome = explanation["rule"], explanation["response"]["error"], explanation["outcome"]
    what = f" by {error}" if outcome == "rejected" else ""
    why = f": {rule['description']}" if rule["description"] and (error or explanation["decided"] is None) else ""
    yield f"Exchange {explanation['exchange']} at {explanation['at']}: {explanation['request'] or 'bytes'} -> {explanation['status']}"
    yield f"  {outcome}{what}{why}"


def _correlation(explanation: Mapping[str, Any]) -> Iterable[str]:
    """Format the identifiers that the client sent, by the names of their headers."""
    headers = {"request_id": "X-Request-Id", "traceparent": "traceparent", "world_header": "X-Mockserver-World"}
    found = {headers[name]: explanation["correlation"][name] for name in headers}
    sent = [f"{header} {value}" for header, value in found.items() if value is not None]
    if sent:
        yield f"Sent by the client: {', '.join(sent)}"


def _both_sides(explanation: Mapping[str, Any]) -> Iterable[str]:
    """Format the decision and the response, when they differ."""
    row = {**explanation["response"], "outcome": explanation["outcome"], "decided": explanation["decided"]}
    if explanation["decided"] is not None and outcomes.differs(row):
        yield f"Decided: {outcomes.decided_in_words(explanation['decided'])}"
        yield f"Response: {outcomes.response_in_words(row)}"


def _rule_in_words(explanation: Mapping[str, Any]) -> Iterable[str]:
    rule, quirk = explanation["rule"], explanation["quirk"]
    if rule["basis"]:
        yield f"Rule: {rule['name']}, {rule['basis']}"
    if rule["sentence"]:
        yield f'  {rule["document"]}: "{rule["sentence"]}"'
    if quirk:
        yield f"  {quirk['number']}: {quirk['title']}"
        yield f"    we: {quirk['we']}"
        yield f"    known by: {quirk['known_by']}"
    yield from (f"  {name}: {fact}" for name, fact in rule["facts"].items())


def _magic_in_words(explanation: Mapping[str, Any]) -> Iterable[str]:
    magic = explanation["magic"]
    if magic:
        yield f"Magic: {magic['parameter']} {magic['value']} is one of {magic['range']}: {magic['outcome']}"
        yield f"  {magic['quirk']}: {magic['title']}; the variant {magic['off']} switches them off"


def _received_in_words(explanation: Mapping[str, Any]) -> Iterable[str]:
    for name, value in explanation["received"].items():
        yield f"Received: {name} {'was not sent' if value is None else f'= {value!r}'}"


def _windows_in_words(explanation: Mapping[str, Any]) -> Iterable[str]:
    # An accepted request is included in the count, a rejected one is not.
    when = " now" if explanation["decided"] and explanation["decided"]["error"] is None else ""
    for window in explanation["windows"]:
        state = "free" if window["is_free"] else f"free again at {window['clock']}"
        yield f"Window: {window['limit']}:{when} {window['used']} of {window['most']} used, {state}"


def _variants_in_words(explanation: Mapping[str, Any]) -> Iterable[str]:
    for switch in explanation["variants"]:
        others = " | ".join(variant for variant in switch["variants"] if variant != switch["variant"])
        yield f"Variant: {switch['name']}: {switch['variant'] or 'not known'} (there is {others})"


def _ignored_in_words(explanation: Mapping[str, Any]) -> Iterable[str]:
    if explanation["unread"]:
        yield "Ignored parameters: " + ", ".join(f"{each['name']} ({each['place']})" for each in explanation["unread"])
    for miss in explanation["near_misses"]:
        yield f"Unknown {miss['kind']} {miss['sent']}; did you mean {miss['known']}?"


def _empty_in_words(explanation: Mapping[str, Any]) -> Iterable[str]:
    filters = explanation["emptied_by"]
    if filters is not None:
        yield f"Empty because of: {', '.join(filters) or 'nothing is there to be found'}"


def _last(explanation: Mapping[str, Any]) -> Iterable[str]:
    if explanation["fault"]:
        yield f"Fault: {_fault_in_words(explanation['fault'])}"
    if explanation["hint"]:
        yield f"Fix: {explanation['hint']}"


def _fault_in_words(fault: Mapping[str, Any]) -> str:
    """Format a fault, such as ``f1: error (name TooManyPerNumber), before the operation takes effect``."""
    several = fault["fault"] if isinstance(fault["fault"], list) else [fault["fault"]]
    return (
        f"{fault['rule']}: {', then '.join(map(_kind_in_words, several))}, {fault['point']} the operation takes effect"
    )


def _kind_in_words(fault: Mapping[str, Any]) -> str:
    options = ", ".join(f"{name} {value!s:.60}" for name, value in fault.items() if name != "kind")
    return f"{fault['kind']} ({options})" if options else str(fault["kind"])


_PARTS = (
    _first,
    _correlation,
    _both_sides,
    _rule_in_words,
    _magic_in_words,
    _received_in_words,
    _windows_in_words,
    _variants_in_words,
    _ignored_in_words,
    _empty_in_words,
    _last,
)
