"""A message that was sent, on the page and in the control API: its state as time passes, and its answer."""

from __future__ import annotations

import re
from html import unescape

from werkzeug.test import Client

from mockserver.engine.instants import SECOND
from mockserver.engine.registry import WorldRegistry

PAGE = "/_mock/ui/worlds/default"
API = "/_mock/worlds/default"
LOGIN = {"username": "Login", "password": "Haslo"}
OLA = "+48600700800"


def send(client: Client) -> str:
    sent = client.post("/messages/send_sms", data={**LOGIN, "phone": OLA, "text": "Przyjdziesz?", "details": "1"})
    identifier: str = sent.get_json()["items"][0]["id"]
    return identifier


def conversation(client: Client) -> str:
    return unescape(client.get(f"{PAGE}/conversations?open=48600700800").text)


def test_the_conversation_shows_the_state_of_a_sent_message(client: Client, registry: WorldRegistry) -> None:
    world = registry.default
    send(client)
    shown = []
    for seconds in (0, 1, 4):
        world.advance(world.now() + seconds * SECOND)
        shown += re.findall('<span class="state">([^<]*)</span>', conversation(client))

    assert shown == ["in_progress", "sent", "delivered"]


def test_the_clock_shows_when_a_sent_message_changes(client: Client) -> None:
    send(client)
    page = unescape(client.get(f"{PAGE}/clock").text)

    assert f"the message to {OLA} changes, which is in_progress now" in page


def test_what_was_sent_last_is_answered_on_the_page(client: Client) -> None:
    identifier = send(client)

    assert f'name="reference" value="{identifier}"' in conversation(client)
    assert '<option data-fields="reference" selected>eco</option>' in conversation(client)


def test_an_advance_tells_of_each_change_of_a_sent_message(client: Client) -> None:
    identifier = send(client)
    told = client.post(f"{API}/clock/advance", json={"seconds": 5}).get_json()["events"]

    assert [(each["event"], each.get("status"), each.get("due")) for each in told] == [
        ("message_changed", "sent", None),
        ("message_scheduled", None, "2026-06-01T12:00:05Z"),
        ("message_changed", "delivered", None),
    ]
    assert [each["message"]["id"] for each in told if "message" in each] == [identifier] * 2


def test_an_advance_tells_of_the_first_ten_thousand_changes_and_counts_the_others(client: Client) -> None:
    phones = ",".join(f"48500{number:06}" for number in range(4_000))
    client.post("/messages/send_sms", data={**LOGIN, "phone": phones, "text": "hello"})
    told = client.post(f"{API}/clock/advance", json={"seconds": 5}).get_json()

    assert (len(told["events"]), told["omitted"]) == (10_000, 2_000)
    assert told["next"] is None
