"""The address book."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from mockserver.providers.serwersms.entries import BLACKLIST, CONTACTS, GROUPS, ContactEntry, next_id
from mockserver.providers.serwersms.listing import (
    Selection,
    delete_entry,
    find_by_id,
    find_entry,
    list_entries,
    store_entry,
)
from mockserver.providers.serwersms.parameters import (
    BLANK,
    CREDENTIALS,
    GROUP_IDS,
    ID,
    ONE_PHONE,
    ORDER,
    PAGE,
    PHONE,
    RECORDS,
    TEXT,
    required,
    row,
    sort_by,
)
from mockserver.providers.serwersms.results import Listed, Shown, Written
from mockserver.sdk import (
    Account,
    Call,
    Decision,
    EntryStored,
    IdReservation,
    Instant,
    Operation,
    Parameter,
    ProviderError,
    State,
    assumed,
    parse_parameters,
)

from .groups import new_group

_SOURCE = assumed("SW-82")
_TEXTS = ("email", "first_name", "last_name", "company", "tax_id", "address", "city", "description")
_ID = required("id", ID, _SOURCE)
_PHONE = required("phone", ONE_PHONE, _SOURCE)
_GROUP = row("group_id", GROUP_IDS, _SOURCE)
_FIELDS = tuple(row(name, TEXT, _SOURCE) for name in _TEXTS)
INDEX = (
    row("search", TEXT, _SOURCE),
    _GROUP,
    *PAGE,
    sort_by(
        ("first_name", "last_name", "phone", "company", "tax_id", "email", "address", "city", "description"), _SOURCE
    ),
    ORDER,
)
ADD = (_PHONE, _GROUP, *_FIELDS)
EDIT = (_ID, row("phone", ONE_PHONE, _SOURCE), _GROUP)
EDITED = (*EDIT, *_FIELDS)
IMPORT = (required("group_name", TEXT, _SOURCE), required("contact", RECORDS, _SOURCE))


class ShownContact(Struct, frozen=True):
    """A contact, and the first of its groups where it is listed."""

    id: int
    phone: str
    email: str
    company: str
    first_name: str
    last_name: str
    tax_id: str
    address: str
    city: str
    description: str
    blacklist: bool
    group_id: int | UnsetType | None = UNSET
    group_name: str | UnsetType | None = UNSET


_COPIED = tuple(name for name in ContactEntry.__struct_fields__ if name != "group_ids")


def _show(contact: ContactEntry, blacklist: frozenset[str]) -> ShownContact:
    copied: dict[str, Any] = {name: getattr(contact, name) for name in _COPIED}
    return ShownContact(**copied, blacklist=contact.phone in blacklist)


def _blacklist(account: Account, state: State) -> frozenset[str]:
    return state.entries.values_of(account.key, BLACKLIST, "phone")


def _known(group_ids: tuple[int, ...], account: Account, state: State) -> tuple[int, ...]:
    """Return those of the groups that there are, each once (SW-82)."""
    return tuple(each for each in dict.fromkeys(group_ids) if state.entries.get(account.key, GROUPS, each) is not None)


def _select(values: Mapping[str, Any], account: Account) -> Selection:
    """Return the selection of the contacts in the groups that a call names, or in none."""
    groups: tuple[int, ...] | None = values.get("group_id")
    where, keep = None, None
    if groups is not None and len(groups) == 1:
        where = ("group_ids", groups[0])
    elif groups is not None:
        keep = _keep(frozenset(groups))
    return Selection(account.key, CONTACTS, where, keep, ("phone", *_TEXTS))


def _keep(groups: frozenset[int]) -> Callable[[ContactEntry], bool]:
    if not groups:
        return lambda contact: not contact.group_ids
    return lambda contact: not groups.isdisjoint(contact.group_ids)


def index(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """List the contacts, the newest first, each with the first of its groups or the first that was asked for."""
    values = parse_parameters(INDEX, call.values, blank=BLANK)
    found, paging = list_entries(values, state, _select(values, account))
    blacklist, asked = _blacklist(account, state), values.get("group_id") or ()
    items = []
    for contact in found:
        group_ids = [each for each in contact.group_ids if not asked or each in asked]
        group = state.entries.get(account.key, GROUPS, group_ids[0]) if group_ids else None
        named = (
            {"group_id": None, "group_name": None}
            if group is None
            else {"group_id": group.id, "group_name": group.name}
        )
        items.append(replace(_show(contact, blacklist), **named))
    return Decision(now, Listed(tuple(items), paging), account=account.key, size=len(items))


def view(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Show a contact."""
    contact = find_by_id(_ID, call, account, state, CONTACTS)
    return Decision(now, Shown(_show(contact, _blacklist(account, state))), account=account.key)


def add(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:
    """Add a contact; others may have the same number."""
    values = parse_parameters(ADD, call.values, blank=BLANK)
    groups = _known(values.pop("group_id", None) or (), account, state)
    return store_entry(_new(values, groups, ids), account, now, CONTACTS)


def _new(values: Mapping[str, str], group_ids: tuple[int, ...], ids: IdReservation) -> ContactEntry:
    return ContactEntry(next_id(CONTACTS, ids), **values, group_ids=group_ids)


def edit(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Change what is sent of a contact; a text that is sent empty becomes empty (SW-82)."""
    values = parse_parameters(EDIT, call.values, blank=BLANK) | parse_parameters(_FIELDS, call.values, blank=(None, []))
    contact = find_entry(_ID, values.pop("id"), account, state, CONTACTS)
    groups = values.pop("group_id", None)
    if groups is not None:
        values["group_ids"] = _known(groups, account, state)
    return store_entry(replace(contact, **values), account, now, CONTACTS)


def delete(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Delete a contact."""
    contact = find_by_id(_ID, call, account, state, CONTACTS)
    return delete_entry(contact.id, account, now, CONTACTS)


def import_contacts(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Add a group with several contacts; those without a telephone number are counted and left out."""
    values = parse_parameters(IMPORT, call.values, blank=BLANK)
    group = new_group(values["group_name"], ids)
    read = [found for found in map(_read, values["contact"]) if found is not None]
    contacts = [_new(each, (group.id,), ids) for each in read]
    result = Written(id=group.id, correct=len(contacts), failed=len(values["contact"]) - len(contacts))
    events = (
        EntryStored(account.key, GROUPS, group),
        *(EntryStored(account.key, CONTACTS, contact) for contact in contacts),
    )
    return Decision(now, result, events, account=account.key)


_IMPORTED_ROWS: tuple[Parameter, ...] = (
    required("phone", PHONE, _SOURCE),
    *(row(name, TEXT, _SOURCE) for name in _TEXTS),
)


def _read(record: Any) -> dict[str, Any] | None:
    """Return the fields of an imported contact; ``None`` where one cannot be read."""
    try:
        return parse_parameters(_IMPORTED_ROWS, record, blank=BLANK) if isinstance(record, Mapping) else None
    except ProviderError:
        return None


OPERATIONS = (
    Operation(
        name="contacts.index", source=_SOURCE, decide=index, parameters=INDEX, common=CREDENTIALS, looks_through=True
    ),
    Operation(name="contacts.view", source=_SOURCE, decide=view, parameters=(_ID,), common=CREDENTIALS),
    Operation(name="contacts.add", source=_SOURCE, decide=add, parameters=ADD, common=CREDENTIALS, is_repeatable=False),
    Operation(name="contacts.edit", source=_SOURCE, decide=edit, parameters=EDITED, common=CREDENTIALS),
    Operation(
        name="contacts.delete",
        source=_SOURCE,
        decide=delete,
        parameters=(_ID,),
        common=CREDENTIALS,
        is_repeatable=False,
    ),
    Operation(
        name="contacts.import",
        source=_SOURCE,
        decide=import_contacts,
        parameters=IMPORT,
        common=CREDENTIALS,
        is_repeatable=False,
    ),
)
