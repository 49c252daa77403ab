"""Doors: listeners whose every request is one world's, whatever its credentials."""

from __future__ import annotations

from typing import Any

from mockserver.validation.json_schema import an_object

from .endpoint import Api, Values, Verb
from .errors import NoSuchThing
from .schemas import NAME, OBJECT


def bind(api: Api, _: None, values: Values) -> dict[str, Any]:
    """What comes in there is a world's from now on."""
    name = values.body["world"]
    world = api.house.get(name)
    if world is None:
        raise NoSuchThing(f"there is no world {name!r}")
    api.house.bind(values.path["door"], world)
    return {"door": values.path["door"], "world": world.id}


def unbind(api: Api, _: None, values: Values) -> None:
    """What comes in there is the credential's again; who is connected there is let go."""
    api.house.unbind(values.path["door"])


def verbs(_: Api) -> tuple[Verb, ...]:
    """What can be asked about doors."""
    here = "/_mock/doors/{door}"
    body = an_object("an object that names a world", ["world"], world=NAME)
    return (
        Verb("PUT", here, "Every request that comes in through a door is this world's.", bind, OBJECT, body=body),
        Verb(
            "DELETE",
            here,
            "The door leads to whom the credential names, and connections are let go.",
            unbind,
            status=204,
        ),
    )
