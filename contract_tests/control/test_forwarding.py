"""A vendor's repeat schedule against a real receiver, in milliseconds: SerwerSMS's 5, 10, 15 and 60 minutes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from mockserver.app import PROVIDERS, READINGS, ROOMS, create_app, create_house
from mockserver.core.accounts import Account, ForwardingRule, Login
from mockserver.core.clock import Clock
from mockserver.core.decisions import Decision
from mockserver.core.events import AccountChanged, ArrivalScheduled, AttemptJudged, DeliveryChanged
from mockserver.core.instants import SECOND, iso, parse_instant
from mockserver.core.messages import account_shelf
from mockserver.core.mischief import Mischief
from mockserver.core.outbox import Delivery
from mockserver.core.state import Fixture
from mockserver.core.world import START_PATIENCE, Busy, World
from mockserver.core.worlds import Worlds
from mockserver.server import MockServer
from mockserver.settings import Settings
from mockserver.web.courier import Courier, Manners
from mockserver.web.post_office import PostOffice

NOON = parse_instant("2026-06-01T12:00:00Z")
PATIENCE = 30.0
KEY = "serwersms/a"


class Receiver:
    """A customer's script that says what it is told to say, and remembers what it was asked. Until it listens its port refuses."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.says: Callable[[int], str] = lambda _: "OK"
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                receiver.asked.append(self.path)
                answer = receiver.says(len(receiver.asked)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self.server.daemon_threads = True
        self.server.server_bind()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def listen(self) -> None:
        self.server.server_activate()
        threading.Thread(target=self.server.serve_forever, args=(0.005,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.listen()
    yield receiver
    receiver.close()


@pytest.fixture
def opened() -> Iterator[Callable[..., World]]:
    """Open a house whose only account forwards what comes in at its NDI to an address."""
    houses: list[Worlds] = []

    def opened(url: str, clock: Clock | None = None, **readings: str) -> World:
        rule = ForwardingRule("ndi", f"{url}/?numer=#NUMER#&tekst=#WIADOMOSC#")
        account = Account(KEY, "serwersms", "a", (Login("user", "secret"),), forwarding=(rule,))
        rooms = {room.name: room for room in PROVIDERS}
        sender = PostOffice(rooms, Courier(Manners(timeout=PATIENCE, connect_timeout=PATIENCE)))
        named = {f"serwersms.forwarding.{name}": reading for name, reading in readings.items()}
        house = Worlds(
            Fixture((account,)), READINGS | named, clock=clock or Clock.frozen(NOON), rooms=ROOMS, sender=sender
        )
        houses.append(house)
        return house.default

    yield opened
    for house in houses:
        house.close()


def arrive(world: World, text: str = "Tak", sender: str = "+48500600700") -> None:
    world.arrive("serwersms", {"kind": "ndi", "sender": sender, "recipient": "+48600700800", "text": text})


def delivery(world: World, number: int = 1) -> Delivery:
    return world.state.outbox[number]


def minutes(world: World) -> list[float]:
    return [(attempt.at - NOON) / (60 * SECOND) for attempt in delivery(world).attempts]


def advance(world: World, minutes: float) -> None:
    world.advance(world.clock.now() + int(minutes * 60 * SECOND))


def test_a_message_that_arrives_is_forwarded_at_once_and_acknowledged(
    receiver: Receiver, opened: Callable[..., World]
) -> None:
    world = opened(receiver.url)
    arrive(world, "Dziękuję & pa")
    assert world.settle(PATIENCE)

    assert ("acknowledged", [0]) == (delivery(world).status, minutes(world))
    assert ["/?numer=48500600700&tekst=Dzi%C4%99kuj%C4%99%20%26%20pa"] == receiver.asked
    assert 1 == len(world.state.ledger.page(account_shelf(KEY), 0, 10**18))


@pytest.mark.parametrize(("reading", "schedule"), [("offsets", [0, 5, 10, 15, 60]), ("gaps", [0, 5, 15, 30, 90])])
def test_a_wrong_answer_is_met_with_four_repeats_and_then_given_up(
    receiver: Receiver, opened: Callable[..., World], reading: str, schedule: list[int]
) -> None:
    receiver.says = lambda _: "no"
    world = opened(receiver.url, repeats=reading)
    arrive(world)
    assert world.settle(PATIENCE)
    advance(world, 24 * 60)

    assert ("given up", schedule) == (delivery(world).status, minutes(world))
    assert 5 == len(receiver.asked)
    assert 1 == len(world.state.ledger.page(account_shelf(KEY), 0, 10**18))  # still available by API


def test_an_attempt_is_made_at_its_instant_and_not_before(receiver: Receiver, opened: Callable[..., World]) -> None:
    receiver.says = lambda _: "no"
    world = opened(receiver.url)
    arrive(world)
    assert world.settle(PATIENCE)
    advance(world, 4.999)
    before = len(receiver.asked)
    advance(world, 0.001)

    assert (1, 2) == (before, len(receiver.asked))


def test_an_advance_tells_of_every_attempt_at_its_instant(receiver: Receiver, opened: Callable[..., World]) -> None:
    receiver.says = lambda count: "OK" if count == 3 else "no"
    world = opened(receiver.url)
    arrive(world)
    assert world.settle(PATIENCE)
    happened = world.advance(NOON + 3600 * SECOND)

    assert [("2026-06-01T12:05:00Z", "AttemptJudged"), ("2026-06-01T12:10:00Z", "AttemptJudged")] == [
        (iso(item.at), type(item.what).__name__) for item in happened
    ]
    assert "acknowledged" == delivery(world).status


def test_a_receiver_that_was_down_for_three_attempts_gets_it_exactly_once(opened: Callable[..., World]) -> None:
    late = Receiver()
    world = opened(late.url)
    arrive(world)
    assert world.settle(PATIENCE)
    advance(world, 12)
    assert [0, 5, 10] == minutes(world)

    late.listen()
    try:
        advance(world, 24 * 60)
    finally:
        late.close()

    assert ("acknowledged", [0, 5, 10, 15]) == (delivery(world).status, minutes(world))
    assert 1 == len(late.asked)


def test_a_receiver_may_advance_the_clock_while_it_is_being_called(
    receiver: Receiver, opened: Callable[..., World]
) -> None:
    world = opened(receiver.url)
    refused: list[type[Exception]] = []

    def says(_: int) -> str:
        try:
            world.advance(world.clock.now() + SECOND)
        except Busy as busy:
            refused.append(type(busy))
        return "no"

    receiver.says = says
    arrive(world)
    assert world.settle(PATIENCE)
    advance(world, 5)

    assert [Busy] == refused  # the second time somebody else was moving the clock already
    assert 2 == len(receiver.asked)


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
    arrive(world, "first")
    assert world.settle(PATIENCE)
    arrive(world, "second")
    assert world.settle(PATIENCE)

    assert [True] == came_back
    assert ["first", "second", "first"] == [path.rpartition("=")[2] for path in receiver.asked]
    assert ("acknowledged", [0, 5]) == (delivery(world).status, minutes(world))
    assert ("acknowledged", 1) == (delivery(world, 2).status, len(delivery(world, 2).attempts))


def test_an_advance_waits_for_the_repeats_of_an_attempt_that_was_begun_before_it(
    receiver: Receiver, opened: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mockserver.core.world.START_PATIENCE", 0.0)
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
    arrive(world)
    assert begun.wait(PATIENCE)
    world.feed.first_after(0, lambda item: isinstance(item.what, AttemptJudged), lambda _: judged.set())  # type: ignore[attr-defined]
    world.commit(lambda state, now, ids: _scheduled(NOON + 60 * SECOND, "+48600700801"))
    advance(world, 120)

    assert ["given up", "given up"] == [found.status for found in world.state.outbox.values()]
    assert [0, 5, 10, 15, 60] == minutes(world)


def test_an_advance_waits_for_a_long_line_of_attempts_that_were_begun_before_it(
    receiver: Receiver, opened: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = opened(receiver.url)
    waits: list[float] = []
    line = [threading.Event() for _ in range(5)]

    def is_heard_after_a_wait(seconds: float) -> bool:
        waits.append(seconds)
        line[len(waits) - 1].set()  # one of the line ends
        return bool(wait(PATIENCE))

    wait = world._quiet.wait
    monkeypatch.setattr(world._quiet, "wait", is_heard_after_a_wait)
    receiver.says = lambda time: str(line[time - 1].wait(PATIENCE))
    for place in range(5):
        arrive(world, f"{place}")
    advance(world, 1)

    assert [START_PATIENCE] * 5 == waits
    assert [1] * 5 == [len(found.attempts) for found in world.state.outbox.values()]


def test_a_reset_during_an_attempt_leaves_nothing_behind(receiver: Receiver, opened: Callable[..., World]) -> None:
    world = opened(receiver.url)
    begun, may_go = threading.Event(), threading.Event()

    def says(_: int) -> str:
        begun.set()
        may_go.wait(PATIENCE)
        return "no"

    receiver.says = says
    arrive(world)
    assert begun.wait(PATIENCE)
    world.reset()
    may_go.set()
    arrive(world, "after")
    assert world.settle(PATIENCE)

    assert [1] == list(world.state.outbox)
    assert 1 == len(delivery(world).attempts)


def test_a_forks_deliveries_are_held(receiver: Receiver, opened: Callable[..., World]) -> None:
    receiver.says = lambda _: "no"
    world = opened(receiver.url)
    arrive(world)
    assert world.settle(PATIENCE)
    fork = next(iter([world.fork("fork", world.journal, lambda _: None)]))
    fork.advance(NOON + 3600 * SECOND)

    assert ("held", None, 1, 1) == (
        delivery(fork).status,
        delivery(fork).due,
        len(delivery(fork).attempts),
        len(receiver.asked),
    )


def test_in_a_world_that_ticks_what_is_due_is_attempted_without_being_asked(
    receiver: Receiver, opened: Callable[..., World]
) -> None:
    told = threading.Event()
    receiver.says = lambda _: told.set() or "OK"  # type: ignore[func-returns-value]
    world = opened(receiver.url, Clock.system())
    at = world.clock.now() + SECOND // 50
    world.commit(lambda state, now, ids: _scheduled(at))

    assert told.wait(PATIENCE)


def _scheduled(at: int, recipient: str = "+48600700800") -> Any:
    fields = {"kind": "ndi", "sender": "+48500600700", "recipient": recipient, "text": "later"}
    return Decision(at, None, (ArrivalScheduled(at, "serwersms", fields),))


def test_order_is_kept_for_each_number_and_nothing_is_lost_or_doubled(
    receiver: Receiver, opened: Callable[..., World]
) -> None:
    world = opened(receiver.url, Clock.system())
    for place in range(500):
        arrive(world, f"{place}")
    assert world.settle(2 * PATIENCE)

    assert [f"tekst={place}" for place in range(500)] == [path.partition("&")[2] for path in receiver.asked]
    assert {"acknowledged"} == {found.status for found in world.state.outbox.values()}


def test_a_house_from_settings_sends_too(receiver: Receiver) -> None:
    house = create_house(Settings(freeze=iso(NOON)))
    app = create_app(house)
    world = house.default
    account = next(account for account in world.state.accounts.values() if account.provider == "serwersms")
    changed = replace(account, forwarding=(ForwardingRule("nd", f"{receiver.url}/?id=#ID#"),))
    world.commit(lambda state, now, ids: Decision(now, None, (AccountChanged(changed),)))
    answer = app.test_client().post(
        "/messages/send_nd",
        json={
            "username": account.logins[0].user,
            "password": account.logins[0].secret,
            "phone": "500600700",
            "text": "x",
        },
    )
    assert world.settle(PATIENCE)
    house.close()

    assert {"success": True} == answer.get_json()
    assert 1 == len(receiver.asked)


def spoil(world: World, kind: Any, **options: Any) -> None:
    world.make_mischief(Mischief("m", kind, **options))


@pytest.mark.parametrize("kind", ["twice", "at-once"])
def test_a_message_may_be_delivered_twice(receiver: Receiver, opened: Callable[..., World], kind: str) -> None:
    world = opened(receiver.url)
    spoil(world, kind)
    arrive(world, "x")
    arrive(world, "y")
    assert world.settle(PATIENCE)

    assert ["tekst=x", "tekst=x", "tekst=y"] == sorted(path.partition("&")[2] for path in receiver.asked)


def test_two_workers_deliver_at_the_same_time(receiver: Receiver, opened: Callable[..., World]) -> None:
    together = threading.Barrier(2, timeout=PATIENCE)
    receiver.says = lambda _: (together.wait() and "OK") or "OK"
    world = opened(receiver.url)
    spoil(world, "at-once")
    arrive(world)

    assert world.settle(PATIENCE)
    assert {"acknowledged"} == {found.status for found in world.state.outbox.values()}


def test_a_message_may_be_delivered_late(receiver: Receiver, opened: Callable[..., World]) -> None:
    world = opened(receiver.url)
    spoil(world, "late", amount=90 * SECOND)
    arrive(world)
    advance(world, 1)
    before = len(receiver.asked)
    advance(world, 1)

    assert (0, [1.5]) == (before, minutes(world))


def test_messages_may_be_delivered_out_of_order(receiver: Receiver, opened: Callable[..., World]) -> None:
    world = opened(receiver.url)
    spoil(world, "reordered")
    for text in "abc":
        arrive(world, text)
    assert world.settle(PATIENCE)

    assert ["tekst=b", "tekst=a", "tekst=c"] == [path.partition("&")[2] for path in receiver.asked]


def test_what_waits_for_the_next_and_is_released_before_it_is_not_delivered_again(
    receiver: Receiver, opened: Callable[..., World]
) -> None:
    world = opened(receiver.url)
    spoil(world, "reordered")
    arrive(world, "a")
    world.commit(lambda state, now, ids: Decision(now, None, (DeliveryChanged(1, "due", now),)))
    assert world.settle(PATIENCE)
    arrive(world, "b")
    assert world.settle(PATIENCE)

    assert ["tekst=a", "tekst=b"] == [path.partition("&")[2] for path in receiver.asked]


def test_what_waits_for_the_next_is_forgotten_with_the_outbox_that_it_was_in(
    receiver: Receiver, opened: Callable[..., World]
) -> None:
    world = opened(receiver.url)
    spoil(world, "reordered")
    arrive(world, "a")
    world.begin_again(world.beginning, world.clock)
    arrive(world, "b")
    assert world.settle(PATIENCE)

    assert ["tekst=b"] == [path.partition("&")[2] for path in receiver.asked]


def test_a_fork_goes_on_with_mischief_by_itself(receiver: Receiver, opened: Callable[..., World]) -> None:
    world = opened(receiver.url)
    spoil(world, "twice", times=2)
    arrive(world, "before")
    fork = world.fork("fork", world.journal, lambda _: None)
    for each in (world, fork):
        arrive(each, "x")
        assert each.settle(PATIENCE)

    assert ["tekst=before"] * 2 + ["tekst=x"] * 4 == [path.partition("&")[2] for path in receiver.asked]
    assert ((2, 0), (2, 0)) == tuple(
        (rule.met, rule.times) for each in (world, fork) for rule in each.mischief.rules.values()
    )


def test_an_acknowledgement_may_be_lost(receiver: Receiver, opened: Callable[..., World]) -> None:
    world = opened(receiver.url)
    spoil(world, "lost-acknowledgement", amount=2)
    arrive(world)
    assert world.settle(PATIENCE)
    advance(world, 60)

    assert ("acknowledged", [0, 5, 10], 3) == (delivery(world).status, minutes(world), len(receiver.asked))
    assert "the acknowledgement was lost on purpose" == delivery(world).attempts[0].verdict


def test_attempts_may_stop_before_their_time(receiver: Receiver, opened: Callable[..., World]) -> None:
    receiver.says = lambda _: "no"
    world = opened(receiver.url)
    spoil(world, "stops", amount=2)
    arrive(world)
    assert world.settle(PATIENCE)
    advance(world, 24 * 60)

    assert ("given up", [0, 5]) == (delivery(world).status, minutes(world))
    assert delivery(world).attempts[1].verdict.endswith("; given up on purpose")


def test_mischief_meets_as_many_as_it_says_of_the_provider_it_names(
    receiver: Receiver, opened: Callable[..., World]
) -> None:
    world = opened(receiver.url)
    spoil(world, "twice", times=2, provider="serwersms")
    world.make_mischief(Mischief("other", "twice", provider="dialogtech"))
    for text in "abc":
        arrive(world, text)
    assert world.settle(PATIENCE)

    assert 5 == len(receiver.asked)
    assert [(0, 2), (1, 0)] == [(rule.times, rule.met) for rule in world.mischief.rules.values()]
    assert (1, 0, 1) == (world.make_peace("m"), world.make_peace("m"), world.make_peace())


def test_a_world_that_is_dropped_during_an_attempt_hears_nothing_of_it(
    receiver: Receiver, opened: Callable[..., World]
) -> None:
    begun, may_go = threading.Event(), threading.Event()
    receiver.says = lambda _: ((begun.set(), may_go.wait(PATIENCE)) and "no") or ""
    world = opened(receiver.url)
    arrive(world)
    assert begun.wait(PATIENCE)
    world.close()
    may_go.set()

    assert world._sender._courier.wait_idle(PATIENCE)  # type: ignore[union-attr]  # the answer has come
    assert world.settle(PATIENCE)
    assert ((), "due") == (delivery(world).attempts, delivery(world).status)


def test_a_receiver_on_the_tests_own_loop_works_through_the_awaitable_verbs() -> None:
    """The loop answers the webhook while it awaits the verb that brought it about."""

    async def story() -> tuple[str, list[str]]:
        asked: list[str] = []

        async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append((await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode())
            answer = b"OK" if len(asked) == 2 else b"no"
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n" + answer)
            await writer.drain()
            writer.close()

        receiver = await asyncio.start_server(receive, "127.0.0.1", 0)
        port = receiver.sockets[0].getsockname()[1]
        with MockServer(freeze="2026-06-01T12:00:00Z") as mock:
            world = mock.world
            rule = {"service": "ndi", "url": f"http://127.0.0.1:{port}/?tekst=#WIADOMOSC#"}
            await world.change_account.aio("serwersms", "documents", forwarding=[rule])
            message = {"kind": "ndi", "sender": "+48500600700", "recipient": "+48664078059", "text": "Tak"}
            await world.inbound.aio("serwersms", **message)
            assert await world.settle.aio(timeout=PATIENCE)
            await world.clock.advance.aio(minutes=5)
            (told,) = await world.outbox.aio()
        receiver.close()
        await receiver.wait_closed()
        return told.status, asked

    assert ("acknowledged", ["/?tekst=Tak", "/?tekst=Tak"]) == asyncio.run(story())
