"""Redirects this process's connections to the providers' hosts to the listener; other connections are not changed.

A provider's name resolves to an unused loopback address, its placeholder, with the requested port. A connection to a
placeholder goes to the listener for that port. It takes two steps because some clients use only the resolved address, with
the port that they requested.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NoReturn, TypeAlias

from .hosts import PORTS, BlockedConnection, Hosts, RequestedAddress, normalize_host
from .monkeypatch import Monkeypatch

_PLACEHOLDER = "127.83.77.{}"
"""A placeholder address: in 127.0.0.0/8, which never leaves this machine, and where usually no server listens."""
_MAPPED = "::ffff:{}"
"""An IPv4 address in the form for IPv6 sockets."""

Address: TypeAlias = tuple[str, int]


class Sockets:
    """The changes to ``socket``, uvloop and aiodns that redirect the providers' hosts."""

    def __init__(
        self, hosts: Hosts, listeners: Mapping[int, Address], report: Callable[[RequestedAddress], object]
    ) -> None:
        """Create it; nothing is changed yet.

        Args:
            hosts: the providers' hosts.
            listeners: the address of the listener for each port that clients request.
            report: is called with the address of each blocked connection.
        """
        self._hosts = hosts
        self._listeners = dict(listeners)
        self._report = report
        # Looked up now, even if the process has not imported them yet: a test may import them later.
        self._loop = import_module("uvloop").Loop if find_spec("uvloop") else None
        self._has_aiodns = None not in (find_spec("aiodns"), find_spec("aiohttp"))
        self._placeholders = {name: _PLACEHOLDER.format(number) for number, name in enumerate(sorted(hosts.served), 1)}
        self._names = {placeholder: name for name, placeholder in self._placeholders.items()}
        self._names |= {_MAPPED.format(placeholder): name for placeholder, name in self._names.items()}

    def install(self, patches: Monkeypatch) -> None:
        """Install the changes."""
        self._patch_resolution(patches)
        self._patch_connections(patches)
        self._patch_uvloop(patches)
        self._patch_aiodns(patches)

    # -- names ---------------------------------------------------------------------------------------------------------

    def _patch_resolution(self, patches: Monkeypatch) -> None:
        original = socket.getaddrinfo

        def getaddrinfo(host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:  # noqa: A002 - socket's parameter
            placeholder = self._placeholder(host, port)
            if placeholder is None:
                return original(host, port, family, type, proto, flags)
            return _resolved(placeholder, port, family, type, proto)

        by_name, in_full = socket.gethostbyname, socket.gethostbyname_ex

        def gethostbyname(host: Any, /) -> str:
            return self._placeholder(host) or by_name(host)

        def gethostbyname_ex(host: Any, /) -> tuple[str, list[str], list[str]]:
            placeholder = self._placeholder(host)
            return in_full(host) if placeholder is None else (normalize_host(host), [], [placeholder])

        for replacement in (getaddrinfo, gethostbyname, gethostbyname_ex):
            patches.put(socket, replacement.__name__, replacement)

    def _placeholder(self, host: object, port: object = None) -> str | None:
        """Return the placeholder address of a host name; ``None`` if it is not a provider's.

        Raises:
            BlockedConnection: it is a provider's, but the host or the port is not served.
        """
        name, number = normalize_host(host), _port_number(port)
        placeholder = self._placeholders.get(name)
        if self._hosts.is_provider_domain(name) and (placeholder is None or (number and number not in self._listeners)):
            self._reject(name, number)
        return placeholder

    def _reject(self, host: str, port: int | None) -> NoReturn:
        requested = RequestedAddress(host, port)
        self._report(requested)
        raise BlockedConnection(
            errno.EHOSTUNREACH,  # with a number, because aiohttp reports only the text after it
            f"{requested} is a provider's, but mockserver serves only {', '.join(sorted(self._hosts.served))},"
            f" on the ports {' and '.join(map(str, sorted(self._listeners)))}; nothing was sent",
        )

    # -- connections ---------------------------------------------------------------------------------------------------

    def _patch_connections(self, patches: Monkeypatch) -> None:
        for name in ("connect", "connect_ex"):
            patches.put(socket.socket, name, self._redirecting(getattr(socket.socket, name)))

    def _redirecting(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def connect(own: socket.socket, address: Any, /) -> Any:
            if own.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple) and len(address) > 1:
                listener = self._listener(*address[:2])
                if listener is not None:
                    address = listener if own.family == socket.AF_INET else (_MAPPED.format(listener[0]), listener[1])
            return original(own, address)

        return connect

    def _listener(self, host: object, port: object) -> Address | None:
        """Return the listener for a host name or placeholder address; ``None`` if the connection is not redirected.

        Raises:
            BlockedConnection: the host is a provider's, but it or the port is not served.
        """
        name = self._names.get(normalize_host(host), normalize_host(host))
        if self._placeholder(name, port) is None:
            return None
        return self._listeners.get(_port_number(port) or 0) or self._reject(name, _port_number(port))

    # -- libraries that bypass the socket module ------------------------------------------------------------------------

    def _patch_uvloop(self, patches: Monkeypatch) -> None:
        """Redirect uvloop, which resolves and connects in C."""
        if self._loop is None:
            return
        resolve, connect = self._loop.getaddrinfo, self._loop.create_connection

        async def getaddrinfo(
            loop: Any,
            host: Any,
            port: Any,
            *,
            family: int = 0,
            type: int = 0,  # noqa: A002 - the loop's parameter
            proto: int = 0,
            flags: int = 0,
        ) -> Any:
            placeholder = self._placeholder(host, port)
            if placeholder is None:
                return await resolve(loop, host, port, family=family, type=type, proto=proto, flags=flags)
            return _resolved(placeholder, port, family, type, proto)

        async def create_connection(loop: Any, factory: Any, host: Any = None, port: Any = None, **options: Any) -> Any:
            listener = None if host is None else self._listener(host, port)
            if listener is None:
                return await connect(loop, factory, host, port, **options)
            if options.get("ssl"):
                options.setdefault("server_hostname", self._names.get(normalize_host(host), normalize_host(host)))
            return await connect(loop, factory, *listener, **{**options, "family": 0})

        patches.put(self._loop, "getaddrinfo", getaddrinfo)
        patches.put(self._loop, "create_connection", create_connection)

    def _patch_aiodns(self, patches: Monkeypatch) -> None:
        """Redirect aiohttp, which resolves names itself if aiodns is installed."""
        if not self._has_aiodns:
            return
        from aiohttp.resolver import AsyncResolver

        original = AsyncResolver.resolve

        async def resolve(resolver: Any, host: str, port: int = 0, family: Any = socket.AF_INET) -> Any:
            placeholder = self._placeholder(host, port)
            if placeholder is None:
                return await original(resolver, host, port, family)
            found = {
                "hostname": host,
                "host": placeholder,
                "port": port,
                "family": socket.AF_INET,
                "proto": 0,
                "flags": 0,
            }
            return [found]

        patches.put(AsyncResolver, "resolve", resolve)


def _port_number(port: object) -> int | None:
    text = port.decode("ascii", "replace") if isinstance(port, bytes) else str(port)
    return PORTS.get(text, int(text) if text.isdigit() else None)


def _resolved(placeholder: str, port: object, family: int, kind: int, proto: int) -> list[Any]:
    """Return the result of ``getaddrinfo`` for a placeholder address."""
    number = _port_number(port) or 0
    kind = kind or socket.SOCK_STREAM
    proto = proto or (socket.IPPROTO_TCP if kind == socket.SOCK_STREAM else 0)
    if family == socket.AF_INET6:
        return [(socket.AF_INET6, socket.SocketKind(kind), proto, "", (_MAPPED.format(placeholder), number, 0, 0))]
    return [(socket.AF_INET, socket.SocketKind(kind), proto, "", (placeholder, number))]
