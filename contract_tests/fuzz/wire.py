"""Bytes to and from the server, and what an answer must not be."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from http.client import HTTPException, HTTPResponse
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .server import FuzzedServer

LATEST = 2.0
"""Seconds within which every answer must have begun, and a connection that the client has ended be closed."""
PATIENCE = 15.0
"""Seconds after which the harness gives up on an answer."""

_STATUS = re.compile(rb"(?:\A|\n|[^\r\n])HTTP/1\.[01] (\d{3}) ")
_EXCHANGE = re.compile(rb"\r\nX-Mockserver-Exchange: (\d+)\r\n")
_HTML = re.compile(rb"\r\nContent-Type: text/html|<!doctype html|<html", re.IGNORECASE)
_AT_THE_PROXY = frozenset({502, 504})


class Wrong(Exception):
    """A finding: the server did what it must not do."""


class Slow(Exception):
    """An answer came too late; it is measured again alone before it counts."""


class Sent(NamedTuple):
    """What is sent on one connection."""

    listener: str
    """``http``, ``https`` or ``proxy``."""
    pieces: Sequence[bytes]
    """The pieces in which it is sent; in TLS each is a record."""
    is_complete: bool = False
    """Whether it is a whole request, so that an answer must come while the connection is open."""
    tls: bool = False
    """Whether it is sent inside TLS."""

    @property
    def raw(self) -> bytes:
        return b"".join(self.pieces)


def connect(server: FuzzedServer, listener: str) -> socket.socket:
    """Connect to a listener, without delay of small pieces."""
    connected = socket.create_connection(("127.0.0.1", server.ports[listener]), PATIENCE)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected


def unchecked_tls() -> ssl.SSLContext:
    """A client's TLS context that accepts every certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


_CONTEXT = unchecked_tls()


def exchange(server: FuzzedServer, sent: Sent) -> tuple[bytes, float]:
    """Send the pieces, end the client's side, and return what was received until the server closed, and the seconds after the last piece.

    The server may close and reset the connection at any time.
    """
    received = b""
    end = time.perf_counter()
    with connect(server, sent.listener) as plain:
        try:
            if sent.tls:
                with _CONTEXT.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=True) as secure:
                    return _talk(secure, sent, _end_tls)
            return _talk(plain, sent, lambda each: each.shutdown(socket.SHUT_WR))
        except TimeoutError:
            raise Slow(f"no TLS handshake for {PATIENCE:.0f} s") from None
        except OSError:
            return received, time.perf_counter() - end


def _talk(connected: socket.socket, sent: Sent, end_sending: Callable[[socket.socket], object]) -> tuple[bytes, float]:
    received = bytearray()
    begun = time.perf_counter()
    try:
        for piece in sent.pieces:
            connected.sendall(piece)
        begun = time.perf_counter()
        if sent.is_complete:
            while not (is_first := b"\r\n\r\n" in received) and (part := connected.recv(65_536)):
                received += part
            if not is_first:
                raise Wrong("the connection was closed without an answer to a whole request")
        end_sending(connected)
        while part := connected.recv(65_536):
            received += part
    except TimeoutError:
        raise Slow(f"nothing for {PATIENCE:.0f} s") from None
    except OSError:  # closed or reset by the server, which is free to do so
        if sent.is_complete and not received:
            raise Wrong("the connection was reset without an answer to a whole request") from None
    return bytes(received), time.perf_counter() - begun


def _end_tls(secure: socket.socket) -> None:
    """Send close_notify, and end the sending side."""
    assert isinstance(secure, ssl.SSLSocket)
    secure.unwrap().shutdown(socket.SHUT_WR)


class Line:
    """A connection that is kept open for whole requests, and opened again when the server has closed it."""

    def __init__(self, server: FuzzedServer, listener: str = "http") -> None:
        self._server = server
        self._listener = listener
        self._socket: socket.socket | None = None

    def ask(self, raw: bytes, method: str) -> tuple[bytes, float]:
        """Send a whole request; return the bytes of its response and the seconds that it took.

        Raises:
            Wrong: there was no response, or one that cannot be read.
            Slow: there was none in time.
        """
        for is_last in (False, True):
            is_fresh = self._socket is None
            connected = self._socket = self._socket or connect(self._server, self._listener)
            begun = time.perf_counter()
            try:
                connected.sendall(raw)
                received = self._read(connected, method)
            except TimeoutError:
                self.close()
                raise Slow(f"no answer for {PATIENCE:.0f} s") from None
            except (ConnectionError, ssl.SSLError):
                received = b""
            if received:
                return received, time.perf_counter() - begun
            self.close()
            if is_fresh or is_last:
                break
        raise Wrong("the connection was closed without an answer to a whole request")

    def _read(self, connected: socket.socket, method: str) -> bytes:
        recorder = _Recorder(connected)
        response = HTTPResponse(recorder, method=method)  # type: ignore[arg-type]  # it needs nothing but makefile()
        try:
            response.begin()
            response.read()
        except (ConnectionError, TimeoutError):
            raise
        except (HTTPException, ValueError) as error:
            if not recorder.received:
                return b""
            raise Wrong(f"the response cannot be read: {error!r}: {bytes(recorder.received[:300])!r}") from None
        if response.will_close:
            self.close()
        return bytes(recorder.received)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class _Recorder:
    """A socket for `HTTPResponse` that keeps every byte that was received."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self.received = bytearray()

    def makefile(self, _mode: str) -> _Recorded:
        return _Recorded(self._socket, self.received)


class _Recorded:
    """The file of a `_Recorder`: it reads no more than it is asked for, so that nothing of a next response is lost."""

    def __init__(self, connected: socket.socket, received: bytearray) -> None:
        self._socket = connected
        self._received = received
        self._buffer = BytesIO()
        self._ahead = bytearray()

    def _fill(self) -> bool:
        part = self._socket.recv(65_536)
        self._ahead += part
        self._received += part
        return bool(part)

    def readline(self, limit: int = -1) -> bytes:
        while b"\n" not in self._ahead and self._fill():
            pass
        end = self._ahead.find(b"\n") + 1 or len(self._ahead)
        return self._take(end if limit < 0 else min(end, limit))

    def read(self, size: int = -1) -> bytes:
        while (size < 0 or len(self._ahead) < size) and self._fill():
            pass
        return self._take(len(self._ahead) if size < 0 else size)

    def read1(self, size: int = -1) -> bytes:
        return self.read(size)

    def readinto(self, buffer: bytearray) -> int:
        found = self.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)

    def _take(self, size: int) -> bytes:
        found = bytes(self._ahead[:size])
        del self._ahead[:size]
        return found

    def flush(self) -> None:
        """Nothing is written."""

    def close(self) -> None:
        """The socket stays open for the next request."""


def check_answer(server: FuzzedServer, received: bytes, listener: str = "http") -> None:
    """Check every response in what was received.

    Raises:
        Wrong: one is a 500 without a documented error, or a page of HTML.
    """
    if _HTML.search(received):
        raise Wrong(f"an answer is HTML: {received[:400]!r}")
    for found in _STATUS.finditer(received):
        status = int(found[1])
        if status < 500 or status == 505 or (listener == "proxy" and status in _AT_THE_PROXY):
            continue
        number = _EXCHANGE.search(received, found.start())
        if number is None or not _is_documented(server, int(number[1])):
            raise Wrong(f"status {status}: {received[found.start() : found.start() + 600]!r}")


def _is_documented(server: FuzzedServer, number: int) -> bool:
    """Return whether an exchange of the default world ended in an error that an operation decided."""
    status, found = server.call("GET", f"/_mock/worlds/default/journal/{number}")
    return status == 200 and bool(found.get("operation")) and found.get("outcome") == "rejected"
