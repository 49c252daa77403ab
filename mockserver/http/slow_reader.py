"""Watches how fast a client takes what was written for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

MIN_RATE = 500
"""Bytes a second that a client has to send of a body and take of a response; the rate that Apache's mod_reqtimeout requires."""


class ReaderWatch:
    """Calls back if a client takes less of what is buffered for it than `MIN_RATE` after some seconds.

    Nothing may be written meanwhile. Whoever begins one ends it as soon as the client has read, or the connection is lost.
    """

    __slots__ = ("_loop", "_on_slow", "_seconds", "_since", "_size", "_timer", "_transport")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        transport: asyncio.Transport,
        seconds: float,
        on_slow: Callable[[], object],
    ) -> None:
        """Begin.

        Args:
            loop: the event loop.
            transport: where the bytes are buffered.
            seconds: how long the client may take beyond what it needs at `MIN_RATE`.
            on_slow: called at most once, when the client is too slow.
        """
        self._loop = loop
        self._transport = transport
        self._seconds = seconds
        self._on_slow = on_slow
        self._size = transport.get_write_buffer_size()
        self._since = loop.time()
        self._timer = loop.call_later(seconds, self._check)

    def end(self) -> None:
        """Watch no longer."""
        self._timer.cancel()

    def _check(self) -> None:
        left = self._transport.get_write_buffer_size()
        if not left:
            return
        until = self._since + self._seconds + (self._size - left) / MIN_RATE
        remaining = until - self._loop.time()
        if remaining > 0:
            self._timer = self._loop.call_later(remaining, self._check)
        else:
            self._on_slow()
