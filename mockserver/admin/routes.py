"""The tester's addresses: every verb of the table at its own. The only file here that speaks Flask.

A request is let in (`guard`), read and held to the verb's schemas here, so a verb finds what it was promised; and
whatever it raises becomes the one shape of errors here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import orjson
from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import MethodNotAllowed, NotFound, RequestEntityTooLarge

from mockserver.engine.registry import Worlds
from mockserver.engine.world import AdvanceLimitExceeded, ClockBusy, World
from mockserver.http.router import Router
from mockserver.http.wsgi import add_any_method, to_flask
from mockserver.sdk.response import Deferred, Stream
from mockserver.sdk.response import Response as ProviderResponse
from mockserver.validation.messages import unknown

from . import guard
from .endpoint import Api, Values, Verb
from .endpoints import verbs
from .errors import BadQuestion, BusyClock, ControlRefusal, EndlessTime, NoSuchThing, TooLarge, error
from .schemas import held, parameter

if TYPE_CHECKING:
    from flask.blueprints import BlueprintSetupState


class Control:
    """The control API of some worlds."""

    def __init__(self, api: Api, index: Callable[[], dict[str, Any]]) -> None:
        """Put its table together.

        Args:
            api: what its endpoints work on.
            index: what this is and where things are.
        """
        self._api = api
        self._index = index
        table = [(verb.method, _pattern(verb.path), verb) for verb in verbs(api)]
        self._router = Router((("GET", CONTROL, None), *table))
        self.addresses = [(CONTROL, "GET"), *((pattern, method) for method, pattern, _ in table)]
        """Pattern and method of every endpoint."""

    def blueprint(self) -> Blueprint:
        """The same for Flask."""
        blueprint = Blueprint("control", __name__)

        def add(state: BlueprintSetupState) -> None:
            add_any_method(state.app, CONTROL, "control.index", self.answer)
            add_any_method(state.app, f"{CONTROL}<path:path>", "control.answer", self.answer)

        blueprint.record(add)
        blueprint.register_error_handler(ControlRefusal, _refused)
        # Whatever looks at a world's time may meet these.
        blueprint.register_error_handler(ClockBusy, lambda reason: _refused(BusyClock(str(reason))))
        blueprint.register_error_handler(AdvanceLimitExceeded, lambda reason: _refused(EndlessTime(str(reason))))
        return blueprint

    def answer(self, path: str = "") -> Response:  # noqa: ARG002 - the router reads the address itself
        """Answer Flask's current request.

        Raises:
            NotFound: no endpoint has this path.
            MethodNotAllowed: none that has it takes this method.
            ControlRefusal: the endpoint says no.
        """
        methods, found = self._router.at(request.path)
        if not methods:
            raise NotFound
        if request.method not in methods:
            raise MethodNotAllowed(valid_methods=sorted(methods))
        verb, api = methods[request.method], self._api
        if verb is None:
            return jsonify(self._index())
        guard.check(request.environ, api.settings, verb.is_open)
        named = dict(found)
        world = _world(api.house, named.pop("world_id")) if "world_id" in named else None
        values = Values(named, _query(verb), _body(api, verb), request.host_url.rstrip("/"))
        return _answered(verb, verb.function(api, world, values))


CONTROL = "/_mock/"
_KINDS = {"number": "<int:number>", "serial": "<int:serial>", "world": "<world_id>"}


def _pattern(path: str) -> str:
    """A path of an endpoint as the router has it."""
    return re.sub(r"{(\w+)}", lambda found: _KINDS.get(found[1], f"<{found[1]}>"), path)


def _world(house: Worlds, world_id: str) -> World:
    world = house.get(world_id)
    if world is None:
        raise NoSuchThing(f"there is no world {world_id!r}")
    return world


# --------------------------------------------------------------------------------------------------------- what is asked


def _query(verb: Verb) -> dict[str, Any]:
    found = {}
    for name, texts in request.args.lists():
        if name not in verb.query:
            raise BadQuestion(f"{name}: {unknown('parameter', name, verb.query)}")
        if len(texts) > 1:
            raise BadQuestion(f"{name} is given {len(texts)} times")
        found[name] = parameter(name, texts[0], verb.query[name])
    for name in verb.needs:
        if name not in found:
            raise BadQuestion(f"{name} is missing; it must be {verb.query[name]['description']}")
    return found


def _body(api: Api, verb: Verb) -> Any:
    """The body's JSON, whatever its Content-Type says it is."""
    if verb.body is None:
        return {}
    raw = _raw_body(api.settings.body_bytes)
    if not raw.strip(b" \t\r\n"):
        if verb.needs_body:
            raise BadQuestion("the body is empty; it must be JSON")
        return {}
    body = _decoded(raw)
    if not verb.checks_body:
        held(body, verb.body)
    return body


def _raw_body(most: int) -> bytes:
    too_large = f"the body is longer than {most} bytes; MOCKSERVER_BODY_BYTES sets how many are read"
    if request.environ.get("mockserver.overflow"):
        raise TooLarge(too_large)
    known = request.environ.get("mockserver.body")
    if known is not None:
        return bytes(known)
    request.max_content_length = most
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge as reason:
        raise TooLarge(too_large) from reason


def _decoded(raw: bytes) -> Any:
    try:
        raw.decode()
    except UnicodeDecodeError as reason:
        raise BadQuestion(f"the body is not UTF-8 (byte 0x{raw[reason.start]:02x} at {reason.start})") from reason
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as reason:
        raise BadQuestion(
            f"the body is not JSON: {reason.msg} (line {reason.lineno}, column {reason.colno})"
        ) from reason


# ------------------------------------------------------------------------------------------------------ what is answered


def _answered(verb: Verb, answer: Any) -> Response:
    if isinstance(answer, Deferred):
        return to_flask(answer.attach_or_wait(request.environ))
    if isinstance(answer, Stream):
        if answer.attach(request.environ):
            return to_flask(ProviderResponse(answer.status, answer.headers, b""))
        return Response(answer.pieces(), answer.status, dict(answer.headers))
    if verb.answer is None:
        response = Response(status=verb.status)
        del response.headers["Content-Type"]  # of nothing
        return response
    body = b"".join(answer) if isinstance(answer, Iterator) else _written(answer)
    return to_flask(ProviderResponse(verb.status, (("Content-Type", verb.media_type),), body))


def _refused(reason: ControlRefusal) -> Response:
    response = error(reason.status, reason.code, str(reason), reason.difference)
    if reason.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _written(answer: Any) -> bytes:
    try:
        return orjson.dumps(answer)
    except TypeError:  # a text that is no Unicode, or a number of more than 64 bits: what a client sent to a provider
        return json.dumps(answer, default=str).encode()
