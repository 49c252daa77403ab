"""Answers that are promised: given later and once, or bit by bit, from any thread, and by none while they wait.

What asks a socket runs on both event loops. Nothing here sleeps or measures time: a time-out is either longer than any
test or is waited out by a blocking read, and order is asserted turn by turn.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import queue
import re
import socket
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from wsgiref.util import setup_testing_defaults

import pytest

from mockserver.core.feed import Feed
from mockserver.web import listening
from mockserver.web.answer import PLACEHOLDER, Answer, Deferred, Delivery, Ending, Stream
from mockserver.web.listening import POOL, Listener, Listening
from mockserver.web.shell import Limits

PATIENCE = 30
FOR_EVER = 3600.0
DATE = ("Date", "Thu, 01 Jan 2015 00:00:00 GMT")
HEAD = b"HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2015 00:00:00 GMT\r\n"
SOMEBODY = Answer(200, (DATE,), b"somebody")
NOBODY = Answer(200, (DATE,), b"nobody")


def ok(body, connection=None):
    end = b"" if connection is None else b"Connection: %s\r\n" % connection
    return HEAD + b"Content-Length: %d\r\n" % len(body) + end + b"\r\n" + body


def get(path, *headers, version=b"1.1", method=b"GET"):
    lines = b"".join(header + b"\r\n" for header in headers)
    return method + b" " + path + b" HTTP/" + version + b"\r\nHost: a\r\n" + lines + b"\r\n"


def chunk(piece):
    return b"%x\r\n%s\r\n" % (len(piece), piece)


STREAMED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"


class House:
    """A WSGI application that answers with the path it was asked, or promises what the test has laid out."""

    def __init__(self):
        self.promises = {}
        self.asked = queue.Queue()
        self.ended = queue.Queue()
        self.then = lambda: None

    def __call__(self, environ, start_response):
        path = environ["PATH_INFO"]
        environ["mockserver.finish"] = lambda sent, ending: self.ended.put((path, sent, ending))
        answer = Answer(200, (DATE,), path.encode())
        if path in self.promises:
            promise = self.promises[path]() if callable(self.promises[path]) else self.promises[path]
            assert promise.promised(environ)
            answer = PLACEHOLDER
            self.asked.put(promise)
            self.then()
        start_response(f"{answer.status} OK", list(answer.headers))
        return [answer.body]

    def defers(self, path="/_mock/wait", timeout=FOR_EVER):
        self.promises[path] = lambda: Deferred(timeout=timeout, otherwise=NOBODY)

    def streams(self, path="/_mock/events", **options):
        made = Stream(headers=(DATE,), **options)
        self.promises[path] = made
        return made

    def promised(self):
        return self.asked.get(timeout=PATIENCE)

    def finished(self):
        return self.ended.get(timeout=PATIENCE)


@pytest.fixture
def house():
    return House()


@pytest.fixture
def serve(house, loop, opened):
    return lambda **limits: opened.enter_context(Listening(house, limits=Limits(**limits)))


@pytest.fixture
def mock(serve):
    return serve()


@pytest.fixture
def connect(connect, mock):
    return lambda to=mock, **options: connect(to, **options)


@pytest.fixture
def client(connect):
    return connect()


class Wire(asyncio.Transport):
    """A transport without a socket, so that a test sees what is written in which turn of the loop."""

    def __init__(self):
        super().__init__()
        self.out = b""
        self.is_aborted = False

    def write(self, data):
        self.out += data

    def is_closing(self):
        return self.is_aborted

    def abort(self):
        self.is_aborted = True

    def pause_reading(self):
        pass

    resume_reading = close = pause_reading


def on_a_wire(house, talk):
    """Let ``talk(connection, wire)`` be had."""

    async def had(pool):
        wire, made = Wire(), listening._protocol(Listener(house), pool, Limits(), listening._State())()
        made.connection_made(wire)
        await talk(made, wire)
        made.connection_lost(None)

    with ThreadPoolExecutor() as pool:
        asyncio.run(had(pool))


def elsewhere(call, *arguments):
    """Call in another thread, and wait for that."""
    with ThreadPoolExecutor(1) as other:
        return other.submit(call, *arguments).result(PATIENCE)


# ------------------------------------------------------------------------------------------------------------ an answer


def test_a_promised_answer_is_given_from_another_thread(client, house):
    house.defers()
    client.send(get(b"/_mock/wait"))
    promise = house.promised()
    assert client.is_silent()
    assert promise.answer(SOMEBODY)
    client.hears(ok(b"somebody"))
    assert house.finished() == ("/_mock/wait", len(ok(b"somebody")), "complete")


def test_only_the_first_answer_counts(client, house):
    house.defers()
    client.send(get(b"/_mock/wait") + get(b"/next", b"Connection: close"))
    promise = house.promised()
    assert [promise.answer(SOMEBODY), promise.answer(NOBODY), promise.cancel()] == [True, False, False]
    assert client.rest() == ok(b"somebody") + ok(b"/next", b"close")


def test_an_answer_that_is_given_before_the_shell_waits_is_not_lost(client, house):
    promise = Deferred(timeout=FOR_EVER, otherwise=NOBODY)
    house.promises["/_mock/wait"] = promise
    promise.answer(SOMEBODY)
    client.asks(get(b"/_mock/wait"), ok(b"somebody"))


def test_an_answer_that_is_given_while_the_request_is_still_with_the_application_is_not_lost(client, house):
    house.defers()
    house.then = lambda: elsewhere(house.asked.get().answer, SOMEBODY)
    client.asks(get(b"/_mock/wait"), ok(b"somebody"))


def test_nobody_who_answers_in_time_is_another_answer(client, house):
    house.defers(timeout=0.01)
    client.asks(get(b"/_mock/wait"), ok(b"nobody"))
    assert not house.promised().answer(SOMEBODY)


def test_the_answer_is_out_one_turn_of_the_loop_after_it_is_given(house):
    promise = Deferred(timeout=FOR_EVER, otherwise=NOBODY)
    house.promises["/wait"] = promise

    async def talk(connection, wire):
        connection.data_received(get(b"/wait"))
        for _ in range(3):
            await asyncio.sleep(0)
        assert wire.out == b""
        promise.answer(SOMEBODY)
        assert wire.out == b""
        await asyncio.sleep(0)
        assert wire.out == ok(b"somebody")

    on_a_wire(house, talk)


def test_requests_behind_one_that_waits_keep_their_turn(client, house):
    house.defers()
    client.send(get(b"/_mock/wait") + get(b"/now") + get(b"/_mock/wait") + get(b"/then"))
    first = house.promised()
    assert client.is_silent()
    assert house.asked.empty()
    first.answer(SOMEBODY)
    client.hears(ok(b"somebody") + ok(b"/now"))
    house.promised().answer(NOBODY)
    client.hears(ok(b"nobody") + ok(b"/then"))


def test_500_who_wait_take_no_threads_and_hold_up_nobody(connect, house):
    house.defers()
    before = set(threading.enumerate())
    clients = [connect() for _ in range(500)]
    for client in clients:
        client.send(get(b"/_mock/wait"))
    promises = [house.promised() for _ in clients]
    assert len(set(threading.enumerate()) - before) <= POOL
    connect().asks(get(b"/_mock/x") * 3, ok(b"/_mock/x") * 3)
    for promise in promises:
        assert promise.answer(SOMEBODY)
    for client in clients:
        client.hears(ok(b"somebody"))


def test_who_waits_is_not_idle(serve, connect, house):
    house.defers()
    mock = serve(idle=0.05)
    client = connect(mock)
    client.send(get(b"/_mock/wait"))
    promise = house.promised()
    for _ in range(3):
        assert connect(mock).rest() == b""  # each as long as the idle time-out
    promise.answer(SOMEBODY)
    client.hears(ok(b"somebody"))


def test_a_promised_answer_may_have_a_delivery_of_its_own(client, house):
    house.defers()
    client.send(get(b"/_mock/wait"))
    house.promised().answer(Answer(299, (DATE,), b"abc", Delivery(cut=2, ending=Ending.CLOSE)))
    assert client.rest() == ok(b"abc").replace(b"200 OK", b"299 Unknown")[:-1]


def test_head_is_promised_the_same_without_its_body(client, house):
    house.defers()
    client.send(get(b"/_mock/wait", method=b"HEAD"))
    house.promised().answer(SOMEBODY)
    client.hears(ok(b"somebody").removesuffix(b"somebody"))


def test_a_promised_answer_that_cannot_be_written_is_a_500(client, house, caplog):
    house.defers()
    client.send(get(b"/_mock/wait", b"Connection: close"))
    house.promised().answer(Answer(200, (("X", "a\nb"),), b"x"))
    assert client.rest().startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert "a header of the answer" in caplog.text


@pytest.mark.parametrize(
    "leave", [lambda client: client.vanishes(), lambda client: client.socket.close()], ids=["reset", "close"]
)
def test_who_leaves_waits_no_longer(client, house, leave):
    house.defers()
    gone = threading.Event()
    client.send(get(b"/_mock/wait"))
    promise = house.promised()
    promise.at_end(gone.set)
    leave(client)
    assert gone.wait(PATIENCE)
    assert house.finished() == ("/_mock/wait", 0, "left")
    assert not promise.answer(SOMEBODY)


def test_who_left_before_the_waiting_began_does_not_wait(connect, house):
    house.defers()
    gate, gone = threading.Event(), threading.Event()
    house.then = lambda: gate.wait(PATIENCE)
    client = connect()
    client.send(get(b"/_mock/wait"))
    promise = house.promised()
    promise.at_end(gone.set)
    client.socket.shutdown(socket.SHUT_WR)
    connect().asks(get(b"/now"), ok(b"/now"))
    house.finished()
    gate.set()
    assert gone.wait(PATIENCE)
    assert client.rest() == b""
    assert house.finished() == ("/_mock/wait", 0, "left")


def test_who_sent_its_last_gets_an_answer_that_is_there(client, connect, house):
    house.defers()
    gate = threading.Event()
    house.then = lambda: gate.wait(PATIENCE)
    client.send(get(b"/_mock/wait"))
    house.promised().answer(SOMEBODY)
    client.socket.shutdown(socket.SHUT_WR)
    connect().asks(get(b"/now"), ok(b"/now"))
    gate.set()
    assert client.rest() == ok(b"somebody")


def test_who_waits_is_let_go_when_the_server_stops(client, mock, house):
    house.defers()
    gone = threading.Event()
    client.send(get(b"/_mock/wait"))
    promise = house.promised()
    promise.at_end(gone.set)
    mock.stop()
    assert gone.is_set()
    assert client.rest() == b""
    assert not promise.answer(SOMEBODY)


def test_an_answer_to_a_server_that_has_stopped_breaks_nothing(house):
    promise = Deferred(timeout=FOR_EVER, otherwise=NOBODY)

    def gone():
        raise RuntimeError("Event loop is closed")

    from mockserver.web.performance import _wake

    class Shell:
        class loop:  # noqa: N801
            @staticmethod
            def call_soon_threadsafe(what):
                gone()

    promise.wakes(lambda: _wake(Shell, gone))
    assert promise.answer(SOMEBODY)


def test_a_promise_that_somebody_cancels_is_the_other_answer(client, house):
    house.defers()
    client.send(get(b"/_mock/wait"))
    house.promised().cancel()
    client.hears(ok(b"nobody"))


def test_an_application_that_fails_after_its_promise_has_broken_it(client, house):
    house.defers()
    house.then = lambda: 1 / 0
    client.send(get(b"/_mock/wait", b"Connection: close"))
    assert client.rest().startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert house.promised().is_over


def test_promises_that_are_over_are_not_held_by_the_connection(client, house):
    house.defers()
    client.send(get(b"/_mock/wait"))
    promise = house.promised()
    promise.answer(SOMEBODY)
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


def test_the_end_is_told_once_however_it_comes_and_at_once_when_it_has_come(caplog):
    told = []
    promise = Deferred(timeout=FOR_EVER, otherwise=NOBODY)
    promise.at_end(lambda: 1 / 0)
    promise.at_end(lambda: told.append("before"))
    promise.answer(SOMEBODY)
    promise.cancel()
    promise.at_end(lambda: told.append("after"))
    assert told == ["before", "after"]
    assert "ZeroDivisionError" in caplog.text


def test_under_another_server_the_thread_waits():
    promise = Deferred(timeout=FOR_EVER, otherwise=NOBODY)
    with ThreadPoolExecutor(1) as other:
        answer = other.submit(promise.handed_over, plain())
        promise.answer(SOMEBODY)
        assert answer.result(PATIENCE) is SOMEBODY


def test_under_another_server_the_thread_waits_no_longer_than_that():
    promise = Deferred(timeout=0.0, otherwise=NOBODY)
    assert promise.handed_over(plain()) is NOBODY
    assert not promise.answer(SOMEBODY)


def test_under_another_server_a_cancelled_promise_is_the_other_answer():
    promise = Deferred(timeout=FOR_EVER, otherwise=NOBODY)
    promise.cancel()
    assert promise.block() is NOBODY


def test_under_another_server_a_stream_is_an_iterator_that_beats():
    stream = Stream(heartbeat=0.0)
    assert not stream.promised(plain())
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
    """How a route waits for the first thing after a cursor."""
    promise = Deferred(timeout=timeout, otherwise=NOBODY)
    stop = feed.first_after(
        cursor, wanted.__eq__, lambda item, at: promise.answer(Answer(200, (DATE,), f"{item} {at}".encode()))
    )
    promise.at_end(stop)
    return promise


def test_what_is_there_already_is_answered_at_once(client, house):
    feed = Feed()
    feed.publish("sent")
    house.promises["/_mock/wait"] = lambda: waits(feed, 0, "sent")
    client.asks(get(b"/_mock/wait"), ok(b"sent 1"))


def test_what_happens_later_wakes_who_waits(client, house):
    feed = Feed()
    house.promises["/_mock/wait"] = lambda: waits(feed, 0, "sent")
    client.send(get(b"/_mock/wait"))
    house.promised()
    feed.publish("read")
    assert client.is_silent()
    feed.publish("sent")
    client.hears(ok(b"sent 2"))
    assert feed._ears == ()


def test_who_leaves_is_taken_off_the_feed(client, house):
    feed = Feed()
    house.promises["/_mock/wait"] = lambda: waits(feed, 0, "sent")
    client.send(get(b"/_mock/wait"))
    house.promised()
    assert len(feed._ears) == 1
    client.vanishes()
    house.finished()
    assert feed._ears == ()


def test_who_waits_in_vain_is_taken_off_the_feed(client, house):
    feed = Feed()
    house.promises["/_mock/wait"] = lambda: waits(feed, 0, "sent", timeout=0.01)
    client.asks(get(b"/_mock/wait"), ok(b"nobody"))
    assert feed._ears == ()


# --------------------------------------------------------------------------------------------------------------- streams


def test_a_streams_head_comes_at_once_and_its_pieces_as_they_are_sent(client, house):
    stream = house.streams()
    client.asks(get(b"/_mock/events"), STREAMED)
    for piece in (b"data: 1\n\n", b"data: 2\n\n"):
        assert stream.send(piece)
        client.hears(chunk(piece))


def test_a_stream_that_is_closed_ends_behind_all_that_was_sent_and_the_connection_goes_on(client, house):
    stream = house.streams()
    client.asks(get(b"/_mock/events") + get(b"/next"), STREAMED)
    stream.send(b"last")
    assert stream.close()
    client.hears(chunk(b"last") + LAST + ok(b"/next"))
    assert [stream.send(b"late"), stream.close()] == [False, False]
    assert house.finished() == ("/_mock/events", len(STREAMED + chunk(b"last") + LAST), "complete")


def test_what_is_sent_before_the_shell_listens_is_not_lost(client, house):
    stream = house.streams()
    stream.send(b"ea")
    stream.send(b"rly")
    stream.close()
    client.asks(get(b"/_mock/events"), STREAMED + chunk(b"early") + LAST)


def test_http_1_0_gets_the_bare_pieces_until_the_end_of_the_connection(client, house):
    stream = house.streams()
    client.send(get(b"/_mock/events", b"Connection: keep-alive", version=b"1.0"))
    client.hears(HEAD + b"Connection: close\r\n\r\n")
    stream.send(b"a")
    client.hears(b"a")
    stream.close()
    assert client.rest() == b""


def test_who_asks_for_the_head_of_a_stream_gets_no_more(client, house):
    stream = house.streams()
    client.asks(get(b"/_mock/events", method=b"HEAD") + get(b"/next"), STREAMED + ok(b"/next"))
    assert stream.is_over


def test_a_streams_head_that_cannot_be_written_is_a_500(client, house):
    stream = house.promises["/_mock/events"] = Stream(headers=(("X", "a\nb"),))
    client.send(get(b"/_mock/events", b"Connection: close"))
    assert re.fullmatch(
        rb"HTTP/1\.1 500 Internal Server Error\r\n(?s:.)+Content-Length: 21\r\n(?s:.)+\r\n\r\nInternal Server Error",
        client.rest(),
    )
    assert stream.is_over


def test_a_stream_beats_while_nothing_happens(client, house):
    house.streams(heartbeat=0.005)
    client.asks(get(b"/_mock/events"), STREAMED + chunk(b":\n\n") * 3)


def test_by_default_a_stream_is_one_of_server_sent_events(client, house):
    house.promises["/_mock/events"] = Stream()
    client.asks(
        get(b"/_mock/events"), b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    )


def test_a_piece_is_out_one_turn_of_the_loop_after_it_is_sent(house):
    stream = house.streams("/events")

    async def talk(connection, wire):
        connection.data_received(get(b"/events"))
        assert wire.out == STREAMED
        await asyncio.sleep(0)
        stream.send(b"a")
        stream.send(b"b")
        assert wire.out == STREAMED
        await asyncio.sleep(0)
        assert wire.out == STREAMED + chunk(b"ab")

    on_a_wire(house, talk)


def test_pieces_wait_while_the_client_does_not_read(house):
    stream = house.streams("/events", most=10)

    async def talk(connection, wire):
        connection.data_received(get(b"/events"))
        connection.pause_writing()
        stream.send(b"a" * 10)
        await asyncio.sleep(0)
        stream.close()
        await asyncio.sleep(0)
        assert wire.out == STREAMED
        connection.resume_writing()
        assert wire.out == STREAMED + chunk(b"a" * 10) + LAST
        assert house.finished()[2] == "complete"

    on_a_wire(house, talk)


def test_no_beat_is_added_to_what_the_client_does_not_read(house):
    house.streams("/events")

    async def talk(connection, wire):
        connection.data_received(get(b"/events"))
        connection.pause_writing()
        connection.performance._beat()
        assert wire.out == STREAMED
        connection.resume_writing()
        connection.performance._beat()
        assert wire.out == STREAMED + chunk(b":\n\n")

    on_a_wire(house, talk)


def test_a_client_that_does_not_read_is_dropped_in_the_middle(house):
    stream = house.streams("/events", most=10)
    ends = []
    stream.at_end(lambda: ends.append("over"))

    async def talk(connection, wire):
        connection.data_received(get(b"/events"))
        connection.pause_writing()
        assert stream.send(b"a" * 10)
        assert not stream.send(b"b")
        await asyncio.sleep(0)
        assert (wire.out, wire.is_aborted) == (STREAMED, True)
        assert house.finished() == ("/events", len(STREAMED), "dropped")

    on_a_wire(house, talk)
    assert ends == ["over"]


def test_a_client_that_does_not_read_from_its_socket_is_dropped(connect, house):
    stream = house.streams(most=1 << 16)
    slow = connect(SO_RCVBUF=4096)
    slow.asks(get(b"/_mock/events"), STREAMED)
    while stream.send(bytes(1 << 16)):
        connect().asks(get(b"/now"), ok(b"/now"))  # let the loop write what it can
        house.finished()
    assert stream.is_overrun
    assert house.finished()[2] == "dropped"
    with contextlib.suppress(ConnectionResetError):
        assert not slow.rest().endswith(LAST)


@pytest.mark.parametrize(
    "leave", [lambda client: client.vanishes(), lambda client: client.socket.close()], ids=["reset", "close"]
)
def test_who_leaves_a_stream_ends_it(client, house, leave):
    stream = house.streams()
    gone = threading.Event()
    stream.at_end(gone.set)
    client.asks(get(b"/_mock/events"), STREAMED)
    leave(client)
    assert gone.wait(PATIENCE)
    assert not stream.send(b"x")
    assert house.finished() == ("/_mock/events", len(STREAMED), "left")


def test_a_stream_is_let_go_when_the_server_stops(client, mock, house):
    stream = house.streams()
    client.asks(get(b"/_mock/events"), STREAMED)
    mock.stop()
    assert client.rest() == b""
    assert not stream.send(b"x")


def test_a_stream_follows_a_feed_without_a_gap_and_in_order(client, house):
    feed = Feed(size=10_000)

    def publish():
        for number in range(1, 2001):
            feed.publish(number)

    def follows():
        stream = Stream(headers=(DATE,), most=1 << 20)
        stream.at_end(feed.follow(0, lambda item, at: stream.send(b"id: %d\n\n" % at)))
        return stream

    house.promises["/_mock/events"] = follows
    publisher = threading.Thread(target=publish)
    publisher.start()
    client.send(get(b"/_mock/events", b"Connection: close"))
    client.hears(STREAMED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    publisher.join(PATIENCE)
    house.promised().close()
    pieces = b"".join(re.findall(rb"\r?\n?[0-9a-f]+\r\n((?:id: \d+\n\n)+)\r\n", client.rest()))
    assert pieces == b"".join(b"id: %d\n\n" % number for number in range(1, 2001))
