"""Magic numbers: telephone numbers that cause an outcome in every world (SW-39), and that are nobody's.

Poland has set none aside. But its nine digits begin with those of an area or a network, and 99 is neither: 991 to 999
are the emergency services. The shipped worlds have no such number.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from mockserver.sdk import Magic

PREFIX = "+4899"
"""What every magic number begins with."""


def _ten(place: int, outcome: str) -> Magic:
    first = 48_990_000_000 + 10 * place
    return Magic.of("phone", f"+{first}", f"+{first + 9}", outcome)


def _reasons(*words: str) -> tuple[str, ...]:
    """Return the reason for each last digit."""
    return words + ("other_error",) * (10 - len(words))


_NOT_DELIVERED = _reasons("message_expired", "unsupported_number", "message_rejected", "missed_call", "operator_error")
_NOT_SENT = _reasons(
    *("wrong_number", "limit_exhausted", "lock_send", "wrong_message", "wrong_sender_name", "number_is_blacklisted"),
    *("sending_to_foreign_networks_is_locked", "no_permission_to_send_messages"),
)


def _list_reasons(reasons: tuple[str, ...]) -> str:
    """Return the reasons in words, each with its last digit, up to the one that stands for others."""
    return ", ".join(f"{digit} {reason}" for digit, reason in enumerate(reasons[: reasons.index("other_error") + 1]))


UNAVAILABLE = _ten(0, "rejected with 1010, System temporarily unavailable; nothing is marked as read")
NO_RESPONSE = _ten(1, "answered, and with read=true marked as read; the connection is closed without an answer")
LATE = _ten(2, "answered 2 seconds late")
SILENT = _ten(3, "never answered; the connection stays open until the client gives up")
NONE = _ten(4, "rejected with 3330, No messages, in place of an empty list")

UNDELIVERED = _ten(
    5, f"sent and not delivered; the reason by the last digit: {_list_reasons(_NOT_DELIVERED)}, others the same"
)
UNSENT = _ten(6, f"not sent after all; the reason by the last digit: {_list_reasons(_NOT_SENT)}, 9 the same")
NEVER = _ten(7, "sent, and no report ever says what became of it")
DELIVERED = _ten(8, "delivered, whatever the world's variant of SW-69")

_OF_REQUESTS = (UNAVAILABLE, NO_RESPONSE, LATE, SILENT, NONE)
MEANINGS: Mapping[str, Magic] = {phone: magic for magic in _OF_REQUESTS for phone in magic.values()}
"""Number -> its outcome for a request."""

ENDS: Mapping[str, tuple[str, str]] = {
    **{phone: ("undelivered", reason) for phone, reason in zip(UNDELIVERED.values(), _NOT_DELIVERED, strict=True)},
    **{phone: ("unsent", reason) for phone, reason in zip(UNSENT.values(), _NOT_SENT, strict=True)},
    **dict.fromkeys(NEVER.values(), ("sent", "")),
    **dict.fromkeys(DELIVERED.values(), ("delivered", "")),
}
"""Number -> the last state of a message to it, and the reason (SW-69)."""

MAGIC = (*_OF_REQUESTS, UNDELIVERED, UNSENT, NEVER, DELIVERED)

LATE_SECONDS = 2.0
"""The delay in seconds of the wall clock, as clients' time-outs are."""


def acting(phones: AbstractSet[str]) -> str | None:
    """Return the lowest magic number among those of the request, which is the one that counts."""
    return None if MEANINGS.keys().isdisjoint(phones) else min(MEANINGS.keys() & phones)
