"""What happens to this process's connections to the providers' hosts: they are redirected, blocked or left alone.

The last rule that began and has not ended decides. The changes of `sockets.py` ask for it at each name, each connection and
each request to a proxy, so a function that a module has taken from ``socket`` earlier follows the rule in force as well.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from typing import NoReturn, TypeAlias

from .hosts import PORTS, BlockedConnection, Hosts, RequestedAddress, normalize_host

Address: TypeAlias = tuple[str, int]

_PLACEHOLDER = "127.83.77.{}"
"""A placeholder address: in 127.0.0.0/8, which never leaves this machine, and where usually no server listens."""
MAPPED = "::ffff:{}"
"""An IPv4 address in the form for IPv6 sockets."""


class ConnectionRule:
    """A rule that leaves every connection alone; the base class of the others."""

    def placeholder(self, host: object, port: object = None) -> str | None:  # noqa: ARG002 - for subclasses
        """Return the address to which a host name is resolved; ``None`` to resolve it as usual.

        Raises:
            BlockedConnection: the host must not be reached.
        """
        return None

    def listener(self, host: object, port: object) -> Address | None:  # noqa: ARG002 - for subclasses
        """Return the address to connect to in place of a requested one; ``None`` to connect as requested.

        Raises:
            BlockedConnection: the host must not be reached.
        """
        return None

    def server_name(self, host: object) -> str:
        """Return the host name that a requested name or address stands for."""
        return normalize_host(host)

    def check_proxied(self, requested: RequestedAddress, is_ours: Callable[[], bool]) -> None:
        """Check a request that is about to be sent to a proxy.

        Args:
            requested: the host and port that the proxy would connect to.
            is_ours: tells whether the proxy is a mock server's.

        Raises:
            BlockedConnection: the host must not be reached by this proxy.
        """


_rules: list[ConnectionRule] = []
_NO_RULE = ConnectionRule()


def current_rule() -> ConnectionRule:
    """Return the rule in force."""
    return _rules[-1] if _rules else _NO_RULE


def rule_before(rule: ConnectionRule) -> ConnectionRule:
    """Return the rule that was in force when a rule began."""
    place = _rules.index(rule) if rule in _rules else 0
    return _rules[place - 1] if place else _NO_RULE


def begin_rule(rule: ConnectionRule) -> None:
    """Put a rule in force, until `end_rule`."""
    _rules.append(rule)


def end_rule(rule: ConnectionRule) -> None:
    """End a rule; the one before it is in force again."""
    for place in reversed(range(len(_rules))):
        if _rules[place] is rule:
            del _rules[place]
            return


class BlockRule(ConnectionRule):
    """A rule that blocks every connection to a provider, because no world would answer it."""

    def __init__(self, load_hosts: Callable[[], Hosts], hint: str) -> None:
        """Create it.

        Args:
            load_hosts: returns the providers' hosts; called at the first host name that is not this machine's.
            hint: what the user can do, for the error message.
        """
        self.blocked: list[RequestedAddress] = []
        """The blocked connections."""
        self._load_hosts = load_hosts
        self._hosts: Hosts | None = None
        self._hint = hint

    def placeholder(self, host: object, port: object = None) -> None:
        """Check a host name."""
        self._check(normalize_host(host), port_number(port))

    def listener(self, host: object, port: object) -> None:
        """Check the host of a connection."""
        self._check(normalize_host(host), port_number(port))

    def check_proxied(self, requested: RequestedAddress, is_ours: Callable[[], bool]) -> None:
        """Check the host of a request to a proxy; a mock server's proxy is allowed."""
        if self._is_provider(requested.host) and not is_ours():
            self._block(requested)

    def _check(self, name: str, port: int | None) -> None:
        if self._is_provider(name):
            self._block(RequestedAddress(name, port))

    def _is_provider(self, name: str) -> bool:
        if name in ("", "localhost") or ":" in name or name.replace(".", "").isdigit():
            return False
        if self._hosts is None:
            hosts = self._load_hosts()
            if not hosts.served:
                raise BlockedConnection(
                    errno.EHOSTUNREACH,
                    f"{name} is blocked, for mockserver cannot find the installed providers, so it may be one's;"
                    f" nothing was sent. {self._hint}",
                )
            self._hosts = hosts
        return self._hosts.is_provider_domain(name)

    def _block(self, requested: RequestedAddress) -> NoReturn:
        self.blocked.append(requested)
        raise BlockedConnection(
            errno.EHOSTUNREACH,  # with a number, because aiohttp reports only the text after it
            f"{requested} is a provider's, and mockserver blocks it because no world would answer; nothing was sent."
            f" {self._hint}",
        )


class RedirectRule(ConnectionRule):
    """A rule that leads connections to the providers' hosts to a listener, and blocks what the listener does not serve.

    About hosts of providers that its server does not serve, the rule before it decides.

    A provider's name resolves to an unused loopback address, its placeholder, with the requested port. A connection to a
    placeholder goes to the listener for that port. It takes two steps because some clients use only the resolved address,
    with the port that they requested.
    """

    def __init__(
        self, hosts: Hosts, listeners: Mapping[int, Address], report: Callable[[RequestedAddress], object]
    ) -> None:
        """Create it.

        Args:
            hosts: the providers' hosts.
            listeners: the address of the listener for each port that clients request.
            report: is called with the address of each blocked connection.
        """
        self._hosts = hosts
        self._listeners = dict(listeners)
        self._report = report
        self._placeholders = {name: _PLACEHOLDER.format(number) for number, name in enumerate(sorted(hosts.served), 1)}
        self._names = {placeholder: name for name, placeholder in self._placeholders.items()}
        self._names |= {MAPPED.format(placeholder): name for placeholder, name in self._names.items()}

    def placeholder(self, host: object, port: object = None) -> str | None:
        """Return the placeholder address of a host name; ``None`` if it is not a provider's."""
        name, number = normalize_host(host), port_number(port)
        if not self._hosts.is_provider_domain(name):
            return rule_before(self).placeholder(host, port)
        placeholder = self._placeholders.get(name)
        if placeholder is None or (number and number not in self._listeners):
            self._block(name, number)
        return placeholder

    def listener(self, host: object, port: object) -> Address | None:
        """Return the listener for a host name or placeholder address; ``None`` if the connection is not redirected."""
        name = self.server_name(host)
        if self.placeholder(name, port) is None:
            return None
        return self._listeners.get(port_number(port) or 0) or self._block(name, port_number(port))

    def server_name(self, host: object) -> str:
        """Return the host name that a requested name or placeholder address stands for."""
        return self._names.get(normalize_host(host), normalize_host(host))

    def check_proxied(self, requested: RequestedAddress, is_ours: Callable[[], bool]) -> None:
        """Check the host of a request to a proxy: a provider's host must not be reached by another's proxy."""
        if not self._hosts.is_provider_domain(requested.host):
            rule_before(self).check_proxied(requested, is_ours)
        elif not is_ours():
            self._report(requested)
            raise BlockedConnection(
                errno.EHOSTUNREACH,
                f"{requested} is a provider's, and mockserver keeps it from the proxy that the client was given;"
                " nothing was sent. Make the client without a proxy.",
            )

    def _block(self, host: str, port: int | None) -> NoReturn:
        requested = RequestedAddress(host, port)
        self._report(requested)
        raise BlockedConnection(
            errno.EHOSTUNREACH,  # with a number, because aiohttp reports only the text after it
            f"{requested} is a provider's, but mockserver serves only {', '.join(sorted(self._hosts.served))},"
            f" on the ports {' and '.join(map(str, sorted(self._listeners)))}; nothing was sent",
        )


def port_number(port: object) -> int | None:
    """Return the number of a port, which may be a service name; ``None`` if it is not known."""
    text = port.decode("ascii", "replace") if isinstance(port, bytes) else str(port)
    return PORTS.get(text, int(text) if text.isdigit() else None)
