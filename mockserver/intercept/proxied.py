"""Requests to proxies: which host they name, and whether the proxy is a mock server's."""

from __future__ import annotations

import re
import socket
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from mockserver import unpatched

from .hosts import PORTS, RequestedAddress, normalize_host

_HEAD = 4096
"""The number of bytes of a message in which the host is looked for."""
_SOCKS4A, _SOCKS5 = b"\x04\x01", b"\x05\x01\x00\x03"


def proxied_address(message: Any) -> RequestedAddress | None:
    """Return the host and port that a message asks a proxy to connect to; ``None`` if it is not a request to a proxy."""
    try:
        head = bytes(memoryview(message)[:_HEAD])
    except TypeError:  # a buffer that no socket could send either
        return None
    # Most messages are none, and are not looked at any further; the patterns are compiled when the first one may be.
    if b"://" in head[:32] or head[:8].upper() == b"CONNECT ":
        found = _pattern_of_http().match(head)
        if found is None:
            return None
        scheme, host, port = found.groups()
        default = PORTS[scheme.decode().lower()] if scheme else PORTS["https"]
        return RequestedAddress(normalize_host(host.strip(b"[]")), int(port or default))
    if head.startswith(_SOCKS5) and len(head) > len(_SOCKS5):
        start, length = len(_SOCKS5) + 1, head[len(_SOCKS5)]
        port = head[start + length : start + length + 2]
        return RequestedAddress(normalize_host(head[start : start + length]), int.from_bytes(port))
    if head.startswith(_SOCKS4A) and (found := _pattern_of_socks4a().match(head)):
        return RequestedAddress(normalize_host(found[2]), int.from_bytes(found[1]))
    return None


@cache
def _pattern_of_http() -> re.Pattern[bytes]:
    pattern = rb"(?:CONNECT |[A-Z]+ (https?)://(?:[^@/?#\s]*@)?)(\[[^\]\s]+\]|[^\s:/?#]+)(?::(\d{1,5}))?"
    return re.compile(pattern, re.IGNORECASE)


@cache
def _pattern_of_socks4a() -> re.Pattern[bytes]:
    return re.compile(rb"\x04\x01(..)\0\0\0[^\0][^\0]*\0([^\0]+)\0", re.DOTALL)


def leads_to_mock_server(connected: socket.socket) -> bool:
    """Return whether a socket is connected to a mock server: one of this process, or the proxy of `exec` or `env`."""
    from mockserver.http.listener import OPEN_PORTS
    from mockserver.settings import PROXY_VARIABLE, read_variable

    try:
        own, peer = connected.getsockname(), connected.getpeername()
    except OSError:  # not connected
        return False
    if own[0] == peer[0] and peer[1] in OPEN_PORTS:
        return True
    url = urlsplit(read_variable(PROXY_VARIABLE) or "")
    return url.port == peer[1] and peer[0].removeprefix("::ffff:") in _addresses(url.hostname or "")


@cache
def _addresses(host: str) -> frozenset[str]:
    try:
        return frozenset(str(address[0]) for _, address in unpatched.resolve(host, 0))
    except OSError:
        return frozenset()
