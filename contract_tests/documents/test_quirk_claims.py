"""Each entry of the three QUIRKS.md is run: a sentence of it, word for word, and what the providers do.

A claim is the number of an entry, words that stand in it, and a function that returns what is observed and what the words
say it is. A sentence that is changed without its claim, or behaviour that is changed without its sentence, fails here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.dom import minidom
from xml.etree import ElementTree as ET

import pytest
from lxml import etree

from contract_tests.clocks import let_pass
from contract_tests.documents import test_dialogtech_forwarding as dialogtech_forwarding
from contract_tests.documents import test_serwersms_forwarding as serwersms_forwarding
from contract_tests.documents.test_mgage_quirks import ACCOUNTS as EXPORT_ACCOUNTS
from contract_tests.documents.test_mgage_quirks import Mgage
from contract_tests.documents.test_mgage_quirks import message as export_message
from contract_tests.documents.test_serwersms_delivery_reports import calls, open_world
from contract_tests.documents.test_serwersms_quirks import SerwerSMS
from contract_tests.documents.test_serwersms_quirks import message as stored
from contract_tests.installed import PROVIDERS
from contract_tests.serwersms_entries import contact, kept
from mockserver.engine.accounts import Account, Login
from mockserver.engine.clock import Clock
from mockserver.engine.decisions import Decision
from mockserver.engine.deliveries import Outcome
from mockserver.engine.events import AccountChanged
from mockserver.engine.frozen import freeze
from mockserver.engine.instants import SECOND, parse_instant
from mockserver.engine.messages import Message
from mockserver.engine.segments import Segment
from mockserver.engine.state import Fixture
from mockserver.providers.serwersms.errors import BY_FAULT
from mockserver.sdk.provider import Provider
from mockserver.settings import fixtures_folder

Claim = tuple[str, str, Callable[[Any], tuple[object, object]]]


def _text_of_entries() -> Mapping[str, str]:
    """The text of each entry of each QUIRKS.md, heading included, by number."""
    found: dict[str, str] = {}
    for provider in PROVIDERS:
        assert provider.quirks_file is not None
        for part in re.split(r"^## ", provider.quirks_file.read_text("utf-8"), flags=re.MULTILINE)[1:]:
            found[part.partition(" ")[0]] = part
    return found


TEXT = _text_of_entries()


def _numbers(provider: Provider) -> list[str]:
    """The numbers of a provider's entries."""
    assert provider.quirks_file is not None
    return re.findall(r"^## (\S+)", provider.quirks_file.read_text("utf-8"), re.MULTILINE)


# -- DialogTech --------------------------------------------------------------------------------------------------------

OWN, SILENT, HANDSET = "5554332111", "5554443210", "5556667777"
PAIR = "access_key=foo&secret_access_key=bar"


def said(response: str) -> str | None:
    return ET.fromstring(response).findtext("result_description")


def parses(parse: Callable[[bytes], object], text: str) -> bool:
    try:
        parse(text.encode())
    except (etree.XMLSyntaxError, AssertionError):
        return False
    return True


def elements(response: str) -> list[str]:
    return re.findall(r"<!ELEMENT (\w+)", response)


def get(client: Any, query: str, **request: object) -> str:
    return str(client.client.get(f"/ibp_api.php?{query}", **request).text)


def own(client: Any, action: str, **values: str) -> str:
    """The answer to an action of the documents' account."""
    return str(client.ask({"action": action, **client.CREDENTIALS, **values}))


def today(client: Any, path: str = ".//message/message") -> list[str | None]:
    return [each.text for each in ET.fromstring(client.messages(**client.TODAY)).iterfind(path)]


def sent_twice(client: Any) -> list[int]:
    client.send()
    client.wait(1000)
    client.send()
    return [int(text or "") for text in today(client, ".//outbound/message/msg_id")]


def use(subject: Any, observe: Callable[[Any], Any]) -> Any:
    """What is observed of one client, which is called several times."""
    return observe(subject)


def after(*calls: Callable[[], object]) -> Any:
    """The result of the last of some calls."""
    result = None
    for call in calls:
        result = call()
    return result


def is_shown(client: Any, text: str, shown: str) -> bool:
    """Whether a text that is sent stands in the list of messages so."""
    client.send(message=text)
    return f"<message>{shown}</message>" in client.messages(**client.TODAY)


def is_limited_after(client: Any, wrong: Mapping[str, str]) -> bool:
    """Whether a send is rejected by its number's limit, right after one that is rejected for another reason."""
    assert "failed" in client.send(**wrong)
    return FAILED_FIRST in client.send()


def webhook(**variants: str) -> Any:
    sender = dialogtech_forwarding.Sender(**variants)
    sender.receive_inbound()
    return sender


def heard(status: int, **variants: str) -> str:
    """The status of a delivery after an answer with a status of HTTP."""
    sender = webhook(**variants)
    sender.attempt(Outcome(status, (), b""))
    return str(sender.state.deliveries[1].status)


def attempts(**variants: str) -> list[float]:
    """The minutes after which a listener that never answers is called."""
    sender, found = webhook(**variants), []
    while sender.state.deliveries[1].status == "due":
        found.append((max(sender.now, sender.state.deliveries[1].due) - sender.now) / 60_000_000)
        sender.attempt(dialogtech_forwarding.DEAD)
    return found


FAILED_FIRST = "Rate limit exceeded: 1 sms per number per second"
LEFT_OUT = ("secret_access_key", "start_date", "end_date")

DIALOGTECH: list[Claim] = [
    ("DT-1", "declare every element once", lambda at: (len(elements(at().messages())), len(set(elements(at().messages()))))),
    ("DT-1", "declares five elements more than once", lambda at: (
        {name for name in elements(at(get_messages__dtd="printed").messages()) if elements(at(get_messages__dtd="printed").messages()).count(name) > 1},
        {"message", "msg_id", "to", "from", "date"},
    )),
    ("DT-1", "lxml's default parser (\"Redefinition of element message\") and minidom reject the whole answer; expat", lambda at: (
        [parses(parse, at(get_messages__dtd="printed").messages()) for parse in (etree.fromstring, minidom.parseString, ET.fromstring)],
        [False, False, True],
    )),
    ("DT-2", "`</outbound>` stands where it belongs, in every variant", lambda at: (
        [at(get_messages__dtd=dtd).messages().count("</outbound>") for dtd in ("reconciled", "printed", "none")], [1, 1, 1],
    )),
    ("DT-3", "as the sample shows", lambda at: (ET.fromstring(at().messages()).find("messages") is not None, True)),
    ("DT-3", "`dialogtech.get_messages.envelope`: `sample` (default) | `dtd`", lambda at: (
        ET.fromstring(at(get_messages__envelope="dtd").messages()).find("data/messages") is not None, True,
    )),
    ("DT-4", "one `inbound` and one `outbound`, always", lambda at: (
        [each.tag for each in ET.fromstring(at().messages(start_date="20160101", end_date="20160101")).find("messages")],
        ["inbound", "outbound"],
    )),
    ("DT-5", "the reconciled DTD has `message (#PCDATA|msg_id|to|from|message|date)*`", lambda at: (
        "<!ELEMENT message (#PCDATA|msg_id|to|from|message|date)*>" in at().messages(), True,
    )),
    ("DT-6", "each page's own, byte for byte", lambda at: (
        ["(result,result_description" in at().send(), "(result, result_description, data)" in at().numbers()], [True, True],
    )),
    ("DT-7", "both days whole and included; an end before the start is rejected", lambda at: (
        [said(at().messages()), said(at().messages(start_date="20170102", end_date="20170101"))],
        ["[3] Message(s) Returned", "Parameter end_date 20170101 is before start_date 20170102"],
    )),
    ("DT-8", "eight digits that are a day of the calendar; anything else is rejected", lambda at: (
        ["failed" in at().messages(start_date=day) for day in ("2017-01-01", "20170230", "2017010", "20170101")],
        [True, True, True, False],
    )),
    ("DT-9", "a well-formed number that is not the account's matches nothing", lambda at: (
        said(at().messages(number="5550009999")), "[0] Message(s) Returned",
    )),
    ("DT-10", "empty pairs are skipped", lambda at: (get(at(), f"&&action=sms.get_numbers&&{PAIR}&"), at().numbers())),
    ("DT-11", "`to` of an inbound message, `from` of an outbound one", lambda at: (
        use(at(), lambda client: after(client.send, lambda: [said(client.messages(**client.TODAY, number=each)) for each in (OWN, HANDSET)])),
        ["[1] Message(s) Returned", "[0] Message(s) Returned"],
    )),
    ("DT-12", "UTC for both; with another zone, days begin and end there and stamps are of that zone", lambda at: (
        ["<date>2017-01-01 09:30:00</date>" in at().messages(), "<date>2017-01-01 04:30:00</date>" in at(zone="America/New_York").messages()],
        [True, True],
    )),
    ("DT-13", "both directions together", lambda at: (said(at().messages()), "[3] Message(s) Returned")),
    ("DT-14", "a sequence for each direction, ascending by one", lambda at: (
        use(sent_twice(at()), lambda ids: ids[1] - ids[0]), 1,
    )),
    ("DT-15", "CDATA, except for a text that a section would change", lambda at: (
        [is_shown(at(), text, shown) for text, shown in (("a&b", "<![CDATA[a&b]]>"), ("a]]>b", "a]]&gt;b"))],
        [True, True],
    )),
    ("DT-16", "GET, POST urlencoded, POST multipart (what PHP's curl makes of an array), POST with everything in the query string", lambda at: (
        {at().numbers(), *(
            at().client.post("/ibp_api.php", **request).text
            for values in [{"action": "sms.get_numbers", **at().CREDENTIALS}]
            for request in ({"data": values}, {"data": values, "content_type": "multipart/form-data"}, {"query_string": values})
        )},
        {at().numbers()},
    )),
    ("DT-16", "other methods, OPTIONS among them, get 405 in the envelope", lambda at: (
        [use(at().open(method=method), lambda response: (response.status_code, ET.fromstring(response.text).findtext("result"))) for method in ("OPTIONS", "PUT")],
        [(405, "failed")] * 2,
    )),
    ("DT-17", "HTTP 200 (400 for what is no request, 404 for a path, 405 for a method, 413 for a size, 500 for a fault of this server)", lambda at: (
        [at().open(query_string={}).status_code, at().client.get("/x", base_url="http://secure.dialogtech.com").status_code, at().open(method="PUT").status_code],
        [200, 404, 405],
    )),
    ("DT-17", '`sentence`: "Unknown action: sms.fly". `capitals`: "INVALID ACTION"', lambda at: (
        [said(at(error_text=variant).ask({"action": "sms.fly"})) for variant in ("sentence", "capitals")],
        ["Unknown action: sms.fly", "INVALID ACTION"],
    )),
    ("DT-17", '`bracket`: "[sms.fly] Not Found"', lambda at: (said(at(error_text="bracket").ask({"action": "sms.fly"})), "[sms.fly] Not Found")),
    ("DT-18", "the notes count", lambda at: ([at().send(to="5550000000") == at().SENT, "failed" in at().send(sender="5559999999")], [True, True])),
    ("DT-19", "256 Unicode code points pass, 257 are rejected", lambda at: ([at().send(message="😀" * n) == at().SENT for n in (256, 257)], [True, False])),
    ("DT-20", "decoded once; `%2520` arrives as `%20`", lambda at: (
        use(at(), lambda client: after(lambda: get(client, f"action=sms.send_message&to={HANDSET}&from={OWN}&message=a%2520b&{PAIR}"), lambda: today(client))),
        ["a%20b"],
    )),
    ("DT-21", "as printed; `sms.get_messages` tells it", lambda at: (["msg_id>" in at().send(), "msg_id>" in at().messages()], [False, True])),
    ("DT-22", "each page's own, with the number in the bracket", lambda at: (
        [said(at().send()), said(at().messages()), said(at().numbers())],
        ["[1] Message Sent", "[3] Message(s) Returned", "[2] Number(s) Returned"],
    )),
    ("DT-23", "the sender's number; accepted sends; sliding windows", lambda at: (
        use(at(), lambda client: [(client.wait(wait), client.send() == client.SENT)[1] for wait in (0, 999, 1)]), [True, False, True],
    )),
    ("DT-23", "so does every send of an account that is rejected, whatever for: a limit, a parameter, the tracking number, a magic number", lambda at: (
        [is_limited_after(at(limits__count="all"), wrong) for wrong in ({"message": ""}, {"to": "x"}, {"to": "9995550100"})],
        [True, True, True],
    )),
    ("DT-24", "ASCII digits, 10 of them, or 11 with a leading 1, which is the same number; stored and shown as 10", lambda at: (
        use(at(), lambda client: after(lambda: client.send(to=f"1{HANDSET}"), lambda: today(client, ".//message/to"))), [HANDSET],
    )),
    ("DT-25", "the JSON half, which is the page's source", lambda at: (at().send().startswith('<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE'), True)),
    ("DT-26", "failures look like 001", lambda at: ("<response>\n <result>failed</result>\n <result_description>" in at().ask({}), True)),
    ("DT-27", "empty, as printed", lambda at: (["<result></result>" in at(get_numbers__result=v).numbers() for v in ("printed", "success")], [True, False])),
    ("DT-28", "the attribute; empty where a number has no listener", lambda at: ('<number sms_enabled="1" url=' in at().numbers(), True)),
    ("DT-29", "as printed; parsers that do not validate take it", lambda at: (
        ["<!ATTLIST" in at(get_numbers__dtd=v).numbers() for v in ("printed", "reconciled", "none")], [False, True, False],
    )),
    ("DT-30", "`[0] Number(s) Returned` and an empty `data`", lambda at: (
        use(at(fixture=Fixture((Account("dialogtech/none", "dialogtech", "none", (Login("foo", "bar"),)),))).numbers(), lambda answer: (said(answer), len(ET.fromstring(answer).find("data")))),
        ("[0] Number(s) Returned", 0),
    )),
    ("DT-31", "it does not", lambda at: (get(at(), f"{PAIR}&action=sms.get_numbers"), get(at(), f"action=sms.get_numbers&{PAIR}"))),
    ("DT-32", "the enabled ones; no `dlr_url`", lambda at: (["dlr_url" in at().numbers(), 'sms_enabled="0"' in at().numbers()], [False, False])),
    ("DT-33", "as printed; `reconciled` is the same", lambda at: (at(send_message__dtd="reconciled").send(), at().send())),
    ("DT-34", "`text/xml; charset=UTF-8`", lambda at: (at().open(query_string={}).headers["Content-Type"], "text/xml; charset=UTF-8")),
    ("DT-35", "the pair, or the key; the pair counts where both are sent", lambda at: (
        [at().numbers(api_key="wrong") == at().numbers(), said(at().ask({"action": "sms.get_numbers", "api_key": "wrong"}))], [True, "Invalid api_key"],
    )),
    ("DT-36", "kept as they came, and U+FFFD in their place in an answer; bytes that are not UTF-8 are rejected in a parameter that is read", lambda at: (
        use(at(), lambda client: [after(lambda: client.send(message="a\x07b"), lambda: today(client)), "is not UTF-8" in client.send(message=b"\xff")]),
        [["a\ufffdb"], True],
    )),
    ("DT-37", "the last of a name counts, the body before the query string, unknown ones are ignored; an empty one is missing", lambda at: (
        [
            get(at(), f"action=x&action=sms.get_numbers&{PAIR}&y=1"),
            at().client.post(f"/ibp_api.php?action=x&{PAIR}", data={"action": "sms.get_numbers"}).text,
            said(get(at(), f"action=&{PAIR}")),
        ],
        [at().numbers(), at().numbers(), "Missing required parameter: action"],
    )),
    ("DT-38", "the body's form, the action, the credentials, the parameters in their table's order, the tracking number, the limits", lambda at: (
        [said(at().ask({"action": "x"})), said(at().ask({"action": "sms.send_message", "to": "x"})), said(at().send(to="x", message="")), said(at().send(sender="5559999999", message=""))],
        ["Unknown action: x", "Missing required parameter: access_key", "Parameter to must be an unformatted phone number, 10 digits or 11 with a leading 1: x", "Missing required parameter: message"],
    )),
    ("DT-39", "9995550100 to 9995550109: rejected as an invalid recipient", lambda at: (
        [at(magic=v).send(to=to) == at().SENT for v in ("on", "off") for to in ("9995550100", "9995550109")], [False, False, True, True],
    )),
    ("DT-39", "rejected by the first, second, third rate limit", lambda at: (
        [(said(at().send(to=f"99955501{n}0")) or "").partition("; ")[0] for n in (1, 2, 3)],
        [f"Rate limit exceeded: {limit}" for limit in ("40 sms per number per 60 seconds", "4 sms per DialogTech account per second", "1 sms per number per second")],
    )),
    ("DT-40", "a GET of the number's `url` as soon as a message is there, with `msg_id`, `to`, `from`, `message` and `date`", lambda at: (
        use(webhook().build_webhook(), lambda request: (request.method, list(parse_qs(urlsplit(request.url).query)))),
        ("GET", ["msg_id", "to", "from", "message", "date"]),
    )),
    ("DT-40", "A POST has them as a form in its body, and the URL as it is", lambda at: (
        use(webhook(listener_method="POST").build_webhook(), lambda request: (request.method, request.url, list(parse_qs(request.body.decode())))),
        ("POST", dialogtech_forwarding.LISTENER, ["msg_id", "to", "from", "message", "date"]),
    )),
    ("DT-41", "`msg_id`, `to`, `from`, `date` (of the message) and `status`; it has always been delivered", lambda at: (
        [use(dialogtech_forwarding.Sender(**v), lambda sender: after(sender.send, lambda: parse_qs(urlsplit(sender.build_webhook().url).query)["status"]))
         for v in ({}, {"report_status": "DELIVRD"})],
        [["delivered"], ["DELIVRD"]],
    )),
    ("DT-42", "an answer with a status of 200 to 299, whatever is in it", lambda at: (
        [heard(200) == heard(299), heard(200) == heard(404), heard(404, listener_acknowledges="any") == heard(200)], [True, False, True],
    )),
    ("DT-43", "once; or three times, each a minute after the last", lambda at: ([attempts(), attempts(listener_attempts="three")], [[0], [0, 1, 1]])),
    ("DT-44", "no redirects, so that one is an answer with a status of its own", lambda at: (heard(302) == heard(500), True)),
    ("DT-45", "the others that clients name, such as `routing.numbers` and `verifymenow.verify`, have a failure of their own", lambda at: (
        [said(at().ask({"action": name})) for name in ("routing.numbers", "verifymenow.verify", "sms.fly")],
        ["Action not offered by this mock server: routing.numbers", "Action not offered by this mock server: verifymenow.verify", "Unknown action: sms.fly"],
    )),
    ("DT-46", "a failure of its own for more than 1,000 in the query string or in the body, empty ones and parts of a multipart body included", lambda at: (
        [said(get(at(), "&" * 999 + "action=x")), said(get(at(), "&" * 1_000 + "action=x")), said(at().client.post("/ibp_api.php?action=x", data={f"k{n}": "1" for n in range(1_001)}).text)],
        ["Unknown action: x", *["Request has more than 1000 fields"] * 2],
    )),
    ("DT-47", "with the container alone that holds the record, inbound or outbound", lambda at: (
        [[each.tag for each in ET.fromstring(own(at(), "sms.get_message", msg_id=msg_id)).find("messages")] for msg_id in ("177931295", "133185904", "1")],
        [["inbound"], ["outbound"], []],
    )),
    ("DT-47", "`[1] Message Returned` and the message itself under `response`", lambda at: (
        use(ET.fromstring(own(at(get_message__form="message"), "sms.get_message", msg_id="133185904")), lambda root: (root.findtext("result_description"), root.findtext("message/msg_id"))),
        ("[1] Message Returned", "133185904"),
    )),
    ("DT-48", "the message is gone from `sms.get_message` and `sms.get_messages`", lambda at: (
        use(at(), lambda client: [said(own(client, f"sms.{name}_message", msg_id="177931295")) for name in ("delete", "get")] + [said(client.messages())]),
        ["Message [1] Deleted", "[0] Message(s) Returned", "[2] Message(s) Returned"],
    )),
    ("DT-48", "An id of no message is a failure; or `Message [0] Deleted`", lambda at: (
        [ET.fromstring(own(at(delete_message__unknown=v), "sms.delete_message", msg_id="1")).findtext("result") for v in ("failed", "zero")], ["failed", "success"],
    )),
    ("DT-49", "as printed; parsers that do not validate take it. `reconciled`: the two elements of 001", lambda at: (
        ["(result,result_description,data)" in own(at(delete_message__dtd=v), "sms.delete_message", msg_id="177931295") for v in ("printed", "reconciled", "none")],
        [True, False, False],
    )),
    ("DT-50", "`[5556667777] Registered`, in the manner of `sms.unregister_number`", lambda at: (
        [said(own(at(register_number__description=v), "sms.register_number", number=OWN)) for v in ("number", "count")], [f"[{OWN}] Registered", "[1] Number Registered"],
    )),
    ("DT-50", "without one a URL that is there is kept", lambda at: (
        [use(at(register_number__absent=v), lambda client: [own(client, "sms.register_number", number=OWN, **urls) for urls in ({"url": "http://h/"}, {})] and 'url="http://h/"' in client.numbers()) for v in ("keep", "clear")],
        [True, False],
    )),
    ("DT-51", "nothing can be sent from the number", lambda at: (
        use(at(), lambda client: [said(own(client, "sms.unregister_number", number=OWN)), client.send() == client.SENT]), [f"[{OWN}] Unregistered", False],
    )),
    ("DT-52", "`result` is its API key, a login without a secret", lambda at: (
        ET.fromstring(at().ask({"action": "general.login", "username": "demo-access-key", "password": "demo-secret-key"})).findtext("result"), "demo-api-key",
    )),
    ("DT-52", "`INVALID ACCOUNT` in `result` for every failure of this action", lambda at: (
        {ET.fromstring(at().ask({"action": "general.login", **sent})).findtext("result") for sent in ({}, {"username": "foo", "password": "no"}, {"username": "foo", "password": "bar"})},
        {"INVALID ACCOUNT"},
    )),
    ("DT-53", "`success` and `[0] Building Block(s) Returned`", lambda at: (said(own(at(), "general.buildingblockids")), "[0] Building Block(s) Returned")),
]  # fmt: skip


@pytest.fixture
def dialogtech_at(open_registry, dialogtech_in):
    """DialogTech in the shipped world, or a world of a fixture, with some variants."""

    def at(fixture: Fixture | None = None, **variants: str) -> Any:
        chosen = {f"dialogtech.{name.replace('__', '.')}": variant for name, variant in variants.items()}
        return dialogtech_in(
            open_registry(variants=chosen) if fixture is None else open_registry(fixture, variants=chosen)
        )

    return at


@pytest.mark.parametrize(
    ("number", "words", "observe"), DIALOGTECH, ids=[f"{n}-{words[:40]}" for n, words, _ in DIALOGTECH]
)
def test_what_an_entry_of_dialogtech_says_is_so(dialogtech_at, number, words, observe):
    assert words in TEXT[number]
    observed, expected = observe(dialogtech_at)
    assert observed == expected


# -- mGage -------------------------------------------------------------------------------------------------------------

MAY = "2026-05-01T10:00:00Z"
THREE = tuple(export_message(serial, MAY, text) for serial, text in enumerate("abc"))
YEARS = (export_message(0, "2014-12-05T10:00:00Z", "old"), export_message(1, "2026-06-01T06:00:00Z", "today"))


def status(client: Any, query: str = "", **request: object) -> int:
    return int(client.open(query, **request).status_code)


def next_url(client: Any, query: str) -> str | None:
    url: str | None = client.page(query)["meta"]["nextPageUrl"]
    return url and url.partition("?")[2]


def written(client: Any, **changes: str) -> Any:
    """The answer to what is written to a program in a handset's place."""
    sent = {"campid": "1001", "destination": "37911", "originator": "15556667777", "message": "JOIN", **changes}
    return client.client.post("/api/externalMO", data=sent, auth=("one", "secret"))


def answered(client: Any, seconds: int = 0, **changes: str) -> str:
    """The status of what a program answers, some seconds later."""
    account = client.world.state.accounts["mgage/one"]
    program = replace(account.programs["1001"], reply="Welcome!")
    change = AccountChanged(replace(account, programs={"1001": program}))
    client.world.execute(lambda state, now, ids: Decision(now, None, (change,)))
    assert written(client, **changes).text == "SUCCESS"
    let_pass(client.world, seconds * 1_000_000)
    return str(client.messages("messageType=MT")[-1]["deliveryStatus"])


MGAGE: list[Claim] = [
    ("MG-1", "with straight quotes the printed example is JSON too, and our answer equals it by value, type and order of keys", lambda at: (
        json.loads(at(shipped=True, variants={"mgage.next_page_url": "printed"}).client.get(
            "/api/messages/program/121811?startDate=2014-12-05T00:00:00&endDate=2014-12-05T23:59:59&pageSize=2",
            base_url="https://communicatepro.mgage.com", auth=("mgage", "mgage"),
        ).data),
        json.loads(re.sub("[“”″]", chr(34), (fixtures_folder() / "documents/mgage/export.json").read_text())),
    )),
    ("MG-2", "no other name is ever written", lambda at: (
        [list(at(*THREE).page()), list(at(*THREE).page()["meta"]), list(at(*THREE).page()["data"])],
        [["meta", "data"], ["generalErrors", "nextPageUrl"], ["campaignName", "programName", "programType", "messages"]],
    )),
    ("MG-3", "a string, as the sample shows", lambda at: (
        [at(*THREE, variants={"mgage.number": v}).messages()[0]["number"] for v in ("string", "numeric")], ["5556667777", 5556667777],
    )),
    ("MG-4", "nothing is put before it and nothing is taken away", lambda at: (at(export_message(0, MAY, handset="15556667777")).messages()[0]["number"], "15556667777")),
    ("MG-5", "hundredths of a second, cut off and not rounded; GMT without a `Z` in both", lambda at: (
        [at(export_message(0, "2026-05-01T10:00:00.999Z"), variants={"mgage.date": v}).messages()[0]["date"] for v in ("sample", "iso")],
        ["2026-05-01T10:00:00.99", "2026-05-01T10:00:00"],
    )),
    ("MG-6", "that format, and the sample's with its hundredths (MG-5)", lambda at: (
        [status(at(), f"startDate=2026-05-01T10:00:00{end}") for end in ("", ".00", ".000", "Z", "%2B02:00")], [200, 200, 400, 400, 400],
    )),
    ("MG-6", "both ends included, the last second, or hundredth, whole; an end before the start is rejected", lambda at: (
        [at(export_message(0, "2026-05-01T10:00:00.999999Z", "x")).texts("endDate=2026-05-01T10:00:00"), status(at(), "startDate=2026-05-02T00:00:00&endDate=2026-05-01T00:00:00")],
        [["x"], 400],
    )),
    ("MG-7", "`filters`: then the filters of the request, percent-encoded and in their order; `page` alone where it has none", lambda at: (
        [next_url(at(*THREE), "pageSize=1&messageType=MO"), next_url(at(*(export_message(n, MAY) for n in range(51))), "")],
        ["page=2&pageSize=1&messageType=MO", "page=2"],
    )),
    ("MG-7", "`printed`: `page` alone. `pinned`: as `filters`, then each end of the period in effect that the request does not name", lambda at: (
        [next_url(at(*THREE, variants={"mgage.next_page_url": v}), "pageSize=1") for v in ("printed", "pinned")],
        ["page=2", "page=2&pageSize=1&startDate=2025-06-01T12%3A00%3A00"],
    )),
    ("MG-8", "past the last page `messages` is empty and `nextPageUrl` null; anything else is rejected", lambda at: (
        [at(*THREE).texts("page=2"), next_url(at(*THREE), "page=2"), status(at(), "page=0"), status(at(), "page=x")], [[], None, 400, 400],
    )),
    ("MG-9", "1 to 500; anything else is rejected", lambda at: ([status(at(), f"pageSize={n}") for n in (0, 1, 500, 501, -1, "ten")], [400, 200, 200, 400, 400, 400])),
    ("MG-10", "the printed page answers to `?startDate=2014-12-05T00:00:00&endDate=2014-12-05T23:59:59&pageSize=2`; the two messages behind it are ours", lambda at: (
        len(json.loads(at(shipped=True).client.get("/api/messages/program/121811?startDate=2014-12-05T00:00:00&endDate=2014-12-05T23:59:59", auth=("mgage", "mgage")).data)["data"]["messages"]), 4,
    )),
    ("MG-11", "`MO` or `MT`, in capitals, or no `messageType` at all; `type` stands in every message", lambda at: (
        [status(at(), f"messageType={kind}") for kind in ("MO", "MT", "mo", "both")], [200, 200, 400, 400],
    )),
    ("MG-12", "absolute, with the scheme, host and prefix that the client used, also as a trusted proxy tells them", lambda at: (
        json.loads(at(*THREE).open("pageSize=1", headers={"Forwarded": "proto=https;host=sms.example.com"}).data)["meta"]["nextPageUrl"],
        "https://sms.example.com/api/messages/program/1001?page=2&pageSize=1",
    )),
    ("MG-13", '401 with `WWW-Authenticate: Basic realm="Communicate Pro", charset="UTF-8"`', lambda at: (
        [use(at().open(auth=auth), lambda answer: (answer.status_code, answer.headers["WWW-Authenticate"])) for auth in (None, ("one", "wrong"))],
        [(401, 'Basic realm="Communicate Pro", charset="UTF-8"')] * 2,
    )),
    ("MG-14", '`{"meta":{"generalErrors":["…"],"nextPageUrl":null}}`, one sentence of our own, no `data`', lambda at: (
        at().open("page=0").text, '{"meta":{"generalErrors":["page must be a number from 1 to 999999999: 0"],"nextPageUrl":null}}',
    )),
    ("MG-15", "GET (and HEAD); anything else gets 405 with `Allow`", lambda at: (
        [(status(at(), method=method), at().open(method=method).headers.get("Allow")) for method in ("GET", "HEAD", "POST", "OPTIONS")],
        [(200, None), (200, None), (405, "GET, HEAD"), (405, "GET, HEAD")],
    )),
    ("MG-16", "`application/json; charset=UTF-8`, without blanks between values, characters beyond ASCII as they are; Accept is not looked at", lambda at: (
        use(at(export_message(0, MAY, "ż")).open(headers={"Accept": "text/html"}), lambda answer: (answer.headers["Content-Type"], ": " in answer.text, "ż" in answer.text)),
        ("application/json; charset=UTF-8", False, True),
    )),
    ("MG-17", "`today`: without both dates this day in GMT. `archived`: what is older than a year is never returned", lambda at: (
        [at(*YEARS, variants={"mgage.age": v}).texts(query) for v, query in (("today", ""), ("archived", "startDate=2014-01-01T00:00:00"), ("default-start", "startDate=2014-01-01T00:00:00"))],
        [["today"], ["today"], ["old", "today"]],
    )),
    ("MG-17", "a `startDate` before the day that is a year before its end is rejected. A year ago is the same second of the year before", lambda at: (
        [status(at(variants={"mgage.age": "range"}), f"startDate=2025-{day}") for day in ("05-31T23:59:59", "06-01T00:00:00")]
        + [at(export_message(0, f"2025-06-01T{second}Z", "x")).texts() for second in ("11:59:59.999999", "12:00:00")],
        [400, 200, [], ["x"]],
    )),
    ("MG-18", "by date, then by arrival, ascending", lambda at: (
        at(export_message(0, MAY, "b"), export_message(1, "2026-04-01T10:00:00Z", "a"), export_message(2, MAY, "c")).texts(), ["a", "b", "c"],
    )),
    ("MG-19", "the handset's: the sender of an MO, the recipient of an MT", lambda at: (
        [each["number"] for each in at(*(export_message(n, MAY, direction=d) for n, d in enumerate(("inbound", "outbound")))).messages()], ["5556667777"] * 2,
    )),
    ("MG-20", "what the world says, word for word", lambda at: (at(export_message(0, MAY, status="Dostarczono")).messages()[0]["deliveryStatus"], "Dostarczono")),
    ("MG-21", "what the world says, word for word", lambda at: (at().page(program="1002")["data"]["programType"], "Głosowanie")),
    ("MG-22", "200, `messages` is `[]`; no id and no total, as printed", lambda at: (at().page()["data"]["messages"], [])),
    ("MG-23", "the first of a name counts, as in a Java servlet; an empty one is misformatted and rejected", lambda at: (
        [status(at(), query) for query in ("pageSize=1&pageSize=0", "pageSize=0&pageSize=1", "pageSize=", "startDate=%FF", "x=%FF")], [200, 400, 400, 400, 200],
    )),
    ("MG-24", "404 for all of them, with the same sentence", lambda at: (
        [at().rejected(program=program) for program in ("2001", "abc")], [(404, "Program 2001 does not exist"), (404, "Program abc does not exist")],
    )),
    ("MG-25", "program 500500 always does, for every account", lambda at: (
        [status(at(), program="500500", auth=auth) for auth in (("one", "secret"), ("zwei", "pass:wörd:"))], [500, 500],
    )),
    ("MG-26", "the credentials, the program, the filters in their table's order, `page`, the two dates together", lambda at: (
        [at().rejected("page=x&pageSize=x", program="9", auth=("x", "y"))[0], at().rejected("page=x&pageSize=x", program="9")[0], at().rejected("page=x&pageSize=x")[1]],
        [401, 404, "pageSize must be a number from 1 to 500: x"],
    )),
    ("MG-27", "404 in the form of MG-14, on the host and under `/api/`; a trailing or a doubled slash is another address", lambda at: (
        [at().client.get(path).status_code for path in ("/api/x", "/api/messages/program/1001/", "/api//messages/program/1001")], [404] * 3,
    )),
    ("MG-28", "500500 to 500509: 500, whatever the filters are", lambda at: ([status(at(), "pageSize=0", program=program) for program in ("500500", "500509")], [500, 500])),
    ("MG-28", "Unknown credentials are rejected at once by all forty, and wrong filters by the last thirty", lambda at: (
        [status(at(), program=program, auth=("x", "y")) for program in ("500500", "500510", "500539")] + [status(at(), "pageSize=0", program=program) for program in ("500510", "500529", "500539")],
        [401, 401, 401, 400, 400, 400],
    )),
    ("MG-29", "400 for a query string of more than 1,000 parameters, empty ones included, before the credentials are looked at", lambda at: (
        [status(at(), "&" * number, auth=("x", "y")) for number in (999, 1_000)], [401, 400],
    )),
    ("MG-28", "A handset of 9995550100 to 9995550109 ends what its program answers as Error", lambda at: (
        [answered(at(variants={"mgage.delivery": "instant"}), originator=f"99955501{n}") for n in ("00", "09", "10", "20", "30")],
        ["Error", "Error", "Undelivered", "Sent", "Delivered"],
    )),
    ("MG-30", "200 and `SUCCESS` in plain text; 500 and one sentence of ours, in plain text", lambda at: (
        [use(written(at(), campid=program), lambda response: (response.status_code, response.text)) for program in ("1001", "1")],
        [(200, "SUCCESS"), (500, "Program 1 does not exist")],
    )),
    ("MG-31", "a plus sign may stand before an `originator`, two capital letters and a hyphen before a `destination`", lambda at: (
        [written(at(), **{name: number}).status_code for name, number in (("originator", "+48500"), ("destination", "US-87767"), ("destination", "+37911"))],
        [200, 200, 500],
    )),
    ("MG-32", "Sent at once and Delivered 5 seconds of the world's clock later", lambda at: (
        [answered(at(), seconds=seconds) for seconds in (0, 4, 5)], ["Sent", "Sent", "Delivered"],
    )),
    ("MG-32", "`instant`: the last status at once", lambda at: (answered(at(variants={"mgage.delivery": "instant"})), "Delivered")),
    ("MG-33", "the number is in the account's collection `opt_ins`, with its list, once for each list", lambda at: (
        use(at(), lambda client: [client.client.post("/api/optIn/38383/5511", auth=("one", "secret")).text for _ in range(2)] + [
            (each.list_id, each.mobile) for each in client.world.state.entries.all("mgage/one", "opt_ins")
        ]),
        ["SUCCESS", "SUCCESS", ("38383", "5511")],
    )),
]  # fmt: skip


@pytest.fixture
def mgage_at(open_registry):
    """A client of mGage at noon of 1 June 2026, with these messages and variants."""

    def at(*messages: Message, variants: Mapping[str, str] = {}, shipped: bool = False) -> Any:
        noon = Clock.frozen(parse_instant("2026-06-01T12:00:00Z"))
        if shipped:
            return Mgage(open_registry(clock=noon, variants=variants))
        return Mgage(open_registry(Fixture(EXPORT_ACCOUNTS, Segment(messages)), noon, variants))

    return at


@pytest.mark.parametrize(("number", "words", "observe"), MGAGE, ids=[f"{n}-{words[:40]}" for n, words, _ in MGAGE])
def test_what_an_entry_of_mgage_says_is_so(mgage_at, number, words, observe):
    assert words in TEXT[number]
    observed, expected = observe(mgage_at)
    assert observed == expected


# -- SerwerSMS ---------------------------------------------------------------------------------------------------------

IDS = {"eco": 2477793, "nd": 303023, "ndi": 2204974, "mms": 323961872}
PRINTED = [IDS["eco"], IDS["nd"], IDS["ndi"], IDS["mms"]]
JAN = "+48500600700"


def code(answer: Any) -> int | None:
    """The code of an error; none of another answer."""
    document: dict[str, Any] = answer.json
    found: int | None = document.get("error", {}).get("code")
    return found


def forwarded(
    kind: str = "nd", url: str = serwersms_forwarding.URL, changes: Mapping[str, object] = {}, **variants: str
) -> Any:
    """The request that forwards a message."""
    sender = serwersms_forwarding.Sender(serwersms_forwarding.rule(kind, url), **variants)
    return sender.build_webhook(kind, **changes)


def acknowledged(body: bytes, status: int = 200, further: Mapping[str, object] = {}, **variants: str) -> bool:
    """Whether an answer acknowledges a message that is forwarded."""
    sender = serwersms_forwarding.Sender(serwersms_forwarding.rule(**further), **variants)
    sender.receive_inbound()
    sender.attempt(Outcome(status, (), body))
    return bool(sender.state.deliveries[1].status == "acknowledged")


def repeats(outcome: Outcome, further: Mapping[str, object] = {}, **variants: str) -> list[float]:
    """The minutes after a message at which it is forwarded to a receiver that always answers so."""
    sender = serwersms_forwarding.Sender(serwersms_forwarding.rule(**further), **variants)
    sender.receive_inbound()
    while sender.state.deliveries[1].status == "due":
        sender.attempt(outcome)
    return list(sender.instants())


def targets(*rules: Any, kind: str = "nd", **changes: object) -> list[str]:
    sender = serwersms_forwarding.Sender(*rules)
    sender.receive_inbound(kind, **changes)
    return [delivery.url for delivery in sender.state.deliveries.values()]


TWENTY = tuple(stored(n, n + 1) for n in range(45))
NOON_AND_AFTER = (stored(0, 1, at="2026-05-01T10:00:00Z"), stored(1, 2, at="2026-05-01T10:00:00.9Z"))
WRONG, DEAD = serwersms_forwarding.WRONG, serwersms_forwarding.DEAD
rule = serwersms_forwarding.rule

SERWERSMS: list[Claim] = [
    ("SW-1", "both actions answer, and are one; the field is called as the action that was asked", lambda at: (
        [name in at().form(name, type="nd").json["items"][0] for name in ("recived", "received")], [True, True],
    )),
    ("SW-2", "no suffix and `.json` are answered in JSON, `.xml` in XML", lambda at: (
        [at().form(f"recived{suffix}").content_type.partition(";")[0] for suffix in ("", ".json", ".xml")], ["application/json", "application/json", "application/xml"],
    )),
    ("SW-3", "messages are `<item>` elements in `<items>` under `<response>`", lambda at: (len(ET.fromstring(at().form("recived.xml").text).findall("items/item")), 4)),
    ("SW-4", "an unknown token is 1012, everything else that is wrong or missing 1001", lambda at: (
        [code(at().client.post("/messages/recived", headers={"Authorization": "Bearer x"})), code(at().form(password="x")), code(at().client.post("/messages/recived"))],
        [1012, 1001, 1001],
    )),
    ("SW-5", "nothing but the credentials is", lambda at: (at().ids(), PRINTED)),
    ("SW-6", "a `%2B` that is left, in JSON or after encoding twice, is no number", lambda at: (
        [code(at().form(phone=phone)) for phone in (JAN, " 48500600700", "%2B48500600700")], [None, None, 2001],
    )),
    ("SW-7", "a JSON array, `phone[0]=`, `phone[]=`, `phone=` more than once, or one text with commas", lambda at: (
        [at().ids(**{name: value}) for name, value in (("phone", [JAN, "+48600700800"]), ("phone[0]", JAN), ("phone[]", JAN), ("phone", f"{JAN},+48600700800"))]
        + [len(at().client.post("/messages/recived", json={**at().who, "phone": [JAN]}).json["items"])],
        [PRINTED] * 4 + [4],
    )),
    ("SW-8", "9 digits are a Polish number; other digits, 7 to 15 without a leading 0, are an international one, with or without its plus; anything else is 2001", lambda at: (
        [code(at().form(phone=phone)) for phone in ("500600700", "48500600700", "+48500600700", "123456", "0123456789")], [None, None, None, 2001, 2001],
    )),
    ("SW-9", "a date alone is the whole day; both ends belong to the interval, to the whole second; a start after the end finds nothing; anything else is 1006", lambda at: (
        [at(*NOON_AND_AFTER).ids(date_to="2026-05-01 12:00:00"), at(*NOON_AND_AFTER).ids(date_from="2026-05-01", date_to="2026-05-01"),
         at(*NOON_AND_AFTER).ids(date_from="2026-05-02", date_to="2026-05-01"), code(at().form(date_from="x"))],
        [[1, 2], [1, 2], [], 1006],
    )),
    ("SW-10", "one instant, when the message came in, for the interval and for the field", lambda at: (
        use(at().item(type="nd"), lambda item: at().ids(date_from=item["recived"], date_to=item["recived"])), [IDS["nd"]],
    )),
    ("SW-11", "Polish time, in parameters and answers", lambda at: (
        [at(stored(0, 1), variants={"serwersms.zone": zone}).item()["recived"] for zone in ("Europe/Warsaw", "UTC")], ["2026-05-01 12:00:00", "2026-05-01 10:00:00"],
    )),
    ("SW-12", "it marks: what this call returns is returned by no later call, with whatever parameters; false or none marks nothing", lambda at: (
        use(at(), lambda client: [client.ids(read="false"), client.ids(type="nd", read="true"), client.ids()]), [PRINTED, [IDS["nd"]], [IDS["eco"], IDS["ndi"], IDS["mms"]]],
    )),
    ("SW-13", "true and false are JSON's, or `true`, `false`, `1`, `0`, in any case; anything else is 1006", lambda at: (
        [code(at().form(read=value)) for value in ("TRUE", "0", "none", "", "null", "yes")], [None, None, None, None, None, 1006],
    )),
    ("SW-14", "the five, in small letters; left blank is all; anything else is 1006, `2way` too; or `2way` finds what `eco` does; or it finds nothing", lambda at: (
        [code(at().form(type="ECO")), code(at().form(type="2way")), at(variants={"serwersms.type_2way": "eco"}).ids(type="2way"), at(variants={"serwersms.type_2way": "empty"}).ids(type="2way"), at().ids(type="")],
        [1006, 1006, [IDS["eco"]], [], PRINTED],
    )),
    ("SW-15", "an empty list of `items`", lambda at: (at().form(type="pre").json, {"items": []})),
    ("SW-16", "only where `page` or `limit` was sent; an order other than `asc` and `desc` is 1006", lambda at: (
        [list(at().form().json), list(at().form(limit="9").json)] + [code(at().form(order=order)) for order in ("DESC", "random", "asc")], [["items"], ["paging", "items"], 1006, 1006, None],
    )),
    ("SW-17", "pages count from 1, and 0 is the first too; a page without a limit has 20; without either everything is returned", lambda at: (
        [len(at(*TWENTY).ids(page="0")), len(at(*TWENTY).ids(page="3")), len(at(*TWENTY).ids()), code(at().form(limit="0"))], [20, 5, 45, 1006],
    )),
    ("SW-18", "by type, as the parameter lists them, then by time; with `order` (`asc`, `desc`) by time alone", lambda at: (
        [at().ids(), at().ids(order="asc")], [PRINTED, [IDS["eco"], IDS["nd"], IDS["mms"], IDS["ndi"]]],
    )),
    ("SW-19", "an object `contact` at the end of the item, where the account has a contact with the sender's number; no key where it has none", lambda at: (
        [list(at(stored(0, 1), contacts=contacts).item(show_contact="true"))[-1] for contacts in ((), [contact(JAN, "Jan")])], ["text", "contact"],
    )),
    ("SW-20", "in eco items, between `recived` and `blacklist`; the others have no such key", lambda at: (
        [list(at().item(type="eco"))[3:6], "message_id" in at().item(type="nd")], [["recived", "message_id", "blacklist"], False],
    )),
    ("SW-21", "mms items only", lambda at: (["to_number" in at().item(type=kind) for kind in ("mms", "ndi", "nd", "eco")], [True, False, False, False])),
    ("SW-22", "`title` and `attachments` instead of `text`; each attachment has `id`, `name`, `content_type` and `data`", lambda at: (
        use(at().item(type="mms"), lambda item: ("text" in item, list(item["attachments"][0]))), (False, ["id", "name", "content_type", "data"]),
    )),
    ("SW-23", "numbers on the wire; unique within an account, in a sequence of its own for each type", lambda at: (at().ids(), PRINTED)),
    ("SW-24", "the fields that all types share, and `text`, as nd; its place is between ndi and mms", lambda at: (
        [each["type"] for each in at(*(stored(n, n + 1, kind) for n, kind in enumerate(("mms", "pre", "ndi")))).form().json["items"]], ["ndi", "pre", "mms"],
    )),
    ("SW-25", "only messages of the type ndi that came to this number; together with another type nothing", lambda at: (
        [at(stored(0, 1, "ndi", recipient="+48664078059"), stored(1, 2)).ids(ndi="+48664078059", **more) for more in ({}, {"type": "nd"})], [[1], []],
    )),
    ("SW-26", "the account's, looked up when the answer is written", lambda at: (
        [at(stored(0, 1), blacklist=numbers).item()["blacklist"] for numbers in ((), [JAN])], [False, True],
    )),
    ("SW-27", "UTF-8, on one line without spaces", lambda at: (
        ["ę" in at(variants={"serwersms.json": v}).form(type="ndi").text for v in ("raw", "ascii")] + ["\n" in at().form().text], [True, False, False],
    )),
    ("SW-28", "`application/json`; `application/xml; charset=UTF-8`", lambda at: (
        [at().form(f"recived{suffix}").headers["Content-Type"] for suffix in (".json", ".xml")], ["application/json", "application/xml; charset=UTF-8"],
    )),
    ("SW-29", "U+FFFD in their place, in XML only", lambda at: (
        ["\ufffd" in at(stored(0, 1, text="a\x07")).form(f"recived{suffix}").text for suffix in (".xml", ".json")], [True, False],
    )),
    ("SW-30", "`{\"error\":{\"code\":…,\"type\":…,\"message\":…}}` of the vendor's page on errors, at HTTP 200", lambda at: (
        use(at().form(type="x"), lambda answer: (answer.status_code, list(answer.json["error"]))), (200, ["code", "type", "message"]),
    )),
    ("SW-31", "English, each sentence at its own number", lambda at: (
        at().form(type="x").json["error"]["message"] == at(variants={"serwersms.errors.language": "pl"}).form(type="x").json["error"]["message"], False,
    )),
    ("SW-32", "GET with its parameters in the query string; a HEAD does what the GET would, marking included, and has no body; other methods are 405", lambda at: (
        [at().client.get("/messages/recived?username=Login&password=Haslo&type=nd").json["items"][0]["id"], at().client.put("/messages/recived").status_code,
         code(at().client.post("/messages/recived?username=Login&password=Haslo"))],
        [IDS["nd"], 405, 1001],
    )),
    ("SW-33", "1000 for every path that is none of the vendor's actions", lambda at: ([code(at().client.post(path, data=at().who)) for path in ("/messages/jump", "/messages/fly")], [1000, 1000])),
    ("SW-34", "the error of that code, without credentials, by POST and GET, at HTTP 200 in every variant; a code that the table does not have is 2002", lambda at: (
        [code(at().client.open(f"/error/{number}", method=method)) for method in ("GET", "POST") for number in (3331, 7)], [3331, 2002] * 2,
    )),
    ("SW-35", "JSON that is none, or no object, and multipart that is none are 1006; an empty body has no parameters", lambda at: (
        [code(at().client.post("/messages/recived", data=body, content_type="application/json")) for body in ("x", "[]", "")], [1006, 1006, 1001],
    )),
    ("SW-36", "lists, objects, fractions and truth where a text stands, and bytes that are not UTF-8, are 1006", lambda at: (
        [code(at().client.post("/messages/recived", json={**at().who, "order": value})) for value in (["asc"], {"a": 1}, 1.5, True, "asc")], [1006, 1006, 1006, 1006, None],
    )),
    ("SW-37", "whether the vendor has the action, the method, the body's form, the credentials, the parameters", lambda at: (
        [code(at().client.post(f"/messages/{action}", data={"username": "x"})) for action in ("fly", "send_sms", "recived")], [1000, 1001, 1001],
    )),
    ("SW-38", "an empty one is not there, whichever it is; the last of a name counts, but for `phone`; unknown ones", lambda at: (
        [at().ids(type="", system="x"), at().ids(type=["x", "nd"])], [PRINTED, [IDS["nd"]]],
    )),
    ("SW-39", '+48990000000 to +48990000009: 1010 "System temporarily unavailable", and nothing is marked as read', lambda at: (
        use(at(), lambda client: [code(client.form(phone=[JAN, number], read="true")) for number in ("+48990000000", "+48990000009")] + [client.ids()]), [1010, 1010, PRINTED],
    )),
    ("SW-39", '3330 "No messages" in place of an empty list', lambda at: (
        [code(at().form(phone="+48990000040")), code(at().form(phone=["+48990000040", JAN])), code(at(variants={"serwersms.magic": "off"}).form(phone="+48990000040"))], [3330, None, None],
    )),
    ("SW-40", "a rule is for one of the five types", lambda at: (
        [[len(targets(rule(service), kind=kind)) for kind in ("eco", "nd")] for service in ("eco", "nd")], [[1, 0], [0, 1]],
    )),
    ("SW-41", "hold for every message that comes in from then on, however it came", lambda at: ([targets(), targets(rule())], [[], [serwersms_forwarding.URL]])),
    ("SW-42", "any rule may say which number is hit, how the text begins (the title of an MMS, which has no text), or both; capitals or small letters make no difference; the first rule that fits counts", lambda at: (
        [targets(rule(url="http://a/1", prefix="x"), rule(url="http://a/2", prefix="serwer"), rule(url="http://a/3")), targets(rule("mms", "http://a/1", prefix="TEMAT"), kind="mms")],
        [["http://a/2"], ["http://a/1"]],
    )),
    ("SW-43", "POST for mms, GET for the others", lambda at: ([forwarded(kind).method for kind in ("mms", "eco", "nd", "ndi", "pre")], ["POST", "GET", "GET", "GET", "GET"])),
    ("SW-44", "What a message does not have is empty; what is no placeholder stays as it stands", lambda at: (
        [forwarded(url="http://a/?s=#SMSID#&t=#WIADOMOSC#").url, forwarded(url="http://a/?l=#LIMIT#&x=#X#").url], ["http://a/?s=&t=SerwerSMS.pl", "http://a/?l=&x=#X#"],
    )),
    ("SW-45", "a space is `%20`, or `+` as in a form", lambda at: (
        [forwarded(url="http://a/#WIADOMOSC#", changes={"text": "a b"}, encoding=v).url for v in ("percent", "form")], ["http://a/a%20b", "http://a/a+b"],
    )),
    ("SW-46", "`48500600700`, as his example is; or with its plus, encoded; or a Polish number as nine digits", lambda at: (
        [forwarded(url="http://a/#NUMER#", phone=v).url for v in ("digits", "plus", "nine")], ["http://a/48500600700", "http://a/%2B48500600700", "http://a/500600700"],
    )),
    ("SW-47", "when the message came in, in every repeat, in the form and in the zone of the answers (SW-11)", lambda at: (forwarded(url="http://a/#DATA#").url, "http://a/2026-06-01%2014%3A00%3A00")),
    ("SW-48", "a form with the fields of an item of the answers", lambda at: (
        list(parse_qs(forwarded("mms").body.decode()))[:6], ["id", "type", "phone", "recived", "to_number", "blacklist"],
    )),
    ("SW-48", "or the item in JSON", lambda at: (list(json.loads(forwarded("mms", mms="json").body))[:3], ["id", "type", "phone"])),
    ("SW-49", "the body is `OK`, two bytes and no more; or with white space around it; or in any case too", lambda at: (
        [[acknowledged(body, answer=v) for body in (b"OK", b" OK\n", b"ok")] for v in ("exact", "trimmed", "any-case")], [[True, False, False], [True, True, False], [True, True, True]],
    )),
    ("SW-50", "the status does not matter; or it is to be 200 to 299", lambda at: ([acknowledged(b"OK", 500, **{"serwersms.forwarding.status": v}) for v in ("any", "2xx")], [True, False])),
    ("SW-51", "which is off unless it says `true`: any answer is enough; where none came, because there was no connection, or it broke, or it took too long, the call is repeated; or never", lambda at: (
        [acknowledged(b"no", further={"verification": False}), *(len(repeats(DEAD, {"verification": False}, unverified=v)) for v in ("repeated", "once"))], [True, 5, 1],
    )),
    ("SW-52", "all after the first attempt, by the world's clock; five attempts at most", lambda at: ([repeats(WRONG, repeats=v) for v in ("offsets", "gaps")], [[0, 5, 10, 15, 60], [0, 5, 15, 30, 90]])),
    ("SW-53", "later there was no answer", lambda at: (len(repeats(serwersms_forwarding.LATE)), 5)),
    ("SW-54", "a redirect is an answer with a status and a body like any other", lambda at: ([acknowledged(body, 302) for body in (b"OK", b"")], [True, False])),
    ("SW-55", "forwarding marks nothing, and a message is read when `read=true` returns it; or what was acknowledged is read", lambda at: (
        [use(serwersms_forwarding.Sender(rule(), forwarded=v), lambda sender: after(sender.receive_inbound, lambda: sender.attempt(serwersms_forwarding.OK), sender.received)) for v in ("unread", "read")],
        [["1000000"], []],
    )),
    ("SW-56", "All are required, and one that is missing or blank is 2000; `phone` is one number (SW-7, SW-8), or it is 2001", lambda at: (
        [at().form("send_nd", phone=JAN, text="x").json, code(at().form("send_nd", phone=JAN)), code(at().form("send_nd", phone="x", text="x"))], [{"success": True}, 2000, 2001],
    )),
    ("SW-58", "`success` is true even where all are unsent", lambda at: (at().form("send_sms", phone="x", text="x").json, {"success": True, "queued": 0, "unsent": 1})),
    ("SW-59", "one that is sent and blank, or a text of nothing but spaces, is 3104 or 3101", lambda at: (
        [code(at().form("send_sms", **sent)) for sent in ({"phone": JAN}, {"text": "x"}, {"phone": "", "text": "x"}, {"phone": JAN, "text": " "})], [2000, 2000, 3104, 3101],
    )),
    ("SW-60", "the sender is one of the ready-made names", lambda at: ([code(at().form("send_sms", phone=JAN, text="x", sender=name)) for name in ("INFO", "Info", "")], [None, 3106, None])),
    ("SW-61", "160 characters of GSM 03.38 are one part, and 153 each part of more", lambda at: (
        [at().form("send_sms", phone=JAN, text="ł" * length, details="1").json["items"][0]["parts"] for length in (160, 161, 307)], [1, 2, 3],
    )),
    ("SW-62", "other characters or lengths are 3200, another count 3202, one twice in a request 3201", lambda at: (
        [code(at().form("send_sms", phone=f"{JAN},500600701", text="x", unique_id=name)) for name in ("a-b", "abc", "abc,abc", "abc,abd")], [3200, 3202, 3201, None],
    )),
    ("SW-63", "What is no number is unsent with 3103", lambda at: (at().form("send_sms", phone=f"{JAN},x,{JAN}", text="x").json, {"success": True, "queued": 1, "unsent": 1})),
    ("SW-64", "what cannot be read, or is more than 60 seconds in the past, is 3108", lambda at: (
        [code(at().form("send_sms", phone=JAN, text="x", date=f"2026-06-01 {clock}")) for clock in ("13:58:59", "13:59:00", "14:00:00", "soon")], [3108, None, None, 3108],
    )),
    ("SW-65", "with `test` the answer is the same, nothing is stored, nothing is used up and no `unique_id` is taken", lambda at: (
        use(at(), lambda client: [client.form("send_sms", phone=JAN, text="x", unique_id="abc", test=test).json for test in ("1", "1", "0")]), [{"success": True, "queued": 1, "unsent": 0}] * 3,
    )),
    ("SW-66", "a text of more than 160 characters is 3102", lambda at: ([code(at().form("send_voice", phone=JAN, text="x" * length)) for length in (160, 161)], [None, 3102])),
    ("SW-67", "A send that needs more is rejected as a whole", lambda at: (
        use(at(stored(0, 1), fields=freeze({"limits": {"eco": "2"}})), lambda client: [code(client.form("send_sms", phone=phones, text="x")) for phones in (f"{JAN},500600701,500600702", JAN, JAN, JAN)]),
        [3000, None, None, 3000],
    )),
    ("SW-57", "1006, invalid data format, for a form, a multipart body or a query string of more than 1,000 fields, empty ones included", lambda at: (
        [code(at().client.post("/messages/recived", data="&" * number, content_type="application/x-www-form-urlencoded")) for number in (999, 1_000)], [1001, 1006],
    )),
    ("SW-78", "at most 1,000, of which a larger `limit` makes 1,000, or is 3331", lambda at: (
        [serwersms(at, "groups/index", limit="1001")["paging"]["page"], serwersms(partial(at, variants={"serwersms.lists.limit": "rejected"}), "groups/index", limit="1001")], [1, 3331],
    )),
    ("SW-78", "An `id` that the account does not have, or that is none, is 1004; without one it is 2000", lambda at: (
        [serwersms(at, "groups/view", **parameters) for parameters in ({"id": "1"}, {"id": "x"}, {})], [1004, 1004, 2000],
    )),
    ("SW-79", "a number that is on the list is 4601; `delete` goes by the number, and one that is not on it is 4602; `check` answers `exists`", lambda at: (
        use(at(), lambda client: [serwersms(lambda: client, f"blacklist/{action}", phone="500600721") for action in ("delete", "add", "add", "check", "delete", "delete")])[::2],
        [4602, 4601, {"success": True}],
    )),
    ("SW-80", "several groups may have one name, of at most 100 characters, else 1006", lambda at: (
        use(at(), lambda client: [serwersms(lambda: client, "groups/add", name=name) for name in ("a", "a", "a" * 101)][1:]), [{"success": True, "id": 17293090}, 1006],
    )),
    ("SW-81", "an empty list; or `null` in JSON and an empty `response` in XML", lambda at: (
        [at(stored(0, 1), variants={"serwersms.groups.none": v}).client.post(f"/groups/index{suffix}", data=at().who).text[-11:] for v, suffix in (("list", ""), ("null", ""), ("null", ".xml"))],
        ['{"items":[]}'[-11:], "null", "<response/>"],
    )),
    ("SW-82", "groups that there are not are ignored", lambda at: (serwersms(at, "contacts/add", phone="500600700", group_id="123")["success"], True)),
    ("SW-82", "those without a number are counted as `failed`", lambda at: (
        serwersms(at, "contacts/import", group_name="a", contact='[{"phone":"500600700"},{}]')["failed"], 1,
    )),
    ("SW-83", "a name and a text, both required by `add`", lambda at: ([serwersms(at, "templates/add", **each) for each in ({"name": "a"}, {"text": "a"})], [2000, 2000])),
    ("SW-84", "one that ends with none of these is 4002, one that contains `missing` is 4001, and one that contains `too-large` is 4000", lambda at: (
        [serwersms(at, "files/add", type="mms", url=f"http://a.example/{name}") for name in ("a.exe", "missing.jpg", "too-large.jpg")], [4002, 4001, 4000],
    )),
    ("SW-84", "until then the file is listed with a size of 0", lambda at: (
        use(at(variants={"serwersms.files.url": "fetched"}), lambda client: [serwersms(lambda: client, "files/add", type="mms", url="http://127.0.0.1:9/a"), serwersms(lambda: client, "files/index")["items"][0]["size"]][1]), 0,
    )),
    ("SW-85", "another is 1004. Without one of the two it is 2000", lambda at: ([serwersms(at, "push/contact", api_hash="x", **more) for more in ({"user_id": "1"}, {})], [1004, 2000])),
    ("SW-68", "a message is `in_progress`, one second of the world's clock later `sent`, and four seconds after that `delivered`", lambda at: (
        [[reported(at, seconds, **variants)["status"] for seconds in (0, 1, 5)] for variants in ({}, {"serwersms.states": "instant"})], [["in_progress", "sent", "delivered"], ["delivered"] * 3],
    )),
    ("SW-69", "or `undelivered` (message_expired), `unsent` (other_error) after a second, or `never`: it stays `sent`", lambda at: (
        [[reported(at, 5, **{"serwersms.states.end": end})[name] for name in ("status", "reason")] for end in ("delivered", "undelivered", "unsent", "never")],
        [["delivered", None], ["undelivered", "message_expired"], ["unsent", "other_error"], ["sent", None]],
    )),
    ("SW-70", "when the message has come to its last state", lambda at: (
        [reported_to("http://a/?#STAN#", **{"serwersms.dlr.states": states}) for states in ("last", "every")], [["http://a/?DELIVRD"], ["http://a/?DELIVRD"] * 2],
    )),
    ("SW-71", "DELIVRD for `delivered`", lambda at: (
        [reported_to("http://a/?#STAN#", **{"serwersms.dlr.words": words}) for words in ("smpp", "api")], [["http://a/?DELIVRD"], ["http://a/?delivered"]],
    )),
    ("SW-72", "it is `eco` with that message's id", lambda at: (use(at(stored(0, 1)), names_its_message), True)),
    ("SW-73", "`pending` is `sent`", lambda at: (
        [[bool(reported(at, seconds, status="pending", **{"serwersms.pending": pending})) for seconds in (0, 1, 5)] for pending in ("sent", "not-final")], [[False, True, False], [True, True, False]],
    )),
    ("SW-74", "`sent` and `delivered` (null before; of a message of a world file that does not say them, 1 and 5 seconds after the request), `sender` (empty for ECO+)", lambda at: ([reported(at, 0)[name] for name in ("sent", "delivered", "sender", "method", "reason")], [None, None, "", "HTTPS API", None])),
    ("SW-75", "Without either it is 2000, for a message that the account does not have 1004", lambda at: ([serwersms(at, "messages/view", **sent) for sent in ({}, {"id": "x"})], [2000, 1004])),
    ("SW-76", "`correct` counts them, and `failed` the identifiers without one; `success` is true where one was deleted", lambda at: (serwersms(at, "messages/delete", id="x,y"), {"success": False, "correct": 0, "failed": 2})),
    ("SW-77", "one item for each send request", lambda at: (
        use(at(stored(0, 1)), lambda client: [client.form("send_sms", phone=JAN, text="x") and len(client.client.post("/stats/index", data=client.who).json["items"]) for _ in "ab"]), [1, 2],
    )),
    ("SW-86", 'Anything else is `{"correct":false}` and no error; without `phone` it is 2000', lambda at: (
        [serwersms(at, "phones/test", **phone) for phone in ({"phone": "500600700"}, {"phone": "x"}, {})], [{"correct": True}, {"correct": False}, 2000],
    )),
    ("SW-87", "Any other, and what is no number, is `ERR`, and no error.", lambda at: (
        [serwersms(at, "phones/check", phone=phone)["status"] for phone in ("500600700", "221234567", "x")], ["OK", "ERR", "ERR"],
    )),
    ("SW-88", 'several numbers are a question with an id of 10 hexadecimal digits, which is `{"status":"pending","process":0,"id":…}`', lambda at: (
        use(serwersms(at, "phones/check", phone="500600700,x"), lambda asked: [asked["status"], asked["process"], bool(re.fullmatch("[0-9a-f]{10}", asked["id"]))]), ["pending", 0, True],
    )),
    ("SW-88", "an unknown one is 4106; where one is sent, `phone` is not read", lambda at: (serwersms(at, "phones/check", phone="500600700", id="x"), 4106)),
    ("SW-89", "what is no http or https URL of at most 1,024 characters is 1006", lambda at: (serwersms(at, "phones/check", phone="500600700", url="x"), 1006)),
    ("SW-90", "without `description` and `url`", lambda at: (
        [list(serwersms(at, f"phones/{action}", phone="500600700"))[-1] for action in ("check", "lookup")], ["description", "network_ported"],
    )),
    ("SW-91", "an `email` without a name, an @ and a host 4308, a `company` without a letter or digit 4311", lambda at: (
        [serwersms(at, "account/add", phone=JAN, email=email, first_name="J", last_name="K", company="-") for email in ("a@b", "a@b.pl")], [4308, 4311],
    )),
    ("SW-92", "these, with made-up values, under `serwersms.example`", lambda at: (serwersms(at, "account/help")["email"], "pomoc@serwersms.example")),
    ("SW-93", "`view` of another's is 1004, `limit` and `delete` of one are `{\"success\":false}`", lambda at: (
        [serwersms(at, f"subaccounts/{action}", id="7", type="eco", value="1") for action in ("view", "limit", "delete")], [1004, {"success": False}, {"success": False}],
    )),
    ("SW-94", "an unknown id is 1004, in JSON or XML", lambda at: (serwersms(at, "payments/invoice", id="7"), 1004)),
    ("SW-95", "anything else is 4201, and a missing parameter 2000", lambda at: (
        [serwersms(at, "premium/send", phone=JAN, gate="71200", id="7", text=text) for text in ("x", "")], [4201, 2000],
    )),
    ("SW-96", "an unknown id is 1004", lambda at: (serwersms(at, "quiz/view", id="123"), 1004)),
    ("SW-97", "the entries of the account's collection `rcs_bots`, the newest first", lambda at: ([bot["name"] for bot in serwersms(at, "templates/rcs")["items"]], ["Bot testowy"])),
    ("SW-98", "These come by a fault alone: 1002, 1003", lambda at: ([each.code for each in BY_FAULT][:2], [1002, 1003])),
]  # fmt: skip


def reported(at: Any, seconds: int, status: str = "", **variants: str) -> Any:
    """What a report says of a message so many seconds after it was sent; nothing where it has none."""
    client = at(stored(0, 1), variants=variants)
    client.form("send_sms", phone=JAN, text="x")
    client.world.advance(client.world.now() + seconds * SECOND)
    items = client.client.post("/messages/reports", data={**client.who, "status": status}).json["items"]
    return items[0] if items else None


def reported_to(url: str, **variants: str) -> list[str]:
    """The URLs that are called about a message that is delivered."""
    api = open_world(**variants)
    api.form("messages/send_sms", phone=JAN, text="x", dlr_url=url)
    api.world.advance(api.world.now() + 5 * SECOND)
    return calls(api)


def names_its_message(client: Any) -> bool:
    """Whether an answer to the latest message names it."""
    sent = client.form("send_sms", phone=JAN, text="x", details="1").json["items"][0]["id"]
    client.world.receive_inbound("serwersms", {"sender": JAN, "text": "yes"})
    items = client.client.post("/messages/recived", data={**client.who, "type": "eco"}).json["items"]
    return bool(items[-1]["message_id"] == sent)


def serwersms(at: Any, action: str, **parameters: Any) -> Any:
    """What the account of the printed sample is answered, or the code of its error."""
    client = at()
    answer = client.client.post(f"/{action}", data={**client.who, **parameters}).json
    return answer["error"]["code"] if "error" in answer else answer


@pytest.fixture
def serwersms_at(open_registry):
    """A client of SerwerSMS in the shipped world, or with these messages and an account of its own, with some variants."""

    def at(
        *messages: Message, variants: Mapping[str, str] = {}, contacts: Any = (), blacklist: Any = (), **facts: Any
    ) -> Any:
        if not messages:
            return SerwerSMS(open_registry(variants=variants))
        account = Account("serwersms/own", "serwersms", "own", (Login("Login", "Haslo"),), **facts)
        entries = kept(account.key, contacts, blacklist)
        return SerwerSMS(open_registry(Fixture((account,), Segment(messages), entries=entries), variants=variants))

    return at


@pytest.mark.parametrize(
    ("number", "words", "observe"), SERWERSMS, ids=[f"{n}-{words[:40]}" for n, words, _ in SERWERSMS]
)
def test_what_an_entry_of_serwersms_says_is_so(serwersms_at, number, words, observe):
    assert words in TEXT[number]
    observed, expected = observe(serwersms_at)
    assert observed == expected


@pytest.mark.parametrize("number", [number for provider in PROVIDERS for number in _numbers(provider)])
def test_every_entry_has_a_claim_that_is_run(number: str) -> None:
    assert number in {claimed for claimed, _, _ in (*DIALOGTECH, *MGAGE, *SERWERSMS)}
