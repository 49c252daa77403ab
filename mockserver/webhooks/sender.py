"""The webhook sender: threads that start when there is work and end when there is none."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable

from mockserver.engine.clock import Clock
from mockserver.engine.deliveries import Outcome, OutgoingRequest
from mockserver.engine.instants import SECOND, Instant

from .attempt import RunningAttempt
from .config import WebhookConfig
from .http_client import Connect, HttpClient, Resolve, open_connection, resolve_host
from .queue import Job, WebhookQueues

logger = logging.getLogger(__name__)

JOIN_TIMEOUT = 1.0
"""Seconds to wait for threads whose connection was cut."""


class WebhookSender:
    """A sender of webhook requests, in daemon threads that start when needed and end when idle."""

    def __init__(
        self,
        webhook_config: WebhookConfig | None = None,
        *,
        stopwatch: Callable[[], Instant] | None = None,
        resolve: Resolve | None = None,
        connect: Connect | None = None,
    ) -> None:
        """Create a sender, without any thread yet.

        Args:
            webhook_config: timeouts and limits.
            stopwatch: returns monotonic microseconds.
            resolve: replaces the machine's resolver.
            connect: replaces the machine's network.
        """
        self.webhook_config = webhook_config or WebhookConfig()
        self._stopwatch = stopwatch or Clock.system().now
        self._network = (resolve or resolve_host, connect or open_connection)
        self._begin()

    def send(self, ordering_key: str, request: OutgoingRequest, done: Callable[[Outcome], None]) -> None:
        """Send a request when its queue's turn comes; returns at once.

        Args:
            ordering_key: the queue's name; its first word is the queue's owner.
            request: the request.
            done: called exactly once with the outcome, in a sending thread. It may call `send`, and must not wait for the
                sender. After `close` nothing is sent and it is not called.
        """
        with self._locked():
            if not self._closed and self._queues.put(ordering_key, Job(request, done)):
                self._spawn()

    def is_idle(self, queues: str = "") -> bool:
        """Return whether the queues whose names begin with a prefix have nothing queued or in flight."""
        with self._locked():
            return self._queues.is_idle(queues)

    def wait_until_idle(self, timeout: float | None = None, queues: str = "") -> bool:
        """Wait until `is_idle`. Returns whether that happened within the timeout (seconds; ``None`` for no limit)."""
        with self._locked():
            return self._idle.wait_for(lambda: self._queues.is_idle(queues), timeout)

    def forget(self, queues: str) -> int:
        """Discard the queued jobs of all queues whose names begin with a prefix, and return their number.

        What is in flight runs to its end.
        """
        with self._locked():
            forgotten = self._queues.forget(queues)
            self._idle.notify_all()
            return forgotten

    def close(self, grace: float = 0.0) -> None:
        """Stop: discard what is queued, give what is in flight ``grace`` seconds, then abort it with an error as its outcome."""
        current = threading.current_thread()
        with self._locked():
            self._closed = True
            self._queues.forget("")
            self._work.notify_all()
            self._idle.notify_all()
            self._idle.wait_for(lambda: self._attempts.keys() <= {current}, grace)
            threads = self._threads - {current}
            unfinished = [attempt for thread, attempt in self._attempts.items() if thread is not current]
        for attempt in unfinished:
            attempt.abort()
        until = self._stopwatch() + round(JOIN_TIMEOUT * SECOND)
        for thread in threads:  # one that is resolving a name cannot be aborted: the join ends without it
            thread.join(max(0.0, (until - self._stopwatch()) / SECOND))

    # -- queues and threads -------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._idle = threading.Condition(self._lock)
        self._queues = WebhookQueues()
        self._threads: set[threading.Thread] = set()
        self._idle_threads = 0
        self._attempts: dict[threading.Thread, RunningAttempt] = {}
        self._closed = False
        self._client = HttpClient(self.webhook_config, *self._network)
        self._pid = os.getpid()

    def _locked(self) -> threading.Lock:
        """Return the lock. In a forked process everything starts empty, because the parent sends what was queued."""
        if self._pid != os.getpid():
            self._begin()
        return self._lock

    def _spawn(self) -> None:
        if self._queues.ready <= self._idle_threads or len(self._threads) >= self.webhook_config.max_threads:
            self._work.notify()
            return
        thread = threading.Thread(target=self._run_thread, name="mockserver-webhooks", daemon=True)
        thread.start()
        self._threads.add(thread)

    def _run_thread(self) -> None:
        current = threading.current_thread()
        try:
            while taken := self._wait_for_job(current):
                self._run_job(current, *taken)
        finally:
            self._end_thread(current)

    def _wait_for_job(self, current: threading.Thread) -> tuple[str, Job, RunningAttempt] | None:
        with self._lock:
            self._idle_threads += 1
            self._work.wait_for(lambda: self._queues.ready or self._closed, self.webhook_config.idle_timeout)
            self._idle_threads -= 1
            taken = self._queues.take()
            if taken is None:
                self._threads.discard(current)
                return None
            attempt = self._attempts[current] = RunningAttempt(self.webhook_config.timeout, self._stopwatch)
            return *taken, attempt

    def _run_job(self, current: threading.Thread, ordering_key: str, job: Job, attempt: RunningAttempt) -> None:
        try:
            outcome = self._client.fetch(job.request, attempt)
            try:
                job.done(outcome)
            except Exception:
                logger.exception("Handling the outcome of a request to %s failed", attempt.redacted_url)
        finally:
            with self._lock:
                del self._attempts[current]
                if self._queues.finish(ordering_key) or self._closed:
                    self._idle.notify_all()

    def _end_thread(self, current: threading.Thread) -> None:
        with self._lock:
            self._threads.discard(current)
            if self._queues.ready:  # only when an exception ended this thread
                self._spawn()
            is_last = not self._threads
        if is_last:
            self._client.close_idle()
