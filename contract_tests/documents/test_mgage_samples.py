"""mGage's printed sample, requested as 003 describes, and compared by values, types and order of keys."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from jsonschema import Draft202012Validator

from contract_tests.ways import both_ways

FIXTURES = Path(__file__).parents[2] / "fixtures"
HOST = "https://communicatepro.mgage.com"
ADDRESS = "/api/messages/program/121811"
# 003: "using filters for a specific program, startDate, endDate, and pageSize"; MG-10
CALL = "startDate=2014-12-05T00:00:00&endDate=2014-12-05T23:59:59&pageSize=2"
CARRIED = "&startDate=2014-12-05T00%3A00%3A00&endDate=2014-12-05T23%3A59%3A59&pageSize=2"
WELCOME = "Welcome! You have joined. Msg&data rates may apply. Reply HELP for help, STOP to cancel."


def printed(name):
    return (FIXTURES / "documents" / "mgage" / name).read_text()


def straight(text):
    """Replace typographic quotes and the double prime by the quotes of JSON (MG-1)."""
    return re.sub("[“”″]", '"', text)


SAMPLE = json.loads(straight(printed("export.json")))


def exact(thing):
    """A text that differs when a value, a type or the order of keys does."""
    return json.dumps(thing)


def with_url(url):
    return {**SAMPLE, "meta": {**SAMPLE["meta"], "nextPageUrl": url}}


def names(thing):
    """Every key, in order; of a list, those of its first member."""
    if isinstance(thing, list):
        return names(thing[0]) if thing else []
    if not isinstance(thing, dict):
        return []
    return [name for key, value in thing.items() for name in (key, *names(value))]


def is_as_documented(response):
    schema = json.loads((FIXTURES / "schemas" / "mgage" / "export.schema.json").read_text())
    Draft202012Validator(schema).validate(response)
    return True


@pytest.fixture
def fetch(client):
    def ask(query, client=client, base_url=HOST):
        response = client.get(ADDRESS, base_url=base_url, query_string=query, auth=("mgage", "mgage"))
        assert response.status_code == 200
        return json.loads(response.data)

    return ask


@pytest.fixture
def fetch_in(open_registry, fetch):
    """Send the request to a server with other variants."""
    return lambda variants, query: fetch(query, both_ways(open_registry(variants=variants)))


def test_mg_1_the_printed_sample_is_json_but_for_its_quotes():
    with pytest.raises(json.JSONDecodeError):
        json.loads(printed("export.json"))
    assert is_as_documented(with_url(None))


def test_the_printed_page_is_one_call_away(fetch):
    response = fetch(CALL)
    assert exact(response) == exact(with_url(f"{HOST}{ADDRESS}?page=2{CARRIED}"))
    assert is_as_documented(response)


def test_the_printed_page_comes_whole_where_the_next_page_is_written_as_printed(fetch_in):
    assert exact(fetch_in({"mgage.next_page_url": "printed"}, CALL)) == exact(SAMPLE)


def test_the_printed_page_comes_from_a_socket(base_url):
    token = b64encode(b"mgage:mgage").decode()
    request = Request(f"{base_url}{ADDRESS}?{CALL}", headers={"Authorization": f"Basic {token}"})
    with urlopen(request, timeout=30) as response:
        assert response.headers["Content-Type"] == "application/json; charset=UTF-8"
        assert exact(json.load(response)) == exact(with_url(f"{base_url}{ADDRESS}?page=2{CARRIED}"))


def test_mg_10_the_page_behind_the_printed_one_is_the_last(fetch):
    response = fetch(f"page=2{CARRIED}")
    assert response["meta"] == {"generalErrors": [], "nextPageUrl": None}
    assert response["data"]["messages"] == [
        {
            "type": "MT",
            "deliveryStatus": "Delivered",
            "number": number,
            "body": WELCOME,
            "date": date,
            "network": "T-Mobile",
        }
        for number, date in (("1234567890", "2014-12-05T10:00:02.50"), ("15556667777", "2014-12-05T10:00:02.75"))
    ]


def test_the_printed_messages_alone_are_the_mo_of_that_day(fetch):
    assert exact(fetch(f"{CALL}&messageType=MO")) == exact(with_url(None))


def test_mg_2_an_answer_has_the_names_of_the_specification_in_its_order_and_no_other(fetch):
    block = printed("export.specification.txt")
    assert (block.count("{"), block.count("}")) == (4, 3)
    specified = re.findall(r"(?:‘(\w+)’: ?[\n(\[]|(?<=[{ ])(generalErrors|nextPageUrl): )", block)
    specified = [quoted or bare for quoted, bare in specified]
    assert specified == names(SAMPLE)
    assert names(fetch(CALL)) == specified


def test_recent_messages_are_beside_the_printed_ones(fetch):
    messages = fetch("")["data"]["messages"]
    assert [(message["type"], message["date"][:10]) for message in messages] == [
        ("MO", "2026-05-29"),
        ("MT", "2026-05-29"),
        ("MO", "2026-05-30"),
        ("MT", "2026-05-30"),
        ("MO", "2026-05-31"),
        ("MT", "2026-05-31"),
    ]


@pytest.mark.parametrize("query", ["", "messageType=MO", "messageType=MT", "pageSize=1", "pageSize=500", "page=9"])
@pytest.mark.parametrize("number", range(141501, 141511))
def test_every_answer_to_the_demo_account_is_as_documented(client, number, query):
    response = client.get(f"/api/messages/program/{number}", query_string=query, auth=("demo", "demo"))
    assert response.status_code == 200
    assert is_as_documented(json.loads(response.data))


@pytest.fixture
def demo(client):
    """Every message of the demo account, by program."""
    query = {"startDate": "2000-01-01T00:00:00", "pageSize": "500"}
    responses = {
        number: client.get(f"/api/messages/program/{number}", query_string=query, auth=("demo", "demo"))
        for number in range(141501, 141511)
    }
    return {number: json.loads(response.data)["data"]["messages"] for number, response in responses.items()}


def test_the_demo_has_one_program_without_messages(demo):
    assert [number for number, messages in demo.items() if not messages] == [141510]


def test_the_demo_has_every_kind_of_number_network_and_date(demo):
    messages = [message for messages in demo.values() for message in messages]
    assert {len(message["number"]) for message in messages} == {10, 11}
    assert {message["network"] for message in messages} >= {"T-Mobile", "Orange", None}
    assert min(message["date"] for message in messages) < "2025-06-01" < max(message["date"] for message in messages)
    assert any(not message["date"].endswith(".00") for message in messages)


def test_the_demo_has_messages_of_the_same_instant(demo):
    winners = [message for message in demo[141505] if "the winner of the trip" in message["body"]]
    assert len({message["date"] for message in winners}) * 5 == len(winners) > 0


@pytest.mark.parametrize(
    "text",
    [
        "Zażółć gęślą jaźń".lower(),
        "👨‍👩‍👧‍👦 👩🏽‍🚀 🏳️‍🌈",
        '"quotes", \\backslashes\\ and /slashes/ {} [] : , null true 1e400',
        "first line\nsecond line\r\nthird line",
        " two  blanks around  ",
        "שלום, מחר ב-10?",
    ],
)
def test_the_demo_has_texts_that_break_careless_programs(demo, text):
    assert any(text in message["body"] for messages in demo.values() for message in messages)
