"""Connects worlds to the webhook sender: passes attempts to it, returns outcomes, and runs what is due in worlds whose clock runs.

Whatever takes a world's lock runs in the sender's threads for callbacks, one for each world at most: a world whose lock is
held for long delays no other one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from mockserver.engine.deliveries import Attempt, Outcome, OutgoingRequest
from mockserver.engine.instants import SECOND

if TYPE_CHECKING:
    from mockserver.engine.clock import Clock
    from mockserver.engine.deliveries import Delivery
    from mockserver.engine.instants import Instant
    from mockserver.engine.world import World
    from mockserver.sdk.provider import Provider

    from . import WebhookSender


class WebhookDispatcher:
    """The `Sender` of a server: builds each provider's requests and passes them to a `WebhookSender`."""

    def __init__(self, providers: Mapping[str, Provider], webhook_sender: WebhookSender) -> None:
        """Create a dispatcher for some providers' webhooks, which are sent by a webhook sender."""
        self._providers = providers
        self._webhook_sender = webhook_sender

    def send(self, world: World, delivery: Delivery) -> None:
        """Start an attempt; called with the world's lock held."""
        build_webhook = self._providers[delivery.provider].build_webhook
        assert build_webhook is not None
        request = build_webhook(delivery, world.state)
        at = world.state.in_flight[delivery.number].at
        done = partial(self._end_attempt, world, world.state.epoch, delivery.number, at, request)
        self._webhook_sender.send(f"{world.id} {delivery.ordering_key}", request, done)

    def _end_attempt(
        self, world: World, epoch: int, number: int, at: Instant, request: OutgoingRequest, outcome: Outcome
    ) -> None:
        world.end_attempt(number, epoch, Attempt(at, request, outcome, ""))

    def forget(self, world: World) -> None:
        """Discard what is queued and scheduled for a world. What is in flight ends in a later epoch, which ignores it."""
        self._webhook_sender.forget(world.id)

    def note_schedule_change(self, world: World) -> None:
        """Note that a world's next scheduled item has changed; called with the world's lock held."""
        due, clock = world.state.scheduled.next, world.clock
        seconds = None if due is None or clock.is_frozen else partial(_seconds_to_go, clock, due)
        self._webhook_sender.schedule(world.id, seconds, partial(self._run_due, world, world.state.epoch))

    def _run_due(self, world: World, epoch: int) -> None:
        world.now()
        with world.lock:
            if epoch == world.state.epoch:  # else it was reset or dropped
                self.note_schedule_change(world)

    def close(self) -> None:
        """Stop sending, and end the threads."""
        self._webhook_sender.close()


def _seconds_to_go(clock: Clock, due: Instant) -> float:
    """Return the seconds until an item is due on a running clock."""
    return (due - clock.now()) / SECOND
