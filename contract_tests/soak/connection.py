"""A small HTTP client that costs little beside the server: one connection, and requests that are bytes."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import NamedTuple, Self

PATIENCE = 20.0
"""Seconds without a byte after which a response counts as lost."""


class Answer(NamedTuple):
    """A response."""

    status: int
    body: bytes


class Broken(Exception):
    """The connection ended before the response did, or what came is no response."""


def build_request(method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """Return the bytes of a request."""
    lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body or method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


class HttpConnection:
    """A connection that is opened again when the server has closed it."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        """Open no socket yet."""
        self._port = port
        self._tls = tls
        self._socket: socket.socket | None = None
        self._rest = b""

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._rest = None, b""

    def ask(self, request: bytes) -> Answer:
        """Send a request, and return the response.

        Raises:
            Broken: there was no whole response.
        """
        try:
            self._open().sendall(request)
            return self._read()
        except (OSError, ValueError) as reason:
            self.close()
            raise Broken(f"{type(reason).__name__}: {reason}") from None

    def send(self, request: bytes) -> None:
        """Send bytes, and read nothing."""
        self._open().sendall(request)

    def receive(self) -> bytes:
        """Return some bytes, and none at the end."""
        return self._open().recv(65_536)

    def _open(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                self._socket = self._tls.wrap_socket(self._socket, server_hostname="api2.serwersms.pl")
        return self._socket

    def _more(self) -> bytes:
        assert self._socket is not None
        received = self._socket.recv(262_144)
        if not received:
            raise ConnectionResetError("the server closed the connection")
        return received

    def _read(self) -> Answer:
        data = self._rest
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        first, *lines = data[:end].decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        version, status, *_ = first.split(" ")
        if version not in ("HTTP/1.1", "HTTP/1.0"):
            raise ValueError(f"no HTTP: {first[:60]!r}")
        code = int(status)
        if code in (204, 304):
            length = 0
        elif "content-length" in fields:
            length = int(fields["content-length"])
        else:
            raise ValueError("a response without a length")
        pieces, held = [data[end + 4 :]], len(data) - end - 4
        while held < length:
            pieces.append(self._more())
            held += len(pieces[-1])
        body = b"".join(pieces)
        self._rest = body[length:]
        if fields.get("connection", "").lower() == "close":
            self.close()
        return Answer(code, body[:length])
