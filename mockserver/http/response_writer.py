"""The writer part of a connection: responses that take their time.

A `TimedWriter` sends late, slowly, a part only, or ends in a reset or in silence; a `DeferredWriter` waits for the
response; a `StreamWriter` sends a body piece by piece; a `RelayWriter` sends the response of another server. All of it
happens on the event loop, where what other threads give arrives by ``call_soon_threadsafe``. At any moment a writer waits
for one timer or one callback; none is a task.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mockserver.sdk.response import AT_ONCE, Deferred, Ending, Response, Stream

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from typing import TypeAlias

    from mockserver.http.connection import Connection, RequestCycle
    from mockserver.http.relayed_response import RelayedResponse

    Writer: TypeAlias = "TimedWriter | DeferredWriter | StreamWriter | RelayWriter"

logger = logging.getLogger(__name__)

LARGEST_PIECE = 256 * 1024
"""Bytes that are given to a transport at a time, so that it neither holds a large body nor copies it again and again, and
other connections get a turn."""


class TimedWriter:
    """Sends a response as its `ResponseTiming` says; a large one in pieces, as fast as the client reads."""

    __slots__ = ("_body", "_connection", "_cycle", "_first", "_position", "_then", "_timer", "_timing")

    def __init__(self, connection: Connection, cycle: RequestCycle, head: bytes) -> None:
        self._connection = connection
        self._cycle = cycle
        self._timing = timing = cycle.timing
        self._first = head
        self._body = cycle.payload[: timing.cut]
        if timing.instead is not None:
            self._first, self._body = b"", timing.instead
        self._position = 0  # bytes of the body that were written
        self._timer: asyncio.TimerHandle | None = None
        self._then: Callable[[], None] | None = None  # what to do when the client has read

    def begin(self) -> None:
        """Start to send, now or after the delay."""
        if self._timing.delay > 0:
            self._timer = self._connection.loop.call_later(self._timing.delay, self._resume, self._send)
        else:
            self._send()

    def cancel(self) -> None:
        """Send nothing more."""
        if self._timer is not None:
            self._timer.cancel()
        self._then = None

    def flush(self) -> None:
        """Leave to the transport what is not written of a response that is sent at once."""
        if self._timing is AT_ONCE:
            self.cancel()
            self._connection.write(self._cycle, self._first + self._body[self._position :])
            self._connection.complete(self._cycle)

    def drained(self) -> None:
        """Go on when the client has read what was written."""
        then, self._then = self._then, None
        if then is not None:
            self._resume(then)

    def _resume(self, step: Callable[[], None]) -> None:
        """Take the next step; if it was the last, the next request is due."""
        self._timer = None
        if not self._connection.transport.is_closing():  # else connection_lost is about to be called
            step()
            self._connection.proceed()

    def _send(self) -> None:
        pace = self._timing.pace
        size = LARGEST_PIECE if pace is None else max(pace.size, 1)
        piece = self._first + self._body[self._position : self._position + size]
        self._first = b""
        self._position += size
        self._connection.write(self._cycle, piece)
        if self._position >= len(self._body):
            self._end()
        elif self._connection.is_write_paused:
            self._then = self._pause
        else:
            self._pause()

    def _pause(self) -> None:
        pace = self._timing.pace
        self._timer = self._connection.loop.call_later(0 if pace is None else pace.pause, self._resume, self._send)

    def _end(self) -> None:
        timing = self._timing
        is_short = timing.instead is None and len(self._body) < len(self._cycle.payload)
        if timing.ending is Ending.RESET:
            self._cycle.notify_finished("reset")
            self._connection.reset()
        elif timing.ending is Ending.HANG:
            self._connection.hang(self._cycle)
        elif timing.ending is Ending.CLOSE or is_short or timing.instead is not None:
            # After a message that is not whole the client could not find the beginning of a next one.
            self._cycle.notify_finished("cut" if is_short else "close")
            self._connection.close()
        else:
            self._connection.complete(self._cycle)


def _wake(connection: Connection, call: Callable[[], None]) -> None:
    """Call this on the event loop soon; may be used from any thread."""
    try:
        connection.loop.call_soon_threadsafe(call)
    except RuntimeError:
        logger.debug("The server stopped before a pending response was there")


class DeferredWriter:
    """Waits for a `Deferred`: for one call from any thread, or for one timer."""

    __slots__ = ("_connection", "_cycle", "_deferred", "_is_over", "_timer")

    def __init__(self, connection: Connection, cycle: RequestCycle, deferred: Deferred) -> None:
        self._connection = connection
        self._cycle = cycle
        self._deferred = deferred
        self._is_over = False
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Start to wait."""
        self._timer = self._connection.loop.call_later(self._deferred.timeout, self._time_out)
        self._deferred.on_ready(lambda: _wake(self._connection, self._respond))

    def cancel(self) -> None:
        """Wait no longer: the client has disconnected, or the server stops."""
        self._stop()
        self._deferred.cancel()

    def drained(self) -> None:
        """Do nothing: what the client has read was written before."""

    def _stop(self) -> None:
        self._is_over = True
        if self._timer is not None:
            self._timer.cancel()

    def _time_out(self) -> None:
        self._deferred.response(
            self._deferred.otherwise
        )  # too late if there is a response: then _respond is about to be called

    def _respond(self) -> None:
        if self._deferred.is_over and not self._is_over and not self._connection.transport.is_closing():
            self._stop()
            self._connection.respond(self._cycle, self._deferred.answer)


class StreamWriter:
    """Sends a `Stream`. What the client is too slow for stays in the stream, which knows how much that may be."""

    __slots__ = ("_connection", "_cycle", "_is_over", "_stream", "_timer")

    def __init__(self, connection: Connection, cycle: RequestCycle, stream: Stream) -> None:
        self._connection = connection
        self._cycle = cycle
        self._stream = stream
        self._is_over = False
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Send the head, and then whatever comes."""
        cycle, connection = self._cycle, self._connection
        cycle.set_stream(Response(self._stream.status, self._stream.headers, b""))
        connection.write(cycle, cycle.encode_head(connection.loop.time))
        if cycle.is_head or not cycle.is_streamed:  # or the headers cannot be sent
            connection.write(cycle, cycle.payload)
            self.cancel()
            connection.complete(cycle)
            return
        self._timer = connection.loop.call_later(self._stream.heartbeat, self._beat)
        self._stream.on_ready(lambda: _wake(connection, self.drained))

    def cancel(self) -> None:
        """Send nothing more: the client has disconnected, or the server stops."""
        self._stop()
        self._stream.cancel()

    def drained(self) -> None:
        """Send what there is, if the client can take more."""
        if self._is_over or self._connection.transport.is_closing():
            return
        is_last = self._stream.is_over  # asked before taking: what is sent after this belongs to another call
        if self._stream.is_overrun:
            self._stop()
            self._connection.drop(self._cycle)
        elif not self._connection.is_write_paused:
            self._send(self._stream.take())
            if is_last:
                self._end()

    def _stop(self) -> None:
        self._is_over = True
        if self._timer is not None:
            self._timer.cancel()

    def _send(self, piece: bytes) -> None:
        if piece:
            self._connection.write(self._cycle, self._cycle.frame(piece))

    def _end(self) -> None:
        self._stop()
        self._connection.write(self._cycle, self._cycle.frame(b""))
        self._connection.complete(self._cycle)
        self._connection.proceed()

    def _beat(self) -> None:
        if not self._connection.is_write_paused:
            self._send(self._stream.beat)
        self._timer = self._connection.loop.call_later(self._stream.heartbeat, self._beat)


class RelayWriter:
    """Sends the bytes of a `RelayedResponse`: its head and its body in their framing."""

    __slots__ = ("_connection", "_cycle", "_relayed")

    def __init__(self, connection: Connection, cycle: RequestCycle, relayed: RelayedResponse) -> None:
        self._connection = connection
        self._cycle = cycle
        self._relayed = relayed

    @property
    def is_paused(self) -> bool:
        """Whether the client does not read as fast as the bytes come in."""
        return self._connection.is_write_paused

    def begin(self) -> None:
        """Start to receive the response."""
        self._relayed.begin(self)

    def cancel(self) -> None:
        """Send nothing more: the client has disconnected, or the server stops."""
        self._relayed.cancel()

    def drained(self) -> None:
        """Go on when the client has read what was written."""
        self._relayed.drained()

    def write(self, piece: bytes) -> None:
        """Send bytes of the response."""
        self._connection.write(self._cycle, piece)

    def end(self, *, closes: bool) -> None:
        """End the response after all that was written, and close the connection, or start the next request."""
        self._cycle.closes |= closes
        self._connection.complete(self._cycle)
        self._connection.proceed()

    def cut(self) -> None:
        """End the response in the middle of its message: close the connection after what was written."""
        self._cycle.notify_finished("cut")
        self._connection.close()

    def respond(self, response: Response) -> None:
        """Send another response instead; nothing was written yet."""
        self._connection.respond(self._cycle, response)
