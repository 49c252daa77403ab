"""The parser turns received bytes into requests, whole and bounded, however they are split."""

from __future__ import annotations

import pytest

from mockserver.http.request_parser import (
    FEED_CHUNK,
    MAX_HEADERS,
    REPORTED_BYTES,
    InvalidRequest,
    ParseStage,
    RequestParser,
)

GET = b"GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
CHUNKED = b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Trailer: t\r\n\r\n"
UPGRADE = (
    b"POST /a HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc"
    b"GET /b HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
)
FORM = ("method", "target", "path", "query", "version", "headers", "body", "is_too_large", "closes")


def parser(**limits):
    return RequestParser(**{"max_head": 64 * 1024, "max_body": 8 << 20, **limits})


def read(raw, sizes, **limits):
    """The events that a parser reports for bytes in pieces of a given size, as plain values."""
    made = parser(**limits)
    for start in range(0, len(raw), sizes):
        made.feed(raw[start : start + sizes], 0.0)
    return [
        (each.status, each.reason) if isinstance(each, InvalidRequest) else tuple(getattr(each, name) for name in FORM)
        for each in made.requests
    ]


@pytest.mark.parametrize("sizes", [1, 2, 7, FEED_CHUNK])
@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (GET, [("GET", "/a?b", "/a", "b", "HTTP/1.1", (("Host", "h"),), b"", False, False)]),
        (
            POST + GET,
            [
                ("POST", "/a", "/a", "", "HTTP/1.1", (("Host", "h"), ("Content-Length", "3")), b"abc", False, False),
                ("GET", "/a?b", "/a", "b", "HTTP/1.1", (("Host", "h"),), b"", False, False),
            ],
        ),
        (CHUNKED, [("POST", "/a", "/a", "", "HTTP/1.1", (("Transfer-Encoding", "chunked"),), b"abc", False, False)]),
        (b"GET / HTTP/1.0\r\n\r\n" + GET, [("GET", "/", "/", "", "HTTP/1.0", (), b"", False, True)]),
        (
            b"GET / HTTP/1.1\r\nConnection: foo, close\r\n\r\nno request",
            [("GET", "/", "/", "", "HTTP/1.1", (("Connection", "foo, close"),), b"", False, True)],
        ),
        (
            b"GET /%41 HTTP/1.1\r\nX: \xe9\r\n\r\n",
            [("GET", "/%41", "/A", "", "HTTP/1.1", (("X", "\xe9"),), b"", False, False)],
        ),
        (b"\r\n\r\nhello\r\n", [(400, "Invalid method encountered")]),
        (
            GET + b"\x16\x03\x01",
            [("GET", "/a?b", "/a", "b", "HTTP/1.1", (("Host", "h"),), b"", False, False), (400, None)],
        ),
        (b"GET / HTTP/2.0\r\n\r\n", [(505, "HTTP/1.1 and HTTP/1.0 are spoken here")]),
    ],
)
def test_bytes_are_the_same_requests_however_they_are_split(raw, sizes, expected):
    made = read(raw, sizes)
    assert [
        each if wanted[-1] is not None else (each[0], None) for each, wanted in zip(made, expected, strict=True)
    ] == expected


@pytest.mark.parametrize("sizes", [1, 5, FEED_CHUNK])
def test_a_body_behind_an_offered_upgrade_is_read_however_it_is_split(sizes):
    assert [(each[1], each[6]) for each in read(UPGRADE + GET, sizes)] == [("/a", b"abc"), ("/b", b""), ("/a?b", b"")]


# Apache 2.4 and nginx take such a request line; httptools does not.
@pytest.mark.parametrize("sizes", [1, 3, FEED_CHUNK])
def test_raw_utf_8_in_the_request_line_is_read_as_if_it_were_percent_encoded(sizes):
    raw = "GET /zażółć?x=ąę HTTP/1.1\r\nX: ó\r\n\r\n".encode()
    (request,) = read(raw, sizes)
    assert request[1:4] == (
        "/za%C5%BC%C3%B3%C5%82%C4%87?x=%C4%85%C4%99",
        "/zażółć".encode().decode("latin-1"),
        "x=%C4%85%C4%99",
    )
    assert request[5] == (("X", "ó".encode().decode("latin-1")),)


EVERY_BYTE = bytes(range(0x80, 0x100))
ESCAPED = "".join(f"%{byte:02X}" for byte in EVERY_BYTE)
RAW = b"GET /" + EVERY_BYTE + b"?a=" + EVERY_BYTE + b" HTTP/1.1\r\nHost: h\r\n\r\n"


@pytest.mark.parametrize("sizes", [1, 3, 100, FEED_CHUNK])
@pytest.mark.parametrize(
    "before",
    [
        b"",
        b"\r\n\r\n",
        GET,
        POST,
        CHUNKED,
        RAW,
        b"POST /a HTTP/1.1\r\nX: \xe9\r\nContent-Length: 6\r\n\r\n\xe9\r\n\r\n\xe9",
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n\xe9\r\n\r\n\xe9\r\n0\r\n\r\n",
        UPGRADE,
    ],
    ids=["alone", "empty lines", "GET", "POST", "chunks", "raw", "raw body", "raw chunks", "upgrade"],
)
def test_every_byte_above_ascii_is_taken_in_path_and_query_whatever_came_before(before, sizes):
    *others, request = read(before + RAW, sizes)
    assert request[1:4] == (f"/{ESCAPED}?a={ESCAPED}", "/" + EVERY_BYTE.decode("latin-1"), f"a={ESCAPED}")
    assert others == (read(before, sizes) if before.strip() else [])


def test_a_byte_above_ascii_counts_once_against_the_limit_of_a_head():
    made = parser(max_head=1_000)
    made.feed(b"GET /?a=" + b"\xe9" * 900 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 0.0)
    made.feed(b"GET /?a=" + b"\xe9" * 990 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 0.0)
    taken, rejected = made.requests
    assert taken.query == "a=" + "%E9" * 900
    assert isinstance(rejected, InvalidRequest)


@pytest.mark.parametrize("sizes", [1, 7, FEED_CHUNK])
@pytest.mark.parametrize("before", [b"", b"\r\n", GET, POST, CHUNKED, UPGRADE])
def test_what_is_kept_of_an_invalid_request_begins_where_it_begins(before, sizes):
    made = parser()
    raw = b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"
    for start in range(0, len(before + raw), sizes):
        made.feed((before + raw)[start : start + sizes], 0.0)
    kept = made.requests[-1].raw.lstrip()
    assert kept
    assert raw.startswith(kept)


@pytest.mark.parametrize("blanks", [" ", "\t", " \t "])
def test_blanks_around_the_value_of_a_header_do_not_belong_to_it(blanks):
    raw = f"GET / HTTP/1.1\r\nX-A:{blanks}a b{blanks}\r\n\r\n".encode()
    made = parser()
    made.feed(raw, 0.0)
    (request,) = made.requests

    assert (("X-A", "a b"),) == request.headers
    assert {"x-a": "a b"} == request.fields


def test_trailers_do_not_change_the_headers_of_a_request():
    made = parser()
    made.feed(CHUNKED[:-20], 0.0)
    made.feed(CHUNKED[-20:], 0.0)
    (request,) = made.requests
    assert request.fields == {"transfer-encoding": "chunked"}


@pytest.mark.parametrize("piece", [b"x" * 1000, (b"x: " + b"y" * 95 + b"\r\n") * 10])
def test_a_head_without_end_is_given_up(piece):
    made = parser(max_head=4000)
    made.feed(b"GET / HTTP/1.1\r\nA: ", 0.0)
    fed = 0
    while not made.is_done:
        made.feed(piece, 0.0)
        fed += len(piece)
    (invalid,) = made.requests
    assert (invalid.status, invalid.reason) == (431, "The request's head is too large")
    assert fed <= 4000 + len(piece)


def test_a_target_without_end_is_given_up():
    made = parser(max_head=4000)
    while not made.is_done:
        made.feed(b"GET /" if made.stage is ParseStage.IDLE else b"x" * 500, 0.0)
    (invalid,) = made.requests
    assert invalid.status == 414


IN_CHUNKS = b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
TOO_MUCH_FRAMING = (400, "The chunk extensions and trailers of the body are too long")


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (b"3;", b"x" * 100),
        (b"3;", b"x=y;" * 25),
        (b"0" * 10, b"0" * 100),
        (b"3\r\nabc\r\n0\r\nX: ", b"x" * 100),
        (b"3\r\nabc\r\n0\r\n", b"X: " + b"y" * 95 + b"\r\n"),
        (b"", b"1;" + b"x" * 96 + b"\r\nX\r\n"),
    ],
    ids=["extension", "parameters", "zeros", "trailer", "trailers", "extensions"],
)
def test_what_frames_a_body_in_chunks_is_bounded_and_an_unfinished_body_is_no_request(begin, piece):
    made = parser(max_head=4000)
    made.feed(IN_CHUNKS + begin, 0.0)
    fed = 0
    while not made.is_done:
        made.feed(piece, 0.0)
        fed += len(piece)
    assert fed <= 4400
    (invalid,) = made.requests
    # httptools 0.6 does not read such parameters of a chunk, and rejects them in words of its own.
    assert invalid.reason in (TOO_MUCH_FRAMING[1], "Invalid character in chunk size")
    assert (invalid.status, made.has_unread_input) == (TOO_MUCH_FRAMING[0], True)


@pytest.mark.parametrize("sizes", [1, 7, FEED_CHUNK])
@pytest.mark.parametrize(
    "end", [b"3;%s\r\nabc\r\n0\r\n\r\n", b"3\r\nabc\r\n0\r\nX:%s\r\n\r\n", b"3\r\nabc\r\n0;%s\r\n\r\n"]
)
def test_the_bound_of_a_bodys_framing_is_the_same_however_it_is_split(end, sizes):
    needed = len((end % b"").replace(b"abc", b"")) - 10  # two chunks need five bytes each
    fits, is_too_long = (IN_CHUNKS + end % (b"x" * (1000 - needed + more)) for more in (0, 1))
    assert [each[:2] + each[6:8] for each in read(fits, sizes, max_head=1000)] == [("POST", "/a", b"abc", False)]
    assert read(is_too_long, sizes, max_head=1000) == [TOO_MUCH_FRAMING]


@pytest.mark.parametrize("sizes", [1, 7, FEED_CHUNK])
def test_small_chunks_need_no_more_framing_than_any_have(sizes):
    raw = IN_CHUNKS + b"1\r\nx\r\n" * 2000 + b"0\r\n\r\n"
    assert [each[6] for each in read(raw, sizes, max_head=100)] == [b"x" * 2000]


def test_a_body_of_which_too_much_is_framing_is_rejected_and_not_taken_as_it_is():
    made = parser(max_body=1000)
    made.feed(IN_CHUNKS, 0.0)
    while not made.is_done:
        made.feed(b"1\r\nx\r\n" * 10, 0.0)
    (invalid,) = made.requests
    assert (invalid.status, invalid.reason) == (413, "The body has too many chunks")


@pytest.mark.parametrize("sizes", [1, 7, 1024])
def test_a_body_comes_in_4096_chunks_of_any_size_and_then_in_no_small_ones(sizes):
    small, larger = b"1\r\nx\r\n", b"20\r\n" + b"y" * 32 + b"\r\n"
    fits = IN_CHUNKS + small * 4096 + larger * 10 + b"0\r\n\r\n"
    assert [each[6] for each in read(fits, sizes)] == [b"x" * 4096 + b"y" * 320]
    too_many = IN_CHUNKS + small * 4500 + b"0\r\n\r\n"
    assert read(too_many, sizes) == [(413, "The body has too many chunks")]


def test_a_body_in_small_chunks_is_parsed_in_small_pieces_so_that_others_have_their_turn():
    made = parser()
    made.feed(IN_CHUNKS + b"1\r\nx\r\n" * 100, 0.0)
    assert 1024 == made.feed_size
    made.feed(b"1000\r\n" + b"y" * 4096 + b"\r\n", 0.0)
    assert FEED_CHUNK == made.feed_size
    made.feed(b"1\r\nx\r\n" * 500, 0.0)
    assert 1024 == made.feed_size
    made.feed(b"0\r\n\r\n", 0.0)
    assert FEED_CHUNK == made.feed_size


def test_a_body_that_is_longer_than_what_is_read_is_marked_as_too_large():
    made = parser(max_body=1000)
    made.feed(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n", 0.0)
    while not made.is_done:
        made.feed(b"x" * 100, 0.0)
    (request,) = made.requests
    assert (request.is_too_large, request.closes, len(request.body), made.has_unread_input) == (True, True, 1000, True)


@pytest.mark.parametrize("sizes", [1, 7, FEED_CHUNK])
@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\n%s\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n%s\r\n",
    ],
)
def test_the_number_of_headers_and_trailers_is_bounded(raw, sizes):
    least = raw.count(b":")
    assert len(read(raw % (b"a:b\r\n" * (MAX_HEADERS - least)), sizes)[0]) == len(FORM)
    too_many = raw % (b"a:b\r\n" * (MAX_HEADERS - least + 1))
    assert read(too_many, sizes) == [(431, f"The request has more than {MAX_HEADERS} headers")]


def test_a_head_with_too_many_headers_is_given_up_before_its_end():
    made = parser()
    made.feed(b"GET / HTTP/1.1\r\n" + b"a:b\r\n" * (MAX_HEADERS + 2), 0.0)
    (invalid,) = made.requests
    assert (invalid.status, made.is_done) == (431, True)


@pytest.mark.parametrize(
    "raw", [IN_CHUNKS + b"3;x\r\nabc\r\n0\r\nX: y\r\n\r\n", POST, UPGRADE[: UPGRADE.index(b"GET")]]
)
def test_a_message_that_does_not_end_is_no_request_wherever_it_stops(raw):
    for end in range(len(raw)):
        assert read(raw[:end], FEED_CHUNK) == read(raw[:end], 1) == []


HOST_WANTED = [(400, "The Host header is missing or names no host")]


@pytest.mark.parametrize("sizes", [1, FEED_CHUNK])
@pytest.mark.parametrize("line", [b"CONNECT h:443", b"GET http://h/a", b"OPTIONS *"])
def test_a_request_whose_target_is_no_path_needs_a_host_header_in_http_1_1(line, sizes):
    for head in (b"", b"Host: [::1\r\n", b"Host: a b\r\n", b"Host: u@h\r\n", b"Host: a,b\r\n", b"Host: h/x\r\n"):
        assert read(line + b" HTTP/1.1\r\n" + head + b"\r\n", sizes) == HOST_WANTED
    for head in (b"HTTP/1.0\r\n\r\n", b"HTTP/1.1\r\nHost:\r\n\r\n", b"HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"):
        assert len(read(line + b" " + head, sizes)[0]) == len(FORM)


def test_only_the_first_bytes_of_an_invalid_request_are_kept():
    made = parser()
    made.feed(b"\x00" * FEED_CHUNK, 0.0)
    (invalid,) = made.requests
    assert invalid.raw == b"\x00" * REPORTED_BYTES


def test_what_follows_a_connect_is_kept_for_another_protocol():
    made = parser()
    made.feed(b"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n\x16\x03", 0.0)
    made.feed(b"\x01", 0.0)
    assert (made.requests[0].target, bytes(made.after_connect)) == ("h:443", b"\x16\x03\x01")


def test_the_parse_stage_names_the_part_of_the_request_that_is_read():
    made = parser()
    stages = [made.stage]
    for piece in (b"GET / HT", b"TP/1.1\r\nContent-Length: 1\r\n\r\n", b"x"):
        made.feed(piece, 0.0)
        stages.append(made.stage)
    assert stages == [ParseStage.IDLE, ParseStage.HEAD, ParseStage.BODY, ParseStage.IDLE]


def test_the_parser_knows_that_a_client_expects_100_continue_until_its_body_comes():
    made = parser()
    made.feed(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", 0.0)
    assert made.expects_continue
    made.feed(b"a", 0.0)
    assert not made.expects_continue
