"""The endpoints that show, freeze, advance and resume the clock of a world."""

from __future__ import annotations

from functools import partial
from typing import Any

from mockserver.engine.instants import SECOND
from mockserver.engine.world import MAX_MOVE_EVENTS, ClockMove, StepwiseMove, World
from mockserver.http.clock_moves import MoveResponse
from mockserver.sdk.response import Answer, Response
from mockserver.validation.json_schema import object_schema

from .endpoint import Api, Catalog, Endpoint, RequestArgs, json_response
from .errors import reject
from .schemas import INSTANT, LATER, a_list, component, instant
from .serializers import clock as described
from .serializers import event_json


def show(_: Api, world: World, __: RequestArgs) -> dict[str, Any]:
    """Return the state of the clock."""
    return described(world.read_clock())


def set_(api: Api, world: World, values: RequestArgs) -> Answer:
    """Freeze the clock, now or at a later instant, or let it tick again."""
    body = values.body
    if not body["frozen"]:
        return _respond(api, world, world.resume())
    at = body.get("at")
    return _move(api, world, world.begin_freeze(None if at is None else instant(at, "at")))


def advance(api: Api, world: World, values: RequestArgs) -> Answer:
    """Advance the clock, and return the events until then."""
    body = values.body
    if "to" in body:
        return _move(api, world, world.begin_advance(instant(body["to"], "to")))
    if "seconds" in body:
        return _move(api, world, world.begin_advance(by=round(body["seconds"] * SECOND)))
    return _move(api, world, world.begin_advance(to_next=True))


def _move(api: Api, world: World, move: StepwiseMove) -> Answer:
    return MoveResponse(move, world.id, partial(_respond, api, world), reject).begin()


def _respond(api: Api, world: World, move: ClockMove) -> Response:
    found = (event_json(api, world, event) for event in move.events)
    omitted = {"omitted": move.omitted} if move.omitted else {}
    return json_response({**described(move.clock), "events": [each for each in found if each is not None], **omitted})


_SETTING = {
    **object_schema(
        "an object with 'frozen'",
        ["frozen"],
        frozen={"type": "boolean", "description": "true or false"},
        at=INSTANT,
    ),
    "if": {"properties": {"frozen": {"const": False}}},
    "then": {"properties": {"at": {"not": {}, "description": "allowed while the clock runs"}}},
}

_ADVANCE = {
    **object_schema(
        "an object with exactly one of 'seconds', 'to' and 'next'",
        seconds=LATER,
        to=INSTANT,
        next={"const": True, "description": "true"},
    ),
    "minProperties": 1,
    "maxProperties": 1,
}


def endpoints(_: Catalog) -> tuple[Endpoint, ...]:
    """Return the endpoints for the clock."""
    here = "/_mock/worlds/{world}/clock"
    time, moved = component("Clock"), component("Moved")
    return (
        Endpoint("GET", here, "The time of the clock, and when the next event is due.", show, time),
        Endpoint(
            "PUT", here, "Freeze the clock, now or at a later instant, or let it tick.", set_, moved, body=_SETTING
        ),
        Endpoint(
            "POST",
            f"{here}/advance",
            "Advance the clock, and return the events until then in order. It waits for the attempts that become due; "
            "for those begun before only as long as one ends every 2 seconds, because a receiver may be the caller.",
            advance,
            moved,
            body=_ADVANCE,
        ),
    )


MOVED = {
    "allOf": [
        component("Clock"),
        {
            "type": "object",
            "required": ["events"],
            "properties": {
                "events": a_list(component("TimedEvent")),
                "omitted": {
                    "type": "integer",
                    "description": f"the number of events after the first {MAX_MOVE_EVENTS:,}, which alone are listed",
                },
            },
        },
    ]
}
