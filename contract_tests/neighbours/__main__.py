"""How much one client's bad behaviour delays another: python -m contract_tests.neighbours [--seconds N] [--only NAME] [--state KIND].

A good client with a world of its own sends, reads a page and asks for health in turn at a steady rate, while a load of
other clients (``loads.py``) works on the same server. Each load has a new server, and processes that give way to the
server and the good client (nice 19); these precede other programs of the machine where this user may say so. An equal good client of a second server, which has no load, is measured at the same time: what delays that
one is this machine, not the server. With a state both servers keep their worlds in a new store each.

The rule: at the 99.9th percentile a load delays no request by more than 50 ms, that is: the good client's 99.9th percentile
is at most 50 ms above the other's, or above what this run measured without any load, if this machine is as noisy as that. No
response of the good client is wrong, and the server logs no error. Where a load is about webhooks, each of the good
client's own comes at most 250 ms later than the other's. The exit code is 1 otherwise.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

from .loads import LOADS, Load
from .states import STATES
from .worlds import write_large

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "neighbours"
GOAL = 50.0
"""Milliseconds by which a load may delay a request at the 99.9th percentile."""

DELIVERY_GOAL = 250.0
RATES = {"memory": 200, "sqlite": 50, "postgresql": 50}
"""The good client's requests in a second, by where worlds are kept: no more than its fair share beside many others, for its delay
is measured, not how much a server can do."""

IDLE, BUSY = "(nothing)", "(two busy processes)"
"""Two measurements without a load of the server: of a machine that does nothing else, and of one whose processors are busy."""

HEAD = ("load", "its requests", "good", "p50", "p99", "p99.9", "worst", "p99.9 without", "webhook", "without", "")


class Figures(NamedTuple):
    """What a good client measured, in milliseconds."""

    count: int
    median: float
    p99: float
    p999: float
    worst: float
    slowest_delivery: float | None
    wrong: list[str]

    @classmethod
    def of(cls, found: dict[str, Any]) -> Figures:
        """Return the figures of what a good client printed."""
        ordered = sorted(found["latencies"])
        at = [ordered[math.ceil(len(ordered) * share) - 1] for share in (0.5, 0.99, 0.999, 1)]
        return cls(len(ordered), *at, max(found["delays"], default=None), found["wrong"])


@contextmanager
def serve(flags: tuple[str, ...], world: Path | None, log: IO[str]) -> Iterator[str]:
    """Run a server for the length of a block; its URL."""
    command = [
        sys.executable,
        "-m",
        "mockserver",
        "serve",
        "--format",
        "json",
        "--port",
        "0",
        "--no-proxy",
        "--log",
        "errors",
    ]
    command += ["--ca", str(CACHE / "ca"), *flags, *(() if world is None else ("--world", str(world)))]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True) as process:
        assert process.stdout is not None
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, -10)
        try:
            line = process.stdout.readline()
            if not line:
                sys.exit("the server did not start")
            yield json.loads(line)["url"]
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def precede_other_programs() -> None:
    """Let the programs of the harness run before others, where this user may: that those are busy is no delay of the server's."""
    with suppress(
        OSError
    ):  # Linux shares processors among sessions first, and by the processes' own priority within each
        Path("/proc/self/autogroup").write_text("-10", encoding="ascii")


class Program:
    """A client in a process of its own, which begins when it is told to."""

    def __init__(self, stack: ExitStack, *arguments: str) -> None:
        command = [sys.executable, *arguments]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        stack.callback(self._process.wait)
        stack.callback(self._process.kill)
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            sys.exit(f"{' '.join(arguments)} did not get ready")

    def begin(self) -> None:
        """Let it begin."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def end(self) -> Any:
        """Wait for its end and return what it printed."""
        out, _ = self._process.communicate()
        return json.loads(out)


SPIN = "print('ready', flush=True); input(); import os; os.nice(19)\nwhile True: pass"


class Noise(NamedTuple):
    """What this machine itself delays, in milliseconds."""

    request: float = 0
    delivery: float = 0

    def beside(self, *measured: Figures) -> Noise:
        """Return the larger of this and of what was measured."""
        deliveries = (each.slowest_delivery or 0 for each in measured)
        return Noise(max(self.request, *(each.p999 for each in measured)), max(self.delivery, *deliveries))


def measure(name: str, seconds: float, noise: Noise, is_short: bool, state: str) -> tuple[Noise, list[str]]:
    """Measure the good client beside a load; print the row, and return the noise now known and what is wrong."""
    load = LOADS.get(name, Load("", lambda _: []))
    messages = load.messages // 10 if is_short else load.messages
    world = CACHE / f"{messages}.json" if messages else None
    if world is not None:
        write_large(world, messages)
    module, delivers = "contract_tests.neighbours", ("delivers",) if load.delivers else ()
    with ExitStack() as stack:
        log = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))
        stores = [stack.enter_context(STATES[state]()) for _ in range(2)]
        kept = [() if each is None else ("--state", each) for each in stores]
        url = stack.enter_context(serve((*load.flags, *kept[0]), world, log))
        other_url = stack.enter_context(serve(kept[1], None, log))
        arguments = "-m", f"{module}.good_client", "{}", str(seconds), str(RATES[state]), *delivers
        good = Program(stack, *(each.format(url) for each in arguments))
        other = Program(stack, *(each.format(other_url) for each in arguments))
        if name in LOADS:
            loads = [Program(stack, "-m", f"{module}.loads", name, url, *filter(None, stores[:1]))]
        else:
            loads = [Program(stack, "-c", SPIN) for _ in range(2 if name == BUSY else 0)]
        for each in (*loads, good, other):
            each.begin()
        mine, without = Figures.of(good.end()), Figures.of(other.end())
        done = loads[0].end()["done"] if name in LOADS else 0
        log.seek(0)
        logged = log.read()
    if name not in LOADS:
        noise = noise.beside(mine, without)
    wrong = _wrong(mine, noise.beside(without), logged)
    if name in LOADS and done == 0:
        wrong.append("the load made no request")
    _print(name, done, mine, without, wrong)
    return noise, [f"{name}: {each}" for each in wrong]


def _wrong(mine: Figures, noise: Noise, logged: str) -> list[str]:
    found = []
    if mine.p999 > noise.request + GOAL:
        found.append(f"the 99.9th percentile is {mine.p999:.0f} ms; without the load {noise.request:.0f} ms")
    if mine.wrong:
        found.append(f"{len(mine.wrong)} responses of the good client are wrong; the first: {mine.wrong[0]}")
    if (mine.slowest_delivery or 0) > noise.delivery + DELIVERY_GOAL:
        found.append(f"a webhook came after {mine.slowest_delivery:.0f} ms; without the load {noise.delivery:.0f} ms")
    if "Traceback" in logged:
        found.append(f"the server logged an error: {logged[logged.index('Traceback') - 200 :][:3000]}")
    return found


def _print(name: str, done: int, mine: Figures, without: Figures, wrong: list[str]) -> None:
    deliveries = [
        f"{each:.0f}" if each is not None else "" for each in (mine.slowest_delivery, without.slowest_delivery)
    ]
    figures = (f"{each:.1f}" for each in (mine.median, mine.p99, mine.p999, mine.worst, without.p999))
    _row((name, f"{done:,}", f"{mine.count:,}", *figures, *deliveries, "MISSED" if wrong else "held"))


def _row(cells: tuple[str, ...]) -> None:
    print(
        "| " + " | ".join(f"{cell:<22}" if not place else f"{cell:>8}" for place, cell in enumerate(cells)) + " |",
        flush=True,
    )


def main() -> None:
    """Measure every load, and print the table and what is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m contract_tests.neighbours", description="Measure how much a load delays another client."
    )
    parser.add_argument("--seconds", type=float, default=20, help="for each load [default: 20; short: 4]")
    parser.add_argument("--short", action="store_true", help="4 seconds for each load, and a tenth of the messages")
    parser.add_argument("--only", action="append", metavar="NAME", help="this load; may be repeated")
    parser.add_argument(
        "--state", choices=tuple(STATES), default="memory", help="where the servers keep their worlds [default: memory]"
    )
    parser.add_argument("--list", action="store_true", help="print the loads and end")
    given = parser.parse_args()
    if given.list:
        for name, load in LOADS.items():
            print(f"{name:<24} {load.about}")
        return
    for name in given.only or ():
        if name not in LOADS:
            parser.error(f"{name}: the loads are {', '.join(LOADS)}")
        if given.state not in LOADS[name].states:
            parser.error(f"{name}: needs --state {' or '.join(LOADS[name].states)}")
    seconds = 4.0 if given.short else given.seconds
    print(
        "Milliseconds of the good client beside each load, of an equal one beside an idle server (without), and verdicts\n"
    )
    _row(HEAD)
    _row(tuple("---" for _ in HEAD))
    wrong, noise = [], Noise()
    precede_other_programs()
    named = given.only or [name for name, load in LOADS.items() if given.state in load.states]
    for name in (IDLE, BUSY, *named):
        noise, found = measure(name, seconds, noise, given.short, given.state)
        wrong += found
    print()
    if noise.request > GOAL:
        print(
            f"This machine is noisy: it delays requests by {noise.request:.0f} ms itself, which the verdicts allow for."
        )
    for each in wrong:
        print(each)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
