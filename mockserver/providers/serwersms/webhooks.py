"""Store an inbound message, and call the customer's URL until it is acknowledged or the repeats are used up. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from msgspec import structs

from mockserver.sdk import (
    EARLIEST,
    LATEST,
    Account,
    Attempt,
    Decision,
    EntryDeleted,
    EntryStored,
    Event,
    ForwardingRule,
    IdReservation,
    Instant,
    Message,
    MessagesRead,
    MessageStored,
    Outcome,
    Schedule,
    State,
    WebhookDelivery,
    attribute_key,
    end_attempt,
    failure_of,
    open_webhook,
    show_value,
)

from . import quirks
from .entries import FILES
from .file_types import LARGEST, find_extension

# -- in ------------------------------------------------------------------------------------------------------------


class StoredInbound(NamedTuple):
    """An inbound message that was stored, and the events that follow from it."""

    message: Message
    events: tuple[Event, ...]


def store_and_forward(
    fields: Mapping[str, Any], account: Account, state: State, now: Instant, ids: IdReservation
) -> StoredInbound:
    """Store a message of an account, and open its delivery where a rule forwards it.

    Args:
        fields: of the message, by name; ``kind``, ``sender`` and ``text`` are among them.
        account: whose message it is.
        state: of the world.
        now: when it comes in.
        ids: where its id is from.
    """
    message = Message(
        serial=state.message_store.next_serial,
        account=account.key,
        id=str(ids.number(f"serwersms.{fields['kind']}", 1_000_000)),  # SW-23
        direction="inbound",
        at=now,
        **{"recipient": "", **fields},
    )
    rule = next((rule for rule in account.forwarding if _fits(rule, message)), None)  # SW-41, SW-42
    if rule is None:
        return StoredInbound(message, (MessageStored(message),))
    webhook = open_webhook("serwersms", "inbound", message, rule.url, ids, requires_ack=rule.verification)
    return StoredInbound(message, (MessageStored(message), webhook))


def find_answered(account: Account, phone: str, state: State) -> Message | None:
    """Return the SMS that was sent to a telephone number last (SW-72)."""
    key = attribute_key(account.key, "recipient", phone, "outbound")
    count = state.message_store.count(key, EARLIEST, LATEST)
    for place in range(count - 1, max(count - _REMEMBERED, 0) - 1, -1):
        message = state.message_store.page(key, EARLIEST, LATEST, place, 1)[0]
        if message.kind in ("eco", "full") and message.status not in _NEVER_SENT:
            return message
    return None


_REMEMBERED = 100
"""How many of the latest messages to a number one that was sent is looked for among."""
_NEVER_SENT = ("saved", "unsent")


def _fits(rule: ForwardingRule, message: Message) -> bool:
    # 004: "[chosen password / prefix]> Forward"; SW-40, SW-42
    return (
        rule.service == message.kind
        and rule.number in ("", message.recipient)
        and (message.text or message.title).casefold().startswith(rule.prefix.casefold())
    )


# -- out -----------------------------------------------------------------------------------------------------------

# 004: "the system will repeat the URL invocation in 5, 10, 15 and 60 minutes"
_SECONDS = (5 * 60, 10 * 60, 15 * 60, 60 * 60)
SCHEDULES: Mapping[str, Schedule] = {
    "offsets": Schedule.at_offsets(*_SECONDS),
    "gaps": Schedule.with_gaps(*_SECONDS),  # 5, 15, 30 and 90 minutes after the first
}
"""SW-52."""
_ACK_RULES = {True: "the response is OK", False: "a response was received, which need not be OK"}


def evaluate_attempt(
    delivery: WebhookDelivery,
    attempt: Attempt,
    state: State,
    now: Instant,
    ids: IdReservation,  # noqa: ARG001 - one shape for all providers
) -> Decision:
    """Decide whether a webhook attempt succeeded and when to retry."""
    if delivery.kind == FETCH:
        return _end_fetch(delivery, attempt, state, now)
    variants = state.variants
    failure = _failure(delivery, attempt.outcome, variants)
    is_once = not delivery.requires_ack and variants[quirks.UNVERIFIED.name] == "once"  # SW-51
    # 004: "If you still fail to convey the message to the customer, the system will not undertake more attempts."
    schedule = None if is_once else SCHEDULES[variants[quirks.REPEATS.name]]
    ended = end_attempt(delivery, attempt, now, failure, schedule, success=_ACK_RULES[delivery.requires_ack])
    if failure is not None or delivery.kind != "inbound" or variants[quirks.FORWARDED.name] == "unread":
        return ended
    assert delivery.serial is not None
    return structs.replace(ended, events=(*ended.events, MessagesRead((delivery.serial,))))  # SW-55


FETCH = "file"
"""The kind of a delivery that fetches a file; it is attempted once."""


def _end_fetch(delivery: WebhookDelivery, attempt: Attempt, state: State, now: Instant) -> Decision:
    """Keep the size of a file that was fetched, or delete one that was not there or is not taken (SW-84)."""
    outcome = attempt.outcome
    length = next((value for name, value in outcome.headers if name.lower() == "content-length"), "")
    size = int(length) if length.isdecimal() and len(length) < 12 else len(outcome.body)
    failure = failure_of(outcome, needs_2xx=True)
    events: tuple[Event, ...] = ()
    for file in state.entries.find(delivery.account, FILES, "fetch", delivery.number):
        if failure is None and size > LARGEST:
            failure = f"the file has {size} bytes, and the largest has {LARGEST}"
        if failure is None and find_extension(outcome.body, file.type, size=size) is None:
            failure = f"the file is none for {file.type}"
        events += (
            EntryStored(delivery.account, FILES, structs.replace(file, size=size, fetch=None))
            if failure is None
            else EntryDeleted(delivery.account, FILES, file.id),
        )
    ended = end_attempt(delivery, attempt, now, failure, None, success="the file was fetched")
    return structs.replace(ended, events=(*ended.events, *events))


def _failure(delivery: WebhookDelivery, outcome: Outcome, variants: Mapping[str, str]) -> str | None:
    """Return why the attempt failed; ``None`` where it succeeded."""
    # SW-50; SW-53: too slow is one of the reasons; SW-54: a redirect is an answer like any other
    failure = failure_of(outcome, needs_2xx=variants[quirks.ANSWER_STATUS.name] == "2xx")
    # 004: "does not return the required values"; SW-49
    if failure is None and delivery.requires_ack and not _IS_OK[variants[quirks.ANSWER.name]](outcome.body):
        return f"the response is {show_value(outcome.body[:400].decode(errors='replace'))} and not 'OK'"
    return failure


_IS_OK: Mapping[str, Callable[[bytes], bool]] = {
    "exact": lambda body: body == b"OK",
    "trimmed": lambda body: body.strip() == b"OK",
    "any-case": lambda body: body.strip().upper() == b"OK",
}
