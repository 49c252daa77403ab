"""The errors with which the forward proxy rejects requests, and the application that responds with them."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from mockserver.engine.provider_errors import ProviderError, Source

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

ERROR = "mockserver.error"
"""The key of the environ that holds the error."""


class ProxyError(ProviderError):
    """An error of the proxy. It is the mock server's own, so it has no source in a provider's document."""

    source = Source(None, None, None)


class HostRejected(ProxyError):
    """The host is neither a provider's nor allowed."""

    status = 403
    description = (
        "{host} is blocked by mockserver, --allow-host {host} allows it: "
        "the proxy forwards only to the providers' hosts and private addresses{near}"
    )
    hint = "Use a provider's host, or start the server with --allow-host {host}."


class PortRejected(ProxyError):
    """The port of a provider's host is not served."""

    status = 403
    description = "{host} is not served on port {port}; {instead}"
    hint = "Use port 443 or 80 of {host}."


class NotAProxyRequest(ProxyError):
    """The request is neither CONNECT nor one with an absolute URL."""

    status = 400
    description = (
        "this is a forward proxy: it takes CONNECT and absolute URLs; set HTTPS_PROXY and http_proxy to this address, "
        "as `mockserver env` prints them"
    )
    hint = "Set HTTPS_PROXY and http_proxy to this address in place of a base URL."


class HostUnreachable(ProxyError):
    """The host is allowed, but cannot be reached."""

    status = 502
    description = "{host}:{port} cannot be reached: {reason}"
    hint = "Start the server that should listen on {host}:{port}."


class BodyTooLarge(ProxyError):
    """The body of a request for another host is longer than the limit."""

    status = 413
    description = "the body of the request for {host} is longer than --body-bytes allows"
    hint = "Add {host} to NO_PROXY, or raise --body-bytes."


def reject_request(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Respond with the error in the environ. It is a WSGI application, so that the journal records the exchange."""
    error: ProviderError = environ[ERROR]
    exchange = environ.get("mockserver.exchange")
    if exchange is not None:
        exchange.error = error
    # Of a response to CONNECT most clients show only the status line, which takes no ellipsis.
    phrase = str(error).partition(":")[0] if error.status == HTTPStatus.FORBIDDEN else HTTPStatus(error.status).phrase
    start_response(f"{error.status} {phrase.replace('…', '...')}", [("Content-Type", "text/plain; charset=utf-8")])
    return [f"mockserver: {error}\n".encode()]
