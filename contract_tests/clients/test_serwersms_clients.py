"""SerwerSMS through the vendor's own clients, curl, requests and httpx, unmodified but for the URL."""

from __future__ import annotations

import json
import shlex
import sys
import xml.etree.ElementTree as ET
from functools import partial
from pathlib import Path
from xml.dom import minidom

import httpx
import pytest
import requests

from contract_tests.serwersms_entries import contact, kept
from mockserver.app import build_service
from mockserver.engine.accounts import Account, Login
from mockserver.engine.instants import parse_instant
from mockserver.engine.messages import Attachment, Message
from mockserver.engine.segments import Segment
from mockserver.engine.state import Fixture
from mockserver.providers.serwersms import SERWERSMS
from mockserver.sdk.examples import format_example
from mockserver.server import MockServer

HERE = Path(__file__).parent
TOKEN = "fedcba9876543210fedcba9876543210"
WHO = {"username": "Login", "password": "Haslo"}
JAN, OLA = "+48500600700", "+48600700800"
# It asks for Python 3.12, but what it is made of runs on 3.11.
NEWEST = ("serwersmsv2api==2.0.0", "--ignore-requires-python")
OLDEST = ("serwersmsv2api==0.0.2",)
versions = pytest.mark.parametrize("version", [OLDEST, NEWEST], ids=["0.0.2", "2.0.0"])


def message(serial, number, kind, sender, at, **fields):
    recipient = fields.pop("recipient", "")
    return Message(
        serial,
        "serwersms/own",
        number,
        "inbound",
        sender,
        recipient,
        parse_instant(at),
        fields.pop("text", ""),
        kind,
        **fields,
    )


MESSAGES = (
    message(0, "2477793", "eco", JAN, "2026-05-01T09:18:03Z", text="Przyjadę o 16 👍", reference="eba39e4fe1"),
    message(1, "303023", "nd", OLA, "2026-05-01T10:37:43Z", text='<SerwerSMS.pl> & "co"'),
    message(2, "2204974", "ndi", JAN, "2026-05-01T14:47:36Z", text="Dziękuję za informację", recipient="+48664000001"),
    message(3, "2204975", "ndi", OLA, "2026-05-01T14:47:37Z", text="", recipient="+48664000002"),
    message(4, "1202706", "pre", JAN, "2026-05-01T15:00:00Z", text="GLOS 1", recipient="71200"),
    message(
        5,
        "323961872",
        "mms",
        JAN,
        "2026-05-01T12:09:15Z",
        recipient="+48664078059",
        title="Temat MMS",
        attachments=(Attachment(2518, "text_0002.txt", "text/plain", b"Jakas tam jeszcze wiadaomosc"),),
    ),
)


def item(number, kind, phone, recived, /, **rest):
    return {"id": number, "type": kind, "phone": phone, "recived": recived, **rest}


ECO = item(
    2477793, "eco", JAN, "2026-05-01 11:18:03", message_id="eba39e4fe1", blacklist=False, text="Przyjadę o 16 👍"
)
ND = item(303023, "nd", OLA, "2026-05-01 12:37:43", blacklist=True, text='<SerwerSMS.pl> & "co"')
NDI = item(2204974, "ndi", JAN, "2026-05-01 16:47:36", blacklist=False, text="Dziękuję za informację")
EMPTY = item(2204975, "ndi", OLA, "2026-05-01 16:47:37", blacklist=True, text="")
PRE = item(1202706, "pre", JAN, "2026-05-01 17:00:00", blacklist=False, text="GLOS 1")
MMS = item(
    323961872,
    "mms",
    JAN,
    "2026-05-01 14:09:15",
    to_number="+48664078059",
    blacklist=False,
    title="Temat MMS",
    attachments=[
        {
            "id": 2518,
            "name": "text_0002.txt",
            "content_type": "text/plain",
            "data": "SmFrYXMgdGFtIGplc3pjemUgd2lhZGFvbW9zYw==",
        }
    ],
)
CONTACT = {
    "first_name": "Jan",
    "last_name": "Kowalski",
    "company": "",
    "phone": JAN,
    "email": "",
    "tax_id": "",
    "city": "Łódź",
    "address": "",
    "description": "",
}
NO_USER = {"error": {"code": 1001, "type": "InvalidUser", "message": "Incorrect login or password"}}
NO_TOKEN = {"error": {"code": 1012, "type": "InvalidToken", "message": "Invalid API token"}}
NO_SENDER = {"error": {"code": 3106, "type": "SendError", "message": "You can not use the name of the sender"}}
BAD_DATA = {"error": {"code": 1006, "type": "InvalidData", "message": "Invalid data format"}}


@pytest.fixture
def own(open_registry):
    """A server with one account that holds a message of every type."""
    account = Account(
        "serwersms/own",
        "serwersms",
        "own",
        (Login("Login", "Haslo"), Login(TOKEN)),
    )
    entries = kept(account.key, [contact(JAN, "Jan", "Kowalski", city="Łódź")], [OLA])
    return open_registry(Fixture((account,), Segment(MESSAGES), entries=entries))


@pytest.fixture
def url(own):
    with MockServer(build_service(registry=own)) as server:
        yield server.url


def renamed(messages):
    """Messages as the newer address gives them."""
    return [{("received" if name == "recived" else name): value for name, value in row.items()} for row in messages]


def items_of(version, messages):
    """Messages as a version of the vendor's Python client gets them: the newest asks the newer address."""
    return renamed(messages) if version is NEWEST else messages


def same(text, expected):
    """Compare two responses by their serialized text, so that the order of keys and the types of numbers count."""
    assert json.dumps(json.loads(text)) == json.dumps(expected)


# -- the vendor's clients for Python -------------------------------------------------------------------------------

PROGRAM = """
import json, sys
from serwersms import SerwerSMS

url, token, calls = sys.argv[1:]
api = SerwerSMS(token)
api.api_url = url + "/"
print(json.dumps([getattr(getattr(api, part), method)(*arguments) for part, method, arguments in json.loads(calls)]))
"""


@pytest.fixture
def python_client(run, from_pypi, url):
    """What methods of a version of the vendor's Python client return, each called with its arguments."""

    def call(version, *calls, token=TOKEN):
        folder = from_pypi(*version)
        program = (sys.executable, "-W", "ignore::DeprecationWarning", "-c", PROGRAM)
        return json.loads(run(*program, url, token, json.dumps(calls), env={"PYTHONPATH": str(folder)}))

    return call


@versions
def test_the_vendors_python_client_gets_each_type_whole(python_client, version):
    kinds = ("eco", "nd", "ndi", "pre", "mms", "")

    responses = python_client(version, *(("message", "recived", (kind, {})) for kind in kinds))

    for response, items in zip(
        responses, ([ECO], [ND], [NDI, EMPTY], [PRE], [MMS], [ECO, ND, NDI, EMPTY, PRE, MMS]), strict=True
    ):
        same(response, {"items": items_of(version, items)})


@versions
def test_the_vendors_python_client_filters_and_turns_pages(python_client, version):
    by_phone, by_ndi, by_date, page, contact = python_client(
        version,
        ("message", "recived", ("", {"phone": "500600700", "order": "desc", "page": 1, "limit": 2})),
        ("message", "recived", ("ndi", {"ndi": "+48664000002"})),
        ("message", "recived", ("", {"date_from": "2026-05-01 16:00:00", "date_to": "2026-05-01 16:47:36"})),
        ("message", "recived", ("", {"page": 2, "limit": 4})),
        ("message", "recived", ("eco", {"show_contact": True, "phone": [JAN, OLA]})),
    )

    items = partial(items_of, version)
    same(by_phone, {"paging": {"page": 1, "count": 2}, "items": items([PRE, NDI])})
    same(by_ndi, {"items": items([EMPTY])})
    same(by_date, {"items": items([NDI])})
    same(page, {"paging": {"page": 2, "count": 2}, "items": items([PRE, MMS])})
    same(contact, {"items": items([{**ECO, "contact": CONTACT}])})


@versions
def test_the_vendors_python_client_marks_as_read(python_client, version):
    marked, left, rest = python_client(
        version,
        ("message", "recived", ("ndi", {"read": True})),
        ("message", "recived", ("ndi", {})),
        ("message", "recived", ("", {"read": "false"})),
    )

    items = partial(items_of, version)
    same(marked, {"items": items([NDI, EMPTY])})
    same(left, {"items": []})
    same(rest, {"items": items([ECO, ND, PRE, MMS])})


def test_the_vendors_newest_python_client_asks_by_the_newer_name(python_client, own):
    (response,) = python_client(NEWEST, ("message", "received", ("eco", {})))

    same(response, {"items": renamed([ECO])})
    assert [exchange.target for exchange in own.default.journal.since(0)] == ["/messages/received.json"]


@versions
def test_the_vendors_python_client_hands_errors_to_its_caller(python_client, version):
    bad_type, shown, unsent = python_client(
        version,
        ("message", "recived", ("2way", {})),
        ("error", "view", (1001,)),
        ("message", "send_sms", ("500600700", "Cześć", "Bank", {"test": True})),
    )
    (stranger,) = python_client(version, ("message", "recived", ("", {})), token="unknown")

    same(bad_type, BAD_DATA)
    same(shown, NO_USER)
    same(unsent, NO_SENDER)
    same(stranger, NO_TOKEN)


# -- the vendor's client for Node ----------------------------------------------------------------------------------


@pytest.fixture
def node_client(run, from_npm, url):
    """What the vendor's client for Node passes to its callback. Its package does not declare `request`, which it needs."""
    modules = from_npm("serwersms.pl@1.0.8", "request@2.88.2")

    def call(*calls, password="Haslo"):
        program = ("node", "--no-deprecation", str(HERE / "node" / "serwersms_call.js"))
        return json.loads(run(*program, str(modules), url, "Login", password, json.dumps(calls)))

    return call


def test_the_vendors_node_client_gets_each_type_whole(node_client):
    kinds = ("eco", "nd", "ndi", "pre", "mms", "")

    responses = node_client(*({"type": kind} for kind in kinds))

    for response, items in zip(
        responses, ([ECO], [ND], [NDI, EMPTY], [PRE], [MMS], [ECO, ND, NDI, EMPTY, PRE, MMS]), strict=True
    ):
        same(response, {"items": items})


def test_the_vendors_node_client_sends_arrays_booleans_and_nulls_as_a_form(node_client, own):
    several, page = node_client(
        {"type": "ndi", "phone": [JAN, "600700800"], "read": False, "show_contact": True, "ndi": None},
        {"page": 2, "limit": 4, "order": "desc"},
    )

    same(several, {"items": [{**NDI, "contact": CONTACT}, EMPTY]})
    same(page, {"paging": {"page": 2, "count": 2}, "items": [ND, ECO]})
    bodies = {exchange.body for exchange in own.default.journal.since(0)}
    assert (
        b"type=ndi&phone%5B0%5D=%2B48500600700&phone%5B1%5D=600700800&read=false&show_contact=true&ndi="
        b"&username=Login&password=Haslo&system=client_nodejs"
    ) in bodies


def test_the_vendors_node_client_marks_as_read(node_client):
    (marked,) = node_client({"type": "nd", "read": True})
    left, wrong = node_client({"type": "nd"}, {"type": "all"})

    same(marked, {"items": [ND]})
    same(left, {"items": []})
    same(wrong, BAD_DATA)


def test_the_vendors_node_client_is_rejected_with_a_wrong_password(node_client):
    (response,) = node_client({}, password="wrong")

    same(response, NO_USER)


# -- curl, requests, httpx -----------------------------------------------------------------------------------------


def test_curl_gets_what_the_providers_example_asks_for(run, server):
    sample = HERE.parents[1] / "fixtures" / "documents" / "serwersms" / "recived.json"

    accounts = server.service.registry.default.state.accounts.values()
    example = format_example(SERWERSMS, accounts, server.url)
    response = run(*shlex.split(example), "-sS")

    same(response, json.loads(sample.read_text()))


def test_curl_sends_what_the_vendors_shell_client_sends(run, url):
    # Nothing but a text is encoded by it, so that a plus arrives as a space; and the body ends with an ampersand.
    body = f"type=eco&phone={JAN}&username=Login&password=Haslo&system=client_bash&"

    same(run("curl", "-sS", "-d", body, f"{url}/messages/recived"), {"items": [ECO]})


def test_curl_sends_json_and_a_token(run, url):
    response = run(
        *("curl", "-sS", "-H", "Content-Type: application/json", "-H", f"Authorization: Bearer {TOKEN}"),
        *("--data-binary", '{"type":"mms","read":null}', f"{url}/messages/received.json"),
    )

    same(response, {"items": renamed([MMS])})


def test_curl_sends_a_multipart_form(run, url):
    fields = ("-F", "username=Login", "-F", "password=Haslo", "-F", "phone[]=600700800", "-F", "type=nd")

    same(run("curl", "-sS", *fields, f"{url}/messages/recived"), {"items": [ND]})


def test_curl_asks_with_a_get_as_some_do(run, url):
    query = "username=Login&password=Haslo&type=pre"

    same(run("curl", "-sS", f"{url}/messages/recived?{query}"), {"items": [PRE]})


@pytest.mark.parametrize("client", [requests, httpx], ids=lambda client: client.__name__)
def test_requests_and_httpx_send_forms_and_json_and_get_the_same(client, url):
    address = f"{url}/messages/recived"
    form = client.post(address, data={**WHO, "phone": [JAN, OLA], "read": "false"}, timeout=30)
    body = client.post(address, json={**WHO, "phone": [JAN, OLA], "read": False}, timeout=30)
    token = client.post(address, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30)
    query = client.get(address, params=WHO, timeout=30)

    expected = {"items": [ECO, ND, NDI, EMPTY, PRE, MMS]}
    for response in (form, body, token, query):
        assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
        same(response.text, expected)
        assert response.json() == expected


# What python's urlencode and PHP's http_build_query make of true, false and a list.
@pytest.mark.parametrize("true", [True, "true", "1", 1])
def test_requests_marks_as_read_whatever_it_makes_of_a_boolean(true, url):
    def ask(**values):
        return requests.post(f"{url}/messages/recived", data={**WHO, "type": "nd", **values}, timeout=30).json()

    assert ask(read=true) == {"items": [ND]}
    assert ask(read=None) == {"items": []}


# -- parsers of XML, as the vendor's clients for Java, C# and PHP have them ------------------------------------------


def test_a_dom_finds_messages_as_items_and_their_fields_by_name(url):
    text = requests.post(f"{url}/messages/recived.xml", data=WHO, timeout=30).content

    items = minidom.parseString(text).getElementsByTagName("item")

    assert [
        tuple(item.getElementsByTagName(name)[0].firstChild.data for name in ("id", "type", "phone")) for item in items
    ] == [(str(item["id"]), item["type"], item["phone"]) for item in (ECO, ND, NDI, EMPTY, PRE, MMS)]


def test_a_tree_finds_texts_and_attachments(url):
    root = ET.fromstring(requests.post(f"{url}/messages/recived.xml", data=WHO, timeout=30).content)

    assert [item.findtext("text") for item in root.find("items")] == [
        "Przyjadę o 16 👍",
        '<SerwerSMS.pl> & "co"',
        "Dziękuję za informację",
        "",
        "GLOS 1",
        None,
    ]
    assert [element.text for element in root.find("items/item/attachments/attachment")] == [
        "2518",
        "text_0002.txt",
        "text/plain",
        "SmFrYXMgdGFtIGplc3pjemUgd2lhZGFvbW9zYw==",
    ]


def test_a_tree_finds_an_errors_parts_under_the_root(url):
    root = ET.fromstring(requests.post(f"{url}/messages/recived.xml", data={"username": "x"}, timeout=30).content)

    assert [(part.tag, part.text) for part in root] == [
        ("code", "1001"),
        ("type", "InvalidUser"),
        ("message", "Incorrect login or password"),
    ]
