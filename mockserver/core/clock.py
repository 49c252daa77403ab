"""The only place that knows the time.

A world's clock is a virtual instant, and the reading of the machine's monotonic clock at which it was true.
Without that reading the clock is frozen. Setting the machine's own clock moves no world.
"""

from __future__ import annotations

import time

from .instants import SECOND, Instant


class Clock:
    """One world's time."""

    __slots__ = ("_anchor", "_ticks")

    def __init__(self, anchor: Instant, ticks: int | None) -> None:
        self._anchor = anchor
        self._ticks = ticks

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
        return self._ticks is None

    def now(self) -> Instant:
        """The world's instant."""
        if self._ticks is None:
            return self._anchor
        return self._anchor + (time.monotonic_ns() - self._ticks) // 1000

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
        self._anchor, self._ticks = (now if at is None else at), None

    def advance(self, microseconds: int) -> Instant:
        """Move on by a duration, running or frozen; the new instant.

        Raises:
            ValueError: the duration is negative.
        """
        if microseconds < 0:
            raise ValueError("the clock cannot be moved backwards")
        self._anchor += microseconds
        return self.now()

    def resume(self) -> None:
        """Tick on from where the clock stands."""
        if self._ticks is None:
            self._ticks = time.monotonic_ns()

    def copy(self) -> Clock:
        """A clock of its own that agrees with this one now."""
        return Clock(self._anchor, self._ticks)
