"""What is queued, and whose turn it is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from mockserver.core.outbox import Outcome, Outgoing


class Job(NamedTuple):
    """A request to be made, and who is told what came of it."""

    outgoing: Outgoing
    done: Callable[[Outcome], None]


class Lanes:
    """What is queued, by lane, and whose turn it is. The courier's lock is held by whoever calls."""

    def __init__(self) -> None:
        self._queued: dict[str, deque[Job]] = {}
        """A lane is in here while a job of it is queued or in flight."""
        self.ready: deque[str] = deque()
        """The lanes whose next job may be made, in the order of their turns."""

    def put(self, lane: str, job: Job) -> bool:
        """Queue a job; whether that makes its lane ready."""
        if lane in self._queued:
            self._queued[lane].append(job)
            return False
        self._queued[lane] = deque((job,))
        self.ready.append(lane)
        return True

    def take(self) -> tuple[str, Job] | None:
        """The job whose turn it is; nobody else gets one of its lane before ``leave``."""
        if not self.ready:
            return None
        lane = self.ready.popleft()
        return lane, self._queued[lane].popleft()

    def leave(self, lane: str) -> bool:
        """The job that was taken is made. Whether it was the lane's last; else the lane queues up again."""
        if self._queued[lane]:
            self.ready.append(lane)
            return False
        del self._queued[lane]
        return True

    def forget(self, prefix: str) -> int:
        """Drop what is queued."""
        forgotten = 0
        for lane in [lane for lane in self._queued if lane.startswith(prefix)]:
            forgotten += len(self._queued[lane])
            self._queued[lane].clear()
        for lane in [lane for lane in self.ready if lane.startswith(prefix)]:
            del self._queued[lane]
            self.ready.remove(lane)
        return forgotten

    def are_empty(self, prefix: str) -> bool:
        """Whether nothing is queued or in flight."""
        return not any(lane.startswith(prefix) for lane in self._queued)
