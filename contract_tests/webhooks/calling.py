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
