"""The server: where it listens, how it starts, and that nothing delays its stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from mockserver.event_loop import new_event_loop
from mockserver.http.connection import Turn
from mockserver.http.listener import Listener, Server
from mockserver.sdk.response import Ending, ResponseTiming

PATIENCE = 30
REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def app(environ, start_response):
    start_response("200 OK", [("Date", "now")])
    return [f"{environ['mockserver.listener']}\n".encode()]


def response(body):
    return b"HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def port_of(url):
    return int(url.rpartition(":")[2])


def connected(url):
    return socket.create_connection(("127.0.0.1", port_of(url)), timeout=PATIENCE)


def heard(client, size):
    got = b""
    while len(got) < size and (piece := client.recv(size - len(got))):
        got += piece
    return got


def request(url, expected):
    with connected(url) as client:
        client.sendall(REQUEST)
        return heard(client, len(expected)) == expected


pytestmark = pytest.mark.usefixtures("loop")


def test_it_answers_at_its_url_for_the_length_of_a_block():
    with Server(app) as mock:
        url = mock.url
        assert url.startswith("http://127.0.0.1:")
        assert request(url, response(b"None\n"))
    with pytest.raises(ConnectionRefusedError):
        connected(url)


def test_a_server_that_does_not_run_has_no_url():
    mock = Server(app)
    with pytest.raises(RuntimeError, match=r"^the server is not running$"):
        mock.url  # noqa: B018  # a property that raises
    with mock:
        pass
    with pytest.raises(RuntimeError, match=r"^the server is not running$"):
        mock.url  # noqa: B018  # a property that raises


def test_it_starts_again_after_it_was_stopped():
    mock = Server(app)
    for _ in range(3):
        with mock:
            assert request(mock.url, response(b"None\n"))


def test_a_port_is_free_again_at_once():
    with Server(app) as mock:
        port = port_of(mock.url)
        assert request(mock.url, response(b"None\n"))
    with Server(app, port=port) as mock:
        assert mock.url == f"http://127.0.0.1:{port}"
        assert request(mock.url, response(b"None\n"))


def test_it_does_not_start_twice():
    with Server(app) as mock:
        with pytest.raises(RuntimeError, match=r"^the server is running already$"):
            mock.start()
        assert request(mock.url, response(b"None\n"))


def test_to_stop_what_does_not_run_is_nothing():
    mock = Server(app)
    mock.stop()
    mock.start()
    assert request(mock.url, response(b"None\n"))
    mock.stop()
    mock.stop()


def test_two_servers_run_side_by_side():
    with Server(app) as one, Server(app) as other:
        assert one.url != other.url
        assert request(one.url, response(b"None\n"))
        assert request(other.url, response(b"None\n"))


def test_it_has_one_thread_which_is_named_and_ends_with_the_program():
    before = set(threading.enumerate())
    with Server(app) as mock:
        (thread,) = set(threading.enumerate()) - before
        assert (thread.name, thread.daemon) == (f"mockserver {mock.url}", True)
    assert set(threading.enumerate()) - before == set()


def test_nothing_of_the_process_is_changed():
    def settings():
        return (
            gc.get_threshold(),
            gc.get_freeze_count(),
            gc.isenabled(),
            type(asyncio.get_event_loop_policy()),
            [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)],
        )

    before = settings()
    with Server(app):
        assert settings() == before
    assert settings() == before


def test_each_listener_responds_at_its_own_url():
    listeners = [Listener(app, name="one"), Listener(app, name="two")]
    with Server(app, listeners=listeners) as mock:
        assert mock.url == mock.urls[0]
        assert [
            request(url, response(body)) for url, body in zip(mock.urls, (b"None\n", b"one\n", b"two\n"), strict=True)
        ]


def test_a_server_without_anything_to_serve_is_rejected():
    with pytest.raises(ValueError, match=r"^a server needs an application or a listener$"):
        Server()


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_number_that_is_no_port_is_rejected_as_an_address_that_cannot_be_had(port):
    with pytest.raises(OSError, match=f"{port} is no port; port 0 picks a free one"), Server(app, port=port):
        pass


def test_a_port_in_use_is_named():
    with Server(app) as first:
        port = port_of(first.url)
        second = Server(app, port=port)
        with pytest.raises(OSError) as rejected:
            second.start()
    assert rejected.value.strerror == (
        f"port {port} on 127.0.0.1 is in use by another program; port 0 picks a free one"
    )
    with second:
        assert request(second.url, response(b"None\n"))


def test_an_address_of_another_machine_is_named():
    with pytest.raises(OSError) as rejected:
        Server(app, host="192.0.2.1", port=7670).start()
    assert rejected.value.strerror == "cannot listen on port 7670 of 192.0.2.1: Cannot assign requested address"


def test_a_listener_that_fails_closes_those_before_it():
    with Server(app) as first:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with pytest.raises(OSError):
            Server(app, port=port, listeners=[Listener(app, port=port_of(first.url))]).start()
        socket.create_server(("127.0.0.1", port)).close()


def test_an_error_in_the_background_is_raised_by_start(monkeypatch):
    mock = Server(app)
    with monkeypatch.context() as patched:
        patched.setattr(Listener, "protocol", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            mock.start()
    with mock:
        assert request(mock.url, response(b"None\n"))


def test_all_addresses_are_reached_by_the_loopback():
    with Server(app, host="0.0.0.0") as mock:
        assert mock.url == f"http://127.0.0.1:{port_of(mock.url)}"
        assert request(mock.url, response(b"None\n"))


def test_an_address_of_version_6_is_bracketed():
    class BoundListener:
        """A bound socket of a machine with IPv6, which not every container has."""

        def getsockname(self):
            return ("::1", 7670, 0, 0)

    assert Listener(app, host="::1").url(BoundListener()) == "http://[::1]:7670"


SLOW = {
    "/late": ResponseTiming(delay=3600.0),
    "/hang": ResponseTiming(instead=b"x", ending=Ending.HANG),
    "/slow": ResponseTiming(cut=1),
}


def test_no_open_connection_delays_the_stop():
    reached, late, gate, ended = threading.Event(), threading.Event(), threading.Event(), []

    def slow(environ, start_response):
        path = environ["PATH_INFO"]
        environ["mockserver.request"].on_finish = lambda sent, ending: ended.append((path, ending))
        if path == "/_mock/wait":
            reached.set()
            gate.wait(PATIENCE)
        elif path in SLOW:
            if path == "/late":
                late.set()
            environ["mockserver.timing"] = SLOW[path]
        start_response("200 OK", [])
        return [bytes(8 << 20) if path == "/big" else b"x"]

    slow.plan = lambda request: Turn() if request.path == "/_mock/wait" else None

    with contextlib.ExitStack() as opened, Server(slow) as mock:
        clients = {}
        for path in ("", "/now", "/late", "/hang", "/big", "/_mock/wait"):
            client = clients[path] = opened.enter_context(connected(mock.url))
            if path:
                client.sendall(b"GET %s HTTP/1.1\r\n\r\n" % path.encode())
        for path in ("/now", "/hang", "/big"):
            assert clients[path].recv(1)
        assert reached.wait(PATIENCE)
        assert late.wait(PATIENCE)
        mock.stop()
        for client in clients.values():
            with contextlib.suppress(ConnectionResetError):
                while client.recv(65536):
                    pass
        gate.set()
    assert set(ended) == {("/now", "complete"), ("/late", "close"), ("/hang", "hang"), ("/big", "complete")}


def test_who_has_only_just_come_is_let_go_too():
    for _ in range(20):
        with Server(app) as mock:
            client = connected(mock.url)
            client.sendall(REQUEST)
        with client, contextlib.suppress(ConnectionResetError):
            assert heard(client, 1000) in (b"", response(b"None\n"))


def test_in_the_foreground_it_runs_until_it_is_stopped():
    listening, urls = threading.Event(), []

    def banner(url):
        urls.append(url)
        listening.set()

    mock = Server(app)
    thread = threading.Thread(target=mock.run, args=[banner])
    thread.start()
    try:
        assert listening.wait(PATIENCE)
        assert urls == [mock.url]
        assert request(urls[0], response(b"None\n"))
    finally:
        mock.stop()
        thread.join(PATIENCE)
    assert not thread.is_alive()


def test_an_error_while_telling_the_address_ends_it_and_signals_mean_what_they_meant():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    def banner(url):
        raise BrokenPipeError

    mock = Server(app)
    with pytest.raises(BrokenPipeError):
        mock.run(banner)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    with mock:
        assert request(mock.url, response(b"None\n"))


FOREGROUND = """
    from mockserver.http.listener import Server
    from mockserver.sdk.response import ResponseTiming

    def app(environ, start_response):
        environ["mockserver.timing"] = ResponseTiming(delay=3600.0)
        start_response("200 OK", [])
        return []

    Server(app).run(lambda url: print(url, flush=True))
    print("bye")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_in_the_foreground_a_signal_ends_it_well(loop, number):
    command = [sys.executable, "-c", textwrap.dedent(FOREGROUND)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().strip()
        with connected(url) as client:
            client.sendall(REQUEST)
            process.send_signal(number)
            assert process.communicate(timeout=PATIENCE) == ("bye\n", "")
    assert process.returncode == 0


def test_the_event_loop_without_uvloop_keeps_the_machine_s_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)  # as freezegun does
    loop = new_event_loop()
    try:
        assert loop.time() > 0
        with pytest.raises(TimeoutError):
            loop.run_until_complete(asyncio.wait_for(loop.create_future(), 0.001))
    finally:
        loop.close()
