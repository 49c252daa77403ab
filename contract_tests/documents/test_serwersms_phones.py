"""SerwerSMS's phones/*: whether a number can be right."""

from __future__ import annotations

import pytest

from contract_tests.documents.serwersms_api import USER, open_api


@pytest.fixture
def api(open_registry):
    return open_api(open_registry)


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
def test_sw_90_phones_test_says_whether_a_number_can_be_a_mobile_one(api, phone, correct):
    assert api.form("phones/test", phone=phone) == {"correct": correct}


def test_sw_90_phones_test_answers_json_forms_and_queries_in_json_and_xml(api):
    assert api.xml("phones/test", phone="500600700") == "<response><correct>true</correct></response>"
    assert api.json("phones/test", phone=500600700) == {"correct": True}
    assert api.client.get("/phones/test", query_string={**USER, "phone": "+48500600700"}).json == {"correct": True}


@pytest.mark.parametrize("given", [{}, {"phone": ""}])
def test_sw_90_phones_test_without_a_phone_is_2000(api, given):
    assert api.code("phones/test", **given) == 2000


@pytest.mark.parametrize("action", ["phones/test", "account/help"])
def test_no_action_answers_without_credentials(api, action):
    assert api.client.post(f"/{action}", data={"phone": "500600700"}).json["error"]["code"] == 1001
