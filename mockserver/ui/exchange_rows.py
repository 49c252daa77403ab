"""Builds the rows of the list of exchanges, with sender, recipient, text and client, and finds messages that were sent twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from mockserver.admin.request_inspection import header
from mockserver.engine.instants import SECOND, iso
from mockserver.engine.journal import Exchange, ExchangeOutcome
from mockserver.sdk.provider import Provider

from .page_context import PageRequest

SENDER = ("from", "sender")
RECIPIENT = ("to", "phone", "recipient")
TEXT = ("message", "text")
"""The names of parameters, in any provider, that say who sends what to whom."""
NOT_DELIVERED = "not delivered"
"""Stands in place of the status of a response of which the client got nothing."""
OUTCOMES_IN_WORDS: Mapping[ExchangeOutcome, str] = {
    "accepted": "accepted",
    "rejected": "rejected",
    "overridden": "overridden",
    "corrupted": "corrupted",
    "replayed": "replayed",
    "no_response": NOT_DELIVERED,
    "unmatched": "no such operation",
    "answered": "answered",
    "invalid_http": "not HTTP",
}
CLASSES = {
    "succeeded": "Succeeded",
    "rejected": "Rejected",
    "failed": "Failed",
    "fault": "Fault",
}
"""The classes of outcomes, each with its label and its colour."""
_SOON = 3600 * SECOND
"""How long after a message, on the world's clock, an equal one is a duplicate."""
_LOOK_BACK = 1_000
"""The exchanges before the oldest row among which its first sending is looked for."""
_LONGEST = 160
"""The characters of a text that are shown."""


class ExchangeRow(NamedTuple):
    """One exchange in the list."""

    number: int
    at: str
    minute: str
    """The minute of its instant, such as ``2026-06-01T12:00``."""
    provider: str
    """The provider's title; empty if it has none."""
    operation: str
    """The operation's name, or else the method and the path."""
    sender: str
    recipient: str
    text: str
    parameters: str
    """What else was asked for, where there is no text."""
    account: str
    duration: str
    client: str
    agent: str
    """The whole User-Agent header, of which `client` is the first product."""
    status: str
    """The HTTP status, or `NOT_DELIVERED`."""
    outcome: str
    """In words."""
    outcome_class: str
    """A key of `CLASSES`."""
    error: str
    fault: str
    duplicate_of: int
    """The number of the exchange that sent the same message before; 0 if there is none."""


def outcome_class(exchange: Exchange) -> str:
    """Return the class of an exchange's outcome: a key of `CLASSES`.

    A response of a fault has failed if its client got no complete response or a status of 500 or more, else it is of class ``fault``.
    """
    outcome = exchange.outcome
    if outcome in ("no_response", "corrupted") or exchange.status >= 500:
        return "failed"
    if outcome in ("overridden", "replayed"):
        return "fault"
    return "succeeded" if outcome in ("accepted", "answered") else "rejected"


def error_name(exchange: Exchange) -> str:
    """Return the name of the provider error that the client got; empty if it got none."""
    return "" if exchange.error is None else type(exchange.error).__name__


def fault_kinds(fault: Mapping[str, Any] | None) -> str:
    """Return the kinds of a fault as one text; empty if there is none."""
    if fault is None:
        return ""
    faults = fault["fault"]
    return ", ".join(each["kind"] for each in (faults if isinstance(faults, list) else [faults]))


def value_of(exchange: Exchange, names: Iterable[str]) -> str:
    """Return the first value of a request that has one of these names, as one text; empty if there is none.

    Of several values it is the first, with the number of others: ``+48500600700 +2``.
    """
    for name in names:
        value = exchange.values.get(name)
        if isinstance(value, list | tuple) and value:
            return f"{value[0]} +{len(value) - 1}" if len(value) > 1 else str(value[0])
        if value is not None and not isinstance(value, Mapping):
            return str(value)
    return ""


def agent_of(exchange: Exchange) -> str:
    """Return the User-Agent header of a request; empty if it has none."""
    return header(exchange, "User-Agent") or ""


def duration_in_words(microseconds: int | None) -> str:
    """Return a duration in a unit that suits its size; empty if it is not known."""
    if microseconds is None:
        return ""
    if microseconds < 10_000:
        return f"{microseconds / 1000:.1f} ms"
    return f"{microseconds / 1000:.0f} ms" if microseconds < 1_000_000 else f"{microseconds / 1_000_000:.2f} s"


def find_duplicates(page_request: PageRequest, oldest: int) -> dict[int, int]:
    """Return the messages that were sent before already, from an exchange on: their numbers, with those of the first sendings.

    A message is a duplicate if the same account has sent the same values within an hour of the world's clock, and both were stored.
    """
    first: dict[Any, Exchange] = {}
    found: dict[int, int] = {}
    providers = page_request.context.providers_by_name
    for exchange in page_request.world.journal.since(max(0, oldest - 1 - _LOOK_BACK)):
        key = _sent_message(exchange, providers) if exchange.effect == "stored" else None
        if key is None:
            continue
        before = first.setdefault(key, exchange)
        if before is exchange:
            continue
        if exchange.at - before.at <= _SOON:
            found[exchange.number] = before.number
        else:
            first[key] = exchange
    return found


def _sent_message(exchange: Exchange, providers: Mapping[str, Provider]) -> Any:
    """Return what is equal for equal messages of an account; ``None`` if the operation may be repeated."""
    provider = providers.get(exchange.provider or "")
    operation = provider.operations_by_name.get(exchange.operation or "") if provider else None
    if operation is None or operation.is_repeatable:
        return None
    return (
        exchange.account,
        exchange.operation,
        frozenset((name, repr(value)) for name, value in exchange.values.items()),
    )


def row_of(page_request: PageRequest, exchange: Exchange, duplicates: Mapping[int, int]) -> ExchangeRow:
    """Return an exchange, whose secrets are masked, as a row."""
    at, context = iso(exchange.at), page_request.context
    agent = agent_of(exchange)
    target = exchange.target.partition("?")[0]
    text = value_of(exchange, TEXT)
    values = {
        "sender": value_of(exchange, SENDER),
        "recipient": value_of(exchange, RECIPIENT),
        "text": text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…",
        "parameters": "" if text else _parameters(exchange, context.providers_by_name),
    }
    return ExchangeRow(
        number=exchange.number,
        at=at,
        minute=at[:16],
        provider=context.titles.get(exchange.provider or "", ""),
        operation=exchange.operation or f"{exchange.method} {target}"[:80].strip(),
        account=(exchange.account or "").partition("/")[2],
        duration=duration_in_words(exchange.duration),
        client=agent.partition(" ")[0],
        agent=agent,
        status=NOT_DELIVERED if exchange.outcome == "no_response" else str(exchange.status),
        outcome=OUTCOMES_IN_WORDS[exchange.outcome],
        outcome_class=outcome_class(exchange),
        error=error_name(exchange),
        fault=fault_kinds(exchange.fault),
        duplicate_of=duplicates.get(exchange.number, 0),
        **context.masking.mask_data(exchange.world, values),
    )


def _parameters(exchange: Exchange, providers: Mapping[str, Provider]) -> str:
    """Return the parameters of a request that has no text, without credentials, as one text."""
    provider = providers.get(exchange.provider or "")
    operation = provider.operations_by_name.get(exchange.operation or "") if provider else None
    if provider is None or operation is None:
        return ""
    left_out = {*provider.secrets, *SENDER, *RECIPIENT, "action"}
    values = {name: value_of(exchange, [name]) for name in operation.parameter_names if name not in left_out}
    return " · ".join(f"{name} {value[:40]}" for name, value in values.items() if value)
