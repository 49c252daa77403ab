"""A server over TLS that plays a provider by a script: it keeps the bytes of each request and sends the bytes that a test gives."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator

PATIENCE = 60


class ScriptedUpstream:
    """Listens on a free port of this machine. Each connection is one request and its response, by `script`."""

    def __init__(self, context=None):
        self.requests: list[bytes] = []
        self.script: Callable[[socket.socket, bytes], None] = lambda sock, request: sock.sendall(plain(b"ok"))
        self._context = context
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.url = f"{'http' if context is None else 'https'}://localhost:{self.port}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self):
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(PATIENCE)

    def _accept(self):
        while True:
            try:
                sock, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        sock.settimeout(PATIENCE)
        with contextlib.suppress(OSError), contextlib.ExitStack() as ending:
            ending.enter_context(sock)
            if self._context is not None:
                sock = ending.enter_context(self._context.wrap_socket(sock, server_side=True))
            for request in read_requests(sock):
                self.requests.append(request)
                self.script(sock, request)
                if b"\r\nconnection: close\r\n" in request.lower():
                    return


def plain(body: bytes, *headers: bytes) -> bytes:
    lines = [b"HTTP/1.1 200 OK", *headers, b"Content-Length: %d" % len(body), b"", body]
    return b"\r\n".join(lines)


def read_requests(sock) -> Iterator[bytes]:
    """Yield the requests of a connection, whole, as their bytes."""
    received = b""
    while True:
        while b"\r\n\r\n" not in received:
            more = sock.recv(65536)
            if not more:
                return
            received += more
        size = received.index(b"\r\n\r\n") + 4
        head = received[:size].lower()
        length = re.search(rb"\r\ncontent-length: *([0-9]+)", head)
        if b"\r\ntransfer-encoding:" in head:
            while b"0\r\n\r\n" not in received[size:]:
                received += sock.recv(65536)
            size = received.index(b"0\r\n\r\n", size) + 5
        elif length:
            size += int(length[1])
        while len(received) < size:
            more = sock.recv(65536)
            assert more, "the request ended in the middle"
            received += more
        yield received[:size]
        received = received[size:]
