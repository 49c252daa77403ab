"""Rate limits with sliding or fixed windows, as pure functions.

Sliding: ``most`` uses in any ``seconds``; another is possible as soon as the ``most``-th latest use is ``seconds`` old.
Fixed: ``most`` uses in each of the windows of ``seconds`` that follow one another from 1970-01-01T00:00:00Z.
For both, the latest ``most`` uses are all that is needed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from msgspec import Struct

from .instants import SECOND, Instant


class Limit(Struct, frozen=True):
    """A rate limit: at most ``most`` uses in ``seconds``."""

    most: int
    seconds: int
    sentence: str
    """The limit in the document's words."""
    is_fixed: bool = False
    """Whether windows are fixed; else they slide, so that every instant ends one."""

    def window_start(self, now: Instant) -> Instant:
        """Return the first instant whose uses count at an instant."""
        length = self.seconds * SECOND
        return now - now % length if self.is_fixed else now - length + 1


class LimitStatus(Struct, frozen=True):
    """The status of a limit at an instant."""

    limit: Limit
    used: int
    """The uses inside the window at the instant."""
    free_at: Instant
    """When another use is possible: the instant itself if it is possible then."""


def free_at(limit: Limit, uses: Sequence[Instant], now: Instant) -> Instant:
    """Return when another use is possible, not before now, from the latest uses in ascending order."""
    if len(uses) < limit.most:
        return now
    if limit.is_fixed:
        start = limit.window_start(now)
        return now if uses[-limit.most] < start else start + limit.seconds * SECOND
    return max(now, uses[-limit.most] + limit.seconds * SECOND)


def limit_status(limit: Limit, uses: Sequence[Instant], now: Instant) -> LimitStatus:
    """Return the status of a limit, from the latest uses in ascending order."""
    latest = uses[-limit.most :]
    used = len(latest) - bisect_left(latest, limit.window_start(now))
    return LimitStatus(limit, used, free_at(limit, uses, now))
