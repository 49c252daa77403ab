"""What a provider hands to the server. A provider is complete when it is a `Provider`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import orjson
from msgspec import Struct

from mockserver.engine.decisions import Decision
from mockserver.engine.provider_errors import ProviderError

from .error_injection import error_builder, request_facts
from .fields import complete_schema
from .response import Response

if TYPE_CHECKING:
    from mockserver.engine.deliveries import Attempt, Delivery, OutgoingRequest
    from mockserver.engine.instants import Instant
    from mockserver.engine.journal import Exchange
    from mockserver.engine.provider_errors import Source
    from mockserver.engine.state import IdReservation, State
    from mockserver.validation.json_schema import Schema

    from .error_injection import ErrorBuilder
    from .operations import Call, Operation, Parameter
    from .request import ProviderRequest
    from .serialization_cache import SerializationCache


class Route(NamedTuple):
    """A method and a path that lead to a provider's operations."""

    method: str
    """In capitals; GET stands for HEAD too."""
    path: str
    """With ``<name>`` for one segment, ``<any(one,other):name>`` and, at its end, ``<path:name>``; the provider reads these itself."""
    operations: Sequence[str] = ()
    """The names of the operations that it leads to; several where a parameter chooses between them, see `Provider.operation_parameter`."""
    only_errors: bool = False
    """Whether it leads to no operation, but to errors that `Provider.decide` raises, such as those for actions that are not offered."""


@dataclass(frozen=True, slots=True)
class Quirk:
    """A switch: one place where the documents leave more than one variant open."""

    number: str
    """The entry of the provider's QUIRKS.md."""
    name: str
    """What a world file calls it."""
    variants: Sequence[str]
    """The default first."""
    any_zone: bool = False
    """Whether any IANA zone name is a variant too."""
    operations: Sequence[str] = ()
    """Whose answers it may change, where they are no provider errors."""

    @property
    def default(self) -> str:
        """The variant that is taken when no one says otherwise."""
        return self.variants[0]


class Magic(NamedTuple):
    """Values of a parameter that bring about an outcome, in every world: ours, and not the provider's."""

    parameter: str
    """The parameter, by the provider's name for it."""
    range: str
    """The values, as people write them."""
    first: str
    """The first of them, as requests have it: digits, perhaps behind a plus sign."""
    last: str
    """The last of them, which is one of them too."""
    outcome: str
    """What happens, in a sentence."""

    @classmethod
    def of(cls, parameter: str, first: str, last: str, outcome: str) -> Magic:
        """The values between two, both included."""
        return cls(parameter, f"{first} to {last}", first, last, outcome)

    def has(self, value: str) -> bool:
        """Whether a value is one of them."""
        return len(value) == len(self.first) and self.first <= value <= self.last

    def values(self) -> Iterator[str]:
        """Every one of them."""
        sign = "+" if self.first.startswith("+") else ""
        return (f"{sign}{number}" for number in range(int(self.first), int(self.last) + 1))


class Behaviour(NamedTuple):
    """Something documented that a client meets sooner or later, and that its tests had better meet first."""

    name: str
    source: Source
    seen: Callable[[Exchange], bool] | None = None
    """Whether an answer shows it, asked of answers that reached the client as they were decided, provider errors apart."""
    done: Callable[[Delivery], bool] | None = None
    """Whether a delivery to the customer shows it."""


class Pages(NamedTuple):
    """How a provider leads from page to page by addresses that it gives."""

    following: Callable[[Exchange], str | None]
    """The target that an answer gives for the next page."""
    is_later: Callable[[Exchange], bool]
    """Whether a request is for another page than the first."""


class Probe(NamedTuple):
    """An address that shows whether a client reaches us in the provider's place."""

    url: str
    """At one of the provider's hosts, without a port; ``http`` or ``https``."""
    response: str
    """A text that only our answer holds, in the default world."""


def _receive_nothing(fields: Mapping[str, Any], state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - the default of `Provider.receive_inbound`
    raise ValueError("this provider receives no messages")


@dataclass(frozen=True, kw_only=True, eq=False)
class Provider:
    """One vendor's API: what it is called, where it is found, what it offers, and the steps of a request."""

    name: str
    """In world files, addresses and the journal."""
    title: str
    """As people write it."""
    hosts: Sequence[str]
    """The host names it answers for."""
    prefixes: Sequence[str] = ()
    """Beginnings of paths that are no other provider's."""
    routes: Sequence[Route]
    """The methods and paths that lead to its operations."""
    operations: Sequence[Operation]
    """What it can be asked for."""
    errors: Sequence[type[ProviderError]]
    """Every error that it can answer with."""
    schema: Path
    """The JSON Schema of one of its accounts in a world file, without `account_fields` and `message_fields`."""
    account_fields: type[Struct] | None = None
    """What its accounts have beside the common fields, in `Account.fields`; its JSON Schema is what they are checked by."""
    message_fields: type[Struct] | None = None
    """What its messages have beside the common fields, in `Message.fields`; likewise."""
    accounts: Path | None = None
    """A world file with accounts of its own, which the shipped worlds hold too."""
    example: str = ""
    """A command line that shows it at work; ``{url}`` is where we listen."""

    parse: Callable[[ProviderRequest], Call]
    """Read a request; never raises."""
    decide: Callable[[Call, State, Instant, IdReservation], Decision]
    """Conclude, purely; `decide_by` makes one."""
    render: Callable[[Decision, Call, Mapping[str, str], SerializationCache], Response]
    """Write what was concluded in the provider's wire format and the world's variants, with what is remembered of messages."""
    routing_errors: Mapping[int, type[ProviderError]] = field(default_factory=dict)
    """The errors for requests that reach its host or a prefix but no operation, by 400, 404, 405, 413 and 500; the one of 500 also
    stands for those that are not there, and says that the server failed. Empty where the responses are plain text."""
    render_routing_error: Callable[[ProviderError, ProviderRequest], Response] | None = None
    """Write one of the `routing_errors` in the provider's wire format."""
    error_builders: Mapping[type[ProviderError], ErrorBuilder] = field(default_factory=dict)
    """How a fault rule's errors are built where `error_injection.default_facts` and the parameter tables do not give their facts."""

    receive_inbound: Callable[[Mapping[str, Any], State, Instant, IdReservation], Decision] = _receive_nothing
    """Receive a message from a handset, given its fields as a world file has them; raises ValueError for wrong ones."""
    inbound_kinds: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Kind of an inbound message -> the fields that it takes beside ``sender`` and ``text``; empty where all are alike."""
    build_webhook: Callable[[Delivery, State], OutgoingRequest] | None = None
    """The request that tells a customer's URL what a delivery is about; ``None`` where there are no webhooks."""
    evaluate_attempt: Callable[[Delivery, Attempt, State, Instant, IdReservation], Decision] | None = None
    """Decide whether a webhook attempt succeeded and when to retry; see `webhooks.end_attempt`."""
    request_types: Sequence[str] = ("application/json",)
    """The media types of request bodies."""
    response_types: Sequence[str] = ("application/json",)
    """The media types of responses."""
    authorization: Sequence[Literal["basic", "bearer"]] = ()
    """The schemes of the ``Authorization`` header by which credentials may be sent."""
    operation_parameter: str = ""
    """The parameter that holds an operation's name where a route leads to several."""
    placeholders: Sequence[str] = ()
    """What it fills in where a forwarding rule's URL has it between two ``#``."""

    quirks: Sequence[Quirk] = ()
    """Its switches."""
    quirks_file: Path | None = None
    """Its QUIRKS.md."""
    secret_headers: Sequence[str] = ()
    """Headers whose values are credentials, beside ``Authorization``, ``Proxy-Authorization`` and ``Cookie``."""
    magic: Sequence[Magic] = ()
    """Values that bring about an outcome, so that a client meets it through ordinary calls."""
    behaviours: Sequence[Behaviour] = ()
    """What its clients meet, documented errors apart."""
    pages: Pages | None = None
    """Where it gives addresses of pages."""
    send_example: str = ""
    """A command line that sends a message: with ``{url}``, ``{user}``, ``{secret}`` and the ``{number}`` it is sent from."""
    probes: Sequence[Probe] = ()
    """Addresses that `mockserver doctor` lets this machine's clients ask for."""
    seed: str = ""
    """The module with which `mockserver fixtures make` makes its accounts, imported by no server: ``documents()`` returns those of the
    provider's documents, ``demo(seed, messages)`` one with so many messages. Empty where it makes none."""

    @cached_property
    def operations_by_name(self) -> Mapping[str, Operation]:
        """Its operations by name."""
        return {operation.name: operation for operation in self.operations}

    @cached_property
    def build_error(self) -> Callable[[type[ProviderError], Call, ProviderRequest, Instant], ProviderError]:
        """A function that builds the error that a fault rule demands, with the facts that a call would have met it with."""
        return error_builder(self.operations, self.error_builders)

    def reject(self, request: ProviderRequest, status: int) -> Response:
        """Return the response to a request that reached the provider's host or a prefix but no operation.

        Args:
            request: the request.
            status: 400, 404, 405, 413 or, when the server failed, 500.
        """
        if self.render_routing_error is None:
            return Response(status, (("Content-Type", "text/plain"),), HTTPStatus(status).phrase.encode())
        error = self.routing_errors.get(status) or self.routing_errors[500]
        return self.render_routing_error(error(**request_facts(error, request)), request)

    @cached_property
    def account_schema(self) -> Schema:
        """The JSON Schema of one of its accounts in a world file, with its own fields."""
        return complete_schema(orjson.loads(self.schema.read_bytes()), self.message_fields, self.account_fields)

    @cached_property
    def parameters(self) -> Sequence[Parameter]:
        """Everything that its operations read, once for each name."""
        rows = {row.name: row for each in self.operations for row in (*each.common, *each.parameters)}
        return tuple(rows.values())

    @cached_property
    def secrets(self) -> Sequence[str]:
        """Names of parameters and headers whose values are credentials."""
        return (*self.secret_headers, *(row.name for row in self.parameters if row.is_secret))
