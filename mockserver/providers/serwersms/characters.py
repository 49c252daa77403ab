"""The characters of a text message, and the parts that it is sent in: GSM 03.38 with its extension table, or UCS-2. Pure."""

from __future__ import annotations

from collections.abc import Iterable

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The basic table of GSM 03.38, without its escape."""
_EXTENSION = "\f^{}\\[~]|€"
"""The extension table: each of these takes two places."""
_IS_GSM = frozenset(_BASIC + _EXTENSION)
_ONE_PLACE = frozenset(_BASIC)

_POLISH = str.maketrans("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ", "acelnoszzACELNOSZZ")

GSM_ALONE, GSM_PART = 160, 153
"""The places of a message of one part, and of each part of a longer one."""
UCS2_ALONE, UCS2_PART = 70, 67


def is_gsm(text: str) -> bool:
    """Return whether each character of a text is in GSM 03.38."""
    return _IS_GSM.issuperset(text)


def to_gsm(text: str) -> str:
    """Return a text in the letters of GSM 03.38: ``ą`` becomes ``a`` and so on, and every other character that it lacks ``?`` (SW-61)."""
    if is_gsm(text):
        return text
    return "".join(letter if letter in _IS_GSM else "?" for letter in text.translate(_POLISH))


def count_parts(text: str, is_ucs2: bool = False) -> int:
    """Return the number of parts that a text is sent in; an empty one is one part.

    A character that takes two places is never divided between two parts.

    Args:
        text: in GSM 03.38, unless it is sent in UCS-2.
        is_ucs2: whether it is sent in UCS-2, in which a character outside the basic plane takes two places.
    """
    alone, part = (UCS2_ALONE, UCS2_PART) if is_ucs2 else (GSM_ALONE, GSM_PART)
    if 2 * len(text) <= alone:
        return 1
    if is_ucs2 or _ONE_PLACE.issuperset(text):
        has_doubles = is_ucs2 and not text.isascii() and max(text) > "\uffff"
        if not has_doubles:
            return 1 if len(text) <= alone else -(-len(text) // part)
    widths = [1 + (letter > "\uffff") if is_ucs2 else 2 - (letter in _ONE_PLACE) for letter in text]
    return 1 if sum(widths) <= alone else _divide(widths, part)


def _divide(widths: Iterable[int], part: int) -> int:
    """Return the number of parts of some places that characters of these widths fill, one after the other."""
    parts, used = 1, 0
    for width in widths:
        used += width
        if used > part:
            parts, used = parts + 1, width
    return parts
