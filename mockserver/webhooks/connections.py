"""Connections of urllib3 that are made, written and read on our terms."""

from __future__ import annotations

import io
import socket
from typing import TYPE_CHECKING, Any

from mockserver.engine.instants import SECOND, Instant

from .attempt import Errand

if TYPE_CHECKING:
    from http.client import HTTPResponse

    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection as _Connection

    from .http_client import Wire
else:  # requests is imported by the first job
    _Connection = object

HOSTS_KEPT = 32
"""Receivers whose connections are kept."""


class OnOurTerms(_Connection):
    """A connection of urllib3 that is made, written and read as the thread's errand says."""

    wire: Wire
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
        self.wire.errand.hold(self.sock)

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **how: Any) -> None:  # noqa: ARG002
        """Write a request with the errand's own headers."""
        super().request(method, url, body, self.wire.errand.headers, **how)

    def putrequest(self, method: str, url: str, *args: Any, **how: Any) -> None:  # noqa: ARG002  # it is "/", so in urllib3's logs too
        """Write the errand's own target."""
        super().putrequest(method, self.wire.errand.place.target, *args, **how)

    def send(self, data: Any) -> None:
        """Write, no longer than may be."""
        if self.sock is not None:
            self.wire.errand.hold(self.sock)
        super().send(data)

    def response_class(self, sock: socket.socket, *args: Any, **how: Any) -> HTTPResponse:  # type: ignore[override]  # http.client only calls it
        """Read an answer, no longer than may be."""
        from http.client import HTTPResponse

        self._left_at = self.wire.errand.now()
        return HTTPResponse(_Timed(sock, self.wire.errand), *args, **how)  # type: ignore[arg-type]  # all that it uses

    @property
    def is_connected(self) -> bool:
        """Whether it can be used again. Servers close idle connections after some seconds, and one that is being closed loses a request."""
        return super().is_connected and self.wire.errand.now() - self._left_at < self.wire.linger * SECOND


class _Timed:
    """What ``http.client`` reads an answer from: a connection whose every read ends with the errand."""

    def __init__(self, sock: socket.socket, errand: Errand) -> None:
        self._sock = sock
        self._errand = errand

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002  # http.client asks for "rb"
        return io.BufferedReader(_TimedReading(self._sock, self._errand))


class _TimedReading(io.RawIOBase):
    def __init__(self, sock: socket.socket, errand: Errand) -> None:
        self._sock = sock
        self._errand = errand
        self._below = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._errand.left())
        try:
            return self._below.readinto(buffer)
        except TimeoutError:
            raise self._errand.late() from None

    def close(self) -> None:
        self._below.close()
        super().close()


def adapter_of(wire: Wire, parallel: int) -> HTTPAdapter:
    """An adapter whose connections are on our terms."""
    from requests.adapters import HTTPAdapter
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
    from urllib3.connection import HTTPConnection, HTTPSConnection

    plain = type("_Plain", (OnOurTerms, HTTPConnection), {"wire": wire})
    secure = type("_Secure", (OnOurTerms, HTTPSConnection), {"wire": wire})
    adapter = HTTPAdapter(pool_connections=HOSTS_KEPT, pool_maxsize=parallel)
    adapter.poolmanager.pool_classes_by_scheme = {
        "http": type("_PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("_SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }
    return adapter
