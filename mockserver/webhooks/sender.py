"""The webhook sender: an event loop in a thread that starts when there is work and ends when there is none."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Callable
from functools import partial

from mockserver.engine.deliveries import Outcome, OutgoingRequest
from mockserver.event_loop import new_event_loop
from mockserver.fair_threads import FairThreads, Places

from .config import WebhookConfig
from .errors import WebhookError
from .http_client import Connect, HttpClient, Resolve, open_connection, resolve_host
from .queue import Job, WebhookQueues, owner_of
from .url import parse_webhook_url

logger = logging.getLogger(__name__)

JOIN_TIMEOUT = 1.0
"""Seconds to wait for attempts that were cut off."""

CALLBACK_THREADS = 32
"""The largest number of threads that run callbacks, one for each owner: a callback waits for its world's lock."""

LOOKUP_THREADS = 256
"""The largest number of threads that resolve names; the system's resolver cannot be interrupted."""

LOOKUPS_PER_OWNER = 4


class WebhookSender:
    """A sender of webhook requests. No attempt holds a thread, however long its receiver takes."""

    def __init__(
        self,
        webhook_config: WebhookConfig | None = None,
        *,
        resolve: Resolve | None = None,
        connect: Connect | None = None,
        new_event_loop: Callable[[], asyncio.AbstractEventLoop] = new_event_loop,
    ) -> None:
        """Create a sender, without any thread yet.

        Args:
            webhook_config: timeouts and limits.
            resolve: replaces the machine's resolver.
            connect: replaces the machine's network.
            new_event_loop: creates the event loop, whose clock counts the timeouts.
        """
        self.webhook_config = webhook_config or WebhookConfig()
        self._network = (resolve or resolve_host, connect or open_connection)
        self._new_event_loop = new_event_loop
        self._begin()

    def send(self, ordering_key: str, request: OutgoingRequest, done: Callable[[Outcome], None]) -> None:
        """Send a request when its queue's turn comes; returns at once.

        Args:
            ordering_key: the queue's name; its first word is the queue's owner.
            request: the request.
            done: called exactly once with the outcome, in a thread for callbacks: those of one owner one after the other.
                It may call `send`, and must not wait for the sender. After `close` nothing is sent and it is not called.
        """
        job = Job(request, done, _target(request.url))
        with self._locked():
            if not self._is_closed and self._queues.put(ordering_key, job):
                self._wake()

    def schedule(
        self, owner: str, seconds: Callable[[], float] | None, function: Callable[[], object] | None = None
    ) -> None:
        """Call a function later, in a thread for callbacks; returns at once. It replaces what was scheduled for the owner.

        Args:
            owner: whose call it is.
            seconds: called soon, in the event loop's thread: returns the seconds until the call. ``None`` cancels it.
            function: the function to call.
        """
        with self._locked():
            if self._is_closed or (seconds is None and owner not in self._scheduled):
                return
            if seconds is None or function is None:
                del self._scheduled[owner]
            else:
                self._scheduled[owner] = seconds, function
            self._rescheduled.add(owner)
            self._wake()

    def is_idle(self, owner: str | None = None) -> bool:
        """Return whether the queues of an owner, or all, have nothing queued or in flight."""
        with self._locked():
            return self._queues.is_idle(owner)

    def wait_until_idle(self, timeout: float | None = None, owner: str | None = None) -> bool:
        """Wait until `is_idle`. Returns whether that happened within the timeout (seconds; ``None`` for no limit)."""
        with self._locked():
            return self._idle.wait_for(lambda: self._queues.is_idle(owner), timeout)

    def forget(self, owner: str) -> int:
        """Discard the queued jobs of an owner, and what is scheduled for it; return the number of jobs.

        What is in flight runs to its end.
        """
        self.schedule(owner, None)
        with self._locked():
            forgotten = self._queues.forget(owner)
            self._idle.notify_all()
            return forgotten

    def close(self, grace: float = 0.0) -> None:
        """Stop: discard what is queued, give what is in flight ``grace`` seconds, then abort it with an error as its outcome."""
        current = threading.current_thread()
        with self._locked():
            self._is_closed = True
            self._scheduled.clear()
            self._queues.forget()
            self._idle.notify_all()
            self._idle.wait_for(lambda: self._is_done_except(current), grace)
            self._is_aborted = True
            thread = self._thread
            self._wake()
            self._idle.wait_for(lambda: self._is_done_except(current), JOIN_TIMEOUT)
        if thread is not None:
            thread.join(JOIN_TIMEOUT)
        self._callbacks.close()
        self._lookups.close()  # a thread that resolves a name cannot be interrupted, and is a daemon

    def _is_done_except(self, thread: threading.Thread) -> bool:
        return all(self._calling.get(ordering_key) is thread for ordering_key in self._queues.in_flight)

    # -- the event loop's thread --------------------------------------------------------------------------------------

    def _begin(self) -> None:
        config = self.webhook_config
        most = min(config.max_attempts, _descriptor_limit() // 4)
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._queues = WebhookQueues(config, max(1, most))
        self._callbacks = FairThreads("mockserver-callbacks", Places(CALLBACK_THREADS, 1), config.idle_timeout)
        self._lookups = FairThreads(
            "mockserver-resolver", Places(LOOKUP_THREADS, LOOKUPS_PER_OWNER), config.idle_timeout
        )
        self._client = HttpClient(config, *self._network, self._lookups)
        self._tasks: set[asyncio.Task[None]] = set()
        """The attempts that have no outcome yet."""
        self._calling: dict[str, threading.Thread] = {}
        """The threads in which callbacks run, by queue."""
        self._scheduled: dict[str, tuple[Callable[[], float], Callable[[], object]]] = {}
        self._rescheduled: set[str] = set()
        """The owners whose entry in `_scheduled` has changed, and whose timer is still to be set or cancelled."""
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Event
        self._end_timer: asyncio.TimerHandle | None = None
        self._is_woken = False
        self._is_closed = self._is_aborted = False
        self._pid = os.getpid()

    def _locked(self) -> threading.Lock:
        """Return the lock. In a forked process everything starts empty, because the parent sends what was queued."""
        if self._pid != os.getpid():
            self._of_parent = vars(self).copy()  # its loop must not be closed here, for it is open there
            self._begin()
        return self._lock

    def _wake(self) -> None:
        """Let the loop look at the queues; called with the lock held."""
        if self._thread is None:
            if not self._is_closed:
                self._thread = threading.Thread(target=self._run_thread, name="mockserver-webhooks", daemon=True)
                self._thread.start()
        elif self._loop is not None and not self._is_woken:
            self._is_woken = True
            self._loop.call_soon_threadsafe(self._look)

    def _run_thread(self) -> None:
        loop = self._new_event_loop()
        try:
            loop.run_until_complete(self._run())
        finally:
            loop.close()

    async def _run(self) -> None:
        ended = self._ended = asyncio.Event()
        with self._lock:
            self._loop = asyncio.get_running_loop()
        self._look()
        await ended.wait()
        for _ in range(3):  # the sockets are closed in the loop's next turns
            await asyncio.sleep(0)

    def _look(self) -> None:
        """Start what may be started, set timers, and see whether the thread is still needed."""
        loop = asyncio.get_running_loop()
        with self._lock:
            self._is_woken = False
            self._start_ready(loop)
            while self._rescheduled:
                self._set_timer(loop, self._rescheduled.pop())
            if self._is_closed:
                self._cancel_timers()
            if self._is_aborted:
                for task in self._tasks:
                    task.cancel()
            self._plan_end()

    def _start_ready(self, loop: asyncio.AbstractEventLoop) -> None:
        while taken := self._queues.take():
            self._tasks.add(loop.create_task(self._attempt(*taken)))

    def _set_timer(self, loop: asyncio.AbstractEventLoop, owner: str) -> None:
        if (timer := self._timers.pop(owner, None)) is not None:
            timer.cancel()
        if owner in self._scheduled:
            seconds, _ = self._scheduled[owner]
            self._timers[owner] = loop.call_later(max(0.0, seconds()), self._call, owner)

    def _cancel_timers(self) -> None:
        while self._timers:
            self._timers.popitem()[1].cancel()

    def _call(self, owner: str) -> None:
        with self._lock:
            del self._timers[owner]
            _, function = self._scheduled.pop(owner, (None, None))
            self._plan_end()
        if function is not None:
            self._callbacks.run(owner, function)

    def _plan_end(self) -> None:
        """End the thread, now or after a while, if it has nothing to do."""
        if self._end_timer is not None:
            self._end_timer.cancel()
            self._end_timer = None
        if self._has_work():
            return
        if self._is_closed:
            self._end()
        else:
            idle_timeout = self.webhook_config.idle_timeout
            self._end_timer = asyncio.get_running_loop().call_later(idle_timeout, self._end_if_idle)

    def _has_work(self) -> bool:
        return bool(self._tasks or self._timers or self._is_woken or self._queues.has_ready())

    def _end_if_idle(self) -> None:
        with self._lock:
            if not self._has_work():
                self._end()

    def _end(self) -> None:
        self._client.close_idle()
        self._loop = self._thread = None
        self._ended.set()

    # -- attempts -----------------------------------------------------------------------------------------------------

    async def _attempt(self, ordering_key: str, job: Job) -> None:
        owner = owner_of(ordering_key)
        outcome = await self._client.fetch(job.request, owner)
        task = asyncio.current_task()
        assert task is not None
        with self._lock:
            self._tasks.discard(task)
            self._queues.leave(ordering_key, job)
            self._start_ready(task.get_loop())
            self._plan_end()
        self._callbacks.run(owner, partial(self._finish, ordering_key, job, outcome))

    def _finish(self, ordering_key: str, job: Job, outcome: Outcome) -> None:
        """Pass on an outcome, in a thread for callbacks."""
        self._calling[ordering_key] = threading.current_thread()
        try:
            job.done(outcome)
        except Exception:
            logger.exception("Handling the outcome of a request to %s failed", _redacted(job.request.url))
        finally:
            with self._lock:
                del self._calling[ordering_key]
                if self._queues.finish(ordering_key):
                    self._wake()
                else:
                    self._idle.notify_all()


def _target(url: str) -> str:
    """Return the scheme, host and port of a URL; empty when it has none."""
    try:
        return parse_webhook_url(url).origin
    except WebhookError:
        return ""


def _redacted(url: str) -> str:
    """Return a URL for messages, without credentials and query."""
    try:
        return parse_webhook_url(url).redacted
    except WebhookError:
        return "a URL that cannot be read"


def _descriptor_limit() -> int:
    """Return how many file descriptors this process may have."""
    try:
        import resource
    except ImportError:  # Windows, whose selector takes 512 sockets
        return 512
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return limit if limit != resource.RLIM_INFINITY else sys.maxsize
