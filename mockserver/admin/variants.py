"""Readings: how this world reads what the documents leave open."""

from __future__ import annotations

from typing import Any

from mockserver.engine.decisions import Decision
from mockserver.engine.events import VariantChosen
from mockserver.engine.ids import IdReservation
from mockserver.engine.instants import Instant
from mockserver.engine.state import State
from mockserver.engine.world import World

from .endpoint import Api, Values, Verb
from .schemas import component, readings_schema
from .worlds import checked_readings


def show(api: Api, world: World, _: Values) -> dict[str, Any]:
    """Every switch as it stands."""
    with world.lock:
        readings = dict(world.state.readings)
    return {
        switch.name: {
            "reading": readings[switch.name],
            "default": switch.default,
            "readings": list(switch.readings),
            "any_zone": switch.any_zone,
            "quirk": switch.number or None,
        }
        for switch in api.switches
    }


def choose(api: Api, world: World, values: Values) -> dict[str, Any]:
    """Other readings from now on."""
    checked_readings(api, values.body, ())
    events = tuple(VariantChosen(name, reading) for name, reading in values.body.items())

    def decide(_state: State, now: Instant, _ids: IdReservation) -> Decision:
        return Decision(now, None, events)

    world.execute(decide)
    return show(api, world, values)


def verbs(api: Api) -> tuple[Verb, ...]:
    """What can be asked about readings."""
    here, readings = "/_mock/worlds/{world}/readings", component("Readings")
    return (
        Verb("GET", here, "Every switch: how it stands, its default and its other readings.", show, readings),
        Verb(
            "PATCH",
            here,
            "Read some switches another way from now on.",
            choose,
            readings,
            body=readings_schema(api.switches),
        ),
    )
