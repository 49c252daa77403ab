"""The changes to ``socket``, uvloop and aiodns by which the rule in force decides about this process's connections.

Names, connections, and requests to proxies are decided one by one, at the moment when they are made; what does not concern
a provider's host is not changed.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from types import ModuleType
from typing import Any

from .connection_rules import MAPPED, current_rule, port_number
from .hosts import normalize_host
from .monkeypatch import Monkeypatch
from .proxied import leads_to_mock_server, proxied_address


def install(patches: Monkeypatch) -> None:
    """Install the changes, of modules that are imported later too."""
    _patch_resolution(patches)
    for name in ("connect", "connect_ex"):
        patches.put(socket.socket, name, _connecting(getattr(socket.socket, name)))
    for name in ("send", "sendall"):
        patches.put(socket.socket, name, _sending(getattr(socket.socket, name)))
    if hasattr(socket.socket, "sendmsg"):
        patches.put(socket.socket, "sendmsg", _sending_pieces(socket.socket.sendmsg))
    patches.when_imported("ssl", lambda module: _patch_ssl(patches, module))
    patches.when_imported("uvloop", lambda module: _patch_uvloop(patches, module.Loop))
    patches.when_imported("aiohttp.resolver", lambda module: _patch_aiodns(patches, module.AsyncResolver))


# -- names -------------------------------------------------------------------------------------------------------------


def _patch_resolution(patches: Monkeypatch) -> None:
    original, by_name, in_full = socket.getaddrinfo, socket.gethostbyname, socket.gethostbyname_ex

    def getaddrinfo(host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:  # noqa: A002 - socket's parameter
        placeholder = current_rule().placeholder(host, port)
        if placeholder is None:
            return original(host, port, family, type, proto, flags)
        return _resolved(placeholder, port, family, type, proto)

    def gethostbyname(host: Any, /) -> str:
        return current_rule().placeholder(host) or by_name(host)

    def gethostbyname_ex(host: Any, /) -> tuple[str, list[str], list[str]]:
        placeholder = current_rule().placeholder(host)
        return in_full(host) if placeholder is None else (normalize_host(host), [], [placeholder])

    for replacement in (getaddrinfo, gethostbyname, gethostbyname_ex):
        patches.put(socket, replacement.__name__, replacement)


def _resolved(placeholder: str, port: object, family: int, kind: int, proto: int) -> list[Any]:
    """Return the result of ``getaddrinfo`` for a placeholder address."""
    number = port_number(port) or 0
    kind = kind or socket.SOCK_STREAM
    proto = proto or (socket.IPPROTO_TCP if kind == socket.SOCK_STREAM else 0)
    if family == socket.AF_INET6:
        return [(socket.AF_INET6, socket.SocketKind(kind), proto, "", (MAPPED.format(placeholder), number, 0, 0))]
    return [(socket.AF_INET, socket.SocketKind(kind), proto, "", (placeholder, number))]


# -- connections -------------------------------------------------------------------------------------------------------


def _is_internet(own: socket.socket) -> bool:
    return own.family in (socket.AF_INET, socket.AF_INET6)


def _connecting(original: Callable[..., Any]) -> Callable[..., Any]:
    def connect(own: socket.socket, address: Any, /) -> Any:
        if _is_internet(own) and isinstance(address, tuple) and len(address) > 1:
            listener = current_rule().listener(*address[:2])
            if listener is not None:
                address = listener if own.family == socket.AF_INET else (MAPPED.format(listener[0]), listener[1])
        return original(own, address)

    return connect


def _sending(original: Callable[..., Any]) -> Callable[..., Any]:
    def send(own: socket.socket, data: Any, /, *flags: Any) -> Any:
        if _is_internet(own):
            _check_proxied(own, data)
        return original(own, data, *flags)

    return send


def _sending_pieces(original: Callable[..., Any]) -> Callable[..., Any]:
    def sendmsg(own: socket.socket, buffers: Any, /, *rest: Any) -> Any:
        buffers = list(buffers)
        if buffers and _is_internet(own):
            _check_proxied(own, buffers[0])
        return original(own, buffers, *rest)

    return sendmsg


def _check_proxied(own: socket.socket, data: Any) -> None:
    requested = proxied_address(data)
    if requested is not None:
        current_rule().check_proxied(requested, lambda: leads_to_mock_server(own))


def _patch_ssl(patches: Monkeypatch, module: ModuleType) -> None:
    """Check requests to a proxy that itself uses TLS. A provider's own connection names the provider in the handshake."""
    for owner, names in ((module.SSLSocket, ("send", "write")), (module.SSLObject, ("write",))):
        for name in names:
            patches.put(owner, name, _writing(getattr(owner, name)))


def _writing(original: Callable[..., Any]) -> Callable[..., Any]:
    def write(own: Any, data: Any, /, *rest: Any, **options: Any) -> Any:
        requested = proxied_address(data)
        if requested is not None and normalize_host(own.server_hostname) != requested.host:
            current_rule().check_proxied(requested, lambda: False)
        return original(own, data, *rest, **options)

    return write


# -- libraries that bypass the socket module ---------------------------------------------------------------------------


def _patch_uvloop(patches: Monkeypatch, loop_class: Any) -> None:
    """Change uvloop, which resolves and connects in C."""
    resolve, connect = loop_class.getaddrinfo, loop_class.create_connection
    open_datagrams = loop_class.create_datagram_endpoint

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
        placeholder = current_rule().placeholder(host, port)
        if placeholder is None:
            return await resolve(loop, host, port, family=family, type=type, proto=proto, flags=flags)
        return _resolved(placeholder, port, family, type, proto)

    async def create_connection(loop: Any, factory: Any, host: Any = None, port: Any = None, **options: Any) -> Any:
        rule = current_rule()
        listener = None if host is None else rule.listener(host, port)
        if listener is None:
            return await connect(loop, factory, host, port, **options)
        if options.get("ssl"):
            options.setdefault("server_hostname", rule.server_name(host))
        return await connect(loop, factory, *listener, **{**options, "family": 0})

    async def create_datagram_endpoint(
        loop: Any, factory: Any, local_addr: Any = None, remote_addr: Any = None, **options: Any
    ) -> Any:
        placeholder = None if remote_addr is None else current_rule().placeholder(*remote_addr[:2])
        if placeholder is not None:
            remote_addr = (placeholder, remote_addr[1])
        return await open_datagrams(loop, factory, local_addr, remote_addr, **options)

    patches.put(loop_class, "getaddrinfo", getaddrinfo)
    patches.put(loop_class, "create_connection", create_connection)
    patches.put(loop_class, "create_datagram_endpoint", create_datagram_endpoint)


def _patch_aiodns(patches: Monkeypatch, resolver_class: Any) -> None:
    """Change aiohttp, which resolves names itself if aiodns is installed."""
    original = resolver_class.resolve

    async def resolve(resolver: Any, host: str, port: int = 0, family: Any = socket.AF_INET) -> Any:
        placeholder = current_rule().placeholder(host, port)
        if placeholder is None:
            return await original(resolver, host, port, family)
        found = {"hostname": host, "host": placeholder, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
        return [found]

    patches.put(resolver_class, "resolve", resolve)
