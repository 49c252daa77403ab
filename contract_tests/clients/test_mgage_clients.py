"""mGage through curl, requests, httpx and urllib, unmodified but for the URL."""

from __future__ import annotations

import json
import subprocess
from urllib.request import HTTPBasicAuthHandler, HTTPPasswordMgrWithDefaultRealm, build_opener

import httpx
import pytest
import requests
from msgspec.structs import replace

from contract_tests.installed import PROVIDERS
from mockserver.app import build_service
from mockserver.engine.accounts import Account, Login, Program
from mockserver.engine.events import MessageStored
from mockserver.engine.instants import SECOND, parse_instant
from mockserver.engine.messages import Message
from mockserver.engine.segments import Segment
from mockserver.engine.state import Fixture
from mockserver.sdk.examples import format_example
from mockserver.server import MockServer

MANY = 12_345
USER = ("mgage", "mgage")
PATH = "/api/messages/program/121811"


# The exporter of docs/how-to/first-requests.md, for a session of requests or of httpx.
def export(session, url):
    """Every message of a program, however many pages it fills."""
    while url is not None:
        response = session.get(url)
        response.raise_for_status()
        page = response.json()
        yield from page["data"]["messages"]
        url = page["meta"]["nextPageUrl"]


def with_requests(url):
    with requests.Session() as session:
        session.auth = USER
        return list(export(session, url))


def with_httpx(url):
    with httpx.Client(auth=USER) as session:
        return list(export(session, url))


def with_urllib(url):
    """urllib sends its credentials only after a challenge, and only if that has a realm (MG-13)."""
    passwords = HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, url, *USER)
    opener = build_opener(HTTPBasicAuthHandler(passwords))
    messages = []
    while url is not None:
        with opener.open(url, timeout=30) as response:
            page = json.load(response)
        messages += page["data"]["messages"]
        url = page["meta"]["nextPageUrl"]
    return messages


def curl(*arguments):
    return subprocess.run(["curl", "-sS", *arguments], capture_output=True, text=True, timeout=60)


def with_curl(url):
    messages = []
    while url is not None:
        done = curl("--fail", "-u", ":".join(USER), url)
        assert done.returncode == 0, done.stderr
        page = json.loads(done.stdout)
        messages += page["data"]["messages"]
        url = page["meta"]["nextPageUrl"]
    return messages


CLIENTS = [with_requests, with_httpx, with_urllib, with_curl]


def message(serial, at):
    """A message; seven share each second, so that pages begin and end among messages of the same instant."""
    direction = "outbound" if serial % 3 else "inbound"
    return Message(
        serial,
        "mgage/many",
        str(serial),
        direction,
        "37911",
        "5556667777",
        at + serial // 7 * SECOND,
        f"message {serial}",
        status="Sent",
        program="121811",
    )


@pytest.fixture(scope="module")
def many():
    program = Program("121811", "Program Name", "Default Campaign", "Text to Join")
    account = Account("mgage/many", "mgage", "many", (Login(*USER),), programs={"121811": program})
    return Fixture(
        (account,), Segment(message(serial, parse_instant("2026-05-01T00:00:00Z")) for serial in range(MANY))
    )


@pytest.fixture
def big_server(open_registry, many):
    with MockServer(build_service(registry=open_registry(many))) as server:
        yield server


@pytest.mark.parametrize("client", CLIENTS)
def test_following_the_next_page_yields_every_message_exactly_once(big_server, client):
    messages = client(f"{big_server.url}{PATH}?pageSize=500")
    assert [message["body"] for message in messages] == [f"message {serial}" for serial in range(MANY)]


def test_so_it_does_with_filters_and_through_a_prefix(big_server):
    query = "messageType=MO&startDate=2026-05-01T00:00:01&endDate=2026-05-01T00:10:00&pageSize=100"
    texts = [message["body"] for message in with_requests(f"{big_server.url}/_w/default{PATH}?{query}")]
    assert texts == [f"message {serial}" for serial in range(7, 601 * 7) if serial % 3 == 0]


def test_so_it_does_when_the_messages_lie_in_three_layers(open_registry, many):
    start = parse_instant("2026-05-01T00:00:00Z")
    rows = [message(serial, start) for serial in range(3_000)]
    fixed = [replace(row, serial=at) for at, row in enumerate(rows[::3])]
    born = parse_instant("2026-06-01T12:00:00Z")
    relative = [replace(row, serial=at, at=row.at - born) for at, row in enumerate(rows[1::3])]
    registry = open_registry(Fixture(many.accounts, Segment(fixed), Segment(relative)))
    for at, row in enumerate(rows[2::3]):
        registry.default.state.apply(MessageStored(replace(row, serial=2_000 + at)))
    with MockServer(build_service(registry=registry)) as server:
        texts = [message["body"] for message in with_requests(f"{server.url}{PATH}?pageSize=50")]
    assert len(texts) == 3_000
    assert set(texts) == {row.text for row in rows}


def test_a_client_that_follows_the_printed_url_loses_its_filters(open_registry, many):
    registry = open_registry(many, variants={"mgage.next_page_url": "printed"})
    with MockServer(build_service(registry=registry)) as server:
        response = requests.get(f"{server.url}{PATH}?pageSize=500&messageType=MO", auth=USER, timeout=30).json()
        assert response["meta"]["nextPageUrl"] == f"{server.url}{PATH}?page=2"
        following = requests.get(response["meta"]["nextPageUrl"], auth=USER, timeout=30).json()
    assert len(following["data"]["messages"]) == 50
    assert {message["type"] for message in following["data"]["messages"]} == {"MO", "MT"}


def test_each_client_reports_a_wrong_password(base_url):
    url = f"{base_url}{PATH}"
    sentence = {"meta": {"generalErrors": ["Invalid username or password"], "nextPageUrl": None}}
    for get in (requests.get, httpx.get):
        response = get(url, auth=("mgage", "wrong"), timeout=30)
        assert (response.status_code, response.json()) == (401, sentence)


def test_curl_fails_with_a_wrong_password(base_url):
    done = curl("--fail", "-u", "mgage:wrong", f"{base_url}{PATH}")
    assert (done.returncode, done.stdout) == (22, "")


@pytest.mark.parametrize("scheme", ["--basic", "--anyauth"])
def test_curl_reads_the_answer_at_once_and_when_challenged(base_url, scheme):
    done = curl("--fail", scheme, "-u", "mgage:mgage", f"{base_url}{PATH}")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["data"]["programName"] == "Program Name"


def test_the_line_that_the_server_prints_works(base_url, shipped):
    provider = next(provider for provider in PROVIDERS if provider.name == "mgage")
    line = format_example(provider, shipped.accounts, base_url)
    done = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    texts = [message["body"] for message in json.loads(done.stdout)["data"]["messages"]]
    assert texts == ["This is complete message Body"] * 2


def test_requests_guesses_the_encoding_right(open_registry, many):
    registry = open_registry(many)
    row = replace(message(MANY, parse_instant("2026-05-01T00:00:00Z")), text="zażółć gęślą jaźń 🎉")
    registry.default.state.apply(MessageStored(row))
    with MockServer(build_service(registry=registry)) as server:
        for get in (requests.get, httpx.get):
            response = get(f"{server.url}{PATH}?pageSize=1&page={MANY + 1}", auth=USER, timeout=30)
            assert "zażółć gęślą jaźń 🎉" in response.text
