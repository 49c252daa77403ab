"""SerwerSMS's account/*: registering, whom to ask, and what the vendor has to say."""

from __future__ import annotations

import pytest

from contract_tests.documents.serwersms_api import open_api, own_entries
from mockserver.providers.serwersms.entries import NoticeEntry

HELP = {
    "account_maintainer": {
        "name": "Anna Opiekunka",
        "email": "opiekun@serwersms.example",
        "telephone": "+48 99 000 00 01",
        "photo": "https://serwersms.example/opiekun.jpg",
    },
    "telephone": "+48 99 000 00 00",
    "email": "pomoc@serwersms.example",
    "form": "https://serwersms.example/kontakt",
    "faq": "https://serwersms.example/faq",
    "info": "Biuro jest czynne od poniedziałku do piątku w godzinach 8-16.",
}
JOHN = {
    "phone": "+48500600700",
    "email": "mail@test.com",
    "first_name": "John",
    "last_name": "Doe",
    "company": "Hello World",
}


@pytest.fixture
def api(open_registry):
    return open_api(open_registry)


def test_sw_92_account_help_names_the_vendor_and_who_looks_after_the_account(api):
    assert api.form("account/help") == HELP
    assert api.json("account/help") == HELP
    assert "<account_maintainer><name>Anna Opiekunka</name>" in api.xml("account/help")


def test_sw_92_who_looks_after_an_account_may_be_set(open_registry):
    api = open_api(open_registry, fields={"maintainer": {"name": "Jan", "email": "jan@example.com"}})

    assert api.form("account/help")["account_maintainer"] == {
        **HELP["account_maintainer"],
        "name": "Jan",
        "email": "jan@example.com",
    }


def test_sw_92_account_messages_lists_the_notices_the_newest_first(open_registry):
    api = open_api(
        open_registry, entries=own_entries(notices=(NoticeEntry(1, "Witamy", new=False), NoticeEntry(2, "Przerwa")))
    )

    assert api.form("account/messages") == {
        "items": [{"new": True, "message": "Przerwa"}, {"new": False, "message": "Witamy"}]
    }
    assert api.xml("account/messages") == (
        "<response><items><item><new>true</new><message>Przerwa</message></item>"
        "<item><new>false</new><message>Witamy</message></item></items></response>"
    )


def test_sw_92_account_messages_of_an_account_without_notices_is_an_empty_list(api):
    assert api.json("account/messages") == {"items": []}


def test_sw_91_an_account_is_registered_once(api):
    assert api.form("account/add", **JOHN) == {"success": True}
    assert api.code("account/add", **{**JOHN, "phone": "600700800"}) == 4312
    assert api.json("account/add", **{**JOHN, "email": "other@test.com"}) == {"success": True}
    assert [each.email for each in api.world.state.entries.all("serwersms/own", "registrations")] == [
        "mail@test.com",
        "other@test.com",
    ]


def test_sw_91_what_an_account_signs_in_with_is_taken(open_registry):
    api = open_api(open_registry)
    user = next(iter(api.world.state.secrets()))[1]

    assert user == "Login"
    assert api.code("account/add", **{**JOHN, "email": user}) == 4308  # no e-mail, so it cannot be asked for


@pytest.mark.parametrize(
    ("name", "code"), [("phone", 4302), ("email", 4303), ("first_name", 4304), ("last_name", 4305), ("company", 4306)]
)
@pytest.mark.parametrize("blank", [None, ""])
def test_sw_91_each_of_the_five_is_required(api, name, code, blank):
    given = {**JOHN, name: blank}

    assert api.json("account/add", **given)["error"]["code"] == code
    assert api.code("account/add", **{key: value for key, value in given.items() if value is not None}) == code


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"phone": "x"}, 4307),
        ({"phone": "12"}, 4307),
        ({"email": "mail"}, 4308),
        ({"email": "mail@test"}, 4308),
        ({"email": "a b@test.com"}, 4308),
        ({"company": "--"}, 4311),
        ({"company": "Ż"}, None),
    ],
)
def test_sw_91_what_is_sent_is_checked(api, wrong, code):
    assert api.code("account/add", **{**JOHN, **wrong}) == code
