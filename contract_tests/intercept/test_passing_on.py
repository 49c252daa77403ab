"""What a recording passes on to the provider and back, by raw bytes, and what it does when the provider does not respond."""

from __future__ import annotations

import base64
import contextlib
import gzip
import http.client
import queue
import resource
import socket
import ssl
import struct
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from contract_tests.intercept.scripted_upstream import PATIENCE, ScriptedUpstream, plain, read_requests
from mockserver.har.exchange import RecordedExchange
from mockserver.har.reader import read_har_file
from mockserver.http.connection import Limits
from mockserver.http.listener import Server
from mockserver.http.secret_names import create_stand_ins
from mockserver.intercept import passing_on
from mockserver.intercept import recorder as recorder_module
from mockserver.intercept.ca import CertificateAuthority
from mockserver.intercept.passing_on import PassingOn
from mockserver.intercept.recorder import Recorder
from mockserver.intercept.upstream import Upstream, UpstreamConnection, Upstreams, parse_upstreams
from mockserver.intercept.upstream_proxy import find_proxy
from mockserver.sdk.loading import installed_providers

HOST = "api2.serwersms.pl"
FAR = "provider.test"
"""A name that nobody can look up but a proxy."""
PATH = "/messages/send_sms.json"

pytestmark = pytest.mark.usefixtures("loop")


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    """Signs the provider's certificate; the CA of the recording is another one."""
    return CertificateAuthority(tmp_path_factory.mktemp("upstream-ca"))


@pytest.fixture(scope="module")
def own_ca(tmp_path_factory):
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def upstream(ca):
    server = ScriptedUpstream(ca.context([FAR]))
    with contextlib.closing(server):
        yield server


class Recording:
    """A running server that passes requests on, and the file that it writes."""

    def __init__(self, ending, own_ca, path, upstreams, **limits):
        self.path = path
        self.recorder = Recorder(path, create_stand_ins(installed_providers()))
        ending.callback(self.recorder.close)
        self.application = PassingOn(upstreams, self.recorder)
        listeners = self.application.listeners("127.0.0.1", 0, own_ca)
        self.server = ending.enter_context(Server(listeners=listeners, limits=Limits(**limits)))
        self.port = int(self.server.urls[-1].rpartition(":")[2])
        self.context = ssl.create_default_context(cafile=own_ca.certificate)
        self._ending = ending

    def connect(self, host=HOST):
        """Return a connection to a provider's host through the proxy, over TLS."""
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        sock.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
        assert b"HTTP/1.1 200 Connection established\r\n\r\n" == sock.recv(39)
        return self._ending.enter_context(self.context.wrap_socket(sock, server_hostname=host))

    def ask(self, raw, host=HOST):
        """Send a request, and return all bytes until the connection ends."""
        sock = self.connect(host)
        sock.sendall(raw)
        return read_all(sock)

    def entries(self):
        """End the recording, and return what is in the file."""
        self.server.stop()
        self.recorder.close()
        return list(read_har_file(self.path)) if self.path.exists() else []


@pytest.fixture
def record(own_ca, ca, upstream, tmp_path):
    with contextlib.ExitStack() as ending:

        def begin(url=upstream.url, trusted=ca.certificate, proxy=None, **limits):
            upstreams = Upstreams(installed_providers().hosts, parse_upstreams([f"{HOST}={url}"]), trusted, proxy)
            return Recording(ending, own_ca, tmp_path / "traffic.har", upstreams, **limits)

        yield begin


def read_all(sock):
    received = []
    while True:
        try:
            received.append(sock.recv(65536))
        except ssl.SSLEOFError:
            return b"".join(received)
        if not received[-1]:
            return b"".join(received)


def post(body, *headers):
    lines = [f"POST {PATH} HTTP/1.1".encode(), f"Host: {HOST}".encode(), *headers, b"Connection: close", b"", body]
    return b"\r\n".join(lines)


def get(*headers):
    return b"\r\n".join(
        [f"GET {PATH} HTTP/1.1".encode(), f"Host: {HOST}".encode(), *headers, b"Connection: close", b"", b""]
    )


LENGTH = b"Content-Length: %d"


def test_a_request_reaches_the_provider_to_the_byte(record, upstream):
    body = b'{"username":"u", "text":"za\xc5\xbc\xc3\xb3\xc5\x82\xc4\x87\x00\xff"}'
    headers = (
        b"accept: */*",
        b"X-zz: 1",
        b"CONTENT-type: application/json",
        LENGTH % len(body),
        b"X-zz: 2",
        b"Expect: 100-continue",
    )

    record().ask(post(body, *headers))

    assert [post(body, *headers)] == upstream.requests


def test_what_concerns_one_connection_and_what_is_ours_is_not_passed_on(record, upstream):
    dropped = (
        b"Proxy-Authorization: Basic eDp5",
        b"Keep-Alive: 5",
        b"TE: trailers",
        b"X-Mockserver-World: w1",
        b"Proxy-Connection: x",
    )
    raw = get(b"A: 1", *dropped, b"Hop: 1", b"B: 2").replace(b"Connection: close", b"Connection: close, hop")

    record().ask(raw)

    assert [get(b"A: 1", b"B: 2")] == upstream.requests


def test_a_body_in_chunks_reaches_the_provider_in_one_chunk(record, upstream):
    sent = post(b"3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nT: 1\r\n\r\n", b"Transfer-Encoding: chunked")

    record().ask(sent)

    assert [post(b"7\r\nabcdefg\r\n0\r\n\r\n", b"Transfer-Encoding: chunked")] == upstream.requests


def test_a_path_of_the_upstreams_url_stands_before_the_requests(record, upstream):
    recording = record(f"{upstream.url}/_w/w1/")

    recording.ask(get())

    assert [get().replace(b"GET /", b"GET /_w/w1/")] == upstream.requests
    assert [f"https://{HOST}{PATH}"] == [entry.url for entry in recording.entries()]


def test_a_request_by_http_reaches_the_provider_too(record, upstream):
    recording = record()
    with socket.create_connection(("127.0.0.1", recording.port), timeout=PATIENCE) as sock:
        sock.sendall(get().replace(b"GET /", f"GET http://{HOST}/".encode()))
        assert plain(b"ok").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") == read_all(sock)

    assert [get()] == upstream.requests
    assert [f"http://{HOST}{PATH}"] == [entry.url for entry in recording.entries()]


LARGE = bytes(range(256)) * 4096 * 4
RESPONSES = {
    "order, spelling and repeated headers": b"HTTP/1.1 299 As We Like\r\nx-B: 2\r\nSET-cookie: a=1\r\nset-Cookie: b=\xc4\x85\r\nx-A:\r\nContent-Length: 3\r\n\r\nabc",
    "no reason and no Date": b"HTTP/1.1 500 \r\nContent-Length: 0\r\n\r\n",
    "no content": b"HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n",
    "not modified": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    "compressed": plain(gzip.compress(b"hello", mtime=0), b"Content-Encoding: gzip"),
    "large": plain(LARGE),
    "delimited by the end of the connection": b"HTTP/1.1 200 OK\r\nX: 1\r\n\r\nuntil the end",
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n",
}


def sending(raw):
    def script(sock, request):
        sock.sendall(raw)

    return script


@pytest.mark.parametrize("case", RESPONSES)
def test_a_response_reaches_the_client_to_the_byte(case, record, upstream):
    raw = RESPONSES[case]
    upstream.script = sending(raw)

    got = record().ask(get())

    assert raw.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1) == got


def test_a_response_to_head_has_its_headers_and_no_body(record, upstream):
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\nX: 1\r\n\r\n"
    upstream.script = sending(raw)

    got = record().ask(get().replace(b"GET", b"HEAD"))

    assert raw.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") == got


def test_a_response_in_chunks_has_the_same_body_and_trailers_in_chunks(record, upstream):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: 1\r\n"
    upstream.script = sending(head + b"\r\n3;a=b\r\nabc\r\n4\r\ndefg\r\n0\r\nX-Sum: 9\r\n\r\n")

    got = record().ask(get())

    assert head + b"Connection: close\r\n\r\n7\r\nabcdefg\r\n0\r\nX-Sum: 9\r\n\r\n" == got


def test_a_client_of_http_1_0_gets_no_chunks(record, upstream):
    upstream.script = sending(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: 1\r\n\r\n3\r\nabc\r\n0\r\n\r\n")

    got = record().ask(get().replace(b"HTTP/1.1", b"HTTP/1.0"))

    assert b"HTTP/1.1 200 OK\r\nX: 1\r\nConnection: close\r\n\r\nabc" == got
    assert get().replace(b"HTTP/1.1", b"HTTP/1.0") == upstream.requests[0]


def test_interim_responses_are_left_out(record, upstream):
    upstream.script = sending(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n" + plain(b"ok"))

    assert plain(b"ok").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") == record().ask(get())


def test_a_connection_is_kept_for_the_next_request(record, upstream):
    recording = record()
    sock = recording.connect()
    kept = get().replace(b"Connection: close\r\n", b"")

    sock.sendall(kept + get())

    assert plain(b"ok") + plain(b"ok").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") == read_all(sock)
    assert [get(), get()] == upstream.requests


def test_a_slow_response_comes_piece_by_piece(record, upstream):
    read = queue.Queue()

    def script(sock, request):
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")
        sock.sendall(b"abc")
        read.get(timeout=PATIENCE)
        sock.sendall(b"def")

    upstream.script = script
    sock = record().connect()
    sock.sendall(get())
    first = b""
    while not first.endswith(b"abc"):
        first += sock.recv(65536)
    read.put(None)

    assert b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nabc" == first
    assert b"def" == read_all(sock)


def test_a_response_that_is_cut_off_is_cut_off_for_the_client_and_marked_in_the_file(record, upstream):
    upstream.script = sending(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc")
    recording = record()

    assert b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nabc" == recording.ask(get())

    (entry,) = recording.entries()
    missing = "the end of the response was not recorded: the server closed the connection in the middle of its response"
    assert (200, b"abc", (missing,)) == (entry.status, entry.response_body, entry.missing)
    assert [
        f"1 exchange recorded in {recording.path}, 1 of them incomplete",
        f"exchange 1 is incomplete: GET https://{HOST}{PATH}: {missing}",
    ] == list(recording.recorder.summary())


@pytest.mark.parametrize("ending", ["close", "reset"])
def test_a_request_without_a_response_is_sent_once_and_responded_to_with_502(ending, record, upstream):
    def script(sock, request):
        if ending == "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            socket.socket(fileno=sock.detach()).close()

    upstream.script = script
    recording = record()

    head, _, text = recording.ask(post(b"a=b", LENGTH % 3)).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert text.endswith(b" before it responded; the request may have reached the server, and is not sent again\n")
    assert [post(b"a=b", LENGTH % 3)] == upstream.requests
    (entry,) = recording.entries()
    assert (0, b"", 1) == (entry.status, entry.response_body, len(entry.missing))
    assert entry.missing[0].startswith("there is no response: the server ")


def test_a_response_that_is_no_http_is_an_error_502(record, upstream):
    upstream.script = sending(b"SSH-2.0-OpenSSH_9.2\r\n")
    recording = record()

    assert b"; the request may have reached the server, and is not sent again\n" in recording.ask(get())
    (entry,) = recording.entries()
    assert entry.missing[0].startswith("there is no response: the response is not valid HTTP: ")


def test_an_upstream_that_does_not_listen_is_an_error_502_and_recorded(record):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    recording = record(f"https://127.0.0.1:{port}")

    got = recording.ask(get())

    assert got.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert got.endswith(b"; the request was not sent\n")
    (entry,) = recording.entries()
    assert entry.missing[0].startswith(f"there is no response: no connection to https://127.0.0.1:{port}: ")


def test_nothing_is_sent_to_a_server_whose_certificate_is_not_trusted(record, upstream):
    recording = record(trusted=None)

    got = recording.ask(get())

    assert got.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert f"mockserver: the certificate of {upstream.url} is not trusted: ".encode() in got
    assert got.endswith(b"; --upstream-ca FILE trusts another CA; the request was not sent\n")
    assert [] == upstream.requests


def test_a_providers_host_that_is_looked_up_as_this_machine_is_not_taken_for_the_provider(
    record, upstream, monkeypatch
):
    recording = record()
    found = Upstream("https", "localhost", upstream.port, is_provider=True)
    monkeypatch.setattr(recording.application.upstreams, "find", lambda scheme, host: found)

    assert (
        b"this machine, and not as the provider; is it in the hosts file?; the request was not sent\n"
        in recording.ask(get())
    )
    assert [] == upstream.requests


def test_a_body_above_the_limit_is_not_sent(record, upstream):
    recording = record(body=10)

    got = recording.ask(post(b"x" * 11, LENGTH % 11))

    assert got.startswith(b"HTTP/1.1 413 ")
    assert [] == upstream.requests
    (entry,) = recording.entries()
    assert "the end of the request body was not recorded: only its first 10 bytes are here" == entry.missing[0]


def test_a_response_above_the_limit_is_passed_on_and_not_recorded(record, upstream, monkeypatch):
    monkeypatch.setattr(passing_on, "RECORDED_BYTES", 10)
    upstream.script = sending(plain(b"x" * 11))
    recording = record()

    assert recording.ask(get()).endswith(b"\r\n\r\n" + b"x" * 11)

    (entry,) = recording.entries()
    assert (b"", ("the response body was not recorded: it has 11 bytes, more than 10",)) == (
        entry.response_body,
        entry.missing,
    )


def test_a_client_that_leaves_before_the_response_leaves_an_incomplete_exchange(record, upstream):
    has_come, has_left = threading.Event(), threading.Event()

    def script(sock, request):
        has_come.set()
        assert b"" == sock.recv(1)  # our connection ends when the client's does
        has_left.set()

    upstream.script = script
    recording = record()
    sock = recording.connect()
    sock.sendall(get())
    assert has_come.wait(PATIENCE)
    sock.close()
    has_left.wait(PATIENCE)

    (entry,) = recording.entries()
    assert entry.missing[0].startswith(
        "there is no response: the client's connection ended before the response was complete"
    )


def test_what_a_client_has_got_whole_is_in_the_file(record, upstream):
    recording = record()

    for count in range(1, 4):
        recording.ask(get())
        assert count == len(list(read_har_file(recording.path)))


def test_the_file_has_bodies_without_their_content_coding_and_all_headers(record, upstream):
    compressed = gzip.compress(b"hello", mtime=0)
    upstream.script = sending(plain(compressed, b"Content-Encoding: gzip", b"Set-Cookie: a", b"Set-Cookie: b"))
    recording = record()

    recording.ask(post(b"text=a%20b", b"Content-Type: application/x-www-form-urlencoded", LENGTH % 10))

    (entry,) = recording.entries()
    assert ("POST", f"https://{HOST}{PATH}", b"text=a%20b") == (entry.method, entry.url, entry.request_body)
    assert (200, "OK", b"hello", ()) == (entry.status, entry.reason, entry.response_body, entry.missing)
    assert ("Content-Encoding", "gzip") == entry.response_headers[0]
    assert ("Host", HOST) == entry.request_headers[0]


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        (b"deflate", zlib.compress(b"hello")),
        (b"deflate", zlib.compress(b"hello")[2:-4]),
        (b"X-GZIP", gzip.compress(b"hello", mtime=0)),
        (b"gzip", gzip.compress(b"hel", mtime=0) + gzip.compress(b"lo", mtime=0)),
        (b"gzip", gzip.compress(b"hello", mtime=0) + b"what clients ignore"),
        (b"identity", b"hello"),
        (b"deflate, gzip", gzip.compress(zlib.compress(b"hello"), mtime=0)),
    ],
    ids=["deflate", "without a frame", "X-GZIP", "two members", "trailing bytes", "identity", "two codings"],
)
def test_every_usual_content_coding_is_decoded_in_the_file(coding, body, record, upstream):
    upstream.script = sending(plain(body, b"Content-Encoding: " + coding))
    recording = record()

    assert recording.ask(get()).endswith(b"\r\n\r\n" + body)

    assert [b"hello"] == [entry.response_body for entry in recording.entries()]


def test_a_content_coding_that_is_not_known_is_said(record, upstream):
    upstream.script = sending(plain(b"\0\1", b"Content-Encoding: dcb"))
    recording = record()

    recording.ask(get())

    (entry,) = recording.entries()
    assert ("the response body is not recorded: its content coding dcb is not known here",) == entry.missing


def test_a_secret_in_a_compressed_request_is_replaced(record, upstream):
    recording = record()
    body = gzip.compress(b'{"password":"correct-horse-7"}', mtime=0)

    recording.ask(post(body, b"Content-Type: application/json", b"Content-Encoding: gzip", LENGTH % len(body)))

    assert upstream.requests[0].endswith(body)
    assert [b'{"password":"password-1"}'] == [entry.request_body for entry in recording.entries()]


def test_a_body_that_would_be_huge_without_its_content_coding_is_not_recorded(record, upstream, monkeypatch):
    monkeypatch.setattr(recorder_module, "DECODED_BYTES", 1000)
    upstream.script = sending(plain(gzip.compress(bytes(1001)), b"Content-Encoding: gzip"))
    recording = record()

    recording.ask(get())

    (entry,) = recording.entries()
    why = "the response body is not recorded: it cannot be decoded as gzip: it would have more than 1000 bytes"
    assert (b"", (why,)) == (entry.response_body, entry.missing)


def test_an_exchange_that_is_not_written_is_named_by_its_host(record, upstream):
    upstream.script = sending(plain(base64.b64encode(b"password=correct-horse-7")))
    recording = record()

    recording.ask(post(b"password=correct-horse-7", LENGTH % 24))

    assert [] == recording.entries()
    why = "the secret whose stand-in is password-1 is still there, so the exchange was not written"
    assert [
        f"nothing was recorded, and there is no {recording.path}",
        f"1 exchange is not recorded: POST to {HOST}: response.content.text: {why}",
    ] == list(recording.recorder.summary())


class ScriptedProxy:
    """A proxy that connects to one port of this machine, whatever it is asked for, or responds with an error."""

    def __init__(self, port, status=b"200 Connection established"):
        self.asked = []
        self._port, self._status = port, status
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self):
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(PATIENCE)

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                self.asked.append(next(read_requests(near)))
                near.sendall(b"HTTP/1.1 " + self._status + b"\r\nX: 1\r\n\r\n")
                if not self._status.startswith(b"200"):
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self._port))
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._copy, args=(source, target), daemon=True).start()

    def _copy(self, source, target):
        with contextlib.suppress(OSError), source, target:
            while data := source.recv(65536):
                target.sendall(data)


def test_a_proxy_of_the_network_leads_to_the_provider(record, upstream):
    with contextlib.closing(ScriptedProxy(upstream.port)) as proxy:
        found = find_proxy(
            {"HTTPS_PROXY": f"http://us%40er:se%20cret@127.0.0.1:{proxy.address}", "NO_PROXY": "example.com"}
        )

        got = record(f"https://{FAR}:{upstream.port}", proxy=found).ask(get())

    assert plain(b"ok").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") == got
    assert [get()] == upstream.requests
    name = b"%s:%d" % (FAR.encode(), upstream.port)
    login = base64.b64encode(b"us@er:se cret")
    assert [
        b"CONNECT %s HTTP/1.1\r\nHost: %s\r\nProxy-Authorization: Basic %s\r\n\r\n" % (name, name, login)
    ] == proxy.asked


def test_a_proxy_of_the_network_that_rejects_is_said(record, upstream):
    with contextlib.closing(ScriptedProxy(upstream.port, b"407 Proxy Authentication Required")) as proxy:
        found = find_proxy({"https_proxy": f"127.0.0.1:{proxy.address}"})
        got = record(f"https://{FAR}", proxy=found).ask(get())

    assert got.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    sentence = f" by the proxy http://127.0.0.1:{proxy.address}: it responds 407 Proxy Authentication Required; the request was not sent\n"
    assert got.endswith(sentence.encode())
    assert [] == upstream.requests


def test_a_proxy_of_the_network_that_does_not_listen_is_named(record, upstream):
    got = record(f"https://{FAR}", proxy=find_proxy({"https_proxy": "127.0.0.1:1"})).ask(get())

    sentence = f"mockserver: no connection to https://{FAR} by the proxy http://127.0.0.1:1: Connect"
    assert sentence.encode() in got
    assert [] == upstream.requests


def test_this_machine_and_the_hosts_of_no_proxy_are_reached_directly(record, upstream):
    proxy = find_proxy({"https_proxy": "http://127.0.0.1:1", "no_proxy": "a.example, .b.example"})

    assert record(proxy=proxy).ask(get()).endswith(b"ok")
    assert [False, False, True, False] == [
        proxy.serves(host) for host in ("a.example", "x.b.example", "c.example", "::1")
    ]


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"HTTPS_PROXY": ""},
        {"HTTPS_PROXY": "http://127.0.0.1:7672", "MOCKSERVER_PROXY_URL": "http://127.0.0.1:7672"},
    ],
)
def test_without_a_proxy_of_the_network_or_with_a_mock_servers_none_is_used(variables):
    assert find_proxy(variables) is None


@pytest.mark.parametrize("url", ["socks5://127.0.0.1:1080", "https://proxy.example", "http://"])
def test_a_proxy_of_another_kind_is_misuse(url):
    with pytest.raises(
        ValueError, match="the proxy that all_proxy names cannot be used: its URL does not begin with http://"
    ):
        find_proxy({"all_proxy": url})


def test_a_full_disk_loses_what_does_not_fit_and_nothing_before_or_after_it(tmp_path):
    recorder = Recorder(tmp_path / "traffic.har", create_stand_ins(installed_providers()))
    small = RecordedExchange(index=0, started=0, method="GET", url=f"https://{HOST}/small", status=200)
    large = msgspec.structs.replace(small, url=f"https://{HOST}/large", response_body=b"x" * 10_000)
    recorder.record(small).result()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (recorder.path.stat().st_size + 5_000, hard))
    try:
        recorder.record(large).result()
        assert [small.url] == [each.url for each in read_har_file(recorder.path)]
        recorder.record(small).result()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        recorder.close()

    assert [small.url] * 2 == [each.url for each in read_har_file(recorder.path)]
    assert [
        f"2 exchanges recorded in {recorder.path}",
        "1 exchange is not recorded: File too large",
    ] == list(recorder.summary())


def test_a_file_is_replaced_by_the_first_exchange_that_fits(tmp_path):
    path = tmp_path / "traffic.har"
    path.write_text("mine")
    recorder = Recorder(path, create_stand_ins(installed_providers()), overwrites=True)
    exchange = RecordedExchange(index=0, started=0, method="GET", url=f"https://{HOST}/", status=200)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        recorder.record(exchange).result()
        assert "mine" == path.read_text()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    recorder.record(exchange).result()
    recorder.close()

    assert [exchange.url] == [each.url for each in read_har_file(path)]


def test_other_hosts_than_the_providers_are_not_passed_on(record, upstream):
    recording = record()

    assert recording.ask(get().replace(HOST.encode(), b"localhost")).startswith(b"HTTP/1.1 421 Misdirected Request\r\n")
    assert [] == upstream.requests
    assert [] == recording.entries()


def test_nothing_recorded_leaves_no_file(record):
    recording = record()

    assert [] == recording.entries()
    assert not recording.path.exists()
    sentence = f"nothing was recorded, and there is no {recording.path}: no request for a provider's host went through the proxy"
    assert [sentence] == list(recording.recorder.summary())


def test_64_clients_at_once_get_each_their_own_response(record, upstream):
    everybody = threading.Barrier(64)

    def script(sock, request):
        everybody.wait(PATIENCE)  # no response until all requests are here
        sock.sendall(plain(request.rpartition(b"\r\n\r\n")[2] * 1000))

    upstream.script = script
    recording = record()

    def ask(number):
        body = b"%04d" % number
        return recording.ask(post(body, LENGTH % 4)).partition(b"\r\n\r\n")[2] == body * 1000

    with ThreadPoolExecutor(64) as threads:
        assert all(threads.map(ask, range(64)))
    assert sorted(b"%04d" % number for number in range(64)) == sorted(
        entry.request_body for entry in recording.entries()
    )


class SpiedTransport:
    """A transport that tells when reading is paused."""

    def __init__(self, transport, paused):
        self._transport, self._paused = transport, paused

    def __getattr__(self, name):
        if name == "pause_reading":
            self._paused.set()
        return getattr(self._transport, name)


def test_a_client_that_reads_slowly_holds_the_upstream_back(record, upstream, monkeypatch):
    paused = threading.Event()
    made = UpstreamConnection.connection_made
    monkeypatch.setattr(
        UpstreamConnection, "connection_made", lambda self, transport: made(self, SpiedTransport(transport, paused))
    )
    monkeypatch.setattr(passing_on, "RECORDED_BYTES", 10)
    upstream.script = sending(plain(LARGE * 8))
    sock = record().connect()
    sock.sendall(get())

    assert paused.wait(PATIENCE)
    assert read_all(sock).endswith(b"\r\n\r\n" + LARGE * 8)


def test_standard_clients_read_it(record, upstream):
    upstream.script = sending(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    recording = record()
    connection = http.client.HTTPSConnection("127.0.0.1", recording.port, context=recording.context)
    connection.set_tunnel(HOST)

    for _ in range(3):
        connection.request(
            "POST", PATH, body=iter([b"a", b"b"]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
        )
        assert b"abc" == connection.getresponse().read()
    connection.close()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("api2.serwersms.pl", "an upstream is HOST=URL"),
        ("=https://x.example", "an upstream is HOST=URL"),
        ("api2.serwersms.pl=ftp://x.example", "an upstream is HOST=URL"),
        ("api2.serwersms.pl=https://x.example:99999", "an upstream is HOST=URL"),
        (
            "api2.serwersms.pl=https://user:secret@x.example",
            "^the upstream of api2.serwersms.pl has a user or a password in its URL, which is not sent$",
        ),
        ("api2.serwersms.pl=https://x.example/?a=b", "an upstream is HOST=URL"),
        ("api.serwersms.pl=https://x.example", "api.serwersms.pl is not a provider's host; these are: "),
    ],
)
def test_an_upstream_that_is_none_is_misuse(text, why):
    with pytest.raises(ValueError, match=why):
        Upstreams(installed_providers().hosts, parse_upstreams([text]))


def test_two_upstreams_of_one_host_are_misuse():
    with pytest.raises(ValueError, match=f"{HOST} has two upstreams: https://a.example and http://b.example:8080/x"):
        parse_upstreams([f"{HOST}=https://a.example", f"{HOST.upper()}=http://b.example:8080/x/"])
