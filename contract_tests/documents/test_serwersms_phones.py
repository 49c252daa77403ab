"""SerwerSMS's phones/*: whether a number can be right, and what the networks know of it."""

from __future__ import annotations

import pytest

from contract_tests.clocks import let_pass
from contract_tests.documents.serwersms_api import USER, open_api, own_entries
from mockserver.engine.instants import SECOND
from mockserver.providers.serwersms.entries import SubscriberEntry

ORANGE, PLUS = "Orange (PTK Centertel Sp. z o.o.)", "Plus (Polkomtel S.A.)"
JAN = {
    "phone": "+48500600700",
    "status": "OK",
    "imsi": 26003,
    "network": ORANGE,
    "ported": False,
    "network_ported": None,
    "description": None,
}
ANN = {**JAN, "phone": "+48600700800", "imsi": 26001, "network": PLUS}
UNKNOWN = {
    "phone": "x",
    "status": "ERR",
    "imsi": None,
    "network": None,
    "ported": False,
    "network_ported": None,
    "description": None,
}
PORTED = SubscriberEntry(
    "+48600700800", imsi=260011234567890, network=PLUS, ported=True, network_ported=ORANGE, seconds=30
)
ABSENT = SubscriberEntry("+48500600700", "ERR", description="ABSENT_SUBSCRIBER_SM")
SLOW = SubscriberEntry("+48500600700", seconds=90)


@pytest.fixture
def api(open_registry):
    return open_api(open_registry)


def without_description(checked):
    """What a lookup answers in place of what a check answers."""
    return {name: value for name, value in checked.items() if name != "description"}


def hlr(limit, **further):
    """The fields of an account with a limit of its questions."""
    return {"fields": {"limits": {"hlr": limit, "lookup": limit}, **further}}


# -- phones/test -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phone", "correct"),
    [
        ("500600700", True),
        ("+48500600700", True),
        ("48500600700", True),
        (" 500 600 700 ", True),
        ("+447700900123", True),
        ("221234567", False),
        ("+48221234567", False),
        ("50060070", False),
        ("447700900123", False),
        ("+4470", False),
        ("abc", False),
        ("71200", False),
    ],
)
def test_sw_86_phones_test_says_whether_a_number_can_be_a_mobile_one(api, phone, correct):
    assert api.form("phones/test", phone=phone) == {"correct": correct}


def test_sw_86_phones_test_answers_json_forms_and_queries_in_json_and_xml(api):
    assert api.xml("phones/test", phone="500600700") == "<response><correct>true</correct></response>"
    assert api.json("phones/test", phone=500600700) == {"correct": True}
    assert api.client.get("/phones/test", query_string={**USER, "phone": "+48500600700"}).json == {"correct": True}


@pytest.mark.parametrize("given", [{}, {"phone": ""}])
def test_sw_86_phones_test_without_a_phone_is_2000(api, given):
    assert api.code("phones/test", **given) == 2000


@pytest.mark.parametrize("action", ["phones/test", "phones/check", "phones/lookup"])
def test_nothing_is_said_of_a_number_without_credentials(api, action):
    assert api.client.post(f"/{action}", data={"phone": "500600700"}).json["error"]["code"] == 1001


# -- one number ------------------------------------------------------------------------------------------------------


def test_sw_87_a_number_is_in_the_network_that_its_first_digits_say(api):
    assert api.form("phones/check", phone="500600700") == JAN
    assert list(api.form("phones/check", phone="500600700")) == list(JAN)
    assert api.json("phones/check", phone="600700800", id="") == ANN
    assert api.json("phones/check", phone=["+48600700800"], id=None) == ANN
    assert api.xml("phones/check", phone="500600700") == (
        f"<response><phone>+48500600700</phone><status>OK</status><imsi>26003</imsi><network>{ORANGE}</network>"
        "<ported>false</ported><network_ported></network_ported><description></description></response>"
    )


@pytest.mark.parametrize("phone", ["x", "+48221234567", "+447700900123", "12"])
def test_sw_87_what_is_in_no_known_network_is_err_and_no_error(api, phone):
    assert api.form("phones/check", phone=phone) == {**UNKNOWN, "phone": phone}
    assert api.form("phones/lookup", phone=phone) == without_description({**UNKNOWN, "phone": phone})


def test_sw_87_a_subscriber_says_what_differs_from_the_first_digits(open_registry):
    api = open_api(open_registry, entries=own_entries(subscribers=(ABSENT, PORTED)))

    assert api.form("phones/check", phone="500600700") == {
        **JAN,
        "status": "ERR",
        "description": "ABSENT_SUBSCRIBER_SM",
    }
    assert api.form("phones/check", phone="600700800") == {
        **ANN,
        "imsi": 260011234567890,
        "ported": True,
        "network_ported": ORANGE,
    }


def test_sw_90_a_lookup_is_answered_like_a_check_without_a_description(open_registry):
    api = open_api(open_registry, entries=own_entries(subscribers=(ABSENT,)))

    assert api.form("phones/lookup", phone="600700800") == without_description(ANN)
    assert api.form("phones/lookup", phone="500600700") == without_description({**JAN, "status": "ERR"})
    assert (
        api.code("phones/lookup", phone=["500600700", "600700800"]) is None
    )  # of a form's repeated names the last counts
    assert api.json("phones/lookup", phone=["500600700", "600700800"])["error"]["code"] == 1006


@pytest.mark.parametrize("action", ["phones/check", "phones/lookup"])
@pytest.mark.parametrize("given", [{}, {"phone": "", "id": ""}])
def test_sw_88_without_a_phone_and_an_id_it_is_2000(api, action, given):
    assert api.code(action, **given) == 2000


@pytest.mark.parametrize("action", ["phones/check", "phones/lookup"])
def test_sw_88_a_number_that_takes_longer_than_a_minute_is_answered_with_an_id(open_registry, action):
    api = open_api(open_registry, entries=own_entries(subscribers=(SLOW,)))
    asked = api.form(action, phone="500600700")

    assert asked == {"phone": "+48500600700", "id": asked["id"]}
    assert len(asked["id"]) == 10
    assert api.code(action, phone="500600700", id=asked["id"]) == 4105
    let_pass(api.world, 89 * SECOND)
    assert api.code(action, id=asked["id"]) == 4105
    let_pass(api.world, 1 * SECOND)
    assert api.form(action, phone="500600700", id=asked["id"]) == (
        JAN if action == "phones/check" else without_description(JAN)
    )


@pytest.mark.parametrize("action", ["phones/check", "phones/lookup"])
def test_sw_88_an_id_under_which_nothing_was_asked_is_4106(open_registry, action):
    api = open_api(open_registry, entries=own_entries(subscribers=(SLOW,)))
    other = "phones/lookup" if action == "phones/check" else "phones/check"

    assert api.code(action, id="0123456789") == 4106
    assert api.code(action, id=api.form(other, phone="500600700")["id"]) == 4106


# -- several numbers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "phone",
    [
        {"phone": "500600700,600700800"},
        {"phone[0]": "500600700", "phone[1]": "600700800"},
        {"phone[]": ["+48500600700", "600700800"]},
    ],
)
def test_sw_88_several_numbers_are_pending_then_done(api, phone):
    first = api.form("phones/check", **phone)
    assert first == {"status": "pending", "process": 0, "id": first["id"]}

    let_pass(api.world, 2 * SECOND)
    assert api.form("phones/check", id=first["id"]) == {"status": "pending", "process": 40, "id": first["id"]}
    let_pass(api.world, 3 * SECOND)
    assert api.form("phones/check", id=first["id"]) == {"status": "done", "process": 100, "items": [JAN, ANN]}


def test_sw_88_several_numbers_in_xml(open_registry):
    api = open_api(open_registry, variants={"serwersms.checks": "done"})

    assert api.xml("phones/check", phone="x,y").startswith(
        "<response><status>done</status><process>100</process><items><item><phone>x</phone><status>ERR</status>"
    )


def test_sw_88_several_numbers_take_as_long_as_the_slowest(open_registry):
    api = open_api(open_registry, entries=own_entries(subscribers=(PORTED,)))
    job = api.json("phones/check", phone=["500600700", "600700800"])["id"]

    let_pass(api.world, 15 * SECOND)
    assert api.form("phones/check", id=job)["process"] == 50
    let_pass(api.world, 15 * SECOND)
    assert api.form("phones/check", id=job)["status"] == "done"


def test_sw_88_several_numbers_are_answered_at_once_in_the_variant_done(open_registry):
    api = open_api(open_registry, variants={"serwersms.checks": "done"})

    assert api.form("phones/check", phone="500600700,x") == {
        "status": "done",
        "process": 100,
        "items": [JAN, UNKNOWN],
    }


def test_sw_88_more_than_50_000_numbers_are_1006(api):
    assert api.json("phones/check", phone=",".join(["500600700"] * 50_000))["status"] == "pending"
    assert api.json("phones/check", phone=",".join(["500600700"] * 50_001))["error"]["code"] == 1006


# -- what it costs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("action", "limit"), [("phones/check", "hlr"), ("phones/lookup", "lookup")])
def test_sw_87_each_number_lowers_the_limit_failed_ones_too(open_registry, action, limit):
    api = open_api(open_registry, **hlr("2"))

    assert [api.code(action, phone=phone) for phone in ("500600700", "x", "500600700")] == [None, None, 4103]
    assert api.world.state.accounts["serwersms/own"].fields["limits"][limit] == "0"


def test_sw_87_asking_for_a_result_costs_nothing(open_registry):
    api = open_api(open_registry, **hlr("2"))
    job = api.form("phones/check", phone="500600700,600700800")["id"]

    assert api.form("phones/check", id=job)["status"] == "pending"
    assert api.code("phones/check", phone="500600700") == 4103


def test_sw_87_more_numbers_than_are_left_cost_nothing(open_registry):
    api = open_api(open_registry, **hlr("1"))

    assert api.code("phones/check", phone="500600700,600700800") == 4103
    assert api.form("phones/check", phone="500600700") == JAN


@pytest.mark.parametrize("action", ["phones/check", "phones/lookup"])
@pytest.mark.parametrize(
    ("facts", "code"),
    [(hlr("not_available"), 4102), (hlr("0"), 4103), (hlr("no_limit"), None), ({"fields": {"blocked": True}}, 4104)],
)
def test_sw_87_an_account_may_ask_as_often_as_its_limit_says(open_registry, action, facts, code):
    assert open_api(open_registry, **facts).code(action, phone="500600700") == code


# -- the customer's URL ----------------------------------------------------------------------------------------------


def test_sw_89_the_url_is_called_when_the_check_has_ended(api):
    job = api.form("phones/check", phone="500600700,600700800", url="https://example.com/?id=#ID#&stan=#STAN#")["id"]
    (delivery,) = api.world.state.deliveries.values()

    assert delivery.url == f"https://example.com/?id={job}&stan=done"
    assert (delivery.kind, delivery.serial, delivery.status) == ("check", None, "due")
    assert delivery.due is not None
    assert delivery.due - delivery.created_at == 5_000_000


@pytest.mark.parametrize("url", ["example.com", "ftp://example.com/", "http://", "http://" + "a" * 1025])
def test_sw_89_a_url_that_is_none_is_1006(api, url):
    assert api.code("phones/check", phone="500600700,600700800", url=url) == 1006


def test_sw_89_one_number_is_answered_and_its_url_is_not_called(api):
    assert api.form("phones/check", phone="500600700", url="http://example.com/") == JAN
    assert api.world.state.deliveries == {}
