"""The endpoint that shows which documented behaviours a world's clients have met, and which antipatterns they show.

A behaviour counts as met if its response reached the client: a response that a fault replaced or dropped does not count.
"""

from __future__ import annotations

import logging
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
from .schemas import WHOLE, a_list

log = logging.getLogger("mockserver")

_MOST = 5
"""The maximal number of exchanges named for each behaviour."""


class BehaviourCoverage(NamedTuple):
    """A documented behaviour, with the exchanges and deliveries that met it."""

    provider: str
    name: str
    source: Source
    exchanges: Sequence[int] = ()
    """The numbers of the exchanges that met it."""
    deliveries: Sequence[int] = ()
    """The numbers of the deliveries that met it."""


def behaviours(
    providers: Iterable[Provider], exchanges: Sequence[Exchange], deliveries: Sequence[Delivery]
) -> Iterator[BehaviourCoverage]:
    """Return every documented behaviour with the exchanges that met it."""
    for provider in providers:
        whole = [each for each in exchanges if each.provider == provider.name and is_whole(each)]
        accepted = [each for each in whole if error_of(each) is None and each.operation in provider.operations_by_name]
        own = [each for each in deliveries if each.provider == provider.name]
        for behaviour in provider.behaviours:
            yield BehaviourCoverage(
                provider.name,
                behaviour.name,
                behaviour.source,
                _numbers(accepted, behaviour.seen),
                _numbers(own, behaviour.done),
            )
        for each in provider.errors:
            if each.source.document is not None:
                name = each.__name__
                yield BehaviourCoverage(
                    provider.name,
                    f"rejected: {name}",
                    each.source,
                    [found.number for found in whole if error_of(found) == name],
                )


def _numbers(things: Iterable[Any], matches: Callable[[Any], bool] | None) -> list[int]:
    return [] if matches is None else [each.number for each in things if _is_met(each, matches)]


def _is_met(thing: Any, matches: Callable[[Any], bool]) -> bool:
    """Return whether an exchange or a delivery met a behaviour; ``False`` if the provider's code fails over it."""
    try:
        return matches(thing)
    except Exception:
        log.exception("a behaviour cannot be looked for in exchange or delivery %d", thing.number)
        return False


# -- the endpoint ----------------------------------------------------------------------------------------------------------


def show(api: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Return the coverage of a world."""
    since = values.query.get("since", 0)
    exchanges = world.journal.since(since)
    with world.lock:
        deliveries = list(world.state.deliveries.values())
    requested = {each.provider for each in exchanges}
    seen = [
        antipattern
        for provider in api.providers
        if provider.name in requested
        for antipattern in antipatterns.find_antipatterns(provider, exchanges)
    ]
    return {
        "behaviours": [_behaviour(each) for each in behaviours(api.providers, exchanges, deliveries)],
        "antipatterns": [
            {"provider": each.provider, "name": each.name, "about": each.about, "exchanges": each.exchanges[:_MOST]}
            for each in seen
        ],
        "providers": sorted(filter(None, requested)),
        "dropped": max(0, world.journal.dropped - since),
    }


def _behaviour(each: BehaviourCoverage) -> dict[str, Any]:
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
        ["behaviours", "antipatterns", "providers", "dropped"],
        behaviours=a_list(thing),
        antipatterns=a_list(thing),
        providers=a_list({"type": "string"}),
        dropped={"type": "integer"},
    )
    return (
        Endpoint(
            "GET",
            "/_mock/worlds/{world}/coverage",
            "The documented behaviours with the exchanges that met them, and the antipatterns of this world's clients.",
            show,
            response,
            query={"since": WHOLE},
        ),
    )
