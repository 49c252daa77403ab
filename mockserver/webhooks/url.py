"""Webhook URLs, and the requests that are made from them."""

from __future__ import annotations

import contextlib
import re
from base64 import b64encode
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes, urljoin

from mockserver.engine.deliveries import Outcome, OutgoingRequest

from .errors import WebhookError


class WebhookUrl(NamedTuple):
    """A URL in its parts."""

    scheme: str
    host: str
    """A host name in ASCII, or an address without brackets."""
    port: int
    target: str
    """Path and query, as they go on the wire."""
    login: str | None

    @property
    def host_and_port(self) -> str:
        """Host and port."""
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://{self.host_and_port}"

    @property
    def redacted(self) -> str:
        """The URL for messages: without credentials and query."""
        usual = f":{_PORTS[self.scheme]}"
        return self.origin.removesuffix(usual) + self.target.partition("?")[0]


_LONGEST_NAME = 253
"""Characters of a host's name (RFC 1035)."""
_PORTS = {"http": 80, "https": 443}
_URL = re.compile(
    r"(?P<scheme>https?)://(?:(?P<login>[^/?#]*)@)?"
    r"""(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>[^][\s:@/\\?#<>"^`{|}%\x00-\x1f\x7f]+))(?::(?P<port>[0-9]{0,5}))?"""
    r"(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?(?:#.*)?",
    re.IGNORECASE | re.DOTALL,
)
_UNWRITABLE = re.compile(r"[^!-~]+")
_HEADER_NAME = re.compile(r"[^:\s][^:\r\n]*")
_LINE_BREAK = re.compile(r"\n(?![ \t])|\r(?![ \t\n])")
"""A line break in a header's value that does not continue it (RFC 9112, 5.2)."""
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def parse_webhook_url(url: str) -> WebhookUrl:
    """Parse a URL. Percent-encoding stays as it is; only what a request line cannot carry is encoded.

    Raises:
        WebhookError: it is not the URL of an HTTP server.
    """
    found = _URL.fullmatch(url)
    if found is None:
        parts = re.split("[?#]", url, maxsplit=1)[0].split("/")
        redacted = "/".join(part.rpartition("@")[2] for part in parts)[:200]  # without credentials
        raise WebhookError(f"{redacted!r} is not the URL of an http or https server")
    scheme = found["scheme"].lower()
    port = int(found["port"] or _PORTS[scheme])
    host = _ascii(found["address"] or found["name"]).lower()
    if not 0 < port < 65536:
        raise WebhookError(f"{host}:{port} is no port of a server")
    target = (found["path"] or "/") + (found["query"] or "")
    return WebhookUrl(
        scheme, host, port, _UNWRITABLE.sub(lambda run: quote(run[0], errors="replace"), target), found["login"]
    )


def _ascii(name: str) -> str:
    if name.isascii():
        return name
    try:
        if len(name) > _LONGEST_NAME:  # the codec takes quadratic time
            raise UnicodeError
        return name.encode("idna").decode()
    except UnicodeError:
        raise WebhookError(f"{name!r} is not the name of a server") from None


def write_request(request: OutgoingRequest, url: WebhookUrl, agent: str) -> bytes:
    """Return the bytes of a request.

    Raises:
        ValueError: its method or a header cannot be written in HTTP.
    """
    if not _TOKEN.fullmatch(request.method):
        raise ValueError(f"{request.method!r} is no HTTP method")
    lines = [f"{request.method} {url.target} HTTP/1.1".encode("ascii")]
    for name, value in _build_headers(request, url, agent):
        if not _HEADER_NAME.fullmatch(name) or _LINE_BREAK.search(value):
            raise ValueError(f"{name!r} is no HTTP header")
        lines.append(b"%b: %b" % (name.encode("ascii"), value.encode("latin-1")))
    return b"\r\n".join((*lines, b"", request.body))


def _build_headers(request: OutgoingRequest, url: WebhookUrl, agent: str) -> list[tuple[str, str]]:
    """Build the headers that are sent: the request's own, after those that it lacks.

    A login in the URL becomes HTTP Basic credentials.
    """
    usual = f":{_PORTS[url.scheme]}"
    lacking = {"Host": url.host_and_port.removesuffix(usual), "Accept-Encoding": "identity"}
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        lacking["Content-Length"] = str(len(request.body))
    given = {name.lower() for name, _ in request.headers}
    added = {"User-Agent": agent}
    if url.login is not None:
        added["Authorization"] = f"Basic {b64encode(unquote_to_bytes(url.login)).decode()}"
    before, after = (
        [(name, value) for name, value in some.items() if name.lower() not in given] for some in (lacking, added)
    )
    return [*before, *request.headers, *after]


_REDIRECT_STATUSES = {301, 302, 303, 307, 308}
_BODY_HEADERS = {"content-length", "content-type", "content-encoding", "transfer-encoding"}
_HOST_HEADERS = {"authorization", "cookie", "host"}


def redirected_request(request: OutgoingRequest, outcome: Outcome) -> OutgoingRequest | None:
    """Return the request that follows a redirect, as browsers make it; ``None`` when the outcome is no redirect."""
    location = next((value for name, value in outcome.headers if name.lower() == "location"), None)
    if outcome.status not in _REDIRECT_STATUSES or location is None:
        return None
    with contextlib.suppress(UnicodeError):  # headers are read as latin-1
        location = location.encode("latin-1").decode()
    try:
        url = urljoin(request.url, location)
    except ValueError:
        url = location
    dropped = set() if parse_webhook_url(url).origin == parse_webhook_url(request.url).origin else _HOST_HEADERS
    method, body = request.method, request.body
    if outcome.status == 303 or (outcome.status in (301, 302) and method == "POST"):
        method, body = ("HEAD" if method == "HEAD" else "GET"), b""
        dropped = dropped | _BODY_HEADERS
    headers = tuple((name, value) for name, value in request.headers if name.lower() not in dropped)
    return OutgoingRequest(method, url, headers, body)
