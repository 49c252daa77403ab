"""The endpoints that show and set the variants of quirks."""

from __future__ import annotations

from typing import Any

from mockserver.engine.decisions import Decision
from mockserver.engine.events import VariantChosen
from mockserver.engine.instants import Instant
from mockserver.engine.state import IdReservation, State
from mockserver.engine.world import World

from .endpoint import Api, Catalog, Endpoint, RequestArgs
from .schemas import component, variants_schema
from .worlds import check_variants


def show(api: Api, world: World, _: RequestArgs) -> dict[str, Any]:
    """Return every switch with its present variant."""
    with world.lock:
        variants = dict(world.state.variants)
    return {
        switch.name: {
            "variant": variants[switch.name],
            "default": switch.default,
            "variants": list(switch.variants),
            "any_zone": switch.any_zone,
            "quirk": switch.number or None,
        }
        for switch in api.switches
    }


def choose(api: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Set variants, from now on."""
    check_variants(api, values.body, ())
    events = tuple(VariantChosen(name, variant) for name, variant in values.body.items())

    def decide(_state: State, now: Instant, _ids: IdReservation) -> Decision:
        return Decision(now, None, events)

    world.execute(decide)
    return show(api, world, values)


def endpoints(catalog: Catalog) -> tuple[Endpoint, ...]:
    """Return the endpoints for variants."""
    here, variants = "/_mock/worlds/{world}/variants", component("Variants")
    return (
        Endpoint(
            "GET", here, "Every switch with its present variant, its default and its other variants.", show, variants
        ),
        Endpoint(
            "PATCH",
            here,
            "Set the variants of some switches, from now on.",
            choose,
            variants,
            body=variants_schema(catalog.switches),
        ),
    )
