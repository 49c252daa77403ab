"""Verifications about a journal. An exchange matches what is wanted exactly when there is no difference between the two.

So matching and explaining cannot disagree: both are `differences`. A verification is
``{"exchanges": [WANTED, ...], "count", "order", "since"}`` and says that each of the wanted exchanges happened, every
one by itself, in whatever order; with ``order`` in this one, others between them or not. With ``count`` there is one
WANTED, and exactly so many exchanges match it, or at least and at most so many.
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
"""Takes what is not ours out of a parameter's value: `Masking.parameter`."""

_CRITERIA = criteria_schema(["string", "number", "boolean"], "a text, a number, true, false")
_COUNT = {"type": "integer", "minimum": 0, "description": "a whole number of at least 0"}

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
"""The JSON Schema of one wanted exchange; what is left out may be anything."""

VERIFICATION: Mapping[str, Any] = {
    "type": "object",
    "description": "an object that makes a verification",
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
        "count": {
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
        },
        "order": {"type": "boolean", "description": "true or false"},
        "since": _COUNT,
    },
}
"""The JSON Schema of a verification."""


class Difference(NamedTuple):
    """One field of an exchange that is not as it was wanted."""

    field: str
    wanted: Any
    got: Any
    """``None`` for what was not there."""

    def __str__(self) -> str:
        return f"{self.field}: wanted {_said(self.wanted)}, got {_said(self.got)}"


def _said(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


# -- what is wanted ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RequestPattern:
    """What an exchange is to be."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    """Of its own: provider, operation, account, method, path, outcome, provider error, status."""
    parameters: Mapping[str, Criterion] = field(default_factory=dict)
    headers: Mapping[str, Criterion] = field(default_factory=dict)


_GOT: Mapping[str, Callable[[Exchange], Any]] = {
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
    """Read one wanted exchange that `REQUEST_PATTERN` allows.

    Raises:
        ValueError: a pattern is none, or might take too long.
    """
    fields = {name: value for name, value in description.items() if name in _GOT}
    if "method" in fields:
        fields["method"] = fields["method"].upper()
    return RequestPattern(
        fields,
        *(
            {name: _criterion(value, f"{place}{group}.{name}") for name, value in description.get(group, {}).items()}
            for group in ("parameters", "headers")
        ),
    )


def _criterion(value: Any, place: str) -> Criterion:
    if not isinstance(value, dict):
        return Equals(_text(value))
    try:
        return Matches(value["pattern"])
    except ValueError as reason:
        raise ValueError(f"{place}: {reason}") from reason


def _text(value: Any) -> str:
    """A value as text: numbers and truths as JSON writes them."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


# -- matching ------------------------------------------------------------------------------------------------------


def _unmasked(_name: str, value: Any) -> Any:
    return value


def differences(exchange: Exchange, wanted: RequestPattern, mask: Mask = _unmasked) -> list[Difference]:
    """Where an exchange is not as it was wanted; nothing where it matches.

    Args:
        exchange: what happened.
        wanted: what it is to be.
        mask: masks the values that are shown.
    """
    got = ((name, value, _GOT[name](exchange)) for name, value in wanted.fields.items())
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
        # Of a list, one element must be it.
        if got is None or not any(criterion.accepts(_text(each)) for each in (got if isinstance(got, list) else [got])):
            yield Difference(f"{group}.{name}", criterion.to_json(), shown(mask(name, got)))


def _parameter(exchange: Exchange, name: str) -> Any:
    """A parameter as the provider read it; of one that it does not read, what was sent last."""
    if name in exchange.values:
        return exchange.values[name]
    return next((each.value for each in reversed(sent(exchange)) if each.name == name), None)


# -- verifications --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verification:
    """What is said to have happened."""

    wanted: tuple[RequestPattern, ...]
    at_least: int | None = None
    at_most: int | None = None
    """Neither: each of the wanted once."""
    is_ordered: bool = False
    since: int = 0
    """Exchanges up to this number do not count."""


def verification_from(description: object) -> Verification:
    """Read a verification.

    Raises:
        ValueError: it is none; one sentence says where and what would be right.
    """
    validate(description, VERIFICATION, ())
    assert isinstance(description, dict)
    exchanges = description["exchanges"]
    wanted = tuple(
        request_pattern_from(each, f"{format_place(('exchanges', index))}.") for index, each in enumerate(exchanges)
    )
    count = description.get("count", {})
    if "count" in description and len(wanted) > 1:
        raise ValueError("count: makes sense for one wanted exchange; write down each of several instead")
    bounds = count if isinstance(count, dict) else {"at_least": count, "at_most": count}
    return Verification(
        wanted,
        bounds.get("at_least"),
        bounds.get("at_most"),
        description.get("order", False),
        description.get("since", 0),
    )


def response(verification: Verification, journal: Journal, mask: Mask = _unmasked) -> dict[str, Any]:
    """Whether a verification holds, as JSON, and where not, what comes nearest.

    Args:
        verification: what is said.
        journal: what happened.
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


_Verification: TypeAlias = tuple[list[int], list[dict[str, Any]]]
"""The numbers of what was found, and what is not as it was said."""


def _count(verification: Verification, exchanges: Sequence[Exchange], mask: Mask) -> _Verification:
    """So many exchanges match the one that is wanted."""
    (wanted,) = verification.wanted
    found = [exchange.number for exchange in exchanges if not differences(exchange, wanted)]
    least, most = verification.at_least or 0, verification.at_most
    if least <= len(found) and (most is None or len(found) <= most):
        return found, []
    bounds = {"at_least": verification.at_least, "at_most": verification.at_most}
    said = " and ".join(f"{name.replace('_', ' ')} {bound}" for name, bound in bounds.items() if bound is not None)
    said = f"exactly {least}" if verification.at_least == verification.at_most else said
    sentence = f"wanted {said}, found {len(found)}"
    if len(found) > least:
        return found, [{"wanted": 1, "said": sentence, "nearest": None, "fields": []}]
    others = [exchange for exchange in exchanges if exchange.number not in set(found)]
    return found, [_unmet(1, wanted, others, mask, sentence + "; ")]


def _each(verification: Verification, exchanges: Sequence[Exchange], mask: Mask) -> _Verification:
    """Each of the wanted is an exchange of its own."""
    places = (_in_order if verification.is_ordered else _in_any_order)(verification.wanted, exchanges)
    taken = {place for place in places if place is not None}
    difference = []
    for index, (wanted, place) in enumerate(zip(verification.wanted, places, strict=True)):
        if place is None:
            free = [exchange for at, exchange in enumerate(exchanges) if at not in taken]
            difference.append(_unmet(index + 1, wanted, free, mask))
    return [exchanges[place].number for place in places if place is not None], difference


def _in_order(wanted: Sequence[RequestPattern], exchanges: Sequence[Exchange]) -> list[int | None]:
    """The first exchange that meets each, behind that of the one before; ``None`` where there is none."""
    places: list[int | None] = []
    start = 0
    for each in wanted:
        place = next((at for at in range(start, len(exchanges)) if not differences(exchanges[at], each)), None)
        start = start if place is None else place + 1
        places.append(place)
    return places


def _in_any_order(wanted: Sequence[RequestPattern], exchanges: Sequence[Exchange]) -> list[int | None]:
    """As many as can be met, each by an exchange of its own: the augmenting paths of bipartite matching."""
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
    """What is wanted and was not found, and the exchange that comes nearest."""
    nearest = _nearest(wanted, exchanges)
    fields = [] if nearest is None else differences(nearest, wanted, mask)
    if nearest is None:
        said = "there is no other exchange"
    elif fields:
        said = f"the nearest is {nearest.number}: {'; '.join(map(str, fields))}"
    else:
        said = f"{nearest.number} is one, but comes too early"
    return {
        "wanted": number,
        "said": before + said,
        "nearest": None if nearest is None else nearest.number,
        "fields": [difference._asdict() for difference in fields],
    }


def _nearest(wanted: RequestPattern, exchanges: Sequence[Exchange]) -> Exchange | None:
    """The exchange with the fewest differences; of several, the one whose values are most alike, and the latest."""
    compared = [(exchange, differences(exchange, wanted)) for exchange in exchanges]
    fewest = min((len(fields) for _, fields in compared), default=0)
    best = [(exchange, fields) for exchange, fields in compared if len(fields) == fewest][-50:]
    return max(best, key=lambda each: (_likeness(each[1]), each[0].number))[0] if best else None


def _likeness(fields: Iterable[Difference]) -> float:
    pairs = ((_text(each.wanted)[:80], _text(each.got)[:80]) for each in fields)
    return sum(SequenceMatcher(None, *pair, autojunk=False).ratio() for pair in pairs)
