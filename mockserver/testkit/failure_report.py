"""The report of a failing test: its world's journal, with explanations of rejected requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mockserver.admin.text_format import format_explanation, format_line
from mockserver.client import ControlError, NoServer

if TYPE_CHECKING:
    from mockserver.client import ExchangeRecord, WorldClient
    from mockserver.intercept.hosts import RequestedAddress

MOST = 20
"""The maximal number of exchanges listed, the latest ones."""
MOST_EXPLAINED = 5
"""The maximal number of exchanges explained."""
WIDEST = 200
"""The maximal length of a line, in characters."""


def failure_report(world: WorldClient, leaks: Iterable[RequestedAddress] = ()) -> str:
    """Return blocked connections, the journal, and explanations of requests that failed or have near misses."""
    try:
        return "\n".join(_cut(line) for line in (*_leaked(leaks), *_lines(world)))
    except (ControlError, NoServer) as reason:  # the test has deleted the world
        return f"the journal of world {world.id} is gone: {reason}"


def _lines(world: WorldClient) -> Iterator[str]:
    last = world.journal(limit=1).last
    count = last - world.since_exchange
    exchanges = world.journal(since=max(last - MOST, world.since_exchange))
    if count == 0:
        yield f"world {world.id}: nothing was asked"
        return
    yield f"world {world.id}: {count} exchange{'s' if count > 1 else ''}" + (
        f", the last {len(exchanges)} of them" if count > len(exchanges) else ""
    )
    yield from map(format_line, exchanges)
    explained = list(_explained(world, exchanges))
    for words in explained[:MOST_EXPLAINED]:
        yield ""
        yield from words.splitlines()
    if len(explained) > MOST_EXPLAINED:
        yield ""
        yield f"... and {len(explained) - MOST_EXPLAINED} more that failed or have near misses"


def _explained(world: WorldClient, exchanges: Iterable[ExchangeRecord]) -> Iterator[str]:
    for exchange in exchanges:
        explanation = world.explain(exchange.number)
        if explanation["outcome"] != "accepted" or explanation["fault"] or explanation["near_misses"]:
            yield format_explanation(explanation)


def _leaked(leaks: Iterable[RequestedAddress]) -> Iterator[str]:
    for request in leaks:
        yield f"rejected: {request} is a provider's, and no one answers for it"


def _cut(line: str) -> str:
    return line if len(line) <= WIDEST else f"{line[: WIDEST - 3]}..."
