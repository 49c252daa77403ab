"""One request of a connection and the response to it: the application's call, and the head as bytes."""

from __future__ import annotations

import logging
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from mockserver.sdk.response import AT_ONCE, PENDING, TIMING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from wsgiref.types import WSGIApplication

    from mockserver.http.request import HttpRequest
    from mockserver.sdk.response import PendingResponse, Response, ResponseTiming

logger = logging.getLogger(__name__)

_HAS_DATE, _HAS_LENGTH, _HAS_CONNECTION = 1, 2, 4

_MARKS = {
    "date": _HAS_DATE,
    "content-length": _HAS_LENGTH,
    "transfer-encoding": _HAS_LENGTH,
    "connection": _HAS_CONNECTION,
}

_BODILESS = (204, 304)

_SHORT = 256  # characters of a value that is worth remembering


def _encode_header(name: str, value: str) -> tuple[bytes, int]:
    """A header as it is sent, and the mark of what need not be added then.

    Raises:
        ValueError: it cannot be sent.
    """
    return _encode_line(f"{name}: {value}"), _MARKS.get(name.lower(), 0)


_encode_known_header = lru_cache(maxsize=1024)(_encode_header)
"""The same; most headers have been sent before."""


@lru_cache(maxsize=1024)
def _encode_status(status: str | int) -> bytes:
    """The first line of a response, given its code or, as in WSGI, code and reason phrase."""
    code, _, phrase = str(status).partition(" ")
    try:
        registered = HTTPStatus(int(code)).phrase
    except ValueError:
        registered = "UNKNOWN"
    # Werkzeug's phrases are in capitals; the registry's, and other servers', are not.
    if type(status) is int or phrase == registered.upper():
        phrase = registered
    return _encode_line(f"HTTP/1.1 {code} {phrase}")


def _encode_line(text: str) -> bytes:
    if "\r" in text or "\n" in text or "\0" in text:
        raise ValueError("a header of the response holds CR, LF or NUL")
    return text.encode("latin-1") + b"\r\n"


class _Date:
    """The ``Date`` of responses whose application gave none, made once a second."""

    second = -1
    text = ""

    def at(self, now: float) -> str:
        """The wall clock's date; ``now`` is the loop's time and tells whether the last one is still good."""
        if int(now) != self.second:
            self.second, self.text = int(now), formatdate(usegmt=True)
        return self.text


_date = _Date()


class RequestCycle:
    """One request and its response."""

    __slots__ = (
        "_written",
        "body",
        "closes",
        "headers",
        "is_head",
        "is_http10",
        "is_sent",
        "is_streamed",
        "payload",
        "pending",
        "request",
        "sent",
        "status",
        "timing",
    )

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.closes = request.closes
        """Whether the connection is closed after this response."""
        self.is_head = request.method == "HEAD"
        """Whether the response has no body because of the method."""
        self.is_http10 = request.version == "HTTP/1.0"
        self.status: str | int = ""
        """Empty until there is a response."""
        self.headers: list[tuple[str, str]] | tuple[tuple[str, str], ...] = ()
        self.body = b""
        self.payload = b""
        """The body as far as it is sent; known when the head is."""
        self.timing: ResponseTiming = AT_ONCE
        self.pending: PendingResponse | None = None
        """What the response will come from, if it is not known yet."""
        self.is_streamed = False
        """Whether the length of the body is not known when the head is sent."""
        self.sent = 0
        """Bytes."""
        self.is_sent = False
        """Whether the whole response was written; what remains is that the client reads it."""
        self._written: list[bytes] | None = None

    def call(self, app: WSGIApplication, extra: Mapping[str, Any] | None = None) -> None:
        """Let a WSGI application respond. May run on a thread of the pool.

        Args:
            app: the application.
            extra: what it finds in its environ beside the request.
        """
        environ = self.request.environ()
        if extra is not None:
            environ.update(extra)
        try:
            result = app(environ, self.start_response)
            try:
                body = b"".join(result)
            finally:
                close = getattr(result, "close", None)
                if close is not None:
                    close()
            if not self.status:
                raise RuntimeError("the application did not call start_response")
            self.body = body if self._written is None else b"".join((*self._written, body))
            self.timing = environ.get(TIMING, AT_ONCE)
            self.pending = environ.get(PENDING)
        except Exception as error:  # noqa: BLE001 - whatever failed, the client gets an error; fail() logs it
            self.fail(error)
            pending = environ.get(PENDING)
            if pending is not None:
                pending.cancel()

    def start_response(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: Any = None,  # PEP 3333; nothing was sent yet, so it only permits a second call
    ) -> Callable[[bytes], object]:
        """Take status and headers, as PEP 3333 has it."""
        if type(status) is not str:
            raise TypeError("the status is no text")
        if self.status and exc_info is None:
            raise RuntimeError("the application called start_response twice")
        self.status, self.headers = status, headers
        return self.write

    def write(self, data: bytes) -> None:
        """Take a piece of the body: the ``write`` callable of PEP 3333, for old applications."""
        if self._written is None:
            self._written = []
        self._written.append(data)

    def fail(self, error: Exception) -> None:
        """Respond that the application failed, and log why."""
        logger.error("Error in %s %s", self.request.method, self.request.target, exc_info=error)
        self.timing, self.is_streamed = AT_ONCE, False
        self.set_text(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal Server Error")

    def set_text(self, status: HTTPStatus, text: str) -> None:
        """Respond in plain text."""
        self.status = status.value
        self.headers = (("Content-Type", "text/plain; charset=utf-8"),)
        self.body = text.encode("utf-8", "replace")

    def set_response(self, response: Response) -> None:
        """Respond with this."""
        self.status, self.headers, self.body = response.status, response.headers, response.body
        self.timing = response.timing

    def set_stream(self, response: Response) -> None:
        """Respond with this head, and after it a body that comes in pieces and whose length is not known."""
        self.set_response(response)
        self.is_streamed = True
        if self.is_http10:  # only the end of the connection ends such a body
            self.closes = True
        else:
            self.headers = (*response.headers, ("Transfer-Encoding", "chunked"))

    def frame(self, piece: bytes) -> bytes:
        """A piece of such a body as it is sent; an empty one is its end."""
        return piece if self.is_http10 else b"%x\r\n%s\r\n" % (len(piece), piece)

    def encode_head(self, time: Callable[[], float]) -> bytes:
        """Status line and headers as bytes; `payload` is known from now on.

        When they cannot be sent as such, the response is a failure instead. ``time`` is the event loop's.
        """
        try:
            head = _encode_status(self.status)
            marks = 0
            for name, value in self.headers:
                line, mark = (_encode_known_header if len(value) <= _SHORT else _encode_header)(name, value)
                head += line
                marks |= mark
                if mark == _HAS_CONNECTION and "close" in value.lower():
                    self.closes = True
        except (ValueError, TypeError) as error:
            self.fail(error)
            return self.encode_head(time)
        if not marks & _HAS_DATE:
            head += _encode_known_header("Date", _date.at(time()))[0]
        is_bodiless = self.status in _BODILESS or (type(self.status) is str and self.status.startswith(("204", "304")))
        self.payload = b"" if self.is_head or is_bodiless else self.body
        # An application that knows HEAD gives no body, and then the length of GET's is not known.
        if not (marks & _HAS_LENGTH or self.is_streamed or is_bodiless) and (self.body or not self.is_head):
            head += b"Content-Length: %d\r\n" % len(self.body)
        if (self.closes or self.is_http10) and not marks & _HAS_CONNECTION:
            head += b"Connection: close\r\n" if self.closes else b"Connection: keep-alive\r\n"
        return head + b"\r\n"

    def notify_finished(self, ending: str) -> None:
        """Report how the response ended, once; see `HttpRequest.on_finish`."""
        on_finish, self.request.on_finish = self.request.on_finish, None
        if on_finish is not None:
            try:
                on_finish(self.sent, ending)
            except Exception:
                logger.exception("Error in on_finish of %s %s", self.request.method, self.request.target)
