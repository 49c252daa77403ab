"""Exempts the providers' hosts from the proxies of the environment and of the system, for the duration of a redirect."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from types import ModuleType
from typing import Any

from .hosts import Hosts, normalize_host
from .monkeypatch import Monkeypatch

_NAMES = ("no_proxy", "NO_PROXY")
_LISTING = ("getproxies", "getproxies_environment", "getproxies_macosx_sysconf", "getproxies_registry")
_BYPASSING = ("proxy_bypass", "proxy_bypass_environment", "proxy_bypass_macosx_sysconf", "proxy_bypass_registry")


class ProxyBypass:
    """The exemption: in NO_PROXY, which most libraries read, and in ``urllib.request``, which knows the system's proxies.

    It holds for a proxy that is set later as well.
    """

    def __init__(self, environ: MutableMapping[str, str], hosts: Hosts) -> None:
        """Create it; nothing is changed yet.

        Args:
            environ: the process's environment.
            hosts: the providers' hosts.
        """
        self._environ = environ
        self._hosts = hosts
        self._before: dict[str, str | None] = {}

    def begin(self, patches: Monkeypatch) -> None:
        """Add the hosts to NO_PROXY, and change ``urllib.request``."""
        self._before = {name: self._environ.get(name) for name in _NAMES}
        present = next(filter(None, self._before.values()), "")
        self._environ.update(dict.fromkeys(_NAMES, self._exempt(present)))
        patches.when_imported("urllib.request", lambda module: self._patch(patches, module))

    def end(self) -> None:
        """Restore NO_PROXY."""
        for name, value in self._before.items():
            if value is None:
                self._environ.pop(name, None)
            else:
                self._environ[name] = value
        self._before = {}

    def _exempt(self, present: str) -> str:
        # "*" stands for all hosts where it stands alone.
        hosts = ",".join(sorted(self._hosts.served))
        return present if present.strip() == "*" or hosts in present else f"{present},{hosts}".lstrip(",")

    def _patch(self, patches: Monkeypatch, module: ModuleType) -> None:
        # Some of the functions exist on one system only.
        for name in filter(module.__dict__.__contains__, _LISTING):
            patches.put(module, name, self._listing(getattr(module, name)))
        for name in filter(module.__dict__.__contains__, _BYPASSING):
            patches.put(module, name, self._bypassing(getattr(module, name)))

    def _listing(self, original: Callable[[], dict[str, str]]) -> Callable[[], dict[str, str]]:
        def getproxies() -> dict[str, str]:
            found = original()
            if found.keys() <= {"no"} and not any(self._before.values()):
                return {}  # our NO_PROXY alone; with it, urllib would not ask for the system's proxies
            return {**found, "no": self._exempt(found.get("no", ""))}

        return getproxies

    def _bypassing(self, original: Callable[..., bool]) -> Callable[..., bool]:
        def proxy_bypass(host: Any, *rest: Any, **options: Any) -> bool:
            name = normalize_host(str(host).rpartition("@")[2].partition(":")[0])
            return self._hosts.is_provider_domain(name) or original(host, *rest, **options)

        return proxy_bypass
