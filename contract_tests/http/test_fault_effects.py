"""Every fault over a socket: which bytes are sent, what real clients make of them, and that the server stays healthy.

A delay here is a few milliseconds that a client waits out, or an hour that it does not.
"""

from __future__ import annotations

import http.client
import json
import queue
import resource
import socket
import subprocess
import threading
import xml.etree.ElementTree as ET
from contextlib import ExitStack
from dataclasses import replace
from math import exp
from pathlib import Path
from xml.dom import minidom

import httpx
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from lxml import etree

from mockserver.engine.faults import ConfiguredFault, Fault, FaultRules
from mockserver.http.fault_effects import (
    GARBAGE,
    RESPONSE_FAULTS,
    SCHEMAS,
    Cut,
    Delay,
    FaultChain,
    LognormalDelay,
    MalformedHttp,
    ProviderErrorFault,
    Replay,
    ReplayNext,
    Reset,
    UniformDelay,
    WrongLength,
    parse,
)
from mockserver.http.fault_rules import request_facts, rule_from
from mockserver.http.listener import Server
from mockserver.sdk.response import Ending, Pace, Response, ResponseTiming

PATIENCE = 30.0
BRIEFLY = 1.0
"""Seconds after which a client gives up that is never answered: enough to begin in on a busy machine."""
FOR_EVER = 3600
DATE = ("Date", "Mon, 01 Jun 2026 12:00:00 GMT")
JSON = (("Content-Type", "application/json"),)
TEXT = '{"items": [{"text": "Thank you for calling."}], "number": %d}'
FIRST = TEXT % 1
REJECTED = Response(200, JSON, b'{"error": "TooManyPerNumber"}')


def reject(name):
    assert name == "TooManyPerNumber"
    return REJECTED


class StubApplication:
    """Responds with the number of the request unless a fault rule applies; ``stored`` lists the requests that took effect."""

    def __init__(self):
        self.rules = FaultRules()
        self.request = 0
        self.stored = []
        self.received = queue.Queue()
        self.ended = queue.Queue()

    def add(self, fault, path="/faulty", **rule):
        added = rule_from({"match": {"path": path, "provider": "p"}, "fault": fault, **rule}, 0)
        self.rules.add(replace(added, id=self.rules.next_id()))

    def __call__(self, environ, start_response):
        self.request += 1
        facts = request_facts(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["mockserver.head"], "p")
        chosen, matched = self.rules.select("response", facts, 0, lambda: 0.5)
        self.rules.count(matched)
        if chosen.rule is not None:
            self.rules.hit(chosen.rule)
        if chosen.point != "before":
            self.stored.append(self.request)
        response = chosen.fault.apply(Response(200, JSON, (TEXT % self.request).encode()), reject)
        left = chosen.fault.next_fault(response)
        if left is not None:
            self.rules.keep(chosen.rule, left)
        environ["mockserver.timing"] = response.timing
        environ["mockserver.request"].on_finish = lambda sent, ending: self.ended.put(ending)
        start_response(f"{response.status} Status", [*response.headers, DATE])
        self.received.put(self.request)
        return [response.body]


@pytest.fixture
def registry():
    return StubApplication()


@pytest.fixture
def url(registry):
    with Server(registry) as listening:
        yield listening.url


def is_healthy(url, registry):
    """Whether a new connection gets its usual response."""
    return requests.get(f"{url}/plain", timeout=PATIENCE).text == TEXT % registry.request


# ------------------------------------------------------------------------------------------------------- real clients


def run(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.fail(f"the program {command[0]!r} is missing; contract_tests/clients/install-programs installs it")


def by_requests(url, patience):
    try:
        return requests.get(url, timeout=(PATIENCE, patience)).text
    except requests.RequestException as error:
        return type(error)


def by_httpx(url, patience):
    try:
        return httpx.get(url, timeout=httpx.Timeout(PATIENCE, read=patience)).text
    except httpx.HTTPError as error:
        return type(error)


def by_curl(url, patience):
    done = run("curl", "--silent", "--max-time", str(patience), url)
    return done.returncode or done.stdout


# Prints curl's error number and the body; the arguments are the address and milliseconds.
IN_PHP = """
extension_loaded("curl") || exit("PHP has no curl extension");
$curl = curl_init($argv[1]);
curl_setopt_array($curl, [CURLOPT_RETURNTRANSFER => true, CURLOPT_TIMEOUT_MS => (int) $argv[2]]);
$body = curl_exec($curl);
echo json_encode([curl_errno($curl), $body]);
"""


def by_php(url, patience):
    done = run("php", "-r", IN_PHP, url, str(int(patience * 1000)))
    try:
        error, body = json.loads(done.stdout)
    except ValueError:
        pytest.fail(f"{done.stdout or done.stderr}; contract_tests/clients/install-programs installs what PHP needs")
    return error or body


CLIENTS = [by_requests, by_httpx, by_curl, by_php]

UNSUPPORTED, PARTIAL, TIMED_OUT, EMPTY, RECEIVING = 1, 18, 28, 52, 56
"""Of curl: "unsupported protocol" is what it calls an answer that is no HTTP/1."""

SILENT = [requests.ReadTimeout, httpx.ReadTimeout, TIMED_OUT, TIMED_OUT]
INCOMPLETE = [requests.exceptions.ChunkedEncodingError, httpx.RemoteProtocolError, PARTIAL, PARTIAL]
NO_HTTP = [requests.ConnectionError, httpx.RemoteProtocolError, UNSUPPORTED, UNSUPPORTED]
DROPPED = [requests.ConnectionError, httpx.ReadError, RECEIVING, RECEIVING]
FAULTS = {
    "reset": ({"kind": "reset"}, DROPPED, "reset"),
    "close": (
        {"kind": "close"},
        [requests.ConnectionError, httpx.RemoteProtocolError, EMPTY, EMPTY],
        "close",
    ),
    "cut": ({"kind": "cut", "keep": 5}, INCOMPLETE, "cut"),
    "cut before the body": ({"kind": "cut", "keep": 0}, INCOMPLETE, "cut"),
    "too long a length": ({"kind": "wrong_length", "by": 5}, INCOMPLETE, "close"),
    "garbage": ({"kind": "garbage"}, NO_HTTP, "close"),
    "garbage of one's own": ({"kind": "garbage", "base64": "aGVsbG8K"}, NO_HTTP, "close"),
    "hang": ({"kind": "hang"}, SILENT, "hang"),
    "too late": ({"kind": "delay", "seconds": FOR_EVER}, SILENT, "left"),
    "hang behind the head": (
        [{"kind": "cut", "keep": 0}, {"kind": "hang"}],
        [requests.ConnectionError, httpx.ReadTimeout, TIMED_OUT, TIMED_OUT],
        "hang",
    ),
    "reset within the body": (
        [{"kind": "cut", "keep": 5}, {"kind": "reset"}],
        [requests.exceptions.ChunkedEncodingError, httpx.ReadError, RECEIVING, RECEIVING],
        "reset",
    ),
    "late, then reset": ([{"kind": "delay", "seconds": 0.002}, {"kind": "reset"}], DROPPED, "reset"),
    "garbage, then reset": ([{"kind": "garbage"}, {"kind": "reset"}], NO_HTTP, "reset"),
}
NEVER_ANSWERED = {"hang", "too late", "hang behind the head"}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("name", FAULTS)
def test_a_broken_connection_is_the_error_that_the_client_knows_it_by(registry, url, name, client):
    fault, errors, ending = FAULTS[name]
    registry.add(fault)

    error = client(f"{url}/faulty", BRIEFLY if name in NEVER_ANSWERED else PATIENCE)

    assert errors[CLIENTS.index(client)] == error
    assert ending == registry.ended.get(timeout=PATIENCE)
    assert is_healthy(url, registry)


ACCEPTED_SILENTLY = {
    "none": ({"kind": "none"}, FIRST),
    "late": ({"kind": "delay", "seconds": 0.002}, FIRST),
    "some time late": ({"kind": "uniform_delay", "least": 0, "most": 0.004}, FIRST),
    "mostly a little late": ({"kind": "lognormal_delay", "median": 0.002, "sigma": 0.5}, FIRST),
    "slow": ({"kind": "slow", "size": 10, "pause": 0.001}, FIRST),
    "a cut behind the end": ({"kind": "cut", "keep": len(FIRST)}, FIRST),
    "rejected": ({"kind": "provider_error", "name": "TooManyPerNumber"}, REJECTED.body.decode()),
    "late and rejected": (
        [{"kind": "delay", "seconds": 0.002}, {"kind": "provider_error", "name": "TooManyPerNumber"}],
        REJECTED.body.decode(),
    ),
    "answered by a gateway": (
        {"kind": "static_response", "status": 502, "body": "<h1>Żółw</h1>", "type": "text/html"},
        "<h1>Żółw</h1>",
    ),
    "malformed": ({"kind": "malformed"}, FIRST[:-1] + "<{"),
    "too short a length": ({"kind": "wrong_length", "by": -5}, FIRST[:-5]),
    "replayed": ({"kind": "replay"}, FIRST),
}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("name", ACCEPTED_SILENTLY)
def test_an_answer_that_is_whole_reaches_the_client(registry, url, name, client):
    fault, text = ACCEPTED_SILENTLY[name]
    registry.add(fault)

    given = client(f"{url}/faulty", PATIENCE)

    # httpx and requests guess Latin-1 for text/html without a charset; the bytes are what counts.
    assert text in (given, given.encode("latin-1", "replace").decode("utf-8", "replace"))
    assert "complete" == registry.ended.get(timeout=PATIENCE)
    assert is_healthy(url, registry)


def test_every_kind_of_fault_is_met_by_every_client():
    met = {json.dumps(fault) for fault, *_ in (*FAULTS.values(), *ACCEPTED_SILENTLY.values())}

    assert [] == [kind for kind in RESPONSE_FAULTS if not any(f'"{kind}"' in fault for fault in met)]


# --------------------------------------------------------------------------------------------- what clients do about it


def test_requests_says_what_broke_the_connection(registry, url):
    registry.add({"kind": "reset"}, "/reset")
    registry.add({"kind": "close"}, "/close")
    registry.add({"kind": "garbage"}, "/garbage")

    for path, reason in [
        ("/reset", "ConnectionResetError"),
        ("/close", "RemoteDisconnected"),
        ("/garbage", "BadStatusLine"),
    ]:
        with pytest.raises(requests.ConnectionError, match=reason):
            requests.get(url + path, timeout=PATIENCE)


def test_the_reply_is_lost_and_the_client_that_sends_again_has_sent_twice(registry, url):
    registry.add({"kind": "reset"}, when={"first": 1})

    with requests.Session() as session:
        with pytest.raises(requests.ConnectionError):
            session.post(f"{url}/faulty", timeout=PATIENCE)
        assert TEXT % 2 == session.post(f"{url}/faulty", timeout=PATIENCE).text

    assert [1, 2] == registry.stored


def test_a_fault_before_the_operation_leaves_nothing_behind(registry, url):
    registry.add({"kind": "reset"}, when={"first": 1}, point="before")

    with pytest.raises(requests.ConnectionError):
        requests.post(f"{url}/faulty", timeout=PATIENCE)
    requests.post(f"{url}/faulty", timeout=PATIENCE)

    assert [2] == registry.stored


def test_curl_sends_again_by_itself_when_a_kept_connection_is_closed(registry, url):
    registry.add({"kind": "close"}, when={"first": 1})

    done = run("curl", "--silent", f"{url}/plain", f"{url}/faulty")

    assert (0, FIRST + TEXT % 3) == (done.returncode, done.stdout)
    assert [1, 2, 3] == registry.stored


def test_a_replayed_response_belongs_to_another_exchange_and_the_request_is_not_executed(registry, url):
    registry.add({"kind": "replay"}, when={"every": 3}, expires_after=2)

    texts = [requests.get(f"{url}/faulty", timeout=PATIENCE).text for _ in range(6)]

    assert [TEXT % number for number in (1, 2, 3, 3, 5, 6)] == texts
    assert [1, 2, 3, 5, 6] == registry.stored


def test_the_rest_of_a_body_whose_length_was_too_short_is_taken_for_the_next_answer(registry, url):
    # More than http.client reads ahead of what it was promised, which it would drop.
    registry.add(
        [{"kind": "static_response", "status": 200, "body": "x" * 20_000}, {"kind": "wrong_length", "by": -10_000}]
    )
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=PATIENCE)

    connection.request("GET", "/faulty")
    assert b"x" * 10_000 == connection.getresponse().read()
    connection.request("GET", "/plain")
    with pytest.raises(http.client.BadStatusLine, match=r"^x+HTTP/1\.1 200 Status"):
        connection.getresponse()

    connection.close()
    assert is_healthy(url, registry)


def test_what_is_malformed_has_the_length_and_type_that_were_promised(registry, url):
    registry.add({"kind": "malformed"})

    response = requests.get(f"{url}/faulty", timeout=PATIENCE)

    assert ("application/json", str(len(response.content))) == (
        response.headers["Content-Type"],
        response.headers["Content-Length"],
    )
    with pytest.raises(requests.exceptions.JSONDecodeError):
        response.json()


def test_php_takes_nothing_that_is_malformed(registry, url):
    registry.add({"kind": "malformed"}, "/json")
    xml = [{"kind": "static_response", "status": 200, "body": "<a>b</a>", "type": "text/xml"}, {"kind": "malformed"}]
    registry.add(xml, "/xml")

    assert b"<a>b</a<{" == requests.get(f"{url}/xml", timeout=PATIENCE).content
    program = (
        'function_exists("simplexml_load_string") || exit("PHP has no SimpleXML; see contract_tests/clients/install-programs");'
        "echo var_export(json_decode(file_get_contents($argv[1])), true),"
        " var_export(@simplexml_load_string(file_get_contents($argv[2])), true);"
    )
    assert "NULLfalse" == run("php", "-r", program, f"{url}/json", f"{url}/xml").stdout


def test_the_same_faults_apply_to_a_head_request(registry, url):
    registry.add({"kind": "cut", "keep": 0}, "/cut")
    registry.add({"kind": "reset"}, "/reset")

    assert str(len(FIRST)) == requests.head(f"{url}/cut", timeout=PATIENCE).headers["Content-Length"]
    with pytest.raises(requests.ConnectionError):
        requests.head(f"{url}/reset", timeout=PATIENCE)
    assert is_healthy(url, registry)


# --------------------------------------------------------------------------------------------------------------- threads

CROWD = 500


@pytest.fixture
def many_sockets():
    """Raise the limit of open files: both ends of every connection belong to this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CROWD + 200
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def threads():
    """The number of threads, by Python and by the kernel."""
    return {*threading.enumerate(), *(task.name for task in Path("/proc/self/task").iterdir())}


def test_five_hundred_delayed_requests_at_once_cost_no_thread(registry, url, many_sockets):
    registry.add({"kind": "delay", "seconds": FOR_EVER})
    address = ("127.0.0.1", int(url.rpartition(":")[2]))
    before = threads()

    with ExitStack() as opened:
        clients = [opened.enter_context(socket.create_connection(address, PATIENCE)) for _ in range(CROWD)]
        for client in clients:
            client.sendall(b"GET /faulty HTTP/1.1\r\nHost: a\r\n\r\n")
        for _ in range(CROWD):
            registry.received.get(timeout=PATIENCE)
        during = threads()
        assert registry.ended.empty()
        assert is_healthy(url, registry)
        assert "complete" == registry.ended.get(timeout=PATIENCE)

    assert set() == during - before
    assert {"left"} == {registry.ended.get(timeout=PATIENCE) for _ in range(CROWD)}
    assert is_healthy(url, registry)


# ---------------------------------------------------------------------------------------------------- answers as values

ANSWER = Response(200, JSON, b'{"a": 1}')


def delivered(**delivery):
    return Response(200, JSON, b'{"a": 1}', ResponseTiming(**delivery))


@pytest.mark.parametrize(
    ("fault", "response"),
    [
        ({"kind": "none"}, ANSWER),
        ({"kind": "provider_error", "name": "TooManyPerNumber"}, REJECTED),
        ({"kind": "static_response", "status": 503}, Response(503, JSON, b"", origin="overridden")),
        (
            {"kind": "static_response", "status": 503, "type": "a/b"},
            Response(503, (("Content-Type", "a/b"),), b"", origin="overridden"),
        ),
        ({"kind": "delay", "seconds": 2}, delivered(delay=2)),
        ([{"kind": "delay", "seconds": 2}, {"kind": "delay", "seconds": 3}], delivered(delay=5)),
        ({"kind": "slow", "size": 3, "pause": 1}, delivered(pace=Pace(3, 1))),
        ({"kind": "hang"}, delivered(ending=Ending.HANG, instead=b"")),
        ({"kind": "reset"}, delivered(ending=Ending.RESET, instead=b"")),
        ({"kind": "close"}, delivered(ending=Ending.CLOSE, instead=b"")),
        ({"kind": "cut", "keep": 3}, delivered(cut=3)),
        ([{"kind": "cut", "keep": 3}, {"kind": "reset"}], delivered(cut=3, ending=Ending.RESET)),
        ({"kind": "garbage"}, delivered(instead=GARBAGE)),
        ({"kind": "garbage", "base64": "aGk="}, delivered(instead=b"hi")),
        ([{"kind": "garbage"}, {"kind": "hang"}], delivered(instead=GARBAGE, ending=Ending.HANG)),
        ({"kind": "malformed"}, Response(200, JSON, b'{"a": 1<{', origin="corrupted")),
        ({"kind": "replay"}, ANSWER),
        (
            [{"kind": "delay", "seconds": 2}, {"kind": "provider_error", "name": "TooManyPerNumber"}],
            Response(200, JSON, REJECTED.body, ResponseTiming(delay=2)),
        ),
        (
            [{"kind": "slow", "size": 3, "pause": 1}, {"kind": "static_response", "status": 500, "body": "x"}],
            Response(500, JSON, b"x", ResponseTiming(pace=Pace(3, 1)), origin="overridden"),
        ),
        ([{"kind": "delay", "seconds": 2}, {"kind": "reset"}], delivered(delay=2, ending=Ending.RESET, instead=b"")),
        ([{"kind": "reset"}], delivered(ending=Ending.RESET, instead=b"")),
    ],
)
def test_a_fault_turns_one_answer_into_another(fault, response):
    assert response == parse(fault).apply(ANSWER, reject)


@pytest.mark.parametrize(
    ("by", "promised", "ending"), [(1, "9", Ending.CLOSE), (-1, "7", Ending.COMPLETE), (-9, "0", Ending.COMPLETE)]
)
def test_a_wrong_length_replaces_the_right_one(by, promised, ending):
    right = Response(200, (*JSON, ("content-length", "8")), b'{"a": 1}')

    expected = Response(
        200, (*JSON, ("Content-Length", promised)), b'{"a": 1}', ResponseTiming(ending=ending), origin="corrupted"
    )

    assert expected == WrongLength(by).apply(right, reject)


def test_a_malformed_body_no_longer_has_the_old_length():
    assert JSON == MalformedHttp().apply(Response(200, (*JSON, ("Content-Length", "8")), b'{"a": 1}'), reject).headers


@pytest.mark.parametrize(
    "body",
    [
        b"<a/>",
        b"<a>b</a>\n\n",
        b"<a><![CDATA[b]]></a>",
        b"<a/><!-- b -->",
        b'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE a [<!ELEMENT a (#PCDATA)>]>\n<a>b</a>',
        b"",
    ],
)
@pytest.mark.parametrize(
    ("parse", "error"),
    [
        (ET.fromstring, ET.ParseError),
        (minidom.parseString, Exception),
        (etree.fromstring, etree.XMLSyntaxError),
    ],
)
def test_no_parser_of_xml_takes_what_is_malformed(body, parse, error):
    with pytest.raises(error):
        parse(MalformedHttp().apply(Response(200, (), body), reject).body)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_no_parser_of_json_takes_what_is_malformed(thing):
    with pytest.raises(ValueError):
        json.loads(MalformedHttp().apply(Response(200, (), json.dumps(thing).encode()), reject).body)


def test_garbage_is_every_byte_there_is():
    assert 256 == len(set(GARBAGE))
    assert not GARBAGE.startswith(b"HTTP")


# --------------------------------------------------------------------------------------------------------------- chance


@given(st.floats(0, 1, exclude_max=True))
def test_a_uniform_delay_lies_between_its_bounds(number):
    delay = UniformDelay(1, 3).resolve(lambda: number)

    assert 1 <= delay.seconds <= 3
    assert delay == UniformDelay(1, 3).resolve(lambda: number)


@given(st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True))
def test_a_lognormal_delay_is_positive_and_capped(one, other):
    numbers = iter((one, other))

    assert 0 < LognormalDelay(2, 5, 9).resolve(lambda: next(numbers)).seconds <= 9


def test_a_lognormal_delay_has_its_median_and_its_spread():
    # Evenly spaced pairs stand for chance.
    side = 100
    seconds = sorted(
        LognormalDelay(2, 0.5).resolve(iter(((i + 0.5) / side, (j + 0.5) / side)).__next__).seconds
        for i in range(side)
        for j in range(side)
    )

    assert seconds[side * side // 2] == pytest.approx(2, rel=0.02)
    assert seconds[int(side * side * 0.8413)] == pytest.approx(2 * exp(0.5), rel=0.02)


def test_every_fault_of_a_list_is_decided():
    several = parse([{"kind": "uniform_delay", "least": 1, "most": 3}, {"kind": "reset"}])

    assert (Delay(2), Reset()) == several.resolve(lambda: 0.5).faults
    assert [{"kind": "delay", "seconds": 2}, {"kind": "reset"}] == several.resolve(lambda: 0.5).to_json()


# ----------------------------------------------------------------------------------------------------------------- JSON


@pytest.mark.parametrize("kind", RESPONSE_FAULTS)
def test_a_fault_is_described_as_it_was_given_and_its_schema_takes_it(kind):
    examples = [fault for fault, *_ in (*FAULTS.values(), *ACCEPTED_SILENTLY.values()) if isinstance(fault, dict)]
    examples = [fault for fault in examples if fault["kind"] == kind]

    assert examples
    for fault in examples:
        whole = parse(fault).to_json()
        assert fault == {name: whole[name] for name in fault}
        assert parse(whole) == parse(fault)
        Draft7Validator.check_schema(SCHEMAS["response"][kind])
        Draft7Validator(SCHEMAS["response"][kind]).validate(whole)


def test_every_part_of_a_schema_says_what_would_be_right():
    for schema in (schema for schemas in SCHEMAS.values() for schema in schemas.values()):
        assert schema["description"]
        assert all(option["description"] for option in schema["properties"].values())


def test_a_replay_keeps_the_response_and_the_delivery_of_the_next_one():
    left = ReplayNext().next_fault(ANSWER)

    assert Replay(ANSWER) == left
    assert Response(200, JSON, b'{"a": 1}', ResponseTiming(delay=1), origin="replayed") == left.apply(
        Response(200, (), b"new", ResponseTiming(delay=1)), reject
    )
    assert {"kind": "replay"} == left.to_json()
    assert left is left.resolve(lambda: 0.5)


@pytest.mark.parametrize("fault", [kind for kind in RESPONSE_FAULTS.values() if kind is not ReplayNext])
def test_no_other_fault_keeps_anything(fault):
    assert fault.next_fault is Fault.next_fault


def test_faults_are_values():
    assert FaultChain((Cut(3), Reset())) == parse([{"kind": "cut", "keep": 3}, {"kind": "reset"}])
    assert ProviderErrorFault("x") == parse({"kind": "provider_error", "name": "x"})
    assert {ProviderErrorFault("x"), Cut(1)} == {ProviderErrorFault("x"), Cut(1)}
    assert all(issubclass(kind, ConfiguredFault) for kind in RESPONSE_FAULTS.values())
