"""What was measured, as values and as the JSON that a report can be made from again."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Shot:
    """One run of one server under one load."""

    peer: str
    load: str
    connections: int
    repetition: int
    rate: float
    """Requests a second."""
    cpu: float
    """Microseconds of processor time a request, of the server and its children."""
    p50: float
    """Milliseconds."""
    p99: float
    """Milliseconds."""
    requests: int
    errors: int
    accepted: float | None = None
    """Of ours and its sends: which share was accepted."""


@dataclass(frozen=True)
class Start:
    """One start and one end of a server."""

    peer: str
    seconds: float
    """From the process's start to its first answer."""
    stop: float
    """From SIGTERM to the process's end, in seconds."""


@dataclass(frozen=True)
class Memory:
    """What a server holds."""

    peer: str
    load: str
    requests: tuple[int, ...]
    """How many were made before each look."""
    megabytes: tuple[float, ...]
    """Resident, at each look; the first is before any request."""


@dataclass(frozen=True)
class Million:
    """A million messages in one program."""

    load: float
    """Seconds to the first answer."""
    bytes: float
    """Resident bytes a message, more than with the shipped world."""
    ratios: tuple[float, ...]
    """The last page's median latency to the first's, each time."""


@dataclass
class Results:
    """A whole run."""

    date: str
    machine: dict[str, str]
    is_whole: bool
    """Whether every peer was asked as often as the project's own figures demand."""
    versions: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    """Peers that could not be measured, or not to the end, and why."""
    shots: list[Shot] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    memory: list[Memory] = field(default_factory=list)
    help: list[float] = field(default_factory=list)
    """Seconds of ``mockserver --help``."""
    million: Million | None = None
    minutes: float = 0.0
    """That the run took."""

    def of(self, peer: str, load: str, connections: int) -> list[Shot]:
        """The repetitions."""
        return [shot for shot in self.shots if (shot.peer, shot.load, shot.connections) == (peer, load, connections)]

    def middle(self, peer: str, load: str, connections: int, what: Callable[[Shot], float]) -> float | None:
        """The median of the repetitions; ``None`` where there are none."""
        return median_or_none([what(shot) for shot in self.of(peer, load, connections)])

    def save(self, path: Path) -> None:
        """Write it, one run a line."""
        path.parent.mkdir(parents=True, exist_ok=True)
        parts = ",\n".join(f"{json.dumps(name)}: {_lines(value)}" for name, value in asdict(self).items())
        path.write_text(f"{{\n{parts}\n}}\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Results:
        """What `save` wrote."""
        held: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        held["shots"] = [Shot(**shot) for shot in held["shots"]]
        held["starts"] = [Start(**start) for start in held["starts"]]
        held["memory"] = [
            Memory(**{**look, "requests": tuple(look["requests"]), "megabytes": tuple(look["megabytes"])})
            for look in held["memory"]
        ]
        if held["million"] is not None:
            held["million"] = Million(**{**held["million"], "ratios": tuple(held["million"]["ratios"])})
        return cls(**held)


def _lines(value: Any) -> str:
    if not isinstance(value, list) or not value:
        return json.dumps(value)
    return "[\n" + ",\n".join(map(json.dumps, value)) + "\n]"


def median_or_none(values: Sequence[float]) -> float | None:
    """The median; ``None`` of nothing."""
    return median(values) if values else None
