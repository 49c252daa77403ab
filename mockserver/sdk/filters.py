"""Finds the filters because of which a result is empty, for the explanation of its exchange."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence


def find_emptying_filters(filters: Sequence[str], finds: Callable[[Collection[str]], bool]) -> tuple[str, ...]:
    """Return the filters that left nothing, for `DecisionTrace.emptied_by`.

    It is one filter, if something is found without it alone; else as many as have to be left out together; none, if there is
    nothing to be found. Call it for an empty result only: it searches up to twice for each filter.

    Args:
        filters: the filters that were applied, by the names of their parameters, or in words such as ``the marks as read``;
            of several that would each be the answer, the first is.
        finds: searches with some of the filters only; returns whether anything is found.
    """
    if not finds(()):
        return ()
    for each in filters:
        if finds([name for name in filters if name != each]):
            return (each,)
    kept: list[str] = []
    for each in filters:
        if finds([*kept, each]):
            kept.append(each)
    return tuple(name for name in filters if name not in kept)
