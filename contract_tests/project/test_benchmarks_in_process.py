"""The in-process benchmarks run. Their figures are not tested."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}


@pytest.mark.parametrize(
    "arguments",
    [
        ["pytest", "-q", "-p", "no:cacheprovider", "--benchmark-disable", "--small", "benchmarks/in_process"],
        ["benchmarks.stages", "--requests", "5", "--rounds", "2"],
        ["benchmarks.checkpoints", "--rounds", "2", "--changes", "3"],
    ],
    ids=["in process", "stages", "checkpoints"],
)
def test_what_is_measured_in_one_process_runs(arguments: list[str]) -> None:
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True)

    assert 0 == done.returncode, done.stdout + done.stderr
