"""Temporary replacement of attributes."""

from __future__ import annotations

from typing import Any

_MISSING = object()


class Monkeypatch:
    """A list of replaced attributes, which it can restore."""

    def __init__(self) -> None:
        self._replaced: list[tuple[Any, str, object]] = []

    def put(self, owner: Any, name: str, value: object) -> Any:
        """Replace an attribute, and return its previous value, which may be inherited."""
        self._replaced.append((owner, name, vars(owner).get(name, _MISSING)))
        previous = getattr(owner, name)
        setattr(owner, name, value)
        return previous

    def undo(self) -> None:
        """Restore all attributes, the last replaced first."""
        while self._replaced:
            owner, name, value = self._replaced.pop()
            if value is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, value)
