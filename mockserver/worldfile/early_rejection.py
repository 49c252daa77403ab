"""Rejects a world file while it is decoded in pieces, so that a long list of mistakes is neither decoded nor checked to its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from mockserver.validation.json_schema import MOST_ERRORS, Schema, compiled, find_schema_errors
from mockserver.validation.messages import Place, WorldFileError

from .rules import Rules, envelope

_PARTS = ("messages", "numbers", "programs", "contacts", "blacklist")
"""The lists of an account whose items are checked by the provider's schema as they are."""


class EarlyRejection:
    """Counts the mistakes in each list of a world file, as `validation.json_pieces.Watch`."""

    def __init__(self, rules: Rules, place: Place) -> None:
        """Begin.

        Args:
            rules: the rules that the file must follow.
            place: where the file is in the document that is decoded.
        """
        self._rules = rules
        self._place = place
        self._mistakes: Counter[Place] = Counter()
        self._first: dict[Place, WorldFileError] = {}

    def __call__(self, place: Place, around: Any, items: list[Any]) -> None:
        """Look at a piece of a list.

        Raises:
            WorldFileError: the list has `MOST_ERRORS` mistakes; this is the first.
        """
        depth = len(self._place)
        if place[:depth] != self._place or not isinstance(around, Mapping):
            return
        found = self._schema(place[depth:], around)
        if found is None:
            return
        schema, is_valid = found
        before = len(around[place[-1]]) - len(items)
        for index, item in enumerate(items, start=before):
            if not is_valid(item) and (error := next(find_schema_errors(item, schema, (*place, index)), None)):
                first = self._first.setdefault(place, WorldFileError(*error))
                self._mistakes[place] += 1
                if self._mistakes[place] == MOST_ERRORS:
                    raise first

    def _schema(self, place: Place, around: Mapping[str, Any]) -> tuple[Schema, Callable[[Any], bool]] | None:
        """Return the schema of the items of a list and its fast check; ``None`` for a list that is not checked here."""
        if place in (("accounts",), ("scheduled",)):
            common = envelope()["properties"][place[0]]["items"]
            return common, compiled(orjson.dumps(common))
        match place:
            case ("accounts", int(), str(part)) if part in _PARTS:
                provider = around.get("provider")
                if not isinstance(provider, str) or provider not in self._rules.schemas:
                    return None
                schema = self._rules.schemas[provider]
                if part in schema["properties"]:
                    item = {**schema["properties"][part]["items"], "definitions": schema["definitions"]}
                    if part == "messages":
                        return item, self._rules.checker_of(provider).is_message
                    return item, compiled(orjson.dumps(item))
        return None
