"""An inbound message of one of the five types: returned at once, or rejected with a sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract_tests.clocks import let_pass
from contract_tests.installed import CALLBACKS, VARIANTS
from contract_tests.ways import both_ways
from mockserver.engine.accounts import Account, ForwardingRule, Login
from mockserver.engine.clock import Clock
from mockserver.engine.decisions import DecisionTrace
from mockserver.engine.events import MessageStored
from mockserver.engine.instants import SECOND, parse_instant
from mockserver.engine.messages import Attachment, Message
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.state import Fixture

NOON = parse_instant("2026-06-01T12:00:00Z")
JAN, OWN = "+48500600700", "+48664078059"
FIELDS = {"kind": "nd", "sender": JAN, "text": "SerwerSMS.pl"}
PART = {"name": "text_0002.txt", "content_type": "text/plain", "data": "SmFrYXMgdGFtIGplc3pjemUgd2lhZGFvbW9zYw=="}
MMS = {"kind": "mms", "sender": JAN, "recipient": OWN}


def account(name):
    return Account(f"serwersms/{name}", "serwersms", name, (Login(name, "secret"),))


FIXTURE = Fixture(
    accounts=(account("first"), account("second")),
    sequences={"serwersms.eco": 2477794, "serwersms.nd": 303024, "serwersms.mms": 323961873},
)


@pytest.fixture
def registry():
    return WorldRegistry(FIXTURE, VARIANTS, clock=Clock.frozen(NOON), providers=CALLBACKS)


@pytest.fixture
def recived(registry):
    """The items that `messages/recived` returns."""
    client = both_ways(registry)

    def call(user="first", **parameters):
        return client.post("/messages/recived", data={"username": user, "password": "secret", **parameters}).json[
            "items"
        ]

    return call


@pytest.fixture
def receive_inbound(registry):
    """Receive an inbound message: the sample with some fields changed, or exactly these fields."""

    def received(exactly=None, **changes):
        fields = FIELDS if exactly is None else exactly
        return registry.default.receive_inbound("serwersms", {"account": "first", **fields, **changes})

    return received


def item(identifier, kind, **further):
    """An item as 004 prints it, between its date and its end."""
    return {
        "id": identifier,
        "type": kind,
        "phone": JAN,
        "recived": "2026-06-01 14:00:00",
        "blacklist": False,
        **further,
    }


def test_it_is_stored_with_the_next_number_of_its_type_at_the_worlds_instant(receive_inbound):
    stored = Message(0, "serwersms/first", "303024", "inbound", JAN, "", NOON, "SerwerSMS.pl", kind="nd")
    decision = receive_inbound()
    assert decision.value == stored
    assert decision.events == (MessageStored(stored),)
    assert (decision.at, decision.trace, decision.account) == (NOON, DecisionTrace(), "serwersms/first")


EVERY = {
    "eco": (
        {"kind": "eco", "sender": JAN, "text": "Przyjade o 16", "reference": "eba39e4fe1"},
        item(2477794, "eco", message_id="eba39e4fe1", text="Przyjade o 16"),
    ),
    "nd": (FIELDS, item(303024, "nd", text="SerwerSMS.pl")),
    "nd at a number": (FIELDS | {"recipient": "+48664078000"}, item(303024, "nd", text="SerwerSMS.pl")),
    "ndi": (
        {"kind": "ndi", "sender": JAN, "recipient": OWN, "text": "Dziękuję za informację"},
        item(1000000, "ndi", text="Dziękuję za informację"),
    ),
    "pre": (
        {"kind": "pre", "sender": JAN, "recipient": "7155", "text": "TAK"},
        item(1000000, "pre", text="TAK"),
    ),
    "mms": (
        MMS | {"title": "Temat MMS", "attachments": [{"id": 2518, **PART}]},
        item(323961873, "mms", to_number=OWN, title="Temat MMS", attachments=[{"id": 2518, **PART}]),
    ),
    "mms with nothing in it": (MMS, item(323961873, "mms", to_number=OWN, title="", attachments=[])),
    "mms with an empty text": (MMS | {"text": ""}, item(323961873, "mms", to_number=OWN, title="", attachments=[])),
}


@pytest.mark.parametrize(("fields", "expected"), EVERY.values(), ids=EVERY)
def test_it_is_returned_at_once(receive_inbound, recived, fields, expected):
    receive_inbound(fields)
    assert recived() == [expected]
    assert recived(type=fields["kind"]) == [expected]


def test_an_ndi_message_is_found_by_the_number_that_it_hit(receive_inbound, recived):
    receive_inbound(kind="ndi", recipient=OWN)
    assert len(recived(ndi=OWN)) == 1
    assert recived(ndi="+48664078000") == []


def test_attachments_without_an_id_get_one_of_their_own_sequence(receive_inbound):
    first = receive_inbound(MMS, attachments=[PART, {"id": 7, **PART}, PART]).value
    assert [part.id for part in first.attachments] == [100000000, 7, 100000001]
    assert first.attachments[0] == Attachment(100000000, "text_0002.txt", "text/plain", b"Jakas tam jeszcze wiadaomosc")
    assert [part.id for part in receive_inbound(MMS, attachments=[PART]).value.attachments] == [100000002]


def test_each_type_counts_for_itself(receive_inbound):
    ids = [receive_inbound(kind=kind, recipient=OWN).value.id for kind in ("nd", "ndi", "nd", "pre", "ndi")]
    assert ids == ["303024", "1000000", "303025", "1000000", "1000001"]


def test_it_is_unread(registry, receive_inbound, recived):
    receive_inbound()
    assert [each["id"] for each in recived(read="true")] == [303024]
    let_pass(registry.default, SECOND)
    receive_inbound()
    assert [each["id"] for each in recived()] == [303025]


def test_the_account_is_the_one_that_is_named(receive_inbound, recived):
    assert receive_inbound(account="first").account == "serwersms/first"
    assert receive_inbound(account="second").account == "serwersms/second"
    assert [each["id"] for each in recived("first")] == [303024]
    assert [each["id"] for each in recived("second")] == [303025]


def test_without_a_name_it_is_the_only_account_or_the_only_one_that_forwards_so(registry):
    with pytest.raises(ValueError) as rejected:
        registry.default.receive_inbound("serwersms", FIELDS)
    assert str(rejected.value) == "account: is missing; there is first and second"

    rule = ForwardingRule("ndi", "http://127.0.0.1:9/", number=OWN)
    forwards = replace(account("second"), forwarding=(rule,))
    fields = {**FIELDS, "kind": "ndi", "recipient": OWN}
    assert received_at((account("first"), forwards), fields) == "serwersms/second"
    assert received_at((account("only"),), FIELDS) == "serwersms/only"
    for others in ({"recipient": "+48664078050"}, {"kind": "nd"}):
        with pytest.raises(ValueError, match="account: is missing; there is first and second"):
            received_at((account("first"), forwards), {**fields, **others})


def received_at(accounts, fields):
    world = WorldRegistry(Fixture(accounts), VARIANTS, clock=Clock.frozen(NOON), providers=CALLBACKS).default
    return world.receive_inbound("serwersms", fields).account


RIGHT = "a telephone number such as +48500600700"
WRONG = {
    "an unknown field": ({"sendr": JAN}, "sendr: unknown key; did you mean 'sender'?"),
    "a field of other providers": (
        {"program": "121811"},
        "program: unknown key; there is kind, sender, recipient, text, reference, title, attachments, account",
    ),
    "an unknown type": ({"kind": "ECO"}, "kind: 'ECO' is not 'eco', 'nd', 'ndi', 'pre' or 'mms'"),
    "a type that is a list": ({"kind": ["nd"]}, "kind: a list is not 'eco', 'nd', 'ndi', 'pre' or 'mms'"),
    "nine digits": ({"sender": "500600700"}, f"sender: '500600700' is not {RIGHT}"),
    "no text": ({"text": None}, "text: null is not a text"),
    "a text that no answer can carry": ({"text": "\ud800"}, "text: '\\ud800' is not text that UTF-8 can carry"),
    "an answer to nothing": ({"kind": "eco"}, "reference: is missing"),
    "an answer of another type": (
        {"reference": "eba39e4fe1"},
        "reference: 'eba39e4fe1' is not left out, for only an eco message answers another",
    ),
    "an ndi message to no one": ({"kind": "ndi"}, "recipient: is missing"),
    "an ndi message to no number": (
        {"kind": "ndi", "recipient": ""},
        "recipient: '' is not the number that was hit",
    ),
    "a recipient that is none": (
        {"recipient": "x"},
        "recipient: 'x' is not the number that was hit: such as +48500600700, a short one of 3 to 8 digits, or an empty text",
    ),
    "a title of another type": ({"title": "Hi"}, "title: 'Hi' is not an empty text, for only an MMS has a title"),
    "an MMS with a text": (
        {"kind": "mms", "recipient": OWN},
        "text: 'SerwerSMS.pl' is not an empty text, for an MMS has its text in an attachment",
    ),
    "attachments of another type": (
        {"attachments": [PART]},
        "attachments: a list is not an empty list, for only an MMS has attachments",
    ),
    "an attachment without a name": (
        {"kind": "mms", "recipient": OWN, "text": "", "attachments": [{"content_type": "a/b", "data": ""}]},
        "attachments[0].name: is missing",
    ),
    "an attachment that is no base64": (
        {"kind": "mms", "recipient": OWN, "text": "", "attachments": [PART, PART | {"data": "?"}]},
        "attachments[1].data: '?' is not base64",
    ),
    "an attachment that is none": (
        {"kind": "mms", "recipient": OWN, "text": "", "attachments": ["x"]},
        "attachments[0]: 'x' is not an attachment (an object with 'id', 'name', 'content_type' and 'data')",
    ),
    "an attachment that no answer can carry": (
        {"kind": "mms", "recipient": OWN, "text": "", "attachments": [PART | {"name": "\udc00"}]},
        "attachments[0].name: '\\udc00' is not text that UTF-8 can carry",
    ),
    "an unknown account": ({"account": "frist"}, "account: unknown account; did you mean 'first'?"),
}


@pytest.mark.parametrize(("changes", "sentence"), WRONG.values(), ids=WRONG)
def test_a_wrong_field_is_named_with_what_would_be_right_and_nothing_happens(
    receive_inbound, recived, changes, sentence
):
    with pytest.raises(ValueError) as rejected:
        receive_inbound(**changes)
    assert str(rejected.value) == sentence
    assert recived() == []
    assert receive_inbound().value.id == "303024"
    assert [part.id for part in receive_inbound(MMS, attachments=[PART]).value.attachments] == [100000000]


@pytest.mark.parametrize("name", FIELDS)
def test_a_missing_field_is_named(registry, name):
    with pytest.raises(ValueError) as rejected:
        registry.default.receive_inbound("serwersms", {key: value for key, value in FIELDS.items() if key != name})
    assert str(rejected.value) == f"{name}: is missing"
