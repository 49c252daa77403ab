"""Where worlds are kept beyond the process: SQLite and PostgreSQL, and how a state is written in them.

The libraries that this needs, SQLAlchemy and others, are imported only when a state is opened.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from .codec import Codec
    from .sql import SqlStore

POSTGRESQL: Final = ("postgresql://", "postgres://")
"""How the URL of a state in PostgreSQL begins."""


class MissingLibrary(ValueError):
    """What a state needs is not installed."""


def is_postgresql(state: str) -> bool:
    """Return whether a state is in PostgreSQL; else it is a file."""
    return state.startswith(POSTGRESQL)


def check_libraries(state: str) -> None:
    """Check that the libraries for a state are installed.

    Raises:
        MissingLibrary: one is not.
    """
    extra, names = (
        ("postgresql", ("sqlalchemy", "alembic", "psycopg"))
        if is_postgresql(state)
        else ("state", ("sqlalchemy", "alembic"))
    )
    for name in names:
        try:
            import_module(name)
        except ImportError as reason:
            raise MissingLibrary(
                f"a state in {'PostgreSQL' if extra == 'postgresql' else 'a file'} needs the package {name}, which is not usable "
                f"here ({reason}): pip install 'sms-mockserver[{extra}]'"
            ) from None


def open_store(
    state: str,
    codec: Codec,
    *,
    sync: Literal["normal", "full"] = "normal",
    history: int = 10_000,
    journal: int = 10_000,
    journal_bytes: int = 32 * 2**20,
    keeps_exchanges: bool = True,
    is_read_only: bool = False,
) -> SqlStore:
    """Open a state, and create it where there is none.

    Args:
        state: a file, or a ``postgresql://`` URL.
        codec: how it is written.
        sync: what a commit survives in a file: ``kill -9``, or loss of power too.
        history: the commits of each world that are kept behind its latest snapshot.
        journal: the exchanges that are read when a world is loaded.
        journal_bytes: the bytes of memory that these may take.
        keeps_exchanges: whether exchanges are stored.
        is_read_only: whether the state must exist, and is not changed.

    Raises:
        MissingLibrary: a library that it needs is not installed.
        ValueError: the state is damaged, of a newer version, or no state of this program.
        PermissionError: another process holds the file, or it may not be read and written.
    """
    if "://" in state and not is_postgresql(state):
        raise ValueError(f"a state is a file or a postgresql:// URL, not {state.partition('://')[0]}://…")
    check_libraries(state)
    from .sql import Retention

    retention = Retention(history, journal, journal_bytes, keeps_exchanges)
    if is_postgresql(state):
        from .postgresql import PostgresqlStore

        return PostgresqlStore(state, codec, retention, is_read_only=is_read_only)
    from .sqlite import SqliteStore

    return SqliteStore(Path(state), codec, retention, sync, is_read_only=is_read_only)
