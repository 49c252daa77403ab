"""One connection: from received bytes to the application, and from its response to the bytes that are sent.

The rules of this file:

1. It knows HTTP, WSGI and `ResponseTiming`; it knows no provider, no world and no Flask.
2. Everything runs on the event loop's thread. Only `RequestCycle.call` and `compute` may run on the pool, and they touch
   nothing but their cycle; what other threads give to a pending response arrives by ``call_soon_threadsafe`` (``response_writer.py``).
3. One request is answered at a time. What a client sends ahead waits as requests in the parser, and after that unparsed in
   a backlog with reading paused. So responses keep their order and memory stays bounded.
4. Nothing sleeps and nothing is a task: waiting is a timer (``call_later``) or a callback of the transport.
5. `HttpRequest.on_finish` is called once for each request that the application saw, whatever became of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import struct
from collections import deque
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache, partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from mockserver import unpatched
from mockserver.http.discard import LONG_READ, pace_discarding
from mockserver.http.relayed_response import RelayedResponse
from mockserver.http.request import HttpRequest
from mockserver.http.request_parser import InvalidRequest, ParseStage, RequestParser
from mockserver.http.response_writer import LARGEST_PIECE, DeferredWriter, RelayWriter, StreamWriter, TimedWriter
from mockserver.http.slow_reader import MIN_RATE, ReaderWatch
from mockserver.http.wsgi_call import call_application
from mockserver.sdk.response import AT_ONCE, Deferred, Offload, Response, Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableSet
    from wsgiref.types import WSGIApplication

    from mockserver.http.pool import Pool
    from mockserver.http.response_writer import Writer
    from mockserver.sdk.response import Answer, PendingResponse, ResponseTiming

logger = logging.getLogger(__name__)

COALESCE_LIMIT = 16 * 1024
"""Bytes of a body that are joined with the head in one write; to copy more costs more than a second write."""

TURN = 16
"""Requests that one connection has answered before the others get a turn."""

TURN_SECONDS = 0.002
"""Seconds after which a turn ends before that."""

LINGER_SECONDS = 1.0
"""Seconds in which a client that is still sending may read the last response, before the connection is closed."""


class Turn(NamedTuple):
    """Whose call of the WSGI application it is that has to run on the pool; see `Pool.run`."""

    key: str = ""
    is_heavy: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one connection."""

    head: int = 64 * 1024
    """Bytes of request line and headers."""
    body: int = 8 * 1024 * 1024
    """Bytes of a body that are kept; see `HttpRequest.is_too_large`."""
    idle: float = 75.0
    """Seconds after which a connection is closed: without a byte from the client while it is idle or reads a body, and
    since the first byte of a request whose head does not end."""
    linger: float = LINGER_SECONDS
    slow: float = 120.0
    """Seconds that a client may take to send a body, or to take what is buffered for it, beyond what it needs at
    `MIN_RATE`; then it is disconnected."""


class Connection(asyncio.Protocol):
    """One connection of a client."""

    transport: asyncio.Transport

    def __init__(
        self,
        app: WSGIApplication,
        *,
        loop: asyncio.AbstractEventLoop,
        pool: Pool,
        connections: MutableSet[Any],
        listener: str | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Create the protocol of a connection that is not made yet.

        Args:
            app: the WSGI application. It may have three attributes. ``respond(request: HttpRequest) -> Response | Offload |
                None`` is called first, on the event loop. For a request without a response from it, ``plan(request:
                HttpRequest) -> Response | Turn | None`` returns a response, or the turn in which the application is called on
                the pool, or ``None`` for a call on the event loop; an application without it that responds by itself is
                called on the pool. ``reject_invalid(invalid: InvalidRequest, listener: str | None) -> Response | Offload | None`` is
                called with what is not an HTTP request; where it returns no response, one in plain text is sent.
            loop: the event loop.
            pool: where calls run that may block or take long.
            connections: all open connections; this one is among them while it is connected.
            listener: the name of the listener, if it has one.
            limits: the bounds.
        """
        self.loop = loop
        self.listener = listener
        self.is_write_paused = False
        """Whether the client does not read as fast as we write."""
        self._app = app
        self._respond: Callable[[HttpRequest], Response | Offload | None] | None = getattr(app, "respond", None)
        self._plan: Callable[[HttpRequest], Response | Turn | None] | None = getattr(app, "plan", None)
        self._pool = pool
        self._connections = connections
        self._limits = limits or Limits()
        self._cycle: RequestCycle | None = None  # the request that is being answered
        self._writer: Writer | None = None
        self._backlog: deque[memoryview] = deque()  # received, not parsed yet
        self._watch: ReaderWatch | None = None  # while the client does not read as fast as we write
        self._turn: asyncio.Handle | None = None  # the next turn, if this one ended before all was answered
        self._is_computing = False  # the cycle is on the pool
        self._ignores_input = False  # nothing that the client still sends matters
        self._read_closed = False  # the client sends no more, but may still read
        self._is_read_paused = False
        self._is_lost = False

    @property
    def stage(self) -> ParseStage:
        """What the connection is doing."""
        if self._cycle is None:
            return self._parser.stage
        return ParseStage.RESPONSE if self._writer is not None or self._cycle.status else ParseStage.HANDLER

    # ------------------------------------------------------------------------------------------ what the transport calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # asyncio's own is wider
        """Get ready to read requests."""
        self.transport = transport
        self._is_tls = transport.get_extra_info("sslcontext") is not None
        self._parser = RequestParser(
            max_head=self._limits.head,
            max_body=self._limits.body,
            scheme="https" if self._is_tls else "http",
            listener=self.listener,
            client=_address(transport.get_extra_info("peername")),
            server=_address(transport.get_extra_info("sockname")),
        )
        self._connections.add(self)
        self._received = self._responded = self.loop.time()
        self._timer = self.loop.call_later(self._limits.idle, self._check_idle)

    def data_received(self, data: bytes) -> None:
        """Parse what was received, and start the next request if none is being answered."""
        self._received = self.loop.time()
        if self._ignores_input or self._parser.is_done:
            pace_discarding(self.loop, self.transport, len(data))
            return
        if self._cycle is None and not self._backlog and len(data) <= self._parser.feed_size:
            self._parser.feed(data, self._received)
        else:
            self._backlog.append(memoryview(data))
        if self._cycle is None and self._turn is None:
            self.proceed()
            if len(data) >= LONG_READ and not self._is_lost and self.stage is ParseStage.BODY:
                self._end_turn()  # each read waits for the threads that compute
        else:
            self._pause_input()

    def eof_received(self) -> bool:
        """Keep the connection open for a response under way; without one the transport closes it."""
        is_awaited = self._turn is not None or self._is_computing or (self._cycle is not None and self._cycle.is_sent)
        if is_awaited and not self._is_tls:  # TLS knows no half-closed connection
            self._read_closed = True
        return self._read_closed

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Discard what was received and what was not sent, and stop the timers."""
        self._connections.discard(self)
        self._timer.cancel()
        self._unwatch()
        if self._turn is not None:
            self._turn.cancel()
        self._is_lost = True
        self._forget()
        if self._cycle is not None and not self._is_computing:
            self._cycle.notify_finished("left")

    def pause_writing(self) -> None:
        """Note that the client does not read as fast as we write."""
        self.is_write_paused = True
        self._watch_reader()

    def resume_writing(self) -> None:
        """Continue: the client has read what was written."""
        self.is_write_paused = False
        self._unwatch()
        if self._writer is not None:
            self._writer.drained()
        elif self._cycle is not None and self._cycle.is_sent:
            self.complete(self._cycle)
            self.proceed()

    # ------------------------------------------------------------------------------------------------ what a server calls

    def shutdown(self) -> None:
        """Close because the server stops: at once, or after the response that the application is working on."""
        if self._is_computing:
            assert self._cycle is not None
            self._cycle.closes = self._ignores_input = True
            return
        if isinstance(self._writer, TimedWriter):
            self._writer.flush()
        if self._cycle is not None:
            self._cycle.notify_finished("complete" if self._cycle.is_sent else "close")
        self.close()

    # ------------------------------------------------------------------------------------------------------------ requests

    def _check_idle(self) -> None:
        """Close the connection if it was idle for too long.

        One timer for each connection, started again when it ends, is cheaper than one for each request.
        """
        stage = self.stage
        if stage in (ParseStage.HANDLER, ParseStage.RESPONSE):
            left = self._limits.idle
        else:
            since = self._parser.message_since if stage is ParseStage.HEAD else self._received
            left = max(since, self._responded) + self._limits.idle - self.loop.time()
        is_slow = False
        if stage is ParseStage.BODY:
            since, size = self._parser.body_progress
            remaining = since + self._limits.slow + size / MIN_RATE - self.loop.time()
            left, is_slow = min(left, remaining), remaining <= 0
        if left > 0:
            self._timer = self.loop.call_later(left, self._check_idle)
        elif is_slow:
            self._timer = self.loop.call_later(self._limits.idle, self._check_idle)
            self._parser.give_up(HTTPStatus.REQUEST_TIMEOUT, "The body comes too slowly")
            self.proceed()
        else:
            self.close()

    def _watch_reader(self) -> None:
        if self._watch is None:
            self._watch = ReaderWatch(self.loop, self.transport, self._limits.slow, self._drop_slow_reader)

    def _unwatch(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.end()

    def _drop_slow_reader(self) -> None:
        logger.warning(
            "A client that takes less than %d bytes a second of its response was disconnected after %g seconds",
            MIN_RATE,
            self._limits.slow,
        )
        self._unwatch()
        if self._cycle is not None:
            self.drop(self._cycle)
        else:
            self.transport.abort()

    def proceed(self) -> None:
        """Start the next request, if none is being answered, from what was received; else read on."""
        parser, steps, until = self._parser, 0, 0.0
        self._turn = None
        while self._cycle is None and not self._is_lost:
            has_request = bool(parser.requests)
            if has_request or (self._backlog and not parser.is_done):
                if steps == 1:
                    until = self.loop.time() + TURN_SECONDS
                elif steps == TURN or (steps and self.loop.time() > until):  # other connections have waited meanwhile
                    self._end_turn()
                    return
                steps += 1
            if has_request:
                self._start(parser.requests.popleft())
            elif self._backlog and not parser.is_done:
                self._feed(self._backlog.popleft())
            elif self._read_closed:
                self.close()
                return
            else:
                if self._is_read_paused and not self._ignores_input:
                    self._resume_input()
                if parser.expects_continue:  # the request whose body is awaited is the next one
                    parser.expects_continue = False
                    self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                return

    def _end_turn(self) -> None:
        """Read and answer no more until the other connections have had a turn."""
        self._pause_input()
        if self._turn is None:
            self._turn = self.loop.call_soon(self.proceed)

    def _feed(self, data: memoryview) -> None:
        size = self._parser.feed_size
        if len(data) > size:
            self._backlog.appendleft(data[size:])
        self._parser.feed(bytes(data[:size]), self._received)

    def _pause_input(self) -> None:
        if not self._is_read_paused:
            self._is_read_paused = True
            self.transport.pause_reading()

    def _resume_input(self) -> None:
        if self._is_read_paused:
            self._is_read_paused = False
            self.transport.resume_reading()

    def _start(self, request: HttpRequest | InvalidRequest) -> None:
        """Let the application respond, on the event loop or on the pool."""
        if isinstance(request, InvalidRequest):
            self._reject(request)
            return
        self._cycle = cycle = RequestCycle(request)
        answer: Response | Offload | Turn | None = None
        try:
            if self._respond is not None:
                answer = self._respond(request)
            if answer is None:
                answer = self.plan(request)
        except Exception as error:  # noqa: BLE001 - whatever failed, the client gets an error; fail() logs it
            cycle.fail(error)
            self._send(cycle)
            return
        if type(answer) is Response:
            cycle.set_response(answer)
            self._send(cycle)
        elif answer is None:
            cycle.call(self._app)
            self._send(cycle)
        elif isinstance(answer, Offload):
            self._offload(cycle, answer)
        else:
            assert isinstance(answer, Turn)
            self._is_computing = True
            self._pool.run(
                partial(self._compute, cycle, partial(cycle.call, self._app)), answer.key, is_heavy=answer.is_heavy
            )

    def plan(self, request: HttpRequest) -> Response | Turn | None:
        """Return what answers a request that the application does not respond to by itself; see the constructor."""
        if self._plan is not None:
            return self._plan(request)
        return None if self._respond is None else Turn()

    def _reject(self, invalid: InvalidRequest) -> None:
        """Respond to an invalid request, and close."""
        reject_invalid = getattr(self._app, "reject_invalid", None)
        response = None
        if reject_invalid is not None:
            try:
                response = reject_invalid(invalid, self.listener)
            except Exception:
                logger.exception("Error in the application's reject_invalid()")
        self._cycle = cycle = RequestCycle(HttpRequest("", "", "", "", closes=True))
        if isinstance(response, Offload):
            self._offload(cycle, response)
            return
        if response is None:
            cycle.set_text(invalid.status, f"{invalid.reason}\n")
        else:
            cycle.set_response(response)
        self._send(cycle)

    def _offload(self, cycle: RequestCycle, offload: Offload) -> None:
        """Let a thread of the pool compute the response."""
        self._is_computing = True
        self._pool.run(
            partial(self._compute, cycle, partial(cycle.compute, offload)), offload.key, is_heavy=offload.is_heavy
        )

    def _compute(self, cycle: RequestCycle, compute: Callable[[], None]) -> None:
        """Compute a response on a thread of the pool."""
        compute()
        try:
            self.loop.call_soon_threadsafe(self._computed, cycle)
        except RuntimeError:
            logger.debug("The server stopped before the response was there")

    def _computed(self, cycle: RequestCycle) -> None:
        self._is_computing = False
        self._send(cycle)
        self.proceed()

    # ----------------------------------------------------------------------------------------------------------- responses

    def _send(self, cycle: RequestCycle) -> None:
        """Send the response, at once or as its timing says, or wait for it."""
        if cycle.pending is not None:
            self._wait(cycle, cycle.pending)
            return
        if self._is_lost or self.transport.is_closing():
            cycle.notify_finished("left")
            return
        head = cycle.encode_head(self.loop.time)
        if cycle.timing is not AT_ONCE or len(cycle.payload) > LARGEST_PIECE:
            self._writer = TimedWriter(self, cycle, head)
            self._writer.begin()
            return
        payload = cycle.payload
        if len(payload) > COALESCE_LIMIT:
            self.transport.write(head)
            self.transport.write(payload)
        else:
            self.transport.write(head + payload)
        cycle.sent = len(head) + len(payload)
        self.complete(cycle)

    def _wait(self, cycle: RequestCycle, pending: PendingResponse | Offload) -> None:
        """Wait for a response, unless the client has disconnected."""
        cycle.pending = None
        if isinstance(pending, Offload):
            self._offload(cycle, pending)
        elif self._is_lost or self.transport.is_closing():
            pending.cancel()
            cycle.notify_finished("left")
        elif self._read_closed and not pending.is_over:
            # The client closed its side while the application worked. After that the transport would have closed by itself.
            pending.cancel()
            cycle.notify_finished("left")
            self.close()
        else:
            if isinstance(pending, Stream):
                self._writer = StreamWriter(self, cycle, pending)
            elif isinstance(pending, RelayedResponse):
                self._writer = RelayWriter(self, cycle, pending)
            else:
                assert isinstance(pending, Deferred)
                self._writer = DeferredWriter(self, cycle, pending)
            self._writer.begin()

    def respond(self, cycle: RequestCycle, answer: Response | Offload) -> None:
        """Send a response that was waited for, and start the next request."""
        self._writer = None
        cycle.set_answer(answer)
        self._send(cycle)
        self.proceed()

    def write(self, cycle: RequestCycle, piece: bytes) -> None:
        """Send bytes of a response."""
        if piece:
            self.transport.write(piece)
            cycle.sent += len(piece)

    def complete(self, cycle: RequestCycle) -> None:
        """End a response that was written completely."""
        self._writer = None
        if self.is_write_paused:
            cycle.is_sent = True  # it stays the current one until the client has read
            return
        self._responded = self.loop.time()
        cycle.notify_finished("complete")
        if cycle.closes:
            self.close(lingers=self._parser.has_unread_input)
        else:
            self._cycle = None

    def close(self, *, lingers: bool = False) -> None:
        """Close the connection as soon as everything that was written is sent.

        A client that is still sending would get a reset and might lose the response. ``lingers`` closes only our
        direction at first (TLS cannot) and reads on for a moment.
        """
        self._forget()
        self._cycle = None
        if lingers and not self.transport.is_closing():
            self._timer.cancel()
            self._resume_input()
            if self.transport.can_write_eof():
                with contextlib.suppress(OSError):  # asyncio's own loop raises here when the client has disconnected
                    self.transport.write_eof()
            self._timer = self.loop.call_later(self._limits.linger, self._close_transport)
        else:
            self._close_transport()

    def _close_transport(self) -> None:
        """Close the transport, which first sends what it holds, unless the client does not take it."""
        if self.transport.get_write_buffer_size():
            self._watch_reader()
        self.transport.close()

    def hang(self, cycle: RequestCycle) -> None:
        """Stay silent until the client disconnects; the cycle is never over, so no idle time-out closes the connection."""
        self._forget()
        self._resume_input()  # a transport that does not read does not notice that the client disconnects
        cycle.notify_finished("hang")

    def reset(self) -> None:
        """Send RST in place of FIN, after all that was written."""
        self._forget()
        self._cycle = None
        end_in_reset(self.transport)
        if self._is_tls:
            # To close would send TLS's close_notify first. What the kernel has not taken by then is lost.
            self.loop.call_soon(self.transport.abort)
        else:
            self.transport.close()

    def drop(self, cycle: RequestCycle) -> None:
        """Close at once and discard what is not out: the client does not read."""
        cycle.notify_finished("dropped")
        self._forget()
        self._cycle = None
        self.transport.abort()

    def _forget(self) -> None:
        """Discard what was received and will be, and what the writer has not sent."""
        self._forget_input()
        if self._writer is not None:
            self._writer.cancel()
            self._writer = None

    def _forget_input(self) -> None:
        self._ignores_input = True
        self._parser.close()
        self._backlog.clear()


class RequestCycle:
    """One request and the response to it, up to the bytes of its head."""

    __slots__ = (
        "body",
        "closes",
        "headers",
        "is_head",
        "is_http10",
        "is_sent",
        "is_streamed",
        "payload",
        "pending",
        "request",
        "sent",
        "status",
        "timing",
    )

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.closes = request.closes
        """Whether the connection is closed after this response."""
        self.is_head = request.method == "HEAD"
        """Whether the response has no body because of the method."""
        self.is_http10 = request.version == "HTTP/1.0"
        self.status: str | int = ""
        """Empty until there is a response."""
        self.headers: list[tuple[str, str]] | tuple[tuple[str, str], ...] = ()
        self.body = b""
        self.payload = b""
        """The body as far as it is sent; known when the head is."""
        self.timing: ResponseTiming = AT_ONCE
        self.pending: PendingResponse | Offload | None = None
        """What the response will come from, if it is not known yet."""
        self.is_streamed = False
        """Whether the length of the body is not known when the head is sent."""
        self.sent = 0
        """Bytes."""
        self.is_sent = False
        """Whether the whole response was written; what remains is that the client reads it."""

    def call(self, app: WSGIApplication, extra: Mapping[str, Any] | None = None) -> None:
        """Let a WSGI application respond. May run on a thread of the pool.

        Args:
            app: the application.
            extra: what its environ holds beside the request.
        """
        try:
            result = call_application(app, self.request, extra)
        except Exception as error:  # noqa: BLE001 - whatever failed, the client gets an error; fail() logs it
            self.fail(error)
        else:
            self.status, self.headers, self.body, self.timing, self.pending = result

    def fail(self, error: Exception) -> None:
        """Respond that the application failed, and log why."""
        logger.error("Error in %s %s", self.request.method, self.request.target, exc_info=error)
        self.timing, self.is_streamed = AT_ONCE, False
        self.set_text(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal Server Error")

    def set_text(self, status: HTTPStatus, text: str) -> None:
        """Respond in plain text."""
        self.status = status.value
        self.headers = (("Content-Type", "text/plain; charset=utf-8"),)
        self.body = text.encode("utf-8", "replace")

    def compute(self, offload: Offload) -> None:
        """Compute the response. May run on a thread of the pool."""
        try:
            self.set_answer(offload.compute())
        except Exception as error:  # noqa: BLE001 - whatever failed, the client gets an error; fail() logs it
            self.fail(error)

    def set_answer(self, answer: Answer) -> None:
        """Use a response, or what it will come from."""
        if isinstance(answer, Response):
            self.set_response(answer)
        else:
            self.pending = answer

    def set_response(self, response: Response) -> None:
        """Use a response."""
        self.status, self.headers, self.body = response.status, response.headers, response.body
        self.timing = response.timing

    def set_stream(self, response: Response) -> None:
        """Use the head of a response whose body is sent in pieces and has no known length."""
        self.set_response(response)
        self.is_streamed = True
        if self.is_http10:  # only the end of the connection ends such a body
            self.closes = True
        else:
            self.headers = (*response.headers, ("Transfer-Encoding", "chunked"))

    def frame(self, piece: bytes) -> bytes:
        """Return a piece of such a body as it is sent; an empty piece ends the body."""
        return piece if self.is_http10 else b"%x\r\n%s\r\n" % (len(piece), piece)

    def encode_head(self, time: Callable[[], float]) -> bytes:
        """Return status line and headers as bytes, and set `payload`.

        Headers that cannot be sent make the response an error 500. ``time`` returns the event loop's time.
        """
        try:
            head = _encode_status(self.status)
            marks = 0
            for name, value in self.headers:
                line, mark = (_encode_known_header if len(value) <= _MAX_CACHED_VALUE else _encode_header)(name, value)
                head += line
                marks |= mark
                if mark == _HAS_CONNECTION and "close" in value.lower():
                    self.closes = True
        except (ValueError, TypeError) as error:
            self.fail(error)
            return self.encode_head(time)
        if not marks & _HAS_DATE:
            head += _encode_known_header("Date", _date.at(time()))[0]
        is_bodiless = self.status in _BODILESS or (type(self.status) is str and self.status.startswith(("204", "304")))
        self.payload = b"" if self.is_head or is_bodiless else self.body
        # An application that knows HEAD gives no body, and then the length of GET's is not known.
        if not (marks & _HAS_LENGTH or self.is_streamed or is_bodiless) and (self.body or not self.is_head):
            head += b"Content-Length: %d\r\n" % len(self.body)
        if (self.closes or self.is_http10) and not marks & _HAS_CONNECTION:
            head += b"Connection: close\r\n" if self.closes else b"Connection: keep-alive\r\n"
        return head + b"\r\n"

    def notify_finished(self, ending: str) -> None:
        """Report how the response ended, once; see `HttpRequest.on_finish`."""
        on_finish, self.request.on_finish = self.request.on_finish, None
        if on_finish is not None:
            try:
                on_finish(self.sent, ending)
            except Exception:
                logger.exception("Error in on_finish of %s %s", self.request.method, self.request.target)


_HAS_DATE, _HAS_LENGTH, _HAS_CONNECTION = 1, 2, 4

_MARKS = {
    "date": _HAS_DATE,
    "content-length": _HAS_LENGTH,
    "transfer-encoding": _HAS_LENGTH,
    "connection": _HAS_CONNECTION,
}

_BODILESS = (204, 304)

_MAX_CACHED_VALUE = 256  # characters of a header's value


def _encode_header(name: str, value: str) -> tuple[bytes, int]:
    """Return a header as it is sent, and the mark of the header that need not be added then.

    Raises:
        ValueError: the header cannot be sent.
    """
    return _encode_line(f"{name}: {value}"), _MARKS.get(name.lower(), 0)


_encode_known_header = lru_cache(maxsize=1024)(_encode_header)
"""`_encode_header` with a cache: most headers have been sent before."""


@lru_cache(maxsize=1024)
def _encode_status(status: str | int) -> bytes:
    """Return the first line of a response, from its code or, as in WSGI, code and reason phrase."""
    code, _, phrase = str(status).partition(" ")
    try:
        registered = HTTPStatus(int(code)).phrase
    except ValueError:
        registered = "UNKNOWN"
    # Werkzeug's phrases are in capitals; the registry's, and other servers', are not.
    if type(status) is int or phrase == registered.upper():
        phrase = registered
    return _encode_line(f"HTTP/1.1 {code} {phrase}")


def _encode_line(text: str) -> bytes:
    if "\r" in text or "\n" in text or "\0" in text:
        raise ValueError("a header of the response holds CR, LF or NUL")
    return text.encode("latin-1") + b"\r\n"


class _Date:
    """The ``Date`` header that is added to responses without one; formatted once a second."""

    second = -1
    text = ""

    def at(self, now: float) -> str:
        """Return the wall clock's date. ``now`` is the event loop's time, in seconds."""
        if int(now) != self.second:
            self.second, self.text = int(now), formatdate(unpatched.time_ns() / 1e9, usegmt=True)
        return self.text


_date = _Date()


def end_in_reset(transport: asyncio.Transport) -> None:
    """Make the transport send RST in place of FIN when it closes."""
    # A second descriptor, because uvloop's own socket object has no options to set.
    with unpatched.Socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as second:
        second.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _address(name: object) -> tuple[str, int] | None:
    """Return host and port of a socket's name; ``None`` for a Unix socket."""
    return (str(name[0]), int(name[1])) if isinstance(name, tuple) else None
