"""What can be done with a state that no server uses: check it, make it smaller, and move it to another database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Raw, Struct
from sqlalchemy import LargeBinary, delete, func, insert, select, update

from mockserver.engine.event_log import StoreUnavailable

from .schema import (
    BLOB_USES,
    BLOBS,
    COMMITS,
    CREDENTIALS,
    REGISTRY,
    REGISTRY_EVENTS,
    SNAPSHOT_PARTS,
    SNAPSHOTS,
    VERSION,
    WORLDS,
)
from .sql import PAGE, PART, SqlStore, SqlWorldLog

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

FORMAT: Final = "mockserver-state"
"""What the first line of an exported state says that it is."""
_TABLES: Final = (REGISTRY, WORLDS, CREDENTIALS, BLOBS, BLOB_USES, SNAPSHOTS, COMMITS)
"""What is exported, in order. The parts of a snapshot are exported with its row, and the registry's past is not."""


class NotExported(ValueError):
    """A file is not an exported state, is incomplete, or was written by a newer version."""


class WorldReport(Struct, frozen=True):
    """What a check has found about one world."""

    id: str
    messages: int
    commits: int
    """The commits that are kept."""
    sequence: int
    """That of the latest one."""
    problem: str | None = None
    """A sentence; ``None`` for a world that can be loaded whole."""


class StateReport(Struct, frozen=True):
    """What a check of a state has found."""

    version: str
    worlds: tuple[WorldReport, ...]
    problems: tuple[str, ...]


def check(store: SqlStore) -> StateReport:
    """Load every world of a state with all that is kept of its past, and return what was found."""
    problems = list(store.find_damage())
    worlds = []
    for stored in store.worlds():
        world = _check_world(store, stored.id)
        worlds.append(world)
        if world.problem is not None:
            problems.append(world.problem)
    return StateReport(VERSION, tuple(worlds), tuple(problems))


def _check_world(store: SqlStore, world_id: str) -> WorldReport:
    log = store.log(world_id)
    kept = select(func.count(), func.min(COMMITS.c.sequence), func.max(COMMITS.c.sequence))
    count, first, last = 0, None, None
    try:
        log.begin(None)
        try:
            loaded = log.load()
            ((count, first, last),) = log.fetch(kept.where(COMMITS.c.world == log.number))
            for _ in log.read((first or 1) - 1):
                pass
        finally:
            log.release()
    except (StoreUnavailable, ValueError, LookupError, TypeError) as reason:
        return WorldReport(world_id, 0, count, last or 0, f"world {world_id!r} cannot be loaded: {reason}")
    problem = None
    if last is not None and (last - (first or 0) + 1 != count or last != loaded.sequence):
        problem = f"world {world_id!r} lacks some of its commits: it has {count} of those from {first} to {last}"
    return WorldReport(world_id, len(loaded.state.message_store), count, loaded.sequence, problem)


def compact(store: SqlStore) -> None:
    """Write a snapshot of every world, and delete what a start no longer needs: older commits, and what no world uses."""
    for stored in store.worlds():
        log = store.log(stored.id)
        log.begin(None)
        try:
            loaded = log.load()
        finally:
            log.release()
        if log.position.sequence != log.snapshot_sequence:
            store.write_snapshot(log, log.position, loaded.initial_state, loaded.state)
    store.finish_housekeeping()
    with store.begin_write() as connection:
        known = select(WORLDS.c.number)
        for table in (COMMITS, SNAPSHOTS, SNAPSHOT_PARTS, BLOB_USES, CREDENTIALS):
            connection.execute(delete(table).where(table.c.world.not_in(known)))
    for stored in store.worlds():
        _delete_unused_blobs(store, stored.id)
    with store.begin_write() as connection:
        connection.execute(delete(BLOBS).where(BLOBS.c.hash.not_in(select(BLOB_USES.c.hash))))
    store.shrink()


def _delete_unused_blobs(store: SqlStore, world_id: str) -> None:
    """Delete the notes that a world uses blobs to which nothing of it refers any more."""
    log, references = store.log(world_id), store.codec.references
    log.begin(None)
    try:
        used = _used_blobs(log, references)
        noted = {row.hash for row in log.fetch(select(BLOB_USES.c.hash).where(BLOB_USES.c.world == log.number))}
    finally:
        log.release()
    with store.begin_write() as connection:
        for digest in noted - used:
            connection.execute(delete(BLOB_USES).where(BLOB_USES.c.world == log.number, BLOB_USES.c.hash == digest))


def _used_blobs(log: SqlWorldLog, references: Callable[[bytes], set[str]]) -> set[str]:
    """Return the blobs to which something of a world refers, directly or by another one."""
    waiting: set[str] = set()
    for row in log.fetch(select(SNAPSHOTS.c.initial, SNAPSHOTS.c.sequence).where(SNAPSHOTS.c.world == log.number)):
        waiting |= references(row.initial) | references(log.snapshot_state(row.sequence))
    since = 0
    while rows := log.fetch(
        select(COMMITS.c.sequence, COMMITS.c.body, COMMITS.c.exchange)
        .where(COMMITS.c.world == log.number, COMMITS.c.sequence > since)
        .order_by(COMMITS.c.sequence)
        .limit(PAGE)
    ):
        since = rows[-1].sequence
        for row in rows:
            waiting |= references(row.body)
            for exchange in (row.exchange or b"").split(b"\n"):
                if exchange:
                    waiting |= references(exchange)
    used: set[str] = set()
    while waiting:
        digest = waiting.pop()
        if digest not in used:
            used.add(digest)
            waiting |= references(log.get_blob(digest))
    return used


# -- export and import -------------------------------------------------------------------------------------------------


class _Head(Struct):
    format: str
    version: str


class _Line(Struct):
    table: str
    row: dict[str, Raw]


_decode_head = msgspec.json.Decoder(_Head).decode
_decode_line = msgspec.json.Decoder(_Line).decode
_decode_list = msgspec.json.Decoder(list[Raw]).decode
_encode = msgspec.json.encode


def export_state(store: SqlStore, file: IO[bytes]) -> int:
    """Write a state as lines of JSON, which any text editor shows, and return their number. Bodies are copied as they are."""
    file.write(_encode(_Head(FORMAT, VERSION)) + b"\n")
    count = 1
    for table in _TABLES:
        for row in _rows(store, table) if table is not WORLDS else _worlds(store):
            file.write(_line(store, table, row) + b"\n")
            count += 1
    file.write(_encode({"table": "end", "row": {"lines": count}}) + b"\n")
    return count + 1


def _rows(store: SqlStore, table: Table) -> Iterator[Any]:
    """Return the rows of a table in the order of its key, a page at a time."""
    keys = list(table.primary_key.columns)
    query = select(table).order_by(*keys).limit(PAGE)
    with store.begin_read() as connection:
        rows = connection.execute(query).all()
    while rows:
        yield from rows
        last = tuple(getattr(rows[-1], key.name) for key in keys)
        with store.begin_read() as connection:
            rows = connection.execute(query.where(_is_after(keys, last))).all()


def _worlds(store: SqlStore) -> Sequence[Any]:
    """Return the worlds with the sequence of their last commit, also where a file does not note it."""
    columns = [_head_of_world().label("head") if column is WORLDS.c.head else column for column in WORLDS.columns]
    with store.begin_read() as connection:
        return connection.execute(select(*columns).order_by(WORLDS.c.number)).all()


def _is_after(keys: list[Any], last: tuple[Any, ...]) -> Any:
    """Return the condition that a row comes after another one in the order of a key."""
    condition: Any = keys[-1] > last[-1]
    for key, value in zip(reversed(keys[:-1]), reversed(last[:-1]), strict=True):
        condition = (key > value) | ((key == value) & condition)
    return condition


def _line(store: SqlStore, table: Table, row: Any) -> bytes:
    cells = []
    for column in table.columns:
        value = getattr(row, column.name)
        text = (
            _body(column.name, value) if isinstance(column.type, LargeBinary) and value is not None else _encode(value)
        )
        cells.append(b'"%s":%s' % (column.name.encode(), text))
    if table is SNAPSHOTS:
        cells.append(b'"state":' + _read_parts(store, row.world, row.sequence))
    return b'{"table":"%s","row":{%s}}' % (table.name.encode(), b",".join(cells))


def _body(name: str, value: bytes) -> bytes:
    """Return the JSON of a body, which is JSON itself; exchanges are a list of them."""
    return b"[%s]" % bytes(value).replace(b"\n", b",") if name == "exchange" else bytes(value)


def _read_parts(store: SqlStore, world: int, sequence: int) -> bytes:
    parts = (
        select(SNAPSHOT_PARTS.c.body)
        .where(SNAPSHOT_PARTS.c.world == world, SNAPSHOT_PARTS.c.sequence == sequence)
        .order_by(SNAPSHOT_PARTS.c.part)
    )
    with store.begin_read() as connection:
        return b"".join(map(bytes, connection.scalars(parts).all()))


def import_state(store: SqlStore, lines: Iterable[bytes]) -> int:
    """Fill an empty state from the lines of an exported one, in one transaction, and return the number of its worlds.

    Raises:
        NotExported: the lines are not those of an exported state, some are missing, or a newer version wrote them.
    """
    tables = {table.name: table for table in _TABLES}
    count, worlds, expected = 0, 0, None
    with store.begin_write() as connection:
        if connection.scalar(select(func.count()).select_from(WORLDS)):
            raise NotExported("the state to import into has worlds already; name a new file or an empty database")
        for table in (REGISTRY, REGISTRY_EVENTS):
            connection.execute(delete(table))
        for count, line in enumerate(lines, 1):
            if count == 1:
                _check_head(line)
                continue
            try:
                read = _decode_line(line)
                if read.table == "end":
                    expected = msgspec.json.decode(read.row["lines"], type=int) + 1
                    break
                _insert_row(connection, tables[read.table], read.row)
            except (msgspec.DecodeError, KeyError) as reason:
                raise NotExported(f"line {count} is not one of an exported state: {reason}") from reason
            worlds += read.table == "worlds"
        if count != expected:
            raise NotExported(f"the exported state is incomplete: it ends with line {count}")
        connection.execute(update(WORLDS).values(head=_head_of_world()))
    return worlds


def _head_of_world() -> Any:
    """Return the query of the last commit of a world."""
    commits = select(func.max(COMMITS.c.sequence)).where(COMMITS.c.world == WORLDS.c.number)
    snapshots = select(func.max(SNAPSHOTS.c.sequence)).where(SNAPSHOTS.c.world == WORLDS.c.number)
    return func.coalesce(commits.scalar_subquery(), snapshots.scalar_subquery())


def _check_head(line: bytes) -> None:
    try:
        head = _decode_head(line)
    except msgspec.DecodeError:
        head = _Head("", "")
    if head.format != FORMAT:
        raise NotExported("this is not an exported state; `mockserver state export` writes one")
    if head.version > VERSION:
        raise NotExported(
            f"a newer version of mockserver has exported this state (tables {head.version}, here {VERSION})"
        )


def _insert_row(connection: Connection, table: Table, cells: dict[str, Raw]) -> None:
    row: dict[str, Any] = {}
    for column in table.columns:
        text = bytes(cells[column.name])
        if not isinstance(column.type, LargeBinary):
            row[column.name] = msgspec.json.decode(text)
        elif text == b"null":
            row[column.name] = None
        else:
            row[column.name] = b"\n".join(map(bytes, _decode_list(text))) if column.name == "exchange" else text
    connection.execute(insert(table), row)
    if table is SNAPSHOTS:
        state, key = bytes(cells["state"]), {"world": row["world"], "sequence": row["sequence"]}
        for part in range(-(-len(state) // PART)):
            body = state[part * PART : (part + 1) * PART]
            connection.execute(insert(SNAPSHOT_PARTS), {**key, "part": part, "body": body})
