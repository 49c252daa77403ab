"""The only place that knows the time.

A world's clock is a virtual instant, and the reading of the machine's monotonic clock at which it was true.
Without that reading the clock is frozen. Setting the machine's own clock moves no world.
"""

from __future__ import annotations

import time

from .instants import SECOND, Instant


class Clock:
    """One world's time."""

    __slots__ = ("_set",)

    def __init__(self, anchor: Instant, ticks: int | None) -> None:
        self._set = anchor, ticks
        """Together, so that whoever reads it beside somebody who sets it sees one or the other."""

    @classmethod
    def system(cls) -> Clock:
        """A clock that starts at the machine's time and ticks."""
        return cls(time.time_ns() // 1000, time.monotonic_ns())

    @classmethod
    def frozen(cls, at: Instant) -> Clock:
        """A clock that stands at an instant until it is moved."""
        return cls(at, None)

    @property
    def is_frozen(self) -> bool:
        """Whether it stands until it is moved."""
        return self._set[1] is None

    def now(self) -> Instant:
        """The world's instant."""
        anchor, ticks = self._set
        return anchor if ticks is None else anchor + (time.monotonic_ns() - ticks) // 1000

    def freeze(self, at: Instant | None = None) -> None:
        """Stop, here or at a later instant.

        Raises:
            ValueError: the instant is already past: time in a world does not run backwards (a reset does that).
        """
        now = self.now()
        if at is not None and at < now:
            raise ValueError(
                f"the clock cannot be frozen {(now - at) / SECOND:g} s in its past; reset the world to do that"
            )
        self._set = (now if at is None else at), None

    def advance(self, microseconds: int) -> Instant:
        """Move on by a duration, running or frozen; the new instant.

        Raises:
            ValueError: the duration is negative.
        """
        if microseconds < 0:
            raise ValueError("the clock cannot be moved backwards")
        anchor, ticks = self._set
        self._set = anchor + microseconds, ticks
        return self.now()

    def move_to(self, instant: Instant) -> None:
        """Move on to an instant, running or frozen; one that is past is no reason to move."""
        ahead = instant - self.now()
        if ahead > 0:
            self.advance(ahead)

    def resume(self) -> None:
        """Tick on from where the clock stands."""
        anchor, ticks = self._set
        if ticks is None:
            self._set = anchor, time.monotonic_ns()

    def copy(self) -> Clock:
        """A clock of its own that agrees with this one now."""
        return Clock(*self._set)
