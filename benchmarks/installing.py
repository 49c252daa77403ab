"""What a run needs: programs of the machine, and the peers from their registries, in a folder that Git does not see."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

DEBIAN = {"wrk": "wrk", "java": "default-jre-headless", "node": "nodejs", "npm": "npm"}
"""Programs, and the packages that hold them."""


class Missing(Exception):
    """Something cannot be had."""


def install_programs(say: Callable[[str], None]) -> None:
    """Install the Debian packages of programs that are not there, where we may. What is still missing then is said by `Cache.needs`."""
    packages = [package for program, package in DEBIAN.items() if shutil.which(program) is None]
    if not packages or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    say(f"apt-get install {' '.join(packages)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-qq", "--yes", *packages]):
        subprocess.run(command, env=environment, stdout=sys.stderr, check=False)


class Cache:
    """A folder in which what was installed stays installed."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self.folder, self.say = folder, say

    def needs(self, program: str) -> None:
        """Have a program of the machine.

        Raises:
            Missing: it is not there; how to get it.
        """
        if shutil.which(program) is None:
            raise Missing(f"{program} is not installed (Debian: {DEBIAN[program]})")

    def npm(self, package: str, version: str) -> Path:
        """The folder of an npm package, which runs no script when it is installed.

        Raises:
            Missing: npm has it not.
        """
        self.needs("npm")
        folder = self.folder / f"{package.strip('@').replace('/', '-')}-{version}"
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
        self._once(folder, [["npm", "install", "--prefix", str(folder), *options, f"{package}@{version}"]])
        return folder / "node_modules" / package

    def python(self, packages: Sequence[str]) -> Path:
        """The folder of programs of an environment with these packages.

        Raises:
            Missing: pip has them not.
        """
        folder = self.folder / "python"
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        self._once(folder, [[sys.executable, "-m", "venv", str(folder)], [*pip, *packages]])
        return folder / "bin"

    def _once(self, folder: Path, commands: Sequence[Sequence[str]]) -> None:
        """Run the commands that fill a folder, unless these filled it before."""
        stamp, what = folder / "installed", repr(commands)
        if stamp.is_file() and stamp.read_text(encoding="utf-8") == what:
            return
        self.say(f"installs {folder.name}")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for command in commands:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise Missing(_last_line(done.stderr) or f"{command[0]} ended with {done.returncode}")
        stamp.write_text(what, encoding="utf-8")


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
