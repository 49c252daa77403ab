"""Rate limits: how often something may be done in so many seconds of the world's clock. Pure.

A provider names its limits, asks `limit_usage` where a request stands, raises an error of its own where one is
exceeded, and puts `LimitUsage.events` among the events of what it accepts.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from mockserver.engine.events import UseCounted
from mockserver.engine.instants import Instant
from mockserver.engine.limits import Limit, LimitStatus, free_at, limit_status
from mockserver.engine.state import State


class ExceededLimit(NamedTuple):
    """The limit that a request has to wait for."""

    limit: Limit
    free_at: Instant
    """When another use is possible: microseconds since 1970."""


class LimitUsage(Struct, frozen=True, gc=False):
    """The earlier uses that a request meets at some limits."""

    limits: tuple[tuple[Limit, str], ...]
    """Each limit with the key of whose uses count; limits on one thing share its uses."""
    uses: tuple[tuple[Instant, ...], ...]
    """The latest uses for each of them, in ascending order."""
    now: Instant

    @property
    def statuses(self) -> tuple[LimitStatus, ...]:
        """Where each limit stands now."""
        pairs = zip(self.limits, self.uses, strict=True)
        return tuple(limit_status(limit, uses, self.now) for (limit, _), uses in pairs)

    def exceeded(self) -> ExceededLimit | None:
        """The limit that is free again last, the first of several; ``None`` when another use is possible now."""
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
        """The same with one use more, now."""
        return LimitUsage(self.limits, tuple((*uses, self.now) for uses in self.uses), self.now)


class UsageAfterUse(Struct, frozen=True, gc=False):
    """Where the limits stand once this use is counted; computed when somebody asks, for the decision's trace."""

    usage: LimitUsage

    @property
    def statuses(self) -> tuple[LimitStatus, ...]:
        """Where each limit stands, with this use among the others."""
        return self.usage.counted().statuses


def limit_usage(state: State, limits: tuple[tuple[Limit, str], ...], now: Instant) -> LimitUsage:
    """Where a request stands.

    Args:
        state: of the world.
        limits: each limit with the key of whose uses count, such as an account's key.
        now: when it is asked.
    """
    uses: tuple[tuple[Instant, ...], ...] = ()
    for _, key in limits:
        uses += (state.uses.get(key, ()),)
    return LimitUsage(limits, uses, now)
