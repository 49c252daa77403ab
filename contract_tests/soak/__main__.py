"""Ask a real server for a long time, and fail where it takes more and more, is late, or errs.

    python -m contract_tests.soak                          ten minutes
    python -m contract_tests.soak --requests 1000000       a million requests
    python -m contract_tests.soak --requests 100000 --worlds 100000
                                                           as many requests, and worlds made and dropped between them
    python -m contract_tests.soak --short                  half a minute, with small journals

The client processes are seeded: the same seed asks for the same things in the same order. The figures are written to a JSON
file and drawn as an SVG.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlsplit

from .clients import Client
from .figures import HEADING, Run, Window, percentiles
from .receivers import Receivers
from .traffic import Place

CLIENTS = 3
WINDOWS = 40
TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """The process of the server, and what it takes."""

    def __init__(self, process: subprocess.Popen[str], collections: Path) -> None:
        """Watch a process that has started."""
        assert process.stdout is not None
        addresses = json.loads(process.stdout.readline())
        self.ports = {name: urlsplit(addresses[name]).port or 0 for name in ("url", "https_url", "proxy_url")}
        self._process = process
        self._folder = Path(f"/proc/{process.pid}")
        self._collections = collections
        self._read = 0

    def field(self, name: str) -> int:
        """Return a number of the process's status file."""
        lines = (self._folder / "status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))

    def descriptors(self) -> int:
        """Return how many files are open."""
        return sum(1 for _ in (self._folder / "fd").iterdir())

    def processor(self) -> float:
        """Return the seconds of processor time until now."""
        fields = (self._folder / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def longest_collection(self) -> float:
        """Return the longest collection of garbage since the last call, in milliseconds of processor time."""
        return max((line.get("ms", 0.0) for line in self._new_lines()), default=0.0)

    def missed_garbage(self) -> int:
        """Return how many objects refer to one another, are in use no longer, and were missed by each collection."""
        self._process.send_signal(signal.SIGUSR2)
        for _ in range(100):
            for line in self._new_lines():
                if "missed" in line:
                    return int(line["missed"])
            sleep(0.1)
        raise TimeoutError("the server does not look at its objects")

    def _new_lines(self) -> list[dict[str, Any]]:
        with self._collections.open() as file:
            file.seek(self._read)
            lines = file.read()
        complete = lines[: lines.rfind("\n") + 1]
        self._read += len(complete)
        return [json.loads(line) for line in complete.splitlines()]


@contextmanager
def serve(options: argparse.Namespace) -> Iterator[Server]:
    """Run the server for the length of a block."""
    with tempfile.TemporaryDirectory() as folder:
        collections, log = Path(folder) / "collections", Path(folder) / "log"
        command = [sys.executable, "-m", "contract_tests.soak.server", str(collections)]
        command += [
            "--port",
            "0",
            "--format",
            "json",
            "--log",
            "quiet",
            "--ca",
            f"{folder}/ca",
            "--seed",
            options.seed,
        ]
        command += ["--webhook-timeout", str(options.webhook_timeout)]
        command += ["--journal-bytes", str(options.journal_bytes), "--journal-length", "1000"]
        with log.open("w") as errors:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
            try:
                yield Server(process, collections)
                if process.poll() is not None:
                    sys.exit(f"the server ended with {process.returncode}:\n{log.read_text()[-4000:]}")
            finally:
                process.terminate()
                process.wait(10)
                options.log = log.read_text()
                (options.output / "collections.txt").write_text(collections.read_text())


def soak(options: argparse.Namespace) -> Run:
    """Send the traffic, and measure it window by window."""
    run, receivers = Run(options.seed, warm_up=WINDOWS // (2 if options.short else 10)), Receivers()
    with serve(options) as server:
        ports = server.ports
        place = Place(ports["url"], ports["https_url"], ports["proxy_url"], receivers.echo_port, receivers.urls)
        clients = [Client(place, f"{options.seed} {number}") for number in range(options.clients)]
        print(HEADING, flush=True)
        server.missed_garbage()  # that of the start counts for nothing, as its collections
        started, spent, done, worlds = monotonic(), server.processor(), 0, 0
        for number in range(1, WINDOWS + 1):
            if options.requests:
                end, share = float("inf"), options.requests // (WINDOWS * options.clients)
            else:
                end, share = started + options.seconds * number / WINDOWS, sys.maxsize
            if monotonic() > end and number < WINDOWS:  # a client was still waiting for a response
                continue
            for client in clients:
                client.begin(end, share, options.worlds / options.requests if options.requests else 0)
            reports = [client.result() for client in clients]
            requests = sum(report.requests for report in reports)
            done, worlds = done + requests, worlds + sum(report.worlds for report in reports)
            now, pause, processor = monotonic() - started, server.longest_collection(), server.processor()
            times = [(name, each) for report in reports for name, each in report.times.items()]
            window = Run("", warm_up=0)
            for name, each in times:
                window.times.setdefault(name, []).extend(each)
                if len(run.windows) >= run.warm_up:
                    run.times.setdefault(name, []).extend(each)
            run.windows.append(
                Window(
                    seconds=now,
                    requests=done,
                    worlds=worlds,
                    rss=server.field("VmRSS") / 1024,
                    descriptors=server.descriptors(),
                    threads=server.field("Threads"),
                    processor=(processor - spent) * 1000 / max(1, requests),
                    latency=percentiles(window.alone()),
                    pause=pause,
                )
            )
            spent = processor
            run.errors += [error for report in reports for error in report.errors][: 100 - len(run.errors)]
            print(run.windows[-1], flush=True)
        for client in clients:
            client.stop()
        run.missed = server.missed_garbage()
    run.received = receivers.received
    return run


def main() -> None:
    """Run, print and write the figures, and fail above a bound."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600, help="how long (default: %(default)s)")
    parser.add_argument("--requests", type=int, help="how many requests, however long they take")
    parser.add_argument(
        "--worlds", type=int, default=0, help="how many worlds are made and dropped at least, beside so many --requests"
    )
    parser.add_argument("--short", action="store_true", help="25 seconds, with journals that are soon full")
    parser.add_argument("--seed", default="soak", help="of the clients and of the server (default: %(default)s)")
    parser.add_argument("--clients", type=int, default=CLIENTS, help="how many processes ask (default: %(default)s)")
    parser.add_argument(
        "--latency",
        type=float,
        default=250,
        help="milliseconds of p99.9 (default: %(default)s; 1000 when short), which find only what is much too slow: "
        "contract_tests.neighbours is the judge of the goal of 50 ms",
    )
    parser.add_argument(
        "--output", type=Path, default=Path(".cache/soak"), help="the folder of the files (default: %(default)s)"
    )
    options = parser.parse_args()
    if options.worlds and not options.requests:
        parser.error("--worlds needs --requests")
    if options.short:
        options.seconds, options.clients, options.latency = 25, 2, 1000
    options.webhook_timeout = 1 if options.short else 3
    options.journal_bytes = 2**20 if options.short else 8 * 2**20
    options.output.mkdir(parents=True, exist_ok=True)
    run = soak(options)
    (options.output / "figures.json").write_text(json.dumps(run.as_json(), indent=1) + "\n")
    run.draw(options.output / "figures.svg")
    print("", run.summary(), sep="\n")
    failures = run.failures(options.latency)
    (options.output / "server.log").write_text(options.log)
    first = options.log.find("Traceback")
    if first >= 0:
        failures.append(f"the server logged:\n{options.log[max(0, first - 200) : first + 4000]}")
    if failures:
        sys.exit("\n".join(("", f"seed {run.seed!r}:", *failures)))


if __name__ == "__main__":
    main()
