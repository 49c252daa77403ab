"""SW-39: magic numbers that cause an outcome, at both ends of each range and one beyond."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import partial

import pytest
import requests

from contract_tests.installed import CALLBACKS, VARIANTS
from contract_tests.ways import both_ways
from mockserver.engine.accounts import Account, Login
from mockserver.engine.clock import Clock
from mockserver.engine.instants import parse_instant
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.state import Fixture
from mockserver.providers.serwersms import SERWERSMS
from mockserver.sdk.operations import Call
from mockserver.sdk.request import ProviderRequest
from mockserver.sdk.response import AT_ONCE, Ending, ResponseTiming
from mockserver.sdk.serialization_cache import SerializationCache
from mockserver.settings import fixtures_folder

NOON = parse_instant("2026-06-01T12:00:00Z")
JAN = "+48500600700"
WHO = {"username": "Login", "password": "Haslo"}
RANGES = [
    ("+48990000000", "+48990000009", "rejected with 1010, System temporarily unavailable; nothing is marked as read"),
    (
        "+48990000010",
        "+48990000019",
        "answered, and with read=true marked as read; the connection is closed without an answer",
    ),
    ("+48990000020", "+48990000029", "answered 2 seconds late"),
    ("+48990000030", "+48990000039", "never answered; the connection stays open until the client gives up"),
    ("+48990000040", "+48990000049", "rejected with 3330, No messages, in place of an empty list"),
    # what becomes of messages to them: test_serwersms_reports.py
    (
        "+48990000050",
        "+48990000059",
        (
            "sent and not delivered; the reason by the last digit: 0 message_expired, 1 unsupported_number, "
            "2 message_rejected, 3 missed_call, 4 operator_error, 5 other_error, others the same"
        ),
    ),
    (
        "+48990000060",
        "+48990000069",
        (
            "not sent after all; the reason by the last digit: 0 wrong_number, 1 limit_exhausted, 2 lock_send, "
            "3 wrong_message, 4 wrong_sender_name, 5 number_is_blacklisted, 6 sending_to_foreign_networks_is_locked, "
            "7 no_permission_to_send_messages, 8 other_error, 9 the same"
        ),
    ),
    ("+48990000070", "+48990000079", "sent, and no report ever says what became of it"),
    ("+48990000080", "+48990000089", "delivered, whatever the world's variant of SW-69"),
]
UNAVAILABLE, NO_RESPONSE, LATE, SILENT, NONE = ((first, last) for first, last, _ in RANGES[:5])
DOWN = {"code": 1010, "type": "SystemError", "message": "System temporarily unavailable"}
NO_MESSAGES = {"code": 3330, "type": "MessageError", "message": "No messages"}
EMPTY = dict.fromkeys(NONE, NO_MESSAGES)
REJECTED = dict.fromkeys(UNAVAILABLE, DOWN) | EMPTY
ANSWERING = {
    **dict.fromkeys(NO_RESPONSE, ResponseTiming(ending=Ending.CLOSE, instead=b"")),
    **dict.fromkeys(LATE, ResponseTiming(delay=2.0)),
    **dict.fromkeys(SILENT, ResponseTiming(ending=Ending.HANG, instead=b"")),
}
BEYOND = ("+48989999999", "+48990000050", "+4899000000", "+489900000000")


@pytest.fixture
def open_registry():
    def opened(**variants):
        accounts = (Account("serwersms/one", "serwersms", "one", (Login("Login", "Haslo"),)),)
        fixture = Fixture(accounts=accounts, variants=variants)
        return WorldRegistry(fixture, VARIANTS, clock=Clock.frozen(NOON), providers=CALLBACKS)

    return opened


@pytest.fixture
def registry(open_registry):
    registry = open_registry()
    receive(registry, JAN)
    return registry


def receive(registry, *senders):
    for sender in senders:
        registry.default.receive_inbound("serwersms", {"kind": "nd", "sender": sender, "text": f"from {sender}"})


def response(registry, *phones, **parameters):
    """The response as it would be sent."""
    call = Call(
        "messages.recived",
        {"method": "POST", "suffix": "json", "phone": list(phones), **parameters},
        SERWERSMS.parse(ASKED).credential,
    )
    decision = registry.default.execute(partial(SERWERSMS.decide, call))
    return SERWERSMS.render(decision, call, registry.default.state.variants, SerializationCache())


def senders(answered):
    return [item["phone"] for item in json.loads(answered.body)["items"]]


ASKED = ProviderRequest("GET", "/messages/recived", b"username=Login&password=Haslo")
"""A request with nothing but who asks."""


def unread(registry):
    return senders(response(registry))


def test_sw_39_the_ranges_are_the_providers():
    assert [tuple(magic) for magic in SERWERSMS.magic] == [
        ("phone", f"{first} to {last}", first, last, outcome) for first, last, outcome in RANGES
    ]
    every = [phone for magic in SERWERSMS.magic for phone in magic.values()]
    assert every == [f"+{number}" for number in range(48990000000, 48990000090)]


def test_sw_39_no_shipped_world_has_such_a_number():
    worlds = list((fixtures_folder() / "worlds").glob("*.json"))
    assert worlds
    assert [] == [path.name for path in worlds if "+4899" in path.read_text()]


@pytest.mark.parametrize("phone", NONE)
def test_sw_39_no_messages_stands_in_place_of_an_empty_list_alone(registry, phone):
    receive(registry, phone)
    assert senders(response(registry, phone, type="nd")) == [phone]
    assert senders(response(registry, phone, JAN, limit=1, read=True)) == [JAN]
    assert senders(response(registry, phone, read=True)) == [phone]
    for empty in ({"type": "eco"}, {"limit": 1, "page": 2}, {}):
        answered = response(registry, phone, JAN, **empty)
        assert (answered.status, json.loads(answered.body), answered.timing) == (200, {"error": NO_MESSAGES}, AT_ONCE)


@pytest.mark.parametrize("phone", UNAVAILABLE)
def test_sw_39_a_provider_error_marks_nothing(registry, phone):
    receive(registry, phone)
    answered = response(registry, phone, JAN, read=True)
    assert (answered.status, json.loads(answered.body), answered.timing) == (200, {"error": DOWN}, AT_ONCE)
    assert unread(registry) == [JAN, phone]


@pytest.mark.parametrize(
    ("phone", "status"), [*((phone, 503) for phone in UNAVAILABLE), *((phone, 404) for phone in NONE)]
)
def test_sw_39_a_provider_error_has_a_status_where_provider_errors_have(open_registry, phone, status):
    assert response(open_registry(**{"serwersms.errors.status": "4xx"}), phone).status == status


@pytest.mark.parametrize(("phone", "delivery"), ANSWERING.items(), ids=ANSWERING)
def test_sw_39_a_response_that_is_lost_or_late_or_never_sent_marks_its_messages_as_read(registry, phone, delivery):
    receive(registry, phone)
    answered = response(registry, phone, read=True)
    assert (answered.status, answered.timing) == (200, delivery)
    assert senders(answered) == [phone]
    assert unread(registry) == [JAN]
    assert senders(response(registry, phone)) == []


@pytest.mark.parametrize(("phone", "delivery"), ANSWERING.items(), ids=ANSWERING)
def test_sw_39_one_among_others_is_enough(registry, phone, delivery):
    answered = response(registry, JAN, phone, read=True)
    assert answered.timing == delivery
    assert senders(answered) == [JAN]
    assert unread(registry) == []


def test_sw_39_of_several_the_lowest_counts(registry):
    assert response(registry, SILENT[0], LATE[1], NONE[0], NO_RESPONSE[1]).timing == ANSWERING[NO_RESPONSE[1]]


@pytest.mark.parametrize("phone", BEYOND)
def test_sw_39_beyond_the_ranges_numbers_are_as_any_other(registry, phone):
    receive(registry, phone)
    answered = response(registry, phone)
    assert answered.timing is AT_ONCE
    assert senders(answered) == [phone]


def test_sw_39_a_call_that_does_not_filter_by_it_is_as_any_other(registry):
    receive(registry, *ANSWERING, *REJECTED)
    answered = response(registry, read=True)
    assert answered.timing is AT_ONCE
    assert senders(answered) == [JAN, *ANSWERING, *REJECTED]


@pytest.mark.parametrize("phone", [*REJECTED, *ANSWERING])
def test_sw_39_what_is_rejected_for_another_reason_is_rejected_at_once(registry, phone):
    answered = response(registry, phone, order="x")
    assert (json.loads(answered.body)["error"]["code"], answered.timing) == (1006, AT_ONCE)


@pytest.mark.parametrize("phone", [*REJECTED, *ANSWERING])
def test_sw_39_switched_off_they_are_numbers_as_any_other(open_registry, phone):
    registry = open_registry(**{"serwersms.magic": "off"})
    receive(registry, phone)
    answered = response(registry, phone)
    assert answered.timing is AT_ONCE
    assert senders(answered) == [phone]


@pytest.mark.parametrize("written", ["+48990000000", "48990000000", "990000000", f"{JAN},990000000"])
def test_sw_39_however_the_number_is_written(registry, written):
    client = both_ways(registry)
    fetch = {**WHO, "phone": written}
    assert client.post("/messages/recived", data=fetch).json == {"error": REJECTED[UNAVAILABLE[0]]}
    assert client.post("/messages/recived.xml", data=fetch).data == (
        b'<?xml version="1.0" encoding="UTF-8"?>\n'
        b"<error><code>1010</code><type>SystemError</type><message>System temporarily unavailable</message></error>"
    )


# -- over a socket -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phone", NO_RESPONSE)
def test_sw_39_requests_meets_a_closed_connection_and_the_messages_are_gone(server, registry, phone):
    url = f"{server.url}/messages/recived"
    with pytest.raises(requests.ConnectionError, match="Remote end closed connection without response"):
        requests.post(url, {**WHO, "phone": [phone, JAN], "read": "true"}, timeout=30)
    assert requests.post(url, WHO, timeout=30).json() == {"items": []}


@pytest.mark.parametrize("phone", NO_RESPONSE)
def test_sw_39_curl_gets_an_empty_reply(server, phone):
    assert curl(server, phone, "30") == (52, "", "curl: (52) Empty reply from server")


@pytest.mark.parametrize("phone", [*LATE, *SILENT])
def test_sw_39_a_client_with_a_short_time_out_gives_up(server, phone):
    url = f"{server.url}/messages/recived"
    with pytest.raises(requests.ReadTimeout):
        requests.post(url, {**WHO, "phone": phone}, timeout=0.05)
    status, out, complaint = curl(server, phone, "0.05")
    assert (status, out) == (28, "")
    assert "timed out" in complaint
    assert len(requests.post(url, WHO, timeout=30).json()["items"]) == 1


def curl(server, phone, patience):
    form = [part for name, value in {**WHO, "phone": phone}.items() for part in ("--data-urlencode", f"{name}={value}")]
    done = subprocess.run(
        [shutil.which("curl"), "-sS", "--max-time", patience, *form, f"{server.url}/messages/recived"],
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr.strip()
