"""senders/index, senders/add and account/limits."""

from __future__ import annotations

import pytest

from contract_tests.documents.serwersms_api import Api, open_api
from mockserver import ControlError, MockServer
from mockserver.engine.events import EntryStored
from mockserver.engine.frozen import freeze
from mockserver.providers.serwersms.entries import SENDERS, SenderEntry


@pytest.fixture
def opened(open_registry):
    """Open a world with an account with these fields, and these names."""

    def opened(*names: SenderEntry, **fields: object) -> Api:
        api = open_api(open_registry, fields=freeze(fields))
        api.world.state.apply(*(EntryStored("serwersms/own", SENDERS, name) for name in names))
        return api

    return opened


def test_a_name_that_is_added_is_listed_first_and_waits_for_authorization(opened):
    api = opened(SenderEntry("Sklep", "authorized", "delivered"))

    assert {"success": True} == api.form("senders/add", name="NewSender")
    assert api.json("senders/index") == {
        "items": [
            {"name": "NewSender", "agreement": "not_required", "status": "pending_authorization"},
            {"name": "Sklep", "agreement": "delivered", "status": "authorized"},
        ]
    }
    assert 3106 == api.code("messages/send_sms", phone="500600700", text="a", sender="NewSender")
    api.world.state.apply(EntryStored("serwersms/own", SENDERS, SenderEntry("NewSender", "authorized")))
    assert None is api.code("messages/send_sms", phone="500600700", text="a", sender="NewSender")


@pytest.mark.parametrize(("order", "names"), [("asc", ["Alfa", "Beta"]), ("desc", ["Beta", "Alfa"])])
def test_names_are_sorted_on_request(opened, order, names):
    api = opened(SenderEntry("Beta"), SenderEntry("Alfa"))

    assert names == [each["name"] for each in api.form("senders/index", sort="name", order=order)["items"]]
    assert 1006 == api.code("senders/index", sort="status")


def test_ready_made_names_are_listed_on_request_alone(opened):
    api = opened(SenderEntry("Sklep"))

    ready_made = api.form("senders/index", predefined="true")["items"]
    assert {"name": "INFORMACJA", "agreement": "not_required", "status": "authorized"} == ready_made[0]
    assert ["Sklep"] == [each["name"] for each in api.form("senders/index", personalized="1")["items"]]
    assert all(
        None is api.code("messages/send_sms", phone="500600700", text="a", sender=each["name"]) for each in ready_made
    )


def test_names_for_mms_have_networks_and_numbers_are_names_too(open_registry, opened):
    api = opened(SenderEntry("Sklep"), SenderEntry("Foto", networks=(26001,)))

    assert api.form("senders/index", type="mms") == {
        "items": [{"name": "Foto", "agreement": "not_required", "status": "pending_authorization", "networks": [26001]}]
    }
    assert {"items": []} == api.form("senders/index", type="ndi")
    assert 1006 == api.code("senders/index", type="eco")


def test_names_are_written_in_xml(opened):
    assert opened(SenderEntry("Sklep")).xml("senders/index") == (
        "<response><items><item><name>Sklep</name><agreement>not_required</agreement>"
        "<status>pending_authorization</status></item></items></response>"
    )


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", 2000),
        (None, 2000),
        ("Sklep", 4400),
        ("INFORMACJA", 4400),
        ("sklep", None),
        ("500600700", 4401),
        ("+48500600700", 4401),
        ("A" * 11, None),
        ("A" * 12, 4402),
        ("Mój sklep", 4402),
        ("a b", 4402),
        ("Sklep24", None),
    ],
)
def test_sw_60_a_name_is_new_and_has_up_to_11_letters_and_digits(opened, name, code):
    answer = opened(SenderEntry("Sklep")).json("senders/add", name=name)

    assert code == answer.get("error", {}).get("code")


def test_the_demo_user_adds_no_name_and_the_free_package_has_one(opened):
    demo = opened(demo=True)
    assert 4406 == demo.code("senders/add", name="Sklep")
    assert {"success": True} == demo.json("senders/add", name="Sklep")  # by a token
    free = opened(free_package=True)
    assert [None, 4407] == [free.code("senders/add", name=name) for name in ("One", "Two")]


@pytest.mark.parametrize(
    ("name", "code"), [("SenderNumberInvalid", 4403), ("SenderCodeInvalid", 4404), ("SenderIsActive", 4405)]
)
def test_the_errors_of_confirming_a_number_are_caused_by_faults(opened, name, code):
    api = opened()
    rule = {"fault": {"kind": "provider_error", "name": name}, "match": {"operation": "senders.add"}}
    assert 201 == api.client.post("/_mock/worlds/default/faults", json=rule).status_code

    assert code == api.code("senders/add", name="Sklep")


UNLIMITED = [
    {"type": "eco", "chars_limit": "918/6", "value": "no_limit"},
    {"type": "full", "chars_limit": "918/6", "value": "no_limit"},
    {"type": "voice", "chars_limit": "160/1", "value": "no_limit"},
    {"type": "mms", "chars_limit": "40/1", "value": "no_limit"},
    {"type": "lookup", "chars_limit": "nd", "value": "no_limit"},
    {"type": "hlr", "chars_limit": "nd", "value": "no_limit"},
]


def test_sw_67_limits_are_listed_in_the_vendors_order_and_go_down(opened):
    api = opened(
        type="postpaid", limits={"full": "40", "voice": "not_available", "mms": "6", "lookup": "20", "hlr": "70"}
    )
    values = {"full": "40", "voice": "not_available", "mms": "6", "lookup": "20", "hlr": "70"}
    items = [{**each, "value": values.get(each["type"], "no_limit")} for each in UNLIMITED]

    assert {"items": items} == api.json("account/limits")
    shown = api.form("account/limits", show_type="true")
    assert (list(shown), shown) == (["account", "items"], {"account": {"type": "postpaid"}, "items": items})
    api.form("messages/send_sms", phone="500600700,600700800", text="a" * 161, sender="INFO")
    assert "36" == api.form("account/limits")["items"][1]["value"]


def test_an_account_has_no_limits_unless_it_says_so_and_is_prepaid(opened):
    assert {"account": {"type": "prepaid"}, "items": UNLIMITED} == opened().form("account/limits", show_type="1")


def test_a_limit_is_a_text_and_says_so():
    with (
        MockServer() as mock,
        pytest.raises(ControlError, match=r"fields\.limits\.eco: 3 is not .*a text of 1 to 9 digits"),
    ):
        mock.world.change_account("serwersms", "documents", fields={"limits": {"eco": 3}})


def test_limits_are_written_in_xml(opened):
    assert (
        opened()
        .xml("account/limits", show_type="1")
        .startswith(
            "<response><account><type>prepaid</type></account><items><item><type>eco</type><chars_limit>918/6</chars_limit>"
            "<value>no_limit</value></item>"
        )
    )
