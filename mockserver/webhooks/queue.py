"""What is queued, and whose turn it is."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from typing import NamedTuple

from mockserver.engine.deliveries import Outcome, Outgoing


class Job(NamedTuple):
    """A request to be made, and who is told what came of it."""

    outgoing: Outgoing
    done: Callable[[Outcome], None]


class Lanes:
    """What is queued, by lane, and whose turn it is. The courier's lock is held by whoever calls.

    The first word of a lane's name is its owner. Whoever has the fewest jobs in flight comes next, so an owner of many slow
    lanes gets all senders only while nobody else wants one.
    """

    def __init__(self) -> None:
        self._queued: dict[str, deque[Job]] = {}
        """A lane is in here while a job of it is queued or in flight."""
        self._ready: dict[str, deque[str]] = {}
        """By owner, the lanes whose next job may be made: owners and lanes in the order of their turns."""
        self._in_flight: Counter[str] = Counter()
        """How many jobs of an owner are taken, and not made."""

    @property
    def ready(self) -> int:
        """How many lanes there are whose next job may be made."""
        return sum(map(len, self._ready.values()))

    def put(self, lane: str, job: Job) -> bool:
        """Queue a job; whether that makes its lane ready."""
        if lane in self._queued:
            self._queued[lane].append(job)
            return False
        self._queued[lane] = deque((job,))
        self._line_up(lane)
        return True

    def take(self) -> tuple[str, Job] | None:
        """The job whose turn it is; nobody else gets one of its lane before ``leave``."""
        if not self._ready:
            return None
        owner = min(self._ready, key=self._in_flight.__getitem__)
        lanes = self._ready.pop(owner)
        lane = lanes.popleft()
        if lanes:
            self._ready[owner] = lanes  # behind the others
        self._in_flight[owner] += 1
        return lane, self._queued[lane].popleft()

    def leave(self, lane: str) -> bool:
        """The job that was taken is made. Whether it was the lane's last; else the lane queues up again."""
        owner = _owner(lane)
        self._in_flight[owner] -= 1
        if not self._in_flight[owner]:
            del self._in_flight[owner]
        if self._queued[lane]:
            self._line_up(lane)
            return False
        del self._queued[lane]
        return True

    def forget(self, prefix: str) -> int:
        """Drop what is queued."""
        forgotten = 0
        for lane in [lane for lane in self._queued if lane.startswith(prefix)]:
            forgotten += len(self._queued[lane])
            self._queued[lane].clear()
        for owner, lanes in tuple(self._ready.items()):
            for lane in [lane for lane in lanes if lane.startswith(prefix)]:
                del self._queued[lane]
                lanes.remove(lane)
            if not lanes:
                del self._ready[owner]
        return forgotten

    def are_empty(self, prefix: str) -> bool:
        """Whether nothing is queued or in flight."""
        return not any(lane.startswith(prefix) for lane in self._queued)

    def _line_up(self, lane: str) -> None:
        self._ready.setdefault(_owner(lane), deque()).append(lane)


def _owner(lane: str) -> str:
    return lane.partition(" ")[0]
