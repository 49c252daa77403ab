"""The parts of a text message by GSM 03.38, its extension table, UCS-2 and concatenation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.providers.serwersms.characters import count_parts, is_gsm, to_gsm


@pytest.mark.parametrize(
    ("length", "parts"),
    [(0, 1), (1, 1), (160, 1), (161, 2), (306, 2), (307, 3), (459, 3), (918, 6), (919, 7), (1530, 10), (1531, 11)],
)
def test_a_text_of_gsm_letters_has_160_in_one_part_and_153_in_each_of_several(length: int, parts: int) -> None:
    assert parts == count_parts("a" * length)


@pytest.mark.parametrize(("length", "parts"), [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (402, 6), (403, 7)])
def test_a_text_in_ucs_2_has_70_in_one_part_and_67_in_each_of_several(length: int, parts: int) -> None:
    assert parts == count_parts("ł" * length, is_ucs2=True)


@pytest.mark.parametrize("letter", "\f^{}\\[~]|€")
def test_a_character_of_the_extension_table_takes_two_places(letter: str) -> None:
    assert 1 == count_parts(letter + "a" * 158)
    assert 2 == count_parts(letter + "a" * 159)
    assert 1 == count_parts(letter * 80)
    assert 2 == count_parts(letter * 81)


def test_a_character_of_two_places_is_not_divided_between_two_parts() -> None:
    assert 2 == count_parts("a" * 152 + "ab" + "a" * 152)
    assert 3 == count_parts("a" * 152 + "€" + "a" * 152)  # also 306 places, but one is left empty
    assert 2 == count_parts("ł" * 66 + "aa" + "ł" * 66, is_ucs2=True)
    assert 3 == count_parts("ł" * 66 + "🙂" + "ł" * 66, is_ucs2=True)


def test_an_emoji_takes_two_places_of_ucs_2() -> None:
    assert 1 == count_parts("🙂" * 35, is_ucs2=True)
    assert 2 == count_parts("🙂" * 36, is_ucs2=True)


def test_letters_are_replaced_by_those_of_gsm_03_38() -> None:
    assert "Zazolc gesla jazn ZAZOLC GESLA JAZN" == to_gsm("Zażółć gęślą jaźń ZAŻÓŁĆ GĘŚLĄ JAŹŃ")
    assert "? ?caf\u00e9? ?" == to_gsm("„ 🙂café” č")
    assert "{[~]}|\\^€ äöüß ΔΦ" == to_gsm("{[~]}|\\^€ äöüß ΔΦ")
    assert not is_gsm("ą")


@given(st.text(max_size=400), st.booleans())
def test_a_longer_text_never_has_fewer_parts_and_each_part_is_filled(text: str, is_ucs2: bool) -> None:
    sent = text if is_ucs2 else to_gsm(text)
    places = (
        len(sent.encode("utf-16-be", "surrogatepass")) // 2 if is_ucs2 else sum(1 + (c in "\f^{}\\[~]|€") for c in sent)
    )
    alone, part = (70, 67) if is_ucs2 else (160, 153)
    parts = count_parts(sent, is_ucs2)
    if places <= alone:
        assert 1 == parts
    else:
        assert -(-places // part) <= parts <= -(-places // (part - 1))
    assert parts <= count_parts(sent + "a", is_ucs2)
