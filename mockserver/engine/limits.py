"""Rate windows, pure.

Sliding: ``most`` uses in any ``seconds``; another is possible as soon as the ``most``-th latest use is ``seconds`` old.
Fixed: ``most`` uses in each of the windows of ``seconds`` that follow one another from 1970-01-01T00:00:00Z.
Of both, the latest ``most`` instants say everything.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from msgspec import Struct

from .instants import SECOND, Instant


class Limit(Struct, frozen=True):
    """At most so many uses in so many seconds."""

    most: int
    seconds: int
    sentence: str
    """The document's words."""
    is_fixed: bool = False
    """Whether windows follow one another; else every instant ends one."""

    def begin(self, now: Instant) -> Instant:
        """The first instant whose use counts at an instant."""
        length = self.seconds * SECOND
        return now - now % length if self.is_fixed else now - length + 1


class LimitStatus(Struct, frozen=True):
    """How a limit stood at an instant."""

    limit: Limit
    used: int
    """Uses inside the window at the instant."""
    free_at: Instant
    """When another use is possible; not later than the instant if it is possible now."""


def free_at(limit: Limit, uses: Sequence[Instant], now: Instant) -> Instant:
    """When another use is possible, from the latest uses in ascending order; not before now."""
    if len(uses) < limit.most:
        return now
    if limit.is_fixed:
        begin = limit.begin(now)
        return now if uses[-limit.most] < begin else begin + limit.seconds * SECOND
    return max(now, uses[-limit.most] + limit.seconds * SECOND)


def standing(limit: Limit, uses: Sequence[Instant], now: Instant) -> LimitStatus:
    """Where a limit stands, from the latest uses in ascending order."""
    latest = uses[-limit.most :]
    used = len(latest) - bisect_left(latest, limit.begin(now))
    return LimitStatus(limit, used, free_at(limit, uses, now))
