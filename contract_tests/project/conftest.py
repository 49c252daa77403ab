"""The documentation site, built once for all workers of a run."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TO_BUILD = 600
"""Seconds that a test may take which builds the site, or waits for the worker that builds it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of the site the time that a build takes on a busy machine."""
    for item in items:
        if "site" in getattr(item, "fixturenames", ()) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(TO_BUILD))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder of the site as `make docs` builds it; the first worker that asks builds it, and the others wait."""
    shared = tmp_path_factory.getbasetemp() if worker_id == "master" else tmp_path_factory.getbasetemp().parent
    folder = shared / "site"
    with (shared / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(folder)]
            environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
            done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
            if done.returncode or done.stderr:
                pytest.fail(f"mkdocs build --strict:\n{done.stdout}{done.stderr}")
    return folder
