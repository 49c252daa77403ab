"""Which route a request takes: the provider that answers it, or the status with which it is turned down.

Every way in asks here, so 404, 405, HEAD, OPTIONS and requests that cannot be routed are decided once for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from mockserver.sdk.provider import Provider

Target = TypeVar("Target")

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_PARAMETER = re.compile(r"<(?:(?P<kind>any\([^)]*\)|int|path):)?(?P<name>\w+)>")
_HOST = re.compile(r"(?P<name>[a-z0-9.-]+|\[[a-f0-9]*:[a-f0-9.:]+\])(?::[0-9]*)?", re.ASCII | re.IGNORECASE)


class Router(Generic[Target]):
    """Finds what a path leads to: a dictionary for fixed paths, a list for those with parameters.

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
        """The same for paths without parameters."""
        self._variable = [
            (re.compile(_expression(pattern)), frozenset(re.findall(r"<int:(\w+)>", pattern)), by_pattern[pattern])
            for pattern in sorted(by_pattern, key=lambda pattern: ("<path:" in pattern, pattern.count("<")))
            if "<" in pattern
        ]

    def at(self, path: str) -> tuple[Mapping[str, Target], Mapping[str, Any]]:
        """The targets of a path by method, none where it leads nowhere, and the values of its parameters."""
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
    """The regular expression of a pattern."""
    parts, place = [], 0
    for found in _PARAMETER.finditer(pattern):
        parts.append(re.escape(pattern[place : found.start()]))
        parts.append(f"(?P<{found['name']}>{_parameter_expression(found['kind'] or '')})")
        place = found.end()
    return "".join((*parts, re.escape(pattern[place:])))


def _parameter_expression(kind: str) -> str:
    if kind.startswith("any("):
        return "|".join(map(re.escape, kind[4:-1].split(",")))
    # More digits than Python reads as a number are no number of anything here.
    return {"": "[^/]+", "int": "[0-9]{1,1000}", "path": "[^/].*"}[kind]


class Routed(NamedTuple):
    """Where a request leads."""

    provider: Provider | None
    """Who answers; none for a path that is no provider's on a host that is no provider's."""
    status: int
    """0 for one of the provider's operations; else 400, 404 or 405."""
    allow: str = ""
    """With 405, the methods that the path takes."""


class ProviderRouter:
    """The routes, hosts and prefixes of some providers."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        self._providers = tuple(providers)
        routes = ((route.method, route.path, provider) for provider in self._providers for route in provider.routes)
        self._router = Router((*routes, ("GET", "/", None)))
        self.patterns = self._router.patterns
        """Pattern -> method -> provider; none for the index, which is ours."""
        self.addresses = tuple(pattern for pattern in self.patterns if "<path:" not in pattern)
        """The patterns that say what a path must look like; those that take anything are left out."""
        self._hosts = {host: provider for provider in self._providers for host in provider.hosts}
        self._prefixes = tuple((tuple(provider.prefixes), provider) for provider in self._providers)

    def find(self, method: str, path: str, host: str, is_websocket: bool = False) -> Routed:
        """Where a request leads.

        Args:
            method: in capitals.
            path: decoded, without the prefix that names a world.
            host: the Host header, or the server's address where there is none.
            is_websocket: whether the request wants to become a WebSocket, which nothing here does.
        """
        name = host_name(host)
        methods = self._router.fixed.get(path)
        if methods is None:
            path = normal_path(path)
            methods, _ = self._router.at(path)
        status, allow = 0, ""
        if name is None:
            status = 400
        elif not methods:
            status = 404
        elif method not in methods:
            status, allow = 405, ", ".join(sorted(methods))
        elif is_websocket:
            status = 400
        if status == 0 and methods[method] is not None:
            return Routed(methods[method], 0)
        return self._without_operation(path, name or "", status, allow)

    def _without_operation(self, path: str, host: str, status: int, allow: str) -> Routed:
        """The provider whose host or prefix was asked, but none of its operations. Its own host says it before a path."""
        owners = [provider for prefixes, provider in self._prefixes if f"{path}/".startswith(prefixes)]
        at_host = self._hosts.get(host)
        if at_host is None:
            provider = owners[0] if owners else None
            return Routed(provider, status, allow)
        # A path that is another's, or our own, is simply not there at a provider's host.
        is_its_path = at_host in owners
        return Routed(at_host, status if is_its_path or status == 400 else 404)


@lru_cache(maxsize=256)
def host_name(host: str) -> str | None:
    """The name in a Host header, in small letters; empty where it is unreadable, none where it can be no name at all."""
    found = _HOST.fullmatch(host)
    if found is None:
        return ""
    name = found["name"].lower()
    try:
        name.encode("idna")
    except UnicodeError:  # an empty label, or one that is too long
        return None
    return name


def normal_path(path: str) -> str:
    """A path with one slash at its beginning, however many came."""
    return path if path[:1] == "/" and path[:2] != "//" else "/" + path.lstrip("/")
