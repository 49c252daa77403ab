"""SerwerSMS's retry schedule (5, 10, 15 and 60 minutes) against a real receiver, run in milliseconds on the world's clock."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from contract_tests.admin.forwarding.receiving import (
    KEY,
    NOON,
    PATIENCE,
    Receiver,
    advance,
    delivery,
    minutes,
    receive_inbound,
)
from mockserver.app import build_service, create_registry
from mockserver.engine.accounts import ForwardingRule
from mockserver.engine.clock import Clock
from mockserver.engine.decisions import Decision
from mockserver.engine.event_log import WorldDropped
from mockserver.engine.events import AccountChanged, AttemptEnded, InboundScheduled
from mockserver.engine.instants import SECOND, iso
from mockserver.engine.messages import account_key
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.world import ATTEMPT_PATIENCE, ClockBusy, World
from mockserver.server import MockServer
from mockserver.settings import Settings
from mockserver.webhooks import WebhookSender


def test_an_inbound_message_is_forwarded_at_once_and_acknowledged(
    receiver: Receiver, opened: Callable[..., World]
) -> None:
    world = opened(receiver.url)
    receive_inbound(world, "Dziękuję & pa")
    assert world.wait_until_idle(PATIENCE)

    assert ("acknowledged", [0]) == (delivery(world).status, minutes(world))
    assert ["/?numer=48500600700&tekst=Dzi%C4%99kuj%C4%99%20%26%20pa"] == receiver.request
    assert 1 == len(world.state.message_store.page(account_key(KEY), 0, 10**18))


@pytest.mark.parametrize(("variant", "schedule"), [("offsets", [0, 5, 10, 15, 60]), ("gaps", [0, 5, 15, 30, 90])])
def test_a_response_that_does_not_acknowledge_gets_four_retries(
    receiver: Receiver, opened: Callable[..., World], variant: str, schedule: list[int]
) -> None:
    receiver.says = lambda _: "no"
    world = opened(receiver.url, repeats=variant)
    receive_inbound(world)
    assert world.wait_until_idle(PATIENCE)
    advance(world, 24 * 60)

    assert ("given up", schedule) == (delivery(world).status, minutes(world))
    assert 5 == len(receiver.request)
    assert 1 == len(world.state.message_store.page(account_key(KEY), 0, 10**18))  # still available by API


def test_an_attempt_is_made_at_its_instant_and_not_before(receiver: Receiver, opened: Callable[..., World]) -> None:
    receiver.says = lambda _: "no"
    world = opened(receiver.url)
    receive_inbound(world)
    assert world.wait_until_idle(PATIENCE)
    advance(world, 4.999)
    before = len(receiver.request)
    advance(world, 0.001)

    assert (1, 2) == (before, len(receiver.request))


def test_an_advance_tells_of_every_attempt_at_its_instant(receiver: Receiver, opened: Callable[..., World]) -> None:
    receiver.says = lambda count: "OK" if count == 3 else "no"
    world = opened(receiver.url)
    receive_inbound(world)
    assert world.wait_until_idle(PATIENCE)
    events = world.advance(NOON + 3600 * SECOND).events

    assert [("2026-06-01T12:05:00Z", "AttemptEnded"), ("2026-06-01T12:10:00Z", "AttemptEnded")] == [
        (iso(item.at), type(item.event).__name__) for item in events
    ]
    assert "acknowledged" == delivery(world).status


def test_a_receiver_that_was_down_for_three_attempts_gets_it_exactly_once(opened: Callable[..., World]) -> None:
    late = Receiver()
    world = opened(late.url)
    receive_inbound(world)
    assert world.wait_until_idle(PATIENCE)
    advance(world, 12)
    assert [0, 5, 10] == minutes(world)

    late.listen()
    try:
        advance(world, 24 * 60)
    finally:
        late.close()

    assert ("acknowledged", [0, 5, 10, 15]) == (delivery(world).status, minutes(world))
    assert 1 == len(late.request)


def test_a_receiver_may_advance_the_clock_while_it_is_being_called(
    receiver: Receiver, opened: Callable[..., World]
) -> None:
    world = opened(receiver.url)
    rejected: list[type[Exception]] = []

    def says(_: int) -> str:
        try:
            world.advance(world.clock.now() + SECOND)
        except ClockBusy as busy:
            rejected.append(type(busy))
        return "no"

    receiver.says = says
    receive_inbound(world)
    assert world.wait_until_idle(PATIENCE)
    advance(world, 5)

    assert [ClockBusy] == rejected  # the second time somebody else was moving the clock already
    assert 2 == len(receiver.request)


def test_a_receiver_may_advance_past_an_attempt_that_is_in_line_behind_its_own(
    receiver: Receiver, opened: Callable[..., World]
) -> None:
    world = opened(receiver.url)
    came_back: list[bool] = []

    def says(time: int) -> str:
        if time == 2:
            advance(world, 10)
            came_back.append(True)
        return "no" if time == 1 else "OK"

    receiver.says = says
    receive_inbound(world, "first")
    assert world.wait_until_idle(PATIENCE)
    receive_inbound(world, "second")
    assert world.wait_until_idle(PATIENCE)

    assert [True] == came_back
    assert ["first", "second", "first"] == [path.rpartition("=")[2] for path in receiver.request]
    assert ("acknowledged", [0, 5]) == (delivery(world).status, minutes(world))
    assert ("acknowledged", 1) == (delivery(world, 2).status, len(delivery(world, 2).attempts))


def test_an_advance_waits_for_the_repeats_of_an_attempt_that_was_begun_before_it(
    receiver: Receiver, opened: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mockserver.engine.world.ATTEMPT_PATIENCE", 0.0)
    world = opened(receiver.url)
    begun, may_go, judged = threading.Event(), threading.Event(), threading.Event()

    def says(time: int) -> str:
        if time == 1:
            begun.set()
            may_go.wait(PATIENCE)
        if time == 2:  # the advance is under way
            may_go.set()
            judged.wait(PATIENCE)
        return "no"

    receiver.says = says
    receive_inbound(world)
    assert begun.wait(PATIENCE)
    world.feed.first_since(0, lambda item: isinstance(item.event, AttemptEnded), lambda _: judged.set())  # type: ignore[attr-defined]  # every item of this feed has it
    world.execute(lambda state, now, ids: _scheduled(NOON + 60 * SECOND, "+48600700801"))
    advance(world, 120)

    assert ["given up", "given up"] == [found.status for found in world.state.deliveries.values()]
    assert [0, 5, 10, 15, 60] == minutes(world)


def test_an_advance_waits_for_a_long_line_of_attempts_that_were_begun_before_it(
    receiver: Receiver, opened: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = opened(receiver.url)
    waits: list[float] = []
    line = [threading.Event() for _ in range(5)]

    def is_heard_after_a_wait(condition: threading.Condition, seconds: float | None = None) -> bool:
        if seconds != ATTEMPT_PATIENCE:  # not the one who advances
            return wait(condition, seconds)
        waits.append(seconds)
        line[len(waits) - 1].set()  # one of the line ends
        return wait(condition, PATIENCE)

    wait = threading.Condition.wait
    monkeypatch.setattr(threading.Condition, "wait", is_heard_after_a_wait)
    receiver.says = lambda time: str(line[time - 1].wait(PATIENCE))
    for place in range(5):
        receive_inbound(world, f"{place}")
    advance(world, 1)

    assert [ATTEMPT_PATIENCE] * 5 == waits
    assert [1] * 5 == [len(found.attempts) for found in world.state.deliveries.values()]


def test_a_reset_during_an_attempt_leaves_nothing_behind(receiver: Receiver, opened: Callable[..., World]) -> None:
    world = opened(receiver.url)
    begun, may_go = threading.Event(), threading.Event()

    def says(_: int) -> str:
        begun.set()
        may_go.wait(PATIENCE)
        return "no"

    receiver.says = says
    receive_inbound(world)
    assert begun.wait(PATIENCE)
    world.reset()
    may_go.set()
    receive_inbound(world, "after")
    assert world.wait_until_idle(PATIENCE)

    assert [1] == list(world.state.deliveries)
    assert 1 == len(delivery(world).attempts)


def test_a_forks_deliveries_are_held(
    receiver: Receiver, opened: Callable[..., World], registries: list[WorldRegistry]
) -> None:
    receiver.says = lambda _: "no"
    world = opened(receiver.url)
    receive_inbound(world)
    assert world.wait_until_idle(PATIENCE)
    fork = registries[-1].fork(world)
    fork.advance(NOON + 3600 * SECOND)

    assert ("held", None, 1, 1) == (
        delivery(fork).status,
        delivery(fork).due,
        len(delivery(fork).attempts),
        len(receiver.request),
    )


@pytest.fixture
def received(receiver: Receiver) -> threading.Event:
    """What is set as soon as the receiver gets a request."""
    received = threading.Event()
    receiver.says = lambda _: received.set() or "OK"  # type: ignore[func-returns-value]  # set() returns None on purpose
    return received


def test_in_a_world_that_ticks_what_is_due_is_attempted_without_being_asked(
    receiver: Receiver, received: threading.Event, opened: Callable[..., World]
) -> None:
    world = opened(receiver.url, Clock.system())
    at = world.clock.now() + SECOND // 50
    world.execute(lambda state, now, ids: _scheduled(at))

    assert received.wait(PATIENCE)


def test_what_is_due_in_a_world_waits_for_no_world_whose_lock_is_held(
    receiver: Receiver, received: threading.Event, opened: Callable[..., World], registries: list[WorldRegistry]
) -> None:
    world = opened(receiver.url, Clock.system())
    busy = registries[-1].fork(world)
    busy.execute(lambda state, now, ids: _scheduled(now + 1))
    with busy.lock:
        world.execute(lambda state, now, ids: _scheduled(now + SECOND // 50))

        assert received.wait(PATIENCE)


def test_what_became_due_while_the_clock_was_frozen_is_attempted_when_it_runs_again(
    receiver: Receiver, received: threading.Event, opened: Callable[..., World]
) -> None:
    world = opened(receiver.url, Clock.system())
    world.execute(lambda state, now, ids: _scheduled(now + SECOND // 50))
    world.freeze()
    assert not received.is_set()
    world.resume()

    assert received.wait(PATIENCE)


def _scheduled(at: int, recipient: str = "+48600700800") -> Any:
    fields = {"kind": "ndi", "sender": "+48500600700", "recipient": recipient, "text": "later"}
    return Decision(at, None, (InboundScheduled(at, "serwersms", fields),))


def test_order_is_kept_for_each_number_and_nothing_is_lost_or_doubled(
    receiver: Receiver, opened: Callable[..., World]
) -> None:
    world = opened(receiver.url, Clock.system())
    for place in range(500):
        receive_inbound(world, f"{place}")
    assert world.wait_until_idle(2 * PATIENCE)

    assert [f"tekst={place}" for place in range(500)] == [path.partition("&")[2] for path in receiver.request]
    assert {"acknowledged"} == {found.status for found in world.state.deliveries.values()}


def test_a_server_from_settings_sends_too(receiver: Receiver) -> None:
    registry = create_registry(Settings(freeze=iso(NOON)))
    app = build_service(registry=registry).app
    world = registry.default
    account = next(account for account in world.state.accounts.values() if account.provider == "serwersms")
    changed = replace(account, forwarding=(ForwardingRule("nd", f"{receiver.url}/?id=#ID#", verification=True),))
    world.execute(lambda state, now, ids: Decision(now, None, (AccountChanged(changed),)))
    response = app.test_client().post(
        "/messages/send_nd",
        json={
            "username": account.logins[0].user,
            "password": account.logins[0].secret,
            "phone": "500600700",
            "text": "x",
        },
    )
    assert world.wait_until_idle(PATIENCE)
    registry.close()

    assert {"success": True} == response.get_json()
    assert 1 == len(receiver.request)


def test_an_attempt_that_ends_after_its_world_was_dropped_changes_nothing(
    receiver: Receiver,
    opened: Callable[..., World],
    webhook_senders: list[WebhookSender],
    caplog: pytest.LogCaptureFixture,
) -> None:
    begun, may_go = threading.Event(), threading.Event()
    receiver.says = lambda _: ((begun.set(), may_go.wait(PATIENCE)) and "no") or ""
    world = opened(receiver.url)
    receive_inbound(world)
    assert begun.wait(PATIENCE)
    world.close()
    may_go.set()

    assert webhook_senders[0].wait_until_idle(PATIENCE)  # the answer has come
    with suppress(WorldDropped):  # a stored world says so; its state stays what it was
        assert world.wait_until_idle(PATIENCE)
    assert [] == caplog.records
    assert ((), "due") == (delivery(world).attempts, delivery(world).status)


def test_whoever_waits_for_an_idle_world_is_called_back_once_and_holds_no_thread(
    receiver: Receiver, opened: Callable[..., World]
) -> None:
    begun, may_go = threading.Event(), threading.Event()
    receiver.says = lambda _: ((begun.set(), may_go.wait(PATIENCE)) and "OK") or ""
    world = opened(receiver.url)
    called: list[tuple[str, int]] = []
    world.when_idle(lambda at: called.append(("before", at)))
    receive_inbound(world)
    assert begun.wait(PATIENCE)
    world.when_idle(lambda at: called.append(("during", at)))
    world.when_idle(lambda at: called.append(("ended", at)))()
    before = list(called)
    may_go.set()
    assert world.wait_until_idle(PATIENCE)
    receive_inbound(world)
    assert world.wait_until_idle(PATIENCE)

    assert [("before", NOON)] == before
    assert [("before", NOON), ("during", NOON)] == called


def test_a_reset_makes_a_world_idle_for_whoever_waits(receiver: Receiver, opened: Callable[..., World]) -> None:
    begun, may_go = threading.Event(), threading.Event()
    receiver.says = lambda _: ((begun.set(), may_go.wait(PATIENCE)) and "OK") or ""
    world = opened(receiver.url)
    receive_inbound(world)
    assert begun.wait(PATIENCE)
    called: list[int] = []
    world.when_idle(called.append)
    world.reset(NOON + SECOND)
    may_go.set()

    assert [NOON + SECOND] == called


def test_a_receiver_on_the_tests_own_loop_works_through_the_awaitable_verbs() -> None:
    """The test's event loop serves the webhook while it awaits the call that caused it."""

    async def demo() -> tuple[str, list[str]]:
        request: list[str] = []

        async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            request.append((await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode())
            response = b"OK" if len(request) == 2 else b"no"
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n" + response)
            await writer.drain()
            writer.close()

        receiver = await asyncio.start_server(receive, "127.0.0.1", 0)
        port = receiver.sockets[0].getsockname()[1]
        with MockServer(freeze="2026-06-01T12:00:00Z") as mock:
            world = mock.world
            rule = {"service": "ndi", "url": f"http://127.0.0.1:{port}/?tekst=#WIADOMOSC#", "verification": True}
            await world.change_account.aio("serwersms", "documents", forwarding=[rule])
            message = {"kind": "ndi", "sender": "+48500600700", "recipient": "+48664078059", "text": "Tak"}
            await world.inbound.aio("serwersms", **message)
            assert await world.wait_until_idle.aio(timeout=PATIENCE)
            await world.clock.advance.aio(minutes=5)
            (received,) = await world.deliveries.aio()
        receiver.close()
        await receiver.wait_closed()
        return received.status, request

    assert ("acknowledged", ["/?tekst=Tak", "/?tekst=Tak"]) == asyncio.run(demo())
