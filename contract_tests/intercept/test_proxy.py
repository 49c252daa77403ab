"""The forward proxy, by raw bytes: what it carries, what it rejects, and how connections end."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import resource
import select
import socket
import ssl
import struct
import threading

import pytest

from mockserver.http.connection import Limits
from mockserver.http.listener import Listener, Server
from mockserver.intercept.ca import CertificateAuthority
from mockserver.intercept.hosts import Hosts
from mockserver.intercept.proxy import ESTABLISHED, ForwardProxy
from mockserver.intercept.proxy_errors import HostRejected, PortRejected
from mockserver.intercept.proxy_policy import ProxyPolicy, ProxyTarget, is_loopback
from mockserver.sdk.response import Ending, ResponseTiming
from mockserver.server import MockServer
from mockserver.settings import Settings

PATIENCE = 30
HOSTS = ("one.test", "two.test")
DATED = b"Date: now\r\n"


pytestmark = pytest.mark.usefixtures("loop")


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


class StubApplication:
    """A WSGI application that responds with what it was asked and how."""

    def __init__(self):
        self.timings = {}
        self.broken_ones = queue.Queue()

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] in self.timings:
            environ["mockserver.timing"] = self.timings[environ["PATH_INFO"]]
        scheme, host, target = environ["wsgi.url_scheme"], environ.get("HTTP_HOST"), environ["mockserver.target"]
        said = f"{environ['mockserver.listener']} {environ['REQUEST_METHOD']} {scheme} {host} {target} "
        start_response("200 OK", [("Date", "now")])
        return [said.encode() + environ["mockserver.body"]]

    def reject_invalid(self, invalid, listener):
        self.broken_ones.put((invalid.raw, invalid.reason))


def said(text):
    body = text.encode()
    return b"HTTP/1.1 200 OK\r\n" + DATED + b"Content-Length: %d\r\n\r\n" % len(body) + body


@pytest.fixture
def application():
    return StubApplication()


@pytest.fixture
def opened(application, ca):
    """Open a proxy beside the listeners that it leads to, and connect to it as often as a test wants."""
    with contextlib.ExitStack() as ending:

        def serve(limits=None, listener=None, https=True, before=(), **options):
            given = {"hosts": Hosts(HOSTS), **options}
            own = [Listener(application, name=listener)]
            if https:
                own.append(Listener(application, name=listener, ssl_context=ca.context(HOSTS)))
            server = Server(listeners=[*before, *own, ForwardProxy(application, name=listener, **given)], limits=limits)
            ending.enter_context(server)

            def connect():
                port = int(server.urls[-1].rpartition(":")[2])
                return Client(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE), ending)

            connect.server = server
            return connect

        yield serve


class Client:
    def __init__(self, connected, ending):
        self.socket = ending.enter_context(connected)
        self.ending = ending

    def send(self, raw):
        self.socket.sendall(raw)
        return self

    def hears(self, expected):
        got = b""
        while len(got) < len(expected) and (piece := self.socket.recv(len(expected) - len(got))):
            got += piece
        assert got == expected
        return self

    def rest(self):
        got = b""
        while piece := self.socket.recv(65536):
            got += piece
        return got

    def through(self, ca, name):
        """Send a request through the proxy over TLS."""
        context = ssl.create_default_context(cafile=str(ca.certificate))
        return Client(context.wrap_socket(self.socket, server_hostname=name), self.ending)

    def resets(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


@pytest.fixture
def receiver():
    """A server on this machine that is not ours: each connection as a socket."""
    with contextlib.ExitStack() as ending, socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)

        class Receiver:
            port = listener.getsockname()[1]

            def accept(self):
                accepted, _ = listener.accept()
                accepted.settimeout(PATIENCE)
                return Client(accepted, ending)

        yield Receiver()


def connect_to(place, *headers):
    return f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n".encode() + b"".join(headers) + b"\r\n"


def get(url, *headers, host=None):
    ca = re.split("[/?]", url)[2] if host is None else host
    return f"GET {url} HTTP/1.1\r\nHost: {ca}\r\n".encode() + b"".join(headers) + b"\r\n"


# -- to the providers' hosts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["one.test", "ONE.test", "one.test."])
def test_connect_to_port_443_of_a_providers_host_is_our_https(opened, ca, host):
    client = opened()().send(connect_to(f"{host}:443")).hears(ESTABLISHED).through(ca, "one.test")

    client.send(b"GET /a?b=c HTTP/1.1\r\nHost: one.test\r\n\r\n").hears(said("None GET https one.test /a?b=c "))


def test_connect_to_port_80_is_our_http(opened):
    client = opened()().send(connect_to("two.test:80")).hears(ESTABLISHED)

    client.send(b"GET / HTTP/1.1\r\nHost: two.test\r\n\r\n").hears(said("None GET http two.test / "))


def test_bytes_sent_before_the_connection_is_established_are_not_lost(opened):
    request = b"GET / HTTP/1.1\r\nHost: two.test\r\n\r\n"
    client = opened()().send(connect_to("two.test:80") + request)

    client.hears(ESTABLISHED + said("None GET http two.test / "))


@pytest.mark.parametrize(
    ("url", "response"),
    [
        ("http://one.test/a?b=c", "None GET http one.test /a?b=c "),
        ("http://one.test", "None GET http one.test / "),
        ("http://one.test?b=c", "None GET http one.test /?b=c "),
        ("http://one.test:80/a#here", "None GET http one.test:80 /a "),
        ("HTTP://One.Test/", "None GET http One.Test / "),
        ("https://one.test/a", "None GET https one.test /a "),  # as axios asks its proxy
    ],
)
def test_a_request_with_an_absolute_url_gets_the_response_of_its_host(opened, url, response):
    opened()().send(get(url)).hears(said(response))


def test_the_url_takes_precedence_over_the_host_header(opened):
    opened()().send(get("http://one.test/", host="example.com")).hears(said("None GET http one.test / "))


def test_one_connection_serves_one_host_after_the_other(opened):
    client = opened()()
    for host in ("one.test", "two.test", "one.test"):
        client.send(get(f"http://{host}/")).hears(said(f"None GET http {host} / "))


def test_requests_that_are_sent_ahead_are_answered_in_their_order(opened):
    client = opened()().send(get("http://one.test/1") + get("http://two.test/2") + get("http://one.test/3"))

    responses = [f"None GET http {place} " for place in ("one.test /1", "two.test /2", "one.test /3")]
    client.hears(b"".join(map(said, responses)))


def test_a_request_body_is_received(opened):
    request = get("http://one.test/", b"Content-Length: 3\r\n").replace(b"GET", b"POST") + b"abc"
    opened()().send(request).hears(said("None POST http one.test / abc"))


def test_it_relays_to_the_listeners_of_its_own_name(opened, application):
    connect = opened(listener="mine", before=[Listener(application, name="other")])

    connect().send(get("http://one.test/")).hears(said("mine GET http one.test / "))
    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    connect().send(connect_to("one.test:80")).hears(ESTABLISHED).send(request).hears(said("mine GET http a / "))


# -- rejected ------------------------------------------------------------------------------------------------------------


def rejected(sentence, phrase=None, close=True, status=403):
    body = f"mockserver: {sentence}\n".encode()
    end = b"Connection: close\r\n" if close else b""
    return (status, (phrase or sentence.partition(":")[0]).encode(), body, end)


def receives_error(client, expected):
    status, phrase, body, end = expected
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = client.socket.recv(1)
        assert piece
        head += piece
    lines = head.split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 %d %s" % (status, phrase)
    assert b"Content-Type: text/plain; charset=utf-8" in lines
    assert (b"Connection: close" in lines) == bool(end)
    client.hears(body)
    return client


def no_host(host, near=""):
    return rejected(
        f"{host} is blocked by mockserver, --allow-host {host} allows it: the proxy forwards only to the providers' hosts and private addresses{near}",
        close=False,
    )


def closing(expected):
    return (*expected[:3], b"Connection: close\r\n")


@pytest.mark.parametrize("place", ["example.com:443", "example.com:80", "example.com:22"])
def test_connect_to_another_host_is_rejected_and_closed(opened, place):
    client = opened()().send(connect_to(place))

    assert b"" == receives_error(client, closing(no_host("example.com"))).rest()


@pytest.mark.parametrize("method", ["GET", "CONNECT"])
@pytest.mark.parametrize("host", ["a" * 80, "a" * 81, "a." * 100 + "test"])
def test_a_host_that_is_too_long_is_rejected_like_others(opened, method, host):
    target = f"http://{host}/" if method == "GET" else f"{host}:443"
    client = opened()().send(f"{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode("latin-1"))
    cut = host if len(host) <= 80 else f"{host[:60]}…"
    expected = no_host(cut)
    phrase = f"{cut} is blocked by mockserver, --allow-host {cut} allows it".replace("…", "...").encode()

    receives_error(client, (403, phrase, expected[2], b"close" if method == "CONNECT" else b""))


@pytest.mark.parametrize("host", ["api.one.test", "one.test.example.com", "8.8.8.8", "xn--ne-lka.test"])
def test_an_absolute_url_of_another_host_is_rejected(opened, host):
    near = "; did you mean one.test?" if host == "api.one.test" else ""
    client = opened(hosts=Hosts(("one.test",)))()

    receives_error(client.send(get(f"http://{host}/")), no_host(host, near))
    client.send(get("http://one.test/")).hears(said("None GET http one.test / "))


def test_a_provider_error_waits_for_its_turn(opened):
    client = opened()().send(get("http://one.test/1") + get("http://example.com/") + get("http://one.test/3"))

    client.hears(said("None GET http one.test /1 "))
    receives_error(client, no_host("example.com"))
    client.hears(said("None GET http one.test /3 "))


@pytest.mark.parametrize("request_for", [lambda: connect_to("one.test:8443"), lambda: get("http://one.test:8443/")])
def test_a_providers_host_at_another_port_is_rejected(opened, request_for):
    client = opened()().send(request_for())
    expected = rejected(
        "one.test is not served on port 8443; use 443 (HTTPS) or 80 (HTTP)", close=b"CONNECT" in request_for()
    )

    receives_error(client, expected)


def test_without_https_connect_to_port_443_is_rejected(opened):
    client = opened(https=False)().send(connect_to("one.test:443"))

    receives_error(client, rejected("one.test is not served on port 443; this server has no such listener"))


NOT_A_PROXY_REQUEST = (
    "this is a forward proxy: it takes CONNECT and absolute URLs; set HTTPS_PROXY and http_proxy to this address, "
    "as `mockserver env` prints them"
)


@pytest.mark.parametrize(
    "request_line",
    ["GET / HTTP/1.1", "OPTIONS * HTTP/1.1", "GET ftp://one.test/ HTTP/1.1", "CONNECT one.test:0 HTTP/1.1"],
)
def test_a_request_that_is_not_for_a_proxy_is_rejected(opened, request_line):
    client = opened()().send(f"{request_line}\r\nHost: one.test\r\n\r\n".encode())
    expected = rejected(NOT_A_PROXY_REQUEST, "Bad Request", status=400, close=request_line.startswith("CONNECT"))

    receives_error(client, expected)


def test_it_does_not_connect_to_itself(opened):
    connect = opened()
    url = connect.server.urls[-1]

    receives_error(
        connect().send(get(f"{url}/")), rejected(NOT_A_PROXY_REQUEST, "Bad Request", status=400, close=False)
    )


def test_garbage_is_rejected_as_by_other_listeners(opened, application):
    response = opened()().send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").rest()

    assert response.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"\x16\x03\x01" == application.broken_ones.get(timeout=PATIENCE)[0][:3]


def test_a_head_without_end_is_rejected(opened):
    client = opened(Limits(head=1024))()
    client.send(b"CONNECT one.test:443 HTTP/1.1\r\n" + b"X: y\r\n" * 400)

    assert client.rest().startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("line", ["CONNECT one.test:443", "GET http://one.test/"])
@pytest.mark.parametrize("host", ["", "Host: [::1\r\n", "Host: a b\r\n", "Host: one.test\r\nHost: one.test\r\n"])
def test_a_request_without_one_host_is_rejected(opened, application, line, host):
    response = opened()().send(f"{line} HTTP/1.1\r\n{host}\r\n".encode()).rest()

    assert response.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert "Host header" in application.broken_ones.get(timeout=PATIENCE)[1]


def test_a_silent_client_is_disconnected(opened):
    assert b"" == opened(Limits(idle=0.01))().rest()


# -- to other hosts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_hosts_are_relayed_for_local_clients(opened, receiver, host):
    client = opened()().send(connect_to(f"{host}:{receiver.port}")).hears(ESTABLISHED)
    accepted = receiver.accept()

    client.send(b"anything\x00")
    accepted.hears(b"anything\x00").send(b"at all")
    client.hears(b"at all")


def test_a_host_that_is_allowed_is_connected_to(opened, receiver):
    # 0.0.0.0 is this machine too, under a name that is not loopback's.
    opened(allowed=("0.0.0.0",))().send(connect_to(f"0.0.0.0:{receiver.port}")).hears(ESTABLISHED)

    assert receiver.accept()


def test_a_request_for_an_allowed_host_is_forwarded_in_origin_form(opened, receiver):
    url = f"http://127.0.0.1:{receiver.port}"
    client = opened()()
    client.send(
        f"POST {url}/a?b=c#d HTTP/1.1\r\nHost: elsewhere\r\nX-Mine: 1\r\nX-Hop: 2\r\nConnection: keep-alive, X-Hop\r\n"
        "Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic eDp5\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n0\r\n\r\n".encode()
    )
    accepted = receiver.accept()

    accepted.hears(
        f"POST /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:{receiver.port}\r\nX-Mine: 1\r\nContent-Length: 3\r\n"
        "Connection: close\r\n\r\nabc".encode()
    )
    accepted.send(b"HTTP/1.1 200 OK\r\n\r\nno length")
    accepted.socket.close()
    assert b"HTTP/1.1 200 OK\r\n\r\nno length" == client.rest()


def test_bytes_after_a_forwarded_request_are_dropped(opened, receiver):
    client = opened()().send(get(f"http://127.0.0.1:{receiver.port}/"))
    accepted = receiver.accept()
    accepted.hears(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{receiver.port}\r\nConnection: close\r\n\r\n".encode())
    client.send(get("http://one.test/"))
    accepted.send(b"HTTP/1.1 204 No Content\r\n\r\n")

    client.hears(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert not select.select([accepted.socket], [], [], 0)[0]


def test_a_request_with_a_body_over_the_limit_is_not_forwarded(opened, receiver):
    place = f"127.0.0.1:{receiver.port}"
    client = opened(Limits(body=10))().send(get(f"http://{place}/", b"Content-Length: 11\r\n") + b"x" * 11)
    sentence = "the body of the request for 127.0.0.1 is longer than --body-bytes allows"

    receives_error(client, rejected(sentence, "Request Entity Too Large", status=413, close=False))


def test_a_host_that_cannot_be_reached_is_a_bad_gateway(opened, unknown):
    place = unknown.removeprefix("http://")
    client = opened()().send(connect_to(place))
    sentence = f"{place} cannot be reached: Connection refused"
    status = b""
    while not status.endswith(b"\r\n\r\n"):
        status += client.socket.recv(1)

    assert status.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert sentence.split(": ", maxsplit=1)[0].encode() in client.rest()


@pytest.mark.parametrize("host", [f"{'x' * 64}.invalid", "a..invalid"])
def test_an_invalid_host_name_is_a_bad_gateway(opened, host):
    response = opened(allowed=("*.invalid",))().send(connect_to(f"{host}:80")).rest()

    assert response.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert f"{host}:80 cannot be reached: ".encode() in response


# -- how connections end ------------------------------------------------------------------------------------------------


@pytest.fixture
def line(opened, receiver):
    """Both ends of a connection in memory, and the server that carries it."""
    connect = opened()
    near = connect().send(connect_to(f"127.0.0.1:{receiver.port}")).hears(ESTABLISHED)
    return near, receiver.accept(), connect.server


def test_a_half_close_by_the_client_is_passed_on(line):
    near, far, _ = line
    near.socket.shutdown(socket.SHUT_WR)
    assert b"" == far.rest()
    far.send(b"still talking")
    near.hears(b"still talking")
    far.socket.shutdown(socket.SHUT_WR)

    assert b"" == near.rest()


def test_a_half_close_by_the_other_host_is_passed_on(line):
    near, far, _ = line
    far.send(b"bye").socket.shutdown(socket.SHUT_WR)
    assert b"bye" == near.rest()
    near.send(b"and thanks")

    far.hears(b"and thanks")


def test_a_close_is_passed_on(line):
    near, far, _ = line
    far.send(b"the last word").socket.close()

    assert b"the last word" == near.rest()


@pytest.mark.parametrize("who", [0, 1])
def test_a_reset_is_passed_on(line, who):
    line[who].resets()

    with pytest.raises(ConnectionResetError):
        line[1 - who].socket.recv(1)


def test_bytes_sent_before_a_reset_are_received(line):
    near, far, _ = line
    far.send(b"spoken")
    near.hears(b"spoken")
    far.resets()

    with pytest.raises(ConnectionResetError):
        near.socket.recv(1)


def test_a_fault_inside_tls_reaches_the_client_unchanged(opened, ca, application):
    application.timings["/reset"] = ResponseTiming(ending=Ending.RESET)
    application.timings["/cut"] = ResponseTiming(cut=3, ending=Ending.CLOSE)
    connect = opened()

    def ask(path):
        client = connect().send(connect_to("one.test:443")).hears(ESTABLISHED).through(ca, "one.test")
        return client.send(f"GET {path} HTTP/1.1\r\nHost: one.test\r\n\r\n".encode())

    client = ask("/reset")
    with socket.socket(fileno=os.dup(client.socket.fileno())) as below:  # OpenSSL calls a reset an unexpected end
        below.settimeout(PATIENCE)
        client.hears(said("None GET https one.test /reset "))
        with pytest.raises(ConnectionResetError):
            below.recv(1)
    assert ask("/cut").rest().endswith(b"\r\n\r\nNon")


def test_a_fault_applies_to_a_request_with_an_absolute_url(opened, application):
    application.timings["/reset"] = ResponseTiming(ending=Ending.RESET)
    application.timings["/cut"] = ResponseTiming(cut=3, ending=Ending.CLOSE)
    connect = opened()

    with pytest.raises(ConnectionResetError):
        connect().send(get("http://one.test/reset")).rest()
    assert connect().send(get("http://one.test/cut")).rest().endswith(b"\r\n\r\nNon")


def test_a_slow_reader_pauses_the_other_side(line):
    near, far, _ = line
    far.socket.setblocking(False)
    sent = 0
    piece = bytes(range(256)) * 256
    for _ in range(4096):  # 256 MiB, which no one would hold for a client that does not read
        try:
            sent += far.socket.send(piece)
        except BlockingIOError:
            # The kernels' buffers and ours are full, or the other side has not come round yet.
            if not select.select([], [far.socket], [], 1)[1]:
                break
    assert sent < 64 << 20
    far.socket.setblocking(True)
    far.socket.shutdown(socket.SHUT_WR)

    assert sent == len(near.rest())


def test_nothing_is_lost_when_both_sides_send_at_once(line):
    near, far, _ = line
    size = 8 << 20
    near_says, far_says = bytes(size), b"\xff" * size

    def talk(client, says):
        client.send(says).socket.shutdown(socket.SHUT_WR)

    talkers = [threading.Thread(target=talk, args=each) for each in ((near, near_says), (far, far_says))]
    heard = []
    listener = threading.Thread(target=lambda: heard.append(far.rest()))
    for thread in (*talkers, listener):
        thread.start()
    assert far_says == near.rest()
    for thread in (*talkers, listener):
        thread.join(PATIENCE)

    assert [near_says] == heard


def test_relayed_connections_end_when_the_server_stops(line):
    near, far, server = line
    server.stop()

    for client in (near, far):
        with contextlib.suppress(ConnectionResetError):
            assert b"" == client.rest()


def test_no_open_connection_delays_the_stop_not_even_during_a_handshake(opened):
    connect = opened()
    clients = [connect() for _ in range(4)]
    clients[1].send(connect_to("one.test:443")).hears(ESTABLISHED)
    clients[2].send(connect_to("one.test:443")).hears(ESTABLISHED).send(b"\x16\x03\x01\x02\x00\x01")
    clients[3].send(b"CONN")
    (thread,) = (each for each in threading.enumerate() if each.name == f"mockserver {connect.server.url}")
    connect.server.stop()

    assert not thread.is_alive()
    for client in clients:
        with contextlib.suppress(ConnectionResetError):
            assert b"" == client.rest()


def test_a_thousand_connections_at_once(opened):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))
    try:
        connect = opened()
        clients = [connect().send(connect_to("one.test:80")) for _ in range(1000)]
        for client in clients:
            client.hears(ESTABLISHED)
        for number, client in enumerate(clients):
            client.send(f"GET /{number} HTTP/1.1\r\nHost: one.test\r\n\r\n".encode())
        for number, client in enumerate(clients):
            client.hears(said(f"None GET http one.test /{number} "))
            client.socket.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# -- where it leads -----------------------------------------------------------------------------------------------------

POLICY = ProxyPolicy(
    Hosts(HOSTS), ("example.com", "*.example.org"), ProxyTarget("127.0.0.1", 80), ProxyTarget("127.0.0.1", 443)
)


@pytest.mark.parametrize("host", ["example.com", "a.example.org", "a.b.example.org"])
def test_an_allowed_host_is_reached(host):
    assert ProxyTarget(host, 8080) == POLICY.find_target(ProxyTarget(host, 8080), from_loopback=False)


@pytest.mark.parametrize("host", ["a.example.com", "example.org", "xexample.org", "example.com.evil.test", ""])
def test_a_host_that_is_not_allowed_is_rejected(host):
    with pytest.raises(HostRejected):
        POLICY.find_target(ProxyTarget(host, 80), from_loopback=False)


@pytest.mark.parametrize("host", ["db", "registry.example.net", "10.0.0.7", "8.8.8.8"])
def test_the_addresses_of_another_host_decide_for_clients_of_this_machine(host):
    assert POLICY.find_target(ProxyTarget(host, 80), from_loopback=True) is None


@pytest.mark.parametrize(
    "address", ["10.1.2.3", "172.16.0.9", "192.168.1.1", "127.0.0.2", "fc00::1", "::ffff:10.0.0.1"]
)
def test_a_host_with_private_addresses_alone_is_reached_by_address(address):
    requested = ProxyTarget("db", 5432)

    assert ProxyTarget(address, 5432) == POLICY.find_address(requested, [address, "10.0.0.9"])
    with pytest.raises(HostRejected, match="db is blocked"):
        POLICY.find_address(requested, [address, "93.184.216.34"])


@pytest.mark.parametrize("addresses", [[], ["8.8.8.8"], ["169.254.169.254"], ["0.0.0.0"], ["2001:db8::1"]])
def test_a_host_with_other_addresses_or_none_is_rejected(addresses):
    with pytest.raises(HostRejected):
        POLICY.find_address(ProxyTarget("example.net", 443), addresses)


@pytest.mark.parametrize("host", ["example.net", "a.b.c", "8.8.8.8", "localhost"])
def test_a_star_allows_every_host_outside_the_providers_domains(host):
    policy = ProxyPolicy(Hosts(("api.acme.test",)), ("*",))

    assert ProxyTarget(host, 443) == policy.find_target(ProxyTarget(host, 443), from_loopback=False)
    for allowed, reached in (("*", False), ("*.test", False), ("*.acme.test", True), ("www.acme.test", True)):
        policy = ProxyPolicy(Hosts(("api.acme.test",)), (allowed,))
        with contextlib.nullcontext() if reached else pytest.raises(HostRejected):
            policy.find_target(ProxyTarget("www.acme.test", 443), from_loopback=True)


@pytest.mark.parametrize("name", ["127.1", "2130706433"])
def test_a_name_that_resolves_to_this_machine_is_relayed_for_local_clients(opened, receiver, name):
    client = opened()().send(connect_to(f"{name}:{receiver.port}")).hears(ESTABLISHED)
    receiver.accept().send(b"hello")

    client.hears(b"hello")


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_loopback_is_for_clients_of_this_machine(host):
    assert ProxyTarget(host, 80) == POLICY.find_target(ProxyTarget(host, 80), from_loopback=True)
    with pytest.raises(HostRejected):
        POLICY.find_target(ProxyTarget(host, 80), from_loopback=False)


def test_a_providers_host_is_intercepted_even_if_all_hosts_are_allowed():
    policy = ProxyPolicy(Hosts(HOSTS), ("one.test", "*.test"), ProxyTarget("127.0.0.1", 7670), None)

    assert ProxyTarget("127.0.0.1", 7670) == policy.find_target(ProxyTarget("one.test", 80), from_loopback=False)
    with pytest.raises(PortRejected):
        policy.find_target(ProxyTarget("one.test", 443), from_loopback=False)


@pytest.mark.parametrize("host", ["one.test", "localhost.example.com", "128.0.0.1", "0.0.0.0", ""])
def test_other_addresses_are_not_loopback(host):
    assert not is_loopback(host)


# -- in the journal -----------------------------------------------------------------------------------------------------


def test_rejected_requests_are_in_the_journal_with_the_reason():
    with MockServer(proxy=True, freeze="2026-06-01T12:00:00Z") as mock:
        port = int(mock.proxy_url.rpartition(":")[2])
        for request in (connect_to("api.serwersms.pl:443"), get("http://example.com/?secret_access_key=real")):
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connected:
                connected.sendall(request)
                assert connected.recv(12) == b"HTTP/1.1 403"
        received = [
            (each.method, each.target, each.status, each.error, mock.world.explain(each.number)["hint"])
            for each in mock.world.journal()
        ]

    assert [
        (
            "CONNECT",
            "api.serwersms.pl:443",
            403,
            "HostRejected",
            "Use a provider's host, or start the server with --allow-host api.serwersms.pl.",
        ),
        (
            "GET",
            "http://example.com/?secret_access_key=[masked]",
            403,
            "HostRejected",
            "Use a provider's host, or start the server with --allow-host example.com.",
        ),
    ] == received


def test_intercepted_requests_are_in_the_journal_like_direct_ones():
    with MockServer(proxy=True) as mock:
        port = int(mock.proxy_url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connected:
            connected.sendall(get("http://s1api2.serwersms.pl/messages/send_sms"))
            assert connected.recv(12) == b"HTTP/1.1 200"
        (exchange,) = mock.world.journal()

    assert ("/messages/send_sms", "serwersms") == (exchange.target, exchange.provider)


def test_https_alone_and_listeners_of_ones_own(ca):
    settings = Settings(port=0, ca=ca.folder)
    extra = []
    with MockServer(settings=settings, https=True) as plain:
        assert plain.urls == (plain.url, plain.https_url)
        extra.append(Listener(plain.service, name="mine"))
        with MockServer(plain.service, settings, proxy=True, listeners=extra) as more:
            assert more.urls[:3] == (more.url, more.https_url, more.proxy_url)
            assert 4 == len(more.urls)
            port = int(more.https_url.rpartition(":")[2])
            trusting = ssl.create_default_context(cafile=str(more.ca.certificate))
            with (
                socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as below,
                trusting.wrap_socket(below, server_hostname="communicatepro.mgage.com") as connected,
            ):
                connected.sendall(b"GET /api/x HTTP/1.1\r\nHost: communicatepro.mgage.com\r\n\r\n")
                assert connected.recv(12) == b"HTTP/1.1 404"


def test_the_url_of_a_listener_that_a_server_lacks_is_an_error():
    with MockServer() as mock:
        for name in ("https", "proxy"):
            with pytest.raises(
                RuntimeError, match=f"^the server has no {name} listener; start it with MockServer\\({name}=True\\)$"
            ):
                getattr(mock, f"{name}_url")
