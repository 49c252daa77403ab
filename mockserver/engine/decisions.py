"""What an operation concludes, before anything has happened."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from .events import Event
from .instants import Instant
from .limits import LimitStatus
from .provider_errors import ProviderError


class LimitSnapshot(Protocol):
    """What rate limits look at, as it was at an instant."""

    @property
    def standings(self) -> tuple[LimitStatus, ...]:
        """Where they stand then. Reckoned when somebody asks: of what was accepted, nearly no one does."""


class DecisionTrace(Struct, frozen=True, gc=False):
    """Why it was decided so, beside what the provider error says itself."""

    measured: LimitSnapshot | None = None
    """What the rate limits looked at: as it was for a provider error, and as it is left for what was accepted. Nothing in it may
    lead back here, because the garbage collector does not look (``gc=False``)."""
    magic: str | None = None
    """The value that brought this about, where it is one of those that a provider keeps for tests."""

    @property
    def windows(self) -> tuple[LimitStatus, ...]:
        """The rate limits that were looked at."""
        return () if self.measured is None else self.measured.standings


NOTHING_ELSE = DecisionTrace()
"""What was asked and what was concluded say it all."""


class Decision(Struct, frozen=True):
    """A value or a provider error, the events that would make it so, and the trace."""

    at: Instant
    value: object
    """What the provider's wire format knows how to write; a `ProviderError` is one of these."""
    events: tuple[Event, ...] = ()
    trace: DecisionTrace = NOTHING_ELSE
    account: str | None = None
    """The key of the account that asked; ``None`` for a stranger."""

    @property
    def error(self) -> ProviderError | None:
        """The provider error, when it is one."""
        return self.value if isinstance(self.value, ProviderError) else None
