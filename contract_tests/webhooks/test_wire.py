"""The webhook sender: the requests it sends, its timeouts, and that no receiver can break it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import re
import shutil
import socket
import ssl
import struct
import subprocess
import threading

import pytest

from contract_tests.webhooks.calling import OK, PATIENCE, answering, get, moved, outcome_of, wait_for_the_end
from mockserver.engine.deliveries import Outcome, OutgoingRequest
from mockserver.webhooks import open_connection


class Stopwatch:
    """A clock that stands still until a test sets it, and event loops on it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.SelectorEventLoop()
        loop.time = lambda: self.seconds
        return loop


# -- on the wire -----------------------------------------------------------------------------------------------------


def test_a_get_is_sent_without_headers_of_a_body(webhook_sender, receiver):
    there = receiver(answering(OK))
    assert get(webhook_sender, f"{there.url}/hook?x=1") == Outcome(200, (("Content-Length", "2"),), b"OK")
    host = f"127.0.0.1:{there.port}"
    assert there.request == [
        f"GET /hook?x=1 HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: identity\r\nUser-Agent: mockserver\r\n\r\n".encode()
    ]


def test_a_body_is_sent_byte_for_byte_with_the_headers_that_it_was_given(webhook_sender, receiver):
    there = receiver(answering(OK))
    headers = (("Content-Type", "text/x"), ("X-Same", "1"), ("X-Same", "2"), ("user-agent", "theirs"))
    outcome_of(webhook_sender, OutgoingRequest("POST", there.url, headers, b"\0\r\n\xff body"))
    assert there.request == [
        f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{there.port}\r\nAccept-Encoding: identity\r\nContent-Length: 9\r\n".encode()
        + b"Content-Type: text/x\r\nX-Same: 1\r\nX-Same: 2\r\nuser-agent: theirs\r\n\r\n\0\r\n\xff body"
    ]


def test_a_post_without_a_body_has_content_length_0(webhook_sender, receiver):
    there = receiver(answering(OK))
    outcome_of(webhook_sender, OutgoingRequest("POST", there.url))
    assert b"\r\nContent-Length: 0\r\n" in there.request[0]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("", "/"),
        ("?x", "/?x"),
        ("/%c5%82%3a%7e%41", "/%c5%82%3a%7e%41"),  # requests would write %C5%82%3A~A
        ("/a//b/./../c", "/a//b/./../c"),
        ("/50%?100%zz", "/50%?100%zz"),  # not percent-encoding, and sent as it is
        ("/'()*!|{}[]^`\"<>\\", "/'()*!|{}[]^`\"<>\\"),
        ("/?a=+&&b=;,@:$?/", "/?a=+&&b=;,@:$?/"),
        ("/?", "/?"),
        ("/p?a#fragment", "/p?a"),
        ("/zażółć gęś?ł=\U0001f600", "/za%C5%BC%C3%B3%C5%82%C4%87%20g%C4%99%C5%9B?%C5%82=%F0%9F%98%80"),
        ("/a\r\nX: y\t\x7f", "/a%0D%0AX:%20y%09%7F"),
    ],
)
def test_a_url_is_sent_as_it_is_except_for_what_a_request_line_cannot_carry(webhook_sender, receiver, given, sent):
    there = receiver(answering(OK))
    assert get(webhook_sender, there.url + given).status == 200
    assert there.request[0].partition(b" HTTP/1.1\r\n")[0].decode() == f"GET {sent}"


def test_credentials_in_a_url_are_sent_as_basic_authentication(webhook_sender, receiver):
    there = receiver(answering(OK))
    get(webhook_sender, there.url.replace("//", "//us%40er:p%3Aw@"))
    assert b"\r\nAuthorization: Basic dXNAZXI6cDp3\r\n" in there.request[0]


def test_an_authorization_of_its_own_is_left_alone(webhook_sender, receiver):
    there = receiver(answering(OK))
    outcome_of(
        webhook_sender, OutgoingRequest("GET", there.url.replace("//", "//u:p@"), (("authorization", "Bearer x"),))
    )
    assert re.findall(rb"(?i)authorization: (.*)\r\n", there.request[0]) == [b"Bearer x"]


def test_no_proxy_and_no_password_is_taken_from_the_environment(
    webhook_sender, receiver, unknown, monkeypatch, tmp_path
):
    (tmp_path / "netrc").write_text("default login somebody password secret")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, unknown)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    there = receiver(answering(OK))
    assert get(webhook_sender, there.url).status == 200
    assert b"uthorization" not in there.request[0]


def test_cookies_are_not_kept(webhook_sender, receiver):
    there = receiver(answering(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n"))
    assert get(webhook_sender, there.url).headers == (("Set-Cookie", "a=b; Path=/"), ("Content-Length", "0"))
    get(webhook_sender, there.url)
    assert b"ookie" not in there.request[1]


def test_a_compressed_response_is_kept_as_it_came(webhook_sender, receiver):
    there = receiver(answering(OK.replace(b"OK\r\n", b"OK\r\nContent-Encoding: gzip\r\n", 1)))
    assert get(webhook_sender, there.url).body == b"OK"


def test_a_webhook_is_sent_over_ipv6(webhook_sender, receiver):
    try:
        there = receiver(answering(OK), "::1")
    except OSError as reason:
        if reason.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            raise
        pytest.skip(f"IPv6 is switched off here: its loopback, ::1, cannot be listened at ({reason.strerror})")
    assert get(webhook_sender, there.url).status == 200
    assert f"\r\nHost: [::1]:{there.port}\r\n".encode() in there.request[0]


# -- connections -----------------------------------------------------------------------------------------------------


def test_a_connection_is_used_again(webhook_sender, receiver):
    there = receiver(answering(OK))
    assert [get(webhook_sender, there.url).status for _ in range(5)] == [200] * 5
    assert len(there.connections) == 1


def test_a_connection_is_not_used_again_when_it_has_been_idle(hired, receiver):
    stopwatch = Stopwatch()
    webhook_sender = hired(new_event_loop=stopwatch.new_event_loop)
    there = receiver(answering(OK))
    get(webhook_sender, there.url)
    stopwatch.seconds += 1
    assert get(webhook_sender, there.url).status == 200
    assert len(there.connections) == 2


def test_a_connection_that_the_receiver_has_closed_is_not_used_again(webhook_sender, receiver):
    def once(there, connection) -> None:
        there.read(connection)
        connection.sendall(OK)

    there = receiver(once)
    for _ in range(3):
        get(webhook_sender, there.url)
        there.ended.get(timeout=PATIENCE)
    assert len(there.request) == 3


def test_a_receiver_that_serves_one_connection_at_a_time_is_not_kept_waiting_by_the_one_we_keep(hired, receiver):
    webhook_sender = hired()
    one_at_a_time = threading.Lock()

    def script(there, connection) -> None:
        with one_at_a_time:
            answering(OK)(there, connection)

    there = receiver(script)
    assert [get(webhook_sender, there.url).status for _ in range(20)] == [200] * 20


@pytest.mark.parametrize(
    "more", [b"HTTP/1.1 500 Late\r\nContent-Length: 0\r\n\r\n", b"\r\n", b"x"], ids=["response", "line", "byte"]
)
def test_a_connection_with_unread_bytes_is_not_used_again(webhook_sender, receiver, more):
    there = receiver(answering(OK + more, OK))
    assert [get(webhook_sender, there.url).status for _ in range(2)] == [200, 200]
    assert len(there.connections) == 2


# -- interim responses -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [100, 102, 103, 199])
@pytest.mark.parametrize("times", [1, 3])
def test_an_interim_response_is_not_the_response(webhook_sender, receiver, status, times):
    interim = b"HTTP/1.1 %d Wait\r\nLink: </x>; rel=preload\r\n\r\n" % status
    there = receiver(answering(interim * times + OK.replace(b"200 OK", b"503 Busy"), OK))
    outcomes = [outcome_of(webhook_sender, OutgoingRequest("POST", there.url, (), b"x")) for _ in range(2)]
    assert outcomes == [
        Outcome(503, (("Content-Length", "2"),), b"OK"),
        Outcome(200, (("Content-Length", "2"),), b"OK"),
    ]
    assert len(there.connections) == 1


def test_a_final_response_that_comes_later_than_the_interim_one_is_the_response(webhook_sender, receiver):
    def script(there, connection) -> None:
        there.read(connection)
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        connection.settimeout(0.01)
        with contextlib.suppress(TimeoutError):
            connection.recv(1)
        connection.sendall(OK.replace(b"200", b"201"))

    assert get(webhook_sender, receiver(script).url).status == 201


def test_a_connection_is_not_used_again_after_it_switched_protocols(webhook_sender, receiver):
    there = receiver(answering(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", OK))
    assert [get(webhook_sender, there.url).status for _ in range(2)] == [101, 200]
    assert len(there.connections) == 2


# -- redirects -------------------------------------------------------------------------------------------------------


def test_a_redirect_that_is_not_followed_is_the_response(webhook_sender, receiver):
    there = receiver(answering(moved(302, "/other"), OK))
    assert get(webhook_sender, there.url).status == 302
    assert len(there.request) == 1


def test_redirects_are_followed_up_to_the_configured_number(hired, receiver):
    there = receiver(answering(moved(302, "/1"), moved(302, "2?x=%3a"), moved(302, "/3"), OK))
    webhook_sender = hired(max_redirects=2)
    assert dict(get(webhook_sender, f"{there.url}/a/b?c").headers)["Location"] == "/3"
    assert [re.findall(rb"GET (\S*)", request) for request in there.request] == [[b"/a/b?c"], [b"/1"], [b"/2?x=%3a"]]


@pytest.mark.parametrize(
    ("status", "method", "body"),
    [(301, b"GET", b""), (302, b"GET", b""), (303, b"GET", b""), (307, b"POST", b"x"), (308, b"POST", b"x")],
)
def test_a_redirected_post_becomes_what_browsers_send(hired, receiver, status, method, body):
    there = receiver(answering(moved(status, "/zażółć"), OK))
    assert (
        outcome_of(hired(max_redirects=1), OutgoingRequest("POST", there.url, (("Content-Type", "a/b"),), b"x")).status
        == 200
    )
    assert there.request[1].startswith(method + b" /za%C5%BC%C3%B3%C5%82%C4%87 ")
    assert there.request[1].endswith(b"\r\n\r\n" + body)
    assert (b"ontent-" in there.request[1]) is bool(body)


def test_secrets_are_not_sent_to_another_origin(hired, receiver):
    elsewhere = receiver(answering(OK))
    there = receiver(answering(moved(302, "/same"), moved(302, elsewhere.url)))
    secrets = (("Authorization", "Bearer x"), ("Cookie", "a=b"), ("Host", "named"), ("X-Other", "y"))
    assert outcome_of(hired(max_redirects=2), OutgoingRequest("GET", there.url, secrets)).status == 200
    assert b"Bearer x" in there.request[1]
    assert not re.search(rb"Bearer|Cookie|named", elsewhere.request[0])
    assert b"X-Other: y" in elsewhere.request[0]


@pytest.mark.parametrize(
    ("location", "error"),
    [
        ("http://169.254.169.254/latest?x", "http://169.254.169.254/latest is not called: 169.254.169.254 is the metadata service of a cloud, and these are never called"),
        ("file:///etc/passwd", "'file:///etc/passwd' is not the URL of an http or https server"),
        ("http://[", "'http://[' is not the URL of an http or https server"),
    ],
)  # fmt: skip
def test_a_redirect_to_a_forbidden_target_is_an_error(hired, receiver, location, error):
    there = receiver(answering(moved(302, location)))
    assert get(hired(max_redirects=5), there.url) == Outcome(error=error)


# -- time ------------------------------------------------------------------------------------------------------------


def dripping(beginning: bytes, drop: bytes):
    """Send a response in small pieces, with short pauses."""

    def script(there, connection) -> None:
        there.read(connection)
        connection.sendall(beginning)
        connection.settimeout(0.01)
        while True:
            connection.sendall(drop)
            with contextlib.suppress(TimeoutError):
                if not connection.recv(1):
                    return

    return script


@pytest.mark.parametrize(
    "script",
    [
        lambda there, connection: wait_for_the_end(connection),
        dripping(b"HTTP/1.1 ", b"2"),
        dripping(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        dripping(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
        dripping(b"HTTP/1.1 102 Processing\r\n\r\n", b"HTTP/1.1 102 Processing\r\n\r\n"),
        dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x"),
        dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
    ids=["silence", "status", "headers", "continue", "processing", "body", "length", "chunks"],
)
def test_a_response_that_is_not_complete_in_time_counts_as_none(hired, receiver, script):
    there = receiver(script)
    assert get(hired(timeout=0.1), f"{there.url}/a?b") == Outcome(
        error=f"no complete response from {there.url}/a within 0.1 s"
    )


def test_the_timeout_covers_all_redirects_together(hired, receiver):
    stopwatch = Stopwatch()

    def slowly(there, connection) -> None:
        while there.read(connection):
            stopwatch.seconds += 0.4
            connection.sendall(moved(302, "/again"))

    there = receiver(slowly)
    assert get(hired(timeout=1, max_redirects=50, new_event_loop=stopwatch.new_event_loop), there.url) == Outcome(
        error=f"no complete response from {there.url}/again within 1 s"
    )
    assert len(there.request) == 3


def test_opening_a_connection_takes_no_longer_than_its_timeout(hired):
    waited = []

    async def connect(address, port, seconds) -> socket.socket:
        waited.append(seconds)
        raise TimeoutError

    webhook_sender = hired(connect=connect, resolve=lambda *_: ["10.0.0.1", "10.0.0.2"], connect_timeout=3)
    assert get(webhook_sender, "http://slow.example/a?b") == Outcome(
        error="no connection to http://slow.example/a within 3 s"
    )
    assert waited == [1.5, 1.5]


def test_tls_that_never_begins_is_given_up(hired, receiver):
    there = receiver(lambda there, connection: wait_for_the_end(connection))
    webhook_sender = hired(connect_timeout=0.1)
    url = there.url.replace("http:", "https:")
    assert get(webhook_sender, url) == Outcome(error=f"no connection to {url}/ within 0.1 s")


# -- what is kept of a response --------------------------------------------------------------------------------------


def test_only_the_beginning_of_an_endless_response_is_read_and_kept(hired, receiver):
    left = threading.Event()

    def endless(there, connection) -> None:
        there.read(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                connection.sendall(b"x" * 65536)
        except OSError:
            left.set()

    there = receiver(endless)
    assert get(hired(body_bytes=100_000), there.url) == Outcome(200, (), b"x" * 100_000)
    assert left.wait(PATIENCE)


@pytest.mark.parametrize("length", [9, 10, 11])
def test_the_limit_of_body_bytes_is_exact_and_the_next_response_is_whole(hired, receiver, length):
    body = b"0123456789a"[:length]
    there = receiver(answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (length, body)))
    webhook_sender = hired(body_bytes=10)
    assert [get(webhook_sender, there.url).body for _ in range(3)] == [body[:10]] * 3


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("chunks", "body"),
    [
        (b"1\r\na\r\n2;x=y\r\nbc\r\n0\r\n\r\n", b"abc"),
        (b"A\n0123456789\r\n0\r\nTrailer: x\r\n\r\n", b"0123456789"),
        (b"0\r\n" + b"T: x\r\n" * 99 + b"\r\n", b""),
    ],
)
def test_a_body_in_chunks_is_read_and_its_connection_used_again(webhook_sender, receiver, chunks, body):
    there = receiver(answering(CHUNKED + chunks))
    assert [get(webhook_sender, there.url).body for _ in range(2)] == [body] * 2
    assert len(there.connections) == 1


@pytest.mark.parametrize(
    ("chunks", "body"),
    [
        (b"1\r\nx\r\n" * 5000 + b"0\r\n\r\n", b"x" * 4096),
        (b"1\r\nx\r\n0\r\n" + b"T: x\r\n" * 100 + b"\r\n", b"x"),
        (b"10000\r\n" + b"x" * 65536 + b"\r\n0\r\n\r\n", b"x" * 65536),
    ],
    ids=["chunks", "trailers", "bytes"],
)
def test_of_a_body_in_too_many_pieces_only_the_beginning_is_read(webhook_sender, receiver, chunks, body):
    there = receiver(answering(CHUNKED + chunks, OK))
    assert [get(webhook_sender, there.url).body for _ in range(2)] == [body, b"OK"]
    assert len(there.connections) == 2


def test_a_header_that_continues_on_the_next_line_is_one_and_what_follows_no_header_is_none(webhook_sender, receiver):
    there = receiver(answering(b"HTTP/1.1 204 No\r\na: 1\r\n\t2 \r\nb:  3\nno header\r\nc: 4\r\n\r\n"))
    assert get(webhook_sender, there.url).headers == (("a", "1 2"), ("b", "3"))


@pytest.mark.parametrize(
    ("head", "connections"),
    [
        (b"HTTP/1.0 200 OK", 2),
        (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive", 1),
        (b"HTTP/1.1 200 OK\r\nConnection: close", 2),
        (b"HTTP/1.1 200", 1),
    ],
)
def test_a_connection_is_used_again_as_version_and_headers_say(webhook_sender, receiver, head, connections):
    there = receiver(answering(head + b"\r\nContent-Length: 2\r\n\r\nOK"))
    assert [get(webhook_sender, there.url).body for _ in range(2)] == [b"OK"] * 2
    assert len(there.connections) == connections


def test_a_response_to_head_has_no_body(webhook_sender, receiver):
    there = receiver(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"))
    outcomes = [outcome_of(webhook_sender, OutgoingRequest("HEAD", there.url)) for _ in range(2)]
    assert outcomes == [Outcome(200, (("Content-Length", "9"),), b"")] * 2
    assert len(there.connections) == 1


def test_the_headers_of_a_response_are_kept_in_order_with_duplicates(webhook_sender, receiver):
    there = receiver(answering(b"HTTP/1.1 204 No\r\nb: 1\r\na: 2\r\n\r\n"))
    assert get(webhook_sender, there.url) == Outcome(204, (("b", "1"), ("a", "2")))


# -- what goes wrong -------------------------------------------------------------------------------------------------


def resetting(beginning: bytes):
    def script(there, connection) -> None:
        there.read(connection)
        connection.sendall(beginning)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return script


GOES_WRONG = {
    "{} closed the connection without a response": lambda there, connection: there.read(connection) and None,
    "{} did not respond in HTTP: BadStatusLine 'SSH-2.0-OpenSSH_9.6\\r\\n'": answering(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "{} did not respond in HTTP: HTTPException 'got more than 100 headers'": answering(
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 101 + b"\r\n"
    ),
    "{} did not respond in HTTP: HTTPException 'got more than 262144 bytes of headers'": answering(
        b"HTTP/1.1 200 OK\r\n" + (b"X: " + b"y" * 65000 + b"\r\n") * 5 + b"\r\n"
    ),
    "{} did not respond in HTTP: HTTPException 'got more than 100 interim responses'": answering(
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 101 + OK
    ),
    "{} did not respond in HTTP: UnknownProtocol 'HTTP/2'": answering(b"HTTP/2 200\r\n\r\n"),
    "{} did not respond in HTTP: LineTooLong 'got more than 65536 bytes when reading header line'": answering(
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 65536 + b"\r\n\r\n"
    ),
}


@pytest.mark.parametrize("error", GOES_WRONG, ids=["left", "ssh", "many", "large", "interim", "version", "long"])
def test_each_way_of_giving_no_response_has_its_sentence(webhook_sender, receiver, error):
    there = receiver(GOES_WRONG[error])
    outcome = get(webhook_sender, f"{there.url.replace('//', '//user:secret@')}/a?token=secret")
    assert outcome == Outcome(error=error.format(f"{there.url}/a"))


@pytest.mark.parametrize(
    "beginning",
    [b"", b"HTTP/1.1 20", b"HTTP/1.1 200 OK\r\n\r\nO", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nO"],
)
def test_a_reset_in_the_middle_is_reported(webhook_sender, receiver, beginning):
    there = receiver(resetting(beginning))
    assert get(webhook_sender, f"{there.url}/a?b") == Outcome(
        error=f"{there.url}/a reset the connection before its response was complete"
    )


@pytest.mark.parametrize(
    "framed",
    [
        b"Content-Length: 9\r\n\r\nOK",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_an_answer_that_breaks_off_is_none(webhook_sender, receiver, framed):
    there = receiver(answering(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + framed))
    assert get(webhook_sender, there.url) == Outcome(
        error=f"{there.url}/ closed the connection before its response was complete"
    )


def test_an_answer_given_before_the_request_was_read_is_heard(webhook_sender, receiver):
    there = receiver(lambda there, connection: connection.sendall(OK) or there.read(connection))
    assert outcome_of(webhook_sender, OutgoingRequest("POST", there.url, (), b"x")).body == b"OK"


def test_a_refused_connection_is_reported(webhook_sender, unknown):
    assert get(webhook_sender, unknown.replace("//", "//user:secret@") + "/a?b") == Outcome(
        error=f"the connection to {unknown}/a was refused"
    )


def test_a_connection_to_itself_counts_as_refused():
    """The kernel may choose as the client's port the one on which nothing listens."""
    both_ends = socket.socket()
    both_ends.bind(("127.0.0.1", 0))
    with pytest.raises(ConnectionRefusedError):
        asyncio.run(open_connection(*both_ends.getsockname(), 1, create_socket=lambda family, kind: both_ends))


def test_a_network_that_cannot_be_reached_is_reported(hired):
    async def connect(*_) -> socket.socket:
        raise OSError(101, "Network is unreachable")

    assert get(hired(connect=connect), "http://10.0.0.1/a?b") == Outcome(
        error="no connection to http://10.0.0.1/a: Network is unreachable"
    )


@pytest.mark.parametrize("response", [OSError("no such name"), []])
def test_a_name_that_does_not_resolve_is_reported(hired, response):
    def resolve(*_) -> list[str]:
        if isinstance(response, Exception):
            raise response
        return response

    assert get(hired(resolve=resolve), "https://nowhere.example/a?b") == Outcome(
        error="the name nowhere.example of https://nowhere.example/a cannot be resolved"
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("", "''"),
        ("ftp://user:secret@here/a?b", "'ftp://here/a'"),
        ("user:secret@here?b", "'here'"),
        ("//here/a", "'//here/a'"),
        ("http:///a", "'http:///a'"),
        ("http://a b/", "'http://a b/'"),
        ("http://a:b/", "'http://a:b/'"),
        ("http://[::1/", "'http://[::1/'"),
        ("http://a\r\nX: y/", "'http://a\\r\\nX: y/'"),
    ],
)
def test_a_text_that_is_no_url_of_a_server_is_reported(webhook_sender, url, shown):
    assert get(webhook_sender, url) == Outcome(error=f"{shown} is not the URL of an http or https server")


@pytest.mark.timeout(20)  # a search for credentials in the first, and the codec of the second, took minutes
@pytest.mark.parametrize(
    ("url", "reported"),
    [
        ("http://user:pass@" + "<" * 300_000, "'http://" + "<" * 193 + "' is not the URL of an http or https server"),
        (f"http://{'ł' * 300_000}/", f"{'ł' * 300_000!r} is not the name of a server"),
    ],
    ids=["no URL", "no name"],
)
def test_a_long_text_that_is_no_url_is_reported_in_linear_time_without_credentials(webhook_sender, url, reported):
    assert get(webhook_sender, url) == Outcome(error=reported)


def test_a_port_out_of_range_is_reported(webhook_sender):
    assert get(webhook_sender, "http://here:65536/").error == "here:65536 is no port of a server"
    assert get(webhook_sender, "http://here:0/").error == "here:0 is no port of a server"


def test_a_host_name_is_resolved_in_ascii(hired, receiver):
    there = receiver(answering(OK))
    request = []

    def resolve(name, port) -> list[str]:
        request.append(name)
        return ["127.0.0.1"]

    assert get(hired(resolve=resolve), f"http://Łódź.example:{there.port}/").status == 200
    assert request == ["xn--d-uga0v4h.example"]
    assert get(hired(resolve=resolve), f"http://{'ł' * 70}/").error == f"{'ł' * 70!r} is not the name of a server"


@pytest.mark.parametrize(
    ("method", "headers"),
    [("GE T", ()), ("GET", (("X", "a\r\nY: b"),)), ("GET", (("X:", "a"),)), ("GET", (("X", "ł"),))],
)
def test_a_request_that_cannot_be_written_in_http_is_reported_and_not_sent(webhook_sender, receiver, method, headers):
    there = receiver(answering(OK))
    assert outcome_of(webhook_sender, OutgoingRequest(method, f"{there.url}/a?b", headers)) == Outcome(
        error=f"the request to {there.url}/a cannot be written: its method or a header is not HTTP"
    )
    assert get(webhook_sender, there.url).status == 200
    assert len(there.request) == 1


def test_nothing_is_written_to_the_log_of_a_response_with_a_bad_header(webhook_sender, receiver, caplog):
    caplog.set_level("DEBUG")
    there = receiver(answering(b"HTTP/1.1 200 OK\r\nConnection: close\r\nno header\r\n\r\n"))
    get(webhook_sender, f"{there.url.replace('//', '//user:secret@')}/a?secret")
    assert caplog.text == ""


def test_an_unknown_failure_is_an_outcome_too_and_is_logged(hired, caplog):
    async def connect(*_) -> socket.socket:
        raise RuntimeError("broken")

    assert get(hired(connect=connect), "http://10.0.0.1/a?b") == Outcome(
        error="the attempt at http://10.0.0.1/a failed: RuntimeError"
    )
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("ERROR", "An attempt at http://10.0.0.1/a failed for an unknown reason")
    ]


# -- TLS -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    openssl = shutil.which("openssl")
    assert openssl is not None, "openssl makes the certificate; contract_tests/clients/install-programs installs it"
    folder = tmp_path_factory.mktemp("tls")
    make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", folder / "key", "-out", folder / "certificate"]
    subprocess.run([openssl, *make.split(), *names], check=True, capture_output=True)
    return folder


@pytest.fixture
def secure(receiver, certificate):
    """A receiver over TLS that responds with the server name that the client asked for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "certificate", certificate / "key")
    names = []
    context.sni_callback = lambda _socket, name, _context: names.append(name)

    def script(there, connection) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            answering(OK)(there, wrapped)

    there = receiver(script)
    there.url = f"https://localhost:{there.port}"
    there.names = names
    return there


def test_tls_uses_the_name_of_the_receiver(hired, secure, certificate):
    webhook_sender = hired(ca=str(certificate / "certificate"))
    assert [get(webhook_sender, f"{secure.url}/a").body for _ in range(2)] == [b"OK", b"OK"]
    assert secure.names == ["localhost"]
    assert f"\r\nHost: localhost:{secure.port}\r\n".encode() in secure.request[0]


def test_the_name_of_the_receiver_is_in_tls_and_host_though_an_address_is_connected_to(hired, secure, certificate):
    webhook_sender = hired(resolve=lambda *_: ["127.0.0.1"], ca=str(certificate / "certificate"))
    url = f"https://other.example:{secure.port}/a"
    assert get(webhook_sender, f"{url}?b").error.startswith(f"TLS with {url} failed: Hostname mismatch")
    assert secure.names == ["other.example"]


def test_an_untrusted_certificate_is_reported(hired, secure):
    assert get(hired(), f"{secure.url}/a?b") == Outcome(
        error=f"TLS with {secure.url}/a failed: self-signed certificate"
    )


def test_tls_with_a_server_without_tls_is_reported(webhook_sender, receiver):
    there = receiver(lambda there, connection: connection.sendall(OK))
    url = there.url.replace("http:", "https:")
    assert get(webhook_sender, url) == Outcome(error=f"TLS with {url}/ failed: wrong version number")


def test_a_slow_response_over_tls_is_given_up(hired, secure, certificate, monkeypatch):
    monkeypatch.setattr(secure, "read", wait_for_the_end)
    webhook_sender = hired(
        timeout=2, ca=str(certificate / "certificate")
    )  # seconds in which a busy machine shakes hands
    assert get(webhook_sender, secure.url) == Outcome(error=f"no complete response from {secure.url}/ within 2 s")
