"""The double without a socket: bytes go into a connection, and bytes come out, in this process."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any

from mockserver.app import build_service
from mockserver.engine.accounts import Account, Login, Number, Program
from mockserver.engine.clock import Clock
from mockserver.engine.events import ClockChanged
from mockserver.engine.instants import SECOND, Instant, parse_instant
from mockserver.engine.messages import Message
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.segments import Segment
from mockserver.engine.state import Fixture
from mockserver.http.connection import Connection
from mockserver.sdk.loading import installed_providers
from mockserver.sdk.provider import Provider
from mockserver.settings import Settings

NOON = parse_instant("2026-06-01T12:00:00Z")
SENDERS = 2_000
"""Accounts that send, one after the other; then the world's clock moves on, so that each may send again."""
PROGRAM = "mgage/demo"


class Silent(asyncio.Transport):
    """The other end of a connection that no one listens to."""

    def __init__(self) -> None:
        super().__init__({"sockname": ("127.0.0.1", 7670), "peername": ("127.0.0.1", 50_000)})
        self.written: list[bytes] = []

    def write(self, data: Any) -> None:
        """Keep it."""
        self.written.append(data)

    def is_closing(self) -> bool:
        """Never."""
        return False

    def pause_reading(self) -> None:
        """Nothing is read."""

    def resume_reading(self) -> None:
        """Nothing is read."""


class _SameThread:
    """A pool that runs each call at once, in the thread that asks for it."""

    def run(self, call: Callable[[], object], key: str, *, is_heavy: bool) -> None:  # noqa: ARG002 - the pool's arguments
        """Run it."""
        call()


class Double:
    """A server, its application and one connection to it."""

    def __init__(self, messages: int = 10_000, providers: Iterable[Provider] | None = None, wsgi: bool = False) -> None:
        self.registry = WorldRegistry(
            fixture(messages),
            installed_providers().default_variants,
            clock=Clock.frozen(NOON),
            providers=installed_providers().callbacks,
        )
        self.app = build_service(Settings(wsgi=wsgi), providers, self.registry)
        self.transport = Silent()
        self._loop = asyncio.new_event_loop()
        self._connection = Connection(self.app, loop=self._loop, pool=_SameThread(), connections=set())
        self._connection.connection_made(self.transport)

    def close(self) -> None:
        """Let go of the event loop."""
        self._loop.close()

    def ask(self, request: bytes) -> bytes:
        """Send this; the beginning of what a client reads then, as far as it is written at once."""
        self.transport.written.clear()
        self._connection.data_received(request)
        if not self.transport.written:  # it was computed on the pool, and what follows is the event loop's
            self._loop.call_soon(self._loop.stop)
            self._loop.run_forever()
        return self.transport.written[0]

    def requests(self, name: str) -> Iterator[bytes]:
        """Requests of a kind without end, each of which is answered with what was asked for."""
        return REQUESTS[name](self)


def fixture(messages: int) -> Fixture:
    """Senders, a program of so many messages, and the four messages of 004."""
    numbers = {number: Number(number) for number in ("5554332111",)}
    senders = [
        Account(f"dialogtech/{each}", "dialogtech", str(each), (Login(f"key-{each}", "secret"),), numbers)
        for each in range(SENDERS)
    ]
    programs = {"1": Program("1", "Club", "Loyalty", "Text to Join")}
    reader = Account(PROGRAM, "mgage", "demo", (Login("demo", "demo"),), programs=programs)
    receiver = Account("serwersms/demo", "serwersms", "demo", (Login("demo", "demo"),))
    exported = (exported_message(place, NOON - (messages - place) * SECOND) for place in range(messages))
    received = (
        Message(messages + place, receiver.key, str(303_020 + place), "inbound", "+48500600700", "", NOON, "Tak", kind)
        for place, kind in enumerate(("eco", "nd", "ndi", "pre"))
    )
    return Fixture((*senders, reader, receiver), Segment((*exported, *received)))


def exported_message(place: int, at: Instant) -> Message:
    """One of many of a program."""
    text = f"Tak, załatwię to jutro ({place})"
    return Message(
        *(place, PROGRAM, str(710_000_000 + place), "inbound", "15556667777", "37911", at, text),
        status="Received",
        program="1",
        network="T-Mobile",
    )


def _form(path: str, body: str) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost:7670\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def _sends(double: Double) -> Iterator[bytes]:
    call = "action=sms.send_message&from=5554332111&to=5556667777&message=Thank+you+for+calling."
    for place in count():
        if place % SENDERS == 0:
            state = double.registry.default.state
            state.apply(ClockChanged(state.clock.advance(61 * SECOND)))
        yield _form("/ibp_api.php", f"{call}&access_key=key-{place % SENDERS}&secret_access_key=secret")


def _always(request: bytes) -> Callable[[Double], Iterator[bytes]]:
    def requests(_double: Double) -> Iterator[bytes]:
        while True:
            yield request

    return requests


def _page(size: int) -> bytes:
    authorization = "Basic " + b64encode(b"demo:demo").decode()
    target = f"/api/messages/program/1?pageSize={size}"
    return f"GET {target} HTTP/1.1\r\nHost: localhost:7670\r\nAuthorization: {authorization}\r\n\r\n".encode()


REQUESTS: dict[str, Callable[[Double], Iterator[bytes]]] = {
    "send": _sends,
    "get_numbers": _always(_form("/ibp_api.php", "action=sms.get_numbers&access_key=key-0&secret_access_key=secret")),
    "page of 50": _always(_page(50)),
    "page of 500": _always(_page(500)),
    "send_sms": _always(
        _form(
            "/messages/send_sms.json",
            "phone=500600700&text=Thank+you+for+calling.&sender=INFORMACJA&username=demo&password=demo",
        )
    ),
    "recived": _always(_form("/messages/recived", "username=demo&password=demo")),
}
"""Each operation's."""
