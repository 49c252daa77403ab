"""Reads the parameters of recorded requests, and finds those that the provider ignored.

The provider keeps what it understood (`Exchange.values`); this is what was sent, by place, whether anybody understood it
or not. Read when somebody asks: it costs a request nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

import orjson

from mockserver.engine.journal import Exchange
from mockserver.http.handler import PREFIX
from mockserver.sdk.request import Malformed, media_type, multipart_pairs, pairs

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
    """The world that the path names, if any, and the path under it."""
    decoded = _whole_path(exchange)
    if not decoded.startswith(PREFIX):
        return "", decoded
    world, slash, rest = decoded[len(PREFIX) :].partition("/")
    return world, slash + rest or "/"


def _whole_path(exchange: Exchange) -> str:
    """The decoded path; of a request to a proxy, that behind the host."""
    target = exchange.target.partition("?")[0]
    if not target.startswith("/"):
        target = "/" + target.partition("://")[2].partition("/")[2]
    return unquote(target)


def sent(exchange: Exchange) -> list[SentValue]:
    """Return the parameters of the query and the body."""
    query = exchange.target.partition("?")[2].encode("latin-1", "replace")
    return [
        *(SentValue("query", name, value) for name, value in pairs(query)),
        *(SentValue("body", name, value) for name, value in _body(exchange)),
    ]


def _body(exchange: Exchange) -> Iterable[tuple[str, Any]]:
    content_type = header(exchange, "Content-Type") or ""
    kind = media_type(content_type)
    try:
        if kind == "application/json" or kind.endswith("+json"):
            found = orjson.loads(exchange.body)
            return found.items() if isinstance(found, dict) else ()
        if kind == "multipart/form-data":
            return multipart_pairs(content_type, exchange.body)
    except (Malformed, orjson.JSONDecodeError):
        return ()
    return pairs(exchange.body) if b"=" in exchange.body else ()


def unread(everything: Iterable[SentValue], values: Mapping[str, Any], known: Collection[str]) -> list[SentValue]:
    """What was sent and not read: no operation knows the name, or the provider does not look at that place."""
    return [each for each in everything if not _is_read(each, values, known)]


def _is_read(each: SentValue, values: Mapping[str, Any], known: Collection[str]) -> bool:
    if each.name in values:
        return each.name in known
    base, bracket, _ = each.name.partition(
        "["
    )  # ``phone[0]`` and ``phone[]``, where the provider takes them for ``phone``
    return bool(bracket) and base in values and base in known


def shown(value: Any) -> Any:
    """A value of a request as JSON can carry it: short, and bytes that were no UTF-8 as escapes."""
    if not isinstance(value, str):
        if value is None or isinstance(value, bool | int | float):
            return value
        value = json.dumps(value, ensure_ascii=False, default=str)
    text = value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return text if len(text) <= _LENGTH else f"{text[:_LENGTH]}… ({len(text)} characters)"
