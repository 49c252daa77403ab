"""MockServer: the whole double, listening."""

from __future__ import annotations

from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockserver.app import create_app, create_house
from mockserver.client import Controls, InProcess
from mockserver.client.moments import Moment, written
from mockserver.settings import Settings
from mockserver.web.listening import Listener, Listening
from mockserver.web.shell import Limits

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


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

    def stop(self) -> None:
        """Close everything, and send nothing more."""
        super().stop()
        house = getattr(self.app, "house", None)
        if house is not None:
            house.close()

    @property
    def transport(self) -> InProcess:
        """How the verbs reach the application: in this process. Known while the server runs."""
        return InProcess(self.app, self.url, self._token)
