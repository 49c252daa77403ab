"""What a client's traffic shows of its ways: four that cost real money, each from the order of its exchanges.

Pure. None of these is rejected by a provider, so no test fails by itself; whoever reads them decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from mockserver.engine.journal import Exchange
from mockserver.sdk.provider import Provider

from .outcomes import is_whole


class Antipattern(NamedTuple):
    """A mistake of a client, and the exchanges that show it."""

    provider: str
    name: str
    about: str
    """One sentence."""
    exchanges: list[int]


def shown(provider: Provider, exchanges: Sequence[Exchange]) -> Iterator[Antipattern]:
    """Return the mistakes that a provider's exchanges show."""
    own = [each for each in exchanges if each.provider == provider.name]
    for name, (about, find) in _ANTIPATTERNS.items():
        found = list(find(provider, own))
        if found:
            yield Antipattern(provider.name, name, about, found)


def _secrets_in_address(provider: Provider, exchanges: Sequence[Exchange]) -> Iterator[int]:
    secrets = {name.lower() for name in provider.secrets}
    for each in exchanges:
        pairs = parse_qsl(each.target.partition("?")[2])
        if any(name.lower() in secrets and value for name, value in pairs):
            yield each.number


def _own_page_address(provider: Provider, exchanges: Sequence[Exchange]) -> Iterator[int]:
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


def _went_on(provider: Provider, exchanges: Sequence[Exchange]) -> Iterator[int]:
    """Rejected inside an HTTP 200, and what followed shows that no one looked.

    What was too early is never asked for again, though other things of its kind are; or credentials that are wrong are
    used once more.
    """
    for place, each in enumerate(exchanges):
        if each.status != 200 or each.error is None or not is_whole(each):
            continue
        later = exchanges[place + 1 :]
        alike = [other.values for other in later if other.operation == each.operation]
        is_lost = "free_at" in each.error.facts and alike and each.values not in alike
        is_stranger = not set(provider.secrets).isdisjoint(each.error.about)
        if is_lost or (
            is_stranger and [_credentials(provider, each)] == [_credentials(provider, other) for other in later[:1]]
        ):
            yield each.number


def _credentials(provider: Provider, exchange: Exchange) -> dict[str, Any]:
    return {name: exchange.values.get(name) for name in provider.secrets}


_ANTIPATTERNS: Mapping[str, tuple[str, Callable[[Provider, Sequence[Exchange]], Iterator[int]]]] = {
    "builds its own page URL": (
        "It asks for a page at an address of its own making instead of the one that the answer before gave.",
        _own_page_address,
    ),
    "sends again after an ambiguous failure": (
        "No answer came, the message may have been accepted, and the same was sent once more.",
        _sent_again,
    ),
    "ignores a failure inside HTTP 200": (
        "The answer was a provider error with the status 200, and the client went on as if it had been accepted.",
        _went_on,
    ),
    "secrets in a query string": (
        "Credentials stand in the address, which proxies and servers write into their logs.",
        _secrets_in_address,
    ),
}
