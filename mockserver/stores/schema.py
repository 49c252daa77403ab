"""The tables of a stored state, the same in SQLite and PostgreSQL.

One transaction of a world is one row of `COMMITS`; the key itself is the check that nobody else has written that sequence.
What the bodies mean is the codec's affair: to this file they are bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint

MIGRATIONS: Final = Path(__file__).parent / "migrations"
"""The folder of the migrations that make these tables, which Alembic reads."""
VERSION_TABLE: Final = "mockserver_version"
"""The table in which Alembic keeps the version of the others."""

VERSION: Final = "0001"
"""The version of the tables below: the newest migration's."""

METADATA: Final = MetaData()


def _number(name: str, *, nullable: bool = False, primary_key: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable, primary_key=primary_key, autoincrement=False)


REGISTRY: Final = Table(
    "registry",
    METADATA,
    Column(
        "id", Integer, primary_key=True, autoincrement=False
    ),  # always 1: the row that a change of the registry locks
    _number("head"),
    _number("last_number"),
    Column("sequences", Text, nullable=False),
)
"""One row: how many changes of the registry there were, the latest world's number, and the next numbers of generated names."""

REGISTRY_EVENTS: Final = Table(
    "registry_events",
    METADATA,
    _number("sequence", primary_key=True),
    Column("kind", Text, nullable=False),
    _number("world"),
    Column("world_id", Text, nullable=False),
)
"""The latest changes of the registry: a world was ``created``, got other ``credentials`` or was ``dropped``."""

WORLDS: Final = Table(
    "worlds",
    METADATA,
    _number("number", primary_key=True),
    Column("id", Text, nullable=False),
    _number("head"),
    _number("next_due", nullable=True),
    _number("journal_since"),
    UniqueConstraint("id"),
    Index("worlds_next_due", "next_due"),
)
"""The worlds: the sequence of the latest commit, the wall time at which somebody has to look whether something is due
(microseconds; none for a world that waits for nothing), and the sequence since which exchanges belong to the journal.

``head`` and the exact time are for processes that share a database; in a file, which one process holds, ``head`` stays 0 and
the time is 0 while anything is scheduled.
"""

COMMITS: Final = Table(
    "commits",
    METADATA,
    _number("world", primary_key=True),
    _number("sequence", primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("exchange", LargeBinary, nullable=True),
    _number("number", nullable=True),
)
"""The transactions of each world, with the exchange that was recorded in each, and its number.

Where a transaction recorded several, they are separated by line breaks, and their numbers follow the first one's.
"""

SNAPSHOTS: Final = Table(
    "snapshots",
    METADATA,
    _number("world", primary_key=True),
    _number("sequence", primary_key=True),
    _number("cursor"),
    _number("last_exchange"),
    _number("at"),
    Column("initial", LargeBinary, nullable=False),
)
"""The state of a world after a commit; 0 is its creation: with the feed's cursor, the last exchange's number, the instant of the
last event, and what a reset returns to. The row is written after all of its parts."""

SNAPSHOT_PARTS: Final = Table(
    "snapshot_parts",
    METADATA,
    _number("world", primary_key=True),
    _number("sequence", primary_key=True),
    _number("part", primary_key=True),
    Column("body", LargeBinary, nullable=False),
)
"""The encoded state of a snapshot, in parts of bounded size, so that writing one delays other worlds by little."""

BLOBS: Final = Table(
    "blobs",
    METADATA,
    Column("hash", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)
"""What many worlds share, such as the segments of a fixture, by the hash of their content."""

BLOB_USES: Final = Table(
    "blob_uses",
    METADATA,
    Column("hash", Text, primary_key=True),
    _number("world", primary_key=True),
)
"""Which worlds use a blob: it is deleted with the last of them."""

CREDENTIALS: Final = Table(
    "credentials",
    METADATA,
    Column("provider", Text, primary_key=True),
    Column("username", Text, primary_key=True),
    _number("world"),
    Column("secret", Text, nullable=True),
)
"""The credentials and the world that each belongs to."""

HOLDERS: Final = Table(
    "holders",
    METADATA,
    Column("token", Text, primary_key=True),
    _number("seen_at"),
)
"""The processes that make deliveries, and when each was last seen alive: microseconds of wall time."""
