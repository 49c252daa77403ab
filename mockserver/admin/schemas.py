"""JSON Schemas of requests and responses: shared parts, and those made from a provider's own schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from math import isfinite
from typing import Any

from mockserver.engine.instants import Instant, parse_instant
from mockserver.sdk.provider import Provider, Quirk
from mockserver.validation.json_schema import END, TEXT, Schema, object_schema, validate
from mockserver.validation.messages import format_choices, show_value

from .errors import BadRequest

INSTANT = {"type": "string", "format": "date-time", "description": "an instant such as '2026-06-01T12:00:00Z'"}
NAME = {
    "type": "string",
    "pattern": f"^[A-Za-z0-9_][A-Za-z0-9_.-]{{0,63}}{END}",
    "description": "a name of 1 to 64 letters, digits, _, - and .",
}
OBJECT = {"type": "object", "description": "an object"}
WHOLE = {"type": "integer", "minimum": 0, "maximum": 10**18 - 1, "description": "a whole number"}
DIRECTION = {"type": "string", "enum": ["inbound", "outbound"], "description": "'inbound' or 'outbound'"}


def a_list(of: Schema, description: str = "a list", **more: Any) -> dict[str, Any]:
    """Return the schema of a list."""
    return {"type": "array", "items": of, "description": description, **more}


def one_of(names: Iterable[str]) -> dict[str, Any]:
    """Return the schema of a text that is one of these."""
    names = list(names)
    return {"type": "string", "enum": names, "description": format_choices(names) if names else "there is none"}


def component(name: str) -> dict[str, str]:
    """Return a reference to a component of the OpenAPI document."""
    return {"$ref": f"#/components/schemas/{name}"}


def held(thing: Any, schema: Schema, *place: str | int) -> None:
    """Check what was sent against its schema.

    Raises:
        BadRequest: it does not fit; one sentence says where, what was found and what would be right.
    """
    try:
        validate(thing, schema, place)
    except ValueError as reason:
        raise BadRequest(str(reason).removeprefix(": ")) from reason


def instant(text: str, place: str) -> Instant:
    """Read an instant.

    Raises:
        BadRequest: it is not an instant.
    """
    try:
        if text[10:11] not in ("T", "t"):  # Python takes any character here, and a day alone
            raise ValueError(text)
        return parse_instant(text.upper())
    except (ValueError, OverflowError) as reason:
        raise BadRequest(f"{place}: {show_value(text)} is not {INSTANT['description']}") from reason


def parameter(name: str, text: str, schema: Schema) -> Any:
    """Read a parameter of a path or query.

    Raises:
        BadRequest: it is not as its schema says.
    """
    value = _READ[schema["type"]](text)
    is_right = value is not None and value in schema.get("enum", (value,))
    if not is_right or not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        raise BadRequest(f"{name} must be {schema['description']}, not {show_value(text)}")
    return value


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None


def _number(text: str) -> float | None:
    # Python takes blanks, underscores and other scripts' digits.
    number = float(text) if re.fullmatch(r"[0-9]{1,18}(\.[0-9]{0,18})?([eE][+-]?[0-9]{1,3})?", text) else None
    return number if number is None or isfinite(number) else None


_READ: Mapping[str, Callable[[str], Any]] = {
    "string": str,
    "integer": _whole,
    "number": _number,
    "boolean": {"true": True, "false": False}.get,
}


# ------------------------------------------------------------------------------------------------------ of a provider's own


CHANGEABLE = ("numbers", "programs", "forwarding")
"""The parts of an account that may be replaced."""

LATER = {
    "type": "number",
    "minimum": 0,
    "maximum": 10**9,
    "description": "a number of seconds from 0 to 1000000000",
}
"""A duration of the world's clock."""

_WHEN = "an instant (2017-01-01T09:30:00Z) or a duration back from now (P3DT4H)"


@cache
def account_schema(provider: Provider) -> dict[str, Any]:
    """Return the schema of an account of a provider in a world file, with every reference resolved."""
    schema = provider.account_schema
    inside: dict[str, Any] = _inlined(schema, schema.get("definitions", {}))
    return {name: part for name, part in inside.items() if name not in ("definitions", "$schema")}


def _inlined(part: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(part, list):
        return [_inlined(each, definitions) for each in part]
    if not isinstance(part, Mapping):
        return part
    if "$ref" in part:
        return _inlined(definitions[part["$ref"].removeprefix("#/definitions/")], definitions)
    return {name: _inlined(each, definitions) for name, each in part.items()}


def login_schema(provider: Provider) -> dict[str, Any]:
    """Return the schema of a credential."""
    logins = account_schema(provider)["properties"]["logins"]["items"]
    # A world file may name the kind of a credential in its place; here it is a credential.
    pairs: dict[str, Any] = next((each for each in logins.get("anyOf", ()) if each.get("type") == "object"), logins)
    return pairs


def changes_schema(provider: Provider) -> dict[str, Any]:
    """Return the schema of changes to an account at run time."""
    parts = account_schema(provider)["properties"]
    changeable = {name: parts[name] for name in CHANGEABLE if name in parts} | _field_changes(parts)
    return {**object_schema("an object of what is to change of an account", **changeable), "minProperties": 1}


def _field_changes(parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of changes to the provider's own fields: any of them may be changed."""
    return {"fields": {**parts["fields"], "required": [], "minProperties": 1}} if "fields" in parts else {}


def variants_schema(switches: Iterable[Quirk]) -> dict[str, Any]:
    """Return the schema of variants by the name of their switch."""
    variants = {switch.name: _variant_schema(switch) for switch in switches}
    return object_schema("an object of variants by the name of their switch", **variants)


def _variant_schema(switch: Quirk) -> dict[str, Any]:
    known = one_of(switch.variants)
    zone = {"type": "string", "description": f"{known['description']} or the IANA name of a time zone"}
    return zone if switch.any_zone else known


def _row_schema(provider: Provider) -> dict[str, Any]:
    row: dict[str, Any] = account_schema(provider)["properties"]["messages"]["items"]
    return row


def _whose(provider: Provider) -> dict[str, Schema]:
    return {"provider": {"type": "string", "const": provider.name, "description": repr(provider.name)}, "account": TEXT}


def message_schema(provider: Provider) -> dict[str, Any]:
    """Return the schema of a message as a user sends it: a row of a world file, with the account that it belongs to."""
    row = _row_schema(provider)
    needed = (name for name in row["required"] if name not in ("id", "at"))
    at = {**row["properties"]["at"], "description": _WHEN}
    return {
        **row,
        "required": ["provider", "account", *needed],
        "properties": {**_whose(provider), **row["properties"], "at": at},
    }


def message_changes_schema(provider: Provider) -> dict[str, Any]:
    """Return the schema of changes to a message."""
    row = _row_schema(provider)["properties"]
    changeable = {name: row[name] for name in ("status",) if name in row} | _field_changes(row)
    return {**object_schema("an object of what is to change of a message", **changeable), "minProperties": 1}


INBOUND_SCHEMA: Schema = {
    "type": "object",
    "description": "an object that describes a message",
    "required": ["provider", "sender"],
    "properties": {
        "provider": TEXT,
        "account": TEXT,
        "in": LATER,
        "sender": TEXT,
        "recipient": TEXT,
        "text": TEXT,
        "kind": TEXT,
        "program": TEXT,
        "network": TEXT,
        "reference": TEXT,
        "title": TEXT,
        "attachments": a_list(OBJECT),
        "fields": OBJECT,
    },
}
"""The schema of an inbound message, with the names of a world file; which of the fields it takes and needs depends on
the provider.
"""
