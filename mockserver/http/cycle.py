"""One request of a connection and its answer: the application's call, and the answer as bytes."""

from __future__ import annotations

import logging
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from mockserver.sdk.response import PENDING, TIMING

if TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIApplication

    from mockserver.sdk.response import Response

logger = logging.getLogger(__name__)

DATED, SIZED, TIED = 1, 2, 4

NOTED = {"date": DATED, "content-length": SIZED, "transfer-encoding": SIZED, "connection": TIED}


_SHORT = 256  # characters of a value that is worth remembering


def _header(name: str, value: str) -> tuple[bytes, int]:
    """A header of an answer as it goes out, and what it makes us leave alone.

    Raises:
        ValueError: it cannot be written.
    """
    return _line(f"{name}: {value}"), NOTED.get(name.lower(), 0)


_header_line = lru_cache(maxsize=1024)(_header)
"""The same; most of them were said before."""


@lru_cache(maxsize=1024)
def _status_line(status: str) -> bytes:
    """The first line of an answer. Werkzeug shouts its reason phrases; the registry, and other servers, do not."""
    try:
        known = HTTPStatus(int(status[:3]))
    except ValueError:
        return _line("HTTP/1.1 " + status)
    phrase = known.phrase if status[4:] == known.phrase.upper() else status[4:]
    return _line(f"HTTP/1.1 {status[:3]} {phrase}")


def _line(text: str) -> bytes:
    if "\r" in text or "\n" in text or "\0" in text:
        raise ValueError("a header of the answer holds CR, LF or NUL")
    return text.encode("latin-1") + b"\r\n"


class _Date:
    """The ``Date`` of answers whose application gave none, made once a second."""

    second = -1
    text = ""

    def at(self, now: float) -> str:
        """The wall clock's date; ``now`` is the loop's time and says whether the last one is still good."""
        if int(now) != self.second:
            self.second, self.text = int(now), formatdate(usegmt=True)
        return self.text


_date = _Date()


class Cycle:
    """One request and its answer."""

    __slots__ = (
        "bare",
        "body",
        "ended",
        "endless",
        "environ",
        "expects",
        "framing",
        "headers",
        "last",
        "lingers",
        "old",
        "parts",
        "sent",
        "size",
        "status",
        "written",
    )

    def __init__(self, environ: dict[str, Any], *, last: bool, old: bool) -> None:
        self.environ = environ
        self.last = last  # the connection is closed after this one
        self.lingers = False  # ... in a way that lets a client that is still sending read the answer
        self.old = old  # HTTP/1.0
        self.bare = False  # HEAD
        self.endless = False  # its body has no length that could be told
        self.expects = False  # Expect: 100-continue, not yet given
        self.framing: bytes | None = None  # how the body is framed, when the parser took an Upgrade header for its end
        self.parts: list[bytes] = []
        self.size = 0
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        self.written: list[bytes] | None = None
        self.body = b""
        self.sent = 0
        self.ended = False  # the answer is out; what remains is that the client reads it

    def call(self, app: WSGIApplication) -> None:
        """Let the application answer. May run on a thread of the pool."""
        try:
            result = app(self.environ, self.start_response)
            try:
                body = b"".join(result)
            finally:
                close = getattr(result, "close", None)
                if close is not None:
                    close()
            if not self.status:
                raise RuntimeError("the application did not call start_response")
            self.body = body if self.written is None else b"".join((*self.written, body))
        except Exception:
            logger.exception("Error in %s %s", self.environ["REQUEST_METHOD"], self.environ["mockserver.target"])
            self.fail()

    def start_response(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: Any = None,  # PEP 3333; nothing was sent yet, so it only permits a second call
    ) -> Callable[[bytes], object]:
        """As PEP 3333 has it."""
        if self.status and exc_info is None:
            raise RuntimeError("the application called start_response twice")
        self.status, self.headers = status, headers
        return self.write

    def write(self, data: bytes) -> None:
        """The ``write`` callable of PEP 3333, for old applications."""
        if self.written is None:
            self.written = []
        self.written.append(data)

    def fail(self) -> None:
        """Answer that the application is broken; why is in the log."""
        self.environ.pop(TIMING, None)
        promise = self.environ.pop(PENDING, None)
        if promise is not None:
            promise.cancel()
        self.endless = False
        self.say(HTTPStatus.INTERNAL_SERVER_ERROR, b"Internal Server Error")

    def say(self, status: HTTPStatus, body: bytes) -> None:
        """Answer in plain text."""
        self.status = f"{status.value} {status.phrase}"
        self.headers = [("Content-Type", "text/plain; charset=utf-8")]
        self.body = body

    def become(self, answer: Response) -> None:
        """Have this answer in place of the one the application gave."""
        try:
            phrase = HTTPStatus(answer.status).phrase
        except ValueError:
            phrase = "Unknown"
        self.status = f"{answer.status} {phrase}"
        self.headers, self.body = list(answer.headers), answer.body
        self.environ[TIMING] = answer.timing

    def stream(self, answer: Response) -> None:
        """Have a head, and behind it a body that comes in pieces; HTTP/1.0 knows no other end of it than the connection's."""
        self.become(answer)
        self.endless = True
        if self.old:
            self.last = True
        else:
            self.headers.append(("Transfer-Encoding", "chunked"))

    def framed(self, piece: bytes) -> bytes:
        """A piece of such a body as it goes out; an empty one is its end."""
        return piece if self.old else b"%x\r\n%s\r\n" % (len(piece), piece)

    def head(self, now: float) -> bytes:
        """Status line and headers. Raises ValueError when they cannot be written as such."""
        head = _status_line(self.status)
        seen = 0
        for name, value in self.headers:
            line, mark = (_header_line if len(value) <= _SHORT else _header)(name, value)
            head += line
            seen |= mark
            if mark == TIED and "close" in value.lower():
                self.last = True
        if not seen & DATED:
            head += _header_line("Date", _date.at(now))[0]
        if not seen & SIZED and self._has_size():
            head += b"Content-Length: %d\r\n" % len(self.body)
        if (self.last or self.old) and not seen & TIED:
            head += b"Connection: close\r\n" if self.last else b"Connection: keep-alive\r\n"
        return head + b"\r\n"

    def _has_size(self) -> bool:
        if self.endless or self.status.startswith(("204", "304")):
            return False
        # An application that knows HEAD gives no body, and then we do not know GET's length.
        return bool(self.body) or not self.bare

    def payload(self) -> bytes:
        """The body as far as it goes out."""
        return b"" if self.bare or self.status.startswith(("204", "304")) else self.body

    def settle(self, ending: str) -> None:
        """Tell the application what became of its answer; only the first word counts."""
        finish = self.environ.pop("mockserver.finish", None)
        if callable(finish):
            try:
                finish(self.sent, ending)
            except Exception:
                logger.exception("Error in mockserver.finish")
