"""A store that keeps worlds in this process, for tests of what uses a store: several registries may share one, as processes do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from threading import RLock

from msgspec.structs import replace

from mockserver.engine.event_log import (
    Begun,
    Commit,
    CommittedWorld,
    LoadedWorld,
    RegistryChange,
    SecretsChanged,
    SharedWorlds,
    StoredWorld,
    StoreUnavailable,
    WorldCreated,
    WorldDropped,
    WorldRemoved,
)
from mockserver.engine.events import ExchangeRecorded
from mockserver.engine.instants import Instant
from mockserver.engine.state import InitialState, State, apply_batch


class StoredContents:
    """What the stores of several processes have in common: the "database"."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.worlds: dict[str, _World] = {}
        self.changes: list[tuple[object, RegistryChange]] = []
        self.sequences: dict[str, int] = {}
        self.time: Instant | None = None
        """What the "database" says the time is."""
        self.is_gone = False
        """Whether nothing can be read or written."""
        self.fails_to_commit = False
        """Whether nothing can be written."""
        self.ended: set[str] = set()
        """The holders that have ended."""

    def check(self) -> None:
        if self.is_gone:
            raise StoreUnavailable("the database is gone")


class _World:
    """One world of the "database"."""

    def __init__(self, created: WorldCreated, initial_state: InitialState, state: State) -> None:
        self.created = created
        self.secrets = created.secrets
        self.initial_state = initial_state
        self.start = _copy(state)
        self.commits: list[Commit] = []
        self.lock = RLock()
        self.has_scheduled = False
        self.is_dropped = False


def _copied(commit: Commit) -> Commit:
    """Return a commit with exchanges of its own, which a process changes when their connections end."""
    return replace(commit, exchanges=tuple(map(copy, commit.exchanges)))


def _copy(state: State) -> State:
    """Return an exact copy, unlike a fork: what is due stays due."""
    twin = state.fork()
    twin.scheduled = type(state.scheduled)(state.scheduled)
    twin.scheduled.last = state.scheduled.last
    twin.epoch, twin.in_flight = state.epoch, dict(state.in_flight)
    twin.deliveries, twin.reordered = dict(state.deliveries), state.reordered
    return twin


class MemoryStore:
    """The store of one "process"."""

    def __init__(self, contents: StoredContents | None = None, holder: str = "one", *, is_shared: bool = False) -> None:
        self.contents = contents or StoredContents()
        self.holder = holder
        self.is_shared = is_shared
        self._known = 0
        self._seen = 0

    @property
    def is_current(self) -> bool:
        return self._seen <= self._known

    def see(self) -> None:
        """Note how many changes of the registry there are, as a transaction does that begins."""
        self._seen = len(self.contents.changes)

    def worlds(self) -> Sequence[StoredWorld]:
        with self.contents.lock:
            self.contents.check()
            self._known = len(self.contents.changes)
            return [
                StoredWorld(each.created.id, each.created.number, each.secrets, each.has_scheduled)
                for each in self.contents.worlds.values()
            ]

    @contextmanager
    def transaction(self) -> Iterator[MemoryTransaction]:
        with self.contents.lock:
            self.contents.check()
            transaction = MemoryTransaction(self, self.changes())
            yield transaction
            if self.contents.fails_to_commit:
                raise StoreUnavailable("the disk is full")
            transaction.apply()
            self._known = len(self.contents.changes)

    def changes(self) -> Sequence[RegistryChange]:
        with self.contents.lock:
            self.contents.check()
            since, self._known = self._known, len(self.contents.changes)
            return [change for by, change in self.contents.changes[since:] if by is not self]

    def start(self, worlds: SharedWorlds) -> None:
        """Follow nothing by itself: a test does what it wants to see."""

    def log(self, world_id: str) -> MemoryWorldLog:
        return MemoryWorldLog(self, world_id)

    def close(self) -> None:
        """Close nothing."""


class MemoryTransaction:
    """A transaction of the registry."""

    def __init__(self, store: MemoryStore, changes: Sequence[RegistryChange]) -> None:
        self._store = store
        self.changes = changes
        self.sequences: Mapping[str, int] = dict(store.contents.sequences)
        self._made: list[RegistryChange] = []
        self._created: list[_World] = []

    def use(self, sequences: Mapping[str, int]) -> None:
        self.sequences = dict(sequences)

    def create(self, created: WorldCreated, initial_state: InitialState, state: State) -> MemoryWorldLog:
        self._made.append(created)
        self._created.append(_World(created, initial_state, state))
        return MemoryWorldLog(self._store, created.id)

    def change(self, change: SecretsChanged | WorldRemoved) -> None:
        self._made.append(change)

    def apply(self) -> None:
        contents = self._store.contents
        contents.sequences = dict(self.sequences)
        contents.worlds.update((world.created.id, world) for world in self._created)
        for change in self._made:
            contents.changes.append((self._store, change))
            if isinstance(change, SecretsChanged):
                contents.worlds[change.id].secrets = change.secrets
            elif isinstance(change, WorldRemoved):
                contents.worlds.pop(change.id).is_dropped = True


class MemoryWorldLog:
    """The log of one world in one "process"."""

    keeps_exchanges = True

    def __init__(self, store: MemoryStore, world_id: str) -> None:
        self._store = store
        self._id = world_id
        self._begun: _World | None = None
        self.holder = store.holder

    def _find(self) -> _World:
        self._store.contents.check()
        world = self._store.contents.worlds.get(self._id)
        if world is None or world.is_dropped:
            raise WorldDropped(f"world {self._id!r} was dropped")
        return world

    def begin(self, known: int | None) -> Begun:
        self._begun = world = self._find()
        world.lock.acquire()
        self._store.see()
        return Begun([] if known is None else [*map(_copied, world.commits[known:])], self._store.contents.time)

    def is_lost(self, holder: str) -> bool:
        return holder in self._store.contents.ended

    def commit(self, commit: Commit, world: CommittedWorld) -> None:
        stored = self._begun
        assert stored is not None
        try:
            self._store.contents.check()
            if self._store.contents.fails_to_commit:
                raise StoreUnavailable("the disk is full")
            assert commit.sequence == len(stored.commits) + 1
            stored.commits.append(_copied(commit))
            stored.has_scheduled = bool(len(world.state.scheduled) or world.state.in_flight)
        finally:
            self.release()

    def release(self) -> None:
        assert self._begun is not None
        self._begun.lock.release()
        self._begun = None

    def load(self) -> LoadedWorld:
        world = self._find()
        initial_state, state = world.initial_state, _copy(world.start)
        cursor, last, at = 0, 0, state.clock.now()
        for commit in world.commits:
            for batch in commit.batches:
                initial_state = apply_batch(state, initial_state, batch)
                cursor, at = cursor + len(batch.events), batch.at
                for event in batch.events:
                    if isinstance(event, ExchangeRecorded):
                        last = event.number
        exchanges = [exchange for commit in map(_copied, world.commits) for exchange in commit.exchanges]
        return LoadedWorld(
            initial_state, state, len(world.commits), at, cursor, last, exchanges[-100:], world.commits[-100:]
        )

    def read(self, since: int) -> Iterator[Commit]:
        return iter(self._find().commits[since:])
