"""The three shipped providers in the suite that every provider must pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from contract_tests.installed import INSTALLED
from mockserver.settings import fixtures_folder
from mockserver.testkit.conformance import Example, ProviderSuite

TESTS = Path(__file__).parents[1]
PAGES = TESTS / "documents/pages"
KEYS = {"access_key": "{user}", "secret_access_key": "{secret}"}
BOT = {"rcs_id": "54c53be2-cbb8-11ec-9d64-0242ac120002"}
LOGIN = {"username": "{user}", "password": "{secret}"}


def shipped_messages(provider: str, account: str) -> list[dict[str, Any]]:
    """The messages of an account of the suite's worlds."""
    accounts = orjson.loads((fixtures_folder() / "worlds" / "small.json").read_bytes())["accounts"]
    (found,) = (each["messages"] for each in accounts if (each["provider"], each["name"]) == (provider, account))
    return list(found)


PREMIUM = next(each for each in shipped_messages("serwersms", "demo") if each["kind"] == "pre")


class TestDialogTech(ProviderSuite):
    provider = INSTALLED.by_name["dialogtech"]
    tests = TESTS
    documents = {number: PAGES / f"{number}.txt" for number in ("000", "001", "002")}
    examples = {
        "sms.send_message": Example(
            "POST",
            "/ibp_api.php",
            form={
                **KEYS,
                "action": "sms.send_message",
                "to": "5556667777",
                "from": "5554332111",
                "message": "Thank you for calling.",
            },
        ),
        "sms.get_messages": Example(
            "GET",
            "/ibp_api.php",
            query={**KEYS, "action": "sms.get_messages", "start_date": "20170101", "end_date": "20170101"},
        ),
        **{
            action: Example("GET", "/ibp_api.php", query={**KEYS, "action": action, **values})
            for action, values in {
                "sms.get_numbers": {},
                "sms.get_message": {"msg_id": "133185904"},
                "sms.delete_message": {"msg_id": "177931295"},
                "sms.register_number": {"number": "5554332111", "url": "http://127.0.0.1/in"},
                "sms.unregister_number": {"number": "5554332111"},
                "general.buildingblockids": {},
            }.items()
        },
        "general.login": Example("GET", "/ibp_api.php", query={**LOGIN, "action": "general.login"}, account="demo"),
    }


class TestMgage(ProviderSuite):
    provider = INSTALLED.by_name["mgage"]
    tests = TESTS
    documents = {"003": PAGES / "003.txt"}
    examples = {
        "program.export": Example("GET", "/api/messages/program/121811", basic=("{user}", "{secret}")),
        "program.external_mo": Example(
            "POST",
            "/api/externalMO",
            form={"campid": "121811", "destination": "37911", "originator": "19495724511", "message": "JOIN"},
            basic=("{user}", "{secret}"),
        ),
        "list.opt_in": Example("POST", "/api/optIn/38383/5511987654321", basic=("{user}", "{secret}")),
    }


class TestSerwersms(ProviderSuite):
    provider = INSTALLED.by_name["serwersms"]
    tests = TESTS
    documents = {"004": PAGES / "004.txt"}
    examples = {
        "account.add": Example(
            "POST",
            "/account/add",
            form={
                **LOGIN,
                "phone": "500600700",
                "email": "a@example.com",
                "first_name": "A",
                "last_name": "B",
                "company": "C",
            },
        ),
        "account.help": Example("POST", "/account/help", form=LOGIN),
        "blacklist.add": Example("POST", "/blacklist/add", form={**LOGIN, "phone": "500600720"}),
        "blacklist.check": Example("POST", "/blacklist/check", form={**LOGIN, "phone": "500600720"}),
        "blacklist.delete": Example("POST", "/blacklist/delete", form={**LOGIN, "phone": "500600702"}, account="demo"),
        "blacklist.index": Example("POST", "/blacklist/index", form=LOGIN),
        "contacts.add": Example("POST", "/contacts/add", form={**LOGIN, "phone": "500600720"}),
        "contacts.delete": Example("POST", "/contacts/delete", form={**LOGIN, "id": "228173579"}, account="demo"),
        "contacts.edit": Example("POST", "/contacts/edit", form={**LOGIN, "id": "228173579"}, account="demo"),
        "contacts.import": Example(
            "POST", "/contacts/import", json={**LOGIN, "group_name": "a", "contact": [{"phone": "500600720"}]}
        ),
        "contacts.index": Example("POST", "/contacts/index", form=LOGIN),
        "contacts.view": Example("POST", "/contacts/view", form={**LOGIN, "id": "228173579"}, account="demo"),
        "account.messages": Example("POST", "/account/messages", form=LOGIN),
        "error.view": Example("GET", "/error/1000"),
        "files.add": Example("POST", "/files/add", form={**LOGIN, "type": "mms", "url": "http://a.example/a.jpg"}),
        "files.delete": Example("POST", "/files/delete", form={**LOGIN, "id": "b67d70c22d"}, account="demo"),
        "files.index": Example("POST", "/files/index", form=LOGIN),
        "files.view": Example("POST", "/files/view", form={**LOGIN, "id": "b67d70c22d"}, account="demo"),
        "groups.add": Example("POST", "/groups/add", form={**LOGIN, "name": "a"}),
        "groups.check": Example("POST", "/groups/check", form={**LOGIN, "phone": "500600720"}),
        "groups.delete": Example("POST", "/groups/delete", form={**LOGIN, "id": "17293087"}, account="demo"),
        "groups.edit": Example("POST", "/groups/edit", form={**LOGIN, "id": "17293087", "name": "a"}, account="demo"),
        "groups.index": Example("POST", "/groups/index", form=LOGIN),
        "groups.view": Example("POST", "/groups/view", form={**LOGIN, "id": "17293087"}, account="demo"),
        "messages.delete": Example("POST", "/messages/delete", form={**LOGIN, "id": "0123456789"}),
        "messages.recived": Example("POST", "/messages/recived.json", json=LOGIN),
        "messages.send_sms": Example(
            "POST",
            "/messages/send_sms.json",
            json={**LOGIN, "phone": "500600700", "text": "TAK", "sender": "INFORMACJA"},
        ),
        "messages.send_personalized": Example(
            "POST", "/messages/send_personalized", form={**LOGIN, "messages": "500600700:TAK]|[600700800:NIE"}
        ),
        "messages.send_voice": Example(
            "POST", "/messages/send_voice", form={**LOGIN, "phone": "500600700", "text": "TAK"}
        ),
        "messages.send_mms": Example(
            "POST", "/messages/send_mms", form={**LOGIN, "phone": "500600700", "title": "Temat", "file": "R0lGODlh"}
        ),
        "messages.send_rcs": Example(
            "POST", "/messages/send_rcs.json", json={**LOGIN, **BOT, "phone": "500600700", "message": {"text": "TAK"}}
        ),
        "messages.tester_rcs": Example(
            "POST", "/messages/tester_rcs.json", json={**LOGIN, **BOT, "phone": "500600700"}
        ),
        "senders.index": Example("POST", "/senders/index.json", json=LOGIN),
        "senders.add": Example("POST", "/senders/add.json", json={**LOGIN, "name": "NewSender"}),
        "account.limits": Example("POST", "/account/limits.json", json=LOGIN),
        "messages.send_nd": Example("POST", "/messages/send_nd", form={**LOGIN, "phone": "500600700", "text": "TAK"}),
        "messages.send_ndi": Example(
            "POST", "/messages/send_ndi", form={**LOGIN, "phone": "500600700", "text": "TAK", "ndi_number": "664078059"}
        ),
        "messages.reports": Example("POST", "/messages/reports.json", json=LOGIN),
        "messages.view": Example("POST", "/messages/view", form={**LOGIN, "id": "eba39e4fe1"}),
        "stats.index": Example("POST", "/stats/index", form=LOGIN),
        "payments.index": Example("POST", "/payments/index", form=LOGIN),
        "payments.invoice": Example("POST", "/payments/invoice", form={**LOGIN, "id": "47957"}),
        "payments.view": Example("POST", "/payments/view", form={**LOGIN, "id": "47957"}),
        "phones.check": Example("POST", "/phones/check", form={**LOGIN, "phone": "500600700,600700800"}),
        "phones.lookup": Example("POST", "/phones/lookup", form={**LOGIN, "phone": "500600700"}),
        "phones.test": Example("POST", "/phones/test", form={**LOGIN, "phone": "500600700"}),
        "push.contact": Example(
            "POST", "/push/contact", form={"api_hash": "8f14e45fceea167a5a36dedd4bea2543", "user_id": "1"}
        ),
        "templates.add": Example("POST", "/templates/add", form={**LOGIN, "name": "a", "text": "b"}),
        "templates.delete": Example("POST", "/templates/delete", form={**LOGIN, "id": "8416"}, account="demo"),
        "templates.edit": Example("POST", "/templates/edit", form={**LOGIN, "id": "8416"}, account="demo"),
        "templates.index": Example("POST", "/templates/index", form=LOGIN),
        "templates.view": Example("POST", "/templates/view", form={**LOGIN, "id": "8416"}, account="demo"),
        "premium.index": Example("POST", "/premium/index", form=LOGIN),
        "premium.send": Example(
            "POST",
            "/premium/send",
            form={
                **LOGIN,
                "phone": PREMIUM["sender"],
                "gate": PREMIUM["recipient"],
                "id": PREMIUM["id"],
                "text": "TAK",
            },
            account="demo",
        ),
        "quiz.view": Example("POST", "/quiz/view", form={**LOGIN, "id": "7"}),
        "subaccounts.add": Example(
            "POST",
            "/subaccounts/add",
            form={**LOGIN, "subaccount_username": "new", "subaccount_password": "haslo", "subaccount_id": "1194"},
        ),
        "subaccounts.delete": Example("POST", "/subaccounts/delete", form={**LOGIN, "id": "1194"}),
        "subaccounts.index": Example("POST", "/subaccounts/index", form=LOGIN),
        "subaccounts.limit": Example(
            "POST", "/subaccounts/limit", json={**LOGIN, "id": "1194", "type": "eco", "value": 200}
        ),
        "subaccounts.view": Example("POST", "/subaccounts/view", form={**LOGIN, "id": "1194"}),
        "templates.rcs": Example("POST", "/templates/rcs", form=LOGIN),
    }
