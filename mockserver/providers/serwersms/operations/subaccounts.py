"""The account's subaccounts (SW-93)."""

from __future__ import annotations

from msgspec import Struct, structs

from mockserver.providers.serwersms.accounts import is_demo
from mockserver.providers.serwersms.entries import SUBACCOUNTS, SubaccountEntry, next_id
from mockserver.providers.serwersms.errors import (
    BadSubaccountLogin,
    NoSubaccountRight,
    NotALimit,
    SubaccountLoginBusy,
    SubaccountOfSubaccount,
    UnknownLimitType,
    UnknownSubaccountTemplate,
)
from mockserver.providers.serwersms.listing import delete_entry, find_by_id, store_entry
from mockserver.providers.serwersms.parameters import BLANK, CREDENTIALS, ID, PHONE, TEXT, required, row
from mockserver.providers.serwersms.results import Listed, Shown, Written
from mockserver.sdk import (
    Account,
    Call,
    Decision,
    IdReservation,
    Instant,
    Operation,
    State,
    assumed,
    choice,
    integer,
    matching,
    parse_parameters,
)

_SOURCE = assumed("SW-93")
_ID = required("id", ID, _SOURCE)
_LOGIN = matching(r"[0-9A-Za-z._@-]{3,64}", BadSubaccountLogin)
_PASSWORD = matching(r".{4,64}", BadSubaccountLogin)
ADD = (
    required("subaccount_username", _LOGIN, _SOURCE, is_secret=True),
    required("subaccount_password", _PASSWORD, _SOURCE, is_secret=True),
    required("subaccount_id", ID, _SOURCE),
    row("name", TEXT, _SOURCE),
    row("phone", PHONE, _SOURCE),
    row("email", TEXT, _SOURCE),
)
LIMIT = (
    _ID,
    required("type", choice(("eco", "full", "voice", "mms", "hlr"), UnknownLimitType), _SOURCE),
    required("value", integer(NotALimit, 0, 999_999_999, "[0-9]{1,9}"), _SOURCE),
)


class SubaccountItem(Struct, frozen=True):
    """A subaccount as it is listed."""

    id: int
    username: str


class SubaccountDetails(Struct, frozen=True):
    """A subaccount as it is shown."""

    id: int
    username: str
    name: str
    phone: str
    email: str


def index(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """List the subaccounts, the oldest first."""
    found = state.entries.all(account.key, SUBACCOUNTS)
    items = tuple(SubaccountItem(each.id, each.username) for each in found)
    return Decision(now, Listed(items), account=account.key, size=len(items))


def view(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Show a subaccount."""
    found = find_by_id(_ID, call, account, state, SUBACCOUNTS)
    item = SubaccountDetails(found.id, found.username, found.name, found.phone, found.email)
    return Decision(now, Shown(item), account=account.key)


def add(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:
    """Add a subaccount with the rights of another one, or of a template of rights."""
    if is_demo(account, call) or "subaccounts" in account.fields.get("denied", ()):
        raise NoSubaccountRight
    if account.fields.get("subaccount"):
        raise SubaccountOfSubaccount
    values = parse_parameters(ADD, call.values, blank=BLANK)
    username, template = values["subaccount_username"], values["subaccount_id"]
    if _is_busy(username, state):
        raise SubaccountLoginBusy(value=username)
    is_known = template in account.fields.get("rights_templates", ())
    if not is_known and state.entries.get(account.key, SUBACCOUNTS, template) is None:
        raise UnknownSubaccountTemplate(value=template)
    details = {name: values.get(name, "") for name in ("name", "phone", "email")}
    subaccount = SubaccountEntry(next_id(SUBACCOUNTS, ids), username, template=template, **details)
    return store_entry(subaccount, account, now, SUBACCOUNTS)


def _is_busy(username: str, state: State) -> bool:
    """Return whether a login is taken at the vendor's: by an account, or by a subaccount of any."""
    if ("serwersms", username) in state.secrets():
        return True
    keys = (account.key for account in state.accounts.values() if account.provider == "serwersms")
    return any(state.entries.count_of(key, SUBACCOUNTS, "username", username) for key in keys)


def limit(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Set how many of a type a subaccount may send."""
    values = parse_parameters(LIMIT, call.values, blank=BLANK)
    found = state.entries.get(account.key, SUBACCOUNTS, values["id"])
    if found is None:
        return Decision(now, Written(success=False), account=account.key)
    changed = structs.replace(found, limits={**found.limits, values["type"]: values["value"]})
    return store_entry(changed, account, now, SUBACCOUNTS)


def delete(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Delete a subaccount."""
    number = parse_parameters((_ID,), call.values, blank=BLANK)["id"]
    if state.entries.get(account.key, SUBACCOUNTS, number) is None:
        return Decision(now, Written(success=False), account=account.key)
    return delete_entry(number, account, now, SUBACCOUNTS)


OPERATIONS = (
    Operation(name="subaccounts.index", source=_SOURCE, decide=index, common=CREDENTIALS),
    Operation(name="subaccounts.view", source=_SOURCE, decide=view, parameters=(_ID,), common=CREDENTIALS),
    Operation(
        name="subaccounts.add",
        source=_SOURCE,
        decide=add,
        parameters=ADD,
        common=CREDENTIALS,
        errors=(NoSubaccountRight, SubaccountOfSubaccount, SubaccountLoginBusy, UnknownSubaccountTemplate),
        is_repeatable=False,
    ),
    Operation(name="subaccounts.limit", source=_SOURCE, decide=limit, parameters=LIMIT, common=CREDENTIALS),
    Operation(
        name="subaccounts.delete",
        source=_SOURCE,
        decide=delete,
        parameters=(_ID,),
        common=CREDENTIALS,
        is_repeatable=False,
    ),
)
