"""Threads for requests that may block or take long, shared fairly between those that ask for them."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

logger = logging.getLogger(__name__)


class Pool(Protocol):
    """Where a connection runs what must not run on the event loop."""

    def run(self, call: Callable[[], object], key: str, *, is_heavy: bool) -> None:
        """Run a call on another thread, now or when the turn of its key comes; returns at once.

        Args:
            call: what is run. It raises nothing.
            key: whose call it is, such as a world's id. Each key gets the same share of the threads.
            is_heavy: whether the call computes for long.
        """


class FairThreads:
    """Daemon threads that start when there is work; calls of different keys take turns, and each key has few threads."""

    def __init__(self, name: str, *, threads: int, threads_for_each_key: int) -> None:
        """Start no thread yet.

        Args:
            name: the threads' name.
            threads: how many run at most.
            threads_for_each_key: how many of them run calls of the same key at most.
        """
        self._name = name
        self._threads = threads
        self._threads_for_each_key = threads_for_each_key
        self._changed = threading.Condition()
        self._waiting: dict[str, deque[Callable[[], object]]] = {}  # the first key is the next one
        self._running: dict[str, int] = {}
        self._started = self._idle = 0
        self._is_closed = False

    def run(self, call: Callable[[], object], key: str) -> None:
        """Run a call when its key's turn comes; see `Pool.run`. After `close` it is dropped."""
        with self._changed:
            if self._is_closed:
                return
            self._waiting.setdefault(key, deque()).append(call)
            if self._idle:
                self._wake()
            elif self._started < self._threads:
                self._started += 1
                threading.Thread(target=self._work, name=self._name, daemon=True).start()

    def close(self) -> None:
        """Drop the calls that wait, and end the threads after the calls that they run."""
        with self._changed:
            self._is_closed = True
            self._waiting.clear()
            self._changed.notify_all()

    def _work(self) -> None:
        while taken := self._take():
            key, call = taken
            try:
                call()
            except Exception:
                logger.exception("Error in a call on the pool")
            del taken, call  # or they would live until the next one comes
            self._release(key)

    def _take(self) -> tuple[str, Callable[[], object]] | None:
        """Return the next call with its key, as soon as there is one; ``None`` when the threads are to end."""
        with self._changed:
            while not self._is_closed:
                key = next((key for key in self._waiting if self._has_thread(key)), None)
                if key is not None:
                    calls = self._waiting.pop(key)
                    call = calls.popleft()
                    if calls:
                        self._waiting[key] = calls  # now the last one
                    self._running[key] = self._running.get(key, 0) + 1
                    return key, call
                self._idle += 1
                self._changed.wait()
        return None

    def _wake(self) -> None:
        """Wake one idle thread, which is none from now on."""
        self._idle -= 1
        self._changed.notify()

    def _has_thread(self, key: str) -> bool:
        return self._running.get(key, 0) < self._threads_for_each_key

    def _release(self, key: str) -> None:
        with self._changed:
            self._running[key] -= 1
            if not self._running[key]:
                del self._running[key]
            if self._waiting and self._idle:  # a call of this key may have waited for this thread
                self._wake()


LIGHT_THREADS, HEAVY_THREADS = 4, 2


class FairPool:
    """The pool of a server: some threads for short calls, and few for calls that compute for long.

    A thread that is busy in Python takes time from the event loop. So there are few, and heavy calls never take the last
    thread of short ones.
    """

    def __init__(self) -> None:
        self._light = FairThreads("mockserver-control", threads=LIGHT_THREADS, threads_for_each_key=2)
        self._heavy = FairThreads("mockserver-compute", threads=HEAVY_THREADS, threads_for_each_key=1)

    def run(self, call: Callable[[], object], key: str, *, is_heavy: bool) -> None:
        """Run a call on a thread; see `Pool.run`."""
        (self._heavy if is_heavy else self._light).run(call, key)

    def close(self) -> None:
        """Drop the calls that wait, and end the threads after the calls that they run."""
        self._light.close()
        self._heavy.close()
