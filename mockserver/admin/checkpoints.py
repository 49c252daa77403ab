"""The endpoints that make, list and remove checkpoints, show what has changed since one, and return to one."""

from __future__ import annotations

from typing import Any

from mockserver.engine.checkpoints import Checkpoint, NoSuchCheckpoint, Rewind, TooManyCheckpoints
from mockserver.engine.instants import iso
from mockserver.engine.registry import AlreadyInUse
from mockserver.engine.world import World
from mockserver.validation.json_schema import object_schema

from .changes import CHANGES, KINDS, ChangeList
from .endpoint import Api, Catalog, Endpoint, RequestArgs
from .errors import Conflict, InUse, ResourceNotFound
from .schemas import NAME, WHOLE, a_list, component, one_of
from .serializers import clock, opened

_SHOWN = 1_000
"""The changes that are shown unless a limit is given."""


def checkpoint_json(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return a checkpoint as JSON."""
    return {"name": checkpoint.name, "at": iso(checkpoint.at), "exchange": checkpoint.exchange}


def listed(_: Api, world: World, __: RequestArgs) -> dict[str, Any]:
    """Return the checkpoints in the order in which they were made."""
    return {"checkpoints": [checkpoint_json(each) for each in world.checkpoints()]}


def create(_: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Make a checkpoint."""
    try:
        return checkpoint_json(world.checkpoint(values.body["name"]))
    except TooManyCheckpoints as reason:
        raise Conflict(str(reason)) from reason


def remove(_: Api, world: World, values: RequestArgs) -> None:
    """Remove a checkpoint."""
    try:
        world.remove_checkpoint(values.path["checkpoint"])
    except NoSuchCheckpoint as reason:
        raise ResourceNotFound(str(reason)) from reason


def changes_since(world: World, name: str) -> tuple[Checkpoint, ChangeList]:
    """Return a checkpoint and the changes since then.

    Raises:
        ResourceNotFound: there is none of this name.
    """
    try:
        checkpoint = world.find_checkpoint(name)
        return checkpoint, ChangeList(world.changes(name), world.now())
    except NoSuchCheckpoint as reason:
        raise ResourceNotFound(str(reason)) from reason


def changes(_: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Return what has changed since a checkpoint."""
    checkpoint, found = changes_since(world, values.path["checkpoint"])
    return {"checkpoint": checkpoint_json(checkpoint), **found.to_json(values.query.get("limit", _SHOWN))}


def rewind(api: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Return to a checkpoint."""
    try:
        done = api.registry.rewind(world, values.path["checkpoint"])
    except NoSuchCheckpoint as reason:
        raise ResourceNotFound(str(reason)) from reason
    except AlreadyInUse as reason:
        raise InUse(str(reason)) from reason
    return {**_rewind_json(done), "cursor": world.feed.cursor, **clock(world.read_clock())}


def _rewind_json(done: Rewind) -> dict[str, Any]:
    sent = [
        {**opened(each.delivery), "attempts": [*map(_attempt, each.attempts)], "in_flight": each.is_in_flight}
        for each in done.sent()
    ]
    return {
        "checkpoint": checkpoint_json(done.checkpoint),
        "exchange": done.exchange,
        "cancelled": [*map(opened, done.cancelled())],
        "sent": sent,
    }


def _attempt(attempt: Any) -> dict[str, Any]:
    return {"at": iso(attempt.at), "status": attempt.outcome.status, "result": attempt.result}


def endpoints(_: Catalog) -> tuple[Endpoint, ...]:
    """Return the endpoints for checkpoints."""
    here, one = "/_mock/worlds/{world}/checkpoints", "/_mock/worlds/{world}/checkpoints/{checkpoint}"
    checkpoint, change = component("Checkpoint"), component("Change")
    counts = object_schema("", CHANGES, **{name: {"type": "integer"} for name in CHANGES})
    return (
        Endpoint(
            "GET",
            here,
            "Every checkpoint in the order in which they were made.",
            listed,
            object_schema("", ["checkpoints"], checkpoints=a_list(checkpoint)),
        ),
        Endpoint(
            "POST",
            here,
            "Make a checkpoint: an exact copy of the world as it is now, in place of one with the same name.",
            create,
            checkpoint,
            201,
            body={**object_schema("an object with a name", ["name"], name=NAME), "examples": [{"name": "before"}]},
        ),
        Endpoint("DELETE", one, "Remove a checkpoint.", remove, status=204),
        Endpoint(
            "GET",
            f"{one}/changes",
            "What was inserted, changed and deleted since a checkpoint, with one line of text for each; at most limit, or 1000.",
            changes,
            {
                **object_schema(
                    "",
                    ["checkpoint", *CHANGES, "counts", "omitted", "text"],
                    checkpoint=checkpoint,
                    **dict.fromkeys(CHANGES, a_list(change)),
                    counts=counts,
                    omitted={"type": "integer"},
                    text={"type": "string"},
                ),
                "examples": [_CHANGES_EXAMPLE],
            },
            query={"limit": WHOLE},
            is_heavy=True,
        ),
        Endpoint(
            "POST",
            f"{one}/rewind",
            "Return to a checkpoint: records, clock, identifiers, limits, fault rules and deliveries are as they were then; the"
            " journal keeps its exchanges. Deliveries that were opened since are cancelled; those that were sent are listed.",
            rewind,
            component("Rewind"),
        ),
    )


_CHECKPOINT_EXAMPLE = {"name": "before", "at": "2026-06-01T12:00:00Z", "exchange": 3}
_CHANGE_EXAMPLE = {
    "kind": "variant",
    "id": "limits",
    "fields": ["variant"],
    "before": {"variant": "enforced"},
    "after": {"variant": "off"},
}
_CHANGES_EXAMPLE = {
    "checkpoint": _CHECKPOINT_EXAMPLE,
    "inserted": [],
    "changed": [_CHANGE_EXAMPLE],
    "deleted": [],
    "counts": {"inserted": 0, "changed": 1, "deleted": 0},
    "omitted": 0,
    "text": '~ variant limits: variant "enforced" -> "off"',
}
CHECKPOINT_SCHEMA = {
    **object_schema(
        "",
        ["name", "at", "exchange"],
        name={"type": "string"},
        at={"type": "string", "format": "date-time"},
        exchange={"type": "integer", "description": "the number of the latest exchange in the journal at the time"},
    ),
    "examples": [_CHECKPOINT_EXAMPLE],
}
"""The schema of a checkpoint in a response."""
CHANGE_SCHEMA = {
    "type": "object",
    "description": "a change: the value before, unless it was inserted, and after, unless it was deleted",
    "required": ["kind", "id"],
    "properties": {
        "kind": one_of(KINDS),
        "provider": {"type": "string"},
        "account": {"type": "string"},
        "collection": {"type": "string"},
        "id": {"type": ["string", "integer"]},
        "fields": a_list({"type": "string"}, "the names of the values that differ"),
        "before": {"type": "object"},
        "after": {"type": "object"},
    },
    "examples": [_CHANGE_EXAMPLE],
}
"""The schema of a change in a response."""
