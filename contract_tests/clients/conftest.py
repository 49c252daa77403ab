"""Clients that are not ours, fetched once from their registries into ``.cache/clients/`` and kept there."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from mockserver.client import World
from mockserver.server import MockServer

CACHE = Path(__file__).parents[2] / ".cache" / "clients"
PATIENCE = 300


@contextmanager
def alone(name: str) -> Iterator[None]:
    """One process at a time: the workers of a parallel run share the cache."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fetched(name: str, *command: str) -> Path:
    """The folder of that name, which a command fills when it is not there; ``{}`` in the command is the folder."""
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
    """What a program prints; an assertion with what it complains of when it fails."""
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


@pytest.fixture(scope="session", name="run")
def run_a_program() -> Callable[..., str]:
    return run


@pytest.fixture(scope="session")
def from_pypi() -> Callable[..., Path]:
    """A folder with packages of PyPI, given as ``name==version``, without what they depend on."""

    def folder(*packages: str) -> Path:
        name = "pypi-" + "-".join(packages).replace("==", "-")
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps")
        return fetched(name, *pip, "--target", "{}", *packages)

    return folder


@pytest.fixture(scope="session")
def from_npm() -> Callable[..., Path]:
    """The ``node_modules`` of packages of npm, given as ``name@version``."""

    def folder(*packages: str) -> Path:
        name = "npm-" + "-".join(packages).replace("@", "-")
        npm = ("npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts")
        return fetched(name, *npm, "--prefix", "{}", *packages) / "node_modules"

    return folder


@pytest.fixture(scope="session")
def compiled() -> Callable[..., Path]:
    """A folder with the classes of Java sources, compiled anew when they have changed."""

    def folder(*sources: Path) -> Path:
        digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
        return fetched(f"java-{digest}", "javac", "-d", "{}", *map(str, sources))

    return folder


class Leading(NamedTuple):
    """A server, and the environment that leads a child there."""

    server: MockServer
    environment: Mapping[str, str]


@pytest.fixture(scope="module")
def leading() -> Iterator[Leading]:
    """One server for all unmodified clients of a module, with what `mockserver env` prints for it."""
    with MockServer(https=True, tunnel=True, freeze="2026-06-01T12:00:00Z") as server:
        env = (sys.executable, "-m", "mockserver", "env", "--format", "json", "--server", server.url)
        printed = subprocess.run(env, capture_output=True, check=True, timeout=PATIENCE).stdout
        yield Leading(server, os.environ | json.loads(printed))


@pytest.fixture
def world(leading: Leading) -> World:
    """The default world as it was in the beginning: the hard-coded credentials lead there."""
    world = leading.server.world
    world.reset()
    return world
