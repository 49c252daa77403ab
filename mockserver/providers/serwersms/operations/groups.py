"""Groups of contacts."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from mockserver.providers.serwersms import quirks
from mockserver.providers.serwersms.entries import CONTACTS, GROUPS, ContactEntry, GroupEntry, next_id
from mockserver.providers.serwersms.errors import NameTooLong
from mockserver.providers.serwersms.listing import Selection, find_by_id, find_entry, list_entries, store_entry
from mockserver.providers.serwersms.parameters import (
    BLANK,
    BOOLEAN,
    CREDENTIALS,
    ID,
    ONE_PHONE,
    ORDER,
    PAGE,
    TEXT,
    required,
    row,
    sort_by,
)
from mockserver.providers.serwersms.results import Document, Listed, Shown, Written
from mockserver.sdk import (
    Account,
    Call,
    Decision,
    EntryDeleted,
    EntryStored,
    Event,
    IdReservation,
    Instant,
    Operation,
    State,
    assumed,
    parse_parameters,
    text,
)

_SOURCE = assumed("SW-80")
_ID = required("id", ID, _SOURCE)
_NAME = required("name", text(100, NameTooLong), _SOURCE)
INDEX = (row("search", TEXT, _SOURCE), *PAGE, sort_by(("name",), _SOURCE), ORDER)
EDIT = (_ID, _NAME)
DELETE = (_ID, row("delete_contacts", BOOLEAN, _SOURCE))
CHECK = (required("phone", ONE_PHONE, _SOURCE),)


class ShownGroup(Struct, frozen=True):
    """A group, and how many contacts are in it."""

    id: int
    name: str
    count: int


class Membership(Struct, frozen=True):
    """A contact in a group."""

    id: int
    group_id: int
    group_name: str


def _show(group: GroupEntry, account: Account, state: State) -> ShownGroup:
    count = state.entries.count_of(account.key, CONTACTS, "group_ids", group.id)
    return ShownGroup(group.id, group.name, count)


def new_group(name: str, ids: IdReservation) -> GroupEntry:
    """Return a group that has the next number as its id."""
    return GroupEntry(next_id(GROUPS, ids), name)


def index(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """List the groups, the newest first."""
    values = parse_parameters(INDEX, call.values, blank=BLANK)
    found, paging = list_entries(values, state, Selection(account.key, GROUPS, searched=("name",)))
    if state.variants[quirks.NO_GROUPS.name] == "null" and not state.entries.count(account.key, GROUPS):
        # SW-81
        nothing = Shown({}) if call.values["suffix"] == "xml" else Document(b"null", "application/json")
        return Decision(now, nothing, account=account.key)
    items = tuple(_show(group, account, state) for group in found)
    return Decision(now, Listed(items, paging), account=account.key, size=len(items))


def view(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Show a group."""
    group = find_by_id(_ID, call, account, state, GROUPS)
    return Decision(now, Shown(_show(group, account, state)), account=account.key)


def add(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Add a group; others may have the same name."""
    group = new_group(parse_parameters((_NAME,), call.values, blank=BLANK)["name"], ids)
    return store_entry(group, account, now, GROUPS)


def edit(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Give a group another name."""
    values = parse_parameters(EDIT, call.values, blank=BLANK)
    group = replace(find_entry(_ID, values["id"], account, state, GROUPS), name=values["name"])
    return store_entry(group, account, now, GROUPS)


def delete(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Delete a group; its contacts leave it, or are deleted too."""
    values = parse_parameters(DELETE, call.values, blank=BLANK)
    group = find_entry(_ID, values["id"], account, state, GROUPS)
    members: list[ContactEntry] = state.entries.find(account.key, CONTACTS, "group_ids", group.id)
    events: list[Event] = [EntryDeleted(account.key, GROUPS, group.id)]
    for contact in members:
        others = tuple(each for each in contact.group_ids if each != group.id)
        events.append(
            EntryDeleted(account.key, CONTACTS, contact.id)
            if values.get("delete_contacts")
            else EntryStored(account.key, CONTACTS, replace(contact, group_ids=others))
        )
    return Decision(now, Written(), tuple(events), account=account.key)


def check(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """List the groups that contacts with a number are in."""
    phone = parse_parameters(CHECK, call.values, blank=BLANK)["phone"]
    contacts: list[ContactEntry] = state.entries.find(account.key, CONTACTS, "phone", phone)
    groups = (
        (contact, state.entries.get(account.key, GROUPS, group_id))
        for contact in contacts
        for group_id in contact.group_ids
    )
    items = tuple(Membership(contact.id, group.id, group.name) for contact, group in groups if group is not None)
    return Decision(now, Listed(items), account=account.key, size=len(items))


OPERATIONS = (
    Operation(
        name="groups.index", source=_SOURCE, decide=index, parameters=INDEX, common=CREDENTIALS, looks_through=True
    ),
    Operation(
        name="groups.view",
        source=_SOURCE,
        decide=view,
        parameters=(_ID,),
        common=CREDENTIALS,
    ),
    Operation(
        name="groups.add",
        source=_SOURCE,
        decide=add,
        parameters=(_NAME,),
        common=CREDENTIALS,
        is_repeatable=False,
    ),
    Operation(name="groups.edit", source=_SOURCE, decide=edit, parameters=EDIT, common=CREDENTIALS),
    Operation(
        name="groups.delete",
        source=_SOURCE,
        decide=delete,
        parameters=DELETE,
        common=CREDENTIALS,
        is_repeatable=False,
    ),
    Operation(name="groups.check", source=_SOURCE, decide=check, parameters=CHECK, common=CREDENTIALS),
)
