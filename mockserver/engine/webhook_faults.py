"""The faults of webhooks, one class each. They change deliveries and attempts, as pure functions.

A fault is chosen when a delivery is opened. Wrong responses and unreachable receivers are not here: a test's receiver does those.
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
        """Return the delivery and a copy, which is sent after it."""
        return delivery, replace(delivery, number=next_number())


@dataclass(frozen=True)
class ConcurrentWebhooks(ConfiguredFault, WebhookFault):
    """The webhook is sent twice at the same time, as by two workers."""

    kind = "concurrent_duplicate"
    points: ClassVar = ("before",)

    def open(self, delivery: Delivery, next_number: Callable[[], int], /) -> tuple[Delivery, ...]:
        """Return the delivery and a copy with another ordering key, so that neither waits for the other."""
        return delivery, replace(delivery, number=next_number(), ordering_key=f"{delivery.ordering_key} again")


@dataclass(frozen=True)
class DelayedWebhook(ConfiguredFault, WebhookFault):
    """The webhook is sent late, by seconds of the world's clock."""

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
        """Return the delivery with a later due time."""
        return (replace(delivery, due=delivery.created_at + round(self.seconds * SECOND)),)


@dataclass(frozen=True)
class ReorderedWebhook(ConfiguredFault, WebhookFault):
    """The webhook is sent after the next one that is opened."""

    kind = "reorder"
    points: ClassVar = ("before",)

    def open(self, delivery: Delivery, _next_number: Callable[[], int], /) -> tuple[Delivery, ...]:
        """Return the delivery held until the next one is opened: see `State.reordered`."""
        return (replace(delivery, status="held", due=None),)


@dataclass(frozen=True)
class LostAcknowledgement(ConfiguredFault, WebhookFault):
    """The receiver's responses to the first ``attempts`` attempts count as none."""

    attempts: int = 1
    kind = "lost_acknowledgement"
    options: ClassVar = _ATTEMPTS
    points: ClassVar = ("after",)

    def end_attempt(self, delivery: Delivery, attempt: Attempt, /) -> Attempt:
        """Return the attempt without its response."""
        if len(delivery.attempts) >= self.attempts:
            return attempt
        return attempt._replace(outcome=Outcome(error="the acknowledgement was lost on purpose"))


@dataclass(frozen=True)
class EarlyGiveUp(ConfiguredFault, WebhookFault):
    """The provider gives up after ``attempts`` attempts, whatever its schedule."""

    attempts: int = 1
    kind = "give_up"
    options: ClassVar = _ATTEMPTS
    points: ClassVar = ("after",)

    def gives_up(self, delivery: Delivery, /) -> bool:
        """Return whether this attempt is the last."""
        return len(delivery.attempts) + 1 >= self.attempts


WEBHOOK_FAULTS: Mapping[str, type[ConfiguredFault]] = {
    fault.kind: fault
    for fault in (
        *(DuplicateWebhook, ConcurrentWebhooks, DelayedWebhook),
        *(ReorderedWebhook, LostAcknowledgement, EarlyGiveUp),
    )
}
"""Every fault of a webhook, by name."""
