"""The endpoints that add, list and remove fault rules."""

from __future__ import annotations

from typing import Any

from mockserver.engine.faults import RuleStatus
from mockserver.engine.world import World
from mockserver.http.fault_effects import FAULTS, SCHEMAS
from mockserver.http.fault_rules import RULE, rule_from, rule_to_json
from mockserver.validation.json_schema import TEXT, object_schema
from mockserver.validation.messages import unknown_name

from .endpoint import Api, Catalog, Endpoint, RequestArgs
from .errors import BadRequest, InUse, ResourceNotFound
from .paging import page_after
from .schemas import WHOLE, a_list, component


def list_rules(_: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Return rules with their counters, in the order in which they are tried."""
    rules, now = {status.rule.id: status for status in world.fault_rules()}, world.now()
    found, following = page_after(rules, values.query.get("since"), values.query.get("limit"), "fault rule")
    return {"faults": [rule_to_json(status, now) for status in found], "next": following}


def add_rule(api: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Add a rule after the existing ones."""
    now = world.now()
    try:
        rule = rule_from(values.body, now, api.terms)
    except ValueError as reason:
        raise BadRequest(str(reason).removeprefix(": ")) from reason
    try:
        added = world.add_fault_rule(rule, now)
    except ValueError as reason:
        raise InUse(str(reason)) from reason
    return rule_to_json(RuleStatus(added), now)


def remove_rules(_: Api, world: World, __: RequestArgs) -> dict[str, Any]:
    """Remove every rule."""
    return {"removed": world.remove_fault_rules()}


def remove_rule(_: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Remove one rule."""
    name = values.path["rule"]
    if not world.remove_fault_rules(name):
        there = [status.rule.id for status in world.fault_rules()]
        raise ResourceNotFound(f"{name}: {unknown_name('fault rule', name, there)}")
    return {"removed": 1}


def list_kinds(_: Api, __: None, ___: RequestArgs) -> dict[str, Any]:
    """Return every kind of fault, with its options."""
    return {
        "kinds": [
            {
                "kind": kind,
                "target": target,
                "about": (fault.__doc__ or "").partition("\n")[0],
                "points": list(fault.points),
                "schema": SCHEMAS[target][kind],
            }
            for target, faults in FAULTS.items()
            for kind, fault in faults.items()
        ]
    }


_EVERY_FAULT = [schema for schemas in SCHEMAS.values() for schema in schemas.values()]
_FAULT = {
    "anyOf": [*_EVERY_FAULT, a_list({"anyOf": list(SCHEMAS["response"].values())}, "a list of faults", minItems=1)]
}
_RULE = {**RULE, "properties": {**RULE["properties"], "fault": _FAULT}}


def endpoints(_: Catalog) -> tuple[Endpoint, ...]:
    """Return the endpoints for fault rules."""
    here, rule = "/_mock/worlds/{world}/faults", component("FaultRule")
    removed = object_schema("", ["removed"], removed={"type": "integer"})
    return (
        Endpoint("GET", "/_mock/faults", "The kinds of faults and their options.", list_kinds, component("Kinds")),
        Endpoint(
            "GET",
            here,
            "Every fault rule, with its matches and hits, or at most limit of them; use since=next for the following ones.",
            list_rules,
            object_schema("", ["faults", "next"], faults=a_list(rule), next={"type": ["string", "null"]}),
            query={"limit": WHOLE, "since": {**TEXT, "description": "the id of a fault rule"}},
        ),
        Endpoint(
            "POST",
            here,
            "Add a fault rule: which requests or webhooks it matches, which of these it hits, at which point, and its fault.",
            add_rule,
            rule,
            201,
            _RULE,
            checks_body=True,
        ),
        Endpoint("DELETE", here, "Remove every fault rule.", remove_rules, removed),
        Endpoint("DELETE", f"{here}/{{rule}}", "Remove one fault rule.", remove_rule, removed),
    )
