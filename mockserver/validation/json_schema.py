"""JSON Schema validation that reports the first error: its place, what was found and what would be right.

Every part of a schema needs a ``description`` that completes the sentence "... is not".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import orjson

from .messages import Place, format_place, show_value, unknown_name

if TYPE_CHECKING:
    from jsonschema import ValidationError

Schema: TypeAlias = Mapping[str, Any]
"""JSON Schema of draft 7."""

END = "(?![\\s\\S])"
"""The end of a text in a pattern: in Python ``$`` would accept a line feed after it."""

MOST_ERRORS = 100
"""The errors that are looked for in one thing before they are put in order, and the most that are reported of a file."""

LONG = 1_000
"""The number of items above which a list or object is checked by compiled code; jsonschema would take about 0.1 seconds."""

TEXT: Schema = {"type": "string", "description": "a text"}


def object_schema(description: str, required: Iterable[str] = (), /, **properties: Schema) -> dict[str, Any]:
    """Return the schema of an object with these keys and no others."""
    return {
        "type": "object",
        "description": description,
        "required": list(required),
        "additionalProperties": False,
        "properties": properties,
    }


class SchemaError(NamedTuple):
    """A difference between a value and its schema."""

    difference: str
    """What was found, and what would be right."""
    place: Place


def validate(thing: object, schema: Schema, place: Place = ()) -> None:
    """Validate a value; arguments as for `find_schema_error`.

    Raises:
        ValueError: it is invalid; the message says where, and what would be right.
    """
    error = find_schema_error(thing, schema, place)
    if error is not None:
        raise ValueError(f"{format_place(error.place)}: {error.difference}")


def find_schema_error(thing: object, schema: Schema, place: Place) -> SchemaError | None:
    """Return the error to report; ``None`` when the value is valid.

    Args:
        thing: the value.
        schema: its schema.
        place: where the value is in its document.
    """
    return next(find_schema_errors(thing, schema, place), None)


def find_schema_errors(thing: object, schema: Schema, place: Place) -> Iterator[SchemaError]:
    """Yield the errors, the one to report first; arguments as for `find_schema_error`.

    It takes no longer than the caller goes on: of a list of many things, each is looked at when it is reached, and of
    anything else with many errors, the first `MOST_ERRORS` that are found are put in order.
    """
    rest, taken_out = _without_long_parts(thing, schema, schema.get("definitions", {}))
    yield from _find_errors(rest, schema, place)
    for inner, items, item_schema in taken_out:
        is_valid = compiled(orjson.dumps(item_schema))
        for key, item in items:
            if not is_valid(item):
                yield from _find_errors(item, item_schema, (*place, *inner, key))


def _find_errors(thing: object, schema: Schema, place: Place) -> Iterator[SchemaError]:
    from jsonschema import Draft7Validator

    found = set[SchemaError]()
    for error in sorted(islice(Draft7Validator(schema).iter_errors(thing), MOST_ERRORS), key=_rank):
        for each in _all_described(error, (*place, *error.path)):
            if each not in found:  # jsonschema has an error for each missing key of an object
                found.add(each)
                yield each


_Items: TypeAlias = tuple[Place, Iterable[tuple[str | int, object]], Schema]
"""The items of a long list or object: its place, each with its index or key, and their schema."""


def _without_long_parts(
    thing: object, schema: Schema, definitions: Mapping[str, Schema]
) -> tuple[object, Sequence[_Items]]:
    """Return a thing with its long lists and objects emptied, or cut where more are not allowed, and their items."""
    if not isinstance(thing, dict | list):
        return thing, ()
    schema, is_list = _resolve(schema, definitions), isinstance(thing, list)
    keyword, limit = ("items", "maxItems") if is_list else ("additionalProperties", "maxProperties")
    of_items, members = schema.get(keyword), enumerate(thing) if isinstance(thing, list) else thing.items()
    if len(thing) > schema.get(limit, len(thing)):
        first = islice(members, schema[limit] + 1)
        return ([item for _, item in first] if is_list else dict(first)), ()
    if len(thing) > LONG and isinstance(of_items, Mapping) and not schema.keys() - {"type", "description", keyword}:
        return type(thing)(), [((), members, {**_resolve(of_items, definitions), "definitions": definitions})]
    parts: Mapping[str | int, Schema] = schema.get("properties", {})
    rest, taken_out = thing.copy(), list[_Items]()
    for key, value in members:
        part = parts.get(key, of_items)
        if isinstance(part, Mapping) and isinstance(value, dict | list):
            rest[key], inner = _without_long_parts(value, part, definitions)
            taken_out += [((key, *place), items, item_schema) for place, items, item_schema in inner]
    return rest, taken_out


def _resolve(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    return definitions[schema["$ref"].removeprefix("#/definitions/")] if "$ref" in schema else schema


@lru_cache(maxsize=64)
def compiled(schema: bytes) -> Callable[[object], bool]:
    """Return a function that returns whether a thing is certainly valid by a schema, which is given as JSON; it is fast."""
    import fastjsonschema

    check = fastjsonschema.compile(orjson.loads(schema), use_default=False, use_formats=False)

    def is_valid(thing: object) -> bool:
        try:
            check(thing)
        except (fastjsonschema.JsonSchemaValueException, RecursionError):
            return False
        return True

    return is_valid


def _rank(error: ValidationError) -> tuple[object, ...]:
    # An unknown key comes first: it is often a misspelling of the one that is missing.
    return (error.validator != "additionalProperties", *error.path)


def _all_described(error: ValidationError, place: Place) -> Iterator[SchemaError]:
    """Yield the sentences of an error: one for each key that is unknown or missing."""
    thing: Any = error.instance
    schema: Any = error.schema
    if error.validator == "additionalProperties":
        for key in thing:
            if key not in schema["properties"]:
                yield SchemaError(unknown_name("key", key, schema["properties"]), (*place, key))
    elif error.validator == "required":
        for key in schema["required"]:
            if key not in thing:
                yield SchemaError("is missing", (*place, key))
    else:
        yield _described(error, place)


def _described(error: ValidationError, place: Place) -> SchemaError:
    thing: Any = error.instance
    schema: Any = error.schema
    if isinstance(thing, dict) and error.validator in ("oneOf", "anyOf"):
        # Where one of the choices is an object, its own error says more than "is none of them".
        inside = [each for each in error.context or () if each.validator in ("additionalProperties", "required")]
        if inside:
            return next(_all_described(min(inside, key=_rank), place))
    found = show_value(thing)
    if error.validator in ("minProperties", "maxProperties") and thing:
        found += f" with {', '.join(map(repr, islice(thing, 10)))}{', …' * (len(thing) > 10)}"
    form = _object_form(schema) if error.validator == "type" else ""
    return SchemaError(f"{found} is not {schema['description']}{form}", place)


def _object_form(schema: Mapping[str, Any]) -> str:
    """Return which keys an object needs whose description names only the thing, such as "an account"."""
    if schema["type"] != "object" or "object" in schema["description"]:
        return ""
    if not schema.get("required"):
        return " (an object)"
    *most, last = map(repr, schema["required"])
    keys = f"{', '.join(most)} and {last}" if most else last
    return f" (an object with {keys})"
