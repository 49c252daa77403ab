"""When Python looks for rubbish in a server."""

from __future__ import annotations

import gc


def collect_seldom() -> None:
    """Look at what comes in small parts, and seldom as a whole; at what is here already, not ever."""
    gc.freeze()
    # Each look is a pause. A journal that is full hides how much is new: it gives up as much as it takes, and a few objects
    # more mean that thousands have been exchanged. So a part is less than one request makes while it is answered, or a look
    # would take ten milliseconds; and as a whole, which takes longer still in a large world, it is looked at twice a minute.
    gc.set_threshold(30, 20, 20_000)
    gc.enable()
