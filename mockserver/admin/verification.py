"""Claims about a journal. An exchange matches what is wanted exactly when there is no difference between the two.

So matching and explaining cannot disagree: both are `differences`. A claim is
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

from mockserver.engine.faults import LONGEST_PATTERN, Criterion, Equals, Matches
from mockserver.engine.journal import OUTCOMES, Exchange, Journal
from mockserver.validation.json_schema import hold
from mockserver.validation.messages import either, written

from .outcomes import refused_by
from .request_inspection import header, path, sent, shown

Mask: TypeAlias = Callable[[str, Any], Any]
"""Takes what is not ours out of a parameter's value: `Masking.parameter`."""

_WORD = {"type": "string", "description": "a text"}
_CRITERION = {
    "description": f"a text, a number, true, false, or an object such as {{'pattern': '^555'}} of at most {LONGEST_PATTERN} characters",
    "oneOf": [
        {"type": ["string", "number", "boolean"]},
        {
            "type": "object",
            "required": ["pattern"],
            "additionalProperties": False,
            "properties": {"pattern": {"type": "string", "maxLength": LONGEST_PATTERN}},
        },
    ],
}
_CRITERIA = {"type": "object", "description": "an object of texts and patterns", "additionalProperties": _CRITERION}
_COUNT = {"type": "integer", "minimum": 0, "description": "a whole number of at least 0"}

WANTED: Mapping[str, Any] = {
    "type": "object",
    "description": "an object that describes an exchange",
    "additionalProperties": False,
    "properties": {
        "provider": _WORD,
        "operation": _WORD,
        "account": _WORD,
        "method": _WORD,
        "path": _WORD,
        "parameters": _CRITERIA,
        "headers": _CRITERIA,
        "outcome": {"enum": list(OUTCOMES), "description": either(OUTCOMES)},
        "refusal": {"type": ["string", "null"], "description": "the name of a refusal, or null for none"},
        "status": {"type": "integer", "description": "an HTTP status"},
    },
}
"""The JSON Schema of one wanted exchange; what is left out may be anything."""

CLAIM: Mapping[str, Any] = {
    "type": "object",
    "description": "an object that makes a claim",
    "required": ["exchanges"],
    "additionalProperties": False,
    "properties": {
        "exchanges": {
            "type": "array",
            "items": WANTED,
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
"""The JSON Schema of a claim."""


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
class Wanted:
    """What an exchange is to be."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    """Of its own: provider, operation, account, method, path, outcome, refusal, status."""
    parameters: Mapping[str, Criterion] = field(default_factory=dict)
    headers: Mapping[str, Criterion] = field(default_factory=dict)


_GOT: Mapping[str, Callable[[Exchange], Any]] = {
    "provider": lambda exchange: exchange.provider,
    "operation": lambda exchange: exchange.operation,
    "account": lambda exchange: exchange.account,
    "method": lambda exchange: exchange.method,
    "path": path,
    "outcome": lambda exchange: exchange.outcome,
    "refusal": refused_by,
    "status": lambda exchange: exchange.status,
}


def wanted_from(description: Mapping[str, Any], place: str = "") -> Wanted:
    """Read one wanted exchange that `WANTED` allows.

    Raises:
        ValueError: a pattern is none, or might take too long.
    """
    fields = {name: value for name, value in description.items() if name in _GOT}
    if "method" in fields:
        fields["method"] = fields["method"].upper()
    return Wanted(
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


def differences(exchange: Exchange, wanted: Wanted, mask: Mask = _unmasked) -> list[Difference]:
    """Where an exchange is not as it was wanted; nothing where it matches.

    Args:
        exchange: what happened.
        wanted: what it is to be.
        mask: for the values that are told.
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
    """A parameter as the room read it; of one that it does not read, what was sent last."""
    if name in exchange.values:
        return exchange.values[name]
    return next((each.value for each in reversed(sent(exchange)) if each.name == name), None)


# -- claims --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claim:
    """What is said to have happened."""

    wanted: tuple[Wanted, ...]
    at_least: int | None = None
    at_most: int | None = None
    """Neither: each of the wanted once."""
    is_ordered: bool = False
    since: int = 0
    """Exchanges up to this number do not count."""


def claim_from(description: object) -> Claim:
    """Read a claim.

    Raises:
        ValueError: it is none; one sentence says where and what would be right.
    """
    hold(description, CLAIM, ())
    assert isinstance(description, dict)
    exchanges = description["exchanges"]
    wanted = tuple(wanted_from(each, f"{written(('exchanges', index))}.") for index, each in enumerate(exchanges))
    count = description.get("count", {})
    if "count" in description and len(wanted) > 1:
        raise ValueError("count: makes sense for one wanted exchange; write down each of several instead")
    bounds = count if isinstance(count, dict) else {"at_least": count, "at_most": count}
    return Claim(
        wanted,
        bounds.get("at_least"),
        bounds.get("at_most"),
        description.get("order", False),
        description.get("since", 0),
    )


def answer(claim: Claim, journal: Journal, mask: Mask = _unmasked) -> dict[str, Any]:
    """Whether a claim holds, as JSON, and where not, what comes nearest.

    Args:
        claim: what is said.
        journal: what happened.
        mask: for the values that are told.
    """
    exchanges = journal.since(claim.since)
    found, difference = (_count if claim.at_least is not None or claim.at_most is not None else _each)(
        claim, exchanges, mask
    )
    dropped = max(0, journal.dropped - claim.since)
    return {
        "holds": not difference,
        "found": found,
        "difference": difference,
        "last": journal.last,
        "dropped": dropped,
        **({"why_dropped": journal.why_dropped} if dropped else {}),
    }


_Verdict: TypeAlias = tuple[list[int], list[dict[str, Any]]]
"""The numbers of what was found, and what is not as it was said."""


def _count(claim: Claim, exchanges: Sequence[Exchange], mask: Mask) -> _Verdict:
    """So many exchanges match the one that is wanted."""
    (wanted,) = claim.wanted
    found = [exchange.number for exchange in exchanges if not differences(exchange, wanted)]
    least, most = claim.at_least or 0, claim.at_most
    if least <= len(found) and (most is None or len(found) <= most):
        return found, []
    bounds = {"at_least": claim.at_least, "at_most": claim.at_most}
    said = " and ".join(f"{name.replace('_', ' ')} {bound}" for name, bound in bounds.items() if bound is not None)
    said = f"exactly {least}" if claim.at_least == claim.at_most else said
    sentence = f"wanted {said}, found {len(found)}"
    if len(found) > least:
        return found, [{"wanted": 1, "said": sentence, "nearest": None, "fields": []}]
    others = [exchange for exchange in exchanges if exchange.number not in set(found)]
    return found, [_unmet(1, wanted, others, mask, sentence + "; ")]


def _each(claim: Claim, exchanges: Sequence[Exchange], mask: Mask) -> _Verdict:
    """Each of the wanted is an exchange of its own."""
    places = (_in_order if claim.is_ordered else _in_any_order)(claim.wanted, exchanges)
    taken = {place for place in places if place is not None}
    difference = []
    for index, (wanted, place) in enumerate(zip(claim.wanted, places, strict=True)):
        if place is None:
            free = [exchange for at, exchange in enumerate(exchanges) if at not in taken]
            difference.append(_unmet(index + 1, wanted, free, mask))
    return [exchanges[place].number for place in places if place is not None], difference


def _in_order(wanted: Sequence[Wanted], exchanges: Sequence[Exchange]) -> list[int | None]:
    """The first exchange that meets each, behind that of the one before; ``None`` where there is none."""
    places: list[int | None] = []
    start = 0
    for each in wanted:
        place = next((at for at in range(start, len(exchanges)) if not differences(exchanges[at], each)), None)
        start = start if place is None else place + 1
        places.append(place)
    return places


def _in_any_order(wanted: Sequence[Wanted], exchanges: Sequence[Exchange]) -> list[int | None]:
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


def _unmet(number: int, wanted: Wanted, exchanges: Sequence[Exchange], mask: Mask, before: str = "") -> dict[str, Any]:
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


def _nearest(wanted: Wanted, exchanges: Sequence[Exchange]) -> Exchange | None:
    """The exchange with the fewest differences; of several, the one whose values are most alike, and the latest."""
    compared = [(exchange, differences(exchange, wanted)) for exchange in exchanges]
    fewest = min((len(fields) for _, fields in compared), default=0)
    best = [(exchange, fields) for exchange, fields in compared if len(fields) == fewest][-50:]
    return max(best, key=lambda each: (_likeness(each[1]), each[0].number))[0] if best else None


def _likeness(fields: Iterable[Difference]) -> float:
    pairs = ((_text(each.wanted)[:80], _text(each.got)[:80]) for each in fields)
    return sum(SequenceMatcher(None, *pair, autojunk=False).ratio() for pair in pairs)
