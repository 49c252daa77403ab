"""What a process does for the worlds that it shares with others, beside its own requests.

It says that it is alive, tells the others which worlds it has changed, follows what they have changed, and makes the deliveries
that are due in worlds that no process looks at, also those of a process that has ended. Announcements only hasten what a look
at the database finds a second later, so nothing depends on them.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection
from functools import partial
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any, Final

import psycopg

from mockserver.engine.event_log import StoreUnavailable, WorldDropped
from mockserver.fair_threads import FairThreads, Places

if TYPE_CHECKING:
    from mockserver.engine.event_log import SharedWorlds

    from .database import Driver
    from .postgresql import PostgresqlStore

logger = logging.getLogger(__name__)

CHANNEL: Final = "mockserver"
WINDOW: Final = 0.05
"""Seconds after an announcement in which others are put off: what they say is said once, at the end."""
INTERVAL: Final = 1.0
"""Seconds between two looks at what is due, and between two signs of life."""
GRACE: Final = 500_000
"""Microseconds that the process has to run what is due whose request scheduled it, before another one does."""
_MOST_DUE: Final = 64
"""Worlds that are looked after at once."""
_MOST_BYTES: Final = 7_000
"""Of one announcement: PostgreSQL takes 8,000."""
_ALIVE: Final = """
    INSERT INTO holders (token, seen_at) VALUES (%s, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
    ON CONFLICT (token) DO UPDATE SET seen_at = excluded.seen_at"""
_FORGET: Final = """
    DELETE FROM holders
    WHERE token = %s OR seen_at < (extract(epoch FROM clock_timestamp() - interval '1 hour') * 1000000)::bigint"""
_TAKE_DUE: Final = """
    UPDATE worlds SET next_due = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + %(lease)s WHERE number IN (
        SELECT number FROM worlds WHERE next_due < (extract(epoch FROM clock_timestamp()) * 1000000)::bigint - %(grace)s
        ORDER BY next_due LIMIT %(most)s FOR UPDATE SKIP LOCKED
    ) RETURNING id"""
"""Of several processes one gets a world that is due; if it ends before it has done anything, another one does after a lease."""
_HEADS: Final = "SELECT id, head FROM worlds WHERE id = ANY(%s)"


class Replica:
    """One of the processes that share a database."""

    def __init__(self, store: PostgresqlStore, worlds: SharedWorlds, lease: int) -> None:
        """Begin, in threads of its own.

        Args:
            store: the database.
            worlds: this process's worlds.
            lease: microseconds for which this process is given a world that is due.
        """
        self._store = store
        self._worlds = worlds
        self._lease = lease
        self._changed: set[str] = set()
        self._has_changed = Event()
        self._closed = Event()
        self._to_resume: set[str] = set()
        self._waiting: set[str] = set()
        """The worlds that a thread is about to look at."""
        self._lock = Lock()
        self._threads = FairThreads("mockserver-replica", Places(8, 1), 10.0)
        for task in (self._announce, self._listen, self._look):
            Thread(target=self._keep_doing, args=(task,), name=f"mockserver-{task.__name__[1:]}", daemon=True).start()

    def note_change(self, world_id: str) -> None:
        """Note that this process has changed a world, or which ones there are if the id is empty."""
        self._changed.add(world_id)
        if not self._has_changed.is_set():
            self._has_changed.set()

    def resume_later(self, world_id: str) -> None:
        """Go on with what is scheduled in a world, as soon as the database answers."""
        self._to_resume.add(world_id)

    def close(self) -> None:
        """Say that this process ends: others make the attempts that it has begun."""
        self._closed.set()
        self._has_changed.set()
        self._threads.close()
        try:
            with self._store.connect() as connection:
                connection.execute(_FORGET, (self._store.holder,))
        except psycopg.Error:
            pass  # it is found out after a while

    def _keep_doing(self, task: Callable[[Driver], None]) -> None:
        """Do a task on a connection of its own until this is closed, and begin again when the connection is lost."""
        while not self._closed.is_set():
            try:
                with self._store.connect() as connection:
                    task(connection)
            except (psycopg.Error, StoreUnavailable):
                self._closed.wait(INTERVAL)
            except Exception:
                logger.exception("a task of this process for the shared worlds failed")
                self._closed.wait(INTERVAL)

    def _announce(self, connection: Driver) -> None:
        """Tell the other processes what was changed: the first change at once, those in the window after it together."""
        while self._has_changed.wait() and not self._closed.is_set():
            self._has_changed.clear()
            changed, self._changed = self._changed, set()
            try:
                for payload in _payloads(self._store.holder, changed):
                    connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, payload))
            except psycopg.Error:
                self._changed |= changed
                self._has_changed.set()
                raise
            self._closed.wait(WINDOW)

    def _listen(self, connection: Driver) -> None:
        """Follow what the other processes announce."""
        connection.execute(f"LISTEN {CHANNEL}")
        while not self._closed.is_set():
            for notice in connection.notifies(timeout=INTERVAL):
                holder, *changed = json.loads(notice.payload)
                if holder != self._store.holder:
                    for world_id in changed:
                        self._follow(world_id)

    def _look(self, connection: Driver) -> None:
        """Say that this process is alive, take over what is due, and look at what is waited for."""
        limits = {"lease": self._lease, "grace": GRACE, "most": _MOST_DUE}
        while not self._closed.is_set():
            connection.execute(_ALIVE, (self._store.holder,))
            due = {world_id for (world_id,) in connection.execute(_TAKE_DUE, limits).fetchall()}
            while self._to_resume:
                due.add(self._to_resume.pop())
            for world_id in due:
                self._run(world_id, partial(self._worlds.resume, world_id))
            awaited = self._worlds.awaited()
            if awaited:
                for world_id, head in connection.execute(_HEADS, (list(awaited),)).fetchall():
                    if awaited[world_id] < head:
                        self._follow(world_id)
            self._closed.wait(INTERVAL)

    def _follow(self, world_id: str) -> None:
        """Have a world follow its log if anybody waits for it; an empty id stands for the list of worlds."""
        if not world_id:
            self._run("", self._worlds.sync)
        elif self._worlds.is_awaited(world_id):
            self._run(world_id, partial(self._worlds.refresh, world_id))

    def _run(self, world_id: str, call: Callable[[], object]) -> None:
        """Make a call in a thread, unless the world's last one has not begun yet."""
        with self._lock:
            if world_id in self._waiting:
                return
            self._waiting.add(world_id)
        self._threads.run(world_id, partial(self._call, world_id, call))

    def _call(self, world_id: str, call: Callable[[], object]) -> None:
        with self._lock:
            self._waiting.discard(world_id)
        try:
            call()
        except (StoreUnavailable, WorldDropped):
            return  # the next look finds it


def _payloads(holder: str, changed: Collection[str]) -> list[str]:
    """Return announcements, none too long."""
    payloads, ids, length = [], list[Any](), 0
    for world_id in changed:
        size = len(json.dumps(world_id)) + 2
        if ids and length + size > _MOST_BYTES:
            payloads.append(json.dumps([holder, *ids]))
            ids, length = [], 0
        ids.append(world_id)
        length += size
    return [*payloads, json.dumps([holder, *ids])] if ids else payloads
