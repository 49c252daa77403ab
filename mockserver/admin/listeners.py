"""The endpoints that bind a listener to one world, whatever the credentials of its requests."""

from __future__ import annotations

from typing import Any

from mockserver.validation.json_schema import object_schema

from .endpoint import Api, Catalog, Endpoint, RequestArgs
from .errors import ResourceNotFound
from .schemas import NAME, OBJECT


def bind(api: Api, _: None, values: RequestArgs) -> dict[str, Any]:
    """Bind a listener to a world."""
    name = values.body["world"]
    world = api.registry.get(name)
    if world is None:
        raise ResourceNotFound(f"there is no world {name!r}")
    api.registry.bind(values.path["listener"], world)
    return {"listener": values.path["listener"], "world": world.id}


def unbind(api: Api, _: None, values: RequestArgs) -> None:
    """Unbind a listener, and close its connections."""
    api.registry.unbind(values.path["listener"])


def endpoints(_: Catalog) -> tuple[Endpoint, ...]:
    """Return the endpoints for listeners."""
    here = "/_mock/listeners/{listener}"
    body = object_schema("an object that names a world", ["world"], world=NAME)
    return (
        Endpoint(
            "PUT",
            here,
            "Bind a listener to a world: it receives every request of the listener.",
            bind,
            OBJECT,
            body=body,
        ),
        Endpoint(
            "DELETE",
            here,
            "Unbind a listener and close its connections; credentials choose the world again.",
            unbind,
            status=204,
        ),
    )
