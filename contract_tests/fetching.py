"""Foreign packages, installed once from their registry into ``.cache/clients/`` and kept there."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CACHE = Path(__file__).parents[1] / ".cache" / "clients"
PATIENCE = 300


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Hold a lock, because the workers of a parallel run share the cache."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fetched(name: str, *command: str) -> Path:
    """Return the folder of that name, which a command fills when it is not there; ``{}`` in the command stands for the folder."""
    folder = CACHE / name
    with alone(name):
        if not folder.is_dir():
            unfinished = CACHE / f"{name}.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            run(*(word.format(unfinished) for word in command), cwd=unfinished)
            unfinished.rename(folder)
    return folder


def run(*command: str, **options: object) -> str:
    """Run a program and return its output; fail with its complaint when its exit code is not 0."""
    program = shutil.which(command[0])
    assert program, (
        f"there is no {command[0]} on this machine; `make test` installs it (contract_tests/clients/install-programs)"
    )
    done = subprocess.run(
        [program, *command[1:]], capture_output=True, text=True, timeout=PATIENCE, encoding="utf-8", **options
    )
    assert done.returncode == 0, f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}"
    assert done.stderr == "" or "npm" in command[0] or "pip" in command, done.stderr
    return done.stdout
