"""What the three actions conclude. Pure: a state, an instant and identifiers in, a decision out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from msgspec import Struct, structs

from mockserver.engine.accounts import Account, Number
from mockserver.engine.decisions import NOTHING_ELSE, Decision, DecisionTrace
from mockserver.engine.events import Event, MessageStored
from mockserver.engine.ids import IdReservation
from mockserver.engine.instants import Instant, day_begins, day_ends, zone_of
from mockserver.engine.message_store import Stretch
from mockserver.engine.messages import Message, account_shelf, number_shelf
from mockserver.engine.provider_errors import Refused, Source, documented
from mockserver.engine.state import State
from mockserver.sdk.provider import Call, Magic

from . import limits, magic, quirks
from . import webhooks as forwarding
from .errors import (
    EndsBeforeStart,
    Failed,
    InvalidCredentials,
    InvalidRecipient,
    MissingParameter,
    NotATrackingNumber,
    UnknownAction,
)
from .parameters import ACTION, CREDENTIALS, GET_MESSAGES, SEND_MESSAGE, obey, required


class Sent(Struct, frozen=True):
    """One message was accepted. DT-21: its id is not told."""


class Lost(Struct, frozen=True):
    """One message was accepted, and nobody is told (DT-39)."""


class Found(Struct, frozen=True):
    """The messages of a range of days."""

    inbound: tuple[Stretch, ...]
    outbound: tuple[Stretch, ...]


class Numbers(Struct, frozen=True):
    """The SMS enabled numbers of an account."""

    numbers: tuple[Number, ...]


_SENT = Sent()


class _Concluded(Struct, frozen=True):
    value: Sent | Lost | Found | Numbers | Refused
    events: tuple[Event, ...] = ()
    trace: DecisionTrace = NOTHING_ELSE


def send_message(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> _Concluded:
    """Send an SMS from a tracking number to a third party (001)."""
    values = obey(SEND_MESSAGE, call.values)
    sender, recipient = str(values["from"]), str(values["to"])
    # 001: from "Must be a DialogTech SMS enabled tracking number"
    own = account.numbers.get(sender)
    if own is None or not own.sms_enabled:
        raise NotATrackingNumber(value=sender)

    limited = sender if state.readings[quirks.LIMITED_NUMBER.name] == "from" else recipient  # DT-23
    toll = limits.toll(state, account.key, limited, now)
    refusal = toll.refusal() if state.readings["limits"] == "enforced" else None
    if refusal is not None:
        trace = DecisionTrace(toll)
        if state.readings[quirks.LIMITED_SENDS.name] == "all":  # DT-23
            return _Concluded(toll.counted().refusal() or refusal, toll.events, trace)
        return _Concluded(refusal, trace=trace)

    message = Message(
        serial=state.ledger.next_serial,
        account=account.key,
        id=str(ids.number("dialogtech.outbound", 200_000_000)),  # DT-14
        direction="outbound",
        sender=sender,
        recipient=recipient,
        at=now,
        text=str(values["message"]),
    )
    events: tuple[Event, ...] = (MessageStored(message), *toll.events)
    if own.dlr_url is not None:  # DT-41
        events += (forwarding.opened(forwarding.REPORT, message, own.dlr_url, ids),)
    accepted = _Concluded(_SENT, events, DecisionTrace(limits.Paid(toll)))
    meaning = magic.MEANINGS.get(recipient)  # DT-39
    if meaning is None or state.readings[quirks.MAGIC.name] == "off":
        return accepted
    refusal = _set_aside(meaning, message)
    if refusal is not None:
        return _Concluded(refusal, trace=DecisionTrace(toll, recipient))
    return _conjure(meaning, message, account, accepted)


def _set_aside(meaning: Magic, message: Message) -> Failed | None:
    """The refusal that a magic number is for; ``None`` when it is for none (DT-39)."""
    if meaning is magic.INVALID:
        return InvalidRecipient(value=message.recipient)
    refused = magic.FILLED.get(meaning)
    return None if refused is None else limits.just_filled(refused, message.at)


def _conjure(meaning: Magic, message: Message, account: Account, accepted: _Concluded) -> _Concluded:
    """What a magic number makes of a message that is accepted (DT-39)."""
    value = Lost() if meaning is magic.LOST else _SENT
    further = (magic.reply(message, account.name),) if meaning is magic.ANSWERED else ()
    trace = structs.replace(accepted.trace, magic=message.recipient)
    return _Concluded(value, (*accepted.events, *further), trace)


def get_messages(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> _Concluded:  # noqa: ARG001 - one shape for all actions
    """Retrieve the messages of a range of days (000)."""
    values = obey(GET_MESSAGES, call.values)
    start, end = values["start_date"], values["end_date"]
    assert isinstance(start, date)
    assert isinstance(end, date)
    if end < start:  # DT-7
        raise EndsBeforeStart(start=call.values["start_date"], end=call.values["end_date"])

    zone = zone_of(state.readings[quirks.ZONE.name])  # DT-12
    number = values.get("number")
    # DT-9: optional, and no more than a filter. DT-11: the tracking number is our customer's side of a message
    # 000: "Filters the response to only include SMS records where the tracking number matches the number provided"
    shelf = account_shelf(account.key) if number is None else number_shelf(account.key, str(number))
    stretches = state.ledger.pick(shelf, day_begins(start, zone), day_ends(end, zone)).stretches  # DT-7: whole days
    return _Concluded(
        Found(
            tuple(stretch.where("direction", "inbound".__eq__) for stretch in stretches),
            tuple(stretch.where("direction", "outbound".__eq__) for stretch in stretches),
        )
    )


def get_numbers(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> _Concluded:  # noqa: ARG001 - one shape for all actions
    """List the SMS enabled numbers of an account (002)."""
    # 002: "retrieve a list of SMS enabled numbers from within a DialogTech account"; DT-32, and DT-30 where there are none
    return _Concluded(Numbers(tuple(number for number in account.numbers.values() if number.sms_enabled)))


SOURCES: Mapping[str, Source] = {
    "sms.send_message": documented(
        "001",
        "The SMS Send Message API is used to send an SMS message from a DialogTech SMS enabled tracking number,"
        " to a 3rd party recipient.",
    ),
    "sms.get_messages": documented(
        "000",
        "The SMS Get Messages API is used to retrieve multiple SMS message sent to/from a specific DialogTech SMS"
        " enabled tracking number over a date range",
    ),
    "sms.get_numbers": documented(
        "002",
        "The SMS Get Numbers API is used to retrieve a list of SMS enabled numbers from within a DialogTech account",
    ),
}
"""Where each action is offered."""

OPERATIONS = {
    "sms.send_message": send_message,
    "sms.get_messages": get_messages,
    "sms.get_numbers": get_numbers,
}


def decide(call: Call, state: State, now: Instant, ids: IdReservation) -> Decision:
    """Conclude what a call asks for. DT-38: the action is looked at first, then who asks, then the parameters."""
    account = None
    try:
        if call.defect is not None:
            raise call.defect
        operation = OPERATIONS.get(required(ACTION, call.values))
        if operation is None:
            raise UnknownAction(value=call.operation)
        account = _authorised(call, state)
        concluded = operation(call, account, state, now, ids)
    except Refused as refusal:
        concluded = _Concluded(refusal)
    return Decision(now, concluded.value, concluded.events, concluded.trace, account.key if account else None)


def _authorised(call: Call, state: State) -> Account:
    """The account whose credentials these are (DT-35)."""
    key, secret = CREDENTIALS[call.operation]
    if call.credential is None:
        missing = secret if call.values.get("access_key") else key
        raise MissingParameter(name=missing.name).quoting(missing.source)
    account = state.account_of(call.credential)
    if account is None:
        raise InvalidCredentials(name=credential_name(call)).quoting(key.source)
    return account


def credential_name(call: Call) -> str:
    """What the credential that was sent is called."""
    is_one = call.credential is not None and call.credential.secret is None
    return "api_key" if is_one else "access_key or secret_access_key"
