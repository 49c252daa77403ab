"""The faults section: the fault rules of a world, and a form for each kind of fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .exchanges import fault_kinds
from .page_context import PageRequest

_TITLES: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "response": {
        "provider_error": ("Provider error", "One of the provider’s own errors, in its own form."),
        "static_response": ("Gateway response", "A status and a body, as a proxy in between would send them."),
        "reset": (
            "Reset connection",
            "The response is lost. With “after”, the operation has taken effect and the client does not know.",
        ),
        "close": ("Close connection", "The connection is closed without a response."),
        "hang": ("No response", "The connection stays open, and nothing comes until the client gives up."),
        "delay": ("Delay", "The first byte comes the given seconds late."),
        "uniform_delay": ("Random delay", "A delay between two limits, each as likely as any other."),
        "lognormal_delay": ("Realistic delay", "A delay that is mostly short and sometimes very long."),
        "slow": ("Slow body", "The body comes in small pieces with pauses between them."),
        "cut": ("Cut body", "The connection is closed in the middle of the body."),
        "malformed": ("Malformed body", "Complete and of the announced length, but no parser can read it."),
        "wrong_length": ("Wrong Content-Length", "Content-Length differs from the body by the given bytes."),
        "garbage": ("Malformed HTTP", "Bytes that are not HTTP, and the connection is closed."),
        "replay": ("Replay a response", "The next request gets the response of this one and is not executed."),
        "none": ("No fault", "Requests that match are not given to later rules."),
    },
    "webhook": {
        "duplicate": ("Duplicate", "The webhook is sent, and then sent again."),
        "concurrent_duplicate": ("Concurrent duplicate", "The webhook is sent twice at the same time."),
        "delay": ("Delayed webhook", "The webhook is sent the given seconds of the world’s clock late."),
        "reorder": ("Out of order", "The webhook is sent after the next one."),
        "lost_acknowledgement": ("Lost acknowledgement", "The receiver’s first responses count as not received."),
        "give_up": ("Early give-up", "The provider gives up after the given number of attempts."),
    },
}
"""The title and description of each kind of fault, by target, in the order of the page. Other kinds show their own name."""

TIMES = {"1": "once", "2": "twice", "3": "3 times", "": "every time"}
"""How often a rule can act: the form value, with the label."""


class Option(NamedTuple):
    """An input field for one option of a kind of fault."""

    name: str
    about: str
    type: str
    """``number`` or ``text``."""
    step: str
    minimum: Any
    maximum: Any
    is_required: bool
    example: str


class FaultKindForm(NamedTuple):
    """The form for one kind of fault."""

    id: str
    """Unique on the page."""
    name: str
    target: str
    title: str
    about: str
    points: tuple[str, ...]
    options: tuple[Option, ...]


_EXAMPLES = {"seconds": "5", "least": "1", "most": "10", "median": "1", "sigma": "0.5", "size": "16", "pause": "0.5"}
_EXAMPLES |= {"keep": "100", "by": "10", "status": "503", "body": "Service Unavailable"}


def view_model(page_request: PageRequest) -> dict[str, Any]:
    """Return what the section's template shows."""
    kinds = [_kind_form(each) for each in page_request.call_api("GET", "/_mock/faults")["kinds"]]
    order = [(target, name) for target, titles in _TITLES.items() for name in titles]
    place = {key: index for index, key in enumerate(order)}
    kinds.sort(key=lambda kind: place.get((kind.target, kind.name), len(place)))
    operations = [
        (provider.title, [(f"{provider.name}|{operation}", operation) for operation in provider.operations_by_name])
        for provider in page_request.context.providers
    ]
    errors = [
        (provider.title, [(f"{provider.name}|{each.__name__}", each.__name__) for each in provider.errors])
        for provider in page_request.context.providers
    ]
    return {
        "rules": [_rule_view(each) for each in page_request.call_api("GET", "faults")["faults"]],
        "kinds": kinds,
        "operations": operations,
        "errors": errors,
        "providers": [(provider.name, provider.title) for provider in page_request.context.providers],
        "times": TIMES,
    }


def _rule_view(rule: Mapping[str, Any]) -> dict[str, Any]:
    kinds = fault_kinds(rule)
    title, _ = _TITLES[rule["target"]].get(kinds, (kinds, ""))
    match = {name: value for name, value in (rule.get("match") or {}).items() if value}
    when = [_condition(name, value) for name, value in (rule.get("when") or {}).items()]
    return {**rule, "title": title, "kinds": kinds, "match": match, "conditions": when}


def _condition(name: str, value: Any) -> str:
    """Return a condition of a rule in the words of ``fault add``, such as ``every 3``."""
    return f"the first {value}" if name == "first" else f"{name} {value}"


def _kind_form(kind: Mapping[str, Any]) -> FaultKindForm:
    name, target = kind["kind"], kind["target"]
    title, about = _TITLES[target].get(name, (name, kind["about"]))
    schema = kind["schema"]
    options = tuple(
        _option(option, part, option in schema["required"])
        for option, part in schema["properties"].items()
        if option != "kind"
    )
    kind_id = name if target == "response" else f"{target}-{name}"
    return FaultKindForm(kind_id, name, target, title, about, tuple(kind["points"]), options)


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


def add_rule(page_request: PageRequest) -> None:
    """Add the fault rule that a form describes.

    Raises:
        ControlError: the control API rejects the rule.
        ValueError: the text of a number is not one.
    """
    form = page_request.request.form
    target = form.get("target", "response")
    kinds = {
        each["kind"]: each["schema"]
        for each in page_request.call_api("GET", "/_mock/faults")["kinds"]
        if each["target"] == target
    }
    schema = kinds.get(form.get("kind", ""), {"properties": {}})
    fault: dict[str, Any] = {"kind": form.get("kind", "")}
    for name, part in schema["properties"].items():
        text = form.get(name, "").strip()
        if name != "kind" and text:
            fault[name] = _parse_option(name, text, part)
    provider, _, operation = form.get("operation", "").partition("|")
    error_provider, bar, name = fault.get("name", "").partition("|")
    if bar:  # a provider error belongs to one provider
        fault["name"], provider = name, provider or error_provider
    match = {name: value for name, value in (("provider", provider), ("operation", operation)) if value}
    rule: dict[str, Any] = {"target": target, "fault": fault}
    if form.get("point"):
        rule["point"] = form["point"]
    if form.get("times"):
        times = form["times"]
        rule["when"] = {"first": int(times) if times.isdecimal() else times}
    if match:
        rule["match"] = match
    page_request.call_api("POST", "faults", rule)


def _parse_option(name: str, text: str, schema: Mapping[str, Any]) -> Any:
    if schema["type"] not in ("number", "integer"):
        return text
    try:
        return int(text) if schema["type"] == "integer" else float(text)
    except ValueError:
        raise ValueError(f"{name}: {text!r} is not {schema['description']}") from None


def remove_rules(page_request: PageRequest) -> None:
    """Remove the rule of a form, or all rules if it names none.

    Raises:
        ControlError: there is no rule of that id.
    """
    from urllib.parse import quote

    rule = page_request.request.form.get("rule", "")
    page_request.call_api("DELETE", f"faults/{quote(rule, safe='')}" if rule else "faults")
