"""Send messages (001), retrieve them (000), and retrieve or delete one by its id."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct, structs

from mockserver.providers.dialogtech import limits, magic, quirks
from mockserver.providers.dialogtech.errors import EndsBeforeStart, InvalidRecipient, NotATrackingNumber, UnknownMessage
from mockserver.providers.dialogtech.parameters import DAY, MESSAGE, NUMBER, TEXT, common, optional, required
from mockserver.providers.dialogtech.webhooks import REPORT
from mockserver.sdk import (
    EARLIEST,
    LATEST,
    NO_TRACE,
    Account,
    Call,
    Decision,
    DecisionTrace,
    IdReservation,
    Instant,
    Limit,
    LimitUsage,
    Magic,
    Message,
    MessageDeleted,
    MessageSelection,
    MessageStored,
    Operation,
    ProviderError,
    State,
    UsageAfterUse,
    abandon_webhooks,
    account_key,
    assumed,
    attribute_key,
    day_begins,
    day_ends,
    documented,
    find_emptying_filters,
    limit_usage,
    number_key,
    open_webhook,
    parse_parameters,
    zone_of,
)


class Sent(Struct, frozen=True):
    """One message was accepted. DT-21: its id is not said."""


class SentNoReply(Struct, frozen=True):
    """One message was accepted, and the connection is closed without a response (DT-39)."""


class Found(Struct, frozen=True):
    """The messages of a range of days, in both directions."""

    messages: MessageSelection


class FoundById(Struct, frozen=True):
    """The messages of an id: one, unless each direction has one."""

    messages: tuple[Message, ...]


class Deleted(Struct, frozen=True):
    """So many messages were deleted."""

    count: int


_SENT = Sent()

# DT-18: the usage texts of `to` and `from` are another page's
SEND_MESSAGE = (
    required("to", NUMBER, documented("001", "to Yes String: Unformatted Phone Number")),
    required("from", NUMBER, documented("001", "from Yes String: Unformatted Phone Number")),
    required("message", MESSAGE, documented("001", "message Yes String 256")),
)


def send_message(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:
    """Send an SMS from a tracking number to a third party (001)."""
    limited = state.variants[quirks.LIMITED_NUMBER.name]  # DT-23
    counts_all = state.variants[quirks.LIMITED_SENDS.name] == "all"
    try:
        values = parse_parameters(SEND_MESSAGE, call.values)
        sender, recipient = values["from"], values["to"]
        # 001: from "Must be a DialogTech SMS enabled tracking number"
        own = account.numbers.get(sender)
        if own is None or not own.sms_enabled:
            raise NotATrackingNumber(value=sender)
    except ProviderError as error:
        if not counts_all:
            raise
        number = _parse_number(call, limited)
        return _reject(error, limit_usage(state, _limits(account, number), now), account)

    usage = limit_usage(state, _limits(account, sender if limited == "from" else recipient), now)
    exceeded = usage.exceeded() if state.variants["limits"] == "enforced" else None
    if exceeded is not None:
        if counts_all:
            return _reject(limits.error(usage.counted().exceeded() or exceeded, now), usage, account)
        return Decision(now, limits.error(exceeded, now), (), DecisionTrace(usage), account.key)

    meaning = None if state.variants[quirks.MAGIC.name] == "off" else magic.MEANINGS.get(recipient)  # DT-39
    injected = meaning and _magic_error(meaning, recipient, now)
    if injected is not None:
        if counts_all:
            return _reject(injected, usage, account, recipient)
        return Decision(now, injected, (), DecisionTrace(usage, recipient), account.key)

    message = Message(
        serial=state.message_store.next_serial,
        account=account.key,
        id=str(ids.number("dialogtech.outbound", 200_000_000)),  # DT-14
        direction="outbound",
        sender=sender,
        recipient=recipient,
        at=now,
        text=values["message"],
    )
    # DT-41
    reports = () if own.dlr_url is None else (open_webhook("dialogtech", REPORT, message, own.dlr_url, ids),)
    events = (MessageStored(message), *usage.events, *reports)
    accepted = Decision(now, _SENT, events, DecisionTrace(UsageAfterUse(usage)), account.key)
    return accepted if meaning is None else _apply_magic(meaning, message, account, accepted)


def _limits(account: Account, number: str | None) -> tuple[tuple[Limit, str], ...]:
    """Return the limits of a send, each with the key that counts its uses; without a number the account's alone."""
    if number is None:
        return ((limits.PER_ACCOUNT, account.key),)
    of_number = f"{account.key} {number}"
    return ((limits.PER_MINUTE, of_number), (limits.PER_ACCOUNT, account.key), (limits.PER_NUMBER, of_number))


def _parse_number(call: Call, name: str) -> str | None:
    """Return the number that a send names in a parameter; ``None`` where it is missing or not a number."""
    rows = [row for row in SEND_MESSAGE if row.name == name]
    try:
        number: str | None = parse_parameters(rows, call.values).get(name)
    except ProviderError:
        return None
    return number


def _reject(error: ProviderError, usage: LimitUsage, account: Account, magic_number: str | None = None) -> Decision:
    """Return the decision that rejects a send and counts it (DT-23)."""
    trace = DecisionTrace(UsageAfterUse(usage), magic_number)
    return Decision(usage.now, error, usage.events, trace, account.key)


def _magic_error(meaning: Magic, recipient: str, now: Instant) -> ProviderError | None:
    """Return the error of a magic number; ``None`` when it has none (DT-39)."""
    if meaning is magic.INVALID:
        return InvalidRecipient(value=recipient)
    error = magic.FILLED.get(meaning)
    return None if error is None else limits.just_filled(error, now)


def _apply_magic(meaning: Magic, message: Message, account: Account, accepted: Decision) -> Decision:
    """Return the decision about an accepted message with the effects of a magic number (DT-39)."""
    value = SentNoReply() if meaning is magic.NO_RESPONSE else _SENT
    replies = (magic.origin(message, account.name),) if meaning is magic.REPLIED else ()
    trace = structs.replace(accepted.trace, magic=message.recipient)
    return structs.replace(accepted, value=value, events=(*accepted.events, *replies), trace=trace)


GET_MESSAGES = (
    required("start_date", DAY, documented("000", "start_dateYesDate8Date format should be YYYYMMDD")),
    required("end_date", DAY, documented("000", "end_dateYesDate8Date format should be YYYYMMDD")),
    optional("number", NUMBER, documented("000", "numberNoString: Unformatted Phone Number")),
)


def get_messages(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Retrieve the messages of a range of days (000)."""
    values = parse_parameters(GET_MESSAGES, call.values)
    start, end = values["start_date"], values["end_date"]
    if end < start:  # DT-7
        raise EndsBeforeStart(start=call.values["start_date"], end=call.values["end_date"])

    zone = zone_of(state.variants[quirks.ZONE.name])  # DT-12
    number = values.get("number")
    # DT-9: optional, and no more than a filter. DT-11: the tracking number is our customer's side of a message
    # 000: "Filters the response to only include SMS records where the tracking number matches the number provided"
    key = account_key(account.key) if number is None else number_key(account.key, number)
    since, until = day_begins(start, zone), day_ends(end, zone)  # DT-7: whole days
    found = state.message_store.select_all(key, since, until)
    if not found.total:
        emptied_by = _find_emptying(state, account, number, since, until)
        return Decision(now, Found(found), (), DecisionTrace(emptied_by=emptied_by), account.key)
    return Decision(now, Found(found), account=account.key, size=found.total)


def _find_emptying(
    state: State, account: Account, number: str | None, since: Instant, until: Instant
) -> tuple[str, ...]:
    """Return the parameters that left no message."""

    def finds(kept: Collection[str]) -> bool:
        key = number_key(account.key, number) if number and "number" in kept else account_key(account.key)
        first, last = since if "start_date" in kept else EARLIEST, until if "end_date" in kept else LATEST
        return state.message_store.count(key, first, last) > 0

    return find_emptying_filters((*["number"] * (number is not None), "start_date", "end_date"), finds)


MSG_ID = required("msg_id", TEXT, assumed("DT-47"))


def get_message(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Retrieve the message of an id (DT-47)."""
    msg_id = parse_parameters((MSG_ID,), call.values)["msg_id"]
    found = _find_by_id(msg_id, account, state)
    if not found and state.variants[quirks.GET_MESSAGE_UNKNOWN.name] == "failed":
        raise UnknownMessage(value=msg_id)
    trace = NO_TRACE if found else DecisionTrace(emptied_by=("msg_id",))
    return Decision(now, FoundById(found), (), trace, account.key)


def delete_message(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Delete the message of an id (DT-48)."""
    msg_id = parse_parameters((MSG_ID,), call.values)["msg_id"]
    found = _find_by_id(msg_id, account, state)
    if not found and state.variants[quirks.DELETE_MESSAGE_UNKNOWN.name] == "failed":
        raise UnknownMessage(value=msg_id)
    abandoned = [event for each in found for event in abandon_webhooks(each, state)]
    return Decision(now, Deleted(len(found)), (*abandoned, *map(MessageDeleted, found)), account=account.key)


def _find_by_id(msg_id: str, account: Account, state: State) -> tuple[Message, ...]:
    """Return the account's messages of an id, in both directions."""
    return tuple(state.message_store.page(attribute_key(account.key, "id", msg_id), EARLIEST, LATEST))


OPERATIONS = (
    Operation(
        name="sms.send_message",
        source=documented(
            "001",
            "The SMS Send Message API is used to send an SMS message from a DialogTech SMS enabled tracking number,"
            " to a 3rd party recipient.",
        ),
        decide=send_message,
        parameters=SEND_MESSAGE,
        common=common("001", " Yes String n/a "),
        errors=(NotATrackingNumber, *limits.ERRORS, InvalidRecipient),
        is_repeatable=False,
    ),
    Operation(
        name="sms.get_messages",
        source=documented(
            "000",
            "The SMS Get Messages API is used to retrieve multiple SMS message sent to/from a specific DialogTech SMS"
            " enabled tracking number over a date range",
        ),
        decide=get_messages,
        parameters=GET_MESSAGES,
        common=common("000", "YesStringn/a"),
        errors=(EndsBeforeStart,),
    ),
    Operation(
        name="sms.get_message",
        source=assumed("DT-47"),
        decide=get_message,
        parameters=(MSG_ID,),
        common=common("001", " Yes String n/a "),
        errors=(UnknownMessage,),
    ),
    Operation(
        name="sms.delete_message",
        source=assumed("DT-48"),
        decide=delete_message,
        parameters=(MSG_ID,),
        common=common("001", " Yes String n/a "),
        errors=(UnknownMessage,),
        is_repeatable=False,
    ),
)
