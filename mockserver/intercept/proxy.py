"""The forward proxy: it connects the providers' hosts to the server, and rejects requests for other hosts.

The rules of this file:

1. It decrypts nothing. CONNECT to a provider's host relays bytes to the server's HTTPS listener (``relay.py``).
2. A request with an absolute URL of a provider's host (``GET http://HOST/PATH``) goes to the same application on the same
   connection, so keep-alive, pipelining, delays and faults work as on an ordinary connection.
3. ``proxy_policy.py`` decides where a request goes. A request for a host that is not allowed is rejected with the reason,
   and recorded in the journal.
4. Loopback and private hosts are allowed for clients of this machine, some of which ignore NO_PROXY, but not for those of
   others. A name is looked up first, and connected to by the address that was found.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from mockserver.engine.provider_errors import ProviderError
from mockserver.http.connection import Connection, RequestCycle
from mockserver.http.listener import Listener
from mockserver.http.request_parser import InvalidRequest
from mockserver.intercept.proxy_errors import ERROR, BodyTooLarge, HostUnreachable, NotAProxyRequest, reject_request
from mockserver.intercept.proxy_policy import ProxyPolicy, ProxyTarget, is_loopback, requested_target
from mockserver.intercept.relay import RelayEnd, join

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from wsgiref.types import WSGIApplication

    from mockserver.http.listener import BoundListener, Shared
    from mockserver.http.request import HttpRequest
    from mockserver.intercept.hosts import Hosts

CONNECT_TIMEOUT = 10.0
"""Seconds in which another host must accept a connection."""

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"

_OF_CONNECTION = frozenset(
    [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "upgrade",
    ]
)
"""Headers that are not forwarded, because they concern one connection alone."""
_WRITTEN_ANEW = frozenset(["content-length", "expect", "host", "transfer-encoding"])
"""Headers of a request that are not copied when it is forwarded; what of them is needed is written anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardProxy(Listener):
    """A listener for clients whose HTTPS_PROXY and http_proxy name it. Its `app` serves the providers' hosts.

    CONNECT requests for these hosts are relayed to the listeners of the same `name`.
    """

    hosts: Hosts
    """The providers' hosts."""
    allowed: Collection[str] = ()
    """Other hosts that may be reached; ``*.example.com`` allows every subdomain, ``*`` every host."""
    rejecting_app: WSGIApplication = reject_request
    """The application that responds for all other hosts; its environ has the reason at `ERROR`."""

    def protocol(self, shared: Shared, beside: Sequence[BoundListener]) -> Callable[[], Connection]:
        """Return what creates its connections."""
        http, https = None, None
        for listener, address in beside:
            if listener.name != self.name or isinstance(listener, ForwardProxy):
                continue
            if listener.ssl_context is None:
                http = http or ProxyTarget(*address)
            else:
                https = https or ProxyTarget(*address)
        return partial(
            ProxyConnection,
            self.app,
            listener=self.name,
            rejecting_app=self.rejecting_app,
            policy=ProxyPolicy(self.hosts, tuple(self.allowed), http, https),
            own_ports=frozenset(bound.address[1] for bound in beside if isinstance(bound.listener, ForwardProxy)),
            **shared._asdict(),
        )


class ProxyConnection(Connection):
    """One connection to the forward proxy, until it is relayed. Created by `ForwardProxy`."""

    def __init__(
        self,
        app: WSGIApplication,
        *,
        rejecting_app: WSGIApplication,
        policy: ProxyPolicy,
        own_ports: frozenset[int],
        **shared: Any,
    ) -> None:
        """Create it unconnected.

        Args:
            app: the application that serves the providers' hosts.
            rejecting_app: the application that responds for hosts that are not allowed.
            policy: decides where requests go.
            own_ports: the ports at which the proxy itself listens.
            shared: arguments of `Connection`.
        """
        super().__init__(app, **shared)
        self._rejecting_app = rejecting_app
        self._policy = policy
        self._own_ports = own_ports
        self._connecting: asyncio.Task[None] | None = None

    def data_received(self, data: bytes) -> None:
        """Parse requests; bytes after a CONNECT are kept for the other host."""
        if self._parser.after_connect is None:
            super().data_received(data)
        else:
            self._parser.after_connect += data

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop connecting to the other host, and close the connection."""
        self._stop_connecting()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Close the connection because the server stops."""
        self._stop_connecting()
        super().shutdown()

    def _stop_connecting(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()

    def _start(self, request: HttpRequest | InvalidRequest) -> None:
        if isinstance(request, InvalidRequest):
            super()._start(request)
            return
        is_connect = request.method == "CONNECT"
        try:
            requested = requested_target(request)
            if not is_connect and self._policy.is_intercepted(requested):
                scheme, _, rest = request.target.partition("://")
                request.scheme, request.target = scheme.lower(), origin_form(rest)
                super()._start(request)
                return
            target = self._policy.find_target(
                requested, from_loopback=request.client is not None and is_loopback(request.client[0])
            )
            if target is not None:
                self._check_own_port(target)
            if request.is_too_large:
                raise BodyTooLarge(host=requested.host)
        except ProviderError as error:
            self._cycle = cycle = RequestCycle(request)
            self._reject_target(cycle, error)
        else:
            self._cycle = cycle = RequestCycle(request)
            self._pause_input()
            message = b"" if is_connect else _forwarded_bytes(request)
            self._connecting = self.loop.create_task(self._connect(cycle, requested, target, message))

    def _reject_target(self, cycle: RequestCycle, error: ProviderError) -> None:
        """Respond with the reason why a request is not forwarded."""
        self._parser.after_connect = None
        self._parser.has_unread_input |= cycle.closes
        cycle.request.path = ""  # a path of another host must not match a route of ours
        cycle.call(self._rejecting_app, {ERROR: error})
        self._send(cycle)

    def _check_own_port(self, target: ProxyTarget) -> None:
        if target.is_loopback and target.port in self._own_ports:
            raise NotAProxyRequest

    async def _connect(
        self, cycle: RequestCycle, requested: ProxyTarget, target: ProxyTarget | None, message: bytes
    ) -> None:
        """Relay to a target; if it is ``None``, look up the requested host first."""
        try:
            if target is None:
                target = self._policy.find_address(requested, await self._look_up(requested))
                self._check_own_port(target)
        except ProviderError as error:
            self._connecting = None
            self._reject_target(cycle, error)
            self.proceed()
        else:
            await self._relay(cycle, target, message)

    async def _look_up(self, requested: ProxyTarget) -> list[str]:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                found = await self.loop.getaddrinfo(*requested, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):  # as for `_relay`
            return []
        return [str(address[0]) for *_, address in found]

    async def _relay(self, cycle: RequestCycle, target: ProxyTarget, message: bytes) -> None:
        """Connect to a target and relay bytes: for a CONNECT request both ways, for one message its response."""
        far = RelayEnd(self._connections, self.loop, self._limits)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await self.loop.create_connection(lambda: far, *target)
        except (OSError, UnicodeError) as reason:  # OSError: time-outs too; UnicodeError: no name that DNS can look up
            why = getattr(reason, "strerror", None) or str(reason) or f"it did not respond within {CONNECT_TIMEOUT:g} s"
            self._connecting = None
            self._reject_target(cycle, HostUnreachable(host=target.host, port=target.port, reason=why))
            self.proceed()
            return
        self._connecting = None
        near = RelayEnd(self._connections, self.loop, self._limits, ignores_input=bool(message))
        sent_ahead = bytes(self._parser.after_connect or b"")
        self._forget()
        self._timer.cancel()
        self._unwatch()
        near.connection_made(self.transport)
        self.transport.set_protocol(near)
        self._connections.discard(self)
        if message:
            far.transport.write(message)
        else:
            near.transport.write(ESTABLISHED)
            if sent_ahead:
                far.transport.write(sent_ahead)
        join(near, far)


def connection_headers(connection: str) -> frozenset[str]:
    """Return the names, in lower case, of the headers that concern one connection alone.

    Args:
        connection: the header Connection, whose words are such names too (RFC 9110, 7.6.1); empty if there is none.
    """
    return _OF_CONNECTION.union(word.strip().lower() for word in connection.split(","))


def origin_form(rest: str) -> str:
    """Return the path and query of a URL whose scheme is cut off."""
    start = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
    path = rest[start:].partition("#")[0]
    return path if path.startswith("/") else f"/{path}"


def _forwarded_bytes(request: HttpRequest) -> bytes:
    """Return a request as bytes for its server. It asks the server to close the connection after the response."""
    rest = request.target.partition("://")[2]
    dropped = connection_headers(request.get("connection") or "") | _WRITTEN_ANEW
    lines = [f"{request.method} {origin_form(rest)} HTTP/1.1", f"Host: {request.fields['host']}"]
    lines += [f"{name}: {value}" for name, value in request.headers if name.lower() not in dropped]
    if request.body or request.has_body:
        lines.append(f"Content-Length: {len(request.body)}")
    lines += ["Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1") + request.body
