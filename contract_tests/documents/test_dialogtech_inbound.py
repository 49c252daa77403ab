"""An inbound message to a tracking number: in the provider's records at once, or rejected with a sentence."""

from __future__ import annotations

import pytest
from lxml import etree

from contract_tests.installed import CALLBACKS, VARIANTS
from mockserver.engine.accounts import Account, Login, Number
from mockserver.engine.clock import Clock
from mockserver.engine.decisions import DecisionTrace
from mockserver.engine.events import MessageStored
from mockserver.engine.instants import SECOND, parse_instant
from mockserver.engine.messages import Message, account_key
from mockserver.engine.registry import WorldRegistry
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
def registry():
    return WorldRegistry(FIXTURE, VARIANTS, clock=Clock.frozen(NOON), providers=CALLBACKS)


@pytest.fixture
def provider(registry, dialogtech_in):
    return dialogtech_in(registry)


def receive_inbound(provider, **changes):
    return provider.world.receive_inbound("dialogtech", {**FIELDS, **changes})


def received(provider, **credentials):
    """The inbound messages of the day, as `sms.get_messages` returns them."""
    response = etree.fromstring(provider.messages(**provider.TODAY, **credentials).encode())
    return [tuple(part.text for part in record) for record in response.iterfind(".//inbound/message")]


def test_it_is_stored_with_the_next_number_of_its_direction_at_the_worlds_instant(provider):
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
    decision = receive_inbound(provider)
    assert decision.value == stored
    assert decision.events == (MessageStored(stored),)
    assert (decision.at, decision.trace, decision.account) == (NOON, DecisionTrace(), "dialogtech/documents")
    assert provider.world.state.message_store.page(account_key("dialogtech/documents"), 0, NOON) == [stored]


def test_it_is_in_the_providers_own_api_at_once(provider):
    receive_inbound(provider)
    assert received(provider) == [
        ("177931296", OWN, HANDSET, "Hi. I'm looking for a blue left-handed widget.", "2026-06-01 12:00:00")
    ]
    provider.wait(1500)
    receive_inbound(provider, text="Ja też. 🙏\n")
    assert received(provider)[1:] == [("177931297", OWN, HANDSET, "Ja też. 🙏\n", "2026-06-01 12:00:01")]


def test_the_account_is_the_one_that_has_the_number(provider):
    assert receive_inbound(provider, recipient=OTHERS).account == "dialogtech/other"
    assert received(provider) == []
    assert len(received(provider, access_key="other")) == 1


def test_the_account_may_be_named(provider):
    assert receive_inbound(provider, recipient=OTHERS, account="other").account == "dialogtech/other"


def test_inbound_and_outbound_count_apart_and_what_arrives_uses_no_limit_up(provider):
    assert provider.send() == provider.SENT
    receive_inbound(provider)
    receive_inbound(provider)
    provider.wait(1000)
    assert provider.send() == provider.SENT
    ids = [
        (message.direction, message.id)
        for message in provider.world.state.message_store.page(account_key("dialogtech/documents"), 0, NOON + SECOND)
    ]
    assert ids == [
        ("outbound", "200000000"),
        ("inbound", "177931296"),
        ("inbound", "177931297"),
        ("outbound", "200000001"),
    ]


def test_a_text_may_be_empty_or_longer_than_one_that_is_sent(provider):
    assert receive_inbound(provider, text="").value.text == ""
    assert receive_inbound(provider, text="x" * 1000).value.text == "x" * 1000


WRONG = {
    "an unknown field": ({"sendr": HANDSET}, "sendr: unknown key; did you mean 'sender'?"),
    "a field of other providers": ({"kind": "nd"}, "kind: unknown key; there is sender, recipient, text, account"),
    "a formatted number": ({"sender": "555-666-7777"}, "sender: '555-666-7777' is not 10 digits"),
    "a number as a number": ({"recipient": 5554332111}, "recipient: 5554332111 is not 10 digits"),
    "no text": ({"text": None}, "text: null is not a text"),
    "a text that no answer can carry": ({"text": "\ud800"}, "text: '\\ud800' is not text that UTF-8 can carry"),
    "a number of no one": (
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
def test_a_wrong_field_is_named_with_what_would_be_right_and_nothing_happens(provider, changes, sentence):
    with pytest.raises(ValueError) as rejected:
        receive_inbound(provider, **changes)
    assert str(rejected.value) == sentence
    assert received(provider) == []
    assert receive_inbound(provider).value.id == "177931296"


@pytest.mark.parametrize("name", FIELDS)
def test_a_missing_field_is_named(provider, name):
    with pytest.raises(ValueError) as rejected:
        provider.world.receive_inbound("dialogtech", {key: value for key, value in FIELDS.items() if key != name})
    assert str(rejected.value) == f"{name}: is missing"


def test_a_number_of_two_accounts_wants_the_account_too():
    twins = Fixture(accounts=(account("one", "foo", Number(OWN)), account("two", "other", Number(OWN))))
    world = WorldRegistry(twins, VARIANTS, clock=Clock.frozen(NOON), providers=CALLBACKS).default
    with pytest.raises(ValueError) as rejected:
        world.receive_inbound("dialogtech", FIELDS)
    assert str(rejected.value) == f"account: is missing; one and two have {OWN}"
    assert world.receive_inbound("dialogtech", {**FIELDS, "account": "two"}).account == "dialogtech/two"
