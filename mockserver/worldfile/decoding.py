"""Decodes world files: UTF-8 and JSON, without repeated keys."""

from __future__ import annotations

import codecs
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import orjson

from mockserver.validation.messages import Place, WorldFileError

_BYTE_ORDER_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BLANK_BEFORE_COLON = re.compile(rb'"[ \t\r\n]+:')


def decode_file(path: Path, read: Callable[[Path], bytes] | None = None) -> object:
    """Return the JSON document in a file.

    Args:
        path: the file.
        read: reads it, for a file of a package; otherwise it is read as the calling program reads files.

    Raises:
        WorldFileError: the file cannot be read, or is no JSON document.
    """
    try:
        raw = path.read_bytes() if read is None else read(path)
    except OSError as error:
        raise WorldFileError(f"the file cannot be read ({error.strerror})") from error
    if raw.startswith(_BYTE_ORDER_MARKS):
        raise WorldFileError("the file begins with a byte order mark; save it as UTF-8 without one")
    if not raw.strip():
        raise WorldFileError("the file is empty")
    return decode(raw)


def decode(raw: bytes) -> object:
    """Return the JSON document in these bytes.

    Raises:
        WorldFileError: they are no JSON document.
    """
    try:
        document: object = orjson.loads(raw)
        # A copy is encoded, because orjson keeps the UTF-8 of each text that is not ASCII beside the text.
        compact = orjson.dumps(document if raw.isascii() else orjson.loads(raw))
    except orjson.JSONDecodeError as error:
        raise WorldFileError(_describe_error(raw, error)) from error
    except orjson.JSONEncodeError as error:  # encoding has a lower limit than decoding: 254 levels
        raise WorldFileError("the file is nested too deeply") from error
    # orjson keeps the last of two equal keys, so the encoded document has fewer of them. Only a file with blanks before its
    # colons, or with quotation marks written in another way, needs the slow check.
    if compact != raw and (raw.count(b'":') != compact.count(b'":') or _BLANK_BEFORE_COLON.search(raw)):
        _reject_repeated_keys(raw)
    return document


def _describe_error(raw: bytes, error: orjson.JSONDecodeError) -> str:
    try:
        raw.decode()
    except UnicodeDecodeError as invalid:
        line = raw.count(b"\n", 0, invalid.start) + 1
        return f"the file is not UTF-8 (byte 0x{raw[invalid.start]:02x} in line {line})"
    return f"the file is not JSON: {error.msg} (line {error.lineno}, column {error.colno})"


class _RepeatedKey:
    """A JSON object with a repeated key."""

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        count = Counter(name for name, _ in pairs)
        self.key = next(name for name, _ in pairs if count[name] > 1)


def _object(pairs: list[tuple[str, object]]) -> object:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _RepeatedKey(pairs)


def _reject_repeated_keys(raw: bytes) -> None:
    for place, thing in _walk(json.loads(raw, object_pairs_hook=_object), ()):
        if isinstance(thing, _RepeatedKey):
            raise WorldFileError("the key is written more than once", (*place, thing.key))


def _walk(thing: object, place: Place) -> Iterator[tuple[Place, object]]:
    yield place, thing
    members: Iterable[tuple[str | int, object]] = ()
    if isinstance(thing, dict):
        members = thing.items()
    elif isinstance(thing, list):
        members = enumerate(thing)
    for key, member in members:
        yield from _walk(member, (*place, key))
