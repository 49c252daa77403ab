"""Unmodified DialogTech clients: what they send, what they get, and what they make of it."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import httpx
import pytest
import requests

from mockserver.app import build_service
from mockserver.engine.accounts import Account, Login, Number
from mockserver.engine.instants import LATEST, parse_instant
from mockserver.engine.messages import Message, account_key
from mockserver.engine.segments import Segment
from mockserver.engine.state import Fixture
from mockserver.server import MockServer

HERE = Path(__file__).parent
DOCUMENTS = HERE.parents[1] / "fixtures" / "documents" / "dialogtech"
HOST = "https://secure.dialogtech.com"

IFBYPHONE = "Ifbyphone-API-Module==0.0.5"
XML2JS = "xml2js@0.6.2"
FAST_XML_PARSER = "fast-xml-parser@5.12.1"


def printed(name):
    return (DOCUMENTS / name).read_text()


def closed(sample):
    """000's sample with the end tag that it lacks (DT-2)."""
    return sample.replace("    </messages>", "        </outbound>\n    </messages>")


def stored(registry):
    """The sent messages of the documents' account, as recipient, sender and text."""
    sent = registry.default.state.message_store.page(
        account_key("dialogtech/documents"), parse_instant("2018-01-01T00:00Z"), LATEST
    )
    return [(message.recipient, message.sender, message.text) for message in sent]


# -- the programs of the documents ---------------------------------------------------------------------------------


@pytest.fixture
def printed_program(tmp_path):
    """A printed PHP program in which only the base URL is changed."""

    def written(name, base_url):
        program = printed(name)
        assert program.count(HOST) == 1
        ours = program.replace(HOST, base_url)
        assert ours.split(base_url) == program.split(HOST)
        file = tmp_path / name
        file.write_text(ours)
        return str(file)

    return written


def test_the_php_program_of_001_sends_its_message(run, printed_program, base_url):
    assert run("php", printed_program("send_message.php", base_url)) == printed("send_message.xml")


def test_the_message_of_the_php_program_of_001_is_stored_as_its_comment_says(run, printed_program, server, registry):
    run("php", printed_program("send_message.php", server.url))
    assert stored(registry) == [("5556667777", "5554332111", "Thank you for calling.")]


def test_the_php_program_of_000_gets_the_printed_messages(run, printed_program, open_registry):
    """In the printed variant, which differs in one line."""
    registry = open_registry(variants={"dialogtech.get_messages.dtd": "printed"})
    with MockServer(build_service(registry=registry)) as server:
        output = run("php", printed_program("get_messages.php", server.url))
    assert output == closed(printed("get_messages.xml"))


def test_the_php_program_of_000_gets_them_with_a_dtd_that_parsers_take(run, printed_program, base_url):
    output = run("php", printed_program("get_messages.php", base_url))
    assert output.partition("]>\n")[2] == closed(printed("get_messages.xml")).partition("]>\n")[2]


def test_the_php_program_of_002_is_a_label_and_a_comment_and_does_nothing(run, printed_program, server, registry):
    assert run("php", printed_program("get_numbers.txt", server.url)) == ""
    assert registry.default.journal.last == 0


# -- curl, requests, httpx -----------------------------------------------------------------------------------------


@pytest.fixture
def numbers_url(base_url):
    """The URL that 002 prints."""
    return printed("get_numbers.txt").split()[1].replace(HOST, base_url)


def test_curl_gets_the_printed_answer_from_the_address_of_002(run, numbers_url):
    assert run("curl", "--silent", "--show-error", numbers_url) == printed("get_numbers.xml")


@pytest.mark.parametrize(
    "way", [["--data"], ["--data-urlencode"], ["--form"], ["--get", "--data"], ["--http1.0", "--data"]], ids=" ".join
)
def test_curl_gets_it_in_each_way_to_send_parameters(run, numbers_url, way):
    address, _, query = numbers_url.partition("?")
    values = [word for pair in query.split("&") for word in (way[-1], pair)]
    output = run("curl", "--silent", "--show-error", *way[:-1], *values, address)
    assert output == printed("get_numbers.xml")


@pytest.mark.parametrize("library", [requests, httpx])
def test_requests_and_httpx_get_the_printed_answers(base_url, library):
    address = f"{base_url}/ibp_api.php"
    values = {"access_key": "foo", "secret_access_key": "bar", "to": "5556667777", "from": "5554332111"}
    values |= {"action": "sms.send_message", "message": "Thank you for calling."}
    sent = library.post(address, data=values, timeout=30)
    assert (sent.status_code, sent.text) == (200, printed("send_message.xml"))
    numbers = {"action": "sms.get_numbers", "access_key": "ACCESS_KEY", "secret_access_key": "SECRET_ACCESS_KEY"}
    for response in (
        library.get(address, params=numbers, timeout=30),
        library.post(address, params=numbers, timeout=30),
        library.post(address, data=numbers, timeout=30),
        library.post(address, files={name: (None, value) for name, value in numbers.items()}, timeout=30),
    ):
        assert (response.status_code, response.text) == (200, printed("get_numbers.xml"))


@pytest.mark.parametrize("library", [requests, httpx])
def test_requests_and_httpx_read_the_answer_as_utf_8(server, library):
    values = {"access_key": "foo", "secret_access_key": "bar", "to": "5556667777", "from": "5554332111"}
    values |= {"action": "sms.send_message", "message": "Zażółć 😀"}
    library.post(f"{server.url}/ibp_api.php", data=values, timeout=30)
    values |= {"action": "sms.get_messages", "start_date": "20260601", "end_date": "20260601"}
    response = library.get(f"{server.url}/ibp_api.php", params=values, timeout=30)
    assert response.encoding.lower() == "utf-8"
    assert "<message><![CDATA[Zażółć 😀]]></message>" in response.text


# -- Ifbyphone-API-Module ------------------------------------------------------------------------------------------

PROGRAM = """
import json, sys
# At the end of the path, for the module has files named like the standard library's.
sys.path += json.loads(sys.argv[1])
from Ifbyphone import IfbyphoneClient
sms = IfbyphoneClient(sys.argv[3]).sms
sms.base_url = sys.argv[2]
responses = [getattr(sms, endpoint)(*given, **named) for endpoint, given, named in json.loads(sys.argv[4])]
print(json.dumps(responses))
"""
SENDING = {"to": 5556667777, "from_": 5554332111, "message": "Zażółć"}  # its README passes whole numbers


@pytest.fixture
def keyed(shipped, open_registry):
    """The shipped world, in which the documents' account also has an api_key."""
    accounts = tuple(
        replace(account, logins=(*account.logins, Login("KEY"))) if account.name == "documents" else account
        for account in shipped.accounts
    )
    return open_registry(replace(shipped, accounts=accounts))


@pytest.fixture
def ifbyphone(run, from_pypi, keyed):
    """Call methods of the module one after the other in a process of its own, and return what each returns."""
    folder = from_pypi(IFBYPHONE)
    paths = [str(folder), str(folder / "Ifbyphone"), str(folder / "Ifbyphone" / "api")]
    with MockServer(build_service(registry=keyed)) as server:

        def called(*endpoints, key="KEY"):
            calls = [(endpoint, given, named) for endpoint, given, named in endpoints]
            url = f"{server.url}/"
            return json.loads(run(sys.executable, "-c", PROGRAM, json.dumps(paths), url, key, json.dumps(calls)))

        yield called


@pytest.fixture
def failed(dialogtech):
    return dialogtech.failed


def test_ifbyphone_sends_a_message(ifbyphone, keyed):
    assert ifbyphone(("send", [], SENDING)) == [printed("send_message.xml")]
    assert stored(keyed) == [("5556667777", "5554332111", "Zażółć")]


def test_ifbyphone_gets_messages_as_utf_8_text(ifbyphone):
    days = {"start_date": "20170101", "end_date": "20260601"}
    sent, got = ifbyphone(("send", [], SENDING), ("get_messages", [], days))
    assert sent == printed("send_message.xml")
    assert "<result_description>[4] Message(s) Returned</result_description>" in got
    assert "<message><![CDATA[Zażółć]]></message>" in got


def test_ifbyphone_forgets_the_action_of_get_numbers(ifbyphone, keyed, failed):
    assert ifbyphone(("get_numbers", [], {})) == [failed("Missing required parameter: action")]
    assert keyed.default.journal.get(1).target == "/ibp_api.php?api_key=KEY"


def test_ifbyphone_sends_the_message_again_when_asked_for_numbers(ifbyphone, keyed, failed):
    """It sends the old action with the old parameters, and only the rate limit prevents a second message."""
    sent, numbers = ifbyphone(("send", [], SENDING), ("get_numbers", [], {}))
    assert sent == printed("send_message.xml")
    assert numbers == failed(
        "Rate limit exceeded: 1 sms per number per second; next possible in 1.000 seconds, at 2026-06-01T12:00:01Z"
    )
    first, second = (keyed.default.journal.get(number) for number in (1, 2))
    assert second.operation == "sms.send_message"
    assert sorted(second.target.partition("?")[2].split("&")) == sorted(first.target.partition("?")[2].split("&"))


def test_ifbyphone_sends_the_message_twice_where_there_is_no_limit(ifbyphone, keyed):
    keyed.default.state.variants["limits"] = "off"
    responses = ifbyphone(("send", [], SENDING), ("get_numbers", [], {}))
    assert responses == [printed("send_message.xml")] * 2
    assert stored(keyed) == [("5556667777", "5554332111", "Zażółć")] * 2


def test_ifbyphone_resends_what_it_sent_before_and_that_is_ignored(ifbyphone, keyed):
    days = {"start_date": "20170101", "end_date": "20170101", "number": "5554443210"}
    got, sent, deleted = ifbyphone(
        ("get_messages", [], days), ("send", [], SENDING), ("delete_message", ["177931295"], {})
    )
    assert got.partition("]>\n")[2] == closed(printed("get_messages.xml")).partition("]>\n")[2]
    assert sent == printed("send_message.xml")
    assert "<result_description>Message [1] Deleted</result_description>" in deleted
    names = {pair.partition("=")[0] for pair in keyed.default.journal.get(3).target.partition("?")[2].split("&")}
    assert names == {
        "action", "api_key", "to", "from", "message", "msg_id", "number", "start_date", "end_date",
    }  # fmt: skip


def test_ifbyphone_is_rejected_the_dates_that_its_docstring_asks_for(ifbyphone, failed):
    days = {"start_date": "2017-01-01", "end_date": "2017-01-01"}
    assert ifbyphone(("get_messages", [], days)) == [
        failed("Parameter start_date must be a day in the format YYYYMMDD: 2017-01-01")
    ]


def test_ifbyphone_gets_the_error_for_a_wrong_key(ifbyphone, failed):
    assert ifbyphone(("send", [], SENDING), key="foo") == [failed("Invalid api_key")]


# -- parsers of other languages ------------------------------------------------------------------------------------

TEXTS = ["Hi & <b>bye</b> ]] >", "a]]>b", "a\r\nb", "Zażółć 👩‍👩‍👧‍👦", "  a  ", "\x00\ufffe", "&amp;"]
READ = [text.replace("\x00", "\ufffd").replace("\ufffe", "\ufffd") for text in TEXTS]
WORLD = Fixture(
    (
        Account(
            "dialogtech/documents",
            "dialogtech",
            "documents",
            (Login("foo", "bar"),),
            {"5554332111": Number("5554332111", url="http://example.net/?a&b"), "5554443210": Number("5554443210")},
        ),
        Account("dialogtech/empty", "dialogtech", "empty", (Login("unknown", "bar"),)),
    ),
    Segment(
        Message(
            serial,
            "dialogtech/documents",
            str(serial),
            "outbound" if text.startswith(" ") else "inbound",
            "5554332111" if text.startswith(" ") else "5556667777",
            "5556667777" if text.startswith(" ") else "5554332111",
            parse_instant("2017-01-01T09:30:00Z"),
            text,
        )
        for serial, text in enumerate(TEXTS)
    ),
)
RECORDS = [
    [str(serial), "5556667777", "5554332111", text, "2017-01-01 09:30:00"]
    if text.startswith(" ")
    else [str(serial), "5554332111", "5556667777", text, "2017-01-01 09:30:00"]
    for serial, text in sorted(enumerate(READ), key=lambda row: row[1].startswith(" "))
]
NUMBERS = [["5554332111", "1", "http://example.net/?a&b"], ["5554443210", "1", ""]]


def made_of(result, description, messages=(), numbers=()):
    """What a parser reads from a response without complaint."""
    return {
        "result": result,
        "description": description,
        "messages": list(messages),
        "numbers": list(numbers),
        "complaints": [],
    }


@pytest.fixture
def every_variant(tmp_path, open_registry, dialogtech_in):
    """A response of each kind in each variant, as a file; and what is to be read from each."""
    expected = {}

    def write(name, response, made):
        (tmp_path / f"{name}.xml").write_bytes(response.encode())
        expected[name] = made

    for dtd, envelope, result in product(("reconciled", "printed", "none"), ("sample", "dtd"), ("printed", "success")):
        variants = {f"dialogtech.{page}.dtd": dtd for page in ("send_message", "get_messages", "get_numbers")}
        variants |= {"dialogtech.get_messages.envelope": envelope, "dialogtech.get_numbers.result": result}
        provider = dialogtech_in(open_registry(WORLD, variants=variants))
        word = "success" if result == "success" else ""
        write(f"{dtd} sent", provider.send(), made_of("success", "[1] Message Sent"))
        write(f"{dtd} failed", provider.send(to="<&]]>"), made_of(
            "failed",
            "Parameter to must be an unformatted phone number, 10 digits or 11 with a leading 1: <&]]>",
        ))  # fmt: skip
        write(f"{dtd} {result} numbers", provider.numbers(), made_of(word, "[2] Number(s) Returned", numbers=NUMBERS))
        write(
            f"{dtd} {result} no numbers",
            provider.numbers(access_key="unknown"),
            made_of(word, "[0] Number(s) Returned"),
        )
        write(f"{dtd} {envelope} messages", provider.messages(), made_of("success", "[7] Message(s) Returned", RECORDS))
        write(
            f"{dtd} {envelope} no messages",
            provider.messages(access_key="unknown"),
            made_of("success", "[0] Message(s) Returned"),
        )
    return [str(tmp_path / f"{name}.xml") for name in expected], expected


@pytest.mark.parametrize("parser", ["simplexml", "dom"])
def test_php_reads_every_variant_and_complains_of_the_printed_dtd_of_000(run, every_variant, parser):
    files, expected = every_variant
    read = json.loads(run("php", str(HERE / "php" / "dialogtech_parse.php"), parser, *files))
    for name in expected:
        if name.startswith("printed") and name.endswith("messages"):
            expected[name]["complaints"] = read[name]["complaints"]
            assert {words.split()[0] for words in read[name]["complaints"]} == {"Redefinition"}
    assert read == expected


@pytest.mark.parametrize(("parser", "package"), [("xml2js", XML2JS), ("fast-xml-parser", FAST_XML_PARSER)])
def test_node_reads_every_variant(run, from_npm, every_variant, parser, package):
    files, expected = every_variant
    modules = from_npm(package)
    program = str(HERE / "node" / "dialogtech_parse.js")
    read = json.loads(run("node", program, parser, *files, env={"NODE_PATH": str(modules), "PATH": "/usr/bin:/bin"}))
    assert read == expected
