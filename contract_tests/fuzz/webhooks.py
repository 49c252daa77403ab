"""Responses of receivers to webhooks: damaged bytes that the sender reads, and that are shown afterwards."""

from __future__ import annotations

import contextlib
import socket
import threading
from random import Random
from typing import TYPE_CHECKING

from . import framing, values
from .wire import Wrong

if TYPE_CHECKING:
    from .server import FuzzedServer

_OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nOK"
_RESPONSES = (
    _OK,
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" + _OK,
    b"HTTP/1.0 200 OK\r\n\r\nOK",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n",
    b'HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"a":[1]}',
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
    b"",
)


class Receiver:
    """A server that answers every request with the bytes that it was given last, and closes."""

    def __init__(self) -> None:
        self.response = _OK
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connected, _ = self._listening.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), connected:
                connected.settimeout(5)
                connected.recv(65_536)
                connected.sendall(self.response)
                connected.shutdown(socket.SHUT_WR)
                while connected.recv(65_536):
                    pass

    def close(self) -> None:
        """Stop to listen."""
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


def prepare(server: FuzzedServer, world: str, receiver: Receiver) -> None:
    """Let both providers that forward inbound messages forward a world's to the receiver."""
    rules = [
        {"service": "nd", "url": receiver.url, "verification": True},
        {"service": "ndi", "url": receiver.url + "?a=#NUMER#"},
    ]
    status, found = server.call("PATCH", f"/_mock/worlds/{world}/accounts/serwersms/demo", {"forwarding": rules})
    if status != 200:
        raise Wrong(f"the forwarding rules were rejected: {status} {found}")


def run(server: FuzzedServer, chance: Random, world: str, receiver: Receiver) -> None:
    """Let a message come in, whose receiver gives a damaged response, and look at the delivery.

    Raises:
        Wrong: the attempt did not end, or cannot be shown.
    """
    receiver.response = _response(chance)
    kind = chance.choice(("nd", "ndi"))
    inbound = {
        "provider": "serwersms",
        "account": "demo",
        "kind": kind,
        "sender": "+48500600700",
        "text": values.text(chance)[:300].replace("\0", ""),
    }
    if kind == "ndi":
        inbound["recipient"] = "+48664078101"
    inbound["text"] = inbound["text"].encode("utf-8", "replace").decode()
    here = f"/_mock/worlds/{world}"
    status, _ = server.call("POST", f"{here}/inbound", inbound)
    if status != 200 and status != 201:
        return  # such a text is not received
    status, found = server.call("POST", f"{here}/wait/idle", {"timeout": 5})
    if status != 200 or not found["quiet"]:
        raise Wrong(f"an attempt did not end within 5 s of {receiver.response[:300]!r}: {status} {found}")
    for path in (f"{here}/deliveries", f"/_mock/ui/worlds/{world}/conversations?open=%2B48500600700"):
        status, found = server.call("GET", path)
        if status != 200:
            raise Wrong(f"GET {path} answers {status} after the response {receiver.response[:300]!r}: {found!r:.300}")


def _response(chance: Random) -> bytes:
    raw = chance.choice(_RESPONSES)
    kind = chance.random()
    if kind < 0.6:
        return framing.flipped(chance, raw)
    if kind < 0.7:
        return raw[: chance.randrange(len(raw) + 1)]
    head, blank, body = raw.partition(b"\r\n\r\n")
    line = values.text(chance).encode("utf-8", "replace")
    if kind < 0.85:
        return (
            head
            + b"\r\n"
            + chance.choice(
                (
                    b"Location: ",
                    b"Content-Type: ",
                    b"Set-Cookie: ",
                    b"Content-Length: ",
                    b"Content-Encoding: ",
                    b"X",
                    b"",
                )
            )
            + line
            + blank
            + body
        )
    if kind < 0.95:
        return head + blank + line * chance.choice((1, 1, 50)) + values.raw_bytes(chance, 300)
    return values.raw_bytes(chance, 300)
