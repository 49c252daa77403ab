"""From what is to be sent to what came of it, one request at a time."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from mockserver.engine.deliveries import Outcome, Outgoing
from mockserver.engine.instants import SECOND

from .address_policy import Targets
from .attempt import Errand
from .config import Manners
from .connections import adapter_of
from .errors import Failed, detail
from .url import Place, headers_of, onward, place_of, prepared

if TYPE_CHECKING:
    from requests.adapters import HTTPAdapter
    from urllib3 import BaseHTTPResponse

Resolve: TypeAlias = Callable[[str, int], Sequence[str]]
"""The addresses of a name, for a port."""

Connect: TypeAlias = Callable[[str, int, float], socket.socket]
"""A connection to an address and a port, within seconds."""


class Wire:
    """Turns an Outgoing into an Outcome."""

    def __init__(self, manners: Manners, resolve: Resolve, connect: Connect) -> None:
        self._manners = manners
        self._resolve = resolve
        self._connect = connect
        self._targets = Targets(manners.targets)
        self._adapter: HTTPAdapter | None = None
        self._making = threading.Lock()
        self._mine = threading.local()

    @property
    def errand(self) -> Errand:
        """The one that this thread is on."""
        errand: Errand = self._mine.errand
        return errand

    @property
    def linger(self) -> float:
        """How long a connection is kept for the next request."""
        return self._manners.linger

    def fetch(self, outgoing: Outgoing, errand: Errand) -> Outcome:
        """What comes of a request. Never raises."""
        self._mine.errand = errand
        try:
            return self._followed(outgoing, errand)
        except Failed as failure:
            return Outcome(error=str(failure))
        except Exception as error:  # noqa: BLE001  # a sender survives whatever a receiver does
            return Outcome(error=errand.why(error))
        finally:
            errand.release()

    def _followed(self, outgoing: Outgoing, errand: Errand) -> Outcome:
        for _ in range(self._manners.redirects):
            outcome = self._answer(outgoing, errand)
            following = onward(outgoing, outcome)
            if following is None:
                return outcome
            outgoing = following
        return self._answer(outgoing, errand)

    def _answer(self, outgoing: Outgoing, errand: Errand) -> Outcome:
        place = errand.place = place_of(outgoing.url)
        errand.headers = headers_of(outgoing, place, self._manners.agent)
        response = self._ready().send(prepared(outgoing, place), stream=True, verify=self._manners.ca or True)
        try:
            raw: BaseHTTPResponse = response.raw
            body = _beginning(raw, self._manners.body_bytes)
            return Outcome(raw.status, tuple(raw.headers.items()), body)
        finally:
            response.close()

    def _ready(self) -> HTTPAdapter:
        with self._making:
            if self._adapter is None:
                self._adapter = adapter_of(self, self._manners.parallel)
            return self._adapter

    def let_go(self) -> HTTPAdapter | None:
        """The adapter, which is no longer used, to be closed."""
        with self._making:
            unused, self._adapter = self._adapter, None
            return unused

    def connected(self) -> socket.socket:
        """A connection for this thread's errand: its name resolved once, every address checked, one of them connected to."""
        errand = self.errand
        addresses = self._targets.allowed(errand.place, self._addresses(errand.place))
        patience = min(self._manners.connect_timeout, errand.left())
        until = errand.now() + round(patience * SECOND)
        failure: OSError | None = None
        for address in addresses:
            try:
                sock = self._connect(address, errand.place.port, patience / len(addresses))
            except OSError as error:
                failure = error
            else:
                sock.settimeout(max((until - errand.now()) / SECOND, 0.001))  # for the beginning of TLS
                return sock
        raise Failed(self._unreached(errand, failure))

    def slow(self) -> Failed:
        """The reason when connecting has lasted too long."""
        patience = min(self._manners.connect_timeout, self._manners.timeout)
        return Failed(f"no connection to {self.errand.shown} within {patience:g} s")

    def _addresses(self, place: Place) -> Sequence[str]:
        with contextlib.suppress(OSError, UnicodeError):
            if addresses := self._resolve(place.host, place.port):
                return addresses
        raise Failed(f"the name {place.host} of {place.shown} cannot be resolved")

    def _unreached(self, errand: Errand, failure: OSError | None) -> str:
        if isinstance(failure, TimeoutError):
            return str(self.slow())
        if isinstance(failure, ConnectionRefusedError):
            return f"the connection to {errand.shown} was refused"
        return f"no connection to {errand.shown}: {detail(failure)}"


def resolved(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as the machine has them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def connected(address: str, port: int, seconds: float) -> socket.socket:
    """A connection to an address."""
    sock = socket.create_connection((address, port), seconds)
    if (
        sock.getsockname() == sock.getpeername()
    ):  # nobody listens there, and the kernel has chosen that very port for us
        sock.close()
        raise ConnectionRefusedError
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _beginning(raw: BaseHTTPResponse, most: int) -> bytes:
    body = b""
    while len(body) < most and (piece := raw.read(most - len(body), decode_content=False)):
        body += piece
    return body
