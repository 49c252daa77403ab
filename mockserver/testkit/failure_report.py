"""The report of a failing test: its world's journal, with explanations of rejected requests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mockserver.admin.report import MOST, cut, format_report
from mockserver.client import ControlError, NoServer

if TYPE_CHECKING:
    from mockserver.client import WorldClient
    from mockserver.intercept.hosts import RequestedAddress


def failure_report(world: WorldClient, leaks: Iterable[RequestedAddress] = ()) -> str:
    """Return blocked connections, the journal, and explanations of requests that failed or have near misses."""
    blocked = [cut(f"rejected: {request} is a provider's, and no one answers for it") for request in leaks]
    try:
        last = world.journal(limit=1).last
        exchanges = world.journal(since=max(last - MOST, world.since_exchange))
        journal = format_report(world.id, last - world.since_exchange, exchanges, world.explain)
    except (ControlError, NoServer) as reason:  # the test has deleted the world
        return f"the journal of world {world.id} is gone: {reason}"
    return "\n".join([*blocked, journal])
