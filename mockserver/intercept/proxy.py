"""The tunnel: a forward proxy that leads the providers' hosts to our own listeners, and every other host nowhere.

The law of this file:

1. It decrypts nothing. CONNECT to a provider's host is a line of bytes to our HTTPS listener (``relay.py``).
2. A whole URL of a provider's host (``GET http://HOST/PATH``) is answered here and now, by the same application, on the
   connection it came in on: keep-alive, order, pace and every fault are the shell's.
3. Where a request leads is decided in ``routing.py``. A host that is not carried gets a sentence, and a line in the journal.
4. The client's own loopback is carried, for clients that know no NO_PROXY; but not for clients of other machines.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mockserver.engine.provider_errors import Refused
from mockserver.http.connection import Shell, shell
from mockserver.http.listener import Bound, Listener
from mockserver.intercept.proxy_errors import REFUSAL, NoAnswerThere, NotForTheTunnel, TooMuchToCarry, turn_away
from mockserver.intercept.proxy_policy import Place, Roads, is_loopback, named_in
from mockserver.intercept.relay import End, join

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from concurrent.futures import Executor
    from wsgiref.types import WSGIApplication, WSGIEnvironment

    from mockserver.http.connection import Limits
    from mockserver.http.cycle import Cycle
    from mockserver.intercept.hosts import Hosts

PATIENCE = 10.0
"""Seconds in which another host must take a connection."""

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"

_OURS_ALONE = frozenset(
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
class Tunnel(Listener):
    """Where clients come whose HTTPS_PROXY and http_proxy name us. Its `app` answers for the providers' hosts.

    Bytes are carried to the listeners of the same `door`.
    """

    hosts: Hosts
    """The providers'."""
    allowed: Collection[str] = ()
    """Other hosts that are let through; ``*.example.com`` is all below one."""
    away: WSGIApplication = turn_away
    """What answers for every other host; the refusal is in its environ."""

    def connection(self, pool: Executor, limits: Limits, beside: Sequence[Bound]) -> type[Shell]:
        """The protocol class of its connections."""
        http, https = None, None
        for listener, address in beside:
            if listener.door != self.door or isinstance(listener, Tunnel):
                continue
            if listener.ssl_context is None:
                http = http or Place(*address)
            else:
                https = https or Place(*address)
        gate = shell(self.app, door=self.door, pool=pool, limits=limits, kind=Gate)
        gate.away = staticmethod(self.away)
        gate.roads = Roads(self.hosts, tuple(self.allowed), http, https)
        gate.own_ports = frozenset(bound.address[1] for bound in beside if isinstance(bound.listener, Tunnel))
        return gate


class Gate(Shell):
    """One connection to the tunnel, until it is a line. Made by `Tunnel`."""

    away: WSGIApplication
    roads: Roads
    own_ports: frozenset[int]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the shell's
        """A client is there."""
        super().connection_made(transport)
        self.ahead: list[bytes] | None = None
        """What a client has said behind its CONNECT, before it was told that it may."""
        self.reaching: asyncio.Task[None] | None = None

    def data_received(self, data: bytes) -> None:
        """Bytes from the client."""
        if self.ahead is not None:
            self.ahead.append(data)
        else:
            super().data_received(data)

    def on_message_complete(self) -> None:
        """The request is there; what comes behind a CONNECT is not for us."""
        if self.filling is not None and self.filling.environ["REQUEST_METHOD"] == "CONNECT":
            self.ahead = []
        super().on_message_complete()

    def _decline_upgrade(self, rest: bytes | memoryview) -> None:
        if self.ahead is None:
            super()._decline_upgrade(rest)
        elif rest:
            self.ahead.append(bytes(rest))

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        if self.reaching is not None:
            self.reaching.cancel()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """The server stops."""
        if self.reaching is not None:
            self.reaching.cancel()
        super().shutdown()

    def _start(self, cycle: Cycle) -> None:
        if cycle.status:  # it was no HTTP
            super()._start(cycle)
            return
        environ, connects = cycle.environ, cycle.environ["REQUEST_METHOD"] == "CONNECT"
        try:
            place = named_in(environ)
            if not connects and self.roads.leads_home(place):
                _as_to_a_server(environ)
                super()._start(cycle)
                return
            target = self.roads.carry(place, from_loopback=is_loopback(environ["REMOTE_ADDR"]))
            if target.is_loopback and target.port in self.own_ports:
                raise NotForTheTunnel
            if environ["mockserver.overflow"]:
                raise TooMuchToCarry(host=place.host)
        except Refused as refusal:
            self.current = cycle
            self._turn_away(cycle, refusal)
        else:
            self.current = cycle
            self.flow.pause_reading()
            self.reaching = self.loop.create_task(self._carry(cycle, target, b"" if connects else _message(environ)))

    def _turn_away(self, cycle: Cycle, refusal: Refused) -> None:
        self.ahead = None
        cycle.environ[REFUSAL] = refusal
        cycle.environ["PATH_INFO"] = ""  # a path of another host means nothing here
        cycle.lingers = cycle.last
        cycle.call(self.away)
        self._answer(cycle)

    async def _carry(self, cycle: Cycle, target: Place, message: bytes) -> None:
        """Become a line to another place: one that a CONNECT asked for, or for the length of one message."""
        far = End(self.connections)
        try:
            async with asyncio.timeout(PATIENCE):
                await self.loop.create_connection(lambda: far, *target)
        except (OSError, UnicodeError) as reason:  # a time-out is an OSError; a name may be none that can be asked for
            why = getattr(reason, "strerror", None) or str(reason) or f"no answer for {PATIENCE:g} s"
            self._turn_away(cycle, NoAnswerThere(host=target.host, port=target.port, reason=why))
            self.reaching = None
            self.proceed()
            return
        self.reaching = None
        near = End(self.connections, is_deaf=bool(message))
        self._forget()
        self._unset_keepalive_if_required()
        near.connection_made(self.transport)
        self.transport.set_protocol(near)
        self.connections.discard(self)
        if message:
            far.transport.write(message)
        else:
            near.transport.write(ESTABLISHED)
            far.transport.writelines(self.ahead or ())
        join(near, far)


def _as_to_a_server(environ: dict[str, Any]) -> None:
    """Make a request to a proxy one to the server that it names."""
    scheme, _, rest = environ["mockserver.target"].partition("://")
    environ["wsgi.url_scheme"] = scheme.lower()
    environ["mockserver.target"] = _path_of(rest)


def _path_of(rest: str) -> str:
    """Path and query of a URL without its scheme."""
    start = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
    path = rest[start:].partition("#")[0]
    return path if path.startswith("/") else f"/{path}"


def _message(environ: WSGIEnvironment) -> bytes:
    """A request as its server wants it. The connection is for this one alone, and its end the answer's."""
    body: bytes = environ["mockserver.body"]
    rest = environ["mockserver.target"].partition("://")[2]
    head: Sequence[tuple[str, str]] = environ["mockserver.head"]
    dropped = _OURS_ALONE.union(
        word.strip().lower() for name, value in head if name.lower() == "connection" for word in value.split(",")
    )
    lines = [f"{environ['REQUEST_METHOD']} {_path_of(rest)} HTTP/1.1", f"Host: {environ['HTTP_HOST']}"]
    lines += [f"{name}: {value}" for name, value in head if name.lower() not in dropped]
    if body or "CONTENT_LENGTH" in environ:
        lines.append(f"Content-Length: {len(body)}")
    lines += ["Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body
