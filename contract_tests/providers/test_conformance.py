"""The three shipped providers in the suite that every provider must pass."""

from __future__ import annotations

from pathlib import Path

from contract_tests.installed import INSTALLED
from mockserver.testkit.conformance import Example, ProviderSuite

TESTS = Path(__file__).parents[1]
PAGES = TESTS / "documents/pages"
KEYS = {"access_key": "{user}", "secret_access_key": "{secret}"}
LOGIN = {"username": "{user}", "password": "{secret}"}


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
        "account.help": Example("POST", "/account/help", form=LOGIN),
        "error.view": Example("GET", "/error/1000"),
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
        "messages.send_nd": Example("POST", "/messages/send_nd", form={**LOGIN, "phone": "500600700", "text": "TAK"}),
        "messages.send_ndi": Example(
            "POST", "/messages/send_ndi", form={**LOGIN, "phone": "500600700", "text": "TAK", "ndi_number": "664078059"}
        ),
        "phones.test": Example("POST", "/phones/test", form={**LOGIN, "phone": "500600700"}),
    }
