"""What the proxy does not carry, and how it says so."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from mockserver.engine.provider_errors import ProviderError, Source

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

ERROR = "mockserver.error"
"""Where the environ has why the proxy does not carry a request."""


class ProxyError(ProviderError):
    """The proxy says no. It is the server's own, so no document speaks of it."""

    source = Source(None, None, None)


class HostRejected(ProxyError):
    """The host is none of the providers'."""

    status = 403
    description = (
        "{host} is not carried by mockserver, which --allow-host {host} changes: "
        "its proxy leads to the providers' hosts{near}"
    )
    hint = "Ask one of the providers' hosts, or start with --allow-host {host}."


class PortRejected(ProxyError):
    """A provider's host, at a port of which nothing is known."""

    status = 403
    description = "{host} is not answered on port {port}; {instead}"
    hint = "Ask port 443 or 80 of {host}."


class NotForTheProxy(ProxyError):
    """The proxy was taken for a server."""

    status = 400
    description = (
        "this is the proxy, a forward proxy: it takes CONNECT and whole URLs; HTTPS_PROXY and http_proxy lead clients here, "
        "and `mockserver env` prints them"
    )
    hint = "Set HTTPS_PROXY and http_proxy to this address in place of a base URL."


class NoResponseThere(ProxyError):
    """The host is allowed, but cannot be reached."""

    status = 502
    description = "{host}:{port} cannot be reached: {reason}"
    hint = "Start what listens on {host}:{port}."


class TooMuchToCarry(ProxyError):
    """A body for another host is longer than is kept."""

    status = 413
    description = "the body for {host} is longer than the proxy keeps"
    hint = "Add {host} to NO_PROXY, or raise --body-bytes."


def reject_request(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Say why a request is not carried; an application of its own, so that the pipeline can write it down."""
    error: ProviderError = environ[ERROR]
    exchange = environ.get("mockserver.exchange")
    if exchange is not None:
        exchange.error = error
    # Of an answer to CONNECT most clients show the status line alone.
    phrase = str(error).partition(":")[0] if error.status == HTTPStatus.FORBIDDEN else HTTPStatus(error.status).phrase
    start_response(f"{error.status} {phrase}", [("Content-Type", "text/plain; charset=utf-8")])
    return [f"mockserver: {error}\n".encode()]
