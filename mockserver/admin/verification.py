"""Verifies that a journal has the wanted exchanges, and finds the nearest exchange for those that it has not.

A verification is ``{"exchanges": [WANTED, ...], "count", "order", "since"}``. It holds if a different exchange matches
each WANTED, in any order; with ``order`` in the given order, with or without others between them. With ``count`` there is
one WANTED, and the number of exchanges that match it must be as given. Matching and explaining cannot disagree, because
both use `differences`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from mockserver.engine.faults import Criterion, Equals, Matches
from mockserver.engine.journal import OUTCOMES, Exchange, Journal
from mockserver.http.fault_rules import criteria_schema
from mockserver.validation.json_schema import TEXT, validate
from mockserver.validation.messages import format_choices, format_place

from .outcomes import error_of
from .request_inspection import header, path, sent, shown

Mask: TypeAlias = Callable[[str, Any], Any]
"""Masks the secrets in a parameter's value: `Masking.parameter`."""

_CRITERIA = criteria_schema(["string", "number", "boolean"], "a text, a number, true, false")
_COUNT = {"type": "integer", "minimum": 0, "description": "a whole number of at least 0"}
COUNT: Mapping[str, Any] = {
    "description": "a whole number, or an object such as {'at_least': 1, 'at_most': 3}",
    "oneOf": [
        _COUNT,
        {
            "type": "object",
            "additionalProperties": False,
            "minProperties": 1,
            "properties": {"at_least": _COUNT, "at_most": _COUNT},
        },
    ],
}
"""The JSON Schema of a number of matches, or its bounds."""

REQUEST_PATTERN: Mapping[str, Any] = {
    "type": "object",
    "description": "an object that describes an exchange",
    "additionalProperties": False,
    "properties": {
        "provider": TEXT,
        "operation": TEXT,
        "account": TEXT,
        "method": TEXT,
        "path": TEXT,
        "parameters": _CRITERIA,
        "headers": _CRITERIA,
        "outcome": {"enum": list(OUTCOMES), "description": format_choices(OUTCOMES)},
        "error": {"type": ["string", "null"], "description": "the name of a provider error, or null for none"},
        "status": {"type": "integer", "description": "an HTTP status"},
    },
}
"""The JSON Schema of one wanted exchange; a field that is not given matches any value."""

VERIFICATION: Mapping[str, Any] = {
    "type": "object",
    "description": "an object that describes a verification",
    "required": ["exchanges"],
    "additionalProperties": False,
    "properties": {
        "exchanges": {
            "type": "array",
            "items": REQUEST_PATTERN,
            "minItems": 1,
            "maxItems": 100,
            "description": "a list of 1 to 100 wanted exchanges",
        },
        "count": COUNT,
        "order": {"type": "boolean", "description": "true or false"},
        "since": _COUNT,
    },
}
"""The JSON Schema of a verification."""


class Difference(NamedTuple):
    """A field of an exchange that differs from the wanted value."""

    field: str
    wanted: Any
    got: Any
    """``None`` if the field is missing."""

    def __str__(self) -> str:
        return f"{self.field}: wanted {_to_json(self.wanted)}, got {_to_json(self.got)}"


def _to_json(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


# -- wanted exchanges ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RequestPattern:
    """The wanted values of an exchange."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    """Wanted provider, operation, account, method, path, outcome, provider error or status."""
    parameters: Mapping[str, Criterion] = field(default_factory=dict)
    headers: Mapping[str, Criterion] = field(default_factory=dict)


_FIELDS: Mapping[str, Callable[[Exchange], Any]] = {
    "provider": lambda exchange: exchange.provider,
    "operation": lambda exchange: exchange.operation,
    "account": lambda exchange: exchange.account,
    "method": lambda exchange: exchange.method,
    "path": path,
    "outcome": lambda exchange: exchange.outcome,
    "error": error_of,
    "status": lambda exchange: exchange.status,
}


def request_pattern_from(description: Mapping[str, Any], place: str = "") -> RequestPattern:
    """Parse one wanted exchange that is valid by `REQUEST_PATTERN`.

    Raises:
        ValueError: a pattern is not a regular expression, or could take too long.
    """
    fields = {name: value for name, value in description.items() if name in _FIELDS}
    if "method" in fields:
        fields["method"] = fields["method"].upper()
    return RequestPattern(
        fields,
        *(
            {
                name: criterion_from(value, f"{place}{group}.{name}")
                for name, value in description.get(group, {}).items()
            }
            for group in ("parameters", "headers")
        ),
    )


def criterion_from(value: Any, place: str) -> Criterion:
    """Parse the wanted value of a field.

    Raises:
        ValueError: a pattern is not a regular expression, or could take too long.
    """
    if not isinstance(value, dict):
        return Equals(text_of(value))
    try:
        return Matches(value["pattern"])
    except ValueError as reason:
        raise ValueError(f"{place}: {reason}") from reason


def text_of(value: Any) -> str:
    """Return a value as text; numbers and booleans as in JSON."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


# -- matching ------------------------------------------------------------------------------------------------------


def _unmasked(_name: str, value: Any) -> Any:
    return value


def differences(exchange: Exchange, wanted: RequestPattern, mask: Mask = _unmasked) -> list[Difference]:
    """Return the differences between an exchange and the wanted one; none if it matches.

    Args:
        exchange: the exchange.
        wanted: the wanted values.
        mask: masks the values that are shown.
    """
    got = ((name, value, _FIELDS[name](exchange)) for name, value in wanted.fields.items())
    return [
        *(Difference(*each) for each in got if each[1] != each[2]),
        *_differing("parameters", wanted.parameters, partial(_parameter, exchange), mask),
        *_differing("headers", wanted.headers, partial(header, exchange), mask),
    ]


def _differing(
    group: str, criteria: Mapping[str, Criterion], look_up: Callable[[str], Any], mask: Mask
) -> Iterable[Difference]:
    for name, criterion in criteria.items():
        got = look_up(name)
        # One element of a list must match.
        if got is None or not any(
            criterion.accepts(text_of(each)) for each in (got if isinstance(got, list) else [got])
        ):
            yield Difference(f"{group}.{name}", criterion.to_json(), shown(mask(name, got)))


def _parameter(exchange: Exchange, name: str) -> Any:
    """Return a parameter as the provider read it, or the last sent value of one that it ignores."""
    if name in exchange.values:
        return exchange.values[name]
    return next((each.value for each in reversed(sent(exchange)) if each.name == name), None)


# -- verifications --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verification:
    """The wanted exchanges, and their number, order or first position."""

    wanted: tuple[RequestPattern, ...]
    at_least: int | None = None
    at_most: int | None = None
    """The bounds of the number of matches; if both are ``None``, each wanted exchange must match once."""
    is_ordered: bool = False
    since: int = 0
    """Exchanges up to this number are ignored."""


def verification_from(description: object) -> Verification:
    """Parse a verification.

    Raises:
        ValueError: it is invalid; the message says where, and what is allowed.
    """
    validate(description, VERIFICATION, ())
    assert isinstance(description, dict)
    exchanges = description["exchanges"]
    wanted = tuple(
        request_pattern_from(each, f"{format_place(('exchanges', index))}.") for index, each in enumerate(exchanges)
    )
    if "count" in description and len(wanted) > 1:
        raise ValueError("count: is allowed with one wanted exchange only; list every wanted exchange instead")
    return Verification(
        wanted,
        *bounds_of(description.get("count", {})),
        description.get("order", False),
        description.get("since", 0),
    )


def bounds_of(count: int | Mapping[str, int]) -> tuple[int | None, int | None]:
    """Return the least and the greatest number that a count allows; ``None`` for no bound."""
    bounds = count if isinstance(count, Mapping) else {"at_least": count, "at_most": count}
    return bounds.get("at_least"), bounds.get("at_most")


def format_bounds(at_least: int | None, at_most: int | None) -> str:
    """Format the bounds of a number of matches."""
    if at_least == at_most:
        return f"exactly {at_least}"
    bounds = {"at least": at_least, "at most": at_most}
    return " and ".join(f"{name} {bound}" for name, bound in bounds.items() if bound is not None)


def run_verification(verification: Verification, journal: Journal, mask: Mask = _unmasked) -> dict[str, Any]:
    """Return as JSON whether a verification holds, and if not, the nearest exchanges.

    Args:
        verification: the wanted exchanges.
        journal: the journal to search.
        mask: masks the values that are shown.
    """
    exchanges = journal.since(verification.since)
    found, difference = (_count if verification.at_least is not None or verification.at_most is not None else _each)(
        verification, exchanges, mask
    )
    dropped = max(0, journal.dropped - verification.since)
    return {
        "holds": not difference,
        "found": found,
        "difference": difference,
        "last": journal.last,
        "dropped": dropped,
        **({"why_dropped": journal.why_dropped} if dropped else {}),
    }


_Result: TypeAlias = tuple[list[int], list[dict[str, Any]]]
"""The numbers of the found exchanges, and a description of each unmet one."""


def _count(verification: Verification, exchanges: Sequence[Exchange], mask: Mask) -> _Result:
    """Verify the number of exchanges that match the wanted one."""
    (wanted,) = verification.wanted
    found = [exchange.number for exchange in exchanges if not differences(exchange, wanted)]
    least, most = verification.at_least or 0, verification.at_most
    if least <= len(found) and (most is None or len(found) <= most):
        return found, []
    sentence = f"wanted {format_bounds(verification.at_least, most)}, found {len(found)}"
    if len(found) > least:
        return found, [{"wanted": 1, "said": sentence, "nearest": None, "fields": []}]
    others = [exchange for exchange in exchanges if exchange.number not in set(found)]
    return found, [_unmet(1, wanted, others, mask, sentence + "; ")]


def _each(verification: Verification, exchanges: Sequence[Exchange], mask: Mask) -> _Result:
    """Verify that a different exchange matches each wanted one."""
    places = (_in_order if verification.is_ordered else _in_any_order)(verification.wanted, exchanges)
    taken = {place for place in places if place is not None}
    difference = []
    for index, (wanted, place) in enumerate(zip(verification.wanted, places, strict=True)):
        if place is None:
            free = [exchange for at, exchange in enumerate(exchanges) if at not in taken]
            difference.append(_unmet(index + 1, wanted, free, mask))
    return [exchanges[place].number for place in places if place is not None], difference


def _in_order(wanted: Sequence[RequestPattern], exchanges: Sequence[Exchange]) -> list[int | None]:
    """Return the position of the first match for each wanted exchange after the previous match; ``None`` for none."""
    places: list[int | None] = []
    start = 0
    for each in wanted:
        place = next((at for at in range(start, len(exchanges)) if not differences(exchanges[at], each)), None)
        start = start if place is None else place + 1
        places.append(place)
    return places


def _in_any_order(wanted: Sequence[RequestPattern], exchanges: Sequence[Exchange]) -> list[int | None]:
    """Match as many wanted exchanges as possible to different ones, by augmenting paths of bipartite matching."""
    choices = [
        [at for at, exchange in enumerate(exchanges) if not differences(exchange, each)][: len(wanted)]
        for each in wanted
    ]
    owner: dict[int, int] = {}

    def place(index: int, tried: set[int]) -> bool:
        for at in choices[index]:
            if at not in tried:
                tried.add(at)
                if at not in owner or place(owner[at], tried):
                    owner[at] = index
                    return True
        return False

    for index in range(len(wanted)):
        place(index, set())
    met = {index: at for at, index in owner.items()}
    return [met.get(index) for index in range(len(wanted))]


def _unmet(
    number: int, wanted: RequestPattern, exchanges: Sequence[Exchange], mask: Mask, before: str = ""
) -> dict[str, Any]:
    """Describe a wanted exchange that was not found, and the nearest exchange."""
    nearest = _nearest(wanted, exchanges)
    fields = [] if nearest is None else differences(nearest, wanted, mask)
    if nearest is None:
        said = "there is no other exchange"
    elif fields:
        said = f"the nearest is {nearest.number}: {'; '.join(map(str, fields))}"
    else:
        said = f"{nearest.number} matches, but comes too early"
    return {
        "wanted": number,
        "said": before + said,
        "nearest": None if nearest is None else nearest.number,
        "fields": [difference._asdict() for difference in fields],
    }


def _nearest(wanted: RequestPattern, exchanges: Sequence[Exchange]) -> Exchange | None:
    """Return the exchange with the fewest differences; of several, the one with the most similar values, or the latest."""
    compared = [(exchange, differences(exchange, wanted)) for exchange in exchanges]
    fewest = min((len(fields) for _, fields in compared), default=0)
    best = [(exchange, fields) for exchange, fields in compared if len(fields) == fewest][-50:]
    return max(best, key=lambda each: (_likeness(each[1]), each[0].number))[0] if best else None


def _likeness(fields: Iterable[Difference]) -> float:
    pairs = ((text_of(each.wanted)[:80], text_of(each.got)[:80]) for each in fields)
    return sum(SequenceMatcher(None, *pair, autojunk=False).ratio() for pair in pairs)
