"""What takes its time on a connection: a delivery (late, slow, cut, reset, silent), a promise, a stream.

All of it happens on the event loop; what other threads say to a promise is heard here by ``call_soon_threadsafe``.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mockserver.http.cycle import Cycle
from mockserver.sdk.response import Deferred, Ending, Response, ResponseTiming, Stream

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from mockserver.http.connection import Shell

logger = logging.getLogger(__name__)


class Performance:
    """A ``ResponseTiming`` on its way: late, slow, cut, reset, silent. At any moment it waits for one timer or one callback."""

    __slots__ = ("body", "cycle", "delivery", "first", "place", "shell", "then", "timer")

    def __init__(self, shell: Shell, cycle: Cycle, delivery: ResponseTiming, head: bytes) -> None:
        self.shell = shell
        self.cycle = cycle
        self.delivery = delivery
        self.first = head
        self.body = cycle.payload()[: delivery.cut]
        if delivery.instead is not None:
            self.first, self.body = b"", delivery.instead
        self.place = 0  # bytes of the body that are out
        self.timer: asyncio.TimerHandle | None = None
        self.then: Callable[[], None] | None = None  # what to do when the client has read

    def begin(self) -> None:
        """Speak, now or after the delay."""
        if self.delivery.delay > 0:
            self.timer = self.shell.loop.call_later(self.delivery.delay, self._resumed, self._speak)
        else:
            self._speak()

    def cancel(self) -> None:
        """Do nothing any more."""
        if self.timer is not None:
            self.timer.cancel()
        self.then = None

    def drained(self) -> None:
        """The client has read what was written."""
        then, self.then = self.then, None
        if then is not None:
            self._resumed(then)

    def _resumed(self, step: Callable[[], None]) -> None:
        """Take a step that was waited for; if it was the last, the next request is due."""
        self.timer = None
        if not self.shell.transport.is_closing():  # else connection_lost is on its way
            step()
            self.shell.proceed()

    def _speak(self) -> None:
        pace = self.delivery.pace
        size = len(self.body) if pace is None else max(pace.size, 1)
        piece = self.first + self.body[self.place : self.place + size]
        self.first = b""
        self.place += size
        self.shell.write(self.cycle, piece)
        if pace is None or self.place >= len(self.body):
            self._end()
        elif self.shell.flow.write_paused:
            self.then = self._pause
        else:
            self._pause()

    def _pause(self) -> None:
        assert self.delivery.pace is not None
        self.timer = self.shell.loop.call_later(self.delivery.pace.pause, self._resumed, self._speak)

    def _end(self) -> None:
        ending = self.delivery.ending
        if ending is Ending.RESET:
            self.cycle.settle("reset")
            self.shell.reset()
        elif ending is Ending.HANG:
            self.shell.hang(self.cycle)
        elif ending is Ending.CLOSE or self._is_short() or self.delivery.instead is not None:
            # A message that is not whole leaves nothing for a next one to follow.
            self.cycle.settle("cut" if self._is_short() else "close")
            self.shell.leave()
        else:
            self.shell.complete(self.cycle)

    def _is_short(self) -> bool:
        return self.delivery.instead is None and len(self.body) < len(self.cycle.payload())


def _wake(shell: Shell, what: Callable[[], None]) -> None:
    """From any thread: let the loop do something in its next turn."""
    try:
        shell.loop.call_soon_threadsafe(what)
    except RuntimeError:
        logger.debug("The server stopped before a promise was kept")


class Waiting:
    """A request whose answer is promised. It waits for one call from anywhere, and for one timer."""

    __slots__ = ("cycle", "deferred", "is_over", "shell", "timer")

    def __init__(self, shell: Shell, cycle: Cycle, deferred: Deferred) -> None:
        self.shell = shell
        self.cycle = cycle
        self.deferred = deferred
        self.is_over = False
        self.timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Wait."""
        self.timer = self.shell.loop.call_later(self.deferred.timeout, self._late)
        self.deferred.on_ready(lambda: _wake(self.shell, self._woken))

    def cancel(self) -> None:
        """Wait no longer: the client has left, or the server stops."""
        self._stop()
        self.deferred.cancel()

    def drained(self) -> None:
        """The client has read what was written before."""

    def _stop(self) -> None:
        self.is_over = True
        if self.timer is not None:
            self.timer.cancel()

    def _late(self) -> None:
        self.deferred.answer(self.deferred.otherwise)  # if somebody was quicker, the call is on its way

    def _woken(self) -> None:
        if self.deferred.is_over and not self.is_over and not self.shell.transport.is_closing():
            self._stop()
            self.shell.keep(self.cycle, self.deferred.given or self.deferred.otherwise)


class Streaming:
    """A stream on its way. What the client is too slow for stays in the stream, which knows when that is too much."""

    __slots__ = ("cycle", "is_over", "shell", "stream", "timer")

    def __init__(self, shell: Shell, cycle: Cycle, stream: Stream) -> None:
        self.shell = shell
        self.cycle = cycle
        self.stream = stream
        self.is_over = False
        self.timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Send the head, and then whatever comes."""
        self.cycle.stream(Response(self.stream.status, self.stream.headers, b""))
        self.shell.write(self.cycle, self.shell.head(self.cycle))
        if self.cycle.bare or not self.cycle.endless:  # HEAD, or headers that cannot be written
            self.shell.write(self.cycle, self.cycle.payload())
            self.cancel()
            self.shell.complete(self.cycle)
            return
        self.timer = self.shell.loop.call_later(self.stream.heartbeat, self._beat)
        self.stream.on_ready(lambda: _wake(self.shell, self.drained))

    def cancel(self) -> None:
        """Send nothing more: the client has left, or the server stops."""
        self._stop()
        self.stream.cancel()

    def drained(self) -> None:
        """There is something to send, or the client can take more."""
        if self.is_over or self.shell.transport.is_closing():
            return
        is_last = self.stream.is_over  # asked before taking: what is sent after this is another call's
        if self.stream.is_overrun:
            self._stop()
            self.shell.drop(self.cycle)
        elif not self.shell.flow.write_paused:
            self._send(self.stream.take())
            if is_last:
                self._end()

    def _stop(self) -> None:
        self.is_over = True
        if self.timer is not None:
            self.timer.cancel()

    def _send(self, piece: bytes) -> None:
        if piece:
            self.shell.write(self.cycle, self.cycle.framed(piece))

    def _end(self) -> None:
        self._stop()
        self.shell.write(self.cycle, self.cycle.framed(b""))
        self.shell.complete(self.cycle)
        self.shell.proceed()

    def _beat(self) -> None:
        if not self.shell.flow.write_paused:
            self._send(self.stream.beat)
        self.timer = self.shell.loop.call_later(self.stream.heartbeat, self._beat)
