"""Exempts the providers' hosts from the environment's proxy for the duration of a redirect."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping

_NAMES = ("no_proxy", "NO_PROXY")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


class ProxyBypass:
    """A temporary addition of hosts to the environment's NO_PROXY."""

    def __init__(self, environ: MutableMapping[str, str], hosts: Iterable[str]) -> None:
        """Create it; nothing is changed yet.

        Args:
            environ: the process's environment.
            hosts: the host names to exempt.
        """
        self._environ = environ
        self._hosts = ",".join(sorted(hosts))
        self._before: dict[str, str | None] = {}

    def begin(self) -> None:
        """Add the hosts to NO_PROXY, if the environment names a proxy."""
        if not any(name.lower() in _PROXIES and value for name, value in self._environ.items()):
            return
        self._before = {name: self._environ.get(name) for name in _NAMES}
        present = next(filter(None, self._before.values()), "")
        # "*" stands for all hosts where it stands alone.
        exempt = present if present.strip() == "*" else f"{present},{self._hosts}".lstrip(",")
        self._environ.update(dict.fromkeys(_NAMES, exempt))

    def end(self) -> None:
        """Restore NO_PROXY."""
        for name, value in self._before.items():
            if value is None:
                self._environ.pop(name, None)
            else:
                self._environ[name] = value
        self._before = {}
