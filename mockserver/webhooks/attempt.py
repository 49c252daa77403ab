"""One attempt under way."""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from mockserver.engine.instants import SECOND, Instant

from .errors import WebhookError, causes, detail, reasons

if TYPE_CHECKING:
    from urllib3 import HTTPHeaderDict

    from .url import WebhookUrl

logger = logging.getLogger(__name__)


class AttemptConnection:
    """One attempt under way: how long it may last, where it is, and the connection that can be cut."""

    __slots__ = ("_ends", "_is_cut", "_sock", "_stopwatch", "_timeout", "headers", "place")

    place: WebhookUrl
    headers: HTTPHeaderDict

    def __init__(self, timeout: float, stopwatch: Callable[[], Instant]) -> None:
        self._timeout = timeout
        self._stopwatch = stopwatch
        self._ends = stopwatch() + round(timeout * SECOND)
        self._is_cut = False
        self._sock: socket.socket | None = None

    @property
    def shown(self) -> str:
        """The target as it may Be notified."""
        return self.place.shown if hasattr(self, "place") else "a URL that cannot be read"

    def left(self) -> float:
        """The seconds that are left. Raises when there are none."""
        left = (self._ends - self._stopwatch()) / SECOND
        if self._is_cut or left <= 0:
            raise self.late()
        return left

    def late(self) -> WebhookError:
        """The reason when it has lasted too long."""
        if self._is_cut:
            return WebhookError(f"{self.shown} was cut off because the server stops")
        return WebhookError(f"no complete answer from {self.shown} within {self._timeout:g} s")

    def now(self) -> Instant:
        """The stopwatch."""
        return self._stopwatch()

    def hold(self, sock: socket.socket) -> None:
        """From now on this is the connection, and it waits no longer than may be."""
        self._sock = sock
        sock.settimeout(self.left())

    def release(self) -> None:
        """The connection is no longer ours to cut."""
        self._sock = None

    def cut(self) -> None:
        """End it, from another thread."""
        self._is_cut = True
        if (sock := self._sock) is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # below TLS, which is the sender's

    def why(self, error: Exception) -> str:
        """The sentence for an error of requests, urllib3, http.client or the system."""
        if self._is_cut:
            return str(self.late())
        found = list(causes(error))
        for kind, sentence in reasons():
            for cause in found:
                if isinstance(cause, kind):
                    return sentence.format(place=self.shown, late=self.late(), detail=detail(cause))
        logger.error("An attempt at %s failed in an unknown way", self.shown, exc_info=error)
        return f"the attempt at {self.shown} failed: {type(error).__name__}"
