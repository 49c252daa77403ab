"""The figures of a run: a row for each window, the bounds that they are held to, tables and a drawing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from statistics import median

GROWTH = 1.2
"""How much more of each resource the last windows may take than the first after the warm-up."""
SLACK = {"rss": 0.0, "descriptors": 10.0, "threads": 3.0}
"""By how much each may grow, whatever it was: connections come and go, and threads start when there is work for them."""
MISSED = 1_000, 0.1
"""Objects of garbage that no collection may find, at all and for each request: those of the requests that were handled during one."""
PAUSE = 20.0
"""Milliseconds of processor time for which one collection of garbage may stop the server."""
SLOWEST = 2.0
"""Seconds within which every response must be there."""
ECHO = "echo of another process"
"""What the clients ask in between that is not the server."""
WAITS = frozenset(("advance", "advance to the next", "snapshot", "load a snapshot", "make a world", "fork"))
"""What waits for webhooks, or is as long as its world: its times have rows of their own, and no share in those of the rest."""


@dataclass(frozen=True)
class Window:
    """What was measured at the end of a window, or during it."""

    seconds: float
    """Since the start."""
    requests: int
    """Since the start, as for worlds."""
    worlds: int
    rss: float
    """Megabytes of memory of the server."""
    descriptors: int
    threads: int
    processor: float
    """Milliseconds of processor time of the server for each request of the window."""
    latency: Mapping[str, float]
    """Milliseconds of p50, p99, p99.9 and the slowest request that waits for nothing."""
    pause: float
    """The longest collection of the window, in milliseconds of processor time."""

    def __str__(self) -> str:
        """Return it as a row below `HEADING`."""
        times = "".join(f"{self.latency[name]:7.1f}" for name in ("p50", "p99", "p99.9"))
        return (
            f"{self.seconds:7.0f} {self.requests:9} {self.worlds:8} {self.rss:7.1f} {self.descriptors:6} {self.threads:8}"
            f" {self.processor:7.2f}{times} {self.latency['worst']:9.1f} {self.pause:9.2f}"
        )


HEADING = "seconds  requests   worlds  RSS MB  files  threads  cpu ms    p50    p99  p99.9  worst ms  pause ms"


@dataclass
class Run:
    """A whole run."""

    seed: str
    warm_up: int
    """How many of the first windows are the warm-up."""
    windows: list[Window] = field(default_factory=list)
    times: dict[str, list[float]] = field(default_factory=dict)
    """Seconds of each request after the warm-up, by what it asked for."""
    errors: list[str] = field(default_factory=list)
    missed: int = 0
    """Objects of garbage in the server that no collection found, see `gc_tuning`."""
    received: int = 0
    """Webhooks that good receivers answered."""

    @property
    def warm(self) -> list[Window]:
        """The windows after the warm-up."""
        return self.windows[self.warm_up :]

    def ends(self, name: str) -> tuple[float, float]:
        """Return how much of a resource was taken after the warm-up, and at the end: the medians of some windows."""
        values = [float(getattr(window, name)) for window in self.warm]
        some = max(1, len(values) // 8)
        return median(values[:some]), median(values[-some:])

    def growth(self, name: str) -> float:
        """Return how many times more of a resource was taken at the end than after the warm-up."""
        first, last = self.ends(name)
        return last / first

    def more(self, name: str) -> float:
        """Return how much more of a resource was taken at the end than after the warm-up."""
        first, last = self.ends(name)
        return last - first

    def failures(self, latency: float) -> list[str]:
        """Return a sentence for each bound that is not met.

        Args:
            latency: the milliseconds that the 99.9th percentile may take above that of an echo on the same machine. The
                machine is busy with the clients here, so `contract_tests.neighbours` is the judge of the goal of 50 ms.
        """
        found = [f"{error}" for error in self.errors]
        grown = {name: self.growth(name) for name in ("rss", "descriptors", "threads")}
        found += [
            f"{name} grew to {growth:.2f} times what it was after the warm-up"
            for name, growth in grown.items()
            if growth > GROWTH and self.more(name) > SLACK[name]
        ]
        if (pause := max(window.pause for window in self.windows)) > PAUSE:
            found.append(f"a collection of garbage took {pause:.1f} ms")
        if self.missed > MISSED[0] + MISSED[1] * self.windows[-1].requests:
            found.append(f"no collection of garbage found {self.missed} objects that were in use no longer")
        machine = percentiles(self.times.get(ECHO, ()))["p99.9"]
        if (slow := percentiles(self.alone())["p99.9"]) > latency + machine:
            found.append(
                f"the 99.9th percentile of the requests took {slow:.0f} ms; that of an echo {machine:.0f} ms "
                "(whether one client delays another by more than 50 ms, contract_tests.neighbours judges)"
            )
        for name, times in self.times.items():
            if name not in WAITS and max(times) > SLOWEST:
                found.append(f"{name} took {max(times):.1f} s")
        return found

    def alone(self) -> list[float]:
        """Return the seconds of all requests that wait for nothing."""
        return [each for name, times in self.times.items() if name not in (*WAITS, ECHO) for each in times]

    def as_json(self) -> dict[str, object]:
        """Return the figures for a file."""
        return {
            "seed": self.seed,
            "requests": self.windows[-1].requests,
            "worlds": self.windows[-1].worlds,
            "webhooks": self.received,
            "missed": self.missed,
            "growth": {name: round(self.growth(name), 3) for name in ("rss", "descriptors", "threads")},
            "latency": percentiles(self.alone()),
            "by_request": {
                name: {"count": len(times), **percentiles(times)} for name, times in sorted(self.times.items())
            },
            "windows": [vars(window) for window in self.windows],
            "errors": self.errors,
        }

    def summary(self) -> str:
        """Return the requests by what they asked for, and what grew, as text."""
        lines = ["what                         count     p50     p99   p99.9   worst ms"]
        for name, times in sorted(self.times.items()):
            found = percentiles(times)
            numbers = "".join(f"{found[each]:8.1f}" for each in ("p50", "p99", "p99.9", "worst"))
            lines.append(f"{name:25} {len(times):8}{numbers}{'  (waits)' if name in WAITS else ''}")
        grown = ", ".join(f"{name} {self.growth(name):.2f}" for name in ("rss", "descriptors", "threads"))
        lines += ["", f"at the end, times what it was after the warm-up: {grown}"]
        lines += [f"{self.received} webhooks answered; {self.missed} objects of garbage that no collection found"]
        return "\n".join(lines)

    def draw(self, path: Path) -> None:
        """Write the windows as an SVG: a panel for each figure, over the requests."""
        panels: tuple[tuple[str, Sequence[float]], ...] = (
            ("memory (RSS), MB", [w.rss for w in self.windows]),
            ("open files", [w.descriptors for w in self.windows]),
            ("threads", [w.threads for w in self.windows]),
            ("processor time for a request, ms", [w.processor for w in self.windows]),
            ("latency p50, ms", [w.latency["p50"] for w in self.windows]),
            ("latency p99, ms", [w.latency["p99"] for w in self.windows]),
            ("latency p99.9, ms", [w.latency["p99.9"] for w in self.windows]),
            ("longest collection of garbage, ms", [w.pause for w in self.windows]),
        )
        across = [float(w.requests) for w in self.windows]
        parts = [_panel(place, title, across, values) for place, (title, values) in enumerate(panels)]
        height = _HEIGHT * ((len(panels) + 1) // 2)
        head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * _WIDTH}" height="{height}" font-family="sans-serif" font-size="11">'
        path.write_text(
            "\n".join((head, f'<rect width="{2 * _WIDTH}" height="{height}" fill="white"/>', *parts, "</svg>\n"))
        )


_WIDTH, _HEIGHT, _MARGIN = 440, 160, 40


def _panel(place: int, title: str, across: Sequence[float], values: Sequence[float]) -> str:
    left, top = place % 2 * _WIDTH + _MARGIN, place // 2 * _HEIGHT + _MARGIN // 2
    width, height = _WIDTH - 1.5 * _MARGIN, _HEIGHT - 1.5 * _MARGIN
    most, last = max(values) or 1, across[-1] or 1
    points = " ".join(
        f"{left + x / last * width:.1f},{top + height - y / most * height:.1f}"
        for x, y in zip(across, values, strict=True)
    )
    return (
        f'<g><text x="{left}" y="{top - 5}">{escape(title)}: {values[-1]:.4g} at the end, {most:.4g} at most</text>'
        f'<path d="M{left} {top}v{height}h{width}" fill="none" stroke="#9aa5b1"/>'
        f'<text x="{left + width}" y="{top + height + 14}" text-anchor="end" fill="#44505c">{last:,.0f} requests</text>'
        f'<polyline points="{points}" fill="none" stroke="#1b7f5c" stroke-width="1.5"/></g>'
    )


def percentiles(seconds: Iterable[float]) -> dict[str, float]:
    """Return p50, p99, p99.9 and the slowest, in milliseconds; zeros of nothing."""
    ordered = sorted(seconds)
    if not ordered:
        return dict.fromkeys(("p50", "p99", "p99.9", "worst"), 0.0)
    shares = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "worst": 1.0}
    return {
        name: round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 3)
        for name, share in shares.items()
    }
