"""The entries of mGage's QUIRKS.md: the default, and each variant that can be chosen."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from contract_tests.clocks import let_pass
from contract_tests.ways import both_ways
from mockserver.app import read_fixture
from mockserver.engine.accounts import Account, Login, Program
from mockserver.engine.clock import Clock
from mockserver.engine.events import MessageStored
from mockserver.engine.instants import parse_instant
from mockserver.engine.messages import Message
from mockserver.engine.segments import Segment
from mockserver.engine.state import Fixture
from mockserver.worldfile import WorldFileError

REALM = 'Basic realm="Communicate Pro", charset="UTF-8"'
PATH = "/api/messages/program/"
KEYS = ["type", "deliveryStatus", "number", "body", "date", "network"]


def message(serial, at, text="", direction="inbound", handset="5556667777", status="Received", network=None):
    sides = (handset, "37911") if direction == "inbound" else ("37911", handset)
    at = parse_instant(at)
    return Message(
        serial, "mgage/one", str(serial), direction, *sides, at, text, status=status, program="1001", network=network
    )


def account(name, user, secret, *programs):
    programs = {number: Program(number, f"Program {number}", "Campaign", kind) for number, kind in programs}
    return Account(f"mgage/{name}", "mgage", name, (Login(user, secret),), programs=programs)


ACCOUNTS = (
    account("one", "one", "secret", ("1001", "Text to Join"), ("1002", "Głosowanie")),
    account("two", "zwei", "pass:wörd:", ("2001", "Voting")),
)


class Mgage:
    """A client of mGage's API, with account one."""

    def __init__(self, registry):
        self.world = registry.default
        self.client = both_ways(registry)

    def open(self, query="", program="1001", auth=("one", "secret"), method="GET", **request):
        return self.client.open(PATH + program, method=method, query_string=query, auth=auth, **request)

    def page(self, query="", program="1001", **request):
        response = self.open(query, program, **request)
        assert response.status_code == 200, response.text
        return json.loads(response.data)

    def messages(self, query=""):
        return self.page(query)["data"]["messages"]

    def texts(self, query=""):
        return [message["body"] for message in self.messages(query)]

    def rejected(self, query="", program="1001", **request):
        """The status and the sentence of a provider error that contains nothing else."""
        response = self.open(query, program, **request)
        (sentence,) = json.loads(response.data)["meta"]["generalErrors"]
        body = {"meta": {"generalErrors": [sentence], "nextPageUrl": None}}
        assert response.text == json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        return response.status_code, sentence


@pytest.fixture
def mgage(open_registry):
    """mGage with these messages and variants, at this instant."""

    def opened(*messages, variants: Mapping[str, str] = {}, now="2026-06-01T12:00:00Z"):
        clock = Clock.frozen(parse_instant(now))
        return Mgage(open_registry(Fixture(ACCOUNTS, Segment(messages)), clock, variants))

    return opened


# MG-1 and MG-2, and MG-10: test_mgage_samples.py

MAY = "2026-05-01T10:00:00Z"


@pytest.mark.parametrize(
    ("variant", "numbers"), [("string", ["1234567890", "15556667777"]), ("numeric", [1234567890, 15556667777])]
)
def test_mg_3_a_number_is_a_string_or_numeric(mgage, variant, numbers):
    rows = [message(0, MAY, handset="1234567890"), message(1, MAY, handset="15556667777")]
    response = mgage(*rows, variants={"mgage.number": variant})
    assert [row["number"] for row in response.messages()] == numbers


def test_mg_4_a_number_is_shown_as_it_is_stored(mgage):
    numbers = ["1234567890", "15556667777", "48555666777", "447700900123", "37911"]
    rows = [message(serial, MAY, handset=number) for serial, number in enumerate(numbers)]
    assert [row["number"] for row in mgage(*rows).messages()] == numbers


@pytest.mark.parametrize(
    ("at", "sample", "iso"),
    [
        ("2014-12-05T10:00:00Z", "2014-12-05T10:00:00.00", "2014-12-05T10:00:00"),  # 003's own
        ("2014-12-05T10:00:00.250Z", "2014-12-05T10:00:00.25", "2014-12-05T10:00:00"),
        ("2014-12-05T10:00:00.999999Z", "2014-12-05T10:00:00.99", "2014-12-05T10:00:00"),
        ("2014-12-05T10:00:00.009Z", "2014-12-05T10:00:00.00", "2014-12-05T10:00:00"),
        ("2014-12-05T00:30:00+02:00", "2014-12-04T22:30:00.00", "2014-12-04T22:30:00"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.00", "0001-01-01T00:00:00"),
    ],
)
def test_mg_5_a_date_is_written_as_in_the_sample_or_as_in_the_table(mgage, at, sample, iso):
    for variant, date in (("sample", sample), ("iso", iso)):
        response = mgage(message(0, at), variants={"mgage.date": variant})
        assert [row["date"] for row in response.messages("startDate=0001-01-01T00:00:00")] == [date]


def test_mg_6_dates_are_asked_for_in_gmt_and_both_ends_are_whole_seconds(mgage):
    response = mgage(message(0, "2026-05-01T00:30:00+02:00", "a"), message(1, "2026-04-30T22:30:00.999999Z", "b"))
    assert response.texts("startDate=2026-04-30T22:30:00&endDate=2026-04-30T22:30:00") == ["a", "b"]
    assert response.texts("startDate=2026-04-30T22:30:01") == []
    assert response.texts("endDate=2026-04-30T22:29:59") == []


@pytest.mark.parametrize("variant", ["sample", "iso"])
def test_mg_6_a_date_is_asked_for_as_it_is_printed(mgage, variant):
    rows = [
        message(serial, f"2026-05-01T10:00:{second}Z", second)
        for serial, second in enumerate(("07", "07.249999", "07.259999", "07.26", "08"))
    ]
    response = mgage(*rows, variants={"mgage.date": variant})
    printed = response.messages()[2]["date"]
    assert (
        response.texts(f"startDate={printed}&endDate={printed}")
        == {
            "sample": ["07.259999"],
            "iso": ["07", "07.249999", "07.259999", "07.26"],
        }[variant]
    )


def test_mg_6_an_end_may_be_printed_and_a_start_whole(mgage):
    response = mgage(message(0, "2026-05-01T10:00:00.25Z", "a"), message(1, "2026-05-01T10:00:00.26Z", "b"))
    assert response.texts("startDate=2026-05-01T10:00:00&endDate=2026-05-01T10:00:00.25") == ["a"]
    assert response.texts("startDate=2026-05-01T10:00:00.26&endDate=2026-05-01T10:00:00") == ["b"]
    assert response.rejected("startDate=2026-05-01T10:00:00.26&endDate=2026-05-01T10:00:00.25")[1] == (
        "endDate 2026-05-01T10:00:00.25 is before startDate 2026-05-01T10:00:00.26"
    )


FILTERS = "messageType=MO&startDate=2026-05-01T00:00:00&endDate=2026-05-31T23:59:59&pageSize=1"


@pytest.mark.parametrize(
    ("query", "following"),
    [
        ("pageSize=1", "page=2&pageSize=1"),
        (
            FILTERS,
            "page=2&messageType=MO&startDate=2026-05-01T00%3A00%3A00&endDate=2026-05-31T23%3A59%3A59&pageSize=1",
        ),
        ("pageSize=1&messageType=MO", "page=2&pageSize=1&messageType=MO"),
        ("pageSize=1&page=2", "page=3&pageSize=1"),
        ("page=1&pageSize=1", "page=2&pageSize=1"),
    ],
)
def test_mg_7_the_next_page_is_asked_for_with_the_filters_or_as_printed(mgage, query, following):
    rows = [message(serial, MAY) for serial in range(3)]
    url = f"http://localhost{PATH}1001?"
    assert mgage(*rows).page(query)["meta"]["nextPageUrl"] == url + following
    printed = mgage(*rows, variants={"mgage.next_page_url": "printed"})
    assert printed.page(query)["meta"]["nextPageUrl"] == url + following.partition("&")[0]


def walk(response, query, pause):
    """The texts of all pages, each fetched some microseconds after the one before."""
    texts, url = [], f"http://localhost{PATH}1001?{query}"
    while url is not None:
        page = response.page(url.partition("?")[2])
        texts += [row["body"] for row in page["data"]["messages"]]
        let_pass(response.world, pause)
        url = page["meta"]["nextPageUrl"]
    return texts


LAST_YEAR = [
    message(serial, f"2025-{at}Z", at)
    for serial, at in enumerate(
        (
            "06-01T11:59:59.999999",
            "06-01T12:00:00",
            "06-01T12:00:01",
            "06-02T12:00:00",
            "06-02T12:00:00.5",
            "06-05T00:00:00",
        )
    )
]
SECOND, DAY = 1_000_000, 86_400_000_000


@pytest.mark.parametrize("pause", [1, SECOND, DAY // 2, DAY, 2 * DAY])
@pytest.mark.parametrize("age", ["default-start", "range", "today"])
@pytest.mark.parametrize("query", ["pageSize=1", "pageSize=2&messageType=MO", "endDate=2027-01-01T00:00:00&pageSize=1"])
def test_mg_7_a_pinned_walk_yields_every_message_exactly_once_whatever_the_clock_does(mgage, pause, age, query):
    today = [message(10 + serial, f"2026-06-01T0{serial}:00:00Z", str(serial)) for serial in range(3)]
    response = mgage(*LAST_YEAR, *today, variants={"mgage.next_page_url": "pinned", "mgage.age": age})
    year = [] if age == "today" and "endDate" not in query else [row.text for row in LAST_YEAR[1:]]
    assert walk(response, query, pause) == [*year, "0", "1", "2"]


def test_mg_7_a_pinned_walk_with_a_start_of_its_own_keeps_it_as_sent(mgage):
    response = mgage(*LAST_YEAR, variants={"mgage.next_page_url": "pinned"})
    query = "startDate=2025-06-01T12:00:00.00&pageSize=2"
    sent = "startDate=2025-06-01T12%3A00%3A00.00&pageSize=2"
    assert response.page(query)["meta"]["nextPageUrl"] == f"http://localhost{PATH}1001?page=2&{sent}"
    assert walk(response, query, DAY) == [row.text for row in LAST_YEAR[1:]]


def test_mg_7_the_start_in_effect_stands_behind_the_filters(mgage):
    response = mgage(*LAST_YEAR, now="2026-06-01T12:00:00.750Z", variants={"mgage.next_page_url": "pinned"})
    url = f"http://localhost{PATH}1001?page=2&pageSize=2&startDate=2025-06-01T12%3A00%3A00"
    assert response.page("pageSize=2")["meta"]["nextPageUrl"] == url


@pytest.mark.parametrize("age", ["default-start", "range"])
def test_mg_7_a_walk_by_filters_is_exact_where_the_start_is_asked_for(mgage, age):
    response = mgage(*LAST_YEAR, variants={"mgage.age": age})
    query = "startDate=2025-06-01T12:00:00&endDate=2026-06-01T12:00:00&pageSize=1"
    assert walk(response, query, DAY) == [row.text for row in LAST_YEAR[1:]]


def test_mg_7_a_walk_by_filters_loses_messages_where_the_default_start_passes_them(mgage):
    response = mgage(*LAST_YEAR)
    assert walk(response, "pageSize=2", SECOND) == [
        "06-01T12:00:00", "06-01T12:00:01", "06-02T12:00:00.5", "06-05T00:00:00",
    ]  # fmt: skip


def test_mg_8_pages_count_from_one_and_past_the_last_is_nothing(mgage):
    response = mgage(message(0, MAY, "a"), message(1, MAY, "b"))
    assert response.texts("pageSize=1") == response.texts("pageSize=1&page=1") == ["a"]
    assert response.texts("pageSize=1&page=2") == ["b"]
    for number in (3, 999_999_999):
        past = response.page(f"pageSize=1&page={number}")
        assert (past["meta"]["nextPageUrl"], past["data"]["messages"]) == (None, [])
    assert response.rejected("page=0") == (400, "page must be a number from 1 to 999999999: 0")


def test_mg_9_more_than_500_on_a_page_is_rejected_and_not_cut(mgage):
    response = mgage(*(message(serial, MAY) for serial in range(501)))
    assert len(response.texts("pageSize=500")) == 500
    assert response.rejected("pageSize=501") == (400, "pageSize must be a number from 1 to 500: 501")


def test_mg_11_there_are_two_message_types_and_every_message_has_one(mgage):
    response = mgage(message(0, MAY), message(1, MAY, direction="outbound"))
    assert [row["type"] for row in response.messages()] == ["MO", "MT"]
    assert [row["type"] for row in response.messages("messageType=MT")] == ["MT"]
    assert response.rejected("messageType=both") == (400, "messageType must be MO or MT: both")


@pytest.mark.parametrize(
    ("base_url", "path"),
    [
        ("https://communicatepro.mgage.com", PATH),
        ("http://127.0.0.1:7670", PATH),
        ("http://[::1]:7670", PATH),
        ("https://localhost:7671", PATH),
        ("http://localhost", f"/_w/default{PATH}"),
    ],
)
def test_mg_12_the_next_page_is_at_the_host_and_prefix_that_were_asked_and_null_after_the_last(mgage, base_url, path):
    client = mgage(message(0, MAY), message(1, MAY)).client
    first, second = (
        json.loads(client.get(f"{path}1001", base_url=base_url, query_string=query, auth=("one", "secret")).data)
        for query in ("pageSize=1", "page=2&pageSize=1")
    )
    assert first["meta"] == {"generalErrors": [], "nextPageUrl": f"{base_url}{path}1001?page=2&pageSize=1"}
    assert second["meta"] == {"generalErrors": [], "nextPageUrl": None}


def token(text):
    return b64encode(text if isinstance(text, bytes) else text.encode()).decode()


REQUIRED = "HTTP Basic authentication is required"
INVALID = "Invalid username or password"
NO_BASIC = "Authorization header is not HTTP Basic: "


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        (None, REQUIRED),
        ("", REQUIRED),
        (token("one:secret"), REQUIRED),
        (f"Bearer {token('one:secret')}", REQUIRED),
        (f"Basic{token('one:secret')}", REQUIRED),
        ('Digest username="one"', REQUIRED),
        ("Basic", f"{NO_BASIC}no colon between user and password"),
        (f"Basic {token('one')}", f"{NO_BASIC}no colon between user and password"),
        ("Basic one:secret", f"{NO_BASIC}not base64"),
        ("Basic b25lOnNlY3JldA", f"{NO_BASIC}not base64"),
        (f"Basic {token('one:secret')} x", f"{NO_BASIC}not base64"),
        ("Basic ż".encode().decode("latin-1"), f"{NO_BASIC}not base64"),
        (f"Basic {token(b'one:' + bytes([255]))}", f"{NO_BASIC}not UTF-8"),
        (f"Basic {token('zwei:pass:wörd:'.encode('latin-1'))}", f"{NO_BASIC}not UTF-8"),
        (f"Basic {token(':')}", INVALID),
        (f"Basic {token('one:')}", INVALID),
        (f"Basic {token('one:Secret')}", INVALID),
        (f"Basic {token('one:secret:')}", INVALID),
        (f"Basic {token('ONE:secret')}", INVALID),
        (f"Basic {token('no one:secret')}", INVALID),
        (f"Basic {token('one:secret' + chr(0))}", INVALID),
        (f"Basic {token('x' * 20_000 + ':secret')}", INVALID),
    ],
)
def test_mg_13_who_is_not_known_gets_a_401_with_a_challenge(mgage, header, sentence):
    headers = {} if header is None else {"Authorization": header}
    response = mgage(message(0, MAY)).open(auth=None, headers=headers)
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, REALM)
    assert json.loads(response.data) == {"meta": {"generalErrors": [sentence], "nextPageUrl": None}}


@pytest.mark.parametrize("scheme", ["Basic ", "basic ", "BASIC ", "Basic   "])
@pytest.mark.parametrize(("user", "program"), [("one:secret", "1001"), ("zwei:pass:wörd:", "2001")])
def test_mg_13_a_password_may_have_colons_and_letters_beyond_ascii(mgage, scheme, user, program):
    response = mgage().open(program=program, auth=None, headers={"Authorization": scheme + token(user)})
    assert response.status_code == 200
    assert "WWW-Authenticate" not in response.headers


def test_mg_14_an_error_has_its_sentence_under_meta_and_no_data(mgage):
    response = mgage().open("pageSize=0")
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert response.data == (
        b'{"meta":{"generalErrors":["pageSize must be a number from 1 to 500: 0"],"nextPageUrl":null}}'
    )


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
def test_mg_15_only_get_is_allowed(mgage, method):
    response = mgage().open(method=method)
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD")
    assert json.loads(response.data) == {
        "meta": {"generalErrors": [f"Method {method} not allowed; use GET"], "nextPageUrl": None}
    }


def test_mg_15_head_is_get_without_a_body(mgage):
    response = mgage()
    got, fetch = response.open(), response.open(method="HEAD")
    assert fetch.data == b""
    assert (fetch.status_code, fetch.headers) == (got.status_code, got.headers)


@pytest.mark.parametrize("accept", [None, "application/json", "application/xml", "text/html", "*/*;q=0", "nonsense"])
def test_mg_16_json_is_utf_8_without_blanks_whatever_is_accepted(mgage, accept):
    response = mgage(message(0, MAY, "zażółć 🎉 \u2028 \"'\\/\n\x07")).open(
        headers={"Accept": accept} if accept else {}
    )
    assert response.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert (
        response.data
        == (
            '{"meta":{"generalErrors":[],"nextPageUrl":null},"data":{"campaignName":"Campaign","programName":"Program 1001",'
            '"programType":"Text to Join","messages":[{"type":"MO","deliveryStatus":"Received","number":"5556667777",'
            '"body":"zażółć 🎉 \u2028 \\"\'\\\\/\\n\\u0007","date":"2026-05-01T10:00:00.00","network":null}]}}'
        ).encode()
    )


OLD = (
    message(0, "2014-12-05T10:00:00Z", "2014"),
    message(1, "2025-06-01T11:59:59.999999Z", "a year and more"),
    message(2, "2025-06-01T12:00:00Z", "a year"),
    message(3, "2026-05-31T23:59:59.999999Z", "yesterday"),
    message(4, "2026-06-01T00:00:00Z", "today"),
)
ALL = ["2014", "a year and more", "a year", "yesterday", "today"]
SINCE_2014 = "startDate=2014-12-05T10:00:00"
TOO_LONG = (400, "startDate {} is more than one year before the endDate")


@pytest.mark.parametrize(
    ("variant", "query", "texts"),
    [
        ("default-start", "", ALL[2:]),
        ("default-start", "endDate=2026-05-31T23:59:59", ALL[2:4]),
        ("default-start", "endDate=2014-12-05T10:00:00", []),
        ("default-start", SINCE_2014, ALL),
        ("default-start", f"{SINCE_2014}&endDate=2014-12-05T10:00:00", ALL[:1]),
        ("today", "", ALL[4:]),
        ("today", "messageType=MO&pageSize=3", ALL[4:]),
        ("today", "endDate=2026-05-31T23:59:59", ALL[2:4]),
        ("today", SINCE_2014, ALL),
        ("archived", "", ALL[2:]),
        ("archived", SINCE_2014, ALL[2:]),
        ("archived", f"{SINCE_2014}&endDate=2014-12-05T10:00:00", []),
        ("archived", "startDate=2026-06-01T00:00:00", ALL[4:]),
        ("range", "", ALL[2:]),
        ("range", "startDate=2025-06-01T00:00:00", ALL[1:]),
        ("range", "startDate=2025-06-01T00:00:00&endDate=2026-12-31T23:59:59", ALL[1:]),
        ("range", f"{SINCE_2014}&endDate=2015-12-05T00:00:00", ALL[:1]),
        ("range", "endDate=2014-12-05T10:00:00", []),
    ],
)
def test_mg_17_the_year_is_of_the_default_start_or_what_the_switch_says(mgage, variant, query, texts):
    assert mgage(*OLD, variants={"mgage.age": variant}).texts(query) == texts


@pytest.mark.parametrize(
    ("query", "start"),
    [
        (SINCE_2014, "2014-12-05T10:00:00"),
        ("startDate=2025-05-31T23:59:59", "2025-05-31T23:59:59"),
        (f"{SINCE_2014}&endDate=2015-12-06T00:00:00", "2014-12-05T10:00:00"),
    ],
)
def test_mg_17_a_range_of_more_than_a_year_is_rejected_in_one_variant(mgage, query, start):
    status, sentence = TOO_LONG
    assert mgage(*OLD, variants={"mgage.age": "range"}).rejected(query) == (status, sentence.format(start))


@pytest.mark.parametrize(
    ("now", "texts"),
    [
        ("2024-02-29T00:00:00.999999Z", ["28 February", "1 March"]),
        ("2024-02-29T00:00:01Z", ["1 March"]),
        ("2024-03-01T00:00:00Z", ["1 March"]),
        ("2024-03-01T00:00:01Z", []),
        ("2024-02-28T00:00:00Z", ["28 February", "1 March"]),
    ],
)
def test_mg_17_a_leap_day_has_its_year_from_28_february(mgage, now, texts):
    rows = [
        message(0, "2023-02-27T23:59:59Z", "27 February"),
        message(1, "2023-02-28T00:00:00Z", "28 February"),
        message(2, "2023-03-01T00:00:00Z", "1 March"),
    ]
    assert mgage(*rows, now=now).texts() == texts


@pytest.mark.parametrize("now", ["0001-01-01T00:00:00Z", "0001-06-01T12:00:00Z", "9999-12-31T23:59:59Z"])
@pytest.mark.parametrize("variant", ["default-start", "today", "archived", "range"])
def test_mg_17_a_year_ago_is_there_at_the_ends_of_the_calendar(mgage, now, variant):
    assert mgage(message(0, now, "now"), now=now, variants={"mgage.age": variant}).texts() == ["now"]


def test_mg_17_the_default_start_slides_by_the_second(mgage):
    response = mgage(*OLD, now="2026-06-01T12:00:00Z")
    assert response.texts("pageSize=1") == ["a year"]
    let_pass(response.world, 999_999)
    assert response.texts("pageSize=1") == ["a year"]
    let_pass(response.world, 1)
    assert response.texts("pageSize=1") == ["yesterday"]


def test_mg_18_messages_come_by_date_and_then_by_arrival(mgage):
    rows = [message(0, MAY, "b"), message(1, "2026-04-01T10:00:00Z", "a"), message(2, MAY, "c")]
    response = mgage(*rows)
    late = message(3, MAY, "d")
    response.world.state.apply(MessageStored(late))
    response.world.state.apply(MessageStored(replace(late, serial=4, at=late.at - 1, text="before b")))
    assert response.texts() == ["a", "before b", "b", "c", "d"]


def test_mg_19_the_number_is_the_handsets_in_both_directions(mgage):
    rows = [message(0, MAY, handset="5551112222"), message(1, MAY, handset="5553334444", direction="outbound")]
    assert [row["number"] for row in mgage(*rows).messages()] == ["5551112222", "5553334444"]


def test_mg_20_a_delivery_status_is_what_the_world_says(mgage):
    statuses = ["Sent", "Delivered", "Error", "Undelivered", "Received", "Processing", "Dostarczono"]
    rows = [message(serial, MAY, status=status) for serial, status in enumerate(statuses)]
    assert [row["deliveryStatus"] for row in mgage(*rows).messages()] == statuses


def test_mg_20_the_shipped_demo_has_all_six(client):
    found = set()
    for number in range(141501, 141511):
        response = client.get(f"{PATH}{number}?pageSize=500&startDate=2000-01-01T00:00:00", auth=("demo", "demo"))
        found |= {row["deliveryStatus"] for row in json.loads(response.data)["data"]["messages"]}
    assert found == {"Sent", "Delivered", "Error", "Undelivered", "Received", "Processing"}


def test_mg_21_a_program_type_is_what_the_world_says(mgage):
    kinds = [mgage().page(program=number)["data"]["programType"] for number in ("1001", "1002")]
    assert kinds == ["Text to Join", "Głosowanie"]


def test_mg_21_the_shipped_demo_has_all_seven(client):
    kinds = {
        json.loads(client.get(f"{PATH}{number}", auth=("demo", "demo")).data)["data"]["programType"]
        for number in range(141501, 141511)
    }
    assert kinds == {
        "Text to Join",
        "Text for Info",
        "Text for an Email",
        "Multi-Step",
        "Competition",
        "Voting",
        "Text for Response",
    }


def test_mg_22_a_program_without_messages_has_an_empty_list(mgage):
    response = mgage(message(0, MAY)).page(program="1002")
    assert response == {
        "meta": {"generalErrors": [], "nextPageUrl": None},
        "data": {
            "campaignName": "Campaign",
            "programName": "Program 1002",
            "programType": "Głosowanie",
            "messages": [],
        },
    }


def test_mg_22_a_message_has_no_id_and_an_answer_no_total(mgage):
    response = mgage(message(0, MAY, network="T-Mobile")).page()
    assert (list(response), list(response["data"]["messages"][0])) == (["meta", "data"], KEYS)


@pytest.mark.parametrize(
    ("query", "following"),
    [
        ("pageSize=1&pageSize=0", "page=2&pageSize=1"),
        ("pageSize=1&page=1&page=x", "page=2&pageSize=1"),
        ("x=1&pageSize=1&pagesize=9&_=%FF", "page=2&pageSize=1"),
        ("&&pageSize=1&", "page=2&pageSize=1"),
        ("page%53ize=%31", "page=2&pageSize=1"),
    ],
)
def test_mg_23_the_first_of_a_name_counts_and_unknown_ones_are_ignored(mgage, query, following):
    response = mgage(message(0, MAY), message(1, MAY)).page(query)
    assert len(response["data"]["messages"]) == 1
    assert response["meta"]["nextPageUrl"] == f"http://localhost{PATH}1001?{following}"


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("pageSize=", "pageSize must be a number from 1 to 500: "),
        ("pageSize", "pageSize must be a number from 1 to 500: "),
        ("pageSize=&pageSize=1", "pageSize must be a number from 1 to 500: "),
        ("messageType=", "messageType must be MO or MT: "),
        ("startDate=", "startDate must be a date in the format YYYY-MM-DDTHH:MM:SS: "),
        ("startDate=%FF", "startDate is not UTF-8 text"),
        ("messageType=M%C0", "messageType is not UTF-8 text"),
        ("pageSize=%ED%A0%80", "pageSize is not UTF-8 text"),
        ("page=%FF", "page is not UTF-8 text"),
    ],
)
def test_mg_23_what_is_empty_or_not_utf_8_is_rejected(mgage, query, sentence):
    assert mgage().rejected(query) == (400, sentence)


@pytest.mark.parametrize(
    ("program", "shown"),
    [
        ("2001", "2001"),  # another account's
        ("9999", "9999"),
        ("01001", "01001"),
        ("abc", "abc"),
        ("-1001", "-1001"),
        ("1001.json", "1001.json"),
        ("%201001", " 1001"),
        ("%FF", "\ufffd"),
        ("%7BprogramId%7D", "{programId}"),
        ("9" * 5_000, "9" * 60 + "…"),
    ],
)
def test_mg_24_what_is_no_program_of_the_account_does_not_exist(mgage, program, shown):
    assert mgage().rejected(program=program) == (404, f"Program {shown} does not exist")


def test_mg_25_program_500500_always_fails(mgage):
    response = mgage()
    for user in (("one", "secret"), ("zwei", "pass:wörd:")):
        assert response.rejected(program="500500", auth=user) == (500, "General server exception")
    assert response.rejected("pageSize=0", program="500500") == (500, "General server exception")


def test_mg_25_no_world_file_holds_the_failing_program(tmp_path):
    program = {"id": "500500", "name": "Program", "campaign": "Campaign", "kind": "Voting"}
    described = {"provider": "mgage", "name": "a", "logins": [{"user": "a", "secret": "b"}], "programs": [program]}
    path = tmp_path / "world.json"
    path.write_text(json.dumps({"mockserver": 1, "accounts": [described]}))
    with pytest.raises(WorldFileError) as rejected:
        read_fixture(path)
    assert str(rejected.value) == (
        f"{path}: accounts[0].programs[0].id: '500500' is not 1 to 18 digits, and not 500500 to 500509, whose export always fails"
    )


EVERYTHING = "page=x&pageSize=x&endDate=2014-01-01T00:00:00&startDate=2015-01-01T00:00:00&messageType=x"
ORDER = [
    ("unknown", "9999", EVERYTHING, (401, INVALID)),
    ("one", "9999", EVERYTHING, (404, "Program 9999 does not exist")),
    ("one", "1001", EVERYTHING, (400, "messageType must be MO or MT: x")),
    ("one", "1001", "page=x&pageSize=x&endDate=x&startDate=y", (400, "startDate must be a date in the format YYYY-MM-DDTHH:MM:SS: y")),
    ("one", "1001", "page=x&pageSize=x&endDate=x", (400, "endDate must be a date in the format YYYY-MM-DDTHH:MM:SS: x")),
    ("one", "1001", "page=x&pageSize=x", (400, "pageSize must be a number from 1 to 500: x")),
    ("one", "1001", "page=x&endDate=2014-01-01T00:00:00&startDate=2015-01-01T00:00:00", (400, "page must be a number from 1 to 999999999: x")),
    ("one", "1001", "endDate=2014-01-01T00:00:00&startDate=2015-01-01T00:00:00", (400, "endDate 2014-01-01T00:00:00 is before startDate 2015-01-01T00:00:00")),
]  # fmt: skip


@pytest.mark.parametrize(("user", "program", "query", "error"), ORDER)
def test_mg_26_the_credentials_come_first_then_the_program_then_the_filters(mgage, user, program, query, error):
    response = mgage(variants={"mgage.age": "range"})
    assert response.rejected(query, program=program, auth=(user, "secret")) == error


@pytest.mark.parametrize("host", ["communicatepro.mgage.com", "localhost"])
@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api/externalMT",
        "/api/messages/program",
        "/api/messages/program/",
        "/api/messages/program/1001/",
        "/api/messages/program/1001%2F",
        "/api//messages/program/1001",
        "/api/messages//program/1001",
        "/api/%FF%00",
        "/_w/default/api/nothing",
    ],
)
def test_mg_27_other_addresses_are_not_found_in_the_same_form(mgage, host, path):
    response = mgage().client.get(path, base_url=f"http://{host}", auth=("one", "secret"))
    assert (response.status_code, response.headers["Content-Type"]) == (404, "application/json; charset=UTF-8")
    sentence = "Nothing here; the address of the API is /api/messages/program/{programId}"
    assert json.loads(response.data) == {"meta": {"generalErrors": [sentence], "nextPageUrl": None}}
