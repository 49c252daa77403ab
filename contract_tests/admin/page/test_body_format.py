"""Formatted bodies: indentation neither loses nor adds content."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.ui.body_format import Token, dump, format_body, json_tokens

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def text_of(tokens) -> str:
    return "".join(token.text for token in tokens)


@given(VALUES, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_formatted_json_has_the_same_value(value: object, indent: int | str | None, is_ascii: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=is_ascii)

    assert value == json.loads(text_of(json_tokens(text)))


@given(VALUES)
def test_json_is_indented_as_by_python(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False)

    assert json.dumps(value, ensure_ascii=False, indent=2) == text_of(json_tokens(text))


def test_json_keeps_numbers_escapes_and_repeated_members() -> None:
    body_view = format_body(rb'{"a":1.50,"a":1e5,"b":"\u0142\n"}', "application/json")

    assert '{\n  "a": 1.50,\n  "a": 1e5,\n  "b": "\\u0142\\n"\n}' == text_of(body_view.tokens)
    assert Token("key", '"a"') in body_view.tokens
    assert Token("number", "1.50") in body_view.tokens


def test_xml_is_indented_with_its_declaration_and_dtd() -> None:
    body = (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE r [\n<!ELEMENT r (a,b)>\n]>\n'
        b'<r><a x="1 &gt; 0">a &amp; b</a><b><![CDATA[<c>]]></b></r>'
    )
    body_view = format_body(body, "text/xml; charset=UTF-8")

    assert "XML" == body_view.form
    assert (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE r [\n<!ELEMENT r (a,b)>\n]>\n'
        '<r>\n  <a x="1 &gt; 0">a &amp; b</a>\n  <b><![CDATA[<c>]]></b>\n</r>'
    ) == text_of(body_view.tokens)
    assert Token("key", "x") in body_view.tokens


def test_xml_with_text_between_elements_is_not_indented() -> None:
    body = b"<r> <p>one <i>two</i> three</p> <q/> <s>  </s> </r>"

    assert "<r>\n  <p>one <i>two</i> three</p>\n  <q/>\n  <s>  </s>\n</r>" == text_of(
        format_body(body, "text/xml").tokens
    )


@pytest.mark.parametrize(
    ("body", "kind", "form", "reason"),
    [
        (b"", "text/xml", "empty", ""),
        (b'{"a": ', "application/json", "text", "Expecting value"),
        (b"<a><b></a>", "text/xml", "text", "mismatch"),
        (b"\xff\xfe", "text/plain", "bytes", "byte 0xff at 0"),
        (b"a=1&b=%20", "application/x-www-form-urlencoded", "form", ""),
        (b"plain", "text/plain", "text", ""),
        (b"[1]", "", "JSON", ""),
    ],
)
def test_a_body_that_cannot_be_formatted_is_shown_unchanged_with_the_reason(
    body: bytes, kind: str, form: str, reason: str
) -> None:
    body_view = format_body(body, kind)

    assert form == body_view.form
    assert reason in body_view.reason
    if form == "text":
        assert body.decode() == text_of(body_view.tokens)


def test_nested_entities_are_not_expanded() -> None:
    entities = "".join(
        f'<!ENTITY e{n} "{"&e" + str(n - 1) + ";" if n else "ha"}{"&e" + str(n - 1) + ";" if n else ""}">'
        for n in range(40)
    )
    body_view = format_body(f"<!DOCTYPE r [{entities}]><r>&e39;</r>".encode(), "text/xml")

    assert len(text_of(body_view.tokens)) < 10_000


def test_a_long_body_is_cut_unless_the_whole_is_requested() -> None:
    body = json.dumps(["x" * 100] * 2_000).encode()
    cut, whole = format_body(body, "application/json"), format_body(body, "application/json", whole=True)

    assert 0 == whole.rest
    assert cut.rest == len(text_of(whole.tokens)) - len(text_of(cut.tokens)) > 0


@given(st.binary(max_size=100))
def test_a_dump_has_every_byte(body: bytes) -> None:
    lines = dump(body, whole=True)["lines"]

    assert body == bytes.fromhex("".join(re.sub(r"\s", "", hexed) for _, hexed, _ in lines))
    assert len(body) == sum(len(text) for *_, text in lines)
