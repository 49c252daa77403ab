"""The journal: every exchange of a world, with the request, the response and the decision behind it.

It is bounded twice: in exchanges for each world, and in bytes for the whole process (`Budget`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import islice
from threading import Lock
from typing import Any, Literal, TypeAlias, get_args

from msgspec import Struct

from mockserver.unpatched import MachineClock

from .decisions import Decision, DecisionTrace
from .events import MessageStored
from .frozen import NO_FIELDS
from .instants import Instant
from .provider_errors import ProviderError

_OVERHEAD = 1_500
"""Bytes of an exchange beside its texts, at most: tracemalloc finds 750 for a poll and 1,400 for a provider error with masked secrets."""
_VALUE = 130
"""Bytes of a parameter's name and value beside their characters."""
_BULK = 25
"""Bytes of objects that one byte of JSON can make, as in ``[[],[],[]]``."""

ResponseOrigin: TypeAlias = Literal["own", "overridden", "corrupted", "replayed", "no_response"]
"""Where the response came from: the provider's ``own`` response, complete; ``overridden`` by a fault; ``corrupted``, so that
it cannot be read; ``replayed`` from an earlier request, this one not being executed; or ``no_response`` at all."""
Effect: TypeAlias = Literal["stored", "changed", "nothing", "skipped"]
"""What a decision did: it ``stored`` a message, ``changed`` something else or changed ``nothing``, or it was ``skipped``
because a fault was applied before it took effect."""
ExchangeOutcome: TypeAlias = Literal[
    "accepted",
    "rejected",
    "overridden",
    "corrupted",
    "replayed",
    "no_response",
    "unmatched",
    "answered",
    "invalid_http",
]
OUTCOMES: tuple[ExchangeOutcome, ...] = get_args(ExchangeOutcome)
"""The outcomes of an exchange for its client: a `ResponseOrigin` other than ``own``, else whether the provider accepted or
rejected it. An ``unmatched`` request reached no operation; an ``answered`` one was not for a provider."""


class Exchange(Struct, eq=False):
    """One request with its response, and why it was decided so."""

    method: str
    target: str
    head: tuple[tuple[str, str], ...]
    body: bytes
    listener: str | None
    number: int = 0
    """Its number in the world's journal, from 1; 0 until it is added."""
    world: str | None = None
    at: Instant = 0
    """The world's instant when it was decided."""
    provider: str | None = None
    account: str | None = None
    operation: str | None = None
    values: Mapping[str, Any] = NO_FIELDS
    """The parameters, by name, as the provider read them: not masked."""
    variants: Mapping[str, str] = NO_FIELDS
    """The world's switches when it was decided."""
    trace: DecisionTrace | None = None
    result: ProviderError | None = None
    """The provider error of the decision, whatever the client got."""
    effect: Effect = "nothing"
    error: ProviderError | None = None
    """The provider error that the client got, whatever the decision."""
    origin: ResponseOrigin = "own"
    status: int = 0
    response_head: Sequence[tuple[str, str]] = ()
    response_body: bytes = b""
    sent: int | None = None
    """Bytes that were written to the connection; ``None`` while it is not finished."""
    ending: str | None = None
    duration: int | None = None
    """Microseconds from when the request was received until its response was written; ``None`` while it is not finished."""
    size: int = 0
    fault: dict[str, Any] | None = None
    """The fault that was applied, with its rule and point."""
    invalid_reason: str | None = None
    """Why the received bytes, which are the body then, are no HTTP request; ``None`` for a request."""
    is_masked: bool = False
    """Whether secrets that this server did not issue are masked in the places of credentials."""
    masked_secrets: int = 0
    """The number of the world's secrets that are masked wherever they recur in it."""

    def set_decision(
        self,
        world: str,
        provider: str,
        operation: str,
        decision: Decision,
        values: Mapping[str, Any] = NO_FIELDS,
        variants: Mapping[str, str] = NO_FIELDS,
        *,
        is_kept: bool = True,
    ) -> None:
        """Set the world, the operation and its decision. The arguments are kept, not copied."""
        self.world, self.at = world, decision.at
        self.provider, self.operation = provider, operation
        self.account = decision.account
        self.values, self.variants = values, variants
        self.trace = decision.trace
        if isinstance(decision.value, ProviderError):
            self.result = self.error = decision.value
            decision.value.drop_traceback()
        if not decision.events:
            self.effect = "nothing"
        elif not is_kept:
            self.effect = "skipped"
        else:
            self.effect = "stored" if MessageStored in map(type, decision.events) else "changed"

    def set_origin(self, origin: ResponseOrigin, error: ProviderError | None) -> None:
        """Set where the response comes from, and the provider error in it."""
        self.origin = origin
        self.error = error if origin in ("own", "replayed") else None

    def finish(self, sent: int, ending: str, begun: int = 0) -> None:
        """Set how many bytes of the response were written, how its connection ended, and how long it took.

        Args:
            sent: bytes.
            ending: how the connection ended.
            begun: when the request was received, in nanoseconds of this process's monotonic clock; 0 if that is not known.
        """
        self.sent, self.ending = sent, ending
        if begun:
            self.duration = (MachineClock.monotonic_ns() - begun) // 1000

    @property
    def outcome(self) -> ExchangeOutcome:
        """The outcome for the client; one of `OUTCOMES`."""
        if not self.method:
            return "invalid_http"
        if self.ending in _NOT_WRITTEN:
            return "no_response"
        if self.origin != "own":
            return self.origin
        if self.operation is None:
            return "unmatched" if self.status >= 400 or self.provider is not None else "answered"
        return "accepted" if self.error is None else "rejected"

    def estimated_size(self) -> int:
        """Estimate the bytes of memory that it holds."""
        held = _OVERHEAD + len(self.target) + len(self.body) + len(self.response_body) + _VALUE * len(self.values)
        for name, value in self.head:
            held += len(name) + len(value)
        for value in self.values.values():
            held += len(value) if isinstance(value, str) else _BULK * len(self.body)
        return held


_NOT_WRITTEN = frozenset(("left", "dropped"))
"""The endings of a connection before its response was written."""


class Budget:
    """The bytes that all journals of a process may hold together.

    The journal that holds most drops its oldest exchanges, so a busy world does not drop another's. A sixteenth of the
    budget is freed at a time, so that the largest journal is looked for once in many exchanges.
    """

    __slots__ = ("_journals", "held", "lock", "most")

    def __init__(self, most: int = 32 * 2**20) -> None:
        self.most = most
        self.held = 0
        self.lock = Lock()
        self._journals: set[Journal] = set()

    def open(self, journal: Journal) -> None:
        """Add a journal to this budget."""
        with self.lock:
            self._journals.add(journal)

    def close(self, journal: Journal) -> None:
        """Remove a journal, and free what it holds; called with the lock held."""
        self._journals.discard(journal)
        self.held -= journal.held

    def evict(self) -> None:
        """Drop exchanges until the budget is met; called with the lock held."""
        goal = self.most - self.most // 16
        while self.held > goal and self._journals:
            largest = max(self._journals, key=lambda journal: journal.held)
            if largest.held == 0:
                return
            share = largest.held - (self.held - goal)
            while len(largest) and largest.held > share:
                largest.drop_oldest("bytes")


_Bound: TypeAlias = Literal["length", "bytes", "reset", "state"]
"""Why exchanges are dropped: one of the two bounds, the journal was cleared, or the state does not keep them."""


class Journal:
    """The exchanges of one world, by number."""

    __slots__ = ("__weakref__", "_budget", "_dropped", "_exchanges", "_is_closed", "_most", "held", "last")

    def __init__(self, budget: Budget, most: int = 10_000) -> None:
        self._budget = budget
        self._exchanges: deque[Exchange] = deque()
        self._is_closed = False
        self._most = most
        self._dropped: dict[_Bound, int] = {"length": 0, "bytes": 0, "reset": 0, "state": 0}
        self.held = 0
        """Bytes."""
        self.last = 0
        """The number of the latest exchange, which is how many there have been."""
        budget.open(self)

    def __len__(self) -> int:
        return len(self._exchanges)

    @property
    def dropped(self) -> int:
        """How many exchanges were dropped."""
        return self.last - len(self._exchanges)

    @property
    def why_dropped(self) -> str | None:
        """A sentence: how many exchanges were dropped, why, and which setting raises the bound; ``None`` when none were."""
        because = {
            "length": f"because a journal holds {self._most} (MOCKSERVER_JOURNAL_LENGTH raises that)",
            "bytes": f"because all journals together hold {self._budget.most} bytes (MOCKSERVER_JOURNAL_BYTES raises that)",
            "reset": "when the journal was cleared",
            "state": "before the state was read: by a reset, by a bound, or because --state-journal is off",
        }
        with self._budget.lock:
            dropped = {why: count for why, count in self._dropped.items() if count}
        total = sum(dropped.values())
        if len(dropped) < 2:
            return next((f"the oldest {total} exchanges were dropped {because[why]}" for why in dropped), None)
        return f"the oldest {total} exchanges were dropped: " + ", ".join(
            f"{n} {because[why]}" for why, n in dropped.items()
        )

    def add(self, exchange: Exchange) -> int:
        """Add an exchange and return its number, which is set as it is added: readers never see numbers out of order.

        A journal that was closed meanwhile keeps nothing of it.
        """
        exchange.size = exchange.estimated_size()
        budget = self._budget
        with budget.lock:
            self.last += 1
            exchange.number = self.last
            if self._is_closed:
                return self.last
            self._exchanges.append(exchange)
            self.held += exchange.size
            budget.held += exchange.size
            if len(self._exchanges) > self._most:
                self.drop_oldest("length")
            if budget.held > budget.most:
                budget.evict()
        return exchange.number

    def follow(self, number: int, exchange: Exchange | None) -> None:
        """Add an exchange that another process has recorded; ``None`` if its content is not kept."""
        if exchange is not None and number == self.last + 1:
            self.add(exchange)
        else:
            self._skip(number)

    def restore(self, last: int, exchanges: Sequence[Exchange]) -> None:
        """Become what a log holds: the latest exchanges up to a number. Without any, those that are here already are kept."""
        kept = list(exchanges) or [each for each in self.since(0) if each.number <= last]
        with self._budget.lock:
            self._dropped = {"length": 0, "bytes": 0, "reset": 0, "state": 0}
            self._exchanges.clear()
            self._budget.held -= self.held
            self.held, self.last = 0, 0
        self._skip(last - len(kept))
        for exchange in kept:
            self.add(exchange)

    def _skip(self, number: int) -> None:
        """Count the exchanges up to a number, none of which is here."""
        with self._budget.lock:
            cleared, self._exchanges = self._exchanges, deque()
            self._dropped["state"] += len(cleared) + max(0, number - self.last)
            self._budget.held -= self.held
            self.held, self.last = 0, max(self.last, number)

    def drop_oldest(self, why: _Bound) -> None:
        """Drop the oldest exchange; called with the budget's lock held."""
        self._dropped[why] += 1
        oldest = self._exchanges.popleft()
        self.held -= oldest.size
        self._budget.held -= oldest.size

    def since(self, number: int, limit: int | None = None) -> list[Exchange]:
        """Return the exchanges since a number, which is not included, oldest first."""
        with self._budget.lock:
            exchanges = self._exchanges
            start = max(0, number - self.dropped)
            if start <= len(exchanges) // 2:
                return list(islice(exchanges, start, None if limit is None else start + limit))
            newest = list(islice(reversed(exchanges), max(0, len(exchanges) - start)))
        newest.reverse()
        return newest[:limit]

    def get(self, number: int) -> Exchange | None:
        """Return the exchange of a number; ``None`` when it was dropped, or does not exist yet."""
        with self._budget.lock:
            index = number - self.dropped - 1
            return self._exchanges[index] if 0 <= index < len(self._exchanges) else None

    def clear(self) -> None:
        """Drop every exchange; the numbers continue."""
        with self._budget.lock:
            cleared, self._exchanges = (
                self._exchanges,
                deque(),
            )  # freed when the lock, which all worlds need, is released
            self._dropped["reset"] += len(cleared)
            self._budget.held -= self.held
            self.held = 0

    def close(self) -> None:
        """Drop every exchange and free what they hold of the budget, now and whatever is added later."""
        with self._budget.lock:
            if not self._is_closed:
                self._is_closed = True
                self._budget.close(self)
                _exchanges, self._exchanges, self.held = self._exchanges, deque(), 0  # as in `clear`
