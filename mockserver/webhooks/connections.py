"""Connections of urllib3 that are made, written and read on our terms."""

from __future__ import annotations

import io
import socket
from typing import TYPE_CHECKING, Any

from mockserver.engine.instants import SECOND, Instant

from .attempt import AttemptConnection

if TYPE_CHECKING:
    from http.client import HTTPResponse

    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection as _Connection

    from .http_client import HttpClient
else:  # requests is imported by the first job
    _Connection = object

HOSTS_KEPT = 32
"""Receivers whose connections are kept."""


class PinnedConnection(_Connection):
    """A connection of urllib3 that is made, written and read as the thread's attempt says."""

    wire: HttpClient
    _left_at: Instant = 0

    def _new_conn(self) -> socket.socket:
        """A place that urllib3 keeps for those who connect in another way."""
        return self.wire.connected()

    def connect(self) -> None:
        """Connect within the time that there is for it."""
        try:
            super().connect()
        except TimeoutError:
            raise self.wire.slow() from None
        self.wire.attempt_connection.hold(self.sock)

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **how: Any) -> None:  # noqa: ARG002
        """Write a request with the attempt's own headers."""
        super().request(method, url, body, self.wire.attempt_connection.headers, **how)

    def putrequest(self, method: str, url: str, *args: Any, **how: Any) -> None:  # noqa: ARG002  # it is "/", so in urllib3's logs too
        """Write the attempt's own target."""
        super().putrequest(method, self.wire.attempt_connection.place.target, *args, **how)

    def send(self, data: Any) -> None:
        """Write, no longer than may be."""
        if self.sock is not None:
            self.wire.attempt_connection.hold(self.sock)
        super().send(data)

    def response_class(self, sock: socket.socket, *args: Any, **how: Any) -> HTTPResponse:  # type: ignore[override]  # http.client only calls it
        """Read an answer, no longer than may be."""
        from http.client import HTTPResponse

        self._left_at = self.wire.attempt_connection.now()
        return HTTPResponse(_Timed(sock, self.wire.attempt_connection), *args, **how)  # type: ignore[arg-type]  # all that it uses

    @property
    def is_connected(self) -> bool:
        """Whether it can be used again. Servers close idle connections after some seconds, and one that is being closed loses a request."""
        return super().is_connected and self.wire.attempt_connection.now() - self._left_at < self.wire.linger * SECOND


class _Timed:
    """What ``http.client`` reads an answer from: a connection whose every read ends with the attempt."""

    def __init__(self, sock: socket.socket, attempt_connection: AttemptConnection) -> None:
        self._sock = sock
        self._attempt_connection = attempt_connection

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002  # http.client asks for "rb"
        return io.BufferedReader(_TimedReader(self._sock, self._attempt_connection))


class _TimedReader(io.RawIOBase):
    def __init__(self, sock: socket.socket, attempt_connection: AttemptConnection) -> None:
        self._sock = sock
        self._attempt_connection = attempt_connection
        self._below = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._attempt_connection.left())
        try:
            return self._below.readinto(buffer)
        except TimeoutError:
            raise self._attempt_connection.late() from None

    def close(self) -> None:
        self._below.close()
        super().close()


def adapter_of(wire: HttpClient, parallel: int) -> HTTPAdapter:
    """An adapter whose connections are on our terms."""
    from requests.adapters import HTTPAdapter
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
    from urllib3.connection import HTTPConnection, HTTPSConnection

    plain = type("_Plain", (PinnedConnection, HTTPConnection), {"wire": wire})
    secure = type("_Secure", (PinnedConnection, HTTPSConnection), {"wire": wire})
    adapter = HTTPAdapter(pool_connections=HOSTS_KEPT, pool_maxsize=parallel)
    adapter.poolmanager.pool_classes_by_scheme = {
        "http": type("_PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("_SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }
    return adapter
