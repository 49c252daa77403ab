"""The webhook sender's fair shares: what one world's receivers do delays no other world, and no attempt holds a thread."""

from __future__ import annotations

import asyncio
import queue
import socket
import threading
from collections import Counter
from functools import partial
from weakref import ref

import pytest

from contract_tests.webhooks.calling import OK, PATIENCE, answering, nothing, outcome_of
from mockserver.engine.deliveries import OutgoingRequest
from mockserver.fair_threads import FairThreads, Places, Turns
from mockserver.webhooks import open_connection

# -- receivers that hang ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("queues", [1, 20])
def test_worlds_with_hanging_receivers_delay_no_other_worlds_delivery(webhook_sender, held, queues):
    for world in range(18):
        for number in range(queues):
            webhook_sender.send(f"world{world} {number}", held.to(f"/held/{world}/{number}"), nothing)
    hanging: Counter[str] = Counter()
    while len(hanging) < 18:
        hanging[held.next().split("/")[2]] += 1
    assert outcome_of(webhook_sender, held.to("/well"), "other queue").status == 200
    while (path := held.next()) != "/well":
        hanging[path.split("/")[2]] += 1
    assert max(hanging.values()) <= 16


def test_attempts_that_hang_hold_no_thread(webhook_sender, held):
    before = set(threading.enumerate())
    for world in range(50):
        webhook_sender.send(f"world{world} queue", held.to(f"/held/{world}"), nothing)
    for _ in range(50):
        held.next()
    names = [thread.name for thread in set(threading.enumerate()) - before]
    assert [name for name in names if name.startswith("mockserver-")] == ["mockserver-webhooks"]


def test_a_target_that_hangs_for_more_worlds_than_it_has_places_delays_no_other_target(hired, held, receiver):
    webhook_sender = hired(max_attempts=12, max_per_target=4)
    for world in range(100):
        webhook_sender.send(f"world{world} queue", held.to(f"/held/{world}"), nothing)
    assert sorted(held.next() for _ in range(4)) == [f"/held/{world}" for world in range(4)]
    there = receiver(answering(OK))
    for world in range(100):
        outcome = outcome_of(webhook_sender, OutgoingRequest("GET", there.url), f"world{world} other")
        assert outcome.status == 200
    assert held.received.empty()
    held.gates["/held/1"].set()
    assert held.next() == "/held/4"


def test_a_thousand_deliveries_of_one_world_to_a_slow_target_do_not_delay_anothers_single_one(webhook_sender, held):
    for number in range(1000):
        webhook_sender.send(f"many {number}", held.to(f"/held/{number}"), nothing)
    assert sorted(int(held.next().split("/")[2]) for _ in range(16)) == [*range(16)]
    assert outcome_of(webhook_sender, held.to("/single"), "one queue").status == 200
    assert held.next() == "/single"
    held.gates["/held/3"].set()
    assert held.next() == "/held/16"  # they go on one by one


def trickle(there, connection) -> None:
    there.read(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    there.begun.release()
    while not there.is_over.wait(0.001):
        connection.sendall(b"x")


def stay_silent(there, connection) -> None:
    there.read(connection)
    there.begun.release()
    there.is_over.wait(PATIENCE)


def never_read(there, connection) -> None:
    there.begun.release()
    there.is_over.wait(PATIENCE)


@pytest.mark.parametrize("script", [trickle, stay_silent, never_read])
def test_receivers_that_trickle_or_stay_silent_delay_no_other_world(webhook_sender, receiver, script):
    bad, good = receiver(script), receiver(answering(OK))
    bad.begun, bad.is_over = threading.Semaphore(0), threading.Event()
    body = b"x" * 10_000_000 if script is never_read else b""
    for world in range(20):
        webhook_sender.send(f"world{world} queue", OutgoingRequest("POST", bad.url, (), body), nothing)
    for _ in range(20):
        assert bad.begun.acquire(timeout=PATIENCE)
    assert outcome_of(webhook_sender, OutgoingRequest("GET", good.url), "other queue").status == 200
    assert not webhook_sender.is_idle("world0")
    bad.is_over.set()


def test_a_connection_that_is_not_accepted_delays_no_other_world(hired, receiver):
    """The kernel queues it until the backlog is full; then nothing comes back, as from behind a firewall."""
    good, dialled = receiver(answering(OK)), queue.SimpleQueue()

    async def connect(address, port, seconds) -> socket.socket:
        if port == 81:
            dialled.put(address)
            await asyncio.get_running_loop().create_future()
        return await open_connection(address, port, seconds)

    webhook_sender = hired(connect=connect)
    for world in range(20):
        webhook_sender.send(f"world{world} queue", OutgoingRequest("GET", "http://127.0.0.1:81/"), nothing)
    assert [dialled.get(timeout=PATIENCE) for _ in range(20)] == ["127.0.0.1"] * 20
    assert outcome_of(webhook_sender, OutgoingRequest("GET", good.url), "other queue").status == 200


# -- names that hang --------------------------------------------------------------------------------------------------


def test_names_that_hang_take_no_resolver_from_another_world(hired, receiver):
    good, is_over = receiver(answering(OK)), threading.Event()
    looked_up: queue.SimpleQueue[str] = queue.SimpleQueue()

    def resolve(name, port) -> list[str]:
        looked_up.put(name)
        if name != "good.example":
            assert is_over.wait(PATIENCE)
        return ["127.0.0.1"]

    webhook_sender = hired(resolve=resolve)
    for world in range(40):
        for number in range(10):
            url = f"http://hanging{number}.world{world}.example/"
            webhook_sender.send(f"world{world} {number}", OutgoingRequest("GET", url), nothing)
    hanging: Counter[str] = Counter()
    while len(hanging) < 40:
        hanging[looked_up.get(timeout=PATIENCE).split(".")[1]] += 1
    request = OutgoingRequest("GET", f"http://good.example:{good.port}/")
    assert outcome_of(webhook_sender, request, "other queue").status == 200
    while (name := looked_up.get(timeout=PATIENCE)) != "good.example":
        hanging[name.split(".")[1]] += 1
    assert max(hanging.values()) <= 4
    is_over.set()


def test_a_name_that_is_not_resolved_in_time_is_reported_and_no_longer_looked_up_when_its_turn_comes(hired):
    is_over = threading.Event()
    looked_up: queue.SimpleQueue[str] = queue.SimpleQueue()

    def resolve(name, port) -> list[str]:
        looked_up.put(name)
        assert is_over.wait(PATIENCE)
        return []

    webhook_sender = hired(resolve=resolve, connect_timeout=0.05)
    for number in range(5):
        outcome = outcome_of(webhook_sender, OutgoingRequest("GET", f"http://{number}.example/a?b"), f"world {number}")
        assert outcome.error == f"the name {number}.example of http://{number}.example/a was not resolved within 0.05 s"
    assert [looked_up.get(timeout=PATIENCE) for _ in range(4)] == [f"{number}.example" for number in range(4)]
    is_over.set()
    outcome = outcome_of(webhook_sender, OutgoingRequest("GET", "http://last.example/"), "world queue")
    assert outcome.error == "the name last.example of http://last.example/ cannot be resolved"
    assert looked_up.get(timeout=PATIENCE) == "last.example"


def test_an_address_is_not_looked_up(hired, receiver):
    def resolve(name, port) -> list[str]:
        raise AssertionError(name)

    there = receiver(answering(OK))
    assert outcome_of(hired(resolve=resolve), OutgoingRequest("GET", there.url)).status == 200


# -- callbacks that take long -----------------------------------------------------------------------------------------


def test_callbacks_that_take_long_delay_neither_attempts_nor_callbacks_of_other_worlds(webhook_sender, held):
    begun, is_over = threading.Semaphore(0), threading.Event()

    def block(outcome) -> None:
        begun.release()
        assert is_over.wait(PATIENCE)

    for world in range(18):
        for number in range(2):
            webhook_sender.send(f"world{world} {number}", held.to(f"/{world}/{number}"), block)
    for _ in range(36):
        held.next()
    for _ in range(18):
        assert begun.acquire(timeout=PATIENCE)
    assert outcome_of(webhook_sender, held.to("/other"), "other queue").status == 200
    assert not begun.acquire(blocking=False)  # one callback of a world at a time
    is_over.set()
    assert webhook_sender.wait_until_idle(PATIENCE)


def test_what_is_scheduled_for_a_world_waits_for_no_other_world(webhook_sender):
    begun, is_over, called = threading.Event(), threading.Event(), threading.Event()

    def block() -> None:
        begun.set()
        assert is_over.wait(PATIENCE)

    webhook_sender.schedule("slow", lambda: 0.0, block)
    assert begun.wait(PATIENCE)
    webhook_sender.schedule("other", lambda: 0.0, called.set)
    assert called.wait(PATIENCE)
    is_over.set()


def test_what_is_scheduled_anew_replaces_what_was_scheduled_and_what_is_forgotten_is_not_called(webhook_sender):
    called: queue.SimpleQueue[str] = queue.SimpleQueue()
    webhook_sender.schedule("a", lambda: 1000.0, partial(called.put, "never"))
    webhook_sender.schedule("a", lambda: 0.0, partial(called.put, "a"))
    webhook_sender.schedule("b", lambda: 0.0, partial(called.put, "never"))
    webhook_sender.schedule("b", lambda: 1000.0, partial(called.put, "never"))
    webhook_sender.forget("b")
    assert called.get(timeout=PATIENCE) == "a"
    webhook_sender.schedule("c", lambda: 0.0, partial(called.put, "c"))
    assert called.get(timeout=PATIENCE) == "c"
    assert called.empty()


# -- places and turns -------------------------------------------------------------------------------------------------


def test_an_owner_gets_its_share_of_the_first_half_of_the_places_and_one_of_the_second():
    places = Places(10, 3)
    taken: Counter[str] = Counter()
    for _ in range(3):
        for owner in "abcdefgh":
            while places.has_place(owner):
                places.take(owner)
                taken[owner] += 1
    assert taken == Counter(a=3, b=2, c=1, d=1, e=1, f=1, g=1)
    places.leave("a")
    assert [owner for owner in "abcdefgh" if places.has_place(owner)] == ["h"]


def test_owners_take_turns_and_an_item_that_is_not_possible_holds_up_no_other():
    turns: Turns[int] = Turns(Places(100, 100))
    for owner, item in ("a", 1), ("a", 2), ("a", 3), ("b", 4), ("b", 5), ("c", 6):
        turns.put(owner, item)
    assert turns.take(lambda _, item: item != 1) == ("a", 2)
    assert [turns.take() for _ in range(6)] == [("b", 4), ("c", 6), ("a", 1), ("b", 5), ("a", 3), None]
    assert not turns


def test_there_are_no_more_threads_than_places_and_they_go_on_with_what_waits():
    threads = FairThreads("test-threads", Places(3, 1), 0.01)
    begun: queue.SimpleQueue[str] = queue.SimpleQueue()
    may_go = threading.Semaphore(0)
    used: set[threading.Thread] = set()

    def call(name) -> None:
        used.add(threading.current_thread())
        begun.put(name)
        assert may_go.acquire(timeout=PATIENCE)

    for owner in "abcde":
        for number in range(2):
            threads.run(owner, partial(call, f"{owner}{number}"))
    order = [begun.get(timeout=PATIENCE) for _ in range(3)]
    assert sorted(order) == ["a0", "b0", "c0"]
    assert begun.empty()
    may_go.release(10)
    order += [begun.get(timeout=PATIENCE) for _ in range(7)]
    for owner in "abcde":
        assert [name for name in order if name[0] == owner] == [f"{owner}0", f"{owner}1"]
    for thread in used:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_a_thread_keeps_nothing_of_its_calls_before():
    threads = FairThreads("test-threads", Places(1, 1), PATIENCE)
    begun: queue.SimpleQueue[bool] = queue.SimpleQueue()
    calls = [partial(begun.put, True) for _ in range(2)]
    known = [ref(each) for each in calls]
    for each in calls:
        threads.run("world", each)
    del calls, each
    assert [begun.get(timeout=PATIENCE) for _ in range(2)] == [True, True]
    threads.run("world", lambda: begun.put([each() for each in known] == [None, None]))
    assert begun.get(timeout=PATIENCE)
    threads.close()


def test_no_more_attempts_are_made_than_a_quarter_of_the_descriptors_allows(webhook_sender, held, monkeypatch):
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (20, 20))
    from mockserver.webhooks import WebhookSender

    few = WebhookSender()
    try:
        for number in range(8):
            few.send(f"world{number} queue", held.to(f"/held/{number}"), nothing)
        assert sorted(held.next() for _ in range(5)) == [f"/held/{number}" for number in range(5)]
        assert outcome_of(webhook_sender, held.to("/other")).status == 200
        assert held.next() == "/other"
        assert held.received.empty()
    finally:
        few.close()
