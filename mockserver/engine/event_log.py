"""The port of the event logs: where worlds keep what must outlast the process. The logs themselves are in `mockserver.stores`.

Everything that a world is follows from its commits: applied in order to the state that it was created with, they give the
state that it has now. Each world has an order of its own; there is none across worlds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol, TypeAlias

from msgspec import Struct

from .instants import Instant

if TYPE_CHECKING:
    from .events import Event
    from .journal import Exchange
    from .state import InitialState, State

Secrets: TypeAlias = Mapping[tuple[str, str], str | None]
"""The secret of each provider's user."""


class StoreUnavailable(RuntimeError):
    """The store cannot be read or written now: the disk is full, the database is gone. Nothing of the transaction has happened."""


class WorldDropped(LookupError):
    """The world no longer exists: this process or another one has dropped it."""


class TimedEvent(Struct, frozen=True, gc=False):
    """An event with its instant."""

    at: Instant
    event: Event


class EventBatch(Struct, frozen=True, gc=False):
    """Events that happen together, in order. Each `TimedEvent` is created when the batch is iterated over, which is rare."""

    at: Instant
    events: tuple[Event, ...]
    """Those that the feed shows."""
    internal: tuple[Event, ...] = ()
    """Those that only the state needs; they are applied after the others."""

    def __iter__(self) -> Iterator[TimedEvent]:
        """Iterate over the events that the feed shows."""
        return (TimedEvent(self.at, event) for event in self.events)


class Commit(Struct, frozen=True):
    """What one transaction of a world has done."""

    sequence: int
    """Its number among the world's commits: from 1, without gaps."""
    batches: tuple[EventBatch, ...]
    exchanges: tuple[Exchange, ...] = ()
    """The exchanges that were recorded in it, whose numbers its events `ExchangeRecorded` say; none where they are not kept."""


class Begun(Struct, frozen=True):
    """The beginning of a transaction."""

    commits: Sequence[Commit] | None = ()
    """What other processes have committed since the last commit that this one knows; ``None`` if the world is to be loaded."""
    machine_time: Instant | None = None
    """The time by which running clocks run; ``None`` for that of this process."""


class LoadedWorld(Struct, frozen=True):
    """A world as its log has it."""

    initial_state: InitialState
    state: State
    sequence: int
    """That of its last commit."""
    at: Instant
    """The instant of the last event."""
    cursor: int
    """The number of events that its feed has shown."""
    last_exchange: int
    """The number of its last exchange; 0 for none."""
    exchanges: Sequence[Exchange] = ()
    """The latest exchanges that are kept, in order."""
    commits: Sequence[Commit] = ()
    """The latest commits, whose events its feed still shows."""


class WorldLog(Protocol):
    """The log of one world. One transaction at a time begins in this process; `World` sees to that.

    Every method may raise `StoreUnavailable`, and `WorldDropped` where several processes share the store.
    """

    holder: str
    """The name of this process among those that make attempts at deliveries; unique, also after a restart."""
    keeps_exchanges: bool
    """Whether the exchanges of commits are kept."""

    def begin(self, known: int | None) -> Begun:
        """Begin a transaction: lock the world against other processes.

        Args:
            known: the sequence of the last commit that this process knows; ``None`` if it loads the world next.
        """

    def is_lost(self, holder: str) -> bool:
        """Return whether a process that has started an attempt has ended."""

    def commit(self, commit: Commit, world: CommittedWorld) -> None:
        """Write a commit, and end the transaction: it is durable when this returns, and has not happened if this raises."""

    def release(self) -> None:
        """End a transaction in which nothing happened."""

    def load(self) -> LoadedWorld:
        """Load the world as of its last commit: the newest snapshot, and the commits after it."""

    def read(self, since: int) -> Iterator[Commit]:
        """Read the commits since a sequence, which is not included.

        Raises:
            LookupError: some of them are no longer kept.
        """


class CommittedWorld(Protocol):
    """What a log may ask of a world whose commit it writes."""

    initial_state: InitialState
    state: State
    """The state after the commit; it must not be kept, only copied or encoded."""

    machine_time: Instant | None
    """The time of the transaction, as `Begun` has it."""

    @property
    def next_run(self) -> Instant | None:
        """By the machine's time, when something is due; ``None`` for never, and while the clock is frozen."""


class StoredWorld(Struct, frozen=True):
    """A world that a store holds."""

    id: str
    number: int
    secrets: Secrets
    has_scheduled: bool = False
    """Whether something is scheduled or in flight, which goes on when the world is loaded."""


class WorldCreated(Struct, frozen=True):
    """A world was created."""

    id: str
    number: int
    secrets: Secrets


class SecretsChanged(Struct, frozen=True):
    """A world has other credentials."""

    id: str
    secrets: Secrets


class WorldRemoved(Struct, frozen=True):
    """A world was dropped."""

    id: str


RegistryChange: TypeAlias = WorldCreated | SecretsChanged | WorldRemoved


class RegistryTransaction(Protocol):
    """A transaction in which this process alone changes which worlds there are."""

    changes: Sequence[RegistryChange]
    """What other processes have changed since the last transaction and the last call of `Store.changes`, in order."""
    sequences: Mapping[str, int]
    """The next number of each sequence of the registry's identifiers."""

    def use(self, sequences: Mapping[str, int]) -> None:
        """Store the next number of each sequence that was used."""

    def create(self, created: WorldCreated, initial_state: InitialState, state: State) -> WorldLog:
        """Store a new world."""

    def change(self, change: SecretsChanged | WorldRemoved) -> None:
        """Store that a world has other credentials, or is no more."""


class SharedWorlds(Protocol):
    """The worlds of a process, as a store needs them that several processes share. What is called may raise `StoreUnavailable`."""

    def sync(self) -> None:
        """Follow the changes that other processes have made to the list of worlds."""

    def resume(self, world_id: str) -> None:
        """Go on with what is scheduled in a world, in place of a process that has ended."""

    def awaited(self) -> Mapping[str, int]:
        """Return the worlds whose changes somebody waits for in this process, with the sequence of the last known commit."""

    def is_awaited(self, world_id: str) -> bool:
        """Return whether somebody waits for the changes of a world."""

    def refresh(self, world_id: str) -> None:
        """Apply what other processes have committed to a world."""


class Store(Protocol):
    """Where the worlds of a server are kept."""

    @property
    def is_shared(self) -> bool:
        """Whether other processes change it at the same time."""

    @property
    def is_current(self) -> bool:
        """Whether no process has changed the registry since `changes`, as far as the transaction that began last has seen."""

    def worlds(self) -> Sequence[StoredWorld]:
        """Return every world, in the order of their numbers."""

    def transaction(self) -> AbstractContextManager[RegistryTransaction]:
        """Begin a transaction of the registry. It is committed when the block ends, and has not happened if it raises."""

    def changes(self) -> Sequence[RegistryChange]:
        """Return what other processes have changed of the registry since the last time, in order; quick if nothing."""

    def log(self, world_id: str) -> WorldLog:
        """Return the log of a world."""

    def start(self, worlds: SharedWorlds) -> None:
        """Follow from now on what other processes do to these worlds."""

    def close(self) -> None:
        """Write what is left, and close the store."""
