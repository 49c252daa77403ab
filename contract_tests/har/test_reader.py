"""HAR files in the manner of many tools are read, and what cannot be read is told with its place."""

from __future__ import annotations

import copy
import gzip
import io
import json
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract_tests.installed import PROVIDERS
from mockserver.har import HarError, RecordedExchange
from mockserver.har.reader import read_har, read_har_file
from mockserver.har.writer import har_chunks
from mockserver.http.secret_names import create_stand_ins

FILES = Path(__file__).parent / "files"
HOST = "https://api2.serwersms.pl"
MULTIPART = b'--%s\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xc5\x82\r\n--%s--\r\n'
OK = b'{"success":true}'

RULES: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    "fiddler": (
        "a byte order mark, and times with seven decimals",
        [(0, "POST", "/messages/send_sms", b'{"text":"\xc5\x82"}', 200, OK, ())],
    ),
    "firefox": (
        "fragments, joined headers, absent bodies of images, blocked requests, data: URLs",
        [
            (0, "GET", "/messages/view.xml?id=1", b"", 200, b"<a>\xb3</a>", ()),
            (1, "GET", "/logo.png", b"", 200, b"", ("the response body was not recorded",)),
            (2, "GET", "/blocked", b"", 0, b"", ("there was no response",)),
        ],
    ),
    "chrome": (
        "pseudo-headers, parameters beside the text, failed requests, bodies that were thrown away, the cache",
        [
            (0, "POST", "/messages/send_sms", b"text=%C5%82&phone=1", 200, OK, ()),
            (1, "GET", "/messages/reports", b"", 0, b"", ("there was no response: net::ERR_CONNECTION_REFUSED",)),
            (2, "GET", "/senders", b"", 200, b"", ("the response body was not recorded",)),
            (3, "GET", "/logo", b"", 200, OK, ("the response came from the browser's cache",)),
        ],
    ),
    "safari": (
        "letters beyond ASCII and blanks in the URL",
        [(0, "GET", "/szukaj/%C5%82?q=%C5%BC%20%C3%B3", b"", 200, b"\xff\x00\xfe", ())],
    ),
    "charles": (
        "CONNECT, forms by their parameters alone, base64 with line breaks, a null status",
        [
            (1, "POST", "/messages/send_sms", b"text=a+%C5%82&phone=500", 200, b"\xff\x00\xfe", ()),
            (2, "GET", "/senders", b"", 0, b"", ("there was no response: Remote host closed",)),
        ],
    ),
    "proxyman": (
        "nine decimals, and base64 without padding",
        [(0, "POST", "/files/add", MULTIPART % (b"x", b"x"), 200, OK, ())],
    ),
    "postman": (
        "few members, numbers as texts, milliseconds for a time, parameters of multipart forms",
        [
            (0, "POST", "/messages/send_sms", b"text=a%26%C5%82&phone=", 200, OK, ()),
            (
                1,
                "POST",
                "/files/add",
                MULTIPART % (b"xy", b"xy"),
                200,
                b"",
                ("when the request was sent was not recorded",),
            ),
        ],
    ),
    "insomnia": ("the query in queryString alone", [(0, "GET", "/messages/view?id=a+b&x=%26", b"", 200, OK, ())]),
    "slack": ("headers as lists of two, or as one object", [(0, "GET", "/senders", b"", 200, OK, ())]),
    "http-toolkit": (
        "binary request bodies in _content, and large ones left out",
        [
            (0, "POST", "/files/add", b"\xff\x00\xfe", 200, OK, ()),
            (1, "POST", "/files/add", b"", 200, OK, ("the request body was not recorded",)),
        ],
    ),
    "gzip-left-on": ("a body that is still compressed", [(0, "GET", "/senders", b"", 200, OK, ())]),
}


@pytest.mark.parametrize("tool", RULES)
def test_a_file_in_the_manner_of_a_tool_is_read(tool: str):
    found = list(read_har_file(FILES / f"{tool}.har"))

    assert RULES[tool][1] == [
        (e.index, e.method, e.url.removeprefix(HOST), e.request_body, e.status, e.response_body, e.missing)
        for e in found
    ]
    assert [1_778_833_800 + place for place in range(len(found))] == [each.started // 1_000_000 for each in found]


def test_every_file_is_named_by_a_rule():
    assert sorted(RULES) == sorted(path.stem for path in FILES.glob("*.har"))


def test_pseudo_headers_and_joined_headers_become_those_that_were_sent():
    chrome, firefox = (next(read_har_file(FILES / f"{tool}.har")) for tool in ("chrome", "firefox"))

    assert (("content-type", "application/x-www-form-urlencoded"),) == chrome.request_headers
    assert (("set-cookie", "a=1"), ("set-cookie", "b=2")) == firefox.response_headers[2:]


# -- files -------------------------------------------------------------------------------------------------------------------

SENT = RecordedExchange(
    index=0,
    started=1,
    method="GET",
    url=f"{HOST}/ł".replace("ł", "%C5%82"),
    status=200,
    response_body="zażółć".encode(),
)
DOCUMENT = b"".join(har_chunks([SENT]))


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(DOCUMENT.decode().encode("utf-16"), id="as PowerShell writes it"),
        pytest.param(gzip.compress(DOCUMENT), id="as gzip"),
        pytest.param(zlib.compress(DOCUMENT), id="as mitmproxy compresses it"),
        pytest.param(gzip.compress(b"\xef\xbb\xbf" + DOCUMENT), id="with a byte order mark in gzip"),
    ],
)
def test_a_file_that_is_no_plain_utf_8_is_read(file: bytes):
    assert [SENT] == list(read_har(io.BytesIO(file)))


@pytest.mark.parametrize(
    ("file", "complaint"),
    [
        (b"", "the file ends in the middle"),
        (b"{}", 'this is no HAR file: it has no list at "log", "entries"'),
        (b'{"log":{"entries":{}}}', 'this is no HAR file: it has no list at "log", "entries"'),
        (b'[{"log":{"entries":[]}}]', 'this is no HAR file: it has no list at "log", "entries"'),
        (b"<har>", "this is no JSON: "),
        (DOCUMENT[:-9], "the file ends in the middle"),
        (gzip.compress(DOCUMENT)[:-40], "the file ends in the middle"),
        (b'{"log":{"entries":[%s%s]}}' % (b"[" * 99, b"]" * 99), "an entry is nested more than 64 levels deep"),
    ],
)
def test_a_file_that_is_no_har_is_told_so(file: bytes, complaint: str):
    with pytest.raises(HarError) as caught:
        list(read_har(io.BytesIO(file)))
    if complaint.endswith(": "):  # the rest are the words of the parser
        assert str(caught.value).startswith(complaint)
    else:
        assert complaint == str(caught.value)


def test_a_file_that_was_cut_off_gives_its_whole_entries():
    complaints: list[HarError] = []
    document = b"".join(har_chunks([SENT, SENT, SENT]))

    assert 2 == len(list(read_har(io.BytesIO(document[:-60]), complaints.append)))
    assert ["the file ends in the middle, after 2 whole entries"] == [str(each) for each in complaints]


def entry(**changes: Any) -> dict[str, Any]:
    request = {"method": "GET", "url": HOST, "headers": []}
    return {
        "startedDateTime": "2026-05-15T08:30:00Z",
        "time": 1,
        "request": request,
        "response": {"status": 200},
        **changes,
    }


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"request": None}, "log.entries[1].request: the entry has no request"),
        ({"request": [1]}, "log.entries[1].request: an object is expected, not a list"),
        ({"request": {"url": HOST}}, "log.entries[1].request.method: a text is expected, not nothing"),
        ({"request": {"method": "GET", "url": 5}}, "log.entries[1].request.url: a text is expected, not a number"),
        ({"request": {"method": "GET", "url": "/x"}}, "log.entries[1].request.url: the URL is not absolute"),
        (
            {"request": {"method": "GET", "url": "https://[::1/"}},
            "log.entries[1].request.url: this is no URL: Invalid IPv6 URL",
        ),
        (
            {"request": {"method": "GET", "url": HOST, "headers": [{}, 7]}},
            "log.entries[1].request.headers[1]: a name and a value are expected",
        ),
        (
            {"response": {"status": 200, "content": {"text": "%", "encoding": "base64"}}},
            "log.entries[1].response.content.text: the text is not base64, as its encoding says",
        ),
    ],
)
def test_an_entry_that_cannot_be_read_is_told_with_its_place_and_the_others_are_read(
    changed: dict[str, Any], complaint: str
):
    document = json.dumps({"log": {"entries": [entry(), entry(**changed), entry()]}}).encode()
    complaints: list[HarError] = []

    assert [0, 2] == [each.index for each in read_har(io.BytesIO(document), complaints.append)]
    assert [(1, complaint)] == [(each.index, str(each)) for each in complaints]
    with pytest.raises(HarError) as caught:
        list(read_har(io.BytesIO(document)))
    assert complaint == str(caught.value)


def test_a_body_that_was_cut_off_is_missing_in_part():
    headers = [{"name": "Content-Length", "value": "9"}]
    document = {"log": {"entries": [entry(response={"status": 200, "headers": headers, "content": {"text": "abc"}})]}}
    (found,) = read_har(io.BytesIO(json.dumps(document).encode()))

    assert (b"abc", ("3 of 9 bytes of the response body were recorded",)) == (found.response_body, found.missing)


def test_a_form_that_mitmproxy_has_decoded_byte_by_byte_is_read_as_it_was_sent():
    sent = "a=zażółć".encode()
    data = {"mimeType": "application/x-www-form-urlencoded", "text": sent.decode("latin-1")}
    headers = [{"name": "content-length", "value": str(len(sent))}]
    request = {"method": "POST", "url": HOST, "headers": headers, "postData": data}
    (found,) = read_har(io.BytesIO(json.dumps({"log": {"entries": [entry(request=request)]}}).encode()))

    assert sent == found.request_body


def test_no_file_outside_of_its_folder_is_read_for_a_body(tmp_path: Path):
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "har").mkdir()
    content = {"size": 6, "_file": "../secret.txt"}
    path = tmp_path / "har" / "traffic.har"
    path.write_text(json.dumps({"log": {"entries": [entry(response={"status": 200, "content": content})]}}))
    (found,) = read_har_file(path)

    assert (b"", ("the response body was not recorded",)) == (found.response_body, found.missing)


class Endless(io.RawIOBase):
    """A HAR file of many entries that is made as it is read."""

    def __init__(self, many: int, body: int) -> None:
        self._entry = json.dumps(entry(response={"status": 200, "content": {"text": "a" * body}})).encode()
        self._left, self._rest = many, b'{"log":{"entries":['

    def read(self, size: int = -1) -> bytes:
        if not self._rest and self._left:
            self._left -= 1
            self._rest = self._entry + (b"," if self._left else b"]}}")
        found, self._rest = self._rest[:size], self._rest[size:]
        return found


def test_a_large_file_takes_the_memory_of_some_entries():
    tracemalloc.start()
    try:
        assert 400 == sum(1 for _ in read_har(Endless(400, 100_000)))
        assert tracemalloc.get_traced_memory()[1] < 4_000_000  # of 40 MB
    finally:
        tracemalloc.stop()


WHOLE = json.loads((FILES / "chrome.har").read_text())
VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=9)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(("name", "value", "text")), inner)
    ),
    max_leaves=4,
)


def places(value: Any, *path: str | int) -> list[tuple[str | int, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for name, member in members for place in places(member, *path, name))]


@given(st.sampled_from(places(WHOLE)[1:]), VALUES, st.binary(max_size=3))
def test_whatever_stands_in_a_file_is_read_or_told(path: tuple[str | int, ...], value: Any, noise: bytes):
    document = copy.deepcopy(WHOLE)
    holder = document
    for name in path[:-1]:
        holder = holder[name]
    holder[path[-1]] = value
    written = json.dumps(document).encode()
    for file in (written, noise + written, written[: len(written) // 2] + noise + written[len(written) // 2 :]):
        complaints: list[HarError] = []
        for exchange in read_har(io.BytesIO(file), complaints.append):
            assert (exchange.method, exchange.url) == (exchange.method.upper(), exchange.url.strip())
            stand_ins = create_stand_ins(PROVIDERS, anonymise=True)
            list(har_chunks([stand_ins.apply(exchange)]))
        assert all(str(each) for each in complaints)
