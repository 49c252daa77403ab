"""What was promised, and whether it is so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import median

from .loads import BY_NAME, LONG_PAGE, PAGE, RECIVED, SEND
from .plan import CONNECTIONS
from .results import Memory, Results, Shot, median_or_none

SERVED_HOSTS, NULL = "mockserver", "null WSGI application"
LIBRARY = "pytest-httpserver"
"""A part of a test's process; its start beside the servers' would be that of the program we wrote around it."""
WIREMOCK, WIREMOCK_OFF = "WireMock", "WireMock, journal off"


@dataclass(frozen=True)
class Finding:
    """One promise and what was measured."""

    promise: str
    demand: float
    is_floor: bool
    """Whether less is a miss; else more is."""
    value: float | None
    """What counts: the worst of what is in ``shown``. ``None`` when it was not measured."""
    shown: str
    unit: str = ""

    @property
    def bound(self) -> str:
        """What is demanded, in words."""
        return f"at {'least' if self.is_floor else 'most'} {self.demand:g}{self.unit}"

    @property
    def is_reached(self) -> bool | None:
        """Whether it is as promised."""
        if self.value is None:
            return None
        return self.value >= self.demand if self.is_floor else self.value <= self.demand

    @property
    def result(self) -> str:
        """The same in words, with how much is missing."""
        if self.value is None:
            return "not measured"
        if self.is_reached:
            return "reached"
        return f"**missed by {abs(self.value - self.demand) / self.demand:.0%}**"


Goal = Callable[[Results], Iterable[Finding]]


def _rate(shot: Shot) -> float:
    return shot.rate


def _cpu(shot: Shot) -> float:
    return shot.cpu


def _ratios(results: Results, peer: str, load: str, what: Callable[[Shot], float]) -> dict[int, float]:
    """Our median to the peer's, at each number of connections."""
    pairs = {
        connections: (
            results.middle(SERVED_HOSTS, load, connections, what),
            results.middle(peer, load, connections, what),
        )
        for connections in CONNECTIONS
    }
    return {connections: ours / theirs for connections, (ours, theirs) in pairs.items() if ours and theirs}


def _shown(ratios: Mapping[int, float]) -> str:
    return ", ".join(f"{ratio:.2f} at {connections}" for connections, ratio in ratios.items()) or "–"


def _against(
    peer: str, what: Callable[[Shot], float], about: str, demands: Mapping[str, float], *, is_floor: bool
) -> Goal:
    """A ratio to one peer, on each load, at both numbers of connections."""

    def goal(results: Results) -> Iterator[Finding]:
        for load, demand in demands.items():
            ratios = _ratios(results, peer, load, what)
            worst = (min if is_floor else max)(ratios.values(), default=None)
            yield Finding(f"{about}: {load}", demand, is_floor, worst, _shown(ratios), " times")

    return goal


def _others(results: Results) -> list[str]:
    return [peer for peer in results.versions if peer not in {SERVED_HOSTS, NULL, WIREMOCK, WIREMOCK_OFF}]


def _against_the_others(results: Results) -> Iterator[Finding]:
    for load in BY_NAME:
        found = [
            (ratio, peer, connections)
            for peer in _others(results)
            for connections, ratio in _ratios(results, peer, load, _rate).items()
        ]
        ratio, peer, connections = min(found, default=(None, "", 0))
        shown = "–" if ratio is None else f"{ratio:.1f} ({peer} at {connections})"
        yield Finding(f"requests/s to every other peer's: {load}", 3, True, ratio, shown, " times")


def _accepted(results: Results) -> Iterator[Finding]:
    shares = [shot.accepted for shot in results.shots if shot.accepted is not None]
    worst = min(shares, default=None)
    shown = "–" if worst is None else f"{worst:.2%} at worst, {median(shares):.2%} as a rule"
    yield Finding("sends that are accepted, limits on", 0.99, True, worst, shown)


def _latency(results: Results) -> Iterator[Finding]:
    for load in BY_NAME:
        ours = results.middle(SERVED_HOSTS, load, 8, lambda shot: shot.p99)
        shown = "–" if ours is None else f"{ours:.2f} ms"
        yield Finding(f"p99 at 8 connections: {load}", 5, False, ours, shown, " ms")
        theirs = [
            (p99, peer)
            for peer in (WIREMOCK, WIREMOCK_OFF, *_others(results))
            if (p99 := results.middle(peer, load, 8, lambda shot: shot.p99)) is not None
        ]
        if theirs and ours is not None:
            best, peer = min(theirs)
            shown = f"{ours:.2f} ms; {peer} {best:.2f} ms"
            yield Finding(f"p99 to the best peer's: {load}", 1, False, ours / best, shown, " times")


def _starts(results: Results) -> Iterator[Finding]:
    starts = {
        peer: median(found)
        for peer in results.versions
        if peer != LIBRARY and (found := [start.seconds for start in results.starts if start.peer == peer])
    }
    ours = starts.pop(SERVED_HOSTS, None)
    shown = "–" if ours is None else f"{ours * 1_000:.0f} ms"
    yield Finding("start to first answer", 300, False, ours and ours * 1_000, shown, " ms")
    if ours is not None and starts:
        peer = min(starts, key=lambda peer: starts[peer])
        shown = f"{ours * 1_000:.0f} ms; {peer} {starts[peer] * 1_000:.0f} ms"
        yield Finding("start to the quickest peer server's", 1, False, ours / starts[peer], shown, " times")
    helped = median_or_none(results.help)
    shown = "–" if helped is None else f"{helped * 1_000:.0f} ms"
    yield Finding("`mockserver --help`", 120, False, helped and helped * 1_000, shown, " ms")


def _memory(results: Results) -> Iterator[Finding]:
    looks = next((look for look in results.memory if (look.peer, look.load) == (SERVED_HOSTS, PAGE.name)), None)
    yield _held(looks)
    if looks is not None and len(looks.megabytes) > 2:
        growth = looks.megabytes[2] / looks.megabytes[1]
        shown = f"{looks.megabytes[1]:.0f} MB, then {looks.megabytes[2]:.0f} MB"
        yield Finding("memory after the next 100,000 to the first", 1.03, False, growth, shown, " times")


def _held(looks: Memory | None) -> Finding:
    value = None if looks is None else looks.megabytes[1]
    shown = "–" if looks is None else f"{looks.megabytes[1]:.0f} MB after {looks.requests[1]:,}"
    return Finding("resident memory after 100,000 pages of 50, journal full", 120, False, value, shown, " MB")


def _million(results: Results) -> Iterator[Finding]:
    found = results.million
    if found is None:
        return
    yield Finding("a million messages: load to first answer", 6, False, found.load, f"{found.load:.1f} s", " s")
    yield Finding("resident bytes a message, with its indexes", 350, False, found.bytes, f"{found.bytes:.0f}")
    ratio = median(found.ratios)
    shown = f"{ratio:.2f} ({min(found.ratios):.2f}–{max(found.ratios):.2f})"
    yield Finding("last page's latency to the first's", 1.2, False, ratio, shown, " times")


GOALS: tuple[Goal, ...] = (
    _against(
        WIREMOCK,
        _rate,
        "requests/s to WireMock's as installed",
        {SEND.name: 2, PAGE.name: 3, LONG_PAGE.name: 6, RECIVED.name: 2},
        is_floor=True,
    ),
    _against(
        WIREMOCK_OFF,
        _rate,
        "requests/s to WireMock's with its journal off",
        {SEND.name: 1.5, PAGE.name: 1.5, LONG_PAGE.name: 1.5, RECIVED.name: 1.2},
        is_floor=True,
    ),
    _against(
        WIREMOCK_OFF,
        _cpu,
        "processor time a request to WireMock's with its journal off",
        {SEND.name: 0.5, PAGE.name: 0.5, LONG_PAGE.name: 0.5, RECIVED.name: 0.7},
        is_floor=False,
    ),
    _against_the_others,
    _against(NULL, _rate, "requests/s to a null application's on our shell", {SEND.name: 0.3}, is_floor=True),
    _accepted,
    _latency,
    _starts,
    _memory,
    _million,
)
"""In the order of the table."""
