"""Connects worlds to the webhook sender: passes attempts to it, returns outcomes, and runs what is due in worlds whose clock runs.

Threads start with the first delivery and the first scheduled item; a server without either has none.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from mockserver.engine.deliveries import Attempt, Outcome, OutgoingRequest
from mockserver.engine.instants import SECOND

if TYPE_CHECKING:
    from mockserver.engine.deliveries import Delivery
    from mockserver.engine.instants import Instant
    from mockserver.engine.world import World
    from mockserver.sdk.provider import Provider

    from . import WebhookSender


_LONG = 3600.0
"""Seconds to sleep when nothing is due; `WebhookDispatcher.note_schedule_change` ends the sleep."""


class WebhookDispatcher:
    """The `Sender` of a server: builds each provider's requests and passes them to a `WebhookSender`."""

    def __init__(self, providers: Mapping[str, Provider], webhook_sender: WebhookSender) -> None:
        """Create a dispatcher for some providers' webhooks, which are sent by a webhook sender."""
        self._providers = providers
        self._webhook_sender = webhook_sender
        self._scheduled_worlds: set[World] = set()
        """The worlds that have scheduled items."""
        self._changed = threading.Condition()
        self._changes = 0
        """The number of calls of `note_schedule_change`, so that the timer thread notices one that comes while it looks."""
        self._timer_thread: threading.Thread | None = None
        self._is_closed = False

    def send(self, world: World, delivery: Delivery) -> None:
        """Start an attempt; called with the world's lock held."""
        build_webhook = self._providers[delivery.provider].build_webhook
        assert build_webhook is not None
        request = build_webhook(delivery, world.state)
        at = world.state.in_flight[delivery.number].at
        done = partial(self._end_attempt, world, world.state.epoch, delivery.number, at, request)
        self._webhook_sender.send(f"{_queue_prefix(world)}{delivery.ordering_key}", request, done)

    def _end_attempt(
        self, world: World, epoch: int, number: int, at: Instant, request: OutgoingRequest, outcome: Outcome
    ) -> None:
        world.end_attempt(number, epoch, Attempt(at, request, outcome, ""))

    def forget(self, world: World) -> None:
        """Discard what is queued for a world. What is in flight ends in a later epoch, which ignores it."""
        self._webhook_sender.forget(_queue_prefix(world))
        with self._changed:
            self._scheduled_worlds.discard(world)

    def note_schedule_change(self, world: World) -> None:
        """Note that a world's next scheduled item has changed; called with the world's lock held."""
        with self._changed:
            self._scheduled_worlds.add(world)
            self._changes += 1
            if self._timer_thread is None and not self._is_closed:
                self._timer_thread = threading.Thread(target=self._run_timer, name="mockserver-timer", daemon=True)
                self._timer_thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Stop sending, and end the threads."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._webhook_sender.close()
        if self._timer_thread is not None:
            self._timer_thread.join(1.0)

    def _run_timer(self) -> None:
        while not self._is_closed:
            with self._changed:
                worlds, seen = tuple(self._scheduled_worlds), self._changes
            # Without this lock: a world's lock is always taken before it, never after it.
            delays = {world: _seconds_to_go(world) for world in worlds}
            for world, seconds in delays.items():
                if seconds is not None and seconds <= 0:
                    world.now()
            upcoming = [seconds for seconds in delays.values() if seconds is not None]
            with self._changed:
                if seen == self._changes and not self._is_closed:
                    self._scheduled_worlds = {world for world, seconds in delays.items() if seconds is not None}
                    self._changed.wait(max(0.0, min(upcoming, default=_LONG)))


def _queue_prefix(world: World) -> str:
    """Return the prefix of a world's queue names: the world is their owner."""
    return f"{world.id} "


def _seconds_to_go(world: World) -> float | None:
    """Return the seconds until the next item of a world is due; ``None`` when its clock is frozen or it has no items."""
    due, clock = world.next_due(), world.clock
    return None if due is None or clock.is_frozen else (due - clock.now()) / SECOND
