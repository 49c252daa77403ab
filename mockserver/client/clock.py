"""The clock of a world: `WorldClock`."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from . import timefmt as moments
from .awaiting import awaitable
from .resource import Resource
from .timefmt import Duration, Moment
from .values import Time

_ADVANCE_SECONDS = 600.0
"""Extra seconds that moving the clock may take, because every webhook attempt on the way is made and awaited."""


class WorldClock(Resource):
    """The clock of a world, which rate limits, timestamps, deliveries and fault rules follow."""

    @property
    def now(self) -> datetime:
        """The current instant of the world, in UTC."""
        return self.show().now

    @property
    def is_frozen(self) -> bool:
        """Whether the clock is frozen."""
        return self.show().is_frozen

    @property
    def due(self) -> datetime | None:
        """The instant of the next scheduled event; ``None`` when there is none."""
        return self.show().due

    @awaitable
    def show(self) -> Time:
        """Return the state of the clock."""
        return Time.of(self._ask("GET"))

    @awaitable
    def freeze(self, at: Moment | None = None) -> Time:
        """Freeze the clock, now or at a later instant, and return the events until then.

        Raises:
            ControlError: the instant is past; `WorldClient.reset` with ``freeze`` can go back.
        """
        return self._put({"frozen": True} if at is None else {"frozen": True, "at": moments.written(at)})

    @awaitable
    def resume(self) -> Time:
        """Let the clock tick again from its present instant."""
        return self._put({"frozen": False})

    @awaitable
    def advance(
        self,
        by: Duration | None = None,
        *,
        seconds: float | None = None,
        minutes: float | None = None,
        to: Moment | None = None,
        next: Literal[True] | None = None,  # noqa: A002 - the control API's name
    ) -> Time:
        """Advance the clock, frozen or not, and return the events until then, in order.

        Exactly one argument must be given.

        Args:
            by: a duration.
            seconds: a number of seconds.
            minutes: a number of minutes.
            to: an instant.
            next: whether to advance to the next scheduled event; without one, the clock stays.

        Raises:
            ControlError: the instant is past, or another request is moving the clock.
            ValueError: not exactly one argument was given.
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
        return Time.of(self._ask("POST", "/advance", body=given[0], patience=_ADVANCE_SECONDS))

    @awaitable
    def next(self) -> Time:
        """Advance to the next scheduled event, as ``advance(next=True)``; without one, the clock stays."""
        return self.advance(next=True)

    def _put(self, body: dict[str, Any]) -> Time:
        return Time.of(self._ask("PUT", body=body, patience=_ADVANCE_SECONDS))
