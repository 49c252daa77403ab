"""What is to be performed on the wire, as a value.

A room and a fault only *describe* an answer; nobody but the shell touches the connection. So an answer that
never ends, or ends in a reset, needs no thread and can be compared in a test.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


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


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body, and how they are delivered."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    delivery: Delivery = field(default=AT_ONCE)
