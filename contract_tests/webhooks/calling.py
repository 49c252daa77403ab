"""Helpers for tests of the webhook sender: requests, and responses of receivers."""

from __future__ import annotations

import queue
import threading

from mockserver.engine.deliveries import Outcome, OutgoingRequest

PATIENCE = 20
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"


def answering(*responses: bytes):
    """Send the responses one after the other, the last one again and again; one with ``Connection: close`` ends its connection."""
    left = list(responses)
    turn = threading.Lock()

    def script(receiver, connection) -> None:
        while receiver.read(connection):
            with turn:
                response = left.pop(0) if len(left) > 1 else left[0]
            connection.sendall(response)
            if b"Connection: close" in response:
                return

    return script


def moved(status, location) -> bytes:
    return f"HTTP/1.1 {status} Moved\r\nContent-Length: 0\r\nLocation: {location}\r\n\r\n".encode()


def outcome_of(webhook_sender, request, ordering_key="ordering_key") -> Outcome:
    outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
    webhook_sender.send(ordering_key, request, outcomes.put)
    return outcomes.get(timeout=PATIENCE)


def get(webhook_sender, url) -> Outcome:
    return outcome_of(webhook_sender, OutgoingRequest("GET", url))


def wait_for_the_end(connection) -> None:
    while connection.recv(65536):
        pass


def nothing(outcome) -> None:
    """Ignore an outcome."""


class Gates(dict[str, threading.Event]):
    """A gate for each path, shut until it is set; after `end` every gate is open."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.is_over = False

    def __missing__(self, path: str) -> threading.Event:
        with self.lock:
            gate = self.setdefault(path, threading.Event())
            if self.is_over:
                gate.set()
            return gate

    def end(self) -> None:
        with self.lock:
            self.is_over = True
            for gate in self.values():
                gate.set()


class Held:
    """A receiver that holds each response until the gate of its path is open."""

    def __init__(self, receiver) -> None:
        self.gates = Gates()
        self.received: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.there = receiver(self.script)

    def script(self, there, connection) -> None:
        while request := there.read(connection):
            path = request.split(b" ", 2)[1].decode()
            self.received.put(path)
            if path.startswith("/held"):
                assert self.gates[path].wait(PATIENCE)
            connection.sendall(OK)

    def to(self, path) -> OutgoingRequest:
        return OutgoingRequest("GET", f"{self.there.url}{path}")

    def next(self) -> str:
        return self.received.get(timeout=PATIENCE)
