"""The environment that redirects a child process to a server, in this process or elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .common import CliError

if TYPE_CHECKING:
    from mockserver.client import Mock
    from mockserver.intercept.environment import ClientEnvironment
    from mockserver.server import MockServer


def environment_of(server: MockServer, parent: Mapping[str, str]) -> ClientEnvironment:
    """Return the environment for children of a server in this process.

    Raises:
        OSError: the certificate files cannot be written.
    """
    from mockserver.intercept.environment import client_environment

    return client_environment(
        server.ca.trust, server.url, server.proxy_url, server.service.providers.hosts, parent, wgetrc(parent)
    )


def environment_for(mock: Mock, parent: Mapping[str, str], folder: Path | None = None) -> ClientEnvironment:
    """Return the environment for clients of a server in another process or on another machine.

    Args:
        mock: the server.
        parent: the environment of this process.
        folder: where the certificate files are written; the user's cache when ``None``.

    Raises:
        CliError: the server has no HTTPS or no proxy.
        OSError: the certificate files cannot be written.
    """
    from mockserver.intercept.environment import client_environment
    from mockserver.intercept.trust import Folder, Trust

    found = mock.addresses()
    for name in ("https", "proxy"):
        if found[name] is None:
            raise CliError(
                f"the server at {mock.url} has no {name}; it was started with --no-{name}, or not by mockserver serve"
            )
    return client_environment(
        Trust(Folder(folder), found["pem"].encode()), mock.url, found["proxy"], found["hosts"], parent, wgetrc(parent)
    )


def wgetrc(parent: Mapping[str, str]) -> bytes:
    """Return the content of the user's .wgetrc; empty when there is none."""
    try:
        return Path(parent.get("WGETRC") or Path.home() / ".wgetrc").read_bytes()
    except (OSError, RuntimeError):  # no such file, or no home directory
        return b""
