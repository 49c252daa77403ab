"""Clients of a whole server: `Mock`, and its base `AdminClient`."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Event
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from mockserver.engine.clock import Clock
from mockserver.engine.instants import SECOND

from . import timefmt as moments
from .awaiting import awaitable
from .resource import list_rows
from .timefmt import Duration, Moment
from .transport import InProcess, NoServer, OverHttp, Transport
from .values import Credentials, written_credentials
from .world import Document, WorldClient, loaded

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

DEFAULT = "default"
"""The id of the world that always exists."""

_PAUSE = 0.05
"""Seconds between two attempts to reach a server that is starting."""


class AdminClient:
    """The control API of a server, for every class with a `transport`."""

    @property
    def transport(self) -> Transport:
        """The connection to the server."""
        raise NotImplementedError

    @property
    def world(self) -> WorldClient:
        """The default world."""
        return WorldClient(self.transport, DEFAULT)

    def get_world(self, world_id: str) -> WorldClient:
        """Return the world of an id, without checking that it exists."""
        return WorldClient(self.transport, world_id)

    @awaitable
    def worlds(self, *, since: int | None = None, limit: int | None = None) -> list[WorldClient]:
        """Return the worlds, in the order of creation.

        Args:
            since: only worlds with a greater number, which is among their facts.
            limit: the maximal count; all when ``None``.
        """
        rows, _ = list_rows(self.transport, "/_mock/worlds", "worlds", "number", {}, since, limit)
        return [WorldClient.of(self.transport, row) for row in rows]

    @awaitable
    def create_world(
        self,
        fixture: str | None = None,
        *,
        snapshot: Document | None = None,
        seed: str | None = None,
        variants: Mapping[str, str] | None = None,
        freeze: Moment | Literal["follow"] | None = None,
        credentials: Credentials | None = None,
        own_credentials: bool = False,
        keep_unknown: bool = False,
        id: str | None = None,  # noqa: A002 - the control API's name
    ) -> WorldClient:
        """Create a world with unique credentials. Used in a ``with`` statement, it is deleted at the end.

        Args:
            fixture: the initial content: ``demo`` (the default), ``small`` or ``empty``.
            snapshot: a world file as the initial content instead, or its path.
            seed: the seed of identifiers and probabilities.
            variants: the variants of quirks that differ from the defaults.
            freeze: the instant at which the clock is frozen; it runs when ``None``. With ``follow`` it is always at the
                instant at which freezegun or time-machine has frozen the time of this process, where the server must run.
            credentials: credentials by provider and account; other accounts get those of the snapshot, or else new
                ones.
            own_credentials: whether to ignore the credentials of the snapshot, which another world may have.
            keep_unknown: whether to keep the snapshot's accounts of providers that are not installed, unread, for later
                snapshots; otherwise they are an error.
            id: the world's id in URLs; generated when ``None``.

        Raises:
            ControlError: ``taken``: the id or a credential is in use; or an argument is invalid.
            ValueError: ``follow`` was given for a server in another process.
        """
        if freeze == "follow" and not isinstance(self.transport, InProcess):
            raise ValueError(
                "freeze='follow' needs the server in the process whose time is frozen: it is in another one, as with"
                " mockserver_server = shared"
            )
        given = {
            "id": id,
            "fixture": fixture,
            "snapshot": None if snapshot is None else loaded(snapshot),
            "seed": seed,
            "variants": variants,
            "freeze": None if freeze is None else moments.written(freeze),
            "credentials": None if credentials is None else written_credentials(credentials),
            "own_credentials": own_credentials or None,
            "keep_unknown": keep_unknown or None,
        }
        body = {name: value for name, value in given.items() if value is not None}
        return WorldClient.of(self.transport, self.transport.call("POST", "/_mock/worlds", body=body))

    @awaitable
    def health(self) -> dict[str, Any]:
        """Return the server's status: ``{"status": "ok", "version": ...}``."""
        health: dict[str, Any] = self.transport.call("GET", "/_mock/health")
        return health

    @awaitable
    def until_healthy(self, timeout: Duration = 30.0) -> dict[str, Any]:
        """Wait until a starting server is ready, and return its health.

        Args:
            timeout: time limit on the wall clock.

        Raises:
            NoServer: the server is not ready in time.
        """
        clock, pause = Clock.system(), Event()
        end = clock.now() + moments.seconds(timeout) * SECOND
        while True:
            try:
                return self.health()
            except NoServer:
                if clock.now() >= end:
                    raise
                pause.wait(_PAUSE)

    @awaitable
    def addresses(self) -> dict[str, Any]:
        """Return the server's URLs (``http``, ``https``, ``proxy``), the ``hosts`` that it serves, and its CA certificate."""
        found: dict[str, Any] = self.transport.call("GET", "/_mock/addresses")
        return found

    @awaitable
    def quickstart(self, world: str = DEFAULT) -> str:
        """Return how to use the server, as text with its own URLs and with the credentials of a world.

        Args:
            world: the id of the world.
        """
        text: str = self.transport.call("GET", "/_mock/quickstart", {"world": world}, is_text=True)
        return text

    @awaitable
    def quirks(self) -> list[dict[str, Any]]:
        """Return every quirk: the documents' sentences, our choice, its evidence and the variants."""
        return self._list("quirks")

    @awaitable
    def errors(self) -> list[dict[str, Any]]:
        """Return every provider error, by the name that fault rules use."""
        return self._list("errors")

    @awaitable
    def operations(self) -> list[dict[str, Any]]:
        """Return every operation: its source, its errors, and its parameters with JSON Schemas of their values."""
        return self._list("operations")

    @awaitable
    def magic(self) -> list[dict[str, Any]]:
        """Return the telephone numbers with a special effect in a new world."""
        return self._list("magic")

    @awaitable
    def fault_kinds(self) -> list[dict[str, Any]]:
        """Return every kind of fault, with the JSON Schema of its options."""
        kinds: list[dict[str, Any]] = self.transport.call("GET", "/_mock/faults")["kinds"]
        return kinds

    def _list(self, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.transport.call("GET", f"/_mock/{name}")[name]
        return found


class Mock(AdminClient):
    """A client of a server that runs elsewhere, or of an application in this process.

    ``Mock.at("http://127.0.0.1:7670").world.clock.advance(minutes=1)``; every method can be awaited as ``method.aio(...)``.
    """

    def __init__(self, transport: Transport) -> None:
        """Create a client; no request is sent yet."""
        self._transport = transport

    @classmethod
    def at(cls, url: str, token: str | None = None) -> Mock:
        """Create a client of the server at a URL; a server that listens beyond loopback needs its token.

        Raises:
            ValueError: the URL is invalid.
        """
        return cls(OverHttp(url, token))

    @classmethod
    def of(cls, app: WSGIApplication) -> Mock:
        """Create a client of an application in this process, without a socket."""
        return cls(InProcess(app))

    @property
    def transport(self) -> Transport:
        """The connection to the server."""
        return self._transport

    @property
    def url(self) -> str:
        """The server's URL, without a slash at the end."""
        return self._transport.url

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self.close()
