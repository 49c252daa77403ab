"""`MockServer`: the mock server with its listeners."""

from __future__ import annotations

from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockserver import unpatched
from mockserver.app import Service, build_service
from mockserver.client import AdminClient, InProcess
from mockserver.client.timefmt import Moment, written
from mockserver.http.connection import Limits
from mockserver.http.listener import Listener, Server
from mockserver.http.pool import LIGHT_THREADS, WAITING_THREADS
from mockserver.intercept.ca import CertificateAuthority
from mockserver.intercept.hosts import Hosts
from mockserver.intercept.proxy import ForwardProxy
from mockserver.intercept.redirect import Redirected, Redirection
from mockserver.intercept.redirect_listener import RedirectListener
from mockserver.settings import HTTPS_PORT, PROXY_PORT, Settings, process_environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mockserver.client import WorldClient
    from mockserver.intercept.passing_on import PassingOn
    from mockserver.sdk.provider import Provider

_PROXY_HINT = "--proxy-port N sets another port, --no-proxy disables the proxy"


class MockServer(Server, AdminClient):
    """A mock server that listens on this machine, for the duration of a ``with`` block or in the foreground.

    ``with MockServer() as mock:`` serves the shipped default world on a free port: ``mock.url`` is its URL, ``mock.world``
    that world, and ``mock.create_world()`` creates others. Its methods call the control API in this process.
    """

    def __init__(
        self,
        service: Service | None = None,
        settings: Settings | None = None,
        *,
        providers: Iterable[Provider] | None = None,
        world: str | PathLike[str] | None = None,
        keep_unknown: bool | None = None,
        freeze: Moment | None = None,
        seed: str | None = None,
        state: str | PathLike[str] | None = None,
        https: bool | None = None,
        proxy: bool = False,
        allow_hosts: Iterable[str] = (),
        listeners: Sequence[Listener] = (),
        passing_on: PassingOn | None = None,
    ) -> None:
        """Create a server that does not listen yet.

        Args:
            service: the worlds and providers to serve; created from the settings when ``None``.
            settings: the settings; the defaults on a free port when ``None``. The environment is not read here.
            providers: the providers to serve; the installed ones when ``None``.
            world: the world file of the default world, instead of the settings'.
            keep_unknown: whether the file's accounts of providers that are not served are kept, instead of the settings'.
            freeze: the instant at which the default world's clock is frozen, instead of the settings'.
            seed: the seed of identifiers and chance, instead of the settings'.
            state: the file, or ``postgresql://`` URL, in which all worlds are kept, instead of the settings'.
            https: whether to listen for HTTPS too, at `https_url`; the value of ``proxy`` when ``None``.
            proxy: whether to offer a forward proxy to the providers' hosts, at `proxy_url`.
            allow_hosts: other hosts that the proxy forwards to, in addition to the settings'; ``*.example.com`` stands for
                all subdomains.
            listeners: additional listeners; a proxy among them leads to the listeners of its own world.
            passing_on: what passes the requests that come by the proxy on to the real providers, and records them; when
                ``None``, the proxy leads to this server and no request reaches a provider.

        Raises:
            OSError: the files of the certificate authority, or the state, cannot be read or written.
            worldfile.WorldFileError: the world file is invalid.
            ValueError: the instant or the state is invalid, or a service is given together with what it was created from.
        """
        settings = settings or Settings(port=0)
        given: dict[str, Any] = {
            "world": None if world is None else Path(world),
            "keep_unknown": keep_unknown,
            "freeze": None if freeze is None else written(freeze),
            "seed": seed,
            "state": None if state is None else str(state),
        }
        given = {name: value for name, value in given.items() if value is not None}
        if service is not None and (given or providers is not None):
            names = [*given, *(["providers"] if providers is not None else [])]
            raise ValueError(f"{', '.join(names)}: the given service has its own")
        settings = replace(settings, **given).with_token()
        self.service = service or build_service(settings, providers)
        """The worlds and providers that are served."""
        self.hosts = Hosts(self.service.providers.hosts)
        """The host names of the served providers."""
        self._token = settings.token
        limits = Limits(
            head=settings.head_bytes, body=settings.body_bytes, idle=settings.idle_seconds, slow=settings.slow_seconds
        )
        self.ca = CertificateAuthority(settings.ca)
        """The certificate authority of the server: a client has to trust ``mock.ca.certificate``."""
        own = {"http": Listener(self.service, settings.host, settings.port)}
        if proxy if https is None else https:
            own["https"] = self._https(settings)
        beside: list[Listener] = []
        if proxy and passing_on is not None:
            *beside, own["proxy"] = passing_on.listeners(
                settings.host,
                settings.choose_port(settings.proxy_port, PROXY_PORT),
                self.ca,
                settings.allowed_hosts(allow_hosts),
                _PROXY_HINT,
            )
        elif proxy:
            own["proxy"] = self._proxy(settings, allow_hosts)
        self._places = {name: place for place, name in enumerate(own)}
        store = self.service.registry.store
        threads = LIGHT_THREADS if store is None or not store.is_shared else WAITING_THREADS
        super().__init__(listeners=[*own.values(), *listeners, *beside], limits=limits, light_threads=threads)
        self.service.listen_addresses = self._listen_addresses
        self._redirection: Redirection | None = None
        self.service.registry.on_unbind(self.disconnect)

    def _https(self, settings: Settings) -> Listener:
        return Listener(
            self.service,
            settings.host,
            settings.choose_port(settings.https_port, HTTPS_PORT),
            ssl_context=self.ca.context([*self.service.providers.hosts, *settings.own_names]),
            hint="--https-port N sets another port, --no-https disables HTTPS",
        )

    def _proxy(self, settings: Settings, allow_hosts: Iterable[str]) -> Listener:
        return ForwardProxy(
            self.service,
            settings.host,
            settings.choose_port(settings.proxy_port, PROXY_PORT),
            hosts=self.hosts,
            allowed=settings.allowed_hosts(allow_hosts),
            rejecting_app=self.service.reject_request,
            hint=_PROXY_HINT,
        )

    @property
    def https_url(self) -> str:
        """The URL for HTTPS. Raises RuntimeError when the server does not listen for HTTPS, or does not run."""
        return self._address("https")

    @property
    def proxy_url(self) -> str:
        """The proxy's URL, for HTTPS_PROXY and http_proxy. Raises RuntimeError when there is no proxy, or the server does not run."""
        return self._address("proxy")

    def _listen_addresses(self) -> dict[str, str | None]:
        """Return the URL of each listener, and the certificate that clients have to trust."""
        found: dict[str, str | None] = {name: self.urls[place] for name, place in self._places.items()}
        if "https" in found:
            certificate = self.ca.certificate
            found |= {"certificate": str(certificate), "pem": unpatched.read_text(certificate)}
        return found

    def _address(self, name: str) -> str:
        place = self._places.get(name)
        if place is None:
            raise RuntimeError(f"the server has no {name} listener; start it with MockServer({name}=True)")
        return self.urls[place]

    def stop(self) -> None:
        """Close every listener and connection, and stop sending webhooks."""
        super().stop()
        self._redirection = None
        self.service.registry.close()

    def redirected(self, world: WorldClient | None = None, **options: Any) -> Redirected:
        """Redirect this process's connections to the providers' hosts to a world, for the duration of a ``with`` block.

        Args:
            world: a world of this server; when ``None``, one is created, and deleted at the end.
            options: the arguments of `create_world` for that world. The fixture's printed credentials are valid in it.

        Raises:
            RuntimeError: the server does not run; or, when the block begins, the process has a redirect already.
            ValueError: a world is given together with options of a new one.
        """
        if world is not None and options:
            raise ValueError(f"{', '.join(options)}: the world exists already")
        redirection = self.redirection()
        return Redirected(redirection, world or self.create_world(**options), drops_world=world is None)

    def redirection(self) -> Redirection:
        """Return the redirection of this process's connections to worlds of this server, created on first use."""
        if self._redirection is None:
            listener = self.open_listener("redirect")
            self._redirection = Redirection(self, listener, self.hosts, process_environment())
        return self._redirection

    def open_listener(self, name: str) -> RedirectListener:
        """Open two listeners, for HTTP and HTTPS, that serve the providers' hosts from one world at a time."""
        return RedirectListener.open(self, self.service, self.hosts, name)

    @property
    def transport(self) -> InProcess:
        """The connection of this object's methods to the control API, in this process; the server must run."""
        return InProcess(self.service, self.url, self._token)
