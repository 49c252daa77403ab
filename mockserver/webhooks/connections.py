"""urllib3 connections that use checked addresses and the attempt's deadline."""

from __future__ import annotations

import io
import socket
from typing import TYPE_CHECKING, Any

from mockserver.engine.instants import SECOND, Instant

from .attempt import RunningAttempt

if TYPE_CHECKING:
    from http.client import HTTPResponse

    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection as _Connection

    from .http_client import HttpClient
else:  # requests is imported by the first job
    _Connection = object

HOSTS_KEPT = 32
"""The number of receivers with a connection pool."""


class PinnedConnection(_Connection):
    """A urllib3 connection to a checked address, which keeps to the deadline of the thread's current attempt."""

    client: HttpClient
    _last_used_at: Instant = 0

    def _new_conn(self) -> socket.socket:
        """Open the socket. urllib3 documents this method for subclasses that connect in another way."""
        return self.client.open_connection()

    def connect(self) -> None:
        """Connect within `WebhookConfig.connect_timeout`."""
        try:
            super().connect()
        except TimeoutError:
            raise self.client.connect_timeout_error() from None
        self.client.attempt.set_socket(self.sock)

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **options: Any) -> None:  # noqa: ARG002
        """Write a request with the attempt's headers."""
        super().request(method, url, body, self.client.attempt.headers, **options)

    def putrequest(self, method: str, url: str, *args: Any, **options: Any) -> None:  # noqa: ARG002  # it is "/", so in urllib3's logs too
        """Write the request line with the attempt's target."""
        super().putrequest(method, self.client.attempt.url.target, *args, **options)

    def send(self, data: Any) -> None:
        """Write within the attempt's deadline."""
        if self.sock is not None:
            self.client.attempt.set_socket(self.sock)
        super().send(data)

    def response_class(self, sock: socket.socket, *args: Any, **options: Any) -> HTTPResponse:  # type: ignore[override]  # http.client only calls it
        """Create a response that is read within the attempt's deadline."""
        from http.client import HTTPResponse

        self._last_used_at = self.client.attempt.now()
        return HTTPResponse(_DeadlineSocket(sock, self.client.attempt), *args, **options)  # type: ignore[arg-type]  # all that it uses

    @property
    def is_connected(self) -> bool:
        """Whether it can be reused. Servers close idle connections after some seconds, and a request sent at that moment is lost."""
        return (
            super().is_connected and self.client.attempt.now() - self._last_used_at < self.client.idle_timeout * SECOND
        )


class _DeadlineSocket:
    """The socket that ``http.client`` reads a response from; every read ends at the attempt's deadline."""

    def __init__(self, sock: socket.socket, attempt: RunningAttempt) -> None:
        self._sock = sock
        self._attempt = attempt

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002  # http.client asks for "rb"
        return io.BufferedReader(_DeadlineReader(self._sock, self._attempt))


class _DeadlineReader(io.RawIOBase):
    def __init__(self, sock: socket.socket, attempt: RunningAttempt) -> None:
        self._sock = sock
        self._attempt = attempt
        self._file = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._attempt.seconds_left())
        try:
            return self._file.readinto(buffer)
        except TimeoutError:
            raise self._attempt.timeout_error() from None

    def close(self) -> None:
        self._file.close()
        super().close()


def create_adapter(client: HttpClient, parallel: int) -> HTTPAdapter:
    """Create an adapter whose connections are `PinnedConnection`."""
    from requests.adapters import HTTPAdapter
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
    from urllib3.connection import HTTPConnection, HTTPSConnection

    plain = type("_Plain", (PinnedConnection, HTTPConnection), {"client": client})
    secure = type("_Secure", (PinnedConnection, HTTPSConnection), {"client": client})
    adapter = HTTPAdapter(pool_connections=HOSTS_KEPT, pool_maxsize=parallel)
    adapter.poolmanager.pool_classes_by_scheme = {
        "http": type("_PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("_SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }
    return adapter
