"""The entries of SerwerSMS's QUIRKS.md: the default, and each variant that can be chosen."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from contract_tests.serwersms_entries import contact, kept
from contract_tests.ways import both_ways
from mockserver.engine.accounts import Account, Login
from mockserver.engine.instants import instant_of, parse_instant
from mockserver.engine.messages import Attachment, Message
from mockserver.engine.segments import Segment
from mockserver.engine.state import Fixture
from mockserver.providers.serwersms.errors import CODES, ERRORS

WHO = {"username": "Login", "password": "Haslo"}
TOKEN = {"Authorization": "Bearer a-token"}
JAN = "+48500600700"
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
ECO = {
    "id": 2477793,
    "type": "eco",
    "phone": JAN,
    "recived": "2014-10-21 11:18:03",
    "message_id": "eba39e4fe1",
    "blacklist": False,
    "text": "Przyjade o 16",
}


def error(code, kind, message):
    return {"error": {"code": code, "type": kind, "message": message}}


NO_ACTION = error(1000, "InvalidAction", "Not specified action to execute")
NO_USER = error(1001, "InvalidUser", "Incorrect login or password")
NO_TOKEN = error(1012, "InvalidToken", "Invalid API token")
BAD_DATA = error(1006, "InvalidData", "Invalid data format")
BAD_PHONE = error(2001, "ValidationPhoneError", "Invalid phone number")
BAD_CODE = error(2002, "ValidationCodeError", "Invalid error code")


class SerwerSMS:
    """A client of SerwerSMS's API, with one account."""

    def __init__(self, registry, who=WHO):
        self.client = both_ways(registry)
        self.world = registry.default
        self.who = who

    def form(self, action="recived", **parameters):
        return self.client.post(f"/messages/{action}", data={**self.who, **parameters})

    def ids(self, **parameters):
        return [item["id"] for item in self.form(**parameters).json["items"]]

    def item(self, **parameters):
        (item,) = self.form(**parameters).json["items"]
        return item


@pytest.fixture
def printed(registry):
    """The account that holds the printed sample."""
    return SerwerSMS(registry)


@pytest.fixture
def variant(open_registry):
    """The account of the printed sample in a world with one variant chosen."""
    return lambda name, value: SerwerSMS(open_registry(variants={name: value}))


def message(serial, number, kind="nd", at="2026-05-01T10:00:00Z", sender=JAN, text="", **fields):
    return Message(
        serial,
        "serwersms/own",
        str(number),
        "inbound",
        sender,
        fields.pop("recipient", ""),
        parse_instant(at),
        text,
        kind,
        **fields,
    )


@pytest.fixture
def holding(open_registry):
    """An account of this test that holds these messages."""

    def hold(*messages, variants=None, contacts=(), blacklist=(), **facts):
        account = Account("serwersms/own", "serwersms", "own", (Login("Login", "Haslo"), Login("a-token")), **facts)
        fixture = Fixture((account,), Segment(messages), entries=kept(account.key, contacts, blacklist))
        return SerwerSMS(open_registry(fixture, variants=variants or {}))

    return hold


# -- addresses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "name"),
    [("recived", "recived"), ("recived.json", "recived"), ("received", "received"), ("received.json", "received")],
)
def test_sw_1_both_names_of_the_action_answer_and_each_names_its_field(printed, action, name):
    expected = {name if key == "recived" else key: value for key, value in ECO.items()}

    assert printed.form(action, type="eco").json == {"items": [expected]}
    assert list(printed.form(action, type="eco").json["items"][0]) == list(expected)
    assert f"<{name}>2014-10-21 11:18:03</{name}>" in printed.form(f"{action.partition('.')[0]}.xml", type="eco").text


@pytest.mark.parametrize(
    ("value", "names"), [("recived", ["recived"]), ("received", ["received"]), ("both", ["recived", "received"])]
)
@pytest.mark.parametrize("action", ["recived", "received"])
def test_sw_1_the_field_has_the_other_name_or_both(variant, value, names, action):
    (item,) = variant("serwersms.field", value).form(action, type="eco").json["items"]

    assert list(item) == ["id", "type", "phone", *names, "message_id", "blacklist", "text"]
    assert [item[name] for name in names] == ["2014-10-21 11:18:03"] * len(names)


@pytest.mark.parametrize(
    ("suffix", "content_type"),
    [("", "application/json"), (".json", "application/json"), (".xml", "application/xml; charset=UTF-8")],
)
def test_sw_2_the_suffix_names_the_form_of_the_answer(printed, suffix, content_type):
    for action in ("recived", "received"):
        assert printed.form(action + suffix).content_type == content_type


@pytest.mark.parametrize("path", ["//messages/recived", "///messages/recived.json", "/_w/default//messages/recived"])
def test_sw_2_slashes_before_the_address_are_one(printed, path):
    asked = {"data": {**WHO, "type": "eco"}, "environ_overrides": {"PATH_INFO": path}}
    assert printed.client.post("/", **asked).json == {"items": [ECO]}


def test_sw_2_another_suffix_is_part_of_an_action_that_does_not_exist(printed):
    assert printed.form("recived.csv").json == NO_ACTION


def test_sw_3_messages_are_items_in_xml(holding):
    own = holding(
        message(0, 7, "eco", text='a < b & "c"', reference="eba39e4fe1"),
        message(
            1, 8, "mms", recipient="+48664078059", title="ś", attachments=(Attachment(5, "a.txt", "text/plain", b"x"),)
        ),
        contacts=[contact(JAN, "Jan")],
        blacklist=[JAN],
    )

    assert own.form("recived.xml", limit="5", show_contact="true").text == (
        f"{XML}<response><paging><page>1</page><count>1</count></paging><items>"
        "<item><id>7</id><type>eco</type><phone>+48500600700</phone><recived>2026-05-01 12:00:00</recived>"
        '<message_id>eba39e4fe1</message_id><blacklist>true</blacklist><text>a &lt; b &amp; "c"</text>'
        "<contact><first_name>Jan</first_name><last_name></last_name><company></company><phone>+48500600700</phone>"
        "<email></email><tax_id></tax_id><city></city><address></address><description></description></contact></item>"
        "<item><id>8</id><type>mms</type><phone>+48500600700</phone><recived>2026-05-01 12:00:00</recived>"
        "<to_number>+48664078059</to_number><blacklist>true</blacklist><title>ś</title><attachments><attachment>"
        "<id>5</id><name>a.txt</name><content_type>text/plain</content_type><data>eA==</data>"
        "</attachment></attachments>"
        "<contact><first_name>Jan</first_name><last_name></last_name><company></company><phone>+48500600700</phone>"
        "<email></email><tax_id></tax_id><city></city><address></address><description></description></contact></item>"
        "</items></response>"
    )


def test_sw_3_an_error_has_its_parts_under_the_root_in_xml(printed):
    assert printed.form("recived.xml", type="x").text == (
        f"{XML}<error><code>1006</code><type>InvalidData</type><message>Invalid data format</message></error>"
    )


def test_sw_3_no_messages_are_empty_items_in_xml(holding):
    assert holding().form("recived.xml").text == f"{XML}<response><items/></response>"


# -- who asks ------------------------------------------------------------------------------------------------------


def test_sw_4_the_printed_words_are_the_credentials_of_the_printed_account(printed):
    assert printed.item(type="eco") == ECO


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_sw_4_a_token_opens_the_account_too(holding, scheme):
    own = holding(message(0, 7))

    response = own.client.post("/messages/recived", headers={"Authorization": f"{scheme} a-token"})

    assert [item["id"] for item in response.json["items"]] == [7]


def test_sw_4_the_token_counts_where_both_are_sent(holding):
    own = holding(message(0, 7))

    def ask(token, password):
        headers, form = {"Authorization": f"Bearer {token}"}, {"username": "Login", "password": password}
        return own.client.post("/messages/recived", data=form, headers=headers).json

    assert ask("a-token", "wrong") == own.form().json
    assert ask("wrong", "Haslo") == NO_TOKEN


def test_sw_4_a_token_is_no_name_and_a_name_no_token(holding):
    own = holding()

    assert own.form(username="a-token").json == NO_USER
    assert own.client.post("/messages/recived", headers={"Authorization": "Bearer Login"}).json == NO_TOKEN


def test_sw_4_other_schemes_are_ignored(holding):
    basic = {"Authorization": "Basic " + b64encode(b"Login:Haslo").decode()}
    own = holding()

    assert own.client.post("/messages/recived", headers=basic).json == NO_USER
    assert own.client.post("/messages/recived", headers=basic, data=WHO).json == {"items": []}


def test_sw_5_nothing_but_the_credentials_is_obligatory(printed):
    assert printed.ids() == [2477793, 303023, 2204974, 323961872]


# -- parameters ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("phone=%2B48500600700", 4),  # as the row has it
        ("phone=+48500600700", 4),  # the plus of a form is a space
        ("phone=%252B48500600700", None),
        ({"phone": "+48500600700"}, 4),
        ({"phone": "%2B48500600700"}, None),
    ],
    ids=str,
)
def test_sw_6_percent_2b_is_the_plus_of_a_form_decoded_once(printed, body, expected):
    if isinstance(body, dict):
        response = printed.client.post("/messages/recived", json={**WHO, **body}).json
    else:
        form = "application/x-www-form-urlencoded"
        response = printed.client.post(
            "/messages/recived", data=f"username=Login&password=Haslo&{body}", content_type=form
        ).json

    assert (len(response["items"]) == expected) if expected else (response == BAD_PHONE)


def test_sw_7_an_array_of_numbers_finds_the_messages_of_any(holding):
    own = holding(*(message(n, n + 1, sender=f"+4850060070{n}") for n in range(4)))

    assert own.ids(phone=["500600700", "500600703"]) == [1, 4]
    assert own.ids(phone="500600700,500600703") == [1, 4]
    assert own.ids(**{"phone[1]": "500600700", "phone[0]": "500600703"}) == [1, 4]
    assert own.ids(**{"phone[]": ["500600700", "500600703"]}) == [1, 4]
    response = own.client.post("/messages/recived", json={**WHO, "phone": ["500600700", "500600703"]}).json
    assert [item["id"] for item in response["items"]] == [1, 4]
    assert own.ids(phone="") == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("spelt", "number"),
    [
        ("500600700", "+48500600700"),
        ("48500600700", "+48500600700"),
        (" 48500600700", "+48500600700"),
        ("+48500600700", "+48500600700"),
        ("+500600700", "+500600700"),
        ("447700900123", "+447700900123"),
        ("+1234567", "+1234567"),
        ("123456789012345", "+123456789012345"),
    ],
)
def test_sw_8_nine_digits_are_polish_and_others_international(holding, spelt, number):
    own = holding(message(0, 7, sender=number))

    assert own.ids(phone=spelt) == [7]


@pytest.mark.parametrize("spelt", ["0500600700", "0048500600700", "123456", "1234567890123456", "+48-500-600-700"])
def test_sw_8_anything_else_is_no_number(holding, spelt):
    assert holding().form(phone=spelt).json == BAD_PHONE


@pytest.mark.parametrize(
    ("moment", "since", "until"),
    [
        ("2014-10-21 11:18:03", 4, 1),
        ("2014-10-21T11:18:03", 4, 1),
        ("2014-10-21T11:18:03.999", 3, 1),
        ("2014-10-21T09:18:03Z", 4, 1),
        ("2014-10-21T11:18:03+02:00", 4, 1),
        ("2014-10-21 11:18:04", 3, 1),
        ("2014-10-21 11:18:02", 4, 0),
        ("2014-10-21", 4, 4),
        ("2014-10-22", 0, 4),
    ],
)
def test_sw_9_dates_have_a_space_or_a_t_and_both_ends_belong_to_the_interval(printed, moment, since, until):
    assert len(printed.ids(date_from=moment)) == since
    assert len(printed.ids(date_to=moment)) == until


def test_sw_9_a_message_belongs_to_the_interval_with_its_whole_second(holding):
    own = holding(message(0, 7, at="2026-05-01T10:00:00.999999Z"))

    assert own.ids(date_to="2026-05-01 12:00:00") == [7]
    assert own.item()["recived"] == "2026-05-01 12:00:00"


def test_sw_9_a_start_after_the_end_finds_nothing(printed):
    assert printed.form(date_from="2014-10-22", date_to="2014-10-21").json == {"items": []}


@pytest.mark.parametrize("moment", ["21.10.2014", "2014-10-21 11:18", "2014-13-01", "„2014-10-24 17:46:00”"])
def test_sw_9_anything_else_is_no_date(printed, moment):
    assert printed.form(date_from=moment).json == BAD_DATA


def test_sw_10_the_interval_is_of_the_instant_that_the_field_shows(printed):
    for kind in ("eco", "nd", "ndi", "mms"):
        at = printed.item(type=kind)["recived"]
        assert printed.item(date_from=at, date_to=at)["type"] == kind


@pytest.mark.parametrize(
    ("name", "recived"), [("Europe/Warsaw", "2014-10-21 11:18:03"), ("UTC", "2014-10-21 09:18:03")]
)
def test_sw_11_dates_are_of_polish_time_or_of_utc(variant, name, recived):
    own = variant("serwersms.zone", name)

    assert own.item(type="eco")["recived"] == recived
    assert own.ids(date_from=recived, date_to=recived) == [2477793]


def test_sw_11_an_hour_that_is_there_twice_is_the_first(holding):
    first, second = (
        instant_of(datetime(2025, 10, 26, 2, 30, fold=fold, tzinfo=ZoneInfo("Europe/Warsaw"))) for fold in (0, 1)
    )
    own = holding(replace(message(0, 1), at=first), replace(message(1, 2), at=second))

    assert [item["recived"] for item in own.form().json["items"]] == ["2025-10-26 02:30:00"] * 2
    assert own.ids(date_to="2025-10-26 02:30:00") == [1]
    assert own.ids(date_from="2025-10-26 02:30:00") == [1, 2]
    assert own.ids(date_from="2025-10-26T02:30:00+01:00") == [2]


@pytest.mark.parametrize(
    ("name", "spelt"),
    [
        ("date_from", "2026-03-29 02:00:00"),
        ("date_from", "2026-03-29 02:30:00"),
        ("date_from", "2026-03-29T02:59:59.9"),
        ("date_to", "2026-03-29 02:30:00"),
    ],
)
def test_sw_11_an_hour_that_is_not_there_is_the_instant_at_which_the_clocks_change(holding, name, spelt):
    own = holding(
        message(0, 1, at="2026-03-29T00:59:59Z"),
        message(1, 2, at="2026-03-29T01:00:00Z"),
        message(2, 3, at="2026-03-29T01:00:01Z"),
    )

    assert own.ids(**{name: spelt}) == ([2, 3] if name == "date_from" else [1, 2])
    assert own.ids(date_from="2026-03-29 01:59:59", date_to="2026-03-29 03:00:00") == [1, 2]


def test_sw_11_a_day_begins_and_ends_in_polish_time(holding):
    own = holding(
        message(0, 1, at="2026-04-30T21:59:59Z"),
        message(1, 2, at="2026-04-30T22:00:00Z"),
        message(2, 3, at="2026-05-01T21:59:59Z"),
        message(3, 4, at="2026-05-01T22:00:00Z"),
    )

    assert own.ids(date_from="2026-05-01", date_to="2026-05-01") == [2, 3]


def test_sw_12_read_marks_what_the_call_returned_and_nothing_else(printed):
    assert printed.ids(read="true", type="eco") == [2477793]
    assert printed.ids(read="false") == [303023, 2204974, 323961872]
    assert printed.ids(read="true", limit="1") == [303023]
    assert printed.ids() == [2204974, 323961872]
    assert printed.ids(read="true") == [2204974, 323961872]
    assert printed.form(read="true", limit="1").json == {"paging": {"page": 1, "count": 0}, "items": []}


def test_sw_12_what_one_account_has_read_another_still_has(open_registry):
    accounts = [Account(f"serwersms/{n}", "serwersms", n, (Login(n, "Haslo"),)) for n in ("a", "b")]
    messages = (replace(message(n, 1), account=account.key) for n, account in enumerate(accounts))
    registry = open_registry(Fixture(tuple(accounts), Segment(messages)))
    a, b = (SerwerSMS(registry, {"username": n, "password": "Haslo"}) for n in ("a", "b"))

    assert (a.ids(read="true"), a.ids(), b.ids()) == ([1], [], [1])


@pytest.mark.parametrize("none", ["", "none", "None", None])
def test_sw_13_none_is_absent(printed, none):
    body = {**WHO, "read": none, "show_contact": none}

    for _ in range(2):
        assert len(printed.client.post("/messages/recived", json=body).json["items"]) == 4


@pytest.mark.parametrize(
    ("sent", "left"), [(True, 0), ("true", 0), (1, 0), ("1", 0), (False, 4), ("False", 4), (0, 4), ("0", 4)]
)
def test_sw_13_true_and_false_have_three_spellings_each(printed, sent, left):
    printed.client.post("/messages/recived", json={**WHO, "read": sent})

    assert len(printed.ids()) == left


@pytest.mark.parametrize("none", ["", "none", "None", "null", "NULL"])
@pytest.mark.parametrize("name", ["read", "show_contact"])
def test_sw_13_none_is_absent_in_a_form_too(printed, name, none):
    assert len(printed.ids(**{name: none})) == 4
    assert len(printed.ids()) == 4


@pytest.mark.parametrize("sent", ["yes", 2, "nd", [True], {}, 1.0])
def test_sw_13_anything_else_is_neither(printed, sent):
    assert printed.client.post("/messages/recived", json={**WHO, "read": sent}).json == BAD_DATA


@pytest.mark.parametrize(
    ("value", "response"),
    [("rejected", BAD_DATA), ("eco", {"items": [ECO]}), ("empty", {"items": []})],
)
def test_sw_14_2way_is_no_type_or_that_of_answers_or_one_without_messages(variant, value, response):
    own = variant("serwersms.type_2way", value)

    assert own.form(type="2way").json == response
    assert own.form(type="2WAY").json == BAD_DATA
    assert own.form(type="sc").json == BAD_DATA


def test_sw_14_a_type_is_one_of_five_and_blank_is_all(printed):
    found = {kind: printed.ids(type=kind) for kind in ("eco", "nd", "ndi", "pre", "mms", "")}

    assert found == {
        "eco": [2477793],
        "nd": [303023],
        "ndi": [2204974],
        "pre": [],
        "mms": [323961872],
        "": [2477793, 303023, 2204974, 323961872],
    }
    for kind in ("2way", "ECO", "SC", "PR"):
        assert printed.form(type=kind).json == BAD_DATA


def test_sw_15_nothing_to_return_is_an_empty_list(printed):
    assert printed.form(type="pre").text == '{"items":[]}'


# -- pages ---------------------------------------------------------------------------------------------------------


def test_sw_16_paging_comes_first_and_only_where_it_was_asked_for(printed):
    assert list(printed.form().json) == ["items"]
    assert list(printed.form(order="asc").json) == ["items"]
    assert printed.form(type="pre", page="1").text == '{"paging":{"page":1,"count":0},"items":[]}'
    assert printed.form(type="pre", limit="9").text == '{"paging":{"page":1,"count":0},"items":[]}'


def test_sw_17_page_0_is_the_first_and_a_page_without_a_limit_has_20(holding):
    own = holding(*(message(n, n + 1) for n in range(45)))

    assert own.form(page="0").json["paging"] == own.form(page="1").json["paging"] == {"page": 1, "count": 3}
    assert own.ids(page="0") == own.ids(page="1") == list(range(1, 21))
    assert own.ids(page="3") == [41, 42, 43, 44, 45]
    assert own.ids(page="4") == []
    assert own.ids() == list(range(1, 46))
    assert own.form(limit="0").json == own.form(page="-1").json == BAD_DATA


def test_sw_18_the_order_is_by_type_then_time_and_with_order_by_time(printed):
    assert printed.ids() == [2477793, 303023, 2204974, 323961872]
    assert printed.ids(order="asc") == [2477793, 303023, 323961872, 2204974]
    assert printed.ids(order="desc") == [2204974, 323961872, 303023, 2477793]
    assert printed.form(order="random").json == BAD_DATA


def test_sw_18_premium_messages_stand_where_the_list_of_types_has_them(holding):
    kinds = ("mms", "pre", "ndi", "nd", "eco")
    own = holding(*(message(n, n + 1, kind) for n, kind in enumerate(kinds)))

    assert [item["type"] for item in own.form().json["items"]] == ["eco", "nd", "ndi", "pre", "mms"]


def test_sw_18_messages_of_one_second_come_in_the_order_of_their_arrival(holding):
    own = holding(*(message(n, 9 - n) for n in range(5)))

    assert own.ids() == own.ids(order="asc") == [9, 8, 7, 6, 5]
    assert own.ids(order="desc") == [5, 6, 7, 8, 9]


# -- items ---------------------------------------------------------------------------------------------------------


def test_sw_19_a_contact_is_an_object_at_the_end_of_an_item_and_missing_where_unknown(holding):
    own = holding(
        message(0, 1),
        message(1, 2, sender="+48600700800"),
        contacts=[contact(JAN, "Łucja", city="Łódź", tax_id="1")],
    )
    known, unknown = own.form(show_contact="true").json["items"]

    assert list(known.items())[-1] == (
        "contact",
        {
            "first_name": "Łucja",
            "last_name": "",
            "company": "",
            "phone": JAN,
            "email": "",
            "tax_id": "1",
            "city": "Łódź",
            "address": "",
            "description": "",
        },
    )
    assert "contact" not in unknown
    assert list(known["contact"]) == [
        "first_name", "last_name", "company", "phone", "email", "tax_id", "city", "address", "description",
    ]  # fmt: skip
    assert [item for item in own.form().json["items"] if "contact" in item] == []


def test_sw_20_only_eco_items_tell_which_message_they_answer(printed):
    items = printed.form().json["items"]

    assert {item["type"]: item.get("message_id") for item in items} == {
        "eco": "eba39e4fe1",
        "nd": None,
        "ndi": None,
        "mms": None,
    }


def test_sw_21_only_mms_items_tell_which_number_was_hit(holding):
    own = holding(
        *(
            message(n, n + 1, kind, recipient="+48664078059")
            for n, kind in enumerate(("eco", "nd", "ndi", "pre", "mms"))
        )
    )

    assert {item["type"]: item.get("to_number") for item in own.form().json["items"]} == {
        "eco": None,
        "nd": None,
        "ndi": None,
        "pre": None,
        "mms": "+48664078059",
    }


def test_sw_22_an_mms_has_a_title_and_attachments_with_data_instead_of_a_text(printed):
    mms = printed.item(type="mms")

    assert list(mms) == ["id", "type", "phone", "recived", "to_number", "blacklist", "title", "attachments"]
    assert [list(part) for part in mms["attachments"]] == [["id", "name", "content_type", "data"]]


def test_sw_22_an_mms_without_title_and_attachments_has_both_fields(holding):
    item = holding(message(0, 1, "mms", recipient="+48664078059")).item()

    assert (item["title"], item["attachments"]) == ("", [])


def test_sw_23_ids_are_numbers(printed):
    assert [(type(item["id"]), item["id"]) for item in printed.form().json["items"]] == [
        (int, 2477793),
        (int, 303023),
        (int, 2204974),
        (int, 323961872),
    ]


def test_sw_24_a_premium_message_has_the_fields_of_an_nd(holding):
    own = holding(message(0, 1, "pre", text="GLOS 1", recipient="71200"))

    assert list(own.item().items()) == [
        ("id", 1),
        ("type", "pre"),
        ("phone", JAN),
        ("recived", "2026-05-01 12:00:00"),
        ("blacklist", False),
        ("text", "GLOS 1"),
    ]


def test_sw_25_ndi_finds_the_messages_of_that_type_that_hit_the_number(holding):
    own = holding(
        message(0, 1, "ndi", recipient=JAN),
        message(1, 2, "ndi", recipient="+48600700800"),
        message(2, 3, "mms", recipient=JAN),
        message(3, 4, "nd", recipient=JAN),
    )

    assert own.ids(ndi="+48500600700") == own.ids(ndi="500600700", type="ndi", order="asc") == [1]
    assert own.ids(ndi="+48500600700", type="mms") == []
    assert own.ids(ndi="+48500600701") == []
    assert own.form(ndi="x").json == BAD_PHONE


def test_sw_26_the_blacklist_is_the_accounts_own(holding):
    own = holding(message(0, 1), message(1, 2, sender="+48600700800"), blacklist=["+48600700800"])

    assert [item["blacklist"] for item in own.form().json["items"]] == [False, True]


# -- the form of answers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [("raw", "Dziękuję za informację 👍/"), ("ascii", r"Dzi\u0119kuj\u0119 za informacj\u0119 \ud83d\udc4d/")],
)
def test_sw_27_letters_are_as_they_are_or_escaped(holding, value, text):
    own = holding(message(0, 1, text="Dziękuję za informację 👍/"), variants={"serwersms.json": value})

    assert own.form().text == (
        '{"items":[{"id":1,"type":"nd","phone":"+48500600700","recived":"2026-05-01 12:00:00","blacklist":false,'
        f'"text":"{text}"}}]}}'
    )


def test_sw_28_answers_say_what_they_are(printed):
    for parameters in ({}, {"type": "wrong"}):
        assert printed.form("recived", **parameters).headers["Content-Type"] == "application/json"
        assert printed.form("recived.xml", **parameters).headers["Content-Type"] == "application/xml; charset=UTF-8"


def test_sw_29_what_xml_cannot_carry_is_replaced_in_xml_only(holding):
    own = holding(message(0, 1, text="a\0b\x07c\ufffed\te\rf\ng👍"))

    assert own.item()["text"] == "a\0b\x07c\ufffed\te\rf\ng👍"
    assert "<text>a\ufffdb\ufffdc\ufffdd\te&#13;f\ng👍</text>" in own.form("recived.xml").text


# -- errors --------------------------------------------------------------------------------------------------------


def test_sw_30_an_error_is_the_vendors_envelope_at_http_200(printed):
    response = printed.form(username="unknown")

    assert (response.status_code, response.text) == (
        200,
        '{"error":{"code":1001,"type":"InvalidUser","message":"Incorrect login or password"}}',
    )


@pytest.mark.parametrize(
    ("path", "changes", "headers", "status", "code"),
    [
        ("/messages/recived", {"username": "unknown"}, {}, 401, 1001),
        ("/messages/recived", {}, {"Authorization": "Bearer x"}, 401, 1012),
        ("/messages/recived", {"type": "x"}, {}, 400, 1006),
        ("/messages/recived", {"phone": "x"}, {}, 400, 2001),
        ("/messages/nothing", {}, {}, 404, 1000),
        ("/quiz/nothing", {}, {}, 404, 1000),
        ("/error/9", {}, {}, 404, 2002),
        ("/error/1001", {}, {}, 200, 1001),
    ],
)
def test_sw_30_an_error_may_have_a_status_of_http(variant, path, changes, headers, status, code):
    for value, expected in (("200", 200), ("4xx", status)):
        own = variant("serwersms.errors.status", value)
        response = own.client.post(path, data={**WHO, **changes}, headers=headers)
        assert (response.status_code, response.json["error"]["code"]) == (expected, code)
        assert response.headers.get("WWW-Authenticate") == ("Bearer" if expected == 401 else None)


def test_sw_31_a_sentence_is_english_or_polish_where_the_polish_is_known(variant):
    own = variant("serwersms.errors.language", "pl")

    assert own.form(username="unknown").json == error(1001, "InvalidUser", "Nieprawidłowy login lub hasło")
    assert own.form(type="x").json == error(1006, "InvalidData", "Niepoprawny format danych")
    assert own.form("nothing.xml").text == (
        f"{XML}<error><code>1000</code><type>InvalidAction</type><message>Nie określono akcji do wykonania</message></error>"
    )
    assert own.client.post("/error/2001").json == error(2001, "ValidationPhoneError", "Nieprawidłowy numer telefonu")
    assert own.client.post("/error/1012").json == NO_TOKEN


@pytest.mark.parametrize(
    ("method", "path", "host", "code"),
    [
        ("DELETE", "/messages/recived", "localhost", 1000),
        ("PUT", "/error/1000", "localhost", 1000),
        ("GET", "/nowhere", "api2.serwersms.pl", 1000),
        ("POST", "/", "s1api2.serwersms.pl", 1000),
    ],
)
def test_sw_31_an_error_of_an_address_or_a_method_is_polish_too(variant, method, path, host, code):
    own = variant("serwersms.errors.language", "pl")
    response = own.client.open(path, method=method, headers={"Host": host})

    assert response.json == error(code, CODES[code].type, "Nie określono akcji do wykonania")


def test_sw_27_an_error_of_an_address_is_escaped_too(open_registry):
    own = SerwerSMS(open_registry(variants={"serwersms.errors.language": "pl", "serwersms.json": "ascii"}))

    assert "Nie okre\\u015blono akcji do wykonania" in own.client.delete("/messages/recived").text


def test_sw_31_the_sentences_that_the_english_page_mixes_up_stand_at_their_numbers():
    assert (CODES[1006].en, CODES[1007].en) == ("Invalid data format", "Account is not fully active")


def test_sw_31_the_answer_of_the_live_service_that_a_client_quotes_comes_to_the_byte(open_registry):
    own = SerwerSMS(open_registry(variants={"serwersms.errors.language": "pl", "serwersms.json": "ascii"}))

    assert own.form(username="unknown").text == (
        r'{"error":{"code":1001,"type":"InvalidUser","message":"Nieprawid\u0142owy login lub has\u0142o"}}'
    )


# -- requests ------------------------------------------------------------------------------------------------------


def test_sw_32_a_get_has_its_parameters_in_the_query_string(printed):
    response = printed.client.get("/messages/recived", query_string={**WHO, "type": "eco"})

    assert response.json == {"items": [ECO]}


def test_sw_32_a_head_does_what_a_get_does_and_says_nothing(printed):
    response = printed.client.head("/messages/recived", query_string={**WHO, "type": "eco", "read": "true"})

    assert (response.status_code, response.data) == (200, b"")
    assert printed.ids(type="eco") == []


def test_sw_32_the_query_string_of_a_post_and_the_body_of_a_get_are_not_read(printed):
    assert printed.client.post("/messages/recived", query_string=WHO).json == NO_USER
    assert printed.client.get("/messages/recived", data=WHO).json == NO_USER


def test_sw_32_a_get_may_be_rejected(variant):
    own = variant("serwersms.get", "rejected")
    response = own.client.get("/messages/recived", query_string=WHO)

    assert (response.status_code, response.json, response.headers["Allow"]) == (405, NO_ACTION, "POST")
    assert own.item(type="eco") == ECO
    assert own.client.get("/error/1001").json == NO_USER


def test_sw_33_an_action_that_the_vendor_does_not_have_is_not_specified(registry, printed):
    assert printed.form("nothing").json == printed.client.post("/quiz/nothing", data=WHO).json == NO_ACTION
    rejected = [type(exchange.error).__name__ for exchange in registry.default.journal.since(0)]
    assert rejected == ["InvalidAction", "InvalidAction"]


@pytest.mark.parametrize("code", CODES)
def test_sw_34_every_code_of_the_table_is_shown_without_credentials(client, code):
    known = CODES[code]

    for path in (f"/error/{code}", f"/error/{code}.json"):
        assert client.get(path).json == client.post(path).json == error(code, known.type, known.en)


@pytest.mark.parametrize(
    "code", ["0", "999", "1013", "9999", "01000", "1000.5", "-1", "x", "1" * 5000, "١٠٠٠", "1000/1"]
)
def test_sw_34_a_code_that_the_table_does_not_have_is_invalid(client, code):
    assert client.get(f"/error/{code}").json == BAD_CODE


def test_sw_34_an_error_is_shown_in_xml_too(client):
    assert client.get("/error/1000.xml").text == (
        f"{XML}<error><code>1000</code><type>InvalidAction</type><message>Not specified action to execute</message></error>"
    )


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "Application/JSON", "application/vnd.x+json"],
)
def test_sw_35_a_body_is_json_where_it_says_so(printed, content_type):
    body = json.dumps({**WHO, "type": "eco"})

    assert printed.client.post("/messages/recived", data=body, content_type=content_type).json == {"items": [ECO]}
    assert printed.client.post("/messages/recived", data="x", content_type=content_type).json == BAD_DATA


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", "", None])
def test_sw_35_a_body_is_a_form_otherwise(printed, content_type):
    body = "username=Login&password=Haslo&type=eco"

    assert printed.client.post("/messages/recived", data=body, content_type=content_type).json == {"items": [ECO]}
    assert printed.client.post("/messages/recived", data="{}", content_type=content_type).json == NO_USER


@pytest.mark.parametrize(
    "kind", ["application/json", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"]
)
def test_sw_35_an_empty_body_has_no_parameters(holding, kind):
    response = holding().client.post("/messages/recived", data=b"", content_type=kind, headers=TOKEN)

    assert response.json == {"items": []}


def test_sw_36_a_whole_number_of_json_is_its_digits_and_other_kinds_are_rejected(printed):
    def ask(**values):
        return printed.client.post("/messages/recived", json={**WHO, **values}).json

    assert len(ask(phone=500600700, page=1, limit=4)["items"]) == 4
    for values in (
        {"type": ["eco"]},
        {"type": True},
        {"page": 1.0},
        {"phone": {"0": "500600700"}},
        {"date_to": {"a": 1}},
    ):
        assert ask(**values) == BAD_DATA
    for values in ({"username": ["Login"]}, {"password": True}, {"username": {"a": 1}}, {"password": 1.5}):
        assert ask(**values) == NO_USER


def test_sw_36_a_username_and_a_password_may_be_whole_numbers_of_json(open_registry):
    account = Account("serwersms/own", "serwersms", "own", (Login("500600700", "1234"),))
    own = SerwerSMS(open_registry(Fixture((account,))))

    for who in ({"username": 500600700, "password": 1234}, {"username": "500600700", "password": 1234}):
        assert own.client.post("/messages/recived", json=who).json == {"items": []}
    assert own.client.post("/messages/recived", json={"username": 500600700, "password": 1234.0}).json == NO_USER


def test_sw_36_bytes_that_are_not_utf_8_are_rejected_where_they_are_read(printed):
    body = b"username=Login&password=Haslo&x=%ff&type=%ff"

    response = printed.client.post("/messages/recived", data=body, content_type="application/x-www-form-urlencoded")

    assert response.json == BAD_DATA


def test_sw_37_the_action_comes_before_the_method_the_body_the_credentials_and_the_parameters(open_registry):
    registry = open_registry(variants={"serwersms.get": "rejected"})
    own = SerwerSMS(registry)
    wrong = {"data": "{", "content_type": "application/json"}

    def last():
        return type(registry.default.journal.since(0)[-1].error).__name__

    seen = []
    for method, path, request in (
        ("GET", "/messages/nothing", wrong),
        ("GET", "/messages/recived", wrong),
        ("POST", "/messages/recived", wrong),
        ("POST", "/messages/recived", {"data": {"type": "x", "phone": "x"}}),
        ("POST", "/messages/recived", {"data": {**WHO, "limit": "x", "type": "x", "date_to": "x", "phone": "x"}}),
        ("POST", "/messages/recived", {"data": {**WHO, "limit": "x", "type": "x", "date_to": "x"}}),
        ("POST", "/messages/recived", {"data": {**WHO, "limit": "x", "type": "x"}}),
        ("POST", "/messages/recived", {"data": {**WHO, "limit": "x", "order": "x"}}),
    ):
        own.client.open(path, method=method, **request)
        seen.append(last())

    assert seen == [
        "InvalidAction",
        "WrongMethod",
        "BodyUnreadable",
        "InvalidUser",
        "NotAPhone",
        "NotADateTime",
        "UnknownType",
        "NotAPage",
    ]


@pytest.mark.parametrize("value", ["first", "after-credentials"])
@pytest.mark.parametrize("path", ["/messages/nothing", "/contacts/nothing.json"])
def test_sw_37_an_action_that_nobody_knows_comes_first_or_after_the_credentials(variant, value, path):
    own = variant("serwersms.unknown_action", value)

    assert own.client.post(path, headers=TOKEN).json == (NO_ACTION if value == "first" else NO_TOKEN)
    assert own.client.get(path).json == (NO_ACTION if value == "first" else NO_USER)
    assert own.client.post(path, data=WHO).json == NO_ACTION


def test_sw_38_empty_ones_are_not_there_the_last_counts_and_unknown_ones_are_ignored(printed):
    blank = dict.fromkeys(
        ("phone", "date_from", "date_to", "type", "ndi", "read", "show_contact", "page", "limit", "order"), ""
    )

    assert len(printed.ids(**blank)) == 4
    assert printed.ids(type=["mms", "nonsense", "eco"]) == [2477793]
    unknown = {
        "system": "client_python",
        "ic": "1",
        "dlr_url": "x",
        "show_type": "1",
        "messages[0][phone]": "x",
        "[": "x",
    }
    assert len(printed.ids(**unknown)) == 4


def test_every_provider_error_of_the_provider_has_a_code_of_the_table_and_its_sentence():
    assert {error.__name__: CODES[error.code].en for error in ERRORS} == {
        error.__name__: error.description for error in ERRORS
    }
