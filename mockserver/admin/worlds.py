"""The endpoints that create, list, show, reset, copy and delete worlds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mockserver.engine.accounts import Login
from mockserver.engine.clock import Clock, frozen_time
from mockserver.engine.registry import AlreadyInUse, CredentialsInUse
from mockserver.engine.state import Fixture
from mockserver.engine.world import World
from mockserver.validation.json_schema import Schema, object_schema
from mockserver.validation.messages import Place, format_place, unknown_name
from mockserver.worldfile import FORMAT, WorldFile, WorldFileError
from mockserver.worldfile.rules import check

from .endpoint import FIXTURES, Api, Catalog, Endpoint, RequestArgs
from .errors import BadRequest, Conflict, InUse
from .schemas import INSTANT, NAME, OBJECT, WHOLE, a_list, component, instant, login_schema, one_of, variants_schema
from .serializers import world_ as described
from .snapshot import OWN_CREDENTIALS_ADVICE, logins_of, parse_journal, parse_snapshot

FOLLOW = "follow"
"""In place of an instant: the clock follows the time at which a test has frozen the server's process."""


def listed(api: Api, _: None, values: RequestArgs) -> dict[str, Any]:
    """Return worlds in the order of creation."""
    since = values.query.get("since")
    found = api.registry.page(since or 0, values.query.get("limit"))
    return {
        "worlds": [described(api, world, values.origin) for world in found],
        "next": found[-1].number if found else since,
    }


def create(api: Api, _: None, values: RequestArgs) -> dict[str, Any]:
    """Create a world."""
    body = values.body
    file = _file(api, body)
    exchanges = parse_journal(api, file, "snapshot")
    saved = logins_of(file, body["snapshot"]) if "snapshot" in body and not body.get("own_credentials") else {}
    given = _logins(file.fixture, body.get("credentials", {}))
    variants = body.get("variants", {})
    check_variants(api, variants, ("variants",))
    at = body.get("freeze")
    is_following = at == FOLLOW
    clock = file.clock.clock() if file.clock is not None else None
    if is_following:
        clock = Clock.frozen(frozen_time() or Clock.system().now())
    elif at is not None:
        clock = Clock.frozen(instant(at, "freeze"))
    try:
        world = api.registry.create(
            file.fixture,
            world_id=body.get("id"),
            logins={**saved, **given},
            variants=variants,
            clock=clock,
            seed=body.get("seed", file.seed),
        )
    except CredentialsInUse as reason:
        raise InUse(f"{reason}; {OWN_CREDENTIALS_ADVICE}" if saved else str(reason)) from reason
    except AlreadyInUse as reason:
        raise InUse(str(reason)) from reason
    if exchanges:
        world.add_exchanges(exchanges)
    if is_following:
        world.time_source = frozen_time
    return described(api, world, values.origin)


def show(api: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Return one world."""
    return described(api, world, values.origin)


def drop(api: Api, world: World, _: RequestArgs) -> None:
    """Delete a world."""
    try:
        api.registry.drop(world)
    except ValueError as reason:
        raise Conflict(str(reason)) from reason


def reset(api: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Reset a world to its initial content."""
    at = values.body.get("freeze")
    world.reset(None if at is None else instant(at, "freeze"))
    return described(api, world, values.origin)


def fork(api: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Create a copy of a world as it is now."""
    try:
        copy = api.registry.fork(world, values.body.get("id"))
    except AlreadyInUse as reason:
        raise InUse(str(reason)) from reason
    return described(api, copy, values.origin)


def check_variants(api: Api, variants: Mapping[str, Any], place: Place) -> None:
    """Check variants against the existing switches.

    Raises:
        BadRequest: there is no such switch, or it has no such variant.
    """
    try:
        check({"format": FORMAT, "accounts": [], "variants": variants}, api.rules)
    except WorldFileError as reason:
        raise BadRequest(f"{format_place((*place, *reason.place[1:]))}: {reason.difference}") from reason


def _file(api: Api, body: Mapping[str, Any]) -> WorldFile:
    """Return the initial content of a new world."""
    if "snapshot" not in body:
        return WorldFile(api.fixture(body.get("fixture", FIXTURES[0])))
    if "fixture" in body:
        raise BadRequest("fixture: cannot be combined with a snapshot")
    return parse_snapshot(api, body["snapshot"], "snapshot", keep_unknown=body.get("keep_unknown", False))


_Credentials = Mapping[str, Mapping[str, list[Mapping[str, Any]]]]


def _logins(fixture: Fixture, credentials: _Credentials) -> dict[str, tuple[Login, ...]]:
    """Return the given credentials, by account key."""
    known = {account.key: account for account in fixture.accounts}
    seen: set[tuple[str, str]] = set()
    given = {}
    for provider, name, logins in _each(credentials):
        key = f"{provider}/{name}"
        place: Place = ("credentials", provider, name)
        if key not in known:
            names = [account.name for account in known.values() if account.provider == provider]
            raise BadRequest(f"{format_place(place)}: {unknown_name('account', name, names)}")
        for index, login in enumerate(logins):
            if (provider, login["user"]) in seen:
                raise BadRequest(f"{format_place((*place, index, 'user'))}: {login['user']!r} is given twice")
            seen.add((provider, login["user"]))
        given[key] = tuple(Login(login["user"], login.get("secret")) for login in logins)
    return given


def _each(credentials: _Credentials) -> Iterable[tuple[str, str, list[Mapping[str, Any]]]]:
    for provider, accounts in credentials.items():
        for name, logins in accounts.items():
            yield provider, name, logins


def _credentials_schema(catalog: Catalog) -> Schema:
    return object_schema(
        "an object of credentials by provider and account",
        **{
            provider.name: {
                "type": "object",
                "description": "an object of credentials by account",
                "additionalProperties": a_list(login_schema(provider), "a list of at least one credential", minItems=1),
            }
            for provider in catalog.providers
        },
    )


def _creation(catalog: Catalog) -> Schema:
    return object_schema(
        "an object that describes a world",
        id=NAME,
        fixture=one_of(FIXTURES),
        snapshot={**OBJECT, "description": "a world file's object"},
        seed={"type": "string", "minLength": 1, "maxLength": 200, "description": "a text of 1 to 200 characters"},
        variants=variants_schema(catalog.switches),
        freeze={
            "anyOf": [INSTANT, {"const": FOLLOW}],
            "description": f"{INSTANT['description']}, or 'follow': the time at which a test freezes the server's process",
        },
        credentials=_credentials_schema(catalog),
        keep_unknown={
            "type": "boolean",
            "description": "true or false: whether the snapshot's data of providers that are not installed is kept",
        },
        own_credentials={
            "type": "boolean",
            "description": "true or false: whether the credentials in the snapshot are ignored",
        },
    )


def endpoints(catalog: Catalog) -> tuple[Endpoint, ...]:
    """Return the endpoints for worlds."""
    world, one = component("World"), "/_mock/worlds/{world}"
    return (
        Endpoint(
            "GET",
            "/_mock/worlds",
            "Every world in the order of creation, or at most limit of them; use since=next for the following ones.",
            listed,
            object_schema("", ["worlds", "next"], worlds=a_list(world), next={"type": ["integer", "null"]}),
            query={"limit": WHOLE, "since": WHOLE},
        ),
        Endpoint(
            "POST",
            "/_mock/worlds",
            "Create a world from a shipped fixture or a snapshot. Its credentials are unique: the given ones, "
            "or those in the snapshot, or new ones.",
            create,
            world,
            201,
            body=_creation(catalog),
            world_file=("snapshot",),
            needs_body=False,
        ),
        Endpoint("GET", one, "One world: its base URL, credentials, clock and counts.", show, world),
        Endpoint("DELETE", one, "Delete a world; its credentials become unknown.", drop, status=204),
        Endpoint(
            "POST",
            f"{one}/reset",
            "Reset a world to its initial content, optionally at another instant; cursors continue.",
            reset,
            world,
            body=object_schema("an object", freeze=INSTANT),
            needs_body=False,
        ),
        Endpoint(
            "POST",
            f"{one}/fork",
            "Create a copy of a world as it is now, with new credentials.",
            fork,
            world,
            201,
            body=object_schema("an object", id=NAME),
            needs_body=False,
        ),
    )
