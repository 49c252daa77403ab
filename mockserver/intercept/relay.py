"""A relay between two connections: it writes the bytes that one receives to the other, unchanged.

The rules of this file:

1. One side's end is passed on as it is: a half-close as a half-close, a reset as a reset.
2. While one side reads slowly, nothing is read from the other; if it reads too slowly, both are closed.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from mockserver.http.connection import end_in_reset
from mockserver.http.discard import pace_discarding
from mockserver.http.slow_reader import ReaderWatch

if TYPE_CHECKING:
    from collections.abc import MutableSet
    from typing import Any

    from mockserver.http.connection import Limits


class RelayEnd(asyncio.Protocol):
    """One of the two connections of a relay."""

    other: RelayEnd
    transport: asyncio.Transport
    listener = None

    def __init__(
        self,
        connections: MutableSet[Any],
        loop: asyncio.AbstractEventLoop,
        limits: Limits,
        *,
        ignores_input: bool = False,
    ) -> None:
        """Create it unconnected.

        Args:
            connections: all open connections; this one is in it while it is connected.
            loop: the event loop.
            limits: the bounds; only how slow this side may be counts.
            ignores_input: whether received bytes are dropped, because the whole request was already sent.
        """
        self._connections = connections
        self._loop = loop
        self._limits = limits
        self._watch: ReaderWatch | None = None  # while this side reads slowly
        self._ignores_input = ignores_input
        self._has_ended = False
        """Whether this side has sent its last byte."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # a stream transport
        """Keep the transport, and read nothing until `join`."""
        self.transport = transport
        self._connections.add(self)
        transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        """Write received bytes to the other connection."""
        if self._ignores_input:
            pace_discarding(self._loop, self.transport, len(data))
        else:
            self.other.transport.write(data)

    def eof_received(self) -> bool:
        """Close the other connection's sending direction; close it completely if both sides have ended."""
        self._has_ended = True
        if self._ignores_input:
            return True
        if self.other._has_ended:  # noqa: SLF001 - the same class
            self.other.close()
            return False
        with contextlib.suppress(OSError):  # asyncio may notice only here that the other connection is gone
            self.other.transport.write_eof()
        return True

    def pause_writing(self) -> None:
        """Stop reading from the other connection: this side reads slowly."""
        self._watch_reader()
        if not self.other.transport.is_closing():
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        """Continue to read from the other connection."""
        self._unwatch()
        if not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def connection_lost(self, reason: Exception | None) -> None:
        """Close the other connection after its pending bytes, or reset it if this one failed."""
        self._connections.discard(self)
        self._unwatch()
        if not hasattr(self, "other"):
            return
        if not self.other.transport.is_closing():
            if reason is not None:
                end_in_reset(self.other.transport)
            self.other.close()
        del self.other  # each refers to the other; so both are freed at once

    def close(self) -> None:
        """Close this connection as soon as its client has read what was sent for it, or reads too slowly."""
        if self.transport.get_write_buffer_size():
            self._watch_reader()
        self.transport.close()

    def _watch_reader(self) -> None:
        if self._watch is None:
            self._watch = ReaderWatch(self._loop, self.transport, self._limits.slow, self.transport.abort)

    def _unwatch(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.end()

    def shutdown(self) -> None:
        """Do nothing when the server stops: the end of the other connection ends this one, or else the grace period does."""


def join(near: RelayEnd, far: RelayEnd) -> None:
    """Connect two ends to each other, and begin to relay bytes."""
    near.other, far.other = far, near
    for end in (near, far):
        end.transport.resume_reading()
