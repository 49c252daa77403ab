"""The actions by which clients check a key or ask for one (DT-52, DT-53)."""

from __future__ import annotations

from msgspec import Struct

from mockserver.providers.dialogtech.errors import InvalidAccount
from mockserver.providers.dialogtech.parameters import ACTION, TEXT, common, required
from mockserver.sdk import Account, Call, Decision, IdReservation, Instant, Operation, State, assumed


class LoggedIn(Struct, frozen=True):
    """The API key of the account that logged in."""

    api_key: str


class BuildingBlocks(Struct, frozen=True):
    """The building blocks of an account: none."""


def login(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Return the API key of an account for a user name and a password (DT-52)."""
    key = next((each.user for each in account.logins if each.secret is None), None)
    if key is None:
        raise InvalidAccount
    return Decision(now, LoggedIn(key), account=account.key)


def list_building_blocks(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """List the building blocks of an account, by which clients check a key (DT-53)."""
    return Decision(now, BuildingBlocks(), account=account.key)


OPERATIONS = (
    Operation(
        name="general.login",
        source=assumed("DT-52"),
        decide=login,
        common=(
            ACTION,
            required("username", TEXT, assumed("DT-52"), is_secret=True),
            required("password", TEXT, assumed("DT-52"), is_secret=True),
        ),
        errors=(InvalidAccount,),
    ),
    Operation(
        name="general.buildingblockids",
        source=assumed("DT-53"),
        decide=list_building_blocks,
        common=common("001", " Yes String n/a "),
    ),
)
