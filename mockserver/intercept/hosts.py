"""Which host names are the providers', and which of them we answer for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

PORTS = {"http": 80, "https": 443}
"""Where the providers' hosts are asked."""


class BlockedConnection(ConnectionError):
    """Somebody asked for a provider's host or port that we do not answer; nothing was sent there.

    It is what the operating system would raise for a host that cannot be reached, so clients treat it like one.
    """


class RequestedAddress(NamedTuple):
    """What was asked for and rejected."""

    host: str
    port: int | None
    """Where it is known."""

    def __str__(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"


class Hosts:
    """The providers' host names."""

    def __init__(self, answered: Iterable[str]) -> None:
        """Know them.

        Args:
            answered: the names that we answer for. Whatever else is in their domains is the providers', and not ours.
        """
        self.answered = frozenset(answered)
        """The names that we answer for."""
        self.domains = frozenset(map(domain_of, self.answered))
        """The providers' own, such as ``acme.example``."""

    def is_served(self, name: str) -> bool:
        """Whether we answer for it."""
        return name in self.answered

    def is_provider_domain(self, name: str) -> bool:
        """Whether it is a provider's, answered by us or not."""
        return any(name == domain or name.endswith(f".{domain}") for domain in self.domains)


def domain_of(name: str) -> str:
    """What a host name is registered under: its last two words."""
    return ".".join(name.split(".")[-2:])


def plain(name: object) -> str:
    """A host name as it is compared: in small letters, without the dot at its end; empty for what is no name."""
    if isinstance(name, bytes | bytearray):
        name = bytes(name).decode("ascii", "replace")
    return name.lower().rstrip(".") if isinstance(name, str) else ""
