"""Magic numbers: telephone numbers that cause an outcome in every world (DT-39), and that are nobody's.

555-0100 to 555-0199 are set aside for fiction in every North American area, and 999 is no area: codes with a 9 in the
middle wait for the day on which numbers grow longer. The shipped worlds have no number of that area either.
"""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.sdk import SECOND, InboundScheduled, Instant, Magic, Message

from .errors import DialogTechError, TooManyPerAccount, TooManyPerMinute, TooManyPerNumber


def _ten(place: int, outcome: str) -> Magic:
    first = 9_995_550_100 + 10 * place
    return Magic.of("to", str(first), str(first + 9), outcome)


INVALID = _ten(0, "rejected as an invalid recipient")
PER_MINUTE = _ten(1, "rejected as the 41st sms of a number within 60 seconds")
PER_ACCOUNT = _ten(2, "rejected as the fifth sms of an account within a second")
PER_NUMBER = _ten(3, "rejected as the second sms of a number within a second")
NO_RESPONSE = _ten(4, "accepted and stored; the connection is closed without an answer")
REPLIED = _ten(5, "accepted; 30 seconds later the handset answers 'Reply to: ' and the text")

MAGIC = (INVALID, PER_MINUTE, PER_ACCOUNT, PER_NUMBER, NO_RESPONSE, REPLIED)
MEANINGS: Mapping[str, Magic] = {number: magic for magic in MAGIC for number in magic.values()}
"""Number -> its outcome."""

FILLED: Mapping[Magic, type[DialogTechError]] = {
    PER_MINUTE: TooManyPerMinute,
    PER_ACCOUNT: TooManyPerAccount,
    PER_NUMBER: TooManyPerNumber,
}
"""The limit that each of them reports as reached, whatever its real use."""

PAUSE: Instant = 30 * SECOND
"""The time until the handset answers, in microseconds."""


def origin(message: Message, account: str) -> InboundScheduled:
    """Return the reply that will come in to the account of that name."""
    fields = {
        "account": account,
        "sender": message.recipient,
        "recipient": message.sender,
        "text": reply_text(message.text),
    }
    return InboundScheduled(message.at + PAUSE, "dialogtech", fields)


def reply_text(text: str) -> str:
    """Return what the handset answers to a text."""
    return f"Reply to: {text}"
