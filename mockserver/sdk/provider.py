"""The `Provider` value that a provider package offers, and the values that it consists of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import orjson
from msgspec import Struct

from mockserver.engine.decisions import Decision
from mockserver.engine.entries import Collection as EntryCollection
from mockserver.engine.provider_errors import ProviderError
from mockserver.unpatched import read_bytes

from .error_injection import error_builder, request_facts
from .fields import complete_schema
from .response import Response

if TYPE_CHECKING:
    from mockserver.engine.deliveries import Attempt, Delivery, OutgoingRequest
    from mockserver.engine.instants import Instant
    from mockserver.engine.journal import Exchange
    from mockserver.engine.messages import Message
    from mockserver.engine.provider_errors import Source
    from mockserver.engine.state import IdReservation, State
    from mockserver.validation.json_schema import Schema

    from .error_injection import ErrorBuilder
    from .operations import Call, Operation, Parameter
    from .reconstruction import Decider, GeneratedField, Reconstruct
    from .request import ProviderRequest
    from .serialization_cache import SerializationCache
    from .webhook_kinds import WebhookKind


class Route(NamedTuple):
    """A method and a path that lead to a provider's operations."""

    method: str
    """In capitals; GET stands for HEAD too."""
    path: str
    """A pattern: ``<name>`` is one segment, ``<any(one,other):name>`` one of these, and ``<path:name>`` the rest of the path. The
    provider's `parse` reads the values from the request's path."""
    operations: Sequence[str] = ()
    """The names of the operations that it leads to; several where a parameter chooses between them, see `Provider.operation_parameter`."""
    only_errors: bool = False
    """Whether it leads to no operation, but to errors that `Provider.decide` raises, such as those for actions that are not offered."""
    is_alias: bool = False
    """Whether it is another spelling of a route, which OpenAPI documents leave out."""
    response_types: Sequence[str] = ()
    """The media types of its responses, where its operations say none; those of the provider if empty."""


@dataclass(frozen=True, slots=True)
class Quirk:
    """A quirk with a switch: a place where the documents leave more than one variant open."""

    number: str
    """The number of its entry in the provider's QUIRKS.md."""
    name: str
    """The name of its switch in world files and in the control API."""
    variants: Sequence[str]
    """The variants, the default first."""
    any_zone: bool = False
    """Whether the name of any IANA time zone is a variant too."""
    operations: Sequence[str] = ()
    """The operations whose accepted responses it may change."""
    decider: Decider | None = None
    """How to find out which variant the real provider has. The quirks of the providers in this package all have one."""

    @property
    def default(self) -> str:
        """The variant of a world that chooses none."""
        return self.variants[0]


class Magic(NamedTuple):
    """Magic values: a range of values of a parameter that cause an outcome in every world. The provider does not have them."""

    parameter: str
    """The name of the parameter."""
    range: str
    """The range in words, such as ``15550100000 to 15550100009``."""
    first: str
    """The first value, as requests send it: digits, perhaps after a plus sign."""
    last: str
    """The last value, included."""
    outcome: str
    """The outcome, in one sentence."""

    @classmethod
    def of(cls, parameter: str, first: str, last: str, outcome: str) -> Magic:
        """Return the magic values from `first` to `last`, both included."""
        return cls(parameter, f"{first} to {last}", first, last, outcome)

    def has(self, value: str) -> bool:
        """Return whether a value is in the range."""
        return len(value) == len(self.first) and self.first <= value <= self.last

    def values(self) -> Iterator[str]:
        """Yield every value of the range."""
        sign = "+" if self.first.startswith("+") else ""
        return (f"{sign}{number}" for number in range(int(self.first), int(self.last) + 1))


class Behaviour(NamedTuple):
    """A documented behaviour that the tests of a client should cover; `mockserver coverage` says whether they do."""

    name: str
    source: Source
    seen: Callable[[Exchange], bool] | None = None
    """Return whether an exchange shows it; called for accepted exchanges that no fault changed."""
    done: Callable[[Delivery], bool] | None = None
    """Return whether a delivery shows it."""


class Pages(NamedTuple):
    """How a provider's responses link to the next page."""

    following: Callable[[Exchange], str | None]
    """Return the request target of the next page that a response gives; ``None`` on the last page."""
    is_later: Callable[[Exchange], bool]
    """Return whether a request asks for another page than the first."""


class Probe(NamedTuple):
    """A request that shows whether a client reaches this server in place of the provider."""

    url: str
    """An ``http`` or ``https`` URL at one of the provider's hosts, without a port."""
    response: str
    """A text that only this server's response contains, in the default world."""


DUE: Schema = {
    "type": "string",
    "description": "the instant (2017-01-01T09:30:00Z) at which the message changes",
}
"""The JSON Schema of the member of a message in a world file that says when it changes."""


def _keep_message(message: Message, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - the default of `Provider.advance_message`
    return Decision(now, message)


def _receive_nothing(fields: Mapping[str, Any], state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - the default of `Provider.receive_inbound`
    raise ValueError("this provider receives no messages")


def _keep_account(account: Mapping[str, Any]) -> Mapping[str, Any]:
    return account


@dataclass(frozen=True, kw_only=True, eq=False)
class Provider:
    """One vendor's API: its names, hosts and routes, its operations, and the functions that process a request."""

    name: str
    """The name in world files, addresses and the journal."""
    title: str
    """The name as people write it."""
    hosts: Sequence[str]
    """The vendor's host names."""
    prefixes: Sequence[str] = ()
    """Beginnings of paths that belong to no other provider."""
    routes: Sequence[Route]
    """The methods and paths that lead to its operations."""
    operations: Sequence[Operation]
    """The operations that it offers."""
    errors: Sequence[type[ProviderError]]
    """Every error that it can respond with."""
    schema: Path
    """The JSON Schema of one of its accounts in a world file, without `account_fields`, `message_fields` and `collections`."""
    account_fields: type[Struct] | None = None
    """The type of `Account.fields`: what its accounts have beside the common fields. They are checked by its JSON Schema."""
    message_fields: type[Struct] | None = None
    """The type of `Message.fields`: what its messages have beside the common fields."""
    collections: Sequence[EntryCollection] = ()
    """What its accounts keep beside their messages, such as contacts."""
    upgrade_account: Callable[[Mapping[str, Any]], Mapping[str, Any]] = _keep_account
    """Return an account of a world file, whose schema may still know members of an older version, with the present ones alone."""
    accounts: Path | None = None
    """A world file with accounts that are added to the shipped worlds."""
    example: str = ""
    """A command line with an example request; ``{url}``, ``{user}``, ``{secret}`` and ``{program}`` are replaced."""

    parse: Callable[[ProviderRequest], Call]
    """Parse a request; never raises."""
    decide: Callable[[Call, State, Instant, IdReservation], Decision]
    """Decide a call, purely; `decide_by` makes such a function."""
    render: Callable[[Decision, Call, Mapping[str, str], SerializationCache], Response]
    """Write a decision in the provider's wire format and the world's variants; the cache keeps messages that were written before."""
    routing_errors: Mapping[int, type[ProviderError]] = field(default_factory=dict)
    """The errors for requests that reach its host or a prefix but no operation, by status: 400 for bytes that are no HTTP request or
    name an impossible host, 404, 405, and 500 where the server failed. A status without one gets plain text."""
    render_routing_error: Callable[[ProviderError, ProviderRequest], Response] | None = None
    """Write one of the `routing_errors` in the provider's wire format."""
    error_builders: Mapping[type[ProviderError], ErrorBuilder] = field(default_factory=dict)
    """How a fault rule's errors are built where `error_injection.default_facts` and the parameter tables do not give their facts."""

    receive_inbound: Callable[[Mapping[str, Any], State, Instant, IdReservation], Decision] = _receive_nothing
    """Receive a message from a handset, given its fields as in a world file; raises ValueError for wrong ones."""
    advance_message: Callable[[Message, State, Instant, IdReservation], Decision] = _keep_message
    """Decide what becomes of a message at the instant of its `MessageScheduled`: its next status, perhaps the next instant, perhaps a
    webhook that reports it."""
    inbound_kinds: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Kind of an inbound message -> its fields beside ``sender`` and ``text``; empty where there is one kind."""
    build_webhook: Callable[[Delivery, State], OutgoingRequest] | None = None
    """Build the webhook request of a delivery; ``None`` where there are no webhooks."""
    evaluate_attempt: Callable[[Delivery, Attempt, State, Instant, IdReservation], Decision] | None = None
    """Decide whether a webhook attempt succeeded and when to retry; see `webhooks.end_attempt`."""
    webhook_kinds: Sequence[WebhookKind] = ()
    """The kinds of webhooks that `mockserver check-receiver` can send; the first is its default."""
    request_types: Sequence[str] = ("application/json",)
    """The media types of request bodies."""
    response_types: Sequence[str] = ("application/json",)
    """The media types of responses."""
    authorization: Sequence[Literal["basic", "bearer"]] = ()
    """The schemes of the ``Authorization`` header by which credentials may be sent."""
    operation_parameter: str = ""
    """The parameter that holds an operation's name where a route leads to several."""
    placeholders: Sequence[str] = ()
    """The names that it replaces in a forwarding rule's URL, where they stand between two ``#``."""

    quirks: Sequence[Quirk] = ()
    """Its switches."""
    quirks_file: Path | None = None
    """Its QUIRKS.md."""
    secret_headers: Sequence[str] = ()
    """Headers whose values are credentials, beside ``Authorization``, ``Proxy-Authorization`` and ``Cookie``."""
    not_offered: Collection[str] = ()
    """Operations that the vendor has and this package does not: for these no other one is suggested."""
    magic: Sequence[Magic] = ()
    """The magic values, by which a client meets an outcome through ordinary calls."""
    behaviours: Sequence[Behaviour] = ()
    """The behaviours, beside documented errors, that the tests of a client should cover."""
    pages: Pages | None = None
    """How its responses link to the next page; ``None`` where they do not."""
    send_example: str = ""
    """A command line that sends a message; ``{url}``, ``{user}``, ``{secret}`` and ``{number}``, the sender, are replaced."""
    probes: Sequence[Probe] = ()
    """The requests that `mockserver doctor` sends with this machine's clients."""
    seed: str = ""
    """The module with which `mockserver fixtures make` makes its accounts; no server imports it. Its ``documents()`` returns those of the
    provider's documents, its ``demo(seed, messages)`` one with that many messages. Empty where there is none."""

    recordings: str = ""
    """The module by which recordings of the vendor's traffic are read; no server imports it. It has ``GENERATED_FIELDS`` and
    ``reconstruct``; see the properties `generated_fields` and `reconstruct`. Empty where recordings cannot be read."""

    @cached_property
    def generated_fields(self) -> Sequence[GeneratedField]:
        """Where its responses have values that the provider generates, such as identifiers and instants."""
        fields: Sequence[GeneratedField] = import_module(self.recordings).GENERATED_FIELDS if self.recordings else ()
        return fields

    @cached_property
    def reconstruct(self) -> Reconstruct | None:
        """Makes the accounts of a world file from recorded exchanges; ``None`` if the provider does not support it."""
        reconstruct: Reconstruct | None = import_module(self.recordings).reconstruct if self.recordings else None
        return reconstruct

    @cached_property
    def operations_by_name(self) -> Mapping[str, Operation]:
        """The operations by name."""
        return {operation.name: operation for operation in self.operations}

    @cached_property
    def build_error(self) -> Callable[[type[ProviderError], Call, ProviderRequest, Instant], ProviderError]:
        """A function that builds the error that a fault rule demands, with the facts that a call would have met it with."""
        return error_builder(self.operations, self.error_builders)

    def reject(self, request: ProviderRequest, status: int) -> Response:
        """Return the response to a request that reached the provider's host or a prefix but no operation.

        Args:
            request: the request.
            status: 400, 404, 405 or, when the server failed, 500.
        """
        error = self.routing_errors.get(status)
        if error is None or self.render_routing_error is None:
            return Response(status, (("Content-Type", "text/plain"),), HTTPStatus(status).phrase.encode())
        return self.render_routing_error(error(**request_facts(error, request)), request)

    @cached_property
    def account_schema(self) -> Schema:
        """The JSON Schema of one of its accounts in a world file, with its own fields."""
        schema = orjson.loads(read_bytes(self.schema))
        schema = complete_schema(schema, self.message_fields, self.account_fields, self.collections)
        if self.advance_message is not _keep_message:
            message = schema["definitions"]["message"]
            message["properties"] = {**message["properties"], "due": DUE}
        return schema

    @cached_property
    def collections_by_name(self) -> Mapping[str, EntryCollection]:
        """The collections by name."""
        return {collection.name: collection for collection in self.collections}

    @cached_property
    def parameters(self) -> Sequence[Parameter]:
        """The parameters of all operations, one for each name."""
        rows = {row.name: row for each in self.operations for row in (*each.common, *each.parameters)}
        return tuple(rows.values())

    @cached_property
    def secrets(self) -> Sequence[str]:
        """Names of parameters and headers whose values are credentials."""
        return (*self.secret_headers, *(row.name for row in self.parameters if row.is_secret))
