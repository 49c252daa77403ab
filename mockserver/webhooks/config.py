"""The configuration of the webhook sender."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WebhookConfig:
    """The configuration of the webhook sender. Times are seconds of wall clock."""

    timeout: float = 10.0
    """The limit for a whole attempt, redirects and slow responses included."""
    connect_timeout: float = 5.0
    """The limit for resolving a name, and that for opening each connection, the TLS handshake included."""
    max_redirects: int = 0
    """The redirects that are followed; the next one counts as the response."""
    body_bytes: int = 65536
    """Bytes of a response body that are read and kept."""
    max_attempts: int = 256
    """The largest number of attempts at a time. No more than a quarter of the process's file descriptors are used."""
    max_per_world: int = 16
    """The largest number of a world's attempts at a time. Once half of all are taken, a world gets its first one only."""
    max_per_target: int = 64
    """The largest number of attempts at one target (scheme, host and port), shared in the same way."""
    targets: str | Collection[str] = "private"
    """``private`` (loopback and private ranges), ``any``, or ``host:port`` names that are allowed beside the private ones."""
    idle_timeout: float = 1.0
    """Seconds after which an idle thread ends, and after which an idle connection is not reused."""
    ca: str | None = None
    """A file of CA certificates to verify receivers with, in place of certifi's."""
    user_agent: str = "mockserver"
    """The ``User-Agent`` of requests that do not set one."""

    def __post_init__(self) -> None:
        if isinstance(self.targets, str) and self.targets not in ("private", "any"):
            raise ValueError(f"targets are 'private', 'any' or a set of host:port, not {self.targets!r}")
        if min(self.max_attempts, self.max_per_world, self.max_per_target) < 1:
            raise ValueError("a webhook sender needs at least one attempt at a time")
        if min(self.timeout, self.connect_timeout) <= 0:
            raise ValueError("a webhook sender needs timeouts above 0")
