"""Connections without sockets, in a time of their own: the real connection on a loop that never waits.

The rules of this file: what a client would see at a socket it sees here, by the same `Connection`, so a delay, a cut, a
reset, garbage and silence are the same bytes and the same ends. Only time differs: no one waits. A pause that the client
would sit out is skipped, and one that is longer than its read time-out ends in that time-out at once. A client that has no
time-out and waits for what never comes would wait for ever, and gets `NoTimeoutError`.
"""

from __future__ import annotations

import errno
import heapq
from collections.abc import Callable
from concurrent.futures import Executor, Future
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Any

from mockserver.http.connection import Connection, Limits

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from mockserver.client import WorldClient

_EPOCH = -1e9
"""Where this time begins: far from any real loop's, so that what is remembered by the second is not mixed up."""
_MAX_TURNS = 10_000
"""Turns without a pause after which there must be an endless loop."""


class NoTimeoutError(RuntimeError):
    """The client has no read time-out and waits for an answer that never comes."""


class _Timer:
    """What `asyncio.TimerHandle` is to others."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[[], object]) -> None:
        self.call: Callable[[], object] | None = call

    def cancel(self) -> None:
        """Do nothing when it is time."""
        self.call = None


class _Loop:
    """As much of an event loop as a connection uses."""

    def __init__(self) -> None:
        self._now = _EPOCH
        self._due: list[tuple[float, int, _Timer]] = []
        self._numbers = count()

    def time(self) -> float:
        """Seconds."""
        return self._now

    def call_later(self, delay: float, call: Callable[..., object], *args: Any) -> _Timer:
        """When it is time."""
        timer = _Timer(lambda: call(*args))
        heapq.heappush(self._due, (self._now + delay, next(self._numbers), timer))
        return timer

    def call_soon(self, call: Callable[..., object], *args: Any) -> _Timer:
        """In the next turn."""
        return self.call_later(0, call, *args)

    call_soon_threadsafe = call_soon

    @property
    def next(self) -> float:
        """When something is due; never, if nothing is."""
        while self._due and self._due[0][2].call is None:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else inf

    def pass_until(self, instant: float) -> None:
        """Let time pass, with all that is due until then."""
        while self.next <= instant and self.next < inf:
            when, _, timer = heapq.heappop(self._due)
            self._now = max(self._now, when)
            assert timer.call is not None
            timer.call()
        self._now = max(self._now, instant)


class _InlineExecutor(Executor):
    """Runs what is submitted at once, in the caller's thread."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run it now."""
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


class _Transport:
    """As much of a transport as a connection uses. What is written waits for the client to receive it."""

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
        """The addresses, and whether it is TLS."""
        return self._info.get(name, default)

    def write(self, piece: bytes) -> None:
        """Keep bytes for the client."""
        self.written += piece

    def can_write_eof(self) -> bool:
        """Whether one direction may be closed."""
        return True

    def write_eof(self) -> None:
        """Close our direction."""
        self.is_over = True

    def is_closing(self) -> bool:
        """Whether it is closed or about to be."""
        return self._is_closing

    def close(self) -> None:
        """Close, after all that was written."""
        if not self._is_closing:
            self._is_closing = self.is_over = True
            self._loop.call_soon(self.lost, None)

    abort = close

    def pause_reading(self) -> None:
        """Do nothing: the connection keeps what it is given meanwhile."""

    def resume_reading(self) -> None:
        """Do nothing: it is given everything at once anyway."""


class InMemoryConnection:
    """The client's end of one connection. It is used by one thread at a time."""

    def __init__(self, protocol: Callable[[_Loop], Connection], address: tuple[str, int], *, is_tls: bool) -> None:
        """Connect.

        Args:
            protocol: makes the server's end.
            address: the host and port that the client asked for.
            is_tls: whether it is HTTPS to both. Nothing is encrypted.
        """
        self._loop = _Loop()
        self._transport = _Transport(self._loop, address, is_tls=is_tls)
        self._connection = protocol(self._loop)
        self._transport.lost = self._connection.connection_lost
        self._connection.connection_made(self._transport)  # type: ignore[arg-type]  # as much of one as it asks for

    @property
    def has_news(self) -> bool:
        """Whether there is something to receive, the end included."""
        self._loop.pass_until(self._loop.time())
        return bool(self._transport.written) or self._transport.is_over

    def say(self, data: bytes) -> None:
        """Send bytes of the client.

        Raises:
            ConnectionError: the other end is gone.
        """
        self._loop.pass_until(self._loop.time())
        if self._transport.is_closing():
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")
        self._connection.data_received(data)

    def hear(self, most: int, timeout: float | None) -> bytes:
        """Return bytes that the client receives; none at the end.

        Args:
            most: so many bytes at most.
            timeout: seconds of this time that it is ready to wait.

        Raises:
            TimeoutError: it is not ready to wait so long.
            ConnectionError: the other end has reset the connection.
            NoTimeoutError: it would wait for ever.
        """
        patience = inf if timeout is None else self._loop.time() + timeout
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
            if following > patience:
                self._loop.pass_until(patience)
                raise TimeoutError("timed out")
            if following == inf:
                break
            self._loop.pass_until(following)
        raise NoTimeoutError("the client has no read time-out; it would wait for ever for this answer")

    def hang_up(self) -> None:
        """Close the client's end."""
        if not self._transport.is_closing():
            self._transport.close()
            self._loop.pass_until(self._loop.time())


class InMemoryNetwork:
    """Connects clients in this process to a world."""

    def __init__(self, world: WorldClient) -> None:
        """Bind a listener of its own to the world.

        Raises:
            ValueError: the world is another process's.
        """
        transport = world.transport
        app: WSGIApplication | None = getattr(transport, "app", None)
        if app is None:
            raise ValueError(
                f"world {world.id} is another process's, at {transport.url}; from here it can be reached by HTTP only"
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
            loop=loop,  # type: ignore[arg-type]  # as much of one as it uses
            pool=_InlineExecutor(),
            connections=set(),
            listener=self._listener,
            limits=Limits(idle=inf),  # no time passes while it is idle
        )


class _SocketlessConnection(Connection):
    """A connection without a socket to reset."""

    def reset(self) -> None:
        """Have the client see a reset after all that was written."""
        self._forget()
        self._cycle = None
        transport: Any = self.transport
        transport.is_reset = True
        transport.close()
