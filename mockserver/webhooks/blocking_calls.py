"""Threads for calls that may block, shared fairly by their owners."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TypeAlias, TypeVar

from .turns import Places, Turns

logger = logging.getLogger(__name__)

T = TypeVar("T")

_Call: TypeAlias = tuple[str, Callable[[], object]]


class BlockingCalls:
    """Daemon threads that make calls. They start when needed and end when idle.

    With one place for each owner, the calls of an owner are made one after the other, in order.
    """

    def __init__(self, name: str, places: Places, idle_timeout: float) -> None:
        """Create threads, without starting any.

        Args:
            name: the threads' name.
            places: how many there may be, and for each owner.
            idle_timeout: seconds after which an idle thread ends.
        """
        self._name = name
        self._places = places
        self._turns: Turns[Callable[[], object]] = Turns(places)
        self._idle_timeout = idle_timeout
        self._idle: list[SimpleQueue[_Call | None]] = []
        self._lock = threading.Lock()

    def run(self, owner: str, function: Callable[[], object]) -> None:
        """Call a function in a thread when its turn comes; returns at once."""
        with self._lock:
            self._turns.put(owner, function)
            self._start(self._turns.take())

    async def call(self, owner: str, function: Callable[[], T]) -> T:
        """Call a function in a thread, and return its result. If this is cancelled, the thread is not waited for."""
        future: Future[T] = Future()

        def run() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(function())
                except Exception as error:  # noqa: BLE001  # it is raised where the result is awaited
                    future.set_exception(error)

        self.run(owner, run)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """End the idle threads, and each other one after its call and those that wait."""
        with self._lock:
            self._idle_timeout = 0.0
            for inbox in self._idle:
                inbox.put(None)
            self._idle.clear()

    def _start(self, call: _Call | None) -> None:
        if call is None:
            return
        if self._idle:
            self._idle.pop().put(call)
        else:
            inbox: SimpleQueue[_Call | None] = SimpleQueue()
            inbox.put(call)  # a thread keeps its arguments as long as it lives
            threading.Thread(target=self._run_thread, args=(inbox,), name=self._name, daemon=True).start()

    def _run_thread(self, inbox: SimpleQueue[_Call | None]) -> None:
        call = inbox.get()
        while call is not None:
            owner, function = call
            try:
                function()
            except Exception:
                logger.exception("A call in a thread failed")
            except BaseException:  # it ends this thread, so another one goes on
                with self._lock:
                    self._places.leave(owner)
                    self._start(self._turns.take())
                raise
            del call, function  # an idle thread keeps nothing of the world of its last call
            call = self._next(owner, inbox)

    def _next(self, owner: str, inbox: SimpleQueue[_Call | None]) -> _Call | None:
        with self._lock:
            self._places.leave(owner)
            call = self._turns.take()
            if call is not None:
                return call
            self._idle.append(inbox)
            seconds = self._idle_timeout
        try:
            return inbox.get(timeout=seconds)
        except Empty:
            with self._lock:
                if inbox in self._idle:
                    self._idle.remove(inbox)
                    return None
            return inbox.get()  # it was given a call at that moment
