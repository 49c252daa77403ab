"""When Python looks for rubbish in a server."""

from __future__ import annotations

import gc


def collect_seldom() -> None:
    """Look at what comes in small parts, and seldom as a whole; at what is here already, not ever."""
    gc.freeze()
    # Each look is a pause. A journal that is full hides how much is new: it gives up as much as it takes, and a few
    # objects more mean that hundreds have been exchanged. So the parts are small, or a look at one would take a millisecond.
    gc.set_threshold(30, 5, 10_000)
    gc.enable()
