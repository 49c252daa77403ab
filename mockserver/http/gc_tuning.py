"""How ``mockserver serve`` frees memory: when Python's garbage collector runs, and what is given back to the system.

Nearly everything is freed without it, as soon as it is no longer used: nothing of ours that ends (a request, a page, a
connection, a stream, a world, a delivery) refers to itself by then, and the tests hold it to that. The collector is for what
other libraries leave. A collection stops every thread, for about a millisecond for a thousand objects that it looks at.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
from collections.abc import Mapping
from typing import Any


def collect_in_parts() -> None:
    """Let each collection look only at what is new since the last one, so that none takes long, however large the worlds are."""
    gc.freeze()
    # A full journal hides how much is new: it gives up as much as it takes. So the youngest are looked at more than once
    # while a request is handled, and all that are not frozen after some hundred requests, or some ten thousand new objects.
    gc.set_threshold(30, 20, 25)
    if _freeze_survivors not in gc.callbacks:
        gc.callbacks.append(_freeze_survivors)
    gc.enable()


def _freeze_survivors(phase: str, info: Mapping[str, Any]) -> None:
    """After a full collection, look no more at what it has left. It is still freed when it is no longer used."""
    if phase == "stop" and info["generation"] == 2:
        gc.freeze()


_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Parameters of ``mallopt(3)``."""
_LARGE = 2**20
"""Bytes from which on memory is given back to the system as soon as it is freed."""


def return_large_memory() -> None:
    """Tell glibc to return large blocks of memory to the system when they are freed. Other C libraries do so by themselves.

    By default glibc keeps freed blocks up to the size of the largest one so far: after one body of 8 MB, each block of up to
    8 MB, and twice as much at the end of the heap.
    """
    with contextlib.suppress(AttributeError, TypeError, OSError):  # another C library, or another system
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, _LARGE)
        mallopt(_TRIM_THRESHOLD, 4 * _LARGE)
