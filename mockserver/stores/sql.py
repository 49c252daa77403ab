"""What the stores in SQLite and in PostgreSQL share: how worlds are written into tables, and read from them.

A dialect brings the connections: `SqlStore.begin_write` and `SqlStore.begin_read`, and what a world's transaction is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from json import dumps, loads
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias

from msgspec import Struct
from sqlalchemy import bindparam, delete, func, insert, select, update

from mockserver.engine.event_log import (
    Begun,
    Commit,
    CommittedWorld,
    LoadedWorld,
    RegistryChange,
    SecretsChanged,
    StoredWorld,
    StoreUnavailable,
    WorldCreated,
    WorldDropped,
    WorldRemoved,
)
from mockserver.engine.events import ExchangeFinished, ExchangeRecorded, JournalCleared
from mockserver.engine.state import apply_batch

from .housekeeping import Housekeeper
from .schema import (
    BLOB_USES,
    BLOBS,
    COMMITS,
    CREDENTIALS,
    REGISTRY,
    REGISTRY_EVENTS,
    SNAPSHOT_PARTS,
    SNAPSHOTS,
    WORLDS,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection, Executable
    from sqlalchemy.sql.dml import Insert

    from mockserver.engine.event_log import RegistryTransaction, Secrets, SharedWorlds
    from mockserver.engine.instants import Instant
    from mockserver.engine.journal import Exchange
    from mockserver.engine.state import InitialState, State

    from .codec import Codec

PAGE: Final = 1_000
"""How many commits are read at once."""
LAST: Final = 2**62
"""More than any sequence."""
PART: Final = 2**20
"""Bytes of a part of a snapshot."""
MIN_SNAPSHOT_EVENTS: Final = 5_000
"""Events after which another snapshot is written; more for a world with more messages than that."""
_EXCHANGES_PAGE: Final = 100
"""The commits that are read at a time for the journal of a world that is loaded."""
_FEED_COMMITS: Final = 1_000
"""The latest commits that are read for the feed of a world that is loaded: as many as a feed holds."""
_REGISTRY_EVENTS: Final = 10_000
"""Changes of the registry that are kept."""

Write: TypeAlias = Callable[["Connection"], object]
"""A part of a transaction."""


class Retention(Struct, frozen=True):
    """How much of its past a store keeps."""

    history: int = 10_000
    """The latest commits of each world, with the exchanges that were recorded in them."""
    journal: int = 10_000
    """The latest exchanges that are read when a world is loaded."""
    journal_bytes: int = 32 * 2**20
    """The bytes of memory that they may take, and about how many bytes of exchanges each world keeps in the store."""
    keeps_exchanges: bool = True
    """Whether exchanges are stored at all."""


class CommitConflict(StoreUnavailable):
    """Another process has written a commit of that sequence."""


class SqlStore(ABC):
    """A store in SQL tables. `mockserver.engine.event_log.Store` says what its public methods do."""

    is_shared: ClassVar[bool]

    def __init__(self, codec: Codec, retention: Retention, holder: str) -> None:
        self.codec = codec
        self.retention = retention
        self.holder = holder
        """The name of this process, as in `WorldLog.holder`."""
        self.blobs = BlobCache()
        self._logs: dict[str, SqlWorldLog] = {}
        self._registry_lock = Lock()
        self.known_changes = 0
        """The changes of the registry that this process knows."""
        self._housekeeper = Housekeeper()

    # -- what a dialect brings ---------------------------------------------------------------------------------------

    @abstractmethod
    def begin_write(self) -> AbstractContextManager[Connection]:
        """Return a transaction on a connection, which is committed when the block ends without an error.

        Raises:
            StoreUnavailable: the store cannot be read or written now.
        """

    @abstractmethod
    def begin_read(self) -> AbstractContextManager[Connection]:
        """Return a connection on which the store is read.

        Raises:
            StoreUnavailable: the store cannot be read now.
        """

    @abstractmethod
    def insert_ignoring(self, table: Any) -> Insert:
        """Return a statement that inserts rows, except those whose key is there already."""

    @abstractmethod
    def create_log(self, world_id: str, number: int) -> SqlWorldLog:
        """Return a new log of a world."""

    @property
    @abstractmethod
    def is_current(self) -> bool:
        """Whether no process has changed the registry since `changes`, as far as the transaction that began last has seen."""

    @abstractmethod
    def changes(self) -> Sequence[RegistryChange]:
        """Return what other processes have changed of the registry since the last time, in order."""

    @abstractmethod
    def find_damage(self) -> Sequence[str]:
        """Look for damage below the level of tables, and return a sentence for each that is found."""

    @abstractmethod
    def shrink(self) -> None:
        """Give back the room of what was deleted."""

    @abstractmethod
    def next_due(self, world: CommittedWorld) -> int | None:
        """Return what to write as `WORLDS`'s ``next_due``."""

    # -- the registry ------------------------------------------------------------------------------------------------

    def worlds(self) -> Sequence[StoredWorld]:
        """Return every world, in the order of their numbers."""
        with self.begin_read() as connection:
            self.known_changes = connection.scalar(select(REGISTRY.c.head)) or 0
            secrets: dict[int, dict[tuple[str, str], str | None]] = {}
            for row in connection.execute(select(CREDENTIALS)):
                secrets.setdefault(row.world, {})[row.provider, row.username] = row.secret
            rows = connection.execute(select(WORLDS).order_by(WORLDS.c.number)).all()
        for row in rows:
            self._logs.setdefault(row.id, self.create_log(row.id, row.number))
        return [StoredWorld(row.id, row.number, secrets.get(row.number, {}), row.next_due is not None) for row in rows]

    @contextmanager
    def transaction(self) -> Iterator[RegistryTransaction]:
        """Begin a transaction of the registry, whose row it locks; it is written when the block ends."""
        with self._registry_lock:
            with self.begin_write() as connection:
                transaction = RegistryWriter(self, connection)
                yield transaction
                transaction.write(connection)
            transaction.finish()

    def read_changes(self, connection: Connection) -> Sequence[RegistryChange]:
        """Return what has changed of the registry since the last time, and remember that it is known."""
        rows = connection.execute(
            select(REGISTRY_EVENTS)
            .where(REGISTRY_EVENTS.c.sequence > self.known_changes)
            .order_by(REGISTRY_EVENTS.c.sequence)
        ).all()
        changes: list[RegistryChange] = []
        for row in rows:
            self.known_changes = row.sequence
            if row.kind == "dropped":
                self.forget_log(row.world_id)
                changes.append(WorldRemoved(row.world_id))
                continue
            secrets = {
                (each.provider, each.username): each.secret
                for each in connection.execute(select(CREDENTIALS).where(CREDENTIALS.c.world == row.world))
            }
            if row.kind == "created":
                self._logs.setdefault(row.world_id, self.create_log(row.world_id, row.world))
                changes.append(WorldCreated(row.world_id, row.world, secrets))
            else:
                changes.append(SecretsChanged(row.world_id, secrets))
        return changes

    def log(self, world_id: str) -> SqlWorldLog:
        """Return the log of a world.

        Raises:
            WorldDropped: there is no such world.
        """
        log = self._logs.get(world_id)
        if log is None:
            raise WorldDropped(world_id)
        return log

    def keep_log(self, world_id: str, log: SqlWorldLog) -> None:
        """Keep the log of a world that was just created."""
        self._logs[world_id] = log

    def forget_log(self, world_id: str) -> None:
        """Forget the log of a world that was dropped."""
        self._logs.pop(world_id, None)

    # -- housekeeping ------------------------------------------------------------------------------------------------

    def write_snapshot(self, log: SqlWorldLog, position: Position, initial_state: InitialState, state: State) -> None:
        """Write a snapshot of a state, which is the store's from now on, and delete what it makes superfluous. Not at once."""
        self._housekeeper.add(lambda: self._write_snapshot(log.encode_snapshot(position, initial_state, state)))

    def _write_snapshot(self, snapshot: Snapshot) -> None:
        for write in (*snapshot.parts(), snapshot.write_row):
            with self.begin_write() as connection:
                write(connection)
        snapshot.blobs.finish()
        sequence = snapshot.position.sequence
        self._delete_past(snapshot.world, sequence, sequence - self.retention.history)

    def trim_journal(self, number: int) -> None:
        """Delete the oldest exchanges of a world that are more than a journal may hold. Not at once."""
        self._housekeeper.add(lambda: self._trim_journal(number))

    def _trim_journal(self, number: int) -> None:
        own = (COMMITS.c.world == number) & COMMITS.c.exchange.is_not(None)
        newest_first = select(COMMITS.c.sequence, func.length(COMMITS.c.exchange)).where(own)
        with self.begin_read() as connection:
            rows = connection.execute(newest_first.order_by(COMMITS.c.sequence.desc())).all()
        size = 0
        for sequence, length in rows:
            size += length
            if size > self.retention.journal_bytes:
                with self.begin_write() as connection:
                    connection.execute(
                        update(COMMITS).where(own, COMMITS.c.sequence <= sequence).values(exchange=None, number=None)
                    )
                return

    def tidy(self, number: int) -> None:
        """Delete what a world consisted of that was dropped, little by little."""
        self._housekeeper.add(lambda: self._delete_world(number))

    def _delete_world(self, number: int) -> None:
        with self.begin_read() as connection:
            if connection.scalar(select(WORLDS.c.number).where(WORLDS.c.number == number)) is not None:
                return  # another world has the number now
        self._delete_past(number, LAST, LAST)
        with self.begin_write() as connection:
            connection.execute(delete(BLOB_USES).where(BLOB_USES.c.world == number))
            for digest in self.delete_blobs(connection):
                self.blobs.stored.pop(digest, None)

    def delete_blobs(self, connection: Connection) -> Sequence[str]:
        """Delete the blobs that no world uses, and return their digests."""
        gone = delete(BLOBS).where(BLOBS.c.hash.not_in(select(BLOB_USES.c.hash))).returning(BLOBS.c.hash)
        return connection.scalars(gone).all()

    def check_blobs(self, connection: Connection, uses: set[str]) -> None:  # noqa: B027 - only shared stores have to
        """Check that blobs are stored, where another process may have deleted some."""

    def _delete_past(self, number: int, snapshots: int, commits: int) -> None:
        """Delete a world's snapshots before a sequence, and its commits up to one."""
        for table in (SNAPSHOTS, SNAPSHOT_PARTS):
            with self.begin_write() as connection:
                connection.execute(delete(table).where(table.c.world == number, table.c.sequence < snapshots))
        own = COMMITS.c.world == number
        while True:
            with self.begin_write() as connection:
                upto = connection.scalar(
                    select(COMMITS.c.sequence)
                    .where(own, COMMITS.c.sequence <= commits)
                    .order_by(COMMITS.c.sequence)
                    .offset(PAGE - 1)
                    .limit(1)
                )
                connection.execute(
                    delete(COMMITS).where(own, COMMITS.c.sequence <= (commits if upto is None else upto))
                )
            if upto is None:
                return

    def finish_housekeeping(self) -> None:
        """Write the snapshots that are due, and delete what they make superfluous."""
        self._housekeeper.close()

    def start(self, worlds: SharedWorlds) -> None:  # noqa: B027 - only shared stores have to
        """Follow from now on what other processes do to these worlds."""

    def close(self) -> None:
        """Finish the housekeeping."""
        self._housekeeper.close()


class BlobCache:
    """The blobs that are known to be stored, each with all that it refers to, and those that this process has to store."""

    def __init__(self) -> None:
        self.stored: dict[str, frozenset[str]] = {}


class BlobWriter:
    """Collects what a transaction has to store beside its own rows, and is the codec's ``put_blob``."""

    __slots__ = ("_cache", "_new", "_references", "_used", "uses")

    def __init__(self, cache: BlobCache, used: set[str], references: Callable[[bytes], set[str]]) -> None:
        self._cache = cache
        self._used = used
        self._references = references
        self._new: dict[str, bytes] = {}
        self.uses: set[str] = set()

    def __call__(self, digest: str, make: Callable[[], bytes]) -> None:
        """Note that the world uses a blob, which is made unless it is stored already."""
        if digest in self._used or digest in self.uses:
            return
        self.uses.add(digest)
        stored = self._cache.stored.get(digest)
        if stored is None:
            self._new[digest] = make()
        else:
            self.uses |= stored - self._used

    def write(self, store: SqlStore, connection: Connection, world: int) -> None:
        """Write what was collected."""
        if self._new:
            rows = [{"hash": digest, "body": body} for digest, body in self._new.items()]
            connection.execute(store.insert_ignoring(BLOBS), rows)
        if self.uses:
            store.check_blobs(connection, self.uses)
            connection.execute(
                store.insert_ignoring(BLOB_USES), [{"hash": digest, "world": world} for digest in self.uses]
            )

    def finish(self) -> None:
        """Note that all of it is stored."""
        self._used |= self.uses
        direct = {digest: self._references(body) for digest, body in self._new.items()}
        for digest, references in direct.items():
            found, more = set[str](), list(references)
            while more:
                each = more.pop()
                if each not in found:
                    found.add(each)
                    more += direct.get(each, self._cache.stored.get(each, ()))
            self._cache.stored[digest] = frozenset(found)


class RegistryWriter:
    """A transaction of the registry; `mockserver.engine.event_log.RegistryTransaction`. It is written when it ends."""

    def __init__(self, store: SqlStore, connection: Connection) -> None:
        self._store = store
        self._writes: list[Write] = []
        self._ends: list[Callable[[], object]] = []
        row = connection.execute(select(REGISTRY).with_for_update()).one()
        self.changes = store.read_changes(connection)
        self.sequences: Mapping[str, int] = loads(row.sequences)
        self.head: int = row.head
        self._last_number: int = row.last_number

    def use(self, sequences: Mapping[str, int]) -> None:
        """Store the next number of each sequence that was used."""
        self.sequences = {**self.sequences, **sequences}

    def create(self, created: WorldCreated, initial_state: InitialState, state: State) -> SqlWorldLog:
        """Store a new world."""
        store, number = self._store, created.number
        log = store.create_log(created.id, number)
        snapshot = log.encode_snapshot(Position(), initial_state, state)
        due = state.scheduled.next
        self._last_number = max(self._last_number, number)

        def write(connection: Connection) -> None:
            for table in (
                COMMITS,
                SNAPSHOTS,
                SNAPSHOT_PARTS,
                BLOB_USES,
            ):  # of a world that had the number and was dropped
                connection.execute(delete(table).where(table.c.world == number))
            connection.execute(
                insert(WORLDS),
                {"number": number, "id": created.id, "head": 0, "next_due": due and 0, "journal_since": 0},
            )
            snapshot.write(connection)
            _insert_secrets(connection, number, created.secrets)

        def end() -> None:
            snapshot.blobs.finish()
            log.written_due = due and 0
            store.keep_log(created.id, log)

        self._writes += (write, self._event("created", number, created.id))
        self._ends.append(end)
        return log

    def change(self, change: SecretsChanged | WorldRemoved) -> None:
        """Store that a world has other credentials, or is no more."""
        store = self._store
        number = store.log(change.id).number
        if isinstance(change, SecretsChanged):
            secrets = change.secrets

            def write(connection: Connection) -> None:
                connection.execute(delete(CREDENTIALS).where(CREDENTIALS.c.world == number))
                _insert_secrets(connection, number, secrets)

            self._writes += (write, self._event("credentials", number, change.id))
        else:
            self._writes += (lambda connection: _drop(connection, number), self._event("dropped", number, change.id))
            self._ends.append(lambda: store.forget_log(change.id))
            self._ends.append(lambda: store.tidy(number))

    def _event(self, kind: str, number: int, world_id: str) -> Write:
        self.head += 1
        row = {"sequence": self.head, "kind": kind, "world": number, "world_id": world_id}
        return lambda connection: connection.execute(insert(REGISTRY_EVENTS), row)

    def write(self, connection: Connection) -> None:
        """Write what was changed."""
        for write in self._writes:
            write(connection)
        connection.execute(
            update(REGISTRY), {"head": self.head, "last_number": self._last_number, "sequences": dumps(self.sequences)}
        )
        if self._writes:
            connection.execute(
                delete(REGISTRY_EVENTS).where(REGISTRY_EVENTS.c.sequence <= self.head - _REGISTRY_EVENTS)
            )

    def finish(self) -> None:
        """Do what follows when it was written."""
        for end in self._ends:
            end()
        self._store.known_changes = self.head


class Position(Struct, frozen=True):
    """Where a world is after a commit."""

    sequence: int = 0
    cursor: int = 0
    """The number of events that its feed has shown."""
    last_exchange: int = 0
    at: Instant = 0
    """The instant of the last event."""

    def after(self, commit: Commit) -> Position:
        """Return where the world is after another commit."""
        cursor, last, at = self.cursor, self.last_exchange, self.at
        for batch in commit.batches:
            cursor += len(batch.events)
            at = batch.at
            for event in batch.events:
                if isinstance(event, ExchangeRecorded):
                    last = event.number
        return Position(commit.sequence, cursor, last, at)


class Snapshot:
    """An encoded state of a world, which has still to be written."""

    def __init__(
        self, world: int, position: Position, initial: bytes, state: bytes, blobs: BlobWriter, store: SqlStore
    ) -> None:
        self.world = world
        self.position = position
        self._initial = initial
        self._state = state
        self.blobs = blobs
        self._store = store

    def parts(self) -> Iterator[Write]:
        """Return the writes that may be transactions of their own: the blobs, and then the state in parts."""
        key = {"world": self.world, "sequence": self.position.sequence}
        yield lambda connection: self.blobs.write(self._store, connection, self.world)
        for part in range(-(-len(self._state) // PART)):
            row = {**key, "part": part, "body": self._state[part * PART : (part + 1) * PART]}
            yield lambda connection, row=row: connection.execute(insert(SNAPSHOT_PARTS), row)  # type: ignore[misc]  # mypy does not infer a default's type

    def write_row(self, connection: Connection) -> None:
        """Write the row that makes the parts a snapshot."""
        position = self.position
        connection.execute(
            insert(SNAPSHOTS),
            {
                "world": self.world,
                "sequence": position.sequence,
                "cursor": position.cursor,
                "last_exchange": position.last_exchange,
                "at": position.at,
                "initial": self._initial,
            },
        )

    def write(self, connection: Connection) -> None:
        """Write all of it in one transaction."""
        for write in self.parts():
            write(connection)
        self.write_row(connection)


class SqlWorldLog(ABC):
    """The log of a world in SQL tables; `mockserver.engine.event_log.WorldLog` says what its public methods do."""

    def __init__(self, store: SqlStore, world_id: str, number: int) -> None:
        self.store = store
        self.holder = store.holder
        self.keeps_exchanges = store.retention.keeps_exchanges
        self.world_id = world_id
        self.number = number
        self.position = Position()
        """Where the world is after the last commit that this process knows."""
        self.used_blobs: set[str] = set()
        self.written_due: int | None = None
        """What `WORLDS`'s ``next_due`` is."""
        self.snapshot_sequence = 0
        """The sequence of the snapshot from which the world was loaded."""
        self._exchange_bytes = 0
        """The bytes of the exchanges that were written since the journal was trimmed."""
        self._since_snapshot = 0
        """Events since the latest snapshot, or since one is being written."""

    # -- what a dialect brings ---------------------------------------------------------------------------------------

    @abstractmethod
    def begin(self, known: int | None) -> Begun:
        """Begin a transaction."""

    @abstractmethod
    def commit(self, commit: Commit, world: CommittedWorld) -> None:
        """Write a commit, and end the transaction."""

    @abstractmethod
    def release(self) -> None:
        """End a transaction in which nothing happened."""

    @abstractmethod
    def is_lost(self, holder: str) -> bool:
        """Return whether a process that has started an attempt has ended."""

    @abstractmethod
    def fetch(self, statement: Executable) -> Sequence[Any]:
        """Return the rows of a query: inside the transaction, if one has begun."""

    # -- writing -----------------------------------------------------------------------------------------------------

    def blob_writer(self) -> BlobWriter:
        """Return what collects the blobs of a transaction."""
        return BlobWriter(self.store.blobs, self.used_blobs, self.store.codec.references)

    def encode(self, commit: Commit, blobs: BlobWriter) -> tuple[bytes, bytes | None, int | None]:
        """Return the body of a commit, and its exchanges with the number of the first."""
        codec = self.store.codec
        body = codec.encode_batches(commit.batches, blobs)
        if not commit.exchanges or not self.store.retention.keeps_exchanges:
            return body, None, None
        exchanges = b"\n".join(codec.encode_exchange(exchange, blobs) for exchange in commit.exchanges)
        self._exchange_bytes += len(exchanges)
        return body, exchanges, commit.exchanges[0].number

    def note_commit(self, commit: Commit, world: CommittedWorld) -> None:
        """Note that a commit was written, and have a snapshot made if it is time for one."""
        self.note_position(commit)
        if self._exchange_bytes > self.store.retention.journal_bytes:
            self._exchange_bytes = 0
            self.store.trim_journal(self.number)
        state = world.state
        if self._since_snapshot > MIN_SNAPSHOT_EVENTS and self._since_snapshot > len(state.message_store):
            self._since_snapshot = 0
            copy = state.copy()
            copy.checkpoints = dict(state.checkpoints)
            self.store.write_snapshot(self, self.position, world.initial_state, copy)

    def note_position(self, commit: Commit) -> None:
        """Note that the world is after a commit now, of this process or another."""
        for batch in commit.batches:
            self._since_snapshot += len(batch.events) + len(batch.internal)
        self.position = self.position.after(commit)

    def encode_snapshot(self, position: Position, initial_state: InitialState, state: State) -> Snapshot:
        """Encode the state after a commit."""
        codec, blobs = self.store.codec, self.blob_writer()
        initial = codec.encode_initial_state(initial_state, blobs)
        return Snapshot(self.number, position, initial, codec.encode_state(state, blobs), blobs, self.store)

    # -- reading -----------------------------------------------------------------------------------------------------

    def load(self) -> LoadedWorld:
        """Load the world as of its last commit."""
        codec = self.store.codec
        (world,) = self.fetch(select(WORLDS).where(WORLDS.c.number == self.number)) or (None,)
        if world is None:
            raise WorldDropped(self.world_id)
        newest = (
            select(SNAPSHOTS).where(SNAPSHOTS.c.world == self.number).order_by(SNAPSHOTS.c.sequence.desc()).limit(1)
        )
        (snapshot,) = self.fetch(newest)
        initial = codec.decode_initial_state(snapshot.initial, self.get_blob)
        state = codec.decode_state(self.snapshot_state(snapshot.sequence), self.get_blob)
        self.position = Position(snapshot.sequence, snapshot.cursor, snapshot.last_exchange, snapshot.at)
        self.snapshot_sequence = snapshot.sequence
        self.written_due = world.next_due
        self._since_snapshot = 0
        for commit in self._read(snapshot.sequence):
            for batch in commit.batches:
                initial = apply_batch(state, initial, batch)
            self.note_position(commit)
        position = self.position
        return LoadedWorld(
            initial,
            state,
            position.sequence,
            position.at,
            position.cursor,
            position.last_exchange,
            self._latest_exchanges(world.journal_since),
            list(self._read(position.sequence - _FEED_COMMITS)),
        )

    def read(self, since: int) -> Iterator[Commit]:
        """Read the commits since a sequence.

        Raises:
            LookupError: some of them are no longer kept.
        """
        expected = since + 1
        for commit in self._read(since):
            if commit.sequence != expected:
                break
            expected += 1
            yield commit
        if expected <= self.position.sequence:
            raise LookupError(f"the commits of world {self.world_id!r} since {since} are no longer kept")

    def _read(self, since: int) -> Iterator[Commit]:
        """Read the commits that are kept since a sequence, without their exchanges, a page at a time."""
        decode, get_blob = self.store.codec.decode_batches, self.get_blob
        page = (
            select(COMMITS.c.sequence, COMMITS.c.body)
            .where(COMMITS.c.world == self.number, COMMITS.c.sequence > bindparam("since"))
            .order_by(COMMITS.c.sequence)
            .limit(PAGE)
        )
        while rows := self.fetch(page.params(since=since)):
            for row in rows:
                yield Commit(row.sequence, decode(row.body, get_blob))
            since = rows[-1].sequence
            if len(rows) < PAGE:
                return

    def snapshot_state(self, sequence: int) -> bytes:
        """Read the encoded state of a snapshot."""
        parts = (
            select(SNAPSHOT_PARTS.c.body)
            .where(SNAPSHOT_PARTS.c.world == self.number, SNAPSHOT_PARTS.c.sequence == sequence)
            .order_by(SNAPSHOT_PARTS.c.part)
        )
        return b"".join(row.body for row in self.fetch(parts))

    def _latest_exchanges(self, since: int) -> list[Exchange]:
        """Read the latest exchanges that belong to the journal, no more than it can hold, in order."""
        codec, retention = self.store.codec, self.store.retention
        page = (
            select(COMMITS.c.sequence, COMMITS.c.body, COMMITS.c.exchange)
            .where(COMMITS.c.world == self.number, COMMITS.c.sequence > since, COMMITS.c.sequence < bindparam("before"))
            .order_by(COMMITS.c.sequence.desc())
            .limit(_EXCHANGES_PAGE)
        )
        exchanges: list[Exchange] = []
        endings: dict[int, ExchangeFinished] = {}
        size, before = 0, self.position.sequence + 1
        while rows := self.fetch(page.params(before=before)):
            for row in rows:
                for finished in codec.finished_exchanges(row.body):
                    endings.setdefault(finished.number, finished)
                for text in reversed(bytes(row.exchange).split(b"\n") if row.exchange else ()):
                    if len(exchanges) == retention.journal or size > retention.journal_bytes:
                        return exchanges[::-1]
                    exchange = codec.decode_exchange(text, self.get_blob)
                    if (end := endings.pop(exchange.number, None)) is not None:
                        exchange.sent, exchange.ending, exchange.duration = end.sent, end.ending, end.duration
                    size += exchange.size
                    exchanges.append(exchange)
            before = rows[-1].sequence
        return exchanges[::-1]

    def get_blob(self, digest: str) -> bytes:
        """Return a blob; the codec's ``get_blob``."""
        rows = self.fetch(select(BLOBS.c.body).where(BLOBS.c.hash == digest))
        if not rows:
            raise LookupError(f"the state lacks the shared part {digest}")
        body: bytes = rows[0].body
        return body


def cleared_at(commit: Commit) -> bool:
    """Return whether a commit cleared the journal."""
    return any(
        isinstance(event, JournalCleared) for batch in commit.batches for event in (*batch.events, *batch.internal)
    )


def _insert_secrets(connection: Connection, number: int, secrets: Secrets) -> None:
    rows = [
        {"provider": provider, "username": user, "world": number, "secret": secret}
        for (provider, user), secret in secrets.items()
    ]
    if rows:
        connection.execute(insert(CREDENTIALS), rows)


def _drop(connection: Connection, number: int) -> None:
    """Drop a world; what it consists of is deleted by `SqlStore.tidy`, little by little."""
    connection.execute(delete(CREDENTIALS).where(CREDENTIALS.c.world == number))
    connection.execute(delete(WORLDS).where(WORLDS.c.number == number))
