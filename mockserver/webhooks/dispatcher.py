"""Between the worlds and the webhook sender: attempts go out, outcomes come back, and what is due in a ticking world happens in time.

Threads begin with the first delivery and the first thing that is due; a server that sends nothing has none.
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
"""Seconds to sleep when nothing is due; somebody will say so when something is."""


class WebhookDispatcher:
    """The `Sender` of a server."""

    def __init__(self, providers: Mapping[str, Provider], webhook_sender: WebhookSender) -> None:
        """Send what these providers have to say, by this webhook sender."""
        self._providers = providers
        self._webhook_sender = webhook_sender
        self._ticking: set[World] = set()
        """Worlds in which something is due by itself."""
        self._changed = threading.Condition()
        self._changes = 0
        """Counts what was said to be due, so that nothing is slept over."""
        self._keeper: threading.Thread | None = None
        self._is_closed = False

    def send(self, world: World, delivery: Delivery) -> None:
        """Begin an attempt; called with the world's lock held."""
        outgoing_of = self._providers[delivery.provider].build_webhook
        assert outgoing_of is not None
        build_webhook = outgoing_of(delivery, world.state)
        at = world.state.in_flight[delivery.number].at
        done = partial(self._done, world, world.state.epoch, delivery.number, at, build_webhook)
        self._webhook_sender.send(f"{_queues(world)}{delivery.ordering_key}", build_webhook, done)

    def _done(
        self, world: World, epoch: int, number: int, at: Instant, build_webhook: OutgoingRequest, outcome: Outcome
    ) -> None:
        world.end_attempt(number, epoch, Attempt(at, build_webhook, outcome, ""))

    def forget(self, world: World) -> None:
        """Let go what is queued for a world; what is in flight comes back to a later epoch, which does not listen."""
        self._webhook_sender.forget(_queues(world))
        with self._changed:
            self._ticking.discard(world)

    def due(self, world: World) -> None:
        """What comes next in a world has changed; called with its lock held."""
        with self._changed:
            self._ticking.add(world)
            self._changes += 1
            if self._keeper is None and not self._is_closed:
                self._keeper = threading.Thread(target=self._keep_time, name="mockserver-timekeeper", daemon=True)
                self._keeper.start()
            self._changed.notify()

    def close(self) -> None:
        """Send no more, and end the threads."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._webhook_sender.close()
        if self._keeper is not None:
            self._keeper.join(1.0)

    def _keep_time(self) -> None:
        while not self._is_closed:
            with self._changed:
                worlds, seen = tuple(self._ticking), self._changes
            # Without our lock: a world's lock is taken first, then ours, never the other way round.
            waits = {world: _seconds_to_go(world) for world in worlds}
            for world, seconds in waits.items():
                if seconds is not None and seconds <= 0:
                    world.now()
            coming = [seconds for seconds in waits.values() if seconds is not None]
            with self._changed:
                if seen == self._changes and not self._is_closed:
                    self._ticking = {world for world, seconds in waits.items() if seconds is not None}
                    self._changed.wait(max(0.0, min(coming, default=_LONG)))


def _queues(world: World) -> str:
    """How the names of a world's queues begin: with the world, their owner."""
    return f"{world.id} "


def _seconds_to_go(world: World) -> float | None:
    """Seconds until something is due in a world; ``None`` when its clock stands or nothing is."""
    due = world.next_due()
    return None if due is None or world.clock.is_frozen else (due - world.clock.now()) / SECOND
