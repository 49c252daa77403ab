"""The webhook sender: its queues keep their order, its threads start and end, and it closes. `test_fairness.py` has the rest."""

from __future__ import annotations

import asyncio
import http.client
import os
import queue
import re
import socket
import ssl
import subprocess
import sys
import textwrap
import threading
from collections import defaultdict

import pytest
import requests
import urllib3

from contract_tests.webhooks.calling import OK, PATIENCE, answering, nothing, outcome_of, wait_for_the_end
from mockserver.engine.deliveries import Outcome, OutgoingRequest
from mockserver.webhooks import WebhookConfig
from mockserver.webhooks.queue import Job, WebhookQueues

# -- queues and senders -----------------------------------------------------------------------------------------------


def test_jobs_of_a_queue_are_made_one_after_the_other_in_order(webhook_sender, held):
    made = []
    for number in range(5):
        webhook_sender.send(
            "ordering_key", held.to(f"/held{number}"), lambda outcome, number=number: made.append(number)
        )
    for number in range(5):
        assert held.next() == f"/held{number}"
        assert held.received.empty()
        assert made == list(range(number))
        held.gates[f"/held{number}"].set()
    assert webhook_sender.wait_until_idle(PATIENCE)
    assert made == list(range(5))


def test_a_slow_queue_holds_up_no_other(hired, held):
    webhook_sender = hired(max_attempts=2)
    webhook_sender.send("slow", held.to("/held"), nothing)
    webhook_sender.send("slow", held.to("/after"), nothing)
    assert held.next() == "/held"
    for number in range(10):
        assert outcome_of(webhook_sender, held.to(f"/{number}"), f"queue {number % 3}").status == 200
        assert held.next() == f"/{number}"
    held.gates["/held"].set()
    assert held.next() == "/after"


def test_queues_take_turns_and_so_do_their_owners():
    queues = WebhookQueues(WebhookConfig(), 1)
    for ordering_key in ("a x", "a y", "b z"):
        for number in range(2):
            queues.put(ordering_key, Job(OutgoingRequest("GET", f"/{ordering_key}{number}"), nothing, "target"))
    order = []
    while taken := queues.take():
        assert queues.take() is None
        order.append(taken[1].request.url)
        queues.leave(*taken)
        queues.finish(taken[0])
    assert order == ["/a x0", "/b z0", "/a y0", "/b z1", "/a x1", "/a y1"]
    assert queues.is_idle()


def test_an_owner_of_many_slow_queues_leaves_half_of_the_places_to_others(hired, held):
    webhook_sender = hired(max_attempts=2)
    for ordering_key in "abc":
        webhook_sender.send(f"slow {ordering_key}", held.to(f"/held/{ordering_key}"), nothing)
    assert held.next() == "/held/a"
    for ordering_key in "ab":
        assert outcome_of(webhook_sender, held.to(f"/other/{ordering_key}"), f"other {ordering_key}").status == 200
        assert held.next() == f"/other/{ordering_key}"
    assert held.received.empty()
    held.gates["/held/a"].set()
    assert held.next() == "/held/b"


def test_no_more_requests_of_a_world_are_in_flight_than_it_may_have(hired, held):
    webhook_sender = hired(max_per_world=3)
    for number in range(10):
        webhook_sender.send(f"world {number}", held.to(f"/held{number}"), nothing)
    assert sorted(held.next() for _ in range(3)) == ["/held0", "/held1", "/held2"]
    for number in range(3, 10):
        held.gates[f"/held{number - 3}"].set()
        assert held.next() == f"/held{number}"
    assert held.received.empty()


def test_threads_are_daemons_made_when_needed_that_end_when_idle(hired, held):
    webhook_sender = hired(idle_timeout=0.01)
    before = set(threading.enumerate())
    for _ in range(2):
        during: queue.SimpleQueue[set[threading.Thread]] = queue.SimpleQueue()
        webhook_sender.send(
            "ordering_key", held.to("/"), lambda _, during=during: during.put(set(threading.enumerate()) - before)
        )
        ours = [thread for thread in during.get(timeout=PATIENCE) if thread.name.startswith("mockserver-")]
        assert sorted(thread.name for thread in ours) == ["mockserver-callbacks", "mockserver-webhooks"]
        for thread in ours:
            assert thread.daemon
            thread.join(PATIENCE)
            assert not thread.is_alive()
        held.there.ended.get(timeout=PATIENCE)  # nor is its connection kept


def test_many_jobs_to_a_slow_receiver_keep_their_order_and_none_is_lost_or_made_twice(hired):
    queues, jobs = 100, 2000
    seen: dict[str, list[int]] = defaultdict(list)
    answered = []
    connections: set[Slow] = set()
    left = threading.Event()

    class Slow(asyncio.Protocol):
        def connection_made(self, transport) -> None:
            self.transport = transport
            connections.add(self)

        def connection_lost(self, reason) -> None:
            connections.discard(self)
            if not connections:
                left.set()

        def data_received(self, data) -> None:
            ordering_key, number = data.split(b" ", 2)[1].decode()[1:].split("/")
            seen[ordering_key].append(int(number))
            asyncio.get_running_loop().call_later(0.05, self.transport.write, OK)

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(Slow, "127.0.0.1", 0, backlog=100))
    running = threading.Thread(target=loop.run_forever)
    running.start()
    try:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        webhook_sender = hired(max_per_world=64)
        for number in range(jobs):
            webhook_sender.send(
                str(number % queues),
                OutgoingRequest("GET", f"{url}/{number % queues}/{number}"),
                lambda outcome, number=number: answered.append((number, outcome.body)),
            )
        assert webhook_sender.wait_until_idle(3 * PATIENCE)
    finally:
        webhook_sender.close()
        assert left.wait(PATIENCE)  # with the last sender the last connection has gone
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        running.join(PATIENCE)
        loop.close()
    assert seen == {str(ordering_key): list(range(ordering_key, jobs, queues)) for ordering_key in range(queues)}
    assert sorted(answered) == [(number, b"OK") for number in range(jobs)]


def test_a_callback_may_send(webhook_sender, held):
    ended = threading.Event()

    def again(left) -> None:
        if not left:
            ended.set()
            return
        webhook_sender.send("ordering_key", held.to(f"/{left}"), lambda _: again(left - 1))

    again(3)
    assert ended.wait(PATIENCE)
    assert webhook_sender.wait_until_idle(PATIENCE)
    assert [held.next() for _ in range(3)] == ["/3", "/2", "/1"]


def test_a_receiver_may_send_while_it_is_called(hired, receiver):
    webhook_sender = hired(max_attempts=1)

    def script(there, connection) -> None:
        while request := there.read(connection):
            if request.startswith(b"GET /first "):
                webhook_sender.send("ordering_key", OutgoingRequest("GET", f"{there.url}/second"), nothing)
                webhook_sender.send("other", OutgoingRequest("GET", f"{there.url}/third"), nothing)
            connection.sendall(OK)

    there = receiver(script)
    webhook_sender.send("ordering_key", OutgoingRequest("GET", f"{there.url}/first"), nothing)
    assert webhook_sender.wait_until_idle(PATIENCE)
    request = [re.findall(rb"GET /(\S+)", request)[0] for request in there.request]
    assert request == [b"first", b"third", b"second"]


def test_nothing_is_locked_during_a_callback(webhook_sender, held):
    def look(outcome) -> None:
        looking = threading.Thread(target=lambda: responses.put(webhook_sender.is_idle()))
        looking.start()
        looking.join(PATIENCE)

    responses: queue.SimpleQueue[bool] = queue.SimpleQueue()
    webhook_sender.send("ordering_key", held.to("/"), look)
    assert responses.get(timeout=PATIENCE) is False


def test_a_queue_goes_on_after_a_callback_fails(webhook_sender, held, caplog):
    def fail(outcome) -> None:
        raise RuntimeError("broken")

    webhook_sender.send("ordering_key", held.to("/a?secret"), fail)
    assert outcome_of(webhook_sender, held.to("/b")).status == 200
    assert [record.getMessage() for record in caplog.records] == [
        f"Handling the outcome of a request to {held.there.url}/a failed"
    ]
    webhook_sender.send("ordering_key", OutgoingRequest("GET", "secret"), fail)
    assert webhook_sender.wait_until_idle(PATIENCE)
    assert caplog.records[1].getMessage() == "Handling the outcome of a request to a URL that cannot be read failed"


def test_a_thread_that_a_callback_ends_by_force_is_replaced(hired, held, monkeypatch):
    webhook_sender = hired(max_attempts=1)
    ended: queue.SimpleQueue[type[BaseException]] = queue.SimpleQueue()
    monkeypatch.setattr(
        threading, "excepthook", lambda received: ended.put(received.exc_type)
    )  # else a later test gets it

    def leave(outcome) -> None:
        raise SystemExit

    webhook_sender.send("ordering_key", held.to("/held"), leave)
    held.next()
    webhook_sender.send("other", held.to("/b"), nothing)
    webhook_sender.send("ordering_key", held.to("/c"), nothing)
    held.gates["/held"].set()
    assert webhook_sender.wait_until_idle(PATIENCE)
    assert [held.next(), held.next()] == ["/b", "/c"]
    assert ended.get(timeout=PATIENCE) is SystemExit


# -- idle and close --------------------------------------------------------------------------------------------------


def test_idle_is_when_nothing_is_queued_or_in_flight(webhook_sender, held):
    assert webhook_sender.is_idle()
    assert webhook_sender.wait_until_idle(0)
    webhook_sender.send("one queue", held.to("/held"), nothing)
    held.next()
    assert not webhook_sender.is_idle()
    assert not webhook_sender.wait_until_idle(0)
    assert not webhook_sender.is_idle("one")
    assert webhook_sender.is_idle("other")
    assert webhook_sender.wait_until_idle(0, "other")
    held.gates["/held"].set()
    assert webhook_sender.wait_until_idle(PATIENCE, "one")
    assert webhook_sender.is_idle()


def test_it_is_not_idle_before_all_is_done(webhook_sender, held):
    order = []
    webhook_sender.send("ordering_key", held.to("/"), lambda outcome: order.append("done"))
    assert webhook_sender.wait_until_idle(PATIENCE)
    order.append("idle")
    assert order == ["done", "idle"]


def test_what_is_forgotten_is_not_sent(hired, held):
    webhook_sender = hired(max_attempts=1)
    webhook_sender.send("world-1 a", held.to("/held"), nothing)
    held.next()
    webhook_sender.send("world-1 a", held.to("/never"), nothing)
    webhook_sender.send("world-1 b", held.to("/never"), nothing)
    webhook_sender.send("world-2 a", held.to("/other"), nothing)
    assert webhook_sender.forget("world-1") == 2
    assert not webhook_sender.is_idle("world-1")
    webhook_sender.send("world-1 a", held.to("/again"), nothing)
    held.gates["/held"].set()
    assert webhook_sender.wait_until_idle(PATIENCE)
    assert sorted((held.next(), held.next())) == ["/again", "/other"]
    assert held.received.empty()


def test_close_waits_for_what_is_in_flight_and_discards_what_is_queued(hired, held):
    webhook_sender = hired(max_attempts=1)
    outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
    webhook_sender.send("ordering_key", held.to("/held"), outcomes.put)
    webhook_sender.send("ordering_key", held.to("/queued"), outcomes.put)
    webhook_sender.send("other", held.to("/queued"), outcomes.put)
    held.next()
    closing = threading.Thread(target=webhook_sender.close, args=(PATIENCE,))
    closing.start()
    assert webhook_sender.wait_until_idle(PATIENCE, "other")  # the end has begun
    assert webhook_sender.wait_until_idle(0) is False
    held.gates["/held"].set()
    closing.join(PATIENCE)
    assert outcomes.get_nowait().status == 200
    assert outcomes.empty()
    assert webhook_sender.is_idle()


@pytest.mark.parametrize("beginning", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nO"])
def test_close_cuts_off_what_takes_too_long(webhook_sender, receiver, beginning):
    begun = threading.Event()

    def hang(there, connection) -> None:
        there.read(connection)
        connection.sendall(beginning)
        begun.set()
        wait_for_the_end(connection)

    there = receiver(hang)
    outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
    senders: list[threading.Thread] = []
    webhook_sender.send("ordering_key", OutgoingRequest("GET", f"{there.url}/a?b"), lambda outcome: (outcomes.put(outcome), senders.append(threading.current_thread())))  # fmt: skip
    assert begun.wait(PATIENCE)
    webhook_sender.close(0.01)
    assert outcomes.get(timeout=PATIENCE) == Outcome(error=f"{there.url}/a was cut off because the server stops")
    senders[0].join(PATIENCE)
    assert not senders[0].is_alive()


def test_nothing_is_sent_after_close(webhook_sender, held):
    webhook_sender.close()
    webhook_sender.send("ordering_key", held.to("/"), nothing)
    assert webhook_sender.wait_until_idle(PATIENCE)
    assert held.received.empty()
    webhook_sender.close(PATIENCE)


def test_a_callback_may_close_the_sender(webhook_sender, held):
    ended = threading.Event()

    def end(outcome) -> None:
        webhook_sender.close(PATIENCE)
        ended.set()

    webhook_sender.send("ordering_key", held.to("/"), end)
    assert ended.wait(PATIENCE / 2)


# -- processes -------------------------------------------------------------------------------------------------------


def run(program) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=3 * PATIENCE
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_a_webhook_is_sent_though_every_http_library_of_the_process_is_replaced(webhook_sender, receiver, monkeypatch):
    """As responses, requests-mock, vcrpy, pytest-socket and the like replace them for the length of a test."""

    def replaced(*_, **__):
        raise AssertionError("a replaced function was called")

    there = receiver(answering(OK))
    for owner, name in [
        (requests.adapters.HTTPAdapter, "send"),
        (requests.Session, "get_adapter"),
        (requests, "PreparedRequest"),
        (urllib3.HTTPConnectionPool, "urlopen"),
        (urllib3.connection, "HTTPConnection"),
        (http.client, "HTTPConnection"),
        (http.client, "HTTPResponse"),
        (socket, "create_connection"),
        (socket, "getaddrinfo"),
        (ssl, "create_default_context"),
    ]:
        monkeypatch.setattr(owner, name, replaced)
    monkeypatch.setattr(socket, "socket", type("Guarded", (socket.socket,), {"connect": replaced}))
    outcome = outcome_of(webhook_sender, OutgoingRequest("GET", there.url.replace("127.0.0.1", "localhost")))
    assert outcome == Outcome(200, (("Content-Length", "2"),), b"OK")


def test_a_request_in_flight_holds_up_no_exit():
    assert (
        run("""
        import socket
        from mockserver.engine.deliveries import OutgoingRequest
        from mockserver.webhooks import WebhookSender, WebhookConfig
        silent = socket.create_server(("127.0.0.1", 0))
        webhook_sender = WebhookSender(WebhookConfig(timeout=1000))
        webhook_sender.send("a", OutgoingRequest("GET", f"http://127.0.0.1:{silent.getsockname()[1]}"), lambda outcome: None)
        kept, _ = silent.accept()
        print("leaves")
        """)
        == "leaves\n"
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork()")
def test_a_forked_process_starts_empty_and_sends_nothing_of_its_parents():
    assert (
        run("""
        import os, socket, sys, threading
        from mockserver.engine.deliveries import OutgoingRequest
        from mockserver.webhooks import WebhookSender, WebhookConfig
        silent = socket.create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        webhook_sender = WebhookSender(WebhookConfig(max_attempts=1))
        webhook_sender.send("a", OutgoingRequest("GET", url), lambda outcome: print("never"))
        kept, _ = silent.accept()
        webhook_sender.send("a", OutgoingRequest("GET", url), lambda outcome: print("never"))
        webhook_sender._lock.acquire()  # as another thread may at that moment
        if (child := os.fork()) == 0:
            assert webhook_sender.is_idle()
            webhook_sender.send("a", OutgoingRequest("GET", "http://127.0.0.1:1/"), lambda outcome: print("child:", outcome.error))
            assert webhook_sender.wait_until_idle(10)
            sys.stdout.flush()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        webhook_sender._lock.release()
        print("parent:", webhook_sender.is_idle())
        """)
        == "child: the connection to http://127.0.0.1:1/ was refused\nparent: False\n"
    )
