"""Makes a world from a recording: a world file in which the recorded requests get the recorded responses.

Each provider reads its accounts from its own exchanges (`Provider.reconstruct`). Here the exchanges are sorted by provider, and the
accounts of all providers joined in one world file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit

from mockserver import worldfile
from mockserver.admin.endpoint import world_file_rules
from mockserver.engine.instants import iso
from mockserver.har.exchange import RecordedExchange
from mockserver.http.handler import OWN_PATHS, WORLD_HEADER, Routed, host_name, normal_path, router_of, split_prefix
from mockserver.sdk.loading import ProviderSet
from mockserver.sdk.reconstruction import ObservedExchange, UnexplainedRead
from mockserver.sdk.request import ProviderRequest

from .clock import find_clock_offset


class ReconstructedWorld(NamedTuple):
    """A world that was made of a recording."""

    document: Mapping[str, Any]
    """The world file, which follows the rules of world files."""
    unexplained: Sequence[UnexplainedRead]
    """The values in recorded responses that no account can give, in the order of the exchanges."""
    observed: int
    """The number of exchanges that belong to a provider's operation."""
    file: worldfile.WorldFile
    """The document as a server reads it."""


def reconstruct_world(
    recording: Sequence[RecordedExchange], providers: ProviderSet, variants: Mapping[str, str] | None = None
) -> ReconstructedWorld:
    """Return a world in which the same requests at the same instants get the recorded responses.

    Args:
        recording: the exchanges, in any order.
        providers: the providers that they may belong to.
        variants: the switches of the world that differ from the defaults; with them the responses are read.

    Raises:
        WorldFileError: a variant is unknown, or a provider has made an account that breaks the rules of world files.
    """
    chosen = dict(variants or {})
    rules = world_file_rules(providers.providers, providers.switches)
    worldfile.read({"format": worldfile.FORMAT, "variants": chosen, "accounts": []}, rules)
    accounts: list[Mapping[str, Any]] = []
    scheduled: list[Mapping[str, Any]] = []
    unexplained: list[UnexplainedRead] = []
    observed = observe(recording, providers)
    for name, exchanges in observed.items():
        reconstruct = providers.by_name[name].reconstruct
        if reconstruct is None:
            title = providers.by_name[name].title
            unexplained.append(
                UnexplainedRead(exchanges[0].index, "", f"{title} does not read accounts from recordings")
            )
            continue
        found = reconstruct(exchanges, {**providers.default_variants, **chosen})
        accounts += found.accounts
        scheduled += found.scheduled
        unexplained += found.unexplained
    document: dict[str, Any] = {"format": worldfile.FORMAT, "about": _about(observed, providers)}
    if recording:
        begins = min(exchange.started for exchange in recording) + find_clock_offset(recording)
        document["clock"] = {"at": iso(begins), "frozen": True}
    document |= {"variants": chosen, "accounts": accounts}
    if scheduled:
        document["scheduled"] = scheduled
    document = _without_surrogates(document)
    file = worldfile.read(document, rules)
    count = sum(map(len, observed.values()))
    return ReconstructedWorld(document, tuple(sorted(unexplained, key=attrgetter("index"))), count, file)


def _without_surrogates(value: Any) -> Any:
    """Return JSON in which U+FFFD stands for half a character, which a response may have as an escape and no file can."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {_without_surrogates(name): _without_surrogates(member) for name, member in value.items()}
    return [_without_surrogates(each) for each in value] if isinstance(value, (list, tuple)) else value


def _about(observed: Mapping[str, Sequence[ObservedExchange]], providers: ProviderSet) -> str:
    parts = [f"{len(each)} of {providers.by_name[name].title}" for name, each in observed.items()]
    return f"Made of a recording: {', '.join(parts) or 'no'} exchanges."


def observe(recording: Sequence[RecordedExchange], providers: ProviderSet) -> dict[str, list[ObservedExchange]]:
    """Return the exchanges that belong to operations, in the order of their instants, by the name of their provider."""
    offset = find_clock_offset(recording)
    observed: dict[str, list[ObservedExchange]] = {}
    for exchange in sorted(recording, key=attrgetter("started", "index")):
        request = provider_request(exchange)
        provider, status, _ = route(request, providers)
        if provider is None or status:
            continue
        one = ObservedExchange(
            exchange.index,
            exchange.started + offset,
            request,
            provider.parse(request),
            exchange.status,
            exchange.response_headers,
            exchange.response_body,
        )
        observed.setdefault(provider.name, []).append(one)
    return {name: observed[name] for name in providers.by_name if name in observed}


def route(request: ProviderRequest, providers: ProviderSet) -> Routed:
    """Find the provider of a request; its status is 0 where it is for one of the provider's operations.

    The host decides, and the path where the host is one of this machine or of its network, where a server of ours may be.
    """
    router = router_of(providers.providers, OWN_PATHS)
    found = router.find(request.method, request.path, request.host)
    name = host_name(request.host) or ""
    return found if _is_local(name) or name in providers.hosts else Routed(None, 404)


_LOCAL = ("internal", "local", "localhost", "test")
"""Top-level domains that no public host has (RFC 6761, RFC 6762, and ICANN's for private use)."""


def _is_local(name: str) -> bool:
    return "." not in name or name.rpartition(".")[2] in _LOCAL or name.replace(".", "").isdigit()


def scheme_of(url: str, host: str) -> str:
    """Return the scheme with which a recorded request was sent: that of its URL, except to a server on this machine.

    Exchanges with a server of ours are written with the provider's URL; there ``http`` is the usual one.

    Args:
        url: the recorded URL.
        host: the recorded Host header.
    """
    parts = urlsplit(url)
    is_other = host.lower() != parts.netloc.rpartition("@")[2].lower()
    return "http" if is_other and _is_local(host.rpartition(":")[0] or host) else parts.scheme


def provider_request(exchange: RecordedExchange) -> ProviderRequest:
    """Return the request of a recorded exchange as a provider reads it."""
    url = urlsplit(exchange.url)
    path, worlds = split_prefix(unquote_to_bytes(url.path).decode("utf-8", "replace") or "/")
    headers = tuple(each for each in exchange.request_headers if each[0].lower() != WORLD_HEADER)
    host = next((value for name, value in headers if name.lower() == "host"), url.netloc.rpartition("@")[2])
    return ProviderRequest(
        exchange.method,
        normal_path(path),
        url.query.encode("utf-8", "surrogateescape"),
        headers,
        None,
        exchange.request_body,
        scheme_of(exchange.url, host),
        host,
        is_bound=bool(worlds),
    )
