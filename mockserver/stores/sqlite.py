"""A store in one SQLite file, which one process holds.

A commit is one row and one transaction, written by the standard library's driver in microseconds; everything else is said in
SQLAlchemy. The file has one connection, which all worlds share: each holds it for its own statements alone.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Lock, RLock
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeAlias

from sqlalchemy import create_engine, event
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from mockserver.engine.event_log import Begun, Commit, CommittedWorld, StoreUnavailable
from mockserver.unpatched import (
    delete,
    exists,
    identity_of,
    is_file,
    may_write,
    read_head,
    real_path,
    rename_unless_exists,
    size_of,
    time_ns,
)

from .errors import StateNotAllowed, StateUnusable
from .migrate import migrate
from .schema import VERSION
from .sql import RegistryWriter, Retention, SqlStore, SqlWorldLog, cleared_at

if TYPE_CHECKING:
    from sqlalchemy import Connection, Executable
    from sqlalchemy.sql.dml import Insert

    from mockserver.engine.event_log import RegistryChange, RegistryTransaction

    from .codec import Codec

Sync: TypeAlias = Literal["normal", "full"]
"""What a commit survives: the end of the process, also by ``kill -9`` (``normal``), or loss of power too (``full``)."""

APPLICATION_ID: Final = 0x6D6F636B
"""Says in a file's head that it is a state of this program: ``mock``."""
_MAGIC: Final = b"SQLite format 3\0"
_CHECKED_BYTES: Final = 256 * 2**20
"""The greatest file that is checked whole after its process was killed."""
_PATIENCE: Final = 2.0
"""Seconds to wait for a process that is just ending and still holds the file."""

_INSERT: Final = "INSERT INTO commits (world, sequence, body, exchange, number) VALUES (?, ?, ?, ?, ?)"

_open_files: set[str] = set()
"""The files that this process holds. It may not even read them: closing a file that one has read gives up its locks."""
_open_files_lock = Lock()


class SqliteStore(SqlStore):
    """The worlds of a server in one SQLite file."""

    is_shared: ClassVar[bool] = False

    def __init__(
        self,
        path: Path,
        codec: Codec,
        retention: Retention | None = None,
        sync: Sync = "normal",
        *,
        is_read_only: bool = False,
    ) -> None:
        """Open a state, or create it where there is no file or an empty one.

        Args:
            path: the file.
            codec: how a state is written.
            retention: how much of its past is kept.
            sync: what a commit survives.
            is_read_only: whether the file must exist, and is not changed.

        Raises:
            StateUnusable: the file is damaged, of a newer version, or no state of this program.
            StateNotAllowed: another process holds it, or it may not be read and written.
        """
        super().__init__(codec, retention or Retention(), f"{os.getpid()}-{time_ns()}")
        path = _follow(path)
        self.path = path
        self._file = Path(real_path(path))
        self._mutex = RLock()
        beside = [_beside(path.absolute(), ending) for ending in ("-wal", "-shm")]
        self._made = [each for each in beside if is_read_only and not exists(each)]
        """The files that SQLite makes beside the state while this process reads it; `close` deletes them."""
        self._driver = open_to_read(path) if is_read_only else open_state(path, sync)
        self._identity = identity_of(self._file)
        self._engine = create_engine("sqlite://", creator=lambda: self._driver, poolclass=StaticPool)
        event.listen(self._engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        self._connection = self._engine.connect()
        if not is_read_only:
            try:
                with self.begin_write() as connection:
                    migrate(connection)
            except BaseException:
                self.close()
                raise

    @contextmanager
    def begin_write(self) -> Iterator[Connection]:
        """Return a transaction on the one connection."""
        self._check_identity()
        with self._mutex, self._reported(), self._connection.begin():
            yield self._connection

    begin_read = begin_write

    def insert_ignoring(self, table: Any) -> Insert:
        """Return a statement that inserts rows, except those whose key is there already."""
        return insert_sqlite(table).on_conflict_do_nothing()

    def find_damage(self) -> Sequence[str]:
        """Check every page of the file."""
        with self.begin_read() as connection:
            found = connection.exec_driver_sql("PRAGMA integrity_check(10)").scalars().all()
        return [] if found == ["ok"] else [f"the file is damaged: {each}" for each in found]

    def shrink(self) -> None:
        """Write the file anew, without the room of what was deleted."""
        with self._mutex, self._reported():
            try:
                self._driver.execute("VACUUM")
                self._driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.Error as reason:
                raise self._unavailable(reason) from reason

    def create_log(self, world_id: str, number: int) -> SqliteWorldLog:
        """Return a new log of a world."""
        return SqliteWorldLog(self, world_id, number)

    def next_due(self, world: CommittedWorld) -> int | None:
        """Return 0 if the world goes on when the server is started again, ``None`` if nothing is scheduled in it."""
        state = world.state
        return None if state.scheduled.next is None and not state.in_flight else 0

    @contextmanager
    def transaction(self) -> Iterator[RegistryTransaction]:
        """Begin a transaction of the registry. What takes long, encoding a world, is done before the file is written."""
        with self._registry_lock:
            with self.begin_read() as connection:
                transaction = RegistryWriter(self, connection)
            yield transaction
            with self.begin_write() as connection:
                transaction.write(connection)
            transaction.finish()

    @property
    def is_current(self) -> bool:
        """Whether no other process has changed the registry: none can."""
        return True

    def changes(self) -> Sequence[RegistryChange]:
        """Return nothing: no other process changes the registry."""
        return ()

    def write_commit(self, log: SqliteWorldLog, row: tuple[Any, ...], due: int | None, is_cleared: bool) -> None:
        """Write a commit in a transaction of its own."""
        self._check_identity()
        execute = self._driver.execute
        with self._mutex:
            try:
                execute("BEGIN IMMEDIATE")
                execute(_INSERT, row)
                if due != log.written_due or is_cleared:
                    self._update_world(log, due, row[1] if is_cleared else None)
                execute("COMMIT")
            except sqlite3.Error as reason:
                self._roll_back()
                raise self._unavailable(reason) from reason
        log.written_due = due

    def _update_world(self, log: SqliteWorldLog, due: int | None, cleared_at: int | None) -> None:
        execute = self._driver.execute
        execute("UPDATE worlds SET next_due = ? WHERE number = ?", (due, log.number))
        if cleared_at is not None:
            execute("UPDATE worlds SET journal_since = ? WHERE number = ?", (cleared_at, log.number))

    def _roll_back(self) -> None:
        if self._driver.in_transaction:
            with suppress(sqlite3.Error):
                self._driver.execute("ROLLBACK")

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Turn the driver's errors into sentences."""
        try:
            yield
        except DBAPIError as error:
            self._roll_back()
            raise self._unavailable(error.orig or error) from error

    def _check_identity(self) -> None:
        """Check that the file has its name still: what is written into a deleted file is lost with the process."""
        if identity_of(self._file) != self._identity:
            raise StoreUnavailable(
                f"the state {self.path} was deleted, moved or replaced while it is in use; put the file back, or restart the server"
            )

    def _unavailable(self, reason: BaseException) -> StoreUnavailable:
        return StoreUnavailable(f"the state {self.path} cannot be read or written: {reason}")

    def close(self) -> None:
        """Finish the housekeeping, and close the file: what is in its log is merged into it."""
        super().close()
        with self._mutex:
            self._connection.close()
            self._engine.dispose()
            for each in self._made:  # while nobody else can have opened them
                with suppress(OSError):
                    delete(each)
            self._driver.close()
        with _open_files_lock:
            _open_files.discard(_key(self._file))


class SqliteWorldLog(SqlWorldLog):
    """The log of a world in a SQLite file. No other process can change it, so a transaction begins without a word to the file."""

    store: SqliteStore

    def begin(self, known: int | None) -> Begun:  # noqa: ARG002 - the port's signature
        """Begin a transaction."""
        return _BEGUN

    def commit(self, commit: Commit, world: CommittedWorld) -> None:
        """Write a commit, and end the transaction."""
        store, blobs = self.store, self.blob_writer()
        body, exchanges, number = self.encode(commit, blobs)
        if blobs.uses:
            with store.begin_write() as connection:
                blobs.write(store, connection, self.number)
            blobs.finish()
        row = (self.number, commit.sequence, body, exchanges, number)
        store.write_commit(self, row, store.next_due(world), cleared_at(commit))
        self.note_commit(commit, world)

    def release(self) -> None:
        """End a transaction in which nothing happened."""

    def is_lost(self, holder: str) -> bool:
        """Return whether a process that has started an attempt has ended: every one but this."""
        return holder != self.holder

    def fetch(self, statement: Executable) -> Sequence[Any]:
        """Return the rows of a query."""
        with self.store.begin_read() as connection:
            return connection.execute(statement).all()


_BEGUN: Final = Begun()


# -- opening -----------------------------------------------------------------------------------------------------------


def open_state(path: Path, sync: Sync = "normal") -> sqlite3.Connection:
    """Open a state's file, so that no other process can, and create it where there is none.

    A file that is not usable is left as it is, byte for byte.

    Raises:
        StateUnusable: the file is damaged, of a newer version, or no state of this program.
        StateNotAllowed: another process holds it, or it may not be read and written.
    """
    path = _follow(path)
    key = _key(path)
    with _open_files_lock:
        if key in _open_files:
            raise StateNotAllowed(f"the state {path} is in use by this process already")
        _open_files.add(key)
    try:
        _check_place(path)
        if not is_file(path) or size_of(path) == 0:
            _check_nothing_beside(path)
            _create(path)
        else:
            check_file(path)
        return _open(path, sync)
    except BaseException:
        with _open_files_lock:
            _open_files.discard(key)
        raise


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open a state's file to read it, while no server uses it. It is left as it is, byte for byte.

    Raises:
        StateUnusable: there is no such file, or it is damaged, of another version, or no state of this program.
        StateNotAllowed: another process holds it, or it may not be read.
    """
    path = _follow(path)
    if not is_file(path):
        raise StateUnusable(f"there is no state {path}")
    with _open_files_lock:
        key = _key(path)
        if key in _open_files:
            raise StateNotAllowed(f"the state {path} is in use by this process already")
        _open_files.add(key)
    try:
        check_file(path)
        connection = _connect_to_read(path, is_alone=not may_write(path.absolute().parent))
        connection.execute("SELECT count(*) FROM sqlite_master")  # takes the lock that keeps servers away
    except sqlite3.Error as reason:
        with _open_files_lock:
            _open_files.discard(key)
        raise explain_error(path, reason) from reason
    except BaseException:
        with _open_files_lock:
            _open_files.discard(key)
        raise
    return connection


def _connect_to_read(path: Path, *, is_alone: bool) -> sqlite3.Connection:
    """Return a connection that cannot change the file.

    Args:
        path: the file.
        is_alone: whether it needs no lock and makes no files beside it, unless commits wait there to be merged.
    """
    is_merged = not exists(_beside(path, "-wal")) or size_of(_beside(path, "-wal")) == 0
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if is_merged and is_alone else ''}",
        uri=True,
        timeout=_PATIENCE,
        isolation_level=None,
        check_same_thread=False,
    )


def check_file(path: Path) -> None:
    """Check that a file is a state of this program, without changing it.

    Raises:
        StateUnusable: the file is damaged, of a newer version, or no state of this program.
        StateNotAllowed: another process holds it, or it may not be read.
    """
    try:
        head = read_head(path, 100)
    except PermissionError:
        raise StateNotAllowed(f"the state {path} may not be read by this user") from None
    if not head.startswith(_MAGIC[: len(head)]):
        raise StateUnusable(f"{path} is not a state of mockserver, and was left as it is")
    if len(head) < 100:
        raise StateUnusable(f"the state {path} is damaged: it ends after {len(head)} bytes; it was left as it is")
    if int.from_bytes(head[68:72], "big") != APPLICATION_ID:
        raise StateUnusable(f"{path} is a SQLite file of another program, and was left as it is")
    was_killed = exists(_beside(path, "-wal")) and size_of(_beside(path, "-wal")) > 0
    has_index = exists(_beside(path, "-shm"))
    connection = _connect_to_read(path, is_alone=True)
    is_fine = False
    try:
        with closing(connection):
            version = connection.execute("SELECT version_num FROM mockserver_version").fetchone()
            _check_version(path, None if version is None else version[0])
            connection.execute("SELECT number FROM worlds").fetchall()
            if was_killed and size_of(path) <= _CHECKED_BYTES:
                _check_whole(path, connection)
        is_fine = True
    except sqlite3.Error as reason:
        raise explain_error(path, reason) from reason
    finally:
        if not is_fine and not has_index:
            with suppress(OSError):
                delete(_beside(path, "-shm"))


def _check_version(path: Path, version: str | None) -> None:
    if version is None or version > VERSION:
        raise StateUnusable(
            f"the state {path} was written by a newer version of mockserver (tables {version}, and this one knows those up to "
            f"{VERSION}); it was left as it is"
        )


def _check_whole(path: Path, connection: sqlite3.Connection) -> None:
    problems = [row[0] for row in connection.execute("PRAGMA quick_check(3)")]
    if problems != ["ok"]:
        raise StateUnusable(f"the state {path} is damaged: {'; '.join(problems)}; it was left as it is")


def _check_nothing_beside(path: Path) -> None:
    """Check that no commits of an earlier file wait beside a new one: SQLite would merge them into it, and damage it.

    Raises:
        StateUnusable: there are some.
    """
    beside = _beside(path, "-wal")
    if exists(beside) and size_of(beside) > 0:
        raise StateUnusable(
            f"there is no state {path}, but commits of one in {beside}; put the file back beside them, or delete them to begin "
            "a new state"
        )


def _create(path: Path) -> None:
    """Create an empty state, whole or not at all.

    Raises:
        StateNotAllowed: this user may not create it.
        StateUnusable: the disk is full.
    """
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        connection = sqlite3.connect(f"{new.absolute().as_uri()}?mode=rwc", uri=True, isolation_level=None)
        with closing(connection):
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
            event.listen(engine, "begin", lambda begun: begun.exec_driver_sql("BEGIN"))
            with engine.begin() as begun:
                migrate(begun)
            connection.execute("PRAGMA journal_mode = wal")
        if is_file(path):
            delete(path)  # it is empty
        rename_unless_exists(new, path)
    except (sqlite3.Error, DBAPIError) as reason:
        raise explain_error(path, getattr(reason, "orig", None) or reason) from reason
    finally:
        for name in ("", "-journal", "-wal", "-shm"):
            with suppress(OSError):
                delete(_beside(new, name))


def _open(path: Path, sync: Sync) -> sqlite3.Connection:
    """Open the file of a state, which exists, for this process alone."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=_PATIENCE,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.execute("PRAGMA locking_mode = exclusive")
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute(f"PRAGMA synchronous = {sync}")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("COMMIT")
    except sqlite3.Error as reason:
        connection.close()
        raise explain_error(path, reason) from reason
    with suppress(OSError):
        delete(_beside(path, "-shm"))  # an index for several processes, which `check_file` may have made
    return connection


def explain_error(path: Path, reason: BaseException) -> StateUnusable | StateNotAllowed:
    """Return the sentence for an error that SQLite found when it opened a state."""
    name = str(getattr(reason, "sqlite_errorname", ""))
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StateNotAllowed(f"the state {path} is in use by another process; one server at a time can have it")
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return StateNotAllowed(
            f"the state {path} cannot be written: {reason}; this user needs to write the file and its folder"
        )
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return StateUnusable(f"the state {path} is damaged ({reason}); it was left as it is")
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return StateUnusable(f"the state {path} cannot be written: {reason}; is the disk full?")
    return StateUnusable(f"the state {path} cannot be opened: {reason}")


def _check_place(path: Path) -> None:
    """Check that a file of this name can be written.

    Raises:
        StateUnusable: it is a folder, or the folder that it names is not there.
        StateNotAllowed: this user may not write it, or files beside it.
    """
    folder = path.absolute().parent
    if exists(path) and not is_file(path):
        raise StateUnusable(f"{path} is not a file; a state is a file, such as {path / 'mockserver.state'}")
    if not exists(folder):
        raise StateUnusable(f"there is no folder {folder} for the state {path.name}")
    if not may_write(folder) or (exists(path) and not may_write(path)):
        raise StateNotAllowed(f"the state {path} cannot be written: this user needs to write the file and its folder")


def _follow(path: Path) -> Path:
    """Return a file's path, of a symbolic link that of the file that it leads to: SQLite keeps its other files beside that one."""
    real = Path(real_path(path))
    return path if real == path.absolute() else real


def _beside(path: Path, ending: str) -> Path:
    return Path(f"{path}{ending}")


def _key(path: Path) -> str:
    return real_path(path)
