"""Changes values in URLs, headers and bodies, such as the one of a parameter or of a member of JSON.

Everything but a changed value stays as it was sent, to the byte: the order of members, the spacing, which letters JSON and forms
escape, the DTD of an XML document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from typing import TypeAlias
from urllib.parse import quote_plus, unquote_plus
from xml.sax.saxutils import escape

Change: TypeAlias = Callable[[tuple[str, ...], str], str]
"""Returns what a value becomes, given the names that lead to it, from the outside, and the value as a text."""

_JSON = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_XML = re.compile(
    r"<!\[CDATA\[.*?\]\]>|<!--.*?-->|<\?.*?\?>|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>|<[^>]*>|[^<]+",
    re.DOTALL | re.IGNORECASE,
)
_TAG_NAME = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)")
_ATTRIBUTE = re.compile(r"""(\s(?:[\w.-]+:)?([\w.-]+)\s*=\s*)(["'])(.*?)\3""", re.DOTALL)
_BOUNDARY = re.compile(r"""\bboundary=(?:"([^"\r\n]*)"|([^\s;,"]*))""", re.IGNORECASE)
_PART_NAME = re.compile(r"""\bname=(?:"([^"\r\n]*)"|([^\s;"]*))""", re.IGNORECASE)
_PART_HEAD_END = re.compile(rb"\r?\n\r?\n")
_PAIR = re.compile(r"""(?<![\w.\[\]-])([\w.\[\]-]{2,60})(=|"\s*:\s*")([^\s&;,"'<>]+)""")
_BRACKETS = re.compile(r"[\[\].]+")
_SEMICOLON = re.compile(r";[\w.%\[\]-]{1,200}=")
_UNICODE_ESCAPE = re.compile(r"\\u[0-9a-fA-F]{4}")
_TEXT_TYPE = re.compile(r"^text/|json|xml|urlencoded", re.IGNORECASE)
_TEXT_START = re.compile(rb"\s*[{\[<]|[\w.%\[\]-]{1,200}=")
_WHOLE_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)")


def change_url(url: str, change: Change) -> str:
    """Return a URL with the values in its query, its path and its user name and password changed; a segment of the path has no name."""
    before, mark, query = url.partition("?")
    start = before.find("://")
    start = before.find("/", start + 3) if start >= 0 else 0
    start = len(before) if start < 0 else start
    user_info, at, host = before[:start].rpartition("@") if start > 0 else ("", "", "")
    if at:
        scheme, slashes, credentials = user_info.partition("://")
        user, colon, password = credentials.partition(":")
        user, password = _change_escaped(user, ("username",), change), _change_escaped(password, ("password",), change)
        changed = f"{scheme}{slashes}{user}{colon}{password}@{host}"
        before, start = changed + before[start:], len(changed)
    before = before[:start] + "/".join(_change_escaped(each, (), change) for each in before[start:].split("/"))
    return before + mark + change_form(query, change)


def change_form(form: str, change: Change) -> str:
    """Return the pairs of a form, or of a query, with their values changed."""
    return "&".join(_change_pair(pair, change) for pair in form.split("&"))


def _change_pair(pair: str, change: Change) -> str:
    name, equals, value = pair.partition("=")
    if not equals:
        return _change_escaped(pair, (), change)
    names = tuple(filter(None, _BRACKETS.split(unquote_plus(name))))
    if _SEMICOLON.search(value) and change(names, read := _read_escaped(value)) == read:
        first, *others = value.split(";")  # some servers separate pairs by semicolons too
        rest = (_change_pair(each, change) for each in others)
        return f"{name}={';'.join((_change_escaped(first, names, change), *rest))}"
    return f"{name}={_change_escaped(value, names, change)}"


def _read_escaped(written: str) -> str:
    return unquote_plus(written, errors="surrogateescape")


def _change_escaped(written: str, names: tuple[str, ...], change: Change) -> str:
    value = _read_escaped(written)
    changed = change_text(value, names, change)
    return written if changed == value else quote_plus(changed, errors="surrogateescape")


def change_text(value: str, names: tuple[str, ...], change: Change) -> str:
    """Return a value changed, or else, if it is itself JSON, XML or a URL with a query, with the values in it changed.

    In another text, such as ``0; url=/?token=…`` or ``call({"token":"…"})``, these are what stands after a name.
    """
    changed = change(names, value)
    if changed != value:
        return changed
    if not is_structured(value):
        return _PAIR.sub(lambda found: _change_found_pair(found, names, change), value) if _has_pair(value) else value
    start = value.lstrip()[:1]
    if start in ("{", "["):
        return change_json(value, change, names)
    return change_xml(value, change, names) if start == "<" else change_url(value, change)


def _has_pair(value: str) -> bool:
    return "=" in value or '":' in value


def _change_found_pair(found: re.Match[str], names: tuple[str, ...], change: Change) -> str:
    inside = (*names, *filter(None, _BRACKETS.split(found[1])))
    return f"{found[1]}{found[2]}{change_text(found[3], inside, change)}"


def is_structured(value: str) -> bool:
    """Return whether a value is itself JSON, XML, or a URL or path with a query, as far as its beginning tells."""
    start = value.lstrip()[:1]
    if start in ("{", "["):
        return '"' in value
    if start == "<":
        return "</" in value
    return "?" in value and " " not in value and ("://" in value or start == "/")


def change_json(document: str, change: Change, names: tuple[str, ...] = ()) -> str:
    """Return a JSON document with its texts and numbers changed, also one whose end is missing."""
    pieces, done = list[str](), 0
    stack: list[str | None] = []  # the name of the member that is read in each object; None in a list
    expects_name = False
    for token in _JSON.finditer(document):
        written = token[0]
        if written in ("{", "["):
            stack.append("" if written == "{" else None)
            expects_name = written == "{"
        elif written in ("}", "]"):
            if stack:
                stack.pop()
            expects_name = False
        elif written == ",":
            expects_name = bool(stack) and stack[-1] is not None
        elif written == ":":
            expects_name = False
        elif expects_name and written[0] == '"':
            stack[-1] = _read_json(written)
        else:
            changed = _change_scalar(written, (*names, *filter(None, stack)), change)
            if changed != written:
                pieces += document[done : token.start()], changed
                done = token.end()
    return "".join((*pieces, document[done:]))


def _read_json(written: str) -> str:
    if "\\" not in written:
        return written[1:-1]
    try:
        return str(json.loads(written, strict=False))
    except ValueError:
        return written.strip('"')


def _change_scalar(written: str, names: tuple[str, ...], change: Change) -> str:
    """Return a text or number of JSON changed; a number that stays one is written as one."""
    if written[0] == '"':
        value = _read_json(written)
        changed = change_text(value, names, change)
        if changed == value:
            return written
        has_letters = not value.isascii() and not written.isascii()
        found = json.dumps(changed, ensure_ascii=not has_letters or bool(_UNICODE_ESCAPE.search(written)))
        return found.replace("/", "\\/") if "\\/" in written else found
    if not _WHOLE_NUMBER.fullmatch(written):
        return written
    changed = change(names, written)
    return changed if changed == written or _WHOLE_NUMBER.fullmatch(changed) else json.dumps(changed)


def change_xml(document: str, change: Change, names: tuple[str, ...] = ()) -> str:
    """Return an XML document with the texts of its elements and attributes changed."""
    pieces, stack, done = list[str](), list(names), 0
    for token in _XML.finditer(document):
        pieces.append(document[done : token.start()])  # a "<" that begins nothing
        written, done = token[0], token.end()
        if written.startswith("<![CDATA["):
            written = f"<![CDATA[{change_text(written[9:-3], tuple(stack), change)}]]>"
        elif written.startswith("</"):
            if len(stack) > len(names):
                stack.pop()
        elif not written.startswith("<"):
            written = _change_xml_text(written, tuple(stack), change)
        elif name := _TAG_NAME.match(written):
            inside = (*stack, name[1])
            written = _ATTRIBUTE.sub(lambda found, inside=inside: _change_attribute(found, inside, change), written)  # type: ignore[misc]  # mypy infers no type of a default
            if not written.endswith("/>"):
                stack.append(name[1])
        pieces.append(written)
    return "".join((*pieces, document[done:]))


def _change_xml_text(written: str, names: tuple[str, ...], change: Change) -> str:
    value = unescape(written)
    changed = change_text(value, names, change) if value.strip() else value
    return written if changed == value else escape(changed)


def _change_attribute(found: re.Match[str], names: tuple[str, ...], change: Change) -> str:
    value = unescape(found[4])
    changed = change_text(value, (*names, found[2]), change)
    return (
        found[0]
        if changed == value
        else found[1] + found[3] + escape(changed, {found[3]: "&quot;" if found[3] == '"' else "&apos;"}) + found[3]
    )


def change_body(body: bytes, media_type: str, change: Change) -> bytes:
    """Return a form, JSON or XML with its values changed; any other text is one value, and bytes that are no text stay as they are.

    Args:
        body: the body, without a content coding.
        media_type: its media type with parameters. What the body looks like decides where the two differ.
        change: returns what a value becomes.
    """
    boundary = _BOUNDARY.search(media_type)
    if "multipart" in media_type.lower() and boundary is not None:
        return _change_parts(body, (boundary[1] or boundary[2] or "").encode(), change)
    try:
        text, encoding = body.decode(), "utf-8"
    except UnicodeDecodeError:
        if not _TEXT_TYPE.search(media_type) and not _TEXT_START.match(body):
            return body  # an image, for example
        text, encoding = body.decode("latin-1"), "latin-1"
    changed = _change_document(text, media_type.lower(), change)
    return body if changed == text else changed.encode(encoding, "replace")


def _change_document(text: str, media_type: str, change: Change) -> str:
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if start in ("{", "["):
        return change_json(text, change)
    if start == "<":
        return change_xml(text, change)
    if "urlencoded" in media_type or re.match(r"[^\s=&]{1,200}=", text):
        return change_form(text, change)
    return change_text(text, (), change)


def _change_parts(body: bytes, boundary: bytes, change: Change) -> bytes:
    """Return a multipart form with the values of its parts changed."""
    parts = body.split(b"--" + boundary)
    for place, part in enumerate(parts):
        blank = _PART_HEAD_END.search(part)
        found = _PART_NAME.search(part[: blank.start()].decode("latin-1")) if blank else None
        if blank is None or found is None:
            continue
        head, content = part[: blank.end()], part[blank.end() :]
        end = next((each for each in (b"\r\n", b"\n") if content.endswith(each)), b"")
        names = tuple(filter(None, _BRACKETS.split(_latin_to_text(found[1] or found[2] or ""))))
        content = content.removesuffix(end)
        try:
            text, encoding = content.decode(), "utf-8"
        except UnicodeDecodeError:
            text, encoding = content.decode("latin-1"), "latin-1"
        changed = change_text(text, names, change)
        if changed != text:
            parts[place] = head + changed.encode(encoding, "replace") + end
    return (b"--" + boundary).join(parts)


def _latin_to_text(value: str) -> str:
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value
