"""Listeners and the event loop they share, as a context manager or in the foreground.

The shell (``web/shell.py``) is a connection; this is where connections come from and where they end. Nothing here waits
for a tick: uvicorn's own server looks every 0.1 s whether it should stop, so its loop is not used, only what its protocol
needs (``Config``, ``ServerState``).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import signal
import socket
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from uvicorn.config import Config
from uvicorn.server import ServerState

from mockserver.http.connection import Limits, Shell, shell
from mockserver.http.tls_close import OneSided

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Coroutine, Iterator, Sequence
    from concurrent.futures import Executor
    from types import TracebackType
    from typing import Self
    from wsgiref.types import WSGIApplication

logger = logging.getLogger(__name__)

GRACE = 0.05
"""Seconds in which answers that are being made, or being read, may still get out when the server stops."""

STUCK = 5.0
"""Seconds after which ``stop`` no longer waits for an application that blocks the loop."""

BACKLOG = 2048
"""Connections the kernel accepts before we do."""

POOL = 16
"""Threads for the control API, whose requests may block."""

ANYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # where such a listener is reached, not bound


@dataclass(frozen=True, slots=True)
class Listener:
    """An address and who answers there."""

    app: WSGIApplication
    host: str = "127.0.0.1"
    port: int = 0
    """0 is any free one."""
    door: str | None = None
    """The name under which requests that come in here say so; see ``mockserver.door``."""
    ssl_context: ssl.SSLContext | None = None
    """Given, it is HTTPS."""
    advice: str = "port 0 picks a free one"
    """What to do when the port is taken."""

    def bind(self) -> socket.socket:
        """A socket on which connections already queue."""
        if not 0 <= self.port <= 65535:  # socket would raise an OverflowError, and forget to close
            raise OSError(errno.EINVAL, f"{self.port} is no port; {self.advice}")
        try:
            return socket.create_server(
                (self.host, self.port),
                family=socket.AF_INET6 if ":" in self.host else socket.AF_INET,
                backlog=BACKLOG,
            )
        except OSError as error:
            raise OSError(error.errno, self._refusal(error)) from error

    def _refusal(self, error: OSError) -> str:
        if error.errno == errno.EADDRINUSE:
            return f"port {self.port} on {self.host} is in use by another program; {self.advice}"
        # create_server appends its own half-sentence in brackets.
        return (
            f"cannot listen on port {self.port} of {self.host}: {str(error.strerror or error).partition(' (while')[0]}"
        )

    def url(self, bound: socket.socket) -> str:
        """Where a client on this machine reaches us."""
        host = ANYWHERE.get(self.host, self.host)
        scheme = "http" if self.ssl_context is None else "https"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{bound.getsockname()[1]}"

    def connection(self, pool: Executor, limits: Limits, beside: Sequence[Bound]) -> type[Shell]:  # noqa: ARG002 - for those who lead there
        """The protocol class of its connections.

        Args:
            pool: where requests run that may block.
            limits: what one connection may ask of us.
            beside: every listener of the server, this one among them, and where it is.
        """
        return shell(self.app, door=self.door, pool=pool, limits=limits)


class Bound(NamedTuple):
    """A listener that is listening, and the host and port at which this machine reaches it."""

    listener: Listener
    address: tuple[str, int]


class Listening:
    """Listeners in one background thread, between ``start`` and ``stop`` or for the length of a ``with`` block.

    ``Listening(app)`` is one listener on a free port of the loopback; more are given as ``listeners``. It may be started
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
    ) -> None:
        own = () if app is None else (Listener(app, host, port),)
        self.listeners: tuple[Listener, ...] = (*own, *listeners)
        if not self.listeners:
            raise ValueError("a server needs an application or a listener")
        self.limits = limits or Limits()
        self._urls: tuple[str, ...] = ()
        self._thread: threading.Thread | None = None
        self._end: Callable[[], None] | None = None
        self._running: _Running | None = None

    @property
    def url(self) -> str:
        """The first listener's address, without a slash at the end; known while the server runs."""
        return self.urls[0]

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses of all listeners, in their order."""
        if not self._urls:
            raise RuntimeError("the server is not running")
        return self._urls

    def start(self) -> Self:
        """Listen, in a thread of our own. Raises OSError when an address cannot be had."""
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
        """Listen at one more address, until the server stops; where that is.

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

    def dismiss(self, door: str) -> None:
        """Let go at once of everybody who came in through a door, and return when they have seen it."""
        running = self._running
        if running is not None:
            running.call(running.dismiss(door))

    def stop(self) -> None:
        """Close everything, also what is late or silent on purpose; a no-op when the server does not run."""
        self._urls = ()
        end = self._end  # the thread may be taking it away at this moment
        if end is not None:
            end()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(STUCK)
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

    def run(self, listening: Callable[[str], object] | None = None) -> None:
        """Listen in the calling thread until SIGINT, SIGTERM or a ``stop`` from another thread.

        Signals are heard only in the main thread.

        Args:
            listening: Called with the first listener's address as soon as connections are accepted.
        """
        sockets = self._bind()
        ready = partial(listening, self.url) if listening is not None else _nothing
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
            pool = ThreadPoolExecutor(POOL, thread_name_prefix="mockserver-control")
            ending.callback(pool.shutdown, wait=False, cancel_futures=True)
            loop = new_event_loop()
            ending.callback(loop.close)
            ending.callback(setattr, self, "_end", None)
            loop.run_until_complete(self._serve(sockets, ready, pool, signals=signals))

    async def _serve(
        self, sockets: list[socket.socket], ready: Callable[[], object], pool: ThreadPoolExecutor, *, signals: bool
    ) -> None:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        self._end = partial(_call, loop, ended.set)
        running = _Running(loop, pool, self.limits)
        with _signals(loop, ended.set) if signals else contextlib.nullcontext():
            try:
                beside = [
                    Bound(listener, _reached(bound)) for listener, bound in zip(self.listeners, sockets, strict=True)
                ]
                for (listener, _), bound in zip(beside, sockets, strict=True):
                    await running.open(listener, bound, beside)
                self._running = running
                ready()
                await ended.wait()
            finally:
                self._running = None
                await running.close()


class _Running:
    """What listens on a loop, for as long as the loop runs."""

    def __init__(self, loop: asyncio.AbstractEventLoop, pool: ThreadPoolExecutor, limits: Limits) -> None:
        self._loop = loop
        self._pool = pool
        self._limits = limits
        self._state = _State()
        self._servers: list[asyncio.Server] = []

    def call(self, what: Coroutine[Any, Any, None]) -> None:
        """Have something done on the loop, from another thread, and wait for it."""
        asyncio.run_coroutine_threadsafe(what, self._loop).result(STUCK)

    async def open(self, listener: Listener, bound: socket.socket, beside: Sequence[Bound] = ()) -> None:
        """Accept connections."""
        if listener.ssl_context is not None:
            listener.ssl_context.sslobject_class = OneSided
        protocol = _protocol(listener, self._pool, self._limits, self._state, beside)
        self._servers.append(
            await self._loop.create_server(protocol, sock=bound, ssl=listener.ssl_context, backlog=BACKLOG)
        )

    async def dismiss(self, door: str) -> None:
        """Close what came in through a door."""
        await _introduced()
        for connection in tuple(self._state.crowd):
            if connection.door == door:
                connection.transport.abort()
        await asyncio.sleep(0)  # the sockets are closed in the loop's next turn

    async def close(self) -> None:
        """Close everything."""
        await _introduced()
        for server in self._servers:
            server.close()
        await self._state.disperse()


async def _introduced() -> None:
    """Until asyncio has introduced those it has accepted: a round or two later, and only while we still listen."""
    for _ in range(3):
        await asyncio.sleep(0)


class _Connections(set[Any]):
    """Who is connected; says when the last one has gone."""

    emptied: asyncio.Event | None = None

    def discard(self, connection: Any) -> None:  # as uvicorn has it
        super().discard(connection)
        if not self and self.emptied is not None:
            self.emptied.set()

    async def gone(self, patience: float) -> None:
        """Wait until nobody is connected, ``patience`` seconds at most."""
        if self:
            self.emptied = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.emptied.wait(), patience)


class _State(ServerState):
    """What uvicorn's protocol wants to share among connections."""

    def __init__(self) -> None:
        super().__init__()
        self.crowd = _Connections()
        self.connections = self.crowd

    async def disperse(self) -> None:
        """Let everybody go: the idle at once, the busy after the grace."""
        for connection in tuple(self.crowd):
            connection.shutdown()
        await self.crowd.gone(GRACE)
        for connection in tuple(self.crowd):
            connection.transport.abort()
        await self.crowd.gone(GRACE)


def _reached(bound: socket.socket) -> tuple[str, int]:
    """Host and port at which this machine reaches a socket."""
    host, port = bound.getsockname()[:2]
    return ANYWHERE.get(host, host), port


def _protocol(
    listener: Listener, pool: Executor, limits: Limits, state: ServerState, beside: Sequence[Bound] = ()
) -> Callable[[], asyncio.Protocol]:
    """What makes a connection's protocol."""
    kind = listener.connection(pool, limits, beside)
    loop = asyncio.get_running_loop()
    return partial(kind, config=config_of(kind), server_state=state, app_state={}, _loop=loop)


def config_of(kind: type[Shell]) -> Config:
    """What uvicorn's protocol wants to be told about connections of a class."""
    config = Config(_no_asgi, http=kind, log_config=None, lifespan="off", ws="none", proxy_headers=False, workers=1)
    config.load()
    return config


async def _no_asgi(scope: object, receive: object, send: object) -> None:
    """Stands where uvicorn wants an ASGI application; the shell has its own way to the WSGI one."""
    raise NotImplementedError


def new_event_loop() -> asyncio.AbstractEventLoop:
    """The event loop: uvloop's where it is installed. The process's event-loop policy is not touched."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _nothing() -> None:
    """What is done for a caller who asked for nothing."""


def _call(loop: asyncio.AbstractEventLoop, what: Callable[[], object]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: it has ended by itself
        loop.call_soon_threadsafe(what)


@contextlib.contextmanager
def _signals(loop: asyncio.AbstractEventLoop, end: Callable[[], object]) -> Iterator[None]:
    """SIGINT and SIGTERM end the loop; afterwards they mean what they meant before."""
    heard = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in heard]
    try:
        for number in heard:
            try:
                loop.add_signal_handler(number, end)
            except NotImplementedError:  # Windows
                signal.signal(number, lambda *_: _call(loop, end))
        yield
    finally:
        for number, handler in zip(heard, before, strict=True):
            with contextlib.suppress(NotImplementedError):
                loop.remove_signal_handler(number)
            signal.signal(number, handler)
