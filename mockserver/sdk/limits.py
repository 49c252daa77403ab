"""Rate limits on the world's clock. Pure.

A provider gets the usage of its limits by `limit_usage`, raises an error of its own where one is exceeded, and adds
`LimitUsage.events` to the events of an accepted request.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from mockserver.engine.events import UseCounted
from mockserver.engine.instants import Instant
from mockserver.engine.limits import Limit, LimitStatus, free_at, limit_status
from mockserver.engine.state import State


class ExceededLimit(NamedTuple):
    """The exceeded limit for which a request has to wait longest."""

    limit: Limit
    free_at: Instant
    """The instant of the next possible use, in microseconds since 1970."""


class LimitUsage(Struct, frozen=True, gc=False):
    """The earlier uses that count against the limits of a request."""

    limits: tuple[tuple[Limit, str], ...]
    """Each limit with the key under which its uses are counted; limits with one key share its uses."""
    uses: tuple[tuple[Instant, ...], ...]
    """The instants of the latest uses for each limit, in ascending order."""
    now: Instant

    @property
    def statuses(self) -> tuple[LimitStatus, ...]:
        """The status of each limit now."""
        pairs = zip(self.limits, self.uses, strict=True)
        return tuple(limit_status(limit, uses, self.now) for (limit, _), uses in pairs)

    def exceeded(self) -> ExceededLimit | None:
        """Return the exceeded limit that is free last, the first of several; ``None`` when another use is possible now."""
        now, latest, last = self.now, self.now, None
        for (limit, _), uses in zip(self.limits, self.uses, strict=True):
            if len(uses) >= limit.most:  # else it is free, and nothing is computed
                free = free_at(limit, uses, now)
                if free > latest:
                    latest, last = free, limit
        return None if last is None else ExceededLimit(last, latest)

    @property
    def events(self) -> tuple[UseCounted, ...]:
        """The events that count one use now."""
        counted: dict[str, UseCounted] = {}
        for limit, key in self.limits:
            if key not in counted or limit.most > counted[key].keep:
                counted[key] = UseCounted(key, self.now, limit.most)
        return tuple(counted.values())

    def counted(self) -> LimitUsage:
        """Return the usage with one more use, now."""
        return LimitUsage(self.limits, tuple((*uses, self.now) for uses in self.uses), self.now)


class UsageAfterUse(Struct, frozen=True, gc=False):
    """The usage with the accepted request itself, for the decision's trace; computed when it is read."""

    usage: LimitUsage

    @property
    def statuses(self) -> tuple[LimitStatus, ...]:
        """The status of each limit, with this use."""
        return self.usage.counted().statuses


def limit_usage(state: State, limits: tuple[tuple[Limit, str], ...], now: Instant) -> LimitUsage:
    """Return the usage of some limits.

    Args:
        state: the world's state.
        limits: each limit with the key under which its uses are counted, such as an account's key.
        now: the instant of the request.
    """
    uses: tuple[tuple[Instant, ...], ...] = ()
    for _, key in limits:
        uses += (state.uses.get(key, ()),)
    return LimitUsage(limits, uses, now)
