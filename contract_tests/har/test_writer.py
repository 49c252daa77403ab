"""What is written is HAR 1.2, and is read back as it was."""

from __future__ import annotations

import io
import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.har import RecordedExchange
from mockserver.har.reader import read_har, read_har_file
from mockserver.har.writer import HarWriter, har_chunks

SENT = RecordedExchange(
    index=0,
    started=1_764_500_000_123_456,
    duration=41_500,
    method="POST",
    url="https://api2.serwersms.pl/messages/send_sms?a=b%20c",
    request_headers=(
        ("Host", "api2.serwersms.pl"),
        ("content-type", "application/json"),
        ("X-Twice", "1"),
        ("X-Twice", "2"),
    ),
    request_body='{"text":"zażółć 😀"}'.encode(),
    status=200,
    reason="OK",
    response_headers=(("Content-Type", "application/json"), ("Set-Cookie", "a=b; Path=/")),
    response_body=b'{"success":true}',
)


def test_an_exchange_is_written_as_an_entry_of_har_1_2():
    document = json.loads(b"".join(har_chunks([SENT], "recorded by a test")))
    assert ("1.2", "mockserver", "recorded by a test") == (
        document["log"]["version"],
        document["log"]["creator"]["name"],
        document["log"]["comment"],
    )
    assert document["log"]["entries"] == [
        {
            "startedDateTime": "2025-11-30T10:53:20.123456Z",
            "time": 41.5,
            "request": {
                "method": "POST",
                "url": "https://api2.serwersms.pl/messages/send_sms?a=b%20c",
                "httpVersion": "HTTP/1.1",
                "cookies": [],
                "headers": [
                    {"name": "Host", "value": "api2.serwersms.pl"},
                    {"name": "content-type", "value": "application/json"},
                    {"name": "X-Twice", "value": "1"},
                    {"name": "X-Twice", "value": "2"},
                ],
                "queryString": [{"name": "a", "value": "b c"}],
                "headersSize": -1,
                "bodySize": 26,
                "postData": {"mimeType": "application/json", "text": '{"text":"zażółć 😀"}'},
            },
            "response": {
                "status": 200,
                "statusText": "OK",
                "httpVersion": "HTTP/1.1",
                "cookies": [{"name": "a", "value": "b"}],
                "headers": [
                    {"name": "Content-Type", "value": "application/json"},
                    {"name": "Set-Cookie", "value": "a=b; Path=/"},
                ],
                "content": {"size": 16, "mimeType": "application/json", "text": '{"success":true}'},
                "redirectURL": "",
                "headersSize": -1,
                "bodySize": -1,
            },
            "cache": {},
            "timings": {"send": 0, "wait": 41.5, "receive": 0},
        }
    ]


def test_a_binary_request_body_is_marked_as_base64_and_read_back():
    sent = msgspec.structs.replace(SENT, request_headers=(), request_body=b"\xff\x00\xfe")
    document = b"".join(har_chunks([sent]))
    assert json.loads(document)["log"]["entries"][0]["request"]["postData"] == {
        "mimeType": "",
        "text": "/wD+",
        "_encoding": "base64",
        "comment": "the text is base64 of the bytes",
    }
    assert [sent] == list(read_har(io.BytesIO(document)))


def test_what_is_missing_of_an_exchange_is_its_comment_and_is_read_back():
    cut = msgspec.structs.replace(
        SENT, status=0, reason="", response_headers=(), response_body=b"", missing=("it was cut off",)
    )
    document = b"".join(har_chunks([cut]))
    assert json.loads(document)["log"]["entries"][0]["comment"] == "it was cut off"
    assert [cut] == list(read_har(io.BytesIO(document)))


def test_the_file_is_complete_after_each_exchange(tmp_path: Path):
    path = tmp_path / "traffic.har"
    with path.open("wb") as file, HarWriter(file) as writer:
        for count in range(4):
            assert count == len(json.loads(path.read_bytes())["log"]["entries"])
            writer.write(SENT)
    assert [msgspec.structs.replace(SENT, index=index) for index in range(4)] == list(read_har_file(path))


class Pipe(io.BytesIO):
    def seekable(self) -> bool:
        return False


def test_a_file_that_cannot_seek_is_complete_when_it_is_closed():
    pipe = Pipe()
    with HarWriter(pipe) as writer:
        writer.write(SENT)
        with pytest.raises(ValueError, match="Expecting"):
            json.loads(pipe.getvalue())
    assert [SENT] == list(read_har(io.BytesIO(pipe.getvalue())))


NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=":"), min_size=1, max_size=12)
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12)
TYPES = st.sampled_from(
    (
        "application/json",
        "text/xml; charset=ISO-8859-2",
        "text/plain; charset=utf-16",
        "text/plain; charset=none",
        "image/png",
    )
)
HEADERS = st.lists(
    st.one_of(
        st.tuples(NAMES, VALUES),
        st.tuples(st.just("Content-Type"), TYPES),
        st.tuples(st.just("Content-Length"), st.integers(0, 9).map(str)),
        st.tuples(st.just("Content-Encoding"), st.sampled_from(("gzip", "br"))),
    ),
    max_size=4,
).map(tuple)
BODIES = st.one_of(st.binary(max_size=12), st.text(max_size=9).map(str.encode))


@given(HEADERS, BODIES, HEADERS, BODIES, st.integers(100, 599), st.integers(0, 2**51))
def test_any_exchange_is_read_back_as_it_was_written(
    request_headers, request_body, response_headers, response_body, status, started
):
    written = msgspec.structs.replace(
        SENT,
        started=started,
        request_headers=request_headers,
        request_body=request_body,
        response_headers=response_headers,
        response_body=response_body,
        status=status,
    )
    (read,) = read_har(io.BytesIO(b"".join(har_chunks([written]))))
    assert written == msgspec.structs.replace(read, missing=())
