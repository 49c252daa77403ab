"""The states of outbound messages: how they follow one another, and the calls that report the last one (SW-68 to SW-71). Pure.

A message that is sent at once is ``in_progress``, one with a date ``saved`` until then. A second later it is ``sent`` or
``unsent``, and four seconds after that ``delivered`` or ``undelivered``. What becomes of it is chosen when it is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec import structs

from mockserver.sdk import (
    SECOND,
    Account,
    Decision,
    Event,
    IdReservation,
    Instant,
    Message,
    MessageChanged,
    MessageScheduled,
    MessageStored,
    State,
    freeze,
    iso,
    open_webhook,
    parse_instant,
)

from . import magic, quirks

SENT_AFTER, ENDED_AFTER = 1 * SECOND, 5 * SECOND
"""The time between the beginning of a message's sending and its states (SW-68)."""

SAVED, IN_PROGRESS, SENT = "saved", "in_progress", "sent"
DELIVERED, UNDELIVERED, UNSENT = "delivered", "undelivered", "unsent"
FINAL = frozenset((DELIVERED, UNDELIVERED, UNSENT))
STATES = (DELIVERED, UNDELIVERED, SENT, UNSENT, IN_PROGRESS, SAVED)

DLR = "dlr"
"""The service of a forwarding rule that reports the states of outbound messages."""
REPORT = "report"
"""The kind of the deliveries of such reports."""


class End(NamedTuple):
    """What becomes of a message."""

    status: str
    """The last state; `SENT` for a message of which no report ever comes."""
    reason: str = ""
    """Why it is not delivered, in the vendor's word."""


# SW-69: the reason where the world's variant chooses the end
_ENDS: Mapping[str, End] = {
    "delivered": End(DELIVERED),
    "undelivered": End(UNDELIVERED, "message_expired"),
    "unsent": End(UNSENT, "other_error"),
    "never": End(SENT),
}


def _choose_end(phone: str, variants: Mapping[str, str]) -> End:
    """Return what becomes of a message to a number: what its magic number says, else the world's variant (SW-69)."""
    if phone.startswith(magic.PREFIX) and variants[quirks.MAGIC.name] != "off":
        end = magic.ENDS.get(phone)
        if end is not None:
            return End(*end)
    return _ENDS[variants[quirks.END.name]]


def store_and_follow(
    messages: Iterable[Message], account: Account, state: State, now: Instant, ids: IdReservation
) -> list[Event]:
    """Return the events that store the messages of a send, and by which their states follow one another.

    Args:
        messages: with the status ``saved``, ``in_progress`` or ``unsent``.
        account: whose messages they are.
        state: of the world.
        now: when they are sent.
        ids: where the numbers of deliveries are from.
    """
    events: list[Event] = []
    is_instant = state.variants[quirks.STATES.name] == "instant"
    for sent in messages:
        message = sent
        if message.status == UNSENT:
            events += (MessageStored(message), *_report(message, account, state, now, ids))
            continue
        end = _choose_end(message.recipient, state.variants)
        if end.status != DELIVERED:
            fields = {"end": end.status, "end_reason": end.reason} if end.reason else {"end": end.status}
            message = structs.replace(message, fields=freeze({**message.fields, **fields}))
        if message.status == SAVED:
            events += (MessageStored(message), MessageScheduled(message.serial, parse_instant(message.fields["date"])))
        elif is_instant:
            message = _ended(message, end, now)
            events += (MessageStored(message), *_report(message, account, state, now, ids))
        else:
            events += (MessageStored(message), MessageScheduled(message.serial, now + SENT_AFTER))
    return events


def _ended(message: Message, end: End, now: Instant) -> Message:
    """Return a message in its last state."""
    return structs.replace(message, status=end.status, fields=freeze({**message.fields, **_fields_of(end, now)}))


def _fields_of(end: End, now: Instant) -> dict[str, str]:
    at = iso(now)
    sent = {} if end.status == UNSENT else {"sent": at}
    delivered = {"delivered": at} if end.status == DELIVERED else {}
    ended = {"ended": at} if end.status in (UNDELIVERED, UNSENT) else {}
    return {**sent, **delivered, **ended, **({"reason": end.reason} if end.reason else {})}


def advance_message(message: Message, state: State, now: Instant, ids: IdReservation) -> Decision:
    """Decide the next state of a message."""
    fields = message.fields
    end = End(fields.get("end", DELIVERED), fields.get("end_reason", ""))
    if message.status == SAVED:
        if state.variants[quirks.STATES.name] != "instant":
            events: tuple[Event, ...] = (
                MessageChanged(message.serial, IN_PROGRESS),
                MessageScheduled(message.serial, now + SENT_AFTER),
            )
            return Decision(now, message, events, account=message.account)
    elif message.status == IN_PROGRESS and end.status != UNSENT:
        events = (MessageChanged(message.serial, SENT, freeze({"sent": iso(now)})),)
        if end.status != SENT:
            events += (MessageScheduled(message.serial, now + ENDED_AFTER - SENT_AFTER),)
        changed = structs.replace(message, status=SENT)
        account = state.accounts[message.account]
        return Decision(now, message, (*events, *_report(changed, account, state, now, ids)), account=message.account)
    elif message.status not in (IN_PROGRESS, SENT):
        return Decision(now, message, account=message.account)  # as one that a control call has changed
    ended = _fields_of(end, now)
    if message.status == SENT:
        del ended["sent"]
    changed = structs.replace(message, status=end.status, fields=freeze({**fields, **ended}))
    reported = _report(changed, state.accounts[message.account], state, now, ids)
    events = (MessageChanged(message.serial, end.status, freeze(ended)), *reported)
    return Decision(now, message, events, account=message.account)


def _report(message: Message, account: Account, state: State, now: Instant, ids: IdReservation) -> tuple[Event, ...]:
    """Return the event that opens the call that reports a message's state, where one is to be reported (SW-70)."""
    rule = next((rule for rule in account.forwarding if rule.service == DLR), None) if account.forwarding else None
    url: str = message.fields.get("dlr_url", "") or ("" if rule is None else rule.url)
    if not url or (message.status not in FINAL and state.variants[quirks.REPORTED.name] == "last"):
        return ()
    requires_ack = rule is not None and rule.verification
    return (open_webhook("serwersms", REPORT, message, url, ids, requires_ack=requires_ack, at=now),)
