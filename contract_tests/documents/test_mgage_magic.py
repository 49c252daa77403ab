"""MG-28: magic programs that cause an outcome, at both ends of each range and one beyond."""

from __future__ import annotations

import json
import shutil
import subprocess
from base64 import b64encode
from functools import partial

import pytest
import requests

from contract_tests.installed import CALLBACKS, VARIANTS
from contract_tests.ways import both_ways
from mockserver.engine.accounts import Account, Login, Program
from mockserver.engine.clock import Clock
from mockserver.engine.instants import parse_instant
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.state import Fixture
from mockserver.providers.mgage import MGAGE
from mockserver.sdk.request import ProviderRequest
from mockserver.sdk.response import AT_ONCE, Ending, ResponseTiming
from mockserver.sdk.serialization_cache import SerializationCache
from mockserver.settings import fixtures_folder

NOON = parse_instant("2026-06-01T12:00:00Z")
PATH = "/api/messages/program/"
AUTH = ("one", "secret")
RANGES = [
    ("500500", "500509", "answers 500, General server exception"),
    ("500510", "500519", "exported; the connection is closed without an answer"),
    ("500520", "500529", "answered 2 seconds late"),
    ("500530", "500539", "never answered; the connection stays open until the client gives up"),
]
HANDSETS = [
    ("9995550100", "9995550109", "what the program answers ends as Error"),
    ("9995550110", "9995550119", "what the program answers ends as Undelivered"),
    ("9995550120", "9995550129", "what the program answers stays Sent"),
]
FAILING, NO_RESPONSE, LATE, SILENT = ((first, last) for first, last, _ in RANGES)
ANSWERING = {
    **dict.fromkeys(NO_RESPONSE, ResponseTiming(ending=Ending.CLOSE, instead=b"")),
    **dict.fromkeys(LATE, ResponseTiming(delay=2.0)),
    **dict.fromkeys(SILENT, ResponseTiming(ending=Ending.HANG, instead=b"")),
}
BEYOND = ("500499", "500540", "50050", "0500500", "5005000")
OWN = "500521"
"""A magic program that an account has."""


def empty(program):
    return {
        "meta": {"generalErrors": [], "nextPageUrl": None},
        "data": {
            "campaignName": "Magic numbers of the mock server",
            "programName": f"Magic {program}",
            "programType": "Text to Join",
            "messages": [],
        },
    }


@pytest.fixture
def open_registry():
    def opened(**variants):
        programs = {number: Program(number, "Program", "Campaign", "Voting") for number in ("121811", OWN)}
        accounts = (
            Account("mgage/one", "mgage", "one", (Login("one", "secret"),), programs=programs),
            Account("mgage/two", "mgage", "two", (Login("two", "secret"),)),
        )
        fixture = Fixture(accounts=accounts, variants=variants)
        return WorldRegistry(fixture, VARIANTS, clock=Clock.frozen(NOON), providers=CALLBACKS)

    return opened


@pytest.fixture
def registry(open_registry):
    return open_registry()


def response(registry, program, auth=AUTH, query=""):
    """The response as it would be sent."""
    encoded = b64encode(":".join(auth).encode()).decode()
    headers = (("Authorization", f"Basic {encoded}"),)
    call = MGAGE.parse(ProviderRequest("GET", PATH + program, query.encode(), headers, host="127.0.0.1"))
    decision = registry.default.execute(partial(MGAGE.decide, call))
    return MGAGE.render(decision, call, registry.default.state.variants, SerializationCache())


def errors(answered):
    return answered.status, json.loads(answered.body)["meta"]["generalErrors"]


def test_mg_28_the_ranges_are_the_providers():
    assert [tuple(magic) for magic in MGAGE.magic] == [
        *(("programId", f"{first} to {last}", first, last, outcome) for first, last, outcome in RANGES),
        *(("originator", f"{first} to {last}", first, last, outcome) for first, last, outcome in HANDSETS),
    ]


def test_mg_28_no_shipped_world_has_such_a_program():
    every = {program for magic in MGAGE.magic for program in magic.values()}
    for path in (fixtures_folder() / "worlds").glob("*.json"):
        accounts = json.loads(path.read_text())["accounts"]
        assert every.isdisjoint(program["id"] for account in accounts for program in account.get("programs", ()))


@pytest.mark.parametrize("auth", [AUTH, ("two", "secret")], ids=["one", "two"])
@pytest.mark.parametrize("program", FAILING)
def test_mg_28_a_program_that_always_fails(registry, program, auth):
    assert errors(response(registry, program, auth)) == (500, ["General server exception"])


@pytest.mark.parametrize("auth", [AUTH, ("two", "secret")], ids=["one", "two"])
@pytest.mark.parametrize(("program", "delivery"), ANSWERING.items(), ids=ANSWERING)
def test_mg_28_an_empty_program_whose_answer_is_lost_late_or_never_given(registry, program, delivery, auth):
    answered = response(registry, program, auth)
    assert (answered.status, answered.timing) == (200, delivery)
    assert json.loads(answered.body) == empty(program)


@pytest.mark.parametrize("program", BEYOND)
def test_mg_28_beyond_the_ranges_programs_are_as_any_other(registry, program):
    answered = response(registry, program)
    assert errors(answered) == (404, [f"Program {program} does not exist"])
    assert answered.timing is AT_ONCE
    assert response(registry, "121811").timing is AT_ONCE


def test_mg_28_a_magic_program_of_ones_own_exports_its_messages(registry):
    registry.default.receive_inbound("mgage", {"sender": "15556667777", "text": "JOIN", "program": OWN})
    answered = response(registry, OWN)
    assert answered.timing == ResponseTiming(delay=2.0)
    data = json.loads(answered.body)["data"]
    assert (data["programName"], [message["body"] for message in data["messages"]]) == ("Program", ["JOIN"])
    assert json.loads(response(registry, OWN, ("two", "secret")).body) == empty(OWN)


@pytest.mark.parametrize("program", ANSWERING)
def test_mg_28_what_is_rejected_for_another_reason_is_rejected_at_once(registry, program):
    rejected = response(registry, program, query="pageSize=0")
    assert (rejected.status, rejected.timing) == (400, AT_ONCE)
    rejected = response(registry, program, ("one", "wrong"))
    assert (rejected.status, rejected.timing) == (401, AT_ONCE)


@pytest.mark.parametrize("program", [*FAILING, *ANSWERING])
def test_mg_28_switched_off_they_are_programs_as_any_other(open_registry, program):
    registry = open_registry(**{"mgage.magic": "off"})
    assert errors(response(registry, program)) == (404, [f"Program {program} does not exist"])
    assert response(registry, OWN).timing is AT_ONCE


def test_mg_28_the_provider_is_asked_as_any_other(registry):
    assert both_ways(registry).get(PATH + LATE[0], auth=AUTH).json == empty(LATE[0])


# -- over a socket -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("program", NO_RESPONSE)
def test_mg_28_requests_meets_a_closed_connection(server, program):
    with pytest.raises(requests.ConnectionError, match="Remote end closed connection without response"):
        requests.get(f"{server.url}{PATH}{program}", auth=AUTH, timeout=30)
    assert requests.get(f"{server.url}{PATH}121811", auth=AUTH, timeout=30).status_code == 200


@pytest.mark.parametrize("program", NO_RESPONSE)
def test_mg_28_curl_gets_an_empty_reply(server, program):
    assert curl(server, program, "30") == (52, "", "curl: (52) Empty reply from server")


@pytest.mark.parametrize("program", [*LATE, *SILENT])
def test_mg_28_a_client_with_a_short_time_out_gives_up(server, program):
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{server.url}{PATH}{program}", auth=AUTH, timeout=0.05)
    status, out, complaint = curl(server, program, "0.05")
    assert (status, out) == (28, "")
    assert "timed out" in complaint
    assert requests.get(f"{server.url}{PATH}121811", auth=AUTH, timeout=30).status_code == 200


def curl(server, program, patience):
    done = subprocess.run(
        [
            shutil.which("curl"),
            "-sS",
            "--max-time",
            patience,
            "-u",
            ":".join(AUTH),
            f"{server.url}{PATH}{program}",
        ],
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr.strip()
