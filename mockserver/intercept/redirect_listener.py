"""The listener of an in-process redirect: two listeners of a server, plain and TLS, that lead to one world at a time."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mockserver.http.listener import Listener, Server

from .ca import CertificateAuthority
from .hosts import Hosts
from .sockets import Address

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from mockserver.client import AdminClient


@dataclass(frozen=True)
class RedirectListener:
    """Where the providers' hosts are, for clients that are redirected."""

    name: str
    """Under which worlds are bound to it."""
    listeners: dict[int, Address]
    """By the port that clients ask for, where we listen for it."""
    ca: str
    """The certificate of who signed the listener's own, in PEM."""

    @classmethod
    def opened(
        cls, server: Server, app: WSGIApplication, hosts: Hosts, name: str, ca: CertificateAuthority | None = None
    ) -> RedirectListener:
        """Open a listener of a running server; it is there until the server stops.

        Raises:
            OSError: there is no port.
        """
        context, certificate = _identity(hosts, ca)
        urls = {
            80: server.add(Listener(app, name=name)),
            443: server.add(Listener(app, name=name, ssl_context=context)),
        }
        return cls(name, {port: _address(url) for port, url in urls.items()}, certificate)

    def bind(self, server: AdminClient, world_id: str) -> None:
        """Whatever comes in is this world's from now on."""
        server.transport.call("PUT", self._path, body={"world": world_id})

    def unbind(self, server: AdminClient) -> None:
        """No one's; whoever is still connected is let go."""
        server.transport.call("DELETE", self._path)

    def row(self) -> dict[str, Any]:
        """As plain data, for another process."""
        listeners = {str(port): list(address) for port, address in self.listeners.items()}
        return {"name": self.name, "listeners": listeners, "ca": self.ca}

    @classmethod
    def of(cls, row: dict[str, Any]) -> RedirectListener:
        """Read it."""
        listeners = {int(port): (host, number) for port, (host, number) in row["listeners"].items()}
        return cls(row["name"], listeners, row["ca"])

    @property
    def _path(self) -> str:
        return f"/_mock/listeners/{quote(self.name, safe='')}"


def _identity(hosts: Hosts, ca: CertificateAuthority | None) -> tuple[ssl.SSLContext, str]:
    """What the listener shows of itself, and the certificate of who vouches for it.

    Clients in this process are given the CA to trust, so a CA that cannot be kept for the next run is good enough.
    """
    try:
        return _shown(hosts, ca or CertificateAuthority())
    except OSError:
        if ca is not None:
            raise
        with TemporaryDirectory() as folder:
            return _shown(hosts, CertificateAuthority(Path(folder)))


def _shown(hosts: Hosts, ca: CertificateAuthority) -> tuple[ssl.SSLContext, str]:
    return ca.context(sorted(hosts.answered)), ca.certificate.read_text("ascii")


def _address(url: str) -> Address:
    host, _, port = url.partition("://")[2].rpartition(":")
    return host, int(port)
