"""The client of one world: `WorldClient`."""

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
from .checkpoints import CheckpointsMixin
from .clock import WorldClock
from .faults import WorldFaults
from .records import MessagesMixin
from .timefmt import Moment
from .transport import ControlError, Transport
from .values import Logins, Row, WorldFacts
from .variants import VariantsMixin
from .waiting import WaitMixin

Document: TypeAlias = Mapping[str, Any] | str | PathLike[str]
"""A world file: its content, or its path."""


class WorldClient(MessagesMixin, CheckpointsMixin, WaitMixin):
    """A client of one world: accounts, messages, clock, variants, faults, deliveries and journal.

    Used as a context manager, it deletes the world at the end. Every method raises `ControlError` for an error response
    and `NoServer` when there is no server, and can be awaited as ``method.aio(...)``.
    """

    def __init__(self, transport: Transport, world_id: str, facts: WorldFacts | None = None) -> None:
        """Create a client; no request is sent yet, so the world may not exist.

        Args:
            transport: the connection to the server.
            world_id: the world's id.
            facts: the world's facts, when already known.
        """
        super().__init__(transport, f"/_mock/worlds/{quote(world_id, safe='')}")
        self.id = world_id
        self._facts = facts
        self.clock = WorldClock(transport, f"{self._path}/clock")
        """The world's clock."""
        self.faults = WorldFaults(transport, f"{self._path}/faults")
        """The world's fault rules."""
        self.variants = VariantsMixin(transport, f"{self._path}/variants")
        """The world's variants of quirks."""

    @classmethod
    def of(cls, transport: Transport, row: Row) -> WorldClient:
        """Create a client from the control API's JSON.

        Args:
            transport: the connection to the server.
            row: the world as JSON.
        """
        return cls(transport, row["id"], WorldFacts.of(row))

    def __repr__(self) -> str:
        return f"<World {self.id} of {self._transport.url}>"

    @property
    def transport(self) -> Transport:
        """The connection to the server."""
        return self._transport

    @property
    def base_url(self) -> str:
        """The URL for clients whose credentials cannot be changed, without a slash at the end."""
        return self.facts.base_url

    @property
    def credentials(self) -> Logins:
        """The logins of its accounts, by provider and account. No other world has them."""
        return self.facts.credentials

    @property
    def facts(self) -> WorldFacts:
        """The facts as of its creation or first use; `show` fetches the present ones."""
        if self._facts is None:
            self._facts = self.show()
        return self._facts

    @property
    def cursor(self) -> int:
        """The cursor of the latest event; `wait` takes it as ``since``."""
        return self.show().cursor

    def login(self, provider: str, account: str | None = None) -> Login:
        """Return the first login of an account, by default of the provider's first account.

        Raises:
            LookupError: there is no such login; the message lists the accounts that have one.
        """
        for name, logins in self.credentials.get(provider, {}).items():
            if logins and account in (None, name):
                return logins[0]
        wanted = provider if account is None else f"{provider}/{account}"
        with_login = [
            f"{each}/{name}"
            for each, accounts in self.credentials.items()
            for name, logins in accounts.items()
            if logins
        ]
        raise LookupError(
            f"the world {self.id!r} has no login of {wanted}; it has {', '.join(with_login) or 'none at all'}"
        )

    @awaitable
    def show(self) -> WorldFacts:
        """Fetch the present facts."""
        return WorldFacts.of(self._ask("GET"))

    @awaitable
    def fork(self, id: str | None = None) -> WorldClient:  # noqa: A002 - the control API's name
        """Create a copy of the world as it is now, with its own credentials."""
        return WorldClient.of(self._transport, self._ask("POST", "/fork", body={} if id is None else {"id": id}))

    @awaitable
    def reset(self, freeze: Moment | None = None) -> WorldFacts:
        """Reset the world to its initial content, and freeze its clock at an instant, past or future, if given."""
        return WorldFacts.of(
            self._ask("POST", "/reset", body={} if freeze is None else {"freeze": moments.written(freeze)})
        )

    @awaitable
    def drop(self) -> None:
        """Delete the world. Its credentials are rejected from now on, as unknown ones are."""
        self._ask("DELETE")

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Delete the world, unless that was already done."""
        with suppress(ControlError):
            self.drop()

    @awaitable
    def snapshot(self, *, credentials: bool = False, journal: bool = False) -> dict[str, Any]:
        """Return the world as a world file, with its fault rules and deliveries.

        Args:
            credentials: whether to include the credentials.
            journal: whether to include the journal, and the credentials, which its requests have.
        """
        query = {"credentials": credentials or None, "journal": journal or None}
        document: dict[str, Any] = self._ask("GET", "/snapshot", query)
        return document

    @awaitable
    def restore(self, document: Document, *, own_credentials: bool = False, keep_unknown: bool = False) -> WorldFacts:
        """Replace the content of the world by a world file; its journal and fault rules only if the file has some.

        Args:
            document: the world file.
            own_credentials: whether to keep its credentials instead of taking those of the file.
            keep_unknown: whether to keep the file's accounts of providers that are not installed, unread, for later
                snapshots; otherwise they are an error.

        Raises:
            ControlError: the file is invalid, or another world has its credentials; the world is unchanged.
        """
        query = {"own_credentials": own_credentials or None, "keep_unknown": keep_unknown or None}
        facts = self._facts = WorldFacts.of(self._ask("PUT", "/snapshot", query, loaded(document)))
        return facts


def loaded(document: Document) -> Mapping[str, Any]:
    """Return the content of a world file.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is not JSON.
    """
    if isinstance(document, Mapping):
        return document
    content: Mapping[str, Any] = json.loads(Path(document).read_bytes())
    return content
