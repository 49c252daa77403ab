"""In this process the providers' hosts are ours, for the length of a ``with`` block.

Law:

1. Names, connections, TLS and proxies of the providers' hosts are led here; those of any other host are not touched.
2. Clients, sessions and TLS contexts that were made before, and threads that begin inside, are led here too.
3. What is a provider's and not answered by us is rejected, before a packet is sent, and remembered.
4. Afterwards everything is as it was. There is one at a time in a process, because there is one process.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING

from .hosts import Hosts, RequestedAddress
from .monkeypatch import Monkeypatch
from .proxy_bypass import ProxyBypass
from .redirect_listener import RedirectListener
from .sockets import Sockets
from .tls_patch import TlsPatch

if TYPE_CHECKING:
    from mockserver.client import AdminClient, WorldClient

_turn = Lock()


class Redirection:
    """The providers' hosts, led to a listener. It may be used again and again, with another world each time."""

    def __init__(
        self, server: AdminClient, listener: RedirectListener, hosts: Hosts, environ: MutableMapping[str, str]
    ) -> None:
        """Nothing is changed yet.

        Args:
            server: whose listener it is.
            listener: where clients are led.
            hosts: the providers'.
            environ: this process's environment.
        """
        self.leaks: list[RequestedAddress] = []
        """What was asked of providers' hosts and ports that no one answers, and was rejected, since it began."""
        self._server = server
        self._listener = listener
        self._sockets = Sockets(hosts, listener.listeners, self._rejected)
        self._handshakes = TlsPatch(hosts, listener.ca)
        self._proxies = ProxyBypass(environ, hosts.answered)
        self._patches = Monkeypatch()
        self._is_bound = False

    def begin(self, world: WorldClient) -> None:
        """Lead everything to a world.

        Raises:
            RuntimeError: there is a redirect in this process already.
        """
        if not _turn.acquire(blocking=False):
            raise RuntimeError("the providers' hosts are redirected already; a process has one redirect at a time")
        try:
            self.leaks = []
            self._listener.bind(self._server, world.id)
            self._is_bound = True
            self._sockets.install(self._patches)
            self._handshakes.install(self._patches)
            self._proxies.begin()
        except BaseException:
            self.end()
            raise

    def end(self, *, keeps_connections: bool = False) -> None:
        """Undo it.

        Args:
            keeps_connections: whether those that are open may be used in the next redirect, which comes at once; if
                it does not come after all, `let_go`.
        """
        try:
            self._proxies.end()
            self._patches.undo()
            if not keeps_connections:
                self.let_go()
        finally:
            _turn.release()

    def let_go(self) -> None:
        """Close the connections that were kept, if there are any."""
        if self._is_bound:
            self._is_bound = False
            self._listener.unbind(self._server)

    def _rejected(self, requested: RequestedAddress) -> None:
        self.leaks.append(requested)


class Redirected:
    """A redirect to a world, for the length of a ``with`` block; a world of its own is dropped at the end."""

    def __init__(self, redirection: Redirection, world: WorldClient, *, drops: bool) -> None:
        self._redirection = redirection
        self._world = world
        self._drops = drops

    @property
    def leaks(self) -> list[RequestedAddress]:
        """What was asked of providers' hosts and ports that no one answers, and was rejected."""
        return self._redirection.leaks

    def __enter__(self) -> WorldClient:
        """Begin."""
        try:
            self._redirection.begin(self._world)
        except BaseException:
            self._leave()
            raise
        return self._world

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        try:
            self._redirection.end()
        finally:
            self._leave()

    def _leave(self) -> None:
        if self._drops:
            self._world.__exit__(None, None, None)
