"""What a call leaves for Python's garbage collector: objects that refer to one another, and that nothing else refers to."""

from __future__ import annotations

import gc
from collections.abc import Callable
from types import FunctionType
from typing import Any


def garbage_of(call: Callable[[], object]) -> list[Any]:
    """Return the garbage of a call, without what werkzeug's router leaves of each look-up: a function that calls itself."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        call()
        gc.collect()
        left = list(gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    known: set[int] = set()
    for each in left:
        if isinstance(each, FunctionType) and each.__module__ == "werkzeug.routing.matcher":
            cells = each.__closure__ or ()
            known.update(map(id, (each, cells, *cells, *(cell.cell_contents for cell in cells))))
    return [each for each in left if id(each) not in known]


def least_garbage_of(call: Callable[[], object]) -> list[Any]:
    """Return the garbage of the best of some calls: another thread of the process may leave something, but not each time."""
    left: list[Any] = []
    for _ in range(5):
        left = garbage_of(call)
        if not left:
            break
    return left
