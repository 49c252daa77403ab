"""Which addresses webhooks may be sent to."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator, Sequence
from typing import TypeAlias

from .errors import WebhookError
from .url import WebhookUrl

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


def _networks(*texts: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


_PRIVATE = _networks("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
_FORBIDDEN = {
    "the metadata service of a cloud": _networks(
        "169.254.169.254/32",
        "fd00:ec2::/32",
        "fd20:ce::254/128",
        "100.100.100.200/32",
        "168.63.129.16/32",
        "192.0.0.192/32",
    ),
    "a link-local address": _networks("169.254.0.0/16", "fe80::/10"),
    "an unspecified address": _networks("0.0.0.0/8", "::/128"),
    "a multicast address": _networks("224.0.0.0/4", "ff00::/8"),
    "a broadcast or reserved address": _networks("240.0.0.0/4"),
}
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")


def is_private_address(text: str) -> bool:
    """Return whether an address is a loopback or private one, and not the metadata service of a cloud."""
    address = ipaddress.ip_address(text.partition("%")[0])
    plain = getattr(address, "ipv4_mapped", None) or address
    is_forbidden = any(plain in network for networks in _FORBIDDEN.values() for network in networks)
    return not is_forbidden and any(plain in network for network in _PRIVATE)


class AddressPolicy:
    """The addresses that webhooks may be sent to."""

    def __init__(self, targets: str | Collection[str]) -> None:
        self._is_any = targets == "any"
        self._named = frozenset() if isinstance(targets, str) else frozenset(map(str.lower, targets))

    def allowed(self, url: WebhookUrl, addresses: Sequence[str]) -> list[str]:
        """Return those of a host's addresses that may be connected to.

        Raises:
            WebhookError: none may be.
        """
        errors = {address: self._find_error(url, address) for address in addresses}
        allowed = [address for address, error in errors.items() if error is None]
        if not allowed:
            raise WebhookError(f"{url.redacted} is not called: {next(iter(errors.values()))}")
        return allowed

    def _find_error(self, url: WebhookUrl, text: str) -> str | None:
        address = ipaddress.ip_address(text.partition("%")[0])
        for equivalent in _equivalent_addresses(address):
            for what, networks in _FORBIDDEN.items():
                if any(equivalent in network for network in networks):
                    return f"{text} is {what}, and these are never called"
        plain = getattr(address, "ipv4_mapped", None) or address
        if self._is_any or any(plain in network for network in _PRIVATE):
            return None
        names = [f"{f'[{name}]' if ':' in name else name}:{url.port}" for name in (url.host, text)]
        if not self._named.isdisjoint(names):
            return None
        return f"{text} is neither loopback nor private; to allow it, name {names[0]} among the targets, or set them to any"


def _equivalent_addresses(address: Address) -> Iterator[Address]:
    """Yield an address, and the IPv4 addresses that are embedded in it."""
    yield address
    if isinstance(address, ipaddress.IPv6Address):
        translated = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _TRANSLATED else None
        yield from filter(None, (address.ipv4_mapped, address.sixtofour, translated))
