"""MockServer: the whole double, listening."""

from __future__ import annotations

from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockserver.app import HOSTS, Service, build_service
from mockserver.client import AdminClient, InProcess
from mockserver.client.timefmt import Moment, written
from mockserver.http.connection import Limits
from mockserver.http.listener import Listener, Server
from mockserver.intercept.ca import CertificateAuthority
from mockserver.intercept.hosts import Hosts
from mockserver.intercept.proxy import ForwardProxy
from mockserver.intercept.redirect import Redirected, Redirection
from mockserver.intercept.redirect_listener import RedirectListener
from mockserver.settings import HTTPS_PORT, PROXY_PORT, Settings, process_environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mockserver.client import WorldClient

SERVED_HOSTS = Hosts(HOSTS)
"""Whom we are."""


class MockServer(Server, AdminClient):
    """The providers at a socket of this machine, for the length of a ``with`` block or in the foreground.

    ``with MockServer() as mock:`` serves the shipped default world on a free port; ``mock.url`` says where,
    ``mock.world`` is that world with its verbs, and ``mock.create_world()`` makes others. Verbs need no socket.
    """

    def __init__(
        self,
        service: Service | None = None,
        settings: Settings | None = None,
        *,
        world: str | PathLike[str] | None = None,
        keep_unknown: bool | None = None,
        freeze: Moment | None = None,
        seed: str | None = None,
        https: bool | None = None,
        proxy: bool = False,
        allow_hosts: Iterable[str] = (),
        listeners: Sequence[Listener] = (),
    ) -> None:
        """Get ready to listen.

        Args:
            service: what answers; made from the settings when none is given.
            settings: the defaults on a free port when none are given; the environment is not read here.
            world: in place of the settings': the world file that the default world begins with.
            keep_unknown: in place of the settings': whether what that file says of providers that are not installed is kept.
            freeze: in place of the settings': the instant at which its clock stands.
            seed: in place of the settings': of its identifiers and of chance.
            https: whether to listen for HTTPS too, at `https_url`; as `proxy` when nothing is said.
            proxy: whether to offer the proxy, a forward proxy to the providers' hosts, at `proxy_url`.
            allow_hosts: beside the settings': other hosts that the proxy lets through; ``*.example.com`` is all below one.
            listeners: more of them; a proxy among them leads to those of its own listener.

        Raises:
            OSError: the certificate authority cannot be kept.
            snapshots.WorldFileError: the world file is not one.
            ValueError: the instant is none, or an application was given and something that it should begin with.
        """
        settings = settings or Settings(port=0)
        given: dict[str, Any] = {
            "world": None if world is None else Path(world),
            "keep_unknown": keep_unknown,
            "freeze": None if freeze is None else written(freeze),
            "seed": seed,
        }
        given = {name: value for name, value in given.items() if value is not None}
        if service is not None and given:
            raise ValueError(f"{', '.join(given)}: belongs to the settings that the service was made from")
        settings = replace(settings, **given).with_token()
        self.service = service or build_service(settings)
        """What answers."""
        self._token = settings.token
        limits = Limits(head=settings.head_bytes, body=settings.body_bytes, idle=settings.idle_seconds)
        self.ca = CertificateAuthority(settings.ca)
        """What signs our certificates: ``mock.ca.certificate`` is what a client has to trust."""
        own = {"http": Listener(self.service, settings.host, settings.port)}
        if proxy if https is None else https:
            own["https"] = self._https(settings)
        if proxy:
            own["proxy"] = self._proxy(settings, allow_hosts)
        self._places = {name: place for place, name in enumerate(own)}
        super().__init__(listeners=[*own.values(), *listeners], limits=limits)
        self.service.listen_addresses = self._listen_addresses
        self._redirection: Redirection | None = None
        self.service.registry.on_unbind(self.disconnect)

    def _https(self, settings: Settings) -> Listener:
        return Listener(
            self.service,
            settings.host,
            settings.choose_port(settings.https_port, HTTPS_PORT),
            ssl_context=self.ca.context([*HOSTS, *settings.own_names]),
            hint="--https-port N sets another port, --no-https disables HTTPS",
        )

    def _proxy(self, settings: Settings, allow_hosts: Iterable[str]) -> Listener:
        return ForwardProxy(
            self.service,
            settings.host,
            settings.choose_port(settings.proxy_port, PROXY_PORT),
            hosts=SERVED_HOSTS,
            allowed=(*settings.allow_hosts, *allow_hosts),
            rejecting_app=self.service.reject_request,
            hint="--proxy-port N sets another port, --no-proxy disables the proxy",
        )

    @property
    def https_url(self) -> str:
        """The address for HTTPS. Raises RuntimeError when it is not listened on, or the server does not run."""
        return self._address("https")

    @property
    def proxy_url(self) -> str:
        """The proxy's address, for HTTPS_PROXY and http_proxy. Raises RuntimeError as `https_url` does."""
        return self._address("proxy")

    def _listen_addresses(self) -> dict[str, str | None]:
        """Where the server listens, and what clients have to trust."""
        found: dict[str, str | None] = {name: self.urls[place] for name, place in self._places.items()}
        if "https" in found:
            certificate = self.ca.certificate
            found |= {"certificate": str(certificate), "pem": certificate.read_text("ascii")}
        return found

    def _address(self, name: str) -> str:
        place = self._places.get(name)
        if place is None:
            raise RuntimeError(f"the server has no such listener; MockServer({name}=True) has")
        return self.urls[place]

    def stop(self) -> None:
        """Close everything, and send nothing more."""
        super().stop()
        self._redirection = None
        self.service.registry.close()

    def redirected(self, world: WorldClient | None = None, **made: Any) -> Redirected:
        """Lead this process's connections to the providers' hosts to a world, for the length of a ``with`` block.

        Args:
            world: of this server; one is made, and dropped at the end, when none is given.
            made: how it is made, as `create_world` has it. The fixture's printed credentials are valid in it.

        Raises:
            RuntimeError: the server does not run; or, at the block's beginning, the process has a redirect already.
        """
        if world is not None and made:
            raise ValueError(f"{', '.join(made)}: the world is there already")
        redirection = self.redirection()
        return Redirected(redirection, world or self.create_world(**made), drops_world=world is None)

    def redirection(self) -> Redirection:
        """What leads this process's connections to the providers' hosts to worlds of this server, one after the other."""
        if self._redirection is None:
            listener = self.open_listener("redirect")
            self._redirection = Redirection(self, listener, SERVED_HOSTS, process_environment())
        return self._redirection

    def open_listener(self, name: str) -> RedirectListener:
        """Two more listeners, plain and TLS, that are the providers' hosts and lead to one world at a time."""
        return RedirectListener.open(self, self.service, SERVED_HOSTS, name)

    @property
    def transport(self) -> InProcess:
        """How the verbs reach the application: in this process. Known while the server runs."""
        return InProcess(self.service, self.url, self._token)
