"""A response of a provider, and how the connection sends it, as values.

A provider and a fault only describe a response; nothing but the connection touches the socket. So a response that never
ends, or ends in a reset, needs no thread and can be compared in a test.

A response that is not known yet is a `PendingResponse`: a `Deferred` is given later and once, a `Stream` piece by piece.
Both may be fed from any thread, and both end once: by whoever answers, by the client that disconnects, or by the server
that stops. Under our own server neither holds a thread; under any other WSGI server the request's thread waits.

An `Offload` is computed on another thread than the event loop's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from enum import Enum
from threading import Condition
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from mockserver.engine.journal import ResponseOrigin
    from mockserver.engine.provider_errors import ProviderError

logger = logging.getLogger(__name__)

PENDING = "mockserver.pending"
"""Where the WSGI environ has the `PendingResponse` or `Offload`, if the response is not known yet."""

TIMING = "mockserver.timing"
"""Where the WSGI environ has the `ResponseTiming` of the response, if it is not `AT_ONCE`."""

_BEAT = b":\n\n"
"""A comment of server-sent events, which no client shows."""


class Ending(Enum):
    """What becomes of the connection after the last byte."""

    COMPLETE = "complete"
    """Kept for the next request, or closed if the client or the response requires it."""
    CLOSE = "close"
    """Closed (FIN) at once, whatever the headers say."""
    RESET = "reset"
    """Reset (RST)."""
    HANG = "hang"
    """Left open and silent until the client gives up."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The body in pieces of ``size`` bytes with ``pause`` seconds of wall clock between them."""

    size: int
    pause: float


@dataclass(frozen=True, slots=True)
class ResponseTiming:
    """When and how the bytes of a response are sent. Seconds are wall-clock time, because they meet clients' time-outs."""

    delay: float = 0.0
    """Seconds before the first byte."""
    pace: Pace | None = None
    cut: int | None = None
    """Body bytes after which nothing more is written; ``None`` writes all of them."""
    ending: Ending = Ending.COMPLETE
    instead: bytes | None = None
    """Bytes written in place of the whole HTTP message: garbage, or nothing."""


AT_ONCE = ResponseTiming()


class Response(Struct, frozen=True):
    """Status, headers and body, and how they are sent."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    timing: ResponseTiming = AT_ONCE
    error: ProviderError | None = None
    """The provider error that the body says."""
    origin: ResponseOrigin = "own"
    """Where the body comes from: the provider itself, or a fault."""

    @property
    def delivered_origin(self) -> ResponseOrigin:
        """What the client gets, once the timing has been applied."""
        timing = self.timing
        if timing is AT_ONCE:
            return self.origin
        if timing.instead is not None:
            return "corrupted" if timing.instead else "no_response"
        return "corrupted" if timing.cut is not None and timing.cut < len(self.body) else self.origin


PLACEHOLDER = Response(202, (), b"")
"""What an application returns when it has left a pending response to the connection; it is never sent."""

_Call: TypeAlias = Callable[[], object]


def _ignore() -> None:
    """Stands for a callback that is not set."""


class PendingResponse:
    """The common part of `Deferred` and `Stream`: how it ends, and which callback is called."""

    def __init__(self) -> None:
        self.is_over = False
        """Whether nothing that is given from now on counts."""
        self._changed = Condition()
        self._wake: _Call = _ignore
        self._ends: list[_Call] = []

    def attach(self, environ: MutableMapping[str, Any]) -> bool:
        """Leave it to our connection; false under any other server, where this thread has to wait."""
        if "mockserver.request" not in environ:
            return False
        environ[PENDING] = self
        return True

    def on_end(self, call: _Call) -> None:
        """Call this when it is over, for whatever reason; at once if it is over already.

        It is called in the thread that ends it, so it must be quick. This is where a subscription is removed.
        """
        with self._changed:
            if not self.is_over:
                self._ends.append(call)
                return
        call()

    def cancel(self) -> bool:
        """End it because the response is no longer wanted; false when it was over already."""
        return self._end()

    def on_ready(self, wake: _Call) -> None:
        """Call this, from any thread, when there is something to send, and once now. Used by the connection."""
        with self._changed:
            if not self.is_over:
                self._wake = wake
        wake()

    def _end(self, **said: object) -> bool:
        """End it once, with these attributes set; false when it was over already."""
        with self._changed:
            if self.is_over:
                return False
            vars(self).update(said, is_over=True)
            # The connection is referred to no longer, for it refers to this: so both are freed at once.
            wake, self._wake = self._wake, _ignore
            ends, self._ends = self._ends, []
            self._changed.notify_all()
        wake()
        for call in ends:
            try:
                call()
            except Exception:
                logger.exception("Error at the end of a pending response")
        return True


class Deferred(PendingResponse):
    """A response that is given later from any thread, or a default one after some seconds of wall-clock time."""

    def __init__(self, *, timeout: float, otherwise: Response | Offload) -> None:
        super().__init__()
        self.timeout = timeout
        self.otherwise = otherwise
        self.given: Response | Offload | None = None
        """The response; ``None`` until it is there, and for ever if it was cancelled first."""
        self.then: Callable[[Response | Offload], Response | Offload] | None = None
        """Makes of the response the one that is sent; ``None`` to send it as it is."""

    @property
    def answer(self) -> Response | Offload:
        """The response that is sent, once it is over."""
        response = self.given or self.otherwise
        return response if self.then is None else self.then(response)

    @property
    def is_cancelled(self) -> bool:
        """Whether it ended without a response."""
        return self.is_over and self.given is None

    def response(self, response: Response | Offload) -> bool:
        """Give the response, from any thread; false when it comes too late and is ignored."""
        return self._end(given=response)

    def wait(self) -> Response:
        """Wait for it in this thread, under servers that cannot wait otherwise."""
        with self._changed:
            self._changed.wait_for(lambda: self.is_over, self.timeout)
        self.response(self.otherwise)
        response = self.answer
        return response.finish() if isinstance(response, Offload) else response

    def attach_or_wait(self, environ: MutableMapping[str, Any]) -> Response:
        """Return what the application returns: a placeholder if our connection waits, else the response."""
        return PLACEHOLDER if self.attach(environ) else self.wait()


class Offload(Struct, frozen=True):
    """A response that is computed on a thread of the connection's pool, so that the event loop serves others meanwhile.

    It is always computed, also if the client disconnects before. Under any other WSGI server the request's thread computes it.
    """

    key: str
    """A name, such as a world's id, for sharing the threads: each key gets the same share of them."""
    compute: Callable[[], Answer]
    """Computes the response, or returns what it will come from. Called once, on any thread; it must not wait."""
    is_heavy: bool = True
    """Whether it computes for long; such calls have threads of their own, fewer than short ones."""

    def finish(self) -> Response:
        """Compute the response in this thread, and wait for what it comes from."""
        answer = self.compute()
        while isinstance(answer, Offload):
            answer = answer.compute()
        if isinstance(answer, Deferred):
            return answer.wait()
        if not isinstance(answer, Response):
            raise TypeError("a stream has no end that a thread could wait for")
        return answer

    def attach_or_finish(self, environ: MutableMapping[str, Any]) -> Response:
        """Return what the application returns: a placeholder if our connection has it computed, else the response."""
        if "mockserver.request" not in environ:
            return self.finish()
        environ[PENDING] = self
        return PLACEHOLDER


Answer: TypeAlias = Response | Offload | PendingResponse
"""A response, or what it will come from."""


class Stream(PendingResponse):
    """A response without an end, such as server-sent events, fed from any thread.

    A client that does not read is dropped: when more than ``most`` bytes wait for it, the connection is aborted in the
    middle of the message, so that the client cannot take what it has got for everything.
    """

    def __init__(
        self,
        status: int = 200,
        headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/event-stream"), ("Cache-Control", "no-store")),
        *,
        heartbeat: float = 15.0,
        beat: bytes = _BEAT,
        most: int = 256 * 1024,
    ) -> None:
        """Start a response.

        Args:
            status: its status; the head is sent at once.
            headers: its headers; those that frame the body are added.
            heartbeat: seconds between two beats, which detect clients that are gone and keep proxies from timing out.
            beat: the bytes of a beat.
            most: bytes that may wait, beside those that the connection itself buffers.
        """
        super().__init__()
        self.status = status
        self.headers = headers
        self.heartbeat = heartbeat
        self.beat = beat
        self.most = most
        self.is_overrun = False
        """Whether it ended because the client does not read."""
        self._pieces: list[bytes] = []
        self._held = 0

    def send(self, piece: bytes) -> bool:
        """Send some bytes, from any thread; false when the response is over."""
        with self._changed:
            if self.is_over:
                return False
            self._pieces.append(piece)
            self._held += len(piece)
            has_space = self._held <= self.most
            wake = self._wake if len(self._pieces) == 1 else _ignore  # else the first one has woken it
            self._changed.notify_all()
        if has_space:
            wake()
        else:
            self._end(is_overrun=True)
        return has_space

    def close(self) -> bool:
        """End the body after all that was sent; false when it was over already."""
        return self._end()

    def take(self) -> bytes:
        """Remove and return all bytes that wait."""
        with self._changed:
            pieces, self._pieces, self._held = self._pieces, [], 0
        return b"".join(pieces)

    def pieces(self) -> Iterator[bytes]:
        """Yield the body, waiting in this thread, under servers that cannot wait otherwise."""
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self.is_over or self._pieces, self.heartbeat)
                    is_over = self.is_over
                piece = self.take()
                if is_over:
                    if piece and not self.is_overrun:
                        yield piece
                    return
                yield piece or self.beat
        finally:
            self.cancel()
