"""Connections to a PostgreSQL database: what they are called, why there is none, and that nobody waits long for one."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from socket import SHUT_RDWR
from threading import Event, Thread
from typing import Any, Final, TypeAlias

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from mockserver.unpatched import Socket, monotonic_ns

from .errors import StateNotAllowed, StateUnusable

Driver: TypeAlias = "psycopg.Connection[Any]"

_CONNECT_TIMEOUT: Final = 2
"""Seconds to wait for a connection: the least that PostgreSQL's library takes."""
_TICK: Final = 0.1
"""Seconds between two looks at what takes too long, and between two attempts to reach a database that is gone."""


def check_url(url: str) -> str:
    """Return the connection string of a URL, with a limit for the time that connecting takes.

    Raises:
        StateUnusable: it is no URL of a PostgreSQL database.
    """
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error as reason:
        raise StateUnusable(f"--state is no URL of a PostgreSQL database: {_sentence(reason)}") from None
    return make_conninfo(url, **{"connect_timeout": _CONNECT_TIMEOUT, **parts})


def describe_database(conninfo: str) -> str:
    """Return what a database is called in messages, without a password."""
    parts = conninfo_to_dict(conninfo)
    place = f"{parts.get('host') or 'localhost'}:{parts.get('port') or 5432}"
    return f"the PostgreSQL database {str(parts.get('dbname') or parts.get('user') or 'postgres')!r} at {place}"


def explain_failure(name: str, reason: BaseException) -> StateUnusable | StateNotAllowed:
    """Return the sentence for whoever starts the server when a database cannot be used.

    Args:
        name: what the database is called.
        reason: the error of the driver, or of SQLAlchemy.
    """
    reason = getattr(reason, "orig", None) or reason
    code, sentence = getattr(reason, "sqlstate", None) or "", _sentence(reason)
    if code.startswith(("28", "42501")) or "authentication" in sentence or "pg_hba.conf" in sentence:
        return StateNotAllowed(f"the state in {name} may not be read and written by this user: {sentence}")
    return StateUnusable(f"the state in {name} cannot be opened: {sentence}")


def _sentence(reason: BaseException) -> str:
    return " ".join(str(reason).split())


class Guard:
    """Sees to it that nobody waits for a database that does not answer.

    A connection whose transaction takes too long is cut. Once the database has failed, it counts as down until it answers this
    guard; meanwhile requests are told so at once, instead of waiting one after the other.
    """

    def __init__(self, connect: Callable[[], Driver]) -> None:
        """Create a guard, which reconnects with this function."""
        self._connect = connect
        self.is_down = False
        """Whether the database did not answer when it was asked last."""
        self._is_closed = False
        self._watched: dict[Driver, int] = {}
        """By when the transaction of each connection must end, in nanoseconds of the monotonic clock."""
        self._has_work = Event()
        self._closed = Event()
        self._thread: Thread | None = None

    def watch(self, connection: Driver, seconds: float) -> None:
        """Cut a connection unless `end_watch` is called in time."""
        self._watched[connection] = monotonic_ns() + int(seconds * 1e9)
        if not self._has_work.is_set():
            self._start("watches", self._watch)
            self._has_work.set()

    def end_watch(self, connection: Driver) -> bool:
        """Watch a connection no longer; return whether its transaction ended in time."""
        return self._watched.pop(connection, None) is not None

    def report_failure(self) -> None:
        """Note that the database did not answer."""
        if not self.is_down and not self._is_closed:
            self.is_down = True
            Thread(target=self._ask, name="mockserver-database-asks", daemon=True).start()

    def close(self) -> None:
        """End the threads."""
        self._is_closed = True
        self._closed.set()
        self._has_work.set()

    def _start(self, name: str, target: Callable[[], None]) -> None:
        if self._thread is None:
            self._thread = Thread(target=target, name=f"mockserver-database-{name}", daemon=True)
            self._thread.start()

    def _watch(self) -> None:
        while not self._is_closed:
            if not self._watched:
                self._has_work.clear()
                if not self._watched:  # else one came between
                    self._has_work.wait()
            self._closed.wait(_TICK)
            now = monotonic_ns()
            for connection, until in [*self._watched.items()]:
                if until < now and self._watched.pop(connection, None) is not None:
                    _cut(connection)

    def _ask(self) -> None:
        """Try to connect again and again, until the database answers."""
        while not self._is_closed:
            with suppress(psycopg.Error):
                self._connect().close()
                break
            self._closed.wait(_TICK)
        self.is_down = False


def _cut(connection: Driver) -> None:
    """End whatever a connection waits for, in another thread."""
    with suppress(OSError, psycopg.Error), Socket(fileno=os.dup(connection.fileno())) as socket:
        socket.shutdown(SHUT_RDWR)
