"""Connects worlds to the webhook sender: passes attempts to it, returns outcomes, and runs what is due in worlds whose clock runs.

Whatever takes a world's lock runs in the sender's threads for callbacks, one for each world at most: a world whose lock is
held for long delays no other one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Final

from mockserver.engine.deliveries import Attempt, Outcome, OutgoingRequest
from mockserver.engine.event_log import StoreUnavailable, WorldDropped
from mockserver.engine.instants import SECOND

if TYPE_CHECKING:
    from mockserver.engine.clock import Clock
    from mockserver.engine.deliveries import Delivery
    from mockserver.engine.instants import Instant
    from mockserver.engine.world import World
    from mockserver.sdk.provider import Provider

    from . import WebhookSender


_PAUSE: Final = 0.2
"""Seconds after which an outcome is reported again that could not be stored."""


class WebhookDispatcher:
    """The `Sender` of a server: builds each provider's requests and passes them to a `WebhookSender`."""

    def __init__(self, providers: Mapping[str, Provider], webhook_sender: WebhookSender) -> None:
        """Create a dispatcher for some providers' webhooks, which are sent by a webhook sender."""
        self._providers = providers
        self._webhook_sender = webhook_sender
        self._closed = Event()

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
        self._repeat(lambda: world.end_attempt(number, epoch, Attempt(at, request, outcome, "")))

    def forget(self, world: World) -> None:
        """Discard what is queued and scheduled for a world. What is in flight ends in a later epoch, which ignores it."""
        self._webhook_sender.forget(world.id)

    def note_schedule_change(self, world: World) -> None:
        """Note that a world's next scheduled item has changed; called with the world's lock held."""
        due, clock = world.state.scheduled.next, world.clock
        if due is None or clock.is_frozen:
            seconds = None
        elif world.machine_time is None:
            seconds = partial(_seconds_to_go, clock, due)
        else:
            ahead = world.instant() - clock.now()  # by which the time of a log is ahead of this machine's
            seconds = partial(_seconds_to_go, clock, due - ahead)
        self._webhook_sender.schedule(world.id, seconds, partial(self._run_due, world, world.state.epoch))

    def _run_due(self, world: World, epoch: int) -> None:
        self._repeat(partial(self._run_due_once, world, epoch))

    def _run_due_once(self, world: World, epoch: int) -> None:
        world.now()
        with world.lock:
            if epoch == world.state.epoch:  # else it was reset or dropped
                self.note_schedule_change(world)

    def _repeat(self, call: Callable[[], object]) -> None:
        """Call until the world's store can be written, or the world is no more."""
        while not self._closed.is_set():
            try:
                call()
            except StoreUnavailable:
                self._closed.wait(_PAUSE)
            except WorldDropped:
                return
            else:
                return

    def close(self) -> None:
        """Stop sending, and end the threads."""
        self._closed.set()
        self._webhook_sender.close()


def _seconds_to_go(clock: Clock, due: Instant) -> float:
    """Return the seconds until an item is due on a running clock."""
    return (due - clock.now()) / SECOND
