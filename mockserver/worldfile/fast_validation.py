"""Many accounts and messages, proved right fast.

fastjsonschema makes checks of a room's schema. That of messages is turned on its side: in place of what one ``sender``
may be it says what a column of them may hold, and most stand in it many times. Rule 1: nothing here says what is wrong,
only that something may be; `checking` has the words, and jsonschema the last one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from types import NoneType
from typing import Any, TypeAlias

import fastjsonschema

from .message_columns import ABSENT, Table

_Check: TypeAlias = Callable[[Any], object]

_OF_THE_KEYS = ("type", "additionalProperties", "description")
"""What a schema says of a message that `Proof.table` sees from its keys."""


class Proof:
    """What a room's schema asks."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Make the checks.

        Args:
            schema: it describes a message under ``definitions``, as every room's does.
        """
        definitions = schema["definitions"]
        message = {word: said for word, said in definitions["message"].items() if word not in _OF_THE_KEYS}
        columns = {name: {"items": _resolved(field, definitions)} for name, field in message.pop("properties").items()}
        self._known, self._required = frozenset(columns), frozenset(message.pop("required"))
        self._account = _compiled(schema)
        self._columns = _compiled({"definitions": definitions, "properties": columns})
        # What is left is what one field demands of another.
        self._across = _compiled({"definitions": definitions, "items": message}) if message else None

    def is_account(self, account: object) -> bool:
        """Whether it is one for sure."""
        return _passes(self._account, account)

    def table(self, rows: Sequence[Any]) -> Table | None:
        """These messages, if they are messages for sure."""
        if not {*map(type, rows)} <= {dict}:
            return None
        table = Table(rows)
        is_right = (
            all(self._required <= {*shape} <= self._known for shape in table.shapes)
            and _passes(self._columns, {name: _once_each(column) for name, column in table.columns.items()})
            and (self._across is None or _passes(self._across, rows))
        )
        return table if is_right else None

    def tables(self, account: Mapping[str, Any], pieces: Iterable[Sequence[Any]]) -> Iterator[Table]:
        """An account's messages, piece by piece.

        Raises:
            ValueError: one may be wrong, there twice, or of a program that its account does not have.
        """
        programs = {"", *(program["id"] for program in account.get("programs", ()))}
        known: dict[tuple[str, str], set[str]] = defaultdict(set)
        count = 0
        for rows in pieces:
            table = self.table(rows)
            if table is None or not programs.issuperset(table.column("program", "")):
                raise ValueError("one of them may be wrong")
            for side, ids in table.ids.items():
                known[side].update(ids)
            count += len(rows)
            yield table
        if sum(map(len, known.values())) < count:
            raise ValueError("one of them is there twice")


def _compiled(schema: Mapping[str, Any]) -> _Check:
    check: _Check = fastjsonschema.compile(dict(schema), use_default=False, use_formats=False)
    return check


def _resolved(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    # fastjsonschema writes down where it is at each reference: for every value that would be most of the time.
    part: Mapping[str, Any] = definitions[field["$ref"].removeprefix("#/definitions/")] if "$ref" in field else field
    return part


def _passes(check: _Check, thing: object) -> bool:
    try:
        check(thing)
    except fastjsonschema.JsonSchemaValueException:
        return False
    return True


def _once_each(column: Sequence[object]) -> list[object]:
    """Texts and nulls once each; a column with anything else as it is, for True equals 1 but is not one."""
    with suppress(TypeError):  # lists and objects
        different = set(column)
        different.discard(ABSENT)
        if {*map(type, different)} <= {str, NoneType}:
            return [*different]
    return [value for value in column if value is not ABSENT]
