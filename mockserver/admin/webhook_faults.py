"""Mischief: deliveries that go wrong on purpose."""

from __future__ import annotations

from typing import Any

from mockserver.engine.instants import SECOND
from mockserver.engine.webhook_faults import KINDS, Mischief
from mockserver.engine.world import World
from mockserver.validation.json_schema import an_object
from mockserver.validation.messages import unknown

from .endpoint import Api, Values, Verb
from .errors import InUse, NoSuchThing
from .schemas import END, a_list, one_of


def listed(_: Api, world: World, __: Values) -> dict[str, Any]:
    """Every rule as it stands."""
    with world.lock:
        return {"mischief": [_described(rule) for rule in world.mischief.rules.values()]}


def make(_: Api, world: World, values: Values) -> dict[str, Any]:
    """The next deliveries go wrong."""
    body = values.body
    with world.lock:
        taken = set(world.mischief.rules)
    name = body.get("id") or next(f"m{number}" for number in range(1, len(taken) + 2) if f"m{number}" not in taken)
    if name in taken:
        raise InUse(f"there is mischief {name!r} already")
    late = body["kind"] == "late"
    amount = round(body.get("seconds", 60) * SECOND) if late else body.get("attempts", 1)
    rule = Mischief(name, body["kind"], amount, body.get("provider", ""), body.get("times", 1))
    world.make_mischief(rule)
    return _described(rule)


def clear(_: Api, world: World, __: Values) -> dict[str, Any]:
    """No mischief any more."""
    return {"cleared": world.make_peace()}


def clear_one(_: Api, world: World, values: Values) -> dict[str, Any]:
    """One rule less."""
    name = values.path["rule"]
    if not world.make_peace(name):
        raise NoSuchThing(f"{name}: {unknown('mischief', name, world.mischief.rules)}")
    return {"cleared": 1}


def _described(rule: Mischief) -> dict[str, Any]:
    extent = {"seconds": rule.amount / SECOND} if rule.kind == "late" else {"attempts": rule.amount}
    provider = {"provider": rule.provider} if rule.provider else {}
    return {"id": rule.id, "kind": rule.kind, **extent, **provider, "times": rule.times, "met": rule.met}


def verbs(api: Api) -> tuple[Verb, ...]:
    """What can be asked about mischief."""
    here = "/_mock/worlds/{world}/mischief"
    kinds = "; ".join(f"{kind}: {about}" for kind, about in KINDS.items())
    members: dict[str, Any] = {
        "id": {
            "type": "string",
            "pattern": f"^[A-Za-z0-9_-]{{1,64}}{END}",
            "description": "1 to 64 letters, digits, _ and -",
        },
        "kind": one_of(KINDS),
        "seconds": {"type": "number", "minimum": 0, "maximum": 10**9, "description": "a number of seconds, for late"},
        "attempts": {"type": "integer", "minimum": 1, "maximum": 1000, "description": "a whole number from 1 to 1000"},
        "provider": one_of(api.rooms),
        "times": {"type": "integer", "minimum": 1, "maximum": 10**9, "description": "a whole number of at least 1"},
    }
    whole = {"type": "integer"}
    rule = an_object("", ["id", "kind", "times", "met"], **{**members, "times": whole, "met": whole})
    cleared = an_object("", ["cleared"], cleared={"type": "integer"})
    return (
        Verb(
            "GET",
            here,
            "What goes wrong with deliveries on purpose.",
            listed,
            an_object("", ["mischief"], mischief=a_list(rule)),
        ),
        Verb(
            "POST",
            here,
            f"Let the next deliveries go wrong. {kinds}.",
            make,
            rule,
            201,
            an_object("an object that describes mischief", ["kind"], **members),
        ),
        Verb("DELETE", here, "No mischief any more.", clear, cleared),
        Verb("DELETE", f"{here}/{{rule}}", "One rule less.", clear_one, cleared),
    )
