"""``httpx`` without a socket: ``httpx.Client(transport=HttpxTransport(world))``, and the same for ``AsyncClient``."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

from .inmemory import InMemoryConnection, InMemoryNetwork

if TYPE_CHECKING:
    from mockserver.client import WorldClient


class HttpxTransport(httpx.HTTPTransport):
    """A transport whose requests reach a world in this process, without waiting.

    Everything above the socket is httpx's own, so a fault raises what it raises there. No time passes: a delay that is
    longer than the read time-out raises `httpx.ReadTimeout` at once, a shorter one is skipped.
    """

    def __init__(self, world: WorldClient) -> None:
        """Create a transport for any host.

        Args:
            world: who answers, whatever the host and the credentials' owner; a server's or application's in this process.

        Raises:
            ValueError: the world is another process's.
        """
        super().__init__(verify=False, trust_env=False)
        # httpx offers no other way to say what is below its pool.
        self._pool = httpcore.ConnectionPool(ssl_context=_context(), network_backend=_Backend(InMemoryNetwork(world)))


class AsyncHttpxTransport(httpx.AsyncHTTPTransport):
    """`HttpxTransport` for `httpx.AsyncClient`. It never gives way to other tasks, because it never waits."""

    def __init__(self, world: WorldClient) -> None:
        """Create a transport; see `HttpxTransport`."""
        super().__init__(verify=False, trust_env=False)
        backend = _AsyncBackend(InMemoryNetwork(world))
        self._pool = httpcore.AsyncConnectionPool(ssl_context=_context(), network_backend=backend)


def _context() -> ssl.SSLContext:
    """One that no one will ask anything: nothing is encrypted."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class _Wire:
    """A connection that is made when the first byte is sent: only then is it known whether it is HTTPS."""

    def __init__(self, network: InMemoryNetwork, host: str, port: int) -> None:
        self.is_tls = False
        self._switchboard = network
        self._address = host, port
        self._line: InMemoryConnection | None = None

    def say(self, data: bytes) -> None:
        """Send bytes."""
        with _as_httpcore(httpcore.WriteTimeout, httpcore.WriteError):
            self._connected().say(data)

    def hear(self, most: int, timeout: float | None) -> bytes:
        """Receive bytes."""
        with _as_httpcore(httpcore.ReadTimeout, httpcore.ReadError):
            return self._connected().hear(most, timeout)

    def hang_up(self) -> None:
        """Close the connection."""
        if self._line is not None:
            self._line.hang_up()

    def knows(self, name: str) -> Any:
        """What httpcore asks of a connection: whether it was closed while it was idle."""
        return self._line is not None and self._line.has_news if name == "is_readable" else None

    def _connected(self) -> InMemoryConnection:
        if self._line is None:
            self._line = self._switchboard.connect(*self._address, is_tls=self.is_tls)
        return self._line


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
        return self._wire.hear(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - no one is slow to listen
        self._wire.say(buffer)

    def close(self) -> None:
        self._wire.hang_up()

    def start_tls(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        self._wire.is_tls = True
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._wire.knows(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, network: InMemoryNetwork) -> None:
        self._switchboard = network

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.NetworkStream:
        return _Stream(_Wire(self._switchboard, host, port))

    def sleep(self, seconds: float) -> None:
        """Between two attempts to connect, of which the first succeeds."""


class _AsyncStream(httpcore.AsyncNetworkStream):
    def __init__(self, wire: _Wire) -> None:
        self._wire = wire

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's own
        return self._wire.hear(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109 - likewise
        self._wire.say(buffer)

    async def aclose(self) -> None:
        self._wire.hang_up()

    async def start_tls(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        self._wire.is_tls = True
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._wire.knows(info)


class _AsyncBackend(httpcore.AsyncNetworkBackend):
    def __init__(self, network: InMemoryNetwork) -> None:
        self._switchboard = network

    async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        return _AsyncStream(_Wire(self._switchboard, host, port))

    async def sleep(self, seconds: float) -> None:
        """Between two attempts to connect, of which the first succeeds."""
