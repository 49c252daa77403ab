"""What runs on the event loop and what on the pool: decided after routing, whatever the path looks like."""

from __future__ import annotations

import pytest

from contract_tests.http.manual_loop import BufferTransport
from mockserver.app import build_service
from mockserver.engine.registry import WorldRegistry
from mockserver.http.connection import Connection
from mockserver.sdk.response import Deferred, Offload, Response
from mockserver.settings import Settings

DATE = ("Date", "Thu, 01 Jan 2015 00:00:00 GMT")
OK = b"HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2015 00:00:00 GMT\r\nContent-Length: 1\r\n\r\n"


@pytest.fixture
def connect(manual_loop, manual_pool):
    def connected(app):
        connection = Connection(app, loop=manual_loop, pool=manual_pool, connections=set())
        connection.connection_made(BufferTransport())
        return connection

    return connected


@pytest.fixture(params=[False, True], ids=["direct", "wsgi"])
def service(request, registry: WorldRegistry):
    return build_service(Settings(wsgi=request.param), registry=registry)


def get(path, method="GET", host="localhost"):
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n".encode()


# ------------------------------------------------------------------------------------------------- the control API's routes


@pytest.mark.parametrize("path", [
    "/_mock/worlds/default/wait/idle",
    "//_mock/worlds/default/wait/idle",
    "///_mock/worlds/default/wait/idle",
    "/_w/default/_mock/worlds/default/wait/idle",
    "/_w/default//_mock/worlds/default/wait/idle",
    "/%5fmock/worlds/default/wait/idle",
    "/_mock%2fworlds/default/wait/idle",
    "%2f/_mock/worlds/default/wait/idle".replace("%2f/", "/%2f"),
    "/_w/default/%5Fmock/worlds/default/wait/idle",
    "http://localhost/_mock/worlds/default/wait/idle",
    "http://localhost//_mock/worlds/default/wait/idle",
])  # fmt: skip
def test_whatever_the_path_looks_like_a_control_call_runs_on_the_pool_in_its_worlds_turn(
    service, connect, manual_pool, path
):
    connection = connect(service)
    connection.data_received(get(path, "POST"))
    assert (connection.transport.out, manual_pool.turns) == (b"", [("default", False)])


@pytest.mark.parametrize(
    "path", ["/_mock/ui/", "/_mock/ui/worlds/default/messages", "/_mock/nothing", "/_mock", "/_mock/worlds"]
)
def test_the_page_and_calls_about_no_world_run_on_the_pool_too(service, connect, manual_pool, path):
    connection = connect(service)
    connection.data_received(get(path))
    key = "default" if "default" in path else f"GET {path}"
    assert (connection.transport.out, manual_pool.turns) == (b"", [(key, False)])


@pytest.mark.parametrize(
    "path", ["/ibp_api.php", "/_w/default/ibp_api.php", "/./_mock/health", "/x/../_mock/health", "/_mockery"]
)
def test_a_providers_request_runs_on_the_event_loop(service, connect, manual_pool, path):
    connection = connect(service)
    connection.data_received(get(path))
    assert connection.transport.out.startswith(b"HTTP/1.1 ")
    assert manual_pool.turns == []


@pytest.mark.parametrize(
    ("path", "method", "is_heavy"),
    [
        ("/_mock/worlds/default/snapshot", "GET", True),
        ("//_mock/worlds/default/snapshot", "PUT", True),
        ("/_mock/worlds/default/clock", "GET", False),
    ],
)
def test_calls_that_compute_for_long_take_the_threads_for_those(service, connect, manual_pool, path, method, is_heavy):
    connect(service).data_received(get(path, method))
    assert manual_pool.turns == [("default", is_heavy)]


def test_a_call_with_a_long_body_computes_for_long(service, connect, manual_pool):
    body = b" " * 100_000
    head = get("/_mock/worlds", "POST").replace(b"Content-Length: 0", b"Content-Length: %d" % len(body))
    connect(service).data_received(head + body)
    assert manual_pool.turns == [("POST /_mock/worlds", True)]


# ------------------------------------------------------------------------------------------------------------------ probes


@pytest.mark.parametrize("path", ["/_mock/health", "//_mock/health", "/_mock/h%65alth"])
def test_health_is_answered_on_the_event_loop_and_so_never_waits(service, connect, manual_pool, path):
    connection = connect(service)
    connection.data_received(get(path))
    head, _, body = connection.transport.out.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
    assert body.startswith(b'{"status":"ok","version":')
    assert manual_pool.turns == []


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (get("/_mock/health", host="attacker.example"), b"421"),
        (get("/_mock/health?x=1"), b"400"),
        (get("/_mock/health", "POST"), b"405"),
    ],
)
def test_a_probe_that_is_rejected_is_so_as_every_other_call(
    service, connect, manual_loop, manual_pool, request_bytes, status
):
    connection = connect(service)
    connection.data_received(request_bytes)
    manual_pool.work()
    manual_loop.advance(0)
    assert connection.transport.out.startswith(b"HTTP/1.1 " + status)


# ---------------------------------------------------------------------------------------------------- offloaded responses


class Application:
    """An application that responds with what it is given."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.ended = []

    def respond(self, request):
        request.on_finish = lambda sent, ending: self.ended.append((sent, ending))
        return self.answers.pop(0)


def response(body):
    return Response(200, (DATE,), body)


def test_an_offloaded_response_is_computed_on_the_pool_in_its_turn_and_the_next_request_waits_for_it(
    connect, manual_loop, manual_pool
):
    connection = connect(Application(Offload("w1", lambda: response(b"x")), response(b"y")))
    connection.data_received(get("/a") * 2)
    assert (connection.transport.out, manual_pool.turns) == (b"", [("w1", True)])
    manual_pool.work()
    assert connection.transport.out == b""
    manual_loop.advance(0)
    assert connection.transport.out == OK + b"x" + OK + b"y"


def test_an_offloaded_response_may_be_offloaded_again_and_then_be_waited_for(connect, manual_loop, manual_pool):
    deferred = Deferred(timeout=60, otherwise=response(b"n"))
    connection = connect(Application(Offload("w1", lambda: Offload("w2", lambda: deferred, is_heavy=False))))
    connection.data_received(get("/a"))
    for _ in range(2):
        manual_pool.work()
        manual_loop.advance(0)
    assert (connection.transport.out, manual_pool.turns) == (b"", [("w1", True), ("w2", False)])
    deferred.response(Offload("w3", lambda: response(b"x")))
    manual_loop.advance(0)
    manual_pool.work()
    manual_loop.advance(0)
    assert (connection.transport.out, manual_pool.turns[2:]) == (OK + b"x", [("w3", True)])


def test_an_offloaded_response_is_computed_although_the_client_has_left(connect, manual_loop, manual_pool):
    computed = []
    application = Application(Offload("w1", lambda: computed.append(1) or response(b"x")))
    connection = connect(application)
    connection.data_received(get("/a"))
    connection.connection_lost(None)
    manual_pool.work()
    manual_loop.advance(0)
    assert (computed, application.ended) == ([1], [(0, "left")])


def test_an_offloaded_response_that_fails_is_an_error_500(connect, manual_loop, manual_pool, caplog):
    connection = connect(Application(Offload("w1", lambda: 1 / 0)))
    connection.data_received(get("/a"))
    manual_pool.work()
    manual_loop.advance(0)
    assert connection.transport.out.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert "ZeroDivisionError" in caplog.text


def test_under_another_server_an_offloaded_response_is_computed_in_the_requests_thread():
    deferred = Deferred(timeout=0, otherwise=Offload("w", lambda: response(b"x")))
    assert Offload("w", lambda: Offload("w", lambda: deferred)).attach_or_finish({}) == response(b"x")
