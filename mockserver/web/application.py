"""Our Flask: what is the same for every request is done once.

Rule 1: an application of this class behaves as ``flask.Flask`` does; ``contract_tests/core/test_application.py`` takes
both through the same steps. Rule 2: only what Flask and Werkzeug offer for overriding is overridden, ``wsgi_app`` stays
Flask's, and where a shortcut does not apply the overridden method is called. Rule 3: nothing here knows a provider.

Two shortcuts are left out because they were measured and gain too little: a Request that reads the environ piece by
piece (1 µs of 13) and a flattened ``wsgi_app`` (3 µs, at the price of a second dispatcher that must agree with Flask's).
"""

from __future__ import annotations

import sys
from inspect import CO_COROUTINE
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Flask, Request, Response, appcontext_tearing_down, request_tearing_down
from flask.ctx import RequestContext
from flask.globals import request_ctx
from flask.sessions import NullSession, SessionInterface
from werkzeug.datastructures import Headers
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.routing import Map, MapAdapter, Rule, RuleFactory

from mockserver.web.answer import AT_ONCE, Answer

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask.typing import ResponseReturnValue

    from mockserver.core.worlds import Worlds

DELIVERY = "mockserver.delivery"
"""Where the WSGI environ has the :class:`Delivery` of the answer that was sent, when it is not ``AT_ONCE``."""

_REMEMBERED = 256
"""Entries of a memo at most."""

_STATUS_LINES = {code: f"{code} {phrase.upper()}" for code, phrase in HTTP_STATUS_CODES.items()}

_UNSET: Any = object()

Key = TypeVar("Key")
Value = TypeVar("Value")


class AnswerResponse(Response):
    """An :class:`Answer` as a response of Flask's; an ordinary one from the moment somebody looks inside.

    Nearly every answer passes through Flask untouched. Such a one needs no ``Headers``, no iterator and no copies,
    so it starts out holding the answer and nothing else, and fills itself in at the first look.
    """

    _answer: Answer | None = None

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __getattr__(self, name: str) -> Any:
        """Python asks here only for what is not there: fill in."""
        if self._answer is not None:
            self._fill_in(self._answer)
            if name in vars(self):
                return vars(self)[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)

    def _fill_in(self, answer: Answer) -> None:
        ordinary = Response(answer.body, status=answer.status)
        # Assigned afterwards, because Response adds a Content-Type and corrects a Content-Length.
        ordinary.headers = Headers(answer.headers)
        for name, value in vars(ordinary).items():
            vars(self).setdefault(name, value)  # what was assigned before the first look stays

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send. Only now is the delivery known to count: until here another response could take this one's place."""
        answer = self._answer
        if answer is None:
            return super().__call__(environ, start_response)
        if answer.delivery is not AT_ONCE:
            environ[DELIVERY] = answer.delivery
        is_touched = len(vars(self)) > 1
        if is_touched or environ["REQUEST_METHOD"] == "HEAD" or not _may_have_body(answer.status):
            return super().__call__(environ, start_response)
        start_response(_STATUS_LINES.get(answer.status) or f"{answer.status} UNKNOWN", _headers_with_length(answer))
        return [answer.body]


def _may_have_body(status: int) -> bool:
    return status >= 200 and status not in {204, 304}


def _headers_with_length(answer: Answer) -> list[tuple[str, str]]:
    headers = list(answer.headers)
    for name, _ in headers:
        if name.lower() == "content-length":
            return headers
    headers.append(("Content-Length", str(len(answer.body))))
    return headers


class Routes(Map):
    """The URL map, and what it has found."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.found: dict[tuple[str, str], tuple[Rule, dict[str, str]]] = {}
        super().__init__(*args, **options)

    def add(self, rulefactory: RuleFactory) -> None:
        """Add, and forget what was found."""
        super().add(rulefactory)
        # A new dictionary instead of an emptied one: a thread that is matching now writes into the old.
        self.found = {}


class Asking(Request):
    """Flask's request; closing one whose files nobody has read costs nothing."""

    def close(self) -> None:
        """Close the files that were read."""
        if "files" in vars(self):
            super().close()


class Context(RequestContext):
    """Flask's request context; a route that was found is not searched again."""

    app: Application

    def match_request(self) -> None:
        """Match by memory, if this method and path once led to a rule."""
        adapter, found = self.url_adapter, self.app.url_map.found
        if adapter is None or adapter.websocket or not self.app.is_routed_by_path_alone:
            super().match_request()
            return
        # The adapter's, not the request's: these are what Werkzeug matches, whatever a hook writes into the request.
        asked = adapter.default_method, adapter.path_info
        known = found.get(asked)
        if known is not None:
            self.request.url_rule = known[0]
            self.request.view_args = known[1].copy()  # hooks may write into it
            return
        super().match_request()
        rule, arguments = self.request.url_rule, self.request.view_args or {}
        # A view might change what a converter made of it, but never a text.
        if rule is not None and all(isinstance(value, str) for value in arguments.values()):
            _remember(found, asked, (rule, arguments.copy()))


def _remember(memo: dict[Key, Value], key: Key, value: Value) -> None:
    """Strangers choose hosts, methods and paths: a full memo starts again."""
    if len(memo) >= _REMEMBERED:
        memo.clear()
    memo[key] = value


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


class Application(Flask):
    """Flask, with what repeats remembered. A view may also return an :class:`Answer`."""

    url_map: Routes
    url_map_class = Routes
    request_class = Asking
    session_interface = NoSessions()

    def __init__(
        self, import_name: str, *, static_folder: str | os.PathLike[str] | None = None, **options: Any
    ) -> None:
        super().__init__(import_name, static_folder=static_folder, **options)
        self.house: Worlds | None = None
        """The worlds it answers for."""
        self.broken: Callable[[bytes, str, str | None], None] | None = None
        """Called by the shell with what was no HTTP; see ``web/shell.py``."""
        self.away: WSGIApplication | None = None
        """Answers what the tunnel does not carry; see ``redirect/tunnel.py``."""
        self.whereabouts: Callable[[], Mapping[str, str | None]] = dict
        """Where the server listens that it is the application of, and what clients have to trust; see ``server.py``."""
        self._hosts: dict[tuple[str, str], tuple[str, str]] = {}

    @property
    def is_routed_by_path_alone(self) -> bool:
        """Whether a path means the same on every host."""
        return not (self.url_map.host_matching or self.subdomain_matching)

    def request_context(self, environ: WSGIEnvironment) -> RequestContext:
        """Flask's, with a memory for routes."""
        return Context(self, environ)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Flask's; checking and IDNA-encoding the ``Host`` is done at its first appearance."""
        if request is None or not self._is_plainly_hosted(request):
            return super().create_url_adapter(request)
        origin = request.environ["wsgi.url_scheme"], request.environ["HTTP_HOST"]
        known = self._hosts.get(origin)
        if known is not None:
            request.host, server_name = known
            return self._adapter(request.environ, server_name)
        adapter = super().create_url_adapter(request)
        if adapter is not None:
            _remember(self._hosts, origin, (request.host, adapter.server_name))
        return adapter

    def _is_plainly_hosted(self, request: Request) -> bool:
        """Whether nothing but the ``Host`` header has a say in where a request was sent."""
        environ, config = request.environ, self.config
        return (
            "HTTP_HOST" in environ
            and "HTTP_UPGRADE" not in environ
            and self.is_routed_by_path_alone
            and config["SERVER_NAME"] is None
            and config["TRUSTED_HOSTS"] is None
            and request.trusted_hosts is None
        )

    def _adapter(self, environ: WSGIEnvironment, server_name: str) -> MapAdapter:
        return MapAdapter(
            self.url_map,
            server_name,
            script_name=_decoded(environ.get("SCRIPT_NAME", "/")),
            subdomain=self.url_map.default_subdomain or "",
            url_scheme=environ["wsgi.url_scheme"],
            path_info=_decoded(environ.get("PATH_INFO", "/")),
            default_method=environ["REQUEST_METHOD"],
            query_args=_decoded(environ.get("QUERY_STRING", "")),
        )

    def make_response(self, rv: ResponseReturnValue | Answer | tuple[Any, ...]) -> Response:
        """Flask's; an :class:`Answer` may stand wherever a body may."""
        if isinstance(rv, Answer):
            return AnswerResponse(rv)
        if isinstance(rv, tuple) and rv and isinstance(rv[0], Answer):
            rv = (AnswerResponse(rv[0]), *rv[1:])
        return super().make_response(rv)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Flask's, unless it is plain to see that a function is no coroutine's and nobody has marked it as one."""
        if type(func) is FunctionType and not func.__dict__ and not func.__code__.co_flags & CO_COROUTINE:
            return func
        return super().ensure_sync(func)

    def preprocess_request(self) -> ResponseReturnValue | None:
        """Flask's, when somebody registered."""
        request = request_ctx._get_current_object().request  # type: ignore[attr-defined]  # noqa: SLF001 - Werkzeug's word for it
        if _is_registered(request, self.url_value_preprocessors) or _is_registered(request, self.before_request_funcs):
            return super().preprocess_request()
        return None

    def process_response(self, response: Response) -> Response:
        """Flask's, when somebody registered or there may be a session to save."""
        context = request_ctx._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
        if (
            _is_registered(context.request, self.after_request_funcs)
            or context._after_request_functions  # noqa: SLF001 - after_this_request has no public reader
            or not isinstance(self.session_interface, NoSessions)
        ):
            return super().process_response(response)
        return response

    def do_teardown_request(self, exc: BaseException | None = _UNSET) -> None:
        """Flask's, when somebody registered or listens."""
        if self.teardown_request_funcs or request_tearing_down.receivers:
            super().do_teardown_request(sys.exc_info()[1] if exc is _UNSET else exc)

    def do_teardown_appcontext(self, exc: BaseException | None = _UNSET) -> None:
        """Flask's, when somebody registered or listens."""
        if self.teardown_appcontext_funcs or appcontext_tearing_down.receivers:
            super().do_teardown_appcontext(sys.exc_info()[1] if exc is _UNSET else exc)


def _is_registered(request: Request, functions: Mapping[str | None, object]) -> bool:
    """Whether there are some for all requests, or for this one's blueprint; one inside another is Flask's to look up."""
    if not functions:
        return False
    rule = request.url_rule
    blueprint = "" if rule is None else rule.endpoint.rpartition(".")[0]
    return None in functions or blueprint in functions or "." in blueprint


def _decoded(text: str) -> str:
    """PEP 3333: native strings hold the bytes of the request as Latin-1; Werkzeug reads them as UTF-8."""
    return text if text.isascii() else text.encode("latin-1").decode(errors="replace")
