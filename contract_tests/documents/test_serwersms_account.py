"""SerwerSMS's account/*: whom to ask."""

from __future__ import annotations

from contract_tests.documents.serwersms_api import open_api

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


def test_sw_96_account_help_names_the_vendor_and_who_looks_after_the_account(open_registry):
    api = open_api(open_registry)

    assert api.form("account/help") == HELP
    assert api.json("account/help") == HELP
    assert "<account_maintainer><name>Anna Opiekunka</name>" in api.xml("account/help")


def test_sw_96_who_looks_after_an_account_may_be_set(open_registry):
    api = open_api(open_registry, fields={"maintainer": {"name": "Jan", "email": "jan@example.com"}})

    assert api.form("account/help")["account_maintainer"] == {
        **HELP["account_maintainer"],
        "name": "Jan",
        "email": "jan@example.com",
    }
