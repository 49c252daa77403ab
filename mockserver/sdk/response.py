"""What is to be performed on the wire, as a value.

A room and a fault only *describe* an answer; nobody but the shell touches the connection. So an answer that
never ends, or ends in a reset, needs no thread and can be compared in a test.

An answer that is not known yet is promised: a `Deferred` is given later and once, a `Stream` bit by bit. Both may be
fed from any thread, and both are over once, by whoever comes first: who answers, the client that leaves, the server
that stops. Under our shell neither holds a thread; under any other server the request's own thread waits.
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
    from mockserver.engine.journal import Reply
    from mockserver.engine.provider_errors import Refused

logger = logging.getLogger(__name__)

PROMISED = "mockserver.deferred"
"""Where the WSGI environ has what was promised in place of an answer."""

_BEAT = b":\n\n"
"""A comment of server-sent events, which no client shows."""


class Ending(Enum):
    """How the connection is left when the bytes are out."""

    COMPLETE = "complete"
    """As HTTP has it: kept for the next request, or closed when either side asked for that."""
    CLOSE = "close"
    """Closed (FIN) at once, whatever was promised in the headers."""
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
class Delivery:
    """How the bytes of an answer go out. Seconds are of the wall clock: they meet clients' time-outs."""

    delay: float = 0.0
    """Seconds before the first byte."""
    pace: Pace | None = None
    cut: int | None = None
    """Body bytes after which nothing more is written; ``None`` writes all of them."""
    ending: Ending = Ending.COMPLETE
    instead: bytes | None = None
    """Bytes written in place of the whole HTTP message: garbage, or nothing."""


AT_ONCE = Delivery()


class Answer(Struct, frozen=True):
    """Status, headers and body, and how they are delivered."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    delivery: Delivery = AT_ONCE
    refusal: Refused | None = None
    """The provider's "no" that stands in the body."""
    words: Reply = "own"
    """Whose words these are, before they are delivered."""

    @property
    def reply(self) -> Reply:
        """What the client gets, delivered so."""
        delivery = self.delivery
        if delivery is AT_ONCE:
            return self.words
        if delivery.instead is not None:
            return "spoilt" if delivery.instead else "lost"
        return "spoilt" if delivery.cut is not None and delivery.cut < len(self.body) else self.words


PLACEHOLDER = Answer(202, (), b"")
"""What an application returns when it has left a promise to the shell; it is never written."""

_Call: TypeAlias = Callable[[], object]


def _nobody() -> None:
    """Is woken while nobody waits."""


class Promise:
    """What a `Deferred` and a `Stream` have in common: the end, and who is told of it."""

    def __init__(self) -> None:
        self.is_over = False
        """Whether nothing that is said from now on counts."""
        self._turn = Condition()
        self._wake: _Call = _nobody
        self._ends: list[_Call] = []

    def promised(self, environ: MutableMapping[str, Any]) -> bool:
        """Leave it to the shell; false when the server is another one, and this thread has to wait."""
        if "mockserver.target" not in environ:
            return False
        environ[PROMISED] = self
        return True

    def at_end(self, call: _Call) -> None:
        """Call this when it is over, however that came about; now, if it is.

        It is called in the thread that ends it, so it must be quick. This is where a listener is taken off its feed.
        """
        with self._turn:
            if not self.is_over:
                self._ends.append(call)
                return
        call()

    def cancel(self) -> bool:
        """Nobody waits any more; false when it was over already."""
        return self._end()

    def wakes(self, wake: _Call) -> None:
        """Call this, from any thread, when there is something to do; the shell's own. Nothing said before is lost."""
        with self._turn:
            self._wake = wake
        wake()

    def _end(self, **said: object) -> bool:
        """Be over, and hold what was said with that."""
        with self._turn:
            if self.is_over:
                return False
            vars(self).update(said, is_over=True)
            wake, ends, self._ends = self._wake, self._ends, []
            self._turn.notify_all()
        wake()
        for call in ends:
            try:
                call()
            except Exception:
                logger.exception("Error at the end of a promised answer")
        return True


class Deferred(Promise):
    """An answer that somebody will give, or else, after some seconds of wall clock, another one."""

    def __init__(self, *, timeout: float, otherwise: Answer) -> None:
        super().__init__()
        self.timeout = timeout
        self.otherwise = otherwise
        self.given: Answer | None = None
        """The answer; ``None`` until it is there, and for ever when nobody waited for it."""

    def answer(self, answer: Answer) -> bool:
        """Give the answer, from any thread; false when it comes too late and is ignored."""
        return self._end(given=answer)

    def block(self) -> Answer:
        """Wait for it in this thread, for servers that cannot wait otherwise."""
        with self._turn:
            self._turn.wait_for(lambda: self.is_over, self.timeout)
        self.answer(self.otherwise)
        return self.given or self.otherwise

    def handed_over(self, environ: MutableMapping[str, Any]) -> Answer:
        """What the application returns: nothing yet, if the shell waits, else the answer."""
        return PLACEHOLDER if self.promised(environ) else self.block()


class Stream(Promise):
    """An answer without an end, such as server-sent events, fed from any thread.

    A client that does not read is dropped: when more than ``most`` bytes wait for it, the connection is aborted in the
    middle of the message, so that it cannot take what it has got for everything.
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
        """Begin an answer.

        Args:
            status: of its head, which is sent at once.
            headers: of its head; how the body is framed is added to them.
            heartbeat: seconds between two beats: they find out about a client that is gone, and keep proxies patient.
            beat: what is sent then.
            most: bytes that may wait, beside those that the connection itself holds.
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
        """Send some bytes, from any thread; false when nobody reads them any more."""
        with self._turn:
            if self.is_over:
                return False
            self._pieces.append(piece)
            self._held += len(piece)
            has_room = self._held <= self.most
            wake = self._wake if len(self._pieces) == 1 else _nobody  # else it has been woken for the first
            self._turn.notify_all()
        if has_room:
            wake()
        else:
            self._end(is_overrun=True)
        return has_room

    def close(self) -> bool:
        """End it as HTTP does, behind all that was sent; false when it was over already."""
        return self._end()

    def take(self) -> bytes:
        """All that waits; it waits no longer."""
        with self._turn:
            pieces, self._pieces, self._held = self._pieces, [], 0
        return b"".join(pieces)

    def pieces(self) -> Iterator[bytes]:
        """The body, waited for in this thread, for servers that cannot wait otherwise."""
        try:
            while True:
                with self._turn:
                    self._turn.wait_for(lambda: self.is_over or self._pieces, self.heartbeat)
                    is_over = self.is_over
                piece = self.take()
                if is_over:
                    if piece and not self.is_overrun:
                        yield piece
                    return
                yield piece or self.beat
        finally:
            self.cancel()
