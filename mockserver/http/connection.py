"""The connection: from bytes to WSGI, and from an answer to what happens on the wire.

The law of this file:

1. It knows HTTP, WSGI and ``Delivery``; it knows no provider, no world and no Flask.
2. Everything runs on the event loop's thread. Only ``Cycle.call`` may run on the pool, and it touches nothing but its cycle;
   what other threads say to a promised answer comes in by ``call_soon_threadsafe`` (``performance.py``).
3. One request is answered at a time (``current``); what a client sends ahead waits parsed in ``queue``, and behind
   that unparsed in ``backlog`` with reading paused. So answers keep their order and memory stays bounded.
4. Nothing sleeps and nothing is a task: waiting is a timer (``call_later``) or a callback of the transport.
5. ``mockserver.finish`` is called once for each request the application saw, whatever became of it.

It rests on ``HttpToolsProtocol``, which uvicorn does not promise to keep: of it we use the constructor, the
bookkeeping of ``connection_made`` and ``connection_lost``, ``on_url`` and ``FlowControl``, and nothing else.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import struct
import sys
from collections import deque
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeVar

from httptools import (
    HttpParserCallbackError,
    HttpParserError,
    HttpParserUpgrade,
    HttpRequestParser,
)
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mockserver.http.cycle import Cycle
from mockserver.http.environ import CHUNKED, EXPECT, LENGTH, MARKS, UPGRADE, VERSIONS, Refusal, fill, locate
from mockserver.http.response_writer import Performance, Streaming, Waiting
from mockserver.sdk.response import AT_ONCE, PENDING, TIMING, Stream

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Executor
    from wsgiref.types import WSGIApplication

    from mockserver.sdk.response import Deferred, Response

logger = logging.getLogger(__name__)

Kind = TypeVar("Kind", bound="Shell")

POOLED = "/_mock/"
"""Paths below this may block (they wait, render, read files) and are called on the pool."""

SLICE = 16 * 1024
"""Bytes given to the parser at a time: it cannot be stopped inside them, so this bounds the queue."""

COPIED = 16 * 1024
"""Bytes of a body that are put behind the head to be written with it; to copy more costs more than a second write."""

FLOOD = 4
"""How many times the body's cap is read and dropped before the connection is given up."""

RAW = 4 * 1024
"""Bytes shown to ``app.broken``."""

PARTING = 1.0
"""Seconds in which a client that is still sending may read the refusal, before the connection is closed under it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection may ask of us."""

    head: int = 64 * 1024
    """Bytes of request line and headers."""
    body: int = 8 * 1024 * 1024
    """Bytes of a body that are kept; see ``mockserver.overflow``."""
    idle: float = 75.0
    """Seconds without a byte from the client, and without an answer under way, after which we close."""


def shell(
    app: WSGIApplication,
    *,
    door: str | None = None,
    pool: Executor,
    limits: Limits | None = None,
    kind: type[Kind] | None = None,
) -> type[Kind]:
    """The protocol class of one listener, to be given to uvicorn's ``Config(http=...)``.

    Args:
        app: The WSGI application. Its optional attribute ``broken(raw: bytes, reason: str, door: str | None)`` is called
            when what arrived was no HTTP; ``raw`` holds the first bytes received, at most ``RAW``.
        door: The listener's name, ``environ["mockserver.door"]``.
        pool: Where requests below ``POOLED`` run.
        limits: What one connection may ask of us.
        kind: What its connections are; a ``Shell`` when nothing else is said.
    """
    given = {"wsgi": staticmethod(app), "door": door, "pool": pool, "limits": limits or Limits()}
    return type("Bound", (kind or Shell,), given)


class Shell(HttpToolsProtocol):
    """One connection. Made by ``shell``."""

    wsgi: WSGIApplication
    door: str | None = None
    pool: Executor
    limits: Limits

    # ------------------------------------------------------------------------------------------ the transport's callbacks

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """A client is there."""
        super().connection_made(transport)
        self.filling: Cycle | None = None  # its head was read, its body is being read
        self.current: Cycle | None = None  # being answered
        self.queue: deque[Cycle] = deque()  # read, waiting for their turn
        self.backlog: deque[bytes | memoryview] = deque()  # received, not yet read
        self.performance: Performance | Waiting | Streaming | None = None
        self.computing = False  # the pool has the current one
        self.replaying = False  # the parser is told what we know already
        self.open = False  # inside a message
        self.deaf = False  # what the client still says is of no interest
        self.half = False  # the client will say no more, but may listen
        self.lost = False
        self.taken = 0  # bytes of this message
        self.most = self.limits.head  # ... and how many there may be
        self.early = b""  # its first bytes, when it came in several pieces
        self.url, self.headers = b"", []
        self.now = self.loop.time
        self.active = self.now()
        self.timeout_keep_alive_task = self.loop.call_later(self.limits.idle, self._watch)
        self.base = self._base()

    def _base(self) -> dict[str, Any]:
        """What the environs of all requests of this connection have in common."""
        host, port = self.server or ("localhost", None)
        client = self.client or ("", "")
        return {
            "SCRIPT_NAME": "",
            "SERVER_NAME": host,
            "SERVER_PORT": "" if port is None else str(port),
            "REMOTE_ADDR": client[0],
            "REMOTE_PORT": str(client[1]),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self.scheme,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,  # Werkzeug: the stream ends by itself
            "mockserver.door": self.door,
            "mockserver.overflow": False,
        }

    def data_received(self, data: bytes) -> None:
        """Bytes from the client."""
        self.active = self.now()
        if self.deaf:
            return
        if self.current is not None:
            self.backlog.append(data)
            self.flow.pause_reading()
        elif len(data) <= SLICE:
            self._parse(data)
        else:
            self._parse_in_slices(memoryview(data))

    def eof_received(self) -> bool:  # type: ignore[override]  # as asyncio has it: true keeps the connection
        """The client will say no more. Mostly it has left, and then the transport closes by itself."""
        waits = self.computing or (self.current is not None and self.current.ended)
        if waits and self.scheme == "http":  # under TLS there is no half
            self.half = True
        return self.half

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone, or we are."""
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        self.deaf = self.lost = True
        self.queue.clear()
        self.backlog.clear()
        if self.performance is not None:
            self.performance.cancel()
        if self.current is not None and not self.computing:
            self.current.settle("left")

    def pause_writing(self) -> None:
        """The client does not read as fast as we write."""
        self.flow.pause_writing()

    def resume_writing(self) -> None:
        """The client has read."""
        self.flow.resume_writing()
        if self.performance is not None:
            self.performance.drained()
        elif self.current is not None and self.current.ended:
            self.current = None
            self.proceed()

    def shutdown(self) -> None:
        """The server stops: who waits for nothing, or for something slow on purpose, is let go at once."""
        if self.computing:
            assert self.current is not None
            self.current.last = self.deaf = True
            return
        if self.current is not None:
            self.current.settle("close")
        self.leave()

    def _watch(self) -> None:
        """Close when idle. One timer a connection, set anew when it has gone off: cheaper than one a request."""
        rest = self.active + self.limits.idle - self.now() if self.current is None else self.limits.idle
        if rest > 0:
            self.timeout_keep_alive_task = self.loop.call_later(rest, self._watch)
        else:
            self.leave()

    # --------------------------------------------------------------------------------------------------------- the parser

    def _parse_in_slices(self, data: memoryview) -> None:
        for start in range(0, len(data), SLICE):
            if self.current is not None:
                self.backlog.appendleft(data[start:])
                self.flow.pause_reading()
                return
            self._parse(data[start : start + SLICE])

    def _parse(self, data: bytes | memoryview) -> None:
        rest = data
        while rest and not self.deaf:
            self.taken += len(rest)
            try:
                self.parser.feed_data(rest)
                rest = b""
            except HttpParserUpgrade as upgrade:
                rest = rest[upgrade.args[0] :]
                self._decline_upgrade(rest)
            except HttpParserError as error:
                self._misunderstood(error, data)
        if self.open and not self.deaf:
            self._unfinished(data)

    def _decline_upgrade(self, rest: bytes | memoryview) -> None:
        """Go on in HTTP/1.1 behind a request that offered something else.

        The parser takes such a request to end with its head. Java's client sends bodies with it (Upgrade: h2c), so a new
        parser is told of a request that is framed alike and reads on.
        """
        self.taken -= len(rest)
        if self.filling is not None and self.filling.framing is not None:
            self.parser = _parser(self)
            self.replaying = True
            self.parser.feed_data(self.filling.framing)
            self.replaying = False

    def _unfinished(self, data: bytes | memoryview) -> None:
        """The message goes on in the next piece, unless it is too long already."""
        if len(self.early) < RAW:
            self.early += bytes(data[: RAW - len(self.early)])
        if self.taken <= self.most:
            self._invite()
        elif self.filling is None:
            self._refuse(*self._too_long(), self.early)
        else:
            self.filling.last = self.filling.lingers = True
            self.on_message_complete()

    def _too_long(self) -> tuple[HTTPStatus, str]:
        if len(self.url) > self.limits.head // 2:
            return HTTPStatus.REQUEST_URI_TOO_LONG, "The request target is too long"
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The request's head is too large"

    def _invite(self) -> None:
        """Ask for a body that waits to be asked for; not before it is that request's turn to hear from us."""
        cycle = self.filling
        if cycle is not None and cycle.expects and self.current is None:
            cycle.expects = False
            if not cycle.parts:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _misunderstood(self, error: HttpParserError, data: bytes | memoryview) -> None:
        raw = (self.early + bytes(data[:RAW]))[:RAW]
        cause = error.__context__
        if isinstance(cause, Refusal):
            self._refuse(cause.status, str(cause), raw)
        elif isinstance(error, HttpParserCallbackError):
            logger.error("Error in the shell", exc_info=cause)
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal Server Error", raw)
        else:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error), raw)

    def _refuse(self, status: HTTPStatus, reason: str, raw: bytes) -> None:
        """Answer what is no request, in its turn, and close."""
        self.deaf = True
        self.open = False
        self.filling = None
        try:
            broken = getattr(self.wsgi, "broken", None)
            if broken is not None:
                broken(raw, reason, self.door)
        except Exception:
            logger.exception("Error in the application's broken()")
        cycle = Cycle({}, last=True, old=False)
        cycle.lingers = True
        cycle.say(status, reason.encode("utf-8", "replace") + b"\n")
        self._take(cycle)

    # ----------------------------------------------------------------------------------------------- the parser's callbacks

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self.url = b""
        self.headers = []
        self.open = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; or, behind a chunked body, a trailer, which nobody will look at."""
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is there: all of the environ but the body."""
        if self.deaf or self.replaying:
            return
        if self.taken > self.limits.head and self._head_size() > self.limits.head:
            raise Refusal(*self._too_long())
        protocol = VERSIONS.get(self.parser.get_http_version())
        if protocol is None:
            raise Refusal(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "HTTP/1.1 and HTTP/1.0 are spoken here")
        environ = self.base.copy()
        method = self.parser.get_method().decode("ascii")
        environ["REQUEST_METHOD"] = method
        environ["SERVER_PROTOCOL"] = protocol
        marks = fill(environ, self.headers)
        locate(environ, self.url)
        cycle = Cycle(environ, last=not self.parser.should_keep_alive(), old=protocol == "HTTP/1.0")
        cycle.bare = method == "HEAD"
        if marks or method == "CONNECT":
            self._mark(cycle, marks)
        self.filling = cycle
        self.most = self.taken + FLOOD * self.limits.body

    def _head_size(self) -> int:
        """Bytes of request line and headers: separators and line ends included, all but the method exactly."""
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _mark(self, cycle: Cycle, marks: int) -> None:
        """What the rarer headers ask for."""
        if marks & (LENGTH | CHUNKED):
            cycle.environ["CONTENT_LENGTH"] = "0"
        if marks & EXPECT and not cycle.old:
            cycle.expects = cycle.environ["HTTP_EXPECT"].lower() == "100-continue"
        if cycle.environ["REQUEST_METHOD"] == "CONNECT":
            cycle.last = True  # what follows is another protocol's
        elif marks & UPGRADE and marks & (LENGTH | CHUNKED) and self.parser.should_upgrade():
            cycle.framing = self._framing()

    def _framing(self) -> bytes:
        lines = [b"%s: %s\r\n" % pair for pair in self.headers if MARKS.get(pair[0].lower(), 0) & (LENGTH | CHUNKED)]
        return b"POST / HTTP/1.1\r\n" + b"".join(lines) + b"\r\n"

    def on_body(self, body: bytes) -> None:
        """A piece of the body, kept as far as the cap allows."""
        cycle = self.filling
        if cycle is None:
            return
        room = self.limits.body - cycle.size
        if len(body) > room:
            cycle.environ["mockserver.overflow"] = True
            body = body[:room]
        cycle.size += len(body)
        cycle.parts.append(body)

    def on_message_complete(self) -> None:
        """The request is there: answer it, or let it wait."""
        cycle = self.filling
        if cycle is None:
            return
        if cycle.framing is not None and self.parser.should_upgrade():
            return  # its body is still to come: _decline_upgrade
        self.filling = None
        self.open = False
        self.taken, self.most, self.early = 0, self.limits.head, b""
        environ = cycle.environ
        body = b"".join(cycle.parts)
        if body:
            environ["CONTENT_LENGTH"] = str(len(body))
        environ["mockserver.body"] = body
        environ["wsgi.input"] = BytesIO(body)
        if cycle.last:
            self.deaf = True
        self._take(cycle)

    # ------------------------------------------------------------------------------------------------------------ the turns

    def _take(self, cycle: Cycle) -> None:
        if self.current is None:
            self._start(cycle)
        else:
            self.queue.append(cycle)
            if not self.deaf:
                self.flow.pause_reading()

    def _start(self, cycle: Cycle) -> None:
        self.current = cycle
        if cycle.status:  # a refusal
            self._answer(cycle)
        elif cycle.environ["PATH_INFO"].startswith(POOLED):
            self.computing = True
            self.pool.submit(self._compute, cycle)
        else:
            cycle.call(self.wsgi)
            self._answer(cycle)

    def _compute(self, cycle: Cycle) -> None:
        """On a thread of the pool."""
        cycle.call(self.wsgi)
        try:
            self.loop.call_soon_threadsafe(self._computed, cycle)
        except RuntimeError:
            logger.debug("The server stopped before the answer was there")

    def _computed(self, cycle: Cycle) -> None:
        self.computing = False
        self._answer(cycle)
        self.proceed()

    def _answer(self, cycle: Cycle) -> None:
        """Put the answer on the wire, at once or as its delivery says, or wait for it."""
        promise = cycle.environ.pop(PENDING, None)
        if promise is not None:
            self._wait(cycle, promise)
            return
        if self.lost or self.transport.is_closing():
            cycle.settle("left")
            return
        head = self.head(cycle)
        delivery = cycle.environ.get(TIMING, AT_ONCE)
        if delivery is AT_ONCE:
            payload = cycle.payload()
            if len(payload) > COPIED:
                self.write(cycle, head)
                self.write(cycle, payload)
            else:
                self.write(cycle, head + payload)
            self.complete(cycle)
        else:
            self.performance = Performance(self, cycle, delivery, head)
            self.performance.begin()

    def _wait(self, cycle: Cycle, promise: Deferred | Stream) -> None:
        """Wait for what was promised, unless there is nobody to give it to."""
        if self.lost or self.transport.is_closing():
            promise.cancel()
            cycle.settle("left")
        elif self.half and not promise.is_over:
            # It went while the application thought; had it gone a moment later, the transport would have closed by itself.
            promise.cancel()
            cycle.settle("left")
            self.leave()
        else:
            if isinstance(promise, Stream):
                self.performance = Streaming(self, cycle, promise)
            else:
                self.performance = Waiting(self, cycle, promise)
            self.performance.begin()

    def keep(self, cycle: Cycle, answer: Response) -> None:
        """Give the answer that was promised, and go on."""
        self.performance = None
        cycle.become(answer)
        self._answer(cycle)
        self.proceed()

    def proceed(self) -> None:
        """The next request, if it is its turn: from the queue, else from the backlog, else from the client."""
        while self.current is None and not self.lost:
            if self.queue:
                self._start(self.queue.popleft())
            elif self.backlog and not self.deaf:
                data = self.backlog.popleft()
                self._parse_in_slices(memoryview(data))
            else:
                self._rest()
                return

    def _rest(self) -> None:
        """Nothing is left to answer."""
        self.active = self.now()
        if self.half:
            self.leave()
        if not self.deaf:
            self.flow.resume_reading()
            self._invite()

    # ------------------------------------------------------------------------------------------------- what is done to a client

    def head(self, cycle: Cycle) -> bytes:
        """Status line and headers; if they cannot be written as such, those of a failure, which the cycle is then."""
        try:
            return cycle.head(self.now())
        except (ValueError, TypeError):
            logger.exception("Error in the answer to %s", cycle.environ.get("mockserver.target"))
            cycle.fail()
            return cycle.head(self.now())

    def write(self, cycle: Cycle, piece: bytes) -> None:
        """Send bytes of an answer."""
        if piece:
            self.transport.write(piece)
            cycle.sent += len(piece)

    def complete(self, cycle: Cycle) -> None:
        """The answer is out and whole."""
        self.performance = None
        cycle.settle("complete")
        if cycle.last:
            self.leave(lingers=cycle.lingers)
        elif self.flow.write_paused:
            cycle.ended = True  # it stays the current one until the client has read
        else:
            self.current = None

    def leave(self, *, lingers: bool = False) -> None:
        """Close, when all that was written is out.

        A client that is still sending would get a reset for it and might lose the answer; ``lingers`` closes our half first,
        where there are halves (not in TLS), and hears it out for a moment.
        """
        self._forget()
        self.current = None
        if lingers and not self.transport.is_closing():
            self._unset_keepalive_if_required()
            self.flow.resume_reading()
            if self.transport.can_write_eof():
                with contextlib.suppress(OSError):  # asyncio's own loop finds out here that the client has gone
                    self.transport.write_eof()
            self.timeout_keep_alive_task = self.loop.call_later(PARTING, self.transport.close)
        else:
            self.transport.close()

    def hang(self, cycle: Cycle) -> None:
        """Stay silent until the client leaves; it is the current one for ever, so no idle time-out closes it."""
        self._forget()
        self.flow.resume_reading()  # who does not read does not see anyone leave
        cycle.settle("hang")

    def reset(self) -> None:
        """Send RST in place of FIN, behind all that was written."""
        self._forget()
        self.current = None
        end_in_reset(self.transport)
        if self.scheme == "http":
            self.transport.close()
        else:
            # To close would be to say good-bye in TLS first. What the kernel has not taken by then is lost.
            self.loop.call_soon(self.transport.abort)

    def drop(self, cycle: Cycle) -> None:
        """Close at once, with all that is not out: the client does not read."""
        cycle.settle("dropped")
        self._forget()
        self.current = None
        self.transport.abort()

    def _forget(self) -> None:
        """Nothing of what the client said or will say is answered any more."""
        self.deaf = True
        self.queue.clear()
        self.backlog.clear()
        if self.performance is not None:
            self.performance.cancel()
            self.performance = None


def end_in_reset(transport: asyncio.Transport) -> None:
    """Have RST sent in place of FIN when the transport closes."""
    # A twin of the descriptor, because uvloop's own socket object has no options to set.
    with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as twin:
        twin.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _parser(protocol: Shell) -> HttpRequestParser:
    parser = HttpRequestParser(protocol)
    # Not an error of the client's: what follows a last request is dropped by us.
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    return parser
