"""Decisions: the results of operations, before their events are applied."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from .events import Event
from .instants import Instant
from .limits import LimitStatus
from .provider_errors import ProviderError


class LimitSnapshot(Protocol):
    """The uses of rate limits at an instant."""

    @property
    def statuses(self) -> tuple[LimitStatus, ...]:
        """The status of each limit. Computed on access, because it is rarely needed."""


class DecisionTrace(Struct, frozen=True, gc=False):
    """Why a decision was made, beside what its provider error says."""

    usage: LimitSnapshot | None = None
    """The uses of the rate limits: before a rejected request, or after an accepted one. It must not refer back to this
    object, because the garbage collector does not track it (``gc=False``)."""
    magic: str | None = None
    """The magic value that caused this decision, if one did."""
    emptied_by: tuple[str, ...] | None = None
    """The filters that left nothing in the result: without them it would hold something. Empty if there is nothing to be
    found without any filter; ``None`` if the result is not empty. See `mockserver.sdk.find_emptying_filters`."""

    @property
    def windows(self) -> tuple[LimitStatus, ...]:
        """The status of each rate limit that was checked."""
        return () if self.usage is None else self.usage.statuses


NO_TRACE = DecisionTrace()
"""The trace of a decision that its request and its value explain."""


class Decision(Struct, frozen=True):
    """The decision about a request: a result or a provider error, the events to apply, and the trace."""

    at: Instant
    value: object
    """The result, which the provider's wire format can write; or a `ProviderError`."""
    events: tuple[Event, ...] = ()
    trace: DecisionTrace = NO_TRACE
    account: str | None = None
    """The key of the account that made the request; ``None`` for unknown credentials."""
    size: int = 0
    """The number of messages in the result, if it has any; a large result is rendered off the event loop."""

    @property
    def error(self) -> ProviderError | None:
        """The provider error; ``None`` when the request was accepted."""
        return self.value if isinstance(self.value, ProviderError) else None
