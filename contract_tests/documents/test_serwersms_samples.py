"""SerwerSMS's printed sample, requested over a socket and compared by values, types and order; and the JSON schemas."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from io import BytesIO
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from wave import open as open_wave

import pytest
from jsonschema import Draft202012Validator
from lxml import etree

from mockserver.engine.instants import EARLIEST, LATEST
from mockserver.engine.messages import account_key
from mockserver.providers.serwersms.parameters import CREDENTIALS, RECIVED

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "fixtures" / "documents" / "serwersms" / "recived.json"
SCHEMAS = ROOT / "fixtures" / "schemas" / "serwersms"
PAGE = (Path(__file__).parent / "pages" / "004.txt").read_text()
WHO = {"username": "Login", "password": "Haslo"}  # 004
DEMO = {"username": "demo", "password": "demo"}


def validator(name):
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def section(after, before):
    return PAGE.split(after)[1].split(before)[0]


@pytest.fixture(scope="module")
def printed():
    return SAMPLE.read_text()


@pytest.fixture
def demo(client):
    """Every message of the demo account, with its contacts."""
    return client.post("/messages/recived", data={**DEMO, "show_contact": "true"}).json


def test_the_sample_is_byte_for_byte_what_004_prints(printed):
    assert printed in PAGE
    assert json.loads(printed)["items"][-1]["attachments"][-1]["id"] == 2518


@pytest.mark.parametrize("action", ["recived", "recived.json", "received", "received.json"])
def test_the_printed_answer_comes_with_its_values_its_types_and_its_order(base_url, printed, action):
    request = Request(f"{base_url}/messages/{action}", urlencode(WHO).encode())

    with urlopen(request, timeout=30) as response:
        body = response.read().decode()

    # Written alike, they are alike to the order of keys, and a number is no text of digits.
    expected = printed.replace('"recived"', '"received"') if "received" in action else printed  # SW-1
    assert json.dumps(json.loads(body)) == json.dumps(json.loads(expected))


def test_the_answer_is_the_sample_without_its_line_ends(client, printed):
    assert client.post("/messages/recived", data=WHO).text == re.sub(r"\n", "", printed)


@pytest.mark.parametrize("host", ["api2.serwersms.pl", "s1api2.serwersms.pl"])
def test_the_sample_comes_under_the_providers_own_names_too(client, printed, host):
    response = client.post("/messages/recived.json", data=WHO, base_url=f"https://{host}")

    assert (response.status_code, response.json) == (200, json.loads(printed))


def test_the_printed_attachment_is_text_in_base64(client):
    (mms,) = client.post("/messages/recived", data={**WHO, "type": "mms"}).json["items"]

    assert b64decode(mms["attachments"][0]["data"], validate=True) == b"Jakas tam jeszcze wiadaomosc"


def test_the_printed_examples_of_the_parameters_find_the_printed_messages(client):
    rows = {"phone": "+48500600700", "date_to": "2014-10-24 17:46:00", "ndi": "+48500600700"}

    found = {
        name: [item["type"] for item in client.post("/messages/recived", data={**WHO, name: value}).json["items"]]
        for name, value in rows.items()
    }

    assert found == {"phone": ["eco", "nd", "ndi", "mms"], "date_to": ["eco", "nd", "ndi", "mms"], "ndi": ["ndi"]}


def test_the_sample_as_xml_says_the_same(client, printed):
    response = etree.fromstring(client.post("/messages/recived.xml", data=WHO).data)

    expected = [
        (name, value if isinstance(value, str) else json.dumps(value))
        for item in json.loads(printed)["items"]
        for name, value in item.items()
        if name != "attachments"
    ]
    assert [
        (field.tag, field.text) for item in response.iter("item") for field in item if field.tag != "attachments"
    ] == expected


# -- schemas and tables --------------------------------------------------------------------------------------------


def test_the_printed_sample_obeys_the_schema(printed):
    assert [] == [*validator("recived").iter_errors(json.loads(printed))]


def test_every_answer_of_the_demo_obeys_the_schema(demo):
    assert [] == [*validator("recived").iter_errors(demo)]


def test_the_schema_has_no_field_that_neither_the_printed_table_nor_a_client_of_the_vendor_names():
    rows = section("Explanation of individual parameters feedback", "Forwarding of incoming messages")
    named = set(re.findall(r"^([a-z_]+) \|", rows, re.MULTILINE))
    definitions = validator("recived").schema["$defs"]
    fields = {name for kind in ("item", "eco", "other", "mms") for name in definitions[kind]["properties"]}

    assert len(named) == 10
    assert (fields - named, named - fields) == ({"contact"}, set())  # SW-19


def test_the_rows_of_the_parameter_table_are_the_providers():
    rows = section("Available parameters", "The parameters in bold")
    named = re.findall(r"^([a-z_ ]+) \| (?:String|DateTime|Boolean)", rows, re.MULTILINE)

    # The clients of the vendor know three more (SW-16).
    assert [*" ".join(named).replace(" oraz ", " ").split(), "page", "limit", "order"] == [
        *(row.name for row in (*CREDENTIALS, *RECIVED)),
    ]


@pytest.mark.parametrize("field", ["surprise", "received", "message_id"])
def test_the_schema_is_strict_about_fields_that_are_not_printed(printed, field):
    response = json.loads(printed)
    response["items"][1][field] = "x"

    assert not validator("recived").is_valid(response)


def test_the_schema_wants_every_printed_field(printed):
    for index, item in enumerate(json.loads(printed)["items"]):
        for field in item:
            response = json.loads(printed)
            del response["items"][index][field]
            assert not validator("recived").is_valid(response), (index, field)


def test_an_error_obeys_its_schema(client):
    assert [] == [*validator("error").iter_errors(client.post("/messages/recived").json)]


# -- the demo account ----------------------------------------------------------------------------------------------


def test_the_demo_has_messages_of_every_type_with_exactly_their_fields(demo):
    shapes = {(item["type"], *(name for name in item if name != "contact")) for item in demo["items"]}

    start = ("id", "type", "phone", "recived")
    assert {shape[1:] for shape in shapes if shape[0] == "eco"} == {(*start, "message_id", "blacklist", "text")}
    assert {shape[1:] for shape in shapes if shape[0] == "mms"} == {
        (*start, "to_number", "blacklist", "title", "attachments")
    }
    assert {shape for shape in shapes if shape[0] not in ("eco", "mms")} == {
        (kind, *start, "blacklist", "text") for kind in ("nd", "ndi", "pre")
    }


def test_the_demo_has_contacts_unknown_senders_and_blacklisted_numbers(demo):
    found = {
        (item["blacklist"], bool(item.get("contact", {}).get("email")), "contact" in item) for item in demo["items"]
    }

    assert {(False, False, False), (False, True, True), (False, False, True), (True, False, False)} <= found


def test_the_demo_has_read_messages_that_the_api_no_longer_returns(registry, demo):
    state = registry.default.state
    own = state.message_store.page(account_key("serwersms/demo", "inbound"), EARLIEST, LATEST)
    read = {message.id for message in own if message.serial in state.read}

    assert len(read) + len(demo["items"]) == len(own)
    assert read.isdisjoint(str(item["id"]) for item in demo["items"])
    assert len(read) > 20


def test_the_attachments_of_the_demo_are_files_of_their_kind(demo):
    files = {
        (part["content_type"], b64decode(part["data"], validate=True))
        for item in demo["items"]
        for part in item.get("attachments", ())
    }
    kinds = {kind for kind, _ in files}

    assert kinds == {"image/png", "image/gif", "text/plain", "text/x-vcard", "audio/x-wav"}
    for kind, content in files:
        if kind == "image/png":
            assert content[:16] == b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
            assert content[-12:] == b"\0\0\0\0IEND\xaeB`\x82"
        elif kind == "image/gif":
            assert (content[:6], content[-1:]) == (b"GIF89a", b"\x3b")
        elif kind == "audio/x-wav":
            with open_wave(BytesIO(content)) as wave:
                assert (wave.getnframes(), wave.getframerate()) == (200, 8000)
        else:
            content.decode()


def test_the_demo_opens_to_its_token_too(client, demo):
    response = client.post(
        "/messages/recived",
        json={"show_contact": True},
        headers={"Authorization": "Bearer 0123456789abcdef0123456789abcdef"},
    )

    assert response.json == demo
