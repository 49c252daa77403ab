"""The one shape of this API's errors: ``{"error": {"code", "message", "difference"}}``; and every way it says no.

What a verb raises is turned into an answer in one place, `routes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from flask import Response


class ControlRefusal(Exception):  # an answer, not an error of ours
    """This API says no."""

    status: ClassVar[int]
    """Of HTTP."""
    code: ClassVar[str]
    """A short name that programs can rely on."""

    def __init__(self, message: str, difference: Any = None) -> None:
        super().__init__(message)
        self.difference = difference
        """Between what was wanted and what is there."""


class BadQuestion(ControlRefusal):
    """A parameter or a body cannot be read."""

    status, code = 400, "bad_request"


class NoToken(ControlRefusal):
    """The server can be reached by others, and this one does not show its token."""

    status, code = 401, "unauthorized"


class Foreign(ControlRefusal):
    """A page of another site sent it."""

    status, code = 403, "forbidden"


class NoSuchThing(ControlRefusal):
    """What the address names is not there."""

    status, code = 404, "not_found"


class Conflict(ControlRefusal):
    """It makes sense, but not as things stand."""

    status, code = 409, "conflict"


class BusyClock(Conflict):
    """Somebody else is moving this world's clock."""

    code = "busy"


class EndlessTime(Conflict):
    """Things in this world bring about one another without end."""

    code = "endless"


class InUse(ControlRefusal):
    """A name or a credential is somebody else's."""

    status, code = 409, "taken"


class TooLarge(ControlRefusal):
    """The body is longer than is read."""

    status, code = 413, "too_large"


def error(status: int, code: str, message: str, difference: Any = None) -> Response:
    """An answer that says what is wrong.

    Args:
        status: of HTTP.
        code: a short name that programs can rely on.
        message: a sentence for people.
        difference: between what was wanted and what is there.
    """
    from flask import jsonify

    response = jsonify({"error": {"code": code, "message": message, "difference": difference}})
    response.status_code = status
    return response
