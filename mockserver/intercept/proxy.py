"""The forward proxy: it connects the providers' hosts to the server, and blocks other hosts.

The rules of this file:

1. It decrypts nothing. CONNECT to a provider's host becomes a pipe of bytes to our HTTPS listener (``relay.py``).
2. A whole URL of a provider's host (``GET http://HOST/PATH``) is answered here and now, by the same application, on the
   connection it came in on: keep-alive, order, pace and every fault are the ordinary connection's.
3. Where a request leads is decided in ``proxy_policy.py``. A host that is not carried gets a sentence, and a line in the
   journal.
4. The client's own loopback is carried, for clients that know no NO_PROXY; but not for clients of other machines.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from mockserver.engine.provider_errors import ProviderError
from mockserver.http.connection import Connection
from mockserver.http.cycle import RequestCycle
from mockserver.http.listener import Listener
from mockserver.http.request_parser import InvalidRequest
from mockserver.intercept.proxy_errors import ERROR, NoResponseThere, NotForTheProxy, TooMuchToCarry, reject_request
from mockserver.intercept.proxy_policy import ProxyPolicy, ProxyTarget, is_loopback, requested_place
from mockserver.intercept.relay import PipeEnd, join

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from wsgiref.types import WSGIApplication

    from mockserver.http.listener import BoundListener, Shared
    from mockserver.http.request import HttpRequest
    from mockserver.intercept.hosts import Hosts

CONNECT_TIMEOUT = 10.0
"""Seconds in which another host must take a connection."""

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"

_HOP_BY_HOP = frozenset(
    [
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ]
)
"""Headers between a client and its proxy, and those that are written anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardProxy(Listener):
    """The listener of clients whose HTTPS_PROXY and http_proxy name it. Its `app` answers for the providers' hosts.

    Bytes are carried to the listeners of the same `name`.
    """

    hosts: Hosts
    """The providers'."""
    allowed: Collection[str] = ()
    """Other hosts that are let through; ``*.example.com`` is all below one."""
    away: WSGIApplication = reject_request
    """What answers for every other host; the reason is in its environ."""

    def protocol(self, shared: Shared, beside: Sequence[BoundListener]) -> Callable[[], Connection]:
        """What makes its connections."""
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
            away=self.away,
            policy=ProxyPolicy(self.hosts, tuple(self.allowed), http, https),
            own_ports=frozenset(bound.address[1] for bound in beside if isinstance(bound.listener, ForwardProxy)),
            **shared._asdict(),
        )


class ProxyConnection(Connection):
    """One connection to the forward proxy, until it becomes a pipe. Made by `ForwardProxy`."""

    def __init__(
        self,
        app: WSGIApplication,
        *,
        away: WSGIApplication,
        policy: ProxyPolicy,
        own_ports: frozenset[int],
        **shared: Any,
    ) -> None:
        """Wait to be connected.

        Args:
            app: what answers for the providers' hosts.
            away: what answers for hosts that are not carried.
            policy: which are.
            own_ports: the ports of this machine at which the proxy itself listens.
            shared: as `Connection` has it.
        """
        super().__init__(app, **shared)
        self._away = away
        self._policy = policy
        self._own_ports = own_ports
        self._connecting: asyncio.Task[None] | None = None

    def data_received(self, data: bytes) -> None:
        """Read requests; what comes after a CONNECT is for the other end."""
        if self._parser.after_connect is None:
            super().data_received(data)
        else:
            self._parser.after_connect += data

    def connection_lost(self, exc: Exception | None) -> None:
        """Close everything."""
        self._stop_connecting()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End because the server stops."""
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
            place = requested_place(request)
            if not is_connect and self._policy.is_intercepted(place):
                scheme, _, rest = request.target.partition("://")
                request.scheme, request.target = scheme.lower(), _origin_form(rest)
                super()._start(request)
                return
            target = self._policy.carry(
                place, from_loopback=request.client is not None and is_loopback(request.client[0])
            )
            if target.is_loopback and target.port in self._own_ports:
                raise NotForTheProxy
            if request.is_too_large:
                raise TooMuchToCarry(host=place.host)
        except ProviderError as error:
            self._cycle = cycle = RequestCycle(request)
            self._reject_target(cycle, error)
        else:
            self._cycle = cycle = RequestCycle(request)
            self._pause_variant()
            message = b"" if is_connect else _forwarded(request)
            self._connecting = self.loop.create_task(self._carry(cycle, target, message))

    def _reject_target(self, cycle: RequestCycle, error: ProviderError) -> None:
        """Respond with the reason why a request is not forwarded."""
        self._parser.after_connect = None
        self._parser.has_unread_input |= cycle.closes
        cycle.request.path = ""  # a path of another host means nothing here
        cycle.call(self._away, {ERROR: error})
        self._send(cycle)

    async def _carry(self, cycle: RequestCycle, target: ProxyTarget, message: bytes) -> None:
        """Become a pipe to another place: one that a CONNECT asked for, or for the length of one message."""
        far = PipeEnd(self._connections)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await self.loop.create_connection(lambda: far, *target)
        except (OSError, UnicodeError) as reason:  # a time-out is an OSError; a name may be none that can be looked up
            why = getattr(reason, "strerror", None) or str(reason) or f"no answer for {CONNECT_TIMEOUT:g} s"
            self._connecting = None
            self._reject_target(cycle, NoResponseThere(host=target.host, port=target.port, reason=why))
            self.proceed()
            return
        self._connecting = None
        near = PipeEnd(self._connections, ignores_input=bool(message))
        sent_ahead = bytes(self._parser.after_connect or b"")
        self._forget()
        self._timer.cancel()
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


def _origin_form(rest: str) -> str:
    """Path and query of a URL without its scheme."""
    start = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
    path = rest[start:].partition("#")[0]
    return path if path.startswith("/") else f"/{path}"


def _forwarded(request: HttpRequest) -> bytes:
    """A request as its server takes it. The connection is for this one alone, and its end is the response's."""
    rest = request.target.partition("://")[2]
    dropped = _HOP_BY_HOP.union(word.strip().lower() for word in (request.get("connection") or "").split(","))
    lines = [f"{request.method} {_origin_form(rest)} HTTP/1.1", f"Host: {request.fields['host']}"]
    lines += [f"{name}: {value}" for name, value in request.headers if name.lower() not in dropped]
    if request.body or request.has_body:
        lines.append(f"Content-Length: {len(request.body)}")
    lines += ["Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1") + request.body
