"""A store in a PostgreSQL database, which any number of processes share.

A transaction of a world locks the world's row, reads what other processes have committed, and writes one row: two round trips.
Worlds have no lock in common, so they never wait for each other. Time is the database's. What a request's transaction never
does is to notify other processes, because a commit after NOTIFY takes a lock of the whole cluster: `Replica` does that.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, LiteralString, NamedTuple, TypeAlias

import psycopg
from msgspec import structs
from psycopg.rows import namedtuple_row
from sqlalchemy import (
    BigInteger,
    LargeBinary,
    bindparam,
    cast,
    create_engine,
    extract,
    func,
    insert,
    literal_column,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoneFree
from sqlalchemy.pool import QueuePool
from sqlalchemy.sql import ClauseElement

from mockserver.engine.event_log import Begun, Commit, CommittedWorld, LoadedWorld, StoreUnavailable, WorldDropped
from mockserver.engine.state import apply_batch
from mockserver.unpatched import time_ns

from .database import Driver, Guard, check_url, describe_database, explain_failure
from .errors import StateUnusable
from .migrate import NewerState, migrate, read_version
from .replica import Replica
from .schema import BLOBS, COMMITS, HOLDERS, REGISTRY, SNAPSHOTS, VERSION, WORLDS
from .sql import MIN_SNAPSHOT_EVENTS, PAGE, Retention, SqlStore, SqlWorldLog, cleared_at

if TYPE_CHECKING:
    from sqlalchemy import Connection, Executable
    from sqlalchemy.pool import PoolProxiedConnection
    from sqlalchemy.sql.dml import Insert

    from mockserver.engine.event_log import RegistryChange, RegistryTransaction, SharedWorlds, StoredWorld

    from .codec import Codec

PATIENCE: Final = 1.8
"""Seconds within which the transaction of a world must have ended; else its request is answered with an error."""
LOCK_PATIENCE: Final = 1.2
"""Seconds that it waits for another process that has the world locked."""
LONG_PATIENCE: Final = 60.0
"""The same for what no request waits for, and for loading a world."""
CONNECTIONS: Final = 16
"""Connections that the transactions of worlds may use at the same time."""
LEASE: Final = 3_000_000
"""Microseconds after which another process looks at a world in which attempts are in flight."""
LOST_AFTER: Final = 5_000_000
"""Microseconds without a sign of life after which a process counts as ended."""

_SETTINGS: Final = (
    f"SET lock_timeout = {int(LOCK_PATIENCE * 1000)}; SET idle_in_transaction_session_timeout = 10000; "
    "SET default_transaction_isolation = 'read committed'; SET application_name = 'mockserver'"
)
"""A process that is stopped while it has a world locked keeps it from the others for ten seconds at most."""
_MIGRATING: Final = 0x6D6F636B
"""The key of the lock that a process takes to create the tables."""

Isolation: TypeAlias = Literal["READ COMMITTED", "REPEATABLE READ"]

_WORLD = bindparam("world", type_=BigInteger)
DATABASE_TIME = cast(extract("epoch", func.clock_timestamp()) * literal_column("1000000"), BigInteger)
"""The time of the database, in microseconds."""
_NEWS = (
    select(COMMITS.c.sequence, COMMITS.c.body, COMMITS.c.exchange, COMMITS.c.number)
    .where(COMMITS.c.world == _WORLD, COMMITS.c.sequence > bindparam("known", type_=BigInteger))
    .order_by(COMMITS.c.sequence)
    .limit(literal_column(str(PAGE)))
    .subquery()
)


class BlobsDeleted(StoreUnavailable):
    """Another process has just deleted shared parts that were to be used."""


class _Statements(NamedTuple):
    """The statements of a world's transaction, compiled for the driver once."""

    lock: str
    news: str
    write: str
    clear: str
    alive: str


_GENERATION: Final = "generation"
"""The name under which a pooled connection notes the generation that it is of."""


class PostgresqlStore(SqlStore):
    """The worlds of several servers in one PostgreSQL database."""

    is_shared: ClassVar[bool] = True

    def __init__(
        self, url: str, codec: Codec, retention: Retention | None = None, *, is_read_only: bool = False
    ) -> None:
        """Connect to a database, and create the tables where there are none, unless it is only read.

        Raises:
            StateUnusable: the URL is wrong, the database cannot be reached, a newer version has written it, or it is only read
                and has no tables of this version.
            StateNotAllowed: the database rejects this user.
        """
        super().__init__(codec, retention or Retention(), f"{os.getpid()}-{time_ns()}")
        self._conninfo = check_url(url)
        self.name = describe_database(self._conninfo)
        """What the database is called in messages."""
        self._seen_changes = 0
        self._is_closed = False
        """Whether a connection that comes back is closed: threads may still end what they do when the store is closed."""
        self._generation = 0
        """How often all connections were closed."""
        self._replica: Replica | None = None
        self._guard = Guard(self.connect)
        self._engine = create_engine(
            "postgresql+psycopg://", creator=self._connect, pool_size=2, max_overflow=6, pool_timeout=PATIENCE
        )
        self._pool = QueuePool(
            self.connect,  # type: ignore[arg-type]  # mypy does not see PEP 249's protocol in psycopg's connection
            pool_size=CONNECTIONS // 2,
            max_overflow=CONNECTIONS - CONNECTIONS // 2,
            timeout=PATIENCE,
            use_lifo=True,
            reset_on_return=None,
        )
        try:
            self.connect().close()  # the driver's own error says why there is none
            with self._engine.begin() as connection:
                connection.execute(text("SET LOCAL lock_timeout = 0"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
                if is_read_only:
                    _check_version(connection)
                else:
                    migrate(connection)
        except NewerState as reason:
            self.close()
            raise StateUnusable(f"the state in {self.name}: {reason}; it was left as it is") from None
        except (psycopg.Error, DBAPIError) as reason:
            self.close()
            raise explain_failure(self.name, reason) from None
        self.statements = self._compile_statements()

    # -- connections -------------------------------------------------------------------------------------------------

    def _connect(self) -> Driver:
        connection = self.connect()
        connection.autocommit = False
        return connection

    def connect(self) -> Driver:
        """Return a new connection, on which each statement is a transaction unless one is begun."""
        connection = psycopg.connect(self._conninfo, autocommit=True)
        try:
            connection.execute(_SETTINGS)
        except BaseException:
            connection.close()
            raise
        return connection

    def take_connection(self) -> PoolProxiedConnection:
        """Return a connection for the transaction of a world, which must end in time.

        Raises:
            StoreUnavailable: the database cannot be reached.
        """
        if self._guard.is_down:
            raise self.unavailable("it does not answer")
        generation = self._generation  # read before the pool, which is replaced after it was raised
        try:
            pooled = self._pool.connect()
        except psycopg.Error as reason:
            self._guard.report_failure()
            raise self.unavailable(reason) from reason
        except NoneFree as reason:
            raise self.unavailable("all connections are in use") from reason
        pooled.info[_GENERATION] = generation
        self._guard.watch(_driver(pooled), PATIENCE)
        return pooled

    def extend(self, pooled: PoolProxiedConnection) -> None:
        """Give a transaction more time, because it loads its world."""
        self._guard.watch(_driver(pooled), LONG_PATIENCE)

    def return_connection(self, pooled: PoolProxiedConnection, *, is_broken: bool = False) -> bool:
        """Take a connection back; return whether its transaction ended in time."""
        in_time = self._guard.end_watch(_driver(pooled))
        if in_time and not is_broken and not self._is_closed and pooled.info[_GENERATION] == self._generation:
            pooled.close()
        else:
            pooled.invalidate()
        return in_time

    def close_idle(self) -> None:
        """Close the connections: the database has closed one of them, and so perhaps all. Those in use are closed after it."""
        self._generation += 1
        old, self._pool = self._pool, self._pool.recreate()
        old.dispose()
        self._engine.dispose()

    def report_failure(self) -> None:
        """Note that the database did not answer: it is asked for no world until it does."""
        self._guard.report_failure()

    def unavailable(self, reason: object) -> StoreUnavailable:
        """Return the error of a transaction that cannot be made."""
        return StoreUnavailable(f"the state in {self.name} cannot be read or written: {' '.join(str(reason).split())}")

    @contextmanager
    def begin_write(self) -> Iterator[Connection]:
        """Return a transaction on a connection of its own."""
        with self._transacting() as connection:
            yield connection

    begin_read = begin_write

    @contextmanager
    def begin_read_at_once(self) -> Iterator[Connection]:
        """Return a connection to read from that shows one moment, whatever others commit meanwhile."""
        with self._transacting("REPEATABLE READ") as connection:
            yield connection

    @contextmanager
    def _transacting(self, isolation: Isolation = "READ COMMITTED") -> Iterator[Connection]:
        if self._guard.is_down:
            raise self.unavailable("it does not answer")
        try:
            generation = self._generation
            with self._engine.connect().execution_options(isolation_level=isolation) as connection:
                try:
                    with connection.begin():
                        driver = _driver(connection.connection)
                        self._guard.watch(driver, LONG_PATIENCE)
                        try:
                            yield connection
                        finally:
                            self._guard.end_watch(driver)
                finally:
                    if self._is_closed or generation != self._generation:
                        connection.invalidate()  # else its pool, which nobody has any more, would keep it open
        except DBAPIError as error:
            if error.connection_invalidated:
                self.close_idle()
            raise self.unavailable(error.orig or error) from error
        except psycopg.Error as error:  # while connecting
            self._guard.report_failure()
            raise self.unavailable(error) from error
        except NoneFree as error:
            raise self.unavailable("all connections are in use") from error

    def _compile_statements(self) -> _Statements:
        def number(name: str) -> Any:
            return bindparam(name, type_=BigInteger)

        def compiled(statement: ClauseElement) -> str:
            return str(statement.compile(dialect=self._engine.dialect))

        world = update(WORLDS).where(WORLDS.c.number == _WORLD)
        commit = (
            insert(COMMITS)
            .values(
                world=_WORLD,
                sequence=number("sequence"),
                body=bindparam("body", type_=LargeBinary),
                exchange=bindparam("exchange", type_=LargeBinary),
                number=number("number"),
            )
            .cte("written")
        )
        return _Statements(
            lock=compiled(select(WORLDS.c.head).where(WORLDS.c.number == _WORLD).with_for_update()),
            news=compiled(select(DATABASE_TIME, REGISTRY.c.head, _NEWS).select_from(REGISTRY.outerjoin(_NEWS, true()))),
            write=compiled(world.values(head=number("sequence"), next_due=number("due")).add_cte(commit)),
            clear=compiled(world.values(journal_since=number("sequence"))),
            alive=compiled(
                select(HOLDERS.c.token).where(
                    HOLDERS.c.token == bindparam("holder"),
                    HOLDERS.c.seen_at > DATABASE_TIME - literal_column(str(LOST_AFTER)),
                )
            ),
        )

    def compile_query(self, statement: Executable) -> tuple[str, Mapping[str, Any]]:
        """Return a query and its parameters as the driver takes them."""
        assert isinstance(statement, ClauseElement)
        compiled = statement.compile(dialect=self._engine.dialect, compile_kwargs={"render_postcompile": True})
        return str(compiled), compiled.params

    # -- the store ---------------------------------------------------------------------------------------------------

    def insert_ignoring(self, table: Any) -> Insert:
        """Return a statement that inserts rows, except those whose key is there already."""
        return insert_postgresql(table).on_conflict_do_nothing()

    def find_damage(self) -> Sequence[str]:
        """Return nothing: what is below the tables is PostgreSQL's."""
        return ()

    def shrink(self) -> None:
        """Let PostgreSQL use the room of what was deleted."""
        try:
            with self.connect() as connection:
                connection.execute("VACUUM commits, snapshots, snapshot_parts, blobs, blob_uses")
        except psycopg.Error as reason:
            raise self.unavailable(reason) from reason

    def create_log(self, world_id: str, number: int) -> PostgresqlWorldLog:
        """Return a new log of a world."""
        return PostgresqlWorldLog(self, world_id, number)

    def worlds(self) -> Sequence[StoredWorld]:
        """Return every world. None has to be resumed at the start: `Replica` finds what is due."""
        return [structs.replace(each, has_scheduled=False) for each in super().worlds()]

    def next_due(self, world: CommittedWorld) -> int | None:
        """Return when a process has to look at a world, by the database's time: for what is due, or for attempts in flight."""
        due = world.next_run
        if not world.state.in_flight:
            return due
        lease = (world.machine_time or 0) + LEASE
        return lease if due is None else min(due, lease)

    @property
    def is_current(self) -> bool:
        """Whether this process knows all changes of the registry that its transactions have seen."""
        return self._seen_changes <= self.known_changes

    def note_changes(self, head: int) -> None:
        """Note how many changes of the registry there are."""
        if head > self._seen_changes:
            self._seen_changes = head

    def changes(self) -> Sequence[RegistryChange]:
        """Return what other processes have changed of the registry since the last time."""
        with self._registry_lock, self.begin_read() as connection:
            return self.read_changes(connection)

    def read_changes(self, connection: Connection) -> Sequence[RegistryChange]:
        """Return what has changed of the registry; what was stored for worlds that were dropped may be so no more."""
        changes = super().read_changes(connection)
        if changes:
            self.blobs.stored.clear()
        return changes

    def delete_blobs(self, connection: Connection) -> Sequence[str]:
        """Delete the blobs that no world uses. The registry stays locked meanwhile, so that no process begins to use one of them."""
        connection.execute(select(REGISTRY.c.id).with_for_update())
        return super().delete_blobs(connection)

    def check_blobs(self, connection: Connection, uses: set[str]) -> None:
        """Check that the blobs are there that were not written because they were stored already."""
        connection.execute(select(REGISTRY.c.id).with_for_update(read=True))
        found = connection.scalars(select(BLOBS.c.hash).where(BLOBS.c.hash.in_(uses))).all()
        if len(found) != len(uses):
            self.blobs.stored.clear()
            raise BlobsDeleted("another process has just deleted shared parts of this world")

    def start(self, worlds: SharedWorlds) -> None:
        """Take part in what the processes do for one another, until this is closed."""
        self._replica = Replica(self, worlds, LEASE)

    def resume_later(self, world_id: str) -> None:
        """Have this process go on with what is scheduled in a world, as soon as the database answers."""
        if self._replica is not None:
            self._replica.resume_later(world_id)

    def announce(self, world_id: str) -> None:
        """Have other processes told that a world has changed, or which ones there are if the id is empty."""
        if self._replica is not None:
            self._replica.note_change(world_id)

    @contextmanager
    def transaction(self) -> Iterator[RegistryTransaction]:
        """Begin a transaction of the registry, whose row it locks."""
        with super().transaction() as transaction:
            yield transaction
        self.announce("")

    def close(self) -> None:
        """Finish the housekeeping, and close the connections."""
        if self._replica is not None:
            self._replica.close()
        super().close()
        self._guard.close()
        self._is_closed = True
        self.close_idle()


class PostgresqlWorldLog(SqlWorldLog):
    """The log of a world in PostgreSQL. From `begin` to `commit` or `release` it has a connection, on which the row is locked."""

    store: PostgresqlStore

    def __init__(self, store: PostgresqlStore, world_id: str, number: int) -> None:
        super().__init__(store, world_id, number)
        self._pooled: PoolProxiedConnection | None = None
        self._reader: Connection | None = None
        self._loaded: LoadedWorld | None = None
        self._newest_snapshot = 0
        self._doubts = 0
        """The commits of which this process does not know whether they were written."""

    @property
    def _driver(self) -> Driver:
        assert self._pooled is not None
        return _driver(self._pooled)

    def begin(self, known: int | None) -> Begun:
        """Lock the world's row, and read what other processes have committed.

        A world that is loaded next is read before it is locked, so that the others do not wait for that.
        """
        loaded = None
        if known is None:
            with self.store.begin_read_at_once() as connection:
                self._reader = connection
                try:
                    loaded = super().load()
                finally:
                    self._reader = None
            known = loaded.sequence
        head, time, commits = self._lock(known)
        try:
            is_complete = known + len(commits) == head
            if loaded is None and not is_complete:  # too many, or not kept any more
                self.release()
                return structs.replace(self.begin(None), commits=None)
            for commit in commits:
                self.note_position(commit)
            if loaded is None:
                return Begun(commits, time)
            if is_complete and not any(map(cleared_at, commits)):
                self._loaded = self._catch_up(loaded, commits)
            return Begun((), time)
        except BaseException:
            self.release()
            raise

    def _lock(self, known: int) -> tuple[int, int, list[Commit]]:
        """Lock the world's row; return its head, the time, and what was committed since.

        A connection that the database has closed while it was idle is replaced by a new one, once.
        """
        store, is_retried = self.store, False
        while True:
            self._pooled = store.take_connection()
            try:
                return self._ask(known)
            except psycopg.Error as reason:
                is_broken, in_time = self._driver.closed, self._end("ROLLBACK")
                if is_broken and in_time and not is_retried:
                    is_retried = True
                    store.close_idle()
                    continue
                if is_broken:
                    store.report_failure()
                raise store.unavailable(reason) from reason
            except BaseException:
                self.release()
                raise

    def _ask(self, known: int) -> tuple[int, int, list[Commit]]:
        store, connection = self.store, self._driver
        execute, statements, parameters = connection.execute, store.statements, {"world": self.number, "known": known}
        with connection.pipeline():
            execute("BEGIN")
            locked = execute(statements.lock, parameters, prepare=True)
            news = execute(statements.news, parameters, prepare=True, binary=True)
        row = locked.fetchone()
        if row is None:
            raise WorldDropped(self.world_id)
        rows = news.fetchall()
        time, changes = rows[0][:2]
        store.note_changes(changes)
        return row[0], time, [self._decode(*each[2:]) for each in rows if each[2] is not None]

    def _decode(self, sequence: int, body: bytes, exchange: bytes | None, _number: int | None) -> Commit:
        decode, get_blob = self.store.codec.decode_exchange, self.get_blob
        exchanges = () if exchange is None else tuple(decode(each, get_blob) for each in exchange.split(b"\n"))
        return Commit(sequence, self.store.codec.decode_batches(body, get_blob), exchanges)

    def load(self) -> LoadedWorld:
        """Return the world as it is now that it is locked."""
        loaded, self._loaded = self._loaded, None
        if loaded is None:
            if self._pooled is not None:
                self.store.extend(self._pooled)
            loaded = super().load()
        return loaded

    def _catch_up(self, loaded: LoadedWorld, commits: Sequence[Commit]) -> LoadedWorld:
        """Return a loaded world with what was committed until it was locked."""
        initial = loaded.initial_state
        for commit in commits:
            for batch in commit.batches:
                initial = apply_batch(loaded.state, initial, batch)
        position = self.position
        return structs.replace(
            loaded,
            initial_state=initial,
            sequence=position.sequence,
            at=position.at,
            cursor=position.cursor,
            last_exchange=position.last_exchange,
            exchanges=[*loaded.exchanges, *(each for commit in commits for each in commit.exchanges)],
            commits=[*loaded.commits, *commits],
        )

    def commit(self, commit: Commit, world: CommittedWorld) -> None:
        """Write a commit, and end the transaction.

        If the connection is lost before the answer, it is not known whether the commit was written. The world is loaded again
        then, so it is in the world if it was; the attempts that it says this process makes are made again under another name.
        """
        store = self.store
        try:
            body, exchange, number = self._encode_with_blobs(commit)
            row = {
                "world": self.number,
                "sequence": commit.sequence,
                "body": body,
                "exchange": exchange,
                "number": number,
                "due": store.next_due(world),
            }
            execute, statements = self._driver.execute, store.statements
            with self._driver.pipeline():
                execute(statements.write, row, prepare=True)
                if cleared_at(commit):
                    execute(statements.clear, row)
                execute("COMMIT")
        except psycopg.Error as reason:
            is_broken = self._driver.closed
            self._end("ROLLBACK")
            if is_broken:
                self._doubts += 1
                self.holder = f"{store.holder}/{self._doubts}"
                store.resume_later(self.world_id)
                store.report_failure()
            raise store.unavailable(reason) from reason
        except BaseException:
            self.release()
            raise
        self._give_back()
        self.note_commit(commit, world)
        store.announce(self.world_id)

    def _encode_with_blobs(self, commit: Commit) -> tuple[bytes, bytes | None, int | None]:
        """Encode a commit, and store the blobs that it uses in a transaction before its own."""
        is_retried = False
        while True:
            blobs = self.blob_writer()
            encoded = self.encode(commit, blobs)
            if not blobs.uses:
                return encoded
            try:
                with self.store.begin_write() as connection:
                    blobs.write(self.store, connection, self.number)
            except BlobsDeleted:
                if is_retried:
                    raise
                is_retried = True
                continue
            blobs.finish()
            return encoded

    def note_commit(self, commit: Commit, world: CommittedWorld) -> None:
        """Note that a commit was written, and have a snapshot made unless another process has made one."""
        if self._since_snapshot > max(MIN_SNAPSHOT_EVENTS, len(world.state.message_store)):
            newest = select(func.max(SNAPSHOTS.c.sequence)).where(SNAPSHOTS.c.world == self.number)
            with self.store.begin_read() as connection:
                found = connection.scalar(newest) or 0
            if found > self._newest_snapshot:
                self._newest_snapshot, self._since_snapshot = found, 0
        super().note_commit(commit, world)

    def release(self) -> None:
        """End a transaction in which nothing happened."""
        self._loaded = None
        if self._pooled is not None:
            self._end("ROLLBACK")

    def is_lost(self, holder: str) -> bool:
        """Return whether a process that has started an attempt gives no sign of life any more."""
        process = holder.partition("/")[0]
        if process == self.store.holder:
            return holder != self.holder
        return self._driver.execute(self.store.statements.alive, {"holder": process}).fetchone() is None

    def fetch(self, statement: Executable) -> Sequence[Any]:
        """Return the rows of a query: inside the transaction, if one has begun."""
        if self._reader is not None:
            return self._reader.execute(statement).all()
        if self._pooled is None:
            with self.store.begin_read() as connection:
                return connection.execute(statement).all()
        query, parameters = self.store.compile_query(statement)
        try:
            with self._driver.cursor(row_factory=namedtuple_row) as cursor:
                return cursor.execute(query, parameters, binary=True).fetchall()
        except psycopg.Error as reason:
            raise self.store.unavailable(reason) from reason

    def _end(self, statement: LiteralString) -> bool:
        """End the transaction by a statement, and give the connection back; return whether it ended in time."""
        is_broken = self._driver.closed
        if not is_broken:
            try:
                self._driver.execute(statement)
            except psycopg.Error:
                is_broken = True
        return self._give_back(is_broken=is_broken)

    def _give_back(self, *, is_broken: bool = False) -> bool:
        pooled, self._pooled = self._pooled, None
        assert pooled is not None
        return self.store.return_connection(pooled, is_broken=is_broken)


def _check_version(connection: Connection) -> None:
    version = read_version(connection)
    if version is None:
        raise NewerState("there is none yet")
    if version != VERSION:
        raise NewerState(f"it has version {version}, and this program reads version {VERSION}")


def _driver(pooled: PoolProxiedConnection) -> Driver:
    driver: Driver = pooled.driver_connection  # type: ignore[assignment]  # SQLAlchemy knows drivers by PEP 249 alone
    return driver
