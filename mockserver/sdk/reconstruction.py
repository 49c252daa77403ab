"""What a provider declares for recordings of its real server: which values of responses are made up, and what accounts they show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from mockserver.engine.instants import Instant

    from .operations import Call
    from .request import ProviderRequest


class GeneratedField(NamedTuple):
    """A place in responses whose value the provider makes up, so that nobody who replays a request can know it."""

    path: str
    """The place: the names from the root joined by dots, ``[]`` for each item of a list and for each repeated element, ``@`` before
    an XML attribute; ``items[].id``, ``response.messages.message[].message_id``. ``*`` stands for any one name."""
    kind: Literal["identifier", "instant", "text"]
    """An ``identifier`` is matched one to one with ours, everywhere in the recording; an ``instant`` must be written in the same
    form and differ by no more than the time of a request; a ``text`` may be any, but the same text is always the same."""
    operations: Sequence[str] = ()
    """The operations whose responses have it; all if empty."""
    identifies: str = ""
    """What an identifier identifies, such as ``group``: identifiers of one thing are matched with each other, wherever they stand. If
    empty, that is the last name of the path among the operations of one resource, such as ``id`` among ``contacts.add`` and
    ``contacts.index``."""


class ObservedExchange(Struct, frozen=True):
    """A recorded exchange of a provider, with its request parsed."""

    index: int
    """Its place in the recording, from 0."""
    at: Instant
    """When the provider answered."""
    request: ProviderRequest
    call: Call
    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes
    """The response, without its content coding."""


class UnexplainedRead(Struct, frozen=True):
    """A value in a recorded response that no account of a world file can give."""

    index: int
    """The exchange's place in the recording, from 0."""
    path: str
    """The place in the response, as in `GeneratedField.path` but with the index of each item: ``items[3].id``."""
    reason: str
    """One sentence that says why no account can give this value."""


class Reconstruction(NamedTuple):
    """The accounts of a world in which our provider responds as the recorded one did."""

    accounts: Sequence[Mapping[str, Any]]
    """Accounts as in a world file, with ``provider``, ``name`` and ``logins``."""
    unexplained: Sequence[UnexplainedRead] = ()
    scheduled: Sequence[Mapping[str, Any]] = ()
    """What comes in between two reads, as in a world file: ``at``, ``provider``, and ``fields`` with the ``account``."""


Reconstruct: TypeAlias = Callable[[Sequence[ObservedExchange], Mapping[str, str]], Reconstruction]
"""Makes a provider's accounts of its recorded exchanges, in their order, and of the world's variants: a world with these accounts that
is asked the same requests at the same instants gives the same responses, as far as that can be. What the recorded requests themselves
store (a message that was sent) is not put into the accounts; what a response shows before any request has stored it, is."""


class DecidingRequest(NamedTuple):
    """One request of a series whose responses tell the variants of a quirk apart."""

    method: str
    target: str
    """Path and query. ``{user}``, ``{secret}``, ``{program}``, ``{replying_program}``, ``{number}`` and ``{inbound_number}`` are replaced
    by those of an account, and ``{0:items[0].id}`` by the value at that place of the first response, and so on. ``{0:.id}`` is
    the first ``id`` at any depth, and ``[-1]`` the last item."""
    body: str = ""
    """The body, which may have the same placeholders."""
    content_type: str = "application/x-www-form-urlencoded"
    """The media type of the body; not sent if the body is empty."""
    is_authorized: bool = False
    """Whether HTTP Basic credentials of the account are sent."""
    after: int = 0
    """The seconds of the world's clock that pass before it."""
    headers: Sequence[tuple[str, str]] = ()
    """More headers; their values may have the placeholders."""


class Decider(NamedTuple):
    """How a client or its owner can find out which variant of a quirk the real provider has."""

    sentence: str
    """What to do, in one sentence in the imperative: ``Read messages/recived with type=2way.``"""
    requests: Sequence[DecidingRequest] = ()
    """The requests whose recorded responses decide it; empty where no response can, such as for what a receiver gets."""
