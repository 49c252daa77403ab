"""Clients written by others, and a server that they are led to."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from contract_tests.fetching import PATIENCE, fetched, run
from mockserver.client import WorldClient
from mockserver.server import MockServer


@pytest.fixture(scope="session", name="run")
def run_a_program() -> Callable[..., str]:
    return run


@pytest.fixture(scope="session")
def from_pypi() -> Callable[..., Path]:
    """Return a folder with PyPI packages, given as ``name==version``, without their dependencies."""

    def folder(*packages: str) -> Path:
        name = "pypi-" + "-".join(packages).replace("==", "-")
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps")
        return fetched(name, *pip, "--target", "{}", *packages)

    return folder


@pytest.fixture(scope="session")
def fetched_with_dependencies() -> Callable[..., Path]:
    """Return a folder with a PyPI package, given as ``name==version``, and what it depends on."""

    def folder(package: str) -> Path:
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        return fetched(f"pypi-with-dependencies-{package.replace('==', '-')}", *pip, "--target", "{}", package)

    return folder


@pytest.fixture(scope="session")
def from_npm() -> Callable[..., Path]:
    """Return the ``node_modules`` of npm packages, given as ``name@version``."""

    def folder(*packages: str) -> Path:
        name = "npm-" + "-".join(packages).replace("@", "-")
        npm = ("npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts")
        return fetched(name, *npm, "--prefix", "{}", *packages) / "node_modules"

    return folder


@pytest.fixture(scope="session")
def compiled() -> Callable[..., Path]:
    """Return a folder with the classes of Java sources, compiled again when they change."""

    def folder(*sources: Path) -> Path:
        digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
        return fetched(f"java-{digest}", "javac", "-d", "{}", *map(str, sources))

    return folder


class Leading(NamedTuple):
    """A server, and the environment that leads a child process there."""

    server: MockServer
    environment: Mapping[str, str]


@pytest.fixture(scope="module")
def leading() -> Iterator[Leading]:
    """One server for all unmodified clients of a module, with the environment that `mockserver env` prints for it."""
    with MockServer(https=True, proxy=True, freeze="2026-06-01T12:00:00Z") as server:
        env = (sys.executable, "-m", "mockserver", "env", "--format", "json", "--server", server.url)
        printed = subprocess.run(env, capture_output=True, check=True, timeout=PATIENCE).stdout
        yield Leading(server, os.environ | json.loads(printed))


@pytest.fixture
def world(leading: Leading) -> WorldClient:
    """The default world, reset; the hard-coded credentials lead there."""
    world = leading.server.world
    world.reset()
    return world
