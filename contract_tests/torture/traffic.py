"""What is sent to a server that is killed, and what its responses have promised."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from time import sleep
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

NUMBER = "5554332111"
"""The sender of DialogTech's messages: one per second at most, and 40 per minute."""


class Promises:
    """What clients have sent, and what was acknowledged: the whole response arrived, and says that the request was accepted."""

    def __init__(self) -> None:
        self.sent: set[str] = set()
        """The text of every message whose request was begun."""
        self.acknowledged: set[str] = set()
        self.rejected: Counter[str] = Counter()
        self._lock = Lock()

    def begin(self, text: str) -> None:
        """Note that a message is about to be sent."""
        with self._lock:
            self.sent.add(text)

    def acknowledge(self, text: str) -> None:
        """Note that a message was accepted."""
        with self._lock:
            self.acknowledged.add(text)

    def reject(self, reason: str) -> None:
        """Note that a message was rejected."""
        with self._lock:
            self.rejected[reason] += 1


class Receiver:
    """Receives webhooks slowly enough that a kill finds some in flight, and counts them by the id of their message."""

    def __init__(self, seconds: float = 0.02) -> None:
        self.received: Counter[str] = Counter()
        receiver, lock = self, Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with lock:
                    receiver.received[parse_qs(urlsplit(self.path).query)["id"][0]] += 1
                sleep(seconds)
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"OK")

            def log_message(self, *_: object) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                pass  # the server was killed while it waited

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/?id=#ID#"
        """The URL of a forwarding rule."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()


class Load:
    """Clients that send as fast as they can, from when they are started until they are stopped."""

    def __init__(self, port: int, promises: Promises, run: int, clients: int) -> None:
        self._port = port
        self._promises = promises
        self._end = Event()
        self._first = Event()
        kinds = (_send_serwersms, _send_serwersms, _receive_inbound, _send_dialogtech)
        self._threads = [
            Thread(target=self._ask, args=(f"{run} {client}", kinds[client % len(kinds)]), daemon=True)
            for client in range(clients)
        ]

    def start(self, patience: float = 30.0) -> None:
        """Start the clients, and wait until a first message was acknowledged."""
        for thread in self._threads:
            thread.start()
        if not self._first.wait(patience):
            raise TimeoutError("the server has acknowledged nothing")

    def stop(self) -> None:
        """Stop the clients."""
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, name: str, send: Callable[[HTTPConnection, str], str | None]) -> None:
        connection, count = HTTPConnection("127.0.0.1", self._port, timeout=10), 0
        while not self._end.is_set():
            count += 1
            text = f"message {count} of client {name}"
            self._promises.begin(text)
            try:
                reason = send(connection, text)
            except (OSError, HTTPException, ValueError):  # the server was killed; what became of the request is unknown
                connection.close()
                self._end.wait(0.01)
                continue
            if reason is None:
                self._promises.acknowledge(text)
                self._first.set()
            else:
                self._promises.reject(reason)


def _ask(connection: HTTPConnection, method: str, target: str, body: str | None, **headers: str) -> bytes:
    connection.request(method, target, body, headers)
    response = connection.getresponse()
    return b"%d " % response.status + response.read()


def _send_serwersms(connection: HTTPConnection, text: str) -> str | None:
    form = urlencode({"username": "demo", "password": "demo", "phone": "+48500600700", "text": text})
    answer = _ask(
        connection, "POST", "/messages/send_sms.json", form, **{"Content-Type": "application/x-www-form-urlencoded"}
    )
    return None if json.loads(answer[4:]).get("queued") == 1 else answer.decode()


def _send_dialogtech(connection: HTTPConnection, text: str) -> str | None:
    query = f"access_key=foo&secret_access_key=bar&to=5556667777&from={NUMBER}&message={quote(text)}"
    answer = _ask(connection, "GET", f"/ibp_api.php?action=sms.send_message&{query}", None)
    if b"<result>success</result>" in answer:
        return None
    if b"</response>" not in answer:
        raise ValueError("the response is incomplete")
    sleep(0.02)  # a limit
    return "limit" if b"sms per" in answer else answer.decode()


def _receive_inbound(connection: HTTPConnection, text: str) -> str | None:
    row: dict[str, Any] = {"kind": "ndi", "sender": "+48500600700", "recipient": "+48600700800", "text": text}
    body = json.dumps({"provider": "serwersms", "account": "demo", **row})
    answer = _ask(connection, "POST", "/_mock/worlds/default/inbound", body, **{"Content-Type": "application/json"})
    return None if json.loads(answer[4:]).get("message") else answer.decode()
