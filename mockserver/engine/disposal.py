"""Frees what a world held before it was rewound, in a thread of its own: freeing ten thousand objects takes milliseconds."""

from __future__ import annotations

from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, TypeAlias
from weakref import finalize

if TYPE_CHECKING:
    from .state import HeldParts, State

_PIECE = 500
"""The objects that are freed at a time, which takes about 0.1 milliseconds."""
_PAUSE = 0.0005
"""Seconds between two pieces, in which other threads run."""

_Discarded: TypeAlias = "SimpleQueue[tuple[HeldParts, State] | None]"


class Disposal:
    """A thread that frees parts of states in pieces. It starts with the first checkpoint, and ends with its owner."""

    __slots__ = ("__weakref__", "_end", "_lock", "_queue", "_thread")

    def __init__(self) -> None:
        self._queue: _Discarded = SimpleQueue()
        self._thread: Thread | None = None
        self._lock = Lock()
        self._end = finalize(self, self._queue.put, None)

    def start(self) -> None:
        """Start the thread, unless it runs."""
        with self._lock:
            if self._end.alive and (self._thread is None or not self._thread.is_alive()):
                self._thread = Thread(target=_free, args=(self._queue,), name="mockserver-disposal", daemon=True)
                self._thread.start()

    def put(self, parts: HeldParts, other: State) -> None:
        """Free parts that no state has any more; not what they share with another state."""
        if self._end.alive:
            self._queue.put((parts, other))

    def close(self) -> None:
        """End the thread, when it has freed what was put."""
        self._end()


def _free(queue: _Discarded) -> None:
    pause = Event()
    while (found := queue.get()) is not None:
        parts, other = found
        objects = parts.objects_beside(other)
        del found, parts, other
        while objects:
            del objects[-_PIECE:]
            pause.wait(_PAUSE)
