"""A parsed request head as a WSGI environ (PEP 3333), and what stands in it beside that.

Our own keys: ``mockserver.target`` (the raw request target), ``mockserver.head`` (the headers as they came: order, case,
duplicates), ``mockserver.body``, ``mockserver.door`` (the listener's name) and ``mockserver.overflow`` (the body was longer
than is kept).
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes

from httptools import HttpParserInvalidURLError, parse_url


class Refusal(Exception):
    """Raised in a parser's callback: the request is refused before any application sees it."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


EXPECT, UPGRADE, LENGTH, CHUNKED = 1, 2, 4, 8

# Headers that HTTP_* does not hold, or that ask for more than a place there.
MARKS = {b"expect": EXPECT, b"upgrade": UPGRADE, b"content-length": LENGTH, b"transfer-encoding": CHUNKED}
KEYS = {
    b"content-type": "CONTENT_TYPE",
    b"content-length": None,  # CONTENT_LENGTH is what was read, not what was promised
    b"transfer-encoding": None,  # undone by us; Werkzeug would distrust CONTENT_LENGTH
}

VERSIONS = {"1.1": "HTTP/1.1", "1.0": "HTTP/1.0"}

_Header: TypeAlias = tuple[tuple[str, str], str | None, int]
"""A header's name and value, its key in the environ (``None``: has none) and its mark."""

# A client sends the same headers with every request, and the journal keeps them: they are read once and shared.
_known: dict[tuple[bytes, bytes], _Header] = {}
_KNOWN = 1024  # clients may invent headers for ever; a memo may not grow for ever
_SHORT = 256  # bytes of a name and a value that are worth remembering


def _read(raw: tuple[bytes, bytes]) -> _Header:
    name, value = raw
    lower = name.lower()
    # nginx drops names with an underscore: X_Y and X-Y would be one key, and one could pose as the other.
    key = None if b"_" in lower else "HTTP_" + lower.decode("latin-1").upper().replace("-", "_")
    header = (name.decode("latin-1"), value.decode("latin-1")), KEYS.get(lower, key), MARKS.get(lower, 0)
    if len(name) + len(value) <= _SHORT:
        if len(_known) >= _KNOWN:
            _known.clear()
        _known[raw] = header
    return header


def fill(environ: dict[str, Any], headers: list[tuple[bytes, bytes]]) -> int:
    """Put the headers into the environ, both ways; the answer is the sum of their marks."""
    marks = 0
    head = []
    for raw in headers:
        pair, key, mark = _known.get(raw) or _read(raw)
        head.append(pair)
        marks |= mark
        if key is not None:
            environ[key] = pair[1] if key not in environ else _joined(key, environ[key], pair[1])
    environ["mockserver.head"] = tuple(head)
    return marks


def _joined(key: str, first: str, second: str) -> str:
    """One value of two headers of the same name."""
    if key == "HTTP_HOST":
        raise Refusal(HTTPStatus.BAD_REQUEST, "More than one Host header")  # RFC 9112 3.2
    return f"{first}; {second}" if key == "HTTP_COOKIE" else f"{first},{second}"


def locate(environ: dict[str, Any], target: bytes) -> None:
    """Put the request target into the environ."""
    environ["mockserver.target"] = target.decode("latin-1")
    if not target.startswith(b"/"):
        path, query = _foreign(environ, target)
    elif b"#" in target:
        path, _, query = target.partition(b"#")[0].partition(b"?")
    else:
        path, _, query = target.partition(b"?")
    environ["PATH_INFO"] = (unquote_to_bytes(path) if b"%" in path else path).decode("latin-1")
    environ["QUERY_STRING"] = query.decode("latin-1")


def _foreign(environ: dict[str, Any], target: bytes) -> tuple[bytes, bytes]:
    """Path and query of a target that is no path: ``*``, an authority (CONNECT), or a whole URL as sent to proxies."""
    if target == b"*":
        return target, b""
    if environ["REQUEST_METHOD"] == "CONNECT":
        return b"", b""
    _, is_url, rest = target.partition(b"://")
    try:
        url = parse_url(target)
    except HttpParserInvalidURLError:
        is_url = b""
    if not is_url:
        raise Refusal(HTTPStatus.BAD_REQUEST, "The request target is neither a path nor a URL")
    # RFC 9112 3.2.2: "an origin server MUST ignore the received Host header field (if any) and instead use the host
    # information of the request-target".
    authority = re.split(rb"[/?#]", rest, maxsplit=1)[0]
    environ["HTTP_HOST"] = authority.rpartition(b"@")[2].decode("latin-1")
    return url.path or b"/", url.query or b""
