"""Where it was measured."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

import psutil

_ASKED = {
    "java": ["java", "-version"],
    "node": ["node", "--version"],
    "wrk": ["wrk", "--version"],
}
_VERSION = re.compile(r"\d+(?:\.\d+)+\S*")


def described() -> dict[str, str]:
    """The machine and the programs on it that matter."""
    return {
        "processor": f"{os.cpu_count()} × {_processor()}",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{program: _version(command) for program, command in _ASKED.items() if shutil.which(program)},
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.machine()
    found = re.search(r"model name\s*:\s*(.+)", text)
    return found[1] if found else platform.machine()


def _version(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = _VERSION.search(done.stdout + done.stderr)
    return found[0].strip('"') if found else "unknown"
