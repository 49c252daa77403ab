"""The block of the providers' hosts in a test run: without a redirect, no connection of this process reaches a provider."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from mockserver.unpatched import real_files

from . import sockets
from .connection_rules import BlockRule, ConnectionRule, begin_rule, end_rule
from .hosts import Hosts, RequestedAddress
from .monkeypatch import Monkeypatch


class Block:
    """The block of the providers' hosts between `begin` and `end`, except while a redirect or `allow_providers` lasts."""

    is_decided: ClassVar[bool] = False
    """Whether a setting has already said if this process has a block."""

    def __init__(self, hint: str) -> None:
        """Create it; nothing is blocked yet.

        Args:
            hint: what the user can do about a blocked connection.
        """
        self._rule = BlockRule(_load_hosts, hint)
        self._patches = Monkeypatch()

    @property
    def blocked(self) -> list[RequestedAddress]:
        """The blocked connections, the first one first."""
        return self._rule.blocked

    def begin(self) -> None:
        """Block the providers' hosts. They are looked up at the first host name that is not this machine's."""
        sockets.install(self._patches)
        begin_rule(self._rule)

    def renew(self) -> None:
        """Block again where a library has set functions back to what they were before `begin`, as pytest-socket does."""
        self._patches.renew()

    def end(self) -> None:
        """Restore everything."""
        end_rule(self._rule)
        self._patches.undo()


@contextmanager
def allow_providers() -> Iterator[None]:
    """Let connections to the real providers through, for the duration of a ``with`` block or a decorated function."""
    rule = ConnectionRule()
    begin_rule(rule)
    try:
        yield
    finally:
        end_rule(rule)


def _load_hosts() -> Hosts:
    with real_files():
        from mockserver.sdk.loading import installed_providers, load_providers

        found = installed_providers()
        if not found.providers:  # a test has replaced what finds them; they are looked for again later
            load_providers.cache_clear()
            installed_providers.cache_clear()
        return Hosts(found.hosts)
