"""The exchanges section: the live list, and beside it one exchange with its bytes and its explanation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from mockserver.admin.har import har_file
from mockserver.engine.accounts import Credential
from mockserver.engine.instants import iso
from mockserver.engine.journal import OUTCOMES, Exchange
from mockserver.engine.limits import LimitStatus
from mockserver.engine.provider_errors import ProviderError
from mockserver.sdk.examples import format_example
from mockserver.sdk.operations import Call
from mockserver.sdk.request import pairs

from . import body_format, snippets
from .exchange_comparison import compare
from .exchange_filter import FIELDS, matching, parse, unknown_fields
from .exchange_rows import (
    CLASSES,
    NOT_DELIVERED,
    ExchangeRow,
    duration_in_words,
    fault_kinds,
    find_duplicates,
    row_of,
)
from .page_context import PageRequest
from .resend import resend

PAGE = 60
"""The number of exchanges shown at a time."""


def view_model(page_request: PageRequest, number: int = 0) -> dict[str, Any]:
    """Return what the section's template shows: the list, the latest exchange first, and one exchange beside it.

    Args:
        page_request: ``q`` filters the list, ``before`` is the number to continue from.
        number: the exchange to show; 0 for none.

    Raises:
        ControlError: the journal has no exchange of that number, or no longer.
    """
    journal, filter_ = page_request.world.journal, read_filter(page_request)
    terms = parse(filter_)
    start = page_request.number("before", journal.last + 1)
    found = list(islice(matching(page_request, terms, before=start), PAGE + 1))
    rows = _rows(page_request, found[:PAGE])
    return {
        "rows": rows,
        "older": rows[-1].number if len(found) > PAGE else 0,
        "is_latest": not page_request.args.get("before"),
        "filter": filter_,
        "unknown_fields": unknown_fields(filter_),
        "fields": FIELDS,
        "classes": CLASSES,
        "outcomes": OUTCOMES,
        "last": journal.last,
        "kept": len(journal),
        "dropped": journal.dropped,
        "examples": [] if len(journal) else _examples(page_request),
        "chosen": number,
        "changes": ""
        if page_request.args.get("before")
        else page_request.url_for_section("exchanges/changes", q=filter_, chosen=number or None),
        **(_detail(page_request, number) if number else {"exchange": None}),
    }


def read_filter(page_request: PageRequest) -> str:
    """Return the filter of a request: ``q``, and the parameters ``provider``, ``outcome`` and ``fault`` as fields of it."""
    args = page_request.args
    found = [args.get("q", "").strip()]
    found += [f"{name}:{args[name]}" for name in ("provider", "outcome") if args.get(name)]
    return " ".join((*filter(None, found), *(["fault:*"] if args.get("fault") else [])))


def _rows(page_request: PageRequest, exchanges: list[Exchange]) -> list[ExchangeRow]:
    if not exchanges:
        return []
    duplicates = find_duplicates(page_request, exchanges[-1].number)
    return [row_of(page_request, each, duplicates) for each in exchanges]


def _examples(page_request: PageRequest) -> list[str]:
    """Return the providers' example requests that an account of this world can send."""
    accounts = page_request.world.state.accounts.values()
    found = (format_example(provider, accounts, page_request.origin) for provider in page_request.context.providers)
    return [example for example in found if example]


def changes(page_request: PageRequest) -> dict[str, Any] | None:
    """Return the exchanges after the number ``since``; ``None`` if there are more than a page of them, or the journal was cleared."""
    journal, since = page_request.world.journal, page_request.number("since")
    if journal.last - since > PAGE or (since and not len(journal)):
        return None
    rows = _rows(page_request, list(matching(page_request, parse(read_filter(page_request)), since=since)))
    return {
        "rows": rows[::-1],
        "last": journal.last,
        "kept": len(journal),
        "dropped": journal.dropped,
        "filter": read_filter(page_request),
        "chosen": page_request.number("chosen"),
        "cursor": page_request.world.feed.cursor,
    }


def export(page_request: PageRequest) -> bytes:
    """Return the exchanges that the filter shows as a HAR file. The parameter ``anonymise`` replaces phone numbers and texts."""
    shown = list(matching(page_request, parse(read_filter(page_request))))[::-1]
    journal, providers = page_request.world.journal, page_request.context.providers
    return b"".join(har_file(shown, providers, journal.why_dropped, anonymise=bool(page_request.args.get("anonymise"))))


def act(page_request: PageRequest) -> str:
    """Perform the action of a button, and return the URL to redirect to.

    Raises:
        ControlError: the control API rejects the action.
        ValueError: there is no such exchange, or its request cannot be sent again.
        KeyError: there is no such button.
    """
    form = page_request.request.form
    action, filter_ = form.get("do", ""), form.get("q", "")
    if action == "clear":
        page_request.call_api("DELETE", "journal")
        return page_request.url_for_section("exchanges")
    if action != "resend":
        raise KeyError(action)
    text = form.get("number", "")
    exchange = page_request.world.journal.get(int(text)) if text.isascii() and text.isdigit() else None
    if exchange is None:
        raise ValueError(f"there is no exchange {text}")
    return page_request.url_for_section(f"exchanges/{resend(page_request, exchange)}", q=filter_, resent=text)


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


class WindowView(NamedTuple):
    """A rate limit at the time of an exchange, in words."""

    limit: str
    used: int
    most: int
    text: str


def _detail(page_request: PageRequest, number: int) -> dict[str, Any]:
    """Return what the template shows of one exchange."""
    described = page_request.call_api("GET", f"journal/{number}")  # masks its credentials
    journal = page_request.world.journal
    exchange = journal.get(number)
    assert exchange is not None
    explanation = described["explanation"]
    duplicates = find_duplicates(page_request, number)
    other = journal.get(page_request.number("with"))
    if other is not None:
        page_request.context.masking.apply(other)
    return {
        "exchange": described,
        "row": row_of(page_request, exchange, duplicates),
        "repeated_by": [each for each, first in duplicates.items() if first == number],
        "explanation": explanation,
        "why": _why(page_request, exchange, explanation),
        "windows": [_window_view(page_request, each) for each in _windows(exchange)],
        "hint": _current_hint(page_request, exchange) or explanation["hint"],
        "http_messages": (_request_view(page_request, exchange), _response_view(page_request, exchange)),
        "formats": FORMATS,
        "curl": snippets.curl_command(exchange, page_request.origin, page_request.world.id),
        "pytest": snippets.pytest_test(exchange, page_request),
        "took": duration_in_words(exchange.duration),
        "newer_exchange": number + 1 if number < journal.last else 0,
        "older_exchange": number - 1 if number - 1 > journal.dropped else 0,
        "others": _like(page_request, exchange),
        "other": other and row_of(page_request, other, {}),
        "no_other": page_request.args.get("with", "") if other is None else "",
        "comparison": other and compare(other, exchange),
        "resent": page_request.number("resent"),
    }


def _like(page_request: PageRequest, exchange: Exchange) -> list[Exchange]:
    """Return the latest earlier exchanges of the same operation, with which a comparison tells most."""
    earlier = reversed(page_request.world.journal.since(max(0, exchange.number - 500)))
    found = (
        each
        for each in earlier
        if each.number < exchange.number and (each.provider, each.operation) == (exchange.provider, exchange.operation)
    )
    return list(islice(found, 5))


_EFFECTS = {
    "stored": "accepted it and stored the message",
    "changed": "accepted it and changed what it keeps",
    "nothing": "accepted it, which changed nothing",
    "skipped": "would have accepted it",
}
_DELIVERED = {
    "overridden": "the client got another response in its place",
    "corrupted": "the client got a response that it cannot read whole",
    "replayed": "the client got the response to an earlier request",
    "no_response": "the client got no response",
    "rejected": "the client got a provider error",
    "accepted": "the client got the provider’s response all the same",
    "unmatched": "the client got the provider’s response all the same",
}


def _why(page_request: PageRequest, exchange: Exchange, explanation: Mapping[str, Any]) -> str:
    """Return why the client got this response, as one sentence."""
    title = page_request.context.titles.get(exchange.provider or "", "This server")
    if exchange.outcome == "invalid_http":
        return f"These bytes are not an HTTP request: {exchange.invalid_reason}."
    if exchange.operation is None:
        sentence = (
            f"{title} has no operation at this method and path"
            if exchange.outcome != "answered"
            else "This server itself responded, and no provider"
        )
    elif exchange.result is None:
        sentence = f"{title} {_EFFECTS[exchange.effect]}"
    else:
        description = explanation["rule"]["description"] or ""
        sentence = f"{title} rejected it with {type(exchange.result).__name__}" + (description and f": {description}")
    if exchange.fault is not None:
        kinds, rule, point = fault_kinds(exchange.fault), exchange.fault["rule"], exchange.fault["point"]
        delivered = _DELIVERED.get(exchange.outcome, exchange.outcome)
        sentence = f"{sentence.removesuffix('.')}; the fault rule {rule} ({kinds}) acted {point} it took effect, and {delivered}"
    elif exchange.outcome == "no_response":
        sentence = f"{sentence.removesuffix('.')}; the connection ended before the response was written"
    return f"{sentence.removesuffix('.')}."


def _windows(exchange: Exchange) -> tuple[LimitStatus, ...]:
    """Return the rate limits that counted: as a rejected request found them, or as an accepted one left them; none if it took no effect."""
    if exchange.trace is None or (exchange.result is None and exchange.effect == "skipped"):
        return ()
    return tuple(exchange.trace.windows)


def _window_view(page_request: PageRequest, status: LimitStatus) -> WindowView:
    most, now = status.limit.most, page_request.clock.now
    if status.used < most:
        text = f"{status.used} of {most} used then; {most - status.used} left"
    else:
        tense = "free again since" if status.free_at <= now else "free again at"
        text = f"all {most} used then; {tense} {iso(status.free_at)[11:23].rstrip('Z')}"
    return WindowView(status.limit.sentence, status.used, most, text)


def _current_hint(page_request: PageRequest, exchange: Exchange) -> str:
    """Return what the world would decide now about a request that a rate limit rejected; empty for any other.

    "Wait until 12:00:01" is of no use when it is later than that, so the request is decided again, without an effect.
    """
    result, provider = exchange.result, page_request.context.providers_by_name.get(exchange.provider or "")
    account = page_request.world.state.accounts.get(exchange.account or "")
    if result is None or "free_at" not in result.facts or provider is None or not (account and account.logins):
        return ""
    login = account.logins[0]
    credential = Credential(provider.name, login.user, login.secret, is_bound=True)
    call = Call(exchange.operation or "", exchange.values, credential)
    decided = page_request.world.execute(partial(provider.decide, call), commit=False).value
    if not isinstance(decided, ProviderError):
        return "The limit is free again: sent now, the same request is accepted."
    if type(decided) is type(result) and "free_at" in decided.facts:
        return f"Advance the clock to {decided.facts['free_at']}, or set the variant limits: off in this world."
    return f"Sent now, the same request is rejected with {type(decided).__name__}."


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
        body_format.format_with_headers(body, headers, whole) if format_ == "formatted" else None,
        _escape_controls((raw + body).decode("utf-8", "backslashreplace")) if format_ == "raw" else "",
        body_format.dump(raw + body, whole) if format_ == "bytes" else None,
    )


def _escape_controls(text: str) -> str:
    """Replace CRLF by line feeds, and write other control characters as escapes."""
    return re.sub(
        r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", lambda found: f"\\x{ord(found[0]):02x}", text.replace("\r\n", "\n")
    )
