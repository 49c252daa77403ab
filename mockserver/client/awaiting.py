"""Verbs that can be called and awaited.

``world.clock.advance(minutes=5)`` blocks; ``await world.clock.advance.aio(minutes=5)`` is the same verb in a thread, so
that what runs on the caller's loop, a receiver of webhooks for example, goes on meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Concatenate, Generic, ParamSpec, TypeVar, overload

Owner = TypeVar("Owner")
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Bound(Generic[Parameters, Result]):
    """A verb of one object: call it, or await its `aio`."""

    __slots__ = ("__wrapped__",)

    def __init__(self, call: Callable[Parameters, Result]) -> None:
        self.__wrapped__ = call

    def __call__(self, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        """Do it, and return when it is done."""
        return self.__wrapped__(*args, **kwargs)

    async def aio(self, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        """Do it in a thread, and return when it is done. A cancelled caller no longer waits; the verb is not undone."""
        return await asyncio.to_thread(self.__wrapped__, *args, **kwargs)


class Verb(Generic[Owner, Parameters, Result]):
    """A method that can be awaited too."""

    def __init__(self, function: Callable[Concatenate[Owner, Parameters], Result]) -> None:
        self.__wrapped__ = function
        self.__name__ = function.__name__
        self.__doc__ = function.__doc__

    def __call__(self, owner: Owner, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        """Do it with an object, as any function of a class."""
        return self.__wrapped__(owner, *args, **kwargs)

    @overload
    def __get__(self, owner: None, kind: type) -> Verb[Owner, Parameters, Result]: ...

    @overload
    def __get__(self, owner: Owner, kind: type) -> Bound[Parameters, Result]: ...

    def __get__(self, owner: Owner | None, kind: type) -> Verb[Owner, Parameters, Result] | Bound[Parameters, Result]:
        """The verb of an object."""
        if owner is None:
            return self
        bound: Callable[Parameters, Result] = self.__wrapped__.__get__(owner, kind)
        return Bound(bound)


def verb(
    function: Callable[Concatenate[Owner, Parameters], Result],
) -> Verb[Owner, Parameters, Result]:
    """Let a method be awaited too, as ``method.aio(...)``."""
    return Verb(function)
