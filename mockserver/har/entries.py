"""Reads the entries of a HAR file one at a time, so that only one of them is in memory."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Protocol

import ijson

from .exchange import HarError

_PIECE = 64 * 1024
"""How many bytes are read at a time."""
_PARSED = 2**20
"""How many bytes are parsed at a time: a longer body is copied again for each of these pieces."""
_DEEPEST = 64
"""How deep an entry may be nested; HAR itself needs ten."""


class ReadableFile(Protocol):
    """The part of a file that `ijson` uses."""

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, at most `size` of them; none at the end."""


def read_entries(file: BinaryIO) -> Iterator[tuple[int, Any]]:
    """Yield the index and the decoded JSON of each entry of a HAR file.

    Raises:
        HarError: the file is not JSON, is not a HAR file, or ends in the middle.
    """
    index, has_entries = 0, False
    try:
        for event, value in _events(ijson.basic_parse(_decoded(file), buf_size=_PARSED)):
            if event == "entries":
                has_entries = True
            else:
                yield index, value
                index += 1
    except ijson.IncompleteJSONError as reason:
        raise HarError(_complaint(reason, index)) from reason
    except (ijson.JSONError, UnicodeError, ValueError, zlib.error) as reason:
        if isinstance(reason, HarError):
            raise
        raise HarError(_complaint(reason, index)) from reason
    if not has_entries:
        raise HarError('this is no HAR file: it has no list at "log", "entries"')


def _complaint(reason: Exception, index: int) -> str:
    lines = str(reason).split("\n")
    if "premature EOF" in lines[0] or "Incomplete JSON" in lines[0]:
        return f"the file ends in the middle{_after(index)}"
    return f"this is no JSON{_after(index)}: {lines[0]}"


def _after(count: int) -> str:
    return f", after {count} whole entr{'y' if count == 1 else 'ies'}" if count else ""


def _events(parsed: Iterator[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Yield ``entries`` when the list begins, and an ``entry`` for each of its items."""
    depth, path = 0, ["", ""]  # the names of the members of the first two levels that are being read
    for event, value in parsed:
        if event == "map_key":
            if depth <= len(path):
                path[depth - 1] = value
        elif event in ("start_map", "start_array"):
            depth += 1
            if depth == 3 and event == "start_array" and path == ["log", "entries"]:
                yield "entries", None
                for entry in _items(parsed):
                    yield "entry", entry
                depth -= 1
        elif event in ("end_map", "end_array"):
            depth -= 1
            if depth < len(path):
                path[depth] = ""


def _items(parsed: Iterator[tuple[str, Any]]) -> Iterator[Any]:
    """Yield the items of a list whose beginning was read, decoded; its end is read too."""
    for event, value in parsed:
        if event == "end_array":
            return
        yield _value(parsed, event, value)


def _value(parsed: Iterator[tuple[str, Any]], event: str, value: Any, depth: int = 1) -> Any:
    if event not in ("start_map", "start_array"):
        return value
    if depth > _DEEPEST:
        raise HarError(f"an entry is nested more than {_DEEPEST} levels deep")
    if event == "start_array":
        found = []
        for inner, item in parsed:
            if inner == "end_array":
                break
            found.append(_value(parsed, inner, item, depth + 1))
        return found
    members, name = {}, ""
    for inner, item in parsed:
        if inner == "end_map":
            break
        if inner == "map_key":
            name = item
        else:
            members[name] = _value(parsed, inner, item, depth + 1)
    return members


# -- files that are not plain UTF-8 ------------------------------------------------------------------------------------------


def _decoded(file: BinaryIO) -> ReadableFile:
    """Return a file whose content is plain UTF-8, also where a tool has compressed the file or encoded it in another way."""
    start = _Start(file)
    if start.has(b"\x1f\x8b") or any(start.has(b"\x78" + level) for level in (b"\x01", b"\x5e", b"\x9c", b"\xda")):
        # mitmproxy compresses a file whose name ends in .zhar by zlib; others are kept as .har.gz.
        start = _Start(_Converted(start, zlib.decompressobj(zlib.MAX_WBITS | 32).decompress))
    if start.has(codecs.BOM_UTF16_LE) or start.has(codecs.BOM_UTF16_BE):
        # Windows PowerShell 5 writes what it redirects with > as UTF-16.
        decoder = codecs.getincrementaldecoder("utf-16")()
        return _Converted(start, lambda piece: decoder.decode(piece).encode())
    if start.has(codecs.BOM_UTF8):
        # Fiddler begins with a byte order mark.
        start.beginning = start.beginning.removeprefix(codecs.BOM_UTF8)
    return start


class _Start:
    """A file whose first bytes can be looked at before they are read."""

    def __init__(self, rest: ReadableFile) -> None:
        self._rest = rest
        self.beginning = b""
        while len(self.beginning) < len(codecs.BOM_UTF8) and (piece := rest.read(_PIECE)):
            self.beginning += piece

    def has(self, mark: bytes) -> bool:
        """Return whether the file begins with these bytes."""
        return self.beginning.startswith(mark)

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, first those that were looked at."""
        if self.beginning and size:
            found, self.beginning = self.beginning, b""
            return found
        return self._rest.read(size)


class _Converted:
    """A file whose pieces are converted as they are read."""

    def __init__(self, source: ReadableFile, convert: Callable[[bytes], bytes]) -> None:
        self._source, self._convert = source, convert

    def read(self, size: int = -1, /) -> bytes:
        """Return the next piece as converted, of whatever length; no bytes at the end."""
        while size and (piece := self._source.read(_PIECE)):
            if converted := self._convert(piece):
                return converted
        return b""
