"""Where the time of one request goes, from the bytes of the connection to the bytes of the answer: a table for benchmarks/README.md.

python -m benchmarks.stages [--requests 100] [--rounds 150]

Each stage is a function that is wrapped in a timer; what the stages inside it took is taken off. The least of several
rounds counts, for whatever else the machine does only ever adds. The timers themselves are in the figures, about a
quarter of a microsecond a stage; the kernel and the event loop are not.
"""

from __future__ import annotations

import argparse
import gc
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from time import perf_counter_ns
from typing import Any
from unittest.mock import patch

from flask import Flask

from benchmarks.in_process.requests import Double
from mockserver.engine.state import State
from mockserver.engine.world import World
from mockserver.http.handler import Handler
from mockserver.sdk.loading import installed_providers

STAGES = {
    "connection": "connection: parser, head of the response",
    "Flask": "Flask: contexts, routing, dispatch, response (only with --wsgi)",
    "handler": "handler: route, world, fault, exchange, headers",
    "parse": "parse: the provider reads the request",
    "world.execute": "world.execute: lock, identifiers, what is due, feed",
    "decide": "decide: the provider decides",
    "apply": "apply: events change the state",
    "render": "render: the provider writes the response",
    "journal": "journal: journal and feed",
}
ASKED = ("send", "page of 50", "page of 500", "recived", "send_sms")


class Timer:
    """Nanoseconds by stage, without those of the stages inside."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self._inside: list[int] = []

    def around(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same work, timed."""

        def timed(*arguments: Any, **named: Any) -> Any:
            self._inside.append(0)
            begun = perf_counter_ns()
            try:
                return work(*arguments, **named)
            finally:
                spent = perf_counter_ns() - begun
                self.spent[stage] += spent - self._inside.pop()
                if self._inside:
                    self._inside[-1] += spent

        return timed


def measured(name: str, requests: int, rounds: int, *, wsgi: bool = False) -> dict[str, float]:
    """Microseconds of one such request by stage."""
    timer, around = Timer(), Timer.around
    steps = ("parse", "decide", "render")
    providers = [
        replace(provider, **{step: around(timer, step, getattr(provider, step)) for step in steps})
        for provider in installed_providers()
    ]
    with (
        patch.object(Handler, "respond", around(timer, "handler", Handler.respond)),
        patch.object(World, "execute", around(timer, "world.execute", World.execute)),
        patch.object(World, "record_exchange", around(timer, "journal", World.record_exchange)),
        patch.object(State, "apply", around(timer, "apply", State.apply)),
        patch.object(Flask, "wsgi_app", around(timer, "Flask", Flask.wsgi_app)),
        closing(Double(providers=providers, wsgi=wsgi)) as double,
    ):
        ask, received = around(timer, "connection", double.ask), double.requests(name)
        least: dict[str, float] = {}
        for _ in range(rounds):
            batch = [next(received) for _ in range(requests)]
            gc.collect()
            gc.disable()
            timer.spent.clear()
            for request in batch:
                ask(request)
            gc.enable()
            for stage, spent in timer.spent.items():
                least[stage] = min(least.get(stage, spent), spent)
        return {stage: spent / requests / 1000 for stage, spent in least.items()}


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--requests", type=int, default=100)
    options.add_argument("--rounds", type=int, default=150)
    options.add_argument("--wsgi", action="store_true", help="send everything through Flask")
    given = options.parse_args()
    columns = {name: measured(name, given.requests, given.rounds, wsgi=given.wsgi) for name in ASKED}
    print(f"| microseconds | {' | '.join(ASKED)} |")
    print(f"|---|{'---:|' * len(ASKED)}")
    for stage, about in STAGES.items():
        print(f"| {about} | {' | '.join(f'{columns[name].get(stage, 0):.1f}' for name in ASKED)} |")
    print(f"| together | {' | '.join(f'{sum(columns[name].values()):.1f}' for name in ASKED)} |")


if __name__ == "__main__":
    main()
