"""Connections of this process to the providers' hosts, led to us; all others go where they went before.

A provider's name resolves to an address of this machine that no one uses, with the port that was asked for; and whoever
connects to that address reaches our listener for that port. Two steps, because some clients resolve, forget the port
of the answer, and connect to the address and the port that they had in mind.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NoReturn, TypeAlias

from .hosts import PORTS, BlockedConnection, Hosts, RequestedAddress, plain
from .monkeypatch import Monkeypatch

_PLACE = "127.83.77.{}"
"""Of this machine's own 127.0.0.0/8, which never leaves it. No one listens there."""
_MAPPED = "::ffff:{}"
"""The same, for sockets that speak IPv6 alone."""

Address: TypeAlias = tuple[str, int]


class Sockets:
    """What ``socket``, and those who have their own ways, do for our hosts."""

    def __init__(
        self, hosts: Hosts, listeners: Mapping[int, Address], report: Callable[[RequestedAddress], object]
    ) -> None:
        """Nothing is changed yet.

        Args:
            hosts: whom we are.
            listeners: by the port that clients ask for, where we listen for it.
            report: is called with what was asked for and rejected.
        """
        self._hosts = hosts
        self._listeners = dict(listeners)
        self._report = report
        # Looked for now, whether the process has imported them yet or not: a client may do so in its test.
        self._loop = import_module("uvloop").Loop if find_spec("uvloop") else None
        self._has_aiodns = None not in (find_spec("aiodns"), find_spec("aiohttp"))
        self._places = {name: _PLACE.format(number) for number, name in enumerate(sorted(hosts.answered), 1)}
        self._names = {place: name for name, place in self._places.items()}
        self._names |= {_MAPPED.format(place): name for place, name in self._names.items()}

    def install(self, patches: Monkeypatch) -> None:
        """From now on."""
        self._resolving(patches)
        self._connecting(patches)
        self._uvloop(patches)
        self._aiodns(patches)

    # -- names ---------------------------------------------------------------------------------------------------------

    def _resolving(self, patches: Monkeypatch) -> None:
        usual = socket.getaddrinfo

        def getaddrinfo(host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:  # noqa: A002 - socket's own
            place = self._place(host, port)
            if place is None:
                return usual(host, port, family, type, proto, flags)
            return _resolved(place, port, family, type, proto)

        by_name, in_full = socket.gethostbyname, socket.gethostbyname_ex

        def gethostbyname(host: Any, /) -> str:
            return self._place(host) or by_name(host)

        def gethostbyname_ex(host: Any, /) -> tuple[str, list[str], list[str]]:
            place = self._place(host)
            return in_full(host) if place is None else (plain(host), [], [place])

        for replacement in (getaddrinfo, gethostbyname, gethostbyname_ex):
            patches.put(socket, replacement.__name__, replacement)

    def _place(self, host: object, port: object = None) -> str | None:
        """The address that stands for a name; ``None`` when it is no provider's.

        Raises:
            Leak: it is a provider's, and no one answers for it, or at that port.
        """
        name, number = plain(host), _number(port)
        place = self._places.get(name)
        if self._hosts.is_provider_domain(name) and (place is None or (number and number not in self._listeners)):
            self._reject(name, number)
        return place

    def _reject(self, host: str, port: int | None) -> NoReturn:
        requested = RequestedAddress(host, port)
        self._report(requested)
        raise BlockedConnection(
            errno.EHOSTUNREACH,  # with a number, because aiohttp tells nothing but the text beside it
            f"{requested} is a provider's, and mockserver answers for {', '.join(sorted(self._hosts.answered))} only,"
            f" at the ports {' and '.join(map(str, sorted(self._listeners)))}; nothing was sent",
        )

    # -- connections ---------------------------------------------------------------------------------------------------

    def _connecting(self, patches: Monkeypatch) -> None:
        for name in ("connect", "connect_ex"):
            patches.put(socket.socket, name, self._connection(getattr(socket.socket, name)))

    def _connection(self, usual: Callable[..., Any]) -> Callable[..., Any]:
        def connect(own: socket.socket, address: Any, /) -> Any:
            if own.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple) and len(address) > 1:
                listener = self._listener(*address[:2])
                if listener is not None:
                    address = listener if own.family == socket.AF_INET else (_MAPPED.format(listener[0]), listener[1])
            return usual(own, address)

        return connect

    def _listener(self, host: object, port: object) -> Address | None:
        """Where a connection to a name, or to the address that stands for it, really goes; ``None``: as it says.

        Raises:
            Leak: it is for a provider's host or port that no one answers.
        """
        name = self._names.get(plain(host), plain(host))
        if self._place(name, port) is None:
            return None
        return self._listeners.get(_number(port) or 0) or self._reject(name, _number(port))

    # -- ways of their own ---------------------------------------------------------------------------------------------

    def _uvloop(self, patches: Monkeypatch) -> None:
        """For uvloop, which resolves and connects in C."""
        if self._loop is None:
            return
        resolve, connect = self._loop.getaddrinfo, self._loop.create_connection

        async def getaddrinfo(
            loop: Any,
            host: Any,
            port: Any,
            *,
            family: int = 0,
            type: int = 0,  # noqa: A002 - the loop's own
            proto: int = 0,
            flags: int = 0,
        ) -> Any:
            place = self._place(host, port)
            if place is None:
                return await resolve(loop, host, port, family=family, type=type, proto=proto, flags=flags)
            return _resolved(place, port, family, type, proto)

        async def create_connection(loop: Any, factory: Any, host: Any = None, port: Any = None, **options: Any) -> Any:
            listener = None if host is None else self._listener(host, port)
            if listener is None:
                return await connect(loop, factory, host, port, **options)
            if options.get("ssl"):
                options.setdefault("server_hostname", self._names.get(plain(host), plain(host)))
            return await connect(loop, factory, *listener, **{**options, "family": 0})

        patches.put(self._loop, "getaddrinfo", getaddrinfo)
        patches.put(self._loop, "create_connection", create_connection)

    def _aiodns(self, patches: Monkeypatch) -> None:
        """For aiohttp, which asks the name servers itself where aiodns is installed."""
        if not self._has_aiodns:
            return
        from aiohttp.resolver import AsyncResolver

        usual = AsyncResolver.resolve

        async def resolve(resolver: Any, host: str, port: int = 0, family: Any = socket.AF_INET) -> Any:
            place = self._place(host, port)
            if place is None:
                return await usual(resolver, host, port, family)
            found = {"hostname": host, "host": place, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
            return [found]

        patches.put(AsyncResolver, "resolve", resolve)


def _number(port: object) -> int | None:
    text = port.decode("ascii", "replace") if isinstance(port, bytes) else str(port)
    return PORTS.get(text, int(text) if text.isdigit() else None)


def _resolved(place: str, port: object, family: int, kind: int, proto: int) -> list[Any]:
    """What ``getaddrinfo`` says of one of our hosts."""
    number = _number(port) or 0
    kind = kind or socket.SOCK_STREAM
    proto = proto or (socket.IPPROTO_TCP if kind == socket.SOCK_STREAM else 0)
    if family == socket.AF_INET6:
        return [(socket.AF_INET6, socket.SocketKind(kind), proto, "", (_MAPPED.format(place), number, 0, 0))]
    return [(socket.AF_INET, socket.SocketKind(kind), proto, "", (place, number))]
