"""When Python's garbage collector runs in ``mockserver serve``.

Nearly everything is freed without it, as soon as it is no longer used: nothing of ours that ends (a request, a page, a
connection, a stream, a world, a delivery) refers to itself by then, and the tests hold it to that. The collector is for what
other libraries leave. A collection stops every thread, for about a millisecond for a thousand objects that it looks at.
"""

from __future__ import annotations

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
