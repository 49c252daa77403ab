"""The numbers that nothing is sent to."""

from __future__ import annotations

from msgspec import Struct

from mockserver.providers.serwersms.entries import BLACKLIST, BlacklistEntry, next_id
from mockserver.providers.serwersms.errors import NotOnBlacklist, OnBlacklistAlready
from mockserver.providers.serwersms.listing import Selection, delete_entry, list_entries, store_entry
from mockserver.providers.serwersms.parameters import BLANK, CREDENTIALS, ONE_PHONE, PAGE, required, row
from mockserver.providers.serwersms.results import Listed, Shown
from mockserver.sdk import (
    Account,
    Call,
    Decision,
    IdReservation,
    Instant,
    Operation,
    State,
    assumed,
    datetime_of,
    parse_parameters,
)

PHONE = required("phone", ONE_PHONE, assumed("SW-79"))
INDEX = (row("phone", ONE_PHONE, assumed("SW-79")), *PAGE)


class Exists(Struct, frozen=True):
    """Whether a number is on the list."""

    exists: bool


def _find(phone: str, account: Account, state: State) -> BlacklistEntry | None:
    found = state.entries.find(account.key, BLACKLIST, "phone", phone, limit=1)
    return found[0] if found else None


def index(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """List the numbers, the oldest first."""
    values = parse_parameters(INDEX, call.values, blank=BLANK)
    where = ("phone", values["phone"]) if "phone" in values else None
    found, paging = list_entries(values, state, Selection(account.key, BLACKLIST, where, newest_first=False))
    items = tuple({"phone": entry.phone, "added": entry.added} for entry in found)
    return Decision(now, Listed(items, paging), account=account.key, size=len(items))


def add(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:
    """Add a number."""
    phone = parse_parameters((PHONE,), call.values, blank=BLANK)["phone"]
    if _find(phone, account, state) is not None:
        raise PHONE.error(OnBlacklistAlready, value=phone)
    entry = BlacklistEntry(next_id(BLACKLIST, ids), phone, datetime_of(now))
    return store_entry(entry, account, now, BLACKLIST)


def delete(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Delete a number."""
    phone = parse_parameters((PHONE,), call.values, blank=BLANK)["phone"]
    entry = _find(phone, account, state)
    if entry is None:
        raise PHONE.error(NotOnBlacklist, value=phone)
    return delete_entry(entry.id, account, now, BLACKLIST)


def check(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Say whether a number is on the list."""
    phone = parse_parameters((PHONE,), call.values, blank=BLANK)["phone"]
    return Decision(now, Shown(Exists(_find(phone, account, state) is not None)), account=account.key)


OPERATIONS = (
    Operation(name="blacklist.index", source=assumed("SW-79"), decide=index, parameters=INDEX, common=CREDENTIALS),
    Operation(
        name="blacklist.add",
        source=assumed("SW-79"),
        decide=add,
        parameters=(PHONE,),
        common=CREDENTIALS,
        errors=(OnBlacklistAlready,),
        is_repeatable=False,
    ),
    Operation(
        name="blacklist.delete",
        source=assumed("SW-79"),
        decide=delete,
        parameters=(PHONE,),
        common=CREDENTIALS,
        errors=(NotOnBlacklist,),
        is_repeatable=False,
    ),
    Operation(name="blacklist.check", source=assumed("SW-79"), decide=check, parameters=(PHONE,), common=CREDENTIALS),
)
