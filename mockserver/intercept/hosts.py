"""The host names of the providers, and which of them the server serves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

PORTS = {"http": 80, "https": 443}
"""The ports of the providers' hosts."""


class BlockedConnection(ConnectionError):
    """A connection to a provider's host or port that the server does not serve; it was blocked.

    It is what the operating system would raise for a host that cannot be reached, so clients treat it like one.
    """


class RequestedAddress(NamedTuple):
    """The host and port of a blocked connection."""

    host: str
    port: int | None
    """The port; ``None`` if it is not known."""

    def __str__(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"


class Hosts:
    """The host names of the providers."""

    def __init__(self, served: Iterable[str]) -> None:
        """Create it from the served names.

        Args:
            served: the host names that the server serves. Other names of their domains are the providers', but not served.
        """
        self.served = frozenset(served)
        """The host names that the server serves."""
        self.domains = frozenset(map(domain_of, self.served))
        """The registered domains of the providers, such as ``acme.example``."""

    def is_served(self, name: str) -> bool:
        """Return whether the server serves a host."""
        return name in self.served

    def is_provider_domain(self, name: str) -> bool:
        """Return whether a host is a provider's, served or not."""
        return any(name == domain or name.endswith(f".{domain}") for domain in self.domains)


def domain_of(name: str) -> str:
    """Return the registered domain of a host name: its last two labels, or three below a domain such as ``co.uk``."""
    labels = name.split(".")
    is_below_country = len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3
    return ".".join(labels[-3:] if is_below_country else labels[-2:])


def normalize_host(name: object) -> str:
    """Return a host name in lower case and without a final dot, for comparison; ``""`` if it is not a string or bytes."""
    if isinstance(name, bytes | bytearray):
        name = bytes(name).decode("ascii", "replace")
    return name.lower().rstrip(".") if isinstance(name, str) else ""
