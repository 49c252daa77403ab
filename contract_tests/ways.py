"""Asking the double in this process by both of its ways in, and holding what they send against each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from msgspec.structs import replace
from werkzeug.test import Client, run_wsgi_app

from mockserver.app import Service, build_service
from mockserver.engine.registry import Worlds
from mockserver.http.request import HttpRequest
from mockserver.http.wsgi import read_request
from mockserver.sdk.response import AT_ONCE, TIMING, Response


def both_ways(house: Worlds | Service) -> Client:
    """A client whose every provider request is answered as our own connection answers it, and compared with what Flask sends."""
    return Client(BothWays(house if isinstance(house, Service) else build_service(registry=house)))


class BothWays:
    """A WSGI application for tests.

    Both ways in call one function, `Handler.respond`. What can differ is the request that each makes for it, and what each
    makes of its response: Flask is given the response that our own connection got, and has to send the same bytes.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._mirror = _Mirror(service)
        mirrored = Service(service.settings, service.providers, service.registry)
        mirrored.handler = self._mirror  # type: ignore[assignment]  # of a handler it has what Flask calls
        self._flask = mirrored.app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request."""
        request = read_request(environ, self._service.settings.body_bytes)
        response = self._service.respond(request)
        if response is None:
            return self._service.app(request.environ(), start_response)
        if response.timing is not AT_ONCE:
            environ[TIMING] = response.timing
        body = b"" if request.method == "HEAD" else response.body
        status = f"{response.status} {_phrase(response.status)}"
        self._mirror.expected, self._mirror.response = request, response
        plain = {name: value for name, value in request.environ().items() if not name.startswith("mockserver.")}
        sent = run_wsgi_app(self._flask, plain)
        assert (status, list(response.headers), body) == (sent[1], list(sent[2]), b"".join(sent[0]))
        if request.on_finish is not None:
            request.on_finish(len(body), "complete")
        start_response(status, list(response.headers))
        return [body]


class _Mirror:
    """In a handler's place: gives one response, to one request."""

    def __init__(self, service: Service) -> None:
        self.router = service.handler.router
        self.expected: HttpRequest
        self.response: Response

    def respond(self, request: HttpRequest, mount: str, _adapt: object) -> Response:
        """The response, if this is the request."""
        assert _told(self.expected) == _told(request)
        assert mount == ""
        return replace(self.response, timing=AT_ONCE)

    def reject_invalid(self, *_: object) -> None:
        """Nothing is written down."""


def _told(request: HttpRequest) -> Mapping[str, Any]:
    names = ("method", "target", "path", "query", "fields", "scheme", "body", "is_too_large")
    return {name: getattr(request, name) for name in names}


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase.upper() if status in set(HTTPStatus) else "UNKNOWN"
