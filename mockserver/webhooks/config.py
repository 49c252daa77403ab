"""How webhooks are sent."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WebhookConfig:
    """How webhooks are sent. Times are seconds of wall clock."""

    timeout: float = 10.0
    """For one attempt as a whole: redirects, and an answer that drips, included."""
    connect_timeout: float = 5.0
    """For each connection, its TLS included."""
    redirects: int = 0
    """How many are followed; the one after them is the answer."""
    body_bytes: int = 65536
    """What is kept of an answer's body; the rest is not read."""
    parallel: int = 8
    """Sender threads at most."""
    targets: str | Collection[str] = "private"
    """``private``: loopback and private ranges; ``any``; or, beside the private ones, these ``host:port``."""
    linger: float = 1.0
    """How long a sender that has nothing to do waits, and how long a connection is kept for the next request."""
    ca: str | None = None
    """A file of certificates that receivers are trusted by, in place of those of certifi."""
    agent: str = "mockserver"
    """The User-Agent of a request that has none of its own."""

    def __post_init__(self) -> None:
        if isinstance(self.targets, str) and self.targets not in ("private", "any"):
            raise ValueError(f"targets are 'private', 'any' or a set of host:port, not {self.targets!r}")
        if self.parallel < 1 or min(self.timeout, self.connect_timeout) <= 0:
            raise ValueError("a webhook sender needs a sender and some time")
