"""An inbound message to a program: exported at once, or rejected with a sentence."""

from __future__ import annotations

import json

import pytest

from contract_tests.clocks import let_pass
from contract_tests.installed import CALLBACKS, VARIANTS
from contract_tests.ways import both_ways
from mockserver.engine.accounts import Account, Login, Program
from mockserver.engine.clock import Clock
from mockserver.engine.decisions import DecisionTrace
from mockserver.engine.events import MessageStored
from mockserver.engine.instants import SECOND, parse_instant
from mockserver.engine.messages import Message
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.state import Fixture

NOON = parse_instant("2026-06-01T12:00:00Z")
FIELDS = {"sender": "15556667777", "text": "JOIN"}


def account(name, *programs):
    programs = {number: Program(number, f"Program {number}", "Campaign", "Text to Join") for number in programs}
    return Account(f"mgage/{name}", "mgage", name, (Login(name, "secret"),), programs=programs)


FIXTURE = Fixture(
    accounts=(account("several", "141501", "141502"), account("one", "121811"), account("none")),
    sequences={"mgage.inbound": 700000003},
)


@pytest.fixture
def registry():
    return WorldRegistry(FIXTURE, VARIANTS, clock=Clock.frozen(NOON), providers=CALLBACKS)


@pytest.fixture
def exported(registry):
    """The messages of a program, as its account exports them."""
    client = both_ways(registry)

    def export(program="121811", user="one"):
        response = client.get(f"/api/messages/program/{program}", auth=(user, "secret"))
        return json.loads(response.data)["data"]["messages"]

    return export


@pytest.fixture
def receive_inbound(registry):
    """Receive an inbound message, by default for the account that has one program."""

    def received(**changes):
        whose = {} if {"account", "program"} & changes.keys() else {"account": "one"}
        return registry.default.receive_inbound("mgage", {**FIELDS, **whose, **changes})

    return received


def test_it_is_stored_with_the_next_number_as_received_at_the_worlds_instant(registry, receive_inbound):
    stored = Message(
        serial=0,
        account="mgage/one",
        id="700000003",
        direction="inbound",
        sender="15556667777",
        recipient="37911",
        at=NOON,
        text="JOIN",
        status="Received",
        program="121811",
    )
    decision = receive_inbound()
    assert decision.value == stored
    assert decision.events == (MessageStored(stored),)
    assert (decision.at, decision.trace, decision.account) == (NOON, DecisionTrace(), "mgage/one")


def test_it_is_exported_at_once(registry, receive_inbound, exported):
    receive_inbound()
    let_pass(registry.default, 1_250_000)
    receive_inbound(text="Ja też. 🙏", network="T-Mobile", status="Processing", recipient="12345")
    first = {
        "type": "MO",
        "deliveryStatus": "Received",
        "number": "15556667777",
        "body": "JOIN",
        "date": "2026-06-01T12:00:00.00",
        "network": None,
    }
    assert exported() == [
        first,
        first
        | {
            "deliveryStatus": "Processing",
            "body": "Ja też. 🙏",
            "date": "2026-06-01T12:00:01.25",
            "network": "T-Mobile",
        },
    ]


def test_the_account_is_the_one_that_has_the_program(receive_inbound, exported):
    assert receive_inbound(program="141502").account == "mgage/several"
    assert exported() == []
    assert len(exported("141502", "several")) == 1
    assert exported("141501", "several") == []


def test_without_a_program_it_is_the_only_one_of_the_account(receive_inbound):
    assert receive_inbound(account="one").value.program == "121811"
    assert receive_inbound(account="several", program="141501").value.program == "141501"


def test_what_could_be_meant_for_several_is_rejected_with_their_names(registry):
    with pytest.raises(ValueError) as rejected:
        registry.default.receive_inbound("mgage", FIELDS)
    assert str(rejected.value) == "program: is missing; there is 141501 of several, 141502 of several, 121811 of one"


def test_a_program_of_two_accounts_wants_the_account_too():
    twins = Fixture(accounts=(account("one", "121811"), account("two", "121811")))
    world = WorldRegistry(twins, VARIANTS, clock=Clock.frozen(NOON), providers=CALLBACKS).default
    with pytest.raises(ValueError) as rejected:
        world.receive_inbound("mgage", {**FIELDS, "program": "121811"})
    assert str(rejected.value) == "account: is missing; there is 121811 of one, 121811 of two"


def test_the_network_may_be_unknown(receive_inbound):
    assert receive_inbound(network=None).value.network is None


WRONG = {
    "an unknown field": ({"programm": "121811"}, "programm: unknown key; did you mean 'program'?"),
    "a plus sign": ({"sender": "+15556667777"}, "sender: '+15556667777' is not 3 to 15 digits"),
    "no text": ({"text": None}, "text: null is not a text"),
    "a text that no answer can carry": ({"text": "\ud800"}, "text: '\\ud800' is not text that UTF-8 can carry"),
    "a network that no answer can carry": (
        {"network": "\ud800"},
        "network: '\\ud800' is not text that UTF-8 can carry",
    ),
    "an empty status": (
        {"status": ""},
        "status: '' is not a text of 1 to 64 characters (deliveryStatus), such as 'Received'",
    ),
    "a program of no one": ({"program": "121812"}, "program: unknown program; did you mean '121811'?"),
    "another account's program": (
        {"program": "121811", "account": "several"},
        "program: unknown program; there is 141501, 141502",
    ),
    "one of several programs": ({"account": "several"}, "program: is missing; there is 141501, 141502"),
    "no program at all": ({"account": "none"}, "program: is missing; there is none"),
    "a magic program that the account has not": (
        {"program": "500510"},
        "program: unknown program; there is 141501, 141502, 121811",
    ),
    "an unknown account": ({"account": "on"}, "account: unknown account; did you mean 'one'?"),
}


@pytest.mark.parametrize(("changes", "sentence"), WRONG.values(), ids=WRONG)
def test_a_wrong_field_is_named_with_what_would_be_right_and_nothing_happens(
    receive_inbound, exported, changes, sentence
):
    with pytest.raises(ValueError) as rejected:
        receive_inbound(**changes)
    assert str(rejected.value) == sentence
    assert exported() == []
    assert receive_inbound().value.id == "700000003"


@pytest.mark.parametrize("name", FIELDS)
def test_a_missing_field_is_named(registry, name):
    with pytest.raises(ValueError) as rejected:
        registry.default.receive_inbound("mgage", {key: value for key, value in FIELDS.items() if key != name})
    assert str(rejected.value) == f"{name}: is missing"


def test_later_messages_come_after_earlier_ones(registry, receive_inbound, exported):
    for second in range(3):
        receive_inbound(text=str(second))
        let_pass(registry.default, SECOND)
    assert [message["body"] for message in exported()] == ["0", "1", "2"]
