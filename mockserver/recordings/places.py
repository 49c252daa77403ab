"""Finds the places of a response whose values a provider makes up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mockserver.sdk.reconstruction import GeneratedField

ITEM = "[]"
"""The step from a list to each of its items."""
_STEP = re.compile(r"\[\]|[^.\[\]]+")
_INDEX = re.compile(r"\[[0-9]+\]")


class FieldPlace:
    """A place in responses, and the paths of generated fields that lead on from it."""

    __slots__ = ("_below", "_remaining", "field")

    def __init__(self, remaining: Iterable[tuple[Sequence[str], GeneratedField]]) -> None:
        self._remaining = tuple(remaining)
        self._below: dict[str, FieldPlace] = {}
        self.field = next((field for steps, field in self._remaining if not steps), None)
        """The generated field that this place is; ``None`` if it is none."""

    @property
    def is_plain(self) -> bool:
        """Whether neither this place nor one below it is a generated field."""
        return not self._remaining

    def step(self, name: str) -> FieldPlace:
        """Return the place below this one of a name, or of each item of a list."""
        found = self._below.get(name)
        if found is None:
            leading = ((steps[1:], field) for steps, field in self._remaining if steps and steps[0] in (name, "*"))
            found = self._below[name] = FieldPlace(leading)
        return found


def find_root(fields: Iterable[GeneratedField], operation: str, *, has_items: bool) -> FieldPlace:
    """Return the root of the responses of an operation.

    Args:
        fields: the provider's generated fields.
        operation: the name of the operation.
        has_items: whether the responses have lists, as JSON has; XML has repeated elements instead, which count as one place.
    """
    own = (field for field in fields if not field.operations or operation in field.operations)
    steps = ((_STEP.findall(field.path), field) for field in own)
    return FieldPlace(([step for step in each if has_items or step != ITEM], field) for each, field in steps)


def without_indexes(path: str) -> str:
    """Return the path of a difference with ``[]`` in place of each index, as the path of a generated field has it."""
    return _INDEX.sub(ITEM, path)


def scope_of(field: GeneratedField, operation: str) -> str:
    """Return what a generated field identifies: what it says, else its name among the operations of one resource."""
    if field.identifies:
        return field.identifies
    name = next((step for step in reversed(_STEP.findall(field.path)) if step != ITEM), "")
    return f"{operation.rpartition('.')[0]}.{name.removeprefix('@')}"
