"""A server's process: started, asked until it answers, weighed, stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from http.client import HTTPException
from pathlib import Path

import psutil

from .asking import HOST, Request, Response, ask

PATIENCE = 15.0
"""Seconds in which a server must end."""

GLANCE = 0.002
"""Seconds between looks."""
A_LOOK = 0.05
"""Seconds between looks whether it still works."""


class Failed(Exception):
    """A server did not do what it should."""


def free_port() -> int:
    """A port that no one listens on."""
    with socket.create_server((HOST, 0)) as taken:
        return int(taken.getsockname()[1])


class Running:
    """A server and its children."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        """Start it, with the folder for its home; what it says is in ``server.log`` there."""
        folder.mkdir(parents=True, exist_ok=True)
        own = ("MOCKSERVER_", "NODE_", "JAVA_", "JDK_", "PYTHON")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        self._log = folder / "server.log"
        self.began = time.perf_counter()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env={**environment, "HOME": str(folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._tree = psutil.Process(self._process.pid)

    def first_answer(self, port: int, request: Request, patience: float) -> tuple[Response, float]:
        """What it says first, and after how many seconds.

        Raises:
            Failed: it ended, or says nothing for so many seconds.
        """
        while time.perf_counter() - self.began < patience:
            if self._process.poll() is not None:
                raise Failed(f"ended with {self._process.returncode}: {self._last_words()}")
            with contextlib.suppress(OSError, HTTPException):
                response = ask(port, request)
                if response.status < 400:
                    return response, time.perf_counter() - self.began
            time.sleep(GLANCE)
        raise Failed(f"no answer in {patience:.0f} s: {self._last_words()}")

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1][:200] if lines else "it said nothing"

    @property
    def _family(self) -> list[psutil.Process]:
        return [self._tree, *self._tree.children(recursive=True)]

    @property
    def cpu(self) -> float:
        """Seconds of processor time that it and its children have used."""
        times = [member.cpu_times() for member in self._family]
        return sum(each.user + each.system for each in times)

    @property
    def memory(self) -> int:
        """Bytes that are resident, of it and its children."""
        return sum(int(member.memory_info().rss) for member in self._family)

    def calm_down(self, patience: float = 5.0) -> None:
        """Wait until it works no more: the answers that no one reads, the rubbish that is collected after a load."""
        until = time.perf_counter() + patience
        while time.perf_counter() < until:
            used = self.cpu
            time.sleep(A_LOOK)
            if self.cpu - used < A_LOOK / 4:
                return

    def stop(self) -> float:
        """End it as its user would, with SIGTERM; the seconds that it took."""
        if self._process.returncode is not None:
            return 0.0
        began = time.perf_counter()
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE)
        seconds = time.perf_counter() - began
        with contextlib.suppress(ProcessLookupError):  # what it left behind
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        return seconds


@contextlib.contextmanager
def running(command: Sequence[str], folder: Path) -> Iterator[Running]:
    """A server for the length of a block."""
    server = Running(command, folder)
    try:
        yield server
    finally:
        server.stop()
