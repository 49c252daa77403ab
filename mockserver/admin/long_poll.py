"""The endpoints that wait for an exchange, message or delivery, or stream all events, without blocking a thread.

The rules of `engine.feed` for subscribers hold here: a callback may run while the world's lock is held, so it reads only
its arguments and data that never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from mockserver.engine.event_log import TimedEvent
from mockserver.engine.events import AttemptEnded, ExchangeRecorded
from mockserver.engine.world import World
from mockserver.sdk.response import Deferred, Response, Stream
from mockserver.validation.json_schema import Schema, object_schema

from . import deliveries, journal, messages
from .endpoint import Api, Catalog, Endpoint, RequestArgs, encode
from .errors import BadRequest
from .schemas import WHOLE, a_list, component, one_of, parameter
from .serializers import event_json

_DEFAULT_TIMEOUT = 10
"""The default time limit in seconds."""
_MAX_TIMEOUT = 3600
_PLURALS = {"exchange": "exchanges", "message": "messages", "delivery": "deliveries"}
_JSON = (("Content-Type", "application/json"),)

EventPredicate = Callable[[World, Mapping[str, Any], TimedEvent], bool]


def _is_exchange(world: World, query: Mapping[str, Any], item: TimedEvent) -> bool:
    found = world.journal.get(item.event.number) if isinstance(item.event, ExchangeRecorded) else None
    return found is not None and journal.matches(found, query)


def _is_message(world: World, query: Mapping[str, Any], item: TimedEvent) -> bool:
    return messages.matches_event(world, item.event, query)


def _is_attempt(_: World, query: Mapping[str, Any], item: TimedEvent) -> bool:
    return isinstance(item.event, AttemptEnded) and deliveries.matches_attempt(item.event, query)


class _Kind(NamedTuple):
    is_wanted: EventPredicate
    filters: Callable[[Catalog], Mapping[str, Schema]]


WAITED_FOR: Mapping[str, _Kind] = {
    "exchange": _Kind(_is_exchange, journal.filters),
    "message": _Kind(_is_message, messages.event_filters),
    "delivery": _Kind(_is_attempt, deliveries.attempt_filters),
}
"""What can be waited for: its predicate and its filters."""


def wait(api: Api, world: World, values: RequestArgs) -> Deferred:
    """Return the first match after a cursor, as soon as there is one."""
    query = dict(values.query)
    kind = query.pop("for")
    since, timeout = query.pop("since", world.feed.cursor), query.pop("timeout", _DEFAULT_TIMEOUT)
    query = _parse_filters(kind, query, WAITED_FOR[kind].filters(api))
    # After a time-out the client can wait again from the same cursor.
    deferred = Deferred(timeout=timeout, otherwise=_respond(None, since))

    def found(item: object, cursor: int) -> None:
        assert isinstance(item, TimedEvent)
        deferred.response(_respond(event_json(api, world, item), cursor))

    deferred.on_end(world.feed.first_since(since, partial(WAITED_FOR[kind].is_wanted, world, query), found))
    return deferred


def _parse_filters(kind: str, query: Mapping[str, Any], filters: Mapping[str, Schema]) -> dict[str, Any]:
    for name in query:
        if name not in filters:
            raise BadRequest(f"{name}: is not a filter for {_PLURALS[kind]}; {', '.join(filters)} are")
    # A filter whose type differs between kinds was parsed as text.
    return {
        name: parameter(name, value, filters[name]) if isinstance(value, str) else value
        for name, value in query.items()
    }


def _all_filters(catalog: Catalog) -> dict[str, Schema]:
    """Return the filters of all kinds; one whose type differs between kinds is a string."""
    every: dict[str, Schema] = {}
    for kind in WAITED_FOR.values():
        for name, schema in kind.filters(catalog).items():
            known = every.setdefault(name, schema)
            if known != schema:
                every[name] = {"type": "string", "description": f"{known['description']}; or {schema['description']}"}
    return every


def _respond(found: Any, cursor: int) -> Response:
    return Response(200, _JSON, encode({"found": found, "cursor": cursor}))


def events(api: Api, world: World, values: RequestArgs) -> Stream:
    """Stream all events after a cursor."""
    stream = Stream()

    def send_event(item: object, cursor: int) -> None:
        encoded = _encode(api, world, item, cursor)
        if encoded is not None:
            stream.send(encoded)

    stream.on_end(world.feed.follow(values.query.get("since", world.feed.cursor), send_event))
    return stream


def list_events(api: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Return the events after a cursor that the feed still has."""
    page = world.feed.since(values.query.get("since", 0))
    found = (event_json(api, world, item) for item in page.items if isinstance(item, TimedEvent))
    return {"events": [each for each in found if each is not None], "next": page.cursor, "missed": page.missed}


def _encode(api: Api, world: World, item: object, cursor: int) -> bytes | None:
    """Return an event as a server-sent event. The last one is kept: every other stream that is open sends it next."""
    last, encoded = api.last_event.pair
    if last is not item:
        assert isinstance(item, TimedEvent)
        described = event_json(api, world, item)
        encoded = None
        if described is not None:
            name = described["event"].encode()
            encoded = b"id: %d\nevent: %s\ndata: %s\n\n" % (cursor, name, encode(described))
        api.last_event.pair = item, encoded
    return encoded


def endpoints(catalog: Catalog) -> tuple[Endpoint, ...]:
    """Return the endpoints for waiting."""
    seconds: Schema = {
        "type": "number",
        "minimum": 0,
        "maximum": _MAX_TIMEOUT,
        "description": f"a number of seconds from 0 to {_MAX_TIMEOUT}",
    }
    return (
        Endpoint(
            "GET",
            "/_mock/worlds/{world}/wait",
            "Wait for the first exchange, message or delivery attempt after a cursor; found is null after the time-out.",
            wait,
            object_schema("", ["found", "cursor"], found={"type": ["object", "null"]}, cursor={"type": "integer"}),
            query={
                "for": one_of(WAITED_FOR),
                "since": WHOLE,
                "timeout": seconds,
                **_all_filters(catalog),
            },
            needs=("for",),
        ),
        Endpoint(
            "GET",
            "/_mock/worlds/{world}/events",
            "Stream all events after a cursor as server-sent events, whose id is the cursor.",
            events,
            {"type": "string"},
            query={"since": WHOLE},
            media_types=("text/event-stream",),
        ),
        Endpoint(
            "GET",
            "/_mock/worlds/{world}/events/list",
            "The events after a cursor that are still kept, and how many are missed because they are not; use since=next "
            "for the following ones.",
            list_events,
            object_schema(
                "",
                ["events", "next", "missed"],
                events=a_list(component("TimedEvent")),
                next=WHOLE,
                missed=WHOLE,
            ),
            query={"since": WHOLE},
        ),
    )
