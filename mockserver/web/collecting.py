"""When Python looks for rubbish in a server."""

from __future__ import annotations

import gc


def collect_seldom() -> None:
    """Look at what comes in small parts, and seldom as a whole; at what is here already, no more."""
    gc.collect()
    gc.freeze()
    # Each look is a pause. A journal that is full hides how much is new: it gives up as much as it takes.
    gc.set_threshold(700, 5, 1_000)
    gc.enable()
