"""Sliding windows, pure.

``most`` uses in any ``seconds``: another is possible as soon as the ``most``-th latest use is ``seconds`` old.
So the latest ``most`` instants say everything, and no window has an edge of its own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from msgspec import Struct

from .instants import SECOND, Instant


class Limit(Struct, frozen=True):
    """At most so many uses in so many seconds."""

    most: int
    seconds: int
    sentence: str
    """The document's words."""


class LimitStatus(Struct, frozen=True):
    """How a limit stood at an instant."""

    limit: Limit
    used: int
    """Uses inside the window that ends at the instant."""
    free_at: Instant
    """When another use is possible; not later than the instant if it is possible now."""


def free_at(limit: Limit, uses: Sequence[Instant], now: Instant) -> Instant:
    """When another use is possible, from the latest uses in ascending order; not before now."""
    return now if len(uses) < limit.most else max(now, uses[-limit.most] + limit.seconds * SECOND)


def standing(limit: Limit, uses: Sequence[Instant], now: Instant) -> LimitStatus:
    """Where a limit stands, from the latest uses in ascending order."""
    latest = uses[-limit.most :]
    used = len(latest) - bisect_right(latest, now - limit.seconds * SECOND)
    return LimitStatus(limit, used, free_at(limit, uses, now))
