"""A proxy that the environment names is asked for other hosts only, for as long as a redirect lasts."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping

_NAMES = ("no_proxy", "NO_PROXY")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


class ProxyBypass:
    """Our hosts among those for which no proxy is asked."""

    def __init__(self, environ: MutableMapping[str, str], hosts: Iterable[str]) -> None:
        """Nothing is changed yet.

        Args:
            environ: the process's environment.
            hosts: for which no proxy is asked.
        """
        self._environ = environ
        self._hosts = ",".join(sorted(hosts))
        self._before: dict[str, str | None] = {}

    def begin(self) -> None:
        """From now on; nothing is to be done where no proxy is named."""
        if not any(name.lower() in _PROXIES and value for name, value in self._environ.items()):
            return
        self._before = {name: self._environ.get(name) for name in _NAMES}
        said = next(filter(None, self._before.values()), "")
        # "*" stands for all hosts where it stands alone.
        exempt = said if said.strip() == "*" else f"{said},{self._hosts}".lstrip(",")
        self._environ.update(dict.fromkeys(_NAMES, exempt))

    def end(self) -> None:
        """As it was."""
        for name, value in self._before.items():
            if value is None:
                self._environ.pop(name, None)
            else:
                self._environ[name] = value
        self._before = {}
