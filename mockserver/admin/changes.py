"""Shows the changes of a world since a checkpoint, as JSON and as text, and verifies that they are the wanted ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, get_args

from mockserver.engine.changes import Change, ChangeKind
from mockserver.engine.clock import Clock
from mockserver.engine.deliveries import Delivery
from mockserver.engine.faults import Criterion, RuleStatus
from mockserver.engine.instants import SECOND, Instant, iso
from mockserver.engine.scheduler import ScheduledItem
from mockserver.http.fault_rules import criteria_schema, rule_to_json
from mockserver.validation.json_schema import TEXT, validate
from mockserver.validation.messages import format_choices
from mockserver.worldfile.dump import describe_entry

from . import serializers
from .schemas import NAME
from .verification import COUNT, Difference, bounds_of, criterion_from, format_bounds, text_of

KINDS: tuple[str, ...] = get_args(ChangeKind)
"""What may have changed."""
CHANGES = ("inserted", "changed", "deleted")
RECORDS = ("account", "entry", "message")
"""The kinds that a client of a provider can see; what else changes with each request is not a record."""

ChangeJson: TypeAlias = dict[str, Any]
"""A change with its ``kind``, its ``id``, whose it is, and the value ``before`` and ``after``."""


class ChangeList(NamedTuple):
    """The changes of a world since a checkpoint."""

    changes: Sequence[Change]
    now: Instant
    """The world's instant, for the counters of fault rules."""

    def to_json(self, limit: int | None = None) -> dict[str, Any]:
        """Return the changes by what happened, and as text; the first ``limit`` of them."""
        shown = [self.describe(each) for each in self.changes[:limit]]
        grouped: dict[str, list[ChangeJson]] = {name: [] for name in CHANGES}
        for change, found in shown:
            grouped[change].append(found)
        counts = dict.fromkeys(CHANGES, 0)
        for each in self.changes:
            counts[each.change] += 1
        omitted = len(self.changes) - len(shown)
        lines = [line_of(change, found) for change, found in shown]
        text = "\n".join([*lines, *([f"... and {omitted} more"] if omitted else [])])
        return {**grouped, "counts": counts, "omitted": omitted, "text": text}

    def describe(self, change: Change) -> tuple[str, ChangeJson]:
        """Return what happened, and to what, as JSON."""
        facts, value = _KINDS[change.kind]
        before, after = (
            None if each is None else value(each, is_read, self.now)
            for each, is_read in ((change.before, change.was_read), (change.after, change.is_read))
        )
        found: ChangeJson = {"kind": change.kind, **facts(change)}
        if before is not None and after is not None:
            found["fields"] = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        return change.change, {
            **found,
            **({} if before is None else {"before": before}),
            **({} if after is None else {"after": after}),
        }


def _owner(account: str) -> dict[str, str]:
    provider, _, name = account.partition("/")
    return {"provider": provider, "account": name}


def _record(change: Change) -> dict[str, Any]:
    """Return the id of a message or delivery, and whose it is."""
    found = change.before if change.after is None else change.after
    return {**_owner(found.account), "id": change.key[0]}


def _delivery(found: Delivery) -> dict[str, Any]:
    last = {"result": found.attempts[-1].result} if found.attempts else {}
    return {**serializers.opened(found), "attempts": len(found.attempts), **last}


def _scheduled(item: ScheduledItem) -> dict[str, Any]:
    due = {"due": iso(item.at)}
    if item.delivery:
        return {**due, "delivery": item.delivery}
    if item.serial is not None:
        return {**due, "message": item.serial}
    return {**due, "provider": item.provider, "fields": dict(item.fields)}


def _clock(found: Clock) -> dict[str, Any]:
    if found.frozen_at is not None:
        return {"frozen": True, "now": iso(found.frozen_at)}
    return {"frozen": False, "ahead": found.offset / SECOND}


_Facts: TypeAlias = Callable[[Change], dict[str, Any]]
_Value: TypeAlias = Callable[[Any, bool, Instant], dict[str, Any]]


def _id(change: Change) -> dict[str, Any]:
    return {"id": change.key[0]}


_KINDS: Mapping[str, tuple[_Facts, _Value]] = {
    "account": (
        lambda change: {**_owner(change.key[0]), "id": change.key[0]},
        lambda value, *_: serializers.account(value),
    ),
    "entry": (
        lambda change: {**_owner(change.key[0]), "collection": change.key[1], "id": change.key[2]},
        lambda value, *_: describe_entry(value),
    ),
    "message": (_record, lambda value, is_read, _: serializers.message(value, is_read)),
    "delivery": (_record, lambda value, *_: _delivery(value)),
    "scheduled_item": (_id, lambda value, *_: _scheduled(value)),
    "fault_rule": (_id, lambda value, _, now: rule_to_json(RuleStatus(*value), now)),
    "variant": (_id, lambda value, *_: {"variant": value}),
    "clock": (lambda _: {"id": "clock"}, lambda value, *_: _clock(value)),
    "sequence": (_id, lambda value, *_: {"next": value}),
    "rate_window": (_id, lambda value, *_: {"uses": [*map(iso, value)]}),
}
"""Whose it is and what it is found by, and its value as JSON."""


# -- text ----------------------------------------------------------------------------------------------------------------

_SIGNS = {"inserted": "+", "changed": "~", "deleted": "-"}


def line_of(change: str, found: ChangeJson) -> str:
    """Return a change as one line: a sign, what it is, and its value, or the fields that changed."""
    owner = "/".join(found[name] for name in ("provider", "account") if name in found)
    parts = [found["kind"], *([owner] if owner and owner != found["id"] else [])]
    parts += [found[name] for name in ("collection",) if name in found]
    parts += [str(found["id"])] if found["kind"] != "clock" else []
    fields = found["fields"] if change == "changed" else None
    return f"{_SIGNS[change]} {' '.join(parts)}{_value_text(found, fields)}"


def _value_text(found: ChangeJson, fields: Sequence[str] | None) -> str:
    if fields is not None:
        before, after = found["before"], found["after"]
        changed = (f"{name} {_short(before.get(name))} -> {_short(after.get(name))}" for name in fields)
        return f": {', '.join(changed)}"
    value = found["after"] if "after" in found else found["before"]
    if found["kind"] == "message":
        return f": {value['direction']} {value['sender']} -> {value['recipient']} {_short(value['text'])}"
    shown = (f"{name} {_short(part)}" for name, part in value.items() if name not in found or found[name] != part)
    return f": {', '.join(shown)}"


_WIDEST = 80


def _short(value: Any) -> str:
    if value is None:
        return "none"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 3]}..."


# -- verification ----------------------------------------------------------------------------------------------------------

CHANGES_VERIFICATION: Mapping[str, Any] = {
    "type": "object",
    "description": "an object that describes wanted changes since a checkpoint",
    "required": ["changes", "since"],
    "additionalProperties": False,
    "properties": {
        "since": {**NAME, "description": "the name of a checkpoint"},
        "changes": {
            "type": "array",
            "maxItems": 100,
            "description": "a list of up to 100 wanted changes",
            "items": {
                "type": "object",
                "description": "an object that describes a change",
                "additionalProperties": False,
                "properties": {
                    "change": {"enum": list(CHANGES), "description": format_choices(CHANGES)},
                    "kind": {"enum": list(KINDS), "description": format_choices(KINDS)},
                    "provider": TEXT,
                    "account": TEXT,
                    "collection": TEXT,
                    "id": {"type": ["string", "integer"], "description": "an id"},
                    "values": criteria_schema(["string", "number", "boolean"], "a text, a number, true, false"),
                    "count": COUNT,
                },
            },
        },
        "nothing_else": {"type": "boolean", "description": "true or false: whether no other record may have changed"},
    },
    "examples": [
        {"since": "before", "changes": [{"change": "inserted", "kind": "message"}], "nothing_else": True},
        {
            "since": "before",
            "changes": [
                {"kind": "message", "values": {"text": "Hello", "fields.status": {"pattern": "deliv"}}, "count": 2}
            ],
        },
    ],
}
"""The JSON Schema of a verification of changes: each wanted one must have happened once, or as often as ``count`` says."""


class _Wanted(NamedTuple):
    facts: Mapping[str, Any]
    values: Mapping[str, Criterion]
    at_least: int | None
    at_most: int | None

    def differences(self, change: str, found: ChangeJson) -> Iterator[Difference]:
        """Yield the differences between a change and the wanted one."""
        facts = {"change": change, **found}
        for name, wanted in self.facts.items():
            if facts.get(name) != wanted:
                yield Difference(name, wanted, facts.get(name))
        value = found["after"] if "after" in found else found["before"]
        for name, criterion in self.values.items():
            got = _at(value, name)
            if got is None or not criterion.accepts(text_of(got)):
                yield Difference(f"values.{name}", criterion.to_json(), got)


def _at(value: Any, name: str) -> Any:
    """Return the value at a path such as ``fields.status``."""
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


class ChangeVerification(NamedTuple):
    """The changes that must have happened since a checkpoint."""

    since: str
    wanted: tuple[_Wanted, ...]
    nothing_else: bool


def change_verification_from(description: object) -> ChangeVerification:
    """Parse a verification of changes.

    Raises:
        ValueError: it is invalid; the message says where, and what is allowed.
    """
    validate(description, CHANGES_VERIFICATION, ())
    assert isinstance(description, dict)
    nothing_else = description.get("nothing_else", False)
    if not description["changes"] and not nothing_else:
        raise ValueError('changes: is empty; describe a change, or add "nothing_else": true')
    wanted = []
    for index, each in enumerate(description["changes"]):
        facts = {name: value for name, value in each.items() if name not in ("values", "count")}
        values = {
            name: criterion_from(value, f"changes[{index}].values.{name}")
            for name, value in each.get("values", {}).items()
        }
        wanted.append(_Wanted(facts, values, *bounds_of(each.get("count", 1))))
    return ChangeVerification(description["since"], tuple(wanted), nothing_else)


def run_change_verification(verification: ChangeVerification, changes: ChangeList) -> dict[str, Any]:
    """Return as JSON whether the wanted changes happened, the lines of those found, and sentences about what differs."""
    every = [changes.describe(each) for each in changes.changes]
    found: dict[int, str] = {}
    difference = []
    for number, wanted in enumerate(verification.wanted, 1):
        matches = [at for at, each in enumerate(every) if not any(wanted.differences(*each))]
        found |= {at: line_of(*every[at]) for at in matches}
        least, most = wanted.at_least or 0, wanted.at_most
        if not least <= len(matches) or (most is not None and len(matches) > most):
            said = f"wanted {format_bounds(wanted.at_least, wanted.at_most)}, found {len(matches)}"
            difference.append(f"change {number} of those wanted: {said}{_explanation(wanted, every, matches, least)}")
    if verification.nothing_else:
        others = [line_of(*each) for at, each in enumerate(every) if at not in found and each[1]["kind"] in RECORDS]
        difference += [f"something else has changed: {line}" for line in others]
    return {"holds": not difference, "found": [found[at] for at in sorted(found)], "difference": difference}


def _explanation(wanted: _Wanted, every: Sequence[tuple[str, ChangeJson]], matches: Sequence[int], least: int) -> str:
    """Return those that were too many, or the nearest to one that is missing."""
    if len(matches) > least:
        return f": {'; '.join(line_of(*every[at]) for at in matches[:5])}"
    others = [each for at, each in enumerate(every) if at not in set(matches)]
    if not others:
        return "; nothing else has changed"
    nearest = min(others, key=lambda each: len(list(wanted.differences(*each))))
    fields = "; ".join(map(str, wanted.differences(*nearest)))
    return f"; the nearest is {line_of(*nearest)!r}: {fields}"
