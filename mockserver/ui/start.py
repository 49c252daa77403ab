"""The start section: which server this is, the world's credentials, a first request, what happened last, and where to read on."""

from __future__ import annotations

from typing import Any, NamedTuple

from mockserver.engine.journal import Exchange
from mockserver.sdk.examples import format_example, format_send_example
from mockserver.sdk.provider import Provider

from .exchange_rows import ExchangeRow, row_of
from .page_context import PageRequest

_LATEST = 6
"""The exchanges that are shown."""
_LOGINS = 12
"""The credentials that are shown; the worlds section has all."""
_REFERENCE = (
    ("/_mock/quickstart", "how to use this server, on a page of plain text"),
    ("/_mock/", "every address of this server"),
    ("/_mock/openapi.json", "the control API, as OpenAPI"),
    ("/_mock/operations", "what each provider's operations take"),
    ("/_mock/errors", "the errors, each with its source"),
    ("/_mock/quirks", "where the documents are silent, and what is assumed"),
    ("/_mock/magic", "the numbers that lead to an outcome"),
)
"""What the server itself tells, by path."""


class LoginRow(NamedTuple):
    """The credentials of an account."""

    provider: str
    """The provider's title."""
    account: str
    user: str
    secret: str | None


class FirstRequest(NamedTuple):
    """A command line that an account of the world can send."""

    provider: str
    """The provider's name."""
    title: str
    command: str


def view_model(page_request: PageRequest) -> dict[str, Any]:
    """Return what the section's template shows."""
    context, journal = page_request.context, page_request.world.journal
    facts, accounts = page_request.call_api("GET", ""), tuple(page_request.world.state.accounts.values())
    logins = [
        LoginRow(context.titles.get(account.provider, account.provider), account.name, login.user, login.secret)
        for account in accounts
        for login in account.logins
    ]
    requests = (_first_request(page_request, provider) for provider in context.providers)
    return {
        "about": page_request.call_api("GET", "/_mock/")["about"],
        "facts": facts,
        "addresses": page_request.call_api("GET", "/_mock/addresses"),
        "logins": logins[:_LOGINS],
        "login_count": len(logins),
        "requests": [request for request in requests if request is not None],
        "latest": [_latest(page_request, each) for each in reversed(journal.since(max(0, journal.last - _LATEST)))],
        "reference": _REFERENCE,
        "needs_token": context.guard({**page_request.request.environ, "HTTP_AUTHORIZATION": ""})[0] == 401,
    }


def _first_request(page_request: PageRequest, provider: Provider) -> FirstRequest | None:
    """Return a command line for a provider; ``None`` if no account of the world can send one."""
    state = page_request.world.state
    accounts, url = state.accounts.values(), page_request.origin
    command = format_send_example(provider, accounts, url) or format_example(provider, accounts, url)
    return FirstRequest(provider.name, provider.title, command) if command else None


def _latest(page_request: PageRequest, exchange: Exchange) -> ExchangeRow:
    """Return one of the latest exchanges as a row."""
    page_request.context.masking.apply(exchange)
    return row_of(page_request, exchange, {})
