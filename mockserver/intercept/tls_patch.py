"""TLS to the providers' hosts, verified for real, against our CA in place of the client's roots.

A client's context exists long before the redirect: a module's ``requests.Session()`` has one. So it is left as it is, and
every handshake with a provider's host is made by a twin of it that verifies as much as it does: the name, or nothing at
all for a client that wants that. The twin trusts our CA alone, because no one else can be at the other end.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

from .hosts import Hosts, plain
from .monkeypatch import Monkeypatch


class TlsPatch:
    """What ``ssl.SSLContext`` does for our hosts."""

    def __init__(self, hosts: Hosts, ca: str) -> None:
        """Nothing is changed yet.

        Args:
            hosts: whom we are.
            ca: the certificate of ours, in PEM.
        """
        self._hosts = hosts
        self._ca = ca

    def install(self, patches: Monkeypatch) -> None:
        """From now on."""
        for name, place in (("wrap_socket", 5), ("wrap_bio", 3)):
            self._install(patches, name, place)

    def _install(self, patches: Monkeypatch, name: str, place: int) -> None:
        usual: Callable[..., Any] = getattr(ssl.SSLContext, name)

        def wrap(context: ssl.SSLContext, *args: Any, **kwargs: Any) -> Any:
            host = (
                kwargs["server_hostname"] if "server_hostname" in kwargs else args[place] if len(args) > place else None
            )
            return usual(self._twin(context) if self._hosts.is_served(plain(host)) else context, *args, **kwargs)

        patches.put(ssl.SSLContext, name, wrap)

    def _twin(self, context: ssl.SSLContext) -> ssl.SSLContext:
        twin = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        twin.check_hostname = False  # before the mode, which it would forbid
        twin.verify_mode = context.verify_mode
        twin.check_hostname = context.check_hostname
        twin.verify_flags = context.verify_flags
        twin.sslsocket_class, twin.sslobject_class = context.sslsocket_class, context.sslobject_class
        twin.load_verify_locations(cadata=self._ca)
        return twin
