"""Many messages, checked fast.

fastjsonschema makes a check of each field of a provider's JSON Schema, and a text that has passed it once is not checked
again: most fields of many messages have few values. Nothing here says what is wrong, only that something may be:
`validation.json_schema` has the words, and jsonschema the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import fastjsonschema

_Check: TypeAlias = Callable[[Any], object]

_OF_THE_KEYS = ("type", "additionalProperties", "description")
"""What a schema says of a message that `MessageChecker` sees from its keys."""

_REMEMBERED = 10_000
"""Texts of a field that are remembered."""


class MessageChecker:
    """What a provider's schema asks of a message."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Make the checks.

        Args:
            schema: it describes a message under ``definitions``, as every provider's does.
        """
        definitions = schema["definitions"]
        message = {word: said for word, said in definitions["message"].items() if word not in _OF_THE_KEYS}
        fields = {name: _resolved(field, definitions) for name, field in message.pop("properties").items()}
        self._fields: dict[str, tuple[_Check, set[str]]] = {
            name: (_compiled({**field, "definitions": definitions}), set()) for name, field in fields.items()
        }
        self._known, self._required = frozenset(fields), frozenset(message.pop("required"))
        self._shapes: set[tuple[str, ...]] = set()
        """The keys of a message, each way they have occurred."""
        # What is left is what one field demands of another.
        self._across = _compiled({"definitions": definitions, **message}) if message else None

    def is_message(self, row: Any) -> bool:
        """Whether it is one for sure."""
        if type(row) is not dict:
            return False
        shape = tuple(row)
        if shape not in self._shapes:
            if not self._required <= row.keys() <= self._known:
                return False
            self._shapes.add(shape)
        try:
            for name, value in row.items():
                check, passed = self._fields[name]
                if type(value) is not str:
                    check(value)
                elif value not in passed:
                    check(value)
                    if len(passed) < _REMEMBERED:
                        passed.add(value)
            if self._across is not None:
                self._across(row)
        except fastjsonschema.JsonSchemaValueException:
            return False
        return True


def _compiled(schema: Mapping[str, Any]) -> _Check:
    check: _Check = fastjsonschema.compile(dict(schema), use_default=False, use_formats=False)
    return check


def _resolved(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    # fastjsonschema writes down where it is at each reference: for every value that would be most of the time.
    part: Mapping[str, Any] = definitions[field["$ref"].removeprefix("#/definitions/")] if "$ref" in field else field
    return part
