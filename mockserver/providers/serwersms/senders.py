"""Which senders an account may send with (SW-60)."""

from __future__ import annotations

from mockserver.sdk import Account, State

from .entries import SENDERS
from .errors import SenderNotUsable

READY_MADE = ("INFORMACJA", "INFO", "KONKURS", "NOWOSC", "OFERTA", "OKAZJA", "PROMOCJA", "SMS", "ZAPROSZENIE")
"""The ready-made names, which every account may use."""
TWO_WAY = "2waySMS"
"""Stands for a number that takes answers."""


def check_sender(sender: str, account: Account, state: State) -> None:
    """Check that an account may send with a sender.

    Raises:
        SenderNotUsable: it may not.
    """
    if sender in READY_MADE or sender == TWO_WAY:
        return
    own = state.entries.get(account.key, SENDERS, sender)
    if own is not None and own.status == "authorized":
        return
    if sender.isdecimal() and len(sender) in (4, 9) and not {sender, f"+48{sender}"}.isdisjoint(account.numbers):
        return
    raise SenderNotUsable(value=sender)
