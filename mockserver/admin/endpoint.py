"""The endpoints of the control API as data, and the arguments of their functions.

An endpoint's function takes the API, a world and the request's arguments. It returns the JSON of the response, or a
`Deferred` response. It does not handle HTTP: `routes` parses requests for it, and `openapi` describes it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, NamedTuple

import orjson

from mockserver.engine.registry import WorldRegistry
from mockserver.engine.state import Fixture
from mockserver.http.fault_rules import SavedFaults, Terms
from mockserver.http.masking import Masking
from mockserver.sdk.accounts import read_accounts
from mockserver.sdk.provider import Provider, Quirk
from mockserver.sdk.response import Response
from mockserver.settings import Settings, fixtures_folder
from mockserver.unpatched import read_bytes
from mockserver.validation.json_schema import Schema
from mockserver.validation.messages import Place
from mockserver.worldfile import Rules, decode_file, parse

from .explain import Explainer

FIXTURES = ("demo", "small", "empty")
"""The fixtures for new worlds; the first is the default."""


@dataclass(frozen=True, eq=False)
class Catalog:
    """What the endpoints' schemas are made of; the same for every application with the same providers."""

    providers: tuple[Provider, ...]
    """Every provider."""
    switches: tuple[Quirk, ...]
    """Every switch of a world, including the server's own."""

    @cached_property
    def provider_names(self) -> Mapping[str, Provider]:
        """The providers, by name."""
        return {provider.name: provider for provider in self.providers}


class EncodedEvent:
    """The event that was last encoded for a stream, with its bytes: one tuple, so that threads see both or neither."""

    pair: tuple[object, bytes | None] = (None, None)


@dataclass(frozen=True, eq=False)
class Api(Catalog):
    """The objects that the endpoints work on."""

    registry: WorldRegistry
    """The registry of worlds."""
    masking: Masking
    """The masking of secrets in what is shown."""
    settings: Settings
    """The settings: access to the control API, and limits."""
    version: str
    """The version of the server."""
    addresses: Callable[[], Iterable[str]] = field(default=tuple)
    """Returns every served route, for explanations of requests to unknown paths."""
    listen_addresses: Callable[[], Mapping[str, str | None]] = field(default=dict)
    """Returns the URLs of the server and its CA certificate; empty if another WSGI server runs the application."""
    last_event: EncodedEvent = field(default_factory=EncodedEvent)
    """The event that was last encoded; kept because every open stream sends the same bytes."""

    @cached_property
    def rules(self) -> Rules:
        """The rules for world files."""
        return world_file_rules(self.providers, self.switches)

    @cached_property
    def terms(self) -> Mapping[str, Terms]:
        """The names that fault rules may use, by provider."""
        return fault_terms(self.providers)

    @cached_property
    def explainer(self) -> Explainer:
        """The explainer of exchanges."""
        return Explainer(self.providers, self.masking, self.switches, self.addresses)

    def fixture(self, name: str) -> Fixture:
        """Return a shipped fixture. It is read once in a process, and shared by all worlds that start from it."""
        return Fixture() if name == "empty" else shipped(name, self.providers)


def world_file_rules(providers: Iterable[Provider], switches: Iterable[Quirk]) -> Rules:
    """Return the rules for world files."""
    providers = tuple(providers)
    return Rules.of(providers, switches, SavedFaults(fault_terms(providers)))


def fault_terms(providers: Iterable[Provider]) -> Mapping[str, Terms]:
    """Return the names that fault rules may use, by provider."""
    return {
        provider.name: Terms(tuple(provider.operations_by_name), [each.__name__ for each in provider.errors])
        for provider in providers
    }


@cache
def shipped(name: str, providers: tuple[Provider, ...]) -> Fixture:
    """Return a shipped fixture with its accounts of these providers, and the accounts that the providers ship.

    Raises:
        WorldFileError: a provider's file of accounts is invalid.
    """
    path = fixtures_folder() / "worlds" / f"{name}.json"  # not checked: the tests validate the shipped files
    document: Any = decode_file(path, read_bytes)
    names = {provider.name for provider in providers}
    accounts = [account for account in document["accounts"] if account["provider"] in names]
    more = (account for provider in providers for account in read_accounts(provider))
    return parse({**document, "accounts": [*accounts, *more]}, Rules.of(providers), is_checked=True)


def encode(response: Any) -> bytes:
    """Return a response as JSON."""
    try:
        return orjson.dumps(response)
    except TypeError:  # a client may have sent invalid Unicode, or a number of more than 64 bits
        return json.dumps(response, default=str).encode()


def json_response(response: Any) -> Response:
    """Return a response with status 200 and a body of JSON."""
    return Response(200, (("Content-Type", "application/json"),), encode(response))


class RequestArgs(NamedTuple):
    """A parsed request to the control API."""

    path: Mapping[str, Any]
    """The values of the path's placeholders, except the world."""
    query: Mapping[str, Any]
    """The given query parameters, converted as the endpoint's schemas say."""
    body: Any
    """The body's JSON; an empty object when there is none."""
    origin: str
    """The base URL of the request, such as ``http://127.0.0.1:7670``."""
    release: Callable[[], None] = lambda: None
    """Frees a large body in pieces, when it is no longer used."""


class Endpoint(NamedTuple):
    """An endpoint of the control API."""

    method: str
    path: str
    """The path, with placeholders in braces."""
    about: str
    """A description in one sentence."""
    function: Callable[[Api, Any, RequestArgs], Any]
    """The function; it takes the world as its second argument when the path names one."""
    response: Schema | None = None
    """The schema of the response's JSON; ``None`` for a response without a body."""
    status: int = 200
    body: Schema | None = None
    query: Mapping[str, Schema] = {}
    needs: tuple[str, ...] = ()
    """The names of the required parameters."""
    needs_body: bool = True
    """Whether an empty body is rejected."""
    checks_body: bool = False
    """Whether the function itself checks the body, because the schema depends on its content."""
    world_file: Place | None = None
    """Where in the body a world file may be. Such a body is decoded in pieces; of others the values are bounded."""
    is_open: bool = False
    """Whether it needs no token."""
    is_heavy: bool = False
    """Whether it computes for long in a large world, so that it takes one of the few threads for such calls."""
    is_probe: bool = False
    """Whether it has neither parameters nor body, takes microseconds and no lock. Such an endpoint is answered on the event
    loop, so that it never waits for other calls."""
    media_types: tuple[str, ...] = ("application/json",)
    """Those of the response; several where a parameter chooses."""

    @property
    def name(self) -> str:
        """The name of its function."""
        return self.function.__name__.strip("_")
