"""Which documented behaviours the code under test has met, and what its traffic shows of its antipatterns.

Pure, over the exchanges of a journal and the deliveries of deliveries. Met is what reached the client: an answer that a
fault has swallowed was decided, but no one has seen it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from mockserver.engine.deliveries import Delivery
from mockserver.engine.journal import Exchange
from mockserver.engine.provider_errors import Source
from mockserver.engine.world import World
from mockserver.sdk.provider import Provider
from mockserver.validation.json_schema import object_schema

from . import client_antipatterns as antipatterns
from .endpoint import Api, Catalog, Endpoint, RequestArgs
from .outcomes import error_of, is_whole
from .schemas import a_list

_MOST = 5
"""The maximal number of exchanges named for each behaviour."""


class Witnessed(NamedTuple):
    """How often a behaviour was met, and by which exchanges."""

    provider: str
    name: str
    source: Source
    exchanges: Sequence[int] = ()
    """The numbers of the exchanges that met it."""
    deliveries: Sequence[int] = ()
    """Likewise."""


def behaviours(
    providers: Iterable[Provider], exchanges: Sequence[Exchange], deliveries: Sequence[Delivery]
) -> Iterator[Witnessed]:
    """Return every documented behaviour with the exchanges that met it."""
    for provider in providers:
        whole = [each for each in exchanges if each.provider == provider.name and is_whole(each)]
        accepted = [each for each in whole if error_of(each) is None and each.operation in provider.operations_by_name]
        own = [each for each in deliveries if each.provider == provider.name]
        for behaviour in provider.behaviours:
            yield Witnessed(
                provider.name,
                behaviour.name,
                behaviour.source,
                _numbers(accepted, behaviour.seen),
                _numbers(own, behaviour.done),
            )
        for each in provider.errors:
            if each.source.document is not None:
                name = each.__name__
                yield Witnessed(
                    provider.name,
                    f"rejected: {name}",
                    each.source,
                    [found.number for found in whole if error_of(found) == name],
                )


def _numbers(things: Iterable[Any], is_so: Callable[[Any], bool] | None) -> list[int]:
    return [] if is_so is None else [each.number for each in things if is_so(each)]


# -- the endpoint ----------------------------------------------------------------------------------------------------------


def show(api: Api, world: World, _: RequestArgs) -> dict[str, Any]:
    """Return the coverage of a world."""
    exchanges = list(world.journal.since(0))
    with world.lock:
        deliveries = list(world.state.deliveries.values())
    request = {each.provider for each in exchanges}
    seen = [
        antipattern
        for provider in api.providers
        if provider.name in request
        for antipattern in antipatterns.shown(provider, exchanges)
    ]
    return {
        "behaviours": [_behaviour(each) for each in behaviours(api.providers, exchanges, deliveries)],
        "antipatterns": [
            {"provider": each.provider, "name": each.name, "about": each.about, "exchanges": each.exchanges[:_MOST]}
            for each in seen
        ],
        "asked": sorted(filter(None, request)),
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


def endpoints(_: Catalog) -> tuple[Endpoint, ...]:
    """Return the endpoints for coverage."""
    thing = {"type": "object"}
    response = object_schema(
        "",
        ["behaviours", "antipatterns", "asked", "dropped"],
        behaviours=a_list(thing),
        antipatterns=a_list(thing),
        request=a_list({"type": "string"}),
        dropped={"type": "integer"},
    )
    return (
        Endpoint(
            "GET",
            "/_mock/worlds/{world}/coverage",
            "Which documented behaviours this world's clients have met, and what their traffic shows.",
            show,
            response,
        ),
    )
