"""What is queued, and whose turn it is."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from typing import NamedTuple

from mockserver.engine.deliveries import Outcome, OutgoingRequest


class Job(NamedTuple):
    """A request to be made, and who is given what came of it."""

    build_webhook: OutgoingRequest
    done: Callable[[Outcome], None]


class WebhookQueues:
    """What is queued, by queue, and whose turn it is. The webhook sender's lock is held by whoever calls.

    The first word of a queue's name is its owner. Whoever has the fewest jobs in flight comes next, so an owner of many slow
    queues gets all senders only while no one else wants one.
    """

    def __init__(self) -> None:
        self._queued: dict[str, deque[Job]] = {}
        """A queue is in here while a job of it is queued or in flight."""
        self._ready: dict[str, deque[str]] = {}
        """By owner, the queues whose next job may be made: owners and queues in the order of their turns."""
        self._in_flight: Counter[str] = Counter()
        """How many jobs of an owner are taken, and not made."""

    @property
    def ready(self) -> int:
        """How many queues there are whose next job may be made."""
        return sum(map(len, self._ready.values()))

    def put(self, ordering_key: str, job: Job) -> bool:
        """Queue a job; whether that makes its queue ready."""
        if ordering_key in self._queued:
            self._queued[ordering_key].append(job)
            return False
        self._queued[ordering_key] = deque((job,))
        self._line_up(ordering_key)
        return True

    def take(self) -> tuple[str, Job] | None:
        """The job whose turn it is; no one else gets one of its queue before ``leave``."""
        if not self._ready:
            return None
        owner = min(self._ready, key=self._in_flight.__getitem__)
        queues = self._ready.pop(owner)
        ordering_key = queues.popleft()
        if queues:
            self._ready[owner] = queues  # behind the others
        self._in_flight[owner] += 1
        return ordering_key, self._queued[ordering_key].popleft()

    def leave(self, ordering_key: str) -> bool:
        """The job that was taken is made. Whether it was the queue's last; else the queue queues up again."""
        owner = _owner(ordering_key)
        self._in_flight[owner] -= 1
        if not self._in_flight[owner]:
            del self._in_flight[owner]
        if self._queued[ordering_key]:
            self._line_up(ordering_key)
            return False
        del self._queued[ordering_key]
        return True

    def forget(self, prefix: str) -> int:
        """Drop what is queued."""
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

    def are_empty(self, prefix: str) -> bool:
        """Whether nothing is queued or in flight."""
        return not any(ordering_key.startswith(prefix) for ordering_key in self._queued)

    def _line_up(self, ordering_key: str) -> None:
        self._ready.setdefault(_owner(ordering_key), deque()).append(ordering_key)


def _owner(ordering_key: str) -> str:
    return ordering_key.partition(" ")[0]
