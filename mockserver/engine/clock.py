"""The only place that knows the time: a world's clock, frozen at an instant or running beside the machine's.

A clock is a value. Whoever moves it makes another one, which becomes the world's by the event `ClockChanged`. A
running clock is an offset from the machine's time, which is read once when the process starts and then counted by
the monotonic clock: setting the machine's own clock moves no world.
"""

from __future__ import annotations

import time

from msgspec import Struct

from .instants import SECOND, Instant

_STARTED_AT = time.time_ns() // 1000 - time.monotonic_ns() // 1000
"""The instant at which the monotonic clock stood at 0, as the machine's clock had it when this process started."""


def _machine_time() -> Instant:
    return _STARTED_AT + time.monotonic_ns() // 1000


class Clock(Struct, frozen=True, gc=False):
    """One world's time."""

    frozen_at: Instant | None = None
    """The instant at which it stands; ``None`` for a running one."""
    offset: int = 0
    """Microseconds by which a running one is ahead of the machine's time."""

    @classmethod
    def system(cls) -> Clock:
        """A running clock that agrees with the machine's now."""
        return cls(None, time.time_ns() // 1000 - _machine_time())

    @classmethod
    def frozen(cls, at: Instant) -> Clock:
        """A clock that stands at an instant until it is moved."""
        return cls(at)

    @property
    def is_frozen(self) -> bool:
        """Whether it stands until it is moved."""
        return self.frozen_at is not None

    def now(self) -> Instant:
        """The instant that it shows."""
        return self.offset + _machine_time() if self.frozen_at is None else self.frozen_at

    def freeze(self, at: Instant | None = None) -> Clock:
        """Stop it, here or at a later instant.

        Raises:
            ValueError: the instant is already past: time in a world does not run backwards (a reset does that).
        """
        now = self.now()
        if at is not None and at < now:
            raise ValueError(
                f"the clock cannot be frozen {(now - at) / SECOND:g} s in its past; reset the world to do that"
            )
        return Clock(now if at is None else at)

    def advance(self, microseconds: int) -> Clock:
        """Move it on by a duration, running or frozen.

        Raises:
            ValueError: the duration is negative.
        """
        if microseconds < 0:
            raise ValueError("the clock cannot be moved backwards")
        if self.frozen_at is None:
            return Clock(None, self.offset + microseconds)
        return Clock(self.frozen_at + microseconds)

    def move_to(self, instant: Instant) -> Clock:
        """Move it on to an instant, running or frozen; one that is past moves nothing."""
        return self.advance(max(0, instant - self.now()))

    def resume(self) -> Clock:
        """Let it run on from where it stands."""
        return self if self.frozen_at is None else Clock(None, self.frozen_at - _machine_time())
