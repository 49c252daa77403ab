"""The call of a WSGI application (PEP 3333) with a request of our own connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mockserver.sdk.response import AT_ONCE, PENDING, TIMING, PendingResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from wsgiref.types import WSGIApplication

    from mockserver.http.request import HttpRequest
    from mockserver.sdk.response import Offload, ResponseTiming


class ApplicationResult(NamedTuple):
    """The response of a WSGI application."""

    status: str
    """Code and reason phrase."""
    headers: list[tuple[str, str]]
    body: bytes
    timing: ResponseTiming
    pending: PendingResponse | Offload | None
    """Where the response will come from, if it is not known yet."""


def call_application(
    app: WSGIApplication, request: HttpRequest, extra: Mapping[str, Any] | None = None
) -> ApplicationResult:
    """Call a WSGI application and return its whole response. Raises what the application raises.

    Args:
        app: the application.
        request: the request, from which its environ is made.
        extra: what the environ holds beside the request.
    """
    environ = request.environ()
    if extra is not None:
        environ.update(extra)
    start = _StartResponse()
    try:
        result = app(environ, start)
        try:
            body = b"".join(result)
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()
        if not start.status:
            raise RuntimeError("the application did not call start_response")
    except Exception:
        pending = environ.get(PENDING)
        if isinstance(pending, PendingResponse):
            pending.cancel()
        raise
    body = b"".join((*start.written, body))
    return ApplicationResult(start.status, start.headers, body, environ.get(TIMING, AT_ONCE), environ.get(PENDING))


class _StartResponse:
    """The ``start_response`` callable of PEP 3333; keeps what it is called with."""

    __slots__ = ("headers", "status", "written")

    def __init__(self) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        self.written: list[bytes] = []
        """What was passed to the ``write`` callable, which old applications use."""

    def __call__(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: Any = None,  # nothing was sent yet, so it only permits a second call
    ) -> Callable[[bytes], object]:
        if type(status) is not str:
            raise TypeError("the status is no text")
        if self.status and exc_info is None:
            raise RuntimeError("the application called start_response twice")
        self.status, self.headers = status, headers
        return self.written.append
