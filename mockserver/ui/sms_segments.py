"""The number of SMS segments that a text needs.

3GPP TS 23.038 defines the alphabet: 7 bits for each of 127 characters, 14 for each of ten more behind an escape. A text with any other
character is sent in UCS-2, 16 bits for each UTF-16 unit. TS 23.040 gives a segment 140 bytes; each segment of a longer text spends
6 of them (7 septets) on the header with its position.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Encoding: TypeAlias = Literal["GSM-7", "UCS-2"]

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ"  # the escape, 0x1B, comes between these two lines
    "ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The default alphabet (6.2.1) in its order, without the escape."""
EXTENSION = "\f^{}\\[~]|€"
"""The extension table (6.2.1.1): two septets each."""

_SEPTETS = {**dict.fromkeys(BASIC, 1), **dict.fromkeys(EXTENSION, 2)}


class SegmentCapacity(NamedTuple):
    """The units that fit into one segment."""

    single: int
    """Where it is the whole text."""
    part: int
    """Where it is one of several."""


CAPACITY: dict[Encoding, SegmentCapacity] = {"GSM-7": SegmentCapacity(160, 153), "UCS-2": SegmentCapacity(70, 67)}


class SegmentCount(NamedTuple):
    """The size of a text in SMS segments."""

    encoding: Encoding
    units: int
    """Septets, or UTF-16 units."""
    segments: int
    """At least 1, also for an empty text."""
    capacity: int
    """Units that fit into that many segments, at least."""


def count_segments(text: str) -> SegmentCount:
    """Return how many segments a text needs."""
    if all(character in _SEPTETS for character in text):
        return _count("GSM-7", [_SEPTETS[character] for character in text])
    return _count("UCS-2", [2 if character > "\uffff" else 1 for character in text])


def _count(encoding: Encoding, sizes: list[int]) -> SegmentCount:
    """Count segments that end between characters: never behind an escape or within a surrogate pair."""
    capacity, units = CAPACITY[encoding], sum(sizes)
    if units <= capacity.single:
        return SegmentCount(encoding, units, 1, capacity.single)
    count, filled = 1, 0
    for size in sizes:
        if filled + size > capacity.part:
            count, filled = count + 1, 0
        filled += size
    return SegmentCount(encoding, units, count, count * capacity.part)
