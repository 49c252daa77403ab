"""Telephone numbers: which are Polish mobile ones, and the network of each, as far as its first digits tell (SW-86)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple


class Network(NamedTuple):
    """A mobile network."""

    mnc: int
    """The codes of its country and of itself, as one number."""
    name: str
    """As the vendor writes it."""
    country: str = "Polska"
    country_code: str = "PL"


ORANGE = Network(26003, "Orange (PTK Centertel Sp. z o.o.)")
PLUS = Network(26001, "Plus (Polkomtel S.A.)")
T_MOBILE = Network(26002, "T-Mobile (T-Mobile Polska S.A.)")
PLAY = Network(26006, "Play (P4 Sp. z o.o.)")

# the vendor's samples have 500600700 in Orange and 600700800 in Plus
_BY_DIGITS: Mapping[str, Network] = {
    **dict.fromkeys(("50", "51", "57"), ORANGE),
    **dict.fromkeys(("60", "69", "72", "78"), PLUS),
    **dict.fromkeys(("66", "88"), T_MOBILE),
    **dict.fromkeys(("45", "53", "73", "79"), PLAY),
}
_POLISH = re.compile(r"(?:\+?48)?([1-9][0-9]{8})", re.ASCII)
_FOREIGN = re.compile(r"\+[1-9][0-9]{7,14}", re.ASCII)


def network_of(phone: str) -> Network | None:
    """Return the network of a number in the form +48500600700; ``None`` for one that is in no Polish mobile network."""
    return _BY_DIGITS.get(phone[3:5]) if phone.startswith("+48") and len(phone) == 12 else None


def is_mobile(phone: str) -> bool:
    """Return whether a number, as a client writes it, can be a mobile one: a Polish one, or a foreign one with its plus (SW-86)."""
    sent = phone.replace(" ", "")
    polish = _POLISH.fullmatch(sent)
    if polish is not None:
        return polish[1][:2] in _BY_DIGITS
    return not sent.startswith("+48") and _FOREIGN.fullmatch(sent) is not None
