"""From what is to be sent to what came of it, one request at a time."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from mockserver.engine.deliveries import Outcome, OutgoingRequest
from mockserver.engine.instants import SECOND

from .address_policy import AddressPolicy
from .attempt import AttemptConnection
from .config import WebhookConfig
from .connections import adapter_of
from .errors import WebhookError, detail
from .url import WebhookUrl, headers_of, onward, prepared, webhook_url

if TYPE_CHECKING:
    from requests.adapters import HTTPAdapter
    from urllib3 import BaseHTTPResponse

Resolve: TypeAlias = Callable[[str, int], Sequence[str]]
"""The addresses of a name, for a port."""

Connect: TypeAlias = Callable[[str, int, float], socket.socket]
"""A connection to an address and a port, within seconds."""


class HttpClient:
    """Turns an Outgoing into an Outcome."""

    def __init__(self, webhook_config: WebhookConfig, resolve: Resolve, connect: Connect) -> None:
        self._webhook_config = webhook_config
        self._resolve = resolve
        self._connect = connect
        self._targets = AddressPolicy(webhook_config.targets)
        self._adapter: HTTPAdapter | None = None
        self._making = threading.Lock()
        self._mine = threading.local()

    @property
    def attempt_connection(self) -> AttemptConnection:
        """The one that this thread is on."""
        attempt_connection: AttemptConnection = self._mine.attempt_connection
        return attempt_connection

    @property
    def linger(self) -> float:
        """How long a connection is kept for the next request."""
        return self._webhook_config.linger

    def fetch(self, build_webhook: OutgoingRequest, attempt_connection: AttemptConnection) -> Outcome:
        """What comes of a request. Never raises."""
        self._mine.attempt_connection = attempt_connection
        try:
            return self._followed(build_webhook, attempt_connection)
        except WebhookError as failure:
            return Outcome(error=str(failure))
        except Exception as error:  # noqa: BLE001  # a sender survives whatever a receiver does
            return Outcome(error=attempt_connection.why(error))
        finally:
            attempt_connection.release()

    def _followed(self, build_webhook: OutgoingRequest, attempt_connection: AttemptConnection) -> Outcome:
        for _ in range(self._webhook_config.redirects):
            outcome = self._respond(build_webhook, attempt_connection)
            following = onward(build_webhook, outcome)
            if following is None:
                return outcome
            build_webhook = following
        return self._respond(build_webhook, attempt_connection)

    def _respond(self, build_webhook: OutgoingRequest, attempt_connection: AttemptConnection) -> Outcome:
        place = attempt_connection.place = webhook_url(build_webhook.url)
        attempt_connection.headers = headers_of(build_webhook, place, self._webhook_config.agent)
        response = self._ready().send(
            prepared(build_webhook, place), stream=True, verify=self._webhook_config.ca or True
        )
        try:
            raw: BaseHTTPResponse = response.raw
            body = _beginning(raw, self._webhook_config.body_bytes)
            return Outcome(raw.status, tuple(raw.headers.items()), body)
        finally:
            response.close()

    def _ready(self) -> HTTPAdapter:
        with self._making:
            if self._adapter is None:
                self._adapter = adapter_of(self, self._webhook_config.parallel)
            return self._adapter

    def let_go(self) -> HTTPAdapter | None:
        """The adapter, which is no longer used, to be closed."""
        with self._making:
            unused, self._adapter = self._adapter, None
            return unused

    def connected(self) -> socket.socket:
        """A connection for this thread's attempt: its name resolved once, every address checked, one of them connected to."""
        attempt_connection = self.attempt_connection
        addresses = self._targets.allowed(attempt_connection.place, self._addresses(attempt_connection.place))
        patience = min(self._webhook_config.connect_timeout, attempt_connection.left())
        until = attempt_connection.now() + round(patience * SECOND)
        failure: OSError | None = None
        for address in addresses:
            try:
                sock = self._connect(address, attempt_connection.place.port, patience / len(addresses))
            except OSError as error:
                failure = error
            else:
                sock.settimeout(max((until - attempt_connection.now()) / SECOND, 0.001))  # for the beginning of TLS
                return sock
        raise WebhookError(self._unreached(attempt_connection, failure))

    def slow(self) -> WebhookError:
        """The reason when connecting has lasted too long."""
        patience = min(self._webhook_config.connect_timeout, self._webhook_config.timeout)
        return WebhookError(f"no connection to {self.attempt_connection.shown} within {patience:g} s")

    def _addresses(self, place: WebhookUrl) -> Sequence[str]:
        with contextlib.suppress(OSError, UnicodeError):
            if addresses := self._resolve(place.host, place.port):
                return addresses
        raise WebhookError(f"the name {place.host} of {place.shown} cannot be resolved")

    def _unreached(self, attempt_connection: AttemptConnection, failure: OSError | None) -> str:
        if isinstance(failure, TimeoutError):
            return str(self.slow())
        if isinstance(failure, ConnectionRefusedError):
            return f"the connection to {attempt_connection.shown} was rejected"
        return f"no connection to {attempt_connection.shown}: {detail(failure)}"


def resolved(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as the machine has them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def connected(address: str, port: int, seconds: float) -> socket.socket:
    """A connection to an address."""
    sock = socket.create_connection((address, port), seconds)
    if (
        sock.getsockname() == sock.getpeername()
    ):  # no one listens there, and the kernel has chosen that very port for us
        sock.close()
        raise ConnectionRefusedError
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _beginning(raw: BaseHTTPResponse, most: int) -> bytes:
    body = b""
    while len(body) < most and (piece := raw.read(most - len(body), decode_content=False)):
        body += piece
    return body
