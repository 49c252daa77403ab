"""The probes of an orchestrator such as Kubernetes: whether the process lives, and whether it can serve requests.

They are plain text, need no token, take any Host header and are in no journal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockserver.engine.event_log import StoreUnavailable, WorldDropped
from mockserver.sdk.response import Response

if TYPE_CHECKING:
    from mockserver.engine.registry import WorldRegistry

LIVE, READY = "/livez", "/readyz"
_HEADERS = (("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store"))


def is_live() -> Response:
    """Respond that the process is alive, which any response shows."""
    return _text(200, "ok")


def is_ready(registry: WorldRegistry) -> Response:
    """Respond whether requests can be served: 503 with the reason where the worlds are kept in a state that fails."""
    try:
        registry.sync()
        registry.default.refresh()
    except (StoreUnavailable, WorldDropped) as reason:
        return _text(503, str(reason))
    return _text(200, "ok")


def _text(status: int, text: str) -> Response:
    body = f"{text}\n".encode()
    return Response(status, (*_HEADERS, ("Content-Length", str(len(body)))), body)
