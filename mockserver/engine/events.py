"""Everything that can happen to a world, one frozen value each. Only `State.apply` turns them into a change.

``gc=False`` stands where a request makes them: values of values, through which no way leads back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from msgspec import Struct

from .accounts import Account
from .deliveries import Attempt, Delivery, Status
from .instants import Instant
from .messages import Message


class MessageStored(Struct, frozen=True, gc=False):
    """A message was sent, or came in, and is from now on in the provider's records."""

    message: Message


class UseCounted(Struct, frozen=True, gc=False):
    """Something that is limited was used."""

    window: str
    """Whose use: the limits on one thing share its uses."""
    at: Instant
    keep: int
    """How many of the latest uses the limits on it look at."""


class ArrivalScheduled(Struct, frozen=True):
    """A message will arrive later."""

    at: Instant
    provider: str
    fields: Mapping[str, Any]
    """What the provider's `arrive` takes."""


class DeliveryOpened(Struct, frozen=True):
    """A customer is to be told something."""

    delivery: Delivery


class AttemptEnded(Struct, frozen=True):
    """An attempt at a delivery is over."""

    number: int
    """The delivery's."""
    attempt: Attempt
    status: Status
    due: Instant | None
    """When it is tried again; ``None`` for never."""


class DeliveryChanged(Struct, frozen=True):
    """A delivery is held, released or due again because somebody said so."""

    number: int
    status: Status
    due: Instant | None


class AccountChanged(Struct, frozen=True):
    """An account is as this one from now on."""

    account: Account


class VariantChosen(Struct, frozen=True):
    """A quirk is read another way from now on."""

    name: str
    reading: str


class MessagesRead(Struct, frozen=True):
    """The customer has seen these messages."""

    serials: tuple[int, ...]


Event: TypeAlias = (
    MessageStored
    | MessagesRead
    | UseCounted
    | ArrivalScheduled
    | DeliveryOpened
    | AttemptEnded
    | DeliveryChanged
    | AccountChanged
    | VariantChosen
)
