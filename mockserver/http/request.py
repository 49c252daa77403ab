"""A request as it was received, before anything knows what it asks for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

REQUEST = "mockserver.request"
"""Where the WSGI environ has the `HttpRequest` that it was made from."""

_NOT_IN_WSGI = frozenset(["content-length", "transfer-encoding"])
"""Headers about the framing of a body that the connection has already read; see `HttpRequest.environ`."""


class HttpRequest(Struct):
    """One HTTP request with its whole body. Text is latin-1: each character is one byte that was received."""

    method: str
    target: str
    """The request target as sent: a path with its query, a whole URL, ``*``, or the host and port of a CONNECT."""
    path: str
    """The path of the target, percent-decoded, as WSGI's ``PATH_INFO``."""
    query: str
    """What follows the target's first ``?``, as sent."""
    version: str = "HTTP/1.1"
    headers: tuple[tuple[str, str], ...] = ()
    """Names and values as sent: order, case and duplicates."""
    fields: dict[str, str] = field(default_factory=dict)
    """The values by name in lower case; those of equal names are joined by a comma, cookies by a semicolon. ``host`` is the
    host and port of the target where that is a whole URL (RFC 9112, 3.2.2)."""
    scheme: str = "http"
    listener: str | None = None
    """The name of the listener that accepted the connection, if it has one."""
    client: tuple[str, int] | None = None
    """Address and port of the client."""
    server: tuple[str, int] | None = None
    """Address and port at which the connection was accepted."""
    body: bytes = b""
    is_too_large: bool = False
    """Whether the body was longer than what is kept of it."""
    closes: bool = False
    """Whether the connection is closed after the response to this request."""
    begun: int = 0
    """When it was received, in nanoseconds of this process's monotonic clock; 0 if that is not known."""
    on_finish: Callable[[int, str], None] | None = None
    """Called once on the event loop, when the response is out or never will be.

    Takes the bytes that were sent and how it ended: ``complete``, ``cut``, ``close``, ``reset``, ``hang``, ``dropped``
    (the client reads too slowly) or ``left`` (the client disconnected first).
    """

    def get(self, name: str) -> str | None:
        """Return the value of a header, whatever the case of its name; ``None`` when it was not sent."""
        return self.fields.get(name.lower())

    @property
    def has_body(self) -> bool:
        """Whether the head announced a body, which may be empty."""
        return "content-length" in self.fields or "transfer-encoding" in self.fields

    def environ(self) -> WSGIEnvironment:
        """Return the environ of a WSGI application (PEP 3333), with some keys of our own.

        ``mockserver.request`` is this request, ``mockserver.target`` and ``mockserver.head`` its target and headers as sent,
        ``mockserver.body`` its body, ``mockserver.overflow`` whether that was longer than what is kept, and
        ``mockserver.listener`` the name of the listener.
        """
        client, server = self.client, self.server
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path,
            "QUERY_STRING": self.query,
            "SERVER_PROTOCOL": self.version,
            "SERVER_NAME": server[0] if server else "localhost",
            "SERVER_PORT": str(server[1]) if server else "",
            "REMOTE_ADDR": client[0] if client else "",
            "REMOTE_PORT": str(client[1]) if client else "",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self.scheme,
            "wsgi.input": BytesIO(self.body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,  # Werkzeug: the stream ends by itself
            REQUEST: self,
            "mockserver.target": self.target,
            "mockserver.head": self.headers,
            "mockserver.body": self.body,
            "mockserver.overflow": self.is_too_large,
            "mockserver.listener": self.listener,
        }
        for name, value in self.fields.items():
            key = (_environ_key if len(name) <= LONGEST_CACHED else _environ_key.__wrapped__)(name)
            if key is not None:
                environ[key] = value
        if self.body or self.has_body:
            environ["CONTENT_LENGTH"] = str(len(self.body))  # what was read, not what was promised
        return environ


def join_values(name: str, first: str, second: str) -> str:
    """Return one value for two headers of the same name, which is in lower case."""
    return f"{first}; {second}" if name == "cookie" else f"{first},{second}"


LONGEST_CACHED = 256
"""What a client sends is looked up in a cache only up to this number of characters, so that a cache is bounded in bytes: names of
headers and of hosts are no longer."""


@lru_cache(maxsize=1024)
def _environ_key(name: str) -> str | None:
    """Return the key of a header in a WSGI environ; ``None`` when it has none."""
    # nginx drops names with an underscore: X_Y and X-Y would be one key, and one could pose as the other.
    if name in _NOT_IN_WSGI or "_" in name:
        return None
    key = name.upper().replace("-", "_")
    return key if key == "CONTENT_TYPE" else f"HTTP_{key}"
