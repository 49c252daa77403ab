"""Send a request in process by both ways in, and require the same bytes from both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from io import BytesIO
from threading import local
from typing import Any
from urllib.parse import quote

from flask import Flask
from msgspec.structs import replace
from werkzeug.test import Client, run_wsgi_app

from contract_tests.http.manual_loop import BufferTransport, ManualLoop, ManualPool
from mockserver.app import Service, build_service
from mockserver.engine.registry import WorldRegistry
from mockserver.http.connection import Connection, Limits
from mockserver.http.request import HttpRequest
from mockserver.sdk.loading import ProviderSet
from mockserver.sdk.response import AT_ONCE, TIMING, Offload, Response
from mockserver.settings import Settings


def both_ways(registry: WorldRegistry | Service) -> Client:
    """Return a client that sends every provider request through our own connection and through Flask, and compares the bytes."""
    return Client(BothWays(registry if isinstance(registry, Service) else build_service(registry=registry)))


class BothWays:
    """A WSGI application for tests: the request as bytes through our connection, and as an environ through Flask.

    Both ways call one function, `Handler.respond`, and a world answers once. What can differ is the request that each way
    makes for it and what each makes of its response; so Flask gets the response that the connection got, if it asks the same.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._mirror, self._flask = _mirrored(service)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Respond to a request."""
        received = environ["wsgi.input"].read()
        given, environ = environ, {name: value for name, value in environ.items() if not name.startswith("werkzeug.")}
        seen, sent = _through_connection(self._service, environ, received)
        if seen.response is None:  # the control API, or what is no request for our connection
            return self._service.app({**environ, "wsgi.input": BytesIO(received)}, start_response)
        response = seen.response
        self._mirror.expected, self._mirror.response = seen.request, response
        self._mirror.registry = self._service.registry
        chunks, status, headers = run_wsgi_app(self._flask, {**environ, "wsgi.input": BytesIO(received)})
        body = b"".join(chunks)
        if response.timing is AT_ONCE:
            assert sent == _message(status, headers, body)
        else:
            given[TIMING] = response.timing
        start_response(status, list(headers))
        return [body]


_MIRRORED: dict[tuple[Settings, ProviderSet], tuple[_Mirror, Flask]] = {}
"""The Flask applications of this process, because one takes longer to build than a test takes to run."""


def _mirrored(service: Service) -> tuple[_Mirror, Flask]:
    """Return a Flask application like the service's, whose handler and registry are a `_Mirror`."""
    key = service.settings, service.providers
    if key not in _MIRRORED:
        mirror = _Mirror(service)
        like = Service(service.settings, service.providers, mirror)  # type: ignore[arg-type]  # it looks everything up in one
        like.handler = mirror  # type: ignore[assignment]  # of a handler it has what Flask calls
        _MIRRORED[key] = mirror, like.app
    return _MIRRORED[key]


def _through_connection(service: Service, environ: Mapping[str, Any], body: bytes) -> tuple[_Seen, tuple[Any, ...]]:
    """Send the request as bytes; return what the handler saw, and the status, headers and body that were sent."""
    seen, transport = _Seen(service), BufferTransport(environ["wsgi.url_scheme"] == "https")
    connection = Connection(
        seen,
        loop=ManualLoop(),  # type: ignore[arg-type]  # as much of a loop as a connection uses
        pool=ManualPool(),
        connections=set(),
        listener=environ.get("mockserver.listener"),
        limits=Limits(body=service.settings.body_bytes),
    )
    connection.connection_made(transport)
    connection.data_received(_raw(environ, body))
    connection.connection_lost(None)
    head, _, content = transport.out.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = [tuple(line.split(": ", 1)) for line in lines]
    if seen.response is not None and "Date" not in dict(
        seen.response.headers
    ):  # the connection's own, of the wall clock
        headers = [header for header in headers if header[0] != "Date"]
    return seen, _message(status.removeprefix("HTTP/1.1 "), headers, content)


def _message(status: str, headers: Iterable[Any], body: bytes) -> tuple[str, list[tuple[str, str]], bytes]:
    """Write the reason phrase in capitals, as werkzeug does."""
    return status.upper(), [tuple(header) for header in headers], body


def _raw(environ: Mapping[str, Any], body: bytes) -> bytes:
    """The bytes of a request."""
    path, query = environ["PATH_INFO"].encode("latin-1"), environ["QUERY_STRING"]
    target = quote(path, safe="/:;,=@!$&'()*+~") + (f"?{query}" if query else "")
    lines = [f"{environ['REQUEST_METHOD']} {target} HTTP/1.1"]
    lines += [
        f"{key[5:].replace('_', '-').title()}: {value}" for key, value in environ.items() if key.startswith("HTTP_")
    ]
    if environ.get("CONTENT_TYPE"):
        lines.append(f"Content-Type: {environ['CONTENT_TYPE']}")
    if body or environ["REQUEST_METHOD"] == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


class _Seen:
    """An application that records the request and the response that the service gives."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.request: HttpRequest
        self.response: Response | None = None

    def respond(self, request: HttpRequest) -> Response:
        """Respond as the service does; a response that is left to Flask or has a timing is not sent here."""
        self.request, answer = request, self._service.handler.respond(request)
        self.response = answer.finish() if isinstance(answer, Offload) else answer
        if self.response is None or self.response.timing is not AT_ONCE:
            return Response(204, (), b"")
        return self.response

    def __call__(self, environ: object, start_response: object) -> Iterable[bytes]:
        """Fail: every request has been responded to."""
        raise NotImplementedError


class _Mirror(local):
    """A handler and a registry for Flask: they have what the current thread's request needs.

    The handler gives one prepared response to the one request that its thread expects.
    """

    def __init__(self, service: Service) -> None:
        self.router = service.handler.router
        self.registry = service.registry
        self.expected: HttpRequest
        self.response: Response

    def __getattr__(self, name: str) -> Any:
        """Look everything else up in the registry."""
        return getattr(self.__dict__["registry"], name)

    def respond(self, request: HttpRequest, mount: str, _adapt: object, *, is_on_loop: bool) -> Response:
        """Return the prepared response, if this is the expected request."""
        assert _described(self.expected) == _described(request)
        assert (mount, is_on_loop) == ("", False)
        return replace(self.response, timing=AT_ONCE)


_FRAMING = ("content-length", "transfer-encoding")


def _described(request: HttpRequest) -> Mapping[str, Any]:
    names = ("method", "path", "query", "scheme", "body", "is_too_large", "listener")
    fields = {name: value.strip(" \t") for name, value in request.fields.items() if name not in _FRAMING}
    return {"fields": fields, **{name: getattr(request, name) for name in names}}
