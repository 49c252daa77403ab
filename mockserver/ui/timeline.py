"""Places instants on a horizontal timeline, in percent of its width."""

from __future__ import annotations

from collections.abc import Sequence

from mockserver.engine.instants import Instant

FIRST, LAST = 3.0, 97.0
"""The places of the first and the last instant, so that what is drawn there is not cut."""


def places(instants: Sequence[Instant], gap: float = 0.0) -> list[float]:
    """Return the place of each instant.

    Args:
        instants: in ascending order.
        gap: the least distance between two neighbours; the line is only true to scale where they are further apart.
    """
    if not instants:
        return []
    first, span = instants[0], max(1, instants[-1] - instants[0])
    found = [FIRST + (LAST - FIRST) * (at - first) / span for at in instants]
    gap = min(gap, (LAST - FIRST) / max(1, len(found) - 1))
    for index in range(1, len(found)):
        found[index] = max(found[index], found[index - 1] + gap)
    found[-1] = min(found[-1], LAST)
    for index in range(len(found) - 2, -1, -1):  # those that were moved beyond the end move back
        found[index] = min(found[index], found[index + 1] - gap)
    return [round(place, 2) for place in found]
