"""The proxy of the user's network that environment variables name for HTTPS, and connections through it."""

from __future__ import annotations

import asyncio
import errno
from base64 import b64encode
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from mockserver.intercept.environment import exempt_hosts
from mockserver.intercept.proxy_policy import is_loopback, matches
from mockserver.settings import PROXY_VARIABLE

_END = b"\r\n\r\n"
_LONGEST = 16 * 1024
"""How many bytes the head of a proxy's response may have."""


class UpstreamProxy(NamedTuple):
    """An HTTP proxy."""

    host: str
    port: int
    authorization: str = ""
    """The value of ``Proxy-Authorization``; empty for none."""
    exempt: tuple[str, ...] = ()
    """The hosts that are reached without it; ``*.example.com`` stands for every subdomain."""

    def __str__(self) -> str:
        return f"http://{self.host}:{self.port}"

    def serves(self, host: str) -> bool:
        """Return whether a host is reached by the proxy; this machine never is."""
        return not is_loopback(host) and not any(matches(name, host) for name in self.exempt)


def find_proxy(variables: Mapping[str, str]) -> UpstreamProxy | None:
    """Return the proxy that environment variables name for HTTPS, unless it is a mock server's own; ``None`` if there is none.

    Raises:
        ValueError: it is no HTTP proxy.
    """
    names = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
    name = next((name for name in names if variables.get(name)), "")
    url = variables.get(name, "")
    if not url or url == variables.get(PROXY_VARIABLE):
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(f"the proxy that {name} names cannot be used: its URL does not begin with http://")
    authorization = ""
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {b64encode(login.encode()).decode()}"
    return UpstreamProxy(parts.hostname, parts.port or 80, authorization, tuple(exempt_hosts(variables)))


async def connect_by_proxy(proxy: UpstreamProxy, host: str, port: int) -> asyncio.Transport:
    """Return a connection to a host and port through a proxy.

    Raises:
        OSError: the proxy cannot be reached, or does not connect.
    """
    loop = asyncio.get_running_loop()
    transport, waiting = await loop.create_connection(_ConnectResponse, proxy.host, proxy.port)
    name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {name} HTTP/1.1", f"Host: {name}"]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    transport.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    try:
        status = await waiting.status
    except BaseException:
        transport.abort()
        raise
    if not status.startswith("2"):
        transport.abort()
        raise ConnectionError(errno.ECONNREFUSED, f"it responds {status}")
    return transport


class _ConnectResponse(asyncio.Protocol):
    """Waits for the response to CONNECT; then another protocol takes its place."""

    def __init__(self) -> None:
        self.status: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Code and reason."""
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self.status.done() and (_END in self._received or len(self._received) > _LONGEST):
            self.status.set_result(self._received.partition(b"\r\n")[0].decode("latin-1").partition(" ")[2])

    def connection_lost(self, reason: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if not self.status.done():
            self.status.set_exception(ConnectionError(errno.ECONNRESET, "it closed the connection"))
