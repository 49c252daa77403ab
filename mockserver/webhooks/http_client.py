"""Sends one webhook request at a time, and returns its outcome."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from mockserver.engine.deliveries import Outcome, OutgoingRequest
from mockserver.engine.instants import SECOND

from .address_policy import AddressPolicy
from .attempt import RunningAttempt
from .config import WebhookConfig
from .connections import create_adapter
from .errors import WebhookError, describe
from .url import WebhookUrl, build_headers, parse_webhook_url, prepare_request, redirected_request

if TYPE_CHECKING:
    from requests.adapters import HTTPAdapter
    from urllib3 import BaseHTTPResponse

Resolve: TypeAlias = Callable[[str, int], Sequence[str]]
"""Returns the addresses of a host name, for a port."""

Connect: TypeAlias = Callable[[str, int, float], socket.socket]
"""Connects to an address and a port within so many seconds."""


class HttpClient:
    """An HTTP client that turns an `OutgoingRequest` into an `Outcome`."""

    def __init__(self, webhook_config: WebhookConfig, resolve: Resolve, connect: Connect) -> None:
        self._webhook_config = webhook_config
        self._resolve = resolve
        self._connect = connect
        self._address_policy = AddressPolicy(webhook_config.targets)
        self._adapter: HTTPAdapter | None = None
        self._adapter_lock = threading.Lock()
        self._thread_local = threading.local()

    @property
    def attempt(self) -> RunningAttempt:
        """The attempt that this thread is making."""
        attempt: RunningAttempt = self._thread_local.attempt
        return attempt

    @property
    def idle_timeout(self) -> float:
        """Seconds after which an idle connection is not reused."""
        return self._webhook_config.idle_timeout

    def fetch(self, request: OutgoingRequest, attempt: RunningAttempt) -> Outcome:
        """Send a request and return its outcome. Never raises."""
        self._thread_local.attempt = attempt
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
        attempt.headers = build_headers(request, url, self._webhook_config.user_agent)
        response = self._get_adapter().send(
            prepare_request(request, url), stream=True, verify=self._webhook_config.ca or True
        )
        try:
            raw: BaseHTTPResponse = response.raw
            body = _read_start(raw, self._webhook_config.body_bytes)
            return Outcome(raw.status, tuple(raw.headers.items()), body)
        finally:
            response.close()

    def _get_adapter(self) -> HTTPAdapter:
        with self._adapter_lock:
            if self._adapter is None:
                self._adapter = create_adapter(self, self._webhook_config.max_threads)
            return self._adapter

    def detach_adapter(self) -> HTTPAdapter | None:
        """Return the adapter for the caller to close; the next request creates another."""
        with self._adapter_lock:
            unused, self._adapter = self._adapter, None
            return unused

    def open_connection(self) -> socket.socket:
        """Connect for this thread's attempt: resolve the host once, check every address, connect to the first that accepts."""
        attempt = self.attempt
        addresses = self._address_policy.allowed(attempt.url, self._addresses(attempt.url))
        patience = min(self._webhook_config.connect_timeout, attempt.seconds_left())
        until = attempt.now() + round(patience * SECOND)
        failure: OSError | None = None
        for address in addresses:
            try:
                sock = self._connect(address, attempt.url.port, patience / len(addresses))
            except OSError as error:
                failure = error
            else:
                sock.settimeout(max((until - attempt.now()) / SECOND, 0.001))  # for the TLS handshake
                return sock
        raise WebhookError(self._describe_connect_failure(attempt, failure))

    def connect_timeout_error(self) -> WebhookError:
        """Return the error of a connection that took too long to open."""
        patience = min(self._webhook_config.connect_timeout, self._webhook_config.timeout)
        return WebhookError(f"no connection to {self.attempt.redacted_url} within {patience:g} s")

    def _addresses(self, url: WebhookUrl) -> Sequence[str]:
        with contextlib.suppress(OSError, UnicodeError):
            if addresses := self._resolve(url.host, url.port):
                return addresses
        raise WebhookError(f"the name {url.host} of {url.redacted} cannot be resolved")

    def _describe_connect_failure(self, attempt: RunningAttempt, failure: OSError | None) -> str:
        if isinstance(failure, TimeoutError):
            return str(self.connect_timeout_error())
        if isinstance(failure, ConnectionRefusedError):
            return f"the connection to {attempt.redacted_url} was refused"
        return f"no connection to {attempt.redacted_url}: {describe(failure)}"


def resolve_host(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host name, by the machine's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def open_connection(address: str, port: int, seconds: float) -> socket.socket:
    """Connect to an address and a port.

    Raises:
        OSError: it cannot be reached within so many seconds.
    """
    sock = socket.create_connection((address, port), seconds)
    if sock.getsockname() == sock.getpeername():
        # Nothing listens there, and the kernel has chosen the same port as ours: the socket is connected to itself.
        sock.close()
        raise ConnectionRefusedError
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _read_start(raw: BaseHTTPResponse, most: int) -> bytes:
    body = b""
    while len(body) < most and (piece := raw.read(most - len(body), decode_content=False)):
        body += piece
    return body
