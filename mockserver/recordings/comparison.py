"""Compares a recorded response with ours by structure. What the provider makes up is matched, everything else must be the same.

Rule 1: differences are found in both directions, and in an order that depends on the responses alone.
Rule 2: lists of different lengths are one difference; which of their items belong together is not guessed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from mockserver.har.exchange import RecordedExchange
from mockserver.sdk.reconstruction import GeneratedField

from .bodies import Element, ParsedBody, parse_body
from .correspondence import Correspondence
from .instants import compare_instants
from .places import ITEM, FieldPlace, find_root, scope_of

TOLERANCE = 5.0
"""The seconds by which two instants of a generated field may differ."""
HEADERS = ("Content-Type", "Location", "WWW-Authenticate", "Allow", "Retry-After", "Content-Disposition")
"""The headers that are compared: those that tell a client what to do. Others are of the server, the connection or a proxy."""


OTHER_STATUS, OTHER_FORMAT = "the statuses differ", "the bodies have different formats"
"""The reasons of differences that concern a response as a whole."""


class ResponseDifference(NamedTuple):
    """A place at which a recorded response and ours differ."""

    path: str
    """The place: as in `GeneratedField.path`, with the index of each item. Otherwise ``status``; ``header Content-Type``;
    ``$format``: JSON, XML or text; ``$doctype``: the document type declaration of XML; ``$escapes``: how JSON writes characters
    beyond ASCII; ``$text``: a body that is neither JSON nor XML."""
    recorded: str | None
    """The recorded value as JSON, or as XML has it; ``None`` if it is absent."""
    ours: str | None
    """Our value, as `recorded`."""
    reason: str
    """Why they differ, in a few words."""


class OurResponse(Protocol):
    """The response that is compared with a recorded one."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Sequence[tuple[str, str]]:
        """Name and value of each header."""

    @property
    def body(self) -> bytes:
        """The body, without a content coding."""


def compare_responses(
    recorded: RecordedExchange,
    ours: OurResponse,
    correspondence: Correspondence,
    fields: Sequence[GeneratedField],
    operation: str,
    *,
    tolerance: float = TOLERANCE,
    parsed: ParsedBody | None = None,
) -> tuple[ResponseDifference, ...]:
    """Return the differences of two responses; empty if there are none.

    Args:
        recorded: the exchange with the recorded response.
        ours: our response to its request.
        correspondence: what the earlier exchanges have shown of made-up values; gets what these responses show.
        fields: the provider's generated fields.
        operation: the name of the operation; empty if there is none.
        tolerance: the seconds by which instants may differ.
        parsed: the recorded body, parsed.
    """
    differences = [*_compare_heads(recorded, ours)]
    theirs = parse_body(recorded.response_body) if parsed is None else parsed
    same = recorded.response_body == ours.body
    own = theirs if same else parse_body(ours.body)
    if theirs.format != own.format:
        return (
            *differences,
            ResponseDifference("$format", theirs.format, own.format, OTHER_FORMAT),
        )
    if theirs.doctype != own.doctype:
        differences.append(
            ResponseDifference("$doctype", theirs.doctype, own.doctype, "the document type declarations differ")
        )
    if theirs.escapes is not None and own.escapes is not None and theirs.escapes is not own.escapes:
        one, other = _ESCAPES[theirs.escapes], _ESCAPES[own.escapes]
        differences.append(
            ResponseDifference("$escapes", one, other, "JSON writes characters beyond ASCII in different ways")
        )
    root = _root(tuple(fields), operation, theirs.format)
    if same and root.is_plain:
        return tuple(differences)
    found = _Comparison(correspondence, operation, tolerance, differences)
    try:
        if theirs.format == "JSON":
            found.compare_json((), root, theirs.value, own.value)
        elif theirs.format == "XML":
            found.compare_roots(root, theirs.value, own.value)
        else:
            found.compare_leaves(("$text",), root.step("$text"), theirs.value, own.value)
    except RecursionError:
        differences.append(ResponseDifference("", None, None, "the bodies are nested too deeply to be compared"))
    return tuple(differences)


_ESCAPES = {False: "as they are", True: "as escapes"}


@lru_cache(maxsize=1024)
def _root(fields: tuple[GeneratedField, ...], operation: str, form: str) -> FieldPlace:
    return find_root(fields, operation, has_items=form != "XML")


def _compare_heads(recorded: RecordedExchange, ours: OurResponse) -> Iterator[ResponseDifference]:
    if recorded.status != ours.status:
        yield ResponseDifference("status", str(recorded.status), str(ours.status), OTHER_STATUS)
    if not recorded.response_headers:  # some tools record none
        return
    theirs, own = _by_name(recorded.response_headers), _by_name(ours.headers)
    for name in HEADERS:
        one, other = theirs.get(name.lower()), own.get(name.lower())
        if one != other and _canonical(one) != _canonical(other):
            yield ResponseDifference(f"header {name}", one, other, _why_absent(one, other) or "the headers differ")


def _by_name(headers: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        name = name.lower()  # noqa: PLW2901 - the name as it is compared
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _canonical(value: str | None) -> str | None:
    """Return a header's value without differences that mean nothing: spaces, and the case of a media type and its charset."""
    return None if value is None else "".join(value.split()).replace('"', "").lower()


def _why_absent(recorded: object, ours: object) -> str:
    if ours is None:
        return "ours has none"
    return "the recording has none" if recorded is None else ""


class _Comparison:
    """One comparison of two bodies."""

    def __init__(
        self, correspondence: Correspondence, operation: str, tolerance: float, differences: list[ResponseDifference]
    ) -> None:
        self._correspondence = correspondence
        self._operation = operation
        self._tolerance = tolerance
        self._differences = differences

    def _add(self, path: tuple[str | int, ...], recorded: str | None, ours: str | None, reason: str) -> None:
        self._differences.append(ResponseDifference(_written(path), recorded, ours, reason))

    def _add_lengths(self, path: tuple[str | int, ...], recorded: int, ours: int, unit: str) -> None:
        theirs, own = (f"{count} {unit if count != 1 else unit.removesuffix('s')}" for count in (recorded, ours))
        self._add(path, theirs, own, f"the numbers of {unit} differ")

    def compare_json(self, path: tuple[str | int, ...], place: FieldPlace, recorded: Any, ours: Any) -> None:
        kind = type(recorded)
        if kind is not type(ours):
            self._add(path, _json(recorded), _json(ours), _why_types(recorded, ours))
        elif kind is dict:
            for name in (*recorded, *(name for name in ours if name not in recorded)):
                if name not in ours:
                    self._add((*path, name), _json(recorded[name]), None, "ours has none")
                elif name not in recorded:
                    self._add((*path, name), None, _json(ours[name]), "the recording has none")
                else:
                    self.compare_json((*path, name), place.step(name), recorded[name], ours[name])
        elif kind is list:
            if len(recorded) != len(ours):
                self._add_lengths(path, len(recorded), len(ours), "items")
                return
            below = place.step(ITEM)
            for index, (one, other) in enumerate(zip(recorded, ours, strict=True)):
                self.compare_json((*path, index), below, one, other)
        elif place.field is not None or recorded != ours:
            self.compare_leaves(path, place, recorded, ours)

    def compare_roots(self, place: FieldPlace, recorded: Element, ours: Element) -> None:
        if recorded.name != ours.name:
            self._add((), recorded.name, ours.name, "the root elements have different names")
        else:
            self._compare_elements((recorded.name,), place.step(recorded.name), recorded, ours)

    def _compare_elements(
        self, path: tuple[str | int, ...], place: FieldPlace, recorded: Element, ours: Element
    ) -> None:
        theirs, own = recorded.attributes, ours.attributes
        for name in (*theirs, *(name for name in own if name not in theirs)):
            one, other, where = theirs.get(name), own.get(name), (*path, f"@{name}")
            if one is None or other is None:
                self._add(where, one, other, _why_absent(one, other))
            else:
                self.compare_leaves(where, place.step(f"@{name}"), one, other)
        if bool(recorded.children) == bool(ours.children):
            self.compare_leaves(path, place, recorded.text, ours.text)
        elif recorded.text.strip() or ours.text.strip():
            self._add(path, _xml(recorded), _xml(ours), "one has text, the other has elements")
            return
        if recorded.children or ours.children:
            self._compare_children(path, place, recorded.children, ours.children)

    def _compare_children(
        self, path: tuple[str | int, ...], place: FieldPlace, recorded: Sequence[Element], ours: Sequence[Element]
    ) -> None:
        theirs, own = [each.name for each in recorded], [each.name for each in ours]
        counts, own_counts = Counter(theirs), Counter(own)
        for name in (*counts, *(name for name in own_counts if name not in counts)):
            some, others = ([each for each in side if each.name == name] for side in (recorded, ours))
            where: tuple[str | int, ...] = (*path, name)
            if not some or not others:
                one, other = (" ".join(map(_xml, side)) or None for side in (some, others))
                self._add(where, one, other, _why_absent(one, other))
            elif len(some) != len(others):
                self._add_lengths(where, len(some), len(others), "elements")
            else:
                below, is_one = place.step(name), len(some) == 1
                for index, (first, second) in enumerate(zip(some, others, strict=True)):
                    self._compare_elements(where if is_one else (*where, index), below, first, second)
        if counts == own_counts and theirs != own:
            self._add(path, " ".join(theirs), " ".join(own), "the elements have another order")

    def compare_leaves(self, path: tuple[str | int, ...], place: FieldPlace, recorded: Any, ours: Any) -> None:
        field = place.field
        if field is None:
            if recorded != ours:
                self._add(path, _json(recorded), _json(ours), "the values differ")
            return
        reason = self._match(field, recorded, ours)
        if reason is not None:
            self._add(path, _json(recorded), _json(ours), reason)

    def _match(self, field: GeneratedField, recorded: Any, ours: Any) -> str | None:
        """Return why two values that a provider makes up cannot stand for each other; ``None`` if they can."""
        if recorded is None:
            return None
        if (recorded == "") is not (ours == ""):
            return "one is empty"
        if recorded == "":
            return None
        one, other = str(recorded), str(ours)
        if field.kind == "instant":
            return compare_instants(one, other, self._tolerance)
        scope = scope_of(field, self._operation)
        if field.kind == "text":
            return self._correspondence.match_text(scope, one, other)
        return self._correspondence.match_identifier(scope, one, other)


_TYPES = {dict: "an object", list: "a list", str: "a text", bool: "a boolean", type(None): "null", int: "a whole number", float: "a fraction"}  # fmt: skip


def _why_types(recorded: Any, ours: Any) -> str:
    return f"the recording has {_TYPES[type(recorded)]}, ours {_TYPES[type(ours)]}"


def _written(path: tuple[str | int, ...]) -> str:
    """Return a path as users read it."""
    found = ""
    for step in path:
        if isinstance(step, int):
            found += f"[{step}]"
        else:
            found += f".{step}" if found else step
    return found


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _xml(element: Element) -> str:
    """Return an element in one line."""
    attributes = "".join(f' {name}="{value}"' for name, value in element.attributes.items())
    inside = element.text + "".join(map(_xml, element.children))
    return f"<{element.name}{attributes}>{inside}</{element.name}>"
