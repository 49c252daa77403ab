"""One request to a provider, and how its query, body and credentials are read: plain values, whatever server it came through.

Rule 1: of two equal names neither is dropped, and values are returned as sent; which of them counts, what an empty value
means and whether one that is not UTF-8 is rejected are decided by the provider. Rule 2: no Flask and no Werkzeug; a
provider's tests need no web request. Rule 3: bytes that are not UTF-8 become surrogate escapes, from which
``encode("utf-8", "surrogateescape")`` makes the same bytes again. Rule 4: the time is linear in what was sent, the number of
objects is bounded, and no single call of C goes over megabytes of input, because it would stop every other thread.
"""

from __future__ import annotations

import re
from base64 import b64decode
from codecs import getincrementaldecoder
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_to_bytes

import orjson
from msgspec import Struct
from multipart import MultipartError, MultipartSegment, PushMultipartParser  # type: ignore[import-untyped]  # no py.typed


class ProviderRequest(Struct, frozen=True):
    """One request to a provider, as the client sent it."""

    method: str
    """The method, in capitals."""
    path: str
    """The decoded path, without the prefix that names a world."""
    query: bytes = b""
    """The query string as it was sent."""
    headers: tuple[tuple[str, str], ...] = ()
    """The name and value of each header, in the order and spelling in which they were sent."""
    fields: Mapping[str, str] | None = None
    """The values of the headers by name in small letters, those of equal names joined by commas; ``None`` reads them from `headers`."""
    body: bytes = b""
    """The body; only its beginning where `is_too_large`."""
    scheme: str = "http"
    host: str = "localhost"
    """The host to which the client sent the request, with its port where there is one."""
    prefix: str = ""
    """The part of the URL's path before `path`: where the server is mounted, and the prefix that names a world."""
    is_too_large: bool = False
    """Whether the body was longer than the server reads."""
    is_bound: bool = False
    """Whether the listener, a prefix or a header has chosen the world, so that the credentials need not."""
    variants: Mapping[str, str] = {}
    """The world's variants, for `Provider.render_routing_error`; empty where no world is known."""

    def get(self, name: str, default: str = "") -> str:
        """Return the value of a header; those of several with that name are joined by commas.

        Args:
            name: the name in small letters.
            default: the value when there is no such header.
        """
        if self.fields is not None:
            return self.fields.get(name, default)
        values = [value for each, value in self.headers if each.lower() == name]
        if len(values) == 1:
            return values[0]
        return ",".join(values) if values else default

    @property
    def authorization(self) -> str:
        """The Authorization header; empty when there is none."""
        return self.get("authorization")

    @property
    def basic(self) -> tuple[str, str] | None:
        """The user and password of HTTP Basic; ``None`` when the client sent no such credentials.

        Raises:
            MalformedCredentials: the client sent some that cannot be read.
        """
        header = self.authorization
        return (parse_basic if len(header) <= _LONGEST_CACHED else parse_basic.__wrapped__)(header)

    @property
    def bearer(self) -> str | None:
        """The token of a Bearer Authorization header; ``None`` when there is no such header, or no token in it."""
        scheme, _, token = self.authorization.partition(" ")
        return (token.strip() or None) if scheme.lower() == "bearer" else None

    @property
    def url(self) -> str:
        """The absolute URL without its query, with the scheme, host and prefix that the client used."""
        is_short = len(self.host) + len(self.prefix) + len(self.path) <= _LONGEST_CACHED
        return (_url if is_short else _url.__wrapped__)(self.scheme, self.host, self.prefix, self.path)


_LONGEST_CACHED = 1024
"""What a client sends is looked up in a cache only up to this number of characters, so that a cache is bounded in bytes: whole URLs
and credentials are longer than the names that `mockserver.http` looks up."""


@lru_cache(maxsize=256)
def _url(scheme: str, host: str, prefix: str, path: str) -> str:
    """Build a URL; cached, because clients request the same few URLs again and again."""
    return f"{scheme}://{host}{quote(prefix)}{quote(path, safe='/;=,')}"


class MalformedCredentials(ValueError):
    """An Authorization header names HTTP Basic, and what follows is not in its form; the text says why."""


@lru_cache(maxsize=256)
def parse_basic(header: str) -> tuple[str, str] | None:
    """Parse the user and password of an Authorization header; ``None`` when it is empty or of another scheme.

    Raises:
        MalformedCredentials: it is HTTP Basic, and cannot be read.
    """
    scheme, _, encoded = header.strip(" \t").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = b64decode(encoded.strip(" "), validate=True).decode().partition(":")
    except UnicodeDecodeError:
        raise MalformedCredentials("not UTF-8") from None
    except ValueError:
        raise MalformedCredentials("not base64") from None
    # RFC 7617: "a user-id containing a colon character is invalid"; a password may have as many as it likes
    if not colon:
        raise MalformedCredentials("no colon between user and password")
    return user, password


# -- forms -------------------------------------------------------------------------------------------------------------

# Unquoted, everything up to the next separator: some clients leave "=" and "/" unquoted, which RFC 2046 forbids.
_BOUNDARY = re.compile(r';\s*boundary\s*=\s*(?:"([^"]+)"|([^",;\s]+))', re.IGNORECASE)


MOST_FIELDS = 1_000
"""The fields of a form, a multipart body or a query string that are read, empty ones included; PHP's ``max_input_vars``."""
MOST_VALUES = 110_000
"""The values of a JSON document that is read; a provider may take 100,000 recipients in one request."""
MOST_LEVELS = 64
"""The levels of lists and objects of a JSON document that is read; PHP's ``max_input_nesting_level``."""

_PIECE = 64 * 1024
"""The bytes that are decoded at a time."""
_ESCAPED_PIECE = 8 * 1024
"""The percent-encoded characters that are decoded at a time, of which each may be an object of its own."""
_JSON_MARK = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[,{}\[\]]', re.DOTALL)
"""A text of JSON, which may lack its end, or a mark that stands between values."""
_MARKS_PER_VALUE = 6
"""More marks than a document has for each of its values: the name and the value, the comma, and the brackets of an empty list."""


class Malformed(ValueError):
    """The body is not what its Content-Type says; the text is the reason, on one line."""


class TooManyFields(Malformed):
    """The body or query string has more fields, values or levels than are read; the text says how many those are."""


def media_type(content_type: str) -> str:
    """Type and subtype in lower case, without parameters."""
    return content_type.partition(";")[0].strip().lower()


def is_utf8(value: str) -> bool:
    """Return whether the bytes that were sent are UTF-8, and so the value may be stored and written again."""
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def json_object(body: bytes, most_values: int = MOST_VALUES) -> dict[str, Any]:
    """Read a body that is a JSON object.

    Raises:
        TooManyFields: it has more than `most_values` values or `MOST_LEVELS` levels.
        Malformed: it is not JSON, or another JSON value.
    """
    sent = json_value(body, most_values)
    if not isinstance(sent, dict):
        raise Malformed("not an object")
    return sent


def json_value(text: bytes, most_values: int = MOST_VALUES) -> Any:
    """Read a JSON document: a body, or the value of a parameter.

    Raises:
        TooManyFields: it has more than `most_values` values or `MOST_LEVELS` levels.
        Malformed: it is not JSON.
    """
    check_json_size(text, most_values)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as reason:
        raise Malformed(str(reason)) from reason


def check_json_size(body: bytes, most_values: int = MOST_VALUES) -> None:
    """Check the number of values and levels of a JSON document before anything is made of it.

    Raises:
        TooManyFields: there are more than `most_values` values or `MOST_LEVELS` levels.
    """
    if body.count(b",") < most_values and body.count(b"[") + body.count(b"{") <= MOST_LEVELS:
        return  # whatever of them stands in texts
    values, levels = 1, 0
    for count, found in enumerate(_JSON_MARK.finditer(body)):
        mark = found[0]
        if mark == b",":
            values += 1
        elif mark in b"[{":
            levels += 1
        elif mark in b"]}":
            levels -= 1
        if values > most_values or count > _MARKS_PER_VALUE * most_values:
            raise TooManyFields(f"more than {most_values} values")
        if levels > MOST_LEVELS:
            raise TooManyFields(f"more than {MOST_LEVELS} levels")


def pairs(raw: bytes, *, is_cut: bool = False) -> list[tuple[str, str]]:
    """Read a query string, or a body of ``application/x-www-form-urlencoded``.

    Percent escapes are decoded once, malformed ones stay as they are. A name without "=" has the value "". Empty pairs
    are skipped: 000 prints its request as ``?&action=...``.

    Args:
        raw: what was sent.
        is_cut: whether only the first `MOST_FIELDS` pairs are read, if there are more.

    Raises:
        TooManyFields: there are more, and they are not cut.
    """
    found = []
    if len(raw) <= _PIECE:
        # Plus signs all at once, for a space separates nothing.
        parts = raw.decode("utf-8", "surrogateescape").replace("+", " ").split("&", MOST_FIELDS)
        is_over = len(parts) > MOST_FIELDS
    else:
        split = raw.split(b"&", MOST_FIELDS)
        is_over = len(split) > MOST_FIELDS
        parts = [] if is_over and not is_cut else [_text(part).replace("+", " ") for part in split[:MOST_FIELDS]]
    if is_over and not is_cut:
        raise TooManyFields(f"more than {MOST_FIELDS} fields")
    del parts[MOST_FIELDS:]
    for pair in parts:
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
    pieces = (unquote_to_bytes(piece.encode("utf-8", "surrogateescape")) for piece in split_escaped(escaped))
    return _text(b"".join(pieces))


def split_escaped(text: str) -> Iterator[str]:
    """Yield the pieces of a percent-encoded text, some kilobytes each, without an escape across two of them."""
    start = 0
    while start < len(text):
        stop = start + _ESCAPED_PIECE
        if stop < len(text):
            escape = text.rfind("%", stop - 2, stop)
            stop = stop if escape < 0 else escape
        yield text[start:stop]
        start = stop


def _text(raw: bytes) -> str:
    if len(raw) <= _PIECE:
        return raw.decode("utf-8", "surrogateescape")
    decoder = getincrementaldecoder("utf-8")("surrogateescape")
    starts = range(0, len(raw), _PIECE)
    return "".join(decoder.decode(raw[start : start + _PIECE], start == starts[-1]) for start in starts)


def split_in_pieces(text: str, separator: str) -> Iterator[list[str]]:
    """Yield the parts of a text between separators, in lists of those of some kilobytes: one list of millions takes too long."""
    start = 0
    while start <= len(text):
        stop = text.find(separator, start + _PIECE)
        stop = len(text) if stop < 0 else stop
        yield text[start:stop].split(separator)
        start = stop + len(separator)


class Upload(NamedTuple):
    """A file in a body of ``multipart/form-data``."""

    name: str
    """The name of the file."""
    content: bytes


def multipart_pairs(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """Read the fields of a body of ``multipart/form-data``.

    A part with a file name is no field, whatever it holds: PHP puts it into ``$_FILES``.

    Raises:
        TooManyFields: there are more than `MOST_FIELDS` parts, those with file names included.
        Malformed: the body is not what its Content-Type says.
    """
    return [(name, value) for name, value in multipart_parts(content_type, body) if isinstance(value, str)]


def multipart_parts(content_type: str, body: bytes) -> list[tuple[str, str | Upload]]:
    """Read the fields and the files of a body of ``multipart/form-data``.

    Raises:
        TooManyFields: there are more than `MOST_FIELDS` parts.
        Malformed: the body is not what its Content-Type says.
    """
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise Malformed("the Content-Type names no boundary")
    read = list[tuple[str, str | Upload]]()
    try:
        for count, (part, value) in enumerate(_parts((boundary[1] or boundary[2]).encode("latin-1", "replace"), body)):
            if count == MOST_FIELDS:
                raise TooManyFields(f"more than {MOST_FIELDS} parts")
            found = _text(value) if part.filename is None else Upload(_utf8(part.filename), value)
            read.append((_utf8(part.name or ""), found))
    except MultipartError as error:
        error.__traceback__ = None  # the parser keeps the error, whose traceback refers to the parser
        raise Malformed(str(error)) from error
    return read


def _parts(boundary: bytes, body: bytes) -> Iterator[tuple[MultipartSegment, bytes]]:
    part, value = None, list[bytes]()
    # Latin-1 takes every byte; a name in another charset is no reason to reject the other fields.
    with PushMultipartParser(boundary, header_charset="latin-1") as parser:
        for start in range(0, len(body) or 1, _PIECE):
            for event in parser.parse(body[start : start + _PIECE]):
                if isinstance(event, MultipartSegment):
                    part, value = event, []
                elif event is not None:
                    value.append(event)
                elif part is not None:
                    yield part, b"".join(value)


def _utf8(latin: str) -> str:
    return _text(latin.encode("latin-1"))
