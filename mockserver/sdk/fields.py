"""A provider's own fields of accounts and messages: declared as a msgspec Struct, checked by the JSON Schema of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from mockserver.validation.json_schema import object_schema
from mockserver.validation.messages import format_choices

if TYPE_CHECKING:
    from msgspec import Struct

    from mockserver.engine.entries import Collection


def fields_schema(fields: type[Struct]) -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of an object with the fields of a Struct and no others.

    Each part has a description that completes the sentence "... is not": that of `msgspec.Meta`, or one made from the type.

    Raises:
        ValueError: the Struct contains itself.
        TypeError: a field's type has no JSON Schema.
    """
    schema = msgspec.json.schema(fields)
    return _converted(schema, schema["$defs"], ())


def complete_schema(
    schema: dict[str, Any],
    message_fields: type[Struct] | None,
    account_fields: type[Struct] | None,
    collections: Sequence[Collection] = (),
) -> dict[str, Any]:
    """Return the JSON Schema of an account in a world file, with ``fields`` in it and its messages, and ``collections``."""
    message = schema["definitions"]["message"] if message_fields is not None else {}
    for part, fields in ((message, message_fields), (schema, account_fields)):
        if fields is not None:
            own = fields_schema(fields)
            part["properties"] = {**part["properties"], "fields": own}
            if own["required"]:
                part["required"] = [*part.get("required", ()), "fields"]
    if collections:
        lists = {each.name: _list_schema(each) for each in collections}
        own = object_schema(f"an object of {', '.join(lists)}", **lists)
        schema["properties"] = {**schema["properties"], "collections": own}
    return schema


def _list_schema(collection: Collection) -> dict[str, Any]:
    return {"type": "array", "items": fields_schema(collection.entry), "description": f"a list of {collection.name}"}


def _converted(part: Mapping[str, Any], definitions: Mapping[str, Any], inside: tuple[str, ...]) -> dict[str, Any]:
    """Return a part of msgspec's schema as draft 7, with its references resolved."""
    if "$ref" in part:
        name = part["$ref"].removeprefix("#/$defs/")
        if name in inside:
            raise ValueError(f"{name} holds one of its own kind")
        # A Struct's docstring is about the class, and completes no sentence.
        definition = {word: said for word, said in definitions[name].items() if word not in ("title", "description")}
        return _converted(definition, definitions, (*inside, name))

    def convert(inner: Mapping[str, Any]) -> dict[str, Any]:
        return _converted(inner, definitions, inside)

    found = {word: said for word, said in part.items() if word not in ("title", "default", "prefixItems")}
    if "properties" in found:
        found["properties"] = {name: convert(inner) for name, inner in found["properties"].items()}
        found |= {"required": found.get("required", []), "additionalProperties": False}
    elif isinstance(found.get("additionalProperties"), Mapping):
        found["additionalProperties"] = convert(found["additionalProperties"])
    if "prefixItems" in part:
        found |= {"items": [convert(inner) for inner in part["prefixItems"]], "additionalItems": False}
    elif isinstance(found.get("items"), Mapping):
        found["items"] = convert(found["items"])
    if "anyOf" in found:
        found["anyOf"] = [convert(inner) for inner in found["anyOf"]]
    return {**found, "description": found.get("description") or _description(found)}


_TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
    "array": "a list",
    "object": "an object",
}


def _description(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(choice["description"] for choice in schema["anyOf"])
    if "enum" in schema:
        texts = [value for value in schema["enum"] if isinstance(value, str)]
        return format_choices(texts) if texts == schema["enum"] else f"one of {', '.join(map(str, schema['enum']))}"
    return _TYPES.get(schema.get("type", ""), "any value") + _bounds(schema)


def _bounds(schema: Mapping[str, Any]) -> str:
    if schema.get("properties"):
        return f" of {', '.join(schema['properties'])}"
    for low, high, unit in (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " members"),
    ):
        least, most = schema.get(low), schema.get(high)
        if least is not None and least == most:
            return f" of {least}{unit}" if unit else f" that is {least}"
        if least is not None and most is not None:
            return f" of {least} to {most}{unit}" if unit else f" from {least} to {most}"
        if least is not None or most is not None:
            of = " of" if unit else ""
            return f"{of} at least {least}{unit}" if most is None else f"{of} at most {most}{unit}"
    return f" that matches {schema['pattern']}" if "pattern" in schema else ""
