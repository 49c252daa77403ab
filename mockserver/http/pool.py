"""Threads for requests that may block or take long, shared fairly between those that ask for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from mockserver.fair_threads import FairThreads, Places


class Pool(Protocol):
    """Where a connection runs what must not run on the event loop."""

    def run(self, call: Callable[[], object], key: str, *, is_heavy: bool) -> None:
        """Run a call on another thread, now or when the turn of its key comes; returns at once.

        Args:
            call: what is run. It raises nothing.
            key: whose call it is, such as a world's id. Each key gets the same share of the threads.
            is_heavy: whether the call computes for long.
        """


LIGHT_THREADS, HEAVY_THREADS = 4, 2

WAITING_THREADS = 16
"""Threads for short calls where worlds are in a database, for each may wait for another process that has its world locked."""


class FairPool:
    """The pool of a server: some threads for short calls, and few for calls that compute for long.

    A thread that is busy in Python takes time from the event loop. So there are few, and heavy calls never take the last
    thread of short ones.
    """

    def __init__(self, light_threads: int = LIGHT_THREADS) -> None:
        """Start no thread yet; ``light_threads`` is how many there may be for short calls."""
        self._light = FairThreads("mockserver-control", Places(light_threads, 2))
        self._heavy = FairThreads("mockserver-compute", Places(HEAVY_THREADS, 1))

    def run(self, call: Callable[[], object], key: str, *, is_heavy: bool) -> None:
        """Run a call on a thread; see `Pool.run`."""
        (self._heavy if is_heavy else self._light).run(key, call)

    def close(self) -> None:
        """Drop the calls that wait, and end the threads after the calls that they run."""
        self._light.close()
        self._heavy.close()
