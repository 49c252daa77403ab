"""The comparison of two exchanges: which parts of their requests and responses differ."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import NamedTuple

from mockserver.engine.journal import Exchange
from mockserver.sdk.request import pairs

from . import body_format

_MOST_LINES = 2_000
"""The lines of a body that are compared."""


class DifferentPart(NamedTuple):
    """A part that differs; an empty text if one of the exchanges does not have it."""

    part: str
    """``Request``, ``Query``, ``Header``, ``Form``, ``Body`` or ``Response`` ..."""
    name: str
    first: str
    second: str


class Comparison(NamedTuple):
    """What differs between two exchanges."""

    differences: tuple[DifferentPart, ...]
    same: int
    """The number of parts that are equal."""


def compare(first: Exchange, second: Exchange) -> Comparison:
    """Compare two exchanges, whose secrets are masked: line, query, headers, form or body of the requests, and the responses."""
    one, other = dict(_parts(first)), dict(_parts(second))
    differences = [
        DifferentPart(*key, one.get(key, ""), other.get(key, ""))
        for key in dict.fromkeys((*one, *other))
        if one.get(key) != other.get(key)
    ]
    same = sum(one[key] == other.get(key) for key in one)
    for part, bodies in (
        ("Body of the request", (_lines(first.body, first.head), _lines(second.body, second.head))),
        (
            "Body of the response",
            (
                _lines(first.response_body, tuple(first.response_head)),
                _lines(second.response_body, tuple(second.response_head)),
            ),
        ),
    ):
        found = list(_changed_lines(part, *bodies))
        differences += found
        same += not found
    return Comparison(tuple(differences), same)


def _parts(exchange: Exchange) -> Iterator[tuple[tuple[str, str], str]]:
    path, _, query = exchange.target.partition("?")
    yield ("Request", "method"), exchange.method
    yield ("Request", "path"), path
    for name, value in _joined(pairs(query.encode("latin-1", "replace"), is_cut=True) if query else ()):
        yield ("Query", name), value
    for name, value in _joined(exchange.head):
        yield ("Request header", name.title()), value
    yield ("Response", "status"), str(exchange.status)
    for name, value in _joined(exchange.response_head):
        if name.title() != "X-Mockserver-Exchange":
            yield ("Response header", name.title()), value


def _joined(found: object) -> Iterator[tuple[str, str]]:
    """Yield each name once, with all its values."""
    values: dict[str, list[str]] = {}
    for name, value in found:  # type: ignore[attr-defined]  # pairs of any kind
        values.setdefault(name, []).append(value)
    for name, several in values.items():
        yield name, ", ".join(several)


def _lines(body: bytes, head: tuple[tuple[str, str], ...]) -> list[str]:
    """Return a body as lines of its formatted text; of a form one for each pair."""
    found = body_format.format_with_headers(body, head)
    if found.form == "bytes":
        return [body.hex(" ")]
    if found.form == "form":
        return [f"{name} = {value}" for name, value in found.pairs]
    return "".join(token.text for token in found.tokens).split("\n")[:_MOST_LINES] if found.tokens else []


def _changed_lines(part: str, first: list[str], second: list[str]) -> Iterator[DifferentPart]:
    for kind, start, end, other_start, other_end in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        if kind != "equal":
            lines = f"line {start + 1}" if end - start <= 1 else f"lines {start + 1} to {end}"
            yield DifferentPart(part, lines, "\n".join(first[start:end]), "\n".join(second[other_start:other_end]))
