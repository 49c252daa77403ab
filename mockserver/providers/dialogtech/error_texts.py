"""Other texts for the errors of an action, for clients that must not depend on ours (DT-17)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from mockserver.sdk import ProviderError

from . import errors, quirks


class ErrorTexts(NamedTuple):
    """The wordings of one error, with placeholders for its facts."""

    capitals: str
    """In the manner of ``INVALID ACCOUNT``, which clients of another action read."""
    bracket: str
    """In the manner of the printed successes: "[1] Message Sent"."""


TEXTS: Mapping[type[ProviderError], ErrorTexts] = {
    errors.BodyTooLarge: ErrorTexts("REQUEST TOO LARGE", "[Body] Too Large"),
    errors.BodyUnreadable: ErrorTexts("INVALID REQUEST", "[Body] Not Readable"),
    errors.TooManyParameters: ErrorTexts("INVALID REQUEST", "[Request] Too Many Fields"),
    errors.MissingParameter: ErrorTexts("MISSING PARAMETER", "[{name}] Required"),
    errors.UnknownAction: ErrorTexts("INVALID ACTION", "[{value}] Not Found"),
    errors.NotOffered: ErrorTexts("ACTION NOT AVAILABLE", "[{value}] Not Available"),
    errors.InvalidCredentials: ErrorTexts("INVALID ACCOUNT", "[0] Account(s) Found"),
    errors.NotText: ErrorTexts("INVALID ENCODING", "[{name}] Not Readable"),
    errors.NotANumber: ErrorTexts("INVALID NUMBER", "[{value}] Not a Number"),
    errors.NotADay: ErrorTexts("INVALID DATE", "[{value}] Not a Date"),
    errors.EndsBeforeStart: ErrorTexts("INVALID DATE RANGE", "[{start}] After [{end}]"),
    errors.MessageTooLong: ErrorTexts("MESSAGE TOO LONG", "[{length}] Character(s) in Message"),
    errors.NotATrackingNumber: ErrorTexts("NUMBER NOT ENABLED", "[{value}] Not SMS Enabled"),
    errors.TooManyPerMinute: ErrorTexts("NUMBER LIMIT REACHED", "[40] Message(s) in 60 Second(s) Sent"),
    errors.TooManyPerAccount: ErrorTexts("ACCOUNT LIMIT REACHED", "[4] Message(s) of Account in 1 Second Sent"),
    errors.TooManyPerNumber: ErrorTexts("NUMBER LIMIT REACHED", "[1] Message in 1 Second Sent"),
    errors.InvalidRecipient: ErrorTexts("INVALID RECIPIENT", "[{value}] Not Reachable"),
    errors.UnknownMessage: ErrorTexts("INVALID MESSAGE ID", "[{value}] Message Not Found"),
    errors.NotAUrl: ErrorTexts("INVALID URL", "[{value}] Not a URL"),
    errors.NumberNotOwned: ErrorTexts("NUMBER NOT FOUND", "[{value}] Not Found"),
    errors.TollfreeNumber: ErrorTexts("NUMBER NOT LOCAL", "[{value}] Toll Free"),
    errors.NumberNotCapable: ErrorTexts("NUMBER NOT CAPABLE", "[{value}] Not SMS Capable"),
    errors.NumberNotEnabled: ErrorTexts("NUMBER NOT ENABLED", "[{value}] Not SMS Enabled"),
    errors.InvalidAccount: ErrorTexts("INVALID ACCOUNT", "[0] Account(s) Found"),
}
"""Every error of an action. The errors of requests that reach no action have our text alone, whatever the variant."""


def error_text(error: ProviderError, variants: Mapping[str, str]) -> str:
    """Return the wording of an error in the world's variants."""
    texts = TEXTS.get(type(error))
    variant = variants[quirks.ERROR_TEXT.name]
    if texts is None or variant == "sentence":
        return str(error)
    return error.fill(texts.capitals if variant == "capitals" else texts.bracket)
