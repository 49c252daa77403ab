"""Webhook deliveries and their attempts, as immutable values; the package `webhooks` sends them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from .faults import Fault
from .instants import Instant


class OutgoingRequest(NamedTuple):
    """An HTTP request of a webhook."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Outcome(NamedTuple):
    """The outcome of a webhook request: a response, or the reason why there was none."""

    status: int | None = None
    """The HTTP status; ``None`` when there was no response."""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    """The beginning of the response body; see `WebhookConfig.body_bytes`."""
    error: str | None = None
    """Why there was no response, in one sentence."""


Status: TypeAlias = Literal["due", "held", "acknowledged", "given up"]


class Attempt(NamedTuple):
    """One attempt at a delivery."""

    at: Instant
    request: OutgoingRequest
    outcome: Outcome
    result: str
    """Whether it succeeded and why, in one sentence."""


class WebhookFault(Fault):
    """The base class of webhook faults, which does nothing; the others are in `webhook_faults.py`."""

    __slots__ = ()

    def open(self, delivery: Delivery, _next_number: Callable[[], int], /) -> tuple[Delivery, ...]:
        """Return the deliveries that are opened in place of one.

        Args:
            delivery: the delivery as the provider opened it.
            _next_number: returns the next delivery number.
        """
        return (delivery,)

    def end_attempt(self, _delivery: Delivery, attempt: Attempt, /) -> Attempt:
        """Return the attempt that counts in place of one that has ended."""
        return attempt

    def gives_up(self, _delivery: Delivery, /) -> bool:
        """Return whether no attempt follows the one that has ended."""
        return False


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook to deliver to a customer's URL."""

    number: int
    """Its number in the world, from 1."""
    provider: str
    account: str
    """The key of the account whose URL is called."""
    kind: str
    """In the provider's words: ``inbound`` or ``report``."""
    serial: int | None
    """The serial of the message that it is about; ``None`` for one that is about no message."""
    url: str
    """The account's URL: a template at some providers."""
    requires_ack: bool
    """Whether the receiver must acknowledge as the provider demands."""
    ordering_key: str
    """Deliveries with the same key are sent one after the other."""
    created_at: Instant
    status: Status = "due"
    due: Instant | None = None
    """When the next attempt is due; ``None`` when there is none."""
    attempts: tuple[Attempt, ...] = ()
    fault: WebhookFault | None = None
    """The fault that is applied to it."""
    fault_rule: str | None = None
    """The id of the fault's rule."""
    interrupted: tuple[Instant, ...] = ()
    """When attempts started that were made again, because the process that made them ended before their outcome was known."""
