"""The tester's addresses."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, jsonify, request

from mockserver.core.world import World
from mockserver.core.worlds import Worlds
from mockserver.web.masking import Masking

from . import exchanges
from .errors import error


class NoSuchThing(Exception):  # an answer, not an error of ours
    """What the address names is not there."""


class BadQuestion(Exception):  # an answer, not an error of ours
    """A parameter cannot be read."""


def routes(house: Worlds, masking: Masking, version: str) -> Blueprint:
    """The control API of a house."""
    blueprint = Blueprint("control", __name__)

    @blueprint.get("/_mock/health")
    def health() -> Response:
        return jsonify(status="ok", version=version)

    @blueprint.get("/_mock/worlds/<world_id>/journal")
    def journal(world_id: str) -> Response:
        world = _world(house, world_id)
        found = world.journal.after(_number("after", 0), _number("limit", 100))
        for exchange in found:
            masking.apply(exchange)
        return jsonify(
            exchanges=[exchanges.in_short(exchange) for exchange in found],
            last=world.journal.last,
            dropped=world.journal.dropped,
        )

    @blueprint.get("/_mock/worlds/<world_id>/journal/<int:number>")
    def one_exchange(world_id: str, number: int) -> Response:
        journal = _world(house, world_id).journal
        found = journal.get(number)
        if found is None:
            raise NoSuchThing(f"the journal has no exchange {number}; it holds {journal.dropped + 1} to {journal.last}")
        masking.apply(found)
        return jsonify(exchanges.in_full(found))

    blueprint.register_error_handler(NoSuchThing, lambda reason: error(404, "not_found", str(reason)))
    blueprint.register_error_handler(BadQuestion, lambda reason: error(400, "bad_request", str(reason)))
    return blueprint


def index(application: Flask, version: str) -> dict[str, Any]:
    """What this is and where things are."""
    rules = sorted(application.url_map.iter_rules(), key=lambda rule: rule.rule)
    return {
        "mockserver": version,
        "about": "a double of DialogTech, mGage and SerwerSMS for tests; no message leaves this machine",
        "here": [f"{' '.join(sorted((rule.methods or set()) - {'HEAD', 'OPTIONS'}))} {rule.rule}" for rule in rules],
    }


def _world(house: Worlds, world_id: str) -> World:
    world = house.get(world_id)
    if world is None:
        raise NoSuchThing(f"there is no world {world_id!r}")
    return world


def _number(name: str, default: int) -> int:
    text = request.args.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit()):
        raise BadQuestion(f"{name} must be a whole number, not {text!r}")
    return int(text[:18])
