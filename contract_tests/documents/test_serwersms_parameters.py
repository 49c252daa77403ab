"""Every row of 004's parameter table, in every spelling that public clients use."""

from __future__ import annotations

import json

import pytest

from contract_tests.serwersms_entries import contact, kept
from contract_tests.ways import both_ways
from mockserver.engine.accounts import Account, Login
from mockserver.engine.instants import parse_instant
from mockserver.engine.message_store import MessageSlice
from mockserver.engine.messages import Message, kind_key
from mockserver.engine.segments import Segment
from mockserver.engine.state import Fixture

WHO = {"username": "Login", "password": "Haslo"}
BAD_DATA = {"error": {"code": 1006, "type": "InvalidData", "message": "Invalid data format"}}
BAD_PHONE = {"error": {"code": 2001, "type": "ValidationPhoneError", "message": "Invalid phone number"}}
JAN, OLA, ANN = "+48500600700", "+48600700800", "+447700900123"


def message(serial, number, kind, sender, at, recipient=""):
    return Message(
        serial, "serwersms/own", str(number), "inbound", sender, recipient, parse_instant(at), f"m{number}", kind
    )


MESSAGES = (
    message(0, 11, "eco", JAN, "2026-05-01T10:00:00Z"),
    message(1, 21, "nd", OLA, "2026-05-01T11:00:00Z", "+48664000000"),
    message(2, 31, "ndi", JAN, "2026-05-02T10:00:00Z", "+48664000001"),
    message(3, 32, "ndi", ANN, "2026-05-03T10:00:00Z", "+48664000002"),
    message(4, 41, "pre", OLA, "2026-05-03T12:00:00Z", "71200"),
    message(5, 51, "mms", JAN, "2026-05-02T12:00:00Z", "+48664000001"),
    message(6, 12, "eco", ANN, "2026-05-04T10:00:00Z"),
)
ALL = [11, 12, 21, 31, 32, 41, 51]
BY_TIME = [11, 21, 31, 51, 32, 41, 12]


@pytest.fixture
def own():
    account = Account(
        "serwersms/own",
        "serwersms",
        "own",
        (Login("Login", "Haslo"), Login("a-token")),
    )
    entries = kept(account.key, [contact(JAN, "Jan", "Kowalski", city="Łódź")], [OLA])
    return Fixture((account,), Segment(MESSAGES), entries=entries)


@pytest.fixture
def registry(open_registry, own):
    return open_registry(own)


@pytest.fixture
def fetch(client):
    """The JSON response to a form with these parameters."""

    def ask(**parameters):
        return client.post("/messages/recived", data={**WHO, **parameters}).json

    return ask


@pytest.fixture
def found(client):
    """The numbers of the messages that a request of this body type finds; a dictionary is sent as JSON."""

    def find(body, content_type="application/x-www-form-urlencoded"):
        if isinstance(body, dict):
            body, content_type = json.dumps({**WHO, **body}), "application/json"
        elif content_type.endswith("urlencoded"):
            body = f"username=Login&password=Haslo&{body}"
        return ids(client.post("/messages/recived", data=body, content_type=content_type).json)

    return find


def ids(response):
    assert "items" in response, response
    return [item["id"] for item in response["items"]]


# -- username, password --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"username": "Other"},
        {"password": "other"},
        {"username": ""},
        {"password": ""},
        {"username": "a-token", "password": ""},
    ],
    ids=str,
)
def test_a_wrong_or_empty_name_or_password_is_rejected(fetch, wrong):
    assert fetch(**wrong) == {"error": {"code": 1001, "type": "InvalidUser", "message": "Incorrect login or password"}}


def test_an_account_sees_nothing_of_another(open_registry, own, client):
    other = Account("serwersms/other", "serwersms", "other", (Login("Other", "secret"),))
    registry = open_registry(Fixture((*own.accounts, other), own.fixed, entries=own.entries))

    response = both_ways(registry).post("/messages/recived", data={"username": "Other", "password": "secret"})

    assert response.json == {"items": []}


# -- phone ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelt",
    ["%2B48500600700", "48500600700", "500600700", "+48500600700", "%2048500600700", "500600700,", "%20500600700%20"],
)
def test_a_phone_in_a_form_is_found_however_it_is_spelt(found, spelt):
    assert found(f"phone={spelt}") == [11, 31, 51]


@pytest.mark.parametrize("spelt", ["+48500600700", "48500600700", "500600700", 500600700, 48500600700, ["500600700"]])
def test_a_phone_in_json_is_found_however_it_is_spelt(found, spelt):
    assert found({"phone": spelt}) == [11, 31, 51]


@pytest.mark.parametrize(
    "body",
    [
        "phone[0]=%2B48500600700&phone[1]=600700800",
        "phone%5B0%5D=%2B48500600700&phone%5B1%5D=600700800",
        "phone[]=500600700&phone[]=600700800",
        "phone=500600700&phone=600700800",
        "phone=500600700,600700800",
        "phone=500600700,%20600700800",
        "phone[a]=500600700,600700800",
        {"phone": ["500600700", "600700800"]},
        {"phone": [500600700, "+48600700800", None, ""]},
        {"phone": "500600700,600700800"},
        {"phone": ["500600700,600700800"]},
    ],
    ids=str,
)
def test_several_phones_are_found_in_every_spelling_of_an_array(found, body):
    assert found(body) == [11, 21, 31, 41, 51]


def test_several_phones_come_in_a_multipart_form_too(found):
    fields = {**WHO, "phone[0]": "500600700", "phone[1]": "600700800"}
    parts = "".join(f'--x\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items())

    assert found(f"{parts}--x--\r\n", "multipart/form-data; boundary=x") == [11, 21, 31, 41, 51]


@pytest.mark.parametrize(
    "body", ["phone=", "phone=,", "phone[]=", {"phone": []}, {"phone": None}, {"phone": [""]}], ids=str
)
def test_no_phone_is_no_filter(found, body):
    assert found(body) == ALL


def test_a_phone_that_never_wrote_finds_nothing(fetch):
    assert fetch(phone="+48999999999") == {"items": []}


@pytest.mark.parametrize(
    "phone",
    ["abc", "+48 500 600 700", "500-600-700", "050060070", "+", "12345", "1" * 16, "1" * 5000, "٥٠٠٦٠٠٧٠٠", "5\0"],
)
def test_what_is_no_phone_is_rejected(fetch, phone):
    assert fetch(phone=phone) == BAD_PHONE
    assert fetch(ndi=phone) == BAD_PHONE


# -- date_from, date_to --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        ({"date_from": "2026-05-03 12:00:00"}, [12, 32, 41]),
        ({"date_from": "2026-05-03T12:00:00"}, [12, 32, 41]),
        ({"date_from": "2026-05-03 12:00:01"}, [12, 41]),
        ({"date_to": "2026-05-01 12:00:00"}, [11]),
        ({"date_to": "2026-05-01 11:59:59"}, []),
        ({"date_from": "2026-05-02 12:00:00", "date_to": "2026-05-02 14:00:00"}, [31, 51]),
        ({"date_from": "2026-05-02"}, [12, 31, 32, 41, 51]),
        ({"date_to": "2026-05-02"}, [11, 21, 31, 51]),
        ({"date_from": "2026-05-02", "date_to": "2026-05-02"}, [31, 51]),
        ({"date_from": "2026-05-03T10:00:00Z"}, [12, 32, 41]),
        ({"date_from": "2026-05-03T12:00:00.000+02:00"}, [12, 32, 41]),
        ({"date_to": "2026-05-01T12:00:00.000000"}, [11]),
        ({"date_from": "2026-05-04", "date_to": "2026-05-01"}, []),
        ({"date_from": "0001-01-01 00:00:00", "date_to": "9999-12-31 23:59:59"}, ALL),
        ({"date_from": "0001-01-01", "date_to": "9999-12-31"}, ALL),
        ({"date_from": "0001-01-01T00:00:00+14:00", "date_to": "9999-12-31T23:59:59-12:00"}, ALL),
        ({"date_from": "", "date_to": ""}, ALL),
    ],
    ids=str,
)
def test_an_interval_includes_both_of_its_ends(fetch, interval, expected):
    assert ids(fetch(**interval)) == expected


@pytest.mark.parametrize(
    "moment",
    [
        "2026-02-30",
        "2026-05-01 24:00:00",
        "2026-05-01 12:00",
        "2026-05-01 12:00:60",
        "2026-05-01  12:00:00",
        "2026-05-01x12:00:00",
        "01.05.2026",
        "20260501",
        "2026-W18-5",
        "0000-01-01 00:00:00",
        "10000-01-01 00:00:00",
        "„2026-05-01 12:00:00”",
        "now",
        "0",
        "2026-05-01 12:00:00+99:00",
        "٢٠٢٦-٠٥-٠١",
        "2" * 5000,
    ],
)
def test_what_is_no_date_is_rejected(fetch, moment):
    assert fetch(date_from=moment) == BAD_DATA
    assert fetch(date_to=moment) == BAD_DATA


# -- type, ndi -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("eco", [11, 12]), ("nd", [21]), ("ndi", [31, 32]), ("pre", [41]), ("mms", [51]), ("", ALL)],
)
def test_a_type_finds_its_messages_and_blank_finds_all(fetch, kind, expected):
    assert ids(fetch(type=kind)) == expected


@pytest.mark.parametrize("kind", ["2way", "ECO", "full", "sms", "eco,nd", "eco|nd", " eco"])
def test_an_unknown_type_is_rejected(fetch, kind):
    assert fetch(type=kind) == BAD_DATA


@pytest.mark.parametrize("ndi", ["+48664000001", "48664000001", "664000001", " 48664000001"])
def test_an_ndi_finds_what_hit_it(fetch, ndi):
    assert ids(fetch(ndi=ndi)) == [31]
    assert ids(fetch(ndi=ndi, type="ndi", order="desc")) == [31]


# -- read ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("true", ["true", "1", "True", "TRUE"])
def test_what_a_call_marks_as_read_is_never_returned_again(fetch, true):
    assert ids(fetch(type="ndi", read=true)) == [31, 32]
    assert ids(fetch(type="ndi")) == []
    assert ids(fetch(phone=JAN)) == [11, 51]
    assert ids(fetch(order="asc")) == [11, 21, 51, 41, 12]
    assert ids(fetch()) == [11, 12, 21, 41, 51]


@pytest.mark.parametrize("true", [True, 1, "true", "1"])
def test_json_marks_as_read_in_each_of_its_spellings(found, fetch, true):
    assert found({"type": "nd", "read": true}) == [21]
    assert fetch(type="nd") == {"items": []}


@pytest.mark.parametrize("false", ["false", "0", "", "none", "False", "None"])
def test_false_and_none_leave_messages_unread(fetch, false):
    assert ids(fetch(read=false)) == ALL
    assert ids(fetch(read=false)) == ALL


@pytest.mark.parametrize("false", [False, 0, None, "false", "0", "", "none"])
def test_json_leaves_messages_unread_in_each_of_its_spellings(found, false):
    assert found({"read": false}) == ALL
    assert found({"read": false}) == ALL


def test_variant_page_by_page_returns_every_message_once(fetch):
    pages = [fetch(read="true", limit="3") for _ in range(4)]

    assert [(page["paging"]["count"], ids(page)) for page in pages] == [
        (3, [11, 12, 21]),
        (2, [31, 32, 41]),
        (1, [51]),
        (0, []),
    ]


@pytest.mark.parametrize("name", ["read", "show_contact"])
@pytest.mark.parametrize("value", ["yes", "2", "-1", "on", "tak", " true", "\0"])
def test_what_is_no_boolean_is_rejected(fetch, name, value):
    assert fetch(**{name: value}) == BAD_DATA


def test_a_rejected_call_marks_nothing(fetch):
    assert fetch(read="true", limit="x") == BAD_DATA
    assert ids(fetch()) == ALL


# -- show_contact --------------------------------------------------------------------------------------------------

CONTACT = {
    "first_name": "Jan",
    "last_name": "Kowalski",
    "company": "",
    "phone": JAN,
    "email": "",
    "tax_id": "",
    "city": "Łódź",
    "address": "",
    "description": "",
}


def test_contact_details_come_where_the_number_is_known(fetch):
    shown = fetch(show_contact="1")["items"]

    assert [item.get("contact") for item in shown if item["phone"] == JAN] == [CONTACT] * 3
    assert [item["id"] for item in shown if "contact" not in item] == [12, 21, 32, 41]
    assert list(shown[0])[-1] == "contact"


@pytest.mark.parametrize("false", ["false", "0", "", "none"])
def test_contact_details_do_not_come_unasked(fetch, false):
    assert [item for item in fetch(show_contact=false)["items"] if "contact" in item] == []


# -- page, limit, order --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paged", "paging", "expected"),
    [
        ({"limit": "3"}, (1, 3), [11, 12, 21]),
        ({"limit": "3", "page": "0"}, (1, 3), [11, 12, 21]),
        ({"limit": "3", "page": "1"}, (1, 3), [11, 12, 21]),
        ({"limit": "3", "page": "2"}, (2, 3), [31, 32, 41]),
        ({"limit": "3", "page": "3"}, (3, 3), [51]),
        ({"limit": "3", "page": "4"}, (4, 3), []),
        ({"limit": "7", "page": "1"}, (1, 1), ALL),
        ({"page": "1"}, (1, 1), ALL),
        ({"page": "2"}, (2, 1), []),
        ({"limit": "999999999", "page": "999999999"}, (999999999, 1), []),
        ({"limit": "3", "page": "1", "order": "asc"}, (1, 3), BY_TIME[:3]),
        ({"limit": "3", "page": "3", "order": "asc"}, (3, 3), BY_TIME[6:]),
        ({"limit": "3", "page": "1", "order": "desc"}, (1, 3), BY_TIME[::-1][:3]),
        ({"limit": "3", "page": "2", "order": "desc"}, (2, 3), BY_TIME[::-1][3:6]),
        ({"limit": "3", "page": "3", "order": "desc"}, (3, 3), BY_TIME[::-1][6:]),
        ({"limit": "3", "page": "4", "order": "desc"}, (4, 3), []),
        ({"limit": "2", "page": "2", "phone": JAN}, (2, 2), [51]),
        ({"limit": "2", "page": "2", "phone": JAN, "order": "desc"}, (2, 2), [11]),
        ({"limit": "1", "page": "2", "type": "ndi", "order": "desc"}, (2, 2), [31]),
        ({"limit": "1", "phone": "+48999999999"}, (1, 0), []),
    ],
    ids=str,
)
def test_a_page_holds_its_part_and_says_which_it_is(fetch, paged, paging, expected):
    response = fetch(**paged)

    assert list(response) == ["paging", "items"]
    assert response["paging"] == {"page": paging[0], "count": paging[1]}
    assert ids(response) == expected


def test_page_and_limit_may_be_numbers_of_json(found):
    assert found({"page": 2, "limit": 2}) == [21, 31]


def test_without_page_and_limit_everything_comes_and_no_paging(fetch):
    assert list(fetch(order="asc")) == ["items"]
    assert ids(fetch(order="asc")) == BY_TIME
    assert ids(fetch(order="desc")) == BY_TIME[::-1]
    assert ids(fetch(order="")) == ALL


@pytest.mark.parametrize("number", ["x", "-1", "1.5", "1e3", "+1", " 1", "١", "1" * 10, "1" * 5000])
def test_what_is_no_page_and_no_limit_is_rejected(fetch, number):
    assert fetch(page=number) == BAD_DATA
    assert fetch(limit=number) == BAD_DATA


@pytest.mark.parametrize("limit", ["0", "00"])
def test_a_limit_of_nothing_is_rejected(fetch, limit):
    assert fetch(limit=limit) == BAD_DATA


@pytest.mark.parametrize("order", ["ASC", "up", "1", "asc,desc"])
def test_an_unknown_order_is_rejected(fetch, order):
    assert fetch(order=order) == BAD_DATA


def test_a_page_of_one_type_or_all_reads_no_message_that_it_does_not_hold(open_registry, monkeypatch):
    many = [message(n, n + 1, "eco" if n % 2 else "nd", JAN, "2026-05-01T10:00:00Z") for n in range(2000)]
    account = Account("serwersms/own", "serwersms", "own", (Login("Login", "Haslo"),))
    registry = open_registry(Fixture((account,), Segment(many)))

    client, made = both_ways(registry), []
    make = MessageSlice.message
    monkeypatch.setattr(MessageSlice, "message", lambda part, place: made.append(place) or make(part, place))

    for form in ({"page": "390"}, {"page": "190", "type": "eco"}, {"page": "390", "order": "desc"}):
        made.clear()
        response = client.post("/messages/recived", data={**WHO, "limit": "5", **form}).json
        assert len(response["items"]) == 5
        assert len(made) == 5

    assert registry.default.state.message_store.count(kind_key("serwersms/own", "eco"), 0, 2**62) == 1000


def test_every_page_together_is_everything_once(fetch):
    pages = [ids(fetch(limit="2", page=str(page))) for page in range(1, 5)]

    assert [number for page in pages for number in page] == ALL
