"""The server and the redirection of a test run, each started on first use."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockserver.client import AdminClient, Mock
    from mockserver.intercept.redirect import Redirection
    from mockserver.server import MockServer


def import_server() -> None:
    """Import all that a server imports when it starts, and load the providers."""
    import jsonschema  # noqa: F401 - it reads files of its own when it is imported

    import mockserver.testkit.failure_report  # noqa: F401 - imported for the report of a failing test
    from mockserver.event_loop import new_event_loop
    from mockserver.sdk.loading import installed_providers
    from mockserver.server import MockServer  # noqa: F401 - imported for its modules

    if "pyfakefs" in sys.modules:
        # It forgets the modules that are imported while it is active, and cryptography does not bear a second import.
        import trustme  # noqa: F401
    installed_providers()
    new_event_loop().close()


class SessionServer:
    """The server of a test run: one in this process, or one that another process shares."""

    def __init__(self, shared: Mapping[str, Any] | None = None) -> None:
        """Create it; nothing is started yet.

        Args:
            shared: the result of `share` in another process; ``None`` for a server in this process.
        """
        self._shared = shared
        self._own: MockServer | None = None
        self._client: Mock | None = None
        self._redirection: Redirection | None = None

    @property
    def server(self) -> MockServer | Mock:
        """The server, started on first use, or a client of the shared one."""
        if self._shared is None:
            return self._start()
        if self._client is None:
            from mockserver.client import Mock

            self._client = Mock.at(self._shared["url"])
        return self._client

    @property
    def redirection(self) -> Redirection:
        """The redirection of this process's connections to the server."""
        if self._redirection is None:
            self._redirection = self._start().redirection() if self._shared is None else self._remote(self._shared)
        return self._redirection

    def close_connections(self) -> None:
        """Close the connections that the last redirection has kept open."""
        if self._redirection is not None:
            self._redirection.close_connections()

    def share(self, name: str) -> dict[str, Any]:
        """Open a listener of that name, and return what another process needs to use the server."""
        server = self._start()
        return {"url": server.url, "listener": server.open_listener(name).row()}

    def stop(self) -> None:
        """Stop the server and close the connections."""
        if self._client is not None:
            self._client.close()
        if self._own is not None:
            self._own.stop()
        self._own = self._client = self._redirection = None

    def _start(self) -> MockServer:
        if self._own is None:
            from mockserver.server import MockServer

            self._own = MockServer().start()
        return self._own

    def _remote(self, shared: Mapping[str, Any]) -> Redirection:
        from mockserver.intercept.hosts import Hosts
        from mockserver.intercept.redirect import Redirection
        from mockserver.intercept.redirect_listener import RedirectListener
        from mockserver.settings import process_environment

        server: AdminClient = self.server
        hosts = Hosts(server.addresses()["hosts"])
        return Redirection(server, RedirectListener.of(shared["listener"]), hosts, process_environment())
