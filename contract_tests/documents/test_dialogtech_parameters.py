"""Every row of the three parameter tables (required, accepts, maximum length), and every way to send parameters."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import pytest

from mockserver.engine.accounts import Account, Login, Number

WHO = ("action", "access_key", "secret_access_key")
TABLES = {  # the rows that say "Required: Yes"
    "sms.get_messages": (*WHO, "start_date", "end_date"),  # 000
    "sms.send_message": (*WHO, "to", "from", "message"),  # 001
    "sms.get_numbers": WHO,  # 002
}
REQUIRED = [(action, name) for action, names in TABLES.items() for name in names]


@pytest.fixture
def fetch(dialogtech):
    """Call an action as its page does, with some parameters changed; None leaves one out."""

    def ask(page, /, **changes):
        rows = {"sms.send_message": dialogtech.SMS, "sms.get_messages": dialogtech.DAY}.get(page, {})
        values = {"action": page, **dialogtech.CREDENTIALS, **rows, **changes}
        return dialogtech.ask({name: value for name, value in values.items() if value is not None})

    return ask


def ids(response):
    """The identifiers of a response's messages, in order."""
    root = ET.fromstring(response)
    assert root.findtext("result") == "success", response
    return [element.text for element in root.iter("msg_id")]


@pytest.fixture
def neighbours(shipped, open_registry, dialogtech_in):
    """DialogTech with a disabled number on the documents' account, and with a second account."""
    documents = next(account for account in shipped.accounts if account.key == "dialogtech/documents")
    disabled = Number("5550001111", sms_enabled=False)
    other = Account(
        "dialogtech/other",
        "dialogtech",
        "other",
        (Login("other-access", "other-secret"), Login("other-api-key")),
        {"5550002222": Number("5550002222")},
    )
    own = replace(documents, numbers={**documents.numbers, disabled.number: disabled})
    return dialogtech_in(open_registry(replace(shipped, accounts=(own, other))))


# -- required ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("action", "name"), REQUIRED)
@pytest.mark.parametrize("value", [None, ""], ids=["absent", "empty"])
def test_a_required_parameter_must_be_there(dialogtech, fetch, action, name, value):
    assert fetch(action, **{name: value}) == dialogtech.failed(f"Missing required parameter: {name}")


def test_the_number_of_000_is_not_required(fetch):
    assert ids(fetch("sms.get_messages")) == ["177931295", "131086044", "133185904"]


def test_an_empty_number_is_as_good_as_none(fetch):
    assert ids(fetch("sms.get_messages", number="")) == ["177931295", "131086044", "133185904"]


def test_the_first_missing_row_of_the_table_is_named(dialogtech):
    fetch = {"action": "sms.send_message", **dialogtech.CREDENTIALS}
    assert dialogtech.ask(fetch) == dialogtech.failed("Missing required parameter: to")
    assert dialogtech.ask(fetch | {"to": "5556667777"}) == dialogtech.failed("Missing required parameter: from")


# -- action --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "action",
    [
        "sms.get",
        "sms.delete_messages",
        "SMS.DELETE_MESSAGE",
        "SMS.GET_NUMBERS",
        " sms.get_numbers",
        "sms.get_numbers ",
        "sms.get_numbers\n",
        "__init__",
        "<script>",
        "💬",
    ],
)
def test_any_other_action_is_unknown(dialogtech, fetch, action):
    assert fetch(action) == dialogtech.failed(f"Unknown action: {escape(action)}")


@pytest.mark.parametrize(
    "action",
    ["routing.numbers", "verifymenow.verify", "report.call_detail", "numbers.search", "vmail.getmessages"],
)
def test_an_action_of_the_vendors_that_is_not_offered_is_told_apart(dialogtech, fetch, action):
    assert fetch(action) == dialogtech.failed(f"Action not offered by this mock server: {action}")


# -- phone numbers -------------------------------------------------------------------------------------------------

NO_NUMBERS = [
    "555666777",
    "25556667777",
    "155566677778",
    "255566677778",
    "+15556667777",
    "+5556667777",
    "555 666 7777",
    " 5556667777",
    "5556667777 ",
    "5556667777\n",
    "555-666-7777",
    "(555)6667777",
    "555.666.7777",
    "555666777x",
    "FLOWERSNOW",
    "5556667777.0",
    "-5556667777",
    "٥٥٥٦٦٦٧٧٧٧",
    "５５５６６６７７７７",
    "⁵⁵⁵⁶⁶⁶⁷⁷⁷⁷",
    "555666777๗",
    "0",
]


@pytest.mark.parametrize("value", NO_NUMBERS)
@pytest.mark.parametrize(
    ("action", "name"), [("sms.send_message", "to"), ("sms.send_message", "from"), ("sms.get_messages", "number")]
)
def test_a_formatted_or_impossible_number_is_rejected(dialogtech, fetch, action, name, value):
    assert fetch(action, **{name: value}) == dialogtech.failed(
        f"Parameter {name} must be an unformatted phone number, 10 digits or 11 with a leading 1: {value}"
    )


def test_a_long_value_is_not_repeated_whole(dialogtech, fetch):
    assert fetch("sms.send_message", to="5" * 1000) == dialogtech.failed(
        f"Parameter to must be an unformatted phone number, 10 digits or 11 with a leading 1: {'5' * 60}…"
    )


@pytest.mark.parametrize("to", ["5556667777", "15556667777"])
@pytest.mark.parametrize("sender", ["5554332111", "15554332111"])
def test_eleven_digits_with_a_leading_1_are_the_same_number(dialogtech, to, sender):
    assert dialogtech.send(to=to, sender=sender) == dialogtech.SENT
    root = ET.fromstring(dialogtech.messages(**dialogtech.TODAY))
    assert [(root.findtext(".//to"), root.findtext(".//from"))] == [("5556667777", "5554332111")]


@pytest.mark.parametrize("to", ["0000000000", "9999999999", "1115556666", "11115556666", "5554443210"])
def test_to_can_be_any_unformatted_number(dialogtech, to):
    assert dialogtech.send(to=to) == dialogtech.SENT


@pytest.mark.parametrize("number", ["5554443210", "15554443210"])
def test_number_filters_by_the_tracking_number(fetch, number):
    assert ids(fetch("sms.get_messages", number=number)) == ["177931295", "131086044", "133185904"]


@pytest.mark.parametrize("number", ["5554332111", "5559990000", "0000000000"])
def test_a_number_without_messages_or_of_somebody_else_matches_nothing(fetch, number):
    assert ids(fetch("sms.get_messages", number=number)) == []


# -- from ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sender",
    [
        pytest.param("5550001111", id="disabled"),
        pytest.param("5550002222", id="another account's"),
        pytest.param("5556667777", id="no one's"),
    ],
)
@pytest.mark.parametrize("one", ["", "1"])
def test_from_must_be_an_sms_enabled_tracking_number_of_the_account(neighbours, one, sender):
    assert neighbours.send(sender=one + sender) == neighbours.failed(
        f"Parameter from is not an SMS enabled tracking number of this account: {sender}"
    )


def test_another_account_sends_from_its_own_number(neighbours):
    others = {"access_key": "other-access", "secret_access_key": "other-secret"}
    assert neighbours.send(sender="5550002222", **others) == neighbours.SENT
    assert neighbours.send(sender="5554332111", **others) == neighbours.failed(
        "Parameter from is not an SMS enabled tracking number of this account: 5554332111"
    )


# -- message -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "character",
    [
        pytest.param("a", id="one byte"),
        pytest.param("ż", id="two bytes"),
        pytest.param("€", id="three bytes"),
        pytest.param("😀", id="four bytes"),
        pytest.param("\u0301", id="a combining accent"),
        pytest.param("\u200d", id="a joiner"),
        pytest.param(" ", id="a space"),
        pytest.param("\n", id="a line end"),
        pytest.param("&", id="an ampersand"),
    ],
)
def test_a_message_has_256_code_points_and_no_more(dialogtech, character):
    assert dialogtech.send(message=character * 257) == dialogtech.failed(
        "Parameter message must be at most 256 characters long: it has 257"
    )
    assert dialogtech.send(message=character * 256) == dialogtech.SENT
    root = ET.fromstring(dialogtech.messages(**dialogtech.TODAY))
    assert root.findtext(".//message/message") == character * 256


def test_a_letter_with_its_accent_apart_counts_twice(dialogtech):
    assert dialogtech.send(message="e\u0301" * 128) == dialogtech.SENT
    assert dialogtech.send(message="e\u0301" * 128 + "e") == dialogtech.failed(
        "Parameter message must be at most 256 characters long: it has 257"
    )


def test_a_message_of_nothing_but_a_space_is_a_message(dialogtech):
    assert dialogtech.send(message=" ") == dialogtech.SENT


# -- dates ---------------------------------------------------------------------------------------------------------

NO_DAYS = [
    "2017-01-01",
    "2017/01/01",
    "01012017x",
    "2017011",
    "201701010",
    "2017010100",
    "0020170101",
    "12345678900101",
    "20170229",
    "19000229",
    "20170230",
    "20170431",
    "20171301",
    "20170001",
    "20170100",
    "20170132",
    "00000101",
    "99999999",
    "2017Jan1",
    " 20170101",
    "20170101 ",
    "20170101\n",
    "+2017101",
    "-2017101",
    "2017_101",
    "today",
    "٢٠١٧٠١٠١",
    "２０１７０１０１",
    "2017010¹",
]


@pytest.mark.parametrize("value", NO_DAYS)
@pytest.mark.parametrize("name", ["start_date", "end_date"])
def test_a_date_is_eight_digits_that_are_a_day(dialogtech, fetch, name, value):
    assert fetch("sms.get_messages", **{name: value}) == dialogtech.failed(
        f"Parameter {name} must be a day in the format YYYYMMDD: {value}"
    )


@pytest.mark.parametrize("day", ["20160229", "20000229", "00010101", "99991231", "20171231"])
def test_every_day_of_the_calendar_is_one(fetch, day):
    assert ids(fetch("sms.get_messages", start_date=day, end_date=day)) == []


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("20170101", "20170101", ["177931295", "131086044", "133185904"]),
        ("20161231", "20170102", ["177931295", "131086044", "133185904"]),
        ("00010101", "99991231", ["177931295", "131086044", "133185904"]),
        ("20161201", "20161231", []),
        ("20170102", "20170102", []),
    ],
)
def test_a_range_has_both_of_its_days(fetch, start, end, expected):
    assert ids(fetch("sms.get_messages", start_date=start, end_date=end)) == expected


def test_a_range_does_not_end_before_it_starts(dialogtech, fetch):
    assert fetch("sms.get_messages", start_date="20170102", end_date="20170101") == dialogtech.failed(
        "Parameter end_date 20170101 is before start_date 20170102"
    )


# -- ways to ask ---------------------------------------------------------------------------------------------------


WAYS = {
    "GET": lambda values: {"query_string": values},
    "GET with an empty first pair": lambda values: {
        "query_string": "&" + "&".join(f"{name}={value.replace(' ', '%20')}" for name, value in values.items())
    },
    "GET with a body and a Content-Type that count for nothing": lambda values: {
        "query_string": values,
        "data": b"action=sms.get_numbers",
        "content_type": "application/x-www-form-urlencoded",
    },
    "GET with a Content-Type and no body": lambda values: {"query_string": values, "content_type": "application/xml"},
    "POST urlencoded": lambda values: {"method": "POST", "data": values},
    "POST urlencoded, said in capitals and with a charset": lambda values: {
        "method": "POST",
        "data": "&".join(f"{name}={value.replace(' ', '+')}" for name, value in values.items()),
        "content_type": "Application/X-WWW-Form-Urlencoded; charset=UTF-8",
    },
    "POST multipart": lambda values: {"method": "POST", "data": values, "content_type": "multipart/form-data"},
    "POST with everything in the query string": lambda values: {"method": "POST", "query_string": values},
    "POST with the action in the query string and the rest in the body": lambda values: {
        "method": "POST",
        "query_string": f"&action={values['action']}",
        "data": {name: value for name, value in values.items() if name != "action"},
    },
    "POST with the credentials in a multipart body": lambda values: {
        "method": "POST",
        "query_string": {name: value for name, value in values.items() if "key" not in name},
        "data": {name: value for name, value in values.items() if "key" in name},
        "content_type": "multipart/form-data",
    },
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_send_parameters_sends_the_same_message(dialogtech, way):
    values = {"action": "sms.send_message", **dialogtech.CREDENTIALS, **dialogtech.SMS}
    response = dialogtech.open(**WAYS[way](values))
    assert (response.status_code, response.text) == (200, dialogtech.SENT)
    root = ET.fromstring(dialogtech.messages(**dialogtech.TODAY))
    assert [(e.findtext("to"), e.findtext("from"), e.findtext("message")) for e in root.iter("message") if len(e)] == [
        ("5556667777", "5554332111", "Thank you for calling.")
    ]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("action", ["sms.get_messages", "sms.get_numbers"])
def test_every_way_to_send_parameters_gets_the_same_answer(dialogtech, way, action):
    values = {"action": action, **dialogtech.CREDENTIALS, **dialogtech.DAY}
    assert dialogtech.open(**WAYS[way](values)).text == dialogtech.ask(values)


def test_head_is_get_without_the_body(dialogtech):
    values = {"action": "sms.get_numbers", **dialogtech.CREDENTIALS}
    head, get = dialogtech.open("HEAD", query_string=values), dialogtech.open(query_string=values)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]
    assert head.headers["Date"] == get.headers["Date"]


def test_responses_have_the_date_of_the_world(dialogtech):
    dialogtech.wait(61_000)
    response = dialogtech.open(query_string={"action": "sms.get_numbers", **dialogtech.CREDENTIALS})
    assert response.headers["Date"] == "Mon, 01 Jun 2026 12:01:01 GMT"


# -- credentials ---------------------------------------------------------------------------------------------------

PAIR = "Invalid access_key or secret_access_key"
KEY = "Invalid api_key"
CREDENTIALS = [
    ({}, "Missing required parameter: access_key"),
    ({"access_key": "foo"}, "Missing required parameter: secret_access_key"),
    ({"secret_access_key": "bar"}, "Missing required parameter: access_key"),
    ({"access_key": "foo", "secret_access_key": ""}, "Missing required parameter: secret_access_key"),
    ({"access_key": "", "secret_access_key": "bar"}, "Missing required parameter: access_key"),
    ({"access_key": "foo", "secret_access_key": "baz"}, PAIR),
    ({"access_key": "foo", "secret_access_key": "Bar"}, PAIR),
    ({"access_key": "foo", "secret_access_key": "bar "}, PAIR),
    ({"access_key": "Foo", "secret_access_key": "bar"}, PAIR),
    ({"access_key": "bar", "secret_access_key": "foo"}, PAIR),
    ({"access_key": "other-access", "secret_access_key": "bar"}, PAIR),
    ({"access_key": "foo", "secret_access_key": "other-secret"}, PAIR),
    ({"access_key": "other-api-key", "secret_access_key": "None"}, PAIR),
    ({"api_key": "foo"}, KEY),
    ({"api_key": "other-access"}, KEY),
    ({"api_key": "unknown"}, KEY),
    ({"api_key": ""}, "Missing required parameter: access_key"),
    ({"access_key": "foo", "api_key": "other-api-key"}, "Missing required parameter: secret_access_key"),
    ({"access_key": "foo", "secret_access_key": "baz", "api_key": "other-api-key"}, PAIR),
]


@pytest.mark.parametrize(("credentials", "expected"), CREDENTIALS)
@pytest.mark.parametrize("action", TABLES)
def test_without_the_right_credentials_nothing_is_done(neighbours, action, credentials, expected):
    values = {"action": action, **neighbours.SMS, **neighbours.DAY, **credentials}
    assert neighbours.ask(values) == neighbours.failed(expected)
    assert ids(neighbours.messages(**neighbours.TODAY)) == []


@pytest.mark.parametrize(
    ("credentials", "expected"),
    [
        ({"access_key": "foo", "secret_access_key": "bar"}, ["5554332111", "5554443210"]),
        ({"access_key": "other-access", "secret_access_key": "other-secret"}, ["5550002222"]),
        ({"api_key": "other-api-key"}, ["5550002222"]),
        (
            {"access_key": "foo", "secret_access_key": "bar", "api_key": "other-api-key"},
            ["5554332111", "5554443210"],
        ),
    ],
)
def test_credentials_open_the_account_that_they_belong_to(neighbours, credentials, expected):
    root = ET.fromstring(neighbours.ask({"action": "sms.get_numbers", **credentials}))
    assert [number.text for number in root.iter("number")] == expected


def test_an_account_does_not_see_the_messages_of_another(neighbours):
    assert neighbours.send() == neighbours.SENT
    response = neighbours.ask(
        {"action": "sms.get_messages", "api_key": "other-api-key", "start_date": "20170101", "end_date": "20261231"}
    )
    assert ids(response) == []
