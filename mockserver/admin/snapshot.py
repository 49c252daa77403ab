"""The endpoints that save a world as a world file and load it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.engine.accounts import Account, Login
from mockserver.engine.clock import Clock
from mockserver.engine.journal import Exchange
from mockserver.engine.registry import CredentialsInUse
from mockserver.engine.state import IdReservation, InitialState
from mockserver.engine.world import World
from mockserver.http.fault_rules import SavedFaults
from mockserver.validation.messages import Place, format_place
from mockserver.worldfile import WorldFile, WorldFileError, dump, lines, read

from .endpoint import Api, Catalog, Endpoint, RequestArgs
from .errors import BadRequest, InUse
from .journal_file import describe_journal, read_journal
from .schemas import component
from .serializers import world_ as described

_Logins = Mapping[str, tuple[Login, ...]]


def save(api: Api, world: World, values: RequestArgs) -> Iterator[bytes]:
    """Yield the world file in chunks."""
    has_journal = values.query.get("journal", False)
    has_credentials = has_journal or values.query.get("credentials", False)
    describe_rule = SavedFaults(api.terms).describe_rule
    document = dump(world, api.registry.variants, describe_rule=describe_rule, has_credentials=has_credentials)
    if has_journal:
        exchanges = world.journal.since(0)
        for exchange in exchanges:
            api.masking.apply(exchange)
        document |= describe_journal(exchanges, api.providers)
    return lines(document)


def load(api: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Replace the content of a world by a world file."""
    file = parse_snapshot(api, values.body, keep_unknown=values.query.get("keep_unknown", False))
    given_logins = {} if values.query.get("own_credentials") else logins_of(file, values.body)
    logins = _logins(world, file, given_logins)
    exchanges = parse_journal(api, file)
    clock = Clock.system() if file.clock is None else file.clock.clock()
    initial_state = InitialState(
        file.fixture,
        file.seed or world.initial_state.seed,
        {**api.registry.variants, **file.fixture.variants},
        logins,
        clock.frozen_at,
    )
    try:
        api.registry.restart(world, initial_state, clock)
    except CredentialsInUse as reason:
        raise InUse(f"{reason}; {OWN_CREDENTIALS_ADVICE}") from reason
    if exchanges:
        world.clear_journal()
        world.add_exchanges(exchanges)
    return described(api, world, values.origin)


def parse_snapshot(api: Api, document: Any, *place: str | int, keep_unknown: bool = False) -> WorldFile:
    """Parse a decoded world file; the arguments are those of `worldfile.read`.

    Raises:
        BadRequest: it is not a valid world file.
    """
    try:
        return read(document, api.rules, keep_unknown=keep_unknown)
    except WorldFileError as reason:
        where: Place = (*place, *reason.place)
        raise BadRequest(": ".join(filter(None, (format_place(where), reason.difference)))) from reason


def parse_journal(api: Api, file: WorldFile, *place: str | int) -> list[Exchange]:
    """Return the exchanges of a world file's journal.

    Raises:
        BadRequest: one cannot be read.
    """
    try:
        return read_journal(file, api.providers, *place)
    except WorldFileError as reason:
        raise BadRequest(str(reason)) from reason


OWN_CREDENTIALS_ADVICE = "set own_credentials to ignore the credentials of the file"
"""The advice if another world has a file's credentials."""


def logins_of(file: WorldFile, document: Mapping[str, Any]) -> dict[str, tuple[Login, ...]]:
    """Return the credentials in a file, by account key; a file without them lists only their kinds."""
    given_logins = {
        f"{account['provider']}/{account['name']}"
        for account in document["accounts"]
        if all(isinstance(login, Mapping) for login in account.get("logins", ()))
    }
    return {account.key: account.logins for account in file.fixture.accounts if account.key in given_logins}


def _logins(world: World, file: WorldFile, given_logins: _Logins) -> dict[str, tuple[Login, ...]]:
    """Return the credentials for the file's accounts: the file's, else the world's own, else new ones."""
    with world.lock:
        own = {key: account.logins for key, account in world.state.accounts.items()}
    return {
        **{account.key: own.get(account.key) or _fresh(world, account) for account in file.fixture.accounts},
        **given_logins,
    }


def _fresh(world: World, account: Account) -> tuple[Login, ...]:
    token = IdReservation(f"{world.id} {account.key}").token
    return tuple(Login(token("user"), token("secret") if login.secret else None) for login in account.logins)


def endpoints(_: Catalog) -> tuple[Endpoint, ...]:
    """Return the endpoints for snapshots."""
    here, file = "/_mock/worlds/{world}/snapshot", component("WorldFile")
    flag = {"type": "boolean", "description": "true or false"}
    return (
        Endpoint(
            "GET",
            here,
            "Save the world as a world file, on request with its credentials, or with its journal and the credentials, which are in it.",
            save,
            file,
            query={"credentials": flag, "journal": flag},
            is_heavy=True,
        ),
        Endpoint(
            "PUT",
            here,
            "Load a world file in place of the world's content. The world keeps its credentials if the file has none, or with "
            "own_credentials, and its journal and fault rules if the file has none.",
            load,
            component("World"),
            body=file,
            world_file=(),
            query={"own_credentials": flag, "keep_unknown": flag},
            checks_body=True,
            is_heavy=True,
        ),
    )
