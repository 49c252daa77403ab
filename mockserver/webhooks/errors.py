"""Why no answer came, in one sentence."""

from __future__ import annotations

import ssl
from collections.abc import Iterator


class WebhookError(Exception):
    """Why no answer came, in one sentence. No OSError, so urllib3 lets it through as it is."""


def reasons() -> tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...]:
    """What errors mean, the more special first."""
    from http.client import HTTPException, IncompleteRead, RemoteDisconnected

    from urllib3.exceptions import SSLError

    return (
        (RemoteDisconnected, "{place} closed the connection without an answer"),
        (ssl.SSLError, "TLS with {place} failed: {detail}"),
        (SSLError, "TLS with {place} failed: {detail}"),
        (IncompleteRead, "{place} broke off its answer"),
        (HTTPException, "{place} did not answer in HTTP: {detail}"),
        ((ConnectionResetError, BrokenPipeError), "{place} reset the connection before its answer was complete"),
        (TimeoutError, "{late}"),
        (ValueError, "the request to {place} cannot be written: its method or a header is not HTTP"),
        (OSError, "the connection to {place} failed: {detail}"),
    )


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error and everything that it wraps."""
    found: list[BaseException] = [error]
    for one in found:
        inner = (one.__cause__, one.__context__, *one.args)
        found += [each for each in inner if isinstance(each, BaseException) and each not in found]
        yield one


def detail(error: BaseException | None) -> str:
    """An error in a few words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__} {str(error)[:200]!r}"
