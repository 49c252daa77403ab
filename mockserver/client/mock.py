"""A server's worlds and lists."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Event
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mockserver.engine.clock import Clock
from mockserver.engine.instants import SECOND

from . import timefmt as moments
from .awaiting import awaitable
from .timefmt import Duration, Moment
from .transport import InProcess, NoServer, OverHttp, Transport
from .values import Credentials, written_credentials
from .world import Document, WorldClient, loaded

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

DEFAULT = "default"
"""The id of the world that is always there."""

_PAUSE = 0.05
"""Seconds between two looks for a server that is starting."""


class AdminClient:
    """The verbs of a server. Whoever has a `transport` has them all."""

    @property
    def transport(self) -> Transport:
        """The way to the server."""
        raise NotImplementedError

    @property
    def world(self) -> WorldClient:
        """The world that is always there."""
        return WorldClient(self.transport, DEFAULT)

    def get_world(self, world_id: str) -> WorldClient:
        """The world of an id. Whether there is one is seen when it is first used."""
        return WorldClient(self.transport, world_id)

    @awaitable
    def worlds(self) -> list[WorldClient]:
        """Every world."""
        rows = self.transport.call("GET", "/_mock/worlds")["worlds"]
        return [WorldClient.of(self.transport, row) for row in rows]

    @awaitable
    def create_world(
        self,
        fixture: str | None = None,
        *,
        snapshot: Document | None = None,
        seed: str | None = None,
        variants: Mapping[str, str] | None = None,
        freeze: Moment | None = None,
        credentials: Credentials | None = None,
        own_credentials: bool = False,
        id: str | None = None,  # noqa: A002 - the control API's word
    ) -> WorldClient:
        """Make a world, with credentials that are no one else's. In a ``with`` statement it is dropped at the end.

        Args:
            fixture: what it begins with: ``demo``, which is meant when none is given, ``small`` or ``empty``.
            snapshot: a world file to begin with in its place, or where that lies.
            seed: of its identifiers and of chance.
            variants: how it reads the quirks, where not as usual.
            freeze: the instant at which its clock stands; it ticks when none is given.
            credentials: of your own, by provider and account; accounts that are not named get those that the snapshot
                tells, else fresh ones.
            own_credentials: whether the snapshot's are left alone, which another world may have.
            id: its name in addresses; one is made when none is given.

        Raises:
            ControlError: ``taken``: the id or a credential is in use; or something is not as it must be.
        """
        given = {
            "id": id,
            "fixture": fixture,
            "snapshot": None if snapshot is None else loaded(snapshot),
            "seed": seed,
            "variants": variants,
            "freeze": None if freeze is None else moments.written(freeze),
            "credentials": None if credentials is None else written_credentials(credentials),
            "own_credentials": own_credentials or None,
        }
        body = {name: value for name, value in given.items() if value is not None}
        return WorldClient.of(self.transport, self.transport.call("POST", "/_mock/worlds", body=body))

    @awaitable
    def health(self) -> dict[str, Any]:
        """That it is there: ``{"status": "ok", "version": ...}``."""
        health: dict[str, Any] = self.transport.call("GET", "/_mock/health")
        return health

    @awaitable
    def until_healthy(self, timeout: Duration = 30.0) -> dict[str, Any]:
        """Wait for a server that is starting; its health.

        Args:
            timeout: how long, in seconds of the wall clock.

        Raises:
            NoServer: it does not answer until then.
        """
        clock, never = Clock.system(), Event()
        end = clock.now() + moments.seconds(timeout) * SECOND
        while True:
            try:
                return self.health()
            except NoServer:
                if clock.now() >= end:
                    raise
                never.wait(_PAUSE)

    @awaitable
    def addresses(self) -> dict[str, Any]:
        """Where the server listens (``http``, ``https``, ``proxy``), for which ``hosts``, and the certificate to trust."""
        found: dict[str, Any] = self.transport.call("GET", "/_mock/addresses")
        return found

    @awaitable
    def quirks(self) -> list[dict[str, Any]]:
        """Every place where the documents leave something open: sentences, variants, what was taken, how it is known."""
        return self._list("quirks")

    @awaitable
    def errors(self) -> list[dict[str, Any]]:
        """Every provider error of every provider, by the name under which a fault can ask for it."""
        return self._list("errors")

    @awaitable
    def operations(self) -> list[dict[str, Any]]:
        """Every operation of every provider: its source, its errors, and its parameters with their values as JSON Schema."""
        return self._list("operations")

    @awaitable
    def magic(self) -> list[dict[str, Any]]:
        """The numbers that bring something about in a fresh world."""
        return self._list("magic")

    @awaitable
    def fault_kinds(self) -> list[dict[str, Any]]:
        """Every kind of fault, with the JSON Schema of its options."""
        kinds: list[dict[str, Any]] = self.transport.call("GET", "/_mock/faults")["kinds"]
        return kinds

    def _list(self, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.transport.call("GET", f"/_mock/{name}")[name]
        return found


class Mock(AdminClient):
    """A server that runs elsewhere, or an application in this process, by the same verbs.

    ``Mock.at("http://127.0.0.1:7670").world.clock.advance(minutes=1)``; every verb can be awaited as ``verb.aio(...)``.
    """

    def __init__(self, transport: Transport) -> None:
        """Nothing is asked yet."""
        self._transport = transport

    @classmethod
    def at(cls, url: str, token: str | None = None) -> Mock:
        """A server at an address, with the token that it asks for if it listens off loopback.

        Raises:
            ValueError: the address is none.
        """
        return cls(OverHttp(url, token))

    @classmethod
    def of(cls, app: WSGIApplication) -> Mock:
        """An application in this process, without a socket."""
        return cls(InProcess(app))

    @property
    def transport(self) -> Transport:
        """The way to the server."""
        return self._transport

    @property
    def url(self) -> str:
        """The server's address, without a slash at the end."""
        return self._transport.url

    def close(self) -> None:
        """Let go of connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        """Use it until the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of connections."""
        self.close()
