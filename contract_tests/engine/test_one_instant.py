"""One operation happens at one instant: none reads a running clock twice.

The machine's time is replaced by one that moves by a second at each reading, so an operation that reads it again finds
that its own instant is past.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import get_ident
from typing import Any

import pytest
from werkzeug.test import Client

from contract_tests.harmless_fault import HarmlessFault
from contract_tests.installed import PROVIDERS
from mockserver.app import build_service
from mockserver.engine import clock
from mockserver.engine.clock import Clock
from mockserver.engine.decisions import Decision
from mockserver.engine.events import InboundScheduled
from mockserver.engine.faults import FaultRule
from mockserver.engine.instants import SECOND, Instant, iso, parse_instant
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.state import Fixture
from mockserver.engine.world import ClockBusy, ProviderCallbacks, World

NOON = parse_instant("2026-06-01T12:00:00Z")
WORLD = "/_mock/worlds/default"
INBOUND = {"provider": "dialogtech", "sender": "5551112222", "recipient": "5554443210", "text": "hi"}
SEND = (
    "/ibp_api.php?action=sms.send_message&access_key=foo&secret_access_key=bar&to=5556667777&from=5554332111&message=hi"
)


class SteppingTime:
    """A machine's time that moves by a second at each reading of the test's thread; the server's timer moves nothing."""

    def __init__(self) -> None:
        self.now = NOON
        self.readings = 0
        self._thread = get_ident()

    def __call__(self) -> Instant:
        if get_ident() != self._thread:
            return self.now
        self.readings += 1
        self.now += SECOND
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> SteppingTime:
    stepping = SteppingTime()
    monkeypatch.setattr(clock, "machine_time", stepping)
    return stepping


@pytest.fixture
def client(time: SteppingTime, open_registry: Callable[..., WorldRegistry]) -> Client:
    """A client of a server whose default world's clock runs, with an inbound message due in an hour."""
    client = Client(build_service(registry=open_registry(clock=Clock(None, 0))).app)
    assert 201 == client.post(f"{WORLD}/inbound", json={**INBOUND, "in": 3600}).status_code
    time.readings = 0
    return client


@pytest.fixture
def world(time: SteppingTime) -> World:
    """A world whose clock runs, with an item due in an hour and another one in two."""

    def receive(_fields: Any, _state: Any, now: Instant, _ids: Any) -> Decision:
        return Decision(now, None, ())

    world = WorldRegistry(Fixture(()), {}, clock=Clock(None, 0), providers={"p": ProviderCallbacks(receive)}).default
    world.execute(
        lambda _state, now, _ids: Decision(
            now, None, tuple(InboundScheduled(now + hours * 3600 * SECOND, "p", {}) for hours in (1, 2))
        )
    )
    time.readings = 0
    return world


OPERATIONS: dict[str, Callable[[World, Instant], Any]] = {
    "advance by": lambda world, _: world.advance(by=60 * SECOND),
    "advance by nothing": lambda world, _: world.advance(),
    "advance to now": lambda world, now: world.advance(now),
    "advance to next": lambda world, _: world.advance(to_next=True),
    "freeze": lambda world, _: world.freeze(),
    "freeze at now": lambda world, now: world.freeze(now),
    "freeze later": lambda world, now: world.freeze(now + 7200 * SECOND),
    "resume": lambda world, _: world.resume(),
    "read the clock": lambda world, _: world.read_clock(),
    "add a rule": lambda world, _: world.add_fault_rule(FaultRule(HarmlessFault())),
}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_an_operation_of_a_world_reads_a_running_clock_once(
    operation: Callable[[World, Instant], Any], world: World, time: SteppingTime
) -> None:
    operation(world, time.now + SECOND)

    assert 1 == time.readings


@pytest.mark.parametrize("seconds", [0, 1, 5])
def test_a_world_follows_a_time_that_its_own_clock_reaches_meanwhile(
    seconds: int, world: World, time: SteppingTime
) -> None:
    at = time.now + seconds * SECOND
    world.time_source = lambda: at
    world.follow()

    assert 1 == time.readings


def test_freezing_later_while_another_call_moves_the_clock_changes_nothing(world: World) -> None:
    world._advance_events = []  # noqa: SLF001 - as another thread's advance leaves it while it waits for an attempt

    with pytest.raises(ClockBusy):
        world.freeze(world.now() + 60 * SECOND)
    assert not world.clock.is_frozen


def test_advancing_a_running_clock_to_the_next_due_instant_runs_exactly_that(client: Client) -> None:
    client.post(f"{WORLD}/inbound", json={**INBOUND, "in": 7200})
    moves = [client.post(f"{WORLD}/clock/advance", json={"next": True}) for _ in range(3)]

    assert [200, 200, 200] == [move.status_code for move in moves]
    assert [1, 1, 0] == [len(move.get_json()["events"]) for move in moves]
    first, second, third = (move.get_json() for move in moves)
    assert [event["at"] for move in (first, second) for event in move["events"]] == [first["now"], first["next"]]
    assert (second["now"], None, None) == (first["next"], second["next"], third["next"])


@pytest.mark.in_memory  # each time the lock of a stored world is taken is a transaction, which reads the time
def test_what_a_move_does_not_return_is_still_due(client: Client, time: SteppingTime) -> None:
    """Every item stands in the events of the response or is its next one, also one that is due a moment later."""
    client.post(f"{WORLD}/inbound", json={**INBOUND, "in": 10})
    due = time.now + 10 * SECOND
    moved = client.post(f"{WORLD}/clock/advance", json={"to": iso(due - SECOND // 2)}).get_json()

    assert ([], iso(due)) == (moved["events"], moved["next"])


REQUESTS: list[tuple[str, str, Any]] = [
    ("GET", f"{WORLD}/clock", None),
    ("PUT", f"{WORLD}/clock", {"frozen": True}),
    ("PUT", f"{WORLD}/clock", {"frozen": False}),
    ("POST", f"{WORLD}/clock/advance", {"next": True}),
    ("POST", f"{WORLD}/clock/advance", {"seconds": 0}),
    ("POST", f"{WORLD}/clock/advance", {"seconds": 5_000}),
    ("POST", f"{WORLD}/clock/advance", {"to": "2030-01-01T00:00:00Z"}),
    ("POST", f"{WORLD}/inbound", INBOUND),
    ("POST", f"{WORLD}/inbound", {**INBOUND, "in": 60}),
    ("POST", f"{WORLD}/faults", {"fault": {"kind": "reset"}, "when": {"until": "2030-01-01T00:00:00Z"}}),
    ("GET", f"{WORLD}/faults", None),
    ("GET", WORLD, None),
    ("GET", f"{WORLD}/snapshot", None),
    ("GET", f"{WORLD}/journal", None),
    ("GET", f"{WORLD}/coverage", None),
    ("GET", f"{WORLD}/deliveries", None),
    ("GET", SEND, None),
    ("GET", "/ibp_api.php/nothing", None),
    ("GET", "/nothing", None),
    *(("GET", f"/_mock/ui/worlds/default/{section}", None) for section in ("conversations", "exchanges", "clock")),
]


@pytest.mark.in_memory  # each time the lock of a stored world is taken is a transaction, which reads the time
@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
def test_a_request_reads_the_clock_at_most_once(
    method: str, path: str, body: Any, client: Client, time: SteppingTime
) -> None:
    response = client.open(path, method=method, json=body)

    assert response.status_code in (200, 201, 404)
    assert time.readings <= 1


@pytest.mark.parametrize(
    "fault", [{"kind": "delay", "seconds": 0}, {"kind": "replay"}, {"kind": "static_response", "status": 500}]
)
@pytest.mark.parametrize("path", [SEND, *(f"{provider.prefixes[0]}/nothing" for provider in PROVIDERS)])
def test_a_request_that_a_fault_is_applied_to_reads_the_clock_once(
    path: str, fault: dict[str, Any], client: Client, time: SteppingTime
) -> None:
    assert 201 == client.post(f"{WORLD}/faults", json={"fault": fault}).status_code
    time.readings = 0
    client.get(path)

    assert 1 == time.readings
