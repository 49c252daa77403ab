"""What is no whole and well-formed request is never executed: it is rejected in the form of the provider that it names."""

from __future__ import annotations

import pytest

from contract_tests.http.manual_loop import BufferTransport, ManualLoop, ManualPool
from mockserver.app import build_service
from mockserver.http.connection import Connection, Limits
from mockserver.settings import Settings

DIALOGTECH = "/ibp_api.php?access_key=access-key&secret_access_key=secret-key"
SEND = b"action=sms.send_message&access_key=foo&secret_access_key=bar&to=5556667777&from=5554332111&message=hello"


@pytest.fixture(params=[False, True], ids=["direct", "wsgi"])
def service(request, registry):
    return build_service(Settings(wsgi=request.param), registry=registry)


@pytest.fixture
def say(service):
    """Send bytes, in one piece or byte by byte, on a connection of their own; return what it sends."""

    def said(raw, size=1 << 20, **limits):
        loop, pool = ManualLoop(), ManualPool()
        connection = Connection(service, loop=loop, pool=pool, connections=set(), limits=Limits(**limits))
        connection.connection_made(BufferTransport())
        for start in range(0, len(raw), size):
            connection.data_received(raw[start : start + size])
        pool.work()
        loop.advance(0)
        connection.connection_lost(None)
        return connection.transport.out

    return said


NO_HOST = [
    "",
    "Host: [::1\r\n",
    "Host: a b\r\n",
    "Host: user@a\r\n",
    "Host: a,b\r\n",
    "Host: a/b\r\n",
    "Host: a:b\r\n",
    "Host: caf\xe9\r\n",
]
FORMS = {
    DIALOGTECH: b"<result>failed</result>",
    "/api/messages/program/555": b'"meta":',
    "/messages/reports.json": b'"error":',
    "/_mock/worlds": b'"code":"bad_request"',
    "/nowhere": b'"code":"bad_request"',
    "/": b'"code":"bad_request"',
}


@pytest.mark.parametrize("size", [1, 1 << 20])
@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("host", NO_HOST)
def test_http_1_1_without_a_host_is_rejected_in_the_form_of_whom_the_path_names(say, path, host, size):
    head, _, body = say(f"GET {path} HTTP/1.1\r\n{host}\r\n".encode("latin-1"), size).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert FORMS[path] in body


@pytest.mark.parametrize("path", FORMS)
def test_two_hosts_are_rejected(say, path):
    assert say(f"GET {path} HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n".encode()).startswith(
        b"HTTP/1.1 400 Bad Request\r\n"
    )


@pytest.mark.parametrize(
    "head",
    ["HTTP/1.0\r\n\r\n", "HTTP/1.1\r\nHost:\r\n\r\n", "HTTP/1.1\r\nHost: my_service:7670\r\n\r\n", "HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"],
)  # fmt: skip
def test_http_1_0_needs_no_host_and_names_that_are_usual_in_networks_of_containers_are_hosts(say, registry, head):
    out = say(f"GET /ibp_api.php?{SEND.decode()} {head}".encode())
    assert out.startswith(b"HTTP/1.1 200 OK\r\n")
    assert (b"<result>success" in out, sent(registry)) == (True, 1)


def test_a_url_as_the_target_needs_a_host_header_too_and_is_rejected_by_the_provider_that_it_names(say):
    out = say(b"GET http://secure.dialogtech.com/x HTTP/1.1\r\n\r\n")
    assert out.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"<result>failed</result>" in out


def sent(registry):
    return len(registry.default.state.message_store) - BEFORE[0]


BEFORE = [0]


@pytest.fixture(autouse=True)
def count(registry):
    BEFORE[0] = len(registry.default.state.message_store)


CHUNKED = b"POST /ibp_api.php HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNK = b"%x\r\n%s\r\n" % (len(SEND), SEND)


def test_a_message_in_chunks_is_sent_when_it_is_whole(say, registry):
    assert b"<result>success" in say(CHUNKED + CHUNK + b"0\r\n\r\n")
    assert sent(registry) == 1


@pytest.mark.parametrize("size", [1 << 12, 1 << 20])
@pytest.mark.parametrize(
    "rest",
    [
        CHUNK + b"3;" + b"x" * 70_000,
        CHUNK + b"0;" + b"x" * 70_000 + b"\r\n\r\n",
        CHUNK + b"0\r\nX:" + b"x" * 70_000 + b"\r\n\r\n",
        CHUNK + b"0\r\n" + (b"X: " + b"y" * 995 + b"\r\n") * 70 + b"\r\n",
        CHUNK.replace(b"\r\n", b";" + b"x" * 70_000 + b"\r\n", 1) + b"0\r\n\r\n",
    ],
    ids=["unfinished extension", "extension of the last chunk", "trailer", "trailers", "extension"],
)
def test_a_message_with_too_much_framing_is_not_sent_and_recorded_as_no_http(say, registry, rest, size):
    out = say(CHUNKED + rest, size)
    assert out.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"<result>failed</result>" in out
    assert b"Connection: close\r\n" in out
    assert sent(registry) == 0
    (exchange,) = registry.default.journal.since(0)
    assert exchange.outcome == "invalid_http"


@pytest.mark.parametrize(
    "whole",
    [
        CHUNKED + CHUNK + b"0\r\n\r\n",
        CHUNKED.replace(b"Transfer-Encoding: chunked", b"Content-Length: %d" % len(SEND)) + SEND,
    ],
)
def test_a_message_whose_client_stops_before_its_end_is_not_sent(say, registry, whole):
    for end in (len(whole) - 1, len(whole) - 3, len(whole) - len(SEND) // 2):
        assert say(whole[:end]) == b""
    assert sent(registry) == 0


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/ibp_api.php", "application/x-www-form-urlencoded"),
        ("/api/messages/program/555", "application/x-www-form-urlencoded"),
        ("/messages/send_sms.json", "application/json"),
        ("/messages/send_sms", "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_of_which_only_the_beginning_is_kept_changes_nothing(say, registry, path, content_type):
    body = SEND + b"&x=" + b"x" * 5000
    before = registry.default.feed.cursor
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: {content_type}\r\nContent-Length: 1000000\r\n\r\n"
    say(head.encode() + body, body=1000)
    assert (sent(registry), registry.default.feed.cursor - before) == (0, 1)  # the exchange
