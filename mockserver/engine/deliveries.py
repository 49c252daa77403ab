"""What a world sends to its customers: deliveries, and every attempt at one. Facts only; `webhooks/` sends them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from .faults import Fault
from .instants import Instant


class OutgoingRequest(NamedTuple):
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
    request: OutgoingRequest
    outcome: Outcome
    result: str
    """Why it was judged as it was, in one sentence."""


class WebhookFault(Fault):
    """A fault of a delivery. This one does nothing; `webhook_faults.py` has those that do something."""

    __slots__ = ()

    def open(self, delivery: Delivery, _next_number: Callable[[], int], /) -> tuple[Delivery, ...]:
        """The deliveries that are opened in place of one.

        Args:
            delivery: as the provider opened it.
            _next_number: takes the next number of a delivery.
        """
        return (delivery,)

    def end_attempt(self, _delivery: Delivery, attempt: Attempt, /) -> Attempt:
        """What counts as the outcome of an attempt that is over."""
        return attempt

    def gives_up(self, _delivery: Delivery, /) -> bool:
        """Whether there is no further attempt behind the one that is over."""
        return False


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something that a customer is to Be notified."""

    number: int
    """Its place in the world's deliveries, from 1."""
    provider: str
    account: str
    """The key of the account whose customer is notified."""
    kind: str
    """In the provider's words: ``inbound`` or ``report``."""
    serial: int
    """Of the message that it is about."""
    url: str
    """Where, as the account has it: a template in some providers."""
    requires_ack: bool
    """Whether the receiver must answer as the provider demands."""
    ordering_key: str
    """Deliveries of one queue are made one after the other."""
    created_at: Instant
    status: Status = "due"
    due: Instant | None = None
    """When the next attempt is made; ``None`` when there is none."""
    attempts: tuple[Attempt, ...] = ()
    fault: WebhookFault | None = None
    """What goes wrong with it on purpose."""
    fault_rule: str | None = None
    """The id of the rule that says so."""
