"""Redirects this process's connections to the providers' hosts to the server, for the duration of a ``with`` block.

The rules of this file:

1. Name resolution, connections, TLS and proxies are changed for the providers' hosts only.
2. The redirect also applies to clients, sessions and TLS contexts created before it, and to threads started during it.
3. A connection to a provider's host or port that the server does not serve is blocked before a packet is sent, and
   recorded; so is a request for a provider to a proxy that a client was given.
4. Afterwards everything is restored. A process has one redirect at a time, because it changes the whole process.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING

from . import sockets
from .connection_rules import RedirectRule, begin_rule, end_rule
from .hosts import Hosts, RequestedAddress
from .monkeypatch import Monkeypatch
from .proxy_bypass import ProxyBypass
from .redirect_listener import RedirectListener
from .tls_patch import TlsPatch

if TYPE_CHECKING:
    from mockserver.client import AdminClient, WorldClient

_process_lock = Lock()


class Redirection:
    """The redirect of the providers' hosts to a listener. It can be used repeatedly, each time with another world."""

    def __init__(
        self, server: AdminClient, listener: RedirectListener, hosts: Hosts, environ: MutableMapping[str, str]
    ) -> None:
        """Create it; nothing is changed yet.

        Args:
            server: the server of the listener.
            listener: the listener that clients are led to.
            hosts: the providers' hosts.
            environ: this process's environment.
        """
        self.leaks: list[RequestedAddress] = []
        """The blocked connections to providers' hosts and ports that are not served, since the redirect began."""
        self._server = server
        self._listener = listener
        self._rule = RedirectRule(hosts, listener.listeners, self._record_leak)
        self._tls = TlsPatch(hosts, listener.ca)
        self._proxies = ProxyBypass(environ, hosts)
        self._patches = Monkeypatch()
        self._is_bound = False

    def begin(self, world: WorldClient) -> None:
        """Redirect the providers' hosts to a world.

        Raises:
            RuntimeError: this process already has a redirect.
        """
        if not _process_lock.acquire(blocking=False):
            raise RuntimeError("the providers' hosts are already redirected; a process can have one redirect at a time")
        try:
            self.leaks = []
            self._listener.bind(self._server, world.id)
            self._is_bound = True
            sockets.install(self._patches)
            self._tls.install(self._patches)
            self._proxies.begin(self._patches)
            begin_rule(self._rule)
        except BaseException:
            self.end()
            raise

    def end(self, *, keeps_connections: bool = False) -> None:
        """End the redirect.

        Args:
            keeps_connections: whether open connections stay open for the next redirect; if there is none, call
                `close_connections`.
        """
        try:
            end_rule(self._rule)
            self._proxies.end()
            self._patches.undo()
            self._tls.end()
            if not keeps_connections:
                self.close_connections()
        finally:
            _process_lock.release()

    def close_connections(self) -> None:
        """Close the connections that were kept open, if any."""
        if self._is_bound:
            self._is_bound = False
            self._listener.unbind(self._server)

    def _record_leak(self, requested: RequestedAddress) -> None:
        self.leaks.append(requested)


class Redirected:
    """A context manager that redirects to a world; it can drop the world at the end."""

    def __init__(self, redirection: Redirection, world: WorldClient, *, drops_world: bool) -> None:
        self._redirection = redirection
        self._world = world
        self._drops_world = drops_world

    @property
    def leaks(self) -> list[RequestedAddress]:
        """The blocked connections to providers' hosts and ports that are not served."""
        return self._redirection.leaks

    def __enter__(self) -> WorldClient:
        """Begin the redirect, and return its world."""
        try:
            self._redirection.begin(self._world)
        except BaseException:
            self._drop_world()
            raise
        return self._world

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the redirect."""
        try:
            self._redirection.end()
        finally:
            self._drop_world()

    def _drop_world(self) -> None:
        if self._drops_world:
            self._world.__exit__(None, None, None)
