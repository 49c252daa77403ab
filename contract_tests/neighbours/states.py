"""Where the servers of the harness keep their worlds."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from contract_tests.postgresql import run_postgresql


@contextmanager
def _memory() -> Iterator[None]:
    yield None


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield str(Path(folder) / "state.db")


@contextmanager
def _postgresql() -> Iterator[str]:
    with run_postgresql() as server:
        yield server.create_database()


STATES: Mapping[str, Callable[[], AbstractContextManager[str | None]]] = {
    "memory": _memory,
    "sqlite": _sqlite,
    "postgresql": _postgresql,
}
"""By the name of the kind: the value of ``serve --state`` of a new store, which is deleted afterwards; ``None`` for no flag."""
