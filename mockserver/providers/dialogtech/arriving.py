"""A message comes in from a handset to a tracking number. Pure, as `operations.py` is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from mockserver.core.accounts import Account
from mockserver.core.decisions import Decision, Evidence
from mockserver.core.events import Event, MessageStored
from mockserver.core.ids import Draft
from mockserver.core.instants import Instant
from mockserver.core.messages import Message
from mockserver.core.state import State
from mockserver.snapshots.refusing import shown, unknown
from mockserver.web.faults import Schema, hold
from mockserver.web.forms import is_utf8

from .forwarding import INBOUND, opened

_REQUIRED = ("sender", "recipient", "text")


def arrive(fields: Mapping[str, Any], state: State, now: Instant, ids: Draft) -> Decision:
    """Take in a message.

    Args:
        fields: ``sender``, ``recipient`` and ``text`` in the words of a world file; perhaps the name of the ``account``.
        state: of the world.
        now: when it comes in.
        ids: where its id is from.

    Raises:
        ValueError: a field is wrong, missing or unknown; one sentence names it and says what would be right.
    """
    hold(dict(fields), _schema(), ())
    if not is_utf8(fields["text"]):
        raise ValueError(f"text: {shown(fields['text'])} is not text that UTF-8 can carry")
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
    return Decision(now, message, events, Evidence("arrive"), account.key)


@cache
def _schema() -> Schema:
    """What the fields are held to: a message of a world file, and whose it is."""
    definitions = orjson.loads((Path(__file__).parent / "world.schema.json").read_bytes())["definitions"]
    known = definitions["message"]["properties"]
    return {
        "definitions": definitions,
        "type": "object",
        "required": _REQUIRED,
        "additionalProperties": False,
        "properties": {name: known[name] for name in _REQUIRED} | {"account": definitions["name"]},
    }


def _account(fields: Mapping[str, Any], state: State) -> Account:
    """The account of that name, or else the only one, that has the number and can receive by it."""
    accounts = [account for account in state.accounts.values() if account.provider == "dialogtech"]
    if "account" in fields:
        accounts = [account for account in accounts if account.name == fields["account"]] or _refuse(fields, accounts)
    homes = [account for account in accounts if fields["recipient"] in _numbers(account)]
    if len(homes) > 1:
        names = " and ".join(account.name for account in homes)
        raise ValueError(f"account: is missing; {names} have {fields['recipient']}")
    if homes:
        return homes[0]
    numbers = (number for account in accounts for number in _numbers(account))
    raise ValueError(f"recipient: {unknown('SMS enabled number', fields['recipient'], numbers)}")


def _refuse(fields: Mapping[str, Any], accounts: list[Account]) -> list[Account]:
    raise ValueError(f"account: {unknown('account', fields['account'], (account.name for account in accounts))}")


def _numbers(account: Account) -> Iterator[str]:
    return (number.number for number in account.numbers.values() if number.sms_enabled)
