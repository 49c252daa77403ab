"""What the actions conclude. Pure: a state, an instant and identifiers in, a decision out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from mockserver.engine.accounts import Account
from mockserver.engine.decisions import NOTHING_ELSE, Decision, DecisionTrace
from mockserver.engine.events import Event, MessagesRead
from mockserver.engine.ids import IdReservation
from mockserver.engine.instants import Instant, zone_of
from mockserver.engine.message_store import Stretch
from mockserver.engine.provider_errors import Refused, Source, assumed, documented
from mockserver.engine.state import State
from mockserver.sdk.provider import Call, Magic

from . import magic, quirks
from .errors import (
    CODES,
    InvalidAction,
    InvalidToken,
    InvalidUser,
    MissingParameter,
    NotOffered,
    UnknownCode,
    WrongMethod,
)
from .paging import LIMIT, Page, find, search
from .parameters import RECIVED, TABLES, TYPES, obey
from .webhooks import take_in


class Paging(Struct, frozen=True):
    """Where a page stands."""

    page: int
    pages: int


class Received(Struct, frozen=True):
    """Incoming messages, and whose they are."""

    messages: tuple[Stretch, ...]
    account: Account
    shows_contacts: bool = False
    paging: Paging | None = None
    meaning: Magic | None = None
    """What becomes of the answer, where a magic number was asked for (SW-39)."""


class Shown(Struct, frozen=True):
    """A code of the vendor's table."""

    code: int


class Injected(Struct, frozen=True):
    """A message has come in because the customer wanted it to (SW-56)."""


class _Concluded(Struct, frozen=True):
    value: Received | Shown | Injected | Refused
    events: tuple[Event, ...] = ()
    trace: DecisionTrace = NOTHING_ELSE


def recived(call: Call, account: Account | None, state: State, now: Instant, ids: IdReservation) -> _Concluded:  # noqa: ARG001 - one shape for all actions
    """Retrieve incoming messages (004)."""
    assert account is not None
    values = obey(RECIVED, call.values)
    number = _magic(values, state)
    meaning = None if number is None else magic.MEANINGS[number]
    trace = NOTHING_ELSE if number is None else DecisionTrace(magic=number)
    if meaning is not None and meaning in magic.REFUSED:
        return _Concluded(magic.REFUSED[meaning](), trace=trace)
    page = _page(values)
    zone = zone_of(state.readings[quirks.ZONE.name])  # SW-11
    found = find(state.ledger, search(values, account.key, TYPES, zone, state.read), page)
    # SW-16: in the answer only when one of the two was sent
    paging = None if page.limit is None else Paging(page.number, page.count(found.total))
    # 004: "That means a message as read (no more returned by the API)"; SW-12
    serials = (
        tuple(serial for stretch in found.stretches for serial in stretch.values("serial"))
        if values.get("read")
        else ()
    )
    events = (MessagesRead(serials),) if serials else ()
    received = Received(found.stretches, account, bool(values.get("show_contact")), paging, meaning)
    return _Concluded(received, events, trace)


def _magic(values: Mapping[str, Any], state: State) -> str | None:
    """The magic number that acts, where one is among the phones that are asked for (SW-39)."""
    if "phone" not in values or state.readings[quirks.MAGIC.name] == "off":
        return None
    return magic.acting(values["phone"])


def _page(values: Mapping[str, Any]) -> Page:
    is_paged = "page" in values or "limit" in values
    limit = values.get("limit", LIMIT) if is_paged else None  # SW-17
    return Page(values.get("page", 1), limit, values.get("order") == "desc")


def view_error(call: Call, account: Account | None, state: State, now: Instant, ids: IdReservation) -> _Concluded:  # noqa: ARG001 - one shape for all actions
    """Show an error of the vendor's table (SW-34)."""
    code: str = call.values["code"]
    if not (code.isascii() and code.isdigit() and len(code) == 4 and int(code) in CODES):
        raise UnknownCode(value=code)
    return _Concluded(Shown(int(code)))


def inject(call: Call, account: Account | None, state: State, now: Instant, ids: IdReservation) -> _Concluded:
    """Let a message come in to the account (SW-56)."""
    assert account is not None
    table = TABLES[call.operation]
    values = obey(table, call.values)
    for row in table:
        if row.name not in values:
            raise MissingParameter(name=row.name)
    fields = {
        "kind": call.operation.removeprefix("messages.send_"),
        "sender": values["phone"],
        "recipient": values.get("ndi_number", ""),
        "text": values["text"],
    }
    return _Concluded(Injected(), take_in(fields, account, state, now, ids).events)


OPERATIONS: Mapping[str, Callable[[Call, Account | None, State, Instant, IdReservation], _Concluded]] = {
    "error.view": view_error,
    "messages.recived": recived,
    "messages.send_nd": inject,
    "messages.send_ndi": inject,
}
SOURCES: Mapping[str, Source] = {
    "error.view": assumed("SW-34"),
    "messages.recived": documented(
        "004",
        "To retrieve reply to messages and other incoming messages using remote service,"
        " call the specified URL using POST.",
    ),
    "messages.send_nd": assumed("SW-56"),
    "messages.send_ndi": assumed("SW-56"),
}
"""Where each action is offered."""

# SW-33: what else the vendor's clients call, by group. Their paths are his, so they are answered, with 1000.
NOT_OFFERED: Mapping[str, tuple[str, ...]] = {
    "account": ("add", "help", "limits", "messages"),
    "blacklist": ("add", "check", "delete", "index"),
    "contacts": ("add", "delete", "edit", "import", "index", "view"),
    "files": ("add", "delete", "index", "view"),
    "groups": ("add", "check", "delete", "edit", "index", "view"),
    "messages": (
        "delete",
        "reports",
        "send_mms",
        "send_personalized",
        "send_rcs",
        "send_sms",
        "send_voice",
        "tester_rcs",
        "view",
    ),
    "payments": ("index", "invoice", "view"),
    "phones": ("check", "test"),
    "premium": ("index", "send"),
    "quiz": ("view",),
    "senders": ("add", "index"),
    "stats": ("index",),
    "subaccounts": ("add", "delete", "index", "limit", "view"),
    "templates": ("add", "delete", "edit", "index"),
}


def decide(call: Call, state: State, now: Instant, ids: IdReservation) -> Decision:
    """Conclude what a call asks for. SW-37: the action, the method, the body, who asks, then the parameters."""
    account = None
    try:
        _check_action(call, state)
        if call.defect is not None:
            raise call.defect
        if call.operation != "error.view":  # SW-34: anybody may look at the table
            account = _authorised(call, state)
        concluded = OPERATIONS[call.operation](call, account, state, now, ids)
    except Refused as refusal:
        concluded = _Concluded(refusal)
    return Decision(now, concluded.value, concluded.events, concluded.trace, account.key if account else None)


def _check_action(call: Call, state: State) -> None:
    if call.operation not in OPERATIONS:
        group, _, action = call.operation.partition(".")
        raise NotOffered(action=call.operation) if action in NOT_OFFERED.get(group, ()) else InvalidAction
    is_get = call.values["method"] != "POST"
    if is_get and call.operation != "error.view" and state.readings[quirks.GET.name] == "refused":  # SW-32
        raise WrongMethod(allowed="POST")


def _authorised(call: Call, state: State) -> Account:
    """The account whose credential this is (SW-4)."""
    credential = call.credential
    account = None if credential is None else state.account_of(credential)
    if account is None:
        raise InvalidToken if credential and credential.secret is None else InvalidUser
    return account
