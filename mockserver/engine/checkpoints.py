"""Checkpoints: exact copies of a world's state, kept by name, and what returning to one has undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .deliveries import Attempt, Delivery
    from .events import AttemptStarted
    from .instants import Instant
    from .state import InitialState, State

MAX_CHECKPOINTS = 100
"""The number of checkpoints of one world at most."""


class NoSuchCheckpoint(LookupError):
    """The world has no checkpoint of this name."""

    def __init__(self, name: str, names: Iterable[str]) -> None:
        """Create the error for a name, with the names that exist."""
        known = ", ".join(map(repr, names)) or "none"
        super().__init__(f"there is no checkpoint {name!r}; the world has {known}")


class TooManyCheckpoints(RuntimeError):
    """The world has `MAX_CHECKPOINTS` checkpoints already."""


class Checkpoint(Struct, frozen=True, eq=False):
    """A state that a world can return to."""

    name: str
    at: Instant
    """The world's instant when it was made."""
    exchange: int
    """The number of the latest exchange in the journal when it was made."""
    initial: InitialState
    """What a reset returned the world to when it was made."""
    state: State
    """An exact copy, without checkpoints. It is copied, never changed."""


class SentWebhook(NamedTuple):
    """A webhook that was sent, at least in part, after the checkpoint that the world has returned to."""

    delivery: Delivery
    """The delivery as it was before the world returned."""
    attempts: tuple[Attempt, ...]
    """Its attempts that ended after the checkpoint."""
    is_in_flight: bool
    """Whether another one had started, and had not ended; its outcome is ignored.

    One that waited behind an earlier request of the same order has started too, and is not sent any more.
    """


class Rewind(NamedTuple):
    """What returning to a checkpoint has done."""

    checkpoint: Checkpoint
    epoch: int
    """The world's epoch since then."""
    exchange: int
    """The number of the latest exchange in the journal; the journal keeps its entries."""
    deliveries: Mapping[int, Delivery]
    """The deliveries before, by number."""
    in_flight: Mapping[int, AttemptStarted]
    """The attempts that had started before and had not ended, by the delivery's number."""

    def cancelled(self) -> list[Delivery]:
        """Return the deliveries that were opened after the checkpoint, and exist no more."""
        return [delivery for delivery in self.deliveries.values() if self._earlier(delivery) is None]

    def sent(self) -> list[SentWebhook]:
        """Return the webhooks that were sent after the checkpoint: their receivers keep what they got."""
        found = []
        for delivery in self.deliveries.values():
            earlier, started = self._earlier(delivery), self.in_flight.get(delivery.number)
            attempts = delivery.attempts[0 if earlier is None else len(earlier.attempts) :]
            is_in_flight = started is not None and (
                earlier is None or self.checkpoint.state.in_flight.get(delivery.number) != started
            )
            if attempts or is_in_flight:
                found.append(SentWebhook(delivery, attempts, is_in_flight))
        return found

    def _earlier(self, delivery: Delivery) -> Delivery | None:
        """Return a delivery as it was at the checkpoint; ``None`` when it was opened later."""
        earlier = self.checkpoint.state.deliveries.get(delivery.number)
        if earlier is None or (earlier.created_at, earlier.url) != (delivery.created_at, delivery.url):
            return None
        return earlier
