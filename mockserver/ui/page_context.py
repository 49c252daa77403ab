"""The context of the page: the server's objects, and one request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote, urlencode

from mockserver.client import InProcess
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.world import World
from mockserver.http.masking import Masking
from mockserver.sdk.provider import Provider
from mockserver.settings import Settings

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from werkzeug.datastructures import MultiDict
    from werkzeug.wrappers import Request

    from .demo_sessions import DemoSessions

ROOT = "/_mock/ui"

Guard: TypeAlias = Callable[[Mapping[str, Any]], int]
"""The status with which a request, given its WSGI environ, is not let in; 0 where it is."""


@dataclass(frozen=True, eq=False)
class PageContext:
    """The objects that the page works on."""

    registry: WorldRegistry
    providers: tuple[Provider, ...]
    settings: Settings
    masking: Masking
    guard: Guard
    version: str
    application: WSGIApplication
    """The whole server, whose control API is asked in this process."""

    @cached_property
    def providers_by_name(self) -> Mapping[str, Provider]:
        """The providers by name."""
        return {provider.name: provider for provider in self.providers}

    @cached_property
    def demo_sessions(self) -> DemoSessions:
        """The demos that are being run."""
        from .demo_sessions import DemoSessions

        return DemoSessions()

    @cached_property
    def titles(self) -> Mapping[str, str]:
        """The titles of the providers, by name."""
        return {provider.name: provider.title for provider in self.providers}


class NoWorld(LookupError):
    """There is no world of that id."""


class PageRequest:
    """One request to the page, in one world."""

    def __init__(self, desk: PageContext, request: Request, world_id: str | None = None) -> None:
        self.desk = desk
        self.request = request
        world = desk.registry.default if world_id is None else desk.registry.get(world_id)
        if world is None:
            raise NoWorld(f"there is no world {world_id!r}")
        self.world: World = world
        self.origin = request.host_url.rstrip("/")
        """How the server was addressed, such as ``http://127.0.0.1:7670``."""
        self.since = urlencode({"set": world.settings_changed.cursor, "worlds": desk.registry.feed.cursor})
        """Behind what `live` is to go on, so that nothing is missed between a page and its stream: read before all else."""

    @property
    def args(self) -> MultiDict[str, str]:
        """The address's parameters."""
        return self.request.args

    def number(self, name: str, otherwise: int = 0) -> int:
        """A parameter as a whole number; what is none is as if it were not there."""
        text = self.args.get(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else otherwise

    def url_for_section(self, section: str, **parameters: Any) -> str:
        """The address of a section of this world."""
        return address(self.world.id, section, **parameters)

    def call_api(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Ask the control API; a path that begins with no slash is one of this world's.

        Raises:
            ControlError: it says no.
        """
        if not path.startswith("/"):
            path = f"/_mock/worlds/{quote(self.world.id, safe='')}" + (f"/{path}" if path else "")
        way = InProcess(self.desk.application, self.origin, self.desk.settings.token)
        return way.call(method, path, query, body)


def address(world_id: str, section: str, **parameters: Any) -> str:
    """The address of a section of a world."""
    given = {name: value for name, value in parameters.items() if value not in (None, "", [])}
    query = f"?{urlencode(given, doseq=True)}" if given else ""
    return f"{ROOT}/worlds/{quote(world_id, safe='')}/{section}{query}"
