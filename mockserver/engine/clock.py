"""A world's clock, frozen at an instant or running beside the machine's. Only this module reads the time.

A clock is an immutable value: moving it returns another one, which becomes the world's by the event `ClockChanged`. A
running clock is an offset from the machine's time, which is read once when the process starts and then counted by
the monotonic clock, so setting the machine's clock moves no world.
"""

from __future__ import annotations

from msgspec import Struct

from mockserver.unpatched import frozen_time_ns, monotonic_ns, time_ns

from .instants import Instant

_STARTED_AT = time_ns() // 1000 - monotonic_ns() // 1000
"""The instant at which the monotonic clock was 0, by the machine's clock when this process started."""


def machine_time() -> Instant:
    """Return the time of this machine."""
    return _STARTED_AT + monotonic_ns() // 1000


def frozen_time() -> Instant | None:
    """Return the instant at which a test has frozen this process's time; ``None`` where it has not."""
    nanoseconds = frozen_time_ns()
    return None if nanoseconds is None else nanoseconds // 1000


class Clock(Struct, frozen=True, gc=False):
    """One world's clock."""

    frozen_at: Instant | None = None
    """The instant of a frozen clock; ``None`` for a running one."""
    offset: int = 0
    """Microseconds by which a running clock is ahead of the machine's time."""

    @classmethod
    def system(cls) -> Clock:
        """Return a running clock that shows the machine's time."""
        return cls(None, time_ns() // 1000 - machine_time())

    @classmethod
    def frozen(cls, at: Instant) -> Clock:
        """Return a clock that is frozen at an instant."""
        return cls(at)

    @property
    def is_frozen(self) -> bool:
        """Whether it stays at its instant until it is moved."""
        return self.frozen_at is not None

    def now(self, at: Instant | None = None) -> Instant:
        """Return the current instant.

        Args:
            at: the time by which it runs, where it is not this machine's.
        """
        if self.frozen_at is not None:
            return self.frozen_at
        return self.offset + (machine_time() if at is None else at)

    def advance(self, microseconds: int) -> Clock:
        """Return a clock that is further by a duration, running or frozen as this one is.

        Raises:
            ValueError: the duration is negative.
        """
        if microseconds < 0:
            raise ValueError("the clock cannot be moved backwards")
        if self.frozen_at is None:
            return Clock(None, self.offset + microseconds)
        return Clock(self.frozen_at + microseconds)

    def move_to(self, instant: Instant, now: Instant) -> Clock:
        """Return a clock that is at an instant, running or frozen as this one is; a past instant moves nothing.

        Args:
            instant: where it is moved to.
            now: the current instant, which the caller has read: one that runs shows a later one at each reading.
        """
        return self.advance(max(0, instant - now))

    def resume(self, at: Instant | None = None) -> Clock:
        """Return a clock that runs on from the current instant; ``at`` as in `now`."""
        if self.frozen_at is None:
            return self
        return Clock(None, self.frozen_at - (machine_time() if at is None else at))
