"""A message that comes in from outside to a tracking number: in the provider's records at once, or refused in a sentence."""

from __future__ import annotations

import pytest
from lxml import etree

from mockserver.app import READINGS, ROOMS
from mockserver.engine.accounts import Account, Login, Number
from mockserver.engine.clock import Clock
from mockserver.engine.decisions import DecisionTrace
from mockserver.engine.events import MessageStored
from mockserver.engine.instants import SECOND, parse_instant
from mockserver.engine.messages import Message, account_shelf
from mockserver.engine.registry import Worlds
from mockserver.engine.state import Fixture

NOON = parse_instant("2026-06-01T12:00:00Z")
OWN, OTHERS, MUTE = "5554332111", "5550000001", "5550000002"
HANDSET = "5556667777"
FIELDS = {"sender": HANDSET, "recipient": OWN, "text": "Hi. I'm looking for a blue left-handed widget."}


def account(name, user, *numbers):
    return Account(f"dialogtech/{name}", "dialogtech", name, (Login(user, "bar"),), {n.number: n for n in numbers})


FIXTURE = Fixture(
    accounts=(
        account("documents", "foo", Number(OWN), Number(MUTE, sms_enabled=False)),
        account("other", "other", Number(OTHERS)),
    ),
    sequences={"dialogtech.inbound": 177931296},
)


@pytest.fixture
def house():
    return Worlds(FIXTURE, READINGS, clock=Clock.frozen(NOON), rooms=ROOMS)


@pytest.fixture
def room(house, dialogtech_in):
    return dialogtech_in(house)


def arrive(room, **changes):
    return room.world.arrive("dialogtech", {**FIELDS, **changes})


def received(room, **credentials):
    """The inbound messages of the day, as `sms.get_messages` tells them."""
    answer = etree.fromstring(room.messages(**room.TODAY, **credentials).encode())
    return [tuple(part.text for part in record) for record in answer.iterfind(".//inbound/message")]


def test_it_is_stored_with_the_next_number_of_its_direction_at_the_worlds_instant(room):
    stored = Message(
        0,
        "dialogtech/documents",
        "177931296",
        "inbound",
        HANDSET,
        OWN,
        NOON,
        "Hi. I'm looking for a blue left-handed widget.",
    )
    decision = arrive(room)
    assert decision.value == stored
    assert decision.events == (MessageStored(stored),)
    assert (decision.at, decision.trace, decision.account) == (NOON, DecisionTrace(), "dialogtech/documents")
    assert room.world.state.ledger.page(account_shelf("dialogtech/documents"), 0, NOON) == [stored]


def test_it_is_in_the_providers_own_api_at_once(room):
    arrive(room)
    assert received(room) == [
        ("177931296", OWN, HANDSET, "Hi. I'm looking for a blue left-handed widget.", "2026-06-01 12:00:00")
    ]
    room.wait(1500)
    arrive(room, text="Ja też. 🙏\n")
    assert received(room)[1:] == [("177931297", OWN, HANDSET, "Ja też. 🙏\n", "2026-06-01 12:00:01")]


def test_the_account_is_the_one_that_has_the_number(room):
    assert arrive(room, recipient=OTHERS).account == "dialogtech/other"
    assert received(room) == []
    assert len(received(room, access_key="other")) == 1


def test_the_account_may_be_named(room):
    assert arrive(room, recipient=OTHERS, account="other").account == "dialogtech/other"


def test_inbound_and_outbound_count_apart_and_what_arrives_uses_no_limit_up(room):
    assert room.send() == room.SENT
    arrive(room)
    arrive(room)
    room.wait(1000)
    assert room.send() == room.SENT
    ids = [
        (message.direction, message.id)
        for message in room.world.state.ledger.page(account_shelf("dialogtech/documents"), 0, NOON + SECOND)
    ]
    assert ids == [
        ("outbound", "200000000"),
        ("inbound", "177931296"),
        ("inbound", "177931297"),
        ("outbound", "200000001"),
    ]


def test_a_text_may_be_empty_or_longer_than_one_that_is_sent(room):
    assert arrive(room, text="").value.text == ""
    assert arrive(room, text="x" * 1000).value.text == "x" * 1000


WRONG = {
    "an unknown field": ({"sendr": HANDSET}, "sendr: unknown key; did you mean 'sender'?"),
    "a field of other rooms": ({"kind": "nd"}, "kind: unknown key; there is sender, recipient, text, account"),
    "a formatted number": ({"sender": "555-666-7777"}, "sender: '555-666-7777' is not 10 digits"),
    "a number as a number": ({"recipient": 5554332111}, "recipient: 5554332111 is not 10 digits"),
    "no text": ({"text": None}, "text: null is not a text"),
    "a text that no answer can carry": ({"text": "\ud800"}, "text: '\\ud800' is not text that UTF-8 can carry"),
    "a number of nobody": (
        {"recipient": "5554332112"},
        "recipient: unknown SMS enabled number; did you mean '5554332111'?",
    ),
    "a number that is not enabled": (
        {"recipient": MUTE, "account": "documents"},
        "recipient: unknown SMS enabled number; there is 5554332111",
    ),
    "another account's number": (
        {"recipient": OTHERS, "account": "documents"},
        "recipient: unknown SMS enabled number; there is 5554332111",
    ),
    "an unknown account": ({"account": "document"}, "account: unknown account; did you mean 'documents'?"),
    "a name that is none": (
        {"account": "dialogtech/documents"},
        "account: 'dialogtech/documents' is not a name of 1 to 64 small letters, digits and hyphens",
    ),
}


@pytest.mark.parametrize(("changes", "sentence"), WRONG.values(), ids=WRONG)
def test_a_wrong_field_is_named_with_what_would_be_right_and_nothing_happens(room, changes, sentence):
    with pytest.raises(ValueError) as refused:
        arrive(room, **changes)
    assert str(refused.value) == sentence
    assert received(room) == []
    assert arrive(room).value.id == "177931296"


@pytest.mark.parametrize("name", FIELDS)
def test_a_missing_field_is_named(room, name):
    with pytest.raises(ValueError) as refused:
        room.world.arrive("dialogtech", {key: value for key, value in FIELDS.items() if key != name})
    assert str(refused.value) == f"{name}: is missing"


def test_a_number_of_two_accounts_wants_the_account_too():
    twins = Fixture(accounts=(account("one", "foo", Number(OWN)), account("two", "other", Number(OWN))))
    world = Worlds(twins, READINGS, clock=Clock.frozen(NOON), rooms=ROOMS).default
    with pytest.raises(ValueError) as refused:
        world.arrive("dialogtech", FIELDS)
    assert str(refused.value) == f"account: is missing; one and two have {OWN}"
    assert world.arrive("dialogtech", {**FIELDS, "account": "two"}).account == "dialogtech/two"
