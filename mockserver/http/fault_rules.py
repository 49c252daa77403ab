"""Fault rules as JSON, and a request as a rule sees it.

A rule is ``{"id", "target", "match", "when", "point", "fault", "expires_after"}``, all but ``fault`` optional. With
``target`` ``response`` (the default) ``match`` has ``provider``, ``operation``, ``method``, ``path``, ``parameters`` and
``headers``; of the last two each value is a text that must be the same, or ``{"pattern": "^555"}``. With ``target``
``webhook`` it has ``provider``, ``account``, ``kind`` and ``url``. ``when`` has ``first``, ``every``, ``nth``, ``skip``, ``from``,
``until`` and ``probability``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from mockserver.engine.deliveries import WebhookFault
from mockserver.engine.faults import (
    LONGEST_PATTERN,
    ConfiguredFault,
    Criterion,
    Equals,
    Fault,
    FaultRule,
    Matches,
    RequestFacts,
    RequestMatch,
    RuleStatus,
    Target,
    WebhookMatch,
    When,
)
from mockserver.engine.instants import Instant, iso, parse_duration, parse_instant
from mockserver.sdk.response import Response
from mockserver.validation.json_schema import END, TEXT, Schema, object_schema, validate
from mockserver.validation.messages import Place, format_choices, format_place, show_value, unknown_name
from mockserver.worldfile.deliveries import HEADERS, describe_body, read_body

from .fault_effects import FaultChain, ProviderErrorFault, Replay, parse

if TYPE_CHECKING:
    from mockserver.sdk.operations import Call

_TIMES = {"type": "integer", "minimum": 1, "description": "a whole number of at least 1"}
_MOMENT = {
    "type": "string",
    "description": "an instant such as '2026-06-01T12:00:00Z', or a duration from now such as 'PT30S'",
}


_MOST_CRITERIA = 1_000
"""The number of parameters or headers that can be matched; a request has no more fields."""


def criteria_schema(types: Collection[str], names: str) -> dict[str, Any]:
    """Return the JSON Schema of an object of criteria: plain values and patterns.

    Args:
        types: the JSON types of plain values.
        names: these types in words, such as ``a text``.
    """
    pattern = object_schema("", ["pattern"], pattern={"type": "string", "maxLength": LONGEST_PATTERN})
    criterion = {
        "description": f"{names}, or an object such as {{'pattern': '^555'}} of at most {LONGEST_PATTERN} characters",
        "oneOf": [{"type": list(types)}, pattern],
    }
    return {
        "type": "object",
        "description": f"an object of at most {_MOST_CRITERIA} texts and patterns",
        "maxProperties": _MOST_CRITERIA,
        "additionalProperties": criterion,
    }


_CRITERIA = criteria_schema(["string"], "a text")


RULE: Schema = object_schema(
    "an object that describes a rule",
    ["fault"],
    id={
        "type": "string",
        "pattern": f"^[A-Za-z0-9_-]{{1,64}}{END}",
        "description": "a name of 1 to 64 letters, digits, _ and -",
    },
    target={"enum": ["response", "webhook"], "description": format_choices(["response", "webhook"])},
    match=object_schema(
        "an object of criteria",
        provider=TEXT,
        account=TEXT,
        kind=TEXT,
        url=TEXT,
        operation=TEXT,
        method=TEXT,
        path=TEXT,
        parameters=_CRITERIA,
        headers=_CRITERIA,
    ),
    when=object_schema(
        "an object of conditions",
        first=_TIMES,
        every=_TIMES,
        nth=_TIMES,
        skip=_TIMES,
        **{"from": _MOMENT, "until": _MOMENT},
        probability={"type": "number", "minimum": 0, "maximum": 1, "description": "a number from 0 to 1"},
    ),
    point={"enum": ["before", "after"], "description": format_choices(["before", "after"])},
    fault={"description": "a fault, or a list of faults"},
    expires_after=_TIMES,
)
"""The JSON Schema of a rule; what ``fault`` may be is in `mockserver.http.fault_effects.SCHEMAS`."""

RULE_STATUS: Schema = {
    "type": "object",
    "required": ["id", "target", "match", "when", "point", "fault", "matched", "hits", "remaining", "exhausted"],
    "properties": {
        **RULE["properties"],
        "matched": {"type": "integer"},
        "hits": {"type": "integer"},
        "remaining": {"type": ["integer", "null"]},
        "exhausted": {"type": "boolean"},
    },
}
"""The JSON Schema of a rule with its counters, as `rule_to_json` writes it."""

CRITERIA: Mapping[Target, tuple[str, ...]] = {
    "response": ("provider", "operation", "method", "path", "parameters", "headers"),
    "webhook": ("provider", "account", "kind", "url"),
}
"""The criteria that ``match`` may have, by target."""


class Terms(NamedTuple):
    """A provider's names that a rule may use."""

    operations: Collection[str]
    errors: Collection[str]
    """The names of its provider errors."""


def rule_from(description: object, now: Instant, known: Mapping[str, Terms] | None = None) -> FaultRule:
    """Read a rule.

    Args:
        description: JSON.
        now: the world's instant, from which durations are counted.
        known: what there is of each provider, by its name; when given, anything else is rejected here.

    Raises:
        ValueError: it is none, or could never fire; one sentence says where and what would be right.
    """
    validate(description, RULE, ())
    assert isinstance(description, dict)
    target: Target = description.get("target", "response")
    fault = parse(description["fault"], target)
    criteria = description.get("match", {})
    _check_criteria(criteria, target)
    match = _webhook_match(criteria, known) if target == "webhook" else _request_match(criteria, fault, known)
    point = description.get("point", fault.points[0])
    if point not in fault.points:
        raise ValueError(f"point: {point!r} makes no sense for this fault; {format_choices(fault.points)} does")
    when = _when(description.get("when", {}), now)
    return FaultRule(fault, match, when, point, description.get("expires_after"), description.get("id", ""), target)


def _check_criteria(description: Mapping[str, Any], target: Target) -> None:
    for name in description:
        if name not in CRITERIA[target]:
            raise ValueError(f"match.{name}: is of no use with target {target}; {', '.join(CRITERIA[target])} are")


def _webhook_match(description: Mapping[str, Any], known: Mapping[str, Terms] | None) -> WebhookMatch:
    match = WebhookMatch(**description)
    if known is not None:
        _check_provider(match.provider, known)
    return match


def _request_match(
    description: Mapping[str, Any], fault: ConfiguredFault | FaultChain, known: Mapping[str, Terms] | None
) -> RequestMatch:
    """Check the criteria and return them, with the provider that the errors or the operation imply."""
    match, names = _match(description), _error_names(fault)
    if known is None:
        if match.provider is None and names:
            raise ValueError("match.provider: is missing; every provider has errors of its own")
        return match
    _check_provider(match.provider, known)
    _check_operation(match, known)
    if names and match.provider is None:
        match = replace(match, provider=_provider(match.operation, names, known))
    for name in names:
        there = known[match.provider or ""].errors
        if name not in there:
            others = [provider for provider, terms in known.items() if name in terms.errors]
            unknown = unknown_name(f"provider error of {match.provider}", name, there)
            why = f"is {others[0]}'s, not {match.provider}'s" if others else unknown
            raise ValueError(f"fault.name: {show_value(name)}: {why}")
    return match


def _error_names(fault: ConfiguredFault | FaultChain) -> list[str]:
    """Return the names of the provider errors that a fault sends."""
    faults = fault.faults if isinstance(fault, FaultChain) else (fault,)
    return [each.name for each in faults if isinstance(each, ProviderErrorFault)]


def _check_provider(provider: str | None, known: Mapping[str, Terms]) -> None:
    if provider is not None and provider not in known:
        raise ValueError(f"match.provider: {show_value(provider)}: {unknown_name('provider', provider, known)}")


def _check_operation(match: RequestMatch, known: Mapping[str, Terms]) -> None:
    operation = match.operation
    if operation is None:
        return
    own = [name for name in known if match.provider in (None, name)]
    if not any(operation in known[name].operations for name in own):
        others = [name for name, terms in known.items() if operation in terms.operations]
        there = [each for name in own for each in known[name].operations]
        why = f"is {others[0]}'s, not {match.provider}'s" if others else unknown_name("operation", operation, there)
        raise ValueError(f"match.operation: {show_value(operation)}: {why}")


def _provider(operation: str | None, names: Iterable[str], known: Mapping[str, Terms]) -> str:
    """Return the provider whose errors are named."""
    if operation is not None:
        return next(each for each, terms in known.items() if operation in terms.operations)
    for name in names:
        theirs = [each for each, terms in known.items() if name in terms.errors]
        if not theirs:
            everything = (each for terms in known.values() for each in terms.errors)
            raise ValueError(f"fault.name: {show_value(name)}: {unknown_name('provider error', name, everything)}")
    if len(theirs) > 1:
        raise ValueError(f"match.provider: is missing; {' and '.join(theirs)} have an error {name}")
    return theirs[0]


def _match(description: Mapping[str, Any]) -> RequestMatch:
    method = description.get("method")
    headers = _criteria(description.get("headers", {}), ("match", "headers"))
    return RequestMatch(
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
        return Equals(value)
    try:
        return Matches(value["pattern"])
    except ValueError as reason:
        raise ValueError(f"{format_place(place)}: {reason}") from reason


def _when(description: Mapping[str, Any], now: Instant) -> When:
    moments = {name: _moment(description[name], now, name) for name in ("from", "until") if name in description}
    counts = {name: value for name, value in description.items() if name not in moments}
    when = When(starts_at=moments.get("from"), until=moments.get("until"), **counts)
    if when.starts_at is not None and when.until is not None and when.until <= when.starts_at:
        raise ValueError(f"when.until: {iso(when.until)} is not later than from, {iso(when.starts_at)}")
    if when.until is not None and when.until <= now:
        raise ValueError(f"when.until: {iso(when.until)} is past; it is {iso(now)} in this world")
    _check_counts(when)
    return when


def _check_counts(when: When) -> None:
    """Reject counts that no request could match, and those that have no effect beside another."""
    if when.nth is not None:
        for name in ("first", "every", "skip"):
            if getattr(when, name) is not None:
                raise ValueError(f"when.{name}: says nothing beside nth, which names one alone")
    if when.first is None:
        return
    if when.skip is not None and when.skip >= when.first:
        raise ValueError(f"when.skip: {when.skip} is not less than first, {when.first}, so none of the first is left")
    every, skip = when.every or 1, when.skip or 0
    if (skip // every + 1) * every > when.first:
        raise ValueError(
            f"when.every: no multiple of {every} is above {skip} and up to first, {when.first}, so none fires"
        )


def _moment(text: str, now: Instant, name: str) -> Instant:
    try:
        return now + parse_duration(text) if text.startswith("P") else parse_instant(text)
    except (ValueError, OverflowError) as reason:
        raise ValueError(f"when.{name}: {show_value(text)} is not {_MOMENT['description']}") from reason


def rule_to_json(status: RuleStatus, now: Instant) -> dict[str, Any]:
    """Return a rule as JSON, with its counters: without these four keys `rule_from` reads it back."""
    rule, match, when = status.rule, status.rule.match, status.rule.when
    if isinstance(match, WebhookMatch):
        criteria = _given(provider=match.provider, account=match.account, kind=match.kind, url=match.url)
    else:
        criteria = _given(
            provider=match.provider,
            operation=match.operation,
            method=match.method,
            path=match.path,
            parameters=_written(match.parameters),
            headers=_written(match.headers),
        )
    return {
        "id": rule.id,
        "target": rule.target,
        "match": criteria,
        "when": _given(
            first=when.first,
            every=when.every,
            nth=when.nth,
            skip=when.skip,
            **{"from": _stamp(when.starts_at), "until": _stamp(when.until)},
            probability=when.probability,
        ),
        "point": rule.point,
        "fault": rule.fault.to_json(),
        **_given(expires_after=rule.expires_after),
        "matched": status.matched,
        "hits": status.hits,
        "remaining": status.remaining(now),
        "exhausted": status.is_exhausted(now),
    }


_COUNTER = {"type": "integer", "minimum": 0, "maximum": 10**18, "description": "a whole number of at least 0"}
_REPLAY = object_schema(
    "an object that describes a response",
    ["status", "headers", "body"],
    status={"type": "integer", "minimum": 100, "maximum": 999, "description": "an HTTP status"},
    headers=HEADERS,
    body=object_schema("an object with 'text' or 'base64'", text=TEXT, base64=TEXT),
)
SAVED_RULE: Schema = {
    **RULE,
    "properties": {**RULE["properties"], "matched": _COUNTER, "hits": _COUNTER, "replay": _REPLAY},
}
"""The JSON Schema of a rule in a world file: with its counts, and the response that its next match gets."""

_COUNTS = ("matched", "hits", "replay")


class SavedFaults:
    """Fault rules in world files, as `worldfile.rules.FaultFormat`."""

    def __init__(self, known: Mapping[str, Terms]) -> None:
        """Create it.

        Args:
            known: what there is of each provider, by its name.
        """
        self._known = known

    def read_rule(self, described: Mapping[str, Any], *, knows_provider: bool) -> RuleStatus:
        """See `FaultFormat`."""
        validate(described, SAVED_RULE, ())
        when = described.get("when", {})
        for name in ("from", "until"):
            if when.get(name, "").startswith("P"):
                raise ValueError(
                    f"when.{name}: {show_value(when[name])} is not an instant such as '2026-06-01T12:00:00Z'"
                )
        rule = {name: part for name, part in described.items() if name not in _COUNTS}
        kept = described.get("replay")
        return RuleStatus(
            rule_from(
                rule, 0, self._known if knows_provider else None
            ),  # a window may have closed before the world was saved
            described.get("matched", 0),
            described.get("hits", 0),
            None if kept is None else _replay(kept),
        )

    def read_webhook_fault(self, described: object) -> WebhookFault:
        """See `FaultFormat`."""
        fault = parse(described, "webhook", ())
        if not isinstance(fault, WebhookFault):
            raise ValueError("a delivery has one fault")  # noqa: TRY004 - what a file says wrong is one kind of error
        return fault

    def describe_rule(self, status: RuleStatus) -> dict[str, Any]:
        """See `FaultFormat`."""
        written = rule_to_json(status, 0)
        rule = {name: written[name] for name in SAVED_RULE["properties"] if written.get(name)}
        return {**rule, **({} if status.replay is None else {"replay": _describe_replay(status.replay)})}


def _replay(described: Mapping[str, Any]) -> Replay:
    headers = tuple((name, value) for name, value in described["headers"])
    return Replay(Response(described["status"], headers, read_body(described["body"], ("replay", "body"))))


def _describe_replay(fault: Fault) -> dict[str, Any]:
    assert isinstance(fault, Replay)  # no other fault is kept
    response = fault.response
    return {"status": response.status, "headers": response.headers, "body": describe_body(response.body)}


def _given(**entries: object) -> dict[str, Any]:
    return {name: value for name, value in entries.items() if value is not None}


def _written(criteria: Mapping[str, Criterion]) -> dict[str, Any] | None:
    return {name: criterion.to_json() for name, criterion in criteria.items()} or None


def _stamp(instant: Instant | None) -> str | None:
    return None if instant is None else iso(instant)


def request_facts(
    method: str, path: str, head: Iterable[tuple[str, str]], provider: str | None = None, call: Call | None = None
) -> RequestFacts:
    """Return the facts about a request that rules match.

    Args:
        method: of the request.
        path: decoded, without the prefix that names the world.
        head: the request's headers; of several with one name the values are joined by commas.
        provider: the provider that was reached; ``None`` for none.
        call: the operation and parameters of the request.
    """
    headers: dict[str, str] = {}
    for name, value in head:
        small = name.lower()
        headers[small] = f"{headers[small]}, {value}" if small in headers else value
    return RequestFacts(
        provider, call.operation if call else "", method.upper(), path, call.values if call else {}, headers
    )
