"""The connection, by raw bytes: what is received, what is sent, and in which order.

Every test that uses ``registry`` runs on both event loops. Nothing here measures time: a delay is either longer than any
test (and must not have happened yet) or is simply waited out by a blocking read.
"""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import re
import shutil
import socket
import ssl
import struct
import subprocess
import threading
from contextlib import closing
from http import HTTPStatus

import httptools
import pytest
from packaging.version import Version

from mockserver.http.connection import Connection, Limits, Turn
from mockserver.http.listener import Listener, Server
from mockserver.http.pool import FairPool
from mockserver.http.request_parser import FEED_CHUNK, REPORTED_BYTES
from mockserver.sdk.response import Ending, Pace, ResponseTiming

PATIENCE = 30
FOR_EVER = 3600.0
DATE = ("Date", "Thu, 01 Jan 2015 00:00:00 GMT")
TEXT = ("Content-Type", "text/plain")
DATED = b"Date: Thu, 01 Jan 2015 00:00:00 GMT\r\n"


def ok(body, *, connection=None, promised=None):
    """The server's usual response, as bytes."""
    length = len(body) if promised is None else promised
    end = b"" if connection is None else b"Connection: %s\r\n" % connection
    return b"HTTP/1.1 200 OK\r\n" + DATED + b"Content-Length: %d\r\n" % length + end + b"\r\n" + body


def get(path, *headers, version=b"1.1"):
    """A request without a body, as bytes."""
    lines = b"".join(header + b"\r\n" for header in headers)
    return b"GET " + path + b" HTTP/" + version + b"\r\nHost: a\r\n" + lines + b"\r\n"


def post(path, body, *headers):
    return get(path, b"Content-Length: %d" % len(body), *headers).replace(b"GET", b"POST", 1) + body


class StubApplication:
    """A WSGI application that responds with the request's path, or as the test says, and records its requests."""

    def __init__(self):
        self.environs = []
        self.ways = {}
        self.timings = {}
        self.ended = queue.Queue()
        self.heard = queue.Queue()

    def __call__(self, environ, start_response):
        path = environ["PATH_INFO"]
        self.environs.append(environ)
        environ["mockserver.request"].on_finish = lambda sent, ending: self.ended.put((path, sent, ending))
        if path in self.timings:
            environ["mockserver.timing"] = self.timings[path]
        way = self.ways.get(path)
        if way is not None:
            return way(environ, start_response)
        start_response("200 OK", [DATE])
        return [path.encode("latin-1")]

    def reject_invalid(self, invalid, listener):
        self.heard.put((invalid.raw, invalid.reason, listener))

    def plan(self, request):
        """Have everything of the control API called on the pool."""
        return Turn() if request.path.startswith("/_mock/") else None

    def responses(self, path, *headers, status="200 OK", body=b""):
        def way(environ, start_response):
            start_response(status, list(headers))
            return [body]

        self.ways[path] = way

    def finished(self):
        return self.ended.get(timeout=PATIENCE)

    @property
    def last(self):
        return self.environs[-1]


@pytest.fixture
def application():
    return StubApplication()


@pytest.fixture
def serve(application, loop, opened):
    def started(**limits):
        return opened.enter_context(Server(listeners=[Listener(application, name="front")], limits=Limits(**limits)))

    return started


@pytest.fixture
def mock(serve):
    return serve()


@pytest.fixture
def client(mock, connect):
    return connect(mock)


# --------------------------------------------------------------------------------------------------------- the environ


def test_a_request_is_the_environ_of_pep_3333(client, application):
    client.asks(
        b"POST /a%20b%C4%85/c?x=%20&y HTTP/1.1\r\nHost: example.com\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n"
        b"X-One: 1\r\n\r\nabc",
        ok(b"/a b\xc4\x85/c"),
    )
    application.finished()
    apart = {"wsgi.input", "wsgi.errors", "mockserver.request"}
    seen = {key: value for key, value in application.last.items() if key not in apart}
    own_address, own_port = client.socket.getsockname()
    assert seen == {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/a b\xc4\x85/c",
        "QUERY_STRING": "x=%20&y",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "3",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": str(client.socket.getpeername()[1]),
        "REMOTE_ADDR": own_address,
        "REMOTE_PORT": str(own_port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "example.com",
        "HTTP_X_ONE": "1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "mockserver.target": "/a%20b%C4%85/c?x=%20&y",
        "mockserver.head": (
            ("Host", "example.com"),
            ("Content-Type", "text/plain"),
            ("Content-Length", "3"),
            ("X-One", "1"),
        ),
        "mockserver.body": b"abc",
        "mockserver.listener": "front",
        "mockserver.overflow": False,
    }
    assert application.last["wsgi.input"].read() == b"abc"


def test_the_head_is_kept_as_it_was_received_with_order_case_and_duplicates(client, application):
    client.asks(get(b"/", b"X-b: 1", b"x-A: 2", b"X-B: 3", b"Empty:", b"Caf: \xe9"), ok(b"/"))
    assert application.last["mockserver.head"] == (
        ("Host", "a"),
        ("X-b", "1"),
        ("x-A", "2"),
        ("X-B", "3"),
        ("Empty", ""),
        ("Caf", "é"),
    )


def test_duplicates_are_joined_by_commas_and_cookies_by_semicolons(client, application):
    client.asks(get(b"/", b"X-B: 1", b"x-b: 2", b"Cookie: a=1", b"Cookie: b=2"), ok(b"/"))
    assert (application.last["HTTP_X_B"], application.last["HTTP_COOKIE"]) == ("1,2", "a=1; b=2")


def test_a_header_with_an_underscore_does_not_pose_as_one_with_a_hyphen(client, application):
    client.asks(get(b"/", b"X_Real_Ip: 6.6.6.6"), ok(b"/"))
    assert "HTTP_X_REAL_IP" not in application.last
    assert ("X_Real_Ip", "6.6.6.6") in application.last["mockserver.head"]


def test_a_request_without_a_body_has_no_content_length(client, application):
    client.asks(get(b"/"), ok(b"/"))
    assert "CONTENT_LENGTH" not in application.last
    assert application.last["wsgi.input"].read() == b""


def test_an_empty_body_that_was_announced_has_length_zero(client, application):
    client.asks(post(b"/", b""), ok(b"/"))
    assert application.last["CONTENT_LENGTH"] == "0"


@pytest.mark.parametrize(
    ("target", "path", "query", "host"),
    [
        (b"http://h:81/p?q=1", "/p", "q=1", "h:81"),
        (b"http://u:p@h/p", "/p", "", "h"),
        (b"https://h?q", "/", "q", "h"),
        (b"http://h", "/", "", "h"),
    ],
)
def test_an_absolute_target_gives_path_query_and_host(client, application, target, path, query, host):
    client.asks(get(target), ok(path.encode()))
    seen = application.last
    assert (seen["PATH_INFO"], seen["QUERY_STRING"], seen["HTTP_HOST"]) == (path, query, host)
    assert seen["mockserver.target"] == target.decode()


def test_options_of_the_whole_server_reaches_the_application(client, application):
    client.asks(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", ok(b"*"))
    assert application.last["REQUEST_METHOD"] == "OPTIONS"


def test_connect_is_answered_and_closed(client, application):
    client.send(b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n\x16\x03\x01")
    assert client.rest() == ok(b"", connection=b"close")
    assert application.last["mockserver.target"] == "a:443"


# ---------------------------------------------------------------------------------------------------------------- bodies


def test_a_chunked_body_is_joined_and_its_trailers_are_ignored(client, application):
    client.asks(
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n" + get(b"/next"),
        ok(b"/") + ok(b"/next"),
    )
    first = application.environs[0]
    assert (first["mockserver.body"], first["CONTENT_LENGTH"]) == (b"abcde", "5")
    assert "HTTP_X_TRAILER" not in first
    assert "HTTP_TRANSFER_ENCODING" not in first


def test_a_large_body_is_received_in_full(client, application):
    body = bytes(range(256)) * 8192
    client.asks(post(b"/", body), ok(b"/"))
    assert application.last["mockserver.body"] == body


def test_a_body_over_the_cap_is_cut_and_says_so_and_the_connection_goes_on(serve, connect, application):
    client = connect(serve(body=10))
    client.asks(post(b"/", b"0123456789AB") + get(b"/next"), ok(b"/") + ok(b"/next"))
    first = application.environs[0]
    assert (first["mockserver.body"], first["mockserver.overflow"], first["CONTENT_LENGTH"]) == (
        b"0123456789",
        True,
        "10",
    )


def test_a_body_of_exactly_the_cap_is_no_overflow(serve, connect, application):
    connect(serve(body=10)).asks(post(b"/", b"0123456789"), ok(b"/"))
    assert application.last["mockserver.overflow"] is False


def test_a_body_over_four_times_the_cap_is_answered_before_its_end_and_closed(serve, connect, application):
    client = connect(serve(body=1000))
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 50_000)
    assert client.rest() == ok(b"/", connection=b"close")
    assert (len(application.last["mockserver.body"]), application.last["mockserver.overflow"]) == (1000, True)


def test_an_expected_body_gets_100_continue(client, application):
    client.asks(
        b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    )
    assert application.environs == []
    client.asks(b"abc", ok(b"/"))
    assert application.last["mockserver.body"] == b"abc"


def test_a_body_that_came_before_100_continue_gets_no_100_continue(client):
    client.asks(post(b"/", b"abc", b"Expect: 100-continue"), ok(b"/"))


def test_100_continue_waits_for_the_response_before_it(client, application):
    application.timings["/late"] = ResponseTiming(delay=0.05)
    client.asks(
        get(b"/late") + b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
        ok(b"/late") + b"HTTP/1.1 100 Continue\r\n\r\n",
    )
    client.asks(b"abc", ok(b"/"))


def test_http_1_0_gets_no_100_continue(client):
    client.send(b"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    client.send(b"abc")
    assert client.rest() == ok(b"/", connection=b"close")


# --------------------------------------------------------------------------------------- keeping and closing a connection


def test_a_connection_serves_many_requests(client):
    for number in range(100):
        client.asks(get(b"/%d" % number), ok(b"/%d" % number))


def test_connection_close_closes(client, application):
    client.send(get(b"/", b"Connection: close") + get(b"/never"))
    assert client.rest() == ok(b"/", connection=b"close")
    assert len(application.environs) == 1


def test_an_application_that_says_close_closes(client, application):
    application.responses("/", DATE, ("Connection", "close"), body=b"x")
    client.send(get(b"/") + get(b"/never"))
    assert client.rest() == b"HTTP/1.1 200 OK\r\n" + DATED + b"Connection: close\r\nContent-Length: 1\r\n\r\nx"
    assert len(application.environs) == 1


def test_http_1_0_closes(client):
    client.send(get(b"/", version=b"1.0"))
    assert client.rest() == ok(b"/", connection=b"close")


def test_an_http_1_0_connection_with_keep_alive_is_kept(client, application):
    kept = get(b"/", b"Connection: keep-alive", version=b"1.0")
    client.asks(kept, ok(b"/", connection=b"keep-alive"))
    client.asks(kept, ok(b"/", connection=b"keep-alive"))
    assert application.last["SERVER_PROTOCOL"] == "HTTP/1.0"


def test_an_idle_connection_is_closed(serve, connect):
    assert connect(serve(idle=0.02)).rest() == b""


def test_a_connection_is_closed_when_idle_after_an_answer(serve, connect):
    client = connect(serve(idle=0.05))
    client.send(get(b"/"))
    assert client.rest() == ok(b"/")


def test_half_a_request_is_idle_too(serve, connect, application):
    client = connect(serve(idle=0.02))
    client.send(b"GET / HT")
    assert client.rest() == b""
    assert application.environs == []


def test_an_answer_that_takes_longer_than_idleness_is_still_given(serve, connect, application):
    application.timings["/late"] = ResponseTiming(delay=0.1)
    client = connect(serve(idle=0.01))
    client.send(get(b"/late"))
    assert client.rest() == ok(b"/late")


def test_a_client_that_sent_its_last_gets_its_answer_from_the_pool(client, application):
    gate, reached = threading.Event(), threading.Event()

    def way(environ, start_response):
        reached.set()
        gate.wait(PATIENCE)
        start_response("200 OK", [DATE])
        return [b"x"]

    application.ways["/_mock/x"] = way
    client.send(get(b"/_mock/x"))
    client.socket.shutdown(socket.SHUT_WR)
    assert reached.wait(PATIENCE)
    gate.set()
    assert client.rest() == ok(b"x")


# ------------------------------------------------------------------------------------------------------ pieces and turns


def test_requests_sent_ahead_are_answered_in_order(client):
    paths = [b"/%d" % number for number in range(500)]
    client.asks(b"".join(map(get, paths)), b"".join(map(ok, paths)))


def test_an_answer_to_a_pipelined_request_waits_for_the_one_before_it(client, application):
    application.timings["/late"] = ResponseTiming(delay=0.05)
    client.asks(get(b"/late") + get(b"/now") + post(b"/then", b"abc"), ok(b"/late") + ok(b"/now") + ok(b"/then"))


def test_more_than_a_slice_sent_ahead_of_a_late_answer_waits_too(client, application):
    application.timings["/late"] = ResponseTiming(delay=0.05)
    paths = [b"/late", *(b"/%d" % number for number in range(FEED_CHUNK // 10))]
    client.asks(b"".join(map(get, paths)), b"".join(map(ok, paths)))


def test_a_request_behind_a_delayed_one_waits_for_it(client, application):
    application.timings["/late"] = ResponseTiming(delay=0.1)
    client.send(get(b"/late"))
    client.send(get(b"/now")[:10])
    client.asks(get(b"/now")[10:], ok(b"/late") + ok(b"/now"))


def test_an_answer_waits_for_one_from_the_pool(client, application):
    gate, reached = threading.Event(), threading.Event()

    def way(environ, start_response):
        reached.set()
        gate.wait(PATIENCE)
        start_response("200 OK", [DATE])
        return [threading.current_thread().name.encode()]

    application.ways["/_mock/gate"] = way
    client.send(get(b"/_mock/gate") + get(b"/now"))
    assert reached.wait(PATIENCE)
    assert client.is_silent()
    gate.set()
    client.hears(ok(b"mockserver-control") + ok(b"/now"))


def test_the_pool_does_not_hold_up_other_connections(mock, connect, application):
    gate = threading.Event()

    def way(environ, start_response):
        gate.wait(PATIENCE)
        start_response("200 OK", [DATE])
        return [b"x"]

    application.ways["/_mock/gate"] = way
    waiting, other = connect(mock), connect(mock)
    waiting.send(get(b"/_mock/gate"))
    other.asks(get(b"/now"), ok(b"/now"))
    gate.set()
    waiting.hears(ok(b"x"))


def test_a_request_may_come_byte_by_byte(client):
    for raw in (get(b"/a", b"X-Long: name"), post(b"/b", b"abc")):
        for byte in raw:
            client.send(bytes([byte]))
    client.hears(ok(b"/a") + ok(b"/b"))


class Wire(asyncio.Transport):
    """A transport without a socket, so that no kernel joins pieces of received data."""

    def __init__(self):
        super().__init__()
        self.out = b""
        self.awaited = 0
        self.full = asyncio.Event()

    def write(self, data):
        self.out += data
        if len(self.out) >= self.awaited:
            self.full.set()

    def get_write_buffer_size(self):
        return 0

    def is_closing(self):
        return False

    def pause_reading(self):
        pass

    resume_reading = close = pause_reading


def on_a_wire(application, talk):
    """Run ``talk(connection, wire)`` with a new connection each time."""

    async def had(pool):
        loop = asyncio.get_running_loop()

        def connection():
            wire, made = Wire(), Connection(application, loop=loop, pool=pool, connections=set())
            made.connection_made(wire)
            return made, wire

        await talk(connection)

    with closing(FairPool()) as pool:
        asyncio.run(had(pool))


def test_two_requests_may_be_split_anywhere(application):
    raw = post(b"/a%41", b"abc", b"X-Long: name") + (
        b"POST http://h/b?q HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: t\r\n\r\n"
    )

    async def talk(connected):
        for place in range(len(raw) + 1):
            connection, wire = connected()
            connection.data_received(raw[:place])
            connection.data_received(raw[place:])
            assert wire.out == ok(b"/aA") + ok(b"/b"), place
            connection.connection_lost(None)

    on_a_wire(application, talk)
    assert {environ["mockserver.body"] for environ in application.environs} == {b"abc"}


def test_pieces_that_wait_for_several_late_answers_keep_their_order(application):
    application.timings["/late"] = ResponseTiming(delay=0.001)
    paths = [b"/late" if number % 100 == 0 else b"/%d" % number for number in range(3000)]
    raw = b"".join(map(get, paths))
    expected = b"".join(map(ok, paths))

    async def talk(connected):
        connection, wire = connected()
        wire.awaited = len(expected)
        for start in range(0, len(raw), 2 * FEED_CHUNK):  # also after variant was paused, as TLS may
            connection.data_received(raw[start : start + 2 * FEED_CHUNK])
        await asyncio.wait_for(wire.full.wait(), PATIENCE)
        assert wire.out == expected
        connection.connection_lost(None)

    on_a_wire(application, talk)


def test_a_client_that_does_not_read_is_not_answered_further(mock, connect, application):
    body = bytes(8 << 20)
    application.responses("/big", DATE, body=body)
    slow, other = connect(mock, SO_RCVBUF=4096), connect(mock)
    slow.send(get(b"/big") * 3)
    for _ in range(20):
        other.asks(get(b"/other"), ok(b"/other"))
        assert application.finished()[0] == "/other"
    assert sum(environ["PATH_INFO"] == "/big" for environ in application.environs) == 1
    slow.hurries()
    for _ in range(3):
        slow.hears(ok(body))
    slow.asks(get(b"/after"), ok(b"/after"))


# --------------------------------------------------------------------------------------------------------------- upgrades

H2C = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk")


@pytest.mark.parametrize(
    "offer",
    [H2C, (b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Key: x", b"Sec-WebSocket-Version: 13")],
)
def test_an_offered_upgrade_is_answered_as_a_plain_request(client, offer):
    client.asks(get(b"/", *offer) * 2 + get(b"/next"), ok(b"/") * 2 + ok(b"/next"))


def test_a_body_behind_an_offered_upgrade_is_read(client, application):
    raw = post(b"/a", b"GET / HTTP/1.1\r\n\r\n", *H2C)
    client.asks(raw + raw + get(b"/next"), ok(b"/a") * 2 + ok(b"/next"))
    client.asks(raw, ok(b"/a"))
    assert [environ["mockserver.body"] for environ in application.environs if environ["PATH_INFO"] == "/a"] == [
        b"GET / HTTP/1.1\r\n\r\n"
    ] * 3


def test_a_body_behind_an_offered_upgrade_may_come_later(client, application):
    raw = post(b"/a", b"abc", *H2C)
    for byte in raw:
        client.send(bytes([byte]))
    client.hears(ok(b"/a"))
    assert application.last["mockserver.body"] == b"abc"


def test_a_chunked_body_behind_an_offered_upgrade_is_read(client, application):
    head = get(b"/a", b"Transfer-Encoding: chunked", *H2C).replace(b"GET", b"POST", 1)
    client.asks(head + b"3\r\nabc\r\n0\r\n\r\n" + get(b"/next"), ok(b"/a") + ok(b"/next"))
    assert application.environs[0]["mockserver.body"] == b"abc"


def test_an_empty_body_behind_an_offered_upgrade_is_no_body(client):
    client.asks(post(b"/a", b"", *H2C) + get(b"/next"), ok(b"/a") + ok(b"/next"))


# ----------------------------------------------------------------------------------------------- what is no request at all


def rejected(status, reason):
    return re.compile(
        rb"HTTP/1\.1 " + status + rb"\r\nContent-Type: text/plain; charset=utf-8\r\nDate: [^\r]+ GMT\r\n"
        rb"Content-Length: %d\r\nConnection: close\r\n\r\n%s\n" % (len(reason) + 1, re.escape(reason))
    )


HTTPTOOLS = Version(httptools.__version__)
"""Older versions give other reasons, and take a space behind a header's name."""


@pytest.mark.parametrize(
    ("raw", "status", "reason"),
    [
        (b"\x16\x03\x01\x02\x00\x01", b"400 Bad Request", b"Invalid method encountered"),
        (b"hello\r\n\r\n", b"400 Bad Request", b"Invalid method encountered"),
        (
            b"GET /a b HTTP/1.1\r\n\r\n",
            b"400 Bad Request",
            b"Expected HTTP/, RTSP/ or ICE/" if HTTPTOOLS >= Version("0.7") else b"Expected HTTP/",
        ),
        (
            get(b"/", b"Bad : x" if HTTPTOOLS >= Version("0.6.4") else b"B(d: x"),
            b"400 Bad Request",
            b"Invalid header token",
        ),
        (get(b"/", b"Host: b"), b"400 Bad Request", b"More than one Host header"),
        (get(b"x:/y"), b"400 Bad Request", None),
        (
            get(b"/", b"Content-Length: 3", b"Transfer-Encoding: chunked"),
            b"400 Bad Request",
            b"Transfer-Encoding can't be present with Content-Length" if HTTPTOOLS >= Version("0.6.4") else None,
        ),
        (
            get(b"/", b"Transfer-Encoding: chunked", b"Content-Length: 3"),
            b"400 Bad Request",
            b"Content-Length can't be present with Transfer-Encoding",
        ),
        (get(b"/", b"Content-Length: 3", b"Content-Length: 4"), b"400 Bad Request", b"Duplicate Content-Length"),
        (get(b"/", b"Content-Length: 3, 4"), b"400 Bad Request", b"Invalid character in Content-Length"),
        (get(b"/", b"Transfer-Encoding: gzip").replace(b"GET", b"POST"), b"400 Bad Request", None),
        (get(b"/", version=b"2.0"), b"505 HTTP Version Not Supported", b"HTTP/1.1 and HTTP/1.0 are spoken here"),
        (
            get(b"/", b"Transfer-Encoding: chunked").replace(b"GET", b"POST") + b"zz\r\n",
            b"400 Bad Request",
            b"Invalid character in chunk size",
        ),
    ],
)
def test_what_is_no_http_is_rejected_and_closed_and_said(client, application, raw, status, reason):
    client.send(raw)
    received = application.heard.get(timeout=PATIENCE)
    assert received[0] == raw
    assert received[2] == "front"
    assert rejected(status, reason or received[1].encode()).fullmatch(client.rest())
    assert received[1].encode() == (reason or received[1].encode())
    assert application.environs == []
    assert application.heard.empty()


def test_invalid_http_that_comes_in_pieces_is_recorded_up_to_its_first_kilobytes(client, application):
    for byte in b"GET / HTT":
        client.send(bytes([byte]))
    client.send(b"X" * (2 * REPORTED_BYTES))
    client.rest()
    raw, _, _ = application.heard.get(timeout=PATIENCE)
    assert raw == (b"GET / HTT" + b"X" * REPORTED_BYTES)[: len(raw)]
    assert len(raw) <= REPORTED_BYTES


def test_garbage_behind_a_late_request_is_rejected_in_its_turn(client, application):
    application.timings["/late"] = ResponseTiming(delay=0.05)
    client.send(get(b"/late") + b"\x00\x01")
    client.hears(ok(b"/late"))
    assert client.rest().startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_a_head_that_is_too_large_is_rejected(serve, connect, application):
    client = connect(serve(head=1000))
    client.send(get(b"/", b"X: " + b"x" * 1000))
    assert rejected(b"431 Request Header Fields Too Large", b"The request's head is too large").fullmatch(client.rest())
    assert len(application.heard.get(timeout=PATIENCE)[0]) > 1000


def test_a_head_without_an_end_is_rejected(client, application):
    client.send(b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000)
    assert client.rest().startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert len(application.heard.get(timeout=PATIENCE)[0]) == REPORTED_BYTES


@pytest.mark.parametrize("end", [b"", b" HTTP/1.1\r\n\r\n"])
def test_a_target_that_is_too_long_is_rejected(client, end):
    client.send(b"GET /" + b"x" * 90_000 + end)
    phrase = HTTPStatus.REQUEST_URI_TOO_LONG.phrase  # Python 3.13 has the words of RFC 9110
    assert client.rest().startswith(f"HTTP/1.1 414 {phrase}\r\n".encode())


def test_a_long_target_below_the_limit_is_served(client, application):
    client.asks(get(b"/a?" + b"x" * 60_000), ok(b"/a"))
    assert len(application.last["QUERY_STRING"]) == 60_000


def test_many_heads_below_the_limit_are_not_added_up(serve, connect):
    connect(serve(head=200)).asks(get(b"/a") * 100, ok(b"/a") * 100)


def test_an_error_of_our_own_is_logged_and_distinguished(client, application, monkeypatch, caplog):
    monkeypatch.setattr("mockserver.http.request_parser.unquote_to_bytes", lambda *_: 1 / 0)
    client.send(get(b"/%41"))
    assert rejected(b"500 Internal Server Error", b"Internal Server Error").fullmatch(client.rest())
    assert "ZeroDivisionError" in caplog.text


def test_invalid_http_is_not_reported_to_an_application_without_reject_invalid(loop, opened, connect):
    mock = opened.enter_context(Server(lambda environ, start_response: []))
    client = connect(mock)
    client.send(b"\x00")
    assert client.rest().startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_an_error_while_being_run_is_logged_and_the_client_is_rejected_all_the_same(client, application, caplog):
    application.reject_invalid = lambda *_: 1 / 0
    client.send(b"\x00")
    assert client.rest().startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert "ZeroDivisionError" in caplog.text


# -------------------------------------------------------------------------------------------------------------- the answer


def test_an_answer_gets_a_length_and_a_date_and_no_server(client, application):
    application.responses("/", TEXT, body=b"abc")
    client.send(get(b"/", b"Connection: close"))
    assert re.fullmatch(
        rb"HTTP/1\.1 200 OK\r\nContent-Type: text/plain\r\n"
        rb"Date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
        client.rest(),
    )


def test_the_applications_own_date_and_length_and_spelling_are_left_alone(client, application):
    application.responses("/", ("dAtE", "yesterday"), ("CONTENT-length", "3"), ("X-É", "é"), body=b"abc")
    client.asks(
        get(b"/"), "HTTP/1.1 200 OK\r\ndAtE: yesterday\r\nCONTENT-length: 3\r\nX-É: é\r\n\r\nabc".encode("latin-1")
    )


def test_a_wrong_length_is_the_applications_wish(client, application):
    application.responses("/", DATE, ("Content-Length", "99"), body=b"abc")
    client.asks(get(b"/"), b"HTTP/1.1 200 OK\r\n" + DATED + b"Content-Length: 99\r\n\r\nabc")


def test_head_has_the_headers_of_get_and_no_body(client):
    client.asks(b"HEAD /abc HTTP/1.1\r\nHost: a\r\n\r\n" + get(b"/abc"), ok(b"", promised=4) + ok(b"/abc"))


def test_head_from_an_application_that_gives_no_body_has_no_invented_length(client, application):
    application.responses("/", DATE)
    client.asks(
        b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + get(b"/x"), b"HTTP/1.1 200 OK\r\n" + DATED + b"\r\n" + ok(b"/x")
    )


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_an_answer_that_has_no_body_by_its_status_has_none(client, application, status):
    application.responses("/", DATE, status=status.decode(), body=b"abc")
    client.asks(get(b"/") + get(b"/x"), b"HTTP/1.1 " + status + b"\r\n" + DATED + b"\r\n" + ok(b"/x"))


class Stream:
    closed = False

    def __iter__(self):
        yield b"ab"
        yield b""
        yield b"cd"

    def close(self):
        self.closed = True


def test_a_stream_is_joined_and_closed(client, application):
    stream = Stream()

    def way(environ, start_response):
        start_response("200 OK", [DATE])
        return stream

    application.ways["/"] = way
    client.asks(get(b"/"), ok(b"abcd"))
    assert stream.closed


def test_a_generator_may_start_the_response_late_and_write_the_old_way(client, application):
    def way(environ, start_response):
        write = start_response("200 OK", [DATE])
        write(b"ab")
        write(b"cd")
        yield b"ef"

    application.ways["/"] = way
    client.asks(get(b"/"), ok(b"abcdef"))


def test_a_response_may_be_started_again_with_an_error(client, application):
    def way(environ, start_response):
        start_response("200 OK", [])
        start_response("404 Not Found", [DATE], (ValueError, ValueError(), None))
        return [b"x"]

    application.ways["/"] = way
    client.asks(get(b"/"), ok(b"x").replace(b"200 OK", b"404 Not Found"))


def raises(environ, start_response):
    raise ValueError("secret reason")


def raises_late(environ, start_response):
    start_response("200 OK", [])
    yield b"half"
    raise ValueError("secret reason")


def never_starts(environ, start_response):
    return [b"x"]


def starts_twice(environ, start_response):
    start_response("200 OK", [])
    start_response("200 OK", [])
    return []


def speaks_text(environ, start_response):
    start_response("200 OK", [])
    return ["text"]


def with_header(name, value, status="200 OK"):
    def way(environ, start_response):
        start_response(status, [(name, value)])
        return [b"x"]

    return way


BROKEN = {
    "raises": raises,
    "raises late": raises_late,
    "never starts": never_starts,
    "starts twice": starts_twice,
    "speaks text": speaks_text,
    "CR LF in a value": with_header("X", "a\r\nSet-Cookie: b"),
    "LF in a value": with_header("X", "a\nb"),
    "CR in a value": with_header("X", "a\rb"),
    "NUL in a value": with_header("X", "a\0b"),
    "LF in a name": with_header("X\nY", "a"),
    "LF in the status": with_header("X", "a", status="200 OK\r\nX: y"),
    "beyond latin-1": with_header("X", "ą"),
    "a number for a status": with_header("X", "a", status=200),
}


@pytest.mark.parametrize("way", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("path", ["/x", "/_mock/x"])
def test_a_broken_application_is_a_plain_500_and_a_line_in_the_log(client, application, caplog, way, path):
    application.ways[path] = way
    client.send(get(path.encode()) + get(b"/next", b"Connection: close"))
    got = client.rest()
    assert re.fullmatch(
        rb"HTTP/1\.1 500 Internal Server Error\r\nContent-Type: text/plain; charset=utf-8\r\nDate: [^\r]+\r\n"
        rb"Content-Length: 21\r\n\r\nInternal Server Error" + re.escape(ok(b"/next", connection=b"close")),
        got,
    )
    assert [record.levelno for record in caplog.records if record.name.startswith("mockserver.http.")] == [
        logging.ERROR
    ]
    assert application.finished()[2] == "complete"


# ------------------------------------------------------------------------------------------------------------- deliveries


def test_a_delayed_response_is_sent_in_full(client, application):
    application.timings["/"] = ResponseTiming(delay=0.01)
    client.asks(get(b"/"), ok(b"/"))
    assert application.finished() == ("/", len(ok(b"/")), "complete")
    client.asks(get(b"/x"), ok(b"/x"))


def test_a_delayed_response_does_not_delay_other_connections(mock, connect, application):
    application.timings["/late"] = ResponseTiming(delay=FOR_EVER)
    late, other = connect(mock), connect(mock)
    late.send(get(b"/late"))
    other.asks(get(b"/now"), ok(b"/now"))
    assert late.is_silent()


def test_many_delayed_responses_take_no_threads(mock, connect, application):
    application.timings["/late"] = ResponseTiming(delay=0.2)
    before = set(threading.enumerate())
    clients = [connect(mock) for _ in range(150)]
    for client in clients:
        client.send(get(b"/late"))
    assert set(threading.enumerate()) - before == set()
    for client in clients:
        client.hears(ok(b"/late"))


def test_an_answer_in_pieces_is_the_same_answer(client, application):
    application.timings["/abcdefghi"] = ResponseTiming(pace=Pace(size=3, pause=0.005))
    client.asks(get(b"/abcdefghi") + get(b"/x"), ok(b"/abcdefghi") + ok(b"/x"))
    assert application.finished() == ("/abcdefghi", len(ok(b"/abcdefghi")), "complete")


def test_pieces_come_one_at_a_time(client, application):
    application.timings["/abcd"] = ResponseTiming(pace=Pace(size=2, pause=FOR_EVER))
    client.asks(get(b"/abcd"), ok(b"/abcd")[:-3])
    assert client.is_silent()


def test_pieces_wait_for_a_client_that_does_not_read(mock, connect, application):
    body = bytes(8 << 20)
    application.responses("/big", DATE, body=body)
    application.timings["/big"] = ResponseTiming(pace=Pace(size=1 << 20, pause=0.0))
    slow, other = connect(mock, SO_RCVBUF=4096), connect(mock)
    slow.send(get(b"/big"))
    for _ in range(50):
        other.asks(get(b"/other"), ok(b"/other"))
        application.finished()
    slow.hurries()
    slow.hears(ok(body))
    assert application.finished() == ("/big", len(ok(body)), "complete")


def test_a_cut_answer_promises_all_and_closes(client, application):
    application.timings["/abcdef"] = ResponseTiming(cut=3)
    client.send(get(b"/abcdef"))
    sent = ok(b"/ab", promised=7)
    assert client.rest() == sent
    assert application.finished() == ("/abcdef", len(sent), "cut")


def test_a_cut_behind_the_end_cuts_nothing(client, application):
    application.timings["/a"] = ResponseTiming(cut=99)
    client.asks(get(b"/a") * 2, ok(b"/a") * 2)
    assert application.finished()[2] == "complete"


def test_an_answer_may_be_cut_and_slow(client, application):
    application.timings["/abcdef"] = ResponseTiming(cut=5, pace=Pace(size=2, pause=0.005))
    client.send(get(b"/abcdef"))
    assert client.rest() == ok(b"/abcd", promised=7)


def test_an_answer_may_be_closed_though_http_would_keep_it(client, application):
    application.timings["/"] = ResponseTiming(ending=Ending.CLOSE)
    client.send(get(b"/") + get(b"/never"))
    assert client.rest() == ok(b"/")
    assert application.finished() == ("/", len(ok(b"/")), "close")
    assert len(application.environs) == 1


@pytest.mark.parametrize("cut", [0, 3, None])
def test_an_answer_may_end_in_a_reset(client, application, cut):
    application.timings["/abcdef"] = ResponseTiming(cut=cut, ending=Ending.RESET)
    client.send(get(b"/abcdef"))
    sent = ok(b"/abcdef"[:cut], promised=7)
    client.hears(sent)
    with pytest.raises(ConnectionResetError):
        client.socket.recv(1)
    assert application.finished() == ("/abcdef", len(sent), "reset")


def test_a_reset_waits_until_a_large_answer_is_out(client, application):
    body = bytes(8 << 20)
    application.responses("/big", DATE, body=body)
    application.timings["/big"] = ResponseTiming(ending=Ending.RESET)
    client.asks(get(b"/big"), ok(body)[: 4 << 20])
    with pytest.raises(ConnectionResetError):
        client.rest()
    assert application.finished() == ("/big", len(ok(body)), "reset")


def test_a_reset_in_place_of_an_answer(client, application):
    application.timings["/"] = ResponseTiming(instead=b"", ending=Ending.RESET)
    client.send(get(b"/"))
    with pytest.raises(ConnectionResetError):
        client.socket.recv(1)
    assert application.finished() == ("/", 0, "reset")


def test_a_hanging_response_keeps_the_connection_open_and_sends_nothing(serve, connect, application):
    application.timings["/abcdef"] = ResponseTiming(cut=3, ending=Ending.HANG)
    mock = serve(idle=0.05)
    hanging = connect(mock)
    sent = ok(b"/ab", promised=7)
    hanging.asks(get(b"/abcdef") + get(b"/never"), sent)
    assert application.finished() == ("/abcdef", len(sent), "hang")
    hanging.send(get(b"/never"))
    for _ in range(3):
        assert connect(mock).rest() == b""  # each as long as the idle time-out
    assert hanging.is_silent()
    assert len(application.environs) == 1


def test_a_client_that_disconnects_from_a_hanging_response_is_removed(mock, connect, application):
    application.timings["/"] = ResponseTiming(instead=b"", ending=Ending.HANG)
    client = connect(mock)
    client.send(get(b"/") + get(b"/never"))
    assert application.finished() == ("/", 0, "hang")
    client.socket.shutdown(socket.SHUT_WR)
    assert client.rest() == b""
    assert application.ended.empty()


def test_any_bytes_can_be_sent_in_place_of_a_response(client, application):
    application.timings["/"] = ResponseTiming(instead=b"\x00garbage")
    client.send(get(b"/"))
    assert client.rest() == b"\x00garbage"
    assert application.finished() == ("/", 8, "close")


def test_an_answer_of_the_pool_is_delivered_the_same_way(client, application):
    application.timings["/_mock/a"] = ResponseTiming(delay=0.005, pace=Pace(3, 0.005), cut=4)
    client.send(get(b"/_mock/a"))
    assert client.rest() == ok(b"/_mo", promised=8)


def test_a_client_that_disconnects_before_a_delayed_response_is_recorded_as_disconnected(client, application):
    application.timings["/late"] = ResponseTiming(delay=FOR_EVER)
    client.send(get(b"/late"))
    client.socket.close()
    assert application.finished() == ("/late", 0, "left")


def test_a_client_that_disconnects_between_two_pieces_is_recorded_as_disconnected(client, application):
    application.timings["/abcd"] = ResponseTiming(pace=Pace(size=2, pause=FOR_EVER))
    client.asks(get(b"/abcd"), ok(b"/abcd")[:-3])
    client.socket.close()
    assert application.finished() == ("/abcd", len(ok(b"/abcd")) - 3, "left")


def test_who_leaves_while_the_pool_is_at_work_has_left(client, application):
    gate, reached = threading.Event(), threading.Event()

    def way(environ, start_response):
        reached.set()
        gate.wait(PATIENCE)
        start_response("200 OK", [])
        return []

    application.ways["/_mock/x"] = way
    client.send(get(b"/_mock/x"))
    assert reached.wait(PATIENCE)
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.socket.close()
    gate.set()
    path, _, ending = application.finished()
    assert (path, ending in {"left", "complete"}) == ("/_mock/x", True)  # it may be written before the reset is seen


def test_the_end_is_reported_once_and_in_the_loops_thread(client, application):
    threads = queue.Queue()

    def way(environ, start_response):
        environ["mockserver.request"].on_finish = lambda sent, ending: threads.put(
            (threading.current_thread().name, sent, ending)
        )
        start_response("200 OK", [DATE])
        return [b"x"]

    application.ways["/_mock/x"] = way
    client.send(get(b"/_mock/x", b"Connection: close"))
    sent = client.rest()
    name, *received = threads.get(timeout=PATIENCE)
    assert name.startswith("mockserver http://127.0.0.1:")
    assert received == [len(sent), "complete"]
    assert threads.empty()


def test_an_error_at_the_end_is_logged_and_breaks_nothing(client, application, caplog):
    def way(environ, start_response):
        environ["mockserver.request"].on_finish = lambda sent, ending: 1 / 0
        start_response("200 OK", [DATE])
        return [b"x"]

    application.ways["/"] = way
    client.asks(get(b"/") + get(b"/x"), ok(b"x") + ok(b"/x"))
    assert "ZeroDivisionError" in caplog.text


# -------------------------------------------------------------------------------------------------------------------- TLS


@pytest.fixture(scope="module")
def contexts(tmp_path_factory):
    openssl = shutil.which("openssl")
    assert openssl is not None, "openssl makes the certificate; contract_tests/clients/install-programs installs it"
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    subprocess.run(
        [openssl, *make.split(), "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(certificate, key)
    return ours, ssl.create_default_context(cafile=certificate)


@pytest.fixture
def limits():
    return Limits(body=1 << 16)


@pytest.fixture
def secure(application, loop, contexts, opened, talking, limits):
    listener = Listener(application, ssl_context=contexts[0])
    mock = opened.enter_context(Server(listeners=[listener], limits=limits))
    assert mock.url.startswith("https://127.0.0.1:")
    raw = socket.create_connection(("127.0.0.1", int(mock.url.rpartition(":")[2])), timeout=PATIENCE)
    return talking(opened.enter_context(contexts[1].wrap_socket(raw, server_hostname="localhost")))


def test_tls_says_https(secure, application):
    secure.asks(get(b"/") + get(b"/x"), ok(b"/") + ok(b"/x"))
    assert application.last["wsgi.url_scheme"] == "https"


def test_tls_ends_in_a_reset_without_a_good_bye(secure, application):
    application.timings["/"] = ResponseTiming(ending=Ending.RESET)
    with socket.socket(fileno=os.dup(secure.socket.fileno())) as below:  # OpenSSL calls a reset an unexpected end
        below.settimeout(PATIENCE)
        secure.asks(get(b"/"), ok(b"/"))
        with pytest.raises(ConnectionResetError):
            below.recv(1)
    assert application.finished() == ("/", len(ok(b"/")), "reset")


def test_tls_rejects_and_closes(secure):
    secure.send(b"\x00" + b"x" * 100)
    assert secure.rest().startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_a_tls_connection_ends_without_the_clients_close_notify(secure):
    secure.send(get(b"/", b"Connection: close"))
    assert secure.rest() == ok(b"/", connection=b"close")
    below = socket.socket(fileno=secure.socket.detach())
    with below:
        below.settimeout(PATIENCE)
        assert below.recv(1) == b""


def test_tls_ends_behind_all_that_a_slow_client_has_yet_to_read(secure, application):
    body = b"x" * (8 << 20)
    application.responses("/", DATE, body=body)
    secure.send(get(b"/", b"Connection: close"))
    assert secure.rest() == ok(body, connection=b"close")
    assert application.finished() == ("/", len(ok(body, connection=b"close")), "complete")


@pytest.mark.parametrize("limits", [Limits(body=1 << 16, linger=FOR_EVER)])
def test_over_tls_a_client_that_is_still_sending_gets_its_response(secure, application):
    """More than the buffers between them hold: a client that got a reset here would never read the response."""
    size = 32 << 20
    secure.send(get(b"/", b"Content-Length: %d" % size).replace(b"GET", b"POST", 1))
    for _ in range(size >> 16):
        secure.send(b"x" * (1 << 16))
    secure.hears(ok(b"/", connection=b"close"))
