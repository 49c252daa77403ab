"""Fixtures: webhook senders, and receivers on the loopback that run a script."""

from __future__ import annotations

import contextlib
import queue
import re
import socket
import threading

import pytest

from contract_tests.webhooks.calling import PATIENCE, Held
from mockserver.event_loop import new_event_loop
from mockserver.webhooks import WebhookConfig, WebhookSender


@pytest.fixture
def hired():
    """Make webhook senders that are closed at the end of the test."""
    with contextlib.ExitStack() as ending:

        def hire(*, resolve=None, connect=None, new_event_loop=new_event_loop, **webhook_config) -> WebhookSender:
            webhook_sender = WebhookSender(
                WebhookConfig(**webhook_config), resolve=resolve, connect=connect, new_event_loop=new_event_loop
            )
            ending.callback(webhook_sender.close)
            return webhook_sender

        yield hire


@pytest.fixture
def webhook_sender(hired) -> WebhookSender:
    return hired()


@pytest.fixture
def receiver():
    """Listen on the loopback, and hand each connection to a script in a thread of its own."""
    with contextlib.ExitStack() as ending:

        def listen(script, host="127.0.0.1") -> Receiver:
            made = Receiver(script, host)
            ending.callback(made.close)
            return made

        yield listen


@pytest.fixture
def held(receiver):
    made = Held(receiver)
    yield made
    made.gates.end()


class Receiver:
    def __init__(self, script, host) -> None:
        self.script = script
        self.listening = socket.create_server(
            (host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=100
        )
        self.port = self.listening.getsockname()[1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        self.request: list[bytes] = []
        self.connections: list[socket.socket] = []
        self.ended: queue.SimpleQueue[socket.socket] = queue.SimpleQueue()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listening.accept()
                connection.settimeout(PATIENCE)
                self.connections.append(connection)
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection) -> None:
        with contextlib.suppress(OSError), connection:
            self.script(self, connection)
        self.ended.put(connection)

    def read(self, connection) -> bytes:
        """A whole request; nothing when the client has disconnected."""
        got = b""
        while not (found := re.match(rb"(?s)(.*?\r\n\r\n)", got)):
            if not (piece := connection.recv(65536)):
                return b""
            got += piece
        length = re.search(rb"(?i)content-length: ([0-9]+)", found[1])
        while len(got) < len(found[1]) + int(length[1] if length else 0):
            got += connection.recv(65536)
        self.request.append(got)
        return got

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
