"""Temporary replacement of attributes."""

from __future__ import annotations

from typing import Any

_MISSING = object()


class Monkeypatch:
    """The replaced attributes, and their restoration."""

    def __init__(self) -> None:
        self._before: list[tuple[Any, str, object]] = []

    def put(self, owner: Any, name: str, value: object) -> Any:
        """Replace an attribute, and return its former value, inherited or not."""
        self._before.append((owner, name, vars(owner).get(name, _MISSING)))
        found = getattr(owner, name)
        setattr(owner, name, value)
        return found

    def undo(self) -> None:
        """Restore all attributes, the last replaced first."""
        while self._before:
            owner, name, value = self._before.pop()
            if value is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, value)
