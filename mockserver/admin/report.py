"""The report of a world for a person whose test has failed: its journal, with explanations of what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mockserver.engine.world import World
from mockserver.sdk.response import Response

from . import exchanges
from .endpoint import Api, Catalog, Endpoint, RequestArgs
from .schemas import WHOLE
from .text_format import format_explanation, format_line

if TYPE_CHECKING:
    from mockserver.client import ExchangeRecord

MOST = 20
"""The maximal number of exchanges listed, the latest ones."""
MOST_EXPLAINED = 5
"""The maximal number of exchanges explained."""
WIDEST = 200
"""The maximal length of a line, in characters."""


def format_report(
    world: str, count: int, listed: Sequence[ExchangeRecord], explain: Callable[[int], Mapping[str, Any]]
) -> str:
    """Format the journal, and explanations of requests that failed or have near misses.

    Args:
        world: the id of the world.
        count: the number of its exchanges.
        listed: the last `MOST` of them.
        explain: returns the explanation of the exchange of a number.
    """
    return "\n".join(map(cut, _lines(world, count, listed, explain)))


def cut(line: str) -> str:
    """Return a line with at most `WIDEST` characters."""
    return line if len(line) <= WIDEST else f"{line[: WIDEST - 3]}..."


def _lines(
    world: str, count: int, listed: Sequence[ExchangeRecord], explain: Callable[[int], Mapping[str, Any]]
) -> Iterator[str]:
    if count == 0:
        yield f"world {world}: nothing was asked"
        return
    yield f"world {world}: {count} exchange{'s' if count > 1 else ''}" + (
        f", the last {len(listed)} of them" if count > len(listed) else ""
    )
    yield from map(format_line, listed)
    explained = [each for each in (explain(exchange.number) for exchange in listed) if _needs_explanation(each)]
    for explanation in explained[:MOST_EXPLAINED]:
        yield ""
        yield from format_explanation(explanation).splitlines()
    if len(explained) > MOST_EXPLAINED:
        yield ""
        yield f"... and {len(explained) - MOST_EXPLAINED} more that failed or have near misses"


def _needs_explanation(explanation: Mapping[str, Any]) -> bool:
    return bool(explanation["outcome"] != "accepted" or explanation["fault"] or explanation["near_misses"])


def report(api: Api, world: World, values: RequestArgs) -> Response:
    """Return the report as text."""
    from mockserver.client import ExchangeRecord  # only here: a server starts without the client

    since, last = values.query.get("since", 0), world.journal.last
    found = {exchange.number: exchange for exchange in world.journal.since(max(last - MOST, since))}
    for exchange in found.values():
        api.masking.apply(exchange)
    listed = [ExchangeRecord.of(exchanges.summary_json(exchange)) for exchange in found.values()]
    text = format_report(world.id, max(last - since, 0), listed, lambda number: api.explainer.explain(found[number]))
    return Response(200, (("Content-Type", "text/plain; charset=utf-8"),), f"{text}\n".encode(errors="replace"))


def endpoints(_: Catalog) -> tuple[Endpoint, ...]:
    """Return the endpoint for the report."""
    return (
        Endpoint(
            "GET",
            "/_mock/worlds/{world}/report",
            "What happened, as text for the report of a failing test: the last exchanges, one line each, and an explanation of"
            " each request that failed or has a near miss. With since, the exchanges after that number.",
            report,
            {"type": "string"},
            query={"since": WHOLE},
            media_types=("text/plain",),
        ),
    )
