"""Deliveries through the control API, the Python client and the command line: what is sent to which URL, and how a user changes it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest
from click.testing import CliRunner, Result
from werkzeug.test import Client

from contract_tests.installed import CALLBACKS, VARIANTS
from mockserver import ControlError, MockServer
from mockserver.app import build_service
from mockserver.cli import cli
from mockserver.client import AdminClient, Mock
from mockserver.engine.clock import Clock
from mockserver.engine.decisions import Decision
from mockserver.engine.deliveries import Attempt, Delivery, Outcome, OutgoingRequest
from mockserver.engine.event_log import Begun, Commit, CommittedWorld, LoadedWorld
from mockserver.engine.events import AttemptEnded, AttemptInterrupted, DeliveryOpened, InboundScheduled
from mockserver.engine.instants import SECOND, Instant, parse_instant
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.state import Fixture, IdReservation, State
from mockserver.engine.world import ProviderCallbacks, World

NOON = "2026-06-01T12:00:00Z"
AT = parse_instant(NOON)
WORLD = "/_mock/worlds/default"
DELIVERIES = f"{WORLD}/deliveries"
REQUEST = OutgoingRequest("POST", "http://127.0.0.1:9/in", (("Content-Type", "text/plain"),), b"hi")
FINE = Outcome(200, (("Server", "mine"),), b"OK")
BROKEN = Outcome(error="no one listens there")


class Hand:
    """A webhook sender whose attempts end when the test says so, with the result that it says."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.waits: list[int] = []
        """How far off the next thing was, each time that something changed."""
        self.has_begun = threading.Event()

    def send(self, _: World, delivery: Delivery) -> None:
        self.begun.append(delivery.number)
        self.has_begun.set()

    def note_schedule_change(self, world: World) -> None:
        self.waits.append((world.state.scheduled.next or 0) - world.clock.now())

    def forget(self, world: World) -> None: ...
    def close(self) -> None: ...


class Prompt(Hand):
    """A webhook sender whose attempts all end at once with the same result."""

    def __init__(self, outcome: Outcome, pool: ThreadPoolExecutor) -> None:
        super().__init__()
        self.outcome, self.pool = outcome, pool

    def send(self, world: World, delivery: Delivery) -> None:
        super().send(world, delivery)
        self.pool.submit(ended, world, delivery.number, self.outcome, delivery.due)


def evaluate_attempt(delivery: Delivery, attempt: Attempt, _: State, now: Instant, __: IdReservation) -> Decision:
    """200 ends the delivery; any other result is retried after five minutes, three attempts in all."""
    if attempt.outcome.status == 200:
        event = AttemptEnded(delivery.number, attempt._replace(result="200 is what we want"), "acknowledged", None)
    elif len(delivery.attempts) < 2:
        event = AttemptEnded(delivery.number, attempt._replace(result="no answer"), "due", now + 300 * SECOND)
    else:
        event = AttemptEnded(delivery.number, attempt._replace(result="no answer"), "given up", None)
    return Decision(now, None, (event,))


def ended(world: World, number: int, outcome: Outcome, at: Instant | None = None) -> None:
    """Report the end of an attempt to the world."""
    started = world.state.in_flight.get(number)
    at = at if at is not None else AT if started is None else started.at
    world.end_attempt(number, world.state.epoch, Attempt(at, REQUEST, outcome, ""))


MISSING = 10**6
"""The serial of no message."""


def put(
    world: World,
    number: int = 1,
    status: Any = "due",
    account: str = "dialogtech/documents",
    serial: int = 0,
    due: Instant = AT,
) -> None:
    """Put a delivery into a world."""
    provider, due_at = account.partition("/")[0], due if status == "due" else None
    delivery = Delivery(
        number, provider, account, "inbound", serial, "http://127.0.0.1:9/in", True, "5554443210", AT, status, due_at
    )
    world.execute(lambda state, now, ids: Decision(now, None, (DeliveryOpened(delivery),)))


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


@pytest.fixture
def hand() -> Hand:
    return Hand()


def opened(shipped: Fixture, sender: Hand | None = None) -> WorldRegistry:
    providers = {
        name: ProviderCallbacks(provider.receive_inbound, evaluate_attempt) for name, provider in CALLBACKS.items()
    }
    return WorldRegistry(shipped, VARIANTS, clock=Clock.frozen(AT), providers=providers, sender=sender)


@pytest.fixture
def registry(shipped: Fixture, hand: Hand) -> WorldRegistry:
    return opened(shipped, hand)


@pytest.fixture
def world(registry: WorldRegistry) -> World:
    return registry.default


@pytest.fixture
def client(registry: WorldRegistry) -> Client:
    return Client(build_service(registry=registry).app)


def rejected(response: Any) -> tuple[int, str, str]:
    error = response.get_json()["error"]
    return response.status_code, error["code"], error["message"]


def numbers(client: Client, query: str = "") -> list[int]:
    return [each["number"] for each in client.get(f"{DELIVERIES}{query}").get_json()["deliveries"]]


def request(client: Client, path: str, **body: Any) -> Any:
    response = client.post(f"{WORLD}/{path}", json=body)
    assert 200 == response.status_code, response.text
    return response.get_json()


# -- what is there -----------------------------------------------------------------------------------------------------


def test_a_delivery_is_returned_in_full_with_its_message(client: Client, world: World) -> None:
    row = {"direction": "inbound", "sender": "5551112222", "recipient": "5554443210", "text": "hi", "id": "77"}
    stored = client.post(f"{WORLD}/messages", json={"provider": "dialogtech", "account": "documents", **row})
    serial = stored.get_json()["serial"]
    put(world, serial=serial)
    ended(world, 1, FINE)

    (received,) = client.get(DELIVERIES).get_json()["deliveries"]
    assert received == client.get(f"{DELIVERIES}/1").get_json()
    assert {
        "number": 1,
        "provider": "dialogtech",
        "account": "documents",
        "kind": "inbound",
        "message": {"serial": serial, "id": "77"},
        "url": "http://127.0.0.1:9/in",
        "requires_ack": True,
        "ordering_key": "5554443210",
        "created_at": NOON,
        "status": "acknowledged",
        "due": None,
        "attempts": [
            {
                "at": NOON,
                "request": {
                    "method": "POST",
                    "url": "http://127.0.0.1:9/in",
                    "headers": [["Content-Type", "text/plain"]],
                    "body": {"text": "hi"},
                },
                "response": {"status": 200, "headers": [["Server", "mine"]], "body": {"text": "OK"}},
                "error": None,
                "result": "200 is what we want",
            }
        ],
        "interrupted": [],
        "in_flight": None,
        "fault": None,
    } == received


def test_an_attempt_without_a_response_has_a_reason_and_a_body_that_is_not_text_is_shown_as_base64(
    client: Client, world: World
) -> None:
    put(world)
    ended(world, 1, BROKEN)
    request(client, "deliveries/1/resend")
    ended(world, 1, Outcome(500, (), b"\xff"))
    received = client.get(f"{DELIVERIES}/1").get_json()

    first, second = received["attempts"]
    assert (None, "no one listens there", "no answer") == (first["response"], first["error"], first["result"])
    assert (500, {"base64": "/w=="}, None) == (
        second["response"]["status"],
        second["response"]["body"],
        second["error"],
    )
    assert ("due", "2026-06-01T12:05:00Z") == (received["status"], received["due"])


@pytest.mark.parametrize("serial", [MISSING, 10**9])
def test_a_message_that_is_not_there_has_no_id(client: Client, world: World, serial: int) -> None:
    put(world, serial=serial)

    assert {"serial": serial, "id": None} == client.get(f"{DELIVERIES}/1").get_json()["message"]


def test_deliveries_are_listed_by_what_they_are_and_from_a_number_on(client: Client, world: World) -> None:
    put(world, 1, "held")
    put(world, 2, "held", "serwersms/demo")
    put(world, 3)
    put(world, 4, "held")

    assert [1, 2, 3, 4] == numbers(client)
    assert [2] == numbers(client, "?provider=serwersms")
    assert [1, 3, 4] == numbers(client, "?provider=dialogtech&account=documents")
    assert [1, 2, 4] == numbers(client, "?status=held")
    assert [2, 4] == numbers(client, "?status=held&since=1")
    assert [1, 2] == numbers(client, "?limit=2")
    assert [] == numbers(client, "?status=given%20up") == numbers(client, "?limit=0")


@pytest.mark.parametrize("opened", [(7, 8), (7, 9), (1, 5)])
def test_deliveries_are_listed_whose_numbers_do_not_begin_at_one_as_after_a_snapshot(
    client: Client, world: World, opened: tuple[int, int]
) -> None:
    for number in opened:
        put(world, number, "held")

    assert list(opened) == numbers(client) == numbers(client, "?status=held")
    assert [opened[1]] == numbers(client, f"?since={opened[0]}")


@pytest.mark.parametrize(
    ("query", "status", "code", "message"),
    [
        ("?status=hold", 400, "bad_request", "status must be 'due', 'held', 'acknowledged' or 'given up', not 'hold'"),
        ("?account=dokuments", 404, "not_found", "dokuments: unknown account; did you mean 'documents'?"),
        ("?since=-1", 400, "bad_request", "since must be a whole number, not '-1'"),
        ("/1", 404, "not_found", "there is no delivery 1; the world has none"),
    ],
)
def test_what_is_not_there_to_be_asked_for_is_rejected(
    client: Client, query: str, status: int, code: str, message: str
) -> None:
    assert (status, code, message) == rejected(client.get(DELIVERIES + query))


# -- resend, hold and release ------------------------------------------------------------------------------------------


def test_what_was_acknowledged_is_sent_again_and_keeps_its_attempts(client: Client, world: World, hand: Hand) -> None:
    put(world)
    ended(world, 1, FINE)
    request(client, "clock/advance", seconds=60)
    again = request(client, "deliveries/1/resend")
    ended(world, 1, FINE)

    assert ("due", "2026-06-01T12:01:00Z", 1) == (again["status"], again["due"], len(again["attempts"]))
    assert [1, 1] == hand.begun
    assert 2 == len(client.get(f"{DELIVERIES}/1").get_json()["attempts"])


def test_a_resent_delivery_is_not_sent_once_more_when_it_would_have_been_due(
    client: Client, world: World, hand: Hand
) -> None:
    put(world)
    ended(world, 1, BROKEN)
    request(client, "deliveries/1/resend")
    ended(world, 1, FINE)
    request(client, "clock/advance", seconds=600)

    assert [1, 1] == hand.begun


def test_a_held_delivery_is_attempted_when_it_is_released_and_not_before(
    client: Client, world: World, hand: Hand
) -> None:
    put(world)
    ended(world, 1, BROKEN)
    held = request(client, "deliveries/1/hold")
    request(client, "clock/advance", seconds=3_600)
    assert ("held", None, [1]) == (held["status"], held["due"], hand.begun)

    released = request(client, "deliveries/1/release")
    assert ("due", "2026-06-01T13:00:00Z", [1, 1]) == (released["status"], released["due"], hand.begun)


def next_due(client: Client, world: str = "default") -> str | None:
    due: str | None = client.get(f"/_mock/worlds/{world}/clock").get_json()["next"]
    return due


def test_what_is_held_is_no_longer_what_comes_next(client: Client, world: World, hand: Hand) -> None:
    put(world)
    ended(world, 1, BROKEN)
    assert "2026-06-01T12:05:00Z" == next_due(client)
    request(client, "deliveries/1/hold")

    assert next_due(client) is None
    assert NOON == request(client, "clock/advance", next=True)["now"]
    request(client, "deliveries/1/release")
    ended(world, 1, BROKEN)
    assert "2026-06-01T12:05:00Z" == next_due(client)


def test_what_is_resent_is_not_due_a_second_time_later(client: Client, world: World, hand: Hand) -> None:
    put(world)
    ended(world, 1, BROKEN)
    request(client, "deliveries/1/resend")
    ended(world, 1, FINE)

    assert next_due(client) is None


def test_what_another_delivery_waits_for_stays_due(client: Client, world: World, hand: Hand) -> None:
    put(world)
    put(world, 2)
    ended(world, 1, BROKEN)
    ended(world, 2, BROKEN)
    request(client, "deliveries/1/hold")

    assert "2026-06-01T12:05:00Z" == next_due(client)


def test_neither_a_fork_nor_a_snapshot_waits_for_what_its_parent_sends(
    client: Client, world: World, hand: Hand
) -> None:
    put(world)
    ended(world, 1, BROKEN)
    twin = client.post(f"{WORLD}/fork").get_json()["id"]
    snapshot = client.get(f"{WORLD}/snapshot").get_json()

    assert next_due(client, twin) is None
    assert client.get(f"/_mock/worlds/{twin}/deliveries/1").get_json()["due"] is None
    assert "scheduled" not in snapshot


def test_what_a_fork_holds_is_its_own_to_release(client: Client, world: World, hand: Hand) -> None:
    put(world)
    twin = client.post(f"{WORLD}/fork").get_json()["id"]
    released = client.post(f"/_mock/worlds/{twin}/deliveries/1/release").get_json()

    assert ("due", NOON, [1, 1]) == (released["status"], released["due"], hand.begun)


@pytest.mark.parametrize(
    ("status", "endpoint", "message"),
    [
        ("held", "hold", "delivery 1 is already held"),
        ("acknowledged", "hold", "delivery 1 is acknowledged; there is no attempt to hold"),
        ("given up", "hold", "delivery 1 is given up; there is no attempt to hold"),
        ("acknowledged", "release", "delivery 1 is not held; it is acknowledged, and resend sends it again"),
        ("due", "release", "an attempt at delivery 1 is in flight; wait until idle first"),
        ("due", "hold", "an attempt at delivery 1 is in flight; wait until idle first"),
        ("due", "resend", "an attempt at delivery 1 is in flight; wait until idle first"),
    ],
)
def test_what_makes_no_sense_as_things_stand_is_rejected_and_changes_nothing(
    client: Client, world: World, status: str, endpoint: str, message: str
) -> None:
    put(world, status=status)
    before = client.get(f"{DELIVERIES}/1").get_json()

    assert (409, "conflict", message) == rejected(client.post(f"{DELIVERIES}/1/{endpoint}"))
    assert before == client.get(f"{DELIVERIES}/1").get_json()


def test_what_is_due_later_is_not_held(client: Client, world: World) -> None:
    put(world)
    ended(world, 1, BROKEN)

    assert (409, "conflict", "delivery 1 is not held; it is due") == rejected(client.post(f"{DELIVERIES}/1/release"))


@pytest.mark.parametrize("endpoint", ["resend", "hold", "release"])
def test_an_unknown_delivery_is_rejected(client: Client, world: World, endpoint: str) -> None:
    put(world, 3, "held")
    put(world, 4, "held")

    assert (404, "not_found", "there is no delivery 1; the world has 3 to 4") == rejected(
        client.post(f"{DELIVERIES}/1/{endpoint}")
    )


# -- time --------------------------------------------------------------------------------------------------------------


def test_an_advance_tells_every_attempt_at_its_own_instant(shipped: Fixture, pool: ThreadPoolExecutor) -> None:
    registry = opened(shipped, Prompt(BROKEN, pool))
    client = Client(build_service(registry=registry).app)
    put(registry.default)
    assert request(client, "wait/idle")["quiet"]
    received = request(client, "clock/advance", seconds=3_600)

    last = {"status": None, "error": "no one listens there", "result": "no answer"}
    assert [
        {
            "at": "2026-06-01T12:05:00Z",
            "event": "attempt_ended",
            "number": 1,
            "status": "due",
            "due": "2026-06-01T12:10:00Z",
            "attempt": {"at": "2026-06-01T12:05:00Z", **last},
        },
        {
            "at": "2026-06-01T12:10:00Z",
            "event": "attempt_ended",
            "number": 1,
            "status": "given up",
            "due": None,
            "attempt": {"at": "2026-06-01T12:10:00Z", **last},
        },
    ] == received["events"]
    assert "2026-06-01T13:00:00Z" == received["now"]


def test_opened_and_changed_deliveries_are_events_of_the_feed(client: Client, world: World) -> None:
    put(world, status="held", serial=7)
    request(client, "deliveries/1/release")
    stream = client.get(f"{WORLD}/events?since=0")
    lines = (line for chunk in stream.response for line in chunk.splitlines() if line.startswith(b"data: "))
    first, second = (json.loads(line.removeprefix(b"data: ")) for line in islice(lines, 2))
    stream.close()

    assert {
        "at": NOON,
        "event": "delivery_opened",
        "number": 1,
        "provider": "dialogtech",
        "account": "documents",
        "kind": "inbound",
        "message": {"serial": 7},
        "url": "http://127.0.0.1:9/in",
        "ordering_key": "5554443210",
        "status": "held",
        "due": None,
    } == first
    assert {"at": NOON, "event": "delivery_changed", "number": 1, "status": "due", "due": NOON} == second


def test_a_clock_is_moved_by_one_at_a_time(client: Client, world: World, hand: Hand, pool: ThreadPoolExecutor) -> None:
    put(world, due=AT + SECOND)
    first = pool.submit(request, client, "clock/advance", seconds=60)
    assert hand.has_begun.wait(30)
    second = client.post(f"{WORLD}/clock/advance", json={"seconds": 1})
    frozen = client.put(f"{WORLD}/clock", json={"frozen": True, "at": "2027-01-01T00:00:00Z"})
    ended(world, 1, FINE)

    said = "another request is moving this world's clock; wait until it has ended"
    assert (409, "busy", said) == rejected(second) == rejected(frozen)
    assert "2026-06-01T12:01:00Z" == first.result(timeout=30)["now"]


def test_an_endless_loop_of_due_items_is_an_error(shipped: Fixture) -> None:
    def receive_inbound(_: Any, __: State, now: Instant, ___: IdReservation) -> Decision:
        return Decision(now, None, (InboundScheduled(now, "p", {}),))

    registry = WorldRegistry(
        shipped, VARIANTS, clock=Clock.frozen(AT), providers={"p": ProviderCallbacks(receive_inbound)}
    )
    registry.default.execute(lambda state, now, ids: Decision(now, None, (InboundScheduled(now + 1, "p", {}),)))
    status, code, message = rejected(
        Client(build_service(registry=registry).app).post(f"{WORLD}/clock/advance", json={"seconds": 1})
    )

    assert (409, "endless") == (status, code)
    assert "1000" in message


def test_an_advance_that_stops_short_of_what_is_due_says_how_near_it_is_now(
    client: Client, world: World, hand: Hand
) -> None:
    put(world, due=AT + 300 * SECOND)
    request(client, "clock/advance", seconds=299)

    assert [300 * SECOND, SECOND] == hand.waits


# -- wait until idle and wait ---------------------------------------------------------------------------------------------------


def test_where_nothing_is_in_flight_it_is_quiet(client: Client, world: World) -> None:
    put(world, status="held")

    assert {"quiet": True, "in_flight": 0, "now": NOON} == request(client, "wait/idle")
    assert {"quiet": True, "in_flight": 0, "now": NOON} == client.post(f"{WORLD}/wait/idle").get_json()


def test_waiting_until_idle_ends_at_its_timeout_with_the_attempts_in_flight(client: Client, world: World) -> None:
    put(world, 1)
    put(world, 2)

    assert {"quiet": False, "in_flight": 2, "now": NOON} == request(client, "wait/idle", timeout=0)


def test_waiting_until_idle_ends_when_the_last_attempt_is_over(
    client: Client, world: World, pool: ThreadPoolExecutor
) -> None:
    put(world)
    waiting = pool.submit(request, client, "wait/idle", timeout=60)
    ended(world, 1, FINE)

    assert waiting.result(timeout=30)["quiet"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"timeout": 61}, "timeout: 61 is not a number of seconds from 0 to 60"),
        ({"timeout": -1}, "timeout: -1 is not a number of seconds from 0 to 60"),
        ({"timeuot": 1}, "timeuot: unknown key; did you mean 'timeout'?"),
    ],
)
def test_a_wrong_time_out_of_waiting_for_idle_is_rejected(client: Client, body: Any, message: str) -> None:
    assert (400, "bad_request", message) == rejected(client.post(f"{WORLD}/wait/idle", json=body))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", (1, "due")),
        ("&number=2", (2, "acknowledged")),
        ("&status=acknowledged", (2, "acknowledged")),
        ("&number=1&status=given+up", (1, "given up")),
    ],
)
def test_attempts_are_waited_for_by_their_delivery_and_what_became_of_it(
    client: Client, world: World, query: str, found: tuple[int, str]
) -> None:
    put(world, 1)
    put(world, 2)
    ended(world, 1, BROKEN)
    ended(world, 2, FINE)
    for _ in range(2):
        request(client, "deliveries/1/resend")
        ended(world, 1, BROKEN)
    response = client.get(f"{WORLD}/wait?for=delivery&since=0&timeout=0{query}").get_json()["found"]

    assert ("attempt_ended", *found) == (response["event"], response["number"], response["status"])


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("number=one", "number must be a whole number, not 'one'"),
        ("status=200", "status must be 'due', 'held', 'acknowledged' or 'given up', not '200'"),
        ("provider=mgage", "provider: is not a filter for deliveries; number, status are"),
    ],
)
def test_an_unknown_filter_of_deliveries_is_rejected(client: Client, query: str, message: str) -> None:
    assert (400, "bad_request", message) == rejected(client.get(f"{WORLD}/wait?for=delivery&{query}"))


def test_the_status_of_an_exchange_is_still_one_of_http(client: Client) -> None:
    said = (400, "bad_request", "status must be an HTTP status, not 'due'")

    assert said == rejected(client.get(f"{WORLD}/wait?for=exchange&status=due"))


# -- in Python ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def server(registry: WorldRegistry) -> Iterator[MockServer]:
    with MockServer(build_service(registry=registry)) as server:
        yield server


@pytest.fixture(params=["in process", "at a socket"])
def mock(request: pytest.FixtureRequest, server: MockServer) -> Iterator[AdminClient]:
    if request.param == "in process":
        yield server
    else:
        with Mock.at(server.url) as mock:
            yield mock


def test_a_delivery_and_its_attempts_are_values(mock: AdminClient, world: World) -> None:
    message = mock.world.store(
        "dialogtech", "documents", direction="inbound", sender="5551112222", recipient="5554443210", text="hi"
    )
    put(world, serial=message.serial)
    ended(world, 1, Outcome(200, (("Server", "mine"),), b"\xff"))
    delivery = mock.world.delivery(1)
    (attempt,) = delivery.attempts

    noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
    assert ("dialogtech", "documents", "inbound") == (delivery.provider, delivery.account, delivery.kind)
    assert (message.serial, message.id) == (delivery.serial, delivery.message_id)
    assert ("acknowledged", None, noon) == (delivery.status, delivery.due, delivery.created_at)
    assert ("http://127.0.0.1:9/in", True, "5554443210") == (delivery.url, delivery.requires_ack, delivery.ordering_key)
    assert ("POST", b"hi", (("Content-Type", "text/plain"),)) == (
        attempt.request.method,
        attempt.request.body,
        attempt.request.headers,
    )
    assert attempt.response is not None
    assert (200, (("Server", "mine"),), b"\xff") == (
        attempt.response.status,
        attempt.response.headers,
        attempt.response.body,
    )
    assert (noon, None, "200 is what we want") == (attempt.at, attempt.error, attempt.result)


def test_a_delivery_says_since_when_an_attempt_is_in_flight_and_which_fault_rule_it_has(
    mock: AdminClient, world: World
) -> None:
    rule = mock.world.faults.add("lost_acknowledgement", target="webhook")
    put(world)
    started = mock.world.delivery(1)
    ended(world, 1, FINE)
    over = mock.world.deliveries()[0]

    assert (datetime(2026, 6, 1, 12, tzinfo=UTC), rule.id) == (started.in_flight, started.fault)
    assert (None, rule.id) == (over.in_flight, over.fault)


def test_an_attempt_without_an_answer_has_none(mock: AdminClient, world: World) -> None:
    put(world)
    ended(world, 1, BROKEN)
    (attempt,) = mock.world.delivery(1).attempts

    assert (None, "no one listens there") == (attempt.response, attempt.error)


def test_a_delivery_is_held_released_and_sent_again(mock: AdminClient, world: World, hand: Hand) -> None:
    put(world)
    ended(world, 1, BROKEN)
    held = mock.world.delivery(1).hold()
    released = held.release()
    ended(world, 1, FINE)
    again = released.resend()

    assert ("held", "due", "due") == (held.status, released.status, again.status)
    assert ("held", "due") == (held.status, held.show().status)
    assert ([1, 1, 1], [1, 1, 2]) == (hand.begun, [len(each.attempts) for each in (held, released, again)])


def test_deliveries_are_filtered(mock: AdminClient, world: World) -> None:
    for number in (1, 2, 3):
        put(world, number, "held")
    put(world, 4, account="serwersms/demo")

    assert [1, 2, 3, 4] == [each.number for each in mock.world.deliveries()]
    assert [2] == [each.number for each in mock.world.deliveries(status="held", since=1, limit=1)]
    assert [4] == [each.number for each in mock.world.deliveries("serwersms", "demo")]


def test_a_long_deliveries_is_fetched_in_pages(
    mock: AdminClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mockserver.client.resource._PAGE", 2)
    for number in range(1, 6):
        put(world, number, "held")

    assert [1, 2, 3, 4, 5] == [each.number for each in mock.world.deliveries()]
    assert [1, 2, 3] == [each.number for each in mock.world.deliveries(limit=3)]


def test_what_makes_no_sense_raises(mock: AdminClient, world: World) -> None:
    put(world, 1, "held")
    with pytest.raises(ControlError, match="delivery 1 is already held") as rejected:
        mock.world.delivery(1).hold()

    assert "conflict" == rejected.value.code
    with pytest.raises(ControlError, match="no delivery 9"):
        mock.world.delivery(9)


def test_waiting_until_idle_is_true_when_it_is_quiet(mock: AdminClient, world: World) -> None:
    put(world)
    too_soon = mock.world.wait_until_idle(timeout=0)
    ended(world, 1, FINE)
    idle = mock.world.wait_until_idle()

    assert (False, 1) == (bool(too_soon), too_soon.in_flight)
    assert (True, 0, mock.world.clock.now) == (bool(idle), idle.in_flight, idle.now)


def test_a_delivery_is_waited_for_and_the_next_from_its_cursor(mock: AdminClient, world: World) -> None:
    put(world, 1)
    put(world, 2)
    ended(world, 1, BROKEN)
    ended(world, 2, FINE)
    first = mock.world.wait("delivery", timeout=0, since=0)
    second = mock.world.wait_for_delivery(timeout=0, since=first.cursor or 0)

    assert (1, 2) == (getattr(first, "number", None), second.number)
    assert (1, "acknowledged") == (len(second.attempts), second.status)
    assert 2 == mock.world.wait_for_delivery(timeout=0, since=0, status="acknowledged").number
    with pytest.raises(TimeoutError, match="no delivery with number 1 and status 'given up' came"):
        mock.world.wait("delivery", timeout=0, since=0, number=1, status="given up")


def test_a_waiting_client_is_woken_by_the_attempt(mock: AdminClient, world: World, pool: ThreadPoolExecutor) -> None:
    put(world)
    waiting = pool.submit(mock.world.wait_for_delivery, timeout=60, since=mock.world.cursor)
    ended(world, 1, FINE)

    assert "acknowledged" == waiting.result(timeout=30).status


def test_the_verbs_can_be_awaited(mock: AdminClient, world: World) -> None:
    put(world, 1, "held")

    async def sent() -> tuple[str, bool, list[int]]:
        delivery = await mock.world.delivery.aio(1)
        released = await delivery.release.aio()
        ended(world, 1, FINE)
        idle = await mock.world.wait_until_idle.aio()
        return released.status, bool(idle), [each.number for each in await mock.world.deliveries.aio()]

    assert ("due", True, [1]) == asyncio.run(sent())


# -- on the command line -----------------------------------------------------------------------------------------------


@pytest.fixture
def run(server: MockServer) -> Any:
    def run(*arguments: str, ends: int = 0) -> Result:
        done = CliRunner().invoke(cli, arguments, env={"MOCKSERVER_URL": server.url}, prog_name="mockserver")
        assert ends == done.exit_code, done.output
        return done

    return run


def test_deliveries_are_listed_for_people_and_for_programs(run: Any, world: World) -> None:
    put(world, 1, "held")
    put(world, 2)
    titles, line = run("delivery", "list", "--status", "held").stdout.splitlines()

    assert ["NUMBER", "ACCOUNT", "KIND", "MESSAGE", "STATUS", "DUE", "ATTEMPTS", "URL"] == titles.split()
    assert [
        "1",
        "dialogtech/documents",
        "inbound",
        "177931295",
        "held",
        "-",
        "0",
        "http://127.0.0.1:9/in",
    ] == line.split()
    received = json.loads(run("delivery", "list", "--format", "json").stdout)
    assert [1, 2] == [each["number"] for each in received["deliveries"]]
    assert "there may be more; repeat with --since 1, or" in run("delivery", "list", "--limit", "1").stderr
    assert ("", "no such delivery\n") == (
        (none := run("delivery", "list", "--status", "given up")).stdout,
        none.stderr,
    )


def test_a_delivery_is_shown_with_its_attempts(run: Any, world: World) -> None:
    put(world)
    ended(world, 1, BROKEN)
    run("delivery", "resend", "1")
    ended(world, 1, FINE)
    shown = run("delivery", "show", "1").stdout.splitlines()

    assert [
        f"{NOON} POST http://127.0.0.1:9/in -> no one listens there",
        "  no answer",
        f"{NOON} POST http://127.0.0.1:9/in -> 200 OK",
        "  200 is what we want",
    ] == shown[-4:]
    assert ["status", "acknowledged"] in [line.split() for line in shown]
    assert 2 == len(json.loads(run("delivery", "show", "1", "--format", "json").stdout)["attempts"])


def test_a_delivery_is_held_and_released_by_command(run: Any, world: World, hand: Hand) -> None:
    put(world)
    ended(world, 1, BROKEN)

    assert "held" == json.loads(run("delivery", "hold", "1", "--format", "json").stdout)["status"]
    assert ["due", NOON] == run("delivery", "release", "1").stdout.splitlines()[1].split()[4:6]
    assert [1, 1] == hand.begun
    assert "mockserver: there is no delivery 9; the world has 1 to 1\n" == run("delivery", "hold", "9", ends=2).stderr


def test_wait_until_idle_ends_with_4_when_it_does_not_come_to_quiet(run: Any, world: World) -> None:
    assert f"idle at {NOON}\n" == run("wait", "idle").stdout
    put(world)

    failed = run("wait", "idle", "--timeout", "0", ends=4)
    assert ("", "mockserver: not idle within 0 s: 1 still in flight\n") == (failed.stdout, failed.stderr)
    assert not json.loads(run("wait", "idle", "--timeout", "0", "--format", "json", ends=4).stdout)["quiet"]


def test_clock_advance_prints_the_end_of_an_attempt_that_was_in_flight(
    run: Any, world: World, hand: Hand, pool: ThreadPoolExecutor
) -> None:
    put(world, due=AT + SECOND)
    pool.submit(lambda: hand.has_begun.wait(30) and ended(world, 1, FINE, AT + SECOND))
    received = run("clock", "advance", "1m").stdout.splitlines()

    assert received[0].startswith("2026-06-01T12:00:01Z attempt_ended number=1 status=acknowledged response=200 ")
    assert "2026-06-01T12:01:00Z frozen, nothing is due" == received[-1]


# -- attempts whose process has ended ----------------------------------------------------------------------------------


class Log:
    """An event log in memory whose processes have ended, except one."""

    holder = "first process"

    def begin(self, known: int | None) -> Begun:
        return Begun()

    def is_lost(self, holder: str) -> bool:
        return holder != self.holder

    def commit(self, commit: Commit, world: CommittedWorld) -> None: ...
    def release(self) -> None: ...
    def load(self) -> LoadedWorld:
        raise AssertionError("it is as it was created")

    def read(self, since: int) -> Iterator[Commit]:
        raise AssertionError("it is the only process")


def test_an_attempt_whose_process_has_ended_is_made_again_and_its_delivery_says_so(
    registry: WorldRegistry, hand: Hand, client: Client
) -> None:
    world, log = registry.default, Log()
    world.keep_in(log, is_new=True)
    put(world)
    world.recover()
    assert [1] == hand.begun

    log.holder = "second process"
    # The outcome that the first process would still report does not count, before it is made again and after.
    ended(world, 1, BROKEN)
    world.recover()
    assert ([1, 1], "second process") == (hand.begun, world.state.in_flight[1].holder)
    body = client.get(f"{DELIVERIES}/1").json
    assert ([], [NOON], "due") == (body["attempts"], body["interrupted"], body["status"])
    interrupted = [item.event for item in world.feed.since(0).items if isinstance(item.event, AttemptInterrupted)]
    assert [AttemptInterrupted(1, AT, AT)] == interrupted

    ended(world, 1, FINE)
    assert ("acknowledged", 1) == (world.state.deliveries[1].status, len(world.state.deliveries[1].attempts))


def test_an_interrupted_attempt_takes_no_place_among_the_attempts_that_a_provider_makes(
    registry: WorldRegistry, client: Client
) -> None:
    world, log = registry.default, Log()
    world.keep_in(log, is_new=True)
    put(world)
    for number in range(3):
        log.holder = f"process {number}"
        world.recover()
        ended(world, 1, BROKEN)
        client.post(f"{DELIVERIES}/1/resend")

    found = world.state.deliveries[1]
    statuses = [item.event.status for item in world.feed.since(0).items if isinstance(item.event, AttemptEnded)]
    assert ["due", "due", "given up"] == statuses
    assert (3, 3, "due") == (len(found.attempts), len(found.interrupted), found.status)
