"""DT-39: numbers that bring about an outcome, at both ends of each range and one beyond."""

from __future__ import annotations

import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from urllib.parse import urlencode

import pytest
import requests
from lxml import etree

from mockserver.app import READINGS, ROOMS
from mockserver.engine.accounts import Account, Login, Number
from mockserver.engine.clock import Clock
from mockserver.engine.decisions import DecisionTrace
from mockserver.engine.events import ArrivalScheduled, MessageStored, UseCounted
from mockserver.engine.instants import LATEST, SECOND, parse_instant
from mockserver.engine.messages import account_shelf
from mockserver.engine.registry import Worlds
from mockserver.engine.state import Fixture
from mockserver.engine.world import TimedEvent
from mockserver.providers.dialogtech import DIALOGTECH
from mockserver.providers.dialogtech.limits import PER_ACCOUNT, PER_MINUTE, PER_NUMBER
from mockserver.sdk.request import ProviderRequest
from mockserver.sdk.response import AT_ONCE, Ending, ResponseTiming
from mockserver.sdk.serialization_cache import Fragments
from mockserver.settings import fixtures_folder

NOON = parse_instant("2026-06-01T12:00:00Z")
OWN = "5554332111"
NUMBERS = tuple(f"555000000{digit}" for digit in range(10))
RANGES = [
    ("9995550100", "9995550109", "refused as an invalid recipient"),
    ("9995550110", "9995550119", "refused as the 41st sms of a number within 60 seconds"),
    ("9995550120", "9995550129", "refused as the fifth sms of an account within a second"),
    ("9995550130", "9995550139", "refused as the second sms of a number within a second"),
    ("9995550140", "9995550149", "accepted and stored; the connection is closed without an answer"),
    ("9995550150", "9995550159", "accepted; 30 seconds later the handset answers 'Reply to: ' and the text"),
]
INVALID = ("9995550100", "9995550109")
LIMITS = {
    "9995550110": "40 sms per number per 60 seconds; next possible in 60.000 seconds, at 2026-06-01T12:01:00Z",
    "9995550119": "40 sms per number per 60 seconds; next possible in 60.000 seconds, at 2026-06-01T12:01:00Z",
    "9995550120": "4 sms per DialogTech account per second; next possible in 1.000 seconds, at 2026-06-01T12:00:01Z",
    "9995550129": "4 sms per DialogTech account per second; next possible in 1.000 seconds, at 2026-06-01T12:00:01Z",
    "9995550130": "1 sms per number per second; next possible in 1.000 seconds, at 2026-06-01T12:00:01Z",
    "9995550139": "1 sms per number per second; next possible in 1.000 seconds, at 2026-06-01T12:00:01Z",
}
LOST = ("9995550140", "9995550149")
ANSWERED = ("9995550150", "9995550159")
BEYOND = ("9995550099", "9995550160", "9995550199", "5555550100", "999555010")
TEXT = "Thank you for calling."

ACCOUNT = Account(
    "dialogtech/documents",
    "dialogtech",
    "documents",
    (Login("foo", "bar"),),
    {number: Number(number) for number in (OWN, *NUMBERS)},
)


@pytest.fixture
def open_house():
    def opened(**readings):
        fixture = Fixture(accounts=(ACCOUNT,), readings=readings)
        return Worlds(fixture, READINGS, clock=Clock.frozen(NOON), rooms=ROOMS)

    return opened


@pytest.fixture
def house(open_house):
    return open_house()


@pytest.fixture
def room(house, dialogtech_in):
    return dialogtech_in(house)


def stored(world):
    return world.state.ledger.page(account_shelf("dialogtech/documents"), 0, LATEST)


def records(answer, direction):
    return [
        tuple(part.text for part in record)
        for record in etree.fromstring(answer.encode()).iterfind(f".//{direction}/message")
    ]


def query(room, to):
    return {"action": "sms.send_message", **room.CREDENTIALS, **room.SMS, "to": to}


# -- which there are -----------------------------------------------------------------------------------------------


def test_dt_39_the_ranges_are_the_rooms(room):
    assert [tuple(magic) for magic in DIALOGTECH.magic] == [
        ("to", f"{first} to {last}", first, last, outcome) for first, last, outcome in RANGES
    ]
    every = [number for magic in DIALOGTECH.magic for number in magic.values()]
    assert every == [f"{number}" for number in range(9995550100, 9995550160)]


def test_dt_39_no_shipped_world_has_such_a_number():
    worlds = list((fixtures_folder() / "worlds").glob("*.json"))
    assert worlds
    assert [] == [path.name for path in worlds if "99955501" in path.read_text()]


@pytest.mark.parametrize("to", BEYOND[:-1])
def test_dt_39_beyond_the_ranges_numbers_are_as_any_other(room, to):
    assert room.send(to=to) == room.SENT
    assert [message.recipient for message in stored(room.world)] == [to]
    assert room.world.next_due() is None


def test_dt_39_a_part_of_a_number_is_no_number(room):
    assert "must be an unformatted phone number" in room.send(to=BEYOND[-1])


# -- refused -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", [*INVALID, f"1{INVALID[0]}"])
def test_dt_39_an_invalid_recipient_is_refused_and_nothing_is_used_up(room, to):
    refused = room.failed(f"Parameter to is not a number that messages can be sent to: {to[-10:]}")
    assert [room.send(to=to), room.send(to=to)] == [refused, refused]
    assert stored(room.world) == []
    assert room.world.state.uses == {}
    assert room.send() == room.SENT
    assert [message.id for message in stored(room.world)] == ["200000000"]


@pytest.mark.parametrize(("to", "sentence"), LIMITS.items(), ids=LIMITS)
def test_dt_39_a_limit_that_is_always_reached(room, to, sentence):
    refused = room.failed(f"Rate limit exceeded: {sentence}")
    assert [room.send(to=to), room.send(to=to)] == [refused, refused]
    assert stored(room.world) == []
    assert room.send() == room.SENT  # the windows themselves are free


@pytest.mark.parametrize("to", LIMITS)
def test_dt_39_the_evidence_has_the_windows_as_they_stand(room, to):
    assert room.send() == room.SENT
    room.wait(1000)
    assert room.send(to=to).count("Rate limit exceeded") == 1
    trace = decided(room, to).trace
    assert trace.magic == to
    assert [(each.limit, each.used) for each in trace.windows] == [
        (PER_MINUTE, 1),
        (PER_ACCOUNT, 0),
        (PER_NUMBER, 0),
    ]


def decided(room, to):
    """What is decided about a send to a number, without making it so."""
    return room.world.execute(partial(DIALOGTECH.decide, call(room, to)), commit=False)


def written(room, to):
    """How that is answered."""
    return DIALOGTECH.render(decided(room, to), call(room, to), room.world.state.readings, Fragments())


def call(room, to):
    return DIALOGTECH.parse(ProviderRequest("GET", "/ibp_api.php", urlencode(query(room, to)).encode()))


@pytest.mark.parametrize("to", [*INVALID, *LIMITS, *LOST, *ANSWERED])
def test_dt_39_what_would_be_refused_anyway_is_refused_for_that_reason(room, to):
    assert room.send() == room.SENT
    assert room.send(to=to) == room.failed(
        "Rate limit exceeded: 1 sms per number per second; next possible in 1.000 seconds, at 2026-06-01T12:00:01Z"
    )
    assert "is not an SMS enabled tracking number" in room.send(to=to, sender="5559999999")
    assert "must be at most 256 characters" in room.send(to=to, message="x" * 257)
    assert len(stored(room.world)) == 1
    assert room.world.next_due() is None


@pytest.mark.parametrize("to", [INVALID[0], *LIMITS])
def test_dt_39_where_all_sends_count_a_magic_refusal_counts_as_one_for_any_other_reason(open_house, dialogtech_in, to):
    room = dialogtech_in(open_house(**{"dialogtech.limits.count": "all"}))
    assert "failed" in room.send(to=to)
    assert room.send() == room.SENT
    assert [message.id for message in stored(room.world)] == ["200000000"]


def test_dt_39_without_limits_the_numbers_still_reach_them(open_house, dialogtech_in):
    room = dialogtech_in(open_house(limits="off"))
    assert room.send(to="9995550130") == room.failed(f"Rate limit exceeded: {LIMITS['9995550130']}")


# -- accepted, and the reply lost ----------------------------------------------------------------------------------


@pytest.mark.parametrize("to", LOST)
def test_dt_39_a_lost_reply_is_stored_and_counted_and_never_said(room, to):
    answer = written(room, to)
    assert answer.timing == ResponseTiming(ending=Ending.CLOSE, instead=b"")
    assert answer.body.decode() == room.send(to=to) == room.SENT  # what the journal keeps
    assert [(message.recipient, message.text) for message in stored(room.world)] == [(to, TEXT)]
    assert "Rate limit exceeded: 1 sms per number per second" in room.send()
    room.wait(1000)
    assert room.send() == room.SENT


@pytest.mark.parametrize("to", LOST)
def test_dt_39_requests_meets_a_closed_connection_and_sends_again(server, room, to):
    url = f"{server.url}/ibp_api.php"
    for _ in range(2):
        with pytest.raises(requests.ConnectionError, match="Remote end closed connection without response"):
            requests.post(url, query(room, to), timeout=30)
        room.wait(1000)
    assert [message.recipient for message in stored(room.world)] == [to, to]
    assert requests.post(url, query(room, "5556667777"), timeout=30).text == room.SENT


@pytest.mark.parametrize("to", LOST)
def test_dt_39_curl_gets_an_empty_reply(server, room, to):
    form = [part for name, value in query(room, to).items() for part in ("--data-urlencode", f"{name}={value}")]
    done = subprocess.run(
        [shutil.which("curl"), "-sS", "--max-time", "10", *form, f"{server.url}/ibp_api.php"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr.strip()) == (52, "", "curl: (52) Empty reply from server")
    assert [message.recipient for message in stored(room.world)] == [to]


# -- delivered, and answered ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", ANSWERED)
def test_dt_39_a_number_answers_after_30_seconds_and_not_before(room, to):
    assert room.send(to=to) == room.SENT
    assert room.world.next_due() == NOON + 30 * SECOND
    assert room.world.advance(NOON + 29_999 * SECOND // 1000) == []
    assert records(room.messages(**room.TODAY), "inbound") == []
    happened = room.world.advance(NOON + 30 * SECOND)
    assert [(each.at, each.what.message) for each in happened] == [(NOON + 30 * SECOND, stored(room.world)[1])]
    assert records(room.messages(**room.TODAY), "inbound") == [
        ("100000000", OWN, to, f"Reply to: {TEXT}", "2026-06-01 12:00:30")
    ]
    assert room.world.next_due() is None


def test_dt_39_the_answer_has_its_own_instant_however_far_the_clock_goes(room):
    room.send(to=ANSWERED[0])
    room.wait(1000)
    room.send(to=ANSWERED[1], message="And again.")
    happened = room.world.advance(NOON + 3600 * SECOND)
    assert all(isinstance(each, TimedEvent) and isinstance(each.what, MessageStored) for each in happened)
    assert [(each.at - NOON, each.what.message.at - NOON, each.what.message.text) for each in happened] == [
        (30 * SECOND, 30 * SECOND, f"Reply to: {TEXT}"),
        (31 * SECOND, 31 * SECOND, "Reply to: And again."),
    ]
    assert room.world.clock.now() == NOON + 3600 * SECOND


def test_dt_39_an_answer_is_put_down_as_json_in_the_words_of_a_world_file(room):
    decision = decided(room, ANSWERED[0])
    *counted, scheduled = decision.events
    assert [type(event) for event in counted] == [MessageStored, UseCounted, UseCounted]
    fields = {"account": "documents", "sender": ANSWERED[0], "recipient": OWN, "text": f"Reply to: {TEXT}"}
    assert scheduled == ArrivalScheduled(NOON + 30 * SECOND, "dialogtech", fields)
    assert json.loads(json.dumps(scheduled.fields)) == fields
    assert decision.trace == DecisionTrace(decision.trace.measured, ANSWERED[0])


def test_dt_39_the_longest_text_is_answered_too(room):
    room.send(to=ANSWERED[0], message="ł" * 256)
    (happened,) = room.world.advance(NOON + 30 * SECOND)
    assert happened.what.message.text == f"Reply to: {'ł' * 256}"


# -- together ------------------------------------------------------------------------------------------------------


def test_dt_39_numbers_of_all_ranges_at_once_do_not_disturb_each_other(open_house, dialogtech_in):
    room = dialogtech_in(open_house(limits="off"))
    every = [number for magic in DIALOGTECH.magic for number in magic.values()]
    with ThreadPoolExecutor(8) as pool:
        answers = dict(zip(every, pool.map(lambda to: room.send(to=to, message=to), every), strict=True))
    sent = sorted(number for number, answer in answers.items() if answer == room.SENT)
    assert sent == every[40:]
    assert sorted(message.text for message in stored(room.world)) == every[40:]
    happened = room.world.advance(NOON + 30 * SECOND)
    assert sorted(each.what.message.text for each in happened) == [f"Reply to: {to}" for to in every[50:]]


@pytest.mark.parametrize("to", [*INVALID, *LIMITS, *LOST, *ANSWERED])
def test_dt_39_switched_off_they_are_numbers_as_any_other(open_house, dialogtech_in, to):
    room = dialogtech_in(open_house(**{"dialogtech.magic": "off"}))
    assert written(room, to).timing is AT_ONCE
    assert room.send(to=to) == room.SENT
    assert room.world.next_due() is None
    assert "Rate limit exceeded: 1 sms per number per second" in room.send()
