"""Listeners and the event loop that they share.

A `Server` runs them as a context manager in a thread of its own, or in the foreground. Nothing in it polls.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from mockserver import unpatched
from mockserver.event_loop import new_event_loop
from mockserver.http.connection import Connection, Limits
from mockserver.http.descriptors import DescriptorReserve
from mockserver.http.pool import LIGHT_THREADS, FairPool
from mockserver.http.tls_close import OneSidedClose

if TYPE_CHECKING:
    import ssl
    from collections.abc import Coroutine, Iterator, MutableSet, Sequence
    from types import TracebackType
    from typing import Self
    from wsgiref.types import WSGIApplication

    from mockserver.http.pool import Pool

logger = logging.getLogger(__name__)

GRACE = 0.05
"""Seconds in which unfinished responses may still be completed and sent when the server stops."""

STOP_TIMEOUT = 5.0
"""Seconds after which ``stop`` no longer waits for an application that blocks the loop."""

BACKLOG = 2048
"""Connections that the kernel queues until they are accepted."""

OPEN_PORTS: set[int] = set()
"""The ports at which servers of this process listen."""

WILDCARDS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # where such a listener is reached, not bound


@dataclass(frozen=True, slots=True)
class Listener:
    """An address, and the application that answers requests there."""

    app: WSGIApplication
    host: str = "127.0.0.1"
    port: int = 0
    """The TCP port; 0 picks a free one."""
    name: str | None = None
    """The value of `HttpRequest.listener` of its requests."""
    ssl_context: ssl.SSLContext | None = None
    """The TLS context; with one, the listener speaks HTTPS."""
    hint: str = "port 0 picks a free one"
    """Advice for the error message when the port is in use."""

    def bind(self) -> socket.socket:
        """Open a socket on which connections queue from now on."""
        if not 0 <= self.port <= 65535:  # socket would raise an OverflowError, and forget to close
            raise OSError(errno.EINVAL, f"{self.port} is no port; {self.hint}")
        try:
            return _listen(self.host, self.port)
        except OSError as error:
            raise OSError(error.errno, self._explain(error)) from error

    def _explain(self, error: OSError) -> str:
        if error.errno == errno.EADDRINUSE:
            return f"port {self.port} on {self.host} is in use by another program; {self.hint}"
        return f"cannot listen on port {self.port} of {self.host}: {error.strerror or error}"

    def url(self, bound: socket.socket) -> str:
        """Return the URL by which a client on this machine reaches it."""
        host = WILDCARDS.get(self.host, self.host)
        scheme = "http" if self.ssl_context is None else "https"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{bound.getsockname()[1]}"

    def protocol(self, shared: Shared, beside: Sequence[BoundListener]) -> Callable[[], Connection]:  # noqa: ARG002 - for a proxy, which connects to them
        """Return the factory of its connections.

        Args:
            shared: what the connections of a server have in common.
            beside: every listener of the server, this one among them, and where it is.
        """
        return partial(Connection, self.app, listener=self.name, **shared._asdict())


class Shared(NamedTuple):
    """What the connections of a server have in common; see `Connection`."""

    loop: asyncio.AbstractEventLoop
    pool: Pool
    connections: MutableSet[Any]
    limits: Limits


class BoundListener(NamedTuple):
    """A listener with its socket, and the host and port by which this machine reaches it."""

    listener: Listener
    address: tuple[str, int]


class Server:
    """Listeners in one background thread, between ``start`` and ``stop`` or for the length of a ``with`` block.

    ``Server(app)`` is one listener on a free port of the loopback; more are given as ``listeners``. It may be started
    again after it was stopped; a free port is then picked anew.
    """

    def __init__(
        self,
        app: WSGIApplication | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        listeners: Sequence[Listener] = (),
        limits: Limits | None = None,
        light_threads: int = LIGHT_THREADS,
    ) -> None:
        own = () if app is None else (Listener(app, host, port),)
        self.listeners: tuple[Listener, ...] = (*own, *listeners)
        if not self.listeners:
            raise ValueError("a server needs an application or a listener")
        self.limits = limits or Limits()
        self._light_threads = light_threads
        self._urls: tuple[str, ...] = ()
        self._thread: threading.Thread | None = None
        self._end: Callable[[], None] | None = None
        self._running: _Running | None = None

    @property
    def url(self) -> str:
        """The first listener's URL, without a slash at the end; known while the server runs."""
        return self.urls[0]

    @property
    def urls(self) -> tuple[str, ...]:
        """The URLs of all listeners, in order."""
        if not self._urls:
            raise RuntimeError("the server is not running")
        return self._urls

    def start(self) -> Self:
        """Start to listen, in a thread of its own. Raises OSError when an address cannot be had."""
        sockets = self._bind()
        ready: Future[None] = Future()
        name = f"mockserver {self.url}"
        self._thread = threading.Thread(target=self._background, args=(sockets, ready), name=name, daemon=True)
        self._thread.start()
        try:
            ready.result()
        except BaseException:
            self.stop()
            raise
        return self

    def add(self, listener: Listener) -> str:
        """Listen at one more address until the server stops, and return its URL.

        Raises:
            OSError: the address cannot be had.
            RuntimeError: the server is not running.
        """
        running = self._running
        if running is None:
            raise RuntimeError("the server is not running")
        bound = listener.bind()
        try:
            running.call(running.open(listener, bound))
        except BaseException:
            bound.close()
            raise
        return listener.url(bound)

    def disconnect(self, listener: str) -> None:
        """Close at once every connection of the listeners of a name, and return when that is done."""
        running = self._running
        if running is not None:
            running.call(running.disconnect(listener))

    def stop(self) -> None:
        """Close every connection, also those that faults delay or keep silent.

        Does nothing when the server does not run.
        """
        self._urls = ()
        end = self._end  # the thread may be taking it away at this moment
        if end is not None:
            end()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(STOP_TIMEOUT)
            if thread.is_alive():
                logger.warning("An application blocks the event loop; it is left behind")

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def run(self, on_ready: Callable[[str], object] | None = None) -> None:
        """Listen in the calling thread until SIGINT, SIGTERM or a ``stop`` from another thread.

        Signals are handled only in the main thread.

        Args:
            on_ready: called with the first listener's address as soon as connections are accepted.
        """
        sockets = self._bind()
        ready = partial(on_ready, self.url) if on_ready is not None else _do_nothing
        try:
            self._loop(sockets, ready, signals=threading.current_thread() is threading.main_thread())
        finally:
            self._urls = ()

    def _bind(self) -> list[socket.socket]:
        if self._urls:
            raise RuntimeError("the server is running already")
        with contextlib.ExitStack() as undo:
            sockets = [undo.enter_context(listener.bind()) for listener in self.listeners]
            undo.pop_all()
        self._urls = tuple(listener.url(bound) for listener, bound in zip(self.listeners, sockets, strict=True))
        return sockets

    def _background(self, sockets: list[socket.socket], ready: Future[None]) -> None:
        try:
            self._loop(sockets, partial(ready.set_result, None), signals=False)
        except BaseException as error:  # it belongs to the thread that called start()
            if ready.done():
                logger.exception("The server ended with an error")
            else:
                ready.set_exception(error)

    def _loop(self, sockets: list[socket.socket], ready: Callable[[], object], *, signals: bool) -> None:
        with contextlib.ExitStack() as ending:
            for bound in sockets:
                ending.enter_context(bound)
            pool = FairPool(self._light_threads)
            ending.callback(pool.close)
            loop = new_event_loop()
            ending.callback(loop.close)
            ending.callback(setattr, self, "_end", None)
            loop.run_until_complete(self._serve(sockets, ready, pool, signals=signals))

    async def _serve(
        self, sockets: list[socket.socket], ready: Callable[[], object], pool: Pool, *, signals: bool
    ) -> None:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        self._end = partial(_call, loop, ended.set)
        running = _Running(loop, pool, self.limits)
        with _signals(loop, ended.set) if signals else contextlib.nullcontext():
            try:
                beside = [
                    BoundListener(listener, _reachable(bound))
                    for listener, bound in zip(self.listeners, sockets, strict=True)
                ]
                for (listener, _), bound in zip(beside, sockets, strict=True):
                    await running.open(listener, bound, beside)
                self._running = running
                ready()
                await ended.wait()
            finally:
                self._running = None
                await running.close_all()


class _Running:
    """The listeners and connections on a loop, for as long as it runs."""

    def __init__(self, loop: asyncio.AbstractEventLoop, pool: Pool, limits: Limits) -> None:
        self._loop = loop
        self._connections = _Connections()
        loop.set_exception_handler(self._connections.reserve.handle_loop_error)
        self._shared = Shared(loop, pool, self._connections, limits)
        self._servers: list[asyncio.Server] = []
        self._ports: list[int] = []

    def call(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a function on the loop, from another thread, and wait until it is done."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result(STOP_TIMEOUT)

    async def open(self, listener: Listener, bound: socket.socket, beside: Sequence[BoundListener] = ()) -> None:
        """Accept connections."""
        if listener.ssl_context is not None:
            listener.ssl_context.sslobject_class = OneSidedClose
        protocol = listener.protocol(self._shared, beside)
        self._ports.append(bound.getsockname()[1])
        OPEN_PORTS.update(self._ports)
        self._servers.append(
            await self._loop.create_server(protocol, sock=bound, ssl=listener.ssl_context, backlog=BACKLOG)
        )

    async def disconnect(self, listener: str) -> None:
        """Close the connections of the listeners of a name."""
        await _accepted()
        for connection in tuple(self._connections):
            if connection.listener == listener:
                connection.transport.abort()
        await asyncio.sleep(0)  # the sockets are closed in the loop's next turn

    async def close_all(self) -> None:
        """Close every connection: an idle one at once, a busy one after `GRACE`."""
        await _accepted()
        OPEN_PORTS.difference_update(self._ports)
        for server in self._servers:
            server.close()
        for connection in tuple(self._connections):
            connection.shutdown()
        await self._connections.wait_until_empty(GRACE)
        for connection in tuple(self._connections):
            connection.transport.abort()
        await self._connections.wait_until_empty(GRACE)


async def _accepted() -> None:
    """Wait until the loop has made connections of what the kernel has accepted: a turn or two, while we still listen."""
    for _ in range(3):
        await asyncio.sleep(0)


class _Connections(set[Any]):
    """All open connections."""

    _emptied: asyncio.Event | None = None

    def __init__(self) -> None:
        super().__init__()
        self.reserve = DescriptorReserve()

    def add(self, connection: Any) -> None:
        """Add a connection, and close it at once if it has taken one of the last descriptors."""
        super().add(connection)
        sock = connection.transport.get_extra_info("socket")
        if sock is not None and not self.reserve.is_enough_left(sock.fileno()):
            connection.transport.abort()

    def discard(self, connection: Any) -> None:
        """Remove a connection."""
        super().discard(connection)
        if not self and self._emptied is not None:
            self._emptied.set()

    async def wait_until_empty(self, seconds: float) -> None:
        """Wait until there is no connection, for at most this many seconds."""
        if self:
            self._emptied = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._emptied.wait(), seconds)


def _listen(host: str, port: int) -> socket.socket:
    """Do what `socket.create_server` does, with a socket that no test has replaced."""
    is_ipv6 = ":" in host
    sock = unpatched.Socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET)
    try:
        if os.name != "nt":  # Windows would let two servers listen on one port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_ipv6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def _reachable(bound: socket.socket) -> tuple[str, int]:
    """Return the host and port by which this machine reaches a socket."""
    host, port = bound.getsockname()[:2]
    return WILDCARDS.get(host, host), port


def _do_nothing() -> None:
    """Do nothing; the default of callbacks."""


def _call(loop: asyncio.AbstractEventLoop, what: Callable[[], object]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: it has ended by itself
        loop.call_soon_threadsafe(what)


@contextlib.contextmanager
def _signals(loop: asyncio.AbstractEventLoop, end: Callable[[], object]) -> Iterator[None]:
    """Let SIGINT and SIGTERM end the loop, and restore their handlers afterwards."""
    handled = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in handled]
    try:
        for number in handled:
            try:
                loop.add_signal_handler(number, end)
            except NotImplementedError:  # Windows
                signal.signal(number, lambda *_: _call(loop, end))
        yield
    finally:
        for number, handler in zip(handled, before, strict=True):
            with contextlib.suppress(NotImplementedError):
                loop.remove_signal_handler(number)
            signal.signal(number, handler)
