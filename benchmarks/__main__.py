"""``python -m benchmarks``: measure, and write the table and the plot."""

from __future__ import annotations

import argparse
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from . import installing, machine
from .goals import GOALS
from .measuring import Bench
from .peers.node import JsonServer, Mockoon, Mountebank, Prism
from .peers.ours import Null, Ours
from .peers.peer import Peer
from .peers.pypi import Moto, PytestHttpserver
from .peers.wiremock import WireMock, WireMockOff
from .plan import WebhookFaultPlan
from .progress import Progress
from .report import between_markers, written
from .results import Results
from .worlds import write_measured

HERE = Path(__file__).parent
ROOT = HERE.parent


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure mockserver beside its peers. A whole run rewrites benchmarks/README.md, results.json and"
        " speed.svg; a part of one writes to the cache and prints.",
    )
    parser.add_argument(
        "--quick", action="store_true", help="see in a minute or two that everything runs; figures mean nothing"
    )
    parser.add_argument("--only", metavar="PEER", action="append", help="this peer beside ours; may be given again")
    parser.add_argument("--repetitions", type=int, metavar="N", help="of each load [default: 5; quick: 1]")
    parser.add_argument("--cache", type=Path, default=ROOT / ".cache" / "bench", help="where peers are installed")
    parser.add_argument(
        "--report", type=Path, metavar="RESULTS", help="measure nothing; make the report of this file again"
    )
    return parser.parse_args()


def _peers(ours: Ours, only: list[str] | None) -> list[Peer]:
    others = [WireMock(), WireMockOff(), Mockoon(), Prism(), Mountebank(), JsonServer(), Moto(), PytestHttpserver()]
    if only is None:
        return [ours, Null(), *others]
    chosen = [peer for peer in others if peer.name.lower() in {name.lower() for name in only}]
    if len(chosen) < len(set(only)):
        sys.exit(f"--only takes: {', '.join(repr(peer.name) for peer in others)}")
    return [ours, Null(), *chosen]


def main() -> None:
    """Measure, or read what was measured; and report."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # and leave no server behind
    given = _arguments()
    if given.report is not None:
        _report(Results.read(given.report), given.cache)
        return
    folder = given.cache.resolve()
    world = folder / "worlds" / "measured.json"
    ours = Ours(world)
    peers = _peers(ours, given.only)
    repetitions = given.repetitions or (1 if given.quick else 5)
    plan = WebhookFaultPlan(
        peers, repetitions, starts=repetitions, memory_seconds=2 if given.quick else 20, is_quick=given.quick
    )
    for part, seconds in plan.seconds.items():
        print(f"{part:>13} {seconds / 60:5.1f} min", file=sys.stderr)
    progress = Progress(plan.seconds)
    cache = installing.Cache(folder, progress.say)
    installing.install_programs(progress.say)
    try:
        cache.needs("wrk")
    except installing.Missing as missing:
        sys.exit(str(missing))
    write_measured(world, ROOT / "fixtures" / "worlds" / "demo.json")
    is_whole = not given.quick and given.only is None and repetitions >= 5
    results = Results(f"{datetime.now(UTC):%Y-%m-%d}", machine.described(), is_whole)
    bench = Bench(plan, cache, ours, results, progress)
    try:
        bench.carry_out()
    finally:
        results.save(cache.folder / "results.json")
    _report(results, cache.folder)


def _report(results: Results, cache: Path) -> None:
    """A whole run is the project's; anything else is whoever's it is."""
    from .plot import draw

    text = written(results, GOALS)
    print(text)
    draw(results, (HERE if results.is_whole else cache) / "speed.svg")
    if results.is_whole:
        readme = HERE / "README.md"
        readme.write_text(between_markers(readme.read_text(encoding="utf-8"), text), encoding="utf-8")
        results.save(HERE / "results.json")


if __name__ == "__main__":
    main()
