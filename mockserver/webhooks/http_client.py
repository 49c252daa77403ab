"""Sends webhook requests on an event loop, and returns their outcomes."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import certifi

from mockserver import unpatched
from mockserver.engine.deliveries import Outcome, OutgoingRequest
from mockserver.fair_threads import FairThreads

from .address_policy import AddressPolicy
from .config import WebhookConfig
from .connections import ConnectionPool, WebhookConnection
from .errors import ERROR_MESSAGES, WebhookError, describe
from .url import WebhookUrl, parse_webhook_url, redirected_request, write_request

logger = logging.getLogger(__name__)

Resolve: TypeAlias = Callable[[str, int], Sequence[str]]
"""Looks up the addresses of a host name and a port. It may block, so it is called in a thread of its own."""

Connect: TypeAlias = Callable[[str, int, float], Awaitable[socket.socket]]
"""Connects to an address and a port within so many seconds."""


class _Progress:
    """How far an attempt has come, for the sentence about its failure."""

    __slots__ = ("is_connecting", "owner", "url")

    url: WebhookUrl

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.is_connecting = False

    @property
    def redacted_url(self) -> str:
        """The URL for messages, without credentials and query."""
        return self.url.redacted if hasattr(self, "url") else "a URL that cannot be read"


class HttpClient:
    """An HTTP client that turns an `OutgoingRequest` into an `Outcome`.

    It keeps no cookies and takes no proxy, password or certificate from the environment. In a test run it works beside
    libraries that replace functions of ``requests``, ``urllib3``, ``http.client`` or ``socket``: it holds what it needs.
    """

    _new_ssl_context = ssl.SSLContext

    def __init__(self, webhook_config: WebhookConfig, resolve: Resolve, connect: Connect, threads: FairThreads) -> None:
        """Create a client.

        Args:
            webhook_config: timeouts and limits.
            resolve: resolves names.
            connect: opens connections.
            threads: resolve names; each may hang for long, so an owner has a few of them.
        """
        self._webhook_config = webhook_config
        self._resolve = resolve
        self._connect = connect
        self._threads = threads
        self._address_policy = AddressPolicy(webhook_config.targets)
        self._pool = ConnectionPool(webhook_config.idle_timeout)
        self._ssl_context: ssl.SSLContext | None = None

    async def fetch(self, request: OutgoingRequest, owner: str) -> Outcome:
        """Send a request for an owner and return its outcome. Never raises; being cancelled is an outcome too."""
        progress = _Progress(owner)
        try:
            async with asyncio.timeout(self._webhook_config.timeout):
                return await self._fetch_with_redirects(request, progress)
        except WebhookError as failure:
            return Outcome(error=str(failure))
        except asyncio.CancelledError:
            return Outcome(error=f"{progress.redacted_url} was cut off because the server stops")
        except Exception as error:  # noqa: BLE001  # no receiver may end the sender
            return Outcome(error=self._describe_failure(error, progress))

    async def _fetch_with_redirects(self, request: OutgoingRequest, progress: _Progress) -> Outcome:
        for _ in range(self._webhook_config.max_redirects):
            outcome = await self._fetch_once(request, progress)
            following = redirected_request(request, outcome)
            if following is None:
                return outcome
            request = following
        return await self._fetch_once(request, progress)

    async def _fetch_once(self, request: OutgoingRequest, progress: _Progress) -> Outcome:
        url = progress.url = parse_webhook_url(request.url)
        written = write_request(request, url, self._webhook_config.user_agent)
        connection = self._pool.take(url.origin)
        if connection is None:
            progress.is_connecting = True
            connection = await self._open_connection(progress)
            progress.is_connecting = False
        is_reusable = False
        try:
            outcome, is_reusable = await connection.exchange(request.method, written, self._webhook_config.body_bytes)
            return outcome
        finally:
            if is_reusable:
                self._pool.put(url.origin, connection)
            else:
                connection.disconnect()

    def close_idle(self) -> None:
        """Close the idle connections."""
        self._pool.close()

    async def _open_connection(self, progress: _Progress) -> WebhookConnection:
        """Resolve the host once, check every address, and connect to the first that accepts."""
        url = progress.url
        addresses = self._address_policy.allowed(url, await self._addresses(progress))
        patience = self._webhook_config.connect_timeout
        failure = ""
        try:
            async with asyncio.timeout(patience):
                for address in addresses:
                    try:
                        sock = await self._connect(address, url.port, patience / len(addresses))
                    except OSError as error:
                        failure = self._describe_connect_failure(error, url)
                    else:
                        return await self._begin(sock, progress)
        except TimeoutError:
            failure = self._describe_connect_timeout(url)
        raise WebhookError(failure)

    async def _begin(self, sock: socket.socket, progress: _Progress) -> WebhookConnection:
        """Return the connection over an open socket, with TLS if the URL is one of https."""
        url = progress.url
        connection = WebhookConnection(sock)
        loop = asyncio.get_running_loop()
        try:
            if url.scheme != "https":
                await loop.create_connection(lambda: connection, sock=sock)
                return connection
            context = self._ssl_context
            if context is None:
                context = self._ssl_context = await asyncio.wrap_future(
                    self._threads.submit(progress.owner, self._load_ssl_context)
                )
            await loop.create_connection(lambda: connection, sock=sock, ssl=context, server_hostname=url.host)
        except ConnectionError:  # of the handshake
            sock.close()
            raise WebhookError(f"TLS with {url.redacted} failed: the connection was closed") from None
        except BaseException:
            sock.close()
            raise
        return connection

    def _load_ssl_context(self) -> ssl.SSLContext:
        context = self._new_ssl_context(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self._webhook_config.ca or certifi.where())
        return context

    def _describe_connect_failure(self, error: OSError, url: WebhookUrl) -> str:
        if isinstance(error, TimeoutError):
            return self._describe_connect_timeout(url)
        if isinstance(error, ConnectionRefusedError):
            return f"the connection to {url.redacted} was refused"
        return f"no connection to {url.redacted}: {describe(error)}"

    def _describe_connect_timeout(self, url: WebhookUrl) -> str:
        patience = min(self._webhook_config.connect_timeout, self._webhook_config.timeout)
        return f"no connection to {url.redacted} within {patience:g} s"

    async def _addresses(self, progress: _Progress) -> Sequence[str]:
        url = progress.url
        with contextlib.suppress(ValueError):
            return [str(ipaddress.ip_address(url.host))]
        patience = self._webhook_config.connect_timeout
        try:
            async with asyncio.timeout(patience):
                addresses = await asyncio.wrap_future(  # a name for it would be kept by its error's traceback
                    self._threads.submit(progress.owner, lambda: self._resolve(url.host, url.port))
                )
        except TimeoutError:
            raise WebhookError(
                f"the name {url.host} of {url.redacted} was not resolved within {patience:g} s"
            ) from None
        except (OSError, UnicodeError):
            addresses = ()
        if not addresses:
            raise WebhookError(f"the name {url.host} of {url.redacted} cannot be resolved")
        return addresses

    def _describe_failure(self, error: Exception, progress: _Progress) -> str:
        """Return the sentence for an error of a response or the system."""
        if isinstance(error, TimeoutError) and progress.is_connecting:
            return self._describe_connect_timeout(progress.url)
        late = f"no complete response from {progress.redacted_url} within {self._webhook_config.timeout:g} s"
        for kind, sentence in ERROR_MESSAGES:
            if isinstance(error, kind):
                return sentence.format(url=progress.redacted_url, late=late, detail=describe(error))
        logger.error("An attempt at %s failed for an unknown reason", progress.redacted_url, exc_info=error)
        return f"the attempt at {progress.redacted_url} failed: {type(error).__name__}"


def resolve_host(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host name, by the machine's resolver."""
    return list(dict.fromkeys(str(address[0]) for _, address in unpatched.resolve(host, port)))


async def open_connection(
    address: str, port: int, seconds: float, create_socket: Callable[..., socket.socket] = unpatched.Socket
) -> socket.socket:
    """Connect to an address and a port.

    Raises:
        OSError: it cannot be reached within so many seconds.
    """
    sock = create_socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().sock_connect(sock, (address, port))
        unpatched.reject_connection_to_itself(sock)
    except BaseException:
        sock.close()
        raise
    return sock
