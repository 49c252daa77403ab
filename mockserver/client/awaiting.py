"""Verbs that can be called and awaited.

``world.clock.advance(minutes=5)`` blocks; ``await world.clock.advance.aio(minutes=5)`` is the same verb in a thread, so
that what runs on the caller's loop, a receiver of webhooks for example, goes on meanwhile.

These threads are no one else's: many who wait leave the loop's own executor, which is small and the caller's, alone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from threading import Lock, Thread
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

Owner = TypeVar("Owner")
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

MOST_AWAITED = 256
"""Verbs that are awaited at the same time; more than these wait for their turn, in order."""


class DaemonPool:
    """Threads for calls that block: as many as there are calls, up to a bound; one that finds nothing to do ends.

    They are daemons. Whoever gave up a long wait, an interpreter at its end or a loop that closes, is not held by it, as
    it would be by a `ThreadPoolExecutor`.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._turns: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._running = 0

    def submit(self, call: Callable[[], Result]) -> Future[Result]:
        """Call it in a thread, now or when it is its turn; one that is cancelled before is not called."""
        future: Future[Result] = Future()
        with self._lock:
            self._turns.append((future, call))
            if self._running >= self._most:
                return future
            self._running += 1
        Thread(target=self._work, name="mockserver-awaited", daemon=True).start()
        return future

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._turns:
                    self._running -= 1
                    return
                future, call = self._turns.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(call())
            except BaseException as error:  # noqa: BLE001 - it belongs to whoever awaits it
                future.set_exception(error)


_THREADS = DaemonPool(MOST_AWAITED)


class BoundMethod(Generic[Parameters, Result]):
    """A verb of one object: call it, or await its `aio`."""

    __slots__ = ("__wrapped__",)

    def __init__(self, call: Callable[Parameters, Result]) -> None:
        self.__wrapped__ = call

    def __call__(self, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        """Do it, and return when it is done."""
        return self.__wrapped__(*args, **kwargs)

    async def aio(self, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        """Do it in a thread, and return when it is done. A cancelled caller no longer waits; the verb is not undone."""
        call = partial(copy_context().run, self.__wrapped__, *args, **kwargs)
        return await asyncio.wrap_future(_THREADS.submit(call))


class AwaitableMethod(Generic[Owner, Parameters, Result]):
    """A method that can be awaited too."""

    def __init__(self, function: Callable[Concatenate[Owner, Parameters], Result]) -> None:
        self.__wrapped__ = function
        self.__name__ = function.__name__
        self.__doc__ = function.__doc__

    def __call__(self, owner: Owner, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        """Do it with an object, as any function of a class."""
        return self.__wrapped__(owner, *args, **kwargs)

    @overload
    def __get__(self, owner: None, kind: type) -> AwaitableMethod[Owner, Parameters, Result]: ...

    @overload
    def __get__(self, owner: Owner, kind: type) -> BoundMethod[Parameters, Result]: ...

    def __get__(
        self, owner: Owner | None, kind: type
    ) -> AwaitableMethod[Owner, Parameters, Result] | BoundMethod[Parameters, Result]:
        """The verb of an object."""
        if owner is None:
            return self
        bound: Callable[Parameters, Result] = self.__wrapped__.__get__(owner, kind)
        return BoundMethod(bound)


def awaitable(
    function: Callable[Concatenate[Owner, Parameters], Result],
) -> AwaitableMethod[Owner, Parameters, Result]:
    """Let a method be awaited too, as ``method.aio(...)``."""
    return AwaitableMethod(function)
