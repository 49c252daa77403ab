"""How the verbs lead a child to a server: its kit, from a server that runs here or elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from .common import CliError

if TYPE_CHECKING:
    from mockserver.client import Mock
    from mockserver.intercept.environment import ClientEnvironment
    from mockserver.server import MockServer


def environment_of(server: MockServer, parent: Mapping[str, str]) -> ClientEnvironment:
    """What leads a child to a server in this process. Raises OSError when files cannot be kept."""
    from mockserver.app import HOSTS
    from mockserver.intercept.environment import client_environment

    return client_environment(server.ca.trust, server.url, server.proxy_url, HOSTS, wgetrc(parent))


def environment_for(mock: Mock, parent: Mapping[str, str], folder: Path | None = None) -> ClientEnvironment:
    """What leads a child to a server that runs elsewhere, on another machine perhaps. Files are kept in a folder of the user's.

    Raises:
        Failed: it has no HTTPS, or no proxy.
        OSError: files cannot be kept.
    """
    from mockserver.intercept.environment import client_environment
    from mockserver.intercept.trust import Folder, Trust

    found = mock.addresses()
    for name in ("https", "proxy"):
        if found[name] is None:
            raise CliError(
                f"the server at {mock.url} has no {name}; it was started with --no-{name}, or not by mockserver serve"
            )
    proxy = _as_it_is_reached(found["proxy"], mock.url)
    return client_environment(
        Trust(Folder(folder), found["pem"].encode()), mock.url, proxy, found["hosts"], wgetrc(parent)
    )


def _as_it_is_reached(address: str, url: str) -> str:
    """One of a server's addresses, at the host by which the server was asked: it knows its own only from inside."""
    host, port = urlsplit(url).hostname or "", urlsplit(address).port
    return urlunsplit(("http", f"[{host}]:{port}" if ":" in host else f"{host}:{port}", "", "", ""))


def wgetrc(parent: Mapping[str, str]) -> bytes:
    """The user's own start-up file of Wget's."""
    try:
        return Path(parent.get("WGETRC") or Path.home() / ".wgetrc").read_bytes()
    except (OSError, RuntimeError):  # there is none, or no home
        return b""
