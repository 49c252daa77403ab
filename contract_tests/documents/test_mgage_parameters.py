"""Every row of 003's table of filters, paging, and the values of each that are rejected."""

from __future__ import annotations

import json

import pytest

from contract_tests.ways import both_ways
from mockserver.engine.accounts import Account, Login, Program
from mockserver.engine.instants import parse_instant
from mockserver.engine.message_store import MessageSlice
from mockserver.engine.messages import Message
from mockserver.engine.segments import Segment
from mockserver.engine.state import Fixture

ADDRESS = "http://localhost/api/messages/program/1001"


def message(serial, at, text, direction="inbound"):
    sides = ("5556667777", "37911") if direction == "inbound" else ("37911", "5556667777")
    return Message(
        serial, "mgage/one", str(serial), direction, *sides, parse_instant(at), text, status="Sent", program="1001"
    )


FIXTURE = Fixture(
    (
        Account(
            "mgage/one",
            "mgage",
            "one",
            (Login("one", "secret"),),
            programs={"1001": Program("1001", "Program", "Campaign", "Voting")},
        ),
    ),
    Segment(
        [
            message(0, "2026-03-01T10:00:00Z", "a"),
            message(1, "2026-03-01T10:00:00.999999Z", "b", "outbound"),
            message(2, "2026-03-01T10:00:01Z", "c"),
            message(3, "2026-03-02T00:00:00Z", "d", "outbound"),
            message(4, "2026-03-02T00:00:00Z", "e"),
        ]
    ),
)


@pytest.fixture
def page(open_registry):
    """Request a page, and return its texts and the query of the next page."""
    client = both_ways(open_registry(FIXTURE))

    def fetch(query):
        response = client.get("/api/messages/program/1001", query_string=query, auth=("one", "secret"))
        assert response.status_code == 200, response.text
        body = json.loads(response.data)
        url = body["meta"]["nextPageUrl"]
        texts = "".join(message["body"] for message in body["data"]["messages"])
        return texts if url is None else (texts, url.removeprefix(f"{ADDRESS}?"))

    return fetch


@pytest.fixture
def rejected(open_registry):
    """Send a request, and return the sentence of its 400."""
    client = both_ways(open_registry(FIXTURE))

    def fetch(query):
        response = client.get("/api/messages/program/1001", query_string=query, auth=("one", "secret"))
        assert (response.status_code, response.headers["Content-Type"]) == (400, "application/json; charset=UTF-8")
        (sentence,) = json.loads(response.data)["meta"]["generalErrors"]
        assert json.loads(response.data) == {"meta": {"generalErrors": [sentence], "nextPageUrl": None}}
        return sentence

    return fetch


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        # 003: "If not specified, the system will return both MO and MT."
        ("", "abcde"),
        ("messageType=MO", "ace"),
        ("messageType=MT", "bd"),
        # 003: "Return data using this as Message received/sent start date."
        ("startDate=2026-03-01T10:00:00", "abcde"),
        ("startDate=2026-03-01T10:00:01", "cde"),
        ("startDate=2026-03-02T00:00:00", "de"),
        ("startDate=2026-03-02T00:00:01", ""),
        # 003: "Return data using this as Message received/sent end date."
        ("endDate=2026-03-01T09:59:59", ""),
        ("endDate=2026-03-01T10:00:00", "ab"),
        ("endDate=2026-03-01T23:59:59", "abc"),
        ("endDate=9999-12-31T23:59:59", "abcde"),
        ("startDate=0001-01-01T00:00:00&endDate=9999-12-31T23:59:59", "abcde"),
        ("startDate=2026-03-01T10:00:00&endDate=2026-03-01T10:00:00", "ab"),
        ("startDate=2026-03-01T10%3A00%3A01&endDate=2026-03-01T23%3A59%3A59", "c"),
        ("startDate=2026-03-01T10:00:01&messageType=MT", "d"),
        ("pageSize=5", "abcde"),
        ("pageSize=500", "abcde"),
        ("pageSize=005", "abcde"),
    ],
)
def test_a_filter_lets_these_messages_through(page, query, texts):
    assert page(query) == texts


def test_pages_follow_one_another_to_the_end(page):
    assert page("pageSize=2") == ("ab", "page=2&pageSize=2")
    assert page("page=2&pageSize=2") == ("cd", "page=3&pageSize=2")
    assert page("page=3&pageSize=2") == "e"
    assert page("page=4&pageSize=2") == ""


def test_the_default_page_holds_50(open_registry):
    rows = [message(serial, "2026-03-01T10:00:00Z", f"{serial} ") for serial in range(120)]
    client = both_ways(open_registry(Fixture(FIXTURE.accounts, Segment(rows))))
    sizes = []
    for number in (1, 2, 3, 4):
        response = client.get("/api/messages/program/1001", query_string=f"page={number}", auth=("one", "secret"))
        sizes.append(len(json.loads(response.data)["data"]["messages"]))
    assert sizes == [50, 50, 20, 0]


def test_the_last_page_makes_as_many_messages_as_the_first(open_registry, monkeypatch):
    rows = [message(serial, "2026-03-01T10:00:00Z", f"{serial} ") for serial in range(5_000)]
    client = both_ways(open_registry(Fixture(FIXTURE.accounts, Segment(rows))))
    made = []
    make = MessageSlice.message
    monkeypatch.setattr(MessageSlice, "message", lambda part, place: made.append(place) or make(part, place))

    def cost(number):
        made.clear()
        query = f"pageSize=100&page={number}"
        assert client.get("/api/messages/program/1001", query_string=query, auth=("one", "secret")).status_code == 200
        return len(made)

    assert (cost(1), cost(25), cost(50), cost(51)) == (100, 100, 100, 0)


DATE = "must be a date in the format YYYY-MM-DDTHH:MM:SS"


@pytest.mark.parametrize("name", ["startDate", "endDate"])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-03-01",
        "20260301T100000",
        "2026-03-01 10:00:00",
        "2026-03-01t10:00:00",
        "2026-03-01T10:00",
        "2026-03-01T10:00:00Z",
        "2026-03-01T10:00:00.0",
        "2026-03-01T10:00:00.000",
        "2026-03-01T10:00:00.",
        "2026-03-01T10:00:00.00Z",
        "2026-03-01T10:00:00,5",
        "2026-3-1T10:00:00",
        " 2026-03-01T10:00:00",
        "2026-03-01T10:00:00\n",
        "2026-02-29T10:00:00",
        "2026-13-01T10:00:00",
        "2026-03-32T10:00:00",
        "2026-03-01T24:00:00",
        "2026-03-01T10:60:00",
        "2026-03-01T10:00:60.00",
        "2026-03-01T10:00:60",
        "0000-01-01T00:00:00",
        "10000-01-01T00:00:00",
        "-2026-03-01T10:00:00",
        "２０２６-03-01T10:00:00",
        "1772359200",
        "\0",
    ],
)
def test_a_date_in_another_format_is_rejected(rejected, name, text):
    assert rejected({name: text}) == f"{name} {DATE}: {text}"


@pytest.mark.parametrize("text", ["", "mo", "Mt", "both", "MO,MT", "MO ", "INBOUND", "0", "MO\0"])
def test_another_message_type_is_rejected(rejected, text):
    assert rejected({"messageType": text}) == f"messageType must be MO or MT: {text}"


NO_NUMBERS = ["", "0", "-1", "+1", "1.0", "1e2", "0x10", "ten", " 1", "1 ", "1\n", "NaN", "true", "٣", "²", "1_0"]


@pytest.mark.parametrize("text", [*NO_NUMBERS, "501", "1000", "9999999999"])
def test_another_page_size_is_rejected(rejected, text):
    assert rejected({"pageSize": text}) == f"pageSize must be a number from 1 to 500: {text}"


@pytest.mark.parametrize("text", [*NO_NUMBERS, "1000000000"])
def test_another_page_is_rejected(rejected, text):
    assert rejected({"page": text}) == f"page must be a number from 1 to 999999999: {text}"


@pytest.mark.parametrize(("name", "largest"), [("pageSize", 500), ("page", 999_999_999)])
def test_a_number_of_5000_digits_is_rejected_and_not_repeated_whole(rejected, name, largest):
    assert rejected({name: "9" * 5_000}) == f"{name} must be a number from 1 to {largest}: {'9' * 60}…"


def test_an_end_before_the_start_is_rejected(rejected):
    query = "startDate=2026-03-01T10:00:01&endDate=2026-03-01T10:00:00"
    assert rejected(query) == "endDate 2026-03-01T10:00:00 is before startDate 2026-03-01T10:00:01"
