"""Magic numbers: telephone numbers that cause an outcome in every world (SW-39), and that are nobody's.

Poland has set none aside. But its nine digits begin with those of an area or a network, and 99 is neither: 991 to 999
are the emergency services. The shipped worlds have no such number.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from mockserver.sdk import Magic


def _ten(place: int, outcome: str) -> Magic:
    first = 48_990_000_000 + 10 * place
    return Magic.of("phone", f"+{first}", f"+{first + 9}", outcome)


UNAVAILABLE = _ten(0, "rejected with 1010, System temporarily unavailable; nothing is marked as read")
NO_RESPONSE = _ten(1, "answered, and with read=true marked as read; the connection is closed without an answer")
LATE = _ten(2, "answered 2 seconds late")
SILENT = _ten(3, "never answered; the connection stays open until the client gives up")
NONE = _ten(4, "rejected with 3330, No messages, in place of an empty list")

MAGIC = (UNAVAILABLE, NO_RESPONSE, LATE, SILENT, NONE)
MEANINGS: Mapping[str, Magic] = {phone: magic for magic in MAGIC for phone in magic.values()}
"""Number -> its outcome."""

LATE_SECONDS = 2.0
"""The delay in seconds of the wall clock, as clients' time-outs are."""


def acting(phones: AbstractSet[str]) -> str | None:
    """Return the lowest magic number among those of the request, which is the one that counts."""
    return None if MEANINGS.keys().isdisjoint(phones) else min(MEANINGS.keys() & phones)
