"""The log line of an exchange: the request, the response and its reason, in one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from mockserver.validation.suggestions import nearest_paths

from .control_error import read_world_error
from .correlation import read_correlation
from .url_display import readable

if TYPE_CHECKING:
    from mockserver.engine.journal import Exchange


def reason(exchange: Exchange, path: str, addresses: Iterable[str]) -> str:
    """Return why an exchange got its response; empty where the provider accepted the request.

    Args:
        exchange: as it was answered.
        path: the path of the request, decoded, without the prefix of a world.
        addresses: the rules of every address that is served.
    """
    said = [*_provider(exchange, path, addresses), *_fault(exchange)]
    return "; ".join(said)


def facts(exchange: Exchange) -> dict[str, Any]:
    """Return what a log that is made for programs says of an exchange beside the sentence."""
    sent = read_correlation(exchange.head)
    return {
        "world": exchange.world,
        "exchange": exchange.number,
        "provider": exchange.provider,
        "operation": exchange.operation,
        "status": exchange.status,
        "outcome": exchange.outcome,
        "error": None if exchange.error is None else type(exchange.error).__name__,
        "request_id": sent.request_id,
        "trace_id": sent.trace_id,
    }


def _provider(exchange: Exchange, path: str, addresses: Iterable[str]) -> Iterator[str]:
    error = exchange.error
    name = "" if error is None else f"{type(error).__name__}: "
    world_error = read_world_error(exchange)
    if world_error is not None:
        yield world_error[1]
    elif exchange.operation is None and exchange.outcome == "unmatched" and exchange.status not in _READ_BADLY:
        near = nearest_paths(path, [rule for rule in addresses if not rule.startswith("/_mock/")], 1)
        meant = f"; did you mean {readable(near[0])}?" if near else ""
        yield f"{name}no operation lives at this path{meant}"
    elif error is not None:
        yield f"{name}{error}"


_READ_BADLY = frozenset((400, 405, 413, 500))
"""The statuses of unreadable requests, whose reason is not the path."""


def _fault(exchange: Exchange) -> Iterator[str]:
    decided = "accepted" if exchange.result is None else type(exchange.result).__name__
    if exchange.fault is None:
        if exchange.origin == "no_response":
            yield f"lost, as its magic number has it; decided: {decided}"
        return
    said = exchange.fault["fault"]
    kinds = ", ".join(each["kind"] for each in (said if isinstance(said, list) else [said]))
    fault = f"fault {exchange.fault['rule']} ({kinds})"
    is_unharmed = exchange.origin == "own" and exchange.error is exchange.result
    yield f"met {fault}" if is_unharmed else f"{exchange.outcome} by {fault}; decided: {decided}"
