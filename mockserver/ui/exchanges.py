"""Exchanges: the live list, and one of them as it was on the wire, with the reason why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from mockserver.engine.instants import iso
from mockserver.engine.journal import OUTCOMES, Exchange
from mockserver.sdk.request import pairs

from . import layout, snippets
from .page_context import PageRequest

PAGE = 60
"""The number of exchanges shown at a time."""
_FILTERS = ("q", "provider", "outcome", "fault")


class ExchangeLine(NamedTuple):
    """One exchange in the list."""

    number: int
    at: str
    provider: str
    operation: str
    method: str
    target: str
    status: int
    outcome: str
    error: str
    fault: str


def shown(page_request: PageRequest) -> dict[str, Any]:
    """The list, the latest first: ``q``, ``provider``, ``outcome`` and ``fault`` filter it, ``before`` goes on in it."""
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
        "changes": ""
        if page_request.args.get("before")
        else page_request.url_for_section("exchanges/changes", **filters),
    }


def changed(page_request: PageRequest) -> dict[str, Any] | None:
    """The lines that came after the number ``since``; ``None`` when they are more than a page."""
    since, last = page_request.number("since"), page_request.world.journal.last
    if last - since > PAGE:
        return None
    lines = list(_matching(page_request, since=since))
    url_for_section = page_request.url_for_section(
        "exchanges", **{name: page_request.args.get(name) for name in _FILTERS}
    )
    return {"lines": lines[::-1], "last": last, "cursor": page_request.world.feed.cursor, "path": url_for_section}


def _matching(page_request: PageRequest, *, before: int | None = None, since: int = 0) -> Iterator[ExchangeLine]:
    """The exchanges between two numbers that the filters leave, the latest first."""
    wanted = page_request.args.get("q", "").strip().casefold()
    provider, outcome, fault = (page_request.args.get(name) for name in ("provider", "outcome", "fault"))
    for exchange in reversed(page_request.world.journal.since(since)):
        if before is not None and exchange.number >= before:
            continue
        if (provider and exchange.provider != provider) or (outcome and exchange.outcome != outcome):
            continue
        if fault and exchange.fault is None:
            continue
        page_request.desk.masking.apply(exchange)
        if not wanted or any(wanted in text for text in _texts(exchange)):
            yield _line(page_request, exchange)


def _texts(exchange: Exchange) -> Iterator[str]:
    """Return the text that a search looks at."""
    yield f"{exchange.method} {exchange.target} {exchange.status}".casefold()
    yield f"{exchange.operation or ''} {_name(exchange)} {exchange.account or ''}".casefold()
    for body in (exchange.body, exchange.response_body):
        yield body.decode("utf-8", "replace").casefold()


def _line(page_request: PageRequest, exchange: Exchange) -> ExchangeLine:
    return ExchangeLine(
        exchange.number,
        iso(exchange.at),
        page_request.desk.titles.get(exchange.provider or "", ""),
        exchange.operation or "",
        exchange.method,
        exchange.target,
        exchange.status,
        exchange.outcome,
        _name(exchange),
        fault_in_words(exchange.fault),
    )


def _name(exchange: Exchange) -> str:
    return "" if exchange.error is None else type(exchange.error).__name__


def fault_in_words(fault: Mapping[str, Any] | None) -> str:
    """The kinds of what acted on an exchange."""
    if fault is None:
        return ""
    what = fault["fault"]
    return ", ".join(each["kind"] for each in (what if isinstance(what, list) else [what]))


# -- one -----------------------------------------------------------------------------------------------------------------

WAYS = {"laid": "Laid out", "sent": "As sent", "bytes": "Bytes"}
"""How a message can be looked at."""


class MessageView(NamedTuple):
    """A request or an answer."""

    title: str
    name: str
    """The parameter that says how it is looked at."""
    way: str
    start: str
    """Its first line."""
    headers: tuple[tuple[str, str], ...]
    query: tuple[tuple[str, str], ...]
    size: int
    formatted: layout.FormattedBody | None
    raw: str
    """As it was on the wire, as far as text can show it."""
    dump: Mapping[str, Any] | None


def whole(page_request: PageRequest, number: int) -> dict[str, Any]:
    """Render one exchange.

    Raises:
        ControlError: there is none of that number any more, or not yet.
    """
    described = page_request.call_api("GET", f"journal/{number}")  # masks what is kept of it
    exchange = page_request.world.journal.get(number)
    assert exchange is not None
    return {
        "exchange": described,
        "explanation": described["explanation"],
        "halves": (_request(page_request, exchange), _respond(page_request, exchange)),
        "ways": WAYS,
        "curl": snippets.curl(exchange, page_request.origin),
        "pytest": snippets.pytest(exchange, page_request),
        "fault_in_words": fault_in_words(exchange.fault),
        "provider_title": page_request.desk.titles.get(exchange.provider or "", ""),
        "newer": number + 1 if number < page_request.world.journal.last else 0,
        "older": number - 1 if number - 1 > page_request.world.journal.dropped else 0,
    }


def _request(page_request: PageRequest, exchange: Exchange) -> MessageView:
    start = f"{exchange.method} {exchange.target} HTTP/1.1" if exchange.method else ""
    query = exchange.target.partition("?")[2]
    read = tuple(pairs(query.encode("latin-1", "replace"))) if query else ()
    return _half(page_request, "Request", "request", start, exchange.head, exchange.body, read)


def _respond(page_request: PageRequest, exchange: Exchange) -> MessageView:
    from http.client import responses

    start = f"HTTP/1.1 {exchange.status} {responses.get(exchange.status, '')}".strip()
    return _half(page_request, "Response", "answer", start, tuple(exchange.response_head), exchange.response_body, ())


def _half(
    page_request: PageRequest,
    title: str,
    name: str,
    start: str,
    headers: tuple[tuple[str, str], ...],
    body: bytes,
    query: tuple[tuple[str, str], ...],
) -> MessageView:
    way = page_request.args.get(name, "laid")
    way = way if way in WAYS else "laid"
    whole = page_request.args.get("whole") == name
    kind = next((value for header, value in headers if header.lower() == "content-type"), "")
    raw = "\r\n".join([start, *(f"{header}: {value}" for header, value in headers), "", ""]).encode(
        "latin-1", "replace"
    )
    return MessageView(
        title,
        name,
        way,
        start,
        headers,
        query,
        len(body),
        layout.format_body(body, kind, whole) if way == "laid" else None,
        _visible((raw + body).decode("utf-8", "backslashreplace")) if way == "sent" else "",
        layout.dump(raw + body, whole) if way == "bytes" else None,
    )


def _visible(text: str) -> str:
    """A text with the control characters of the wire left out of sight, and others in it."""
    return re.sub(
        r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", lambda found: f"\\x{ord(found[0]):02x}", text.replace("\r\n", "\n")
    )
