"""A delivery on its way over a connection: late, slow, cut, reset, silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockserver.web.answer import Delivery, Ending
from mockserver.web.cycle import Cycle

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from mockserver.web.shell import Shell


class Performance:
    """A ``Delivery`` on its way: late, slow, cut, reset, silent. At any moment it waits for one timer or one callback."""

    __slots__ = ("body", "cycle", "delivery", "first", "place", "shell", "then", "timer")

    def __init__(self, shell: Shell, cycle: Cycle, delivery: Delivery, head: bytes) -> None:
        self.shell = shell
        self.cycle = cycle
        self.delivery = delivery
        self.first = head
        self.body = cycle.payload()[: delivery.cut]
        if delivery.instead is not None:
            self.first, self.body = b"", delivery.instead
        self.place = 0  # bytes of the body that are out
        self.timer: asyncio.TimerHandle | None = None
        self.then: Callable[[], None] | None = None  # what to do when the client has read

    def begin(self) -> None:
        """Speak, now or after the delay."""
        if self.delivery.delay > 0:
            self.timer = self.shell.loop.call_later(self.delivery.delay, self._resumed, self._speak)
        else:
            self._speak()

    def cancel(self) -> None:
        """Do nothing any more."""
        if self.timer is not None:
            self.timer.cancel()
        self.then = None

    def drained(self) -> None:
        """The client has read what was written."""
        then, self.then = self.then, None
        if then is not None:
            self._resumed(then)

    def _resumed(self, step: Callable[[], None]) -> None:
        """Take a step that was waited for; if it was the last, the next request is due."""
        self.timer = None
        if not self.shell.transport.is_closing():  # else connection_lost is on its way
            step()
            self.shell.proceed()

    def _speak(self) -> None:
        pace = self.delivery.pace
        size = len(self.body) if pace is None else max(pace.size, 1)
        piece = self.first + self.body[self.place : self.place + size]
        self.first = b""
        self.place += size
        self.shell.write(self.cycle, piece)
        if pace is None or self.place >= len(self.body):
            self._end()
        elif self.shell.flow.write_paused:
            self.then = self._pause
        else:
            self._pause()

    def _pause(self) -> None:
        assert self.delivery.pace is not None
        self.timer = self.shell.loop.call_later(self.delivery.pace.pause, self._resumed, self._speak)

    def _end(self) -> None:
        ending = self.delivery.ending
        if ending is Ending.RESET:
            self.cycle.settle("reset")
            self.shell.reset()
        elif ending is Ending.HANG:
            self.shell.hang(self.cycle)
        elif ending is Ending.CLOSE or self._is_short() or self.delivery.instead is not None:
            # A message that is not whole leaves nothing for a next one to follow.
            self.cycle.settle("cut" if self._is_short() else "close")
            self.shell.leave()
        else:
            self.shell.complete(self.cycle)

    def _is_short(self) -> bool:
        return self.delivery.instead is None and len(self.body) < len(self.cycle.payload())
