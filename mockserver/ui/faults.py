"""Faults: what is armed, and a list to arm from, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .exchanges import fault_in_words
from .page_context import Visit

_WORDS: Mapping[str, tuple[str, str]] = {
    "refusal": ("Say no", "The provider refuses, in its own words."),
    "answer": ("A gateway answers", "A status and a body, as a proxy in between would send them."),
    "reset": (
        "Lose the reply",
        "The connection is reset. With “after”, the operation has taken effect and the client does not know.",
    ),
    "close": ("Hang up", "The connection is closed without an answer."),
    "hang": ("Never answer", "Silence, until the client gives up."),
    "delay": ("Answer late", "The first byte comes so many seconds late."),
    "uniform_delay": ("Answer late, now more, now less", "Any delay between two is as likely as another."),
    "lognormal_delay": ("Answer late as real servers do", "Mostly a little, now and then very."),
    "slow": ("Trickle", "The body comes in small pieces with pauses between them."),
    "cut": ("Break off", "The connection ends in the middle of the body."),
    "malformed": ("Garble the body", "Whole and of the promised length, but no parser takes it."),
    "wrong_length": ("Lie about the length", "Content-Length is so many bytes off."),
    "garbage": ("Talk nonsense", "Bytes that are no HTTP, and the connection is closed."),
    "stale": ("Repeat the last answer", "The next exchange gets this one’s answer and is not executed."),
    "none": ("Let it pass", "No fault; it keeps its exchanges from the rules behind it."),
}
"""What people call the kinds, in the order in which they are offered; a kind that is not here is told in its own words."""

TIMES = {"1": "once", "2": "twice", "3": "3 times", "": "every time"}


class Option(NamedTuple):
    """A field of a kind."""

    name: str
    about: str
    type: str
    """``number`` or ``text``."""
    step: str
    least: Any
    most: Any
    is_required: bool
    example: str


class Kind(NamedTuple):
    """A kind of fault that can be armed."""

    name: str
    title: str
    about: str
    points: tuple[str, ...]
    options: tuple[Option, ...]


_EXAMPLES = {"seconds": "5", "least": "1", "most": "10", "median": "1", "sigma": "0.5", "size": "16", "pause": "0.5"}
_EXAMPLES |= {"after": "100", "by": "10", "status": "503", "body": "Service Unavailable"}


def shown(visit: Visit, error: str = "") -> dict[str, Any]:
    """The whole section."""
    kinds = {each["kind"]: each for each in visit.ask("GET", "/_mock/faults")["kinds"]}
    order = [*_WORDS, *(name for name in kinds if name not in _WORDS)]
    operations = [
        (room.title, [(f"{room.name}|{operation}", operation) for operation in room.operations_by_name])
        for room in visit.desk.providers
    ]
    refusals = [
        (room.title, [(f"{room.name}|{each.__name__}", each.__name__) for each in room.errors])
        for room in visit.desk.providers
    ]
    return {
        "armed": [_armed(each) for each in visit.ask("GET", "faults")["faults"]],
        "kinds": [_kind(kinds[name]) for name in order if name in kinds],
        "operations": operations,
        "refusals": refusals,
        "times": TIMES,
        "mischief": visit.ask("GET", "mischief")["mischief"],
        "mischief_kinds": _mischief_kinds(),
        "error": error,
    }


def _mischief_kinds() -> Mapping[str, str]:
    from mockserver.engine.webhook_faults import KINDS

    return {str(name): about for name, about in KINDS.items()}


def _armed(rule: Mapping[str, Any]) -> dict[str, Any]:
    kinds = fault_in_words(rule)
    title, _ = _WORDS.get(kinds, (kinds, ""))
    match = {name: value for name, value in (rule.get("match") or {}).items() if value}
    return {**rule, "title": title, "kinds": kinds, "match": match}


def _kind(kind: Mapping[str, Any]) -> Kind:
    title, about = _WORDS.get(kind["kind"], (kind["kind"], kind["about"]))
    schema = kind["schema"]
    options = (
        _option(name, part, name in schema["required"]) for name, part in schema["properties"].items() if name != "kind"
    )
    return Kind(kind["kind"], title, about, tuple(kind["points"]), tuple(options))


def _option(name: str, schema: Mapping[str, Any], is_required: bool) -> Option:
    is_number = schema["type"] in ("number", "integer")
    return Option(
        name,
        schema["description"],
        "number" if is_number else "text",
        "1" if schema["type"] == "integer" else "any",
        schema.get("minimum", ""),
        schema.get("maximum", ""),
        is_required,
        _EXAMPLES.get(name, "") if is_required else "",
    )


def arm(visit: Visit) -> None:
    """Arm what a form says.

    Raises:
        ControlError: it cannot be.
        ValueError: a number is none.
    """
    form = visit.request.form
    kinds = {each["kind"]: each["schema"] for each in visit.ask("GET", "/_mock/faults")["kinds"]}
    schema = kinds.get(form.get("kind", ""), {"properties": {}})
    fault: dict[str, Any] = {"kind": form.get("kind", "")}
    for name, part in schema["properties"].items():
        text = form.get(name, "").strip()
        if name != "kind" and text:
            fault[name] = _read(name, text, part)
    provider, _, operation = form.get("operation", "").partition("|")
    whose, bar, name = fault.get("name", "").partition("|")
    if bar:  # a refusal is one provider's
        fault["name"], provider = name, provider or whose
    match = {name: value for name, value in (("provider", provider), ("operation", operation)) if value}
    rule: dict[str, Any] = {"fault": fault}
    if form.get("point"):
        rule["point"] = form["point"]
    if form.get("times"):
        rule["when"] = {"first": int(form["times"])}
    if match:
        rule["match"] = match
    visit.ask("POST", "faults", rule)


def _read(name: str, text: str, schema: Mapping[str, Any]) -> Any:
    if schema["type"] not in ("number", "integer"):
        return text
    try:
        return int(text) if schema["type"] == "integer" else float(text)
    except ValueError:
        raise ValueError(f"{name}: {text!r} is not {schema['description']}") from None


def clear(visit: Visit) -> None:
    """Clear one rule, or all.

    Raises:
        ControlError: there is none of that name.
    """
    from urllib.parse import quote

    kind = "mischief" if visit.request.form.get("what") == "mischief" else "faults"
    rule = visit.request.form.get("rule", "")
    visit.ask("DELETE", f"{kind}/{quote(rule, safe='')}" if rule else kind)


def spoil(visit: Visit) -> None:
    """Let the next deliveries go wrong.

    Raises:
        ControlError: they cannot.
    """
    form = visit.request.form
    rule: dict[str, Any] = {"kind": form.get("kind", ""), "times": int(form.get("times") or 1)}
    if form.get("kind") == "late":
        rule["seconds"] = float(form.get("seconds") or 60)
    visit.ask("POST", "mischief", rule)
