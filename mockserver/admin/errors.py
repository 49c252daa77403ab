"""The exceptions of the control API. `routes` turns them into ``{"error": {"code", "message", "difference"}}``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mockserver.engine.event_log import StoreUnavailable, WorldDropped
from mockserver.engine.world import AdvanceLimitExceeded, CalendarEnds, ClockBusy, InPast
from mockserver.http.control_error import build_error

if TYPE_CHECKING:
    from flask import Response

    from mockserver.sdk.response import Response as ProviderResponse


class ControlApiError(Exception):  # a response, not a failure
    """An error response of the control API."""

    status: ClassVar[int]
    """The HTTP status."""
    code: ClassVar[str]
    """A short name that programs can rely on."""

    def __init__(self, message: str, difference: Any = None) -> None:
        super().__init__(message)
        self.difference = difference
        """The difference between the expected and the actual; ``None`` if there is none."""


class BadRequest(ControlApiError):
    """A parameter or the body is invalid."""

    status, code = 400, "bad_request"


class NoToken(ControlApiError):
    """The token is missing or wrong."""

    status, code = 401, "unauthorized"


class ForbiddenOrigin(ControlApiError):
    """The request was sent by a web page of another site."""

    status, code = 403, "forbidden"


class ResourceNotFound(ControlApiError):
    """The resource of the path does not exist."""

    status, code = 404, "not_found"


class Conflict(ControlApiError):
    """The request is not possible in the present state."""

    status, code = 409, "conflict"


class BusyClock(Conflict):
    """Another request is moving this world's clock."""

    code = "busy"


class AdvanceLimit(Conflict):
    """The events of this world cause one another without end."""

    code = "endless"


class InUse(ControlApiError):
    """An id or a credential is already in use."""

    status, code = 409, "taken"


class UnknownHost(ControlApiError):
    """The request was sent to a host name that is not the server's."""

    status, code = 421, "misdirected_request"


class TooLarge(ControlApiError):
    """The body is longer than the limit."""

    status, code = 413, "too_large"


class NoStore(ControlApiError):
    """The store of the worlds cannot be read or written now; the call has done nothing."""

    status, code = 503, "store_unavailable"


def reject(reason: Exception) -> ProviderResponse:
    """Return the response to an error that an endpoint raises; raise again what is a failure."""
    if isinstance(reason, ClockBusy):
        reason = BusyClock(str(reason))
    elif isinstance(reason, AdvanceLimitExceeded):
        reason = AdvanceLimit(str(reason))
    elif isinstance(reason, (InPast, CalendarEnds)):
        reason = Conflict(str(reason))
    elif isinstance(reason, StoreUnavailable):
        reason = NoStore(str(reason))
    elif isinstance(reason, WorldDropped):
        reason = ResourceNotFound(str(reason))
    if not isinstance(reason, ControlApiError):
        try:
            raise reason
        finally:
            del reason  # it keeps this function's variables by its traceback
    return build_error(reason.status, reason.code, str(reason), reason.difference)


def error(status: int, code: str, message: str, difference: Any = None, *, allow: str = "") -> Response:
    """Return an error as a Flask response; see `build_error`."""
    from mockserver.http.wsgi import to_flask

    return to_flask(build_error(status, code, message, difference, allow=allow))
