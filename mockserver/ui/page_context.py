"""What the page works with: the server's objects, and one request in one world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote, urlencode

from mockserver.client import InProcess
from mockserver.engine.registry import DEFAULT, WorldRegistry
from mockserver.engine.world import ClockState, World
from mockserver.http.masking import Masking
from mockserver.sdk.provider import Provider
from mockserver.settings import Settings

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from werkzeug.datastructures import MultiDict
    from werkzeug.wrappers import Request

    from .demo_sessions import DemoSessions

ROOT = "/_mock/ui"

Guard: TypeAlias = Callable[[Mapping[str, Any]], tuple[int, str]]
"""Returns the HTTP status that rejects a request, given its WSGI environ, and the reason; 0 if the request is allowed."""


@dataclass(frozen=True, eq=False)
class PageContext:
    """The server's objects that the page works with."""

    registry: WorldRegistry
    providers: tuple[Provider, ...]
    settings: Settings
    masking: Masking
    guard: Guard
    version: str
    application: WSGIApplication
    """The server's WSGI application; the page calls its control API in this process."""

    @cached_property
    def providers_by_name(self) -> Mapping[str, Provider]:
        """The providers by name."""
        return {provider.name: provider for provider in self.providers}

    @cached_property
    def demo_sessions(self) -> DemoSessions:
        """The demos that are running."""
        from .demo_sessions import DemoSessions

        return DemoSessions()

    @cached_property
    def titles(self) -> Mapping[str, str]:
        """The titles of the providers, by name."""
        return {provider.name: provider.title for provider in self.providers}


class WorldNotFound(LookupError):
    """The error that no world has the id in a URL."""


class PageRequest:
    """One request to the page, in one world."""

    def __init__(self, context: PageContext, request: Request, world_id: str | None = None) -> None:
        self.context = context
        self.request = request
        world = context.registry.get(DEFAULT if world_id is None else world_id)
        if world is None:
            raise WorldNotFound(f"there is no world {world_id!r}")
        self.world: World = world
        self.origin = request.host_url.rstrip("/")
        """The scheme, host and port that the browser used, such as ``http://127.0.0.1:7670``."""
        self.since = urlencode({"set": world.settings_changed.cursor, "worlds": context.registry.feed.cursor})
        """The cursors from which the page's event stream continues. They are read first, so that it misses no change."""

    @cached_property
    def clock(self) -> ClockState:
        """The world's clock, read once, so that every part of a page shows the same instant."""
        return self.world.read_clock()

    @property
    def submitted(self) -> Mapping[str, str]:
        """The values of a form whose action failed, to be shown again; empty when the page is only opened."""
        return self.request.form if self.request.method == "POST" else {}

    @property
    def args(self) -> MultiDict[str, str]:
        """The query parameters."""
        return self.request.args

    def number(self, name: str, default: int = 0) -> int:
        """Return a query parameter as a whole number, or the default if it is missing or not one."""
        text = self.args.get(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else default

    def url_for_section(self, section: str, **parameters: Any) -> str:
        """Return the URL of a section of this world."""
        return url_in_world(self.world.id, section, **parameters)

    def call_api(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Call the control API. A path without a leading slash is relative to this world.

        Raises:
            ControlError: the control API rejects the call.
        """
        if not path.startswith("/"):
            path = f"/_mock/worlds/{quote(self.world.id, safe='')}" + (f"/{path}" if path else "")
        transport = InProcess(self.context.application, self.origin, self.context.settings.token)
        return transport.call(method, path, query, body)


def url_in_world(world_id: str, section: str, **parameters: Any) -> str:
    """Return the URL of a section of a world. Parameters that are ``None`` or empty are left out."""
    given = {name: value for name, value in parameters.items() if value not in (None, "", [])}
    query = f"?{urlencode(given, doseq=True)}" if given else ""
    return f"{ROOT}/worlds/{quote(world_id, safe='')}/{section}{query}"
