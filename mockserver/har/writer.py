"""Writes HAR 1.2 files, which browsers, mitmproxy and other tools open."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, BinaryIO, Self
from urllib.parse import unquote_plus, urlsplit

import orjson

from mockserver.engine.instants import iso
from mockserver.version import __version__

from .bodies import encode_text
from .exchange import RecordedExchange, find_header

_TAIL = b"\n]}}\n"


class HarWriter:
    """A HAR file that is being written: after each exchange it is complete JSON, so that nothing is lost if the process is killed."""

    def __init__(self, file: BinaryIO, comment: str = "") -> None:
        """Begin the file.

        Args:
            file: an empty file, open for writing bytes. Where it cannot seek, as a pipe, it is complete when this is closed.
            comment: a comment on the whole recording.
        """
        self._file, self._seeks = file, file.seekable()
        self.count = 0
        """How many exchanges were written."""
        self._put(_head(comment))

    def write(self, exchange: RecordedExchange) -> None:
        """Write an exchange; its index becomes its place in this file, whatever its `index` is.

        Raises:
            OSError: the file cannot be written.
        """
        self._put((b",\n" if self.count else b"\n") + encode_entry(exchange))
        self.count += 1

    def close(self) -> None:
        """Complete the file; the file itself stays open."""
        if self._seeks:
            self._file.seek(0, 2)
        else:
            self._file.write(_TAIL)
        self._file.flush()

    def _put(self, data: bytes) -> None:
        """Write data, and the end of the file after it, over which the next data are written."""
        self._file.write(data + _TAIL if self._seeks else data)
        self._file.flush()
        if self._seeks:
            self._file.seek(-len(_TAIL), 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def har_chunks(exchanges: Iterable[RecordedExchange], comment: str = "") -> Iterator[bytes]:
    """Yield a HAR file in pieces, one for each exchange, for a response that is written as it is made."""
    yield _head(comment)
    for place, exchange in enumerate(exchanges):
        yield (b",\n" if place else b"\n") + encode_entry(exchange)
    yield _TAIL


def _head(comment: str) -> bytes:
    head: dict[str, Any] = {"version": "1.2", "creator": {"name": "mockserver", "version": __version__}}
    if comment:
        head["comment"] = comment
    return b'{"log":' + orjson.dumps(head)[:-1] + b',"entries":['


def encode_entry(exchange: RecordedExchange) -> bytes:
    """Return an exchange as an entry of a HAR file."""
    milliseconds = (exchange.duration or 0) / 1000
    entry: dict[str, Any] = {
        "startedDateTime": iso(exchange.started),
        "time": milliseconds,
        "request": _request(exchange),
        "response": _response(exchange),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
    }
    if exchange.missing:
        entry["comment"] = "; ".join(exchange.missing)
        entry["_missing"] = exchange.missing
    return _dump(entry)


def _request(exchange: RecordedExchange) -> dict[str, Any]:
    headers = exchange.request_headers
    request: dict[str, Any] = {
        "method": exchange.method,
        "url": exchange.url,
        "httpVersion": exchange.http_version,
        "cookies": [
            {"name": name.strip(), "value": value}
            for each in _values(headers, "cookie")
            for name, _, value in (pair.partition("=") for pair in each.split(";"))
        ],
        "headers": _named(headers),
        "queryString": [
            {"name": unquote_plus(name), "value": unquote_plus(value)}
            for name, _, value in (pair.partition("=") for pair in urlsplit(exchange.url).query.split("&"))
            if name
        ],
        "headersSize": -1,
        "bodySize": len(exchange.request_body),
    }
    if exchange.request_body:
        media_type = find_header(headers, "content-type")
        text, encoding = _text(exchange.request_body, media_type, headers)
        data = {"mimeType": media_type, "text": text}
        if encoding:  # HAR 1.2 has no member for it; the proposal for 1.3 calls it encoding
            data |= {"_encoding": encoding, "comment": f"the text is {encoding} of the bytes"}
        request["postData"] = data
    return request


def _response(exchange: RecordedExchange) -> dict[str, Any]:
    headers = exchange.response_headers
    media_type = find_header(headers, "content-type")
    content: dict[str, Any] = {"size": len(exchange.response_body), "mimeType": media_type or "x-unknown"}
    if exchange.response_body or (exchange.status and not exchange.missing):
        content["text"], encoding = _text(exchange.response_body, media_type, headers)
        if encoding:
            content["encoding"] = encoding
    return {
        "status": exchange.status,
        "statusText": exchange.reason,
        "httpVersion": exchange.http_version,
        "cookies": [
            {"name": name.strip(), "value": value}
            for each in _values(headers, "set-cookie")
            for name, _, value in (each.partition(";")[0].partition("="),)
        ],
        "headers": _named(headers),
        "content": content,
        "redirectURL": find_header(headers, "location"),
        "headersSize": -1,
        "bodySize": -1,
    }


def _named(headers: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _values(headers: Iterable[tuple[str, str]], name: str) -> list[str]:
    return [value for key, value in headers if key.lower() == name]


def _text(body: bytes, media_type: str, headers: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """Return a body as a text that is read back as the same bytes, and an empty encoding; else its base64, and ``base64``."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = ""
    if text and "\0" not in text:
        stated = find_header(headers, "content-length")
        length = int(stated) if stated.isascii() and stated.isdigit() else None
        if all(encode_text(text, each, length) == body for each in (media_type, "")):
            return text, ""
    return (b64encode(body).decode(), "base64") if body else ("", "")


def _dump(entry: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(entry)
    except orjson.JSONEncodeError:  # a header or path has bytes that are no text
        return orjson.dumps(_clean(entry))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {name: _clean(member) for name, member in value.items()}
    return [_clean(each) for each in value] if isinstance(value, (list, tuple)) else value
