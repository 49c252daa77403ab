"""Reads HAR files, whichever tool wrote them.

HAR 1.2 says little about what a tool may leave out, and tools differ. Each function below that accepts more than HAR 1.2 says in its
docstring which tool needs it; contract_tests/har/files has a file such as each of these tools writes. What a file lacks of an
exchange is stated in `RecordedExchange.missing`; an entry that cannot be read is a `HarError` with its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, quote_plus, urlsplit
from zipfile import BadZipFile, ZipFile

from mockserver.engine.instants import EARLIEST, LATEST, Instant, instant_of, parse_instant

from .bodies import body_of_parameters, decode_base64, decompress, encode_text
from .entries import read_entries
from .exchange import HarError, RecordedExchange, find_header

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]")
_NO_EXCHANGE = ("data:", "blob:", "about:", "javascript:")
_UNSAFE = re.compile(r"[^\x21-\x7e]+")

ReadFile = Callable[[str], bytes | None]
"""Returns the content of a file that has a body, given the file's name; ``None`` if there is no such file."""


def read_har(
    file: BinaryIO,
    on_error: Callable[[HarError], None] | None = None,
    read_file: ReadFile = lambda _: None,
) -> Iterator[RecordedExchange]:
    """Yield the exchanges of a HAR file, one at a time: a file of any size takes the memory of its largest entry.

    Args:
        file: the file, open for reading bytes.
        on_error: gets each complaint, after which reading goes on with the next entry; without it the first one is raised.
        read_file: reads a body that the tool has put into a file of its own, by the file's name.

    Raises:
        HarError: the file is not a HAR file, or an entry cannot be read, and there is no `on_error`.
    """
    before: Instant | None = None
    entries = read_entries(file)
    while True:
        try:
            index, entry = next(entries)
        except StopIteration:
            return
        except HarError as reason:  # of the file: there is no next entry
            if on_error is None:
                raise
            on_error(reason)
            return
        try:
            exchange = _exchange(_Node(entry, f"log.entries[{index}]", index), before, read_file)
        except HarError as reason:
            if on_error is None:
                raise
            on_error(reason)
            continue
        if exchange is not None:
            before = exchange.started
            yield exchange


def read_har_file(path: Path, on_error: Callable[[HarError], None] | None = None) -> Iterator[RecordedExchange]:
    """Yield the exchanges of a HAR file, or of an archive that Playwright has made of one, whose bodies may lie beside it.

    Args:
        path: the file; a zip archive holds one file whose name ends in ``.har``.
        on_error: as for `read_har`.

    Raises:
        OSError: the file cannot be read.
        HarError: as `read_har` does.
    """
    with path.open("rb") as file:
        if file.read(4) != b"PK\x03\x04":
            file.seek(0)
            yield from read_har(file, on_error, lambda name: _beside(path, name))
            return
    try:
        with ZipFile(path) as archive:
            name = next((name for name in archive.namelist() if name.endswith(".har")), None)
            if name is None:
                raise HarError("the archive has no file whose name ends in .har")
            inside = set(archive.namelist())
            with archive.open(name) as member:
                yield from read_har(member, on_error, lambda name: archive.read(name) if name in inside else None)  # type: ignore[arg-type]  # ZipExtFile is a BinaryIO
    except BadZipFile as reason:
        raise HarError(f"the archive cannot be read: {reason}") from reason


def _beside(path: Path, name: str) -> bytes | None:
    """Return the content of a file beside a HAR file; nothing outside of its folder is read."""
    if not re.fullmatch(r"[\w-][\w.-]*", name):
        return None
    try:
        return (path.parent / name).read_bytes()
    except OSError:
        return None


# -- an entry ----------------------------------------------------------------------------------------------------------------


class _Node:
    """An object of the file, with its JSON path for complaints."""

    def __init__(self, value: Any, path: str, index: int) -> None:
        self.path, self.index = path, index
        if not isinstance(value, dict):
            raise self.error(f"an object is expected, not {_kind(value)}")
        self._members: Mapping[str, Any] = value

    def error(self, message: str, name: str = "") -> HarError:
        """Return a complaint about this object or one of its members."""
        return HarError(message, index=self.index, path=f"{self.path}.{name}" if name else self.path)

    def get(self, name: str) -> Any:
        """Return a member; ``None`` if it is absent."""
        return self._members.get(name)

    def text(self, name: str) -> str:
        """Return a text; empty if it is absent or something else."""
        found = self._members.get(name)
        return found if isinstance(found, str) else ""

    def needed(self, name: str) -> str:
        """Return a text that must be there."""
        found = self._members.get(name)
        if not isinstance(found, str) or not found.strip():
            raise self.error(f"a text is expected, not {_kind(found)}", name)
        return found.strip()

    def number(self, name: str) -> float | None:
        """Return a number, also one that is written as a text; ``None`` if it is absent or something else."""
        try:
            return float(self._members[name])
        except (KeyError, TypeError, ValueError, OverflowError):
            return None

    def child(self, name: str) -> _Node | None:
        """Return an object; ``None`` if it is absent or null."""
        found = self._members.get(name)
        return None if found is None else _Node(found, f"{self.path}.{name}", self.index)

    def list_of(self, name: str) -> list[Any]:
        """Return a list; empty if it is absent or null."""
        found = self._members.get(name)
        if found is not None and not isinstance(found, (list, dict)):
            raise self.error(f"a list is expected, not {_kind(found)}", name)
        return list(found.items()) if isinstance(found, dict) else found or []


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return names.get(type(value), "a number")


def _exchange(entry: _Node, before: Instant | None, read_file: ReadFile) -> RecordedExchange | None:
    request = entry.child("request")
    if request is None:
        raise entry.error("the entry has no request", "request")
    method = request.needed("method").upper()
    url = _url(request)
    if method == "CONNECT" or url is None:
        return None
    missing: list[str] = []
    request_headers = _headers(request)
    request_body = _request_body(request, request_headers, missing, read_file)
    response = entry.child("response")
    response_headers = () if response is None else _headers(response)
    status = 0 if response is None else _status(response)
    body = (
        b""
        if response is None or not status
        else _response_body(response, response_headers, method, status, missing, read_file)
    )
    if not status:
        missing.append(_no_response(entry, response))
    elif entry.get("_fromCache") or entry.get("_fromDiskCache"):
        # Chrome and chrome-har-capturer: the provider was not asked.
        missing.append("the response came from the browser's cache")
    started = _started(entry, response_headers, before, missing)
    stated = entry.get("_missing")  # written by `HarWriter`
    if isinstance(stated, list):
        missing = [str(each) for each in stated]
    return RecordedExchange(
        index=entry.index,
        started=started,
        duration=_duration(entry),
        method=method,
        url=url,
        http_version=request.text("httpVersion") or "HTTP/1.1",
        request_headers=request_headers,
        request_body=request_body,
        status=status,
        reason="" if response is None else response.text("statusText"),
        response_headers=response_headers,
        response_body=body,
        missing=tuple(missing),
    )


def _url(request: _Node) -> str | None:
    """Return the URL as it was sent; ``None`` for what no server was asked, such as the data: URLs that browsers record.

    Firefox keeps the fragment; Safari shows letters beyond ASCII as themselves; Insomnia has the query in ``queryString`` alone.
    """
    url = request.needed("url").partition("#")[0]
    if url.lower().startswith(_NO_EXCHANGE):
        return None
    url = _UNSAFE.sub(lambda found: quote(found[0]), url)
    if not _ABSOLUTE.match(url):
        if request.text("method").upper() == "CONNECT":
            return None
        raise request.error("the URL is not absolute", "url")
    try:
        urlsplit(url)
    except ValueError as reason:  # an IPv6 address that is none
        raise request.error(f"this is no URL: {reason}", "url") from None
    if "?" not in url and (query := _pairs(request, "queryString")):
        url += "?" + "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in query)
    return url


def _pairs(node: _Node, name: str) -> list[tuple[str, str]]:
    """Return names and values.

    HAR has objects with ``name`` and ``value``; Slack writes lists of two; some converters write one object of all.
    """
    found = []
    for place, item in enumerate(node.list_of(name)):
        if isinstance(item, dict):
            key, value = item.get("name"), item.get("value")
        elif isinstance(item, (list, tuple)) and len(item) >= 2:
            key, value = item[:2]
        else:
            raise node.error("a name and a value are expected", f"{name}[{place}]")
        if isinstance(key, str):
            found.append((key, "" if value is None else str(value)))
    return found


def _headers(node: _Node) -> tuple[tuple[str, str], ...]:
    """Return the headers in their order.

    Chrome lists the pseudo-headers of HTTP/2, such as ``:authority``; chrome-har-capturer and Firefox join the values of
    headers of one name by line breaks.
    """
    return tuple(
        (name, each.strip())
        for name, value in _pairs(node, "headers")
        if name and not name.startswith(":")
        for each in (value.split("\n") if "\n" in value else (value,))
    )


def _length(headers: tuple[tuple[str, str], ...]) -> int | None:
    """Return Content-Length, where it counts the bytes of the body without a content coding."""
    text = find_header(headers, "content-length")
    return int(text) if text.isascii() and text.isdigit() and not find_header(headers, "content-encoding") else None


def _request_body(
    request: _Node, headers: tuple[tuple[str, str], ...], missing: list[str], read_file: ReadFile
) -> bytes:
    """Return the body of a request.

    Charles and Postman's converters have the parameters of a form alone; HTTP Toolkit has a binary body in ``_content``, and the
    proposal for HAR 1.3 marks it by ``encoding``, as we do by ``_encoding``; Playwright may have put it into a file of its own.
    """
    data, length = request.child("postData") or request.child("_content"), _length(headers)
    if data is None:
        if length or (request.number("bodySize") or 0) > 0:
            missing.append("the request body was not recorded")
        return b""
    media_type = data.text("mimeType") or find_header(headers, "content-type")
    body = _content(data, media_type, length, read_file)
    if not body and (parameters := _pairs(data, "params")):
        return body_of_parameters(parameters, media_type)  # escaped perhaps in another way than it was sent
    if not body:
        if length:
            missing.append("the request body was not recorded")
        return b""
    return _decode(body, "request", headers, missing)


def _response_body(
    response: _Node,
    headers: tuple[tuple[str, str], ...],
    method: str,
    status: int,
    missing: list[str],
    read_file: ReadFile,
) -> bytes:
    """Return the body of a response.

    Firefox leaves out those of images and large ones, Chrome those that it has thrown away, Playwright those of ``omit``; some
    tools have left the gzip coding on.
    """
    content, length = response.child("content"), _length(headers)
    body = None
    if content is not None:
        media_type = content.text("mimeType")
        if "charset" not in media_type.lower():
            media_type = find_header(headers, "content-type") or media_type
        body = _content(content, media_type, length, read_file)
    if method == "HEAD" or status in (204, 304):
        return body or b""
    if body is None or (not body and length):
        size = None if content is None else content.number("size")
        if length or (size or 0) > 0 or (length is None and size is None):
            missing.append("the response body was not recorded")
        return b""
    return _decode(body, "response", headers, missing)


def _decode(body: bytes, message: str, headers: tuple[tuple[str, str], ...], missing: list[str]) -> bytes:
    """Return a body without a content coding, and note if it is shorter than its message says."""
    body, length = decompress(body, find_header(headers, "content-encoding")), _length(headers)
    if length and len(body) < length:
        missing.append(f"{len(body)} of {length} bytes of the {message} body were recorded")
    return body


def _content(node: _Node, media_type: str, length: int | None, read_file: ReadFile) -> bytes | None:
    """Return a body from ``text``, or from a file of its own; ``None`` if it is not there."""
    text = node.get("text")
    if not text and (name := node.text("_file")):
        return read_file(name)
    if not isinstance(text, str):
        return None
    encoding = node.text("encoding") or node.text("_encoding")
    if encoding.lower() == "base64":
        try:
            return decode_base64(text)
        except ValueError as reason:
            raise node.error("the text is not base64, as its encoding says", "text") from reason
    return encode_text(text, media_type, length)


def _status(response: _Node) -> int:
    """Return the status; 0, which Chrome and mitmproxy write where there was no response, for anything that is none."""
    found = response.number("status")
    return int(found) if found is not None and 100 <= found <= 999 else 0


def _no_response(entry: _Node, response: _Node | None) -> str:
    """Return what became of a request without a response, in the words of Chrome and mitmproxy (``_error``) or Charles (``comment``)."""
    why = (response.text("_error") or response.text("comment") if response else "") or entry.text("comment")
    return f"there was no response: {why}" if why else "there was no response"


def _started(entry: _Node, headers: tuple[tuple[str, str], ...], before: Instant | None, missing: list[str]) -> Instant:
    """Return when the request was sent.

    Fiddler writes seven decimals; some converters write milliseconds since 1970; where there is no time, that of the header Date,
    or of the exchange before it, is nearest.
    """
    found = entry.get("startedDateTime")
    if isinstance(found, str):
        try:
            return parse_instant(found.strip())
        except ValueError:
            pass
    milliseconds = entry.number("startedDateTime")
    if milliseconds is not None and EARLIEST <= milliseconds * 1000 <= LATEST:
        return round(milliseconds * 1000)
    missing.append("when the request was sent was not recorded")
    try:
        return instant_of(parsedate_to_datetime(find_header(headers, "date")))
    except (TypeError, ValueError, IndexError, OverflowError):
        return before or 0


def _duration(entry: _Node) -> int | None:
    """Return the duration; tools write 0 or -1 where they do not know it."""
    found = entry.number("time")
    return round(found * 1000) if found is not None and 0 < found < LATEST else None
