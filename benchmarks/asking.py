"""Requests as the bytes that are sent, and answers as they came: the same for every server."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

HOST = "127.0.0.1"
OF_THE_CONNECTION = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}
"""Headers that each server writes for itself."""


@dataclass(frozen=True)
class Request:
    """One request."""

    method: str
    target: str
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    def written(self, port: int) -> bytes:
        """As HTTP/1.1, to a server of this machine."""
        head = [f"{self.method} {self.target} HTTP/1.1", f"Host: {HOST}:{port}"]
        head += [f"{name}: {value}" for name, value in self.headers]
        if self.body or self.method != "GET":
            head.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join((*head, "", "")).encode() + self.body


@dataclass(frozen=True)
class Response:
    """What came back."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def own_headers(self) -> dict[str, str]:
        """The headers that whoever plays the same answer sends as well."""
        return {name: value for name, value in self.headers if name.lower() not in OF_THE_CONNECTION}

    @property
    def text(self) -> str:
        """The body."""
        return self.body.decode()


def ask(port: int, request: Request, patience: float = 10.0) -> Response:
    """Ask once.

    Raises:
        OSError: no one is there.
        http.client.HTTPException: the answer is none.
    """
    connection = HTTPConnection(HOST, port, timeout=patience)
    try:
        connection.request(request.method, request.target, request.body or None, dict(request.headers))
        response = connection.getresponse()
        return Response(response.status, tuple(response.getheaders()), response.read())
    finally:
        connection.close()


def save(path: Path, requests: Iterable[Request], port: int) -> None:
    """Write the requests as ``walk.lua`` reads them."""
    with path.open("wb") as file:
        for raw in (request.written(port) for request in requests):
            file.write(b"%d\n%b" % (len(raw), raw))
