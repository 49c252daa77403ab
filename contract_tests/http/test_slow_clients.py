"""Clients that read or send too slowly are disconnected; one that pauses, as under a debugger, has time."""

from __future__ import annotations

import pytest

from contract_tests.http.manual_loop import BufferTransport
from mockserver.http.connection import TURN, Connection, Limits, Turn
from mockserver.http.discard import DISCARD_INTERVAL, LONG_READ
from mockserver.http.request_parser import FEED_CHUNK
from mockserver.http.response_writer import LARGEST_PIECE
from mockserver.http.slow_reader import MIN_RATE
from mockserver.intercept.relay import RelayEnd, join
from mockserver.sdk.response import Ending, Pace, Response, ResponseTiming, Stream

DATE = ("Date", "Thu, 01 Jan 2015 00:00:00 GMT")
GET = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
SLOW = 100


class Application:
    """An application that responds with one body, or as it is told, and notes how its responses ended."""

    def __init__(self, body=b"x", timing=None, stream=None):
        self.response = Response(200, (DATE,), body, timing or ResponseTiming())
        self.stream = stream
        self.requests = 0
        self.ended, self.invalid = [], []

    def respond(self, request):
        self.requests += 1
        request.on_finish = lambda sent, ending: self.ended.append((sent, ending))
        return self.response if self.stream is None else None

    def plan(self, request):
        return None

    def reject_invalid(self, invalid, listener):
        self.invalid.append((int(invalid.status), invalid.reason, invalid.raw))

    def __call__(self, environ, start_response):
        assert self.stream.attach(environ)
        start_response("200 OK", [])
        return []


@pytest.fixture
def connect(manual_loop, manual_pool):
    def connected(app, **limits):
        connection = Connection(
            app, loop=manual_loop, pool=manual_pool, connections=set(), limits=Limits(idle=75, slow=SLOW, **limits)
        )
        connection.connection_made(BufferTransport())
        return connection

    return connected


def stop_reading(connection, held=1_000_000):
    """Let the client read nothing of the bytes that the transport holds."""
    connection.transport.held = held
    connection.pause_writing()


def response(body):
    return b"HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2015 00:00:00 GMT\r\nContent-Length: %d\r\n\r\n" % len(body) + body


# ---------------------------------------------------------------------------------------------------------- slow readers


def test_a_large_body_is_written_in_pieces_with_turns_for_others_between_them(connect, manual_loop):
    body = bytes(range(256)) * 4096
    connection = connect(Application(body))
    connection.data_received(GET)
    assert len(connection.transport.out) < LARGEST_PIECE + 200
    manual_loop.advance(0)
    assert connection.transport.out == response(body)


def test_of_a_large_body_no_more_is_held_than_the_client_takes(connect, manual_loop):
    body = bytes(4 * LARGEST_PIECE)
    connection = connect(Application(body))
    stop_reading(connection)
    connection.data_received(GET)
    manual_loop.advance(50)
    assert len(connection.transport.out) < LARGEST_PIECE + 200
    connection.transport.held = 0
    connection.resume_writing()
    manual_loop.advance(0)
    assert connection.transport.out == response(body)


def test_a_client_that_reads_nothing_is_dropped_after_its_time_with_a_line_in_journal_and_log(
    connect, manual_loop, caplog
):
    application = Application(bytes(2 * LARGEST_PIECE))
    connection = connect(application)
    connection.data_received(GET)
    stop_reading(connection)
    manual_loop.advance(SLOW - 1)
    assert (connection.transport.is_closed, application.ended) == (False, [])
    manual_loop.advance(2)
    assert (connection.transport.is_closed, [ending for _, ending in application.ended]) == (True, ["dropped"])
    assert f"less than {MIN_RATE} bytes a second" in caplog.text


def test_a_client_whose_response_is_written_but_not_read_is_dropped_too(connect, manual_loop):
    application = Application(b"x")
    connection = connect(application)
    stop_reading(connection)
    connection.data_received(GET * 2)
    assert (application.requests, application.ended) == (1, [])
    manual_loop.advance(SLOW + 1)
    assert (connection.transport.is_closed, application.requests) == (True, 1)
    assert application.ended == [(len(response(b"x")), "dropped")]


def test_a_client_may_take_as_long_as_it_needs_at_the_least_rate(connect, manual_loop):
    application = Application(bytes(2 * LARGEST_PIECE))
    connection = connect(application)
    connection.data_received(GET)
    stop_reading(connection, 100_000)
    for _ in range(150):
        manual_loop.advance(1)
        connection.transport.held -= MIN_RATE
    assert not connection.transport.is_closed
    manual_loop.advance(SLOW + 1)
    assert connection.transport.is_closed


def test_a_pause_of_the_client_is_forgiven_when_it_reads_on(connect, manual_loop):
    application = Application(bytes(4 * LARGEST_PIECE))
    connection = connect(application)
    stop_reading(connection)
    connection.data_received(GET)
    for _ in range(3):
        manual_loop.advance(SLOW - 1)
        connection.transport.held = 0
        connection.resume_writing()
        stop_reading(connection)
    manual_loop.advance(SLOW - 1)
    connection.transport.held = 0
    connection.resume_writing()
    manual_loop.advance(0)
    assert application.ended == [(len(response(application.response.body)), "complete")]
    assert not connection.transport.is_closed


@pytest.mark.parametrize("closes", [b"Connection: close\r\n", b""])
def test_what_remains_when_the_connection_is_closed_is_not_held_for_ever(connect, manual_loop, closes):
    connection = connect(Application(b"x"))
    transport = connection.transport
    aborted = []
    transport.abort = lambda: aborted.append(manual_loop.now)
    transport.held = 1000
    connection.data_received(GET.replace(b"\r\n\r\n", b"\r\n" + closes + b"\r\n"))
    if not closes:
        manual_loop.advance(76)
    assert (transport.is_closed, aborted) == (True, [])
    manual_loop.advance(SLOW + 1)
    assert len(aborted) == 1


def test_a_stream_is_silent_for_as_long_as_it_is_and_dropped_when_its_client_does_not_read(connect, manual_loop):
    stream = Stream(heartbeat=10_000)
    application = Application(stream=stream)
    connection = connect(application)
    connection.data_received(GET)
    manual_loop.advance(5_000)
    assert not connection.transport.is_closed
    stream.send(b"data: 1\n\n")
    manual_loop.advance(0)
    stop_reading(connection, 70_000)
    manual_loop.advance(SLOW + 1)
    assert (connection.transport.is_closed, stream.is_over) == (True, True)
    assert [ending for _, ending in application.ended] == ["dropped"]


def test_a_response_that_a_fault_makes_slow_is_not_the_clients_fault(connect, manual_loop):
    application = Application(b"x" * 100, ResponseTiming(delay=500, pace=Pace(1, 60)))
    connection = connect(application)
    connection.data_received(GET)
    manual_loop.advance(500 + 60 * 99)
    assert application.ended == [(len(response(b"x" * 100)), "complete")]


@pytest.mark.parametrize("ends", [False, True])
def test_a_relays_slow_side_is_disconnected_with_its_other_side(manual_loop, ends):
    near, far = (RelayEnd(set(), manual_loop, Limits(slow=SLOW)) for _ in range(2))
    for end in (near, far):
        end.connection_made(BufferTransport())
    join(near, far)
    aborted = []
    near.transport.abort = lambda: aborted.append(manual_loop.now)
    near.transport.held = 1000
    if ends:
        far.connection_lost(None)
        assert near.transport.is_closed
    else:
        near.pause_writing()
    manual_loop.advance(SLOW - 1)
    assert aborted == []
    manual_loop.advance(2)
    assert len(aborted) == 1


# ---------------------------------------------------------------------------------------------------------- slow senders


@pytest.mark.parametrize(
    ("framing", "piece"), [(b"Content-Length: 100000", b"x"), (b"Transfer-Encoding: chunked", b"1\r\nx\r\n")]
)
def test_a_body_that_trickles_is_given_up_with_408_and_recorded(connect, manual_loop, framing, piece):
    application = Application()
    connection = connect(application)
    connection.data_received(b"POST /a HTTP/1.1\r\nHost: h\r\n" + framing + b"\r\n\r\n")
    seconds = 0
    while not connection.transport.out:
        connection.data_received(piece)
        manual_loop.advance(1)
        seconds += 1
    assert SLOW <= seconds <= SLOW + 76  # a connection is looked at when it might be idle
    assert connection.transport.out.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b"Connection: close\r\n" in connection.transport.out
    assert application.requests == 0
    assert [each[:2] for each in application.invalid] == [(408, "The body comes too slowly")]


def test_a_body_may_come_at_the_least_rate(connect, manual_loop):
    application = Application()
    connection = connect(application)
    connection.data_received(b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % (MIN_RATE * 300))
    for _ in range(300):
        manual_loop.advance(1)
        connection.data_received(b"x" * MIN_RATE)
    assert connection.transport.out == response(b"x")


# ----------------------------------------------------------------------------------------------------- turns of connections


def test_a_connection_answers_a_number_of_requests_and_then_others_have_their_turn(connect, manual_loop):
    application = Application()
    connection = connect(application)
    raw = GET * (5 * TURN)
    for start in range(0, len(raw), FEED_CHUNK):
        connection.data_received(raw[start : start + FEED_CHUNK])
    assert application.requests == TURN
    manual_loop.advance(0)
    assert connection.transport.out == response(b"x") * (5 * TURN)


def test_bytes_that_come_in_one_piece_keep_their_order_over_several_turns(connect, manual_loop):
    application = Application()
    connection = connect(application)
    connection.data_received(GET * (4 * TURN) + b"POST /")
    connection.data_received(b"b HTTP/1.1\r\nHost: h\r\n")
    connection.data_received(b"Content-Length: 1\r\n\r\nx")
    manual_loop.advance(0)
    assert (connection.transport.out, application.requests) == (response(b"x") * (4 * TURN + 1), 4 * TURN + 1)


def test_a_connection_that_is_lost_between_its_turns_answers_no_more(connect, manual_loop):
    application = Application()
    connection = connect(application)
    connection.data_received(GET * (2 * TURN))
    connection.connection_lost(None)
    manual_loop.advance(1)
    assert application.requests == TURN


@pytest.mark.parametrize("framing", ["Content-Length: {size}", "Transfer-Encoding: chunked"])
def test_a_connection_that_sends_a_large_body_is_read_again_after_the_others_had_a_turn(manual_loop, connect, framing):
    app = Application()
    connection = connect(app)
    size, turns = 8 * LONG_READ, 0
    connection.data_received(f"POST /a HTTP/1.1\r\nHost: h\r\n{framing.format(size=size)}\r\n\r\n".encode())
    if "chunked" in framing:
        connection.data_received(b"%x\r\n" % size)
    for _ in range(7):
        connection.data_received(b"x" * LONG_READ)
        turns += connection.transport.is_variant_paused
        manual_loop.advance(0)
        assert not connection.transport.is_variant_paused
    connection.data_received(b"x" * LONG_READ + (b"\r\n0\r\n\r\n" if "chunked" in framing else b""))
    manual_loop.advance(0)
    assert (turns, app.requests, connection.transport.is_variant_paused) == (7, 1, False)


def test_a_body_that_comes_in_small_pieces_is_read_without_a_pause(manual_loop, connect):
    connection = connect(Application())
    connection.data_received(b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n")
    connection.data_received(b"x" * (LONG_READ - 1))
    assert not connection.transport.is_variant_paused


def test_a_client_that_leaves_in_a_large_body_while_others_have_their_turn_is_closed(manual_loop, connect):
    app = Application()
    connection = connect(app)
    connection.data_received(b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + b"x" * LONG_READ)
    connection.eof_received()
    manual_loop.advance(0)
    assert (connection.transport.is_closed, app.requests) == (True, 0)


# ------------------------------------------------------------------------------------------------ what is thrown away


def count_reads(connection, loop, seconds):
    """Send as much as is read at once whenever the connection reads, and return how often that was in so many seconds."""
    reads = 0
    while seconds > 0:
        for _ in range(32):  # as uvloop does
            if not connection.transport.is_variant_paused:
                connection.data_received(b"x" * LONG_READ)
                reads += 1
        loop.advance(DISCARD_INTERVAL)
        seconds -= DISCARD_INTERVAL
    return reads


def reject_trailers(connect):
    connection = connect(Application(), linger=10)
    connection.data_received(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
    for _ in range(8):
        connection.data_received(b"a: " + b"b" * LONG_READ)
        connection.loop.advance(0)
    assert connection.transport.out.startswith(b"HTTP/1.1 4")
    return connection


def respond_to_the_last_request_later(connect):
    application = Application()
    application.respond, application.plan = lambda request: None, lambda request: Turn()
    connection = connect(application)
    connection.data_received(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert connection.transport.out == b""
    return connection


def never_respond(connect):
    connection = connect(Application(timing=ResponseTiming(ending=Ending.HANG)))
    connection.data_received(GET)
    return connection


def relay_the_response_to_a_request(connect):
    loop = connect(Application()).loop
    near, far = RelayEnd(set(), loop, Limits(), ignores_input=True), RelayEnd(set(), loop, Limits())
    for end in (near, far):
        end.connection_made(BufferTransport())
    join(near, far)
    return near


@pytest.mark.parametrize(
    "prepare",
    [reject_trailers, respond_to_the_last_request_later, never_respond, relay_the_response_to_a_request],
)
def test_what_is_thrown_away_is_read_at_a_bounded_rate(connect, manual_loop, prepare):
    connection = prepare(connect)
    manual_loop.advance(DISCARD_INTERVAL)
    assert not connection.transport.is_closed
    assert count_reads(connection, manual_loop, 0.5) == 50
    assert not connection.transport.is_closed


def test_a_client_that_leaves_while_its_bytes_are_thrown_away_is_forgotten(connect, manual_loop):
    connection = reject_trailers(connect)
    connection.data_received(b"x" * LONG_READ)
    assert connection.transport.is_variant_paused
    connection.transport.close()
    connection.connection_lost(None)
    manual_loop.advance(DISCARD_INTERVAL)
    assert connection.transport.is_variant_paused
