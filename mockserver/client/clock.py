"""A world's clock."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from . import timefmt as moments
from .awaiting import awaitable
from .resource import Resource
from .timefmt import Duration, Moment
from .values import Time

_JOURNEY = 600.0
"""Seconds beside the usual ones that a move of the clock may take: every attempt on its way is made, and waited for."""


class WorldClock(Resource):
    """The clock that everything in a world follows: rate windows, stamps, what is due, the windows of faults."""

    @property
    def now(self) -> datetime:
        """The world's instant."""
        return self.show().now

    @property
    def is_frozen(self) -> bool:
        """Whether the clock stands until it is moved."""
        return self.show().is_frozen

    @property
    def due(self) -> datetime | None:
        """When the next thing happens by itself; ``None`` when nothing is due."""
        return self.show().due

    @awaitable
    def show(self) -> Time:
        """How the clock stands."""
        return Time.of(self._ask("GET"))

    @awaitable
    def freeze(self, at: Moment | None = None) -> Time:
        """Stop the clock, here or at a later instant; what happened until then.

        Raises:
            ControlError: the instant is past; a reset with ``freeze`` goes back.
        """
        return self._put({"frozen": True} if at is None else {"frozen": True, "at": moments.written(at)})

    @awaitable
    def resume(self) -> Time:
        """Let the clock tick on from where it stands."""
        return self._put({"frozen": False})

    @awaitable
    def advance(
        self,
        by: Duration | None = None,
        *,
        seconds: float | None = None,
        minutes: float | None = None,
        to: Moment | None = None,
        next: Literal[True] | None = None,  # noqa: A002 - the control API's word
    ) -> Time:
        """Move on, running or frozen; what happened on the way, in order.

        Exactly one of these is given.

        Args:
            by: a duration.
            seconds: the same, as a number.
            minutes: the same, as a number.
            to: an instant.
            next: to the next thing that is due; where nothing is, the clock stays.

        Raises:
            ControlError: the instant is past, or another request is moving the clock.
            ValueError: none of these was given, or more than one.
        """
        given: list[dict[str, Any]] = []
        if by is not None:
            given.append({"seconds": moments.seconds(by)})
        if seconds is not None:
            given.append({"seconds": seconds})
        if minutes is not None:
            given.append({"seconds": minutes * 60})
        if to is not None:
            given.append({"to": moments.written(to)})
        if next is not None:
            given.append({"next": True})
        if len(given) != 1:
            raise ValueError("advance takes exactly one of a duration, seconds, minutes, to and next")
        return Time.of(self._ask("POST", "/advance", body=given[0], patience=_JOURNEY))

    @awaitable
    def next(self) -> Time:
        """Move on to the next thing that is due, as ``advance(next=True)``; where nothing is, the clock stays."""
        return self.advance(next=True)

    def _put(self, body: dict[str, Any]) -> Time:
        return Time.of(self._ask("PUT", body=body, patience=_JOURNEY))
