"""Tests on stored worlds: pytest --state sqlite, or postgresql.

Every world registry that a test creates without a store gets a new one then, so that all that the suites say of worlds is
tried on it too.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from contract_tests.harmless_fault import HarmlessFault
from contract_tests.installed import INSTALLED
from contract_tests.postgresql import ORDINARY, run_postgresql
from mockserver.admin.journal_file import create_codec
from mockserver.engine.event_log import Store
from mockserver.engine.registry import WorldRegistry
from mockserver.stores import open_store

MOST_OPEN = 30
"""Stores in PostgreSQL that are open at once: the oldest is closed then, for a test seldom closes its registry."""


def _open(state: str) -> Store:
    codec = create_codec(INSTALLED)
    codec.types.add(HarmlessFault)
    return open_store(state, codec)


@contextmanager
def _sqlite() -> Iterator[Callable[[], Store]]:
    """Return what opens new SQLite files, each a copy of an empty one."""
    with tempfile.TemporaryDirectory(prefix="mockserver-test-") as folder:
        numbers, empty = count(1), Path(folder, "empty")
        _open(str(empty)).close()

        def create() -> Store:
            path = empty.with_name(str(next(numbers)))
            shutil.copy(empty, path)
            return _open(str(path))

        yield create


@contextmanager
def _postgresql() -> Iterator[Callable[[], Store]]:
    """Return what opens new databases, each a copy of an empty one, of a server that runs for the length of the block."""
    with run_postgresql({**ORDINARY, "max_connections": "1000"}) as server, ExitStack() as ending:
        empty = server.create_database()
        _open(empty).close()
        template = urlsplit(empty).path.removeprefix("/")
        opened: deque[Store] = deque()

        @ending.callback
        def close_all() -> None:
            for each in opened:
                each.close()

        def create() -> Store:
            if len(opened) == MOST_OPEN:
                opened.popleft().close()
            opened.append(_open(server.create_database(template)))
            return opened[-1]

        yield create


KINDS = {"sqlite": _sqlite, "postgresql": _postgresql}


@contextmanager
def keep_worlds(kind: str) -> Iterator[None]:
    """Give each registry that is created without a store a new one of a kind, for the length of a block."""
    with KINDS[kind]() as create:
        original = WorldRegistry.__init__
        WorldRegistry.__init__ = _with_store(original, create)  # type: ignore[method-assign]  # for tests that know of no store
        try:
            yield
        finally:
            WorldRegistry.__init__ = original  # type: ignore[method-assign]


def _with_store(create_registry: Callable[..., None], create_store: Callable[[], Store]) -> Callable[..., None]:
    @wraps(create_registry)
    def create(registry: WorldRegistry, *arguments: Any, **options: Any) -> None:
        if options.get("store") is None:
            options["store"] = create_store()  # a file is closed with the registry, or when nothing refers to it
        create_registry(registry, *arguments, **options)

    return create
