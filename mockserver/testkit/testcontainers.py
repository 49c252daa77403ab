"""A container of the image for Testcontainers, which the extra ``testcontainers`` installs.

For tests that need a server of its own process or network, as in production; a test that is written in Python needs no container:
the pytest plugin starts a server in its process.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Self

from mockserver.client import Mock
from mockserver.settings import HTTP_PORT, HTTPS_PORT, PROXY_PORT, Settings

try:
    from testcontainers.core.container import DockerContainer
except ModuleNotFoundError as error:
    if error.name != "testcontainers":
        raise
    error.msg += ": pip install 'sms-mockserver[testcontainers]'"
    raise

IMAGE: Final = "sms-mockserver"


class MockServerContainer(DockerContainer):
    """A container in which the server runs; ready when the ``with`` block begins, and removed at its end."""

    def __init__(
        self, image: str = IMAGE, *, settings: Mapping[str, str] | None = None, timeout: float = 30.0, **options: Any
    ) -> None:
        """Describe the container; nothing runs yet.

        Args:
            image: name of the image, with registry and tag as the engine needs them.
            settings: variables of the server, such as ``{"MOCKSERVER_FREEZE": "2026-06-01T12:00:00Z"}``.
            timeout: time limit for the start, in seconds.
            options: those of ``DockerContainer``.
        """
        super().__init__(image, **options)
        token = Settings(host="0.0.0.0").with_token().token  # noqa: S104 - the server in the container needs one: it is asked from outside
        self.with_exposed_ports(HTTP_PORT, HTTPS_PORT, PROXY_PORT)
        own = {"MOCKSERVER_TOKEN": str(token), "MOCKSERVER_NAMES": self.get_docker_client().host()}
        self.with_envs(**own | dict(settings or {}))
        self._timeout = timeout

    def start(self) -> Self:
        """Start the container, and wait until the server is ready.

        Raises:
            NoServer: it is not ready in time.
        """
        super().start()
        self.get_mock().until_healthy(self._timeout)
        return self

    @property
    def token(self) -> str:
        """The token of the control API."""
        return str(self.env["MOCKSERVER_TOKEN"])

    def get_url(self) -> str:
        """Return the URL at which this machine reaches the server: base URL of clients, and MOCKSERVER_URL of commands."""
        return self._url("http", HTTP_PORT)

    def get_https_url(self) -> str:
        """Return its URL for HTTPS."""
        return self._url("https", HTTPS_PORT)

    def get_proxy_url(self) -> str:
        """Return the URL of its forward proxy, which leads clients with the providers' own hosts to it."""
        return self._url("http", PROXY_PORT)

    def get_certificate(self) -> str:
        """Return the certificate of its CA, for clients to trust, as PEM."""
        return str(self.get_mock().addresses()["pem"])

    def get_mock(self) -> Mock:
        """Return a client of the server's control API: worlds, clock, faults, journal."""
        return Mock.at(self.get_url(), self.token)

    def _url(self, scheme: str, port: int) -> str:
        return f"{scheme}://{self.get_container_host_ip()}:{self.get_exposed_port(port)}"
