"""``requests`` without a socket: ``session.mount("https://", RequestsAdapter(world))``."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from .inmemory import InMemoryConnection, InMemoryNetwork

if TYPE_CHECKING:
    from collections.abc import Mapping

    from requests import PreparedRequest, Response

    from mockserver.client import WorldClient


class RequestsAdapter(HTTPAdapter):
    """An adapter that answers as a world does, in this process and at once.

    Everything above the socket is requests' and urllib3's own, so a fault raises what it raises there. No time passes:
    a delay that is longer than the read time-out raises `requests.ReadTimeout` at once, a shorter one is skipped.
    """

    def __init__(self, world: WorldClient, **options: Any) -> None:
        """Be ready for any host.

        Args:
            world: who answers, whatever the host and the credentials' owner; a server's or application's in this process.
            options: of `requests.adapters.HTTPAdapter`, such as ``max_retries``.

        Raises:
            ValueError: the world is another process's.
        """
        self._switchboard = InMemoryNetwork(world)
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Let the pools make connections of ours."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _pools(self._switchboard)

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002 - nothing is between us
    ) -> Response:
        """Answer."""
        return super().send(request, stream=stream, timeout=timeout, verify=verify, cert=cert, proxies=None)


def _pools(network: InMemoryNetwork) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(_Connection, HTTPConnection):
        switch = network

    class Tls(_Connection, HTTPSConnection):
        switch = network
        is_tls = True

    # Of the same names, which are in the texts of urllib3's exceptions.
    plain = type("HTTPConnectionPool", (HTTPConnectionPool,), {"ConnectionCls": Plain})
    tls = type("HTTPSConnectionPool", (HTTPSConnectionPool,), {"ConnectionCls": Tls})
    return {"http": plain, "https": tls}


class _Connection:
    """A connection of urllib3's without a socket below it."""

    switch: InMemoryNetwork
    is_tls = False
    host: str
    port: int
    sock: Any
    is_verified: bool

    def connect(self) -> None:
        """Be connected."""
        self.sock = _Socket(self.switch.connect(self.host, self.port, is_tls=self.is_tls))
        self.is_verified = True  # there is no one else who could have answered

    @property
    def is_connected(self) -> bool:
        """Whether it can be used for one more request."""
        return self.sock is not None and not self.sock.line.has_news


class _Socket:
    """As much of a socket as http.client asks of one."""

    def __init__(self, line: InMemoryConnection) -> None:
        self.line = line
        self._timeout: float | None = None
        self._users = 1

    def settimeout(self, timeout: float | None) -> None:
        """Seconds that a read may take."""
        self._timeout = timeout

    def gettimeout(self) -> float | None:
        """Likewise."""
        return self._timeout

    def sendall(self, data: bytes) -> None:
        """Say it."""
        self.line.say(bytes(data))

    def recv(self, most: int) -> bytes:
        """Hear something."""
        return self.line.hear(most, self._timeout)

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        """A file that reads, for which the connection is kept until it is closed too."""
        self._users += 1
        return io.BufferedReader(_Reader(self))

    def shutdown(self, _how: int) -> None:
        """Hear no more."""
        self.line.hang_up()

    def close(self) -> None:
        """One who used it does no longer."""
        self._users -= 1
        if self._users <= 0:
            self.line.hang_up()


class _Reader(io.RawIOBase):
    def __init__(self, own: _Socket) -> None:
        self._own = own

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._own.recv(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._own.close()
