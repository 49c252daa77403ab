"""Waiting for what is not there yet: one exchange or message, or everything as it happens. No thread is held.

What is said of a listener in `core.feed` holds here: it is called where things happen, perhaps with the world's lock
held, so it looks only at what it is given and at what never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import orjson

from mockserver.core.events import MessageStored
from mockserver.core.world import Exchanged, Happened, World
from mockserver.web.answer import Answer, Deferred, Stream

from . import journal, messages
from .described import happened
from .errors import BadQuestion
from .schemas import WHOLE, an_object, one_of
from .verbs import Api, Schema, Values, Verb

_PATIENCE = 10
"""Seconds that are waited when nobody says how many."""
_LONGEST = 3600
_JSON = (("Content-Type", "application/json"),)

Wanted = Callable[[World, Mapping[str, Any], Happened], bool]


def _is_exchange(world: World, query: Mapping[str, Any], item: Happened) -> bool:
    found = world.journal.get(item.what.number) if isinstance(item.what, Exchanged) else None
    return found is not None and journal.matches(found, query)


def _is_message(_: World, query: Mapping[str, Any], item: Happened) -> bool:
    return isinstance(item.what, MessageStored) and messages.matches(item.what.message, query)


WAITED_FOR: Mapping[str, tuple[Wanted, tuple[str, ...]]] = {
    "exchange": (_is_exchange, ("provider", "operation", "refusal", "status", "target")),
    "message": (_is_message, messages.FILTERS),
}
"""What can be waited for: how it is recognised, and what it can be asked for by."""


def wait(api: Api, world: World, values: Values) -> Deferred:
    """The first that is wanted after a cursor, as soon as it is there."""
    query = dict(values.query)
    kind = query.pop("for")
    is_wanted, filters = WAITED_FOR[kind]
    after, timeout = query.pop("after", world.feed.cursor), query.pop("timeout", _PATIENCE)
    for name in query:
        if name not in filters:
            raise BadQuestion(f"{name}: is of no use for {kind}s; {', '.join(filters)} are")
    # A cursor that led to nothing is a good one to ask with again.
    late = Deferred(timeout=timeout, otherwise=_answer(None, after))

    def found(item: object, cursor: int) -> None:
        assert isinstance(item, Happened)
        late.answer(_answer(happened(api, world, item), cursor))

    late.at_end(world.feed.first_after(after, partial(is_wanted, world, query), found))
    return late


def _answer(found: Any, cursor: int) -> Answer:
    return Answer(200, _JSON, orjson.dumps({"found": found, "cursor": cursor}))


def events(api: Api, world: World, values: Values) -> Stream:
    """Everything after a cursor, as it happens."""
    stream = Stream()

    def tell(item: object, cursor: int) -> None:
        assert isinstance(item, Happened)
        described = happened(api, world, item)
        if described is not None:
            stream.send(
                b"id: %d\nevent: %s\ndata: %s\n\n" % (cursor, described["event"].encode(), orjson.dumps(described))
            )

    stream.at_end(world.feed.follow(values.query.get("after", world.feed.cursor), tell))
    return stream


def verbs(api: Api) -> tuple[Verb, ...]:
    """What can be waited for."""
    seconds: Schema = {
        "type": "number",
        "minimum": 0,
        "maximum": _LONGEST,
        "description": f"a number of seconds from 0 to {_LONGEST}",
    }
    return (
        Verb(
            "GET",
            "/_mock/worlds/{world}/wait",
            "Wait for the first exchange or message after a cursor; found is null when none came in time.",
            wait,
            an_object("", ["found", "cursor"], found={"type": ["object", "null"]}, cursor={"type": "integer"}),
            query={
                "for": one_of(WAITED_FOR),
                "after": WHOLE,
                "timeout": seconds,
                **messages.filters(api),
                **journal.filters(api),
            },
            needs=("for",),
        ),
        Verb(
            "GET",
            "/_mock/worlds/{world}/events",
            "Everything that happens after a cursor, as server-sent events: id is the cursor.",
            events,
            {"type": "string"},
            query={"after": WHOLE},
            media_type="text/event-stream",
        ),
    )
