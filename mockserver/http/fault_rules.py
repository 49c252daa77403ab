"""Rules of faults as JSON, and an exchange as a rule sees it.

A rule is ``{"id", "match", "when", "point", "fault", "expires_after"}``, all but ``fault`` optional. ``match`` has
``provider``, ``operation``, ``method``, ``path``, ``parameters`` and ``headers``; of the last two each value is a text
that must be the same, or ``{"pattern": "^555"}``. ``when`` has ``first``, ``every``, ``nth``, ``after``, ``from``,
``until`` and ``probability``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from mockserver.engine.faults import LONGEST_PATTERN, Criterion, Exactly, Facts, Like, Match, Rule, When
from mockserver.engine.instants import Instant, iso, parse_duration, parse_instant
from mockserver.validation.json_schema import Schema, an_object, hold
from mockserver.validation.messages import Place, either, shown, unknown, written

from .fault_effects import Named, Refusal, Several, parse

if TYPE_CHECKING:
    from mockserver.sdk.provider import Call

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


RULE: Schema = an_object(
    "an object that describes a rule",
    ["fault"],
    id={
        "type": "string",
        "pattern": "^[A-Za-z0-9_-]{1,64}$",
        "description": "a name of 1 to 64 letters, digits, _ and -",
    },
    match=an_object(
        "an object of criteria",
        provider=_WORD,
        operation=_WORD,
        method=_WORD,
        path=_WORD,
        parameters=_CRITERIA,
        headers=_CRITERIA,
    ),
    when=an_object(
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
"""The JSON Schema of a rule; what ``fault`` may be is in `mockserver.http.fault_effects.SCHEMAS`."""


class Terms(NamedTuple):
    """What a rule may name of a provider."""

    operations: Collection[str]
    refusals: Collection[str]


def rule_from(description: object, now: Instant, known: Mapping[str, Terms] | None = None) -> Rule:
    """Read a rule.

    Args:
        description: JSON.
        now: the world's instant, from which durations are counted.
        known: what there is of each provider, by its name; when given, anything else is refused here.

    Raises:
        ValueError: it is none, or could never fire; one sentence says where and what would be right.
    """
    hold(description, RULE, ())
    assert isinstance(description, dict)
    fault = parse(description["fault"])
    match = _match(description.get("match", {}))
    if known is not None:
        match = _completed(match, fault, known)
    elif match.provider is None and _refusals(fault):
        raise ValueError("match.provider: is missing; every provider has refusals of its own")
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


def _refusals(fault: Named | Several) -> list[str]:
    """The names of the refusals that a fault demands."""
    faults = fault.faults if isinstance(fault, Several) else (fault,)
    return [each.name for each in faults if isinstance(each, Refusal)]


def _completed(match: Match, fault: Named | Several, known: Mapping[str, Terms]) -> Match:
    """The criteria, checked; with the provider of the refusals, where they or the operation leave no choice."""
    if match.provider is not None and match.provider not in known:
        raise ValueError(f"match.provider: {shown(match.provider)}: {unknown('provider', match.provider, known)}")
    _check_operation(match, known)
    names = _refusals(fault)
    if names and match.provider is None:
        match = replace(match, provider=_provider(match.operation, names, known))
    for name in names:
        there = known[match.provider or ""].refusals
        if name not in there:
            raise ValueError(f"fault.name: {shown(name)}: {unknown(f'refusal of {match.provider}', name, there)}")
    return match


def _check_operation(match: Match, known: Mapping[str, Terms]) -> None:
    operation = match.operation
    if operation is None:
        return
    own = [name for name in known if match.provider in (None, name)]
    if not any(operation in known[name].operations for name in own):
        others = [name for name, terms in known.items() if operation in terms.operations]
        there = [each for name in own for each in known[name].operations]
        why = f"is {others[0]}'s, not {match.provider}'s" if others else unknown("operation", operation, there)
        raise ValueError(f"match.operation: {shown(operation)}: {why}")


def _provider(operation: str | None, names: Iterable[str], known: Mapping[str, Terms]) -> str:
    """Whose refusals are meant."""
    for name in names:
        theirs = [each for each, terms in known.items() if name in terms.refusals]
        if not theirs:
            everything = (refusal for terms in known.values() for refusal in terms.refusals)
            raise ValueError(f"fault.name: {shown(name)}: {unknown('refusal', name, everything)}")
    if operation is not None:
        return next(each for each, terms in known.items() if operation in terms.operations)
    if len(theirs) > 1:
        raise ValueError(f"match.provider: is missing; {' and '.join(theirs)} have a refusal {name}")
    return theirs[0]


def _match(description: Mapping[str, Any]) -> Match:
    method = description.get("method")
    headers = _criteria(description.get("headers", {}), ("match", "headers"))
    return Match(
        description.get("provider"),
        description.get("operation"),
        method and method.upper(),
        description.get("path"),
        _criteria(description.get("parameters", {}), ("match", "parameters")),
        {name.lower(): criterion for name, criterion in headers.items()},
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
    if when.until is not None and when.until <= now:
        raise ValueError(f"when.until: {iso(when.until)} is past; it is {iso(now)} in this world")
    _check_counts(when)
    return when


def _check_counts(when: When) -> None:
    """Refuse counts of which no exchange could be the one, and those that say nothing beside another."""
    if when.nth is not None:
        for name in ("first", "every", "after"):
            if getattr(when, name) is not None:
                raise ValueError(f"when.{name}: says nothing beside nth, which names one exchange alone")
    if when.first is None:
        return
    if when.after is not None and when.after >= when.first:
        raise ValueError(
            f"when.after: {when.after} is not less than first, {when.first}, so no exchange is both after the one and among the others"
        )
    every, after = when.every or 1, when.after or 0
    if (after // every + 1) * every > when.first:
        raise ValueError(
            f"when.every: no multiple of {every} is above {after} and up to first, {when.first}, so none fires"
        )


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
