"""Conversion between Flask and the handler: a WSGI environ to an `HttpRequest`, and a `Response` to one of Flask.

Under `mockserver serve` the environ holds the request as our own connection read it, and that connection delivers what the
response asks for. Under any other WSGI server a response can only be whole and well-formed. A delay holds the thread of its
request, where the server has others; all else (reset, cut, slow chunks, silence, bytes that are no HTTP, a wrong length) is
answered with 501 ``needs_own_server``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from threading import Event
from typing import TYPE_CHECKING, Any

from flask import Response as FlaskResponse
from flask import request as flask_request
from werkzeug.datastructures import Headers

from mockserver.engine.event_log import StoreUnavailable
from mockserver.sdk.response import AT_ONCE, TIMING, Ending, Offload
from mockserver.sdk.response import Response as ProviderResponse

from .control_error import build_error
from .handler import PREFIX, Handler, is_control, split_prefix
from .request import REQUEST, HttpRequest

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask.sansio.app import App

    from mockserver.engine.registry import WorldRegistry


class WorldPrefix:
    """WSGI around an application: ``/_w/ID/_mock/...`` is ``/_mock/...``, mounted there.

    Provider requests keep their prefix, for the handler reads it itself.
    """

    def __init__(self, application: WSGIApplication, registry: WorldRegistry) -> None:
        self._application = application
        self._registry = registry

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, with the prefix of the control API moved."""
        path, names = split_prefix(environ["PATH_INFO"])
        if names and is_control(path) and self._exists(names[0]):
            environ["SCRIPT_NAME"] = f"{environ.get('SCRIPT_NAME', '')}{PREFIX}{names[0]}"
            environ["PATH_INFO"] = path
        return self._application(environ, start_response)

    def _exists(self, world_id: str) -> bool:
        try:
            return self._registry.get(world_id) is not None
        except StoreUnavailable:  # the application says so
            return True


def add_any_method(app: App, path: str, endpoint: str, view: Callable[..., Any]) -> None:
    """Add a rule that accepts every method: the router decides which are allowed, not Flask.

    A path that ends in a slash is found without it too; Flask would redirect, with a page of HTML.
    """
    app.url_map.add(app.url_rule_class(path, endpoint=endpoint, strict_slashes=not path.endswith("/")))
    app.view_functions[endpoint] = view


def answer_provider(handler: Handler, body_bytes: int) -> FlaskResponse | None:
    """Answer Flask's current request if it is for a provider; return ``None`` if it is not.

    Args:
        handler: answers it.
        body_bytes: of a body are read at most under a server that is not ours.
    """
    environ = flask_request.environ
    is_own_server = REQUEST in environ
    request = read_request(environ, body_bytes)
    adapt = None if is_own_server else (limited if environ.get("wsgi.multithread") else limited_to_now)
    # Under our own server a request of a provider may come here on the event loop, one of the control API does not.
    is_on_loop = is_own_server and not is_control(split_prefix(environ["PATH_INFO"])[0])
    response = handler.respond(request, environ.get("SCRIPT_NAME", ""), adapt, is_on_loop=is_on_loop)
    if isinstance(response, Offload):
        response = response.attach_or_finish(environ)
    if response is None:
        return None
    if is_own_server:
        if response.timing is not AT_ONCE:
            environ[TIMING] = response.timing
    else:
        if response.timing.delay:
            Event().wait(response.timing.delay)  # in the thread of this request, which waits for nothing else
        if request.on_finish is not None:
            request.on_finish(len(response.body), "complete")  # such a server reports to no one what became of it
    return to_flask(response)


def to_flask(result: ProviderResponse) -> FlaskResponse:
    """Return the response as one of Flask's, with exactly its headers."""
    response = FlaskResponse(result.body, result.status)
    response.headers = Headers(result.headers)  # FlaskResponse would have added a Content-Type
    return response


def limited(response: ProviderResponse) -> ProviderResponse:
    """Return what a WSGI server with several threads can send of a response: the response, or 501 in its place."""
    timing = response.timing
    is_whole = timing.pace is None and timing.cut is None and timing.instead is None
    if is_whole and timing.ending is Ending.COMPLETE and _has_right_length(response):
        return response
    return build_error(
        501,
        "needs_own_server",
        "this response breaks a connection or HTTP itself, which only `mockserver serve` can do, not a WSGI server",
    )


def limited_to_now(response: ProviderResponse) -> ProviderResponse:
    """Return what a WSGI server with one thread can send of a response: the response, or 501 in its place.

    A delay is 501 too, because it would hold up every other request.
    """
    if response.timing.delay:
        return build_error(
            501, "needs_own_server", "this response comes late, for which a WSGI server needs more than one thread"
        )
    return limited(response)


def _has_right_length(response: ProviderResponse) -> bool:
    lengths = [value for name, value in response.headers if name.lower() == "content-length"]
    return all(length == str(len(response.body)) for length in lengths)


def read_request(environ: WSGIEnvironment, body_bytes: int) -> HttpRequest:
    """Return the request of a WSGI environ.

    Args:
        environ: of our own server, which has the request in it, or of any other.
        body_bytes: of the body are read at most.
    """
    own = environ.get(REQUEST)
    if isinstance(own, HttpRequest):
        return own
    body, is_too_large = _read_body(environ, body_bytes)
    query = environ.get("QUERY_STRING", "")
    headers = tuple(_headers(environ))
    port = environ.get("SERVER_PORT", "")
    return HttpRequest(
        environ["REQUEST_METHOD"],
        environ["PATH_INFO"] + (f"?{query}" if query else ""),
        environ["PATH_INFO"],
        query,
        environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
        headers,
        {name.lower(): value for name, value in headers},
        environ["wsgi.url_scheme"],
        environ.get("mockserver.listener"),
        client=(environ.get("REMOTE_ADDR", ""), 0),
        server=(environ.get("SERVER_NAME", "localhost"), int(port) if port.isdigit() else 80),
        body=body,
        is_too_large=is_too_large,
    )


def _read_body(environ: WSGIEnvironment, most: int) -> tuple[bytes, bool]:
    """Return the body as far as it is kept, and whether it is longer."""
    length = environ.get("CONTENT_LENGTH") or ""
    promised = int(length[:18]) if length.isascii() and length.isdigit() else 0
    wanted = most + 1 if environ.get("wsgi.input_terminated") else min(promised, most)
    body = environ["wsgi.input"].read(wanted) if wanted > 0 else b""
    return body[:most], max(promised, len(body)) > most


def _headers(environ: WSGIEnvironment) -> Iterator[tuple[str, str]]:
    """Return the headers; other WSGI servers have lost the case of their names."""
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            yield key[5:].replace("_", "-").title(), value
    if environ.get("CONTENT_TYPE"):
        yield "Content-Type", environ["CONTENT_TYPE"]
