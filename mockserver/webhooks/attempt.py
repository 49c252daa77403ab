"""One webhook attempt in progress."""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Callable

from mockserver.engine.instants import SECOND, Instant

from .errors import ERROR_MESSAGES, WebhookError, describe
from .url import WebhookUrl

logger = logging.getLogger(__name__)


class RunningAttempt:
    """One webhook attempt in progress: its deadline, its URL and its socket, so that another thread can abort it."""

    __slots__ = ("_deadline", "_is_aborted", "_sock", "_stopwatch", "_timeout", "url")

    url: WebhookUrl

    def __init__(self, timeout: float, stopwatch: Callable[[], Instant]) -> None:
        self._timeout = timeout
        self._stopwatch = stopwatch
        self._deadline = stopwatch() + round(timeout * SECOND)
        self._is_aborted = False
        self._sock: socket.socket | None = None

    @property
    def redacted_url(self) -> str:
        """The URL for messages, without credentials and query."""
        return self.url.redacted if hasattr(self, "url") else "a URL that cannot be read"

    def seconds_left(self) -> float:
        """Return the seconds until the deadline.

        Raises:
            WebhookError: it has passed, or the attempt was aborted.
        """
        seconds = (self._deadline - self._stopwatch()) / SECOND
        if self._is_aborted or seconds <= 0:
            raise self.timeout_error()
        return seconds

    def timeout_error(self) -> WebhookError:
        """Return the error of an attempt that was aborted or is past its deadline."""
        if self._is_aborted:
            return WebhookError(f"{self.redacted_url} was cut off because the server stops")
        return WebhookError(f"no complete response from {self.redacted_url} within {self._timeout:g} s")

    def now(self) -> Instant:
        """Return the stopwatch's time in microseconds."""
        return self._stopwatch()

    def set_socket(self, sock: socket.socket) -> None:
        """Set the socket that `abort` closes, and its timeout to the time that is left."""
        self._sock = sock
        sock.settimeout(self.seconds_left())

    def release_socket(self) -> None:
        """Forget the socket, so that `abort` no longer closes it."""
        self._sock = None

    def abort(self) -> None:
        """End the attempt from another thread."""
        self._is_aborted = True
        if (sock := self._sock) is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(
                    sock, socket.SHUT_RDWR
                )  # the plain socket below TLS: the TLS layer belongs to the sending thread

    def describe_failure(self, error: Exception) -> str:
        """Return the sentence for an error of http.client or the system."""
        if self._is_aborted:
            return str(self.timeout_error())
        for kind, sentence in ERROR_MESSAGES:
            if isinstance(error, kind):
                return sentence.format(url=self.redacted_url, late=self.timeout_error(), detail=describe(error))
        logger.error("An attempt at %s failed for an unknown reason", self.redacted_url, exc_info=error)
        return f"the attempt at {self.redacted_url} failed: {type(error).__name__}"
