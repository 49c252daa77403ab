"""Bytes into names and values, in the order they were sent.

Rule 1: nothing is chosen here. Which of two equal names counts, what an empty value means and whether a value that is
not UTF-8 is rejected are the provider's to say. Rule 2: neither Flask nor Werkzeug; a provider's tests need no request.
Rule 3: bytes that are not UTF-8 become surrogate escapes, from which ``encode("utf-8", "surrogateescape")`` makes the
same bytes again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from multipart import MultipartError, MultipartSegment, PushMultipartParser  # type: ignore[import-untyped]  # no py.typed

if TYPE_CHECKING:
    from collections.abc import Iterator

# Unquoted, everything up to the next separator: some clients leave "=" and "/" unquoted, which RFC 2046 forbids.
_BOUNDARY = re.compile(r';\s*boundary\s*=\s*(?:"([^"]+)"|([^",;\s]+))', re.IGNORECASE)


class Malformed(ValueError):
    """The body is not what its Content-Type says; the text is the reason, on one line."""


def media_type(content_type: str) -> str:
    """Type and subtype in lower case, without parameters."""
    return content_type.partition(";")[0].strip().lower()


def is_utf8(value: str) -> bool:
    """Whether the bytes that were sent are UTF-8, and so the value may be stored and written again."""
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def pairs(raw: bytes) -> list[tuple[str, str]]:
    """Read a query string, or a body of ``application/x-www-form-urlencoded``.

    Percent escapes are decoded once, malformed ones stay as they are. A name without "=" has the value "". Empty pairs
    are skipped: 000 prints its request as ``?&action=...``.
    """
    found = []
    # Plus signs all at once, for a space separates nothing.
    for pair in raw.decode("utf-8", "surrogateescape").replace("+", " ").split("&"):
        if pair:
            name, _, value = pair.partition("=")
            # Asked once for the pair, because most have nothing to decode.
            if "%" in pair:
                name, value = _unescaped(name), _unescaped(value)
            found.append((name, value))
    return found


def _unescaped(escaped: str) -> str:
    if "%" not in escaped:
        return escaped
    # By way of bytes: a character may be sent half escaped and half raw.
    return _text(unquote_to_bytes(escaped.encode("utf-8", "surrogateescape")))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def multipart_pairs(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """Read the fields of a body of ``multipart/form-data``.

    A part with a file name is no field, whatever it holds: PHP puts it into ``$_FILES``.

    Raises:
        Malformed: the body is not what its Content-Type says.
    """
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise Malformed("the Content-Type names no boundary")
    try:
        return [
            (_utf8(part.name or ""), _text(value))
            for part, value in _parts((boundary[1] or boundary[2]).encode("latin-1", "replace"), body)
            if part.filename is None
        ]
    except MultipartError as error:
        raise Malformed(str(error)) from error


def _parts(boundary: bytes, body: bytes) -> Iterator[tuple[MultipartSegment, bytes]]:
    part, value = None, b""
    # Latin-1 takes every byte; a name in another charset is no reason to reject the other fields.
    with PushMultipartParser(boundary, header_charset="latin-1") as parser:
        for event in parser.parse(body):
            if isinstance(event, MultipartSegment):
                part, value = event, b""
            elif event is not None:
                value += event
            elif part is not None:
                yield part, value


def _utf8(latin: str) -> str:
    return _text(latin.encode("latin-1"))
