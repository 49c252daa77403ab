"""The one shape of errors that are ours and no provider's: ``{"error": {"code", "message", "difference"}}``."""

from __future__ import annotations

import json
from typing import Any

from mockserver.sdk.response import Response


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
