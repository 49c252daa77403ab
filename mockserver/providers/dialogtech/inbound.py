"""Receive a message from a handset at a tracking number. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mockserver.sdk import (
    Account,
    Decision,
    IdReservation,
    Instant,
    Message,
    MessageStored,
    State,
    accounts_named,
    check_fields,
    message_schema,
    open_webhook,
    unknown_name,
)

from .webhooks import INBOUND

_SCHEMA = Path(__file__).parent / "world.schema.json"
_FIELDS = ("sender", "recipient", "text")


def receive_inbound(fields: Mapping[str, Any], state: State, now: Instant, ids: IdReservation) -> Decision:
    """Receive a message.

    Args:
        fields: ``sender``, ``recipient`` and ``text`` in the words of a world file; perhaps the name of the ``account``.
        state: of the world.
        now: when it comes in.
        ids: where its id is from.

    Raises:
        ValueError: a field is wrong, missing or unknown; one sentence names it and says what would be right.
    """
    check_fields(fields, message_schema(_SCHEMA, _FIELDS, _FIELDS))
    account = _account(fields, state)
    message = Message(
        serial=state.message_store.next_serial,
        account=account.key,
        id=str(ids.number("dialogtech.inbound", 100_000_000)),  # DT-14
        direction="inbound",
        sender=fields["sender"],
        recipient=fields["recipient"],
        at=now,
        text=fields["text"],
    )
    # 002: url="http://example.net/sms_listener.php"; DT-40
    url = account.numbers[message.recipient].url
    webhooks = () if url is None else (open_webhook("dialogtech", INBOUND, message, url, ids),)
    return Decision(now, message, (MessageStored(message), *webhooks), account=account.key)


def _account(fields: Mapping[str, Any], state: State) -> Account:
    """Return the account of that name, or else the only one that has the number and can receive messages at it."""
    accounts = accounts_named(fields, state, "dialogtech")
    homes = [account for account in accounts if fields["recipient"] in _numbers(account)]
    if len(homes) > 1:
        names = " and ".join(account.name for account in homes)
        raise ValueError(f"account: is missing; {names} have {fields['recipient']}")
    if homes:
        return homes[0]
    numbers = (number for account in accounts for number in _numbers(account))
    raise ValueError(f"recipient: {unknown_name('SMS enabled number', fields['recipient'], numbers)}")


def _numbers(account: Account) -> Iterator[str]:
    return (number.number for number in account.numbers.values() if number.sms_enabled)
