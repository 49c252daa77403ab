"""Our Flask: what is the same for every request is done once, and what nobody looks at is not made.

Rule 1: an application of this class behaves as ``flask.Flask`` does; ``contract_tests/http/test_application.py`` takes
both through the same steps. Rule 2: only what Flask and Werkzeug offer for overriding is overridden, ``wsgi_app`` stays
Flask's, and where a shortcut does not apply the overridden method is called. Rule 3: nothing here knows a provider.

What goes beyond rule 2: the variables that Flask's proxies look into, the tokens, ``push`` and ``pop`` of its application
context, its ``finalize_request``, and where it notes its first request and ``after_this_request``. So its next minor version
is kept out, and the suite fails when a method takes other steps than it took when its shortcut was written.

One shortcut is left out because it was measured and gains too little: a flattened ``wsgi_app`` (3 µs, at the price of a
second dispatcher that must agree with Flask's).
"""

from __future__ import annotations

import sys
from inspect import CO_COROUTINE
from types import FunctionType
from typing import TYPE_CHECKING, Any

from flask import (
    Flask,
    Request,
    Response,
    appcontext_tearing_down,
    request_finished,
    request_started,
    request_tearing_down,
)
from werkzeug.datastructures import Headers
from werkzeug.http import HTTP_STATUS_CODES

from mockserver.http.contexts import (
    UNSET,
    Adapter,
    Asking,
    Context,
    NoSessions,
    Routes,
    Surroundings,
    current,
    remember,
)
from mockserver.http.late import Late
from mockserver.sdk.response import AT_ONCE, TIMING
from mockserver.sdk.response import Response as ProviderResponse

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask.ctx import AppContext, RequestContext
    from flask.typing import ResponseReturnValue
    from werkzeug.exceptions import HTTPException
    from werkzeug.routing import MapAdapter

    from mockserver.engine.registry import Worlds


_STATUS_LINES = {code: f"{code} {phrase.upper()}" for code, phrase in HTTP_STATUS_CODES.items()}

_BODILESS = frozenset({*range(100, 200), 204, 304})


class AnswerResponse(Late, Response):
    """An :class:`Response` as a response of Flask's; an ordinary one from the moment somebody looks inside.

    Nearly every answer passes through Flask untouched. Such a one needs no ``Headers``, no iterator and no copies.
    """

    def __init__(self, answer: ProviderResponse) -> None:
        self._made_of = answer

    def _whole(self) -> Response:
        answer = self._made_of
        response = Response(answer.body, status=answer.status)
        # Assigned afterwards, because Response adds a Content-Type and corrects a Content-Length.
        response.headers = Headers(answer.headers)
        return response

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send. Only now is the delivery known to count: until here another response could take this one's place."""
        answer: ProviderResponse | None = self._made_of
        if answer is None:  # another response has been given this class
            return super().__call__(environ, start_response)
        if answer.timing is not AT_ONCE:
            environ[TIMING] = answer.timing
        is_touched = len(vars(self)) > 1
        if is_touched or environ["REQUEST_METHOD"] == "HEAD" or answer.status in _BODILESS:
            return super().__call__(environ, start_response)
        start_response(_STATUS_LINES.get(answer.status) or f"{answer.status} UNKNOWN", _headers_with_length(answer))
        return [answer.body]


def _headers_with_length(answer: ProviderResponse) -> list[tuple[str, str]]:
    headers = list(answer.headers)
    for name, _ in headers:
        if name.lower() == "content-length":
            return headers
    headers.append(("Content-Length", str(len(answer.body))))
    return headers


class Application(Flask):
    """Flask, with what repeats remembered. A view may also return an :class:`Response`."""

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
        self.reject_invalid: Callable[[bytes, str, str | None], None] | None = None
        """Called with what was no HTTP request; see `Connection`."""
        self.away: WSGIApplication | None = None
        """Answers what the tunnel does not carry; see ``redirect/tunnel.py``."""
        self.whereabouts: Callable[[], Mapping[str, str | None]] = dict
        """Where the server listens that it is the application of, and what clients have to trust; see ``server.py``."""
        self._hosts: dict[tuple[str, str], str] = {}

    def app_context(self) -> AppContext:
        """Flask's, which tells nobody when there is nobody to tell."""
        return Surroundings(self)

    def request_context(self, environ: WSGIEnvironment) -> RequestContext:
        """Flask's, with a memory for routes."""
        return Context(self, environ)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Flask's; checking and IDNA-encoding the ``Host`` is done at its first appearance, the rest when it is asked."""
        if request is None:
            return None if self.config["SERVER_NAME"] is None else super().create_url_adapter(None)
        if not self._is_plainly_hosted(request):
            return super().create_url_adapter(request)
        environ = request.environ
        origin = environ["wsgi.url_scheme"], environ["HTTP_HOST"]
        host = self._hosts.get(origin)
        if host is not None:
            request.host = host
            return Adapter(self.url_map, environ)
        adapter = super().create_url_adapter(request)  # raises what is to be answered to a bad one
        if adapter is None or adapter.websocket:
            return adapter
        remember(self._hosts, origin, request.host)
        return Adapter(self.url_map, environ)

    def _is_plainly_hosted(self, request: Request) -> bool:
        """Whether nothing but the ``Host`` header has a say in where a request was sent."""
        environ, config, routes = request.environ, self.config, self.url_map
        return (
            "HTTP_HOST" in environ
            and "HTTP_UPGRADE" not in environ
            and config["SERVER_NAME"] is None
            and config["TRUSTED_HOSTS"] is None
            and request.trusted_hosts is None
            and not routes.host_matching
            and not self.subdomain_matching
        )

    def full_dispatch_request(self) -> Response:
        """Flask's, when somebody is to be told of the beginning."""
        if request_started.receivers:
            return super().full_dispatch_request()
        self._got_first_request = True
        try:
            rv = self.preprocess_request()
            if rv is None:
                rv = self.dispatch_request()
        except Exception as failure:  # noqa: BLE001 - any, as in Flask's
            rv = self.handle_user_exception(failure)
        return self.finalize_request(rv)

    def dispatch_request(self) -> ResponseReturnValue:
        """Flask's, unless there is nothing to do but to call the view."""
        context = current(None)
        if context is not None:
            request = context.request
            rule, arguments = request.url_rule, request.view_args
            if (
                rule is not None
                and arguments is not None
                and request.routing_exception is None
                and not getattr(rule, "provide_automatic_options", False)  # Flask notes it in the rules it makes
            ):
                view = self.ensure_sync(self.view_functions[rule.endpoint])
                return view(**arguments)  # type: ignore[no-any-return]
        return super().dispatch_request()

    def finalize_request(self, rv: ResponseReturnValue | HTTPException, from_error_handler: bool = False) -> Response:
        """Flask's, which tells nobody when there is nobody to tell."""
        if from_error_handler:
            return super().finalize_request(rv, from_error_handler)
        response = self.process_response(self.make_response(rv))
        if request_finished.receivers:
            request_finished.send(self, _async_wrapper=self.ensure_sync, response=response)
        return response

    def make_response(self, rv: ResponseReturnValue | ProviderResponse | tuple[Any, ...]) -> Response:
        """Flask's; an :class:`Response` may stand wherever a body may, and stays one whatever class the others are of."""
        if isinstance(rv, AnswerResponse):
            return rv
        if isinstance(rv, ProviderResponse):
            return AnswerResponse(rv)
        if isinstance(rv, tuple) and rv and isinstance(rv[0], ProviderResponse):
            rv = (AnswerResponse(rv[0]), *rv[1:])
        return super().make_response(rv)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Flask's, unless it is plain to see that a function is no coroutine's and nobody has marked it as one."""
        if type(func) is FunctionType and not func.__dict__ and not func.__code__.co_flags & CO_COROUTINE:
            return func
        return super().ensure_sync(func)

    def preprocess_request(self) -> ResponseReturnValue | None:
        """Flask's, when somebody registered."""
        context = current(None)
        if (
            context is None
            or _is_registered(context.request, self.url_value_preprocessors)
            or _is_registered(context.request, self.before_request_funcs)
        ):
            return super().preprocess_request()
        return None

    def process_response(self, response: Response) -> Response:
        """Flask's, when somebody registered or there may be a session to save."""
        context = current(None)
        if (
            context is None
            or _is_registered(context.request, self.after_request_funcs)
            or context._after_request_functions  # noqa: SLF001 - after_this_request has no public reader
            or not isinstance(self.session_interface, NoSessions)
        ):
            return super().process_response(response)
        return response

    def do_teardown_request(self, exc: BaseException | None = UNSET) -> None:
        """Flask's, when somebody registered or listens."""
        if self.teardown_request_funcs or request_tearing_down.receivers:
            super().do_teardown_request(sys.exc_info()[1] if exc is UNSET else exc)

    def do_teardown_appcontext(self, exc: BaseException | None = UNSET) -> None:
        """Flask's, when somebody registered or listens."""
        if self.teardown_appcontext_funcs or appcontext_tearing_down.receivers:
            super().do_teardown_appcontext(sys.exc_info()[1] if exc is UNSET else exc)


def _is_registered(request: Request, functions: Mapping[str | None, object]) -> bool:
    """Whether there are some for all requests, or for this one's blueprint; one inside another is Flask's to look up."""
    if not functions:
        return False
    rule = request.url_rule
    blueprint = "" if rule is None else rule.endpoint.rpartition(".")[0]
    return None in functions or blueprint in functions or "." in blueprint
