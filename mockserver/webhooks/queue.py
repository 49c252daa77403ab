"""The queues of webhook requests, and the order in which they are sent."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from typing import NamedTuple

from mockserver.engine.deliveries import Outcome, OutgoingRequest


class Job(NamedTuple):
    """A request to send, and the callback for its outcome."""

    request: OutgoingRequest
    done: Callable[[Outcome], None]


class WebhookQueues:
    """Jobs by queue, taken fairly. All methods are called with the webhook sender's lock held.

    The first word of a queue's name is its owner. The owner with the fewest jobs in flight comes next, so an owner of many
    slow queues gets all threads only while no other owner has jobs.
    """

    def __init__(self) -> None:
        self._queued: dict[str, deque[Job]] = {}
        """The jobs of each queue that has one queued or in flight."""
        self._ready: dict[str, deque[str]] = {}
        """By owner, the queues whose next job may be taken: owners and queues in the order of their turns."""
        self._in_flight: Counter[str] = Counter()
        """The number of each owner's jobs that are taken and not finished."""

    @property
    def ready(self) -> int:
        """The number of queues whose next job may be taken."""
        return sum(map(len, self._ready.values()))

    def put(self, ordering_key: str, job: Job) -> bool:
        """Queue a job. Returns whether that makes its queue ready."""
        if ordering_key in self._queued:
            self._queued[ordering_key].append(job)
            return False
        self._queued[ordering_key] = deque((job,))
        self._enqueue(ordering_key)
        return True

    def take(self) -> tuple[str, Job] | None:
        """Take the next job, and return its queue with it. The queue's following job is not ready before `finish`."""
        if not self._ready:
            return None
        owner = min(self._ready, key=self._in_flight.__getitem__)
        queues = self._ready.pop(owner)
        ordering_key = queues.popleft()
        if queues:
            self._ready[owner] = queues  # behind the others
        self._in_flight[owner] += 1
        return ordering_key, self._queued[ordering_key].popleft()

    def finish(self, ordering_key: str) -> bool:
        """Finish the job that was taken from a queue. Returns whether the queue is empty; else it is ready again."""
        owner = _owner(ordering_key)
        self._in_flight[owner] -= 1
        if not self._in_flight[owner]:
            del self._in_flight[owner]
        if self._queued[ordering_key]:
            self._enqueue(ordering_key)
            return False
        del self._queued[ordering_key]
        return True

    def forget(self, prefix: str) -> int:
        """Discard the queued jobs of all queues whose names begin with a prefix. Returns their number."""
        forgotten = 0
        for ordering_key in [ordering_key for ordering_key in self._queued if ordering_key.startswith(prefix)]:
            forgotten += len(self._queued[ordering_key])
            self._queued[ordering_key].clear()
        for owner, queues in tuple(self._ready.items()):
            for ordering_key in [ordering_key for ordering_key in queues if ordering_key.startswith(prefix)]:
                del self._queued[ordering_key]
                queues.remove(ordering_key)
            if not queues:
                del self._ready[owner]
        return forgotten

    def is_idle(self, prefix: str) -> bool:
        """Return whether the queues whose names begin with a prefix have nothing queued or in flight."""
        return not any(ordering_key.startswith(prefix) for ordering_key in self._queued)

    def _enqueue(self, ordering_key: str) -> None:
        self._ready.setdefault(_owner(ordering_key), deque()).append(ordering_key)


def _owner(ordering_key: str) -> str:
    return ordering_key.partition(" ")[0]
