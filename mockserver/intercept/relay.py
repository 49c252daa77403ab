"""A pipe between two connections: what comes in at one end goes out at the other, and nothing looks at it.

The rules of this file:

1. How a side ends is how the other one ends: a half-close stays half, a reset is a reset.
2. Who reads slowly is waited for: nothing is read at one end that does not go out at the other.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from mockserver.http.connection import end_in_reset

if TYPE_CHECKING:
    from collections.abc import MutableSet
    from typing import Any


class PipeEnd(asyncio.Protocol):
    """One end of a pipe."""

    other: PipeEnd
    transport: asyncio.Transport
    listener = None

    def __init__(self, connections: MutableSet[Any], *, ignores_input: bool = False) -> None:
        """Nothing is connected yet.

        Args:
            connections: all open connections; this one is among them while it is connected.
            ignores_input: whether what comes in here is dropped, because the whole request was sent already.
        """
        self._connections = connections
        self._ignores_input = ignores_input
        self._has_ended = False
        """Whether nothing more comes in here."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # the one that is meant
        """It is connected, and silent until there is another end."""
        self.transport = transport
        self._connections.add(self)
        transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        """Bytes for the other end."""
        if not self._ignores_input:
            self.other.transport.write(data)

    def eof_received(self) -> bool:
        """Nothing more comes; the other way stays open until nothing more comes there either."""
        self._has_ended = True
        if self._ignores_input:
            return True
        if self.other._has_ended:  # noqa: SLF001 - the same class
            self.other.transport.close()
            return False
        with contextlib.suppress(OSError):  # asyncio's own loop finds out here that the other one has gone
            self.other.transport.write_eof()
        return True

    def pause_writing(self) -> None:
        """Who is here reads slowly."""
        if not self.other.transport.is_closing():
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        """Who is here has read."""
        if not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def connection_lost(self, reason: Exception | None) -> None:
        """It is gone, and so is the other end when all that was meant for it is out."""
        self._connections.discard(self)
        if not hasattr(self, "other") or self.other.transport.is_closing():
            return
        if reason is not None:
            end_in_reset(self.other.transport)
        self.other.transport.close()

    def shutdown(self) -> None:
        """The server stops. Whoever answers at the other end ends this too; who does not is let go after the grace."""


def join(near: PipeEnd, far: PipeEnd) -> None:
    """Let what comes in at one go out at the other, from now on."""
    near.other, far.other = far, near
    for end in (near, far):
        end.transport.resume_reading()
