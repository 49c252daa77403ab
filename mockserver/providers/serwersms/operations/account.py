"""The account's contact persons at the vendor (SW-96)."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, structs

from mockserver.providers.serwersms.accounts import Maintainer, left
from mockserver.providers.serwersms.parameters import BLANK, BOOLEAN, CREDENTIALS, row
from mockserver.providers.serwersms.results import Listed, Shown
from mockserver.sdk import Account, Call, Decision, IdReservation, Instant, Operation, State, assumed, parse_parameters


class Help(Struct, frozen=True):
    """How to reach the vendor."""

    account_maintainer: dict[str, Any]
    telephone: str = "+48 99 000 00 00"
    email: str = "pomoc@serwersms.example"
    form: str = "https://serwersms.example/kontakt"
    faq: str = "https://serwersms.example/faq"
    info: str = "Biuro jest czynne od poniedziałku do piątku w godzinach 8-16."


_MAINTAINER: dict[str, Any] = structs.asdict(Maintainer())


def show_help(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Show how to reach the vendor, and who looks after the account (SW-96)."""
    maintainer = {**_MAINTAINER, **account.fields.get("maintainer", {})}
    return Decision(now, Shown(Help(maintainer)), account=account.key)


class Limit(Struct, frozen=True):
    """How many messages or queries of a type are left."""

    type: str
    chars_limit: str
    """Characters and parts."""
    value: str


LIMITS = (row("show_type", BOOLEAN, assumed("SW-69")),)
# SW-69
_LENGTHS = {"eco": "918/6", "full": "918/6", "voice": "160/1", "mms": "40/1", "lookup": "nd", "hlr": "nd"}


def limits(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Show how much is left of each type (SW-69)."""
    values = parse_parameters(LIMITS, call.values, blank=BLANK)
    before = {"account": {"type": account.fields.get("type", "prepaid")}} if values.get("show_type") else {}
    items = tuple(Limit(kind, length, left(account, kind)) for kind, length in _LENGTHS.items())
    return Decision(now, Listed(items, before=before), account=account.key)


OPERATIONS = (
    Operation(name="account.help", source=assumed("SW-96"), decide=show_help, common=CREDENTIALS),
    Operation(name="account.limits", source=assumed("SW-69"), decide=limits, parameters=LIMITS, common=CREDENTIALS),
)
