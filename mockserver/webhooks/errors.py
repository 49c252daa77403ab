"""The sentences for webhook attempts that got no response."""

from __future__ import annotations

import ssl
from http.client import HTTPException, IncompleteRead, RemoteDisconnected


class WebhookError(Exception):
    """The sentence for an attempt that got no response."""


ERROR_MESSAGES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (RemoteDisconnected, "{url} closed the connection without a response"),
    (ssl.SSLError, "TLS with {url} failed: {detail}"),
    (IncompleteRead, "{url} closed the connection before its response was complete"),
    (HTTPException, "{url} did not respond in HTTP: {detail}"),
    ((ConnectionResetError, BrokenPipeError), "{url} reset the connection before its response was complete"),
    (TimeoutError, "{late}"),
    (ValueError, "the request to {url} cannot be written: its method or a header is not HTTP"),
    (OSError, "the connection to {url} failed: {detail}"),
)
"""The sentence for each type of error, the more specific first."""


def describe(error: BaseException | None) -> str:
    """Describe an error in a few words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__} {str(error)[:200]!r}"
