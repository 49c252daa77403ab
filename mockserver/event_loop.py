"""The event loops of our threads, on a clock that no test has replaced."""

from __future__ import annotations

import asyncio
import sys

from mockserver import unpatched

if sys.platform == "win32":
    from asyncio import ProactorEventLoop as _SystemEventLoop
else:
    from asyncio import SelectorEventLoop as _SystemEventLoop


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return a new event loop: uvloop's where it is installed. The process's event-loop policy is not touched."""
    try:
        import uvloop
    except ImportError:
        return _EventLoop()
    return uvloop.new_event_loop()


class _EventLoop(_SystemEventLoop):
    """asyncio's loop, on a clock that no test has replaced."""

    def time(self) -> float:
        """Return the seconds of the machine's monotonic clock."""
        return unpatched.monotonic_ns() / 1e9
