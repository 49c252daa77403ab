"""The endpoints that show, freeze, advance and resume the clock of a world."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mockserver.engine.instants import LATEST, SECOND, Instant
from mockserver.engine.world import TimedEvent, World
from mockserver.validation.json_schema import object_schema

from .endpoint import Api, Catalog, Endpoint, RequestArgs
from .errors import Conflict
from .schemas import INSTANT, LATER, a_list, component, instant
from .serializers import clock as described
from .serializers import event_json


def show(_: Api, world: World, __: RequestArgs) -> dict[str, Any]:
    """Return the state of the clock."""
    return described(world)


def set_(api: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Freeze the clock, now or at a later instant, or let it tick again."""
    body = values.body
    if not body["frozen"]:
        world.resume()
        return _moved(api, world, ())
    at = body.get("at")
    return _move(api, world, None if at is None else instant(at, "at"), is_freezing=True)


def advance(api: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Advance the clock, and return the events until then."""
    body = values.body
    if "to" in body:
        return _move(api, world, instant(body["to"], "to"))
    if "seconds" in body:
        return _move_by(api, world, round(body["seconds"] * SECOND))
    before = world.advance()  # waits for attempts in flight, which may schedule the next event
    due = world.next_due()
    return _move_by(api, world, 0 if due is None else max(0, due - world.clock.now()), before)


def _move(api: Api, world: World, to: Instant | None, *, is_freezing: bool = False) -> dict[str, Any]:
    _check_calendar(to)
    try:
        return _moved(api, world, world.freeze(to) if is_freezing or to is None else world.advance(to))
    except ValueError as reason:
        raise Conflict(str(reason)) from reason


def _move_by(api: Api, world: World, microseconds: int, before: Sequence[TimedEvent] = ()) -> dict[str, Any]:
    _check_calendar(world.clock.now() + microseconds)
    return _moved(api, world, [*before, *world.advance(by=microseconds)])


def _check_calendar(to: Instant | None) -> None:
    if to is not None and to > LATEST:
        raise Conflict("the calendar ends with the year 9999")


def _moved(api: Api, world: World, events: Iterable[TimedEvent]) -> dict[str, Any]:
    found = (event_json(api, world, event) for event in events)
    return {**described(world), "events": [each for each in found if each is not None]}


_SETTING = {
    **object_schema(
        "an object with 'frozen'",
        ["frozen"],
        frozen={"type": "boolean", "description": "true or false"},
        at=INSTANT,
    ),
    "if": {"properties": {"frozen": {"const": False}}},
    "then": {"properties": {"at": {"not": {}, "description": "allowed while the clock ticks"}}},
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
            "properties": {"events": a_list(component("TimedEvent"))},
        },
    ]
}
