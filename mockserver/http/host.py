"""The syntax of a ``Host`` header."""

from __future__ import annotations

import re

# RFC 9110 7.2: Host = uri-host [ ":" port ]; RFC 3986 3.2.2: IP-literal / IPv4address / reg-name. A comma is left out, as
# proxies join two headers by it.
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+(?:%[\w.~-]+)?\]|[A-Za-z0-9._~!$&'()*+;=%-]*)(?::[0-9]*)?", re.ASCII)

MISSING = " "
"""Stands for a header that HTTP/1.1 requires and that was not sent; it is no host."""


def is_host(value: str) -> bool:
    """Return whether a value is a host, with or without a port, or empty."""
    return _HOST.fullmatch(value) is not None
