"""Where a request goes, and what it says there."""

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
    """Where a request goes."""

    scheme: str
    host: str
    """A name in ASCII, or an address without brackets."""
    port: int
    target: str
    """Path and query, as they go on the wire."""
    login: str | None

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def shown(self) -> str:
        """The URL as it may Be notified: without credentials and query."""
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


def webhook_url(url: str) -> WebhookUrl:
    """Where a URL leads. Percent-encoding stays as it is; only what cannot stand in a request line is encoded."""
    found = _URL.fullmatch(url)
    if found is None:
        shown = _CREDENTIALS.sub("", re.split("[?#]", url)[0])[:200]
        raise WebhookError(f"{shown!r} is not the URL of an http or https server")
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


def headers_of(build_webhook: OutgoingRequest, place: WebhookUrl, agent: str) -> HTTPHeaderDict:
    """The headers that go on the wire; a login in the URL is HTTP Basic."""
    from urllib3 import HTTPHeaderDict

    headers = HTTPHeaderDict(build_webhook.headers)
    headers.setdefault("User-Agent", agent)
    if place.login is not None:
        headers.setdefault("Authorization", f"Basic {b64encode(unquote_to_bytes(place.login)).decode()}")
    return headers


def prepared(build_webhook: OutgoingRequest, place: WebhookUrl) -> PreparedRequest:
    """What the adapter needs to choose a connection; headers and target are put on the wire by the connection."""
    from requests import PreparedRequest
    from requests.structures import CaseInsensitiveDict

    prepared = PreparedRequest()
    prepared.method = build_webhook.method
    prepared.url = f"{place.origin}/"
    prepared.headers = CaseInsensitiveDict({"Content-Length": str(len(build_webhook.body))})  # else it would be chunked
    prepared.body = build_webhook.body or None
    return prepared


_REDIRECTIONS = {301, 302, 303, 307, 308}
_OF_THE_BODY = {"content-length", "content-type", "content-encoding", "transfer-encoding"}
_OF_THE_HOST = {"authorization", "cookie", "host"}


def onward(build_webhook: OutgoingRequest, outcome: Outcome) -> OutgoingRequest | None:
    """The request that a redirect asks for, as browsers make it."""
    location = next((value for name, value in outcome.headers if name.lower() == "location"), None)
    if outcome.status not in _REDIRECTIONS or location is None:
        return None
    with contextlib.suppress(UnicodeError):  # http.client reads headers as latin-1
        location = location.encode("latin-1").decode()
    try:
        url = urljoin(build_webhook.url, location)
    except ValueError:
        url = location
    dropped = set() if webhook_url(url).origin == webhook_url(build_webhook.url).origin else _OF_THE_HOST
    method, body = build_webhook.method, build_webhook.body
    if outcome.status == 303 or (outcome.status in (301, 302) and method == "POST"):
        method, body = ("HEAD" if method == "HEAD" else "GET"), b""
        dropped = dropped | _OF_THE_BODY
    headers = tuple((name, value) for name, value in build_webhook.headers if name.lower() not in dropped)
    return OutgoingRequest(method, url, headers, body)
