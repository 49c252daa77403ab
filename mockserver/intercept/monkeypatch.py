"""Temporary replacement of attributes, also of modules that are imported later."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, NamedTuple, TypeAlias

_MISSING = object()

Change: TypeAlias = Callable[[ModuleType], object]


class Monkeypatch:
    """A list of replaced attributes, which it can restore."""

    def __init__(self) -> None:
        self._replaced: list[_Replaced] = []
        self._hook = _ImportHook()

    def put(self, owner: Any, name: str, value: object) -> Any:
        """Replace an attribute, and return its previous value, which may be inherited."""
        previous = getattr(owner, name)
        self._replaced.append(_Replaced(owner, name, vars(owner).get(name, _MISSING), previous, value))
        setattr(owner, name, value)
        return previous

    def renew(self) -> None:
        """Replace again what somebody else has set back to the value it had before `put`."""
        for each in self._replaced:
            if getattr(each.owner, each.name) is each.previous:
                setattr(each.owner, each.name, each.value)

    def when_imported(self, module: str, change: Change) -> None:
        """Call a function with a module: now if it is imported already, else as soon as it is, but not after `undo`."""
        if module in sys.modules:
            change(sys.modules[module])
            return
        self._hook.changes[module] = change
        if self._hook not in sys.meta_path:
            # Not first: pyfakefs removes what is first in the list when its test ends.
            place = sys.meta_path.index(PathFinder) if PathFinder in sys.meta_path else 0
            sys.meta_path.insert(place, self._hook)

    def undo(self) -> None:
        """Restore all attributes, the last replaced first."""
        self._hook.changes.clear()
        if self._hook in sys.meta_path:
            sys.meta_path.remove(self._hook)
        while self._replaced:
            each = self._replaced.pop()
            if each.own is not _MISSING:
                setattr(each.owner, each.name, each.own)
            elif each.name in vars(each.owner):
                delattr(each.owner, each.name)


class _Replaced(NamedTuple):
    owner: Any
    name: str
    own: object
    """The owner's own attribute before, or `_MISSING` where it inherits it."""
    previous: object
    value: object


class _ImportHook(MetaPathFinder):
    """Calls functions with modules right after their import."""

    def __init__(self) -> None:
        self.changes: dict[str, Change] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self.changes:
            return None
        # Those before found nothing, or this one would not be asked. Another hook may be among those behind.
        behind = sys.meta_path[sys.meta_path.index(self) + 1 :]
        found = (finder.find_spec(fullname, path, target) for finder in behind)
        spec = next((spec for spec in found if spec is not None), None)
        loader: Any = None if spec is None else spec.loader
        if loader is not None:
            execute = loader.exec_module

            def exec_module(module: ModuleType) -> None:
                vars(loader).pop("exec_module", None)  # once, also where another hook has put its own
                execute(module)
                change = self.changes.pop(fullname, None)
                if change is not None:
                    change(module)

            loader.exec_module = exec_module
        return spec
