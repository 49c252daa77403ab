"""Every exchange of a world: what was asked, what was answered, and why. Bounded, and it says what it dropped.

Two bounds: so many exchanges a world, so many bytes the process (`Budget`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import islice
from threading import Lock
from typing import Any, Literal, TypeAlias, get_args

from .decisions import Decision, DecisionTrace
from .events import Event, MessageStored
from .instants import Instant
from .provider_errors import ProviderError

_OVERHEAD = 1_500
"""Bytes that an exchange costs beside its texts, at most: tracemalloc finds 750 for a poll and 1,400 for a provider error with masked secrets."""
_VALUE = 130
"""Bytes that a parameter's name and value cost beside its characters."""
_BULK = 25
"""Bytes of objects that one byte of JSON can make, as in ``[[],[],[]]``."""
_NOTHING: Mapping[str, Any] = {}

ResponseOrigin: TypeAlias = Literal["own", "overridden", "corrupted", "replayed", "no_response"]
"""What the client got: the provider's ``own`` words, whole; others in their place; some that cannot be read; an answer
that was given before, while this request was not executed; or nothing."""
Effect: TypeAlias = Literal["stored", "changed", "nothing", "skipped"]
"""What a decision did: a message is in the records; something else changed; there was nothing to change; or a fault met
the exchange before it took effect."""
Outcome: TypeAlias = Literal[
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
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
"""What came of an exchange for its client: `ResponseOrigin` where that was not whole, else what the provider said; ``unmatched``
reached no operation, and ``answered`` no provider."""


class Exchange:
    """One request and its answer. The pipeline opens it, `serve` decides it, the connection finishes it."""

    __slots__ = (
        "account",
        "answer_body",
        "answer_head",
        "at",
        "body",
        "effect",
        "ending",
        "error",
        "fault",
        "head",
        "is_masked",
        "is_private",
        "listener",
        "method",
        "number",
        "operation",
        "origin",
        "provider",
        "result",
        "sent",
        "size",
        "status",
        "target",
        "trace",
        "values",
        "variants",
        "world",
    )

    def __init__(
        self, method: str, target: str, head: tuple[tuple[str, str], ...], body: bytes, listener: str | None
    ) -> None:
        self.method, self.target, self.head, self.body, self.listener = method, target, head, body, listener
        self.number = 0
        """Its place in the world's journal, from 1; 0 until it stands there."""
        self.world: str | None = None
        self.at: Instant = 0
        """The world's instant when it was decided."""
        self.provider: str | None = None
        self.account: str | None = None
        self.operation: str | None = None
        self.values: Mapping[str, Any] = _NOTHING
        """The parameters, by name, as the provider read them: not masked."""
        self.variants: Mapping[str, str] = _NOTHING
        """The world's switches when it was decided."""
        self.trace: DecisionTrace | None = None
        self.result: ProviderError | None = None
        """The provider error that was decided, whatever the client got."""
        self.effect: Effect = "nothing"
        self.error: ProviderError | None = None
        """The provider error that the client got, whatever was decided."""
        self.origin: ResponseOrigin = "own"
        self.status = 0
        self.answer_head: Sequence[tuple[str, str]] = ()
        self.answer_body = b""
        self.sent: int | None = None
        """Bytes that were written to the connection; ``None`` while it is not finished."""
        self.ending: str | None = None
        self.size = 0
        self.fault: dict[str, Any] | None = None
        """The rule, point and fault that acted on it."""
        self.is_masked = False
        """Whether secrets that are not ours were taken out."""
        self.is_private = False
        """Whether it is the tester's own and is not written down."""

    def decided(
        self,
        world: str,
        provider: str,
        operation: str,
        decision: Decision,
        values: Mapping[str, Any] = _NOTHING,
        variants: Mapping[str, str] = _NOTHING,
        *,
        is_kept: bool = True,
    ) -> None:
        """Whose it was, what it asked for and what was concluded. What is handed in is kept, and not copied."""
        self.world, self.at = world, decision.at
        self.provider, self.operation = provider, operation
        self.account = decision.account
        self.values, self.variants = values, variants
        self.trace, self.result = decision.trace, decision.error
        if self.result is not None:
            self.result.drop_traceback()
        self.effect = _effect(decision.events, is_kept)
        self.error = self.result

    def responded(self, origin: ResponseOrigin, error: ProviderError | None) -> None:
        """What the client is to get, and the provider error that stands in it."""
        self.origin = origin
        self.error = error if origin in ("own", "replayed") else None

    def answered(self, status: int, head: Sequence[tuple[str, str]], body: bytes) -> None:
        """What the client is to get."""
        self.status, self.answer_head, self.answer_body = status, head, body

    def finish(self, sent: int, ending: str) -> None:
        """What became of it on the wire."""
        self.sent, self.ending = sent, ending

    @property
    def outcome(self) -> Outcome:
        """What came of it for the client."""
        if not self.method:
            return "invalid_http"
        if self.ending in _UNHEARD:
            return "no_response"
        if self.origin != "own":
            return self.origin
        if self.operation is None:
            return "unmatched" if self.status >= 400 or self.provider is not None else "answered"
        return "accepted" if self.error is None else "rejected"

    def estimated_size(self) -> int:
        """About how many bytes of memory it holds."""
        held = _OVERHEAD + len(self.target) + len(self.body) + len(self.answer_body) + _VALUE * len(self.values)
        for name, value in self.head:
            held += len(name) + len(value)
        for value in self.values.values():
            held += len(value) if isinstance(value, str) else _BULK * len(self.body)
        return held


_UNHEARD = frozenset(("left", "dropped"))
"""How a connection ends under an answer that was not out yet."""


def _effect(events: Sequence[Event], is_kept: bool) -> Effect:
    if not events:
        return "nothing"
    if not is_kept:
        return "skipped"
    return "stored" if MessageStored in map(type, events) else "changed"


class Budget:
    """The bytes that all journals of a process may hold together.

    Whoever holds most gives up its oldest, so one world's flood does not wash away another's history. A sixteenth
    is given up at a time: then finding who holds most is paid for once in many exchanges.
    """

    __slots__ = ("_journals", "held", "lock", "most")

    def __init__(self, most: int = 32 * 2**20) -> None:
        self.most = most
        self.held = 0
        self.lock = Lock()
        self._journals: set[Journal] = set()

    def open(self, journal: Journal) -> None:
        """A journal draws on this budget."""
        with self.lock:
            self._journals.add(journal)

    def close(self, journal: Journal) -> None:
        """A journal is gone, with all it held."""
        with self.lock:
            if journal in self._journals:
                self._journals.remove(journal)
                self.held -= journal.held

    def evict(self) -> None:
        """Drop until the budget is met; called with the lock held."""
        goal = self.most - self.most // 16
        while self.held > goal and self._journals:
            largest = max(self._journals, key=lambda journal: journal.held)
            if largest.held == 0:
                return
            share = largest.held - (self.held - goal)
            while len(largest) and largest.held > share:
                largest.drop_oldest("bytes")


_Bound: TypeAlias = Literal["length", "bytes", "reset"]
"""What exchanges are dropped by."""


class Journal:
    """The exchanges of one world, by number."""

    __slots__ = ("_budget", "_exchanges", "_gone", "_most", "held", "last")

    def __init__(self, budget: Budget, most: int = 10_000) -> None:
        self._budget = budget
        self._exchanges: deque[Exchange] = deque()
        self._most = most
        self._gone: dict[_Bound, int] = {"length": 0, "bytes": 0, "reset": 0}
        self.held = 0
        """Bytes."""
        self.last = 0
        """The number of the latest exchange; how many there have been."""
        budget.open(self)

    def __len__(self) -> int:
        return len(self._exchanges)

    @property
    def dropped(self) -> int:
        """How many exchanges are gone."""
        return self.last - len(self._exchanges)

    @property
    def why_dropped(self) -> str | None:
        """How many are gone, by which bound, and how it is raised, in a sentence; ``None`` when all are there."""
        because = {
            "length": f"because a journal holds {self._most} (MOCKSERVER_JOURNAL_LENGTH raises that)",
            "bytes": f"because all journals together hold {self._budget.most} bytes (MOCKSERVER_JOURNAL_BYTES raises that)",
            "reset": "by a reset",
        }
        with self._budget.lock:
            gone = {why: count for why, count in self._gone.items() if count}
        total = sum(gone.values())
        if len(gone) < 2:
            return next((f"the oldest {total} exchanges were dropped {because[why]}" for why in gone), None)
        return f"the oldest {total} exchanges were dropped: " + ", ".join(
            f"{n} {because[why]}" for why, n in gone.items()
        )

    def add(self, exchange: Exchange) -> int:
        """Write an exchange down and number it.

        Returns:
            The number. Exchanges are never seen out of their order, for a number is only given to what stands there.
        """
        exchange.size = exchange.estimated_size()
        budget = self._budget
        with budget.lock:
            self.last += 1
            exchange.number = self.last
            self._exchanges.append(exchange)
            self.held += exchange.size
            budget.held += exchange.size
            if len(self._exchanges) > self._most:
                self.drop_oldest("length")
            if budget.held > budget.most:
                budget.evict()
        return exchange.number

    def drop_oldest(self, why: _Bound) -> None:
        """Forget the oldest exchange; called with the budget's lock held."""
        self._gone[why] += 1
        oldest = self._exchanges.popleft()
        self.held -= oldest.size
        self._budget.held -= oldest.size

    def since(self, number: int, limit: int | None = None) -> list[Exchange]:
        """The exchanges after a number, oldest first."""
        with self._budget.lock:
            start = max(0, number - self.dropped)
            return list(islice(self._exchanges, start, None if limit is None else start + limit))

    def get(self, number: int) -> Exchange | None:
        """The exchange of a number; ``None`` when it is gone, or has not been."""
        found = self.since(number - 1, 1)
        return found[0] if found and found[0].number == number else None

    def clear(self) -> None:
        """Forget every exchange; the numbers go on."""
        with self._budget.lock:
            while self._exchanges:
                self.drop_oldest("reset")

    def close(self) -> None:
        """Give back what it holds."""
        self._budget.close(self)
