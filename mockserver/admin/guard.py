"""Access control: requires the token off loopback, and otherwise a host name of the server; rejects pages of other sites.

Another site can point its own host name to this machine (DNS rebinding), so that the browser lets its pages read our
responses. Where no token protects them, only requests to names that are the server's are answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from hmac import compare_digest
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from mockserver.client.token_file import read_token, token_path
from mockserver.http.host import MISSING, is_host
from mockserver.settings import Settings

from .errors import BadRequest, ForbiddenOrigin, NoToken, UnknownHost


def check(environ: Mapping[str, Any], settings: Settings, is_open: bool) -> None:
    """Check whether a request may use the control API.

    Args:
        environ: the WSGI environment.
        settings: the address to listen on, the names, and the token.
        is_open: whether the endpoint needs no token.

    Raises:
        BadRequest: the Host header is missing in HTTP/1.1, or names no host.
        ForbiddenOrigin: a page of another site sent it.
        NoToken: the token is missing or wrong.
        UnknownHost: no token is required, and the Host header has no name of the server.
    """
    is_host_needed = environ.get("SERVER_PROTOCOL") == "HTTP/1.1"
    if not is_host(environ.get("HTTP_HOST", MISSING if is_host_needed else "")):
        raise BadRequest("the Host header is missing or names no host")
    requires_token = settings.needs_token and not is_loopback(settings.host)
    if not requires_token:
        _check_host(environ.get("HTTP_HOST"), settings)
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None and not _is_ours(origin, environ, settings):
        raise ForbiddenOrigin(f"pages of {origin[:200]!r} may not use this API")
    if not is_open and requires_token:
        _check_token(environ.get("HTTP_AUTHORIZATION", ""), settings)


def is_loopback(host: str) -> bool:
    """Return whether a host can be reached only from this machine."""
    name = host.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _check_host(header: str | None, settings: Settings) -> None:
    """Check the Host header, which every browser sends."""
    if header is None:
        return
    try:
        host = (urlsplit(f"//{header}").hostname or "").removesuffix(".")
    except ValueError:
        host = ""
    if is_loopback(host) or host in map(str.lower, settings.own_names):
        return
    if settings.listens_everywhere and _is_address(host):  # a site cannot give itself an address of this machine
        return
    raise UnknownHost(
        f"{header[:200]!r} is not a name of this server; mockserver serve --name NAME (MOCKSERVER_NAMES) gives it another"
    )


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_ours(origin: str, environ: Mapping[str, Any], settings: Settings) -> bool:
    """Return whether the page has the same origin as the request.

    If the server listens on loopback, the origin must be a loopback host too: another site could point its own host name
    to this address, so that its pages have our origin (DNS rebinding).
    """
    try:
        host = urlsplit(origin).hostname or ""
    except ValueError:
        return False
    own = f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '')}"
    return origin.lower() == own.lower() and (is_loopback(host) or not is_loopback(settings.host))


def _check_token(authorization: str, settings: Settings) -> None:
    token = settings.token
    scheme, _, shown = authorization.partition(" ")
    # WSGI decodes headers as Latin-1. The comparison takes the same time wherever the difference is.
    if not token or scheme.lower() != "bearer" or not compare_digest(shown.strip().encode("latin-1"), token.encode()):
        is_kept = token is not None and token == read_token(settings.data)
        where = (
            f"in {token_path(settings.data)} on its machine" if is_kept else "what --token or MOCKSERVER_TOKEN gave it"
        )
        raise NoToken(
            "this server does not listen on loopback only, so it requires its token: Authorization: Bearer TOKEN; "
            f"the token is {where}"
        )
