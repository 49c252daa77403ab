"""The SMS enabled numbers of an account (002)."""

from __future__ import annotations

from msgspec import Struct

from mockserver.providers.dialogtech.parameters import common
from mockserver.sdk import Account, Call, Decision, IdReservation, Instant, Number, Operation, State, documented


class Numbers(Struct, frozen=True):
    """The SMS enabled numbers of an account."""

    numbers: tuple[Number, ...]


def get_numbers(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """List the SMS enabled numbers of an account (002)."""
    # 002: "retrieve a list of SMS enabled numbers from within a DialogTech account"; DT-32, and DT-30 where there are none
    numbers = tuple(number for number in account.numbers.values() if number.sms_enabled)
    return Decision(now, Numbers(numbers), account=account.key)


OPERATIONS = (
    Operation(
        name="sms.get_numbers",
        source=documented(
            "002",
            "The SMS Get Numbers API is used to retrieve a list of SMS enabled numbers from within a DialogTech account",
        ),
        decide=get_numbers,
        common=common("002", " Yes String n/a "),  # 002 has nothing else
    ),
)
