"""Tests on stored worlds: pytest --state sqlite.

Every world registry that a test creates without a store gets a new one then, so that all that the suites say of worlds is
tried on it too.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from itertools import count
from pathlib import Path
from typing import Any

from contract_tests.harmless_fault import HarmlessFault
from contract_tests.installed import INSTALLED
from mockserver.app import create_codec
from mockserver.engine.event_log import Store
from mockserver.engine.registry import WorldRegistry
from mockserver.stores.sqlite import SqliteStore


class SqliteFiles:
    """New SQLite files in a folder, each a copy of an empty one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)
        self._empty = folder / "empty"
        self.open(self._empty).close()

    def open(self, path: Path) -> Store:
        """Open a store in a file, which is created if there is none."""
        codec = create_codec(INSTALLED)
        codec.types.add(HarmlessFault)
        return SqliteStore(path, codec)

    def create(self) -> Store:
        """Open a new store."""
        path = self._folder / str(next(self._numbers))
        shutil.copy(self._empty, path)
        return self.open(path)


@contextmanager
def keep_worlds(kind: str) -> Iterator[None]:
    """Give each registry that is created without a store a new one of a kind, for the length of a block."""
    assert kind == "sqlite"
    with tempfile.TemporaryDirectory(prefix="mockserver-test-") as folder:
        create = SqliteFiles(Path(folder)).create
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
            options["store"] = create_store()  # closed with the registry, or when nothing refers to it
        create_registry(registry, *arguments, **options)

    return create
