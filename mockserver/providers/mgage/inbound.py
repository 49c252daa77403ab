"""Receive a message from a handset in a program: an MO. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mockserver.sdk import (
    Account,
    Decision,
    IdReservation,
    Instant,
    State,
    accounts_named,
    check_fields,
    message_schema,
    unknown_name,
)

from .delivery import RECEIVED, store_inbound

_SCHEMA = Path(__file__).parent / "world.schema.json"
_REQUIRED = ("sender", "text")
_FIELDS = (*_REQUIRED, "recipient", "program", "status", "network")

# 003 has "Mobile Number" and no other number, so no response shows the short code that a message was sent to (MG-19)
CODE = "37911"


def receive_inbound(fields: Mapping[str, Any], state: State, now: Instant, ids: IdReservation) -> Decision:
    """Receive a message.

    Args:
        fields: ``sender`` and ``text`` in the words of a world file; perhaps the ``program``, where the account has
            several, the ``recipient``, the ``status`` and the ``network``, and the name of the ``account``.
        state: of the world.
        now: when it comes in.
        ids: where its id is from.

    Raises:
        ValueError: a field is wrong, missing or unknown; one sentence names it and says what would be right.
    """
    check_fields(fields, message_schema(_SCHEMA, _FIELDS, _REQUIRED))
    account, program = _home(fields, state)
    message, events = store_inbound(
        account,
        program,
        state,
        now,
        ids,
        sender=fields["sender"],
        recipient=fields.get("recipient", CODE),
        text=fields["text"],
        status=fields.get("status", RECEIVED),  # MG-20
        network=fields.get("network"),
    )
    return Decision(now, message, events, account=account.key)


def _home(fields: Mapping[str, Any], state: State) -> tuple[Account, str]:
    """Return the account and its program: the named ones, or else the only ones."""
    homes = [(account, program) for account in accounts_named(fields, state, "mgage") for program in account.programs]
    wanted = [home for home in homes if fields.get("program", home[1]) == home[1]]
    if len(wanted) == 1:
        return wanted[0]
    if not wanted and "program" in fields:
        raise ValueError(f"program: {unknown_name('program', fields['program'], (program for _, program in homes))}")
    missing = "account" if "program" in fields else "program"
    there = ", ".join(program if "account" in fields else f"{program} of {account.name}" for account, program in wanted)
    raise ValueError(f"{missing}: is missing; there is {there or 'none'}")
