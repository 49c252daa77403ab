"""Retrieve incoming messages (004), and let them come in (SW-56)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from mockserver.providers.serwersms import magic, quirks
from mockserver.providers.serwersms.accounts import is_demo
from mockserver.providers.serwersms.entries import BLACKLIST, CONTACTS, ContactEntry
from mockserver.providers.serwersms.errors import NoMessages, SystemUnavailable
from mockserver.providers.serwersms.paging import LIMIT, exists, find, search
from mockserver.providers.serwersms.parameters import (
    BLANK,
    CREDENTIALS,
    RECIVED,
    SEND_ND,
    SEND_NDI,
    TYPES,
    parse_recived,
)
from mockserver.providers.serwersms.results import Paging, Written
from mockserver.providers.serwersms.webhooks import store_and_forward
from mockserver.sdk import (
    NO_TRACE,
    Account,
    Call,
    Decision,
    DecisionTrace,
    IdReservation,
    Instant,
    Magic,
    MessageSlice,
    MessagesRead,
    Operation,
    Page,
    State,
    assumed,
    documented,
    find_emptying_filters,
    parse_parameters,
    zone_of,
)


class Received(Struct, frozen=True):
    """Incoming messages, and whose they are."""

    messages: tuple[MessageSlice, ...]
    blacklist: frozenset[str]
    """The numbers of the account's blacklist."""
    contacts: Mapping[str, ContactEntry] | None = None
    """The contacts of the messages' senders; ``None`` where they are not shown."""
    paging: Paging | None = None
    meaning: Magic | None = None
    """Return the outcome of the magic number of the request, if it has one (SW-39)."""


def recived(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Retrieve incoming messages (004)."""
    values = parse_recived(call.values, state.variants[quirks.TWO_WAY.name])
    phones = frozenset(values.get("phone", ()))
    number = magic.acting(phones) if phones and state.variants[quirks.MAGIC.name] != "off" else None  # SW-39
    meaning = None if number is None else magic.MEANINGS[number]
    trace = NO_TRACE if number is None else DecisionTrace(magic=number)
    if meaning is magic.UNAVAILABLE:
        return Decision(now, SystemUnavailable(), (), trace, account.key)
    page = _page(values)
    zone = zone_of(state.variants[quirks.ZONE.name])  # SW-11
    found = find(state.message_store, search(values, phones, account.key, TYPES, zone, state.read), page)
    if not any(each.places for each in found.slices):
        trace = DecisionTrace(magic=number, emptied_by=_emptied_by(values, phones, account.key, zone, state))
        if meaning is magic.NONE:  # SW-39: in place of an empty list
            return Decision(now, NoMessages(), (), trace, account.key)
    # SW-16: in the answer only when one of the two was sent
    paging = None if page.size is None else Paging(page.number, page.count(found.total))
    # 004: "That means a message as read (no more returned by the API)"; SW-12
    serials = tuple(serial for each in found.slices for serial in each.values("serial")) if values.get("read") else ()
    events = (MessagesRead(serials),) if serials else ()
    blacklist = state.entries.values_of(account.key, BLACKLIST, "phone")  # SW-26
    contacts = _contacts(found.slices, account.key, state) if values.get("show_contact") else None
    received = Received(found.slices, blacklist, contacts, paging, meaning)
    return Decision(now, received, events, trace, account.key, sum(len(each.places) for each in found.slices))


def _contacts(messages: Iterable[MessageSlice], account: str, state: State) -> dict[str, ContactEntry]:
    """Return the contacts of the senders of messages (SW-19)."""
    senders = {sender for each in messages for sender in each.values("sender")}
    found = ((sender, state.entries.find(account, CONTACTS, "phone", sender, limit=1)) for sender in senders)
    return {sender: contacts[0] for sender, contacts in found if contacts}


_FILTERS = ("phone", "date_from", "date_to", "type", "ndi")
_MARKS = "the marks as read"


def _emptied_by(
    values: Mapping[str, Any], phones: frozenset[str], account: str, zone: ZoneInfo | None, state: State
) -> tuple[str, ...]:
    """Return the filters that left nothing: parameters, the marks as read (SW-12), or the page."""

    def finds(kept: Collection[str]) -> bool:
        some = {name: value for name, value in values.items() if name in kept or name not in _FILTERS}
        wanted = phones if "phone" in kept else frozenset()
        return exists(
            state.message_store, search(some, wanted, account, TYPES, zone, state.read if _MARKS in kept else set())
        )

    filters = [_MARKS] * bool(state.read) + [name for name in _FILTERS if name in values]
    if "page" in values and finds(filters):
        return ("page",)
    return find_emptying_filters(filters, finds)


def _page(values: Mapping[str, Any]) -> Page:
    is_paged = "page" in values or "limit" in values
    # SW-17: clients of the vendor ask for page 0 and mean the first
    number, size = max(1, values.get("page", 1)), values.get("limit", LIMIT) if is_paged else None
    return Page(number, size, values.get("order") == "desc")


def inject(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:
    """Let a message come in to the account (SW-56)."""
    kind = call.operation.removeprefix("messages.send_")
    values = parse_parameters(_TABLES[kind], call.values, blank=BLANK, missing_last=True)
    is_unknown = bool(account.numbers) and values.get("ndi_number", "") not in {"", *account.numbers}
    if is_unknown or is_demo(account, call):  # SW-56
        return Decision(now, Written(success=False), account=account.key)
    fields = {
        "kind": kind,
        "sender": values["phone"],
        "recipient": values.get("ndi_number", ""),
        "text": values["text"],
    }
    return Decision(now, Written(), store_and_forward(fields, account, state, now, ids).events, account=account.key)


_TABLES = {"nd": SEND_ND, "ndi": SEND_NDI}

OPERATIONS = (
    Operation(
        name="messages.recived",
        source=documented(
            "004",
            "To retrieve reply to messages and other incoming messages using remote service,"
            " call the specified URL using POST.",
        ),
        decide=recived,
        looks_through=True,
        parameters=RECIVED,
        common=CREDENTIALS,
        choose_source=lambda values: None if values.get("method") == "POST" else assumed("SW-32"),
        errors=(SystemUnavailable, NoMessages),
    ),
    *(
        Operation(
            name=f"messages.send_{kind}",
            source=assumed("SW-56"),
            decide=inject,
            parameters=table,
            common=CREDENTIALS,
            is_repeatable=False,
        )
        for kind, table in _TABLES.items()
    ),
)
