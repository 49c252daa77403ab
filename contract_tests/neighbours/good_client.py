"""A well-behaved client: python -m contract_tests.neighbours.good_client URL SECONDS RATE.

It sends, reads a page and asks for health in turn on one connection at a steady rate, and prints its figures as JSON. A
request's latency counts from the moment at which it was due, so that a stall counts for every request that it delays.
"""

from __future__ import annotations

import base64
import gc
import json
import os
import socket
import sys
import threading
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from .worlds import ACCOUNTS, LISTENING, NUMBERS, good, sender

PATIENCE = 60.0
"""Seconds after which a response that does not come ends the measurement."""

DELIVERY_INTERVAL = 0.2
_BASIC = "Basic " + base64.b64encode(b"good:good").decode()


class Connection:
    """A connection over which one request after the other is sent and its response read."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Return the status and the body of the response."""
        self._socket.sendall(request)
        while (end := self._received.find(b"\r\n\r\n")) < 0:
            self._read()
        head, self._received = self._received[:end], self._received[end + 4 :]
        _, _, after = head.lower().partition(b"content-length:")
        length = int(after.split(b"\r\n", 1)[0])
        while len(self._received) < length:
            self._read()
        body, self._received = self._received[:length], self._received[length:]
        return int(head.split(b" ", 2)[1]), body

    def _read(self) -> None:
        piece = self._socket.recv(65536)
        if not piece:
            raise ConnectionError("the server closed the good client's connection")
        self._received += piece


def request(method: str, target: str, body: bytes = b"", headers: str = "") -> bytes:
    """Return the bytes of a request."""
    head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _requests() -> list[tuple[bytes, bytes]]:
    """The requests in turn, each with what its response contains."""
    made = []
    read = request(
        "GET",
        "/_w/good/api/messages/program/121811?pageSize=50&startDate=2026-06-01T00:00:00&endDate=2026-06-01T23:00:00",
        headers=f"Authorization: {_BASIC}\r\n",
    )
    form = "Content-Type: application/x-www-form-urlencoded\r\n"
    for place in range(ACCOUNTS * NUMBERS):
        account = place % ACCOUNTS
        credentials = f"access_key=good-{account}&secret_access_key=good"
        number = sender(account, place // ACCOUNTS)
        fields = f"{credentials}&from={number}&to=5556667777&message=Hello+{place}"
        send = request("POST", "/_w/good/ibp_api.php", f"action=sms.send_message&{fields}".encode(), form)
        made += [(send, b"<result>success</result>"), (read, b"This is complete")]
        if place % 4 == 0:
            made.append((request("GET", "/_mock/health"), b'"ok"'))
    return made


def measure(host: str, port: int, seconds: float, rate: float) -> dict[str, Any]:
    """Ask at a rate for some seconds; return the latencies in milliseconds, in order, and the wrong answers."""
    requests = _requests()
    connection = Connection(host, port)
    for asked, _ in requests[:20]:
        connection.ask(asked)
    latencies, wrong = [], []
    begin = time.perf_counter()
    count = int(seconds * rate)
    for place in range(count):
        due = begin + place / rate
        if (early := due - time.perf_counter()) > 0:
            time.sleep(early)
        asked, expected = requests[(20 + place) % len(requests)]
        status, body = connection.ask(asked)
        now = time.perf_counter()
        latencies.append((now - max(due, begin)) * 1000)
        if status != 200 or expected not in body:
            wrong.append(f"{status} {body[:200]!r}")
        if now - begin > 2 * seconds + 2:  # so far behind that the figures say enough
            break
    return {"latencies": latencies, "wrong": wrong}


class Receiver:
    """Counts how long the webhook of each inbound message takes to come."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/"
        self._came = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while connection.recv(65536):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK")
                self._came.set()

    def measure(self, host: str, port: int, until: float, delays: list[float]) -> None:
        """Receive inbound messages one after the other, and note the milliseconds until each webhook."""
        connection = Connection(host, port)
        body = json.dumps(
            {"provider": "dialogtech", "sender": "5556667777", "recipient": LISTENING, "text": "in"}
        ).encode()
        inbound = request("POST", "/_mock/worlds/good/inbound", body, "Content-Type: application/json\r\n")
        while time.perf_counter() < until:
            self._came.clear()
            begin = time.perf_counter()
            connection.ask(inbound)
            self._came.wait(PATIENCE)
            delays.append((time.perf_counter() - begin) * 1000)
            time.sleep(DELIVERY_INTERVAL)


def main() -> None:
    """Create the world, measure, and print."""
    url, seconds, rate, *rest = sys.argv[1:]
    with suppress(OSError):  # where this user may: another program's work is no delay of the server's
        os.nice(-10)
    host, port = urlsplit(url).hostname or "", urlsplit(url).port or 0
    receiver = Receiver()
    creation = json.dumps({"id": "good", "snapshot": good(receiver.url)}).encode()
    status, body = Connection(host, port).ask(
        request("POST", "/_mock/worlds", creation, "Content-Type: application/json\r\n")
    )
    if status != 201:
        sys.exit(f"the world of the good client was not created: {status} {body[:500]!r}")
    print("ready", flush=True)
    sys.stdin.readline()
    gc.freeze()
    gc.disable()
    delays: list[float] = []
    if rest:
        until = time.perf_counter() + float(seconds)
        threading.Thread(target=receiver.measure, args=(host, port, until, delays), daemon=True).start()
    found = measure(host, port, float(seconds), float(rate))
    print(json.dumps(found | {"delays": delays}))


if __name__ == "__main__":
    main()
