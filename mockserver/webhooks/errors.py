"""The sentences for webhook attempts that got no response."""

from __future__ import annotations

import ssl
from collections.abc import Iterator


class WebhookError(Exception):
    """The sentence for an attempt that got no response. Not an OSError, so urllib3 does not wrap it."""


def error_messages() -> tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...]:
    """Return the sentence for each type of error, the more specific first."""
    from http.client import HTTPException, IncompleteRead, RemoteDisconnected

    from urllib3.exceptions import SSLError

    return (
        (RemoteDisconnected, "{url} closed the connection without a response"),
        (ssl.SSLError, "TLS with {url} failed: {detail}"),
        (SSLError, "TLS with {url} failed: {detail}"),
        (IncompleteRead, "{url} closed the connection before its response was complete"),
        (HTTPException, "{url} did not respond in HTTP: {detail}"),
        ((ConnectionResetError, BrokenPipeError), "{url} reset the connection before its response was complete"),
        (TimeoutError, "{late}"),
        (ValueError, "the request to {url} cannot be written: its method or a header is not HTTP"),
        (OSError, "the connection to {url} failed: {detail}"),
    )


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and every error that it wraps."""
    found: list[BaseException] = [error]
    for one in found:
        inner = (one.__cause__, one.__context__, *one.args)
        found += [each for each in inner if isinstance(each, BaseException) and each not in found]
        yield one


def describe(error: BaseException | None) -> str:
    """Describe an error in a few words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__} {str(error)[:200]!r}"
