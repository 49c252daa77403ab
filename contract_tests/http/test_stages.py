"""The time-outs of a connection, stage by stage; and an application that responds without WSGI."""

from __future__ import annotations

import re

import pytest

from contract_tests.http.manual_loop import BufferTransport
from mockserver.http.connection import Connection, Limits
from mockserver.http.request_parser import ParseStage
from mockserver.sdk.response import Response, ResponseTiming

DATE = ("Date", "Thu, 01 Jan 2015 00:00:00 GMT")
GET = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2015 00:00:00 GMT\r\nContent-Length: 1\r\n\r\nx"


class App:
    """An application that responds to /a itself and leaves other paths to WSGI."""

    def __init__(self, timing=None):
        self.timing = timing or ResponseTiming()
        self.ended = []

    def respond(self, request):
        request.on_finish = lambda sent, ending: self.ended.append((sent, ending))
        if request.path == "/fails":
            raise ZeroDivisionError
        return Response(200, (DATE,), b"x", self.timing) if request.path == "/a" else None

    def __call__(self, environ, start_response):
        start_response("200 OK", [DATE])
        return [b"y"]


@pytest.fixture
def connect(manual_loop, manual_pool):
    def connected(app=None, **limits):
        connection = Connection(
            app or App(), loop=manual_loop, pool=manual_pool, connections=set(), limits=Limits(idle=10, **limits)
        )
        connection.connection_made(BufferTransport())
        return connection

    return connected


def test_an_idle_connection_is_closed_after_its_time(connect, manual_loop):
    connection = connect()
    manual_loop.advance(6)
    connection.data_received(GET)
    manual_loop.advance(9.9)
    assert (connection.transport.out, connection.transport.is_closed, connection.stage) == (OK, False, ParseStage.IDLE)
    manual_loop.advance(0.2)
    assert connection.transport.is_closed


def test_a_head_that_comes_byte_by_byte_and_does_not_end_is_closed_after_its_time(connect, manual_loop):
    connection = connect()
    for byte in b"GET / HTT":
        connection.data_received(bytes([byte]))
        manual_loop.advance(1)
    assert (connection.stage, connection.transport.is_closed) == (ParseStage.HEAD, False)
    connection.data_received(b"P")
    manual_loop.advance(1.1)
    assert connection.transport.is_closed


def test_a_body_may_take_long_as_long_as_it_comes(connect, manual_loop):
    connection = connect(slow=100)
    connection.data_received(b"POST /a HTTP/1.1\r\nContent-Length: 9\r\n\r\n")
    for _ in range(9):
        assert connection.stage is ParseStage.BODY
        manual_loop.advance(9)
        connection.data_received(b"x")
    assert connection.transport.out == OK


def test_a_late_response_takes_longer_than_idleness_and_the_next_request_has_its_own_time(connect, manual_loop):
    connection = connect(App(ResponseTiming(delay=100)))
    connection.data_received(GET + b"GET")
    assert connection.stage is ParseStage.RESPONSE
    manual_loop.advance(101)
    assert (connection.transport.out, connection.stage) == (OK, ParseStage.HEAD)
    manual_loop.advance(8.9)
    assert not connection.transport.is_closed
    manual_loop.advance(0.2)
    assert connection.transport.is_closed


def test_a_response_of_the_application_itself_is_sent_without_wsgi_and_its_end_is_reported(connect, manual_pool):
    app = App()
    connection = connect(app)
    connection.data_received(GET * 2)
    assert (connection.transport.out, app.ended) == (OK * 2, [(len(OK), "complete")] * 2)
    assert manual_pool.calls == []


def test_what_the_application_does_not_respond_to_itself_goes_to_wsgi_on_the_pool(connect, manual_loop, manual_pool):
    app = App()
    connection = connect(app)
    connection.data_received(GET.replace(b"/a", b"/b"))
    assert (connection.transport.out, connection.stage) == (b"", ParseStage.HANDLER)
    manual_pool.work()
    manual_loop.advance(0)
    assert (connection.transport.out, app.ended) == (OK.replace(b"\r\nx", b"\r\ny"), [(len(OK), "complete")])


def test_an_application_that_fails_is_a_plain_500_and_a_line_in_the_log(connect, caplog):
    connection = connect()
    connection.data_received(GET.replace(b"/a", b"/fails") + GET)
    assert re.fullmatch(
        rb"HTTP/1\.1 500 Internal Server Error\r\nContent-Type: text/plain; charset=utf-8\r\nDate: [^\r]+\r\n"
        rb"Content-Length: 21\r\n\r\nInternal Server Error" + re.escape(OK),
        connection.transport.out,
    )
    assert "ZeroDivisionError" in caplog.text


def test_variant_is_paused_while_a_client_sends_ahead_of_a_late_response(connect, manual_loop):
    connection = connect(App(ResponseTiming(delay=1)))
    connection.data_received(GET)
    connection.data_received(GET)
    assert connection.transport.is_variant_paused
    manual_loop.advance(2)
    assert (connection.transport.out, connection.transport.is_variant_paused) == (OK * 2, False)
