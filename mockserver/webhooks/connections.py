"""The HTTP connections on which webhooks are sent, and the pool of idle ones.

A response is read as leniently as ``http.client`` reads it, and its exceptions say what is wrong with one: receivers are
programs of all kinds, and what a lenient provider takes for an acknowledgement is one.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from http.client import BadStatusLine, HTTPException, IncompleteRead, LineTooLong, RemoteDisconnected, UnknownProtocol
from typing import NamedTuple, cast

from mockserver.engine.deliveries import Outcome

MAX_LINE = 65536
"""Bytes of a line of a response's head."""
MAX_HEADERS = 100
"""Headers of a response, and lines after a chunked body."""
MAX_HEAD = 262144
"""Bytes of a response's head."""
MAX_INTERIM = 100
"""Interim responses before the response."""
MAX_CHUNKS = 4096
"""Chunks of a body that are read; the rest is like bytes beyond the limit of a body."""
MAX_IDLE = 64
"""Idle connections that are kept, to all receivers together."""

_STATUS_LINE = re.compile(rb"(HTTP/\S*)\s+([1-9][0-9]{2})(?:\s.*)?", re.DOTALL)
_HEADER = re.compile(r"([!-9;-~]+):[ \t]*(.*)", re.DOTALL)
_BLANK = (b"\r\n", b"\n", b"")
"""Lines that end a head; the last is the end of the connection."""


class _Head(NamedTuple):
    is_persistent: bool
    """Whether the connection may stay open after the response, as its version and headers say."""
    status: int
    headers: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


class WebhookConnection(asyncio.Protocol):
    """An HTTP connection, which is used for one exchange at a time."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._buffer = bytearray()
        self._has_ended = False
        self._create_error: Callable[[], Exception] | None = None
        """Creates the error that ended the connection; one that is kept would keep, by its traceback, the connection."""
        self._waiter: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport

    # -- called by the event loop -------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none of its subclasses

    def data_received(self, data: bytes) -> None:
        """Keep what came until it is read."""
        self._buffer += data
        self._wake()

    def eof_received(self) -> None:
        """Note the end."""
        self._has_ended = True
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        """Note the end, and why."""
        self._has_ended = True
        if error is not None:
            self._create_error = partial(type(error), *error.args)
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # -- an exchange --------------------------------------------------------------------------------------------------

    async def exchange(self, method: str, request: bytes, body_bytes: int) -> tuple[Outcome, bool]:
        """Send the bytes of a request, and return its response and whether the connection can be used again.

        Args:
            method: the request's method.
            request: its bytes.
            body_bytes: how many bytes of the response's body to read at most.

        Raises:
            HTTPException: the response is not HTTP, or is incomplete.
            OSError: the connection broke.
        """
        self._transport.write(request)
        head, interim = await self._read_head(), 0
        while 100 <= head.status < 200 and head.status != 101:
            # RFC 9110, 15.2: "A client MUST be able to parse one or more 1xx responses received prior to a final
            # response, even if the client does not expect one." After 101 the connection no longer speaks HTTP.
            if (interim := interim + 1) > MAX_INTERIM:
                raise HTTPException(f"got more than {MAX_INTERIM} interim responses")
            head = await self._read_head()
        body, is_complete = await self._read_body(method, head, body_bytes)
        is_reusable = is_complete and head.is_persistent and head.status != 101 and self.is_silent()
        return Outcome(head.status, head.headers, body), is_reusable

    def is_silent(self) -> bool:
        """Return whether nothing has come since the last response: no byte, and no end of the connection."""
        if self._buffer or self._has_ended or self._transport.is_closing():
            return False
        try:
            self._sock.recv(1, socket.MSG_PEEK)  # what the loop has not noticed yet
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    def disconnect(self) -> None:
        """Close the connection, without waiting for anything."""
        self._transport.abort()

    async def _read_head(self) -> _Head:
        line = await self._read_line("status line")
        if not line:
            raise RemoteDisconnected("Remote end closed connection without response")
        found = _STATUS_LINE.fullmatch(line)
        if found is None:
            raise BadStatusLine(line.decode("latin-1"))
        if not found[1].startswith((b"HTTP/1.", b"HTTP/0.9")):
            raise UnknownProtocol(found[1].decode("latin-1"))
        lines: list[str] = []
        size = 0
        while (line := await self._read_line("header line")) not in _BLANK:
            if len(lines) == MAX_HEADERS:
                raise HTTPException(f"got more than {MAX_HEADERS} headers")
            if (size := size + len(line)) > MAX_HEAD:
                raise HTTPException(f"got more than {MAX_HEAD} bytes of headers")
            lines.append(line.decode("latin-1").rstrip("\r\n"))
        head = _Head(False, int(found[2]), tuple(_parse_headers(lines)))
        connection = (head.get("connection") or "").lower()
        if found[1] in (b"HTTP/1.0", b"HTTP/0.9"):
            return head._replace(is_persistent="keep-alive" in connection or head.get("keep-alive") is not None)
        return head._replace(is_persistent="close" not in connection)

    async def _read_body(self, method: str, head: _Head, most: int) -> tuple[bytes, bool]:
        """Return the beginning of the body, and whether that is all and another response can follow."""
        if method == "HEAD" or head.status in (204, 304) or head.status < 200:
            return b"", True
        if (head.get("transfer-encoding") or "").lower() == "chunked":
            return await self._read_chunks(most)
        length = head.get("content-length") or ""
        if length.isascii() and length.strip().isdigit():
            announced = int(length)
            body = await self._read(min(announced, most))
            if len(body) < min(announced, most):
                raise IncompleteRead(body, announced - len(body))
            return body, len(body) == announced
        return await self._read(most), False

    async def _read_chunks(self, most: int) -> tuple[bytes, bool]:
        body = bytearray()
        for _ in range(MAX_CHUNKS):
            line = await self._read_line("chunk size")
            try:
                size = int(line.partition(b";")[0], 16)
            except ValueError:
                raise IncompleteRead(bytes(body)) from None
            if size <= 0:
                return bytes(body), await self._has_read_trailers()
            wanted = min(size, most - len(body))
            piece = await self._read(wanted)
            body += piece
            if len(piece) < wanted:
                raise IncompleteRead(bytes(body), size - len(piece))
            if len(body) == most:
                break
            await self._read(2)  # the line's end
        return bytes(body), False

    async def _has_read_trailers(self) -> bool:
        """Read the lines after a chunked body, and return whether that were all."""
        for _ in range(MAX_HEADERS):
            if await self._read_line("trailer line") in _BLANK:
                return True
        return False

    # -- bytes --------------------------------------------------------------------------------------------------------

    async def _read_line(self, what: str) -> bytes:
        """Return a line with its end; what there is when the connection ends before."""
        searched = 0
        while (end := self._buffer.find(b"\n", searched) + 1) == 0:
            searched = len(self._buffer)
            if searched > MAX_LINE:
                raise LineTooLong(what)
            if not await self._has_more():
                end = searched
                break
        if end > MAX_LINE:
            raise LineTooLong(what)
        return self._take(end)

    async def _read(self, most: int) -> bytes:
        """Return so many bytes, or fewer when the connection ends before."""
        while len(self._buffer) < most and await self._has_more():
            pass
        return self._take(most)

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    async def _has_more(self) -> bool:
        """Wait for bytes, and return whether some came; ``False`` at the end of the connection.

        Raises:
            OSError: the connection broke.
        """
        if not self._has_ended:
            self._waiter = asyncio.get_running_loop().create_future()
            before = len(self._buffer)
            await self._waiter
            if len(self._buffer) > before:
                return True
        if self._create_error is not None:
            raise self._create_error()
        return False


def _parse_headers(lines: list[str]) -> list[tuple[str, str]]:
    """Return names and values; what follows a line that is no header is ignored."""
    headers: list[tuple[str, str]] = []
    for line in lines:
        if line.startswith((" ", "\t")) and headers:  # a value that continues
            name, value = headers[-1]
            headers[-1] = name, f"{value} {line.strip()}"
        elif found := _HEADER.fullmatch(line):
            headers.append((found[1], found[2]))
        else:
            break
    return headers


class ConnectionPool:
    """The idle connections to each origin, for all attempts.

    They are shared because a receiver that serves one connection at a time would otherwise wait for the one that another
    attempt keeps open.
    """

    def __init__(self, idle_timeout: float) -> None:
        self._idle_timeout = idle_timeout
        self._idle: OrderedDict[WebhookConnection, tuple[str, asyncio.TimerHandle]] = OrderedDict()

    def take(self, origin: str) -> WebhookConnection | None:
        """Return the connection to an origin that was used last, if it is not too old; ``None`` when there is none."""
        while (connection := self._newest(origin)) is not None:
            timer = self._remove(connection)
            if timer.when() > asyncio.get_running_loop().time() and connection.is_silent():
                return connection
            connection.disconnect()
        return None

    def put(self, origin: str, connection: WebhookConnection) -> None:
        """Keep a connection whose response has been read to its end, until it has been idle for too long."""
        timer = asyncio.get_running_loop().call_later(self._idle_timeout, self._discard, connection)
        self._idle[connection] = origin, timer
        if len(self._idle) > MAX_IDLE:
            self._discard(next(iter(self._idle)))

    def close(self) -> None:
        """Close all idle connections."""
        for connection in tuple(self._idle):
            self._discard(connection)

    def _newest(self, origin: str) -> WebhookConnection | None:
        return next((each for each in reversed(self._idle) if self._idle[each][0] == origin), None)

    def _remove(self, connection: WebhookConnection) -> asyncio.TimerHandle:
        _, timer = self._idle.pop(connection)
        timer.cancel()
        return timer

    def _discard(self, connection: WebhookConnection) -> None:
        self._remove(connection)
        connection.disconnect()
