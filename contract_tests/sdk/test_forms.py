"""Bytes to names and values: exact cases, and agreement with widely used parsers and encoders."""

from __future__ import annotations

import io
from urllib.parse import parse_qsl, quote_plus, urlencode

import httpx
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.formparser import parse_form_data

from mockserver.sdk.request import (
    MOST_FIELDS,
    MOST_VALUES,
    Malformed,
    TooManyFields,
    Upload,
    is_utf8,
    json_object,
    json_value,
    media_type,
    multipart_pairs,
    multipart_parts,
    pairs,
    split_in_pieces,
)

repeatable = settings(derandomize=True, database=None, deadline=None, max_examples=100)

# Query strings and urlencoded bodies

PAIRS = [
    (b"", []),
    (b"a=1", [("a", "1")]),
    (b"a=1&b=2", [("a", "1"), ("b", "2")]),
    (b"a=1&a=2", [("a", "1"), ("a", "2")]),
    (b"&action=x", [("action", "x")]),  # 000: "?&action=..."
    (b"&&a=1&&b=2&&", [("a", "1"), ("b", "2")]),
    (b"a", [("a", "")]),
    (b"a=", [("a", "")]),
    (b"=1", [("", "1")]),
    (b"=", [("", "")]),
    (b"a=1=2", [("a", "1=2")]),
    (b"a=1;b=2", [("a", "1;b=2")]),
    (b"a=x+y", [("a", "x y")]),
    (b"a+b=1", [("a b", "1")]),
    (b"a=x%2By", [("a", "x+y")]),
    (b"a=x%20y", [("a", "x y")]),
    (b"a%3Db=1%262", [("a=b", "1&2")]),
    (b"a=%2541", [("a", "%41")]),  # decoded once
    (b"a=%c5%bc%C5%BC", [("a", "żż")]),
    (b"a=100%", [("a", "100%")]),
    (b"a=%4", [("a", "%4")]),
    (b"a=%zz%41", [("a", "%zzA")]),
    (b"a=%u017C", [("a", "%u017C")]),
    (b"a=%00", [("a", "\0")]),
    ("ż=ż".encode(), [("ż", "ż")]),
    (b"a=\xc5%BC", [("a", "ż")]),  # half raw, half escaped
    (b"a=%C5\xbc", [("a", "ż")]),
    (b"a=\xff%FE", [("a", "\udcff\udcfe")]),
    (b"a=%ED%A0%80", [("a", "\udced\udca0\udc80")]),  # a surrogate is no UTF-8
    (b"a=\r\n", [("a", "\r\n")]),
    (b"to%5B%5D=1&to%5B%5D=2", [("to[]", "1"), ("to[]", "2")]),
]


@pytest.mark.parametrize(("raw", "expected"), PAIRS)
def test_bytes_are_read_as_these_pairs(raw, expected):
    assert pairs(raw) == expected


@repeatable
@given(st.text(alphabet="&=+%;?/ab09FcżC5€\0\n ").map(str.encode))
def test_pairs_agrees_with_parse_qsl_on_whatever_is_utf_8_before_decoding(raw):
    # Beyond that they differ: parse_qsl takes no bytes over 127, and reads a half escaped character as two errors.
    expected = parse_qsl(
        raw.decode(), keep_blank_values=True, encoding="utf-8", errors="surrogateescape", separator="&"
    )
    assert pairs(raw) == expected


@repeatable
@given(st.lists(st.tuples(st.text(), st.text())))
def test_what_urlencode_writes_is_read_back(written):
    assert pairs(urlencode(written).encode()) == written


@repeatable
@given(st.binary(), st.booleans())
def test_no_byte_of_a_value_is_lost(value, is_escaped):
    sent = quote_plus(value).encode() if is_escaped else value.translate(None, b"&%+")
    read = pairs(b"a=" + sent)[0][1]
    assert read.encode("utf-8", "surrogateescape") == (value if is_escaped else sent)
    assert quote_plus(read.encode("utf-8", "surrogateescape")).encode() == quote_plus(value).encode() or not is_escaped


@pytest.mark.parametrize(
    ("raw", "response"), [(b"plain", True), ("żółw €".encode(), True), (b"", True), (b"%ff", False), (b"a\xc5", False)]
)
def test_a_value_tells_whether_it_was_utf_8(raw, response):
    assert is_utf8(pairs(b"a=" + raw)[0][1]) is response


# Content types


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("application/json", "application/json"),
        ("Application/JSON; charset=utf-8", "application/json"),
        (" text/xml ;charset=UTF-8", "text/xml"),
        ("multipart/form-data; boundary=B", "multipart/form-data"),
        ("", ""),
        (";", ""),
        ("nonsense", "nonsense"),
    ],
)
def test_the_media_type_is_without_parameters(header, expected):
    assert media_type(header) == expected


# Multipart bodies


def part(head, value=b"value"):
    return b"--B\r\n" + head + b"\r\n\r\n" + value + b"\r\n"


FIELD = part(b'Content-Disposition: form-data; name="a"')
END = b"--B--\r\n"
TYPE = "multipart/form-data; boundary=B"

MULTIPART = [
    (END, []),
    (FIELD + END, [("a", "value")]),
    (FIELD + FIELD + END, [("a", "value"), ("a", "value")]),
    (FIELD + b"--B--", [("a", "value")]),
    (b"preamble\r\n" + FIELD + END + b"epilogue", [("a", "value")]),
    (part(b'Content-Disposition: form-data; name="a"', b"") + END, [("a", "")]),
    (part(b'Content-Disposition: form-data; name=""') + END, [("", "value")]),
    (part(b"Content-Disposition: form-data") + END, [("", "value")]),
    (part(b"content-disposition:form-data; name=a") + END, [("a", "value")]),
    (part(b'Content-Disposition: form-data; name="a"\r\nContent-Type: text/plain') + END, [("a", "value")]),
    (part(b'Content-Length: 5\r\nContent-Disposition: form-data; name="a"') + END, [("a", "value")]),
    (part(b'Content-Disposition: form-data; name="a"', b"1\r\n--C\r\n") + END, [("a", "1\r\n--C\r\n")]),
    (part(b'Content-Disposition: form-data; name="a"', b"a%20b+c&d=e") + END, [("a", "a%20b+c&d=e")]),
    (part('Content-Disposition: form-data; name="ż"'.encode(), "żółw".encode()) + END, [("ż", "żółw")]),
    (part(b'Content-Disposition: form-data; name="\xff"', b"\xfe") + END, [("\udcff", "\udcfe")]),
    (part(b'Content-Disposition: form-data; name="a"; filename="f.txt"') + FIELD + END, [("a", "value")]),
    (part(b'Content-Disposition: form-data; name="a"; filename=""') + END, []),
]


@pytest.mark.parametrize(("body", "expected"), MULTIPART)
def test_a_body_in_parts_is_read_as_these_pairs(body, expected):
    assert multipart_pairs(TYPE, body) == expected


@pytest.mark.parametrize(
    ("parameters", "boundary"),
    [
        ("; boundary=B", "B"),
        (";boundary=B;charset=utf-8", "B"),
        ("; charset=utf-8; Boundary=B", "B"),
        ('; boundary="B C"', "B C"),
        ('; boundary="B;C,D"', "B;C,D"),
        ("; boundary=----=_Part_1_2/3.4", "----=_Part_1_2/3.4"),
        ("; boundary=B,", "B"),
    ],
)
def test_the_boundary_is_found_however_it_is_written(parameters, boundary):
    body = (FIELD + END).replace(b"--B", b"--" + boundary.encode())
    assert multipart_pairs("multipart/form-data" + parameters, body) == [("a", "value")]


MALFORMED = [
    ("multipart/form-data", FIELD + END),
    ("multipart/form-data; boundary=", FIELD + END),
    ('multipart/form-data; boundary=""', FIELD + END),
    ("application/x-www-form-urlencoded", b"a=1"),
    ("multipart/form-data; boundary=C", FIELD + END),
    (TYPE, b""),
    (TYPE, b"a=1&b=2"),
    (TYPE, FIELD),
    (TYPE, FIELD[:-3]),
    (TYPE, FIELD + b"--B\r\n"),
    (TYPE, FIELD + b"--Bx\r\n" + END),
    (TYPE, b"x" + FIELD + END),
    (TYPE, part(b"Content-Disposition: attachment; name=a") + END),
    (TYPE, part(b"Content-Type: text/plain") + END),
    (TYPE, part(b"no header") + END),
    (TYPE, part(b'Content-Length: 99\r\nContent-Disposition: form-data; name="a"') + END),
    (TYPE, (FIELD + END).replace(b"\r\n", b"\n")),
    (TYPE, b"\x00\xff" * 100),
]


@pytest.mark.parametrize(("content_type", "body"), MALFORMED)
def test_a_body_that_differs_from_its_content_type_is_malformed(content_type, body):
    with pytest.raises(Malformed) as caught:
        multipart_pairs(content_type, body)
    assert str(caught.value).strip()
    assert "\n" not in str(caught.value)


@repeatable
@given(st.binary(max_size=200))
def test_whatever_comes_is_read_or_malformed(garbage):
    for body in (garbage, b"--B\r\n" + garbage, part(garbage) + END, part(b"Content-Disposition: " + garbage) + END):
        try:
            read = multipart_pairs(TYPE, body)
        except Malformed:
            continue
        assert all(isinstance(item, str) for pair in read for item in pair)


# Of a name, encoders and parsers escape quotes, backslashes, percent signs and controls in different ways.
names = st.text(st.characters(exclude_categories=["C"], exclude_characters='"\\%\u2028\u2029\x85'), min_size=1)
fields = st.lists(st.tuples(names, st.text(st.characters(exclude_categories=["Cs"]))), min_size=1, max_size=5)
files = st.lists(st.tuples(names, st.binary()), max_size=2)


def by_requests(parts):
    sent = requests.Request("POST", "http://localhost/", files=parts).prepare()
    return sent.headers["Content-Type"], sent.body


def by_httpx(parts):
    sent = httpx.Request("POST", "http://localhost/", files=[(n, (f, io.BytesIO(v))) for n, (f, v) in parts])
    return sent.headers["Content-Type"], sent.read()


def read_by_werkzeug(content_type, body):
    environ = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    _, form, uploads = parse_form_data(environ)
    for same_name in uploads.listvalues():
        for upload in same_name:
            upload.close()
    return list(form.items(multi=True))


@pytest.mark.parametrize("encode", [by_requests, by_httpx])
@repeatable
@given(fields, files)
def test_what_clients_write_is_read_back_without_the_files(encode, written, uploads):
    parts = [(name, (None, value.encode())) for name, value in written]
    content_type, body = encode(parts + [(name, ("file.txt", content)) for name, content in uploads])
    read = multipart_pairs(content_type, body)
    assert read == written
    assert sorted(read) == sorted(read_by_werkzeug(content_type, body))


@pytest.mark.parametrize("encode", [by_requests, by_httpx])
@repeatable
@given(st.binary())
def test_no_byte_of_a_part_is_lost(encode, value):
    [(name, read)] = multipart_pairs(*encode([("a", (None, value))]))
    assert (name, read.encode("utf-8", "surrogateescape")) == ("a", value)


@pytest.mark.parametrize("encode", [by_requests, by_httpx])
@repeatable
@given(fields, files)
def test_files_are_read_with_their_names_beside_the_fields(encode, written, uploads):
    parts = [(name, (None, value.encode())) for name, value in written]
    content_type, body = encode(parts + [(name, ("zdjęcie.txt", content)) for name, content in uploads])
    sent = [*written, *((name, Upload("zdjęcie.txt", content)) for name, content in uploads)]
    assert sent == multipart_parts(content_type, body)


@pytest.mark.parametrize(("text", "value"), [(b"[1]", [1]), (b'"a"', "a"), (b"{}", {}), (b" null ", None)])
def test_any_value_of_json_is_read(text, value):
    assert json_value(text) == value


# Bounds


@pytest.mark.parametrize("pair", [b"a=1", b"", b"%41"])
def test_a_form_of_more_fields_than_are_read_is_rejected_before_any_is_decoded(pair: bytes) -> None:
    raw = b"&".join([pair] * (MOST_FIELDS + 1))

    with pytest.raises(TooManyFields, match="more than 1000 fields"):
        pairs(raw)
    assert pairs(b"&".join([pair] * MOST_FIELDS)) == pairs(raw, is_cut=True)


def test_a_file_counts_as_a_part() -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\n1\r\n'

    with pytest.raises(TooManyFields, match="more than 1000 parts"):
        multipart_pairs("multipart/form-data; boundary=x", part * (MOST_FIELDS + 1) + b"--x--\r\n")
    assert [] == multipart_pairs("multipart/form-data; boundary=x", part * MOST_FIELDS + b"--x--\r\n")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"[" * 10**6, "more than 64 levels"),
        (b'{"a":' * 10**5, "more than 64 levels"),
        (b"{" + b'"":0,' * MOST_VALUES, f"more than {MOST_VALUES} values"),
        (b'{"a":"' + b'\\"' * 10**6 + b"," * MOST_VALUES, "unexpected end of data"),  # one text, which has no end
        (b'"' * 10**6 + b"," * MOST_VALUES, f"more than {MOST_VALUES} values"),
    ],
)
def test_json_of_too_many_values_or_levels_is_rejected_before_it_is_parsed(body: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        json_object(body)


@pytest.mark.parametrize("size", [0, 1, 2, 3])
@pytest.mark.parametrize("value", ["%C5%BC", "ż", "%41", "+", "%", "a"])
def test_a_value_of_several_pieces_is_decoded_as_a_whole(value: str, size: int) -> None:
    raw = b"a=" + b"x" * size + value.encode() * 40_000

    assert [("a", "x" * size + parse_qsl(f"a={value}")[0][1] * 40_000)] == pairs(raw)


def test_what_is_split_in_pieces_is_the_same_as_what_is_split_at_once() -> None:
    for text in (
        "",
        ",",
        "a",
        "a,b",
        "a," * 100_000,
        "," * 70_000 + "b" * 70_000,
        "b" * 65_536 + ",",
        "b" * 65_535 + ",c",
    ):
        assert text.split(",") == [part for some in split_in_pieces(text, ",") for part in some]
