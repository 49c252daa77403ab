"""Which documented behaviours the code under test has met, and what its traffic shows of its habits.

Pure, over the exchanges of a journal and the deliveries of an outbox. Met is what reached the client: an answer that a
fault has swallowed was decided, but nobody has seen it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from mockserver.engine.deliveries import Delivery
from mockserver.engine.journal import Exchange
from mockserver.engine.provider_errors import Source
from mockserver.engine.world import World
from mockserver.sdk.provider import Provider
from mockserver.validation.json_schema import an_object

from . import client_antipatterns as habits
from .endpoint import Api, Values, Verb
from .outcomes import is_whole, refused_by
from .schemas import a_list

_MOST = 5
"""Exchanges that are named for each."""


class Witnessed(NamedTuple):
    """What was seen of a behaviour."""

    provider: str
    name: str
    source: Source
    exchanges: Sequence[int] = ()
    """The numbers of those that showed it."""
    deliveries: Sequence[int] = ()
    """Likewise."""


def behaviours(
    rooms: Iterable[Provider], exchanges: Sequence[Exchange], deliveries: Sequence[Delivery]
) -> Iterator[Witnessed]:
    """Every documented behaviour, and what has shown it."""
    for room in rooms:
        whole = [each for each in exchanges if each.provider == room.name and is_whole(each)]
        accepted = [each for each in whole if refused_by(each) is None and each.operation in room.operations_by_name]
        own = [each for each in deliveries if each.provider == room.name]
        for behaviour in room.behaviours:
            yield Witnessed(
                room.name,
                behaviour.name,
                behaviour.source,
                _numbers(accepted, behaviour.seen),
                _numbers(own, behaviour.done),
            )
        for each in room.errors:
            if each.source.document is not None:
                name = each.__name__
                yield Witnessed(
                    room.name,
                    f"refused: {name}",
                    each.source,
                    [found.number for found in whole if refused_by(found) == name],
                )


def _numbers(things: Iterable[Any], is_so: Callable[[Any], bool] | None) -> list[int]:
    return [] if is_so is None else [each.number for each in things if is_so(each)]


# -- the verb ----------------------------------------------------------------------------------------------------------


def show(api: Api, world: World, _: Values) -> dict[str, Any]:
    """What a world has seen."""
    exchanges = list(world.journal.since(0))
    with world.lock:
        deliveries = list(world.state.outbox.values())
    asked = {each.provider for each in exchanges}
    seen = [habit for room in api.providers if room.name in asked for habit in habits.shown(room, exchanges)]
    return {
        "behaviours": [_behaviour(each) for each in behaviours(api.providers, exchanges, deliveries)],
        "habits": [
            {"provider": each.provider, "name": each.name, "about": each.about, "exchanges": each.exchanges[:_MOST]}
            for each in seen
        ],
        "asked": sorted(filter(None, asked)),
        "dropped": world.journal.dropped,
    }


def _behaviour(each: Witnessed) -> dict[str, Any]:
    return {
        "provider": each.provider,
        "name": each.name,
        "document": each.source.document,
        "sentence": each.source.sentence,
        "quirk": each.source.quirk,
        "met": len(each.exchanges) + len(each.deliveries),
        "exchanges": list(each.exchanges[:_MOST]),
        "deliveries": list(each.deliveries[:_MOST]),
    }


def verbs(_: Api) -> tuple[Verb, ...]:
    """What can be asked about coverage."""
    thing = {"type": "object"}
    answer = an_object(
        "",
        ["behaviours", "habits", "asked", "dropped"],
        behaviours=a_list(thing),
        habits=a_list(thing),
        asked=a_list({"type": "string"}),
        dropped={"type": "integer"},
    )
    return (
        Verb(
            "GET",
            "/_mock/worlds/{world}/coverage",
            "Which documented behaviours this world's clients have met, and what their traffic shows.",
            show,
            answer,
        ),
    )
