"""Webhooks: opening and ending deliveries, schedules of repeated attempts, and signatures. Pure.

`open_webhook` returns the event that begins a delivery. The provider's `build_webhook` builds the request of an attempt,
and its `evaluate_attempt` returns the decision of `end_attempt`.
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
    """Repeated attempts at fixed times after the first one. A time that has passed already is skipped."""

    offsets: tuple[int, ...]
    """Seconds after the first attempt, ascending."""

    @classmethod
    def at_offsets(cls, *seconds: int) -> Self:
        """Return a schedule of repeats at these seconds after the first attempt."""
        return cls(seconds)

    @classmethod
    def with_gaps(cls, *seconds: int) -> Self:
        """Return a schedule of repeats with these seconds between one attempt and the next."""
        return cls(tuple(accumulate(seconds)))

    def following(self, attempts: Sequence[Attempt]) -> Instant | None:
        """When the next attempt is due, after these; ``None`` for never."""
        first, last = attempts[0].at, attempts[-1].at
        due = (first + seconds * SECOND for seconds in self.offsets)
        return next((at for at in due if at > last), None)


class Retries(Struct, frozen=True):
    """A number of attempts with equal pauses between them."""

    attempts: int
    """The number of attempts, the first one included."""
    pause: int = 60
    """The seconds between two attempts."""

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
    at: Instant | None = None,
) -> DeliveryOpened:
    """Return the event that begins a delivery about a message.

    Args:
        provider: the provider's name.
        kind: the kind of webhook, in the provider's word.
        message: the message, which the same decision stores or which was stored before.
        url: the customer's URL.
        ids: the source of the delivery's number.
        requires_ack: whether the receiver must answer as the provider demands.
        delay: seconds after ``at`` at which the first attempt is due.
        at: the instant of what the webhook reports; that of the message if it is not given.
    """
    at = message.at if at is None else at
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
            created_at=at,
            due=at + delay * SECOND,
        )
    )


def open_account_webhook(
    provider: str,
    kind: str,
    account: str,
    url: str,
    ids: IdReservation,
    *,
    at: Instant,
    due: Instant,
) -> DeliveryOpened:
    """Return the event that begins a delivery about no message.

    Args:
        provider: the provider's name.
        kind: the kind of webhook, in the provider's word.
        account: the key of the account whose URL is called.
        url: the customer's URL.
        ids: the source of the delivery's number.
        at: when it is opened.
        due: when the first attempt is due.
    """
    return DeliveryOpened(
        Delivery(
            number=ids.number("deliveries"),
            provider=provider,
            account=account,
            kind=kind,
            serial=None,
            url=url,
            requires_ack=False,
            ordering_key=account,
            created_at=at,
            due=due,
        )
    )


def abandon_webhooks(message: Message, state: State) -> tuple[DeliveryChanged, ...]:
    """Return the events that give up the waiting deliveries about a message, such as one that is deleted."""
    numbers = state.deliveries_by_message.get(message.serial, ())
    waiting = (number for number in numbers if state.deliveries[number].status == "due")
    return tuple(DeliveryChanged(number, "given up", None) for number in waiting)


def failure_of(outcome: Outcome, *, needs_2xx: bool) -> str | None:
    """Return why an attempt failed, in one sentence; ``None`` when it succeeded.

    Args:
        outcome: the outcome of the attempt. A response that came too late is a failure.
        needs_2xx: whether only a status of 200 to 299 is a success.
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
    """Return the message that a delivery is about.

    Raises:
        LookupError: it was deleted, or the delivery is about none.
    """
    message = None if delivery.serial is None else state.message_store.get(delivery.serial)
    if message is None:
        raise LookupError(f"the message {delivery.serial} was deleted")
    return message


def sign(secret: str, *parts: str | bytes, algorithm: str = "sha256") -> str:
    """Return the HMAC of some parts, one after the other, in lower-case hexadecimal digits.

    Args:
        secret: the key. Texts are encoded in UTF-8.
        parts: the signed parts, such as a timestamp and a body.
        algorithm: a name that `hashlib` knows.
    """
    signature = hmac.new(secret.encode(), digestmod=algorithm)
    for part in parts:
        signature.update(part.encode() if isinstance(part, str) else part)
    return signature.hexdigest()
