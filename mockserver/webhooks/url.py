"""Webhook URLs, and the requests that are made from them."""

from __future__ import annotations

import contextlib
import re
from base64 import b64encode
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote_to_bytes, urljoin

from mockserver.engine.deliveries import Outcome, OutgoingRequest

from .errors import WebhookError

if TYPE_CHECKING:
    from requests import PreparedRequest
    from urllib3 import HTTPHeaderDict


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
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def redacted(self) -> str:
        """The URL for messages: without credentials and query."""
        usual = f":{_PORTS[self.scheme]}"
        return self.origin.removesuffix(usual) + self.target.partition("?")[0]


_PORTS = {"http": 80, "https": 443}
_URL = re.compile(
    r"(?P<scheme>https?)://(?:(?P<login>[^/?#]*)@)?"
    r"""(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>[^][\s:@/\\?#<>"^`{|}%\x00-\x1f\x7f]+))(?::(?P<port>[0-9]{0,5}))?"""
    r"(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?(?:#.*)?",
    re.IGNORECASE | re.DOTALL,
)
_CREDENTIALS = re.compile(r"[^/]*@")
_UNWRITABLE = re.compile(r"[^!-~]+")


def parse_webhook_url(url: str) -> WebhookUrl:
    """Parse a URL. Percent-encoding stays as it is; only what a request line cannot carry is encoded.

    Raises:
        WebhookError: it is not the URL of an HTTP server.
    """
    found = _URL.fullmatch(url)
    if found is None:
        redacted = _CREDENTIALS.sub("", re.split("[?#]", url)[0])[:200]
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
        return name.encode("idna").decode()
    except UnicodeError:
        raise WebhookError(f"{name!r} is not the name of a server") from None


def build_headers(request: OutgoingRequest, url: WebhookUrl, agent: str) -> HTTPHeaderDict:
    """Build the headers that are sent; a login in the URL becomes HTTP Basic credentials."""
    from urllib3 import HTTPHeaderDict

    headers = HTTPHeaderDict(request.headers)
    headers.setdefault("User-Agent", agent)
    if url.login is not None:
        headers.setdefault("Authorization", f"Basic {b64encode(unquote_to_bytes(url.login)).decode()}")
    return headers


def prepare_request(request: OutgoingRequest, url: WebhookUrl) -> PreparedRequest:
    """Prepare what the adapter needs to choose a connection; `PinnedConnection` writes the headers and the target."""
    from requests import PreparedRequest
    from requests.structures import CaseInsensitiveDict

    prepared = PreparedRequest()
    prepared.method = request.method
    prepared.url = f"{url.origin}/"
    prepared.headers = CaseInsensitiveDict({"Content-Length": str(len(request.body))})  # else it would be chunked
    prepared.body = request.body or None
    return prepared


_REDIRECT_STATUSES = {301, 302, 303, 307, 308}
_BODY_HEADERS = {"content-length", "content-type", "content-encoding", "transfer-encoding"}
_HOST_HEADERS = {"authorization", "cookie", "host"}


def redirected_request(request: OutgoingRequest, outcome: Outcome) -> OutgoingRequest | None:
    """Return the request that follows a redirect, as browsers make it; ``None`` when the outcome is no redirect."""
    location = next((value for name, value in outcome.headers if name.lower() == "location"), None)
    if outcome.status not in _REDIRECT_STATUSES or location is None:
        return None
    with contextlib.suppress(UnicodeError):  # http.client reads headers as latin-1
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
