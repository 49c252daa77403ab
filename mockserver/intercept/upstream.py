"""The servers to which requests for the providers' hosts are passed on, and a connection to one of them for one request.

The rules of this file:

1. One connection carries one request. It is never sent again, whatever happens: it may have reached the provider.
2. Nothing is sent before the server's certificate is verified.
3. HTTPS goes by the proxy of the user's network, if the environment of ``mockserver record`` names one. The environment of the
   recorded command names another proxy: the one that records.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import certifi
from httptools import HttpParserError, HttpResponseParser

from mockserver.intercept.hosts import PORTS
from mockserver.intercept.proxy_policy import is_loopback
from mockserver.intercept.upstream_proxy import UpstreamProxy, connect_by_proxy
from mockserver.webhooks.errors import describe

CONNECT_SECONDS = 10.0
"""Seconds in which a connection to the provider must be made, TLS included."""


class UpstreamError(Exception):
    """No complete response came from the upstream. Its text is a sentence without a full stop."""


class Upstream(NamedTuple):
    """The server to which the requests for a host are passed on."""

    scheme: str
    host: str
    port: int
    prefix: str = ""
    """The path that is put in front of the path of each request."""
    is_provider: bool = False
    """Whether it is the provider's own host, by its own name."""
    proxy: UpstreamProxy | None = None
    """The proxy by which it is reached."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.prefix}"


class Upstreams:
    """The upstream of each host of the providers: the provider itself, or another server that stands in for it."""

    def __init__(
        self,
        hosts: Iterable[str],
        others: Mapping[str, Upstream],
        ca: Path | None = None,
        proxy: UpstreamProxy | None = None,
    ) -> None:
        """Create it.

        Args:
            hosts: the hosts of the providers.
            others: the upstreams of hosts whose requests go to another server than the provider's.
            ca: a file of certificates in PEM that are trusted beside the usual root certificates (certifi's).
            proxy: the proxy by which HTTPS servers are reached.

        Raises:
            ValueError: a host of ``others`` is not a provider's, or the file holds no certificate.
            OSError: the file cannot be read.
        """
        self.hosts = tuple(hosts)
        unknown = sorted(set(others) - set(self.hosts))
        if unknown:
            raise ValueError(f"{unknown[0]} is not a provider's host; these are: {', '.join(self.hosts)}")
        self.others = others
        self.proxy = proxy
        self.ssl_context = ssl.create_default_context(cafile=certifi.where())
        if ca is not None:
            ca.open("rb").close()  # its error names the file, and that of OpenSSL does not
            try:
                self.ssl_context.load_verify_locations(ca)
            except ssl.SSLError as reason:
                raise ValueError(f"{ca} holds no certificate in PEM") from reason

    def find(self, scheme: str, host: str) -> Upstream | None:
        """Return the upstream for a host in lower case, without port; ``None`` if it is not a provider's."""
        if host not in self.hosts:
            return None
        upstream = self.others.get(host) or Upstream(scheme, host, PORTS[scheme], is_provider=True)
        if self.proxy is None or upstream.scheme != "https" or not self.proxy.serves(upstream.host):
            return upstream
        return upstream._replace(proxy=self.proxy)


def parse_upstreams(texts: Iterable[str]) -> dict[str, Upstream]:
    """Return the upstreams by host of texts such as ``sms.example=https://staging.example``.

    Raises:
        ValueError: a text is not a host and a URL, or two name the same host.
    """
    found: dict[str, Upstream] = {}
    for text in texts:
        host, _, url = text.partition("=")
        host = host.strip().lower()
        upstream = _parse_url(url.strip())
        if "@" in url:
            raise ValueError(f"the upstream of {host} has a user or a password in its URL, which is not sent")
        if not host or upstream is None:
            raise ValueError(f"an upstream is HOST=URL, not {text!r}")
        if host in found:
            raise ValueError(f"{host} has two upstreams: {found[host]} and {upstream}")
        found[host] = upstream
    return found


def _parse_url(url: str) -> Upstream | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in PORTS or not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        return None
    return Upstream(parts.scheme, parts.hostname, port or PORTS[parts.scheme], parts.path.rstrip("/"))


class ResponseHead(NamedTuple):
    """The status line and the headers of a response, as received."""

    version: str
    status: int
    reason: bytes
    headers: tuple[tuple[bytes, bytes], ...]


class UpstreamConnection(asyncio.Protocol):
    """One connection, for one request. What comes in is given to a callback, on the event loop.

    `head` is known from the first call on. The last call has `is_complete` set, or `failure`.
    """

    transport: asyncio.Transport

    def __init__(self, *, is_head: bool, on_change: Callable[[bytes], None]) -> None:
        """Create it unconnected.

        Args:
            is_head: whether the method is HEAD, whose response has no body.
            on_change: called with the bytes of the body that came in, without their framing.
        """
        self._is_head = is_head
        self._on_change = on_change
        self._parser = HttpResponseParser(self)
        self._reason = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._pieces: list[bytes] = []
        self._is_final = False
        self.head: ResponseHead | None = None
        self.trailers: list[tuple[bytes, bytes]] = []
        """The headers that follow a body in chunks."""
        self.is_complete = False
        self.failure: UpstreamError | None = None

    async def open(self, upstream: Upstream, context: ssl.SSLContext) -> None:
        """Connect; nothing is sent yet.

        Raises:
            UpstreamError: it cannot be reached, or its certificate is not trusted.
        """
        by = "" if upstream.proxy is None else f" by the proxy {upstream.proxy}"
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._connect(upstream, context)
        except TimeoutError:
            raise UpstreamError(f"no connection to {upstream}{by} within {CONNECT_SECONDS:g} s") from None
        except ssl.SSLCertVerificationError as reason:
            raise UpstreamError(
                f"the certificate of {upstream} is not trusted: {reason.verify_message}; --upstream-ca FILE trusts another CA"
            ) from None
        except (OSError, UnicodeError) as reason:
            raise UpstreamError(f"no connection to {upstream}{by}: {describe(reason)}") from None
        address = str(self.transport.get_extra_info("peername")[0])
        if upstream.is_provider and upstream.proxy is None and is_loopback(address):
            self.transport.abort()
            raise UpstreamError(
                f"{upstream.host} is looked up as {address}, this machine, and not as the provider; is it in the hosts file?"
            )

    async def _connect(self, upstream: Upstream, context: ssl.SSLContext) -> None:
        loop = asyncio.get_running_loop()
        if upstream.proxy is not None:
            through = await connect_by_proxy(upstream.proxy, upstream.host, upstream.port)
            try:
                transport = await loop.start_tls(through, self, context, server_hostname=upstream.host)
            except BaseException:
                through.abort()
                raise
            assert transport is not None
            self.transport = transport
            return
        is_tls = upstream.scheme == "https"
        await loop.create_connection(
            lambda: self,
            upstream.host,
            upstream.port,
            ssl=context if is_tls else None,
            server_hostname=upstream.host if is_tls else None,
        )

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # a stream transport
        """Keep the transport."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Parse what came in, and report it."""
        if self.is_over:
            return
        self._parse(data)
        if self.is_complete or self.failure is not None:
            self.transport.close()
        pieces, self._pieces = self._pieces, []
        if self.head is not None or self.failure is not None:
            self._on_change(b"".join(pieces))

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserError as reason:
            if not self.is_complete:
                self.failure = UpstreamError(f"the response is not valid HTTP: {reason}")

    def eof_received(self) -> None:
        """Let the transport close; `connection_lost` reports it."""

    def connection_lost(self, reason: Exception | None) -> None:
        """Report the end of the response if that is what ends its body, else that it is missing."""
        if self.is_over:
            return
        if self.head is not None and reason is None and self.is_delimited_by_close:
            self.is_complete = True
        else:
            how = "closed the connection" if reason is None else f"ended the connection ({describe(reason)})"
            when = "before it responded" if self.head is None else "in the middle of its response"
            self.failure = UpstreamError(f"the server {how} {when}")
        self._on_change(b"")

    @property
    def is_over(self) -> bool:
        """Whether nothing more is awaited."""
        return self.is_complete or self.failure is not None

    @property
    def is_delimited_by_close(self) -> bool:
        """Whether the end of the connection is the end of the body."""
        assert self.head is not None
        return not self._is_head and not any(
            name.lower() in (b"content-length", b"transfer-encoding") for name, _ in self.head.headers
        )

    # --------------------------------------------------------------------------------------- what httptools' parser calls

    def on_status(self, reason: bytes) -> None:
        """Take a piece of the reason phrase."""
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header or, after the body, a trailer."""
        (self._headers if self.head is None else self.trailers).append((name, value))

    def on_headers_complete(self) -> None:
        """Take the head, unless it is that of an interim response, such as 100 Continue."""
        status = self._parser.get_status_code()
        if status < 200 and status != 101:  # 101 would begin another protocol, and ends HTTP
            self._reason, self._headers = b"", []
            return
        if self.head is None:
            version = self._parser.get_http_version()
            self.head = ResponseHead(version, status, self._reason, tuple(self._headers))
            self.is_complete = self._is_head

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        if not self.is_complete:
            self._pieces.append(body)

    def on_message_complete(self) -> None:
        """Note the end of the response."""
        self.is_complete |= self.head is not None
