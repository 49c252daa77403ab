"""Deferred responses: completed later, once, from any thread, and without a thread that waits.

What asks a socket runs on both event loops. Nothing here sleeps or measures time: a time-out is either longer than any
test or is waited out by a blocking read, and order is asserted turn by turn.
"""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from wsgiref.util import setup_testing_defaults

import pytest

from contract_tests.http.deferred.application import (
    DATE,
    FOR_EVER,
    NOT_GIVEN,
    PATIENCE,
    SOMEBODY,
    elsewhere,
    get,
    ok,
    on_a_wire,
)
from mockserver.engine.feed import EventFeed
from mockserver.http.connection import Connection, RequestCycle
from mockserver.http.pool import LIGHT_THREADS, FairPool
from mockserver.http.request import HttpRequest
from mockserver.http.response_writer import DeferredWriter
from mockserver.sdk.response import Deferred, Ending, Response, ResponseTiming, Stream

# ------------------------------------------------------------------------------------------------------------ an answer


def test_a_deferred_response_is_completed_from_another_thread(client, application):
    application.defers()
    client.send(get(b"/_mock/wait"))
    promise = application.promised()
    assert client.is_silent()
    assert promise.response(SOMEBODY)
    client.hears(ok(b"somebody"))
    assert application.finished() == ("/_mock/wait", len(ok(b"somebody")), "complete")


def test_only_the_first_response_counts(client, application):
    application.defers()
    client.send(get(b"/_mock/wait") + get(b"/next", b"Connection: close"))
    promise = application.promised()
    assert [promise.response(SOMEBODY), promise.response(NOT_GIVEN), promise.cancel()] == [True, False, False]
    assert client.rest() == ok(b"somebody") + ok(b"/next", b"close")


def test_a_deferred_response_that_is_completed_before_the_connection_waits_is_sent(client, application):
    promise = Deferred(timeout=FOR_EVER, otherwise=NOT_GIVEN)
    application.promises["/_mock/wait"] = promise
    promise.response(SOMEBODY)
    client.asks(get(b"/_mock/wait"), ok(b"somebody"))


def test_a_deferred_response_that_is_completed_while_the_application_runs_is_sent(client, application):
    application.defers()
    application.then = lambda: elsewhere(application.request.get().response, SOMEBODY)
    client.asks(get(b"/_mock/wait"), ok(b"somebody"))


def test_no_one_who_answers_in_time_is_another_answer(client, application):
    application.defers(timeout=0.01)
    client.asks(get(b"/_mock/wait"), ok(b"no one"))
    assert not application.promised().response(SOMEBODY)


def test_the_answer_is_out_one_turn_of_the_loop_after_it_is_given(application):
    promise = Deferred(timeout=FOR_EVER, otherwise=NOT_GIVEN)
    application.promises["/wait"] = promise

    async def talk(connection, wire):
        connection.data_received(get(b"/wait"))
        for _ in range(3):
            await asyncio.sleep(0)
        assert wire.out == b""
        promise.response(SOMEBODY)
        assert wire.out == b""
        await asyncio.sleep(0)
        assert wire.out == ok(b"somebody")

    on_a_wire(application, talk)


def test_requests_behind_one_that_waits_keep_their_turn(client, application):
    application.defers()
    client.send(get(b"/_mock/wait") + get(b"/now") + get(b"/_mock/wait") + get(b"/then"))
    first = application.promised()
    assert client.is_silent()
    assert application.request.empty()
    first.response(SOMEBODY)
    client.hears(ok(b"somebody") + ok(b"/now"))
    application.promised().response(NOT_GIVEN)
    client.hears(ok(b"no one") + ok(b"/then"))


def test_500_waiting_clients_take_no_threads_and_delay_no_other(connect, application):
    application.defers()
    before = set(threading.enumerate())
    clients = [connect() for _ in range(500)]
    for client in clients:
        client.send(get(b"/_mock/wait"))
    promises = [application.promised() for _ in clients]
    assert len(set(threading.enumerate()) - before) <= LIGHT_THREADS
    connect().asks(get(b"/_mock/x") * 3, ok(b"/_mock/x") * 3)
    for promise in promises:
        assert promise.response(SOMEBODY)
    for client in clients:
        client.hears(ok(b"somebody"))


def test_who_waits_is_not_idle(serve, connect, application):
    application.defers()
    mock = serve(idle=0.05)
    client = connect(mock)
    client.send(get(b"/_mock/wait"))
    promise = application.promised()
    for _ in range(3):
        assert connect(mock).rest() == b""  # each as long as the idle time-out
    promise.response(SOMEBODY)
    client.hears(ok(b"somebody"))


def test_a_deferred_response_may_have_a_timing_of_its_own(client, application):
    application.defers()
    client.send(get(b"/_mock/wait"))
    application.promised().response(Response(299, (DATE,), b"abc", ResponseTiming(cut=2, ending=Ending.CLOSE)))
    assert client.rest() == ok(b"abc").replace(b"200 OK", b"299 UNKNOWN")[:-1]


def test_head_is_promised_the_same_without_its_body(client, application):
    application.defers()
    client.send(get(b"/_mock/wait", method=b"HEAD"))
    application.promised().response(SOMEBODY)
    client.hears(ok(b"somebody").removesuffix(b"somebody"))


def test_a_deferred_response_that_cannot_be_written_is_a_500(client, application, caplog):
    application.defers()
    client.send(get(b"/_mock/wait", b"Connection: close"))
    application.promised().response(Response(200, (("X", "a\nb"),), b"x"))
    assert client.rest().startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert "a header of the response" in caplog.text


@pytest.mark.parametrize(
    "leave", [lambda client: client.vanishes(), lambda client: client.socket.close()], ids=["reset", "close"]
)
def test_who_leaves_waits_no_longer(client, application, leave):
    application.defers()
    gone = threading.Event()
    client.send(get(b"/_mock/wait"))
    promise = application.promised()
    promise.on_end(gone.set)
    leave(client)
    assert gone.wait(PATIENCE)
    assert application.finished() == ("/_mock/wait", 0, "left")
    assert not promise.response(SOMEBODY)


def test_who_left_before_the_waiting_began_does_not_wait(connect, application):
    application.defers()
    gate, gone = threading.Event(), threading.Event()
    application.then = lambda: gate.wait(PATIENCE)
    client = connect()
    client.send(get(b"/_mock/wait"))
    promise = application.promised()
    promise.on_end(gone.set)
    client.socket.shutdown(socket.SHUT_WR)
    connect().asks(get(b"/now"), ok(b"/now"))
    application.finished()
    gate.set()
    assert gone.wait(PATIENCE)
    assert client.rest() == b""
    assert application.finished() == ("/_mock/wait", 0, "left")


def test_a_client_that_has_closed_its_sending_side_gets_its_response(client, connect, application):
    application.defers()
    gate = threading.Event()
    application.then = lambda: gate.wait(PATIENCE)
    client.send(get(b"/_mock/wait"))
    application.promised().response(SOMEBODY)
    client.socket.shutdown(socket.SHUT_WR)
    connect().asks(get(b"/now"), ok(b"/now"))
    gate.set()
    assert client.rest() == ok(b"somebody")


def test_who_waits_is_let_go_when_the_server_stops(client, mock, application):
    application.defers()
    gone = threading.Event()
    client.send(get(b"/_mock/wait"))
    promise = application.promised()
    promise.on_end(gone.set)
    mock.stop()
    assert gone.is_set()
    assert client.rest() == b""
    assert not promise.response(SOMEBODY)


def test_completing_a_response_after_the_server_stopped_raises_nothing(application):
    promise = Deferred(timeout=FOR_EVER, otherwise=NOT_GIVEN)

    loop = asyncio.new_event_loop()
    connection = Connection(application, loop=loop, pool=FairPool(), connections=set())
    DeferredWriter(connection, RequestCycle(HttpRequest("GET", "/", "/", "")), promise).begin()
    loop.close()
    assert promise.response(SOMEBODY)


def test_a_cancelled_deferred_response_becomes_its_alternative(client, application):
    application.defers()
    client.send(get(b"/_mock/wait"))
    application.promised().cancel()
    client.hears(ok(b"no one"))


def test_an_application_that_fails_after_its_promise_has_broken_it(client, application):
    application.defers()
    application.then = lambda: 1 / 0
    client.send(get(b"/_mock/wait", b"Connection: close"))
    assert client.rest().startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert application.promised().is_over


def test_promises_that_are_over_are_not_held_by_the_connection(client, application):
    application.defers()
    client.send(get(b"/_mock/wait"))
    promise = application.promised()
    promise.response(SOMEBODY)
    client.hears(ok(b"somebody"))
    client.asks(get(b"/now"), ok(b"/now"))  # in a later turn of the loop
    kept = weakref.ref(promise)
    del promise
    gc.collect()
    assert kept() is None


# ----------------------------------------------------------------------------------------------------- without our shell


def plain():
    environ = {}
    setup_testing_defaults(environ)
    return environ


def test_the_end_is_reported_once_whatever_caused_it_and_at_once_when_it_is_over(caplog):
    received = []
    promise = Deferred(timeout=FOR_EVER, otherwise=NOT_GIVEN)
    promise.on_end(lambda: 1 / 0)
    promise.on_end(lambda: received.append("before"))
    promise.response(SOMEBODY)
    promise.cancel()
    promise.on_end(lambda: received.append("after"))
    assert received == ["before", "after"]
    assert "ZeroDivisionError" in caplog.text


def test_under_another_server_the_thread_waits():
    promise = Deferred(timeout=FOR_EVER, otherwise=NOT_GIVEN)
    with ThreadPoolExecutor(1) as other:
        response = other.submit(promise.attach_or_wait, plain())
        promise.response(SOMEBODY)
        assert response.result(PATIENCE) is SOMEBODY


def test_under_another_server_the_thread_waits_no_longer_than_that():
    promise = Deferred(timeout=0.0, otherwise=NOT_GIVEN)
    assert promise.attach_or_wait(plain()) is NOT_GIVEN
    assert not promise.response(SOMEBODY)


def test_under_another_server_a_cancelled_deferred_response_becomes_its_alternative():
    promise = Deferred(timeout=FOR_EVER, otherwise=NOT_GIVEN)
    promise.cancel()
    assert promise.wait() is NOT_GIVEN


def test_under_another_server_a_stream_is_an_iterator_that_beats():
    stream = Stream(heartbeat=0.0)
    assert not stream.attach(plain())
    stream.send(b"a")
    stream.send(b"b")
    pieces = stream.pieces()
    assert [next(pieces), next(pieces)] == [b"ab", b":\n\n"]
    stream.send(b"c")
    stream.close()
    assert [*pieces] == [b"c"]


def test_under_another_server_who_leaves_a_stream_ends_it():
    stream = Stream()
    stream.send(b"a")
    pieces = stream.pieces()
    next(pieces)
    pieces.close()
    assert not stream.send(b"b")


# ----------------------------------------------------------------------------------------------- what happens in a world


def waits(feed, cursor, wanted, timeout=FOR_EVER):
    """A route that waits for the first event after a cursor."""
    promise = Deferred(timeout=timeout, otherwise=NOT_GIVEN)
    stop = feed.first_since(
        cursor, wanted.__eq__, lambda item, at: promise.response(Response(200, (DATE,), f"{item} {at}".encode()))
    )
    promise.on_end(stop)
    return promise


def test_what_is_there_already_is_answered_at_once(client, application):
    feed = EventFeed()
    feed.publish("sent")
    application.promises["/_mock/wait"] = lambda: waits(feed, 0, "sent")
    client.asks(get(b"/_mock/wait"), ok(b"sent 1"))


def test_what_happens_later_wakes_who_waits(client, application):
    feed = EventFeed()
    application.promises["/_mock/wait"] = lambda: waits(feed, 0, "sent")
    client.send(get(b"/_mock/wait"))
    application.promised()
    feed.publish("read")
    assert client.is_silent()
    feed.publish("sent")
    client.hears(ok(b"sent 2"))
    assert feed.subscribers == 0


def test_who_leaves_is_taken_off_the_feed(client, application):
    feed = EventFeed()
    application.promises["/_mock/wait"] = lambda: waits(feed, 0, "sent")
    client.send(get(b"/_mock/wait"))
    application.promised()
    assert feed.subscribers == 1
    client.vanishes()
    application.finished()
    assert feed.subscribers == 0


def test_who_waits_in_vain_is_taken_off_the_feed(client, application):
    feed = EventFeed()
    application.promises["/_mock/wait"] = lambda: waits(feed, 0, "sent", timeout=0.01)
    client.asks(get(b"/_mock/wait"), ok(b"no one"))
    assert feed.subscribers == 0
