"""The three rate limits of 001, on sends."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.sdk import SECOND, ExceededLimit, Instant, Limit, iso

from .errors import DialogTechError, TooManyPerAccount, TooManyPerMinute, TooManyPerNumber

# 001: "The SMS API enforces the following rate-limits"
PER_MINUTE = Limit(40, 60, "40 sms per number per 60 seconds")
PER_ACCOUNT = Limit(4, 1, "4 sms per DialogTech account per second")
PER_NUMBER = Limit(1, 1, "1 sms per number per second")

ERRORS: Mapping[type[DialogTechError], Limit] = {
    TooManyPerMinute: PER_MINUTE,
    TooManyPerAccount: PER_ACCOUNT,
    TooManyPerNumber: PER_NUMBER,
}
"""The error of each limit."""
_ERRORS = {limit: error for error, limit in ERRORS.items()}


def error(exceeded: ExceededLimit, now: Instant) -> DialogTechError:
    """Return the error of the limit that a send has to wait for."""
    return _until(_ERRORS[exceeded.limit], exceeded.free_at, now)


def just_filled(error: type[DialogTechError], now: Instant) -> DialogTechError:
    """Return the error of a limit as if its window had been filled at this instant."""
    return _until(error, now + ERRORS[error].seconds * SECOND, now)


def _until(error: type[DialogTechError], free_at: Instant, now: Instant) -> DialogTechError:
    return error(seconds=f"{(free_at - now) / SECOND:.3f}", free_at=iso(free_at))
