"""Makes TLS connections to the providers' hosts trust the mock server's CA in place of the client's root certificates.

A client's context may exist before the redirect: a module's ``requests.Session()`` has one. So it is not changed. Every
handshake with a provider's host uses a copy that verifies as much as the original does, host name included, or nothing if
the client asked for that. The copy trusts only our CA, because only our listener can be at the other end.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

from .hosts import Hosts, normalize_host
from .monkeypatch import Monkeypatch


class TlsPatch:
    """The change to ``ssl.SSLContext`` for the providers' hosts."""

    def __init__(self, hosts: Hosts, ca: str) -> None:
        """Create it; nothing is changed yet.

        Args:
            hosts: the providers' hosts.
            ca: the certificate of the CA, in PEM.
        """
        self._hosts = hosts
        self._ca = ca

    def install(self, patches: Monkeypatch) -> None:
        """Install the change."""
        for name, position in (("wrap_socket", 5), ("wrap_bio", 3)):
            self._install(patches, name, position)

    def _install(self, patches: Monkeypatch, name: str, position: int) -> None:
        original: Callable[..., Any] = getattr(ssl.SSLContext, name)

        def wrap(context: ssl.SSLContext, *args: Any, **kwargs: Any) -> Any:
            host = (
                kwargs["server_hostname"]
                if "server_hostname" in kwargs
                else args[position]
                if len(args) > position
                else None
            )
            return original(
                self._copy_context(context) if self._hosts.is_served(normalize_host(host)) else context, *args, **kwargs
            )

        patches.put(ssl.SSLContext, name, wrap)

    def _copy_context(self, context: ssl.SSLContext) -> ssl.SSLContext:
        copy = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        copy.check_hostname = False  # must be off while verify_mode is set
        copy.verify_mode = context.verify_mode
        copy.check_hostname = context.check_hostname
        copy.verify_flags = context.verify_flags
        copy.sslsocket_class, copy.sslobject_class = context.sslsocket_class, context.sslobject_class
        copy.load_verify_locations(cadata=self._ca)
        return copy
