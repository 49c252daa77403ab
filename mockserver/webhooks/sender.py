"""Who sends: threads that are made when there is work and end when there is none."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable

from mockserver.engine.clock import Clock
from mockserver.engine.deliveries import Outcome, Outgoing
from mockserver.engine.instants import SECOND, Instant

from .attempt import Errand
from .config import Manners
from .http_client import Connect, Resolve, Wire, connected, resolved
from .queue import Job, Lanes

logger = logging.getLogger(__name__)

FAREWELL = 1.0
"""Seconds in which senders whose connection was cut may end."""


class Courier:
    """Sends, in daemon threads that are made when needed and end when idle."""

    def __init__(
        self,
        manners: Manners | None = None,
        *,
        stopwatch: Callable[[], Instant] | None = None,
        resolve: Resolve | None = None,
        connect: Connect | None = None,
    ) -> None:
        """Create a courier; that costs nothing.

        Args:
            manners: how it sends.
            stopwatch: microseconds that only grow.
            resolve: in place of the machine's names.
            connect: in place of the machine's network.
        """
        self.manners = manners or Manners()
        self._stopwatch = stopwatch or Clock.system().now
        self._wire_parts = (resolve or resolved, connect or connected)
        self._begin()

    def send(self, lane: str, outgoing: Outgoing, done: Callable[[Outcome], None]) -> None:
        """Make a request when its lane's turn comes; returns at once. The first word of a lane's name is its owner.

        ``done`` is called exactly once, in a sender's thread; it may send, and must not wait for the courier. After
        ``close`` nothing is sent, and ``done`` not called.
        """
        with self._locked():
            if not self._closed and self._lanes.put(lane, Job(outgoing, done)):
                self._hire()

    def idle(self, lanes: str = "") -> bool:
        """Whether nothing is queued or in flight, in the lanes whose names begin so."""
        with self._locked():
            return self._lanes.are_empty(lanes)

    def wait_idle(self, timeout: float | None = None, lanes: str = "") -> bool:
        """Wait until nothing is queued or in flight, in the lanes whose names begin so; whether that came about in time."""
        with self._locked():
            return self._quiet.wait_for(lambda: self._lanes.are_empty(lanes), timeout)

    def forget(self, lanes: str) -> int:
        """Let go what is queued in the lanes whose names begin so; how much it was. What is in flight is made to its end."""
        with self._locked():
            forgotten = self._lanes.forget(lanes)
            self._quiet.notify_all()
            return forgotten

    def close(self, grace: float = 0.0) -> None:
        """End: what is queued is let go; what is in flight has ``grace`` seconds, and is then cut off with an Outcome."""
        me = threading.current_thread()
        with self._locked():
            self._closed = True
            self._lanes.forget("")
            self._work.notify_all()
            self._quiet.notify_all()
            self._quiet.wait_for(lambda: self._errands.keys() <= {me}, grace)
            senders = self._senders - {me}
            cut = [errand for sender, errand in self._errands.items() if sender is not me]
        for errand in cut:
            errand.cut()
        until = self._stopwatch() + round(FAREWELL * SECOND)
        for sender in senders:  # one that is resolving a name cannot be cut, and is let go
            sender.join(max(0.0, (until - self._stopwatch()) / SECOND))

    # -- lanes and senders -------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._quiet = threading.Condition(self._lock)
        self._lanes = Lanes()
        self._senders: set[threading.Thread] = set()
        self._resting = 0
        self._errands: dict[threading.Thread, Errand] = {}
        self._closed = False
        self._wire = Wire(self.manners, *self._wire_parts)
        self._pid = os.getpid()

    def _locked(self) -> threading.Lock:
        """The lock. In a forked process everything begins anew: what was queued is the parent's to send."""
        if self._pid != os.getpid():
            self._begin()
        return self._lock

    def _hire(self) -> None:
        if self._lanes.ready <= self._resting or len(self._senders) >= self.manners.parallel:
            self._work.notify()
            return
        sender = threading.Thread(target=self._send_on, name="mockserver-courier", daemon=True)
        sender.start()
        self._senders.add(sender)

    def _send_on(self) -> None:
        me = threading.current_thread()
        try:
            while turn := self._turn(me):
                self._make(me, *turn)
        finally:
            self._go(me)

    def _turn(self, me: threading.Thread) -> tuple[str, Job, Errand] | None:
        with self._lock:
            self._resting += 1
            self._work.wait_for(lambda: self._lanes.ready or self._closed, self.manners.linger)
            self._resting -= 1
            taken = self._lanes.take()
            if taken is None:
                self._senders.discard(me)
                return None
            errand = self._errands[me] = Errand(self.manners.timeout, self._stopwatch)
            return *taken, errand

    def _make(self, me: threading.Thread, lane: str, job: Job, errand: Errand) -> None:
        try:
            outcome = self._wire.fetch(job.outgoing, errand)
            try:
                job.done(outcome)
            except Exception:
                logger.exception("What was to be done with the answer of %s failed", errand.shown)
        finally:
            with self._lock:
                del self._errands[me]
                if self._lanes.leave(lane) or self._closed:
                    self._quiet.notify_all()

    def _go(self, me: threading.Thread) -> None:
        with self._lock:
            self._senders.discard(me)
            if self._lanes.ready:  # only when an exception ended this sender
                self._hire()
            is_last = not self._senders
            unused = self._wire.let_go() if is_last else None
        if unused is not None:
            unused.close()
