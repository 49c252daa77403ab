"""Sends the request of an exchange again, byte for byte where it can be, over a connection to this server."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from urllib.parse import quote

from mockserver.engine.journal import Exchange
from mockserver.http.sent_secrets import MASK
from mockserver.unpatched import Socket

from .page_context import PageRequest
from .snippets import target_in_world, target_of

_WAIT = 5.0
"""Seconds to wait for the response. A fault may hold it back for longer; the exchange is in the journal all the same."""
_FRAMING = frozenset(("connection", "content-length", "transfer-encoding", "expect", "keep-alive", "upgrade", "te"))
"""Headers that belong to the connection and not to the request."""


class CannotResend(ValueError):
    """The request of this exchange cannot be sent again."""


def resend(page_request: PageRequest, exchange: Exchange) -> int:
    """Send the request of an exchange again to the same world, and return the number of the new exchange.

    Raises:
        CannotResend: it was not HTTP, its secrets are masked in the journal, or this server cannot be reached.
    """
    if not exchange.method:
        raise CannotResend("this was not an HTTP request, so it cannot be sent again")
    page_request.context.masking.apply(exchange)
    content = _bytes(page_request, exchange)
    if any(mask in content for mask in (MASK.encode(), quote(MASK).encode())):
        raise CannotResend(
            "the journal masks a secret of this request that no world has issued; send it from your client"
        )
    journal = page_request.world.journal
    before = journal.last
    _send(page_request, content)
    found = [each for each in journal.since(before) if (each.method, each.body) == (exchange.method, exchange.body)]
    if not found:
        raise CannotResend("this server has not recorded the request; is its address reachable from itself?")
    return found[0].number


def _bytes(page_request: PageRequest, exchange: Exchange) -> bytes:
    lines = [f"{exchange.method} {target_in_world(target_of(exchange), page_request.world.id)} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in exchange.head if name.lower() not in _FRAMING]
    if exchange.body or exchange.method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(exchange.body)}")
    lines += ["Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace") + exchange.body


def _send(page_request: PageRequest, content: bytes) -> None:
    """Send bytes to the address at which this request to the page came in, and read until the connection is closed."""
    environ = page_request.request.environ
    host, port = environ["SERVER_NAME"], int(environ["SERVER_PORT"])
    try:
        with _connect(host, port, is_tls=environ["wsgi.url_scheme"] == "https") as connection:
            connection.sendall(content)
            with suppress(OSError):  # the response of a fault
                while connection.recv(65536):
                    pass
    except OSError as reason:
        raise CannotResend(f"this server cannot be reached at {host}:{port}: {reason}") from reason


def _connect(host: str, port: int, *, is_tls: bool) -> socket.socket:
    connection = Socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        connection.settimeout(_WAIT)
        connection.connect((host, port))
        if not is_tls:
            return connection
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is this server itself
        return context.wrap_socket(connection)
    except OSError:
        connection.close()
        raise
