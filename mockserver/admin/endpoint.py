"""What a verb of this API is, and what it is given.

A verb is a plain function of the API, a world and values; it returns what is to be answered as JSON, or a promise of
an answer. It knows nothing of HTTP: `routes` reads requests for it, `openapi` describes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, NamedTuple

from mockserver.engine.registry import WorldRegistry
from mockserver.engine.state import Fixture
from mockserver.http.fault_rules import Terms
from mockserver.http.masking import Masking
from mockserver.sdk.accounts import read_accounts
from mockserver.sdk.provider import Provider, Quirk
from mockserver.settings import Settings, fixtures_folder
from mockserver.validation.json_schema import Schema
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
    """Every switch of a world, the server's own among them."""

    @cached_property
    def provider_names(self) -> Mapping[str, Provider]:
        """The providers, by name."""
        return {provider.name: provider for provider in self.providers}


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
    """Ours."""
    addresses: Callable[[], Iterable[str]] = field(default=tuple)
    """Every served route, for explanations of requests to other ones."""
    listen_addresses: Callable[[], Mapping[str, str | None]] = field(default=dict)
    """Where the server listens, and what clients have to trust; nothing under another server than ours."""

    @cached_property
    def rules(self) -> Rules:
        """What world files are held to."""
        return Rules.of(self.providers, self.switches)

    @cached_property
    def terms(self) -> Mapping[str, Terms]:
        """The names that fault rules may use, by provider."""
        return {
            provider.name: Terms(tuple(provider.operations_by_name), [each.__name__ for each in provider.errors])
            for provider in self.providers
        }

    @cached_property
    def explainer(self) -> Explainer:
        """The explainer of exchanges."""
        return Explainer(self.providers, self.masking, self.switches, self.addresses)

    def fixture(self, name: str) -> Fixture:
        """A shipped fixture; read once in a process, and shared by every world that begins with it."""
        return Fixture() if name == "empty" else shipped(name, self.providers)


@cache
def shipped(name: str, providers: tuple[Provider, ...]) -> Fixture:
    """A fixture of ours by name: of its accounts those of these providers, and what these bring along.

    Raises:
        WorldFileError: the file of a provider's accounts is wrong.
    """
    path = fixtures_folder() / "worlds" / f"{name}.json"  # ours: a test of the server has checked it
    document: Any = decode_file(path)
    names = {provider.name for provider in providers}
    accounts = [account for account in document["accounts"] if account["provider"] in names]
    more = (account for provider in providers for account in read_accounts(provider))
    return parse({**document, "accounts": [*accounts, *more]}, None)


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
    is_open: bool = False
    """Whether it needs no token."""
    media_type: str = "application/json"

    @property
    def name(self) -> str:
        """The function's."""
        return self.function.__name__.strip("_")
