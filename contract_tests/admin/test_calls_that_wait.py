"""Calls of the control API that wait for attempts: none of them holds a thread of the server, or delays another call."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contract_tests.admin.test_deliveries import AT, FINE, NOON, Hand, ended, opened, put
from contract_tests.http.manual_loop import BufferTransport, ManualLoop, ManualPool
from mockserver.app import build_service
from mockserver.engine.instants import SECOND
from mockserver.http.connection import Connection
from mockserver.settings import Settings

HERE = "/_mock/worlds/default"


class Machine:
    """A service whose event loop and pool run when the test says so, and connections to it."""

    def __init__(self, registry: Any, *, wsgi: bool) -> None:
        self.world = registry.default
        self.service = build_service(Settings(wsgi=wsgi), registry=registry)
        self.loop, self.pool = ManualLoop(), ManualPool()

    def connect(self) -> Connection:
        connection = Connection(self.service, loop=self.loop, pool=self.pool, connections=set())
        connection.connection_made(BufferTransport())
        return connection

    def ask(self, path: str, body: Any = None, method: str = "POST") -> Connection:
        """Send a request on a connection of its own, and run all that does not have to wait."""
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(content)}\r\n\r\n"
        connection = self.connect()
        connection.data_received(head.encode() + content)
        self.run()
        return connection

    def run(self) -> None:
        """Run what is due now on the event loop and the pool; afterwards no call holds a thread."""
        while self.pool.calls or any(at <= self.loop.now for at, _, timer in self.loop.due if timer.call):
            self.pool.work()
            self.loop.advance(0)


def answer(connection: Connection) -> Any:
    """The status and the JSON of the response; ``None`` while there is none."""
    head, _, body = connection.transport.out.partition(b"\r\n\r\n")
    return (int(head.split()[1]), json.loads(body)) if head else None


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture(params=[False, True], ids=["direct", "wsgi"])
def machine(request: pytest.FixtureRequest, shipped: Any, hand: Hand) -> Machine:
    return Machine(opened(shipped, hand), wsgi=request.param)


@pytest.mark.parametrize("path", [f"{HERE}/wait/idle", f"//{HERE}/wait/idle", f"/_w/default{HERE}/wait/idle"])
def test_a_hundred_calls_that_wait_for_idleness_delay_no_other_call(machine: Machine, path: str) -> None:
    put(machine.world)
    waiting = [machine.ask(path, {"timeout": 60}) for _ in range(100)]
    assert [None] * 100 == [answer(each) for each in waiting]
    assert 200 == answer(machine.ask("/_mock/health", method="GET"))[0]
    assert 200 == answer(machine.ask(f"{HERE}/clock", method="GET"))[0]

    ended(machine.world, 1, FINE)
    machine.run()
    assert [(200, {"quiet": True, "in_flight": 0, "now": NOON})] * 100 == [answer(each) for each in waiting]


def test_waiting_for_idleness_ends_at_its_timeout(machine: Machine) -> None:
    put(machine.world)
    waiting = machine.ask(f"{HERE}/wait/idle", {"timeout": 3})
    machine.loop.advance(2.9)
    assert answer(waiting) is None
    machine.loop.advance(0.2)
    machine.run()
    assert (200, {"quiet": False, "in_flight": 1, "now": NOON}) == answer(waiting)


def test_an_advance_waits_for_attempts_without_a_thread_and_other_calls_go_on(machine: Machine) -> None:
    put(machine.world, due=AT + SECOND)
    advancing = machine.ask(f"{HERE}/clock/advance", {"seconds": 60})
    assert answer(advancing) is None
    assert "2026-06-01T12:00:01Z" == answer(machine.ask(f"{HERE}/clock", method="GET"))[1]["now"]
    busy = answer(machine.ask(f"{HERE}/clock/advance", {"seconds": 1}))
    assert (409, "busy") == (busy[0], busy[1]["error"]["code"])

    ended(machine.world, 1, FINE, AT + SECOND)
    machine.run()
    status, moved = answer(advancing)
    assert (200, "2026-06-01T12:01:00Z", ["attempt_ended"]) == (
        status,
        moved["now"],
        [each["event"] for each in moved["events"]],
    )


def test_freezing_at_a_later_instant_waits_without_a_thread_too(machine: Machine) -> None:
    put(machine.world, due=AT + SECOND)
    freezing = machine.ask(f"{HERE}/clock", {"frozen": True, "at": "2026-06-01T13:00:00Z"}, "PUT")
    assert answer(freezing) is None
    ended(machine.world, 1, FINE, AT + SECOND)
    machine.run()
    assert "2026-06-01T13:00:00Z" == answer(freezing)[1]["now"]


def test_an_advance_waits_two_seconds_for_an_attempt_that_began_before_it(machine: Machine) -> None:
    put(machine.world)
    advancing = machine.ask(f"{HERE}/clock/advance", {"seconds": 60})
    machine.loop.advance(1.9)
    assert answer(advancing) is None
    machine.loop.advance(0.2)
    machine.run()
    assert "2026-06-01T12:01:00Z" == answer(advancing)[1]["now"]


def test_when_the_client_of_an_advance_has_left_the_clock_can_be_moved_by_others_after_the_next_attempt(
    machine: Machine,
) -> None:
    put(machine.world, due=AT + SECOND)
    machine.ask(f"{HERE}/clock/advance", {"seconds": 60}).connection_lost(None)
    ended(machine.world, 1, FINE, AT + SECOND)
    machine.run()
    assert "2026-06-01T12:00:11Z" == answer(machine.ask(f"{HERE}/clock/advance", {"seconds": 10}))[1]["now"]


@pytest.mark.parametrize("path", [HERE, f"{HERE}/deliveries"])
def test_a_call_whose_worlds_clock_follows_a_test_waits_for_its_attempts_without_a_thread(
    machine: Machine, path: str
) -> None:
    put(machine.world, due=AT + SECOND)
    machine.world.time_source = lambda: AT + 60 * SECOND
    asking = machine.ask(path, method="GET")
    assert answer(asking) is None
    assert 200 == answer(machine.ask(f"{HERE}/clock", method="GET"))[0]  # as the receiver of the webhook may ask
    ended(machine.world, 1, FINE, AT + SECOND)
    machine.run()
    assert 200 == answer(asking)[0]
    assert AT + 60 * SECOND == machine.world.clock.now()


@pytest.mark.parametrize(
    "path", ["/ibp_api.php?action=sms.get_numbers&access_key=foo&secret_access_key=bar", "/messages/nowhere"]
)
def test_a_providers_request_waits_for_the_attempts_of_a_followed_clock_and_delays_no_other(
    machine: Machine, path: str
) -> None:
    put(machine.world, due=AT + SECOND)
    machine.world.time_source = lambda: AT + 60 * SECOND
    asking = machine.ask(path, method="GET")
    assert b"" == asking.transport.out
    receiver = machine.ask(path, method="GET")  # the receiver of the webhook asks meanwhile
    assert b"" != receiver.transport.out
    ended(machine.world, 1, FINE, AT + SECOND)
    machine.run()
    assert receiver.transport.out.partition(b"\r\n\r\n")[2] == asking.transport.out.partition(b"\r\n\r\n")[2]
    first, second = machine.world.journal.since(0)
    assert [AT + SECOND, AT + 60 * SECOND] == [first.at, second.at]


def test_a_providers_request_that_its_client_does_not_wait_for_leaves_the_clock_free(machine: Machine) -> None:
    put(machine.world, due=AT + SECOND)
    machine.world.time_source = lambda: AT + 60 * SECOND
    machine.ask("/messages/nowhere", method="GET").connection_lost(None)
    ended(machine.world, 1, FINE, AT + SECOND)
    machine.run()
    assert b"" != machine.ask("/messages/nowhere", method="GET").transport.out
    assert AT + 60 * SECOND == machine.world.clock.now()
