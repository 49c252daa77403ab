"""How many messages a text is on the air.

3GPP TS 23.038 has the alphabet: 7 bits for each of 127 characters, 14 for each of ten more behind an escape. A text with any other
character goes out in UCS-2, 16 bits for each unit of UTF-16. TS 23.040 has the provider: 140 bytes, of which a part of a
longer text gives 6 (7 septets) to the header that tells where it belongs.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Encoding: TypeAlias = Literal["GSM-7", "UCS-2"]

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ"  # the escape stands between here and there, at 0x1B
    "ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The default alphabet (6.2.1) in its order, without the escape."""
EXTENSION = "\f^{}\\[~]|€"
"""The extension table (6.2.1.1): two septets each."""

_SEPTETS = {**dict.fromkeys(BASIC, 1), **dict.fromkeys(EXTENSION, 2)}


class SegmentCapacity(NamedTuple):
    """How many units fit."""

    alone: int
    """Into a message that is the whole text."""
    part: int
    """Into each of several."""


CAPACITY: dict[Encoding, SegmentCapacity] = {"GSM-7": SegmentCapacity(160, 153), "UCS-2": SegmentCapacity(70, 67)}


class Segments(NamedTuple):
    """A text as it goes out."""

    encoding: Encoding
    units: int
    """Septets, or units of UTF-16."""
    parts: int
    """Messages; an empty text is one too."""
    capacity: int
    """Units that fit into that many messages, at least."""


def segments(text: str) -> Segments:
    """How a text goes out."""
    if all(character in _SEPTETS for character in text):
        return _cut("GSM-7", [_SEPTETS[character] for character in text])
    return _cut("UCS-2", [2 if character > "\uffff" else 1 for character in text])


def _cut(encoding: Encoding, sizes: list[int]) -> Segments:
    """Cut a text between characters: neither an escape nor half a surrogate pair may end a part."""
    capacity, units = CAPACITY[encoding], sum(sizes)
    if units <= capacity.alone:
        return Segments(encoding, units, 1, capacity.alone)
    count, filled = 1, 0
    for size in sizes:
        if filled + size > capacity.part:
            count, filled = count + 1, 0
        filled += size
    return Segments(encoding, units, count, count * capacity.part)
