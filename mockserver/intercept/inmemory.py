"""Connections without sockets: the server's `Connection` on an event loop with simulated time, which never waits.

A client gets the same bytes, end or reset as at a socket, because the same `Connection` serves it. Only time differs. A
delay that is shorter than the client's read time-out is skipped; a longer one raises the time-out at once. A client without
a read time-out that would wait for ever gets `NoTimeoutError`.
"""

from __future__ import annotations

import errno
import heapq
from collections.abc import Callable
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Any, NoReturn, Self, SupportsIndex

from mockserver.http.connection import Connection, Limits, RequestCycle
from mockserver.sdk.response import Offload

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from mockserver.client import WorldClient

_EPOCH = -1e9
"""Start of the simulated time in seconds: far from real loops' times, so that values cached per second are not mixed up."""
_MAX_TURNS = 10_000
"""The number of steps in one read after which an endless loop is assumed."""


class NoTimeoutError(RuntimeError):
    """The client has no read time-out and waits for a response that never comes."""


class _Timer:
    """A scheduled call, as `asyncio.TimerHandle` is."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[[], object]) -> None:
        self.call: Callable[[], object] | None = call

    def cancel(self) -> None:
        """Cancel the call."""
        self.call = None


class _Loop:
    """The part of an event loop that a connection uses, in simulated time."""

    def __init__(self) -> None:
        self._now = _EPOCH
        self._due: list[tuple[float, int, _Timer]] = []
        self._numbers = count()

    def time(self) -> float:
        """Return the simulated time in seconds."""
        return self._now

    def call_later(self, delay: float, call: Callable[..., object], *args: Any) -> _Timer:
        """Schedule a call ``delay`` seconds from now."""
        timer = _Timer(lambda: call(*args))
        heapq.heappush(self._due, (self._now + delay, next(self._numbers), timer))
        return timer

    def call_soon(self, call: Callable[..., object], *args: Any) -> _Timer:
        """Schedule a call for the next step."""
        return self.call_later(0, call, *args)

    call_soon_threadsafe = call_soon

    @property
    def next(self) -> float:
        """The time in seconds of the next scheduled call; infinite if there is none."""
        while self._due and self._due[0][2].call is None:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else inf

    def pass_until(self, instant: float) -> None:
        """Advance the time to an instant, and make the calls that are due until then."""
        while self.next <= instant and self.next < inf:
            when, _, timer = heapq.heappop(self._due)
            self._now = max(self._now, when)
            assert timer.call is not None
            timer.call()
        self._now = max(self._now, instant)


class _InlinePool:
    """A pool that runs each call at once, in the caller's thread."""

    def run(self, call: Callable[[], object], key: str, *, is_heavy: bool) -> None:  # noqa: ARG002 - no call waits for its turn
        """Run a call now."""
        call()


class _Transport:
    """The part of a transport that a connection uses. Written bytes are kept until the client receives them."""

    def __init__(self, loop: _Loop, address: tuple[str, int], *, is_tls: bool) -> None:
        self.written = bytearray()
        self.is_over = False
        """Whether nothing more will be written."""
        self.is_reset = False
        self.lost: Callable[[None], object] = lambda _: None
        self._loop = loop
        self._is_closing = False
        self._info = {"sockname": address, "peername": ("127.0.0.1", 0), "sslcontext": is_tls or None}

    def get_extra_info(self, name: str, default: object = None) -> object:
        """Return an address, or whether it is TLS."""
        return self._info.get(name, default)

    def write(self, piece: bytes) -> None:
        """Keep bytes for the client."""
        self.written += piece

    def get_write_buffer_size(self) -> int:
        """Return 0: the client may take all the time it wants."""
        return 0

    def can_write_eof(self) -> bool:
        """Return whether one direction can be closed."""
        return True

    def write_eof(self) -> None:
        """Close the server's direction."""
        self.is_over = True

    def is_closing(self) -> bool:
        """Return whether it is closed or about to be."""
        return self._is_closing

    def close(self) -> None:
        """Close it after the written bytes."""
        if not self._is_closing:
            self._is_closing = self.is_over = True
            self._loop.call_soon(self.lost, None)

    abort = close

    def pause_reading(self) -> None:
        """Do nothing: the connection keeps bytes that arrive meanwhile."""

    def resume_reading(self) -> None:
        """Do nothing: bytes are always passed on at once."""


class InMemoryConnection:
    """The client's end of one connection. Only one thread at a time may use it."""

    def __init__(self, protocol: Callable[[_Loop], Connection], address: tuple[str, int], *, is_tls: bool) -> None:
        """Connect.

        Args:
            protocol: creates the server's end.
            address: the host and port that the client requested.
            is_tls: whether both ends treat it as HTTPS. Nothing is encrypted.
        """
        self._loop = _Loop()
        self._transport = _Transport(self._loop, address, is_tls=is_tls)
        self._connection = protocol(self._loop)
        self._transport.lost = self._connection.connection_lost
        self._connection.connection_made(self._transport)  # type: ignore[arg-type]  # it has all that a connection uses

    @property
    def is_readable(self) -> bool:
        """Whether bytes, or the end of the connection, can be received."""
        self._loop.pass_until(self._loop.time())
        return bool(self._transport.written) or self._transport.is_over

    def send(self, data: bytes) -> None:
        """Send bytes to the server.

        Raises:
            ConnectionError: the server has closed the connection.
        """
        self._loop.pass_until(self._loop.time())
        if self._transport.is_closing():
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")
        self._connection.data_received(data)

    def receive(self, most: int, timeout: float | None) -> bytes:
        """Return bytes that the server sent; ``b""`` at the end.

        Args:
            most: the largest number of bytes to return.
            timeout: the longest simulated time to wait, in seconds; ``None`` for no limit.

        Raises:
            TimeoutError: nothing came within the time-out.
            ConnectionError: the server has reset the connection.
            NoTimeoutError: there is no time-out, and nothing will come.
        """
        deadline = inf if timeout is None else self._loop.time() + timeout
        for _ in range(_MAX_TURNS):
            self._loop.pass_until(self._loop.time())
            if self._transport.written:
                piece = bytes(self._transport.written[:most])
                del self._transport.written[:most]
                return piece
            if self._transport.is_reset:
                raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
            if self._transport.is_over:
                return b""
            following = self._loop.next
            if following > deadline:
                self._loop.pass_until(deadline)
                raise TimeoutError("timed out")
            if following == inf:
                break
            self._loop.pass_until(following)
        raise NoTimeoutError("the client has no read time-out; it would wait for ever for this response")

    def close(self) -> None:
        """Close the client's end."""
        if not self._transport.is_closing():
            self._transport.close()
            self._loop.pass_until(self._loop.time())


class WorldBound:
    """What is bound to a world of this process: a copy is bound to the same world, and it cannot be pickled."""

    def _another(self) -> Self:
        """Return a new one like it, without its connections."""
        raise NotImplementedError

    def __copy__(self) -> Self:
        """Return one of the same world, with connections of its own."""
        return self._another()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return one of the same world, with connections of its own."""
        return self._another()

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        """Reject pickling.

        Raises:
            TypeError: always; the message says why.
        """
        name = type(self).__name__
        raise TypeError(f"a {name} cannot be pickled, for its world is in this process; create one for each process")


class InMemoryNetwork:
    """A network whose every host and port leads to one world."""

    def __init__(self, world: WorldClient) -> None:
        """Bind a new listener to the world.

        Raises:
            ValueError: the world's server is in another process.
        """
        transport = world.transport
        app: WSGIApplication | None = getattr(transport, "app", None)
        if app is None:
            raise ValueError(
                f"the server of world {world.id} is in another process, at {transport.url}; it can only be reached by HTTP"
            )
        self._app = app
        self._listener = f"in-process-{world.id}"
        transport.call("PUT", f"/_mock/listeners/{self._listener}", body={"world": world.id})

    def connect(self, host: str, port: int, *, is_tls: bool) -> InMemoryConnection:
        """Open a connection to any host."""
        return InMemoryConnection(self._protocol, (host, port), is_tls=is_tls)

    def _protocol(self, loop: _Loop) -> Connection:
        return _SocketlessConnection(
            self._app,
            loop=loop,  # type: ignore[arg-type]  # it has all that a connection uses
            pool=_InlinePool(),
            connections=set(),
            listener=self._listener,
            limits=Limits(idle=inf),  # no time passes while it is idle
        )


class _SocketlessConnection(Connection):
    """A connection that resets its in-memory transport in place of a socket."""

    def _offload(self, cycle: RequestCycle, offload: Offload) -> None:
        """Compute the response in this thread; what it waits for takes real time."""
        super()._offload(cycle, Offload(offload.key, offload.finish))

    def reset(self) -> None:
        """Reset the connection after the written bytes."""
        self._forget()
        self._cycle = None
        transport: Any = self.transport
        transport.is_reset = True
        transport.close()
