"""HTTP connections to the control API, on sockets of our own.

Tests replace parts of ``requests``, ``urllib3`` and ``http.client``, and record what goes through them. None of them is
used here.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from threading import Lock
from typing import NamedTuple
from urllib.parse import urlsplit
from weakref import finalize

import httptools

from mockserver import unpatched

_PIECE = 1 << 16
"""The maximal number of bytes read at a time."""


class HttpResult(NamedTuple):
    """A response: its status and its body."""

    status: int
    body: bytes


class Connections:
    """The connections to one server. It is safe for threads: each call has a connection of its own, which is kept open."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        """Prepare connections; none is opened yet.

        Args:
            url: the server's URL.
            headers: the headers of every request.

        Raises:
            ValueError: the URL has an invalid port.
        """
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._is_tls = parts.scheme == "https"
        self._port = parts.port or (443 if self._is_tls else 80)
        host = parts.netloc.rpartition("@")[2].encode("idna").decode()
        self._head = "".join(f"{name}: {value}\r\n" for name, value in {"Host": host, **headers}.items())
        self._idle: list[socket.socket] = []
        self._lock = Lock()
        finalize(self, _close_all, self._idle)  # a client that is dropped without close() leaves no open socket

    def call(self, method: str, target: str, body: bytes | None, timeout: float) -> HttpResult:
        """Send a request and return the response.

        Args:
            method: the HTTP method.
            target: the path with the query.
            body: the body; ``None`` for none.
            timeout: seconds without a byte after which it fails.

        Raises:
            TimeoutError: the response did not come in time.
            ConnectionError: there is no connection, it ended early, or the response is not HTTP.
        """
        sock = self._take() or self._connect(timeout)
        is_reusable = False
        try:
            sock.settimeout(timeout)
            length = f"Content-Length: {len(body or b'')}\r\n" if body is not None or method != "GET" else ""
            sock.sendall(f"{method} {target} HTTP/1.1\r\n{self._head}{length}\r\n".encode("latin-1") + (body or b""))
            response = _Response()
            while not response.is_complete:
                response.feed(sock.recv(_PIECE))
            is_reusable = response.keeps_connection
            return HttpResult(response.status, bytes(response.body))
        except TimeoutError:
            raise
        except (OSError, httptools.HttpParserError) as reason:
            raise ConnectionError(str(reason)) from reason
        finally:
            if is_reusable:
                with self._lock:
                    self._idle.append(sock)
            else:
                sock.close()

    def close(self) -> None:
        """Close the idle connections; the next call opens new ones."""
        with self._lock:
            _close_all(self._idle)

    def _take(self) -> socket.socket | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                sock = self._idle.pop()
            if _is_silent(sock):
                return sock
            sock.close()

    def _connect(self, timeout: float) -> socket.socket:
        failure: OSError | None = None
        try:
            for family, address in unpatched.resolve(self._host, self._port):
                try:
                    sock = unpatched.connect(family, address, timeout)
                    return self._secured(sock) if self._is_tls else sock
                except OSError as reason:
                    failure = reason.with_traceback(None)  # which would keep this method's variables, it among them
        except (OSError, UnicodeError) as reason:  # a name that cannot be resolved
            raise ConnectionError(str(reason)) from reason
        raise ConnectionError(str(failure)) from failure

    def _secured(self, sock: socket.socket) -> socket.socket:
        import ssl

        import certifi

        try:
            return ssl.create_default_context(cafile=certifi.where()).wrap_socket(sock, server_hostname=self._host)
        except BaseException:
            sock.close()
            raise


class _Response:
    """A response that is being parsed."""

    status = 0
    is_complete = False
    keeps_connection = False

    def __init__(self) -> None:
        self.body = bytearray()
        self._has_length = False
        self._has_head = False
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """Parse a piece; an empty one is the end of the connection."""
        if data:
            self._parser.feed_data(data)
        elif self._has_head and not self._has_length:
            self.is_complete = True  # the end of the connection is the end of the body
        else:
            raise ConnectionResetError("the connection ended before the response did")

    def on_header(self, name: bytes, _value: bytes) -> None:
        self._has_length = self._has_length or name.lower() in (b"content-length", b"transfer-encoding")

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        self._has_head = self.status >= 200

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        if self.status >= 200:  # others are followed by the response itself
            self.is_complete = True
            self.keeps_connection = self._parser.should_keep_alive()


def _close_all(sockets: list[socket.socket]) -> None:
    while sockets:
        sockets.pop().close()


def _is_silent(sock: socket.socket) -> bool:
    """Return whether nothing has come on a kept connection, not even its end."""
    sock.settimeout(0)
    try:
        sock.recv(1)
    except BlockingIOError:
        return True
    except OSError as reason:
        return type(reason).__name__ == "SSLWantReadError"  # the module ssl is imported for TLS alone
    return False
