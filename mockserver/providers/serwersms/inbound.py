"""Receive a message from a handset, as one of the five types. Pure."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from mockserver.sdk import (
    Account,
    Attachment,
    Decision,
    IdReservation,
    Instant,
    Schema,
    State,
    accounts_named,
    check_fields,
    message_schema,
)

from .webhooks import find_answered, store_and_forward

_SCHEMA = Path(__file__).parent / "world.schema.json"
_REQUIRED = ("kind", "sender", "text")
_FIELDS = ("kind", "sender", "recipient", "text", "reference", "title", "attachments")

KINDS: Mapping[str, tuple[str, ...]] = {
    "eco": ("reference",),
    "nd": ("recipient",),
    "ndi": ("recipient",),
    "pre": ("recipient",),
    "mms": ("recipient", "title", "attachments"),
}
"""Kind of message -> the fields that it may have beside sender and text."""


def receive_inbound(fields: Mapping[str, Any], state: State, now: Instant, ids: IdReservation) -> Decision:
    """Receive a message.

    Args:
        fields: in the words of a world file: ``kind``, ``sender`` and, unless it is an MMS, ``text``; of an ``eco``
            message also the ``reference`` to the one that it answers; without one it answers the latest SMS to its sender, and
            of such an answer the kind may be left out too; of an ``ndi`` message and of an MMS the
            ``recipient``; of an MMS perhaps ``title`` and ``attachments``, which need no ``id``. Perhaps the name of
            the ``account``, which may be left out where there is one alone, or one alone that forwards what comes in so.
        state: of the world.
        now: when it comes in.
        ids: where its id is from.

    Raises:
        ValueError: a field is wrong, missing or unknown; one sentence names it and says what would be right.
    """
    full = _completed(_answering(fields, state), ids)
    check_fields(full, _schema())
    account = _account(full, state)
    message = {name: full[name] for name in _FIELDS if name in full}
    message["attachments"] = tuple(map(_attachment, full.get("attachments", ())))
    stored = store_and_forward(message, account, state, now, ids)
    return Decision(now, stored.message, stored.events, account=account.key)


def _answering(fields: Mapping[str, Any], state: State) -> Mapping[str, Any]:
    """Return the fields with what the SMS that the message answers tells, where they leave it out (SW-72)."""
    sender, kind = fields.get("sender"), fields.get("kind", "")
    if not isinstance(sender, str) or kind not in ("", "eco") or "reference" in fields:
        return fields
    for account in accounts_named(fields, state, "serwersms"):
        answered = find_answered(account, sender, state)
        if answered is not None:
            own = (each for each in (answered.sender, f"+48{answered.sender}") if each in account.numbers)
            number = None if kind else next(own, None)
            if number is not None:
                return {"account": account.name, "kind": "ndi", "recipient": number, **fields}
            return {"account": account.name, "kind": "eco", "reference": answered.id, **fields}
    return fields


def _completed(fields: Mapping[str, Any], ids: IdReservation) -> dict[str, Any]:
    """Return the fields, completed with the optional ones."""
    full = dict(fields)
    if full.get("kind") == "mms":
        full = {"text": "", "title": "", "attachments": [], **full}
    if isinstance(full.get("attachments"), list):
        full["attachments"] = [_numbered(part, ids) for part in full["attachments"]]
    return full


def _numbered(part: Any, ids: IdReservation) -> Any:
    """Return an attachment with an id; anything else is returned as it is."""
    if not isinstance(part, dict) or "id" in part:
        return part
    return {"id": ids.number("serwersms.attachment", 100_000_000), **part}


@cache
def _schema() -> Schema:
    """Return the schema of the fields: that of a message of its kind."""
    plain = message_schema(_SCHEMA, _FIELDS, _REQUIRED)
    kinds = plain["definitions"]["inbound_message"]["allOf"]
    return {**plain, "allOf": [*kinds, _WITH_A_RECIPIENT, _WITHOUT_A_REFERENCE]}


_WITH_A_RECIPIENT: Schema = {
    "if": {"properties": {"kind": {"enum": ["ndi", "mms"]}}},  # SW-21, SW-25: the recipient is shown, or searched for
    "then": {
        "required": ["recipient"],
        "properties": {"recipient": {"minLength": 1, "description": "the number that was hit"}},
    },
}
_WITHOUT_A_REFERENCE: Schema = {
    "if": {"properties": {"kind": {"const": "eco"}}},
    "else": {
        "properties": {
            "reference": {"maxLength": 0, "description": "left out, for only an eco message answers another"}
        }
    },
}


def _attachment(described: Mapping[str, Any]) -> Attachment:
    return Attachment(described["id"], described["name"], described["content_type"], b64decode(described["data"]))


def _account(fields: Mapping[str, Any], state: State) -> Account:
    """Return the account of that name; else the only one, or the only one that forwards such messages."""
    accounts = accounts_named(fields, state, "serwersms")
    meant = accounts if len(accounts) == 1 else [account for account in accounts if _forwards(account, fields)]
    if len(meant) != 1:
        names = " and ".join(account.name for account in accounts)
        raise ValueError(f"account: is missing; there is {names or 'none'}")
    return meant[0]


def _forwards(account: Account, fields: Mapping[str, Any]) -> bool:
    hit = (fields["kind"], fields.get("recipient", ""))
    return any(rule.service == hit[0] and rule.number in ("", hit[1]) for rule in account.forwarding)
