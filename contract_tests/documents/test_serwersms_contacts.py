"""SerwerSMS's contacts/*, in the order of the vendor's tests, with every parameter and every error."""

from __future__ import annotations

import json

import pytest

from contract_tests.documents.serwersms_api import USER, open_api

TEXTS = ("email", "company", "first_name", "last_name", "tax_id", "address", "city", "description")
JAN = {
    "email": "jan@example.com",
    "company": "Firma",
    "first_name": "Jan",
    "last_name": "Żółty",
    "tax_id": "5261040828",
    "address": "ul. Długa 1",
    "city": "Łódź",
    "description": "stały klient",
}
TWO = [
    {"phone": "500600700", "email": "a@example.com", "first_name": "Anna", "last_name": "Nowak", "company": "A"},
    {"phone": "600700800", "email": "b@example.com", "first_name": "Beata", "last_name": "Kos", "company": "B"},
]


@pytest.fixture
def api(open_registry):
    return open_api(open_registry)


@pytest.mark.parametrize("way", ["form", "json"])
def test_sw_82_the_vendors_order_of_calls_with_a_group_that_there_is_not(api, way):
    ask = getattr(api, way)

    added = ask("contacts/add", group_id="123", phone="500600800", **JAN)
    assert added == {"success": True, "id": 228173579}
    item = {"id": added["id"], "phone": "+48500600800", **JAN, "blacklist": False}
    assert ask("contacts/index") == {"items": [{**item, "group_id": None, "group_name": None}]}
    assert ask("contacts/view", id=added["id"]) == item
    assert ask("contacts/edit", id=added["id"], group_id=123, phone="500600700") == {"success": True, "id": added["id"]}
    assert ask("contacts/view", id=added["id"]) == {**item, "phone": "+48500600700"}
    assert ask("contacts/delete", id=added["id"]) == {"success": True}
    assert ask("contacts/index", group_id="none") == {"items": []}


@pytest.mark.parametrize(
    "body",
    [
        {"json": {**USER, "group_name": "Import", "contact": TWO}},
        {"json": {**USER, "group_name": "Import", "contact": json.dumps(TWO)}},
        {"data": {**USER, "group_name": "Import", "contact": json.dumps(TWO)}},
        {
            "data": {
                **USER,
                "group_name": "Import",
                **{
                    f"contact[{place}][{name}]": value for place, each in enumerate(TWO) for name, value in each.items()
                },
            }
        },
    ],
    ids=["json", "json-text", "form-text", "brackets"],
)
def test_sw_82_an_import_is_a_new_group_whose_contacts_are_listed_at_once(api, body):
    api.form("contacts/add", phone="700800900")
    answer = api.client.post("/contacts/import", **body).json

    assert answer == {"success": True, "id": 17293087, "correct": 2, "failed": 0}
    listed = api.form("contacts/index", group_id=answer["id"])["items"]
    assert [(each["phone"], each["first_name"], each["group_name"]) for each in listed] == [
        ("+48600700800", "Beata", "Import"),
        ("+48500600700", "Anna", "Import"),
    ]
    assert api.form("groups/delete", id=answer["id"], delete_contacts="true") == {"success": True}
    assert [each["phone"] for each in api.form("contacts/index")["items"]] == ["+48700800900"]


def test_sw_82_one_contact_may_be_imported_without_a_list(api):
    assert api.json("contacts/import", group_name="One", contact={"phone": "500600700"})["correct"] == 1


def test_sw_82_contacts_without_a_number_are_counted_as_failed(api):
    contact = [*TWO, {"phone": "x"}, {"email": "c@example.com"}, "text", {"phone": "500600701", "email": ["no text"]}]

    assert api.json("contacts/import", group_name="Import", contact=contact) == {
        "success": True,
        "id": 17293087,
        "correct": 2,
        "failed": 4,
    }


def test_sw_82_the_answers_in_xml(api):
    assert api.xml("contacts/add", phone="500600800", first_name="Ola") == (
        "<response><success>true</success><id>228173579</id></response>"
    )
    person = (
        "<id>228173579</id><phone>+48500600800</phone><email></email><company></company><first_name>Ola</first_name>"
        "<last_name></last_name><tax_id></tax_id><address></address><city></city><description></description>"
        "<blacklist>false</blacklist>"
    )
    assert api.xml("contacts/view", id=228173579) == f"<response>{person}</response>"
    assert api.xml("contacts/index") == (
        f"<response><items><item>{person}<group_id></group_id><group_name></group_name></item></items></response>"
    )


@pytest.mark.parametrize(
    "spelling",
    [
        {"group_id": "{0},{1}"},
        {"group_id[0]": "{0}", "group_id[1]": "{1}"},
        {"group_id[]": ["{0}", "{1}"]},
        {"group_id": "{0},9,{1},{0}"},
    ],
    ids=str,
)
def test_sw_82_a_contact_may_be_in_several_groups_and_is_listed_once_in_the_first(api, spelling):
    groups = [api.form("groups/add", name=name)["id"] for name in ("one", "two")]
    sent = {
        name: [each.format(*groups) for each in value] if isinstance(value, list) else value.format(*groups)
        for name, value in spelling.items()
    }
    api.client.post("/contacts/add", data={**USER, "phone": "500600800", **sent})

    def listed(**parameters):
        return [each["group_name"] for each in api.form("contacts/index", **parameters)["items"]]

    assert listed() == ["one"]
    assert listed(group_id=groups[1]) == ["two"]
    assert listed(group_id=f"{groups[1]},9") == ["two"]
    assert listed(group_id=9) == []
    assert listed(group_id="none") == []
    assert [each["count"] for each in api.form("groups/index")["items"]] == [1, 1]


def test_a_list_of_json_names_groups_too(api):
    groups = [api.form("groups/add", name=name)["id"] for name in ("one", "two")]
    api.json("contacts/add", phone="500600800", group_id=groups)

    assert api.json("contacts/index", group_id=groups[1])["items"][0]["group_id"] == groups[1]


@pytest.mark.parametrize("blank", [[None], [""], [None, ""]], ids=str)
def test_a_list_of_nothing_names_no_group(api, blank):
    group = api.json("groups/add", name="Klienci")["id"]
    api.json("contacts/add", phone="500600700", group_id=blank)
    member = api.json("contacts/add", phone="500600701", group_id=group)["id"]

    assert api.json("contacts/edit", id=member, group_id=blank) == {"success": True, "id": member}
    listed = [(each["phone"], each["group_id"]) for each in api.json("contacts/index")["items"]]
    assert listed == [("+48500600701", group), ("+48500600700", None)]


@pytest.mark.parametrize("nothing", [{}, {"group_id": None}, {"group_id": ""}, {"group_id": []}], ids=str)
def test_no_group_id_lists_all_contacts_and_changes_no_group(api, nothing):
    group = api.form("groups/add", name="one")["id"]
    contact = api.form("contacts/add", phone="500600800", group_id=group)["id"]
    api.json("contacts/add", phone="500600801", **nothing)

    api.json("contacts/edit", id=contact, phone="500600802", **nothing)

    assert [each["group_id"] for each in api.json("contacts/index", search=None, **nothing)["items"]] == [None, group]


def test_sw_82_an_edit_changes_what_is_sent_and_none_leaves_every_group(api):
    group = api.form("groups/add", name="one")["id"]
    contact = api.form("contacts/add", phone="500600800", group_id=group, **JAN)["id"]

    api.form("contacts/edit", id=contact, email="", city="Kraków", group_id="none")

    assert api.form("contacts/view", id=contact) == {
        "id": contact,
        "phone": "+48500600800",
        **JAN,
        "blacklist": False,
        "email": "",
        "city": "Kraków",
    }
    assert api.form("groups/view", id=group)["count"] == 0


@pytest.mark.parametrize("name", TEXTS)
def test_sw_78_contacts_are_searched_and_sorted_by_each_text(api, name):
    for value in ("b-marker", "A-marker"):
        api.form("contacts/add", phone="500600800", **{name: value})
    api.form("contacts/add", phone="500600801")

    def listed(**parameters):
        return [each[name] for each in api.form("contacts/index", **parameters)["items"]]

    assert listed(search="MARKER") == ["A-marker", "b-marker"]
    assert listed(search="marker", sort=name) == ["A-marker", "b-marker"]
    assert listed(sort=name, order="desc", page=1, limit=2) == ["b-marker", "A-marker"]


def test_contacts_are_searched_and_sorted_by_number(api):
    for phone in ("500600802", "500600801", "600700800"):
        api.form("contacts/add", phone=phone)

    def listed(**parameters):
        return [each["phone"][3:] for each in api.form("contacts/index", **parameters)["items"]]

    assert listed() == ["600700800", "500600801", "500600802"]
    assert listed(order="asc") == ["500600802", "500600801", "600700800"]
    assert listed(sort="phone") == ["500600801", "500600802", "600700800"]
    assert listed(search="6008") == ["500600801", "500600802"]
    assert api.form("contacts/index", page=2, limit=2)["paging"] == {"page": 2, "count": 2}


def test_a_contact_shows_whether_its_number_is_on_the_blacklist(api):
    contact = api.form("contacts/add", phone="500600800")["id"]
    api.form("blacklist/add", phone="500600800")

    assert api.form("contacts/view", id=contact)["blacklist"] is True
    assert api.form("contacts/index")["items"][0]["blacklist"] is True


@pytest.mark.parametrize(
    ("action", "parameters", "code"),
    [
        ("add", {}, 2000),
        ("add", {"phone": "x"}, 2001),
        ("add", {"phone": "500600800", "group_id": "x"}, 1004),
        ("view", {}, 2000),
        ("view", {"id": "5"}, 1004),
        ("edit", {"phone": "500600800"}, 2000),
        ("edit", {"id": "5", "phone": "500600800"}, 1004),
        ("edit", {"id": "5", "phone": "x"}, 2001),
        ("delete", {}, 2000),
        ("delete", {"id": "-1"}, 1004),
        ("import", {"group_name": "a"}, 2000),
        ("import", {"contact": "[{}]"}, 2000),
        ("import", {"group_name": "a", "contact": "[1]"}, 1006),
        ("import", {"group_name": "a", "contact": "{"}, 1006),
        ("index", {"sort": "id"}, 1006),
        ("index", {"order": "up"}, 1006),
        ("index", {"limit": "0"}, 1006),
        ("index", {"group_id": "x"}, 1004),
    ],
)
def test_every_error_of_contacts(api, action, parameters, code):
    assert api.code(f"contacts/{action}", **parameters) == code
