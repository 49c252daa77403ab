"""SerwerSMS's subaccounts/*."""

from __future__ import annotations

import pytest

from contract_tests.documents.serwersms_api import open_api, own_entries
from mockserver.providers.serwersms.entries import SubaccountEntry

WOJTEK = SubaccountEntry(1194, "wojtek", "Wojciech", "+48730856000", "wojtek@mail.com")
NEW = {"subaccount_username": "login", "subaccount_password": "haslo", "subaccount_id": "1194"}


@pytest.fixture
def api(open_registry):
    return open_api(open_registry, entries=own_entries(subaccounts=(WOJTEK,)))


def test_sw_93_the_vendors_samples_are_answered(api):
    shown = {
        "id": 1194,
        "username": "wojtek",
        "name": "Wojciech",
        "phone": "+48730856000",
        "email": "wojtek@mail.com",
    }

    assert api.form("subaccounts/index") == {"items": [{"id": 1194, "username": "wojtek"}]}
    assert api.form("subaccounts/view", id="1194") == shown
    assert api.json("subaccounts/view", id=1194) == shown
    assert api.xml("subaccounts/view", id="1194") == (
        "<response><id>1194</id><username>wojtek</username><name>Wojciech</name><phone>+48730856000</phone>"
        "<email>wojtek@mail.com</email></response>"
    )


def test_sw_93_a_subaccount_is_added_limited_and_deleted(api):
    details = {"name": "Jan", "phone": "500600700", "email": "jan@example.com"}
    number = api.json("subaccounts/add", **NEW, **details)["id"]

    assert number == 1195
    assert api.form("subaccounts/index")["items"] == [
        {"id": 1194, "username": "wojtek"},
        {"id": number, "username": "login"},
    ]
    assert api.form("subaccounts/view", id=number) == {
        "id": number,
        "username": "login",
        **details,
        "phone": "+48500600700",
    }
    assert api.form("subaccounts/limit", id=number, type="eco", value="200") == {"success": True, "id": number}
    assert api.json("subaccounts/limit", id=number, type="hlr", value=0) == {"success": True, "id": number}
    assert api.world.state.entries.get("serwersms/own", "subaccounts", number).limits == {"eco": 200, "hlr": 0}
    assert api.form("subaccounts/delete", id=number) == {"success": True}
    assert api.form("subaccounts/index")["items"] == [{"id": 1194, "username": "wojtek"}]


def test_sw_93_a_subaccount_of_somebody_else_is_not_seen_and_not_changed(api):
    assert api.code("subaccounts/view", id="123") == 1004
    assert api.form("subaccounts/limit", id="123", type="eco", value="200") == {"success": False}
    assert api.form("subaccounts/delete", id="123") == {"success": False}


def test_sw_93_a_login_is_given_away_once(api):
    assert api.code("subaccounts/add", **{**NEW, "subaccount_username": "wojtek"}) == 4502
    assert api.code("subaccounts/add", **{**NEW, "subaccount_username": "Login"}) == 4502
    assert [api.code("subaccounts/add", **NEW) for _ in range(2)] == [None, 4502]


def test_sw_93_a_subaccount_has_the_rights_of_another_or_of_a_template(open_registry):
    api = open_api(open_registry, fields={"rights_templates": (123,)})

    assert api.code("subaccounts/add", **NEW) == 4503
    assert api.form("subaccounts/add", **{**NEW, "subaccount_id": 123}) == {"success": True, "id": 1194}
    assert api.code("subaccounts/add", **{**NEW, "subaccount_username": "other"}) is None
    assert api.code("subaccounts/view", id=123) == 1004


@pytest.mark.parametrize(
    ("fields", "by_user", "by_token"),
    [
        ({"demo": True}, 4500, None),
        ({"denied": ("subaccounts",)}, 4500, 4500),
        ({"subaccount": True}, 4501, 4501),
        ({}, None, None),
    ],
)
def test_sw_93_the_demo_user_and_who_is_denied_it_and_a_subaccount_add_none(open_registry, fields, by_user, by_token):
    api = open_api(open_registry, entries=own_entries(subaccounts=(WOJTEK,)), fields=fields)
    by_json = api.json("subaccounts/add", **{**NEW, "subaccount_username": "other"})

    assert api.code("subaccounts/add", **NEW) == by_user
    assert by_json.get("error", {}).get("code") == by_token


@pytest.mark.parametrize(
    ("action", "given", "code"),
    [
        ("add", {**NEW, "subaccount_username": ""}, 2000),
        ("add", {**NEW, "subaccount_password": ""}, 2000),
        ("add", {**NEW, "subaccount_id": ""}, 2000),
        ("add", {**NEW, "subaccount_username": "a b"}, 4504),
        ("add", {**NEW, "subaccount_username": "ab"}, 4504),
        ("add", {**NEW, "subaccount_password": "abc"}, 4504),
        ("add", {**NEW, "subaccount_id": "x"}, 1004),
        ("add", {**NEW, "phone": "x"}, 2001),
        ("view", {}, 2000),
        ("view", {"id": "x"}, 1004),
        ("limit", {"id": "1194", "type": "eco"}, 2000),
        ("limit", {"id": "1194", "value": "1"}, 2000),
        ("limit", {"id": "1194", "type": "sms", "value": "1"}, 1006),
        ("limit", {"id": "1194", "type": "eco", "value": "-1"}, 1006),
        ("delete", {}, 2000),
    ],
)
def test_sw_93_what_is_missing_or_wrong(api, action, given, code):
    assert api.code(f"subaccounts/{action}", **given) == code
