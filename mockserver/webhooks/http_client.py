"""Sends one webhook request at a time, and returns its outcome."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from http.client import HTTPResponse, IncompleteRead
from typing import TypeAlias

import certifi

from mockserver import unpatched
from mockserver.engine.deliveries import Outcome, OutgoingRequest
from mockserver.engine.instants import SECOND

from .address_policy import AddressPolicy
from .attempt import RunningAttempt
from .config import WebhookConfig
from .connections import ConnectionPool, WebhookConnection
from .errors import WebhookError, describe
from .url import WebhookUrl, build_headers, check_method, parse_webhook_url, redirected_request

Resolve: TypeAlias = Callable[[str, int], Sequence[str]]
"""Returns the addresses of a host name, for a port."""

Connect: TypeAlias = Callable[[str, int, float], socket.socket]
"""Connects to an address and a port within so many seconds."""


class HttpClient:
    """An HTTP client that turns an `OutgoingRequest` into an `Outcome`.

    It keeps no cookies and takes no proxy, password or certificate from the environment. In a test run it works beside
    libraries that replace functions of ``requests``, ``urllib3``, ``http.client`` or ``socket``: it holds what it needs.
    """

    _new_ssl_context = ssl.SSLContext

    def __init__(self, webhook_config: WebhookConfig, resolve: Resolve, connect: Connect) -> None:
        self._webhook_config = webhook_config
        self._resolve = resolve
        self._connect = connect
        self._address_policy = AddressPolicy(webhook_config.targets)
        self._pool = ConnectionPool()
        self._ssl_context: ssl.SSLContext | None = None
        self._ssl_lock = threading.Lock()

    def fetch(self, request: OutgoingRequest, attempt: RunningAttempt) -> Outcome:
        """Send a request and return its outcome. Never raises."""
        try:
            return self._fetch_with_redirects(request, attempt)
        except WebhookError as failure:
            return Outcome(error=str(failure))
        except Exception as error:  # noqa: BLE001  # no receiver may end the sending thread
            return Outcome(error=attempt.describe_failure(error))
        finally:
            attempt.release_socket()

    def _fetch_with_redirects(self, request: OutgoingRequest, attempt: RunningAttempt) -> Outcome:
        for _ in range(self._webhook_config.max_redirects):
            outcome = self._fetch_once(request, attempt)
            following = redirected_request(request, outcome)
            if following is None:
                return outcome
            request = following
        return self._fetch_once(request, attempt)

    def _fetch_once(self, request: OutgoingRequest, attempt: RunningAttempt) -> Outcome:
        url = attempt.url = parse_webhook_url(request.url)
        check_method(request.method)
        headers = build_headers(request, url, self._webhook_config.user_agent)
        oldest = attempt.now() - round(self._webhook_config.idle_timeout * SECOND)
        connection = self._pool.take(url.origin, oldest) or self._open_connection(attempt)
        is_reusable = False
        try:
            response = connection.exchange(request.method, url.target, headers, request.body, attempt)
            body = _read_start(response, self._webhook_config.body_bytes)
            is_reusable = response.isclosed() and not response.will_close and response.status != 101
            connection.last_used_at = attempt.now()
            return Outcome(response.status, tuple(response.getheaders()), body)
        finally:
            if is_reusable:
                self._pool.put(url.origin, connection)
            else:
                connection.disconnect()

    def close_idle(self) -> None:
        """Close the idle connections."""
        self._pool.close()

    def _open_connection(self, attempt: RunningAttempt) -> WebhookConnection:
        """Resolve the host once, check every address, and connect to the first that accepts."""
        url = attempt.url
        addresses = self._address_policy.allowed(url, self._addresses(url))
        patience = min(self._webhook_config.connect_timeout, attempt.seconds_left())
        until = attempt.now() + round(patience * SECOND)
        failure: OSError | None = None
        for address in addresses:
            try:
                sock = self._connect(address, url.port, patience / len(addresses))
            except OSError as error:
                failure = error
            else:
                if url.scheme == "https":
                    sock = self._begin_tls(sock, url, max((until - attempt.now()) / SECOND, 0.001))
                return WebhookConnection(url.host, url.port, sock)
        raise WebhookError(self._describe_connect_failure(url, failure))

    def _begin_tls(self, sock: socket.socket, url: WebhookUrl, seconds: float) -> ssl.SSLSocket:
        sock.settimeout(seconds)
        try:
            return self._get_ssl_context().wrap_socket(sock, server_hostname=url.host)
        except TimeoutError:
            raise self._connect_timeout_error(url) from None
        finally:
            # wrap_socket has taken the file descriptor over, or has failed.
            sock.close()

    def _get_ssl_context(self) -> ssl.SSLContext:
        with self._ssl_lock:
            if self._ssl_context is None:
                self._ssl_context = self._new_ssl_context(ssl.PROTOCOL_TLS_CLIENT)
                self._ssl_context.load_verify_locations(self._webhook_config.ca or certifi.where())
            return self._ssl_context

    def _connect_timeout_error(self, url: WebhookUrl) -> WebhookError:
        patience = min(self._webhook_config.connect_timeout, self._webhook_config.timeout)
        return WebhookError(f"no connection to {url.redacted} within {patience:g} s")

    def _addresses(self, url: WebhookUrl) -> Sequence[str]:
        with contextlib.suppress(OSError, UnicodeError):
            if addresses := self._resolve(url.host, url.port):
                return addresses
        raise WebhookError(f"the name {url.host} of {url.redacted} cannot be resolved")

    def _describe_connect_failure(self, url: WebhookUrl, failure: OSError | None) -> str:
        if isinstance(failure, TimeoutError):
            return str(self._connect_timeout_error(url))
        if isinstance(failure, ConnectionRefusedError):
            return f"the connection to {url.redacted} was refused"
        return f"no connection to {url.redacted}: {describe(failure)}"


def resolve_host(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host name, by the machine's resolver."""
    return list(dict.fromkeys(str(address[0]) for _, address in unpatched.resolve(host, port)))


def open_connection(
    address: str, port: int, seconds: float, create_socket: Callable[..., socket.socket] = unpatched.Socket
) -> socket.socket:
    """Connect to an address and a port.

    Raises:
        OSError: it cannot be reached within so many seconds.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return unpatched.connect(family, (address, port), seconds, create_socket)


def _read_start(response: HTTPResponse, most: int) -> bytes:
    body = b""
    while len(body) < most and (piece := response.read(most - len(body))):
        body += piece
    if len(body) < most and response.length:  # bytes that were announced and did not come
        raise IncompleteRead(body, response.length)
    return body
