"""What Flask surrounds a request with: its contexts, the request in them, the routes that lead from it.

The rules are those of `web/application.py`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Flask, Request, appcontext_popped, appcontext_pushed, appcontext_tearing_down
from flask.ctx import AppContext, RequestContext
from flask.globals import _cv_app, _cv_request
from flask.sessions import NullSession, SessionInterface
from werkzeug.datastructures import EnvironHeaders
from werkzeug.routing import Map, MapAdapter, Rule, RuleFactory

from mockserver.http.late import Late

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from mockserver.http.application import Application

_REMEMBERED = 256
"""Entries of a memo at most."""

UNSET: Any = object()
"""Stands where Flask takes the exception that is being handled, if none is given."""

Key = TypeVar("Key")
Value = TypeVar("Value")


current = _cv_request.get
"""Gives the context of the request that is being answered: where Flask's proxies look, without a proxy."""


def remember(memo: dict[Key, Value], key: Key, value: Value) -> None:
    """Strangers choose hosts, methods and paths: a full memo starts again."""
    if len(memo) >= _REMEMBERED:
        memo.clear()
    memo[key] = value


class Asking(Late, Request):
    """Flask's request, as the environ was when it came, whatever a hook writes there before the first look.

    A subclass may count on the attributes from the start; it is made the ordinary way.
    """

    def __init__(self, environ: WSGIEnvironment, populate_request: bool = True, shallow: bool = False) -> None:
        if type(self) is not Asking or shallow or not populate_request:
            super().__init__(environ, populate_request, shallow)
            return
        self._made_of = environ.copy()
        self.environ = environ
        environ["werkzeug.request"] = self

    def _whole(self) -> Request:
        request = Request(self._made_of, populate_request=False)
        request.headers = EnvironHeaders(self.environ)  # it has no attributes of its own, and reads when it is read
        return request

    def close(self) -> None:
        """Close the files that were read; when there are none it costs nothing."""
        if "files" in vars(self):
            super().close()


class Routes(Map):
    """The URL map, and what it has found."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.found: dict[tuple[str, str | None], tuple[Rule, dict[str, str]]] = {}
        super().__init__(*args, **options)

    def add(self, rulefactory: RuleFactory) -> None:
        """Add, and forget what was found."""
        super().add(rulefactory)
        # A new dictionary instead of an emptied one: a thread that is matching now writes into the old.
        self.found = {}


class Adapter(Late, MapAdapter):
    """The routes as one request sees them, whose ``Host`` is known to be good and of no matter for where it leads."""

    def __init__(self, routes: Map, environ: WSGIEnvironment) -> None:
        self._made_of = environ.copy()
        self.map = routes

    def _whole(self) -> MapAdapter:
        return self.map.bind_to_environ(self._made_of, subdomain=self.map.default_subdomain or "")

    @property
    def asked(self) -> tuple[str, str | None] | None:
        """Method and path as they came; ``None`` when somebody looked in, and may have written there."""
        if len(vars(self)) > 2:  # what `__init__` assigns
            return None
        return self._made_of["REQUEST_METHOD"], self._made_of.get("PATH_INFO")


class Context(RequestContext):
    """Flask's request context; a route that was found is not searched again."""

    app: Application

    def match_request(self) -> None:
        """Match by memory, if this method and path once led to a rule."""
        adapter = self.url_adapter
        asked = adapter.asked if isinstance(adapter, Adapter) else None
        if asked is None:
            super().match_request()
            return
        found = self.app.url_map.found
        known = found.get(asked)
        if known is not None:
            self.request.url_rule = known[0]
            self.request.view_args = known[1].copy()  # hooks may write into it
            return
        super().match_request()
        rule, arguments = self.request.url_rule, self.request.view_args or {}
        # A view might change what a converter made of it, but never a text.
        if rule is not None and all(isinstance(value, str) for value in arguments.values()):
            remember(found, asked, (rule, arguments.copy()))


class Surroundings(AppContext):
    """Flask's application context; its coming and going is not signalled to nobody."""

    def push(self) -> None:
        """Flask's, when somebody is to be told."""
        if appcontext_pushed.receivers:
            super().push()
        else:
            self._cv_tokens.append(_cv_app.set(self))

    def pop(self, exc: BaseException | None = UNSET) -> None:
        """Flask's, when somebody is to be told, has registered something to be called then, or has pushed another on top."""
        app = self.app
        if (
            app.teardown_appcontext_funcs
            or appcontext_tearing_down.receivers
            or appcontext_popped.receivers
            or _cv_app.get() is not self
        ):
            super().pop(sys.exc_info()[1] if exc is UNSET else exc)
            return
        try:
            if len(self._cv_tokens) == 1:
                app.do_teardown_appcontext(sys.exc_info()[1] if exc is UNSET else exc)
        finally:
            _cv_app.reset(self._cv_tokens.pop())


class NoSession(NullSession):
    """Reads as empty; writing is Flask's RuntimeError, by ``|=`` too, because all requests share the one."""

    __ior__ = NullSession.__setitem__


class NoSessions(SessionInterface):
    """Providers know no sessions: no cookie is read and none is signed."""

    def __init__(self) -> None:
        self._session = NoSession()

    def open_session(self, app: Flask, request: Request) -> NoSession:  # noqa: ARG002 - Flask's signature
        """Hand out the one that is always empty."""
        return self._session
