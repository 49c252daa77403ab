"""Reads what is thrown away, such as the rest of a body that was rejected, at a bounded rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

LONG_READ = 16 * 1024
"""Bytes that are received at once while more are to come. uvloop reads up to 32 times from one connection before it looks at the others,
256 kB each time."""

DISCARD_INTERVAL = 0.01
"""Seconds between two long reads of bytes that are thrown away."""


def pace_discarding(loop: asyncio.AbstractEventLoop, transport: asyncio.Transport, size: int) -> None:
    """Read nothing for a moment if much was received that is thrown away.

    A client that sends it as fast as it can would otherwise keep the event loop busy, and delay every other client.

    Args:
        loop: the event loop.
        transport: where it was received.
        size: bytes that were received at once.
    """
    if size >= LONG_READ and not transport.is_closing():
        transport.pause_reading()
        loop.call_later(DISCARD_INTERVAL, _read_on, transport)


def _read_on(transport: asyncio.Transport) -> None:
    if not transport.is_closing():
        transport.resume_reading()
