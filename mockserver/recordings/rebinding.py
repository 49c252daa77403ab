"""Replaces the recorded identifiers in a request by ours, because the world knows only ours.

A value is replaced where its name is that of an identifier, and only as a whole: a page number that happens to be the same
stays what it is. Everything else of the request keeps its bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias
from urllib.parse import quote, quote_plus, unquote, unquote_plus

import orjson

from mockserver.sdk.provider import Provider
from mockserver.sdk.reconstruction import GeneratedField

from .correspondence import Correspondence
from .places import scope_of

Ours: TypeAlias = Callable[[str, str], str | None]
"""Returns our value for a parameter's name and recorded value; ``None`` to keep it."""

_SPLIT = re.compile(r"([,;|\s]+)")
"""What separates the identifiers of a list in one value."""
_ID = re.compile(r"_?ids?\Z")
_WORD = re.compile(r"[a-z]+")
_LIST = re.compile(r"\[[^\]]*\]")
_PART_NAME = re.compile(rb'\bname="([^"\r\n]*)"')


class Rebinding:
    """Replaces the identifiers in the requests of one provider."""

    def __init__(self, provider: Provider, correspondence: Correspondence) -> None:
        self._correspondence = correspondence
        self._fields = [field for field in provider.generated_fields if field.kind == "identifier"]
        names = (name for field in self._fields for name in (_last_name(field), field.identifies))
        self._names = frozenset(map(str.lower, names)) - {""}
        self._patterns = [route.path.split("/") for route in provider.routes if "<" in route.path]

    def target(self, path: str, query: str, operation: str) -> tuple[str, str]:
        """Return the path, still percent-encoded, and the query of a request with our identifiers."""
        ours = self._ours(operation)
        return self._path(path, ours), _pairs(query, ours)

    def body(self, body: bytes, content_type: str, operation: str) -> bytes:
        """Return the body of a request with our identifiers."""
        ours = self._ours(operation)
        kind = content_type.partition(";")[0].strip().lower()
        if kind == "multipart/form-data":
            return _multipart(body, ours)
        if body.lstrip()[:1] in (b"{", b"["):
            return _json(body, ours)
        if kind in ("", "application/x-www-form-urlencoded"):
            return _pairs(body.decode("latin-1"), ours).encode("latin-1")
        return body

    def _ours(self, operation: str) -> Ours:
        def ours(name: str, recorded: str) -> str | None:
            plain = _LIST.sub("", name).lower()
            if plain not in self._names and not plain.endswith(("id", "ids")):
                return None
            parts = _SPLIT.split(recorded)
            if not any(map(self._correspondence.is_renamed, parts)):
                return None
            likely = self._likely_scopes(operation, plain)
            found = [self._correspondence.ours_of(part, likely) for part in parts]
            if not any(found):
                return None
            return "".join(new or old for new, old in zip(found, parts, strict=True))

        return ours

    def _likely_scopes(self, operation: str, name: str) -> Iterable[str]:
        """Return the scopes that a parameter's identifiers are probably of, the most likely first.

        These are the scopes that its name says, as ``group_id`` does, then those of the responses of the same operation, then those
        of other operations of its resource: first the field that is the least deep, and that most of them have.
        """
        stem = _ID.sub("", name)
        named = [
            scope for scope in self._correspondence.scopes if stem and {stem, f"{stem}s"} & {*_WORD.findall(scope)}
        ]
        resource = f"{operation.rpartition('.')[0]}."
        ranked = []
        for field in self._fields:
            related = [each for each in field.operations if each.startswith(resource)]
            if _last_name(field).lower() == name and (related or not field.operations):
                rank = (operation not in related, field.path.count("."), -len(related), field.path)
                ranked.append((rank, scope_of(field, operation)))
        return dict.fromkeys((*sorted(named), *(scope for _, scope in sorted(ranked))))

    def _path(self, path: str, ours: Ours) -> str:
        segments = path.split("/")
        for pattern in self._patterns:
            if len(pattern) != len(segments):
                continue
            for place, (form, segment) in enumerate(zip(pattern, segments, strict=True)):
                if form.startswith("<"):
                    new = ours(form.strip("<>").rpartition(":")[2], unquote(segment))
                    if new is not None:
                        segments[place] = quote(new, safe="")
        return "/".join(segments)


def _last_name(field: GeneratedField) -> str:
    return field.path.replace("[]", "").rpartition(".")[2].removeprefix("@")


def _pairs(text: str, ours: Ours) -> str:
    """Return an encoded form with our identifiers."""
    pairs = text.split("&")
    for place, pair in enumerate(pairs):
        name, equals, value = pair.partition("=")
        if equals and value:
            new = ours(unquote_plus(name), unquote_plus(value))
            if new is not None:
                pairs[place] = f"{name}={quote_plus(new)}"
    return "&".join(pairs)


def _json(body: bytes, ours: Ours) -> bytes:
    try:
        new, is_changed = _json_value("", orjson.loads(body), ours)
    except (orjson.JSONDecodeError, RecursionError):
        return body
    return orjson.dumps(new) if is_changed else body


def _json_value(name: str, value: Any, ours: Ours) -> tuple[Any, bool]:
    if isinstance(value, dict):
        members = {each: _json_value(each, member, ours) for each, member in value.items()}
        return {each: new for each, (new, _) in members.items()}, any(changed for _, changed in members.values())
    if isinstance(value, list):
        items = [_json_value(name, item, ours) for item in value]
        return [new for new, _ in items], any(changed for _, changed in items)
    if isinstance(value, bool) or not isinstance(value, int | str):
        return value, False
    new = ours(name, str(value))
    if new is None:
        return value, False
    return (int(new) if isinstance(value, int) and new.isdecimal() else new), True


def _multipart(body: bytes, ours: Ours) -> bytes:
    """Return a multipart body with our identifiers in its parts that are no files."""
    first, line, _ = body.partition(b"\r\n")
    if not line or not first.startswith(b"--"):
        return body
    parts = body.split(first)
    for place, part in enumerate(parts):
        head, gap, value = part.partition(b"\r\n\r\n")
        name = _PART_NAME.search(head)
        if gap and name is not None and b"filename" not in head:
            text = value.removesuffix(b"\r\n")
            new = ours(name[1].decode("latin-1"), text.decode("utf-8", "replace"))
            if new is not None:
                parts[place] = head + gap + new.encode() + value[len(text) :]
    return first.join(parts)
