"""Faults: arm, list, clear."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mockserver.engine.faults import RuleStatus
from mockserver.engine.world import World
from mockserver.http.fault_effects import KINDS, SCHEMAS
from mockserver.http.fault_rules import RULE, described, rule_from
from mockserver.validation.json_schema import an_object
from mockserver.validation.messages import unknown

from .endpoint import Api, Values, Verb
from .errors import BadQuestion, InUse, NoSuchThing
from .schemas import a_list, component


def listed(_: Api, world: World, __: Values) -> dict[str, Any]:
    """Every rule as it stands."""
    return {"faults": [_described(standing) for standing in _standings(world)]}


def arm(api: Api, world: World, values: Values) -> dict[str, Any]:
    """One more rule."""
    try:
        rule = rule_from(values.body, world.now(), api.terms)
    except ValueError as reason:
        raise BadQuestion(str(reason).removeprefix(": ")) from reason
    try:
        name = world.arm(rule)
    except ValueError as reason:
        raise InUse(str(reason)) from reason
    return described(replace(rule, id=name), 0, 0)


def clear(_: Api, world: World, __: Values) -> dict[str, Any]:
    """No rules any more."""
    return {"cleared": world.disarm()}


def clear_one(_: Api, world: World, values: Values) -> dict[str, Any]:
    """One rule less."""
    name = values.path["rule"]
    if not world.disarm(name):
        there = [standing.rule.id for standing in _standings(world)]
        raise NoSuchThing(f"{name}: {unknown('fault rule', name, there)}")
    return {"cleared": 1}


def kinds(_: Api, __: None, ___: Values) -> dict[str, Any]:
    """What a fault can be."""
    return {
        "kinds": [
            {
                "kind": kind,
                "about": (fault.__doc__ or "").partition("\n")[0],
                "points": list(fault.points),
                "schema": SCHEMAS[kind],
            }
            for kind, fault in KINDS.items()
        ]
    }


def _standings(world: World) -> tuple[RuleStatus, ...]:
    now = world.now()
    with world.lock:
        return world.plan.rules(now)


def _described(standing: RuleStatus) -> dict[str, Any]:
    return described(standing.rule, standing.matched, standing.hits, standing.is_spent)


_FAULT = {"anyOf": [*SCHEMAS.values(), a_list({"anyOf": list(SCHEMAS.values())}, "a list of faults", minItems=1)]}
_RULE = {**RULE, "properties": {**RULE["properties"], "fault": _FAULT}}


def verbs(_: Api) -> tuple[Verb, ...]:
    """What can be asked about faults."""
    here, rule = "/_mock/worlds/{world}/faults", component("FaultRule")
    cleared = an_object("", ["cleared"], cleared={"type": "integer"})
    return (
        Verb("GET", "/_mock/faults", "The kinds of faults and their options.", kinds, component("Kinds")),
        Verb("GET", here, "Every armed rule, with its hits.", listed, an_object("", ["faults"], faults=a_list(rule))),
        Verb(
            "POST",
            here,
            "Arm a rule: which exchanges, when, at which point, what.",
            arm,
            rule,
            201,
            _RULE,
            checks_body=True,
        ),
        Verb("DELETE", here, "Clear every rule.", clear, cleared),
        Verb("DELETE", f"{here}/{{rule}}", "Clear one rule.", clear_one, cleared),
    )
