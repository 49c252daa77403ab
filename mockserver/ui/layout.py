"""Bodies laid out for people: XML and JSON indented, forms as tables, anything as bytes. What was sent stays as it was.

A layout is tokens, each with what it is, so that a template can colour them and nothing here makes markup.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from mockserver.web.forms import media_type, pairs

LARGEST = 512 * 1024
"""Bytes of a body that are laid out; a larger one is shown as it is."""
SHOWN = 64 * 1024
"""Characters of a body that are shown unless somebody wants all."""
_DUMPED = 4 * 1024
"""Bytes that are shown as such unless somebody wants all."""


class Token(NamedTuple):
    """A piece of a laid out text."""

    kind: str
    """``key``, ``text``, ``number``, ``word``, ``mark``, ``tag``, ``note``, or empty for what is between."""
    text: str


class Laid(NamedTuple):
    """A body, laid out."""

    form: str
    """``XML``, ``JSON``, ``form``, ``text``, ``bytes`` or ``empty``."""
    tokens: tuple[Token, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    """Of a form."""
    why_not: str = ""
    """Why it is not laid out, where it says that it is XML or JSON."""
    rest: int = 0
    """Characters that are left out."""


def laid_out(body: bytes, content_type: str, whole: bool = False) -> Laid:
    """Lay a body out by what it says that it is, or looks like."""
    if not body:
        return Laid("empty")
    try:
        text = body.decode()
    except UnicodeDecodeError as reason:
        return Laid("bytes", why_not=f"it is no UTF-8: byte 0x{body[reason.start]:02x} at {reason.start}")
    kind, start = media_type(content_type), text.lstrip()[:1]
    if len(body) > LARGEST:
        return _as_it_is(text, whole, "it is too long for that")
    try:
        if kind.endswith("json") or (not kind and start in "{["):
            json.loads(text)
            return _cut("JSON", json_tokens(text), whole)
        if kind.endswith("xml") or start == "<":
            return _cut("XML", xml_tokens(body), whole)
    except ValueError as reason:
        return _as_it_is(text, whole, str(reason))
    if kind == "application/x-www-form-urlencoded":
        return Laid("form", pairs=tuple(pairs(body)))
    return _as_it_is(text, whole)


def _as_it_is(text: str, whole: bool, why_not: str = "") -> Laid:
    return _cut("text", [Token("", text)], whole)._replace(why_not=why_not)


def _cut(form: str, tokens: Iterable[Token], whole: bool) -> Laid:
    kept: list[Token] = []
    room, rest = SHOWN, 0
    for token in tokens:
        text = token.text if whole else token.text[:room]
        room -= len(text)
        rest += len(token.text) - len(text)
        if text:
            kept.append(Token(token.kind, text))
    return Laid(form, tuple(kept), rest=rest)


# -- JSON ----------------------------------------------------------------------------------------------------------------

_JSON = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')


def json_tokens(text: str) -> Iterator[Token]:
    """Well-formed JSON, indented; numbers and escapes as they were written, and members twice that were there twice."""
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
    r"(?P<note><!--.*?-->|<\?.*?\?>|<!DOCTYPE[^\[>]*(?:\[.*?\])?\s*>)|(?P<cdata><!\[CDATA\[.*?\]\]>)|(?P<tag></?[^\s/>]+|/?>)"
    r"|(?P<attribute>(?<=\s)[^\s=<>/]+=\"[^\"]*\")|(?P<between>[^<>]+?(?=\s[^\s=<>/]+=\"|[<>]|/>|$)|.)",
    re.DOTALL,
)


def xml_tokens(body: bytes) -> Iterator[Token]:
    """Well-formed XML, indented where elements hold nothing but elements; the declaration and DTD as they were.

    Raises:
        ValueError: it is not well-formed.
    """
    from lxml import etree

    parser = etree.XMLParser(remove_blank_text=True, resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as reason:
        raise ValueError(str(reason)) from reason
    tree = root.getroottree()
    tree.docinfo  # noqa: B018 - lxml reads the DTD at this look
    text = etree.tostring(tree, pretty_print=True, encoding="unicode").strip()
    declaration = re.match(rb"<\?xml.*?\?>", body.lstrip(), re.DOTALL)
    if declaration is not None and not text.startswith("<?xml"):
        text = f"{declaration[0].decode()}\n{text}"
    for found in _XML.finditer(text):
        kind = found.lastgroup
        if kind == "attribute":
            name, _, value = found[0].partition("=")
            yield Token("key", name)
            yield Token("mark", "=")
            yield Token("text", value)
        else:
            yield Token({"note": "note", "tag": "tag", "cdata": "text"}.get(kind or "", ""), found[0])


# -- bytes ---------------------------------------------------------------------------------------------------------------


def dump(body: bytes, whole: bool = False) -> Mapping[str, object]:
    """The bytes of a body, sixteen in a line."""
    shown = body if whole else body[:_DUMPED]
    lines = [
        (f"{start:08x}", _hexed(shown[start : start + 16]), _printable(shown[start : start + 16]))
        for start in range(0, len(shown), 16)
    ]
    return {"lines": lines, "rest": len(body) - len(shown)}


def _hexed(piece: bytes) -> str:
    return f"{piece[:8].hex(' ')}  {piece[8:].hex(' ')}".ljust(48)


def _printable(piece: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in piece)
