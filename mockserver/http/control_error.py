"""The one shape of errors that are ours and no provider's: ``{"error": {"code", "message", "difference"}}``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mockserver.sdk.response import Response

if TYPE_CHECKING:
    from mockserver.engine.journal import Exchange

_WORLD_CODES = "no_such_world", "wrong_world"


def build_error(status: int, code: str, message: str, difference: Any = None, *, allow: str = "") -> Response:
    """Make the response that says what is wrong.

    Args:
        status: of HTTP.
        code: a short name that programs can rely on.
        message: a sentence for people.
        difference: between what was wanted and what is there.
        allow: with 405, the methods that the path takes.
    """
    error = {"error": {"code": code, "message": message, "difference": difference}}
    body = json.dumps(error, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    headers = (("Content-Type", "application/json"), ("Content-Length", str(len(body))))
    return Response(status, (*headers, ("Allow", allow)) if allow else headers, body)


def read_world_error(exchange: Exchange) -> tuple[str, str] | None:
    """Return code and message of an exchange that was rejected for the world that it named; ``None`` for every other one."""
    if exchange.provider is not None or exchange.status not in (400, 404):
        return None
    try:
        error = json.loads(exchange.response_body)["error"]
        code, message = error["code"], error["message"]
    except (ValueError, LookupError, TypeError):  # not of this shape, or shortened
        return None
    return (code, message) if code in _WORLD_CODES else None
