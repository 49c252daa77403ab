"""HTTP connections of the webhook sender, on ``http.client``, and the pool that keeps idle ones."""

from __future__ import annotations

import contextlib
import io
import socket
import ssl
import threading
from collections import OrderedDict
from collections.abc import Iterable
from http.client import HTTPConnection, HTTPResponse
from typing import Any

from mockserver.engine.instants import Instant

from .attempt import RunningAttempt

HOSTS_KEPT = 32
"""The number of receivers whose idle connections are kept."""


class WebhookConnection(HTTPConnection):
    """An HTTP connection over an open socket. Every read and write ends at the deadline of the current attempt."""

    auto_open = 0
    last_used_at: Instant = 0
    """When its last response ended, in microseconds of the attempt's stopwatch."""

    def __init__(self, host: str, port: int, sock: socket.socket) -> None:
        super().__init__(host, port)
        self.sock = sock
        self._input = _Input(sock)
        self._reader = _Reader(self._input)

    def exchange(
        self, method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes, attempt: RunningAttempt
    ) -> HTTPResponse:
        """Send a request with exactly these headers, and return its response when its head has been read."""
        self._input.attempt = attempt
        self.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            self.putheader(name, value)
        with contextlib.suppress(BrokenPipeError):  # a receiver may respond before it has read the request
            self.endheaders(body or None)
        return self.getresponse()

    def send(self, data: Any) -> None:
        """Write within the attempt's deadline."""
        self._input.attempt.set_socket(self.sock)
        super().send(data)

    def response_class(self, sock: socket.socket, *args: Any, **options: Any) -> HTTPResponse:  # type: ignore[override]  # noqa: ARG002  # http.client only calls it
        """Create the response that ``http.client`` reads."""
        return _FinalResponse(self, *args, **options)  # type: ignore[arg-type]  # of a socket it uses makefile alone

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002  # http.client asks for "rb"
        """Return the reader of this connection. It is one for all responses, so no byte that follows one is lost."""
        return self._reader

    def is_reusable(self) -> bool:
        """Return whether nothing has come since the last response: no byte, and no end of the connection."""
        return self._input.has_nothing(self._reader)

    def disconnect(self) -> None:
        """Close the socket."""
        self.close()
        self._input.close()


class _FinalResponse(HTTPResponse):
    """A response whose interim responses are skipped.

    RFC 9110, 15.2: "A client MUST be able to parse one or more 1xx responses received prior to a final response, even if
    the client does not expect one."
    """

    def begin(self) -> None:
        super().begin()
        while 100 <= self.status < 200 and self.status != 101:  # after 101 the connection no longer speaks HTTP
            self.headers = self.msg = None  # type: ignore[assignment]  # then begin() reads the next head
            super().begin()


class _Reader(io.BufferedReader):
    """A reader that ``http.client`` cannot close: it does so at the end of each response."""

    def close(self) -> None:
        pass


class _Input(io.RawIOBase):
    """What the receiver sends. Every read ends at the deadline of the attempt."""

    attempt: RunningAttempt

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._file = sock.makefile("rb", buffering=0)
        self._is_polled = False
        self._has_ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._is_polled:
            return self._read_at_once(buffer)
        self._sock.settimeout(self.attempt.seconds_left())
        try:
            return self._file.readinto(buffer)
        except TimeoutError:
            raise self.attempt.timeout_error() from None

    def _read_at_once(self, buffer: Any) -> int | None:
        self._sock.settimeout(0)
        try:
            read = self._file.readinto(buffer)
        except ssl.SSLWantReadError:
            return None
        self._has_ended = read == 0
        return read

    def has_nothing(self, reader: io.BufferedReader) -> bool:
        self._is_polled = True
        try:
            return not reader.peek(1) and not self._has_ended
        except OSError:
            return False
        finally:
            self._is_polled = False

    def close(self) -> None:
        self._file.close()
        super().close()


class ConnectionPool:
    """The idle connections to each origin, for all sending threads.

    They are shared because a receiver that serves one connection at a time would otherwise wait for the one that another
    thread keeps open.
    """

    def __init__(self) -> None:
        self._idle: OrderedDict[str, list[WebhookConnection]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, origin: str, since: Instant) -> WebhookConnection | None:
        """Return the connection to an origin that was used last and not before an instant; ``None`` when there is none."""
        while True:
            with self._lock:
                idle = self._idle.get(origin)
                if not idle:
                    return None
                connection = idle.pop()
            if connection.last_used_at > since and connection.is_reusable():
                return connection
            connection.disconnect()

    def put(self, origin: str, connection: WebhookConnection) -> None:
        """Keep a connection whose response has been read to its end."""
        unused: list[WebhookConnection] = []
        with self._lock:
            self._idle.setdefault(origin, []).append(connection)
            self._idle.move_to_end(origin)
            if len(self._idle) > HOSTS_KEPT:
                _, unused = self._idle.popitem(last=False)
        for each in unused:
            each.disconnect()

    def close(self) -> None:
        """Close all idle connections."""
        with self._lock:
            unused = [connection for idle in self._idle.values() for connection in idle]
            self._idle.clear()
        for connection in unused:
            connection.disconnect()
