"""Parses the bodies of responses, so that they are compared by their structure."""

from __future__ import annotations

import re
from typing import Any, Literal, TypeAlias

import orjson
from lxml import etree
from msgspec import Struct

BodyFormat: TypeAlias = Literal["JSON", "XML", "text"]


class Element(Struct):
    """An element of XML."""

    name: str
    attributes: dict[str, str]
    children: list[Element]
    text: str
    """Its text; empty if that is only the space between its children, or a line end."""


class ParsedBody(Struct):
    """The body of a response by its structure."""

    format: BodyFormat
    value: Any
    """What orjson reads, the root `Element`, or the text."""
    doctype: str | None = None
    """The document type declaration of XML, with single spaces; ``None`` if there is none."""
    escapes: bool | None = None
    """Whether JSON writes the characters beyond ASCII as escapes; ``None`` if there are none."""


_DOCTYPE = re.compile(rb"<!DOCTYPE\s[^\[>]*(?:\[.*?\]\s*)?>", re.DOTALL)
_PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
)
_ESCAPED = re.compile(rb"\\u(?!00[0-7])[0-9A-Fa-f]{4}")
"""An escape of a character beyond ASCII."""
_BOM = b"\xef\xbb\xbf"


def parse_body(body: bytes) -> ParsedBody:
    """Parse a body as what it looks like: JSON, XML, or else text."""
    text = body.removeprefix(_BOM).strip()
    parsed = None
    if text.startswith(b"<"):
        parsed = _parse_xml(text)
    elif text:
        parsed = _parse_json(text)
    return parsed or ParsedBody("text", body.decode("utf-8", "backslashreplace"))


def _parse_json(text: bytes) -> ParsedBody | None:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    escapes = None
    if not text.isascii():
        escapes = False
    elif b"\\u" in text and _ESCAPED.search(text):
        escapes = True
    return ParsedBody("JSON", value, escapes=escapes)


def _parse_xml(text: bytes) -> ParsedBody | None:
    # The declaration is taken out: lxml refuses one that declares an element twice, as printed examples do.
    found = _DOCTYPE.search(text)
    doctype = None
    if found is not None:
        doctype = " ".join(found[0].decode("utf-8", "backslashreplace").split())
        text = text[: found.start()] + text[found.end() :]
    try:
        root = etree.fromstring(text, _PARSER)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return ParsedBody("XML", _read_element(root), doctype)


def _read_element(element: etree._Element) -> Element:
    children = [_read_element(child) for child in element]
    between = "".join((element.text or "", *(child.tail or "" for child in element)))
    is_layout = not between.strip() and (bool(children) or "\n" in between)
    attributes = {str(name): str(value) for name, value in element.attrib.items()}
    return Element(str(element.tag), attributes, children, "" if is_layout else between)
