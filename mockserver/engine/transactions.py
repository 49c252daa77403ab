"""The transactions of stored worlds: what happens while a world's lock is held is one commit of its log."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock, get_ident
from typing import Protocol

from . import clock as clocks
from .event_log import Commit, CommittedWorld, EventBatch, LoadedWorld, WorldDropped, WorldLog
from .events import ExchangeFinished
from .feed import EventFeed
from .instants import Instant
from .journal import Exchange


class TransactedWorld(CommittedWorld, Protocol):
    """The part of a world that its transactions use."""

    feed: EventFeed
    machine_time: Instant | None

    @property
    def clock(self) -> clocks.Clock:
        """Its clock."""

    def take_over(self, loaded: LoadedWorld) -> None:
        """Become what the log holds."""

    def follow_commits(self, commits: Sequence[Commit]) -> None:
        """Apply what other processes have committed."""


class Transaction:
    """The lock of a stored world.

    Who takes it begins a transaction: the world becomes what its log says now. Who gives it back commits what has happened
    meanwhile; only then is it published, and are attempts at deliveries made. The thread that holds it may take it again: the
    commit is that of the outermost section. After a commit that failed nothing has happened: the world is loaded again.
    """

    __slots__ = (
        "_batches",
        "_calls",
        "_depth",
        "_exchanges",
        "_finished",
        "_is_closed",
        "_is_stale",
        "_last",
        "_lock",
        "_owner",
        "_sequence",
        "_world",
        "log",
    )

    def __init__(self, world: TransactedWorld, log: WorldLog, *, is_stale: bool) -> None:
        """Create the lock of a world; ``is_stale`` if the world must be loaded from its log before it is used."""
        self.log = log
        self._world = world
        self._is_stale = is_stale
        self._lock = Lock()
        self._is_closed = False
        self._owner: int | None = None
        self._depth = 0
        self._sequence = 0
        self._last: Instant | None = None
        """The last instant of the world, before which no later one is."""
        self._batches: list[EventBatch] = []
        self._exchanges: list[Exchange] = []
        self._finished: deque[ExchangeFinished] = deque(maxlen=_MOST_FINISHED)
        """The exchanges that have ended since the last commit; the next one says so."""
        self._calls: list[Callable[[], object]] = []

    @property
    def is_stale(self) -> bool:
        """Whether the world must be loaded from its log before it is used."""
        return self._is_stale

    @property
    def sequence(self) -> int:
        """The number of commits of the world that this process knows."""
        return self._sequence

    def locked(self) -> bool:
        """Return whether a thread holds it."""
        return self._lock.locked()

    def __enter__(self) -> None:
        """Take the lock.

        Raises:
            StoreUnavailable: the log cannot be read.
            WorldDropped: another process has dropped the world.
        """
        me = get_ident()
        if self._owner == me:
            self._depth += 1
            return
        self._lock.acquire()
        try:
            if self._is_closed:
                raise WorldDropped("this world was dropped")
            self._begin()
        except BaseException:
            self._lock.release()
            raise
        self._owner, self._depth = me, 1

    def __exit__(self, *_error: object) -> None:
        """Give the lock back, and commit what has happened, also if the block raises: that has been applied as well.

        Raises:
            StoreUnavailable: it could not be written, and has not happened.
        """
        self._depth -= 1
        if self._depth:
            return
        try:
            self._end()
        finally:
            self._batches, self._exchanges, self._calls = [], [], []
            self._world.machine_time = None
            self._owner = None
            self._lock.release()

    def close(self) -> None:
        """Let no further transaction begin: the world was dropped."""
        self._is_closed = True

    def append(self, batch: EventBatch) -> None:
        """Add events to the commit."""
        self._batches.append(batch)

    def record(self, batch: EventBatch, exchange: Exchange) -> None:
        """Add an exchange to the commit, and the events that say so."""
        self._batches.append(batch)
        self._exchanges.append(exchange)

    def finish(self, number: int, sent: int, ending: str, duration: int | None) -> None:
        """Let the next commit say how an exchange has ended. Called by any thread, also without the lock."""
        if self.log.keeps_exchanges:
            self._finished.append(ExchangeFinished(number, sent, ending, duration))

    def flush(self) -> None:
        """Write to the log how exchanges have ended, without waiting for the next commit; nothing if all of it is there already.

        Raises:
            StoreUnavailable: it cannot be written.
            WorldDropped: another process has dropped the world.
        """
        if self._finished:
            with self:
                self._batches.append(EventBatch(self._last or 0, ()))

    def call_afterwards(self, call: Callable[[], object]) -> None:
        """Call this after the commit, with the lock still held; never if the commit fails."""
        self._calls.append(call)

    def _begin(self) -> None:
        world = self._world
        begun = self.log.begin(None if self._is_stale else self._sequence)
        try:
            if self._is_stale or begun.commits is None:
                self._is_stale = True
                loaded = self.log.load()
                world.take_over(loaded)
                self._sequence, self._last, self._is_stale = loaded.sequence, loaded.at, False
            elif begun.commits:
                self._is_stale = True  # unless all of them can be applied
                world.follow_commits(begun.commits)
                last = begun.commits[-1]
                self._sequence, self._is_stale = last.sequence, False
                if last.batches:
                    self._last = last.batches[-1].at
        except BaseException:
            self._calls.clear()
            self.log.release()
            raise
        time = clocks.machine_time() if begun.machine_time is None else begun.machine_time
        clock = world.clock
        if self._last is not None and not clock.is_frozen:
            time = max(time, self._last - clock.offset)
        world.machine_time = time

    def _end(self) -> None:
        world, batches = self._world, self._batches
        if not batches:
            self.log.release()
        else:
            if self._finished:
                batches.insert(0, EventBatch(batches[0].at, (), self._take_finished()))
            commit = Commit(self._sequence + 1, tuple(batches), tuple(self._exchanges))
            self._is_stale = True  # unless it is written
            self.log.commit(commit, world)
            self._sequence, self._is_stale = commit.sequence, False
            self._last = world.clock.now(world.machine_time)
            for batch in batches:
                if batch.events:
                    world.feed.publish_all(batch, len(batch.events))
        for call in self._calls:
            call()

    def _take_finished(self) -> tuple[ExchangeFinished, ...]:
        """Return how exchanges have ended since the last commit; other threads may add more meanwhile."""
        return tuple([self._finished.popleft() for _ in range(len(self._finished))])


_MOST_FINISHED = 10_000
"""The exchanges of which one commit says how they have ended; of more, the oldest are left out."""
