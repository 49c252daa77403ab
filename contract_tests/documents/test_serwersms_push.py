"""SerwerSMS's push/contact, which needs no credentials."""

from __future__ import annotations

import pytest

from contract_tests.documents.serwersms_api import XML, open_api
from mockserver.providers.serwersms.entries import PushContactEntry

HASH = "8f14e45fceea167a5a36dedd4bea2543"


@pytest.fixture
def api(open_registry):
    return open_api(open_registry, fields={"push_hash": HASH})


@pytest.mark.parametrize("way", ["data", "json", "query_string"])
def test_sw_85_a_user_is_added_and_true_is_a_text(api, way):
    method = "GET" if way == "query_string" else "POST"
    sent = {way: {"api_hash": HASH, "user_id": "u1"}}

    assert [api.client.open("/push/contact", method=method, **sent).json for _ in range(2)] == [{"success": "true"}] * 2
    (entry,) = api.world.state.entries.all("serwersms/own", "push_contacts")
    assert (type(entry), entry.id) == (PushContactEntry, "u1")


def test_sw_85_the_answer_in_xml(api):
    answer = api.client.post("/push/contact.xml", data={"api_hash": HASH, "user_id": "u1"}).text

    assert answer == f"{XML}<response><success>true</success></response>"


@pytest.mark.parametrize(
    ("sent", "code"),
    [({}, 2000), ({"api_hash": HASH}, 2000), ({"user_id": "u1"}, 2000), ({"api_hash": "x", "user_id": "u1"}, 1004)],
)
def test_sw_85_every_error_of_push(api, sent, code):
    assert api.client.post("/push/contact", data=sent).json["error"]["code"] == code
