"""The names of an account's senders (SW-60)."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from mockserver.providers.serwersms.accounts import is_demo
from mockserver.providers.serwersms.entries import SENDERS, SenderEntry
from mockserver.providers.serwersms.errors import (
    DemoSender,
    FreeSender,
    MissingParameter,
    NotASingleText,
    SenderCodeInvalid,
    SenderExists,
    SenderIsActive,
    SenderIsNumber,
    SenderMalformed,
    SenderNumberInvalid,
    UnknownSort,
    UnknownType,
)
from mockserver.providers.serwersms.parameters import BLANK, BOOLEAN, CREDENTIALS, ORDER, TEXT, required, row
from mockserver.providers.serwersms.results import Listed, Written
from mockserver.providers.serwersms.senders import READY_MADE
from mockserver.sdk import (
    Account,
    Call,
    Decision,
    EntryStored,
    IdReservation,
    Instant,
    Operation,
    State,
    assumed,
    choice,
    parse_parameters,
)

_SOURCE = assumed("SW-60")


class SenderItem(Struct, frozen=True):
    """A sender's name in a list."""

    name: str
    agreement: str
    status: str
    networks: tuple[int, ...] | UnsetType = UNSET


INDEX = (
    row("predefined", BOOLEAN, _SOURCE),
    row("personalized", BOOLEAN, _SOURCE),
    row("type", choice(("ndi", "mms"), UnknownType), _SOURCE),
    row("sort", choice(("name",), UnknownSort), _SOURCE),
    ORDER,
)


def index(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """List the account's names, the newest first; with ``predefined`` the ready-made ones, with a type its numbers or its names for MMS."""
    values = parse_parameters(INDEX, call.values, blank=BLANK)
    items = _items(values, account, state)
    if "sort" in values or "order" in values:
        items = sorted(items, key=lambda each: each.name, reverse=values.get("order") == "desc")
    return Decision(now, Listed(tuple(items)), account=account.key)


def _items(values: dict[str, Any], account: Account, state: State) -> list[SenderItem]:
    if values.get("predefined"):
        return [SenderItem(name, "not_required", "authorized") for name in READY_MADE]
    if values.get("type") == "ndi":
        return [SenderItem(number.removeprefix("+48"), "not_required", "authorized") for number in account.numbers]
    own: list[SenderEntry] = state.entries.page(account.key, SENDERS, newest_first=True)
    if values.get("type") == "mms":
        return [SenderItem(each.id, each.agreement, each.status, each.networks) for each in own if each.networks]
    return [SenderItem(each.id, each.agreement, each.status) for each in own]


ADD = (required("name", TEXT, _SOURCE),)
_LONGEST = 11


def add(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Add a name, which the vendor has to authorize before it can send."""
    name: str = parse_parameters(ADD, call.values, blank=BLANK)["name"]
    if is_demo(account, call):
        raise DemoSender
    if name.removeprefix("+").isdecimal():
        raise SenderIsNumber(value=name)
    if len(name) > _LONGEST or not (name.isascii() and name.isalnum()):
        raise SenderMalformed(value=name)
    if name in READY_MADE or state.entries.get(account.key, SENDERS, name) is not None:
        raise SenderExists(value=name)
    if account.fields.get("free_package") and state.entries.count(account.key, SENDERS):
        raise FreeSender
    return Decision(now, Written(), (EntryStored(account.key, SENDERS, SenderEntry(name)),), account=account.key)


OPERATIONS = (
    Operation(name="senders.index", source=_SOURCE, decide=index, parameters=INDEX, common=CREDENTIALS),
    Operation(
        name="senders.add",
        source=_SOURCE,
        decide=add,
        parameters=ADD,
        common=CREDENTIALS,
        errors=(
            MissingParameter,
            NotASingleText,
            SenderExists,
            SenderIsNumber,
            SenderMalformed,
            DemoSender,
            FreeSender,
            SenderNumberInvalid,
            SenderCodeInvalid,
            SenderIsActive,
        ),
        is_repeatable=False,
    ),
)
