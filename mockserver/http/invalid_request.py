"""What can be read of bytes that are no HTTP request: whom they were meant for."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from .request import HttpRequest

_LINE = re.compile(rb"\s*(?P<method>\S+)[ \t]+(?P<target>[^\r\n]+?)(?:[ \t]+HTTP/[0-9.]*)?[ \t]*(?:[\r\n]|$)")
_URL = re.compile(rb"[a-z][a-z0-9+.-]*://([^/?#]*)", re.IGNORECASE)
_HEADER = re.compile(rb"\n(?P<name>[!-9;-~]+)[ \t]*:[ \t]*(?P<value>[^\r\n]*)")


def read_partially(raw: bytes) -> HttpRequest | None:
    """Read method, path, query and headers as far as there are any; nothing where there are neither a path nor headers.

    Args:
        raw: the first bytes of the request.
    """
    line = _LINE.match(raw)
    head = raw.lstrip().partition(b"\r\n\r\n")[0]
    headers = tuple((found["name"].decode(), found["value"].decode("latin-1")) for found in _HEADER.finditer(head))
    fields = {name.lower(): value for name, value in reversed(headers)}
    if line is None:
        return HttpRequest("", "", "", "", headers=headers, fields=fields) if headers else None
    target = line["target"]
    url = _URL.match(target)
    if url is not None:
        fields["host"] = url[1].rpartition(b"@")[2].decode("latin-1")
        target = target[url.end() :] or b"/"
    path, _, query = target.partition(b"#")[0].partition(b"?")
    return HttpRequest(
        line["method"].decode("latin-1"),
        line["target"].decode("latin-1"),
        unquote_to_bytes(path).decode("latin-1"),
        query.decode("latin-1"),
        headers=headers,
        fields=fields,
    )
