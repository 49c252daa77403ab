"""The endpoints that show and change the accounts of a world."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from mockserver.engine.accounts import Account, ForwardingRule, Number, Program
from mockserver.engine.decisions import Decision
from mockserver.engine.events import AccountChanged
from mockserver.engine.frozen import freeze
from mockserver.engine.instants import Instant
from mockserver.engine.state import IdReservation, State
from mockserver.engine.world import World
from mockserver.sdk.provider import Provider
from mockserver.validation.json_schema import TEXT, object_schema
from mockserver.validation.messages import format_place, show_value, unknown_name
from mockserver.validation.suggestions import nearest

from .endpoint import Api, Catalog, Endpoint, RequestArgs
from .errors import BadRequest, Conflict, ResourceNotFound
from .paging import page_after
from .schemas import WHOLE, a_list, changes_schema, component, held
from .serializers import account as described


def listed(_: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Return accounts in the order of the world file."""
    since = values.query.get("since")
    with world.lock:
        accounts = dict(world.state.accounts)
    found, following = page_after(accounts, since, values.query.get("limit"), "account")
    return {"accounts": list(map(described, found)), "next": following}


def show(_api: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Return one account."""
    with world.lock:
        return described(find_account(world.state, values))


def change(api: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Replace whole lists and provider-specific fields of an account."""
    show(api, world, values)  # raises if there is no such account
    provider = api.provider_names[values.path["provider"]]
    held(values.body, changes_schema(provider))
    _check_urls(values.body, provider)
    parts = {name: _READ[name](rows) for name, rows in values.body.items() if name != "fields"}
    fields = values.body.get("fields", {})

    def decide(state: State, now: Instant, _ids: IdReservation) -> Decision:
        found = find_account(state, values)
        account = replace(found, **parts, fields=freeze({**found.fields, **fields}))
        _reject_duplicates(state, account)
        return Decision(now, described(account), (AccountChanged(account),))

    response: dict[str, Any] = world.execute(decide).value  # type: ignore[assignment]  # what decide() returned
    return response


def find_account(state: State, values: RequestArgs) -> Account:
    """Return the account that the path names.

    Raises:
        ResourceNotFound: there is none.
    """
    provider, name = values.path["provider"], values.path["name"]
    account = state.accounts.get(f"{provider}/{name}")
    if account is None:
        raise ResourceNotFound(f"{provider}/{name}: {unknown_name('account', f'{provider}/{name}', state.accounts)}")
    return account


def _keyed(part: str, key: str, rows: list[Mapping[str, Any]], make: Callable[..., Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for index, row in enumerate(rows):
        if row[key] in found:
            raise BadRequest(f"{format_place((part, index, key))}: {show_value(row[key])} is in the list twice")
        found[row[key]] = make(**row)
    return found


def _check_urls(body: Mapping[str, list[Any]], provider: Provider) -> None:
    """Reject a URL that is invalid or has a misspelled placeholder."""
    for part, rows in body.items():
        for index, row in enumerate(rows if part in _READ else ()):
            for key in _URLS.intersection(row if isinstance(row, Mapping) else ()):
                place = format_place((part, index, key))
                _check_port(row[key] or "", place)
                if part == "forwarding":
                    _check_placeholders(row[key], provider.placeholders, place)


_URLS = frozenset(("url", "dlr_url"))


def _check_port(url: str, place: str) -> None:
    try:
        is_right = urlsplit(url).port != 0
    except ValueError:
        is_right = False
    if not is_right:
        raise BadRequest(f"{place}: {show_value(url)} does not name a host and a port from 1 to 65535")


def _check_placeholders(url: str, known: Sequence[str], place: str) -> None:
    """Reject a misspelled placeholder; other text between two ``#`` is allowed."""
    rest = re.sub(f"#(?:{'|'.join(known)})#", " ", url) if known else ""
    for name in re.findall(r"#(\w+)(?=#)", rest):
        near = nearest(name, known)
        if near is not None:
            raise BadRequest(f"{place}: #{name[:40]}# is no placeholder; did you mean '#{near}#'?")


_READ: Mapping[str, Callable[[Any], Any]] = {
    "numbers": lambda rows: _keyed("numbers", "number", rows, Number),
    "programs": lambda rows: _keyed("programs", "id", rows, Program),
    "forwarding": lambda rows: tuple(ForwardingRule(**row) for row in rows),
}


def _reject_duplicates(state: State, account: Account) -> None:
    """Reject a number or program that another account of the provider has."""
    for other in state.accounts.values():
        if other.provider == account.provider and other.key != account.key:
            both = [
                *(account.numbers.keys() & other.numbers.keys()),
                *(account.programs.keys() & other.programs.keys()),
            ]
            if both:
                raise Conflict(f"{show_value(min(both))} belongs to the account {other.name!r}")


def endpoints(catalog: Catalog) -> tuple[Endpoint, ...]:
    """Return the endpoints for accounts."""
    account, one = component("Account"), "/_mock/worlds/{world}/accounts/{provider}/{name}"
    return (
        Endpoint(
            "GET",
            "/_mock/worlds/{world}/accounts",
            "Every account in the form of a world file, without its messages, or at most limit of them; use since=next for the"
            " following ones.",
            listed,
            object_schema("", ["accounts", "next"], accounts=a_list(account), next={"type": ["string", "null"]}),
            query={"limit": WHOLE, "since": {**TEXT, "description": "PROVIDER/ACCOUNT, the name of an account"}},
        ),
        Endpoint("GET", one, "One account in the form of a world file, without its messages.", show, account),
        Endpoint(
            "PATCH",
            one,
            "Replace the lists of an account that are given (numbers, programs, forwarding rules), "
            "or change its provider's own fields.",
            change,
            account,
            body={"anyOf": [changes_schema(provider) for provider in catalog.providers]},
            checks_body=True,
        ),
    )
