"""The filter of the list of exchanges: words, and ``field:value`` pairs, all of which must match."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from mockserver.engine.journal import Exchange
from mockserver.http.correlation import read_correlation

from .exchange_rows import (
    OUTCOMES_IN_WORDS,
    RECIPIENT,
    SENDER,
    TEXT,
    agent_of,
    error_name,
    fault_kinds,
    outcome_class,
    value_of,
)
from .page_context import PageRequest

_TERM = re.compile(r'(?P<no>-)?(?:(?P<field>[a-z]+):)?(?:"(?P<quoted>[^"]*)"?|(?P<plain>\S+))', re.IGNORECASE)


def _identifiers(exchange: Exchange) -> str:
    correlation = read_correlation(exchange.head)
    return f"{correlation.request_id or ''} {correlation.trace_id or ''}"


class FilterField(NamedTuple):
    """A field that a filter can name."""

    about: str
    read: Callable[[Exchange], str]
    is_whole: bool = False
    """Whether the value must be the whole text of the field, and not only a part of it."""


FIELDS: Mapping[str, FilterField] = {
    "provider": FilterField("the provider's name", lambda exchange: exchange.provider or ""),
    "operation": FilterField("a part of the operation's name", lambda exchange: exchange.operation or ""),
    "from": FilterField("a part of the sender", lambda exchange: value_of(exchange, SENDER)),
    "to": FilterField("a part of the recipient", lambda exchange: value_of(exchange, RECIPIENT)),
    "text": FilterField("a part of the message", lambda exchange: value_of(exchange, TEXT)),
    "account": FilterField("a part of the account's name", lambda exchange: exchange.account or ""),
    "outcome": FilterField("accepted, rejected, no_response, …", lambda exchange: exchange.outcome, is_whole=True),
    "class": FilterField("succeeded, rejected, failed or fault", outcome_class, is_whole=True),
    "error": FilterField("a part of the provider error's name", error_name),
    "status": FilterField("the HTTP status", lambda exchange: str(exchange.status), is_whole=True),
    "fault": FilterField("a kind of fault, or * for any", lambda exchange: fault_kinds(exchange.fault)),
    "client": FilterField("a part of the User-Agent", agent_of),
    "path": FilterField("a part of the path and query", lambda exchange: exchange.target),
    "request": FilterField("the X-Request-Id or trace id", _identifiers),
}


_OUTCOMES = {words: outcome for outcome, words in OUTCOMES_IN_WORDS.items()}
"""The outcomes by the words that the list shows for them, such as ``not delivered``."""


class Term(NamedTuple):
    """One condition of a filter."""

    field: str
    """A key of `FIELDS`; empty for a word that is looked for everywhere."""
    value: str
    """In lower case."""
    is_excluded: bool

    def matches(self, exchange: Exchange) -> bool:
        """Return whether an exchange meets it."""
        return self._is_in(exchange) != self.is_excluded

    def _is_in(self, exchange: Exchange) -> bool:
        if not self.field:
            return any(self.value in text for text in _texts(exchange))
        field = FIELDS[self.field]
        text = field.read(exchange).casefold()
        if self.value == "*":
            return bool(text)
        return text == self.value if field.is_whole else self.value in text


def parse(text: str) -> list[Term]:
    """Return the conditions of a filter. What looks like a field but is none is a word like any other; a field without a value is left out."""
    terms = []
    for found in _TERM.finditer(text):
        field, value = (found["field"] or "").lower(), found["plain"] if found["quoted"] is None else found["quoted"]
        if field and field not in FIELDS:
            field, value = "", f"{found['field']}:{value}"
        if not field and value.endswith(":") and value[:-1].lower() in FIELDS:
            continue  # its value is not typed yet
        if field == "outcome":
            value = _OUTCOMES.get(value.casefold(), value)
        if value:
            terms.append(Term(field, value.casefold(), bool(found["no"])))
    return terms


def unknown_fields(text: str) -> list[str]:
    """Return what looks like the name of a field in a filter, but is none."""
    names = (found["field"] for found in _TERM.finditer(text) if found["field"])
    return [name for name in names if name.lower() not in FIELDS and name.lower() not in ("http", "https")]


def matching(
    page_request: PageRequest, terms: list[Term], *, before: int | None = None, since: int = 0
) -> Iterator[Exchange]:
    """Yield the exchanges between two numbers that meet all conditions, the latest first, with their secrets masked."""
    for exchange in reversed(page_request.world.journal.since(since)):
        if before is not None and exchange.number >= before:
            continue
        page_request.context.masking.apply(exchange)
        if all(term.matches(exchange) for term in terms):
            yield exchange


def _texts(exchange: Exchange) -> Iterator[str]:
    """Yield the texts in which a word is looked for."""
    yield f"{exchange.method} {exchange.target} {exchange.status}".casefold()
    yield f"{exchange.operation or ''} {error_name(exchange)} {exchange.account or ''}".casefold()
    for body in (exchange.body, exchange.response_body):
        yield body.decode("utf-8", "replace").casefold()
