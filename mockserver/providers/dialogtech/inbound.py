"""A message comes in from a handset to a tracking number. Pure, as `operations.py` is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mockserver.engine.accounts import Account
from mockserver.engine.decisions import Decision
from mockserver.engine.events import Event, MessageStored
from mockserver.engine.ids import IdReservation
from mockserver.engine.instants import Instant
from mockserver.engine.messages import Message
from mockserver.engine.state import State
from mockserver.sdk.inbound import candidates, check_texts, message_schema
from mockserver.validation.json_schema import hold
from mockserver.validation.messages import unknown

from .webhooks import INBOUND, opened

_SCHEMA = Path(__file__).parent / "world.schema.json"
_FIELDS = ("sender", "recipient", "text")


def arrive(fields: Mapping[str, Any], state: State, now: Instant, ids: IdReservation) -> Decision:
    """Take in a message.

    Args:
        fields: ``sender``, ``recipient`` and ``text`` in the words of a world file; perhaps the name of the ``account``.
        state: of the world.
        now: when it comes in.
        ids: where its id is from.

    Raises:
        ValueError: a field is wrong, missing or unknown; one sentence names it and says what would be right.
    """
    hold(dict(fields), message_schema(_SCHEMA, _FIELDS, _FIELDS))
    check_texts(fields)
    account = _account(fields, state)
    message = Message(
        serial=state.ledger.next_serial,
        account=account.key,
        id=str(ids.number("dialogtech.inbound", 100_000_000)),  # DT-14
        direction="inbound",
        sender=fields["sender"],
        recipient=fields["recipient"],
        at=now,
        text=fields["text"],
    )
    events: tuple[Event, ...] = (MessageStored(message),)
    # 002: url="http://example.net/sms_listener.php"; DT-40
    url = account.numbers[message.recipient].url
    if url is not None:
        events += (opened(INBOUND, message, url, ids),)
    return Decision(now, message, events, account=account.key)


def _account(fields: Mapping[str, Any], state: State) -> Account:
    """The account of that name, or else the only one, that has the number and can receive by it."""
    accounts = candidates(fields, state, "dialogtech")
    homes = [account for account in accounts if fields["recipient"] in _numbers(account)]
    if len(homes) > 1:
        names = " and ".join(account.name for account in homes)
        raise ValueError(f"account: is missing; {names} have {fields['recipient']}")
    if homes:
        return homes[0]
    numbers = (number for account in accounts for number in _numbers(account))
    raise ValueError(f"recipient: {unknown('SMS enabled number', fields['recipient'], numbers)}")


def _numbers(account: Account) -> Iterator[str]:
    return (number.number for number in account.numbers.values() if number.sms_enabled)
