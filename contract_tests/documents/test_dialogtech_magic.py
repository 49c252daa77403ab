"""DT-39: magic numbers that cause an outcome, at both ends of each range and one beyond."""

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

from contract_tests.installed import CALLBACKS, VARIANTS
from mockserver.engine.accounts import Account, Login, Number
from mockserver.engine.clock import Clock
from mockserver.engine.decisions import DecisionTrace
from mockserver.engine.event_log import TimedEvent
from mockserver.engine.events import InboundScheduled, MessageStored, UseCounted
from mockserver.engine.instants import LATEST, SECOND, parse_instant
from mockserver.engine.messages import account_key
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.state import Fixture
from mockserver.providers.dialogtech import DIALOGTECH
from mockserver.providers.dialogtech.limits import PER_ACCOUNT, PER_MINUTE, PER_NUMBER
from mockserver.sdk.request import ProviderRequest
from mockserver.sdk.response import AT_ONCE, Ending, ResponseTiming
from mockserver.sdk.serialization_cache import SerializationCache
from mockserver.settings import fixtures_folder

NOON = parse_instant("2026-06-01T12:00:00Z")
OWN = "5554332111"
NUMBERS = tuple(f"555000000{digit}" for digit in range(10))
RANGES = [
    ("9995550100", "9995550109", "rejected as an invalid recipient"),
    ("9995550110", "9995550119", "rejected as the 41st sms of a number within 60 seconds"),
    ("9995550120", "9995550129", "rejected as the fifth sms of an account within a second"),
    ("9995550130", "9995550139", "rejected as the second sms of a number within a second"),
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
NO_RESPONSE = ("9995550140", "9995550149")
ACCEPTED_SILENTLY = ("9995550150", "9995550159")
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
def open_registry():
    def opened(**variants):
        fixture = Fixture(accounts=(ACCOUNT,), variants=variants)
        return WorldRegistry(fixture, VARIANTS, clock=Clock.frozen(NOON), providers=CALLBACKS)

    return opened


@pytest.fixture
def registry(open_registry):
    return open_registry()


@pytest.fixture
def provider(registry, dialogtech_in):
    return dialogtech_in(registry)


def stored(world):
    return world.state.message_store.page(account_key("dialogtech/documents"), 0, LATEST)


def records(response, direction):
    return [
        tuple(part.text for part in record)
        for record in etree.fromstring(response.encode()).iterfind(f".//{direction}/message")
    ]


def query(provider, to):
    return {"action": "sms.send_message", **provider.CREDENTIALS, **provider.SMS, "to": to}


# -- which there are -----------------------------------------------------------------------------------------------


def test_dt_39_the_ranges_are_the_providers(provider):
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
def test_dt_39_beyond_the_ranges_numbers_are_as_any_other(provider, to):
    assert provider.send(to=to) == provider.SENT
    assert [message.recipient for message in stored(provider.world)] == [to]
    assert provider.world.next_due() is None


def test_dt_39_a_part_of_a_number_is_no_number(provider):
    assert "must be an unformatted phone number" in provider.send(to=BEYOND[-1])


# -- rejected -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", [*INVALID, f"1{INVALID[0]}"])
def test_dt_39_an_invalid_recipient_is_rejected_and_nothing_is_used_up(provider, to):
    rejected = provider.failed(f"Parameter to is not a number that messages can be sent to: {to[-10:]}")
    assert [provider.send(to=to), provider.send(to=to)] == [rejected, rejected]
    assert stored(provider.world) == []
    assert provider.world.state.uses == {}
    assert provider.send() == provider.SENT
    assert [message.id for message in stored(provider.world)] == ["200000000"]


@pytest.mark.parametrize(("to", "sentence"), LIMITS.items(), ids=LIMITS)
def test_dt_39_a_limit_that_is_always_reached(provider, to, sentence):
    rejected = provider.failed(f"Rate limit exceeded: {sentence}")
    assert [provider.send(to=to), provider.send(to=to)] == [rejected, rejected]
    assert stored(provider.world) == []
    assert provider.send() == provider.SENT  # the windows themselves are free


@pytest.mark.parametrize("to", LIMITS)
def test_dt_39_the_evidence_has_the_windows_as_they_stand(provider, to):
    assert provider.send() == provider.SENT
    provider.wait(1000)
    assert provider.send(to=to).count("Rate limit exceeded") == 1
    trace = decided(provider, to).trace
    assert trace.magic == to
    assert [(each.limit, each.used) for each in trace.windows] == [
        (PER_MINUTE, 1),
        (PER_ACCOUNT, 0),
        (PER_NUMBER, 0),
    ]


def decided(provider, to):
    """The decision about a send to a number, without applying it."""
    return provider.world.execute(partial(DIALOGTECH.decide, call(provider, to)), commit=False)


def written(provider, to):
    """The response to that decision."""
    return DIALOGTECH.render(
        decided(provider, to), call(provider, to), provider.world.state.variants, SerializationCache()
    )


def call(provider, to):
    return DIALOGTECH.parse(ProviderRequest("GET", "/ibp_api.php", urlencode(query(provider, to)).encode()))


@pytest.mark.parametrize("to", [*INVALID, *LIMITS, *NO_RESPONSE, *ACCEPTED_SILENTLY])
def test_dt_39_what_would_be_rejected_anyway_is_rejected_for_that_reason(provider, to):
    assert provider.send() == provider.SENT
    assert provider.send(to=to) == provider.failed(
        "Rate limit exceeded: 1 sms per number per second; next possible in 1.000 seconds, at 2026-06-01T12:00:01Z"
    )
    assert "is not an SMS enabled tracking number" in provider.send(to=to, sender="5559999999")
    assert "must be at most 256 characters" in provider.send(to=to, message="x" * 257)
    assert len(stored(provider.world)) == 1
    assert provider.world.next_due() is None


@pytest.mark.parametrize("to", [INVALID[0], *LIMITS])
def test_dt_39_where_all_sends_count_one_that_a_magic_number_rejects_counts_too(open_registry, dialogtech_in, to):
    provider = dialogtech_in(open_registry(**{"dialogtech.limits.count": "all"}))
    assert "failed" in provider.send(to=to)
    provider.wait(999)
    assert "1 sms per number per second" in provider.send()
    provider.wait(1000)
    assert provider.send() == provider.SENT
    assert [message.id for message in stored(provider.world)] == ["200000000"]


def test_dt_39_without_limits_the_numbers_still_reach_them(open_registry, dialogtech_in):
    provider = dialogtech_in(open_registry(limits="off"))
    assert provider.send(to="9995550130") == provider.failed(f"Rate limit exceeded: {LIMITS['9995550130']}")


# -- accepted, and the reply lost ----------------------------------------------------------------------------------


@pytest.mark.parametrize("to", NO_RESPONSE)
def test_dt_39_a_lost_reply_is_stored_and_counted_and_never_said(provider, to):
    response = written(provider, to)
    assert response.timing == ResponseTiming(ending=Ending.CLOSE, instead=b"")
    assert response.body.decode() == provider.send(to=to) == provider.SENT  # what the journal keeps
    assert [(message.recipient, message.text) for message in stored(provider.world)] == [(to, TEXT)]
    assert "Rate limit exceeded: 1 sms per number per second" in provider.send()
    provider.wait(1000)
    assert provider.send() == provider.SENT


@pytest.mark.parametrize("to", NO_RESPONSE)
def test_dt_39_requests_meets_a_closed_connection_and_sends_again(server, provider, to):
    url = f"{server.url}/ibp_api.php"
    for _ in range(2):
        with pytest.raises(requests.ConnectionError, match="Remote end closed connection without response"):
            requests.post(url, query(provider, to), timeout=30)
        provider.wait(1000)
    assert [message.recipient for message in stored(provider.world)] == [to, to]
    assert requests.post(url, query(provider, "5556667777"), timeout=30).text == provider.SENT


@pytest.mark.parametrize("to", NO_RESPONSE)
def test_dt_39_curl_gets_an_empty_reply(server, provider, to):
    form = [part for name, value in query(provider, to).items() for part in ("--data-urlencode", f"{name}={value}")]
    done = subprocess.run(
        [shutil.which("curl"), "-sS", "--max-time", "10", *form, f"{server.url}/ibp_api.php"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr.strip()) == (52, "", "curl: (52) Empty reply from server")
    assert [message.recipient for message in stored(provider.world)] == [to]


# -- delivered, and answered ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", ACCEPTED_SILENTLY)
def test_dt_39_a_number_answers_after_30_seconds_and_not_before(provider, to):
    assert provider.send(to=to) == provider.SENT
    assert provider.world.next_due() == NOON + 30 * SECOND
    assert provider.world.advance(NOON + 29_999 * SECOND // 1000).events == []
    assert records(provider.messages(**provider.TODAY), "inbound") == []
    events = provider.world.advance(NOON + 30 * SECOND).events
    assert [(each.at, each.event.message) for each in events] == [(NOON + 30 * SECOND, stored(provider.world)[1])]
    assert records(provider.messages(**provider.TODAY), "inbound") == [
        ("100000000", OWN, to, f"Reply to: {TEXT}", "2026-06-01 12:00:30")
    ]
    assert provider.world.next_due() is None


def test_dt_39_the_answer_has_its_own_instant_however_far_the_clock_goes(provider):
    provider.send(to=ACCEPTED_SILENTLY[0])
    provider.wait(1000)
    provider.send(to=ACCEPTED_SILENTLY[1], message="And again.")
    events = provider.world.advance(NOON + 3600 * SECOND).events
    assert all(isinstance(each, TimedEvent) and isinstance(each.event, MessageStored) for each in events)
    assert [(each.at - NOON, each.event.message.at - NOON, each.event.message.text) for each in events] == [
        (30 * SECOND, 30 * SECOND, f"Reply to: {TEXT}"),
        (31 * SECOND, 31 * SECOND, "Reply to: And again."),
    ]
    assert provider.world.clock.now() == NOON + 3600 * SECOND


def test_dt_39_an_answer_is_put_down_as_json_in_the_words_of_a_world_file(provider):
    decision = decided(provider, ACCEPTED_SILENTLY[0])
    *counted, scheduled = decision.events
    assert [type(event) for event in counted] == [MessageStored, UseCounted, UseCounted]
    fields = {"account": "documents", "sender": ACCEPTED_SILENTLY[0], "recipient": OWN, "text": f"Reply to: {TEXT}"}
    assert scheduled == InboundScheduled(NOON + 30 * SECOND, "dialogtech", fields)
    assert json.loads(json.dumps(scheduled.fields)) == fields
    assert decision.trace == DecisionTrace(decision.trace.usage, ACCEPTED_SILENTLY[0])


def test_dt_39_the_longest_text_is_answered_too(provider):
    provider.send(to=ACCEPTED_SILENTLY[0], message="ł" * 256)
    (events,) = provider.world.advance(NOON + 30 * SECOND).events
    assert events.event.message.text == f"Reply to: {'ł' * 256}"


# -- together ------------------------------------------------------------------------------------------------------


def test_dt_39_numbers_of_all_ranges_at_once_do_not_disturb_each_other(open_registry, dialogtech_in):
    provider = dialogtech_in(open_registry(limits="off"))
    every = [number for magic in DIALOGTECH.magic for number in magic.values()]
    with ThreadPoolExecutor(8) as pool:
        responses = dict(zip(every, pool.map(lambda to: provider.send(to=to, message=to), every), strict=True))
    sent = sorted(number for number, response in responses.items() if response == provider.SENT)
    assert sent == every[40:]
    assert sorted(message.text for message in stored(provider.world)) == every[40:]
    events = provider.world.advance(NOON + 30 * SECOND).events
    assert sorted(each.event.message.text for each in events) == [f"Reply to: {to}" for to in every[50:]]


@pytest.mark.parametrize("to", [*INVALID, *LIMITS, *NO_RESPONSE, *ACCEPTED_SILENTLY])
def test_dt_39_switched_off_they_are_numbers_as_any_other(open_registry, dialogtech_in, to):
    provider = dialogtech_in(open_registry(**{"dialogtech.magic": "off"}))
    assert written(provider, to).timing is AT_ONCE
    assert provider.send(to=to) == provider.SENT
    assert provider.world.next_due() is None
    assert "Rate limit exceeded: 1 sms per number per second" in provider.send()
