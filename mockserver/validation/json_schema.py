"""What is wrong with what is held to a JSON Schema: of all mistakes the first, and where it is.

Every part of a schema to which something is held has a ``description`` that completes the sentence "... is not".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from .messages import Place, shown, unknown, written

if TYPE_CHECKING:
    from jsonschema import ValidationError

Schema: TypeAlias = Mapping[str, Any]
"""JSON Schema of draft 7."""

END = "(?![\\s\\S])"
"""The end of a text in a pattern: ``$`` would let a line feed pass in Python."""


def an_object(description: str, required: Iterable[str] = (), /, **properties: Schema) -> dict[str, Any]:
    """The schema of an object with these keys and no other."""
    return {
        "type": "object",
        "description": description,
        "required": list(required),
        "additionalProperties": False,
        "properties": properties,
    }


class SchemaError(NamedTuple):
    """Something is not as its schema says."""

    difference: str
    """What was found, and what would be right."""
    place: Place


def hold(thing: object, schema: Schema, place: Place = ()) -> None:
    """Hold something to its schema; arguments as for `first_mistake`.

    Raises:
        ValueError: it does not keep to it; one sentence says where and what would be right.
    """
    mistake = first_mistake(thing, schema, place)
    if mistake is not None:
        raise ValueError(f"{written(mistake.place)}: {mistake.difference}")


def first_mistake(thing: object, schema: Schema, place: Place) -> SchemaError | None:
    """The mistake to tell of; ``None`` when there is none.

    Args:
        thing: what is held to the schema.
        schema: what is right.
        place: where the thing is.
    """
    from jsonschema import Draft7Validator

    first = min(Draft7Validator(schema).iter_errors(thing), key=_rank, default=None)
    return None if first is None else _described(first, (*place, *first.path))


def _rank(error: ValidationError) -> tuple[object, ...]:
    # An unknown key first: it is often the misspelt one that is said to be missing.
    return (error.validator != "additionalProperties", *error.path)


def _described(error: ValidationError, place: Place) -> SchemaError:
    thing: Any = error.instance
    schema: Any = error.schema
    if isinstance(thing, dict) and error.validator in ("oneOf", "anyOf"):
        # Where an object is one of the choices, what is wrong with it as one says more than that it is none of them.
        inside = [each for each in error.context or () if each.validator in ("additionalProperties", "required")]
        if inside:
            return _described(min(inside, key=_rank), place)
    if error.validator == "additionalProperties":
        key = next(key for key in thing if key not in schema["properties"])
        return SchemaError(unknown("key", key, schema["properties"]), (*place, key))
    if error.validator == "required":
        missing = next(key for key in schema["required"] if key not in thing)
        return SchemaError("is missing", (*place, missing))
    found = shown(thing)
    if error.validator in ("minProperties", "maxProperties") and thing:
        found += f" with {', '.join(map(repr, thing))}"
    return SchemaError(f"{found} is not {schema['description']}", place)
