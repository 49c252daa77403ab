"""The one shape of this API's errors: ``{"error": {"code", "message", "difference"}}``."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify


def error(status: int, code: str, message: str, difference: Any = None) -> Response:
    """An answer that says what is wrong.

    Args:
        status: of HTTP.
        code: a short name that programs can rely on.
        message: a sentence for people.
        difference: between what was wanted and what is there.
    """
    response = jsonify(error={"code": code, "message": message, "difference": difference})
    response.status_code = status
    return response
