"""Formatting of bodies for display: XML and JSON indented, forms as tables, anything as bytes.

A formatted text is a sequence of tokens, each with its kind, so that a template can colour them; no markup is made here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from mockserver.sdk.request import TooManyFields, media_type, pairs

MAX_FORMATTED = 512 * 1024
"""Bytes of the largest body that is formatted; a larger one is shown as it is."""
MAX_SHOWN = 64 * 1024
"""Characters of a body that are shown at first."""
_MAX_DUMPED = 4 * 1024
"""Bytes of a dump that are shown at first."""


class Token(NamedTuple):
    """A piece of a formatted text."""

    kind: str
    """``key``, ``text``, ``number``, ``word``, ``mark``, ``tag``, ``note``, or empty for white space and plain text."""
    text: str


class FormattedBody(NamedTuple):
    """A body, formatted for display."""

    form: str
    """``XML``, ``JSON``, ``form``, ``text``, ``bytes`` or ``empty``."""
    tokens: tuple[Token, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    """The names and values of a form."""
    reason: str = ""
    """Why it is not formatted; empty if it is, or has no format."""
    rest: int = 0
    """The number of characters that are left out."""


def format_with_headers(body: bytes, headers: Iterable[tuple[str, str]], whole: bool = False) -> FormattedBody:
    """Format a body by the Content-Type among its headers, as `format_body` does."""
    return format_body(body, next((value for name, value in headers if name.lower() == "content-type"), ""), whole)


def format_body(body: bytes, content_type: str, whole: bool = False) -> FormattedBody:
    """Format a body by its content type, or else by its first character.

    Args:
        body: the body.
        content_type: its Content-Type header, or empty.
        whole: whether to include what is beyond `MAX_SHOWN`.
    """
    if not body:
        return FormattedBody("empty")
    try:
        text = body.decode()
    except UnicodeDecodeError as reason:
        return FormattedBody("bytes", reason=f"not UTF-8: byte 0x{body[reason.start]:02x} at {reason.start}")
    kind, start = media_type(content_type), text.lstrip()[:1]
    if len(body) > MAX_FORMATTED:
        return _unformatted(text, whole, f"longer than {MAX_FORMATTED} bytes")
    try:
        if kind.endswith("json") or (not kind and start in "{["):
            json.loads(text)
            return _cut("JSON", json_tokens(text), whole)
        if kind.endswith("xml") or start == "<":
            return _cut("XML", xml_tokens(body), whole)
    except ValueError as reason:
        return _unformatted(text, whole, str(reason))
    except RecursionError:
        return _unformatted(text, whole, "nested too deeply")
    if kind == "application/x-www-form-urlencoded":
        try:
            return FormattedBody("form", pairs=tuple(pairs(body)))
        except TooManyFields as reason:
            return _unformatted(text, whole, str(reason))
    return _unformatted(text, whole)


def _unformatted(text: str, whole: bool, reason: str = "") -> FormattedBody:
    return _cut("text", [Token("", text)], whole)._replace(reason=reason)


def _cut(form: str, tokens: Iterable[Token], whole: bool) -> FormattedBody:
    kept: list[Token] = []
    space, rest = MAX_SHOWN, 0
    for token in tokens:
        text = token.text if whole else token.text[:space]
        space -= len(text)
        rest += len(token.text) - len(text)
        if text:
            kept.append(Token(token.kind, text))
    return FormattedBody(form, tuple(kept), rest=rest)


# -- JSON ----------------------------------------------------------------------------------------------------------------

_JSON = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')


def json_tokens(text: str) -> Iterator[Token]:
    """Indent well-formed JSON. Numbers and escapes stay as they are written, and repeated members stay repeated."""
    found = _JSON.findall(text)
    depth = 0
    for index, piece in enumerate(found):
        following = found[index + 1] if index + 1 < len(found) else ""
        if piece in ("{", "["):
            depth += 1
            yield Token("mark", piece)
            if following not in ("}", "]"):
                yield _line(depth)
        elif piece in ("}", "]"):
            depth -= 1
            if found[index - 1] not in ("{", "["):
                yield _line(depth)
            yield Token("mark", piece)
        elif piece == ",":
            yield Token("mark", piece)
            yield _line(depth)
        elif piece == ":":
            yield Token("mark", ": ")
        else:
            yield Token(_json_kind(piece, following), piece)


def _json_kind(piece: str, following: str) -> str:
    if piece.startswith('"'):
        return "key" if following == ":" else "text"
    return "word" if piece in ("true", "false", "null") else "number"


def _line(depth: int) -> Token:
    return Token("", "\n" + "  " * depth)


# -- XML -----------------------------------------------------------------------------------------------------------------

_XML = re.compile(
    r"(?P<note><!--.*?-->|<\?.*?\?>|<!DOCTYPE[^\[>]*(?:\[.*?\])?\s*>)|(?P<cdata><!\[CDATA\[.*?\]\]>)"
    r"|(?P<close></[^>]*>)|(?P<empty><(?:[^<>\"']|\"[^\"]*\"|'[^']*')*/>)|(?P<open><(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>)"
    r"|(?P<text>[^<]+)",
    re.DOTALL,
)
_TAG = re.compile(r"(?P<tag></?[^\s/>]+|/?>)|(?P<name>[^\s=/>]+)(?P<equals>\s*=\s*)(?P<value>\"[^\"]*\"|'[^']*')|\s+")


def xml_tokens(body: bytes) -> Iterator[Token]:
    """Indent well-formed XML, but only inside elements that hold nothing except elements.

    Raises:
        ValueError: the XML is not well-formed.
    """
    from lxml import etree

    try:
        etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    except etree.XMLSyntaxError as reason:
        raise ValueError(str(reason)) from reason
    pieces = [(found.lastgroup or "", found[0]) for found in _XML.finditer(body.decode().strip())]
    with_text = _with_text(pieces)
    inside: list[int] = []  # the indexes of the tags of the open elements
    for index, (kind, text) in enumerate(pieces):
        if kind == "text" and not text.strip() and not (inside and inside[-1] in with_text):
            continue
        if kind == "close":
            opened = inside.pop()
            if opened not in with_text and pieces[index - 1][0] != "open":
                yield _line(len(inside))
        elif kind != "text" and index and not (inside and inside[-1] in with_text):
            yield _line(len(inside))
        if kind == "open":
            inside.append(index)
        yield from _pieces_of_tag(text) if kind in ("open", "empty", "close") else [Token(_XML_KINDS[kind], text)]


_XML_KINDS = {"note": "note", "cdata": "text", "text": ""}


def _with_text(pieces: Sequence[tuple[str, str]]) -> set[int]:
    """Return the indexes of the tags of elements with text of their own, white space alone included: they are not indented."""
    found: set[int] = set()
    inside: list[int] = []
    for index, (kind, text) in enumerate(pieces):
        if kind == "open":
            inside.append(index)
        elif kind == "close":
            opened = inside.pop()
            if index - opened == 2 and pieces[index - 1][0] == "text":
                found.add(opened)
        elif inside and (kind == "cdata" or (kind == "text" and text.strip())):
            found.add(inside[-1])
    return found


def _pieces_of_tag(tag: str) -> Iterator[Token]:
    for found in _TAG.finditer(tag):
        if found["name"]:
            yield Token("key", found["name"])
            yield Token("mark", found["equals"])
            yield Token("text", found["value"])
        else:
            yield Token("tag" if found["tag"] else "", found[0])


# -- bytes ---------------------------------------------------------------------------------------------------------------


def dump(body: bytes, whole: bool = False) -> Mapping[str, object]:
    """Format bytes in hexadecimal, sixteen in a line."""
    shown = body if whole else body[:_MAX_DUMPED]
    lines = [
        (f"{start:08x}", _hex(shown[start : start + 16]), _printable(shown[start : start + 16]))
        for start in range(0, len(shown), 16)
    ]
    return {"lines": lines, "rest": len(body) - len(shown)}


def _hex(piece: bytes) -> str:
    return f"{piece[:8].hex(' ')}  {piece[8:].hex(' ')}".ljust(48)


def _printable(piece: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in piece)
