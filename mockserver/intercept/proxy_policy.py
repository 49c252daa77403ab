"""Where a request through the forward proxy leads: to us, to who else is allowed, or nowhere. Values in, values out."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

from mockserver.intercept.hosts import PORTS, Hosts, domain_of
from mockserver.intercept.proxy_errors import HostRejected, NotForTheProxy, PortRejected

if TYPE_CHECKING:
    from mockserver.http.request import HttpRequest

_HOST_AND_PORT = re.compile(r"(?:[^@/?#]*@)?(\[[0-9A-Fa-f:.]+\]|[^\s:\[\]@/?#]+)(?::([0-9]{1,5}))?")


class ProxyTarget(NamedTuple):
    """What a request names: a host in lower case, without brackets, and a port."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine itself."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether a host is the machine that asks, by its name or address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def requested_place(request: HttpRequest) -> ProxyTarget:
    """The place that a request to a proxy names in its target.

    Raises:
        NotForTheProxy: it names none.
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
        raise NotForTheProxy
    port = int(found[2] or PORTS[scheme])
    if not 0 < port < 65536:
        raise NotForTheProxy
    return ProxyTarget(found[1].strip("[]").lower().removesuffix("."), port)


@dataclass(frozen=True)
class ProxyPolicy:
    """Which hosts lead where."""

    hosts: Hosts
    """The providers'."""
    allowed: Collection[str] = ()
    """Others that are let through: names, or ``*.example.com`` for all below one."""
    http: ProxyTarget | None = None
    """Where the providers' hosts are answered on port 80."""
    https: ProxyTarget | None = None
    """Where on port 443."""

    def is_intercepted(self, place: ProxyTarget) -> bool:
        """Whether it is a provider's host, at a port that is answered.

        Raises:
            PortRejected: the port is another.
        """
        if not self.hosts.is_served(place.host):
            return False
        if place.port not in PORTS.values():
            raise PortRejected(host=place.host, port=place.port, instead="it is on 443 (HTTPS) and 80 (HTTP)")
        return True

    def carry(self, place: ProxyTarget, from_loopback: bool) -> ProxyTarget:
        """Where bytes for a place go.

        Args:
            place: what was asked for.
            from_loopback: whether a client of this machine asks; its own loopback is no secret to it.

        Raises:
            PortRejected: a provider's host is not answered at that port.
            HostRejected: the host is not carried at all.
        """
        if self.is_intercepted(place):
            home = self.https if place.port == PORTS["https"] else self.http
            if home is None:
                raise PortRejected(host=place.host, port=place.port, instead="this server does without")
            return home
        if (from_loopback and place.is_loopback) or self._is_allowed(place.host):
            return place
        near = _nearest(place.host, self.hosts.answered)
        raise HostRejected(host=place.host, near=f"; did you mean {near}?" if near else "")

    def _is_allowed(self, host: str) -> bool:
        return any(
            host == name or (name.startswith("*.") and host.endswith(name[1:])) for name in map(str.lower, self.allowed)
        )


def _nearest(host: str, hosts: Collection[str]) -> str | None:
    """The provider's host that was probably meant: one of the same domain, else one that is spelt alike."""
    kin = [name for name in hosts if name.endswith(f".{domain_of(host)}")]
    return next(iter(get_close_matches(host, kin, 1, 0) or get_close_matches(host, hosts, 1, 0.8)), None)
