"""wrk: drive a server, and read what wrk prints."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .asking import HOST

SCRIPT = Path(__file__).with_name("walk.lua")
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1_000.0, "m": 60_000.0}
_LATENCY = re.compile(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s|m)[ \t]*$", re.MULTILINE)
_TOTAL = re.compile(r"^\s+(\d+) requests in ([\d.]+)(us|ms|s|m)\b", re.MULTILINE)
_SOCKETS = re.compile(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")
_STATUS = re.compile(r"Non-2xx or 3xx responses: (\d+)")


class NotWrk(ValueError):
    """The text is not what wrk prints."""


@dataclass(frozen=True)
class Printed:
    """What wrk measured."""

    requests: int
    seconds: float
    p50: float
    """Milliseconds."""
    p99: float
    """Milliseconds."""
    errors: int
    """Sockets that failed, and answers that were neither 2xx nor 3xx."""

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds if self.seconds else 0.0


def parse(text: str) -> Printed:
    """Read it.

    Raises:
        NotWrk: it is something else.
    """
    total, latencies = _TOTAL.search(text), dict(_latencies(text))
    if total is None or set(latencies) != {"50", "99"}:
        raise NotWrk(f"not what wrk prints: {' '.join(text.split())[:200]!r}")
    sockets, status = _SOCKETS.search(text), _STATUS.search(text)
    errors = sum(map(int, sockets.groups())) if sockets else 0
    errors += int(status[1]) if status else 0
    return Printed(int(total[1]), float(total[2]) * _UNITS[total[3]] / 1_000, latencies["50"], latencies["99"], errors)


def _latencies(text: str) -> list[tuple[str, float]]:
    return [(which, float(number) * _UNITS[unit]) for which, number, unit in _LATENCY.findall(text)]


def drive(port: int, requests: Path, connections: int, seconds: int) -> Printed:
    """Ask one server over so many connections, for so long.

    Raises:
        NotWrk: wrk failed; what it printed.
    """
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--latency"]
    command += ["--timeout", "10s", "--script", str(SCRIPT), f"http://{HOST}:{port}/", "--", str(requests)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
    return parse(done.stdout + done.stderr)
