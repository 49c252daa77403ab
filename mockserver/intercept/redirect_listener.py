"""The listener of an in-process redirect: an HTTP and an HTTPS port that are bound to one world at a time."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mockserver import unpatched
from mockserver.http.listener import Listener, Server

from .ca import CertificateAuthority
from .connection_rules import Address
from .hosts import Hosts

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from mockserver.client import AdminClient


@dataclass(frozen=True)
class RedirectListener:
    """The addresses to which clients of the providers' hosts are redirected."""

    name: str
    """The name by which a world is bound to it."""
    listeners: dict[int, Address]
    """The address of the listener for each port that clients request."""
    ca: str
    """The certificate of the CA that signed the listener's certificate, in PEM."""

    @classmethod
    def open(
        cls, server: Server, app: WSGIApplication, hosts: Hosts, name: str, ca: CertificateAuthority | None = None
    ) -> RedirectListener:
        """Open a listener of a running server; it stays open until the server stops.

        Raises:
            OSError: no port could be open.
        """
        context, certificate = _identity(hosts, ca)
        urls = {
            80: server.add(Listener(app, name=name)),
            443: server.add(Listener(app, name=name, ssl_context=context)),
        }
        return cls(name, {port: _address(url) for port, url in urls.items()}, certificate)

    def bind(self, server: AdminClient, world_id: str) -> None:
        """Bind a world to the listener: it receives all requests from now on."""
        server.transport.call("PUT", self._path, body={"world": world_id})

    def unbind(self, server: AdminClient) -> None:
        """Remove the binding, and close the open connections."""
        server.transport.call("DELETE", self._path)

    def row(self) -> dict[str, Any]:
        """Return it as plain data for another process; `of` reads it."""
        listeners = {str(port): list(address) for port, address in self.listeners.items()}
        return {"name": self.name, "listeners": listeners, "ca": self.ca}

    @classmethod
    def of(cls, row: dict[str, Any]) -> RedirectListener:
        """Create one from the data of `row`."""
        listeners = {int(port): (host, number) for port, (host, number) in row["listeners"].items()}
        return cls(row["name"], listeners, row["ca"])

    @property
    def _path(self) -> str:
        return f"/_mock/listeners/{quote(self.name, safe='')}"


def _identity(hosts: Hosts, ca: CertificateAuthority | None) -> tuple[ssl.SSLContext, str]:
    """Return the listener's TLS context, and the certificate of the CA that signed its certificate.

    Clients in this process are made to trust the CA, so a temporary CA is used if none can be stored.
    """
    try:
        return _context_and_certificate(hosts, ca or CertificateAuthority())
    except OSError:
        if ca is not None:
            raise
        with TemporaryDirectory() as folder:
            return _context_and_certificate(hosts, CertificateAuthority(Path(folder)))


def _context_and_certificate(hosts: Hosts, ca: CertificateAuthority) -> tuple[ssl.SSLContext, str]:
    return ca.context(sorted(hosts.served)), unpatched.read_text(ca.certificate)


def _address(url: str) -> Address:
    host, _, port = url.partition("://")[2].rpartition(":")
    return host, int(port)
