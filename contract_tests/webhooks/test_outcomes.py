"""The outcome of an attempt reaches its world, also when the world's store cannot be written for a while."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

import pytest

from contract_tests.installed import CALLBACKS, PROVIDERS, VARIANTS
from mockserver.app import read_fixture
from mockserver.engine.clock import Clock
from mockserver.engine.event_log import StoreUnavailable, WorldDropped
from mockserver.engine.instants import parse_instant
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.world import World
from mockserver.webhooks import WebhookConfig, WebhookSender
from mockserver.webhooks.dispatcher import WebhookDispatcher

SMALL = Path(__file__).parents[2] / "fixtures" / "worlds" / "small.json"
NOON = parse_instant("2026-06-01T12:00:00Z")
INBOUND = {"account": "demo", "sender": "5556667777", "recipient": "3125550142", "text": "yes"}


async def refuse(*_: Any, **__: Any) -> Any:
    raise ConnectionRefusedError


@pytest.mark.parametrize(
    ("failures", "expected"),
    [([StoreUnavailable("the disk is full")] * 2, ["failed", "failed", "stored"]), ([WorldDropped("w")], ["failed"])],
)
def test_an_outcome_is_reported_until_it_is_stored_or_the_world_is_no_more(
    failures: list[Exception], expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    end_attempt, reports, done = World.end_attempt, list[str](), Event()
    left = list(failures)

    def report(world: World, *arguments: Any) -> None:
        if left:
            reports.append("failed")
            failure = left.pop()
            if len(reports) == len(expected):
                done.set()
            raise failure
        reports.append("stored")
        end_attempt(world, *arguments)
        done.set()

    monkeypatch.setattr(World, "end_attempt", report)
    sender = WebhookDispatcher({each.name: each for each in PROVIDERS}, WebhookSender(WebhookConfig(), connect=refuse))
    registry = WorldRegistry(
        read_fixture(SMALL), VARIANTS, clock=Clock.frozen(NOON), providers=CALLBACKS, sender=sender
    )
    registry.default.receive_inbound("dialogtech", INBOUND)
    assert done.wait(30)
    registry.close()
    assert expected == reports
    assert ("stored" in expected) == (len(registry.default.state.deliveries[1].attempts) == 1)
