"""The faults section: the fault rules of a world, and a form for each kind of fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf, isnan, nan
from typing import Any, NamedTuple

from mockserver.engine.faults import Target
from mockserver.http.fault_rules import CRITERIA, RULE

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


_OPTIONS: Mapping[str, str] = {
    "name": "Provider error",
    "status": "HTTP status",
    "body": "Body",
    "type": "Content-Type",
    "by": "Bytes more (or less) than the body has",
    "seconds": "Seconds",
    "least": "Shortest delay, in seconds",
    "most": "Longest delay, in seconds",
    "median": "Usual delay, in seconds",
    "sigma": "Spread of the delays",
    "size": "Bytes at a time",
    "pause": "Seconds between them",
    "keep": "Bytes that are sent",
    "base64": "Bytes, in base64",
    "attempts": "Attempts",
}
"""The label of each option of a fault. Other options show their own name."""

_SUMMARIES: Mapping[str, str] = {
    "provider_error": "{name}",
    "static_response": "status {status}",
    "wrong_length": "{by:+} bytes",
    "delay": "{seconds} s",
    "uniform_delay": "{least} to {most} s",
    "lognormal_delay": "usually {median} s, spread {sigma}",
    "slow": "{size} bytes, then a pause of {pause} s",
    "cut": "after {keep} bytes",
    "lost_acknowledgement": "of {attempts} attempts",
    "give_up": "after {attempts} attempts",
}
"""The required options of a kind of fault in words; those that are not named here follow with their labels."""

_LONGEST = 60
"""The characters of a value that are shown in the table of rules."""

_POINTS = {
    "before": "before the operation takes effect",
    "after": "after the operation has taken effect",
}

_CRITERIA: Mapping[str, str] = {
    "method": "Method",
    "path": "Path",
    "account": "Account",
    "kind": "Kind of webhook",
    "url": "URL",
}
"""The label of each criterion that is one text, beside the provider and the operation."""

_CONDITIONS: Mapping[str, str] = {
    "every": "Only every …th that matches",
    "nth": "Only the …th that matches",
    "skip": "Not the first …",
    "from": "From",
    "until": "Until",
    "probability": "Probability, from 0 to 1",
}
"""The label of each condition beside ``first``."""


class Field(NamedTuple):
    """An input field of a form."""

    name: str
    label: str
    about: str
    type: str
    """``number`` or ``text``."""
    step: str = ""
    minimum: Any = ""
    maximum: Any = ""
    is_required: bool = False
    example: str = ""


class FaultKindForm(NamedTuple):
    """The form for one kind of fault."""

    id: str
    """Unique on the page."""
    name: str
    target: str
    title: str
    about: str
    points: tuple[tuple[str, str], ...]
    """Each with its label."""
    options: tuple[Field, ...]
    criteria: tuple[Field, ...]
    conditions: tuple[Field, ...]

    def matches(self, words: list[str]) -> bool:
        """Return whether all words are in what the page says of it."""
        text = f"{self.name} {self.title} {self.about}".casefold()
        return all(word in text for word in words)


_EXAMPLES = {"seconds": "5", "least": "1", "most": "10", "median": "1", "sigma": "0.5", "size": "16", "pause": "0.5"}
_EXAMPLES |= {"keep": "100", "by": "10", "status": "503", "body": "Service Unavailable"}


def view_model(page_request: PageRequest) -> dict[str, Any]:
    """Return what the section's template shows.

    Args:
        page_request: ``q`` is what the kinds of faults have to contain.
    """
    kinds = list_kinds(page_request)
    wanted = page_request.args.get("q", "").strip()
    operations = [
        (provider.title, [(f"{provider.name}|{operation}", operation) for operation in provider.operations_by_name])
        for provider in page_request.context.providers
    ]
    errors = [
        (provider.title, [(f"{provider.name}|{each.__name__}", each.__name__) for each in provider.errors])
        for provider in page_request.context.providers
    ]
    return {
        "rules": [_rule_view(page_request, each) for each in page_request.call_api("GET", "faults")["faults"]],
        "kinds": [kind for kind in kinds if kind.matches(wanted.casefold().split())],
        "wanted": wanted,
        "operations": operations,
        "errors": errors,
        "providers": [(provider.name, provider.title) for provider in page_request.context.providers],
        "times": TIMES,
    }


# -- the rules -----------------------------------------------------------------------------------------------------------


def _rule_view(page_request: PageRequest, rule: Mapping[str, Any]) -> dict[str, Any]:
    faults = rule["fault"] if isinstance(rule["fault"], list) else [rule["fault"]]
    target = rule["target"]
    limit = rule.get("expires_after")
    return {
        **rule,
        "title": ", then ".join(_TITLES[target].get(each["kind"], (each["kind"], ""))[0] for each in faults),
        "faults": [_describe_fault(target, each) for each in faults],
        "matches": list(_describe_match(page_request, rule)),
        "conditions": [_condition(name, value) for name, value in (rule.get("when") or {}).items()]
        + ([f"ends after {limit} hits"] if limit else []),
        "point_text": "" if target == "webhook" else _POINTS[rule["point"]],
    }


def _describe_fault(target: str, fault: Mapping[str, Any]) -> tuple[str, str]:
    """Return the title of a fault, and its options in words."""
    kind = fault["kind"]
    title, _ = _TITLES[target].get(kind, (kind, ""))
    options = {name: value for name, value in fault.items() if name != "kind" and value not in (None, "")}
    template = _SUMMARIES.get(kind, "")
    said = {name for name in options if f"{{{name}" in template}
    try:
        parts = [template.format_map(options)] if template and said else []
    except (KeyError, ValueError):  # an option that is not required is missing
        parts, said = [], set()
    parts += [f"{_OPTIONS.get(name, name)}: {_shorten(value)}" for name, value in options.items() if name not in said]
    return title, "; ".join(parts)


def _shorten(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _describe_match(page_request: PageRequest, rule: Mapping[str, Any]) -> Iterator[str]:
    match = {name: value for name, value in (rule.get("match") or {}).items() if value}
    if not match:
        yield "every webhook" if rule["target"] == "webhook" else "every request"
    for name, value in match.items():
        if name == "provider":
            yield page_request.context.titles.get(value, value)
        elif name == "operation":
            yield value
        elif isinstance(value, Mapping):
            what = "parameter" if name == "parameters" else "header"
            for key, wanted in value.items():
                is_pattern = isinstance(wanted, Mapping)
                yield f"{what} {key} {'matches' if is_pattern else 'is'} {wanted['pattern'] if is_pattern else wanted}"
        else:
            yield f"{_CRITERIA.get(name, name).lower()} {value}"


def _condition(name: str, value: Any) -> str:
    """Return a condition of a rule in the words of ``fault add``, such as ``every 3``."""
    if name == "first":
        return "once" if value == 1 else f"the first {value}"
    return f"{name} {value}"


# -- the forms -----------------------------------------------------------------------------------------------------------


def list_kinds(page_request: PageRequest) -> list[FaultKindForm]:
    """Return the form of each kind of fault, in the order of the page."""
    kinds = [_kind_form(each) for each in page_request.call_api("GET", "/_mock/faults")["kinds"]]
    order = [(target, name) for target, titles in _TITLES.items() for name in titles]
    place = {key: index for index, key in enumerate(order)}
    return sorted(kinds, key=lambda kind: place.get((kind.target, kind.name), len(place)))


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
    points = tuple((point, _POINTS[point]) for point in kind["points"])
    criteria = tuple(
        Field(criterion, label, _about_criterion(criterion), "text")
        for criterion, label in _CRITERIA.items()
        if criterion in CRITERIA[_target(target)]
    )
    when = RULE["properties"]["when"]["properties"]
    conditions = tuple(
        _field(condition, label, when[condition], is_required=False) for condition, label in _CONDITIONS.items()
    )
    return FaultKindForm(kind_id, name, target, title, about, points, options, criteria, conditions)


def _about_criterion(name: str) -> str:
    return "* stands for any characters" if name == "url" else ""


def _option(name: str, schema: Mapping[str, Any], is_required: bool) -> Field:
    return _field(name, _OPTIONS.get(name, name), schema, is_required=is_required)


def _field(name: str, label: str, schema: Mapping[str, Any], *, is_required: bool) -> Field:
    is_number = schema["type"] in ("number", "integer")
    return Field(
        name,
        label,
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
    given = {"provider": provider, "operation": operation}
    given |= {name: form.get(f"match-{name}", "").strip() for name in CRITERIA[_target(target)] if name in _CRITERIA}
    rule: dict[str, Any] = {"target": target, "fault": fault}
    if form.get("point"):
        rule["point"] = form["point"]
    if when := _read_conditions(form):
        rule["when"] = when
    if match := {name: value for name, value in given.items() if value}:
        rule["match"] = match
    page_request.call_api("POST", "faults", rule)


def _target(text: str) -> Target:
    return "webhook" if text == "webhook" else "response"


def _read_conditions(form: Mapping[str, str]) -> dict[str, Any]:
    times = form.get("times", "")
    found: dict[str, Any] = {"first": int(times) if times.isdecimal() else times} if times else {}
    for name in _CONDITIONS:
        text = form.get(f"when-{name}", "").strip()
        if text:
            found[name] = _parse_option(name, text, RULE["properties"]["when"]["properties"][name])
    return found


def _parse_option(name: str, text: str, schema: Mapping[str, Any]) -> Any:
    if schema["type"] not in ("number", "integer"):
        return text
    try:
        number = int(text) if schema["type"] == "integer" else float(text)
    except ValueError:
        number = nan
    if isnan(number) or number in (inf, -inf):
        raise ValueError(f"{name}: {_shorten(text)!r} is not {schema['description']}")
    return number


def remove_rules(page_request: PageRequest) -> None:
    """Remove the rule of a form, or all rules if it names none.

    Raises:
        ControlError: there is no rule of that id.
    """
    from urllib.parse import quote

    rule = page_request.request.form.get("rule", "")
    page_request.call_api("DELETE", f"faults/{quote(rule, safe='')}" if rule else "faults")
