"""The SMS enabled numbers of an account: list them (002), enable and disable one."""

from __future__ import annotations

from dataclasses import replace

from msgspec import Struct

from mockserver.providers.dialogtech import quirks
from mockserver.providers.dialogtech.errors import NumberNotCapable, NumberNotEnabled, NumberNotOwned, TollfreeNumber
from mockserver.providers.dialogtech.parameters import NUMBER, URL, common, optional, required
from mockserver.sdk import (
    Account,
    AccountChanged,
    Call,
    Decision,
    IdReservation,
    Instant,
    Number,
    Operation,
    State,
    assumed,
    documented,
    parse_parameters,
)


class Numbers(Struct, frozen=True):
    """The SMS enabled numbers of an account."""

    numbers: tuple[Number, ...]


class Registered(Struct, frozen=True):
    """SMS of a number was enabled."""

    number: str


class Unregistered(Struct, frozen=True):
    """SMS of a number was disabled."""

    number: str


def get_numbers(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """List the SMS enabled numbers of an account (002)."""
    # 002: "retrieve a list of SMS enabled numbers from within a DialogTech account"; DT-32, and DT-30 where there are none
    numbers = tuple(number for number in account.numbers.values() if number.sms_enabled)
    return Decision(now, Numbers(numbers), account=account.key)


REGISTER_NUMBER = (
    required("number", NUMBER, assumed("DT-50")),
    optional("url", URL, assumed("DT-50")),
    optional("dlr_url", URL, assumed("DT-50")),
)


def register_number(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Enable SMS for a number of the account, with the URLs of its listener and its delivery reports (DT-50)."""
    values = parse_parameters(REGISTER_NUMBER, call.values)
    number = account.numbers.get(values["number"])
    if number is None:
        raise NumberNotOwned(value=values["number"])
    if number.tollfree and not number.sms_enabled:
        raise TollfreeNumber(value=number.number)
    if not number.sms_capable:
        raise NumberNotCapable(value=number.number)
    keeps = state.variants[quirks.REGISTER_NUMBER_ABSENT.name] == "keep"
    registered = replace(
        number,
        sms_enabled=True,
        url=values.get("url", number.url if keeps else None),
        dlr_url=values.get("dlr_url", number.dlr_url if keeps else None),
    )
    return Decision(now, Registered(number.number), _events(account, registered), account=account.key)


UNREGISTER_NUMBER = (required("number", NUMBER, assumed("DT-51")),)


def unregister_number(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Disable SMS for a number of the account (DT-51)."""
    value = parse_parameters(UNREGISTER_NUMBER, call.values)["number"]
    number = account.numbers.get(value)
    fails = state.variants[quirks.UNREGISTER_NUMBER_DISABLED.name] == "failed"
    if number is None or (fails and not number.sms_enabled):
        raise NumberNotEnabled(value=value)
    unregistered = replace(number, sms_enabled=False, url=None, dlr_url=None)
    return Decision(now, Unregistered(value), _events(account, unregistered), account=account.key)


def _events(account: Account, number: Number) -> tuple[AccountChanged, ...]:
    """Return the event that changes a number of an account; none where nothing changes."""
    if account.numbers[number.number] == number:
        return ()
    return (AccountChanged(replace(account, numbers={**account.numbers, number.number: number})),)


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
    Operation(
        name="sms.register_number",
        source=assumed("DT-50"),
        decide=register_number,
        parameters=REGISTER_NUMBER,
        common=common("001", " Yes String n/a "),
        errors=(NumberNotOwned, TollfreeNumber, NumberNotCapable),
    ),
    Operation(
        name="sms.unregister_number",
        source=assumed("DT-51"),
        decide=unregister_number,
        parameters=UNREGISTER_NUMBER,
        common=common("001", " Yes String n/a "),
        errors=(NumberNotEnabled,),
        is_repeatable=False,
    ),
)
