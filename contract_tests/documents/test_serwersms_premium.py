"""SerwerSMS's premium/*, quiz/view and templates/rcs."""

from __future__ import annotations

import pytest

from contract_tests.documents.serwersms_api import open_api, own_entries
from contract_tests.documents.test_serwersms_quirks import message
from mockserver.providers.serwersms.entries import QuizAnswer, QuizEntry, RcsBotEntry

ASKED = message(0, 120270659, "pre", text="GLOS 7", recipient="71200")
LATER = message(1, 120270660, "pre", text="GLOS 8", recipient="71200", at="2026-05-02T10:00:00Z")
OTHER = message(2, 5, "nd", text="GLOS 9", recipient="71200")
ITEM = {
    "id": 120270659,
    "to_number": "71200",
    "from_number": "+48500600700",
    "date": "2026-05-01 12:00:00",
    "limit": 1,
    "text": "GLOS 7",
}
ANSWER = {"phone": "500600700", "text": "Dziękujemy", "gate": "71200", "id": "120270659"}


@pytest.fixture
def api(open_registry):
    return open_api(open_registry, ASKED, LATER, OTHER)


def ids(api):
    """The ids of the premium messages that wait."""
    return [item["id"] for item in api.form("premium/index")["items"]]


def test_sw_95_premium_messages_wait_for_an_answer_the_newest_first(api):
    assert ids(api) == [120270660, 120270659]
    assert api.form("premium/index")["items"][1] == ITEM
    assert list(api.json("premium/index")["items"][1]) == list(ITEM)
    assert "<from_number>+48500600700</from_number><date>2026-05-01 12:00:00</date>" in api.xml("premium/index")


def test_sw_95_an_answer_is_sent_once_and_its_message_waits_no_more(api):
    assert api.json("premium/send", **ANSWER) == {"success": True}
    assert ids(api) == [120270660]
    assert api.code("premium/send", **ANSWER) == 4201
    (sent,) = [each for each in api.world.state.message_store if each.direction == "outbound"]
    assert (sent.kind, sent.sender, sent.recipient, sent.text, sent.reference) == (
        "pre",
        "71200",
        "+48500600700",
        "Dziękujemy",
        "120270659",
    )


def test_sw_95_a_message_that_comes_in_waits_too(api):
    fields = {"kind": "pre", "sender": "+48600700800", "recipient": "7155", "text": "TAK"}
    api.world.receive_inbound("serwersms", {"account": "own", **fields})

    newest = api.form("premium/index")["items"][0]
    assert (newest["from_number"], newest["to_number"], newest["text"]) == ("+48600700800", "7155", "TAK")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"id": "123456"}, 4201),
        ({"id": "5"}, 4201),
        ({"id": "x"}, 4201),
        ({"phone": "600700800"}, 4201),
        ({"phone": "x"}, 4201),
        ({"gate": "7155"}, 4201),
        ({"phone": ""}, 2000),
        ({"text": ""}, 2000),
        ({"gate": ""}, 2000),
        ({"id": ""}, 2000),
    ],
)
def test_sw_95_an_answer_to_nothing_that_waits_is_4201(api, wrong, code):
    assert api.code("premium/send", **{**ANSWER, **wrong}) == code
    assert len(ids(api)) == 2


def test_sw_96_a_quiz_shows_how_often_each_answer_was_given(open_registry):
    quiz = QuizEntry(7, "Kto wygra?", (QuizAnswer(1, 12), QuizAnswer(2, 0)))
    api = open_api(open_registry, entries=own_entries(quizzes=(quiz,)))
    shown = {"id": 7, "name": "Kto wygra?", "items": [{"id": 1, "count": 12}, {"id": 2, "count": 0}]}

    assert api.form("quiz/view", id="7") == shown
    assert api.json("quiz/view", id=7) == shown
    assert api.xml("quiz/view", id="7") == (
        "<response><id>7</id><name>Kto wygra?</name><items><item><id>1</id><count>12</count></item>"
        "<item><id>2</id><count>0</count></item></items></response>"
    )
    assert [api.code("quiz/view", **given) for given in ({"id": "123"}, {"id": "x"}, {})] == [1004, 1004, 2000]


def test_sw_97_bots_are_listed_as_the_vendor_prints_them(open_registry):
    bot = RcsBotEntry(
        "54c53be2-cbb8-11ec-9d64-0242ac120002", "Bot", "Test", (26001, 26002), "https://example.com/", ready=True
    )
    api = open_api(
        open_registry, entries=own_entries(rcs_bots=(bot, RcsBotEntry("other", "New", online=False, ready=False)))
    )

    assert api.form("templates/rcs") == {
        "items": [
            {
                "name": "New",
                "description": "",
                "rcs_id": "other",
                "networks": [],
                "webhook": "",
                "online": 0,
                "active": 1,
            },
            {
                "name": "Bot",
                "description": "Test",
                "rcs_id": "54c53be2-cbb8-11ec-9d64-0242ac120002",
                "networks": [26001, 26002],
                "webhook": "https://example.com/",
                "online": 1,
                "active": 2,
            },
        ]
    }
    assert "<networks><item>26001</item><item>26002</item></networks>" in api.xml("templates/rcs")
