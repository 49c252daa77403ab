"""Connections to the control API: over HTTP, or by calling the WSGI application in this process."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias
from urllib.parse import unquote_to_bytes, urlencode, urlsplit

from .connections import Connections
from .timefmt import plain

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

Query: TypeAlias = Mapping[str, Any]
"""Query parameters; those that are ``None`` are left out."""

PATIENCE = 60.0
"""Seconds within which a response must come, in addition to the time that a request waits on purpose."""


class ControlError(Exception):
    """An error response of the control API."""

    def __init__(self, code: str, message: str, difference: Any = None) -> None:
        super().__init__(code, message, difference)
        self.code = code
        """A short name that programs can rely on."""
        self.message = message
        """A sentence for people."""
        self.difference = difference
        """The difference between the expected and the actual, as JSON; ``None`` when there is nothing to compare."""

    def __str__(self) -> str:
        """Return the message, with the difference below it."""
        return self.message if self.difference is None else f"{self.message}\n{format_difference(self.difference)}"


class NoServer(ConnectionError):
    """There is no server at the URL, or it is not a mockserver."""


class Transport(Protocol):
    """A connection to the control API of one server."""

    @property
    def url(self) -> str:
        """The server's URL, without a slash at the end."""

    def call(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        body: object = None,
        patience: float = 0,
        is_text: bool = False,
    ) -> Any:
        """Send a request, and return the JSON of the response; ``None`` when it is empty.

        Args:
            method: the HTTP method.
            path: the path from ``/_mock/`` on, percent-encoded.
            query: the query parameters.
            body: JSON, in which instants may be datetimes and durations timedeltas; ``None`` for no body.
            patience: seconds that the response may take in addition to `PATIENCE`.
            is_text: whether the response is plain text, which is returned as it is; an error is JSON nevertheless.

        Raises:
            ControlError: the server responded with an error.
            NoServer: there was no response of a mockserver.
        """

    def close(self) -> None:
        """Close the connections."""


class OverHttp:
    """A connection to a server over HTTP. It is safe for threads, and keeps its TCP connections open."""

    def __init__(self, url: str, token: str | None = None) -> None:
        """Create a connection; no request is sent yet.

        Args:
            url: the server's URL, such as ``http://127.0.0.1:7670``.
            token: the token of a server that listens beyond loopback.

        Raises:
            ValueError: the URL is invalid.
        """
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
            raise ValueError(f"{url!r} is not the URL of a server, such as http://127.0.0.1:7670")
        self._url = url.rstrip("/")
        self._path = urlsplit(self._url).path
        self._connections = Connections(self._url, {"Content-Type": "application/json", **_headers(token)})

    @property
    def url(self) -> str:
        """See `Transport`."""
        return self._url

    def call(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        body: object = None,
        patience: float = 0,
        is_text: bool = False,
    ) -> Any:
        """See `Transport`."""
        timeout = PATIENCE + patience
        try:
            result = self._connections.call(method, self._path + path + _query(query), _body(body), timeout)
        except TimeoutError as reason:
            raise NoServer(f"the server at {self._url} did not respond within {timeout:g} s") from reason
        except ConnectionError as reason:
            raise NoServer(f"no server answers at {self._url}; start one with: mockserver serve") from reason
        return _read(self._url, result.status, result.body, is_text)

    def close(self) -> None:
        """See `Transport`; the next call opens new connections."""
        self._connections.close()


class InProcess:
    """A connection to a WSGI application in this process, without a socket. It is safe for threads."""

    def __init__(self, app: WSGIApplication, url: str = "http://127.0.0.1:7670", token: str | None = None) -> None:
        """Create a connection; no request is sent yet.

        Args:
            app: the application, as returned by `mockserver.app.create_app`.
            url: its URL, with which the base URLs of worlds begin.
            token: the token of an application that listens beyond loopback.
        """
        self._url = url.rstrip("/")
        self.app = app
        """The application."""
        self._headers = {f"HTTP_{name.upper()}": value for name, value in _headers(token).items()}

    @property
    def url(self) -> str:
        """See `Transport`."""
        return self._url

    def call(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        body: object = None,
        patience: float = 0,  # noqa: ARG002 - a call in this process has no time limit
        is_text: bool = False,
    ) -> Any:
        """See `Transport`."""
        statuses: list[str] = []

        def start(status: str, _headers: object, _error: object = None, /) -> Any:
            statuses.append(status)

        chunks = self.app(self._environ(method, path, _query(query)[1:], _body(body) or b""), start)
        content = _joined(chunks)
        return _read(self._url, int(statuses[-1][:3]), content, is_text)

    def close(self) -> None:
        """See `Transport`; there are no connections to close."""

    def _environ(self, method: str, path: str, query: str, body: bytes) -> dict[str, Any]:
        where = urlsplit(self._url)
        return {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),  # as WSGI has it
            "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": "application/json",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_NAME": where.hostname or "",
            "SERVER_PORT": str(where.port or 80),
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": where.netloc,
            **self._headers,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": where.scheme,
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }


def format_difference(difference: Any) -> str:
    """Format a difference as indented text, with one line for each item of a list."""
    lines = difference if isinstance(difference, list) else [difference]
    return "\n".join(_indented(line if isinstance(line, str) else _json(line)) for line in lines)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _headers(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def _query(query: Query | None) -> str:
    given = {name: _worded(value) for name, value in (query or {}).items() if value is not None}
    return f"?{urlencode(given)}" if given else ""


def _worded(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(plain(value))


def _body(body: object) -> bytes | None:
    return None if body is None else json.dumps(plain(body)).encode()


def _joined(chunks: Iterable[bytes]) -> bytes:
    try:
        return b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()


def _read(url: str, status: int, content: bytes, is_text: bool) -> Any:
    """Return the text or the JSON of a response, or raise the error that it reports."""
    if is_text and status < 300:
        return content.decode(errors="replace")
    if not content and status < 300:
        return None
    try:
        response = json.loads(content)
        if status < 300:
            return response
        error = response["error"]
        raise ControlError(error["code"], error["message"], error["difference"])
    except (ValueError, KeyError, TypeError) as reason:
        raise NoServer(
            f"the server at {url} is not mockserver: it responded {status} with {content[:80]!r}"
        ) from reason
