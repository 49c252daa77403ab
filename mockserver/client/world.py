"""A world and its verbs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias
from urllib.parse import quote

from mockserver.engine.accounts import Login

from . import timefmt as moments
from .awaiting import awaitable
from .clock import WorldClock
from .exchanges import Exchanges
from .faults import WorldFaults
from .records import MessagesMixin
from .timefmt import Moment
from .transport import ControlError, Transport
from .values import Logins, Row, WorldFacts
from .variants import VariantsMixin
from .waiting import WaitMixin

Document: TypeAlias = Mapping[str, Any] | str | PathLike[str]
"""A world file: what it holds, or where it lies."""


class WorldClient(MessagesMixin, Exchanges, WaitMixin):
    """Everything that one test sees: accounts, messages, clock, variants, faults, deliveries and journal.

    The verbs of the world as a whole are here, those of what is in it with its bases. Used as a context manager it is
    dropped at the end. Every verb raises `ControlError` when the server rejects it, and `NoServer` when no one answers;
    every verb can be awaited as ``verb.aio(...)``.
    """

    def __init__(self, transport: Transport, world_id: str, facts: WorldFacts | None = None) -> None:
        """Nothing is asked yet, and whether there is such a world is not known.

        Args:
            transport: the way to its server.
            world_id: its name in addresses.
            facts: what is known of it already.
        """
        super().__init__(transport, f"/_mock/worlds/{quote(world_id, safe='')}")
        self.id = world_id
        self._facts = facts
        self.clock = WorldClock(transport, f"{self._path}/clock")
        """The clock that everything in this world follows."""
        self.faults = WorldFaults(transport, f"{self._path}/faults")
        """What goes wrong on purpose in this world."""
        self.variants = VariantsMixin(transport, f"{self._path}/variants")
        """How this world reads the quirks."""

    @classmethod
    def of(cls, transport: Transport, row: Row) -> WorldClient:
        """Read it.

        Args:
            transport: the way to its server.
            row: the world as JSON.
        """
        return cls(transport, row["id"], WorldFacts.of(row))

    def __repr__(self) -> str:
        return f"<World {self.id} of {self._transport.url}>"

    @property
    def transport(self) -> Transport:
        """The way to its server."""
        return self._transport

    @property
    def base_url(self) -> str:
        """Where this world answers clients whose credentials cannot be changed, without a slash at the end."""
        return self.facts.base_url

    @property
    def credentials(self) -> Logins:
        """Its accounts' logins, by provider and account; those of a world that was created are no one else's."""
        return self.facts.credentials

    @property
    def facts(self) -> WorldFacts:
        """How it stood when it was made or found; asked for once where that is not known. `show` asks each time."""
        if self._facts is None:
            self._facts = self.show()
        return self._facts

    @property
    def cursor(self) -> int:
        """How many things have happened in it until now; `wait` takes it as ``since``."""
        return self.show().cursor

    def login(self, provider: str, account: str | None = None) -> Login:
        """The first user and secret of an account, the provider's first one when none is named.

        Raises:
            LookupError: there is none; which there are.
        """
        for name, logins in self.credentials.get(provider, {}).items():
            if logins and account in (None, name):
                return logins[0]
        wanted = provider if account is None else f"{provider}/{account}"
        there = [
            f"{each}/{name}"
            for each, accounts in self.credentials.items()
            for name, logins in accounts.items()
            if logins
        ]
        raise LookupError(f"the world {self.id!r} has no login of {wanted}; it has {', '.join(there) or 'none at all'}")

    @awaitable
    def show(self) -> WorldFacts:
        """How it stands."""
        return WorldFacts.of(self._ask("GET"))

    @awaitable
    def fork(self, id: str | None = None) -> WorldClient:  # noqa: A002 - the control API's word
        """A world that begins as this one is now, with credentials of its own."""
        return WorldClient.of(self._transport, self._ask("POST", "/fork", body={} if id is None else {"id": id}))

    @awaitable
    def reset(self, freeze: Moment | None = None) -> WorldFacts:
        """Return it to how it was created, with its clock frozen at an instant, past or future, if one is given."""
        return WorldFacts.of(
            self._ask("POST", "/reset", body={} if freeze is None else {"freeze": moments.written(freeze)})
        )

    @awaitable
    def drop(self) -> None:
        """Forget it. Its credentials are rejected from now on, as any unknown ones."""
        self._ask("DELETE")

    def __enter__(self) -> Self:
        """Use it until the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop it, unless that was done inside."""
        with suppress(ControlError):
            self.drop()

    @awaitable
    def snapshot(self, *, credentials: bool = False) -> dict[str, Any]:
        """The world as a world file.

        Args:
            credentials: whether the logins stand in it.
        """
        document: dict[str, Any] = self._ask("GET", "/snapshot", {"credentials": True if credentials else None})
        return document

    @awaitable
    def restore(self, document: Document, *, own_credentials: bool = False) -> WorldFacts:
        """Make it as a world file says.

        Args:
            document: the world file.
            own_credentials: whether it keeps its own credentials where the file tells others.

        Raises:
            ControlError: it is no world file, or its credentials are another world's; the world is as it was.
        """
        query = {"own_credentials": own_credentials or None}
        facts = self._facts = WorldFacts.of(self._ask("PUT", "/snapshot", query, loaded(document)))
        return facts


def loaded(document: Document) -> Mapping[str, Any]:
    """What a world file holds.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no JSON.
    """
    if isinstance(document, Mapping):
        return document
    held: Mapping[str, Any] = json.loads(Path(document).read_bytes())
    return held
