"""Fuzzes the server: `python -m contract_tests.fuzz --seconds 600 --seed 1`.

Each input is drawn from the seed, the name of its kind and its number alone, so one command repeats a finding. The exit
code is 1 if there was one: a 500 without a documented error, anything in the server's log, a page of HTML in place of an
error, an answer after more than two seconds (twice, the second time alone), a server that has died, a `/_mock/health`
that does not answer, or an exception that a parser does not document.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import SystemRandom

from . import commands, framing, operations, parsers, races, values, webhooks
from .control import ControlApi
from .providers import ProviderApis
from .server import FuzzedServer, ServerDied
from .wire import LATEST, Line, Sent, Slow, Wrong, check_answer, exchange

TURN = 200
"""Inputs of one kind that follow each other; before them the worlds that they use are made anew."""
TURN_SECONDS = 2.0
"""Seconds after which a turn ends before that."""
PROGRESS = 5.0
"""Seconds between two lines of progress."""
SHARES = {
    "operations": 0.15,
    "http": 0.2,
    "tls": 0.1,
    "proxy": 0.1,
    "control": 0.15,
    "providers": 0.05,
    "races": 0.1,
    "commands": 0.05,
    "webhooks": 0.05,
    "parsers": 0.05,
}
"""The kinds of inputs, with the part of the time that each of them gets."""
ENOUGH = 20
"""Findings of one kind after which it is not run on."""


@dataclass
class Row:
    """What became of one kind of inputs."""

    inputs: int = 0
    requests: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    findings: list[str] = field(default_factory=list)


class Fuzzer:
    """Runs inputs by kind and number against one server."""

    def __init__(self, seed: int, folder: Path, *, wsgi: bool = False) -> None:
        self.seed = seed
        self._folder = folder
        self._wsgi = wsgi
        self._receiver = webhooks.Receiver()
        self.rows = {name: Row() for name in SHARES}
        self.next = dict.fromkeys(SHARES, 0)
        self._run: Mapping[str, Callable[[int], float]] = {
            "operations": self._operations,
            "http": lambda number: self._framing("http", framing.http, number),
            "tls": lambda number: self._framing("tls", framing.tls, number),
            "proxy": lambda number: self._framing("proxy", framing.proxy, number),
            "control": self._control,
            "providers": self._provider,
            "races": self._race,
            "commands": self._command,
            "webhooks": self._webhook,
            "parsers": self._parser,
        }
        self._start()

    def _start(self) -> None:
        self.server = FuzzedServer(self._folder, wsgi=self._wsgi)
        self._line = Line(self.server)
        self._api: ControlApi | None = None
        self._providers: ProviderApis | None = None
        self._first: int | None = None  # the first input of the turn; None before it
        self._world = ""

    # -- the kinds

    def _operations(self, number: int) -> float:
        asked = operations.request(values.seeded(self.seed, "operations", number))
        received, seconds = self._line.ask(asked.raw, asked.method)
        check_answer(self.server, received)
        return seconds

    def _framing(self, kind: str, make: Callable[..., Sent], number: int) -> float:
        sent = make(values.seeded(self.seed, kind, number))
        received, seconds = exchange(self.server, sent)
        check_answer(self.server, received, sent.listener)
        return seconds

    def _control(self, number: int) -> float:
        if self._api is None:
            self._api = ControlApi(self.server)
        before = self._api.count
        try:
            self._api.run(values.seeded(self.seed, "control", number))
        finally:
            self.rows["control"].requests += self._api.count - before
        return self._api.slowest

    def _provider(self, number: int) -> float:
        if self._providers is None:
            self._providers = ProviderApis(self.server)
        before = self._providers.count
        try:
            self._providers.run(values.seeded(self.seed, "providers", number))
        finally:
            self.rows["providers"].requests += self._providers.count - before
        return self._providers.slowest

    def _race(self, number: int) -> float:
        races.run(self.server, values.seeded(self.seed, "races", number))
        return 0.0

    def _command(self, number: int) -> float:
        began = time.perf_counter()
        commands.run(self.server, values.seeded(self.seed, "commands", number), self._world)
        return time.perf_counter() - began

    def _webhook(self, number: int) -> float:
        webhooks.run(self.server, values.seeded(self.seed, "webhooks", number), self._world, self._receiver)
        return 0.0

    def _parser(self, number: int) -> float:
        return parsers.run(values.seeded(self.seed, "parsers", number))

    # -- one input

    def run(self, kind: str, number: int) -> None:
        """Run one input, and note what it shows."""
        row = self.rows[kind]
        began = time.perf_counter()
        try:
            if kind != "parsers":
                self._begin_session(kind, number)
            seconds = self._measured(kind, number)
            row.slowest = max(row.slowest, seconds)
            if said := self.server.new_log():
                raise Wrong(f"the server's log says:\n{_indented(said)}")
        except Wrong as finding:
            said = self.server.new_log()
            self._note(kind, number, f"{finding}\n{_indented(said)}" if said else str(finding))
        except (ServerDied, OSError) as finding:
            self._note(kind, number, f"{finding!r}\n{_indented(self.server.new_log())}")
            self.server.kill()
            self._start()
        row.inputs += 1
        row.seconds += time.perf_counter() - began

    def _measured(self, kind: str, number: int) -> float:
        """Run an input; if it is too slow, do so again after a pause, so that a busy machine alone is no finding."""
        try:
            seconds = self._run[kind](number)
            if seconds <= LATEST:
                return seconds
            raise Slow(f"{seconds:.1f} s")
        except Slow as first:
            time.sleep(1)
            self.server.check_health()
            slowdown = _slowdown()
            try:
                seconds = self._run[kind](number)
            except Slow as second:
                raise Wrong(f"slow: {first}; again, alone: {second}") from None
            slowdown = (slowdown + _slowdown()) / 2
            if seconds > LATEST * slowdown:
                raise Wrong(
                    f"slow: {first}; again, alone: {seconds:.1f} s, on a machine that was {slowdown:.1f} times slower than when it is idle"
                ) from None
            return seconds

    def begin_turn(self) -> None:
        """Make the worlds anew before the next input, so that a finding depends on few others."""
        self._first = None

    def _begin_session(self, kind: str, number: int) -> None:
        if self._first is not None:
            return
        self._first = number
        limits = values.seeded(self.seed, kind, "limits", number).choice(("off", "enforced"))
        self.server.check_health()
        if kind in ("commands", "webhooks"):
            self._begin_world(kind)
        for method, path, body in (
            ("POST", "/_mock/worlds/default/reset", None),
            ("DELETE", "/_mock/worlds/default/faults", None),
            ("PATCH", "/_mock/worlds/default/variants", {"limits": limits}),
        ):
            status, found = self.server.call(method, path, body)
            if status >= 400:
                raise Wrong(f"{method} {path}: {status} {found}")

    def _begin_world(self, kind: str) -> None:
        """Create a world of a session's own."""
        if self._world:
            self.server.call("DELETE", f"/_mock/worlds/{self._world}")
        status, found = self.server.call(
            "POST", "/_mock/worlds", {"fixture": "small", "freeze": "2026-06-01T12:00:00Z"}
        )
        if status != 201:
            raise Wrong(f"a world could not be created: {status} {found}")
        self._world = str(found["id"])
        if kind == "webhooks":
            webhooks.prepare(self.server, self._world, self._receiver)

    def _note(self, kind: str, number: int, finding: str) -> None:
        command = (
            f"{Path(sys.executable).name} -m contract_tests.fuzz --seed {self.seed} --only {kind} --inputs {number}"
            + " --wsgi" * self._wsgi
        )
        first = number if self._first is None or kind == "parsers" else self._first
        before = f"; with those before it: --inputs {first}-{number}" if first < number else ""
        self.rows[kind].findings.append(finding)
        print(f"\nFINDING ({kind} {number}): {finding}\n  again: {command}{before}\n", flush=True)

    def close(self) -> None:
        self._line.close()
        self._receiver.close()
        try:
            self.server.check_health()
            self.server.close()
        except ServerDied as finding:
            self._note("operations", 0, f"at the end: {finding}")
            self.server.kill()
        if said := self.server.new_log():
            self._note("operations", 0, f"at the end the server's log says:\n{_indented(said)}")


def _slowdown() -> float:
    """Return how many times longer a calculation takes than its processor time, because others use the machine too."""
    began, used = time.perf_counter(), time.process_time()
    while (spent := time.process_time() - used) < 0.1:
        pass
    return max(1.0, (time.perf_counter() - began) / spent)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text[-4_000:].splitlines())


# -- the program -------------------------------------------------------------------------------------------------------


def fuzz(fuzzer: Fuzzer, kinds: Mapping[str, float], seconds: float) -> None:
    """Run inputs of all kinds by turns until the time is over."""
    began = shown = time.monotonic()
    total = sum(kinds.values())
    while (now := time.monotonic()) < began + seconds:
        open_kinds = [kind for kind in kinds if len(fuzzer.rows[kind].findings) < ENOUGH]
        if not open_kinds:
            break
        kind = min(open_kinds, key=lambda each: fuzzer.rows[each].seconds * total / kinds[each])
        fuzzer.begin_turn()
        turn = now
        for _ in range(TURN):
            fuzzer.run(kind, fuzzer.next[kind])
            fuzzer.next[kind] += 1
            if (now := time.monotonic()) > shown + PROGRESS:
                shown = now
                print(f"{now - began:5.0f} s  {_progress(fuzzer)}", flush=True)
            if now > min(began + seconds, turn + TURN_SECONDS) or len(fuzzer.rows[kind].findings) >= ENOUGH:
                break


def _progress(fuzzer: Fuzzer) -> str:
    counts = "  ".join(f"{kind} {row.inputs}" for kind, row in fuzzer.rows.items() if row.inputs)
    return f"{counts}  findings {sum(len(row.findings) for row in fuzzer.rows.values())}"


def table(fuzzer: Fuzzer) -> str:
    """Return the summary: one line for each kind."""
    lines = ["kind         inputs  requests  findings  slowest answer", "-" * 54]
    for kind, row in fuzzer.rows.items():
        if row.inputs:
            slowest = f"{row.slowest * 1000:.0f} ms" if row.slowest else ""
            lines.append(
                f"{kind:<10} {row.inputs:>8}  {row.requests or row.inputs:>8}  {len(row.findings):>8}  {slowest:>14}"
            )
    return "\n".join(lines)


def main() -> int:
    """Run as the arguments say; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m contract_tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, help="a whole number; one is chosen and printed when it is left out")
    parser.add_argument("--only", action="append", choices=list(SHARES), help="a kind of inputs; may be repeated")
    parser.add_argument("--inputs", help="the number of one input of one kind, or the first and last, as in 0-199")
    parser.add_argument("--wsgi", action="store_true", help="start the server with --wsgi")
    arguments = parser.parse_args()
    seed = SystemRandom().randrange(10**6) if arguments.seed is None else arguments.seed
    kinds = {kind: share for kind, share in SHARES.items() if not arguments.only or kind in arguments.only}
    print(f"seed {seed}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        fuzzer = Fuzzer(seed, Path(folder), wsgi=arguments.wsgi)
        try:
            if arguments.inputs:
                first, _, last = arguments.inputs.partition("-")
                for number in range(int(first), int(last or first) + 1):
                    fuzzer.run(next(iter(kinds)), number)
            else:
                fuzz(fuzzer, kinds, arguments.seconds)
        finally:
            fuzzer.close()
    findings = Counter({kind: len(row.findings) for kind, row in fuzzer.rows.items()}).total()
    print(f"\nseed {seed}, {time.monotonic() - began:.0f} s\n{table(fuzzer)}\n{findings or 'no'} findings", flush=True)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
