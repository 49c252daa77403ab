"""The queues of webhook requests, and the order in which they are sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from mockserver.engine.deliveries import Outcome, OutgoingRequest
from mockserver.fair_threads import Places, Turns

from .config import WebhookConfig


class Job(NamedTuple):
    """A request to send, and the callback for its outcome."""

    request: OutgoingRequest
    done: Callable[[Outcome], None]
    target: str
    """Scheme, host and port of its URL; empty when the URL has none."""


class WebhookQueues:
    """Jobs by queue, taken fairly. All methods are called with the webhook sender's lock held.

    The first word of a queue's name is its owner: a world. Owners share all places, and those of each target, as `Places`
    has it, so neither an owner of many slow queues nor a target that hangs can keep another owner's job waiting.
    """

    def __init__(self, webhook_config: WebhookConfig, most: int) -> None:
        self._config = webhook_config
        self._places = Places(most, webhook_config.max_per_world)
        self._targets: dict[str, Places] = {}
        """The places of each target that has an attempt in flight."""
        self._queued: dict[str, dict[str, deque[Job]]] = {}
        """By owner, the jobs of each queue that has one queued or in flight."""
        self.in_flight: set[str] = set()
        """The queues whose job was taken and is not finished."""
        self._ready: Turns[str] = Turns(self._places)
        """The queues whose next job may be taken."""

    def put(self, ordering_key: str, job: Job) -> bool:
        """Queue a job. Returns whether that makes its queue ready."""
        owner = owner_of(ordering_key)
        queues = self._queued.setdefault(owner, {})
        if ordering_key in queues:
            queues[ordering_key].append(job)
            return False
        queues[ordering_key] = deque((job,))
        self._ready.put(owner, ordering_key)
        return True

    def take(self) -> tuple[str, Job] | None:
        """Take the next job, and return its queue with it. The queue's following job is not ready before `finish`."""
        taken = self._ready.take(self._has_place_at_target)
        if taken is None:
            return None
        owner, ordering_key = taken
        job = self._queued[owner][ordering_key].popleft()
        if job.target not in self._targets:
            self._targets[job.target] = Places(self._config.max_per_target, self._config.max_per_world)
        self._targets[job.target].take(owner)
        self.in_flight.add(ordering_key)
        return ordering_key, job

    def leave(self, ordering_key: str, job: Job) -> None:
        """Return the place of a job that has its outcome; its queue's following job waits for `finish` still."""
        owner = owner_of(ordering_key)
        self._places.leave(owner)
        target = self._targets[job.target]
        target.leave(owner)
        if not target.taken:
            del self._targets[job.target]

    def finish(self, ordering_key: str) -> bool:
        """Finish a job that has left. Returns whether its queue has another one, which is ready now."""
        owner = owner_of(ordering_key)
        self.in_flight.discard(ordering_key)
        queues = self._queued[owner]
        if queues[ordering_key]:
            self._ready.put(owner, ordering_key)
            return True
        del queues[ordering_key]
        if not queues:
            del self._queued[owner]
        return False

    def has_ready(self) -> bool:
        """Return whether a queue waits for a place."""
        return bool(self._ready)

    def forget(self, owner: str | None = None) -> int:
        """Discard the queued jobs of an owner, or all. Returns their number."""
        self._ready.forget(owner)
        forgotten = 0
        for each in [*self._queued] if owner is None else [owner]:
            queues = self._queued.pop(each, {})
            forgotten += sum(map(len, queues.values()))
            if in_flight := {key: deque[Job]() for key in queues if key in self.in_flight}:
                self._queued[each] = in_flight
        return forgotten

    def is_idle(self, owner: str | None = None) -> bool:
        """Return whether an owner, or every one, has nothing queued or in flight."""
        return not self._queued if owner is None else owner not in self._queued

    def _has_place_at_target(self, owner: str, ordering_key: str) -> bool:
        target = self._targets.get(self._queued[owner][ordering_key][0].target)
        return target is None or target.has_place(owner)


def owner_of(ordering_key: str) -> str:
    """Return the owner of a queue."""
    return ordering_key.partition(" ")[0]
