"""Accounts at the vendor's: registering one, whom to ask, and what the vendor has to say (SW-91, SW-92)."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, structs

from mockserver.providers.serwersms.accounts import Maintainer, left
from mockserver.providers.serwersms.entries import NOTICES, REGISTRATIONS, RegistrationEntry
from mockserver.providers.serwersms.errors import (
    AccountExists,
    NoCompany,
    NoEmail,
    NoFirstName,
    NoLastName,
    NoPhoneNumber,
    WrongCompany,
    WrongEmail,
    WrongPhoneNumber,
)
from mockserver.providers.serwersms.parameters import BLANK, BOOLEAN, CREDENTIALS, PHONE, TEXT, row
from mockserver.providers.serwersms.results import Listed, Shown, Written
from mockserver.sdk import (
    Account,
    Call,
    Decision,
    EntryStored,
    IdReservation,
    Instant,
    Kind,
    Operation,
    Parameter,
    ProviderError,
    State,
    assumed,
    matching,
    parse_parameters,
)

# -- whom to ask -----------------------------------------------------------------------------------------------------


class Help(Struct, frozen=True):
    """How to reach the vendor."""

    telephone: str = "+48 99 000 00 00"
    email: str = "pomoc@serwersms.example"
    form: str = "https://serwersms.example/kontakt"
    faq: str = "https://serwersms.example/faq"
    account_maintainer: dict[str, Any] = {}
    info: str = "Biuro jest czynne od poniedziałku do piątku w godzinach 8-16."


_MAINTAINER: dict[str, Any] = structs.asdict(Maintainer())


def show_help(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Show how to reach the vendor, and who looks after the account (SW-92)."""
    maintainer = {**_MAINTAINER, **account.fields.get("maintainer", {})}
    return Decision(now, Shown(Help(account_maintainer=maintainer)), account=account.key)


# -- what is left ----------------------------------------------------------------------------------------------------


class Limit(Struct, frozen=True):
    """How many messages or queries of a type are left."""

    type: str
    chars_limit: str
    """Characters and parts."""
    value: str


LIMITS = (row("show_type", BOOLEAN, assumed("SW-67")),)
# SW-67
_LENGTHS = {"eco": "918/6", "full": "918/6", "voice": "160/1", "mms": "40/1", "lookup": "nd", "hlr": "nd"}


def limits(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Show how much is left of each type (SW-67)."""
    values = parse_parameters(LIMITS, call.values, blank=BLANK)
    before = {"account": {"type": account.fields.get("type", "prepaid")}} if values.get("show_type") else {}
    items = tuple(Limit(kind, length, left(account, kind)) for kind, length in _LENGTHS.items())
    return Decision(now, Listed(items, before=before), account=account.key)


# -- what the vendor has to say --------------------------------------------------------------------------------------


class NoticeItem(Struct, frozen=True):
    """A message from the vendor."""

    new: bool
    message: str


def list_notices(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """List the vendor's messages to the customer, the newest first (SW-92)."""
    notices = state.entries.page(account.key, NOTICES, newest_first=True)
    items = tuple(NoticeItem(notice.new, notice.message) for notice in notices)
    return Decision(now, Listed(items), account=account.key, size=len(items))


# -- registering -----------------------------------------------------------------------------------------------------


def _parse_phone(row: Parameter, sent: object) -> str:
    """Parse the customer's number, whose error is one of its own (SW-91)."""
    try:
        return str(PHONE.parse(row, sent))
    except ProviderError:
        raise row.wrong(sent) from None


_SOURCE = assumed("SW-91")
ADD = (
    row("phone", Kind(_parse_phone, WrongPhoneNumber, PHONE.schema), _SOURCE, missing=NoPhoneNumber),
    row("email", matching(r"[^@\s]+@[^@\s]+\.[^@\s]+", WrongEmail), _SOURCE, missing=NoEmail),
    row("first_name", TEXT, _SOURCE, missing=NoFirstName),
    row("last_name", TEXT, _SOURCE, missing=NoLastName),
    row("company", matching(r"[\s\S]*[^\s!-/:-@\[-`{-~][\s\S]*", WrongCompany), _SOURCE, missing=NoCompany),
)


def add(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:
    """Register an account at the vendor's, whose login is its e-mail (SW-91)."""
    values = parse_parameters(ADD, call.values, blank=BLANK)
    keys = (each.key for each in state.accounts.values() if each.provider == "serwersms")
    is_taken = any(state.entries.count_of(key, REGISTRATIONS, "email", values["email"]) for key in keys)
    if is_taken or ("serwersms", values["email"]) in state.secrets():
        raise AccountExists(value=values["email"])
    registration = RegistrationEntry(ids.number(f"serwersms.{REGISTRATIONS}"), **values)
    return Decision(now, Written(), (EntryStored(account.key, REGISTRATIONS, registration),), account=account.key)


OPERATIONS = (
    Operation(
        name="account.add",
        source=_SOURCE,
        decide=add,
        parameters=ADD,
        common=CREDENTIALS,
        errors=(AccountExists,),
        is_repeatable=False,
    ),
    Operation(name="account.help", source=assumed("SW-92"), decide=show_help, common=CREDENTIALS),
    Operation(name="account.limits", source=assumed("SW-67"), decide=limits, parameters=LIMITS, common=CREDENTIALS),
    Operation(name="account.messages", source=assumed("SW-92"), decide=list_notices, common=CREDENTIALS),
)
