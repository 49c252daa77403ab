"""A world in this process that recorded requests are asked of, at their instants, without a server or a socket."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit

from msgspec import structs

from mockserver import worldfile
from mockserver.admin.endpoint import world_file_rules
from mockserver.engine.clock import Clock
from mockserver.engine.instants import Instant
from mockserver.engine.journal import Exchange
from mockserver.engine.registry import DEFAULT, WorldRegistry
from mockserver.har.exchange import RecordedExchange
from mockserver.http.handler import WORLD_HEADER, Handler, split_prefix
from mockserver.http.masking import Masking
from mockserver.http.request import HttpRequest, join_values
from mockserver.http.secret_names import secret_names
from mockserver.sdk.loading import ProviderSet
from mockserver.sdk.response import Response

from .noted_variants import NotedVariants
from .rebinding import Rebinding
from .reconstruction import scheme_of

_NOT_SENT = frozenset(("content-length", "transfer-encoding", "content-encoding", WORLD_HEADER))
"""Headers of a recorded request that its body, as it was recorded, does not have, and the one that names a world."""


class Asked(NamedTuple):
    """A request that an `InProcessWorld` was asked, and what became of it."""

    response: Response
    exchange: Exchange
    switches: frozenset[str]
    """The names of the switches that were looked at for it, and for what was due before it."""


def read_world(document: Mapping[str, Any], providers: ProviderSet) -> worldfile.WorldFile:
    """Return the content of a world file.

    Raises:
        WorldFileError: it is invalid.
    """
    return worldfile.read(document, world_file_rules(providers.providers, providers.switches))


_secret_names = lru_cache(maxsize=8)(secret_names)
"""`secret_names` with a cache: they take longer to prepare than a short recording to replay."""


class InProcessWorld:
    """A world with its own handler, whose clock stands still between requests. It sends no webhooks."""

    def __init__(
        self, file: worldfile.WorldFile, providers: ProviderSet, variants: Mapping[str, str], begins: Instant
    ) -> None:
        """Create one.

        Args:
            file: its content.
            providers: the providers of its accounts.
            variants: the switches that differ from those of the file.
            begins: the instant of its clock; that of the file, if it is earlier.
        """
        at = begins if file.clock is None else min(begins, file.clock.at)
        registry = WorldRegistry(
            file.fixture,
            providers.default_variants,
            clock=Clock.frozen(at),
            seed=file.seed or DEFAULT,
            providers=providers.callbacks,
        )
        self._world = world = registry.default
        self._variants = world.state.variants = NotedVariants({**world.state.variants, **variants})
        masking = Masking(_secret_names(providers), registry.is_known_credential, _no_journal)
        self._handler = Handler(registry, providers.providers, masking, shows_exchange=False, trusted_proxies="none")

    def move_to(self, instant: Instant) -> None:
        """Move the clock to an instant, and do what becomes due; a past one moves nothing."""
        if instant > self._world.instant():
            self._world.advance(instant)

    def ask(self, request: HttpRequest) -> Asked:
        """Respond to a request of a provider."""
        response = self._handler.respond(request, is_on_loop=False)
        assert isinstance(response, Response)  # nothing waits: no store, no other clock, and not the event loop
        journal = self._world.journal
        exchange = journal.get(journal.last)
        assert exchange is not None
        return Asked(response, exchange, self._variants.take_noted())


def _no_journal(world_id: str) -> None:  # noqa: ARG001 - what an id's journal is; nothing here is shown
    return None


def http_request(recorded: RecordedExchange) -> HttpRequest:
    """Return a recorded request as a server receives it."""
    url = urlsplit(recorded.url)
    path, _ = split_prefix(url.path or "/")
    headers = tuple(
        (name, value)
        for name, value in recorded.request_headers
        if not name.startswith(":") and name.lower() not in _NOT_SENT
    )
    fields: dict[str, str] = {}
    for name, value in headers:
        name = name.lower()  # noqa: PLW2901 - the name as it is looked up
        fields[name] = join_values(name, fields[name], value) if name in fields else value
    fields.setdefault("host", url.netloc.rpartition("@")[2])
    query = _latin_1(url.query)
    return HttpRequest(
        recorded.method,
        _target(path, query),
        unquote_to_bytes(path).decode("latin-1"),
        query,
        "HTTP/1.1",
        headers,
        fields,
        scheme_of(recorded.url, fields["host"]),
        body=recorded.request_body,
    )


def with_identifiers(request: HttpRequest, rebinding: Rebinding, operation: str) -> HttpRequest:
    """Return a request with our identifiers in place of the recorded ones."""
    path, query = rebinding.target(request.target.partition("?")[0], request.query, operation)
    return structs.replace(
        request,
        target=_target(path, query),
        path=unquote_to_bytes(path).decode("latin-1"),
        query=query,
        body=rebinding.body(request.body, request.fields.get("content-type", ""), operation),
    )


def _target(path: str, query: str) -> str:
    return f"{_latin_1(path)}?{query}" if query else _latin_1(path)


def _latin_1(text: str) -> str:
    """Return a text in which each character is one byte of its UTF-8."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("latin-1")
