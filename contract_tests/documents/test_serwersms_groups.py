"""SerwerSMS's groups/*, in the order of the vendor's tests, with every parameter and every error."""

from __future__ import annotations

import pytest

from contract_tests.documents.serwersms_api import open_api


@pytest.fixture
def api(open_registry):
    return open_api(open_registry)


@pytest.mark.parametrize("way", ["form", "json"])
def test_sw_80_the_vendors_order_of_calls_acts_on_the_group_that_was_added_last(api, way):
    ask = getattr(api, way)
    ask("groups/add", name="other")

    assert ask("groups/add", name="test") == {"success": True, "id": 17293088}
    first = ask("groups/index")["items"][0]
    assert first == {"id": 17293088, "name": "test", "count": 0}
    assert ask("groups/view", id=first["id"]) == first
    assert ask("groups/edit", id=first["id"], name="New name") == {"success": True, "id": 17293088}
    assert ask("groups/view", id=first["id"])["name"] == "New name"
    assert ask("groups/delete", id=first["id"]) == {"success": True}
    assert ask("groups/check", phone="600700800") == {"items": []}
    assert [group["name"] for group in ask("groups/index")["items"]] == ["other"]


def test_sw_80_the_answers_in_xml(api):
    assert api.xml("groups/add", name="a & b") == "<response><success>true</success><id>17293087</id></response>"
    group = "<id>17293087</id><name>a &amp; b</name><count>0</count>"
    assert api.xml("groups/index", page=1) == (
        f"<response><paging><page>1</page><count>1</count></paging><items><item>{group}</item></items></response>"
    )
    assert api.xml("groups/view", id=17293087) == f"<response>{group}</response>"


def test_sw_80_two_groups_may_have_one_name(api):
    assert [api.form("groups/add", name="test")["id"] for _ in range(2)] == [17293087, 17293088]


def test_sw_78_groups_are_searched_sorted_and_paged(api):
    for name in ("beta", "Alfa", "Gamma", "alfabet"):
        api.form("groups/add", name=name)

    def names(**parameters):
        return [group["name"] for group in api.form("groups/index", **parameters)["items"]]

    assert names() == ["alfabet", "Gamma", "Alfa", "beta"]
    assert names(order="asc") == ["beta", "Alfa", "Gamma", "alfabet"]
    assert names(order="desc") == names()
    assert names(sort="name") == ["Alfa", "alfabet", "beta", "Gamma"]
    assert names(sort="name", order="desc") == ["Gamma", "beta", "alfabet", "Alfa"]
    assert names(search="ALF") == ["alfabet", "Alfa"]
    assert names(search="alf", page=2, limit=1) == ["Alfa"]
    assert names(limit=3, page=2) == ["beta"]


@pytest.mark.parametrize(
    ("action", "parameters", "code"),
    [
        ("add", {}, 2000),
        ("add", {"name": ""}, 2000),
        ("add", {"name": "x" * 101}, 1006),
        ("add", {"name": "x" * 100}, None),
        ("view", {}, 2000),
        ("view", {"id": "1"}, 1004),
        ("view", {"id": "x"}, 1004),
        ("edit", {"id": "1", "name": "x"}, 1004),
        ("edit", {"name": "x"}, 2000),
        ("delete", {}, 2000),
        ("delete", {"id": "1"}, 1004),
        ("check", {}, 2000),
        ("check", {"phone": "x"}, 2001),
        ("index", {"sort": "count"}, 1006),
        ("index", {"order": "up"}, 1006),
        ("index", {"page": "x"}, 1006),
    ],
)
def test_every_error_of_groups(api, action, parameters, code):
    assert api.code(f"groups/{action}", **parameters) == code


def test_an_edit_needs_a_name(api):
    assert api.code("groups/edit", id=api.form("groups/add", name="a")["id"]) == 2000


def test_sw_80_check_lists_each_contact_with_each_of_its_groups(api):
    one, two = (api.form("groups/add", name=name)["id"] for name in ("one", "two"))
    contact = api.form("contacts/add", phone="600700800", group_id=f"{one},{two}")["id"]

    assert api.form("groups/check", phone="+48600700800") == {
        "items": [
            {"id": contact, "group_id": one, "group_name": "one"},
            {"id": contact, "group_id": two, "group_name": "two"},
        ]
    }


@pytest.mark.parametrize(
    ("flag", "left"), [({}, 2), ({"delete_contacts": "false"}, 2), ({"delete_contacts": "1"}, 1)], ids=str
)
def test_sw_80_contacts_leave_a_group_that_is_deleted_or_go_with_it(api, flag, left):
    group = api.form("groups/add", name="one")["id"]
    api.form("contacts/add", phone="600700800", group_id=group)
    api.form("contacts/add", phone="600700801")

    assert api.form("groups/view", id=group)["count"] == 1
    assert api.form("groups/delete", id=group, **flag) == {"success": True}
    assert len(api.form("contacts/index", group_id="none")["items"]) == left
    assert len(api.form("contacts/index")["items"]) == left


def test_sw_81_no_group_is_an_empty_list_or_null(open_registry):
    api = open_api(open_registry, variants={"serwersms.groups.none": "null"})

    assert open_api(open_registry).form("groups/index") == {"items": []}
    assert api.response("groups/index").data == b"null"
    assert api.xml("groups/index") == "<response/>"
    api.form("groups/add", name="one")
    assert api.form("groups/index", search="two") == {"items": []}
