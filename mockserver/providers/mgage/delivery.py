"""How a message comes in, what its program answers, and how their status changes with the world's time (MG-32). Pure.

A message from the program is Sent at once, and some seconds later it has its last status, which its handset decides. The
next export shows the status of that moment.
"""

from __future__ import annotations

from collections.abc import Mapping

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
)

from . import magic, quirks

PROCESSING, SENT, DELIVERED, RECEIVED = "Processing", "Sent", "Delivered", "Received"
PROCESSED_AFTER = SECOND
"""The time until what is processed is sent or received, in microseconds."""
DELIVERED_AFTER = 5 * SECOND
"""The time until what is sent has its last status, in microseconds."""


def last_status(message: Message, variants: Mapping[str, str]) -> str:
    """Return the status that a message from a program ends with."""
    if variants[quirks.MAGIC.name] == "off":
        return DELIVERED
    return magic.LAST_STATUSES.get(message.handset, DELIVERED)  # MG-28


def first_status(message: Message, variants: Mapping[str, str]) -> str:
    """Return the status of a message that a program sends now."""
    return SENT if variants[quirks.DELIVERY.name] == "timed" else last_status(message, variants)


def schedule(message: Message, variants: Mapping[str, str]) -> tuple[MessageScheduled, ...]:
    """Return the event that lets a message's status change later; none where it has its last one."""
    if message.status == PROCESSING:
        return (MessageScheduled(message.serial, message.at + PROCESSED_AFTER),)
    if message.direction == "outbound" and message.status == SENT and last_status(message, variants) != SENT:
        return (MessageScheduled(message.serial, message.at + DELIVERED_AFTER),)
    return ()


def advance_message(message: Message, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all providers
    """Decide which status a message has from now on."""
    changes: tuple[MessageChanged | MessageScheduled, ...] = ()
    if message.status == PROCESSING and message.direction == "inbound":
        changes = (MessageChanged(message.serial, RECEIVED),)
    elif message.status == PROCESSING:
        changes = MessageChanged(message.serial, SENT), MessageScheduled(message.serial, now + DELIVERED_AFTER)
    elif message.status == SENT and message.direction == "outbound":
        changes = (MessageChanged(message.serial, last_status(message, state.variants)),)
    return Decision(now, None, changes, account=message.account)


def store_inbound(
    account: Account,
    program: str,
    state: State,
    now: Instant,
    ids: IdReservation,
    *,
    sender: str,
    recipient: str,
    text: str,
    status: str = RECEIVED,
    network: str | None = None,
) -> tuple[Message, tuple[Event, ...]]:
    """Return a message that comes in, and the events: it is stored, and so is what its program answers (MG-32)."""
    message = Message(
        serial=state.message_store.next_serial,
        account=account.key,
        id=str(ids.number("mgage.inbound")),  # MG-22: no response shows it
        direction="inbound",
        sender=sender,
        recipient=recipient,
        at=now,
        text=text,
        status=status,
        program=program,
        network=network,
    )
    reply = account.programs[program].reply
    answers = _answer(message, reply, state, ids) if reply else ()
    return message, (MessageStored(message), *schedule(message, state.variants), *answers)


def _answer(message: Message, reply: str, state: State, ids: IdReservation) -> tuple[Event, ...]:
    """Return the events of what a program sends back to a handset."""
    sent = structs.replace(
        message,
        serial=message.serial + 1,
        id=str(ids.number("mgage.outbound")),
        direction="outbound",
        sender=message.recipient,
        recipient=message.sender,
        text=reply,
    )
    sent = structs.replace(sent, status=first_status(sent, state.variants))
    return MessageStored(sent), *schedule(sent, state.variants)
