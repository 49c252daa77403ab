"""What a room may know of a request: plain values from the connection, no framework."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from wsgiref.util import request_uri

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


@lru_cache(maxsize=256)
def _url(scheme: str, host: str, script_name: str, path: str) -> str:
    """The same few addresses are asked again and again."""
    environ = {"wsgi.url_scheme": scheme, "HTTP_HOST": host, "SCRIPT_NAME": script_name, "PATH_INFO": path}
    return request_uri(environ, include_query=False)


class Asked:
    """One request, read from its WSGI environ."""

    __slots__ = ("_environ", "body", "content_type", "is_bound", "is_too_large", "method")

    def __init__(self, environ: WSGIEnvironment) -> None:
        self._environ = environ
        get = environ.get
        self.method: str = environ["REQUEST_METHOD"]
        """In capitals."""
        self.content_type: str = get("CONTENT_TYPE") or ""
        """The Content-Type header; empty when there is none."""
        self.body: bytes = environ["mockserver.body"]
        """The body, whole."""
        self.is_too_large: bool = get("mockserver.overflow", False)
        """Whether the body was longer than is read."""
        self.is_bound = get("mockserver.bound") is not None
        """Whether the door or prefix it came through belongs to a world."""

    @property
    def path(self) -> str:
        """The decoded path under the prefix of the world."""
        path: str = self._environ["PATH_INFO"]
        return path if path.isascii() else path.encode("latin-1").decode("utf-8", "replace")

    @property
    def query(self) -> bytes:
        """The raw query string."""
        query: str = self._environ["QUERY_STRING"]
        return query.encode("latin-1")

    @property
    def url(self) -> str:
        """The address without its query, absolute, on the host and prefix that were asked."""
        environ = self._environ
        host = environ.get("HTTP_HOST")
        if not host:
            return request_uri(environ, include_query=False)
        return _url(environ["wsgi.url_scheme"], host, environ.get("SCRIPT_NAME", ""), environ["PATH_INFO"])

    @property
    def authorization(self) -> str:
        """The Authorization header; empty when there is none."""
        value: str = self._environ.get("HTTP_AUTHORIZATION", "")
        return value
