"""Fair shares of what is limited: places, turns, and threads for calls that may block."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import Empty, SimpleQueue
from typing import Generic, TypeAlias, TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")

_Call: TypeAlias = tuple[str, Callable[[], object]]


class Places:
    """A limited number of places, and who has taken them.

    An owner gets up to ``per_owner``. Once half of all places are taken, an owner that has one gets no further one: the
    other half is for owners that have none, so that the first comers cannot take everything.
    """

    def __init__(self, most: int, per_owner: int) -> None:
        self.taken = 0
        """The number of places that are taken."""
        self.most = most
        self._per_owner = per_owner
        self._shared = most - most // 2
        self._taken_by: dict[str, int] = {}

    def has_place(self, owner: str) -> bool:
        """Return whether an owner may take a place now."""
        own = self._taken_by.get(owner, 0)
        return self.taken < self.most and own < self._per_owner and (not own or self.taken < self._shared)

    def take(self, owner: str) -> None:
        """Take a place."""
        self.taken += 1
        self._taken_by[owner] = self._taken_by.get(owner, 0) + 1

    def leave(self, owner: str) -> None:
        """Leave a place."""
        self.taken -= 1
        self._taken_by[owner] -= 1
        if not self._taken_by[owner]:
            del self._taken_by[owner]


class Turns(Generic[T]):
    """Items that wait for a place. Owners take turns, and so do the items of each owner, in the order in which they came."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._waiting: dict[str, deque[T]] = {}

    def __bool__(self) -> bool:
        """Whether an item waits."""
        return bool(self._waiting)

    def put(self, owner: str, item: T) -> None:
        """Add an item."""
        self._waiting.setdefault(owner, deque()).append(item)

    def take(self, is_possible: Callable[[str, T], bool] = lambda _owner, _item: True) -> tuple[str, T] | None:
        """Take the next item for which there is a place, and which is possible now, with its owner; ``None`` for none.

        The place is taken too; `Places.leave` returns it.
        """
        if self._places.taken >= self._places.most:
            return None
        for owner, items in self._waiting.items():
            if not self._places.has_place(owner):
                continue
            for position, item in enumerate(items):
                if is_possible(owner, item):
                    del items[position]
                    del self._waiting[owner]
                    if items:
                        self._waiting[owner] = items  # behind the others
                    self._places.take(owner)
                    return owner, item
        return None

    def forget(self, owner: str | None = None) -> None:
        """Discard the waiting items of an owner, or all."""
        if owner is None:
            self._waiting.clear()
        else:
            self._waiting.pop(owner, None)


class FairThreads:
    """Daemon threads that make calls. They start when needed, and owners take turns.

    With one place for each owner, the calls of an owner are made one after the other, in order.
    """

    def __init__(self, name: str, places: Places, idle_timeout: float | None = None) -> None:
        """Start no thread yet.

        Args:
            name: the threads' name.
            places: how many there may be, and for each owner.
            idle_timeout: seconds after which an idle thread ends; ``None`` for never.
        """
        self._name = name
        self._places = places
        self._turns: Turns[Callable[[], object]] = Turns(places)
        self._idle_timeout = idle_timeout
        self._idle: list[SimpleQueue[_Call | None]] = []
        self._lock = threading.Lock()
        self._is_closed = False

    def run(self, owner: str, function: Callable[[], object]) -> None:
        """Call a function when its owner's turn comes; returns at once. After `close` it is dropped."""
        with self._lock:
            if not self._is_closed:
                self._turns.put(owner, function)
                self._start(self._turns.take())

    def submit(self, owner: str, function: Callable[[], T]) -> Future[T]:
        """Call a function as `run` does; return its future result. One that is cancelled before its turn is not called."""
        future: Future[T] = Future()
        self.run(owner, partial(_call, future, function))
        return future

    def close(self) -> None:
        """Drop the calls that wait, and end each thread after its call."""
        with self._lock:
            self._is_closed = True
            self._turns.forget()
            for inbox in self._idle:
                inbox.put(None)
            self._idle.clear()

    def _start(self, call: _Call | None) -> None:
        """Give a call to an idle thread or a new one."""
        if call is None:
            return
        if self._idle:
            self._idle.pop().put(call)
        else:
            inbox: SimpleQueue[_Call | None] = SimpleQueue()
            inbox.put(call)  # as an argument it would live as long as the thread
            threading.Thread(target=self._run_thread, args=(inbox,), name=self._name, daemon=True).start()

    def _run_thread(self, inbox: SimpleQueue[_Call | None]) -> None:
        call = inbox.get()
        while call is not None:
            owner, function = call
            del call  # or it would live until the next one comes
            try:
                function()
            except Exception:
                logger.exception("A call in a thread failed")
            except BaseException:  # it ends this thread, so another one goes on
                with self._lock:
                    self._places.leave(owner)
                    self._start(self._turns.take())
                raise
            del function
            call = self._next(owner, inbox)

    def _next(self, owner: str, inbox: SimpleQueue[_Call | None]) -> _Call | None:
        """Return the next call; ``None`` when the thread is to end."""
        with self._lock:
            self._places.leave(owner)
            call = self._turns.take()
            if call is not None or self._is_closed:
                return call
            self._idle.append(inbox)
        try:
            return inbox.get(timeout=self._idle_timeout)
        except Empty:
            with self._lock:
                if inbox in self._idle:
                    self._idle.remove(inbox)
                    return None
            return inbox.get()  # it was given a call at that moment


def _call(future: Future[T], function: Callable[[], T]) -> None:
    """Call a function, and set its result or its error, unless that was cancelled."""
    if future.set_running_or_notify_cancel():
        try:
            future.set_result(function())
        except Exception as error:  # noqa: BLE001  # it is raised where the result is awaited
            future.set_exception(error)
            del future  # it keeps the error, which keeps this function's variables by its traceback
