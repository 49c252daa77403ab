"""Which proxies are trusted, and the URL that a client used as their `Forwarded` and `X-Forwarded-*` headers tell it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

_PRIVATE = ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
_WORDS: Mapping[str, tuple[str, ...]] = {"private": _PRIVATE, "any": ("0.0.0.0/0", "::/0"), "none": ()}

FORWARDING_HEADERS = frozenset(
    ("forwarded", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "x-forwarded-prefix")
)
"""The headers that are read, in small letters."""

_PAIR = re.compile(r'([!#$%&\'*+.^_`|~0-9a-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))', re.IGNORECASE)
_PART = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^";])+')
_FIRST_ELEMENT = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^",])*')
_HOST = re.compile(r"(?:[a-z0-9._-]+|\[[a-f0-9:.]+\])(?P<port>:[0-9]{1,5})?", re.IGNORECASE)
_PREFIX = re.compile(r"(?:/[^/?#\x00-\x20\x7f]+)+")
_DEFAULT_PORTS = {"http": "80", "https": "443"}


class ForwardedUrl(NamedTuple):
    """The parts of the URL that a client used before proxies changed them."""

    scheme: str
    host: str
    """With a port where it is not the scheme's own."""
    prefix: str
    """The path, decoded, that a proxy took away from the beginning; empty if none."""


class TrustedProxies:
    """The addresses of the proxies whose headers count."""

    def __init__(self, text: str = "private") -> None:
        """Read the setting.

        Args:
            text: ``private`` (loopback and private addresses), ``any``, ``none``, addresses and networks, with commas between.

        Raises:
            ValueError: a part is none of these; the message names it.
        """
        parts = [part for part in map(str.strip, text.split(",")) if part]
        self._networks = tuple(
            ipaddress.ip_network(network) for part in parts for network in _WORDS.get(part.lower(), (part,))
        )
        self._is_trusted = lru_cache(maxsize=256)(self._find)

    def trust(self, client: tuple[str, int] | None) -> bool:
        """Return whether the headers of a peer count; one without an address, such as a Unix socket, is this machine."""
        return self._is_trusted(client[0] if client and client[0] else "127.0.0.1")

    def _find(self, text: str) -> bool:
        try:
            address = ipaddress.ip_address(text.partition("%")[0])
        except ValueError:
            return False
        plain = getattr(address, "ipv4_mapped", None) or address
        return any(plain in network for network in self._networks)


def read_forwarded(fields: Mapping[str, str], scheme: str, host: str) -> ForwardedUrl:
    """Return the URL that the client used, as far as the headers tell it; what cannot be read is ignored.

    `Forwarded` (RFC 7239) counts before `X-Forwarded-*`. Where several proxies have each added a value, the first is of the one
    that the client reached.

    Args:
        fields: the headers by name in small letters.
        scheme: the scheme of the request as we received it.
        host: its Host header.
    """
    standard = _parse_first_element(fields.get("forwarded", ""))
    proto = (standard.get("proto") or _first(fields, "x-forwarded-proto")).lower()
    if proto in _DEFAULT_PORTS:
        scheme = proto
    name = standard.get("host") or _first(fields, "x-forwarded-host")
    if _HOST.fullmatch(name):
        host = name
    return ForwardedUrl(scheme, _with_port(host, _first(fields, "x-forwarded-port"), scheme), _read_prefix(fields))


def _with_port(host: str, port: str, scheme: str) -> str:
    """Return a host with a port that a header names, if it has none and needs one."""
    found = _HOST.fullmatch(host)
    is_needed = re.fullmatch("[0-9]{1,5}", port, re.ASCII) and port != _DEFAULT_PORTS[scheme]
    return f"{host}:{port}" if is_needed and found and found["port"] is None else host


def _read_prefix(fields: Mapping[str, str]) -> str:
    found = _PREFIX.fullmatch(_first(fields, "x-forwarded-prefix").rstrip("/"))
    return unquote(found[0]) if found else ""


def _first(fields: Mapping[str, str], name: str) -> str:
    return fields.get(name, "").partition(",")[0].strip()


def _parse_first_element(header: str) -> dict[str, str]:
    """Return the pairs of the first element of a `Forwarded` header, by name in small letters."""
    element = _FIRST_ELEMENT.match(header)
    # Split first: a search for pairs would begin anew at each character of what is none.
    parts = _PART.findall(element[0]) if element else ()
    pairs = filter(None, (_PAIR.fullmatch(part.strip()) for part in parts))
    return {
        name.lower(): re.sub(r"\\(.)", r"\1", quoted or "") or token or ""
        for name, quoted, token in map(re.Match.groups, pairs)
    }
