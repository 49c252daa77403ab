"""Validates many messages fast.

fastjsonschema compiles a check of each field of a provider's JSON Schema, and a text that has passed it once is not checked
again, because most fields have few different values. This only finds that a message may be invalid; `validation.json_schema`
then decides and says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import fastjsonschema

_Check: TypeAlias = Callable[[Any], object]

_CHECKED_BY_KEYS = ("type", "additionalProperties", "description")
"""The keywords of a message's schema that `MessageChecker` checks by the message's keys."""

_REMEMBERED = 1_000
"""The number of valid texts that are remembered for each field."""


class MessageChecker:
    """A compiled check of messages by a provider's schema."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Compile the check.

        Args:
            schema: a provider's account schema, which describes a message under ``definitions``.
        """
        definitions = schema["definitions"]
        message = {
            keyword: value for keyword, value in definitions["message"].items() if keyword not in _CHECKED_BY_KEYS
        }
        fields = {name: _resolved(field, definitions) for name, field in message.pop("properties").items()}
        self._fields: dict[str, tuple[_Check, set[str]]] = {
            name: (_compiled({**field, "definitions": definitions}), set()) for name, field in fields.items()
        }
        """The check of each field, and the valid texts that are remembered."""
        self._required = frozenset(message.pop("required"))
        self._by_keys: dict[tuple[str, ...], list[tuple[_Check, set[str]]]] = {}
        """The checks of the values, for each valid combination of keys that has occurred."""
        # The remaining keywords are conditions between fields.
        self._conditions = _compiled({"definitions": definitions, **message}) if message else None

    def is_message(self, row: Any) -> bool:
        """Return whether a value is certainly a valid message."""
        if type(row) is not dict:
            return False
        keys = tuple(row)
        fields = self._by_keys.get(keys)
        if fields is None:
            if not self._required <= row.keys() <= self._fields.keys():
                return False
            fields = self._by_keys[keys] = [self._fields[key] for key in keys]
        try:
            for (check, passed), value in zip(fields, row.values(), strict=True):
                if type(value) is not str:
                    check(value)
                elif value not in passed:
                    check(value)
                    if len(passed) < _REMEMBERED:
                        passed.add(value)
            if self._conditions is not None:
                self._conditions(row)
        except fastjsonschema.JsonSchemaValueException:
            return False
        return True


def _compiled(schema: Mapping[str, Any]) -> _Check:
    check: _Check = fastjsonschema.compile(dict(schema), use_default=False, use_formats=False)
    return check


def _resolved(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    # fastjsonschema formats the place at each reference, which would take most of the time if done for every value.
    part: Mapping[str, Any] = definitions[field["$ref"].removeprefix("#/definitions/")] if "$ref" in field else field
    return part
