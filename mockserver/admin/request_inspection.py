"""Parses the parameters of recorded requests, and finds those that the provider ignored.

`Exchange.values` has the parameters that the provider read; this module finds all that were sent. It runs only on
request, for an explanation or a verification.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

from mockserver.engine.journal import Exchange
from mockserver.http.handler import PREFIX
from mockserver.sdk.request import Malformed, json_object, media_type, multipart_pairs, pairs

_LENGTH = 200
"""The maximal number of characters shown of a value."""


class SentValue(NamedTuple):
    """A parameter of a request."""

    place: str
    """``query`` or ``body``."""
    name: str
    value: Any


def header(exchange: Exchange, name: str) -> str | None:
    """Return the first header of a name."""
    return next((value for each, value in exchange.head if each.lower() == name.lower()), None)


def path(exchange: Exchange) -> str:
    """Return the decoded path without the prefix of the world."""
    return split(exchange)[1]


def split(exchange: Exchange) -> tuple[str, str]:
    """Return the world id that the path names, or ``""``, and the rest of the path."""
    decoded = _whole_path(exchange)
    if not decoded.startswith(PREFIX):
        return "", decoded
    world, slash, rest = decoded[len(PREFIX) :].partition("/")
    return world, slash + rest or "/"


def _whole_path(exchange: Exchange) -> str:
    """Return the decoded path; of an absolute URL, the part after the host."""
    target = exchange.target.partition("?")[0]
    if not target.startswith("/"):
        target = "/" + target.partition("://")[2].partition("/")[2]
    return unquote(target)


def sent(exchange: Exchange) -> list[SentValue]:
    """Return the parameters of the query and the body."""
    query = exchange.target.partition("?")[2].encode("latin-1", "replace")
    return [
        *(SentValue("query", name, value) for name, value in pairs(query, is_cut=True)),
        *(SentValue("body", name, value) for name, value in _body(exchange)),
    ]


def _body(exchange: Exchange) -> Iterable[tuple[str, Any]]:
    members = _json_members(exchange)
    if members is not None:
        return members.items()
    content_type = header(exchange, "Content-Type") or ""
    kind = media_type(content_type)
    if kind == "application/json" or kind.endswith("+json"):
        return ()
    if kind == "multipart/form-data":
        try:
            return multipart_pairs(content_type, exchange.body)
        except Malformed:
            return ()
    return pairs(exchange.body, is_cut=True) if b"=" in exchange.body else ()


def is_json(exchange: Exchange) -> bool:
    """Return whether the body is a JSON object, whatever its Content-Type."""
    return _json_members(exchange) is not None


def _json_members(exchange: Exchange) -> dict[str, Any] | None:
    """Return the members of a body that is a JSON object, whatever its Content-Type; ``None`` for another one."""
    if not exchange.body[:1_000].lstrip().startswith(b"{"):
        return None
    try:
        return json_object(exchange.body)
    except Malformed:
        return None


def unread(everything: Iterable[SentValue], values: Mapping[str, Any], known: Collection[str]) -> list[SentValue]:
    """Return the parameters that the provider ignored: the operation does not know the name, or reads another place."""
    return [each for each in everything if not _is_read(each, values, known)]


def _is_read(each: SentValue, values: Mapping[str, Any], known: Collection[str]) -> bool:
    if each.name in values:
        return each.name in known
    base, bracket, _ = each.name.partition("[")  # some providers read ``phone[0]`` and ``phone[]`` as ``phone``
    return bool(bracket) and base in values and base in known


def shown(value: Any) -> Any:
    """Return a value of a request for JSON: shortened, and with bytes that are not UTF-8 escaped."""
    if not isinstance(value, str):
        if value is None or isinstance(value, bool | int | float):
            return value
        value = json.dumps(value, ensure_ascii=False, default=str)
    text = value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return text if len(text) <= _LENGTH else f"{text[:_LENGTH]}… ({len(text)} characters)"
