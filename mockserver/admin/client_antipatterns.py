"""Finds four mistakes of clients that cost money in production, from the order of their exchanges.

No provider rejects these requests, so no test fails because of them; the coverage report lists them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from mockserver.engine.journal import Exchange
from mockserver.sdk.provider import Provider

from .outcomes import is_whole

log = logging.getLogger("mockserver")


class Antipattern(NamedTuple):
    """A mistake of a client, and the exchanges that show it."""

    provider: str
    name: str
    about: str
    """A description in one sentence."""
    exchanges: list[int]


def find_antipatterns(provider: Provider, exchanges: Sequence[Exchange]) -> Iterator[Antipattern]:
    """Yield the mistakes that a provider's exchanges show."""
    own = [each for each in exchanges if each.provider == provider.name]
    for name, (about, find) in _ANTIPATTERNS.items():
        try:
            found = list(find(provider, own))
        except Exception:  # of the provider's code; a report never fails
            log.exception("%s cannot be looked for in the exchanges of %s", name, provider.title)
            continue
        if found:
            yield Antipattern(provider.name, name, about, found)


def _secrets_in_url(provider: Provider, exchanges: Sequence[Exchange]) -> Iterator[int]:
    secrets = {name.lower() for name in provider.secrets}
    for each in exchanges:
        pairs = parse_qsl(each.target.partition("?")[2])
        if any(name.lower() in secrets and value for name, value in pairs):
            yield each.number


def _own_page_url(provider: Provider, exchanges: Sequence[Exchange]) -> Iterator[int]:
    """Find requests for a later page whose URL no response has given."""
    if provider.pages is None:
        return
    given = set()
    for each in exchanges:
        is_accepted = each.error is None and each.operation in provider.operations_by_name
        if is_accepted and provider.pages.is_later(each) and _read(each.target) not in given:
            yield each.number
        following = provider.pages.following(each) if is_whole(each) else None
        if following is not None:
            given.add(_read(following))


def _read(target: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Decode a request target, so that differently escaped ones are equal."""
    path, _, query = target.partition("?")
    return unquote(path), tuple(sorted(parse_qsl(query)))


def _sent_again(provider: Provider, exchanges: Sequence[Exchange]) -> Iterator[int]:
    """Find requests repeated although the first one, without a response, may have been accepted."""
    unknown: list[Mapping[str, Any]] = []
    for each in exchanges:
        operation = provider.operations_by_name.get(each.operation or "")
        if operation is None or operation.is_repeatable:
            continue
        if each.values in unknown:
            yield each.number
        if each.ending not in ("complete", None):
            unknown.append(each.values)


def _ignored_errors(provider: Provider, exchanges: Sequence[Exchange]) -> Iterator[int]:
    """Find provider errors with status 200 that the client ignored.

    Either a request that came too early is never repeated, although others of the same operation follow; or the next
    request uses the same wrong credentials.
    """
    secrets, found = set(provider.secrets), list[int]()
    following: Exchange | None = None
    later_operations: set[str | None] = set()
    later_requests = set[tuple[str | None, int]]()  # with a hash of their values: a million comparisons take minutes
    for each in reversed(exchanges):
        asked = each.operation, _hash(each.values)
        if each.status == 200 and each.error is not None and is_whole(each):
            is_never_repeated = (
                "free_at" in each.error.facts and each.operation in later_operations and asked not in later_requests
            )
            repeats_wrong_credentials = (
                following is not None
                and not secrets.isdisjoint(each.error.about)
                and _credentials(provider, each) == _credentials(provider, following)
            )
            if is_never_repeated or repeats_wrong_credentials:
                found.append(each.number)
        following = each
        later_operations.add(each.operation)
        later_requests.add(asked)
    yield from reversed(found)


def _hash(values: Mapping[str, Any]) -> int:
    """Return a number that is the same for equal values of a request."""
    return hash(frozenset((name, repr(value)) for name, value in values.items()))


def _credentials(provider: Provider, exchange: Exchange) -> dict[str, Any]:
    return {name: exchange.values.get(name) for name in provider.secrets}


_ANTIPATTERNS: Mapping[str, tuple[str, Callable[[Provider, Sequence[Exchange]], Iterator[int]]]] = {
    "builds its own page URL": (
        "It requests a page with a URL that it built itself, instead of the one in the previous response.",
        _own_page_url,
    ),
    "sends again after an ambiguous failure": (
        "It got no response, so the message may have been accepted, and it sent the same message again.",
        _sent_again,
    ),
    "ignores a failure inside HTTP 200": (
        "The response was a provider error with status 200, and the client continued as if it were accepted.",
        _ignored_errors,
    ),
    "secrets in a query string": (
        "Credentials are in the URL, which proxies and servers write to their logs.",
        _secrets_in_url,
    ),
}
