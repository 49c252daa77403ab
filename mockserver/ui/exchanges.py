"""The exchanges section: the live list, and each exchange with its bytes and its explanation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from mockserver.engine.instants import iso
from mockserver.engine.journal import OUTCOMES, Exchange
from mockserver.sdk.examples import format_example
from mockserver.sdk.request import pairs

from . import body_format, snippets
from .page_context import PageRequest

PAGE = 60
"""The number of exchanges shown at a time."""
NOT_DELIVERED = "not delivered"
"""Stands in place of the status of a response of which the client got nothing."""
_FILTERS = ("q", "provider", "outcome", "fault")


class ExchangeLine(NamedTuple):
    """One exchange in the list."""

    number: int
    at: str
    provider: str
    operation: str
    method: str
    target: str
    status: str
    """The HTTP status, or `NOT_DELIVERED`."""
    outcome: str
    outcome_class: str
    error: str
    fault: str


def view_model(page_request: PageRequest) -> dict[str, Any]:
    """Return what the section's template shows, the latest exchange first.

    Args:
        page_request: ``q``, ``provider``, ``outcome`` and ``fault`` filter the list, ``before`` is the number to continue from.
    """
    journal = page_request.world.journal
    lines = list(islice(_matching(page_request, before=page_request.number("before", journal.last + 1)), PAGE + 1))
    filters = {name: page_request.args.get(name, "") for name in _FILTERS}
    return {
        "lines": lines[:PAGE],
        "older": lines[PAGE - 1].number if len(lines) > PAGE else 0,
        "is_latest": not page_request.args.get("before"),
        "filters": filters,
        "last": journal.last,
        "dropped": journal.dropped,
        "outcomes": OUTCOMES,
        "examples": [] if journal.last else _examples(page_request),
        "changes": ""
        if page_request.args.get("before")
        else page_request.url_for_section("exchanges/changes", **filters),
    }


def _examples(page_request: PageRequest) -> list[str]:
    """Return the providers' example requests that an account of this world can send."""
    accounts = page_request.world.state.accounts.values()
    found = (format_example(provider, accounts, page_request.origin) for provider in page_request.context.providers)
    return [example for example in found if example]


def changes(page_request: PageRequest) -> dict[str, Any] | None:
    """Return the exchanges after the number ``since``; ``None`` if there are more than a page of them."""
    since, last = page_request.number("since"), page_request.world.journal.last
    if last - since > PAGE:
        return None
    lines = list(_matching(page_request, since=since))
    path = page_request.url_for_section("exchanges", **{name: page_request.args.get(name) for name in _FILTERS})
    return {"lines": lines[::-1], "last": last, "cursor": page_request.world.feed.cursor, "path": path}


def _matching(page_request: PageRequest, *, before: int | None = None, since: int = 0) -> Iterator[ExchangeLine]:
    """Yield the exchanges between two numbers that match the filters, the latest first."""
    wanted = page_request.args.get("q", "").strip().casefold()
    provider, outcome, fault = (page_request.args.get(name) for name in ("provider", "outcome", "fault"))
    for exchange in reversed(page_request.world.journal.since(since)):
        if before is not None and exchange.number >= before:
            continue
        if (provider and exchange.provider != provider) or (outcome and exchange.outcome != outcome):
            continue
        if fault and exchange.fault is None:
            continue
        page_request.context.masking.apply(exchange)
        if not wanted or any(wanted in text for text in _texts(exchange)):
            yield _line(page_request, exchange)


def _texts(exchange: Exchange) -> Iterator[str]:
    """Yield the texts that a search looks through."""
    yield f"{exchange.method} {exchange.target} {exchange.status}".casefold()
    yield f"{exchange.operation or ''} {_error_name(exchange)} {exchange.account or ''}".casefold()
    for body in (exchange.body, exchange.response_body):
        yield body.decode("utf-8", "replace").casefold()


def _line(page_request: PageRequest, exchange: Exchange) -> ExchangeLine:
    return ExchangeLine(
        exchange.number,
        iso(exchange.at),
        page_request.context.titles.get(exchange.provider or "", ""),
        exchange.operation or "",
        exchange.method,
        exchange.target,
        NOT_DELIVERED if exchange.outcome == "no_response" else str(exchange.status),
        exchange.outcome,
        outcome_class(exchange),
        _error_name(exchange),
        fault_kinds(exchange.fault),
    )


def outcome_class(exchange: Exchange) -> str:
    """Return the class of an exchange's outcome, each of which has one colour: ``succeeded``, ``rejected``, ``failed`` or ``fault``.

    A response of a fault has failed if its client got no complete response or a status of 500 or more, else it is of class ``fault``.
    """
    outcome = exchange.outcome
    if outcome in ("no_response", "corrupted") or exchange.status >= 500:
        return "failed"
    if outcome in ("overridden", "replayed"):
        return "fault"
    return "succeeded" if outcome in ("accepted", "answered") else "rejected"


def _error_name(exchange: Exchange) -> str:
    return "" if exchange.error is None else type(exchange.error).__name__


def fault_kinds(fault: Mapping[str, Any] | None) -> str:
    """Return the kinds of a fault as one text; empty if there is none."""
    if fault is None:
        return ""
    faults = fault["fault"]
    return ", ".join(each["kind"] for each in (faults if isinstance(faults, list) else [faults]))


# -- one exchange --------------------------------------------------------------------------------------------------------

FORMATS = {"formatted": "Formatted", "raw": "As sent", "bytes": "Bytes"}
"""The formats in which a request or response can be shown, each with its label."""


class HttpMessageView(NamedTuple):
    """A request or a response, in one format."""

    title: str
    name: str
    """``request`` or ``response``; also the query parameter that chooses its format."""
    format: str
    """A key of `FORMATS`."""
    start_line: str
    headers: tuple[tuple[str, str], ...]
    query: tuple[tuple[str, str], ...]
    size: int
    """Bytes of the body."""
    body: body_format.FormattedBody | None
    """The body, if the format is ``formatted``."""
    raw: str
    """Head and body as text, if the format is ``raw``."""
    dump: Mapping[str, Any] | None
    """Head and body as hexadecimal lines, if the format is ``bytes``."""


def exchange_view(page_request: PageRequest, number: int) -> dict[str, Any]:
    """Return what the template of one exchange shows.

    Raises:
        ControlError: the journal has no exchange of that number, or no longer.
    """
    described = page_request.call_api("GET", f"journal/{number}")  # masks its credentials
    exchange = page_request.world.journal.get(number)
    assert exchange is not None
    return {
        "exchange": described,
        "explanation": described["explanation"],
        "http_messages": (_request_view(page_request, exchange), _response_view(page_request, exchange)),
        "formats": FORMATS,
        "curl": snippets.curl_command(exchange, page_request.origin, page_request.world.id),
        "pytest": snippets.pytest_test(exchange, page_request),
        "fault_kinds": fault_kinds(exchange.fault),
        "outcome_class": outcome_class(exchange),
        "provider_title": page_request.context.titles.get(exchange.provider or "", ""),
        "newer": number + 1 if number < page_request.world.journal.last else 0,
        "older": number - 1 if number - 1 > page_request.world.journal.dropped else 0,
    }


def _request_view(page_request: PageRequest, exchange: Exchange) -> HttpMessageView:
    start_line = f"{exchange.method} {exchange.target} HTTP/1.1" if exchange.method else ""
    query = exchange.target.partition("?")[2]
    parameters = tuple(pairs(query.encode("latin-1", "replace"), is_cut=True)) if query else ()
    return _http_message_view(page_request, "Request", "request", start_line, exchange.head, exchange.body, parameters)


def _response_view(page_request: PageRequest, exchange: Exchange) -> HttpMessageView:
    from http.client import responses

    start_line = f"HTTP/1.1 {exchange.status} {responses.get(exchange.status, '')}".strip()
    if exchange.outcome == "no_response":
        start_line = NOT_DELIVERED
    return _http_message_view(
        page_request, "Response", "response", start_line, tuple(exchange.response_head), exchange.response_body, ()
    )


def _http_message_view(
    page_request: PageRequest,
    title: str,
    name: str,
    start_line: str,
    headers: tuple[tuple[str, str], ...],
    body: bytes,
    query: tuple[tuple[str, str], ...],
) -> HttpMessageView:
    format_ = page_request.args.get(name, "")
    format_ = format_ if format_ in FORMATS else "formatted"
    whole = page_request.args.get("whole") == name
    content_type = next((value for header, value in headers if header.lower() == "content-type"), "")
    raw = "\r\n".join([start_line, *(f"{header}: {value}" for header, value in headers), "", ""]).encode(
        "latin-1", "replace"
    )
    return HttpMessageView(
        title,
        name,
        format_,
        start_line,
        headers,
        query,
        len(body),
        body_format.format_body(body, content_type, whole) if format_ == "formatted" else None,
        _escape_controls((raw + body).decode("utf-8", "backslashreplace")) if format_ == "raw" else "",
        body_format.dump(raw + body, whole) if format_ == "bytes" else None,
    )


def _escape_controls(text: str) -> str:
    """Replace CRLF by line feeds, and write other control characters as escapes."""
    return re.sub(
        r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", lambda found: f"\\x{ord(found[0]):02x}", text.replace("\r\n", "\n")
    )
