"""A webhook receiver, and an account that forwards to it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from mockserver.engine.deliveries import Delivery
from mockserver.engine.instants import SECOND, parse_instant
from mockserver.engine.world import World

NOON = parse_instant("2026-06-01T12:00:00Z")
PATIENCE = 30.0
KEY = "serwersms/a"


class Receiver:
    """A webhook receiver that sends scripted responses and records its requests. It rejects connections until it listens."""

    def __init__(self) -> None:
        self.request: list[str] = []
        self.says: Callable[[int], str] = lambda _: "OK"
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                receiver.request.append(self.path)
                response = receiver.says(len(receiver.request)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(response)))
                self.end_headers()
                self.wfile.write(response)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self.server.daemon_threads = True
        self.server.server_bind()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def listen(self) -> None:
        self.server.server_activate()
        threading.Thread(target=self.server.serve_forever, args=(0.005,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def receive_inbound(world: World, text: str = "Tak", sender: str = "+48500600700") -> None:
    world.receive_inbound("serwersms", {"kind": "ndi", "sender": sender, "recipient": "+48600700800", "text": text})


def delivery(world: World, number: int = 1) -> Delivery:
    return world.state.deliveries[number]


def minutes(world: World) -> list[float]:
    return [(attempt.at - NOON) / (60 * SECOND) for attempt in delivery(world).attempts]


def advance(world: World, minutes: float) -> None:
    world.advance(world.clock.now() + int(minutes * 60 * SECOND))
