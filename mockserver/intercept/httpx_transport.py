"""Transports for ``httpx`` without sockets, as in ``httpx.Client(transport=HttpxTransport(world))``."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import httpcore
import httpx

from .inmemory import InMemoryConnection, InMemoryNetwork, WorldBound

if TYPE_CHECKING:
    from mockserver.client import WorldClient


class HttpxTransport(WorldBound, httpx.HTTPTransport):
    """A transport that sends requests to a world in this process, without waiting.

    Everything above the socket is httpx's own code, so a fault raises the same exception as on a real connection. No time
    passes: a delay that is longer than the read time-out raises `httpx.ReadTimeout` at once, a shorter one is skipped.
    """

    def __init__(self, world: WorldClient) -> None:
        """Create a transport for any host.

        Args:
            world: the world that receives the requests, whatever their host and credentials; its server or application
                must be in this process.

        Raises:
            ValueError: the world's server is in another process.
        """
        self._world = world
        super().__init__(verify=False, trust_env=False)
        # httpx has no public way to give its pool a network backend.
        self._pool = httpcore.ConnectionPool(ssl_context=_context(), network_backend=_Backend(InMemoryNetwork(world)))

    def _another(self) -> Self:
        return type(self)(self._world)


class AsyncHttpxTransport(WorldBound, httpx.AsyncHTTPTransport):
    """`HttpxTransport` for `httpx.AsyncClient`. It never waits, so other tasks do not run during a request."""

    def __init__(self, world: WorldClient) -> None:
        """Create a transport; see `HttpxTransport`."""
        self._world = world
        super().__init__(verify=False, trust_env=False)
        backend = _AsyncBackend(InMemoryNetwork(world))
        self._pool = httpcore.AsyncConnectionPool(ssl_context=_context(), network_backend=backend)

    def _another(self) -> Self:
        return type(self)(self._world)


def _context() -> ssl.SSLContext:
    """Return a TLS context without certificates: httpcore requires one, but nothing is encrypted."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class _Wire:
    """A connection that is opened when the first byte is sent: only then is it known whether it is HTTPS."""

    def __init__(self, network: InMemoryNetwork, host: str, port: int) -> None:
        self.is_tls = False
        self._network = network
        self._address = host, port
        self._connection: InMemoryConnection | None = None

    def send(self, data: bytes) -> None:
        """Send bytes."""
        with _as_httpcore(httpcore.WriteTimeout, httpcore.WriteError):
            self._open().send(data)

    def receive(self, most: int, timeout: float | None) -> bytes:
        """Receive bytes."""
        with _as_httpcore(httpcore.ReadTimeout, httpcore.ReadError):
            return self._open().receive(most, timeout)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()

    def extra_info(self, name: str) -> Any:
        """Return a fact about the connection: httpcore asks whether an idle one was closed."""
        return self._connection is not None and self._connection.is_readable if name == "is_readable" else None

    def _open(self) -> InMemoryConnection:
        if self._connection is None:
            self._connection = self._network.connect(*self._address, is_tls=self.is_tls)
        return self._connection


@contextmanager
def _as_httpcore(late: type[Exception], broken: type[Exception]) -> Iterator[None]:
    """Raise what httpcore's own connections raise."""
    try:
        yield
    except TimeoutError as reason:
        raise late(str(reason)) from reason
    except OSError as reason:
        raise broken(str(reason)) from reason


class _Stream(httpcore.NetworkStream):
    def __init__(self, wire: _Wire) -> None:
        self._wire = wire

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._wire.receive(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - writing never waits
        self._wire.send(buffer)

    def close(self) -> None:
        self._wire.close()

    def start_tls(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        self._wire.is_tls = True
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._wire.extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, network: InMemoryNetwork) -> None:
        self._network = network

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.NetworkStream:
        return _Stream(_Wire(self._network, host, port))

    def sleep(self, seconds: float) -> None:
        """Do nothing: httpcore sleeps between attempts to connect, and the first one succeeds."""


class _AsyncStream(httpcore.AsyncNetworkStream):
    def __init__(self, wire: _Wire) -> None:
        self._wire = wire

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's signature
        return self._wire.receive(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109 - likewise
        self._wire.send(buffer)

    async def aclose(self) -> None:
        self._wire.close()

    async def start_tls(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        self._wire.is_tls = True
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._wire.extra_info(info)


class _AsyncBackend(httpcore.AsyncNetworkBackend):
    def __init__(self, network: InMemoryNetwork) -> None:
        self._network = network

    async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        return _AsyncStream(_Wire(self._network, host, port))

    async def sleep(self, seconds: float) -> None:
        """Do nothing: httpcore sleeps between attempts to connect, and the first one succeeds."""
