"""What tests of the courier ask for, and what receivers answer."""

from __future__ import annotations

import queue
import threading

from mockserver.engine.deliveries import Outcome, Outgoing

PATIENCE = 20
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"


def answering(*answers: bytes):
    """Give one answer after the other, and the last to all that follow; a closing one ends its connection."""
    left = list(answers)
    turn = threading.Lock()

    def script(receiver, connection) -> None:
        while receiver.read(connection):
            with turn:
                answer = left.pop(0) if len(left) > 1 else left[0]
            connection.sendall(answer)
            if b"Connection: close" in answer:
                return

    return script


def moved(status, location) -> bytes:
    return f"HTTP/1.1 {status} Moved\r\nContent-Length: 0\r\nLocation: {location}\r\n\r\n".encode()


def outcome_of(courier, outgoing, lane="lane") -> Outcome:
    outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
    courier.send(lane, outgoing, outcomes.put)
    return outcomes.get(timeout=PATIENCE)


def get(courier, url) -> Outcome:
    return outcome_of(courier, Outgoing("GET", url))


def wait_for_the_end(connection) -> None:
    while connection.recv(65536):
        pass
