"""What a page of an mGage export costs, first or last: counted in function calls, so that a noisy machine does not matter.

python benchmarks/page_cost.py [MESSAGES] [PAGE_SIZE]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from werkzeug.test import Client

from mockserver.app import build_service
from mockserver.engine.accounts import Account, Login, Program
from mockserver.engine.clock import Clock
from mockserver.engine.instants import SECOND, parse_instant
from mockserver.engine.messages import Message
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.segments import Segment
from mockserver.engine.state import Fixture
from mockserver.sdk.loading import installed_providers

NOON = parse_instant("2026-06-01T12:00:00Z")
ACCOUNT = Account(
    "mgage/a", "mgage", "a", (Login("user", "secret"),), programs={"1": Program("1", "Program", "Campaign", "Voting")}
)


def message(place: int) -> Message:
    """One of many, a minute apart."""
    at = NOON - (place + 1) * 60 * SECOND
    return Message(place, "mgage/a", str(place), "inbound", "5556667777", "", at, "Yes", status="Received", program="1")


def calls(work: Callable[[], Any]) -> int:
    """How many functions, Python's and C's, are called."""
    count = 0

    def tick(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(tick)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def main(messages: int = 12_345, size: int = 500) -> None:
    """Print the cost of the second, the middle and the last full page: read for the first time, and again."""
    fixture = Fixture((ACCOUNT,), fixed=Segment(map(message, range(messages))))
    client = Client(
        build_service(
            registry=WorldRegistry(fixture, installed_providers().default_variants, clock=Clock.frozen(NOON))
        ).app
    )

    def page(number: int) -> None:
        response = client.get(f"/api/messages/program/1?pageSize={size}&page={number}", auth=("user", "secret"))
        assert response.status_code == 200
        assert len(response.json["data"]["messages"]) == size

    page(1)  # what is remembered of a route or a host is remembered now
    last = messages // size
    pages = (2, last // 2, last)
    print(f"{messages} messages, {size} a page: function calls of a page, and as a ratio to page 2")
    for time in ("written", "remembered"):
        found = [calls(lambda number=number: page(number)) for number in pages]
        for number, count in zip(pages, found, strict=True):
            print(f"  page {number:>6} {time:<10}: {count:>6}  {count / found[0]:.3f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
