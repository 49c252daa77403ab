"""Faults of webhooks: one small class each. Pure: what a fault makes of a delivery, and of the attempts at it.

A rule applies when a delivery is opened. Wrong responses and dead receivers are not here: those are the receiver's to give.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from .deliveries import Attempt, Delivery, Outcome, WebhookFault
from .faults import ConfiguredFault
from .instants import SECOND

_ATTEMPTS = {
    "attempts": {"type": "integer", "minimum": 1, "maximum": 1000, "description": "a whole number from 1 to 1000"}
}


@dataclass(frozen=True)
class DuplicateWebhook(ConfiguredFault, WebhookFault):
    """The webhook is sent, and then sent again."""

    kind = "duplicate"
    points: ClassVar = ("before",)

    def open(self, delivery: Delivery, next_number: Callable[[], int], /) -> tuple[Delivery, ...]:
        """Two of it, one after the other."""
        return delivery, replace(delivery, number=next_number())


@dataclass(frozen=True)
class ConcurrentWebhooks(ConfiguredFault, WebhookFault):
    """The webhook is sent twice at the same time, as by two workers."""

    kind = "concurrent_duplicate"
    points: ClassVar = ("before",)

    def open(self, delivery: Delivery, next_number: Callable[[], int], /) -> tuple[Delivery, ...]:
        """Two of it, of which neither waits for the other."""
        return delivery, replace(delivery, number=next_number(), ordering_key=f"{delivery.ordering_key} again")


@dataclass(frozen=True)
class DelayedWebhook(ConfiguredFault, WebhookFault):
    """The webhook is sent so many seconds of the world's clock late."""

    seconds: float = 60
    kind = "delay"
    options: ClassVar = {
        "seconds": {
            "type": "number",
            "minimum": 0,
            "maximum": 10**9,
            "description": "a number of seconds from 0 to 1000000000",
        }
    }
    points: ClassVar = ("before",)

    def open(self, delivery: Delivery, _next_number: Callable[[], int], /) -> tuple[Delivery, ...]:
        """The same, later."""
        return (replace(delivery, due=delivery.created_at + round(self.seconds * SECOND)),)


@dataclass(frozen=True)
class ReorderedWebhook(ConfiguredFault, WebhookFault):
    """The webhook is sent after the next one that comes up."""

    kind = "reorder"
    points: ClassVar = ("before",)

    def open(self, delivery: Delivery, _next_number: Callable[[], int], /) -> tuple[Delivery, ...]:
        """The same, held until the next one is opened: see `State.waiting`."""
        return (replace(delivery, status="held", due=None),)


@dataclass(frozen=True)
class LostAcknowledgement(ConfiguredFault, WebhookFault):
    """The receiver's response to the first so many attempts counts as none."""

    attempts: int = 1
    kind = "lost_acknowledgement"
    options: ClassVar = _ATTEMPTS
    points: ClassVar = ("after",)

    def end_attempt(self, delivery: Delivery, attempt: Attempt, /) -> Attempt:
        """The attempt without its response."""
        if len(delivery.attempts) >= self.attempts:
            return attempt
        return attempt._replace(outcome=Outcome(error="the acknowledgement was lost on purpose"))


@dataclass(frozen=True)
class EarlyGiveUp(ConfiguredFault, WebhookFault):
    """The provider gives up after so many attempts, whatever its schedule says."""

    attempts: int = 1
    kind = "give_up"
    options: ClassVar = _ATTEMPTS
    points: ClassVar = ("after",)

    def gives_up(self, delivery: Delivery, /) -> bool:
        """Whether this attempt is the last."""
        return len(delivery.attempts) + 1 >= self.attempts


WEBHOOK_FAULTS: Mapping[str, type[ConfiguredFault]] = {
    fault.kind: fault
    for fault in (
        *(DuplicateWebhook, ConcurrentWebhooks, DelayedWebhook),
        *(ReorderedWebhook, LostAcknowledgement, EarlyGiveUp),
    )
}
"""Every fault of a webhook, by name."""
