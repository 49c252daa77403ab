"""What ends refers to itself no longer: requests, pages, connections and streams are freed without the garbage collector."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

import pytest
from werkzeug.test import EnvironBuilder

from contract_tests.garbage import least_garbage_of
from contract_tests.http.manual_loop import BufferTransport, ManualLoop
from mockserver.app import Service
from mockserver.client.awaiting import DaemonPool
from mockserver.engine.deliveries import Outcome, OutgoingRequest
from mockserver.fair_threads import FairThreads, Places
from mockserver.http.connection import Connection, Limits
from mockserver.http.request_parser import RequestParser
from mockserver.intercept.relay import RelayEnd, join
from mockserver.webhooks import WebhookSender

WORLD = "/_mock/ui/worlds/default"
CONTROL = "/_mock/worlds/default"
INBOUND = '{"provider": "dialogtech", "sender": "5556667777", "recipient": "5559990000", "text": "Yes"}'
"""A message to a number that has a URL, so there is a delivery."""
FORM = "application/x-www-form-urlencoded"
PAGES = (
    "/_mock/ui/",
    f"{WORLD}/conversations?open=5556667777",
    f"{WORLD}/exchanges",
    f"{WORLD}/exchanges/1",
    f"{WORLD}/exchanges/999",
    f"{WORLD}/exchanges/changes?since=0",
    f"{WORLD}/conversations/changes?since=0",
    f"{WORLD}/conversations/earlier?handset=5556667777",
    f"{WORLD}/start",
    f"{WORLD}/webhooks",
    f"{WORLD}/webhooks?delivery=1",
    f"{WORLD}/clock",
    f"{WORLD}/palette?q=5556667777",
    f"{WORLD}/faults",
    f"{WORLD}/variants",
    f"{WORLD}/worlds",
    f"{WORLD}/demos",
    f"{WORLD}/nothing",
    "/_mock/ui/worlds/nothing/clock",
    "/_mock/ui/static/page.css",
)


def ask(service: Service, address: str, method: str = "GET", body: str = "") -> bytes:
    """Call the WSGI application; werkzeug's test client would leave garbage of its own."""
    media_type = "application/json" if body.startswith("{") else FORM
    builder = EnvironBuilder(address, method=method, data=body, content_type=media_type)
    environ = builder.get_environ()
    builder.close()
    return b"".join(service(environ, lambda *_: bytes))


@pytest.mark.parametrize("address", PAGES)
def test_a_page_view_leaves_no_garbage(service, address: str) -> None:
    ask(service, "/messages/recived")
    ask(service, f"{CONTROL}/inbound", "POST", INBOUND)
    ask(service, address)
    assert least_garbage_of(lambda: ask(service, address)) == []


CALLS = {
    "a list": ("GET", "/_mock/worlds", None),
    "an unknown world": ("GET", "/_mock/worlds/nothing", None),
    "JSON that does not end": ("POST", "/_mock/worlds", "{"),
    "an unknown key": ("POST", "/_mock/worlds", '{"nothing": 1}'),
    "an unknown fault": ("POST", "/_mock/worlds/default/faults", '{"fault": {"kind": "nothing"}}'),
    "a snapshot": ("GET", "/_mock/worlds/default/snapshot", None),
    "a snapshot with a mistake": ("PUT", "/_mock/worlds/default/snapshot", '{"format": 2, "accounts": [{}]}'),
    "a world with a mistake": ("POST", "/_mock/worlds", '{"snapshot": {"format": 2, "accounts": [], "clock": 1}}'),
    "a file of an old format with a mistake": ("PUT", "/_mock/worlds/default/snapshot", '{"format": 1, "accounts": 1}'),
    "a message received": (
        "POST",
        "/_mock/worlds/default/messages/receive",
        '{"provider": "serwersms", "sender": "+48500600700", "text": "a", "kind": "nd"}',
    ),
    "a form with a mistake": ("POST", f"{WORLD}/faults", "do=add&kind=nothing"),
    "a form": ("POST", f"{WORLD}/clock", "do=60"),
    "a wait without success": ("GET", "/_mock/worlds/default/wait?for=message&timeout=0", None),
    "a wait for what was there": ("GET", "/_mock/worlds/default/wait?for=exchange&since=0", None),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_call_of_the_control_api_leaves_no_garbage(service, call: str) -> None:
    method, address, body = CALLS[call]
    ask(service, "/messages/recived")
    assert ask(service, address, method, body or "")
    assert least_garbage_of(lambda: ask(service, address, method, body or "")) == []


@pytest.mark.parametrize("how", ["created", "forked", "restarted from a snapshot"])
def test_a_world_that_was_made_and_dropped_leaves_no_garbage(registry, shipped, how: str) -> None:
    def make_and_drop() -> None:
        world = registry.fork(registry.default) if how == "forked" else registry.create(shipped)
        if how == "restarted from a snapshot":
            registry.restart(world, world.initial_state, world.clock)
        registry.drop(world)

    make_and_drop()
    assert least_garbage_of(make_and_drop) == []


class InlinePool:
    """A pool that runs each call at once."""

    def run(self, call, key, *, is_heavy):
        call()


MULTIPART = "Content-Type: multipart/form-data; boundary=a\r\nContent-Length:"


def request(target: str, *, body: bytes = b"", head: str = "") -> bytes:
    method = "POST" if body else "GET"
    return f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}\r\n".encode() + body


RECEIVED = {
    "nothing": b"",
    "what is no HTTP": b"nonsense\r\n\r\n",
    "half a head": b"GET / HTTP/1.1\r\nHost: h",
    "half a body": request("/messages/recived", head="Content-Length: 100\r\n", body=b"username=Login"),
    "a request": request("/messages/recived"),
    "a form that cannot be read": request("/messages/recived", head=f"{MULTIPART} 1\r\n", body=b"x"),
    "a form that does not end": request("/ibp_api.php", head=f"{MULTIPART} 5\r\n", body=b"--a\r\n"),
    "JSON that cannot be read": request(
        "/messages/recived", head="Content-Type: application/json\r\nContent-Length: 1\r\n", body=b"{"
    ),
    "JSON that is no object": request(
        "/messages/sendSms.json", head="Content-Type: application/json\r\nContent-Length: 2\r\n", body=b"[]"
    ),
    "a form that cannot be read, for no operation": request("/messages/nothing", head=f"{MULTIPART} 1\r\n", body=b"x"),
    "a form without its boundary, for no operation": request(
        "/ibp_api.php?action=nothing", head="Content-Type: multipart/form-data\r\nContent-Length: 1\r\n", body=b"x"
    ),
    "a parameter that is missing": request("/messages/send_nd"),
    "two requests": request("/messages/recived") + request("/_mock/health"),
    "a page": request("/_mock/ui/"),
    "a stream of the page": request(f"{WORLD}/live"),
    "a stream of events": request("/_mock/worlds/default/events"),
    "a wait": request("/_mock/worlds/default/wait?for=message&timeout=60"),
    "a wait that timed out": request("/_mock/worlds/default/wait?for=message&timeout=1"),
}


@pytest.mark.parametrize("received", RECEIVED)
def test_a_connection_that_its_client_closed_leaves_no_garbage(service, received: str) -> None:
    def connect() -> None:
        loop = ManualLoop()
        connection = Connection(service, loop=loop, pool=InlinePool(), connections=set())
        connection.connection_made(BufferTransport())
        connection.data_received(RECEIVED[received])
        loop.advance(2)
        connection.connection_lost(None)
        loop.advance(0)

    connect()
    assert least_garbage_of(connect) == []
    assert service.registry.default.feed.subscribers == 0


def test_an_error_that_a_thread_passes_on_leaves_no_garbage() -> None:
    def fail() -> None:
        raise OSError

    def call(submit: Callable[[Callable[[], None]], Future[None]]) -> None:
        assert isinstance(submit(fail).exception(30), OSError)

    threads, pool = FairThreads("test", Places(1, 1)), DaemonPool(1)
    assert least_garbage_of(lambda: call(partial(threads.submit, ""))) == []
    assert least_garbage_of(lambda: call(pool.submit)) == []
    threads.close()


def test_a_webhook_to_a_name_that_cannot_be_resolved_leaves_no_garbage() -> None:
    def resolve(_host: str, _port: int) -> list[str]:
        raise OSError

    sender = WebhookSender(resolve=resolve)
    outcomes: list[Outcome] = []

    def send() -> None:
        sender.send("w", OutgoingRequest("GET", "http://receiver.invalid/"), outcomes.append)
        assert sender.wait_until_idle(30)

    send()
    assert least_garbage_of(send) == []
    assert {each.error for each in outcomes} == {
        "the name receiver.invalid of http://receiver.invalid/ cannot be resolved"
    }
    sender.close()


def test_a_body_is_not_kept_by_an_idle_connection() -> None:
    parser = RequestParser(max_head=1_000, max_body=1_000_000)
    sent = request("/", head="Content-Length: 100000\r\n", body=b"x" * 100_000)
    parser.feed(sent[:60_000], 0)
    parser.feed(sent[60_000:], 0)
    assert len(parser.requests.popleft().body) == 100_000
    lists = [value for value in vars(parser).values() if isinstance(value, list)]
    assert sum(len(piece) for each in lists for piece in each if isinstance(piece, bytes)) == 0


def test_the_two_ends_of_a_relay_are_freed_when_both_are_closed() -> None:
    def relay() -> None:
        near, far = (RelayEnd(set(), ManualLoop(), Limits()) for _ in range(2))
        for end in (near, far):
            end.connection_made(BufferTransport())
        join(near, far)
        near.connection_lost(None)
        assert far.transport.is_closing()
        far.connection_lost(None)

    assert least_garbage_of(relay) == []


SERVED = """
import gc
from mockserver.http.gc_tuning import collect_in_parts

collect_in_parts()
collect_in_parts()
frozen = gc.get_freeze_count()
kept = [[place] for place in range(1_000)]
gc.collect()
few, many = len(gc.get_objects()) < 100, gc.get_freeze_count() > frozen + 1_000
del kept
print(gc.isenabled(), few, many, gc.get_freeze_count() < frozen + 100)
"""


def test_a_full_collection_of_a_server_looks_only_at_what_is_new_since_the_last_one() -> None:
    done = subprocess.run([sys.executable, "-c", SERVED], check=True, stdout=subprocess.PIPE, text=True)
    assert done.stdout == "True True True True\n"


FREED = """
from pathlib import Path
from mockserver.http.gc_tuning import return_large_memory

def megabytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

return_large_memory()
before = megabytes()
body = b"x" * 8 * 2**20
del body
blocks = [b"x" * 3 * 2**20 for _ in range(20)]
del blocks[:-1]
print(megabytes() - before < 10)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries return large memory by themselves")
def test_a_server_returns_the_memory_of_large_bodies_to_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", FREED], check=True, stdout=subprocess.PIPE, text=True)
    assert done.stdout == "True\n"
