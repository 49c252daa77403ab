"""What a checkpoint costs: making it, rewinding after so many sends, and finding what has changed.

python -m benchmarks.checkpoints [--rounds 20] [--changes 0 1000 10000]

Every change is a send that went through the whole server. The figures are microseconds: processor time of the calling thread, the
median and the least of the rounds, because other processes only ever add. What a rewind has undone is freed by another
thread, whose time is not in them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from contextlib import closing
from statistics import median
from time import thread_time_ns
from typing import Any

from benchmarks.in_process.requests import NOON, Double
from mockserver.admin.endpoint import shipped
from mockserver.engine.clock import Clock
from mockserver.engine.state import Fixture
from mockserver.sdk.loading import installed_providers


def timed(work: Callable[..., Any], *arguments: Any) -> float:
    """Microseconds of processor time that a call takes."""
    begun = thread_time_ns()
    work(*arguments)
    return (thread_time_ns() - begun) / 1_000


def small_world() -> Fixture:
    """The shipped world with one account at each provider."""
    return shipped("small", installed_providers().providers)


def send_request(user: str, secret: str) -> bytes:
    """The bytes of a send."""
    call = "action=sms.send_message&from=5554332111&to=5556667777&message=Thank+you+for+calling."
    body = f"{call}&access_key={user}&secret_access_key={secret}"
    head = "POST /ibp_api.php HTTP/1.1\r\nHost: localhost:7670\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def measured(changes: int, rounds: int) -> dict[str, list[float]]:
    """Microseconds of each operation in each round, with so many sends between a checkpoint and the rewind."""
    with closing(Double()) as double:
        registry = double.registry
        world = registry.create(small_world(), variants={"limits": "off"}, clock=Clock.frozen(NOON))
        login = world.state.accounts["dialogtech/documents"].logins[0]
        request = send_request(login.user, login.secret or "")
        found: dict[str, list[float]] = {"make": [], "changes": [], "rewind": []}
        world.checkpoint("before")
        for _ in range(rounds):
            for _ in range(changes):
                assert b"Message Sent" in double.ask(request)
            found["changes"].append(timed(world.changes, "before"))
            found["rewind"].append(timed(registry.rewind, world, "before"))
            assert not world.changes("before")
            found["make"].append(timed(world.checkpoint, "before"))
        registry.close()
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.checkpoints")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--changes", type=int, nargs="+", default=[0, 1_000, 10_000])
    given = parser.parse_args(arguments)
    print("| sends since the checkpoint | rewind | make a checkpoint | list the changes |")
    print("|---:|---:|---:|---:|")
    for changes in given.changes:
        found = measured(changes, given.rounds)
        cells = (f"{median(found[name]):,.0f} ({min(found[name]):,.0f})" for name in ("rewind", "make", "changes"))
        print(f"| {changes:,} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
