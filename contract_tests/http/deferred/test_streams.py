"""Streamed responses: sent piece by piece, from any thread, to clients that may be slow or disconnect."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading

import pytest

from contract_tests.http.deferred.application import DATE, HEAD, LAST, PATIENCE, STREAMED, chunk, get, ok, on_a_wire
from contract_tests.http.manual_loop import BufferTransport, ManualLoop
from mockserver.engine.feed import EventFeed
from mockserver.http.connection import Connection
from mockserver.http.pool import FairPool
from mockserver.sdk.response import Stream


def test_a_streams_head_comes_at_once_and_its_pieces_as_they_are_sent(client, application):
    stream = application.streams()
    client.asks(get(b"/_mock/events"), STREAMED)
    for piece in (b"data: 1\n\n", b"data: 2\n\n"):
        assert stream.send(piece)
        client.hears(chunk(piece))


def test_a_stream_that_is_closed_ends_behind_all_that_was_sent_and_the_connection_goes_on(client, application):
    stream = application.streams()
    client.asks(get(b"/_mock/events") + get(b"/next"), STREAMED)
    stream.send(b"last")
    assert stream.close()
    client.hears(chunk(b"last") + LAST + ok(b"/next"))
    assert [stream.send(b"late"), stream.close()] == [False, False]
    assert application.finished() == ("/_mock/events", len(STREAMED + chunk(b"last") + LAST), "complete")


def test_what_is_streamed_before_the_connection_listens_is_sent(client, application):
    stream = application.streams()
    stream.send(b"ea")
    stream.send(b"rly")
    stream.close()
    client.asks(get(b"/_mock/events"), STREAMED + chunk(b"early") + LAST)


def test_http_1_0_gets_the_bare_pieces_until_the_end_of_the_connection(client, application):
    stream = application.streams()
    client.send(get(b"/_mock/events", b"Connection: keep-alive", version=b"1.0"))
    client.hears(HEAD + b"Connection: close\r\n\r\n")
    stream.send(b"a")
    client.hears(b"a")
    stream.close()
    assert client.rest() == b""


def test_head_of_a_stream_gets_the_headers_alone(client, application):
    stream = application.streams()
    client.asks(get(b"/_mock/events", method=b"HEAD") + get(b"/next"), STREAMED + ok(b"/next"))
    assert stream.is_over


def test_a_streams_head_that_cannot_be_written_is_a_500(client, application):
    stream = application.promises["/_mock/events"] = Stream(headers=(("X", "a\nb"),))
    client.send(get(b"/_mock/events", b"Connection: close"))
    assert re.fullmatch(
        rb"HTTP/1\.1 500 Internal Server Error\r\n(?s:.)+Content-Length: 21\r\n(?s:.)+\r\n\r\nInternal Server Error",
        client.rest(),
    )
    assert stream.is_over


def test_a_stream_beats_while_nothing_happens(client, application):
    application.streams(heartbeat=0.005)
    client.asks(get(b"/_mock/events"), STREAMED + chunk(b":\n\n") * 3)


def test_by_default_a_stream_is_one_of_server_sent_events(client, application):
    application.promises["/_mock/events"] = Stream()
    client.asks(
        get(b"/_mock/events"), b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    )


def test_a_piece_is_out_one_turn_of_the_loop_after_it_is_sent(application):
    stream = application.streams("/events")

    async def talk(connection, wire):
        connection.data_received(get(b"/events"))
        assert wire.out == STREAMED
        await asyncio.sleep(0)
        stream.send(b"a")
        stream.send(b"b")
        assert wire.out == STREAMED
        await asyncio.sleep(0)
        assert wire.out == STREAMED + chunk(b"ab")

    on_a_wire(application, talk)


def test_pieces_wait_while_the_client_does_not_read(application):
    stream = application.streams("/events", most=10)

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
        assert application.finished()[2] == "complete"

    on_a_wire(application, talk)


def test_no_beat_is_added_to_what_the_client_does_not_read(application):
    application.streams("/events")

    loop, transport = ManualLoop(), BufferTransport()
    connection = Connection(application, loop=loop, pool=FairPool(), connections=set())
    connection.connection_made(transport)
    connection.data_received(get(b"/events"))
    connection.pause_writing()
    loop.advance(15)
    assert transport.out == STREAMED
    connection.resume_writing()
    loop.advance(15)
    assert transport.out == STREAMED + chunk(b":\n\n")


def test_a_client_that_does_not_read_is_dropped_in_the_middle(application):
    stream = application.streams("/events", most=10)
    ends = []
    stream.on_end(lambda: ends.append("over"))

    async def talk(connection, wire):
        connection.data_received(get(b"/events"))
        connection.pause_writing()
        assert stream.send(b"a" * 10)
        assert not stream.send(b"b")
        await asyncio.sleep(0)
        assert (wire.out, wire.is_aborted) == (STREAMED, True)
        assert application.finished() == ("/events", len(STREAMED), "dropped")

    on_a_wire(application, talk)
    assert ends == ["over"]


def test_a_client_that_does_not_read_from_its_socket_is_dropped(connect, application):
    stream = application.streams(most=1 << 16)
    slow = connect(SO_RCVBUF=4096)
    slow.asks(get(b"/_mock/events"), STREAMED)
    while stream.send(bytes(1 << 16)):
        connect().asks(get(b"/now"), ok(b"/now"))  # let the loop write what it can
        application.finished()
    assert stream.is_overrun
    assert application.finished()[2] == "dropped"
    with contextlib.suppress(ConnectionResetError):
        assert not slow.rest().endswith(LAST)


@pytest.mark.parametrize(
    "leave", [lambda client: client.vanishes(), lambda client: client.socket.close()], ids=["reset", "close"]
)
def test_who_leaves_a_stream_ends_it(client, application, leave):
    stream = application.streams()
    gone = threading.Event()
    stream.on_end(gone.set)
    client.asks(get(b"/_mock/events"), STREAMED)
    leave(client)
    assert gone.wait(PATIENCE)
    assert not stream.send(b"x")
    assert application.finished() == ("/_mock/events", len(STREAMED), "left")


def test_a_stream_is_let_go_when_the_server_stops(client, mock, application):
    stream = application.streams()
    client.asks(get(b"/_mock/events"), STREAMED)
    mock.stop()
    assert client.rest() == b""
    assert not stream.send(b"x")


def test_a_stream_follows_a_feed_without_a_gap_and_in_order(client, application):
    feed = EventFeed(size=10_000)

    def publish():
        for number in range(1, 2001):
            feed.publish(number)

    def follows():
        stream = Stream(headers=(DATE,), most=1 << 20)
        stream.on_end(feed.follow(0, lambda item, at: stream.send(b"id: %d\n\n" % at)))
        return stream

    application.promises["/_mock/events"] = follows
    publisher = threading.Thread(target=publish)
    publisher.start()
    client.send(get(b"/_mock/events", b"Connection: close"))
    client.hears(STREAMED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    publisher.join(PATIENCE)
    application.promised().close()
    pieces = b"".join(re.findall(rb"\r?\n?[0-9a-f]+\r\n((?:id: \d+\n\n)+)\r\n", client.rest()))
    assert pieces == b"".join(b"id: %d\n\n" % number for number in range(1, 2001))
