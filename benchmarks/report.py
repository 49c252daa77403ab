"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median

from .goals import Goal
from .loads import LOADS
from .plan import CONNECTIONS
from .results import Memory, Results, Shot

BEGIN, END = "<!-- measured: python -m benchmarks writes from here -->", "<!-- measured: to here -->"


def between_markers(page: str, text: str) -> str:
    """The page with the text in place of what stood between the markers.

    Raises:
        ValueError: the page has not each of them once, in order.
    """
    if page.count(BEGIN) != 1 or page.count(END) != 1 or page.index(BEGIN) > page.index(END):
        raise ValueError(f"the page needs {BEGIN!r} and, after it, {END!r}")
    head, _, rest = page.partition(BEGIN)
    return f"{head}{BEGIN}\n\n{text.strip()}\n\n{END}{rest.partition(END)[2]}"


def written(results: Results, goals: Iterable[Goal]) -> str:
    """Everything, as it stands in README.md."""
    parts = [
        _where(results),
        _goals(results, goals),
        "![Requests a second, by load](speed.svg)",
        *(_load(results, load.name, load.about) for load in LOADS),
        _beside(results),
        _who(results),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _where(results: Results) -> str:
    what = "" if results.is_whole else " **Not a whole run: these figures are no one's.**"
    machine = "; ".join(f"{name} {value}" for name, value in results.machine.items())
    return f"Measured on {results.date} in {results.minutes:.0f} minutes. {machine}.{what}"


def _goals(results: Results, goals: Iterable[Goal]) -> str:
    rows = [
        (finding.promise, finding.bound, finding.shown, finding.result) for goal in goals for finding in goal(results)
    ]
    return "### Promised and measured\n\n" + _table(("promised", "", "measured", ""), rows, is_text=True)


def _load(results: Results, load: str, about: str) -> str:
    rows = []
    for peer in results.versions:
        cells = [
            cell
            for connections in CONNECTIONS
            for cell in _cells(results.of(peer, load, connections), has_latency=connections == CONNECTIONS[0])
        ]
        if any(cells):
            rows.append((peer, *(cell or "–" for cell in cells)))
    if not rows:
        return ""
    heads = ("", "req/s, 8 conn.", "µs CPU", "p50 ms", "p99 ms", "req/s, 32 conn.", "µs CPU")
    return f"### {load}: {about}\n\n" + _table(heads, rows) + _remarks(results, load)


def _cells(shots: Sequence[Shot], *, has_latency: bool) -> list[str]:
    figures: list[tuple[Callable[[Shot], float], str]] = [
        (lambda shot: shot.rate, ",.0f"),
        (lambda shot: shot.cpu, ",.0f"),
    ]
    if has_latency:
        figures += [(lambda shot: shot.p50, ".2f"), (lambda shot: shot.p99, ".2f")]
    return [spread([what(shot) for shot in shots], form) for what, form in figures]


def spread(values: Sequence[float], form: str) -> str:
    """The median, and from where to where."""
    if not values:
        return ""
    middle = format(median(values), form)
    return middle if len(values) == 1 else f"{middle} ({min(values):{form}}–{max(values):{form}})"


def _remarks(results: Results, load: str) -> str:
    shots = [shot for shot in results.shots if shot.load == load]
    remarks = []
    shares = [shot.accepted for shot in shots if shot.accepted is not None]
    if shares:
        remarks.append(f"Of our sends {min(shares):.2%} were accepted in the worst repetition.")
    for peer in results.versions:
        errors = sum(shot.errors for shot in shots if shot.peer == peer)
        if errors:
            requests = sum(shot.requests for shot in shots if shot.peer == peer)
            remarks.append(f"{peer}: {errors:,} of {requests:,} requests failed or timed out.")
    return "\n\n" + " ".join(remarks) if remarks else ""


def _beside(results: Results) -> str:
    rows = []
    for peer in results.versions:
        starts = [start for start in results.starts if start.peer == peer]
        looks = [look for look in results.memory if look.peer == peer]
        if starts or looks:
            rows.append(
                (
                    peer,
                    spread([start.seconds * 1_000 for start in starts], ",.0f") or "–",
                    spread([start.stop * 1_000 for start in starts], ",.0f") or "–",
                    "; ".join(map(_looked, looks)) or "–",
                )
            )
    heads = ("", "start to first answer, ms", "stop, ms", "resident memory, MB")
    return "### Start, stop, memory\n\n" + _table(heads, rows) if rows else ""


def _looked(looks: Memory) -> str:
    after = ", ".join(
        f"{megabytes:,.0f} after {requests:,}"
        for requests, megabytes in zip(looks.requests[1:], looks.megabytes[1:], strict=True)
    )
    return f"{looks.load}: {looks.megabytes[0]:,.0f} at first, {after}"


def _who(results: Results) -> str:
    rows = [
        (peer, results.versions.get(peer, "–"), note + _failure(results, peer)) for peer, note in results.notes.items()
    ]
    return "### Who was asked\n\n" + _table(("", "version", "what it does for an answer"), rows, is_text=True)


def _failure(results: Results, peer: str) -> str:
    return f" **Not measured, or not to the end: {results.failures[peer]}**" if peer in results.failures else ""


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, is_text: bool = False) -> str:
    """Figures stand on the right; the first column names whose they are."""
    lines = [heads, ["---", *["---" if is_text else "---:"] * (len(heads) - 1)], *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
