"""The server of a test run and its redirect, each made when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockserver.client import AdminClient, Mock
    from mockserver.intercept.redirect import Redirection
    from mockserver.server import MockServer


class SessionServer:
    """The server of this process, or another's that it was notified of."""

    def __init__(self, shared: Mapping[str, Any] | None = None) -> None:
        """Nothing runs yet.

        Args:
            shared: what `share` has said of another process's.
        """
        self._shared = shared
        self._own: MockServer | None = None
        self._theirs: Mock | None = None
        self._redirection: Redirection | None = None

    @property
    def server(self) -> MockServer | Mock:
        """The server, by the same verbs wherever it runs."""
        if self._shared is None:
            return self._mine()
        if self._theirs is None:
            from mockserver.client import Mock

            self._theirs = Mock.at(self._shared["url"])
        return self._theirs

    @property
    def redirection(self) -> Redirection:
        """What leads this process's connections to it."""
        if self._redirection is None:
            self._redirection = self._mine().redirection() if self._shared is None else self._remote(self._shared)
        return self._redirection

    def let_go(self) -> None:
        """No redirect comes next: close what the last one has left open."""
        if self._redirection is not None:
            self._redirection.let_go()

    def share(self, name: str) -> dict[str, Any]:
        """What another process has to know, with a listener of its own under that name."""
        server = self._mine()
        return {"url": server.url, "listener": server.open_listener(name).row()}

    def stop(self) -> None:
        """Let go of everything."""
        if self._theirs is not None:
            self._theirs.close()
        if self._own is not None:
            self._own.stop()
        self._own = self._theirs = self._redirection = None

    def _mine(self) -> MockServer:
        if self._own is None:
            from mockserver.server import MockServer

            self._own = MockServer().start()
        return self._own

    def _remote(self, shared: Mapping[str, Any]) -> Redirection:
        from mockserver.intercept.redirect import Redirection
        from mockserver.intercept.redirect_listener import RedirectListener
        from mockserver.server import SERVED_HOSTS
        from mockserver.settings import process_environment

        server: AdminClient = self.server
        return Redirection(server, RedirectListener.of(shared["listener"]), SERVED_HOSTS, process_environment())
