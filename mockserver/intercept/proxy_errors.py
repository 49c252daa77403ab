"""What the tunnel does not carry, and how it says so."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from mockserver.engine.provider_errors import Refused, Source

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

REFUSAL = "mockserver.refusal"
"""Where the environ has why the tunnel does not carry a request."""


class TunnelRefused(Refused):
    """The tunnel says no. It is the house's own, so no document speaks of it."""

    source = Source(None, None, None)


class HostRefused(TunnelRefused):
    """The host is none of the providers'."""

    status = 403
    description = (
        "{host} is not carried by mockserver, which --allow-host {host} changes: "
        "its tunnel leads to the providers' hosts{near}"
    )
    fix = "Ask one of the providers' hosts, or start with --allow-host {host}."


class PortRefused(TunnelRefused):
    """A provider's host, at a port of which nothing is known."""

    status = 403
    description = "{host} is not answered on port {port}; {instead}"
    fix = "Ask port 443 or 80 of {host}."


class NotForTheTunnel(TunnelRefused):
    """The tunnel was taken for a server."""

    status = 400
    description = (
        "this is the tunnel, a forward proxy: it takes CONNECT and whole URLs; HTTPS_PROXY and http_proxy lead clients here, "
        "and `mockserver env` prints them"
    )
    fix = "Set HTTPS_PROXY and http_proxy to this address in place of a base URL."


class NoAnswerThere(TunnelRefused):
    """The host is allowed, but cannot be reached."""

    status = 502
    description = "{host}:{port} cannot be reached: {reason}"
    fix = "Start what listens on {host}:{port}."


class TooMuchToCarry(TunnelRefused):
    """A body for another host is longer than is kept."""

    status = 413
    description = "the body for {host} is longer than the tunnel keeps"
    fix = "Add {host} to NO_PROXY, or raise --body-bytes."


def turn_away(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Say why a request is not carried; an application of its own, so that the pipeline can write it down."""
    refusal: Refused = environ[REFUSAL]
    exchange = environ.get("mockserver.exchange")
    if exchange is not None:
        exchange.refusal = refusal
    # Of an answer to CONNECT most clients show the status line alone.
    phrase = (
        str(refusal).partition(":")[0] if refusal.status == HTTPStatus.FORBIDDEN else HTTPStatus(refusal.status).phrase
    )
    start_response(f"{refusal.status} {phrase}", [("Content-Type", "text/plain; charset=utf-8")])
    return [f"mockserver: {refusal}\n".encode()]
