"""Attributes that are another's for a while."""

from __future__ import annotations

from typing import Any

_MISSING = object()


class Monkeypatch:
    """What was put in place of what, and the way back."""

    def __init__(self) -> None:
        self._before: list[tuple[Any, str, object]] = []

    def put(self, owner: Any, name: str, value: object) -> Any:
        """Put something in an attribute's place; what was found there, inherited or not."""
        self._before.append((owner, name, vars(owner).get(name, _MISSING)))
        found = getattr(owner, name)
        setattr(owner, name, value)
        return found

    def undo(self) -> None:
        """Put everything back, the last first."""
        while self._before:
            owner, name, value = self._before.pop()
            if value is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, value)
