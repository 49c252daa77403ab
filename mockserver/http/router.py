"""Patterns of paths, and what they lead to: the providers' routes, the control API's endpoints and the pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Generic, TypeVar

Target = TypeVar("Target")

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_PARAMETER = re.compile(r"<(?:(?P<kind>any\([^)]*\)|int|path):)?(?P<name>\w+)>")


class Router(Generic[Target]):
    """Finds the target of a path: in a dictionary for fixed paths, in a list for those with parameters.

    A pattern may hold ``<name>`` (one segment), ``<int:name>``, ``<any(one,other):name>`` and, at its end, ``<path:name>``.
    """

    def __init__(self, routes: Iterable[tuple[str, str, Target]]) -> None:
        """Index the routes: method, pattern and target of each. A GET route takes HEAD too."""
        by_pattern: dict[str, dict[str, Target]] = {}
        for method, pattern, target in routes:
            methods = by_pattern.setdefault(pattern, {})
            methods[method] = target
            if method == "GET":
                methods.setdefault("HEAD", target)
        self.patterns: Mapping[str, Mapping[str, Target]] = by_pattern
        """Pattern -> method -> target, in the order given."""
        self.fixed: Mapping[str, Mapping[str, Target]] = {
            pattern: methods for pattern, methods in by_pattern.items() if "<" not in pattern
        }
        """The patterns without parameters, with their targets."""
        self._variable = [
            (re.compile(_expression(pattern)), frozenset(re.findall(r"<int:(\w+)>", pattern)), by_pattern[pattern])
            for pattern in sorted(by_pattern, key=lambda pattern: ("<path:" in pattern, pattern.count("<")))
            if "<" in pattern
        ]

    def at(self, path: str) -> tuple[Mapping[str, Target], Mapping[str, Any]]:
        """Return the targets of a path by method, none if no pattern matches, and the values of its parameters."""
        fixed = self.fixed.get(path)
        if fixed is not None:
            return fixed, _NOTHING
        for expression, numbers, methods in self._variable:
            found = expression.fullmatch(path)
            if found is not None:
                values = found.groupdict()
                return methods, {name: int(text) if name in numbers else text for name, text in values.items()}
        return _NOTHING, _NOTHING


def _expression(pattern: str) -> str:
    """Return the regular expression of a pattern."""
    parts, place = [], 0
    for found in _PARAMETER.finditer(pattern):
        parts.append(re.escape(pattern[place : found.start()]))
        parts.append(f"(?P<{found['name']}>{_parameter_expression(found['kind'] or '')})")
        place = found.end()
    return "".join((*parts, re.escape(pattern[place:])))


def _parameter_expression(kind: str) -> str:
    if kind.startswith("any("):
        return "|".join(map(re.escape, kind[4:-1].split(",")))
    # Python reads no number with more digits.
    return {"": "[^/]+", "int": "[0-9]{1,1000}", "path": "[^/].*"}[kind]
