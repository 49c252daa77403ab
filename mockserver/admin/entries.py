"""The endpoints for the entries of accounts: what is in their collections, such as contacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mockserver.engine.accounts import Account
from mockserver.engine.decisions import Decision
from mockserver.engine.entries import Collection, Entry, EntryId
from mockserver.engine.events import EntryDeleted, EntryStored, Event
from mockserver.engine.instants import Instant
from mockserver.engine.state import IdReservation, State
from mockserver.engine.world import World
from mockserver.sdk.provider import Provider
from mockserver.validation.json_schema import TEXT, Schema, object_schema
from mockserver.validation.messages import WorldFileError, format_place, show_value, unknown_name
from mockserver.worldfile.dump import describe_entry
from mockserver.worldfile.rules import read_entry

from .accounts import find_account
from .endpoint import Api, Catalog, Endpoint, RequestArgs
from .errors import BadRequest, Conflict, ResourceNotFound
from .schemas import OBJECT, WHOLE, a_list, account_schema, held


def collections(api: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Return the names of an account's collections, and how many entries each has."""
    with world.lock:
        account = find_account(world.state, values)
        known = api.provider_names[account.provider].collections
        counts = {each.name: world.state.entries.count(account.key, each.name) for each in known}
    return {"collections": [{"name": name, "count": count} for name, count in counts.items()]}


def listed(api: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Return entries in the order of adding."""
    since, limit = values.query.get("since"), values.query.get("limit", 100)
    with world.lock:
        place, entries, start = _find(api, world.state, values), world.state.entries, 0
        whose = place.account.key, place.collection.name
        if since is not None:
            rank = entries.rank(*whose, place.entry_id(since))
            if rank is None:
                raise BadRequest(f"since: there is no entry {show_value(since)} any more; list them anew without since")
            start = rank + 1
        found, count = entries.page(*whose, start, limit), entries.count(*whose)
    following = str(found[-1].id) if found else since
    return {"entries": [describe_entry(each) for each in found], "next": following, "count": count}


def show(api: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Return one entry."""
    with world.lock:
        return describe_entry(_find(api, world.state, values).entry(world.state, values.path["entry"]))


def add(api: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Add an entry; its id is the next number of the collection when the body has none."""
    place, row = _find(api, world.state, values), values.body
    held(row, _without_id(place.schema) if place.is_numbered else place.schema)

    def decide(state: State, now: Instant, ids: IdReservation) -> Decision:
        (account, collection, _), given = _find(api, state, values), row
        if "id" not in row:
            given = {"id": ids.number(f"{account.provider}.{collection.name}", collection.first_id), **row}
        entry = _read(given, collection)
        if state.entries.get(account.key, collection.name, entry.id) is not None:
            raise Conflict(f"{collection.name} has the entry {show_value(entry.id)} already")
        return Decision(now, describe_entry(entry), (EntryStored(account.key, collection.name, entry),))

    response: dict[str, Any] = world.execute(decide).value  # type: ignore[assignment]  # what decide() returned
    return response


def put(api: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Add or replace the entry with the path's id."""
    place = _find(api, world.state, values)
    entry_id = place.entry_id(values.path["entry"])
    held(values.body, _without_id(place.schema))
    if values.body.get("id", entry_id) != entry_id:
        raise BadRequest(f"id: {show_value(values.body['id'])} is not {show_value(entry_id)}, the id in the path")
    row = {"id": entry_id, **values.body}
    held(row, place.schema)
    entry = _read(row, place.collection)

    def decide(state: State, now: Instant, _: IdReservation) -> Decision:
        return Decision(now, None, (EntryStored(find_account(state, values).key, place.collection.name, entry),))

    world.execute(decide)
    return describe_entry(entry)


def replace(api: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Replace all entries of a collection."""
    place = _find(api, world.state, values)
    name = place.collection.name
    held(values.body, _all_schema(place.schema))
    entries = [_read(row, place.collection, ("entries", at)) for at, row in enumerate(values.body["entries"])]
    first: dict[EntryId, int] = {}
    for at, each in enumerate(entries):
        if first.setdefault(each.id, at) != at:
            raise BadRequest(f"{format_place(('entries', at, 'id'))}: {show_value(each.id)} is in the list twice")

    def decide(state: State, now: Instant, _: IdReservation) -> Decision:
        key = find_account(state, values).key
        events: list[Event] = [EntryDeleted(key, name, each.id) for each in state.entries.all(key, name)]
        events += (EntryStored(key, name, each) for each in entries)
        return Decision(now, None, tuple(events))

    world.execute(decide)
    return {"entries": list(map(describe_entry, entries))}


def delete(api: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Delete an entry, and return it."""

    def decide(state: State, now: Instant, _: IdReservation) -> Decision:
        place = _find(api, state, values)
        entry = place.entry(state, values.path["entry"])
        event = EntryDeleted(place.account.key, place.collection.name, entry.id)
        return Decision(now, describe_entry(entry), (event,))

    return {"deleted": world.execute(decide).value}


class _Place(NamedTuple):
    """The account and the collection of a path."""

    account: Account
    collection: Collection
    schema: Schema
    """The schema of an entry."""

    @property
    def is_numbered(self) -> bool:
        """Whether the ids are whole numbers."""
        return bool(self.schema["properties"]["id"]["type"] == "integer")

    def entry_id(self, text: str) -> EntryId:
        """Return the id that a path or query names; where ids are numbers, a text that is none is no entry's."""
        return int(text) if self.is_numbered and text.isascii() and text.isdigit() and len(text) < 20 else text

    def entry(self, state: State, text: str) -> Entry:
        """Return the entry of an id.

        Raises:
            ResourceNotFound: there is none.
        """
        found = state.entries.get(self.account.key, self.collection.name, self.entry_id(text))
        if found is None:
            raise ResourceNotFound(f"{self.account.key} has no entry {show_value(text)} in {self.collection.name}")
        return found


def _find(api: Api, state: State, values: RequestArgs) -> _Place:
    """Return the account and the collection of the path.

    Raises:
        ResourceNotFound: there is no such account or collection.
    """
    account, name = find_account(state, values), values.path["collection"]
    provider = api.provider_names[account.provider]
    if name not in provider.collections_by_name:
        raise ResourceNotFound(f"{account.key}: {unknown_name('collection', name, provider.collections_by_name)}")
    collection = provider.collections_by_name[name]
    return _Place(account, collection, entry_schema(provider, collection))


def _read(row: Mapping[str, Any], collection: Collection, place: tuple[str | int, ...] = ()) -> Entry:
    try:
        return read_entry(row, collection, place)
    except WorldFileError as error:
        raise BadRequest(str(error)) from error


def entry_schema(provider: Provider, collection: Collection) -> dict[str, Any]:
    """Return the schema of an entry of a collection."""
    found: dict[str, Any] = account_schema(provider)["properties"]["collections"]["properties"][collection.name][
        "items"
    ]
    return found


def _without_id(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of an entry whose id may be missing."""
    return {**schema, "required": [name for name in schema["required"] if name != "id"]}


def _all_schema(schema: Schema) -> dict[str, Any]:
    return object_schema("an object with 'entries'", ["entries"], entries=a_list(schema, "a list of entries"))


def endpoints(catalog: Catalog) -> tuple[Endpoint, ...]:
    """Return the endpoints for entries."""
    account = "/_mock/worlds/{world}/accounts/{provider}/{name}/collections"
    collection, entry = f"{account}/{{collection}}", f"{account}/{{collection}}/{{entry}}"
    schemas: Sequence[Schema] = [
        entry_schema(provider, each) for provider in catalog.providers for each in provider.collections
    ] or [OBJECT]
    one: Schema = {"anyOf": schemas}
    without_id: Schema = {"anyOf": [_without_id({"required": (), **each}) for each in schemas]}
    return (
        Endpoint(
            "GET",
            account,
            "The collections of an account, such as contacts, with the number of their entries.",
            collections,
            object_schema(
                "", ["collections"], collections=a_list(object_schema("", ["name", "count"], name=TEXT, count=WHOLE))
            ),
        ),
        Endpoint(
            "GET",
            collection,
            "The entries of a collection in the order of adding; use since=next for the following ones.",
            listed,
            object_schema(
                "",
                ["entries", "next", "count"],
                entries=a_list(one),
                next={"type": ["string", "null"]},
                count=WHOLE,
            ),
            query={"limit": WHOLE, "since": {**TEXT, "description": "the id of an entry"}},
        ),
        Endpoint("POST", collection, "Add an entry to a collection.", add, one, 201, without_id, checks_body=True),
        Endpoint(
            "PUT",
            collection,
            "Replace all entries of a collection.",
            replace,
            object_schema("", ["entries"], entries=a_list(one)),
            body=object_schema("", ["entries"], entries=a_list(one)),
            checks_body=True,
        ),
        Endpoint("GET", entry, "One entry of a collection.", show, one),
        Endpoint(
            "PUT", entry, "Add an entry, or replace the one with this id.", put, one, 200, without_id, checks_body=True
        ),
        Endpoint(
            "DELETE",
            entry,
            "Delete an entry of a collection.",
            delete,
            object_schema("", ["deleted"], deleted=one),
        ),
    )
