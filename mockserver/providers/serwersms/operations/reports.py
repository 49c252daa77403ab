"""What became of outbound messages: their reports, one of them, and the deletion of those that are not sent yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

from msgspec import UNSET, Struct, UnsetType

from mockserver.providers.serwersms import quirks
from mockserver.providers.serwersms.accounts import cost
from mockserver.providers.serwersms.delivery import ENDED_AFTER, IN_PROGRESS, SAVED, SENT, SENT_AFTER, STATES
from mockserver.providers.serwersms.entries import CONTACTS, USED_UNIQUE_IDS, UsedUniqueIdEntry
from mockserver.providers.serwersms.errors import (
    MissingParameter,
    NotAStatId,
    TooManyIds,
    TooManyRecords,
    UnknownMessage,
    UnknownOutboundType,
    UnknownStatus,
)
from mockserver.providers.serwersms.listing import SIZE, find_page
from mockserver.providers.serwersms.networks import network_of
from mockserver.providers.serwersms.paging import Search, Test, begins, ends
from mockserver.providers.serwersms.parameters import (
    BLANK,
    BOOLEAN,
    CREDENTIALS,
    MOMENT,
    ORDER,
    PAGE,
    PHONES,
    TEXT,
    row,
)
from mockserver.providers.serwersms.results import Listed, Paging, Shown, Written
from mockserver.sdk import (
    EARLIEST,
    LATEST,
    Account,
    Call,
    Decision,
    EntryStored,
    Event,
    IdReservation,
    IndexKey,
    Instant,
    Message,
    MessageDeleted,
    Operation,
    State,
    account_key,
    assumed,
    attribute_key,
    choice,
    datetime_of,
    field_key,
    integer,
    kind_key,
    list_of,
    parse_instant,
    parse_parameters,
    zone_of,
)

TYPES = ("eco", "full", "mms", "voice", "rcs")
MOST_IDS = 500
"""The most identifiers of a request: the vendor's page (SW-73)."""

_IDS = list_of(TEXT)
# SW-73: none of these is in 004, but on the vendor's page on reports, or in his clients
_ID = row("id", _IDS, assumed("SW-73"))
_UNIQUE_ID = row("unique_id", _IDS, assumed("SW-73"))
_SHOW_CONTACT = row("show_contact", BOOLEAN, assumed("SW-73"))
REPORTS = (
    row("phone", PHONES, assumed("SW-73")),
    row("date_from", MOMENT, assumed("SW-73")),
    row("date_to", MOMENT, assumed("SW-73")),
    _ID,
    _UNIQUE_ID,
    row("status", choice((*STATES, "pending"), UnknownStatus), assumed("SW-73")),
    row("type", choice(TYPES, UnknownOutboundType), assumed("SW-73")),
    row("stat_id", integer(NotAStatId, 1, 999_999_999, "[0-9]{1,9}"), assumed("SW-73")),
    _SHOW_CONTACT,
    *PAGE,
    ORDER,
)
VIEW = (
    row("id", TEXT, assumed("SW-75")),
    row("unique_id", TEXT, assumed("SW-75")),
    _SHOW_CONTACT,
)
DELETE = (row("id", _IDS, assumed("SW-76")), row("unique_id", _IDS, assumed("SW-76")))


# -- one message as it is shown ------------------------------------------------------------------------------------


class AttachmentItem(Struct, frozen=True):
    """A file that was sent with a message."""

    id: str | int


class ContactItem(Struct, frozen=True):
    """The contact whose telephone number a message was sent to."""

    id: int
    first_name: str
    last_name: str
    company: str
    phone: str
    email: str
    tax_id: str
    city: str
    address: str
    description: str


class ReportItem(Struct, frozen=True):
    """What became of a message (SW-74)."""

    id: str
    phone: str
    status: str
    queued: datetime
    sent: datetime | None
    delivered: datetime | None
    sender: str
    type: str
    text: str
    flash: bool
    utf: bool
    parts: int
    cost: float
    method: str
    mnc: int | None
    country: str | None
    network: str | None
    attachments: tuple[AttachmentItem, ...]
    reason: str | None
    contact: ContactItem | UnsetType | None = UNSET


METHOD = "HTTPS API"


def _item(message: Message, account: Account, state: State, shows_contact: bool) -> ReportItem:
    """Return a message as a report shows it."""
    fields, network = message.fields, network_of(message.recipient)
    parts = fields.get("parts", 1)
    return ReportItem(
        id=message.id,
        phone=message.recipient,
        status=message.status,
        queued=datetime_of(message.at),
        sent=_instant(message, "sent", SENT_AFTER, ("sent", "delivered", "undelivered")),
        delivered=_instant(message, "delivered", ENDED_AFTER, ("delivered",)),
        sender=message.sender,
        type=message.kind,
        text=message.text,
        flash=fields.get("flash", False),
        utf=fields.get("utf", False),
        parts=parts,
        cost=0.0 if message.status == "unsent" else cost(account, message.kind, parts),
        method=METHOD,
        mnc=None if network is None else network.mnc,
        country=None if network is None else network.country,
        network=None if network is None else network.name,
        attachments=tuple(map(AttachmentItem, fields.get("file_ids", ()))),
        reason=fields.get("reason") or None,
        contact=_contact(message.recipient, account, state) if shows_contact else UNSET,
    )


def _instant(message: Message, name: str, after: int, states: tuple[str, ...]) -> datetime | None:
    """Return when a message came into a state; a message of a world file need not say it (SW-74)."""
    if name in message.fields:
        return datetime_of(parse_instant(message.fields[name]))
    return datetime_of(message.at + after) if message.status in states else None


def _contact(phone: str, account: Account, state: State) -> ContactItem | None:
    found = state.entries.find(account.key, CONTACTS, "phone", phone, limit=1)
    return ContactItem(**{name: getattr(found[0], name) for name in ContactItem.__struct_fields__}) if found else None


# -- which messages ------------------------------------------------------------------------------------------------


def _id_key(account: str, value: str) -> IndexKey:
    return attribute_key(account, "id", value, "outbound")


def _unique_id_key(account: str, value: str) -> IndexKey:
    return field_key(account, "unique_id", value)


_KEYS = {"id": _id_key, "unique_id": _unique_id_key}
"""The key of messages with an identifier, by its parameter."""


class _Filter(NamedTuple):
    """A condition on messages: their keys in the index, and the test of a message that another filter's keys have found."""

    keys: Sequence[IndexKey]
    test: Test


def _filters(values: Mapping[str, Any], account: str, state: State) -> Iterator[_Filter]:
    """Yield the filters of a call, that with the fewest messages first, as far as its kind tells."""
    for name, find_key in _KEYS.items():
        if values.get(name):
            wanted = frozenset(values[name])
            keys = [find_key(account, each) for each in dict.fromkeys(values[name])]
            yield _Filter(keys, ("id", wanted.__contains__) if name == "id" else _field(name, wanted))
    if "stat_id" in values:
        number = values["stat_id"]
        yield _Filter([field_key(account, "stat_id", number)], _field("stat_id", frozenset((number,))))
    if values.get("phone"):
        phones = frozenset(values["phone"])
        keys = [attribute_key(account, "recipient", each, "outbound") for each in dict.fromkeys(values["phone"])]
        yield _Filter(keys, ("recipient", phones.__contains__))
    if "status" in values:
        statuses = _statuses(values["status"], state)
        keys = [attribute_key(account, "status", each) for each in statuses]
        yield _Filter(keys, ("status", frozenset(statuses).__contains__))
    if "type" in values:
        kind = values["type"]
        yield _Filter([kind_key(account, kind, "outbound")], ("kind", kind.__eq__))


def _field(name: str, wanted: frozenset[Any]) -> Test:
    return "fields", lambda fields: fields.get(name) in wanted


def _statuses(status: str, state: State) -> Sequence[str]:
    if status != "pending":
        return (status,)
    return (SENT,) if state.variants[quirks.PENDING.name] == "sent" else (SENT, IN_PROGRESS, SAVED)  # SW-73


def _search(values: Mapping[str, Any], account: str, state: State) -> Search:
    """Return the search of a call: the keys of one filter, and the tests of the others."""
    zone = zone_of(state.variants[quirks.ZONE.name])
    since, until = values.get("date_from"), values.get("date_to")
    filters = list(_filters(values, account, state))
    keys = filters[0].keys if filters else (account_key(account, "outbound"),)
    return Search(
        tuple(keys),
        EARLIEST if since is None else begins(since, zone),
        LATEST if until is None else ends(until, zone),
        tuple(each.test for each in filters[1:]),
    )


def _check_count(values: Mapping[str, Any]) -> None:
    """Raise TooManyIds for more identifiers than a request may have (SW-73)."""
    for each in (_ID, _UNIQUE_ID):
        if len(values.get(each.name, ())) > MOST_IDS:
            raise TooManyIds(most=MOST_IDS, count=len(values[each.name]))


def _find(search: Search, values: Mapping[str, Any], state: State) -> tuple[Sequence[Message], Paging | None]:
    """Return the messages of the page that a call asks for, the newest first unless it asks for the oldest.

    With one key and no tests only the messages of the page are looked at. Without a page and a limit it is the first one.
    """
    store, is_newest_first = state.message_store, values.get("order") != "asc"
    if len(search.keys) == 1 and not search.tests:
        key, since, until = search.keys[0], search.since, search.until
        total = store.count(key, since, until)
        part, paging = _find_page(values, total, state)
        start = total - part.stop if is_newest_first else part.start
        found = store.page(key, since, until, start, len(part)) if part else []
        page = found[::-1] if is_newest_first else found
    else:
        slices = store.select_each(search.keys, search.since, search.until)
        for field, is_wanted in search.tests:
            slices = [each.where(field, is_wanted) for each in slices]
        every = sorted(chain.from_iterable(each.messages() for each in slices), key=_order, reverse=is_newest_first)
        part, paging = _find_page(values, len(every), state)
        page = every[part.start : part.stop]
    return page, paging


def _find_page(values: Mapping[str, Any], total: int, state: State) -> tuple[range, Paging | None]:
    """Return which messages are on the page that a call asks for: without one the first (SW-73)."""
    if "page" in values or "limit" in values:
        return find_page(values, total, state.variants)
    return range(min(total, SIZE)), None


def _order(message: Message) -> tuple[Instant, int]:
    return message.at, message.serial


def reports(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Report what became of outbound messages (SW-73)."""
    values = parse_parameters(REPORTS, call.values, blank=BLANK)
    _check_count(values)
    found, paging = _find(_search(values, account.key, state), values, state)
    shows_contact = bool(values.get("show_contact"))
    items = tuple(_item(message, account, state, shows_contact) for message in found)
    return Decision(now, Listed(items, paging), account=account.key, size=len(items))


def view(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Report what became of one message (SW-75)."""
    values = parse_parameters(VIEW, call.values, blank=BLANK)
    if "id" not in values and "unique_id" not in values:
        raise VIEW[0].error(MissingParameter)
    keys = [find_key(account.key, values[name]) for name, find_key in _KEYS.items() if name in values]
    found = [each for key in keys for each in state.message_store.page(key, EARLIEST, LATEST) if _is_sent(each, values)]
    if not found:
        name = "id" if "id" in values else "unique_id"
        raise VIEW[name != "id"].error(UnknownMessage, value=values[name])
    item = _item(max(found, key=_order), account, state, bool(values.get("show_contact")))
    return Decision(now, Shown(item), account=account.key)


def _is_sent(message: Message, values: Mapping[str, Any]) -> bool:
    """Return whether a message has the identifiers that were sent."""
    unique_id = message.fields.get("unique_id")
    return bool(values.get("id", message.id) == message.id and values.get("unique_id", unique_id) == unique_id)


def delete(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Delete messages that are not sent yet (SW-76)."""
    values = parse_parameters(DELETE, call.values, blank=BLANK)
    if not values.get("id") and not values.get("unique_id"):
        raise DELETE[0].error(MissingParameter)
    _check_count(values)
    found: dict[int, Message] = {}
    failed = 0
    for name, find_key in _KEYS.items():
        for each in dict.fromkeys(values.get(name, ())):
            saved = [
                message
                for message in state.message_store.page(find_key(account.key, each), EARLIEST, LATEST)
                if message.status == SAVED
            ]
            found |= {message.serial: message for message in saved}
            failed += not saved
    written = Written(bool(found), correct=len(found), failed=failed)
    events: list[Event] = list(map(MessageDeleted, found.values()))
    if account.fields.get("duplicate_control"):
        unique_ids = (str(message.fields.get("unique_id", "")) for message in found.values())
        events += (EntryStored(account.key, USED_UNIQUE_IDS, UsedUniqueIdEntry(each)) for each in unique_ids if each)
    return Decision(now, written, tuple(events), account=account.key)


OPERATIONS = (
    Operation(
        name="messages.reports",
        source=assumed("SW-73"),
        decide=reports,
        looks_through=True,
        parameters=REPORTS,
        common=CREDENTIALS,
        errors=(TooManyIds, TooManyRecords),
    ),
    Operation(
        name="messages.view",
        source=assumed("SW-75"),
        decide=view,
        parameters=VIEW,
        common=CREDENTIALS,
        errors=(MissingParameter, UnknownMessage),
    ),
    Operation(
        name="messages.delete",
        source=assumed("SW-76"),
        decide=delete,
        parameters=DELETE,
        common=CREDENTIALS,
        errors=(MissingParameter, TooManyIds),
        is_repeatable=False,
    ),
)
