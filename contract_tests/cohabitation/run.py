"""Runs the tests of this folder: each file alone, with the pytest plugins of its library and no other, then all together."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PLUGINS = {
    "anyio": ["anyio"],
    "block": ["fakefs"],
    "pyfakefs": ["fakefs"],
    "pytest_asyncio": ["asyncio"],
    "pytest_randomly": ["randomly"],
    "pytest_socket": ["pytest_socket"],
    "requests_mock": ["requests_mock"],
    "respx": ["respx"],
    "time_machine": ["time_machine"],
}
"""The pytest plugins of libraries, by their names or modules."""


def run(*arguments: str, **variables: str) -> bool:
    """Run pytest, and return whether all tests passed."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-c",
        str(HERE / "pytest.ini"),
        "-p",
        "no:cacheprovider",
        *arguments,
    ]
    return subprocess.run(command, env=os.environ | variables).returncode == 0


def run_alone(file: Path) -> bool:
    """Run the tests of one library."""
    library = file.stem.removeprefix("test_")
    print(f"-- {library} alone", flush=True)
    plugins = [part for name in ("sms_mockserver", *PLUGINS.get(library, ())) for part in ("-p", name)]
    return run(*plugins, str(file), PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")


def main() -> int:
    """Run everything, also after a failure; return the exit code."""
    results = [run_alone(file) for file in sorted(HERE.glob("test_*.py")) if file.stem != "test_all_together"]
    print("-- all together", flush=True)
    results.append(run(str(HERE)))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
