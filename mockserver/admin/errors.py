"""The one shape of this API's errors: ``{"error": {"code", "message", "difference"}}``; and every way it says no.

What a verb raises is turned into an answer in one place, `routes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mockserver.http.control_error import build_error

if TYPE_CHECKING:
    from flask import Response


class ControlApiError(Exception):  # an answer, not an error of ours
    """This API says no."""

    status: ClassVar[int]
    """Of HTTP."""
    code: ClassVar[str]
    """A short name that programs can rely on."""

    def __init__(self, message: str, difference: Any = None) -> None:
        super().__init__(message)
        self.difference = difference
        """Between what was wanted and what is there."""


class BadRequest(ControlApiError):
    """A parameter or a body cannot be read."""

    status, code = 400, "bad_request"


class NoToken(ControlApiError):
    """The server can be reached by others, and this one does not show its token."""

    status, code = 401, "unauthorized"


class ForbiddenOrigin(ControlApiError):
    """A page of another site sent it."""

    status, code = 403, "forbidden"


class ResourceNotFound(ControlApiError):
    """What the address names is not there."""

    status, code = 404, "not_found"


class Conflict(ControlApiError):
    """It makes sense, but not as things stand."""

    status, code = 409, "conflict"


class BusyClock(Conflict):
    """Somebody else is moving this world's clock."""

    code = "busy"


class AdvanceLimit(Conflict):
    """Things in this world bring about one another without end."""

    code = "endless"


class InUse(ControlApiError):
    """A name or a credential is somebody else's."""

    status, code = 409, "taken"


class TooLarge(ControlApiError):
    """The body is longer than is read."""

    status, code = 413, "too_large"


def error(status: int, code: str, message: str, difference: Any = None, *, allow: str = "") -> Response:
    """A response of Flask's that says what is wrong; as `build_error`."""
    from mockserver.http.wsgi import to_flask

    return to_flask(build_error(status, code, message, difference, allow=allow))
