"""The routes of the control API. The only module of this package that uses Flask.

They check access (`guard`), parse the request, and check it against the endpoint's schemas, so an endpoint's function
gets valid arguments. Exceptions that it raises become error responses here.
"""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
from flask import Blueprint, jsonify, request
from flask import Response as FlaskResponse
from werkzeug.exceptions import MethodNotAllowed, NotFound

from mockserver.engine.event_log import StoreUnavailable, WorldDropped
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.world import AdvanceLimitExceeded, ClockBusy, World
from mockserver.http.clock_moves import MoveResponse
from mockserver.http.request import REQUEST
from mockserver.http.router import Router
from mockserver.http.wsgi import add_any_method, read_request, to_flask
from mockserver.sdk.request import TooManyFields, check_json_size
from mockserver.sdk.response import Answer, Deferred, Offload, Stream
from mockserver.sdk.response import Response as ProviderResponse
from mockserver.validation.json_pieces import PIECE, PieceDecoder
from mockserver.validation.messages import WorldFileError, unknown_name
from mockserver.worldfile import EarlyRejection

from . import guard
from .endpoint import Api, Endpoint, RequestArgs, encode
from .endpoints import endpoints
from .errors import BadRequest, ControlApiError, ResourceNotFound, TooLarge, reject
from .schemas import held, parameter

if TYPE_CHECKING:
    from flask.blueprints import BlueprintSetupState

    from mockserver.http.request import HttpRequest


class Control:
    """The control API of a registry of worlds."""

    def __init__(self, api: Api, index: Callable[[], dict[str, Any]]) -> None:
        """Build the table of routes.

        Args:
            api: the objects that the endpoints work on.
            index: returns the response to ``GET /_mock/``: what this server is, and its addresses.
        """
        self._api = api
        self._index = index
        table = [(endpoint.method, _pattern(endpoint.path), endpoint) for endpoint in endpoints(api)]
        self._router = Router((("GET", CONTROL, None), *table))
        self.addresses = [(CONTROL, "GET"), *((pattern, method) for method, pattern, _ in table)]
        """The pattern and method of every endpoint."""

    def is_heavy(self, method: str, path: str) -> bool:
        """Return whether a call computes for long; ``path`` has one slash at the beginning."""
        endpoint = self._router.at(path)[0].get(method)
        return endpoint is not None and endpoint.is_heavy

    def answer_probe(self, received: HttpRequest, path: str) -> ProviderResponse | None:
        """Respond to a request for a probe, such as ``/_mock/health``, without Flask.

        Args:
            received: the request.
            path: its path, with one slash at the beginning.

        Returns:
            The response; ``None`` for any other request, and for one that is rejected or has a query.
        """
        endpoint = self._router.at(path)[0].get(received.method)
        if endpoint is None or not endpoint.is_probe or received.query:
            return None
        try:
            guard.check(received.environ(), self._api.settings, is_open=endpoint.is_open)
        except ControlApiError:
            return None
        body = encode(endpoint.function(self._api, None, RequestArgs({}, {}, {}, "")))
        return ProviderResponse(endpoint.status, (("Content-Type", endpoint.media_types[0]),), body)

    def blueprint(self) -> Blueprint:
        """Return the routes as a Flask blueprint."""
        blueprint = Blueprint("control", __name__)

        def add(state: BlueprintSetupState) -> None:
            add_any_method(state.app, CONTROL, "control.index", self.response)
            add_any_method(state.app, f"{CONTROL}<path:path>", "control.answer", self.response)

        blueprint.record(add)
        # Any function that reads a world's time may raise the others.
        for kind in (ControlApiError, ClockBusy, AdvanceLimitExceeded, StoreUnavailable, WorldDropped):
            blueprint.register_error_handler(kind, _error_response)
        return blueprint

    def response(self, path: str = "") -> FlaskResponse:
        """Respond to Flask's current request.

        Raises:
            NotFound: no endpoint has this path.
            MethodNotAllowed: the path has no endpoint for this method.
            ControlApiError: the endpoint rejects the request.
        """
        methods, found = self._router.at(request.path if path else CONTROL)
        if not methods:
            raise NotFound
        if request.method not in methods:
            raise MethodNotAllowed(valid_methods=sorted(methods))
        endpoint, api = methods[request.method], self._api
        guard.check(request.environ, api.settings, is_open=endpoint is None or endpoint.is_open)
        if endpoint is None:
            return jsonify(self._index())
        named = dict(found)
        world = _world(api.registry, named.pop("world_id")) if "world_id" in named else None
        call = partial(_call, endpoint, api, world)
        if world is not None and REQUEST not in request.environ:
            world.follow()
        elif world is not None and (move := world.begin_follow()) is not None:
            values = _values(api, endpoint, named)
            return _to_response(MoveResponse(move, world.id, lambda _: call(values), reject).begin())
        return _to_response(call(_values(api, endpoint, named)))


CONTROL = "/_mock/"
_KINDS = {"number": "<int:number>", "serial": "<int:serial>", "world": "<world_id>"}


def _pattern(path: str) -> str:
    """Return an endpoint's path in the router's syntax."""
    return re.sub(r"{(\w+)}", lambda found: _KINDS.get(found[1], f"<{found[1]}>"), path)


def _world(registry: WorldRegistry, world_id: str) -> World:
    world = registry.get(world_id)
    if world is None:
        raise ResourceNotFound(f"there is no world {world_id!r}")
    return world


# -------------------------------------------------------------------------------------------------------------- requests


def _values(api: Api, endpoint: Endpoint, named: Mapping[str, Any]) -> RequestArgs:
    query = _query(endpoint)
    body, release = _body(api, endpoint)
    return RequestArgs(named, query, body, request.host_url.rstrip("/"), release)


def _query(endpoint: Endpoint) -> dict[str, Any]:
    found = {}
    for name, texts in request.args.lists():
        if name not in endpoint.query:
            raise BadRequest(f"{name}: {unknown_name('parameter', name, endpoint.query)}")
        if len(texts) > 1:
            raise BadRequest(f"{name} is given {len(texts)} times")
        found[name] = parameter(name, texts[0], endpoint.query[name])
    for name in endpoint.needs:
        if name not in found:
            raise BadRequest(f"{name} is missing; it must be {endpoint.query[name]['description']}")
    return found


def _body(api: Api, endpoint: Endpoint) -> tuple[Any, Callable[[], None]]:
    """Parse the body as JSON, whatever its Content-Type. Return it, and what frees it in pieces."""
    if endpoint.body is None:
        return {}, _nothing
    most = api.settings.body_bytes
    received = read_request(request.environ, most)
    if received.is_too_large:
        raise TooLarge(f"the body is longer than {most} bytes; MOCKSERVER_BODY_BYTES sets how many are read")
    raw = received.body
    if not raw.strip(b" \t\r\n"):
        if endpoint.needs_body:
            raise BadRequest("the body is empty; it must be JSON")
        return {}, _nothing
    decoder = _decoder(api, endpoint, raw)
    try:
        body = decoder.decode()
        if not endpoint.checks_body:
            held(body, endpoint.body)
    except orjson.JSONDecodeError as reason:
        raise BadRequest(_describe_error(raw, reason)) from reason
    except WorldFileError as reason:
        raise BadRequest(str(reason)) from reason
    except BadRequest:
        decoder.release()
        raise
    return body, decoder.release


def _nothing() -> None:
    """Free nothing."""


def _decoder(api: Api, endpoint: Endpoint, raw: bytes) -> PieceDecoder:
    """Return what decodes a body.

    Raises:
        BadRequest: it has too many values for a body that is no world file.
    """
    if endpoint.world_file is not None:
        return PieceDecoder(raw, EarlyRejection(api.rules, endpoint.world_file))
    try:
        check_json_size(raw)
    except TooManyFields as reason:
        raise BadRequest(f"the body has {reason}") from reason
    return PieceDecoder(raw)


def _describe_error(raw: bytes, reason: orjson.JSONDecodeError) -> str:
    start, decoder = 0, getincrementaldecoder("utf-8")()
    while start < len(raw):
        kept = len(decoder.getstate()[0])
        try:
            decoder.decode(raw[start : start + PIECE], start + PIECE >= len(raw))
        except UnicodeDecodeError as invalid:
            place = start - kept + invalid.start
            return f"the body is not UTF-8 (byte 0x{raw[place]:02x} at {place})"
        start += PIECE
    return f"the body is not JSON: {reason.msg} (line {reason.lineno}, column {reason.colno})"


# ------------------------------------------------------------------------------------------------------------- responses


def _call(endpoint: Endpoint, api: Api, world: World | None, values: RequestArgs) -> Answer:
    """Call an endpoint's function. Return its response, or the pending or offloaded response that will become it."""
    try:
        result = endpoint.function(api, world, values)
    finally:
        values.release()
    if isinstance(result, Answer):
        return result
    if endpoint.response is None:
        return ProviderResponse(endpoint.status, (), b"")
    body = b"".join(result) if isinstance(result, Iterator) else encode(result)
    return ProviderResponse(endpoint.status, (("Content-Type", endpoint.media_types[0]),), body)


def _to_response(answer: Answer) -> FlaskResponse:
    if isinstance(answer, Stream):
        if answer.attach(request.environ):
            return to_flask(ProviderResponse(answer.status, answer.headers, b""))
        return FlaskResponse(answer.pieces(), answer.status, dict(answer.headers))
    if isinstance(answer, Deferred):
        return to_flask(answer.attach_or_wait(request.environ))
    if isinstance(answer, Offload):
        return to_flask(answer.attach_or_finish(request.environ))
    assert isinstance(answer, ProviderResponse)
    return to_flask(answer)


def _error_response(reason: Exception) -> FlaskResponse:
    response = to_flask(reject(reason))
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response
