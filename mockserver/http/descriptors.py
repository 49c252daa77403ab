"""Keeps the last file descriptors of the process for the connections that are open.

A server that has accepted as many connections as it has descriptors can answer none of them: a module that is imported
late, a page's file, a webhook's socket each need another one.
"""

from __future__ import annotations

import errno
import logging
import sys
from typing import TYPE_CHECKING, Any

from mockserver.unpatched import monotonic_ns

if sys.platform != "win32":
    from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit

if TYPE_CHECKING:
    import asyncio

logger = logging.getLogger(__name__)

RESERVE = 16
"""Descriptors that new connections leave free; at most a quarter of what the process may open."""

LOG_INTERVAL = 60.0
"""Seconds in which a shortage is logged once."""


class DescriptorReserve:
    """Decides whether there are descriptors for a new connection, and logs it when there are not."""

    def __init__(self) -> None:
        self._logged: int | None = None

    def is_enough_left(self, descriptor: int) -> bool:
        """Return whether enough descriptors are left beside that of a new connection.

        The system gives the lowest free number: one within the last `RESERVE` says that all below are taken.
        """
        limit = _limit()
        if limit is None or descriptor < limit - min(RESERVE, limit // 4):
            return True
        self._log(limit)
        return False

    def handle_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log that asyncio could not accept a connection for want of a descriptor; leave any other error to the loop.

        asyncio tries again after a second.
        """
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
            self._log(_limit() or 0)
        else:
            loop.default_exception_handler(context)

    def _log(self, limit: int) -> None:
        now = monotonic_ns()
        if self._logged is not None and now - self._logged < LOG_INTERVAL * 1e9:
            return
        self._logged = now
        logger.warning(
            "Out of file descriptors: new connections are closed until others end; this process may open %d files, "
            "and `ulimit -n N` in the shell that starts it allows more",
            limit,
        )


def _limit() -> int | None:
    """Return how many descriptors this process may have open, or ``None`` if there is no limit."""
    if sys.platform == "win32":
        return None
    soft = getrlimit(RLIMIT_NOFILE)[0]
    return None if soft == RLIM_INFINITY else soft
