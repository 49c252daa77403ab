"""Webhooks: what a provider tells a customer's URL, when it tries again, and how it signs what it sends. Pure.

`open_webhook` makes the event that begins a delivery. The provider's `build_webhook` makes the request of an attempt, and
its `evaluate_attempt` ends in `end_attempt`, with the instant that a schedule gives for the next one.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from itertools import accumulate
from typing import Self

from msgspec import Struct

from mockserver.engine.decisions import Decision
from mockserver.engine.deliveries import Attempt, Delivery, Outcome, Status
from mockserver.engine.events import AttemptEnded, DeliveryChanged, DeliveryOpened, Event
from mockserver.engine.instants import SECOND, Instant
from mockserver.engine.messages import Message
from mockserver.engine.state import IdReservation, State

# -- schedules --------------------------------------------------------------------------------------------------------


class Schedule(Struct, frozen=True):
    """Attempts at fixed times after the first one. An attempt that came too late to keep one goes on with the next."""

    offsets: tuple[int, ...]
    """Seconds after the first attempt, ascending."""

    @classmethod
    def at_offsets(cls, *seconds: int) -> Self:
        """Repeats so many seconds after the first attempt."""
        return cls(seconds)

    @classmethod
    def with_gaps(cls, *seconds: int) -> Self:
        """Repeats so many seconds after one another."""
        return cls(tuple(accumulate(seconds)))

    def following(self, attempts: Sequence[Attempt]) -> Instant | None:
        """When the next attempt is due, after these; ``None`` for never."""
        first, last = attempts[0].at, attempts[-1].at
        due = (first + seconds * SECOND for seconds in self.offsets)
        return next((at for at in due if at > last), None)


class Retries(Struct, frozen=True):
    """So many attempts, each some time after the one before."""

    attempts: int
    """With the first one."""
    pause: int = 60
    """Seconds."""

    def following(self, attempts: Sequence[Attempt]) -> Instant | None:
        """When the next attempt is due, after these; ``None`` for never."""
        return attempts[-1].at + self.pause * SECOND if len(attempts) < self.attempts else None


# -- deliveries -------------------------------------------------------------------------------------------------------


def open_webhook(
    provider: str,
    kind: str,
    message: Message,
    url: str,
    ids: IdReservation,
    *,
    requires_ack: bool = False,
    delay: int = 0,
) -> DeliveryOpened:
    """The event that begins the delivery of something about a message.

    Args:
        provider: the provider's name.
        kind: of the webhook, in the provider's word.
        message: what it is about; it is being stored by the same decision.
        url: where to.
        ids: where the delivery's number is from.
        requires_ack: whether the receiver must answer as the provider demands.
        delay: seconds after the message at which the first attempt is due.
    """
    return DeliveryOpened(
        Delivery(
            number=ids.number("deliveries"),
            provider=provider,
            account=message.account,
            kind=kind,
            serial=message.serial,
            url=url,
            requires_ack=requires_ack,
            ordering_key=message.own_number or message.account,
            created_at=message.at,
            due=message.at + delay * SECOND,
        )
    )


def abandon_webhooks(message: Message, state: State) -> tuple[DeliveryChanged, ...]:
    """The events by which no more attempts are made at the deliveries about a message, such as one that is deleted."""
    numbers = state.deliveries_by_message.get(message.serial, ())
    waiting = (number for number in numbers if state.deliveries[number].status == "due")
    return tuple(DeliveryChanged(number, "given up", None) for number in waiting)


def failure_of(outcome: Outcome, *, needs_2xx: bool) -> str | None:
    """Why an attempt failed, in one sentence; ``None`` when a response came, and it has a status that counts.

    Args:
        outcome: of the attempt. A receiver that is too slow has failed.
        needs_2xx: whether only 200 to 299 count.
    """
    if outcome.status is None or outcome.error is not None:
        return outcome.error or "no answer came"
    if needs_2xx and not 200 <= outcome.status < 300:
        return f"status {outcome.status} is not one of 200 to 299"
    return None


def end_attempt(
    delivery: Delivery,
    attempt: Attempt,
    now: Instant,
    failure: str | None,
    retries: Schedule | Retries | None,
    *,
    success: str = "the receiver has answered",
) -> Decision:
    """Return the decision that an attempt is over: the delivery is acknowledged, due again or given up.

    Args:
        delivery: the delivery that was attempted.
        attempt: the attempt that is over.
        now: the world's instant.
        failure: why it failed, in one sentence; ``None`` where it succeeded.
        retries: when a failed attempt is repeated; ``None`` gives the delivery up.
        success: why it succeeded, in one sentence.
    """
    due = None if failure is None or retries is None else retries.following((*delivery.attempts, attempt))
    status: Status = "acknowledged" if failure is None else "given up" if due is None else "due"
    ended = attempt._replace(result=failure or success)
    events: tuple[Event, ...] = (AttemptEnded(delivery.number, ended, status, due),)
    return Decision(now, ended, events, account=delivery.account)


def subject(delivery: Delivery, state: State) -> Message:
    """The message that a delivery is about.

    Raises:
        LookupError: it was deleted.
    """
    message = state.message_store.get(delivery.serial)
    if message is None:
        raise LookupError(f"the message {delivery.serial} was deleted")
    return message


def sign(secret: str, *parts: str | bytes, algorithm: str = "sha256") -> str:
    """The HMAC of some parts, one after the other, in lower-case hexadecimal digits.

    Args:
        secret: the key; texts are taken in UTF-8.
        parts: what is signed, such as a timestamp and a body.
        algorithm: a name that `hashlib` knows.
    """
    signature = hmac.new(secret.encode(), digestmod=algorithm)
    for part in parts:
        signature.update(part.encode() if isinstance(part, str) else part)
    return signature.hexdigest()
