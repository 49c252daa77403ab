"""Rules of faults as JSON, and an exchange as a rule sees it.

A rule is ``{"id", "match", "when", "point", "fault", "expires_after"}``, all but ``fault`` optional. ``match`` has
``provider``, ``operation``, ``method``, ``path``, ``parameters`` and ``headers``; of the last two each value is a text
that must be the same, or ``{"pattern": "^555"}``. ``when`` has ``first``, ``every``, ``nth``, ``after``, ``from``,
``until`` and ``probability``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mockserver.core.faults import LONGEST_PATTERN, Criterion, Exactly, Facts, Like, Match, Rule, When
from mockserver.core.instants import Instant, iso, parse_duration, parse_instant
from mockserver.snapshots.refusing import Place, either, shown, unknown, written

from .faults import Named, Refusal, Schema, Several, hold, parse

if TYPE_CHECKING:
    from .provider import Call

_TIMES = {"type": "integer", "minimum": 1, "description": "a whole number of at least 1"}
_MOMENT = {
    "type": "string",
    "description": "an instant such as '2026-06-01T12:00:00Z', or a duration from now such as 'PT30S'",
}
_WORD = {"type": "string", "description": "a text"}
_CRITERION = {
    "description": f"a text, or an object such as {{'pattern': '^555'}} of at most {LONGEST_PATTERN} characters",
    "oneOf": [
        {"type": "string"},
        {
            "type": "object",
            "required": ["pattern"],
            "additionalProperties": False,
            "properties": {"pattern": {"type": "string", "maxLength": LONGEST_PATTERN}},
        },
    ],
}
_CRITERIA = {"type": "object", "description": "an object of texts and patterns", "additionalProperties": _CRITERION}


def _object(description: str, required: Iterable[str] = (), **properties: Schema) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "required": list(required),
        "additionalProperties": False,
        "properties": properties,
    }


RULE: Schema = _object(
    "an object that describes a rule",
    ["fault"],
    id={
        "type": "string",
        "pattern": "^[A-Za-z0-9_-]{1,64}$",
        "description": "a name of 1 to 64 letters, digits, _ and -",
    },
    match=_object(
        "an object of criteria",
        provider=_WORD,
        operation=_WORD,
        method=_WORD,
        path=_WORD,
        parameters=_CRITERIA,
        headers=_CRITERIA,
    ),
    when=_object(
        "an object of conditions",
        first=_TIMES,
        every=_TIMES,
        nth=_TIMES,
        after=_TIMES,
        **{"from": _MOMENT, "until": _MOMENT},
        probability={"type": "number", "minimum": 0, "maximum": 1, "description": "a number from 0 to 1"},
    ),
    point={"enum": ["before", "after"], "description": either(["before", "after"])},
    fault={"description": "a fault, or a list of faults"},
    expires_after=_TIMES,
)
"""The JSON Schema of a rule; what ``fault`` may be is in `mockserver.web.faults.SCHEMAS`."""


def rule_from(description: object, now: Instant, refusals: Mapping[str, Collection[str]] | None = None) -> Rule:
    """Read a rule.

    Args:
        description: JSON.
        now: the world's instant, from which durations are counted.
        refusals: the names of each provider's refusals; when given, others are refused here.

    Raises:
        ValueError: it is none; one sentence says where and what would be right.
    """
    hold(description, RULE, ())
    assert isinstance(description, dict)
    fault = parse(description["fault"])
    match = _match(description.get("match", {}))
    _check_refusals(fault, match.provider, refusals)
    point = description.get("point", fault.points[0])
    if point not in fault.points:
        raise ValueError(f"point: {point!r} makes no sense for this fault; {either(fault.points)} does")
    return Rule(
        fault,
        match,
        _when(description.get("when", {}), now),
        point,
        description.get("expires_after"),
        description.get("id", ""),
    )


def _check_refusals(
    fault: Named | Several, provider: str | None, refusals: Mapping[str, Collection[str]] | None
) -> None:
    names = [
        each.name for each in (fault.faults if isinstance(fault, Several) else (fault,)) if isinstance(each, Refusal)
    ]
    if names and provider is None:
        raise ValueError("match.provider: is missing; every provider has refusals of its own")
    known = names if refusals is None else refusals.get(provider or "", ())
    for name in names:
        if name not in known:
            raise ValueError(f"fault.name: {shown(name)}: {unknown(f'refusal of {provider}', name, known)}")


def _match(description: Mapping[str, Any]) -> Match:
    method = description.get("method")
    headers = {name.lower(): value for name, value in description.get("headers", {}).items()}
    return Match(
        description.get("provider"),
        description.get("operation"),
        method and method.upper(),
        description.get("path"),
        _criteria(description.get("parameters", {}), ("match", "parameters")),
        _criteria(headers, ("match", "headers")),
    )


def _criteria(description: Mapping[str, Any], place: Place) -> dict[str, Criterion]:
    return {name: _criterion(value, (*place, name)) for name, value in description.items()}


def _criterion(value: str | Mapping[str, str], place: Place) -> Criterion:
    if isinstance(value, str):
        return Exactly(value)
    try:
        return Like(value["pattern"])
    except ValueError as reason:
        raise ValueError(f"{written(place)}: {reason}") from reason


def _when(description: Mapping[str, Any], now: Instant) -> When:
    moments = {name: _moment(description[name], now, name) for name in ("from", "until") if name in description}
    counts = {name: value for name, value in description.items() if name not in moments}
    when = When(since=moments.get("from"), until=moments.get("until"), **counts)
    if when.since is not None and when.until is not None and when.until <= when.since:
        raise ValueError(f"when.until: {iso(when.until)} is not later than from, {iso(when.since)}")
    return when


def _moment(text: str, now: Instant, name: str) -> Instant:
    try:
        return now + parse_duration(text) if text.startswith("P") else parse_instant(text)
    except (ValueError, OverflowError) as reason:
        raise ValueError(f"when.{name}: {shown(text)} is not {_MOMENT['description']}") from reason


def described(rule: Rule, matched: int, hits: int, is_spent: bool = False) -> dict[str, Any]:
    """A rule as JSON, with how it stands beside it: without these three keys `rule_from` reads it back."""
    return {
        "id": rule.id,
        "match": _given(
            provider=rule.match.provider,
            operation=rule.match.operation,
            method=rule.match.method,
            path=rule.match.path,
            parameters=_written(rule.match.parameters),
            headers=_written(rule.match.headers),
        ),
        "when": _given(
            first=rule.when.first,
            every=rule.when.every,
            nth=rule.when.nth,
            after=rule.when.after,
            **{"from": _stamp(rule.when.since), "until": _stamp(rule.when.until)},
            probability=rule.when.probability,
        ),
        "point": rule.point,
        "fault": rule.fault.described(),
        **_given(expires_after=rule.expires_after),
        "matched": matched,
        "hits": hits,
        "spent": is_spent,
    }


def _given(**entries: object) -> dict[str, Any]:
    return {name: value for name, value in entries.items() if value is not None}


def _written(criteria: Mapping[str, Criterion]) -> dict[str, Any] | None:
    return {name: criterion.described() for name, criterion in criteria.items()} or None


def _stamp(instant: Instant | None) -> str | None:
    return None if instant is None else iso(instant)


def facts_of(
    method: str, path: str, head: Iterable[tuple[str, str]], provider: str | None = None, call: Call | None = None
) -> Facts:
    """An exchange as a rule sees it.

    Args:
        method: of the request.
        path: decoded, without the prefix that names the world.
        head: the request's headers; of several with one name the values are joined by commas.
        provider: the room that was reached, if any.
        call: what it was asked for.
    """
    headers: dict[str, str] = {}
    for name, value in head:
        small = name.lower()
        headers[small] = f"{headers[small]}, {value}" if small in headers else value
    return Facts(provider, call.operation if call else "", method.upper(), path, call.values if call else {}, headers)
