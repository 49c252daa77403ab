"""What a room hands to the house. A room is complete when it is one of these; adding one is one line in `app.py`."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from msgspec import Struct

from mockserver.engine.messages import account_shelf

if TYPE_CHECKING:
    from flask import Blueprint
    from flask import Response as FlaskResponse

    from mockserver.engine.accounts import Credential
    from mockserver.engine.decisions import Decision
    from mockserver.engine.deliveries import Attempt, Delivery, Outgoing
    from mockserver.engine.ids import IdReservation
    from mockserver.engine.instants import Instant
    from mockserver.engine.journal import Exchange
    from mockserver.engine.messages import Message
    from mockserver.engine.provider_errors import Refused, Source
    from mockserver.engine.state import State

    from .request import Asked
    from .response import Response
    from .serialization_cache import Fragments


View: TypeAlias = Callable[..., "FlaskResponse"]
"""A Flask view; arguments from the address are ignored, for the room reads them itself."""


class Call(Struct, frozen=True):
    """What a request asks for, as its room reads it. What is wrong with it is data too: `decide` says so."""

    operation: str
    """The operation's name as the client gave it; empty when it gave none."""
    values: Mapping[str, Any]
    """The parameters, by name."""
    credential: Credential | None = None
    defect: Refused | None = None
    """Why the request could not be read."""


@dataclass(frozen=True, slots=True)
class Quirk:
    """A switch: one place where the documents leave more than one reading open."""

    number: str
    """The entry of the room's QUIRKS.md."""
    name: str
    """What a world file calls it."""
    readings: Sequence[str]
    """The default first."""
    any_zone: bool = False
    """Whether any IANA zone name is a reading too."""
    operations: Sequence[str] = ()
    """Whose answers it may change, where they are no refusals."""

    @property
    def default(self) -> str:
        """The reading that is taken when nobody says otherwise."""
        return self.readings[0]


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
    """Whether an answer shows it, asked of answers that reached the client as they were decided, refusals apart."""
    done: Callable[[Delivery], bool] | None = None
    """Whether a delivery to the customer shows it."""


class Pages(NamedTuple):
    """How a provider leads from page to page by addresses that it gives."""

    following: Callable[[Exchange], str | None]
    """The target that an answer gives for the next page."""
    is_later: Callable[[Exchange], bool]
    """Whether a request is for another page than the first."""


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A room: what it is called, where it is found, and the four steps of a request."""

    name: str
    """In world files, addresses and the journal."""
    title: str
    """As people write it."""
    hosts: Sequence[str]
    """The host names it answers for."""
    prefixes: Sequence[str]
    """Beginnings of paths that are nobody else's."""
    routes: Callable[[View], Blueprint]
    """Its addresses, each leading to the view that is handed in."""
    operations: Sequence[str]
    """What it can be asked for."""
    sources: Mapping[str, Source] = field(default_factory=dict)
    """Operation -> the sentence that offers it, or the quirk that says why it is here."""
    parameters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Operation -> the names of what it reads from a request's path, query and body, credentials included."""
    refusals: Sequence[type[Refused]]
    """Every "no" it can say."""
    strays: Sequence[type[Refused]] = ()
    """Those among them that `astray` answers with."""
    quirks: Sequence[Quirk]
    """Its switches."""
    magic: Sequence[Magic]
    """Values that bring about an outcome, so that a client meets it through ordinary calls."""
    behaviours: Sequence[Behaviour] = ()
    """What its clients meet, documented refusals apart."""
    unrepeatable: Sequence[str] = ()
    """Operations that do something once more each time they are asked for."""
    pages: Pages | None = None
    """Where it gives addresses of pages."""
    secrets: Sequence[str]
    """Names of parameters whose values are credentials."""
    schema: Path
    """The JSON Schema of one of its accounts in a world file."""
    book: Path
    """Its QUIRKS.md."""
    example: str
    """A command line that shows it at work; ``{url}`` is where we listen."""
    sends: str = ""
    """A command line that sends a message, where one can: with ``{url}``, ``{user}``, ``{secret}`` and the ``{number}`` it is sent from."""

    read: Callable[[Asked], Call]
    """Read a request; never raises."""
    decide: Callable[[Call, State, Instant, IdReservation], Decision]
    """Conclude, purely."""
    force: Callable[[type[Refused], Call, Asked, Instant], Refused]
    """The refusal of a kind that a fault demands, with the facts that this call would have met it with."""
    write: Callable[[Decision, Call, Mapping[str, str], Fragments], Response]
    """Write what was concluded in the provider's wire format and this world's readings, with what is remembered of messages."""
    arrive: Callable[[Mapping[str, Any], State, Instant, IdReservation], Decision]
    """A message comes in from outside, given its fields in the words of a world file; raises ValueError for wrong ones."""
    kinds: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Kind of a message that comes in -> the fields that it takes beside ``sender`` and ``text``; none where all are alike."""
    placeholders: Sequence[str] = ()
    """What it fills in where a forwarding rule's URL has it between two ``#``."""
    astray: Callable[[Asked, int], Response]
    """Answer what reached its host or prefix but none of its operations: 404, 405 or, when we failed, 500."""
    outgoing: Callable[[Delivery, State], Outgoing] | None = None
    """The request that tells a customer what a delivery is about; ``None`` where nobody is told anything."""
    judge: Callable[[Delivery, Attempt, State, Instant, IdReservation], Decision] | None = None
    """Whether an attempt has told him, and when it is tried again: an `AttemptEnded` comes first among the events."""


def subject(delivery: Delivery, state: State) -> Message:
    """The message that a delivery is about: it was stored at the instant at which the delivery was opened."""
    shelf, at = account_shelf(delivery.account), delivery.opened

    def stored(place: int) -> Message:
        return state.ledger.page(shelf, at, at, place, 1)[0]

    places = range(state.ledger.count(shelf, at, at))
    return stored(bisect_left(places, delivery.serial, key=lambda place: stored(place).serial))
