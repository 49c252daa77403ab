"""The account's contact persons at the vendor (SW-96)."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, structs

from mockserver.providers.serwersms.accounts import Maintainer
from mockserver.providers.serwersms.parameters import CREDENTIALS
from mockserver.providers.serwersms.results import Shown
from mockserver.sdk import Account, Call, Decision, IdReservation, Instant, Operation, State, assumed


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


OPERATIONS = (Operation(name="account.help", source=assumed("SW-96"), decide=show_help, common=CREDENTIALS),)
