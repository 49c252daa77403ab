"""The loads: what other clients do meanwhile, each in a process of its own: python -m contract_tests.neighbours.loads NAME URL [STATE].

Such a process prints ``ready`` when it is prepared, works until its standard input ends, and then prints how many requests
it has made as JSON. Its responses are read and thrown away, whatever they are: that a load is rejected is no mistake of it.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import Any
from urllib.parse import urlsplit

from .good_client import request
from .worlds import LISTENING, good, sender

PATIENCE = 120.0
JSON = "Content-Type: application/json\r\n"
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
CREDENTIALS = "access_key=foo&secret_access_key=bar"


class Target:
    """The server, and how many requests the load has made there."""

    def __init__(self, url: str, state: str = "") -> None:
        parts = urlsplit(url)
        self.state = state
        """Where the server keeps its worlds: the value of ``serve --state``; empty for memory."""
        self.address = parts.hostname or "", parts.port or 0
        self.is_over = threading.Event()
        self.begin = threading.Event()
        self._done = 0
        self._lock = threading.Lock()

    def connect(self, **options: int) -> socket.socket:
        """Return a connected socket."""
        made = socket.socket()
        for name, value in options.items():
            made.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
        made.settimeout(PATIENCE)
        made.connect(self.address)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def count(self, number: int = 1) -> None:
        """Count requests that were made."""
        with self._lock:
            self._done += number

    @property
    def done(self) -> int:
        """The requests that were made."""
        return self._done

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Make one call of the control API and return its JSON."""
        with self.connect() as connection:
            raw = b"" if body is None else json.dumps(body).encode()
            connection.sendall(request(method, path, raw, JSON + "Connection: close\r\n"))
            answer = b"".join(iter(partial(connection.recv, 1 << 20), b""))
        head, _, content = answer.partition(b"\r\n\r\n")
        if head.split(b" ", 2)[1:2][0][:1] != b"2":
            sys.exit(f"{method} {path}: {answer[:500]!r}")
        return json.loads(content) if content else None


Worker = Callable[[Target], None]


@dataclass(frozen=True)
class Load:
    """What other clients do."""

    about: str
    make: Callable[[Target], list[Worker]]
    """Prepares the server, and returns what runs in a thread each, again and again until the end."""
    messages: int = 0
    """The messages of the default world that it needs, in the long form."""
    flags: tuple[str, ...] = ()
    """Options of ``mockserver serve``."""
    delivers: bool = False
    """Whether the delay of a healthy webhook is measured too."""
    states: tuple[str, ...] = ("memory", "sqlite", "postgresql")
    """The kinds of stores with which it is measured."""


LOADS: dict[str, Load] = {}


def load(
    name: str, about: str, **options: Any
) -> Callable[[Callable[[Target], list[Worker]]], Callable[[Target], list[Worker]]]:
    """Register a load."""

    def register(make: Callable[[Target], list[Worker]]) -> Callable[[Target], list[Worker]]:
        LOADS[name] = Load(about, make, **options)
        return make

    return register


def repeating(raw: bytes, *more: bytes) -> Worker:
    """Send the same requests over a connection in turn, and read each response."""

    def work(target: Target) -> None:
        with target.connect() as connection:
            while not target.is_over.is_set():
                for each in (raw, *more):
                    connection.sendall(each)
                    if not read_response(connection):
                        return
                    target.count()

    return work


def read_response(connection: socket.socket) -> bool:
    """Read one response; return whether the connection stays open."""
    received = b""
    while (end := received.find(b"\r\n\r\n")) < 0:
        piece = connection.recv(1 << 18)
        if not piece:
            return False
        received += piece
    head = received[:end].lower()
    _, found, after = head.partition(b"content-length:")
    left = (int(after.split(b"\r\n", 1)[0]) if found else 0) - (len(received) - end - 4)
    while left > 0:
        piece = connection.recv(min(left, 1 << 18))
        if not piece:
            return False
        left -= len(piece)
    return b"connection: close" not in head


# -- webhooks and waiting ------------------------------------------------------------------------------------------------


def hanging_receiver() -> str:
    """Listen, accept and never answer; return the URL."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=500)
    kept = []

    def run() -> None:
        while True:
            kept.append(listening.accept())

    threading.Thread(target=run, daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}/"


def worlds_that_hang(target: Target, count: int) -> list[str]:
    """Create worlds whose deliveries never end."""
    return worlds_with(target, [hanging_receiver() for _ in range(count)])


def worlds_with(target: Target, receivers: list[str]) -> list[str]:
    """Create a world for each receiver."""
    for place, url in enumerate(receivers):
        target.call("POST", "/_mock/worlds", {"id": f"hangs-{place}", "snapshot": good(url), "own_credentials": True})
    return [f"hangs-{place}" for place in range(len(receivers))]


def endless_receiver(beginning: bytes, repeated: bytes) -> str:
    """Listen, accept and answer without end; return the URL."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=500)
    piece = repeated * (1 + (1 << 16) // len(repeated))

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(beginning)
            while True:
                connection.sendall(piece)

    def run() -> None:
        while True:
            threading.Thread(target=answer, args=listening.accept()[:1], daemon=True).start()

    threading.Thread(target=run, daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}/"


def receiving(world: str) -> bytes:
    """Return a request that receives an inbound message whose webhook is due at once."""
    body = {"provider": "dialogtech", "sender": "5556667777", "recipient": LISTENING, "text": "x"}
    return request("POST", f"/_mock/worlds/{world}/inbound", json.dumps(body).encode(), JSON)


def receiving_all(worlds: list[str]) -> Worker:
    """Receive 60 messages a second, in one world after the other."""

    def work(target: Target) -> None:
        with target.connect() as connection:
            for world in cycle(worlds):
                if target.is_over.wait(1 / 60):
                    return
                connection.sendall(receiving(world))
                read_response(connection)
                target.count()

    return work


def pause(seconds: float) -> Worker:
    """Wait, so that a load has a rate."""
    return lambda target: target.is_over.wait(seconds) and None


@load("hanging receivers", "18 worlds, each with a webhook receiver that never answers", delivers=True)
def hanging_receivers(target: Target) -> list[Worker]:
    return [receiving_all(worlds_that_hang(target, 18))]


@load("200 hanging receivers", "200 worlds, each with a webhook receiver that never answers", delivers=True)
def many_hanging_receivers(target: Target) -> list[Worker]:
    return [receiving_all(worlds_that_hang(target, 200))]


@load("endless responses", "18 worlds, whose webhook receivers answer without end", delivers=True)
def endless_responses(target: Target) -> list[Worker]:
    head = b"HTTP/1.1 200 OK\r\n"
    answers = [
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        (head + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (head, b"x: y\r\n"),
        (head, b"x"),
        (head + b"\r\n", b"x"),
        (head + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"x: y\r\n"),
    ]
    return [receiving_all(worlds_with(target, [endless_receiver(*answer) for answer in answers * 3]))]


@load("one world's receivers", "one world receives 100 messages a second, whose receiver never answers", delivers=True)
def one_world_hangs(target: Target) -> list[Worker]:
    worlds_that_hang(target, 1)

    def work(target: Target) -> None:
        with target.connect() as connection:
            while not target.is_over.wait(0.01):
                connection.sendall(receiving("hangs-0"))
                read_response(connection)
                target.count()

    return [work]


def _waiting(paths: tuple[str, ...]) -> Callable[[Target], list[Worker]]:
    def make(target: Target) -> list[Worker]:
        worlds = worlds_that_hang(target, 4)
        with target.connect() as connection:
            for world in worlds:
                connection.sendall(receiving(world))
                read_response(connection)
        body = json.dumps({"timeout": 2}).encode()
        return [
            repeating(request("POST", path.format(world=worlds[place % len(worlds)]), body, JSON))
            for place, path in enumerate(paths * 12)
        ]

    return make


load("waiting until idle", "36 calls at once that wait until a world with a hanging delivery is idle", delivers=True)(
    _waiting(
        (
            "//_mock/worlds/{world}/wait/idle",
            "/_w/{world}//_mock/worlds/{world}/wait/idle",
            "/_mock/worlds/{world}/wait/idle",
        )
    )
)


@load("waiting for events", "200 calls at once that wait for a message, and clocks that are moved on")
def waiting_for_events(target: Target) -> list[Worker]:
    (world,) = worlds_that_hang(target, 1)
    wait = repeating(request("GET", f"/_mock/worlds/{world}/wait?for=message&timeout=2"))
    advance = repeating(request("POST", f"/_mock/worlds/{world}/clock/advance", b'{"seconds": 1}', JSON))
    return [wait] * 200 + [advance] * 4


# -- one large request ---------------------------------------------------------------------------------------------------

SEND = f"action=sms.send_message&{CREDENTIALS}&from=5554332111&to=5556667777&message=x"


@load("two million pairs", "a form of two million pairs (4 MB)")
def form_pairs(target: Target) -> list[Worker]:
    return [repeating(request("POST", "/ibp_api.php", b"a&" * 2_000_000 + SEND.encode(), FORM))] * 2


@load("700,000 names", "a form of 700,000 different names (7 MB)")
def form_names(target: Target) -> list[Worker]:
    names = "&".join(f"a{place:06}=1" for place in range(700_000))
    return [repeating(request("POST", "/ibp_api.php", f"{names}&{SEND}".encode(), FORM))] * 2


@load("700,000 in the query", "names in the query string and in a cookie, as far as a head may go")
def query_names(target: Target) -> list[Worker]:
    names = "&".join(f"a{place}=" for place in range(7_000))
    return [
        repeating(request("GET", f"/ibp_api.php?{names[:60_000]}&{SEND}", headers="Cookie: " + "a=b;" * 400 + "\r\n"))
    ] * 4


@load("400,000 keys", "JSON with 400,000 keys (7 MB)")
def json_keys(target: Target) -> list[Worker]:
    body = {"username": "Login", "password": "Haslo", **{f"a{place:06}": 1 for place in range(400_000)}}
    return [repeating(request("POST", "/messages/recived.json", json.dumps(body).encode(), JSON))] * 2


@load("nested JSON", "JSON of a list of 1,000,000 empty objects, and of 900 nested lists")
def json_nested(target: Target) -> list[Worker]:
    flat = b'{"username":"Login","password":"Haslo","phone":[' + b"{}," * 1_000_000 + b"{}]}"
    deep = b'{"username":"Login","password":"Haslo","phone":' + b"[" * 900 + b"]" * 900 + b"}"
    return [
        repeating(
            request("POST", "/messages/recived.json", flat, JSON), request("POST", "/messages/recived.json", deep, JSON)
        )
    ] * 2


@load("100,000 parts", "multipart/form-data of 100,000 parts (7 MB)")
def parts(target: Target) -> list[Worker]:
    part = b'--b\r\nContent-Disposition: form-data; name="a%06d"\r\n\r\n1\r\n'
    body = b"".join(part % place for place in range(100_000)) + b"--b--\r\n"
    return [repeating(request("POST", "/ibp_api.php", body, "Content-Type: multipart/form-data; boundary=b\r\n"))] * 2


@load("one text of 8 MB", "a form with one value of 8 MB, in percent escapes")
def long_text(target: Target) -> list[Worker]:
    return [repeating(request("POST", "/ibp_api.php", SEND.encode() + b"%C5%82" * 1_390_000, FORM))] * 2


@load("a million objects", "a snapshot of a million empty objects is loaded")
def snapshot_of_objects(target: Target) -> list[Worker]:
    body = b'{"format":2,"accounts":[' + b"{}," * 1_000_000 + b"{}]}"
    target.call("POST", "/_mock/worlds", {"id": "loaded"})
    return [repeating(request("PUT", "/_mock/worlds/loaded/snapshot", body, JSON))] * 2


@load(
    "large world files",
    "world files of 8 MB are loaded, a right one and one with mistakes at its end, and a world is made of one",
)
def large_world_files(target: Target) -> list[Worker]:
    target.call("POST", "/_mock/worlds", {"id": "loaded"})
    row = {"direction": "outbound", "sender": "5554332111", "recipient": "5556667777", "text": "x" * 40}
    rows = [{"id": str(place), "at": "2026-06-01T12:00:00Z", **row} for place in range(40_000)]
    right, wrong = (
        {"format": 2, "accounts": [{"provider": "dialogtech", "name": "a", "logins": ["pair"], "messages": messages}]}
        for messages in (rows, [*rows, *({},) * 200])
    )
    path = "/_mock/worlds/loaded/snapshot"
    return [
        repeating(request("PUT", path, json.dumps(right).encode(), JSON)),
        repeating(request("PUT", path, json.dumps(wrong).encode(), JSON)),
        repeating(request("POST", "/_mock/worlds", json.dumps({"snapshot": wrong}).encode(), JSON)),
    ]


# -- large answers -------------------------------------------------------------------------------------------------------

LARGE = "access_key=large&secret_access_key=large"


@load(
    "pages of a large world",
    "a world of 900,000 messages is read in pages of 100, and by filters that match little",
    messages=900_000,
)
def paging(target: Target) -> list[Worker]:
    world = "/_mock/worlds/default/messages?limit=100"
    asked = [
        request("GET", f"{world}{more}")
        for more in (
            "",
            "&since=450000",
            "&since=899000",
            "&number=8000000001",
            "&account=none",
            "&provider=mgage",
            "&direction=inbound",
        )
    ]
    return [repeating(*asked)] * 3


@load("get_messages of 300,000", "one answer of 300,000 messages", messages=300_000)
def get_messages(target: Target) -> list[Worker]:
    path = f"/ibp_api.php?action=sms.get_messages&{LARGE}&start_date=20260601&end_date=20260601"
    return [repeating(request("GET", path))] * 2


@load("snapshots", "a world of 300,000 messages is saved, and worlds of 8 MB are loaded and copied", messages=300_000)
def snapshots(target: Target) -> list[Worker]:
    target.call("POST", "/_mock/worlds", {"id": "loaded"})
    small = json.dumps(target.call("GET", "/_mock/worlds/loaded/snapshot")).encode()
    return [
        repeating(request("GET", "/_mock/worlds/default/snapshot")),
        repeating(request("PUT", "/_mock/worlds/loaded/snapshot", small, JSON)),
        repeating(request("POST", "/_mock/worlds/default/fork", b"{}", JSON)),
    ]


@load("journal", "the whole journal of a world is read, verified and reported")
def journal(target: Target) -> list[Worker]:
    with target.connect() as connection:
        for place in range(10_000):
            text = "x" * 500
            connection.sendall(request("POST", "/ibp_api.php", f"{SEND}&place={place}&a={text}".encode(), FORM))
            read_response(connection)
    pattern = {"exchanges": [{"provider": "dialogtech", "parameters": {"place": {"pattern": "^none$"}}}]}
    return [
        repeating(request("GET", "/_mock/worlds/default/journal?limit=10000")),
        repeating(request("POST", "/_mock/worlds/default/verify", json.dumps(pattern).encode(), JSON)),
        repeating(request("GET", "/_mock/worlds/default/coverage")),
        repeating(request("GET", "/_mock/worlds/default/journal?limit=100&status=599")),
    ]


LETTERS = "a" * 256


@load("slow patterns", "as many fault rules with slow patterns as are taken, and a verification by one")
def slow_patterns(target: Target) -> list[Worker]:
    slow = {"pattern": "a*a*b"}
    target.call("POST", "/_mock/worlds", {"id": "slow", "snapshot": good(), "own_credentials": True})
    rule = {"match": {"parameters": {"slow": slow}}, "fault": {"kind": "static_response", "status": 503}}
    with target.connect() as connection:
        for _ in range(100):
            connection.sendall(request("POST", "/_mock/worlds/slow/faults", json.dumps(rule).encode(), JSON))
            read_response(connection)
    verification = {"exchanges": [{"parameters": {"slow": slow}}]}
    return [
        repeating(request("GET", f"/_w/slow/ibp_api.php?action=sms.get_numbers&{CREDENTIALS}&slow={'+' * 256}")),
        repeating(request("POST", "/_mock/worlds/slow/verify", json.dumps(verification).encode(), JSON)),
    ]


@load("views of pages", "the page of a world with many exchanges is opened by six browsers")
def page_views(target: Target) -> list[Worker]:
    with target.connect() as connection:
        for place in range(2_000):
            connection.sendall(request("POST", "/ibp_api.php", f"{SEND}&place={place}".encode(), FORM))
            read_response(connection)
    sections = ("conversations", "exchanges", "exchanges/1", "exchanges/1999", "clock", "faults", "variants", "worlds")
    return [repeating(*(request("GET", f"/_mock/ui/worlds/default/{section}") for section in sections))] * 6


# -- connections ---------------------------------------------------------------------------------------------------------


def _flood(begin: bytes, piece: bytes) -> Worker:
    """Send pieces without end, as fast as they are taken."""

    def work(target: Target) -> None:
        with suppress(OSError), target.connect() as connection:
            connection.sendall(begin)
            for _ in range(512):
                if target.is_over.is_set():
                    return
                connection.sendall(piece)
        target.count()

    return work


CHUNKED = f"POST /ibp_api.php HTTP/1.1\r\nHost: a\r\n{FORM}Transfer-Encoding: chunked\r\n\r\n".encode()


@load("trailers, extensions", "trailers and chunk extensions of 32 MB, a head without an end, empty chunks of one byte")
def framing(target: Target) -> list[Worker]:
    return [
        *[_flood(CHUNKED + b"0\r\n", b"a: " + b"b" * 65_000 + b"\r\n")] * 2,
        *[_flood(CHUNKED + b"0\r\n", b"a:b\r\n" * 13_000)] * 2,
        *[_flood(CHUNKED + b"1;", b"a" * 65_000)] * 2,
        *[_flood(CHUNKED, b"1\r\na\r\n" * 11_000)] * 2,
        *[_flood(b"GET / HTTP/1.1\r\nHost: a\r\n", b"a: b\r\n" * 11_000)] * 2,
    ]


@load(
    "slow readers",
    "100 clients ask for the snapshot of a world of 100,000 messages and read a byte a second",
    messages=100_000,
)
def slow_readers(target: Target) -> list[Worker]:
    def work(target: Target) -> None:
        with suppress(OSError), target.connect(SO_RCVBUF=4096) as connection:
            connection.sendall(request("GET", "/_mock/worlds/default/snapshot") * 3)
            target.count()
            while not target.is_over.wait(1):
                if not connection.recv(1):
                    return

    return [work] * 100


@load("slow heads", "500 clients send a head byte by byte, 200 a body")
def slow_heads(target: Target) -> list[Worker]:
    def work(target: Target) -> None:
        connections = []
        head = b"POST /ibp_api.php HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n"
        for place in range(700):
            connection = target.connect()
            connections.append(connection)
            connection.sendall(head + b"\r\n" if place < 200 else b"GET / HTTP/1.1\r\nX: ")
        while not target.is_over.wait(0.02):
            for connection in connections:
                with suppress(OSError):
                    connection.sendall(b"a")
                    target.count()

    return [work]


@load("new connections", "connections that are opened, used once and closed or reset")
def new_connections(target: Target) -> list[Worker]:
    raw = request("GET", "/_mock/health")

    def work(target: Target) -> None:
        while not target.is_over.is_set():
            with target.connect() as connection:
                connection.sendall(raw)
                read_response(connection)
                target.count()

    return [work] * 4


@load("TLS handshakes", "connections over TLS that are opened and closed, and handshakes that never end")
def handshakes(target: Target) -> list[Worker]:
    import ssl

    place = urlsplit(target.call("GET", "/_mock/addresses")["https"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def work(target: Target) -> None:
        kept = []
        while not target.is_over.is_set():
            opened = socket.create_connection((place.hostname or "", place.port or 0), timeout=PATIENCE)
            if target.done % 10 == 0:
                kept.append(opened)  # says nothing
                del kept[:-100]
            else:
                with suppress(OSError), context.wrap_socket(opened):
                    pass
            target.count()

    return [work] * 4


@load("10,000 in one write", "10,000 requests are written before a response is read")
def pipelined(target: Target) -> list[Worker]:
    raw = request("GET", f"/ibp_api.php?action=sms.get_numbers&{CREDENTIALS}") * 10_000

    def work(target: Target) -> None:
        while not target.is_over.is_set():
            with target.connect() as connection:
                threading.Thread(target=_send_all, args=(connection, raw), daemon=True).start()
                received = 0
                while received < 10_000 and (piece := connection.recv(1 << 18)):
                    received += piece.count(b"HTTP/1.1 200")
                    target.count(piece.count(b"HTTP/1.1 200"))

    return [work] * 2


def _send_all(connection: socket.socket, raw: bytes) -> None:
    with suppress(OSError):
        connection.sendall(raw)


@load("streams", "100 watchers of a world's events that read nothing, while 500 things a second happen in it")
def streams(target: Target) -> list[Worker]:
    (world,) = worlds_that_hang(target, 1)

    def watch(target: Target) -> None:
        with target.connect(SO_RCVBUF=4096) as connection:
            connection.sendall(request("GET", f"/_mock/worlds/{world}/events"))
            target.is_over.wait()

    ask = repeating(request("GET", f"/_w/{world}/ibp_api.php?action=sms.get_numbers&access_key=x&secret_access_key=y"))
    return [watch] * 100 + [ask] * 2


@load("worlds come and go", "worlds are created, copied, reset and deleted as fast as possible")
def world_storm(target: Target) -> list[Worker]:
    def work(name: str, target: Target) -> None:
        with target.connect() as connection:
            for raw in (
                request("POST", "/_mock/worlds", json.dumps({"id": name}).encode(), JSON),
                request("POST", f"/_mock/worlds/{name}/fork", json.dumps({"id": f"{name}-copy"}).encode(), JSON),
                request("POST", f"/_mock/worlds/{name}/reset", b"{}", JSON),
                request("DELETE", f"/_mock/worlds/{name}"),
                request("DELETE", f"/_mock/worlds/{name}-copy"),
            ) * 1_000:
                if target.is_over.is_set():
                    return
                connection.sendall(raw)
                read_response(connection)
                target.count()

    return [partial(work, f"storm-{place}") for place in range(4)]


@load("delays", "200 requests at once that fault rules delay or send in slow pieces")
def delays(target: Target) -> list[Worker]:
    target.call("POST", "/_mock/worlds", {"id": "delayed", "snapshot": good(), "own_credentials": True})
    for place, fault in enumerate(({"kind": "delay", "seconds": 2}, {"kind": "slow", "size": 10, "pause": 0.1})):
        rule = {"match": {"parameters": {"kind": str(place)}}, "fault": fault}
        target.call("POST", "/_mock/worlds/delayed/faults", rule)
    return [
        repeating(request("GET", f"/_w/delayed/ibp_api.php?action=sms.get_numbers&{CREDENTIALS}&kind={place % 2}"))
        for place in range(200)
    ]


# -- worlds that commit much ----------------------------------------------------------------------------------------------


@load("commits of other worlds", "16 worlds, in each of which a client sends without a pause")
def commits(target: Target) -> list[Worker]:
    workers = []
    for place in range(16):
        snapshot = good() | {"variants": {"limits": "off"}}
        target.call("POST", "/_mock/worlds", {"id": f"commits-{place}", "snapshot": snapshot, "own_credentials": True})
        body = f"action=sms.send_message&access_key=good-0&secret_access_key=good&from={sender(0, 0)}&to=5556667777"
        raw = request("POST", f"/_w/commits-{place}/ibp_api.php", f"{body}&message=x".encode(), FORM)
        workers.append(repeating(raw))
    return workers


@load(
    "locked worlds",
    "four worlds whose rows another session of the database holds most of the time, and 20 clients that ask there",
    states=("postgresql",),
)
def locked_worlds(target: Target) -> list[Worker]:
    import psycopg

    names = [f"locked-{place}" for place in range(4)]
    for name in names:
        target.call("POST", "/_mock/worlds", {"id": name, "snapshot": good(), "own_credentials": True})

    def hold(target: Target) -> None:
        with psycopg.connect(target.state) as connection:
            while not target.is_over.is_set():
                with connection.transaction():
                    connection.execute("SELECT number FROM worlds WHERE id = ANY(%s) FOR UPDATE", (names,))
                    target.is_over.wait(1)
                target.is_over.wait(0.1)

    path = f"/ibp_api.php?action=sms.get_numbers&{CREDENTIALS}"
    asked = [repeating(request("GET", f"/_w/{name}{path}")) for name in names]
    return [hold, *asked * 5]


@load("large commits", "two worlds, in each of which messages to 10,000 recipients are sent at once")
def large_commits(target: Target) -> list[Worker]:
    phones = ",".join(f"+48{500_000_000 + place}" for place in range(10_000))
    body = f"username=demo&password=demo&sender=INFORMACJA&text=x&phone={phones}".replace("+", "%2B")
    workers = []
    for place in range(2):
        target.call("POST", "/_mock/worlds", {"id": f"large-{place}", "variants": {"limits": "off"}})
        workers.append(repeating(request("POST", f"/_w/large-{place}/messages/send_sms.json", body.encode(), FORM)))
    return workers


# -- the program ---------------------------------------------------------------------------------------------------------


def main() -> None:
    """Prepare, work until standard input ends, and print."""
    name, *where = sys.argv[1:]
    os.nice(19)
    target = Target(*where)
    workers = LOADS[name].make(target)
    threading.stack_size(256 * 1024)

    def run(worker: Worker) -> None:
        target.begin.wait()
        while not target.is_over.is_set():
            try:
                worker(target)
            except OSError:  # the server has closed the connection, or takes no other
                target.is_over.wait(0.05)

    for worker in workers:
        threading.Thread(target=run, args=(worker,), daemon=True).start()
    print("ready", flush=True)
    sys.stdin.readline()
    target.begin.set()
    sys.stdin.read()
    target.is_over.set()
    print(json.dumps({"done": target.done}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
