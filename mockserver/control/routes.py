"""The tester's addresses: every verb of the table at its own. The only file here that speaks Flask.

A request is let in (`guard`), read and held to the verb's schemas here, so a verb finds what it was promised; and
whatever it raises becomes the one shape of errors here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from typing import Any

import orjson
from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from mockserver.core.world import World
from mockserver.core.worlds import Worlds
from mockserver.snapshots.refusing import shown, unknown
from mockserver.web.answer import Answer, Deferred, Stream
from mockserver.web.application import AnswerResponse

from . import guard
from .errors import BadQuestion, ControlRefusal, NoSuchThing, TooLarge, error
from .schemas import held
from .table import verbs
from .verbs import Api, Schema, Values, Verb


def routes(api: Api) -> Blueprint:
    """The control API of a house."""
    blueprint = Blueprint("control", __name__)
    for verb in verbs(api):
        address = re.sub(r"{(\w+)}", lambda found: _CONVERTERS.get(found[1], "<{}>").format(found[1]), verb.path)
        blueprint.add_url_rule(
            address, f"{verb.method} {verb.path}".replace(".", "_"), _view(api, verb), methods=[verb.method]
        )
    blueprint.register_error_handler(
        ControlRefusal, lambda reason: _refused(reason.status, reason.code, str(reason), reason.difference)
    )
    return blueprint


_CONVERTERS = {"number": "<int:{}>", "world": "<{}_id>"}


def index(application: Flask, version: str) -> dict[str, Any]:
    """What this is and where things are."""
    rules = sorted(application.url_map.iter_rules(), key=lambda rule: rule.rule)
    return {
        "mockserver": version,
        "about": "a double of DialogTech, mGage and SerwerSMS for tests; no message leaves this machine",
        "here": [f"{' '.join(sorted((rule.methods or set()) - {'HEAD', 'OPTIONS'}))} {rule.rule}" for rule in rules],
    }


def _view(api: Api, verb: Verb) -> Callable[..., Response]:
    def view(**path: Any) -> Response:
        exchange = request.environ.get("mockserver.exchange")
        if exchange is not None:  # it came through a world's prefix; the tester's own calls are not written down
            exchange.is_private = True
        guard.check(request.environ, api.settings, verb.is_open)
        world = _world(api.house, path.pop("world_id")) if "world_id" in path else None
        values = Values(path, _query(verb), _body(api, verb), request.host_url.rstrip("/"))
        return _answered(verb, verb.function(api, world, values))

    return view


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
        found[name] = _parameter(name, texts[0], verb.query[name])
    for name in verb.needs:
        if name not in found:
            raise BadQuestion(f"{name} is missing; it must be {verb.query[name]['description']}")
    return found


def _parameter(name: str, text: str, schema: Schema) -> Any:
    value = _READ[schema["type"]](text)
    is_right = value is not None and value in schema.get("enum", (value,))
    if not is_right or not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        raise BadQuestion(f"{name} must be {schema['description']}, not {shown(text)}")
    return value


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None


def _number(text: str) -> float | None:
    # Python takes blanks, underscores and other scripts' digits.
    number = float(text) if re.fullmatch(r"[0-9]{1,18}(\.[0-9]{0,18})?([eE][+-]?[0-9]{1,3})?", text) else None
    return number if number is None or isfinite(number) else None


_READ: Mapping[str, Callable[[str], Any]] = {
    "string": str,
    "integer": _whole,
    "number": _number,
    "boolean": {"true": True, "false": False}.get,
}


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
        return AnswerResponse(answer.handed_over(request.environ))
    if isinstance(answer, Stream):
        if answer.promised(request.environ):
            return AnswerResponse(Answer(answer.status, answer.headers, b""))
        return Response(answer.pieces(), answer.status, dict(answer.headers))
    if verb.answer is None:
        return Response(status=verb.status)
    body = b"".join(answer) if isinstance(answer, Iterator) else _written(answer)
    return AnswerResponse(Answer(verb.status, (("Content-Type", verb.media_type),), body))


def _refused(status: int, code: str, message: str, difference: Any) -> Response:
    response = error(status, code, message, difference)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _written(answer: Any) -> bytes:
    try:
        return orjson.dumps(answer)
    except TypeError:  # a text that is no Unicode, or a number of more than 64 bits: what a client sent to a provider
        return json.dumps(answer, default=str).encode()
