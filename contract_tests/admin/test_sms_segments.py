"""The number of SMS segments of a text."""

from __future__ import annotations

import pytest

from mockserver.ui.sms_segments import BASIC, EXTENSION, count_segments


def counted(text: str) -> tuple[str, int, int]:
    found = count_segments(text)
    return found.encoding, found.units, found.segments


def test_the_alphabet_is_that_of_the_standard() -> None:
    assert 127 == len(set(BASIC)) == len(BASIC)
    assert 10 == len(set(EXTENSION)) == len(EXTENSION)
    assert not set(BASIC) & set(EXTENSION)
    # The positions that the standard's table names: 0x00, 0x10, 0x1A, 0x1C, 0x40, 0x60 and 0x7F.
    places = BASIC[:27] + "\x1b" + BASIC[27:]
    assert "@ΔΞÆ¡¿à" == "".join(places[place] for place in (0x00, 0x10, 0x1A, 0x1C, 0x40, 0x60, 0x7F))
    assert "09AZaz" == "".join(places[place] for place in (0x30, 0x39, 0x41, 0x5A, 0x61, 0x7A))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ("GSM-7", 0, 1)),
        ("a" * 160, ("GSM-7", 160, 1)),
        ("a" * 161, ("GSM-7", 161, 2)),
        ("a" * 306, ("GSM-7", 306, 2)),
        ("a" * 307, ("GSM-7", 307, 3)),
        ("€" * 80, ("GSM-7", 160, 1)),
        ("€" * 81, ("GSM-7", 162, 2)),
        ("Zażółć", ("UCS-2", 6, 1)),
        ("ż" * 70, ("UCS-2", 70, 1)),
        ("ż" * 71, ("UCS-2", 71, 2)),
        ("ż" * 134, ("UCS-2", 134, 2)),
        ("ż" * 135, ("UCS-2", 135, 3)),
        ("😀" * 35, ("UCS-2", 70, 1)),
        ("😀" * 36, ("UCS-2", 72, 2)),
        ("`", ("UCS-2", 1, 1)),  # the back-tick is not in the alphabet, the apostrophe is
        ("\t", ("UCS-2", 1, 1)),
    ],
)
def test_segments_are_counted_by_the_standard(text: str, wanted: tuple[str, int, int]) -> None:
    assert wanted == counted(text)


def test_an_escape_stays_with_its_character() -> None:
    assert 306 == count_segments("a" * 152 + "€" + "a" * 152).units
    assert 3 == count_segments("a" * 152 + "€" + "a" * 152).segments  # 152, then € and 151, then one more
    assert 2 == count_segments("a" * 151 + "€" + "a" * 153).segments


def test_a_surrogate_pair_is_not_split() -> None:
    # 33 pairs fill 66 of 67 units, and the last unit stays empty.
    assert ("UCS-2", 134, 3) == counted("😀" * 67)
    assert ("UCS-2", 132, 2) == counted("😀" * 66)
