"""An adapter for ``requests`` without sockets: ``session.mount("https://", RequestsAdapter(world))``."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Self

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from .inmemory import InMemoryConnection, InMemoryNetwork, WorldBound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from requests import PreparedRequest, Response

    from mockserver.client import WorldClient


class RequestsAdapter(WorldBound, HTTPAdapter):
    """An adapter that sends requests to a world in this process, without waiting.

    Everything above the socket is requests' and urllib3's own code, so a fault raises the same exception as on a real
    connection. No time passes: a delay that is longer than the read time-out raises `requests.ReadTimeout` at once, a
    shorter one is skipped. A copy of it, or of its session, reaches the same world; it cannot be pickled.
    """

    def __init__(self, world: WorldClient, **options: Any) -> None:
        """Create an adapter for any host.

        Args:
            world: the world that receives the requests, whatever their host and credentials; its server or application
                must be in this process.
            options: options of `requests.adapters.HTTPAdapter`, such as ``max_retries``.

        Raises:
            ValueError: the world's server is in another process.
        """
        self._world = world
        self._options = options
        self._network = InMemoryNetwork(world)
        super().__init__(**options)

    def _another(self) -> Self:
        other = type(self)(self._world, **self._options)
        other.max_retries = self.max_retries
        return other

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Have the pools create connections without sockets."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _pools(self._network)

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002 - no proxy is used
    ) -> Response:
        """Send a request to the world, and return its response."""
        return super().send(request, stream=stream, timeout=timeout, verify=verify, cert=cert, proxies=None)


def _pools(network: InMemoryNetwork) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(_Connection, HTTPConnection):
        world_network = network

    class Tls(_Connection, HTTPSConnection):
        world_network = network
        is_tls = True

    # The same names as urllib3's own, because they appear in the messages of its exceptions.
    plain = type("HTTPConnectionPool", (HTTPConnectionPool,), {"ConnectionCls": Plain})
    tls = type("HTTPSConnectionPool", (HTTPSConnectionPool,), {"ConnectionCls": Tls})
    return {"http": plain, "https": tls}


class _Connection:
    """The part of a urllib3 connection that replaces its socket."""

    world_network: InMemoryNetwork
    is_tls = False
    host: str
    port: int
    sock: Any
    is_verified: bool

    def connect(self) -> None:
        """Connect to the world."""
        self.sock = _Socket(self.world_network.connect(self.host, self.port, is_tls=self.is_tls))
        self.is_verified = True  # without a network, no other server can respond

    @property
    def is_connected(self) -> bool:
        """Whether it can be used for another request."""
        return self.sock is not None and not self.sock.connection.is_readable


class _Socket:
    """The part of a socket that http.client uses."""

    def __init__(self, connection: InMemoryConnection) -> None:
        self.connection = connection
        self._timeout: float | None = None
        self._users = 1

    def settimeout(self, timeout: float | None) -> None:
        """Set the seconds that a read may take; ``None`` for no limit."""
        self._timeout = timeout

    def gettimeout(self) -> float | None:
        """Return the seconds that a read may take; ``None`` for no limit."""
        return self._timeout

    def sendall(self, data: bytes) -> None:
        """Send bytes."""
        self.connection.send(bytes(data))

    def recv(self, most: int) -> bytes:
        """Receive bytes; ``b""`` at the end."""
        return self.connection.receive(most, self._timeout)

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        """Return a file to read from. The connection stays open until the file is closed too."""
        self._users += 1
        return io.BufferedReader(_Reader(self))

    def shutdown(self, _how: int) -> None:
        """Close the connection."""
        self.connection.close()

    def close(self) -> None:
        """Close the socket, or one of its files; the last one closes the connection."""
        self._users -= 1
        if self._users <= 0:
            self.connection.close()


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
