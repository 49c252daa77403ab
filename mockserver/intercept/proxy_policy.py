"""Decides where a request through the forward proxy goes: to the server, to an allowed host, or nowhere."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

from mockserver.intercept.hosts import PORTS, Hosts, domain_of
from mockserver.intercept.proxy_errors import HostRejected, NotAProxyRequest, PortRejected
from mockserver.webhooks.address_policy import is_private_address

if TYPE_CHECKING:
    from mockserver.http.request import HttpRequest

_HOST_AND_PORT = re.compile(r"(?:[^@/?#]*@)?(\[[0-9A-Fa-f:.]+\]|[^\s:\[\]@/?#]+)(?::([0-9]{1,5}))?")


class ProxyTarget(NamedTuple):
    """A host in lower case, without brackets, and a port."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine itself."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Return whether a host is a loopback name or address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def requested_target(request: HttpRequest) -> ProxyTarget:
    """Return the host and port that a request to the proxy names.

    Raises:
        NotAProxyRequest: it names none.
    """
    target = request.target
    if request.method == "CONNECT":
        scheme, host_and_port = "https", target
    else:
        scheme, _, rest = target.partition("://")
        host_and_port = re.split(r"[/?#]", rest, maxsplit=1)[0]
    found = _HOST_AND_PORT.fullmatch(host_and_port)
    scheme = scheme.lower()
    if found is None or scheme not in PORTS:
        raise NotAProxyRequest
    port = int(found[2] or PORTS[scheme])
    if not 0 < port < 65536:
        raise NotAProxyRequest
    return ProxyTarget(found[1].strip("[]").lower().removesuffix("."), port)


@dataclass(frozen=True)
class ProxyPolicy:
    """The providers' hosts and the other allowed hosts, and where the server listens."""

    hosts: Hosts
    """The providers' hosts."""
    allowed: Collection[str] = ()
    """Other allowed hosts: names, ``*.example.com`` for every subdomain, or ``*`` for every host outside the providers' domains."""
    http: ProxyTarget | None = None
    """The server's HTTP listener, for port 80 of the providers' hosts."""
    https: ProxyTarget | None = None
    """The server's HTTPS listener, for port 443 of the providers' hosts."""

    def is_intercepted(self, requested: ProxyTarget) -> bool:
        """Return whether the request is for a provider's host.

        Raises:
            PortRejected: the host is a provider's, but the port is neither 80 nor 443.
        """
        if not self.hosts.is_served(requested.host):
            return False
        if requested.port not in PORTS.values():
            raise PortRejected(host=requested.host, port=requested.port, instead="use 443 (HTTPS) or 80 (HTTP)")
        return True

    def find_target(self, requested: ProxyTarget, from_loopback: bool) -> ProxyTarget | None:
        """Return the host and port to connect to for a requested one; ``None`` if its addresses decide, by `find_address`.

        Args:
            requested: the host and port that the request names.
            from_loopback: whether the client is on this machine, so that it may reach loopback and private hosts.

        Raises:
            PortRejected: a provider's host is not served at that port.
            HostRejected: the host is not allowed.
        """
        if self.is_intercepted(requested):
            listener = self.https if requested.port == PORTS["https"] else self.http
            if listener is None:
                raise PortRejected(host=requested.host, port=requested.port, instead="this server has no such listener")
            return listener
        if (from_loopback and requested.is_loopback) or self._is_allowed(requested.host):
            return requested
        if from_loopback and requested.host and not self.hosts.is_provider_domain(requested.host):
            return None
        raise self._rejection(requested)

    def find_address(self, requested: ProxyTarget, addresses: Collection[str]) -> ProxyTarget:
        """Return the address to connect to for a host that is allowed only if it is this machine or a private one.

        Args:
            requested: the host and port that the request names.
            addresses: all addresses of the host.

        Raises:
            HostRejected: it has another address, or none.
        """
        if not addresses or not all(map(is_private_address, addresses)):
            raise self._rejection(requested)
        return ProxyTarget(next(iter(addresses)), requested.port)

    def _rejection(self, requested: ProxyTarget) -> HostRejected:
        near = _nearest(requested.host, self.hosts.served)
        return HostRejected(host=requested.host, near=f"; did you mean {near}?" if near else "")

    def _is_allowed(self, host: str) -> bool:
        allowed = [name for name in map(str.lower, self.allowed) if matches(name, host)]
        if self.hosts.is_provider_domain(host):
            return any(self.hosts.is_provider_domain(name.removeprefix("*.")) for name in allowed)
        return bool(allowed)


def matches(name: str, host: str) -> bool:
    """Return whether a name means a host: its own, ``*.example.com`` for every subdomain, or ``*`` for every host."""
    return name in (host, "*") or (name.startswith("*.") and host.endswith(name[1:]))


def _nearest(host: str, hosts: Collection[str]) -> str | None:
    """Return the provider's host that was probably meant: the closest of the same domain, else one with similar spelling."""
    same_domain = [name for name in hosts if name.endswith(f".{domain_of(host)}")]
    return next(iter(get_close_matches(host, same_domain, 1, 0) or get_close_matches(host, hosts, 1, 0.8)), None)
