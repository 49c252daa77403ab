"""What a request costs with each log: in memory, in a SQLite file with either `--state-sync`, and in PostgreSQL.

python -m benchmarks.logs [--seconds 5] [--clients 16] [--state postgresql://...]

Clients in a process of their own send messages over connections that they keep, to a server in another process: requests a
second, the server's processor time for each, and how long a client waits. Beside it, measured in this process: what the log
itself takes for the commit of one such request, which has the message's events and the exchange.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from mockserver.admin.journal_file import create_codec
from mockserver.engine.event_log import Commit
from mockserver.engine.events import MessageStored
from mockserver.engine.instants import Instant
from mockserver.engine.state import InitialState, State
from mockserver.sdk.loading import installed_providers
from mockserver.stores import open_store

TICKS = os.sysconf("SC_CLK_TCK")
FORM = urlencode(
    {"username": "demo", "password": "demo", "phone": "+48500600700", "text": "The code is 123456"}
).encode()


@contextmanager
def served(*options: str) -> Iterator[tuple[int, int]]:
    """Run a server for the length of a block: its port and its process."""
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--no-https", "--no-proxy", "--log", "quiet"]
    process = subprocess.Popen([*command, "--format", "json", *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield urlsplit(json.loads(process.stdout.readline())["url"]).port or 0, process.pid
    finally:
        process.terminate()
        process.wait()


def processor(pid: int) -> float:
    """Return the seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class _Connection(asyncio.Protocol):
    """Sends the same request as soon as the response to the last one has arrived."""

    def __init__(self, request: bytes, waited: list[float]) -> None:
        self._request = request
        self._waited = waited
        self._received = b""
        self.ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._begun = perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end or len(body) < int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]):
            return
        if not self._received.startswith(b"HTTP/1.1 200"):
            sys.exit(f"the server answered {self._received!r}")
        self._waited.append(perf_counter() - self._begun)
        self._received = b""
        if self.ended:
            self._transport.close()
        else:
            self._send()


async def drive(port: int, clients: int, seconds: float) -> list[float]:
    """Send for some seconds, and return how long each response took."""
    head = f"POST /messages/send_sms.json HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {len(FORM)}\r\n"
    request = head.encode() + b"Content-Type: application/x-www-form-urlencoded\r\n\r\n" + FORM
    waited: list[float] = []
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: _Connection(request, waited), "127.0.0.1", port) for _ in range(clients)
    ]
    await asyncio.sleep(seconds)
    for _, connection in made:
        connection.ended = True
    await asyncio.sleep(0.2)
    return waited


def measure(name: str, options: tuple[str, ...], arguments: argparse.Namespace) -> tuple[str, ...]:
    """Measure a server, and return the cells of a row."""
    own = [sys.executable, "-m", "benchmarks.logs", "--clients", str(arguments.clients)]
    with served(*options) as (port, pid):
        for seconds in (1.0, arguments.seconds):  # the first second warms up
            before = processor(pid)
            found = subprocess.run(
                [*own, "--drive", str(port), "--seconds", str(seconds)], capture_output=True, check=True
            )
            spent, result = processor(pid) - before, json.loads(found.stdout)
    count = result["count"]
    return (
        name,
        f"{count / arguments.seconds:,.0f}",
        f"{spent / count * 1e6:.0f}",
        f"{result['p50'] * 1000:.1f}",
        f"{result['p99'] * 1000:.1f}",
    )


class _World(NamedTuple):
    """What a log asks of a world."""

    initial_state: InitialState
    state: State
    next_run: Instant | None


def _stores_message(commit: Commit) -> bool:
    return any(isinstance(event, MessageStored) for batch in commit.batches for event in batch.events)


def commit_time(state: str, sync: Any, clients: int, count: int = 1_000) -> tuple[float, float]:
    """Return the microseconds of wall time and of processor time that a log takes for the commit of one sent message."""
    with served("--state", state) as (port, _):
        asyncio.run(drive(port, clients, 0.2))
    store = open_store(state, create_codec(installed_providers()), sync=sync)
    try:
        (world_id,) = (each.id for each in store.worlds())
        log = store.log(world_id)
        loaded = log.load()
        sent = next(
            each for each in reversed(loaded.commits) if len(each.batches[0].events) > 1 or len(each.batches) > 1
        )
        world = _World(loaded.initial_state, loaded.state, None)
        begun = perf_counter(), process_time()
        for sequence in range(loaded.sequence + 1, loaded.sequence + 1 + count):
            log.begin(sequence - 1)
            log.commit(Commit(sequence, sent.batches, (loaded.exchanges[-1],)), world)
        return (perf_counter() - begun[0]) / count * 1e6, (process_time() - begun[1]) / count * 1e6
    finally:
        store.close()


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="benchmarks.logs", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--state", help="the URL of an empty PostgreSQL database, to measure that too")
    parser.add_argument("--drive", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.drive:
        waited = sorted(asyncio.run(drive(arguments.drive, arguments.clients, arguments.seconds)))
        share = {"p50": waited[len(waited) // 2], "p99": waited[len(waited) * 99 // 100]}
        print(json.dumps({"count": len(waited), **share}))
        return
    rows = [(*measure("memory", (), arguments), "", "")]
    with tempfile.TemporaryDirectory() as folder:
        states = [("normal", f"{folder}/normal.state"), ("full", f"{folder}/full.state")]
        for sync, state in [*states, *([("", arguments.state)] if arguments.state else [])]:
            name = f"SQLite, `--state-sync {sync}`" if sync else "PostgreSQL"
            options = ("--state", state, *(("--state-sync", sync) if sync else ()))
            row = measure(name, options, arguments)
            rows.append(row + tuple(f"{each:.0f}" for each in commit_time(state, sync or "normal", arguments.clients)))
    titles = (
        "log",
        "requests/s",
        "µs of the server's processor",
        "p50, ms",
        "p99, ms",
        "µs of a commit",
        "µs of processor of it",
    )
    for cells in (titles, ("---",) * len(titles), *rows):
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
