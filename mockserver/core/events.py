"""Everything that can happen to a world, one frozen value each. Only `State.apply` turns them into a change."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from .instants import Instant
from .messages import Message


class MessageStored(NamedTuple):
    """A message was sent, or came in, and is from now on in the provider's records."""

    message: Message


class UseCounted(NamedTuple):
    """Something that is limited was used."""

    window: str
    """Whose use: the limits on one thing share its uses."""
    at: Instant
    keep: int
    """How many of the latest uses the limits on it look at."""


class MessagesRead(NamedTuple):
    """The customer has seen these messages."""

    serials: tuple[int, ...]


Event: TypeAlias = MessageStored | MessagesRead | UseCounted
