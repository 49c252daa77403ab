"""Who sends: threads that are made when there is work and end when there is none."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable

from mockserver.engine.clock import Clock
from mockserver.engine.deliveries import Outcome, OutgoingRequest
from mockserver.engine.instants import SECOND, Instant

from .attempt import AttemptConnection
from .config import WebhookConfig
from .http_client import Connect, HttpClient, Resolve, connected, resolved
from .queue import Job, WebhookQueues

logger = logging.getLogger(__name__)

JOIN_TIMEOUT = 1.0
"""Seconds in which senders whose connection was cut may end."""


class WebhookSender:
    """Sends, in daemon threads that are made when needed and end when idle."""

    def __init__(
        self,
        webhook_config: WebhookConfig | None = None,
        *,
        stopwatch: Callable[[], Instant] | None = None,
        resolve: Resolve | None = None,
        connect: Connect | None = None,
    ) -> None:
        """Create a webhook sender; that costs nothing.

        Args:
            webhook_config: how it sends.
            stopwatch: microseconds that only grow.
            resolve: in place of the machine's names.
            connect: in place of the machine's network.
        """
        self.webhook_config = webhook_config or WebhookConfig()
        self._stopwatch = stopwatch or Clock.system().now
        self._wire_parts = (resolve or resolved, connect or connected)
        self._begin()

    def send(self, ordering_key: str, build_webhook: OutgoingRequest, done: Callable[[Outcome], None]) -> None:
        """Make a request when its queue's turn comes; returns at once. The first word of a queue's name is its owner.

        ``done`` is called exactly once, in a sender's thread; it may send, and must not wait for the webhook sender. After
        ``close`` nothing is sent, and ``done`` not called.
        """
        with self._locked():
            if not self._closed and self._queues.put(ordering_key, Job(build_webhook, done)):
                self._spawn()

    def idle(self, queues: str = "") -> bool:
        """Whether nothing is queued or in flight, in the queues whose names begin so."""
        with self._locked():
            return self._queues.are_empty(queues)

    def wait_idle(self, timeout: float | None = None, queues: str = "") -> bool:
        """Wait until nothing is queued or in flight, in the queues whose names begin so; whether that came about in time."""
        with self._locked():
            return self._quiet.wait_for(lambda: self._queues.are_empty(queues), timeout)

    def forget(self, queues: str) -> int:
        """Let go what is queued in the queues whose names begin so; how much it was. What is in flight is made to its end."""
        with self._locked():
            forgotten = self._queues.forget(queues)
            self._quiet.notify_all()
            return forgotten

    def close(self, grace: float = 0.0) -> None:
        """End: what is queued is let go; what is in flight has ``grace`` seconds, and is then cut off with an Outcome."""
        me = threading.current_thread()
        with self._locked():
            self._closed = True
            self._queues.forget("")
            self._work.notify_all()
            self._quiet.notify_all()
            self._quiet.wait_for(lambda: self._attempt_connections.keys() <= {me}, grace)
            senders = self._senders - {me}
            cut = [
                attempt_connection
                for sender, attempt_connection in self._attempt_connections.items()
                if sender is not me
            ]
        for attempt_connection in cut:
            attempt_connection.cut()
        until = self._stopwatch() + round(JOIN_TIMEOUT * SECOND)
        for sender in senders:  # one that is resolving a name cannot be cut, and is let go
            sender.join(max(0.0, (until - self._stopwatch()) / SECOND))

    # -- queues and senders -------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._quiet = threading.Condition(self._lock)
        self._queues = WebhookQueues()
        self._senders: set[threading.Thread] = set()
        self._resting = 0
        self._attempt_connections: dict[threading.Thread, AttemptConnection] = {}
        self._closed = False
        self._wire = HttpClient(self.webhook_config, *self._wire_parts)
        self._pid = os.getpid()

    def _locked(self) -> threading.Lock:
        """The lock. In a forked process everything begins anew: what was queued is the parent's to send."""
        if self._pid != os.getpid():
            self._begin()
        return self._lock

    def _spawn(self) -> None:
        if self._queues.ready <= self._resting or len(self._senders) >= self.webhook_config.parallel:
            self._work.notify()
            return
        sender = threading.Thread(target=self._send_on, name="mockserver-webhooks", daemon=True)
        sender.start()
        self._senders.add(sender)

    def _send_on(self) -> None:
        me = threading.current_thread()
        try:
            while turn := self._turn(me):
                self._make(me, *turn)
        finally:
            self._exit(me)

    def _turn(self, me: threading.Thread) -> tuple[str, Job, AttemptConnection] | None:
        with self._lock:
            self._resting += 1
            self._work.wait_for(lambda: self._queues.ready or self._closed, self.webhook_config.linger)
            self._resting -= 1
            taken = self._queues.take()
            if taken is None:
                self._senders.discard(me)
                return None
            attempt_connection = self._attempt_connections[me] = AttemptConnection(
                self.webhook_config.timeout, self._stopwatch
            )
            return *taken, attempt_connection

    def _make(self, me: threading.Thread, ordering_key: str, job: Job, attempt_connection: AttemptConnection) -> None:
        try:
            outcome = self._wire.fetch(job.build_webhook, attempt_connection)
            try:
                job.done(outcome)
            except Exception:
                logger.exception("What was to be done with the answer of %s failed", attempt_connection.shown)
        finally:
            with self._lock:
                del self._attempt_connections[me]
                if self._queues.leave(ordering_key) or self._closed:
                    self._quiet.notify_all()

    def _exit(self, me: threading.Thread) -> None:
        with self._lock:
            self._senders.discard(me)
            if self._queues.ready:  # only when an exception ended this sender
                self._spawn()
            is_last = not self._senders
            unused = self._wire.let_go() if is_last else None
        if unused is not None:
            unused.close()
