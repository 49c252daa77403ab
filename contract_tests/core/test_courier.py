"""The courier: what it puts on the wire, whom it calls, how it waits, and that nothing a receiver does harms it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import os
import queue
import re
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import textwrap
import threading
from collections import defaultdict

import pytest

from mockserver.core.outbox import Outcome, Outgoing
from mockserver.web.courier import Courier, Manners, connected, resolved

PATIENCE = 20
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"


@pytest.fixture
def hired():
    """Make couriers that end with the test."""
    with contextlib.ExitStack() as ending:

        def hire(*, resolve=None, connect=None, stopwatch=None, **manners) -> Courier:
            courier = Courier(Manners(**manners), resolve=resolve, connect=connect, stopwatch=stopwatch)
            ending.callback(courier.close)
            return courier

        yield hire


@pytest.fixture
def courier(hired) -> Courier:
    return hired()


@pytest.fixture
def receiver():
    """Listen on the loopback; every connection is handed to a script, in a thread of its own."""
    with contextlib.ExitStack() as ending:

        def listen(script, host="127.0.0.1") -> Receiver:
            made = Receiver(script, host)
            ending.callback(made.close)
            return made

        yield listen


class Receiver:
    def __init__(self, script, host) -> None:
        self.script = script
        self.listening = socket.create_server(
            (host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=100
        )
        self.port = self.listening.getsockname()[1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        self.asked: list[bytes] = []
        self.connections: list[socket.socket] = []
        self.ended: queue.SimpleQueue[socket.socket] = queue.SimpleQueue()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listening.accept()
                connection.settimeout(PATIENCE)
                self.connections.append(connection)
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection) -> None:
        with contextlib.suppress(OSError), connection:
            self.script(self, connection)
        self.ended.put(connection)

    def read(self, connection) -> bytes:
        """A whole request; nothing when the client has left."""
        got = b""
        while not (found := re.match(rb"(?s)(.*?\r\n\r\n)", got)):
            if not (piece := connection.recv(65536)):
                return b""
            got += piece
        length = re.search(rb"(?i)content-length: ([0-9]+)", found[1])
        while len(got) < len(found[1]) + int(length[1] if length else 0):
            got += connection.recv(65536)
        self.asked.append(got)
        return got

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def answering(*answers: bytes):
    """Give one answer after the other, and the last to all that follow; a closing one ends its connection."""
    left = list(answers)
    turn = threading.Lock()

    def script(receiver, connection) -> None:
        while receiver.read(connection):
            with turn:
                answer = left.pop(0) if len(left) > 1 else left[0]
            connection.sendall(answer)
            if b"Connection: close" in answer:
                return

    return script


def moved(status, location) -> bytes:
    return f"HTTP/1.1 {status} Moved\r\nContent-Length: 0\r\nLocation: {location}\r\n\r\n".encode()


def outcome_of(courier, outgoing, lane="lane") -> Outcome:
    outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
    courier.send(lane, outgoing, outcomes.put)
    return outcomes.get(timeout=PATIENCE)


def get(courier, url) -> Outcome:
    return outcome_of(courier, Outgoing("GET", url))


class Stopwatch:
    def __init__(self) -> None:
        self.microseconds = 0

    def __call__(self) -> int:
        return self.microseconds


# -- on the wire -----------------------------------------------------------------------------------------------------


def test_a_get_is_sent_without_headers_of_a_body(courier, receiver):
    there = receiver(answering(OK))
    assert get(courier, f"{there.url}/hook?x=1") == Outcome(200, (("Content-Length", "2"),), b"OK")
    host = f"127.0.0.1:{there.port}"
    assert there.asked == [
        f"GET /hook?x=1 HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: identity\r\nUser-Agent: mockserver\r\n\r\n".encode()
    ]


def test_a_body_is_sent_byte_for_byte_with_the_headers_that_it_was_given(courier, receiver):
    there = receiver(answering(OK))
    headers = (("Content-Type", "text/x"), ("X-Same", "1"), ("X-Same", "2"), ("user-agent", "theirs"))
    outcome_of(courier, Outgoing("POST", there.url, headers, b"\0\r\n\xff body"))
    assert there.asked == [
        f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{there.port}\r\nAccept-Encoding: identity\r\nContent-Length: 9\r\n".encode()
        + b"Content-Type: text/x\r\nX-Same: 1\r\nX-Same: 2\r\nuser-agent: theirs\r\n\r\n\0\r\n\xff body"
    ]


def test_a_post_of_nothing_says_so(courier, receiver):
    there = receiver(answering(OK))
    outcome_of(courier, Outgoing("POST", there.url))
    assert b"\r\nContent-Length: 0\r\n" in there.asked[0]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("", "/"),
        ("?x", "/?x"),
        ("/%c5%82%3a%7e%41", "/%c5%82%3a%7e%41"),  # requests would write %C5%82%3A~A
        ("/a//b/./../c", "/a//b/./../c"),
        ("/50%?100%zz", "/50%?100%zz"),  # not percent-encoding at all, and not ours to mend
        ("/'()*!|{}[]^`\"<>\\", "/'()*!|{}[]^`\"<>\\"),
        ("/?a=+&&b=;,@:$?/", "/?a=+&&b=;,@:$?/"),
        ("/?", "/?"),
        ("/p?a#fragment", "/p?a"),
        ("/zażółć gęś?ł=\U0001f600", "/za%C5%BC%C3%B3%C5%82%C4%87%20g%C4%99%C5%9B?%C5%82=%F0%9F%98%80"),
        ("/a\r\nX: y\t\x7f", "/a%0D%0AX:%20y%09%7F"),
    ],
)
def test_a_url_is_sent_as_it_is_but_for_what_no_request_line_can_carry(courier, receiver, given, sent):
    there = receiver(answering(OK))
    assert get(courier, there.url + given).status == 200
    assert there.asked[0].partition(b" HTTP/1.1\r\n")[0].decode() == f"GET {sent}"


def test_credentials_in_a_url_are_sent_as_basic_authentication(courier, receiver):
    there = receiver(answering(OK))
    get(courier, there.url.replace("//", "//us%40er:p%3Aw@"))
    assert b"\r\nAuthorization: Basic dXNAZXI6cDp3\r\n" in there.asked[0]


def test_an_authorization_of_its_own_is_left_alone(courier, receiver):
    there = receiver(answering(OK))
    outcome_of(courier, Outgoing("GET", there.url.replace("//", "//u:p@"), (("authorization", "Bearer x"),)))
    assert re.findall(rb"(?i)authorization: (.*)\r\n", there.asked[0]) == [b"Bearer x"]


def test_no_proxy_and_no_password_is_taken_from_the_environment(courier, receiver, nobody, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("default login somebody password secret")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, nobody)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    there = receiver(answering(OK))
    assert get(courier, there.url).status == 200
    assert b"uthorization" not in there.asked[0]


def test_cookies_are_not_kept(courier, receiver):
    there = receiver(answering(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n"))
    assert get(courier, there.url).headers == (("Set-Cookie", "a=b; Path=/"), ("Content-Length", "0"))
    get(courier, there.url)
    assert b"ookie" not in there.asked[1]


def test_what_a_compressed_answer_says_is_kept_as_it_came(courier, receiver):
    there = receiver(answering(OK.replace(b"OK\r\n", b"OK\r\nContent-Encoding: gzip\r\n", 1)))
    assert get(courier, there.url).body == b"OK"


def test_version_6_of_the_internet_protocol_is_spoken(courier, receiver):
    try:
        there = receiver(answering(OK), "::1")
    except OSError as reason:
        if reason.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            raise
        pytest.skip(f"IPv6 is switched off here: its loopback, ::1, cannot be listened at ({reason.strerror})")
    assert get(courier, there.url).status == 200
    assert f"\r\nHost: [::1]:{there.port}\r\n".encode() in there.asked[0]


# -- connections -----------------------------------------------------------------------------------------------------


def test_a_connection_is_used_again(courier, receiver):
    there = receiver(answering(OK))
    assert [get(courier, there.url).status for _ in range(5)] == [200] * 5
    assert len(there.connections) == 1


def test_a_connection_is_not_used_again_when_it_has_been_idle(hired, receiver):
    stopwatch = Stopwatch()
    courier = hired(stopwatch=stopwatch)
    there = receiver(answering(OK))
    get(courier, there.url)
    stopwatch.microseconds += 1_000_000
    assert get(courier, there.url).status == 200
    assert len(there.connections) == 2


def test_a_connection_that_the_receiver_has_closed_is_not_used_again(courier, receiver):
    def once(there, connection) -> None:
        there.read(connection)
        connection.sendall(OK)

    there = receiver(once)
    for _ in range(3):
        get(courier, there.url)
        there.ended.get(timeout=PATIENCE)
    assert len(there.asked) == 3


def test_a_receiver_that_serves_one_connection_at_a_time_is_not_kept_waiting_by_the_one_we_keep(hired, receiver):
    courier = hired(parallel=4)
    one_at_a_time = threading.Lock()

    def script(there, connection) -> None:
        with one_at_a_time:
            answering(OK)(there, connection)

    there = receiver(script)
    assert [get(courier, there.url).status for _ in range(20)] == [200] * 20


# -- redirects -------------------------------------------------------------------------------------------------------


def test_a_redirect_is_an_answer_like_any_other(courier, receiver):
    there = receiver(answering(moved(302, "/other"), OK))
    assert get(courier, there.url).status == 302
    assert len(there.asked) == 1


def test_redirects_are_followed_as_often_as_was_said(hired, receiver):
    there = receiver(answering(moved(302, "/1"), moved(302, "2?x=%3a"), moved(302, "/3"), OK))
    courier = hired(redirects=2)
    assert dict(get(courier, f"{there.url}/a/b?c").headers)["Location"] == "/3"
    assert [re.findall(rb"GET (\S*)", asked) for asked in there.asked] == [[b"/a/b?c"], [b"/1"], [b"/2?x=%3a"]]


@pytest.mark.parametrize(
    ("status", "method", "body"),
    [(301, b"GET", b""), (302, b"GET", b""), (303, b"GET", b""), (307, b"POST", b"x"), (308, b"POST", b"x")],
)
def test_a_redirected_post_is_what_browsers_make_of_it(hired, receiver, status, method, body):
    there = receiver(answering(moved(status, "/zażółć"), OK))
    assert outcome_of(hired(redirects=1), Outgoing("POST", there.url, (("Content-Type", "a/b"),), b"x")).status == 200
    assert there.asked[1].startswith(method + b" /za%C5%BC%C3%B3%C5%82%C4%87 ")
    assert there.asked[1].endswith(b"\r\n\r\n" + body)
    assert (b"ontent-" in there.asked[1]) is bool(body)


def test_secrets_are_not_taken_along_to_another_origin(hired, receiver):
    elsewhere = receiver(answering(OK))
    there = receiver(answering(moved(302, "/same"), moved(302, elsewhere.url)))
    secrets = (("Authorization", "Bearer x"), ("Cookie", "a=b"), ("Host", "named"), ("X-Other", "y"))
    assert outcome_of(hired(redirects=2), Outgoing("GET", there.url, secrets)).status == 200
    assert b"Bearer x" in there.asked[1]
    assert not re.search(rb"Bearer|Cookie|named", elsewhere.asked[0])
    assert b"X-Other: y" in elsewhere.asked[0]


@pytest.mark.parametrize(
    ("location", "error"),
    [
        ("http://169.254.169.254/latest?x", "http://169.254.169.254/latest is not called: 169.254.169.254 is the metadata service of a cloud, and these are never called"),
        ("file:///etc/passwd", "'file:///etc/passwd' is not the URL of an http or https server"),
        ("http://[", "'http://[' is not the URL of an http or https server"),
    ],
)  # fmt: skip
def test_a_redirect_leads_only_to_where_a_request_may_go(hired, receiver, location, error):
    there = receiver(answering(moved(302, location)))
    assert get(hired(redirects=5), there.url) == Outcome(error=error)


# -- time ------------------------------------------------------------------------------------------------------------


def wait_for_the_end(connection) -> None:
    while connection.recv(65536):
        pass


def dripping(beginning: bytes, drop: bytes):
    """Answer a little at a time, never for long without a sign of life."""

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
        dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x"),
        dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
    ids=["silence", "status", "headers", "continue", "body", "length", "chunks"],
)
def test_an_answer_that_is_not_complete_in_time_is_none(hired, receiver, script):
    there = receiver(script)
    assert get(hired(timeout=0.1), f"{there.url}/a?b") == Outcome(
        error=f"no complete answer from {there.url}/a within 0.1 s"
    )


def test_the_time_is_for_all_redirects_together(hired, receiver):
    stopwatch = Stopwatch()

    def slowly(there, connection) -> None:
        while there.read(connection):
            stopwatch.microseconds += 400_000
            connection.sendall(moved(302, "/again"))

    there = receiver(slowly)
    assert get(hired(timeout=1, redirects=50, stopwatch=stopwatch), there.url) == Outcome(
        error=f"no complete answer from {there.url}/again within 1 s"
    )
    assert len(there.asked) == 3


def test_a_connection_is_waited_for_no_longer_than_may_be(hired):
    waited = []

    def connect(address, port, seconds) -> socket.socket:
        waited.append(seconds)
        raise TimeoutError

    courier = hired(connect=connect, resolve=lambda *_: ["10.0.0.1", "10.0.0.2"], connect_timeout=3)
    assert get(courier, "http://slow.example/a?b") == Outcome(error="no connection to http://slow.example/a within 3 s")
    assert waited == [1.5, 1.5]


def test_tls_that_never_begins_is_given_up(hired, receiver):
    there = receiver(lambda there, connection: wait_for_the_end(connection))
    courier = hired(connect_timeout=0.1)
    url = there.url.replace("http:", "https:")
    assert get(courier, url) == Outcome(error=f"no connection to {url}/ within 0.1 s")


# -- what is kept of an answer ---------------------------------------------------------------------------------------


def test_of_an_endless_answer_the_beginning_is_kept_and_the_rest_is_not_read(hired, receiver):
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
def test_the_cap_is_exact_and_the_next_answer_is_whole(hired, receiver, length):
    body = b"0123456789a"[:length]
    there = receiver(answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (length, body)))
    courier = hired(body_bytes=10)
    assert [get(courier, there.url).body for _ in range(3)] == [body[:10]] * 3


def test_the_headers_of_an_answer_are_kept_in_order_as_often_as_they_came(courier, receiver):
    there = receiver(answering(b"HTTP/1.1 204 No\r\nb: 1\r\na: 2\r\n\r\n"))
    assert get(courier, there.url) == Outcome(204, (("b", "1"), ("a", "2")))


# -- what goes wrong -------------------------------------------------------------------------------------------------


def resetting(beginning: bytes):
    def script(there, connection) -> None:
        there.read(connection)
        connection.sendall(beginning)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return script


GOES_WRONG = {
    "{} closed the connection without an answer": lambda there, connection: there.read(connection) and None,
    "{} did not answer in HTTP: BadStatusLine 'SSH-2.0-OpenSSH_9.6\\r\\n'": answering(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "{} did not answer in HTTP: HTTPException 'got more than 100 headers'": answering(
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 101 + b"\r\n"
    ),
    "{} did not answer in HTTP: LineTooLong 'got more than 65536 bytes when reading header line'": answering(
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 65536 + b"\r\n\r\n"
    ),
}


@pytest.mark.parametrize("error", GOES_WRONG, ids=["left", "ssh", "many", "long"])
def test_what_is_no_answer_has_a_sentence(courier, receiver, error):
    there = receiver(GOES_WRONG[error])
    outcome = get(courier, f"{there.url.replace('//', '//user:secret@')}/a?token=secret")
    assert outcome == Outcome(error=error.format(f"{there.url}/a"))


@pytest.mark.parametrize(
    "beginning",
    [b"", b"HTTP/1.1 20", b"HTTP/1.1 200 OK\r\n\r\nO", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nO"],
)
def test_a_reset_in_the_middle_is_told(courier, receiver, beginning):
    there = receiver(resetting(beginning))
    assert get(courier, f"{there.url}/a?b") == Outcome(
        error=f"{there.url}/a reset the connection before its answer was complete"
    )


@pytest.mark.parametrize(
    "framed",
    [
        b"Content-Length: 9\r\n\r\nOK",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_an_answer_that_breaks_off_is_none(courier, receiver, framed):
    there = receiver(answering(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + framed))
    assert get(courier, there.url) == Outcome(error=f"{there.url}/ broke off its answer")


def test_an_answer_given_before_the_request_was_read_is_heard(courier, receiver):
    there = receiver(lambda there, connection: connection.sendall(OK) or there.read(connection))
    assert outcome_of(courier, Outgoing("POST", there.url, (), b"x")).body == b"OK"


def test_a_refused_connection_is_told(courier, nobody):
    assert get(courier, nobody.replace("//", "//user:secret@") + "/a?b") == Outcome(
        error=f"the connection to {nobody}/a was refused"
    )


def test_a_connection_to_ourselves_is_a_refused_one(monkeypatch):
    """The kernel may choose, for our end, the very port that nobody listens on."""
    with socket.socket() as both_ends:
        both_ends.bind(("127.0.0.1", 0))
        both_ends.connect(both_ends.getsockname())
        monkeypatch.setattr(socket, "create_connection", lambda address, seconds: both_ends)
        with pytest.raises(ConnectionRefusedError):
            connected(*both_ends.getsockname(), 1)


def test_a_network_that_cannot_be_reached_is_told(hired):
    def connect(*_) -> socket.socket:
        raise OSError(101, "Network is unreachable")

    assert get(hired(connect=connect), "http://10.0.0.1/a?b") == Outcome(
        error="no connection to http://10.0.0.1/a: Network is unreachable"
    )


@pytest.mark.parametrize("answer", [OSError("no such name"), []])
def test_a_name_that_does_not_resolve_is_told(hired, answer):
    def resolve(*_) -> list[str]:
        if isinstance(answer, Exception):
            raise answer
        return answer

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
def test_what_is_no_url_of_a_server_is_told(courier, url, shown):
    assert get(courier, url) == Outcome(error=f"{shown} is not the URL of an http or https server")


def test_a_port_that_there_is_not_is_told(courier):
    assert get(courier, "http://here:65536/").error == "here:65536 is no port of a server"
    assert get(courier, "http://here:0/").error == "here:0 is no port of a server"


def test_a_name_is_asked_for_in_ascii(hired, receiver):
    there = receiver(answering(OK))
    asked = []

    def resolve(name, port) -> list[str]:
        asked.append(name)
        return ["127.0.0.1"]

    assert get(hired(resolve=resolve), f"http://Łódź.example:{there.port}/").status == 200
    assert asked == ["xn--d-uga0v4h.example"]
    assert get(hired(resolve=resolve), f"http://{'ł' * 70}/").error == f"{'ł' * 70!r} is not the name of a server"


@pytest.mark.parametrize(
    ("method", "headers"),
    [("GE T", ()), ("GET", (("X", "a\r\nY: b"),)), ("GET", (("X:", "a"),)), ("GET", (("X", "ł"),))],
)
def test_what_cannot_be_written_in_http_is_told_and_not_sent(courier, receiver, method, headers):
    there = receiver(answering(OK))
    assert outcome_of(courier, Outgoing(method, f"{there.url}/a?b", headers)) == Outcome(
        error=f"the request to {there.url}/a cannot be written: its method or a header is not HTTP"
    )
    assert get(courier, there.url).status == 200
    assert len(there.asked) == 1


def test_the_query_is_not_told_to_the_logs_of_others(courier, receiver, caplog):
    caplog.set_level("DEBUG")
    there = receiver(answering(b"HTTP/1.1 200 OK\r\nConnection: close\r\nno header\r\n\r\n"))
    get(courier, f"{there.url.replace('//', '//user:secret@')}/a?secret")
    assert "Failed to parse headers" in caplog.text  # by urllib3
    assert "secret" not in caplog.text


def test_an_unknown_failure_is_an_outcome_too_and_is_logged(hired, caplog):
    def connect(*_) -> socket.socket:
        raise RuntimeError("broken")

    assert get(hired(connect=connect), "http://10.0.0.1/a?b") == Outcome(
        error="the attempt at http://10.0.0.1/a failed: RuntimeError"
    )
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("ERROR", "An attempt at http://10.0.0.1/a failed in an unknown way")
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
    """A receiver over TLS; the name that the client asked for is its answer."""
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


def test_tls_is_spoken_in_the_name_of_the_receiver(hired, secure, certificate):
    courier = hired(ca=str(certificate / "certificate"))
    assert [get(courier, f"{secure.url}/a").body for _ in range(2)] == [b"OK", b"OK"]
    assert secure.names == ["localhost"]
    assert f"\r\nHost: localhost:{secure.port}\r\n".encode() in secure.asked[0]


def test_the_name_of_the_receiver_is_in_tls_and_host_though_an_address_is_connected_to(hired, secure, certificate):
    courier = hired(resolve=lambda *_: ["127.0.0.1"], ca=str(certificate / "certificate"))
    url = f"https://other.example:{secure.port}/a"
    assert get(courier, f"{url}?b").error.startswith(f"TLS with {url} failed: Hostname mismatch")
    assert secure.names == ["other.example"]


def test_a_certificate_that_nobody_vouches_for_is_told(hired, secure):
    assert get(hired(), f"{secure.url}/a?b") == Outcome(
        error=f"TLS with {secure.url}/a failed: self-signed certificate"
    )


def test_tls_with_a_server_that_speaks_none_is_told(courier, receiver):
    there = receiver(lambda there, connection: connection.sendall(OK))
    url = there.url.replace("http:", "https:")
    assert get(courier, url) == Outcome(error=f"TLS with {url}/ failed: wrong version number")


def test_an_answer_over_tls_that_drips_is_given_up(hired, secure, certificate, monkeypatch):
    monkeypatch.setattr(secure, "read", wait_for_the_end)
    courier = hired(timeout=2, ca=str(certificate / "certificate"))  # seconds in which a busy machine shakes hands
    assert get(courier, secure.url) == Outcome(error=f"no complete answer from {secure.url}/ within 2 s")


# -- whom it calls ---------------------------------------------------------------------------------------------------

NEAR = "127.0.0.1 127.255.0.1 ::1 10.0.0.1 172.16.0.1 172.31.255.255 192.168.0.1 fc00::1 fdff::1 ::ffff:10.0.0.1"
FAR = "8.8.8.8 172.32.0.1 172.15.0.1 192.167.0.1 100.64.0.1 2001:db8::1 ::ffff:8.8.8.8 64:ff9b::808:808"
NEVER = {
    "the metadata service of a cloud": "169.254.169.254 fd00:ec2::254 100.100.100.200 ::ffff:169.254.169.254",
    "a link-local address": "169.254.0.1 fe80::1 fe80::1%eth0 2002:a9fe:1:: 64:ff9b::a9fe:1",
    "an unspecified address": "0.0.0.0 0.0.0.1 :: ::ffff:0.0.0.0",
    "a multicast address": "224.0.0.1 239.255.255.255 ff02::1",
    "a broadcast or reserved address": "255.255.255.255 240.0.0.1",
}


class Elsewhere:
    """A network in which every address is our receiver."""

    def __init__(self, receiver, *addresses: str) -> None:
        self.there = receiver(answering(OK))
        self.addresses = list(addresses)
        self.asked: list[str] = []
        self.connected: list[tuple[str, int]] = []

    def resolve(self, name, port) -> list[str]:
        self.asked.append(name)
        return self.addresses

    def connect(self, address, port, seconds) -> socket.socket:
        self.connected.append((address, port))
        return connected("127.0.0.1", self.there.port, seconds)


def called(hired, receiver, address, **manners) -> bool:
    network = Elsewhere(receiver, address)
    outcome = get(hired(resolve=network.resolve, connect=network.connect, **manners), "http://hook.example:81/a?b")
    assert network.connected == ([(address, 81)] if outcome.error is None else [])
    return outcome.error is None


def test_loopback_and_private_addresses_are_called(hired, receiver):
    assert all(called(hired, receiver, address) for address in NEAR.split())


def test_other_addresses_are_not_called_unless_any_may_be(hired, receiver):
    assert not any(called(hired, receiver, address) for address in FAR.split())
    assert all(called(hired, receiver, address, targets="any") for address in FAR.split())


@pytest.mark.parametrize("what", NEVER)
def test_what_is_never_called_is_not_called_by_any_means(hired, receiver, what):
    for address in NEVER[what].split():
        named = {"hook.example:81", f"[{address}]:81", f"{address}:81"}
        for targets in ("private", "any", named):
            network = Elsewhere(receiver, address)
            courier = hired(resolve=network.resolve, connect=network.connect, targets=targets)
            assert get(courier, "http://hook.example:81/a?b") == Outcome(
                error=f"http://hook.example:81/a is not called: {address} is {what}, and these are never called"
            )
            assert network.connected == []


def test_a_refusal_says_how_to_allow_it(hired, receiver):
    network = Elsewhere(receiver, "8.8.8.8")
    assert get(hired(resolve=network.resolve), "https://Hook.example/a?b") == Outcome(
        error="https://hook.example/a is not called: 8.8.8.8 is neither loopback nor private; "
        "to allow it, name hook.example:443 among the targets, or set them to any"
    )


@pytest.mark.parametrize("named", ["hook.example:81", "HOOK.example:81", "8.8.8.8:81"])
def test_what_is_named_is_called(hired, receiver, named):
    assert called(hired, receiver, "8.8.8.8", targets={named})


@pytest.mark.parametrize("named", ["hook.example:80", "hook.example", "other.example:81"])
def test_what_is_named_otherwise_is_not_called(hired, receiver, named):
    assert not called(hired, receiver, "8.8.8.8", targets={named})


def test_named_targets_are_beside_the_private_ones(hired, receiver):
    assert called(hired, receiver, "10.1.2.3", targets={"other.example:81"})
    assert called(hired, receiver, "2001:db8::1", targets=["[2001:db8::1]:81"])


def test_a_name_that_changes_its_address_after_it_was_checked_does_not_get_around_it(hired, receiver):
    """DNS rebinding: the first answer is harmless, the next is not."""
    network = Elsewhere(receiver, "10.0.0.1")
    courier = hired(resolve=network.resolve, connect=network.connect)
    assert get(courier, "http://hook.example/").status == 200
    assert network.asked == ["hook.example"]
    assert network.connected == [("10.0.0.1", 80)]
    assert b"\r\nHost: hook.example\r\n" in network.there.asked[0]

    network.addresses = ["169.254.169.254"]
    network.there.connections[0].shutdown(socket.SHUT_RDWR)
    assert get(courier, "http://hook.example/").error.endswith("and these are never called")
    assert network.connected == [("10.0.0.1", 80)]


def test_the_address_is_checked_at_every_hop_of_a_redirect(hired, receiver):
    network = Elsewhere(receiver, "8.8.8.8")
    first = receiver(answering(moved(302, "http://hook.example/next")))
    network.resolve = lambda name, port: ["8.8.8.8"] if name == "hook.example" else ["127.0.0.1"]
    network.connect = lambda address, port, seconds: connected("127.0.0.1", first.port, seconds)
    courier = hired(resolve=network.resolve, connect=network.connect, redirects=3)
    assert get(courier, "http://near.example/").error.startswith("http://hook.example/next is not called: 8.8.8.8 is")
    assert len(first.connections) == 1


def test_of_several_addresses_those_that_may_be_called_are_tried_in_turn(hired, receiver):
    network = Elsewhere(receiver, "8.8.8.8", "10.0.0.1", "169.254.169.254", "10.0.0.2")
    tried = []

    def connect(address, port, seconds) -> socket.socket:
        tried.append(address)
        if address == "10.0.0.1":
            raise ConnectionRefusedError
        return network.connect(address, port, seconds)

    assert get(hired(resolve=network.resolve, connect=connect), "http://hook.example/").status == 200
    assert tried == ["10.0.0.1", "10.0.0.2"]


@pytest.mark.parametrize("spelling", ["0x7f.1", "2130706433", "127.1", "localhost"])
def test_an_address_is_judged_by_what_it_means_not_by_its_spelling(courier, receiver, spelling):
    there = receiver(answering(OK))
    assert get(courier, f"http://{spelling}:{there.port}/").status == 200


def test_the_machines_own_names_are_resolved_to_addresses():
    assert all(ipaddress.ip_address(address).is_loopback for address in resolved("localhost", 80))


def test_manners_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="targets are 'private', 'any' or a set of host:port, not 'localhost:80'"):
        Manners(targets="localhost:80")
    with pytest.raises(ValueError, match="a courier needs a sender and some time"):
        Manners(parallel=0)
    with pytest.raises(ValueError, match="a courier needs a sender and some time"):
        Manners(timeout=0)


# -- lanes and senders -----------------------------------------------------------------------------------------------


class Held:
    """A receiver that answers what is asked for by path when it is let."""

    def __init__(self, receiver) -> None:
        self.gates: dict[str, threading.Event] = defaultdict(threading.Event)
        self.arrived: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.there = receiver(self.script)

    def script(self, there, connection) -> None:
        while asked := there.read(connection):
            path = asked.split(b" ", 2)[1].decode()
            self.arrived.put(path)
            if path.startswith("/held"):
                assert self.gates[path].wait(PATIENCE)
            connection.sendall(OK)

    def to(self, path) -> Outgoing:
        return Outgoing("GET", f"{self.there.url}{path}")

    def next(self) -> str:
        return self.arrived.get(timeout=PATIENCE)


@pytest.fixture
def held(receiver):
    made = Held(receiver)
    yield made
    for gate in list(made.gates.values()):
        gate.set()


def nothing(outcome) -> None:
    """Want no outcome."""


def test_jobs_of_a_lane_are_made_one_after_the_other_in_order(courier, held):
    made = []
    for number in range(5):
        courier.send("lane", held.to(f"/held{number}"), lambda outcome, number=number: made.append(number))
    for number in range(5):
        assert held.next() == f"/held{number}"
        assert held.arrived.empty()
        assert made == list(range(number))
        held.gates[f"/held{number}"].set()
    assert courier.wait_idle(PATIENCE)
    assert made == list(range(5))


def test_a_slow_lane_holds_up_no_other(hired, held):
    courier = hired(parallel=2)
    courier.send("slow", held.to("/held"), nothing)
    courier.send("slow", held.to("/after"), nothing)
    assert held.next() == "/held"
    for number in range(10):
        assert outcome_of(courier, held.to(f"/{number}"), f"lane {number % 3}").status == 200
        assert held.next() == f"/{number}"
    held.gates["/held"].set()
    assert held.next() == "/after"


def test_lanes_take_turns(hired, held):
    courier = hired(parallel=1)
    courier.send("first", held.to("/held"), nothing)
    held.next()
    for lane in "abc":
        for number in range(3):
            courier.send(lane, held.to(f"/{lane}{number}"), nothing)
    held.gates["/held"].set()
    assert [held.next() for _ in range(9)] == ["/a0", "/b0", "/c0", "/a1", "/b1", "/c1", "/a2", "/b2", "/c2"]


def test_an_owner_of_many_slow_lanes_holds_up_no_other_owner_for_longer_than_one_attempt(hired, held):
    courier = hired(parallel=2)
    for lane in "ab":
        courier.send(f"slow {lane}", held.to(f"/held/{lane}"), nothing)
    assert sorted(held.next() for _ in range(2)) == ["/held/a", "/held/b"]
    for lane in "cd":
        courier.send(f"slow {lane}", held.to(f"/held/{lane}"), nothing)
    for lane in "ab":
        courier.send(f"other {lane}", held.to(f"/other/{lane}"), nothing)
    held.gates["/held/a"].set()
    assert [held.next() for _ in range(3)] == ["/other/a", "/other/b", "/held/c"]


def test_no_more_is_under_way_than_may_be(hired, held):
    courier = hired(parallel=3)
    senders = set()
    for number in range(10):
        courier.send(f"lane {number}", held.to(f"/held{number}"), lambda _: senders.add(threading.current_thread()))
    assert sorted(held.next() for _ in range(3)) == ["/held0", "/held1", "/held2"]
    assert held.arrived.empty()
    for number in range(10):
        held.gates[f"/held{number}"].set()
    assert courier.wait_idle(PATIENCE)
    assert 1 <= len(senders) <= 3


def test_senders_are_daemons_made_when_needed_that_end_when_idle(hired, held):
    courier = hired(linger=0.01)
    for _ in range(2):
        senders: queue.SimpleQueue[threading.Thread] = queue.SimpleQueue()
        courier.send("lane", held.to("/"), lambda _, senders=senders: senders.put(threading.current_thread()))
        sender = senders.get(timeout=PATIENCE)
        assert sender.daemon
        sender.join(PATIENCE)
        assert not sender.is_alive()
        held.there.ended.get(timeout=PATIENCE)  # nor is its connection kept


def test_many_jobs_to_a_slow_receiver_keep_their_order_and_none_is_lost_or_made_twice(hired):
    lanes, jobs = 100, 2000
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
            lane, number = data.split(b" ", 2)[1].decode()[1:].split("/")
            seen[lane].append(int(number))
            asyncio.get_running_loop().call_later(0.05, self.transport.write, OK)

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(Slow, "127.0.0.1", 0, backlog=100))
    running = threading.Thread(target=loop.run_forever)
    running.start()
    try:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        courier = hired(parallel=64)
        for number in range(jobs):
            courier.send(
                str(number % lanes),
                Outgoing("GET", f"{url}/{number % lanes}/{number}"),
                lambda outcome, number=number: answered.append((number, outcome.body)),
            )
        assert courier.wait_idle(3 * PATIENCE)
    finally:
        courier.close()
        assert left.wait(PATIENCE)  # with the last sender the last connection has gone
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        running.join(PATIENCE)
        loop.close()
    assert seen == {str(lane): list(range(lane, jobs, lanes)) for lane in range(lanes)}
    assert sorted(answered) == [(number, b"OK") for number in range(jobs)]


def test_what_is_to_be_done_may_send(courier, held):
    ended = threading.Event()

    def again(left) -> None:
        if not left:
            ended.set()
            return
        courier.send("lane", held.to(f"/{left}"), lambda _: again(left - 1))

    again(3)
    assert ended.wait(PATIENCE)
    assert courier.wait_idle(PATIENCE)
    assert [held.next() for _ in range(3)] == ["/3", "/2", "/1"]


def test_a_receiver_may_send_while_it_is_called(hired, receiver):
    courier = hired(parallel=1)

    def script(there, connection) -> None:
        while asked := there.read(connection):
            if asked.startswith(b"GET /first "):
                courier.send("lane", Outgoing("GET", f"{there.url}/second"), nothing)
                courier.send("other", Outgoing("GET", f"{there.url}/third"), nothing)
            connection.sendall(OK)

    there = receiver(script)
    courier.send("lane", Outgoing("GET", f"{there.url}/first"), nothing)
    assert courier.wait_idle(PATIENCE)
    asked = [re.findall(rb"GET /(\S+)", asked)[0] for asked in there.asked]
    assert asked == [b"first", b"third", b"second"]


def test_nothing_is_locked_while_what_is_to_be_done_is_done(courier, held):
    def look(outcome) -> None:
        looking = threading.Thread(target=lambda: answers.put(courier.idle()))
        looking.start()
        looking.join(PATIENCE)

    answers: queue.SimpleQueue[bool] = queue.SimpleQueue()
    courier.send("lane", held.to("/"), look)
    assert answers.get(timeout=PATIENCE) is False


def test_what_is_to_be_done_may_fail_and_the_lane_goes_on(courier, held, caplog):
    def fail(outcome) -> None:
        raise RuntimeError("broken")

    courier.send("lane", held.to("/a?secret"), fail)
    assert outcome_of(courier, held.to("/b")).status == 200
    assert [record.getMessage() for record in caplog.records] == [
        f"What was to be done with the answer of {held.there.url}/a failed"
    ]
    courier.send("lane", Outgoing("GET", "secret"), fail)
    assert courier.wait_idle(PATIENCE)
    assert caplog.records[1].getMessage() == "What was to be done with the answer of a URL that cannot be read failed"


def test_a_sender_that_is_ended_by_force_is_replaced(hired, held, monkeypatch):
    courier = hired(parallel=1)
    ended: queue.SimpleQueue[type[BaseException]] = queue.SimpleQueue()
    monkeypatch.setattr(threading, "excepthook", lambda told: ended.put(told.exc_type))  # else a later test gets it

    def leave(outcome) -> None:
        raise SystemExit

    courier.send("lane", held.to("/held"), leave)
    held.next()
    courier.send("other", held.to("/b"), nothing)
    courier.send("lane", held.to("/c"), nothing)
    held.gates["/held"].set()
    assert courier.wait_idle(PATIENCE)
    assert [held.next(), held.next()] == ["/b", "/c"]
    assert ended.get(timeout=PATIENCE) is SystemExit


# -- quiet and the end -----------------------------------------------------------------------------------------------


def test_idle_is_when_nothing_is_queued_or_in_flight(courier, held):
    assert courier.idle()
    assert courier.wait_idle(0)
    courier.send("one lane", held.to("/held"), nothing)
    held.next()
    assert not courier.idle()
    assert not courier.wait_idle(0)
    assert not courier.idle("one")
    assert courier.idle("other")
    assert courier.wait_idle(0, "other")
    held.gates["/held"].set()
    assert courier.wait_idle(PATIENCE, "one")
    assert courier.idle()


def test_it_is_not_idle_before_all_is_done(courier, held):
    order = []
    courier.send("lane", held.to("/"), lambda outcome: order.append("done"))
    assert courier.wait_idle(PATIENCE)
    order.append("idle")
    assert order == ["done", "idle"]


def test_what_is_forgotten_is_not_sent(hired, held):
    courier = hired(parallel=1)
    courier.send("world 1 a", held.to("/held"), nothing)
    held.next()
    courier.send("world 1 a", held.to("/never"), nothing)
    courier.send("world 1 b", held.to("/never"), nothing)
    courier.send("world 2 a", held.to("/other"), nothing)
    assert courier.forget("world 1 ") == 2
    assert not courier.idle("world 1 ")
    courier.send("world 1 a", held.to("/again"), nothing)
    held.gates["/held"].set()
    assert courier.wait_idle(PATIENCE)
    assert sorted((held.next(), held.next())) == ["/again", "/other"]
    assert held.arrived.empty()


def test_the_end_waits_for_what_is_in_flight_and_lets_go_what_is_queued(hired, held):
    courier = hired(parallel=1)
    outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
    courier.send("lane", held.to("/held"), outcomes.put)
    courier.send("lane", held.to("/queued"), outcomes.put)
    courier.send("other", held.to("/queued"), outcomes.put)
    held.next()
    closing = threading.Thread(target=courier.close, args=(PATIENCE,))
    closing.start()
    assert courier.wait_idle(PATIENCE, "other")  # the end has begun
    assert courier.wait_idle(0) is False
    held.gates["/held"].set()
    closing.join(PATIENCE)
    assert outcomes.get_nowait().status == 200
    assert outcomes.empty()
    assert courier.idle()


@pytest.mark.parametrize("beginning", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nO"])
def test_the_end_cuts_off_what_takes_too_long(courier, receiver, beginning):
    begun = threading.Event()

    def hang(there, connection) -> None:
        there.read(connection)
        connection.sendall(beginning)
        begun.set()
        wait_for_the_end(connection)

    there = receiver(hang)
    outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
    senders: list[threading.Thread] = []
    courier.send("lane", Outgoing("GET", f"{there.url}/a?b"), lambda outcome: (outcomes.put(outcome), senders.append(threading.current_thread())))  # fmt: skip
    assert begun.wait(PATIENCE)
    courier.close(0.01)
    assert outcomes.get(timeout=PATIENCE) == Outcome(error=f"{there.url}/a was cut off because the server stops")
    senders[0].join(PATIENCE)
    assert not senders[0].is_alive()


def test_after_the_end_nothing_is_sent(courier, held):
    courier.close()
    courier.send("lane", held.to("/"), nothing)
    assert courier.wait_idle(PATIENCE)
    assert held.arrived.empty()
    courier.close(PATIENCE)


def test_the_end_may_come_from_a_sender(courier, held):
    ended = threading.Event()

    def end(outcome) -> None:
        courier.close(PATIENCE)
        ended.set()

    courier.send("lane", held.to("/"), end)
    assert ended.wait(PATIENCE / 2)


# -- processes -------------------------------------------------------------------------------------------------------


def run(program) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=3 * PATIENCE
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_requests_is_not_imported_before_something_is_sent():
    assert (
        run("""
        import sys
        from mockserver.web.courier import Courier
        Courier()
        print([name for name in ("requests", "urllib3") if name in sys.modules])
        """)
        == "[]\n"
    )


def test_a_request_in_flight_holds_up_no_exit():
    assert (
        run("""
        import socket
        from mockserver.core.outbox import Outgoing
        from mockserver.web.courier import Courier, Manners
        silent = socket.create_server(("127.0.0.1", 0))
        courier = Courier(Manners(timeout=1000))
        courier.send("a", Outgoing("GET", f"http://127.0.0.1:{silent.getsockname()[1]}"), lambda outcome: None)
        kept, _ = silent.accept()
        print("leaves")
        """)
        == "leaves\n"
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork()")
def test_a_forked_process_begins_anew_and_sends_nothing_of_its_parents():
    assert (
        run("""
        import os, socket, sys, threading
        from mockserver.core.outbox import Outgoing
        from mockserver.web.courier import Courier, Manners
        silent = socket.create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        courier = Courier(Manners(parallel=1))
        courier.send("a", Outgoing("GET", url), lambda outcome: print("never"))
        kept, _ = silent.accept()
        courier.send("a", Outgoing("GET", url), lambda outcome: print("never"))
        courier._lock.acquire()  # as another thread may at that moment
        if (child := os.fork()) == 0:
            assert courier.idle()
            courier.send("a", Outgoing("GET", "http://127.0.0.1:1/"), lambda outcome: print("child:", outcome.error))
            assert courier.wait_idle(10)
            sys.stdout.flush()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        courier._lock.release()
        print("parent:", courier.idle())
        """)
        == "child: the connection to http://127.0.0.1:1/ was refused\nparent: False\n"
    )
