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
    """One request, read from its WSGI environ. Reading is lazy: most rooms need three of these."""

    __slots__ = ("_environ",)

    def __init__(self, environ: WSGIEnvironment) -> None:
        self._environ = environ

    @property
    def method(self) -> str:
        """The request method, in capitals."""
        return str(self._environ["REQUEST_METHOD"])

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
    def content_type(self) -> str:
        """The Content-Type header; empty when there is none."""
        return str(self._environ.get("CONTENT_TYPE") or "")

    @property
    def body(self) -> bytes:
        """The body, whole."""
        body: bytes = self._environ["mockserver.body"]
        return body

    @property
    def is_too_large(self) -> bool:
        """Whether the body was longer than is read."""
        return bool(self._environ.get("mockserver.overflow"))

    @property
    def is_bound(self) -> bool:
        """Whether the door or prefix it came through belongs to a world."""
        return self._environ.get("mockserver.bound") is not None

    @property
    def authorization(self) -> str:
        """The Authorization header; empty when there is none."""
        value: str = self._environ.get("HTTP_AUTHORIZATION", "")
        return value
