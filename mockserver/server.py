"""MockServer: the whole double, listening."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockserver.app import create_app, create_house
from mockserver.settings import Settings
from mockserver.web.listening import Listener, Listening
from mockserver.web.shell import Limits

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


class MockServer(Listening):
    """The providers at a socket of this machine, for the length of a ``with`` block or in the foreground.

    ``with MockServer() as mock:`` serves the shipped default world on a free port; ``mock.url`` says where.
    """

    def __init__(self, app: WSGIApplication | None = None, settings: Settings | None = None) -> None:
        """Get ready to listen.

        Args:
            app: what answers; the whole double, made from the settings, when none is given.
            settings: the defaults on a free port when none are given; the environment is not read here.

        Raises:
            snapshots.WorldFileError: the world file of the settings is not one.
        """
        settings = settings or Settings(port=0)
        if app is None:
            app = create_app(create_house(settings), settings)
        limits = Limits(head=settings.head_bytes, body=settings.body_bytes, idle=settings.idle_seconds)
        super().__init__(listeners=[Listener(app, settings.host, settings.port)], limits=limits)
