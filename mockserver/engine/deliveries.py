"""What a world sends to its customers: deliveries, and every attempt at one. Facts only; `web/courier` does the sending."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from .instants import Instant


class Outgoing(NamedTuple):
    """A webhook request to make."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Outcome(NamedTuple):
    """What came of one."""

    status: int | None = None
    """The HTTP status; ``None`` when no answer came."""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    """The beginning of the answer, as far as it is kept."""
    error: str | None = None
    """Why no answer came, in one sentence."""


Status: TypeAlias = Literal["due", "held", "acknowledged", "given up"]


class Attempt(NamedTuple):
    """One try."""

    at: Instant
    outgoing: Outgoing
    outcome: Outcome
    verdict: str
    """Why it was judged as it was, in one sentence."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something that a customer is to be told."""

    number: int
    """Its place in the world's outbox, from 1."""
    provider: str
    account: str
    """The key of the account whose customer is told."""
    kind: str
    """In the room's words: ``inbound`` or ``report``."""
    serial: int
    """Of the message that it is about."""
    url: str
    """Where, as the account has it: a template in some rooms."""
    verifies: bool
    """Whether the receiver must answer as the provider demands."""
    lane: str
    """Deliveries of one lane are made one after the other."""
    opened: Instant
    status: Status = "due"
    due: Instant | None = None
    """When the next attempt is made; ``None`` when there is none."""
    attempts: tuple[Attempt, ...] = ()
