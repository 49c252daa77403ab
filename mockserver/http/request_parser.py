"""The parser part of a connection: from received bytes to whole requests.

The rules of this file:

1. It knows HTTP and httptools' public parser; it knows no transport, no WSGI application and no world.
2. httptools bounds nothing and cannot be paused. So every bound is checked here, and whoever feeds the parser gives it at
   most `RequestParser.feed_size` bytes at a time: the queue holds what was in them, and no more. It does not say where a message ends
   either, so it is given heads and bodies apart: what follows in the same bytes is known to begin the next message.
3. What is no request becomes an `InvalidRequest` in the same queue, so that the response to it keeps its turn. Nothing
   behind it is read.
"""

from __future__ import annotations

import logging
import re
from collections import deque
from enum import Enum
from http import HTTPStatus
from typing import TypeAlias
from urllib.parse import unquote_to_bytes

from httptools import (
    HttpParserCallbackError,
    HttpParserError,
    HttpParserInvalidURLError,
    HttpParserUpgrade,
    HttpRequestParser,
    parse_url,
)

from mockserver.http.host import MISSING, is_host
from mockserver.http.request import HttpRequest, join_values

logger = logging.getLogger(__name__)

FEED_CHUNK = 16 * 1024
"""Bytes given to the parser at a time."""

SMALL_FEED = 1024
"""Bytes given to it at a time while a body comes in small chunks, each of which takes as long as kilobytes of another body."""

MANY_CHUNKS = 4096
"""Chunks of a body that may be as small as they like; all together are `LEAST_CHUNK` bytes long on average."""

LEAST_CHUNK = 16

MAX_DISCARD_FACTOR = 4
"""How many times the largest body is read and dropped before no more is read."""

MAX_HEADERS = 256
"""Headers of a request; its trailers count too."""

REPORTED_BYTES = 4 * 1024
"""Bytes of an invalid request that are kept to be shown."""


class ParseStage(Enum):
    """What a connection is doing."""

    IDLE = "idle"
    """Between requests."""
    HEAD = "head"
    """A request line or its headers are being read."""
    BODY = "body"
    """A body is being read."""
    HANDLER = "handler"
    """The application works on the response."""
    RESPONSE = "response"
    """The response is being sent, or waits to be."""


class InvalidRequest(Exception):
    """The received bytes are no HTTP request that is served here."""

    def __init__(self, status: HTTPStatus, reason: str, raw: bytes = b"") -> None:
        super().__init__(reason)
        self.status = status
        """The status of the response."""
        self.reason = reason
        self.raw = raw
        """The first bytes that were received, at most `REPORTED_BYTES`."""


_EXPECT, _UPGRADE, _BODY = 1, 2, 4
_MARKS = {b"expect": _EXPECT, b"upgrade": _UPGRADE, b"content-length": _BODY, b"transfer-encoding": _BODY}
"""Headers that change how the rest is read."""

_VERSIONS = {"1.1": "HTTP/1.1", "1.0": "HTTP/1.0"}

_Header: TypeAlias = tuple[tuple[str, str], str, int]
"""A header's name and value, its name in lower case, and its mark."""

# A client sends the same headers with every request, and the journal keeps them: they are decoded once and shared.
_known: dict[tuple[bytes, bytes], _Header] = {}
_KNOWN = 1024  # clients may invent headers for ever; a memo may not grow for ever
_SHORT = 256  # bytes of a name and a value that are worth remembering


def _decode(raw: tuple[bytes, bytes]) -> _Header:
    name, value = raw
    lower = name.lower()
    # RFC 9110 5.5: "A field value does not include leading or trailing whitespace." The parser leaves what trails.
    header = (
        (name.decode("latin-1"), value.rstrip(b" \t").decode("latin-1")),
        lower.decode("latin-1"),
        _MARKS.get(lower, 0),
    )
    if len(name) + len(value) <= _SHORT:
        if len(_known) >= _KNOWN:
            _known.clear()
        _known[raw] = header
    return header


def _join(name: str, first: str, second: str) -> str:
    """Return one value for two headers of the same name."""
    if name == "host":
        raise InvalidRequest(HTTPStatus.BAD_REQUEST, "More than one Host header")  # RFC 9112 3.2
    return join_values(name, first, second)


class RequestParser:
    """Turns the bytes of one connection into requests."""

    def __init__(
        self,
        *,
        max_head: int,
        max_body: int,
        scheme: str = "http",
        listener: str | None = None,
        client: tuple[str, int] | None = None,
        server: tuple[str, int] | None = None,
    ) -> None:
        """Start at the beginning of a connection.

        Args:
            max_head: bytes of request line and headers, above which a request is invalid; also of what frames a body in
                chunks: extensions, and trailers.
            max_body: bytes of a body that are kept.
            scheme: see `HttpRequest`, as for the other arguments.
            listener: see there.
            client: see there.
            server: see there.
        """
        self.requests: deque[HttpRequest | InvalidRequest] = deque()
        """The requests that were read completely, in order; the caller removes those that it takes."""
        self.is_done = False
        """Whether no further request is read."""
        self.has_unread_input = False
        """Whether it is done although the client is still sending."""
        self.after_connect: bytearray | None = None
        """What was received after a CONNECT; ``None`` until there was one."""
        self.expects_continue = False
        """Whether the client waits for a 100 before it sends the body (``Expect: 100-continue``); who sends it sets it false."""
        self.feed_size = FEED_CHUNK
        """How many bytes may be given to `feed` next."""
        self.message_since = 0.0
        """When the first byte of the latest request was received."""
        self._max_head = max_head
        self._max_body = max_body
        self._origin = (scheme, listener, client, server)
        self._parser = HttpRequestParser(self)
        self._is_open = False  # inside a message
        self._now = 0.0
        self._size = 0  # bytes of this message
        self._max_size = max_head
        self._first_bytes = b""  # of this message, when it comes in several pieces
        self._last_bytes = b""  # of this message, which may begin the empty line that ends its head, or its chunks
        self._has_line = False  # whether the request line of this message is complete
        self._body_left = 0  # bytes of a body whose length was announced
        self._target = b""
        self._raw_headers: list[tuple[bytes, bytes]] = []
        self._request: HttpRequest | None = None  # its head was read, its body is being read
        self._parts: list[bytes] = []
        self._body_size = 0
        self._body_since = 0.0
        self._head_end = 0  # the bytes of this message's head
        self._received_body = 0  # the bytes of its body, kept or not
        self._chunks = 0
        self._framing: bytes | None = (
            None  # how the body is framed, when the parser takes an Upgrade header for its end
        )

    @property
    def stage(self) -> ParseStage:
        """`Stage.IDLE`, `Stage.HEAD` or `Stage.BODY`."""
        if not self._is_open:
            return ParseStage.IDLE
        return ParseStage.HEAD if self._request is None else ParseStage.BODY

    def _has_small_chunks(self, exempt: int) -> bool:
        """Return whether the chunks are too short on average, when some are not counted."""
        return (self._chunks - exempt) * LEAST_CHUNK > self._received_body

    @property
    def body_progress(self) -> tuple[float, int]:
        """When the body that is being read began, as in `feed`, and its bytes so far."""
        return self._body_since, self._size - self._head_end

    def give_up(self, status: HTTPStatus, reason: str) -> None:
        """Reject the message that is being read, and read no more."""
        self.has_unread_input = True
        self._end(InvalidRequest(status, reason, self._first_bytes))

    def feed(self, data: bytes, now: float) -> None:
        """Read more bytes, at most `feed_size`.

        Args:
            data: as received.
            now: when that was, in any seconds; see `message_since`.
        """
        self._now = now
        begin = start = 0  # of the message, and of what has not been read
        continues = self._is_open
        while start < len(data) and not self.is_done:
            part = data[start : self._end_of_part(data, start)]
            start += len(part)
            rest = part if part.isascii() else self._escape_target(part)
            self._size += len(part)
            try:
                self._parser.feed_data(rest)
            except HttpParserUpgrade as upgrade:
                self._read_on_after_upgrade(rest[upgrade.args[0] :])
            except HttpParserError as error:
                self._reject(error, data[begin:])
            if not self._is_open:
                begin, continues = start, False
        if self.after_connect is not None:
            self.after_connect += data[start:]
        elif self._is_open and not self.is_done:
            self._remember(data[begin:], continues=continues)

    def close(self) -> None:
        """Read no more, and discard what was read. Afterwards nothing here refers to itself, so it is freed at once."""
        self.is_done = True
        self.expects_continue = False
        self.requests.clear()
        self._request, self._parts = None, []
        self._parser = _READS_NOTHING

    def _end_of_part(self, data: bytes, start: int) -> int:
        """Return where the head or body that these bytes continue ends in them; their length or more if it does not."""
        if self._body_left:
            return start + self._body_left
        if start == 0 and self._last_bytes:
            end = (self._last_bytes + data).find(_BLANK_LINE) - len(self._last_bytes)
            return len(data) if end < -len(self._last_bytes) else end + len(_BLANK_LINE)
        end = data.find(_BLANK_LINE, start)
        return len(data) if end < 0 else end + len(_BLANK_LINE)

    def _remember(self, data: bytes, *, continues: bool) -> None:
        """Keep what the next bytes of this message are read by, and give up on it if it is too long already.

        Args:
            data: the message's bytes among those that were fed.
            continues: whether its beginning was fed before.
        """
        self._has_line = self._has_line or b"\n" in (data if continues else data.lstrip(b"\r\n"))
        self._last_bytes = b"" if self._body_left else (self._last_bytes + data)[1 - len(_BLANK_LINE) :]
        self.feed_size = SMALL_FEED if self._request is not None and self._has_small_chunks(16) else FEED_CHUNK
        self._check_size(data)

    def _escape_target(self, part: bytes) -> bytes:
        """Percent-encode what is not ASCII in a request line, which Apache and nginx take and the parser does not."""
        if self._has_line or self._request is not None:
            return part
        begin = (
            0 if self._is_open else len(part) - len(part.lstrip(b"\r\n"))
        )  # empty lines before a request are skipped
        line, newline, rest = part[begin:].partition(b"\n")
        return part[:begin] + _NOT_ASCII.sub(lambda found: b"%%%02X" % ord(found[0]), line) + newline + rest

    def _read_on_after_upgrade(self, rest: bytes) -> None:
        """Read on in HTTP/1.1 after a request that offered something else.

        The parser takes such a request to end with its head. Java's client sends bodies with it (Upgrade: h2c), so a new
        parser is notified of a request that is framed alike and reads on.
        """
        if self.after_connect is not None:
            self.after_connect += rest
        elif self._request is not None and self._framing is not None:
            self._parser = HttpRequestParser(self)
            self._parser.feed_data(self._framing)

    def _check_size(self, data: bytes) -> None:
        """Give up on a message that goes on and is too long already."""
        if len(self._first_bytes) < REPORTED_BYTES:
            self._first_bytes += data[: REPORTED_BYTES - len(self._first_bytes)]
        invalid = None
        if (
            self._request is not None and self._framing_size() > self._max_head + _LEAST_FRAMING
        ):  # one may be incomplete
            invalid = _TOO_MUCH_FRAMING
        elif len(self._raw_headers) > MAX_HEADERS:
            invalid = _TOO_MANY_HEADERS
        elif self._request is not None and self._has_small_chunks(MANY_CHUNKS):
            invalid = _TOO_MANY_CHUNKS
        elif self._size <= self._max_size:
            return
        elif self._request is None:
            invalid = self._too_long()
        elif not self._request.is_too_large:
            invalid = _TOO_MANY_CHUNKS
        self.has_unread_input = True
        if invalid is not None:
            self._end(InvalidRequest(*invalid, self._first_bytes))
        else:  # the application rejects the request, whatever else is in its body
            assert self._request is not None
            self._request.closes = True
            self.on_message_complete()

    def _framing_size(self) -> int:
        """Return the bytes behind the head that are neither body nor needed to frame it, so far."""
        return self._size - self._head_end - self._received_body - _LEAST_FRAMING * self._chunks

    def _too_long(self) -> tuple[HTTPStatus, str]:
        if len(self._target) > self._max_head // 2:
            return HTTPStatus.REQUEST_URI_TOO_LONG, "The request target is too long"
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The request's head is too large"

    def _reject(self, error: HttpParserError, data: bytes) -> None:
        if self.is_done:  # what follows the last request need not be one
            return
        raw = (self._first_bytes + data[:REPORTED_BYTES])[:REPORTED_BYTES]
        cause = error.__context__
        self.has_unread_input = True
        if isinstance(cause, InvalidRequest):
            self._end(InvalidRequest(cause.status, cause.reason, raw))
        elif isinstance(error, HttpParserCallbackError):
            logger.error("Error while reading a request", exc_info=cause)
            self._end(InvalidRequest(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal Server Error", raw))
        else:
            self._end(InvalidRequest(HTTPStatus.BAD_REQUEST, str(error), raw))

    def _end(self, invalid: InvalidRequest) -> None:
        self.is_done = True
        self._is_open = False
        self._request = None
        self.expects_continue = False
        self.requests.append(invalid)

    # --------------------------------------------------------------------------------------- what httptools' parser calls

    def on_message_begin(self) -> None:
        """Start a message."""
        self.message_since = self._now
        self._target = b""
        self._raw_headers = []
        self._is_open = True

    def on_url(self, url: bytes) -> None:
        """Take a piece of the request target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; or, after a chunked body, a trailer, which is ignored."""
        self._raw_headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Make the request, all of it but the body."""
        if self._request is not None or self.is_done:  # reading on after an upgrade, or after the last request
            return
        parser = self._parser
        if self._size > self._max_head and self._head_size() > self._max_head:
            raise InvalidRequest(*self._too_long())
        if len(self._raw_headers) > MAX_HEADERS:
            raise InvalidRequest(*_TOO_MANY_HEADERS)
        version = _VERSIONS.get(parser.get_http_version())
        if version is None:
            raise InvalidRequest(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "HTTP/1.1 and HTTP/1.0 are spoken here")
        method = parser.get_method().decode("ascii")
        headers: list[tuple[str, str]] = []
        fields: dict[str, str] = {}
        marks = 0
        for raw in self._raw_headers:
            pair, name, mark = _known.get(raw) or _decode(raw)
            headers.append(pair)
            fields[name] = _join(name, fields[name], pair[1]) if name in fields else pair[1]
            marks |= mark
        target = self._target
        if target.startswith(b"/"):
            path, _, query = (target.partition(b"#")[0] if b"#" in target else target).partition(b"?")
        else:
            path, query = _split_target(method, target, fields, is_host_needed=version != "HTTP/1.0")
        self._request = request = HttpRequest(
            method,
            target.decode("latin-1"),
            (unquote_to_bytes(path) if b"%" in path else path).decode("latin-1"),
            query.decode("latin-1"),
            version,
            tuple(headers),
            fields,
            *self._origin,
        )
        request.closes = (
            not parser.should_keep_alive() or method == "CONNECT"
        )  # what follows CONNECT is another protocol's
        self._parts = []
        self._body_size = self._received_body = self._chunks = 0
        self._head_end = self._size
        self._body_since = self._now
        self._max_size = self._size + MAX_DISCARD_FACTOR * self._max_body
        self.expects_continue = False
        self._framing = None
        if marks & _BODY and "transfer-encoding" not in fields:
            self._body_left = int(fields["content-length"])  # httptools lets nothing but digits through
        if marks & _EXPECT and version != "HTTP/1.0":
            self.expects_continue = fields["expect"].lower() == "100-continue"
        if marks & _UPGRADE and marks & _BODY and method != "CONNECT" and parser.should_upgrade():
            self._framing = self._framing_headers()

    def _head_size(self) -> int:
        """Return the bytes of request line and headers: separators and line ends included, all but the method exactly."""
        return len(self._target) + sum(len(name) + len(value) + 4 for name, value in self._raw_headers)

    def _framing_headers(self) -> bytes:
        lines = [b"%s: %s\r\n" % pair for pair in self._raw_headers if _MARKS.get(pair[0].lower()) == _BODY]
        return b"POST / HTTP/1.1\r\n" + b"".join(lines) + b"\r\n"

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body, as far as it is kept."""
        request = self._request
        if request is None:
            return
        self._body_left -= min(len(body), self._body_left)
        self._received_body += len(body)
        space = self._max_body - self._body_size
        if len(body) > space:
            request.is_too_large = True
            body = body[:space]
        self._body_size += len(body)
        self._parts.append(body)
        self.expects_continue = False

    def on_chunk_header(self) -> None:
        """Count a chunk."""
        self._chunks += 1

    def on_message_complete(self) -> None:
        """Queue the request."""
        request = self._request
        if request is None:
            return
        if self._framing is not None and self._parser.should_upgrade():
            return  # its body is still to come: _read_on_after_upgrade
        if self._chunks and not request.is_too_large:
            if self._framing_size() > self._max_head:
                raise InvalidRequest(*_TOO_MUCH_FRAMING)
            if self._has_small_chunks(MANY_CHUNKS):
                raise InvalidRequest(*_TOO_MANY_CHUNKS)
            if len(self._raw_headers) > MAX_HEADERS:
                raise InvalidRequest(*_TOO_MANY_HEADERS)
        self._request = None
        self._is_open = False
        self.feed_size = FEED_CHUNK
        self._size, self._max_size, self._first_bytes = 0, self._max_head, b""
        self._last_bytes, self._has_line, self._body_left = b"", False, 0
        self.expects_continue = False
        request.body = b"".join(self._parts)
        if request.closes:
            self.is_done = True
            if request.method == "CONNECT":
                self.after_connect = bytearray()
        self._parts = []  # the connection may be idle for long, and the body large
        self.requests.append(request)


_READS_NOTHING = HttpRequestParser(object())
"""The parser of a closed `RequestParser`: it calls nobody."""

_BLANK_LINE = b"\r\n\r\n"
"""The end of a head, and of a body in chunks."""
_LEAST_FRAMING = len(b"1\r\n\r\n")
"""The bytes that a chunk needs beside its content."""
_TOO_MUCH_FRAMING = HTTPStatus.BAD_REQUEST, "The chunk extensions and trailers of the body are too long"
_TOO_MANY_CHUNKS = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body has too many chunks"
_TOO_MANY_HEADERS = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"The request has more than {MAX_HEADERS} headers"
_NOT_ASCII = re.compile(rb"[\x80-\xff]")


def _split_target(method: str, target: bytes, fields: dict[str, str], *, is_host_needed: bool) -> tuple[bytes, bytes]:
    """Return path and query of a target that is no path: ``*``, a host and port (CONNECT), or a whole URL (proxies)."""
    # RFC 9112 3.2: "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message that lacks a
    # Host header field and to any request message that contains [...] a Host header field with an invalid field value."
    # Where the target is a path, the application does, for it knows whose path it is.
    if not is_host(fields.get("host", MISSING if is_host_needed else "")):
        raise InvalidRequest(HTTPStatus.BAD_REQUEST, "The Host header is missing or names no host")
    if target == b"*":
        return target, b""
    if method == "CONNECT":
        return b"", b""
    _, is_url, rest = target.partition(b"://")
    try:
        url = parse_url(target)
    except HttpParserInvalidURLError:
        is_url = b""
    if not is_url:
        raise InvalidRequest(HTTPStatus.BAD_REQUEST, "The request target is neither a path nor a URL")
    # RFC 9112 3.2.2: "an origin server MUST ignore the received Host header field (if any) and instead use the host
    # information of the request-target".
    host = re.split(rb"[/?#]", rest, maxsplit=1)[0]
    fields["host"] = host.rpartition(b"@")[2].decode("latin-1")
    return url.path or b"/", url.query or b""
