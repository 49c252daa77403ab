"""SerwerSMS's blacklist/*, in the order of the vendor's tests, with every parameter and every error."""

from __future__ import annotations

import pytest

from contract_tests.documents.serwersms_api import open_api

NUMBER = "+48500600720"


@pytest.fixture
def api(open_registry):
    return open_api(open_registry)


@pytest.mark.parametrize("way", ["form", "json"])
def test_sw_79_the_vendors_order_of_calls_adds_lists_checks_and_deletes_a_number_twice(api, way):
    ask = getattr(api, way)
    for number in (12354, 12355):
        assert ask("blacklist/add", phone="500600720") == {"success": True, "id": number}
        assert ask("blacklist/index") == {"items": [{"phone": NUMBER, "added": "2026-06-01 14:00:00"}]}
        assert ask("blacklist/check", phone="500600720") == {"exists": True}
        assert ask("blacklist/delete", phone="500600720") == {"success": True}
        assert ask("blacklist/check", phone="500600720") == {"exists": False}


def test_sw_79_the_answers_in_xml(api):
    phone = {"phone": NUMBER}

    assert api.xml("blacklist/add", **phone) == "<response><success>true</success><id>12354</id></response>"
    assert api.xml("blacklist/index") == (
        f"<response><items><item><phone>{NUMBER}</phone><added>2026-06-01 14:00:00</added></item></items></response>"
    )
    assert api.xml("blacklist/check", **phone) == "<response><exists>true</exists></response>"
    assert api.xml("blacklist/delete", **phone) == "<response><success>true</success></response>"
    assert api.xml("blacklist/index") == "<response><items/></response>"


@pytest.mark.parametrize("spelling", ["+48500600720", "48500600720", " 500600720 "])
def test_a_number_is_corrected(api, spelling):
    api.form("blacklist/add", phone=spelling)

    assert api.form("blacklist/index", phone="500600720")["items"][0]["phone"] == NUMBER


def test_sw_79_a_number_that_is_there_is_not_added_and_one_that_is_not_is_not_deleted(api):
    api.form("blacklist/add", phone=NUMBER)

    assert api.form("blacklist/add", phone="500600720")["error"] == {
        "code": 4601,
        "type": "BlacklistPhoneExists",
        "message": "Number is already on the list",
    }
    assert api.form("blacklist/delete", phone="500600721")["error"] == {
        "code": 4602,
        "type": "BlacklistError",
        "message": "Not found the specified number",
    }


@pytest.mark.parametrize("action", ["add", "delete", "check"])
@pytest.mark.parametrize(("phone", "code"), [({}, 2000), ({"phone": ""}, 2000), ({"phone": "x"}, 2001)])
def test_a_number_is_required_and_has_a_form(api, action, phone, code):
    assert api.code(f"blacklist/{action}", **phone) == code


def test_sw_79_the_oldest_is_listed_first_and_one_number_alone_may_be_asked_for(api):
    for number in ("500600720", "500600722", "500600721"):
        api.form("blacklist/add", phone=number)

    def listed(**parameters):
        return [item["phone"][-1] for item in api.form("blacklist/index", **parameters)["items"]]

    assert listed() == ["0", "2", "1"]
    assert listed(phone="500600722") == ["2"]
    assert listed(phone="500600799") == []
    assert listed(page=2, limit=2) == ["1"]


@pytest.mark.parametrize(
    ("asked", "paging", "size"),
    [
        ({"page": "0"}, {"page": 1, "count": 2}, 100),
        ({"page": "2"}, {"page": 2, "count": 2}, 20),
        ({"limit": "50", "page": "3"}, {"page": 3, "count": 3}, 20),
        ({"limit": "5000"}, {"page": 1, "count": 1}, 120),
        ({"page": "9"}, {"page": 9, "count": 2}, 0),
    ],
)
def test_sw_78_a_page_is_given_where_it_is_asked_for(api, asked, paging, size):
    for number in range(120):
        api.form("blacklist/add", phone=f"500600{number:03}")

    answer = api.form("blacklist/index", **asked)

    assert (list(answer), answer["paging"], len(answer["items"])) == (["paging", "items"], paging, size)
    assert len(api.form("blacklist/index")["items"]) == 120


def test_sw_78_a_limit_that_is_too_large_is_the_largest_or_an_error(open_registry):
    capped = open_api(open_registry)
    rejected = open_api(open_registry, variants={"serwersms.lists.limit": "rejected"})

    assert capped.form("blacklist/index", limit="1001") == {"paging": {"page": 1, "count": 0}, "items": []}
    assert (rejected.code("blacklist/index", limit="1001"), rejected.code("blacklist/index", limit="1000")) == (
        3331,
        None,
    )


def test_an_account_sees_its_own_list_alone(api, open_registry):
    api.form("blacklist/add", phone=NUMBER)

    assert open_api(open_registry).form("blacklist/check", phone=NUMBER) == {"exists": False}
    assert (
        api.client.post("/blacklist/index", data={"username": "Login", "password": "x"}).json["error"]["code"] == 1001
    )
