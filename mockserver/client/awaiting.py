"""Methods that can be both called and awaited.

``world.clock.advance(minutes=5)`` blocks; ``await world.clock.advance.aio(minutes=5)`` runs the same method in a thread, so
that the caller's event loop, which may run a receiver of webhooks, is not blocked.

The threads are a pool of our own, so that many waiting calls do not fill the event loop's small default executor.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial, update_wrapper
from threading import Lock, Thread
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

Owner = TypeVar("Owner")
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

MOST_AWAITED = 256
"""The maximal number of calls awaited at the same time; further calls are queued in order."""


class DaemonPool:
    """A pool of daemon threads for blocking calls: one for each call up to a maximum; an idle thread ends.

    Unlike a `ThreadPoolExecutor`, it does not keep the interpreter from ending while a call still waits.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._turns: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._running = 0

    def submit(self, call: Callable[[], Result]) -> Future[Result]:
        """Call a function in a thread, as soon as one is free. A call cancelled before that is not made."""
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
            except BaseException as error:  # noqa: BLE001 - raised where the call is awaited
                future.set_exception(error)
                del future  # it keeps the error, which keeps this method's variables by its traceback


_THREADS = DaemonPool(MOST_AWAITED)


class BoundMethod(Generic[Parameters, Result]):
    """A method bound to an object: call it, or await its `aio`."""

    __wrapped__: Callable[Parameters, Result]

    def __init__(self, call: Callable[Parameters, Result]) -> None:
        update_wrapper(self, call)

    def __get__(self, owner: object, kind: type | None = None) -> Self:
        """Return the method itself, which is bound already. With this, `help` takes it for a method."""
        return self

    def __call__(self, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        """Call the method and block until it returns."""
        return self.__wrapped__(*args, **kwargs)

    async def aio(self, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        """Call the method in a thread and await its result. Cancelling ends the waiting, not the call."""
        call = partial(copy_context().run, self.__wrapped__, *args, **kwargs)
        return await asyncio.wrap_future(_THREADS.submit(call))


class AwaitableMethod(Generic[Owner, Parameters, Result]):
    """A descriptor of a method that can also be awaited."""

    def __init__(self, function: Callable[Concatenate[Owner, Parameters], Result]) -> None:
        self.__wrapped__ = function
        self.__name__ = function.__name__
        self.__doc__ = function.__doc__

    def __call__(self, owner: Owner, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        """Call the unbound method with an object."""
        return self.__wrapped__(owner, *args, **kwargs)

    @overload
    def __get__(self, owner: None, kind: type) -> AwaitableMethod[Owner, Parameters, Result]: ...

    @overload
    def __get__(self, owner: Owner, kind: type) -> BoundMethod[Parameters, Result]: ...

    def __get__(
        self, owner: Owner | None, kind: type
    ) -> AwaitableMethod[Owner, Parameters, Result] | BoundMethod[Parameters, Result]:
        """Return the method bound to an object."""
        if owner is None:
            return self
        bound: Callable[Parameters, Result] = self.__wrapped__.__get__(owner, kind)
        return BoundMethod(bound)


def awaitable(
    function: Callable[Concatenate[Owner, Parameters], Result],
) -> AwaitableMethod[Owner, Parameters, Result]:
    """Decorate a method so that it can also be awaited, as ``method.aio(...)``."""
    return AwaitableMethod(function)
