"""MockServer: the whole double, listening."""

from __future__ import annotations

from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockserver.app import PROVIDERS, create_app, create_house
from mockserver.client import Controls, InProcess
from mockserver.client.moments import Moment, written
from mockserver.redirect.doors import Door
from mockserver.redirect.hosts import Hosts
from mockserver.redirect.redirection import Redirected, Redirection
from mockserver.settings import Settings, process_environment
from mockserver.web.listening import Listener, Listening
from mockserver.web.shell import Limits

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from mockserver.client import World
    from mockserver.core.worlds import Worlds

HOSTS = Hosts(host for room in PROVIDERS for host in room.hosts)
"""The providers' host names."""


class MockServer(Listening, Controls):
    """The providers at a socket of this machine, for the length of a ``with`` block or in the foreground.

    ``with MockServer() as mock:`` serves the shipped default world on a free port; ``mock.url`` says where,
    ``mock.world`` is that world with its verbs, and ``mock.create_world()`` makes others. Verbs need no socket.
    """

    def __init__(
        self,
        app: WSGIApplication | None = None,
        settings: Settings | None = None,
        *,
        world: str | PathLike[str] | None = None,
        freeze: Moment | None = None,
        seed: str | None = None,
    ) -> None:
        """Get ready to listen.

        Args:
            app: what answers; the whole double, made from the settings, when none is given.
            settings: the defaults on a free port when none are given; the environment is not read here.
            world: in place of the settings': the world file that the default world begins with.
            freeze: in place of the settings': the instant at which its clock stands.
            seed: in place of the settings': of its identifiers and of chance.

        Raises:
            snapshots.WorldFileError: the world file is not one.
            ValueError: the instant is none, or an application was given and something that it should begin with.
        """
        settings = settings or Settings(port=0)
        given: dict[str, Any] = {
            "world": None if world is None else Path(world),
            "freeze": None if freeze is None else written(freeze),
            "seed": seed,
        }
        given = {name: value for name, value in given.items() if value is not None}
        if app is not None and given:
            raise ValueError(f"{', '.join(given)}: belongs to the settings that the application was made from")
        settings = replace(settings, **given).with_token()
        self.app = app or create_app(create_house(settings), settings)
        """What answers."""
        self._token = settings.token
        limits = Limits(head=settings.head_bytes, body=settings.body_bytes, idle=settings.idle_seconds)
        super().__init__(listeners=[Listener(self.app, settings.host, settings.port)], limits=limits)
        self._redirection: Redirection | None = None
        self._house: Worlds | None = getattr(self.app, "house", None)
        if self._house is not None:
            self._house.dismisses(self.dismiss)

    def stop(self) -> None:
        """Close everything, and send nothing more."""
        super().stop()
        self._redirection = None
        if self._house is not None:
            self._house.close()

    def redirected(self, world: World | None = None, **made: Any) -> Redirected:
        """Lead this process's connections to the providers' hosts to a world, for the length of a ``with`` block.

        Args:
            world: of this server; one is made, and dropped at the end, when none is given.
            made: how it is made, as `create_world` has it. The fixture's printed credentials are valid in it.

        Raises:
            RuntimeError: the server does not run; or, at the block's beginning, the process has a redirect already.
        """
        if world is not None and made:
            raise ValueError(f"{', '.join(made)}: the world is there already")
        redirection = self.redirection()
        return Redirected(redirection, world or self.create_world(**made), drops=world is None)

    def redirection(self) -> Redirection:
        """What leads this process's connections to the providers' hosts to worlds of this server, one after the other."""
        if self._redirection is None:
            door = self.open_door("redirect")
            self._redirection = Redirection(self, door, HOSTS, process_environment())
        return self._redirection

    def open_door(self, name: str) -> Door:
        """Two more listeners, plain and TLS, that are the providers' hosts and lead to one world at a time."""
        return Door.opened(self, self.app, HOSTS, name)

    @property
    def transport(self) -> InProcess:
        """How the verbs reach the application: in this process. Known while the server runs."""
        return InProcess(self.app, self.url, self._token)
