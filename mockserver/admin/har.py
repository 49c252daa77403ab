"""The journal as a HAR file: what clients sent and got, without their secrets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mockserver.engine.journal import Exchange
from mockserver.engine.world import World
from mockserver.http.handler import split_prefix
from mockserver.http.secret_names import create_stand_ins
from mockserver.sdk.provider import Provider

from .endpoint import Api, Catalog, Endpoint, RequestArgs
from .journal import filters, matches
from .request_inspection import header
from .schemas import WHOLE

if TYPE_CHECKING:
    from mockserver.har import RecordedExchange
    from mockserver.http.masking import Masking

_INCOMPLETE = {
    "cut": "the connection ended before the whole response was sent",
    "reset": "the connection was reset",
    "hang": "the connection stayed open without the rest of the response",
    "left": "the client left before the response",
    "dropped": "the server stopped before the response",
    "broken": "the server failed before the response",
}
"""Why a response may be incomplete, by how its connection ended."""


def export(api: Api, world: World, values: RequestArgs) -> Iterator[bytes]:
    """Yield the exchanges of a world as a HAR file."""
    found = [each for each in world.journal.since(values.query.get("since", 0)) if matches(each, values.query)]
    for exchange in found:
        api.masking.apply(exchange)
    return har_file(found, api.providers, world.journal.why_dropped, anonymise=values.query.get("anonymise", False))


def har_of_worlds(
    worlds: Iterable[World], masking: Masking, providers: Iterable[Provider], *, anonymise: bool = False
) -> Iterator[bytes]:
    """Yield the exchanges of several worlds as one HAR file, in the order of their instants."""
    worlds = list(worlds)
    found = [exchange for world in worlds for exchange in world.journal.since(0)]
    for exchange in found:
        masking.apply(exchange)
    dropped = "; ".join(f"{why} in {world.id}" for world in worlds if (why := world.journal.why_dropped) is not None)
    return har_file(sorted(found, key=lambda each: each.at), providers, dropped, anonymise=anonymise)


def har_file(
    exchanges: Sequence[Exchange],
    providers: Iterable[Provider],
    why_dropped: str | None = None,
    *,
    anonymise: bool = False,
) -> Iterator[bytes]:
    """Yield a HAR file of exchanges, with stand-ins for their secrets.

    An exchange in which a secret is still found after that is left out, and the file's comment says so.

    Args:
        exchanges: the exchanges, oldest first; masked.
        providers: every provider.
        why_dropped: why older exchanges are not there.
        anonymise: whether phone numbers and texts are replaced too.
    """
    from mockserver.har.stand_ins import StandInError  # only here: a server starts without it
    from mockserver.har.writer import har_chunks

    providers = tuple(providers)
    hosts = {provider.name: provider.hosts for provider in providers}
    stand_ins = create_stand_ins(providers, anonymise=anonymise)
    exchanges = [
        each for each in exchanges if each.method != "CONNECT"
    ]  # what came through it has an exchange of its own
    recorded = [recorded_exchange(each, hosts) for each in exchanges if each.method]
    comments = [why_dropped] if why_dropped else []
    if len(recorded) < len(exchanges):
        comments.append(f"{len(exchanges) - len(recorded)} are left out because they are no HTTP")
    for each in recorded:  # a secret may be in an exchange before the one that shows that it is one
        stand_ins.note(each)
    replaced = []
    for each in recorded:
        try:
            replaced.append(stand_ins.replace(each))
        except StandInError as reason:
            comments.append(f"one is left out: {reason}")
    return har_chunks(replaced, "; ".join(comments))


def recorded_exchange(exchange: Exchange, hosts: Mapping[str, Sequence[str]]) -> RecordedExchange:
    """Return an exchange of a journal as if it had been recorded with the provider.

    Args:
        exchange: an exchange whose request is HTTP.
        hosts: the providers' hosts, by provider.
    """
    from mockserver.har import RecordedExchange

    has_response = bool(exchange.status) and exchange.outcome != "no_response"
    missing = [] if has_response else [f"there was no response: {_INCOMPLETE.get(exchange.ending or '', 'a fault')}"]
    body = exchange.response_body if has_response else b""
    if has_response and exchange.ending in _INCOMPLETE:
        missing.append(_INCOMPLETE[exchange.ending])
    return RecordedExchange(
        index=exchange.number,
        started=exchange.at,
        duration=exchange.duration,
        method=exchange.method,
        url=_url(exchange, hosts.get(exchange.provider or "", ())),
        request_headers=exchange.head,
        request_body=exchange.body,
        status=exchange.status if has_response else 0,
        reason=_reason(exchange.status) if has_response else "",
        response_headers=tuple(exchange.response_head) if has_response else (),
        response_body=body,
        missing=tuple(missing),
    )


def _url(exchange: Exchange, hosts: Sequence[str]) -> str:
    """Return the URL at the provider's own host, whatever address the client used for this server."""
    host, target = header(exchange, "Host") or "localhost", exchange.target
    if "://" in target:  # as a proxy gets it
        split = urlsplit(target)
        host, target = split.netloc, target.partition("://")[2].partition(split.netloc)[2]
    target = target if target.startswith("/") else f"/{target}"
    if not hosts:
        return f"http://{host}{target}"
    path, mark, query = target.partition("?")
    path = split_prefix(path)[0]
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    return f"https://{name if name.lower() in hosts else hosts[0]}{path}{mark}{query}"


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def endpoints(catalog: Catalog) -> tuple[Endpoint, ...]:
    """Return the endpoint for the HAR file."""
    har: Mapping[str, Any] = {"type": "object", "required": ["log"], "properties": {"log": {"type": "object"}}}
    return (
        Endpoint(
            "GET",
            "/_mock/worlds/{world}/journal.har",
            "The exchanges as a HAR 1.2 file, oldest first, at the providers' own hosts. Stand-ins such as password-1 replace"
            " secrets; with anonymise=true other phone numbers and texts of the same form replace those of people too.",
            export,
            dict(har),
            query={
                **filters(catalog),
                "since": WHOLE,
                "anonymise": {"type": "boolean", "description": "true to replace phone numbers and texts"},
            },
            is_heavy=True,
        ),
    )
