"""A world made of a recording of SerwerSMS gives the recorded reads back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any
from urllib.parse import urlencode

import pytest
from msgspec import structs

from contract_tests.installed import INSTALLED
from contract_tests.recordings import serwersms_life as life
from contract_tests.recordings.upstream import Upstream
from mockserver.har.exchange import RecordedExchange
from mockserver.providers.serwersms.routes import ACTIONS
from mockserver.recordings.deciding import choose_account, find_value, play
from mockserver.recordings.reconstruction import reconstruct_world
from mockserver.recordings.replay import replay
from mockserver.sdk import Quirk

VARIANTS = (
    {},
    {"serwersms.zone": "UTC"},
    {"serwersms.field": "recived"},
    {"serwersms.field": "received"},
    {"serwersms.field": "both"},
    {"serwersms.json": "ascii"},
    {"serwersms.errors.status": "4xx"},
    {"serwersms.errors.language": "pl"},
    {"serwersms.states": "instant"},
    {"serwersms.pending": "not-final"},
)

ACCOUNT: dict[str, Any] = {
    "format": 2,
    "accounts": [{"provider": "serwersms", "name": "one", "logins": [{"user": "Login", "secret": "Haslo"}]}],
}


def differences(recording: Sequence[RecordedExchange], variants: Mapping[str, str]) -> list[Any]:
    """Return what a replay in the world that is made of a recording finds, and what that world cannot cause."""
    world = reconstruct_world(recording, INSTALLED, variants)
    found = [
        (each.recorded.index, each.verdict, each.differences)
        for each in replay(recording, INSTALLED, world.document)
        if each.verdict != "matched"
    ]
    return [*found, *world.unexplained]


@pytest.mark.parametrize("suffix", ["json", "xml"])
@pytest.mark.parametrize("variants", VARIANTS, ids=lambda each: "-".join(each.values()) or "defaults")
def test_a_full_account_is_given_back_with_what_came_in_between_the_reads(
    variants: Mapping[str, str], suffix: str
) -> None:
    upstream = Upstream("serwersms", variants, life.WORLD)
    life.live(upstream, suffix)
    assert differences(upstream.recording, variants) == []


def test_the_recordings_of_these_tests_have_every_operation() -> None:
    actions = {action for action, _ in (*life.READS, *life.WORK)}
    operations = {ACTIONS.get(action, "error.view") for action in actions}
    assert operations == INSTALLED.by_name["serwersms"].operations_by_name.keys()


@pytest.mark.parametrize(
    ("fields", "action", "values"),
    [
        ({"limits": {"eco": "1"}}, "messages/send_sms", {"phone": f"{life.PHONES[0]},{life.PHONES[2]}", "text": "a"}),
        ({"limits": {"eco": "not_available"}}, "messages/send_sms", {"phone": life.PHONES[0], "text": "a"}),
        ({"limits": {"voice": "0"}}, "messages/send_voice", {"phone": life.PHONES[0], "text": "a"}),
        ({"limits": {"hlr": "1"}}, "phones/check", {"phone": "500600700,600700800"}),
        ({"limits": {"lookup": "not_available"}}, "phones/lookup", {"phone": "500600700"}),
        ({"blocked": True}, "messages/send_sms", {"phone": life.PHONES[0], "text": "a"}),
        ({"blocked": True}, "phones/check", {"phone": "500600700"}),
        ({"denied": ["sms"]}, "messages/send_sms", {"phone": life.PHONES[0], "text": "a"}),
        ({"denied": ["flash"]}, "messages/send_sms", {"phone": life.PHONES[0], "text": "a", "flash": "true"}),
        ({"denied": ["personalized"]}, "messages/send_personalized", {"messages": f"{life.PHONES[0]}:a"}),
        ({"denied": ["subaccounts"]}, "subaccounts/add", {}),
        ({"subaccount": True}, "subaccounts/add", {}),
        ({"free_package": True}, "senders/add", {"name": "TRZECIA"}),
        ({"demo": True}, "senders/add", {"name": "TRZECIA"}),
        ({"demo": True}, "messages/send_nd", {"phone": life.PHONES[0], "text": "a"}),
        ({}, "senders/add", {"name": "NOWA"}),
        ({}, "blacklist/add", {"phone": life.PHONES[1]}),
        ({}, "messages/delete", {"id": "0a6"}),
        ({}, "contacts/delete", {"id": 903}),
        ({}, "templates/edit", {"id": 12, "name": "x"}),
        ({}, "messages/send_sms", {"phone": life.PHONES[0], "text": "a", "sender": "FIRMA"}),
        ({}, "messages/send_mms", {"phone": life.PHONES[0], "title": "a", "file_id": "aa11"}),
        ({}, "phones/check", {"id": "old1"}),
        ({}, "premium/send", {"phone": life.PHONES[2], "gate": "7155", "id": "402", "text": "a"}),
    ],
)
def test_the_account_is_such_that_one_request_alone_has_its_response(
    fields: Mapping[str, Any], action: str, values: Mapping[str, Any]
) -> None:
    account = {**life.ACCOUNT, "fields": fields}
    upstream = Upstream("serwersms", {}, {**life.WORLD, "accounts": [account]})
    life.ask(upstream, f"{action}.json", values)
    assert differences(upstream.recording, {}) == []


def test_a_request_that_uses_up_nothing_is_not_added_to_the_limit_that_a_later_read_shows() -> None:
    account = {**life.ACCOUNT, "fields": {"limits": {"lookup": "5"}}}
    upstream = Upstream("serwersms", {}, {**life.WORLD, "accounts": [account]})
    life.ask(upstream, "phones/test.json", {"phone": "500600700"})
    life.ask(upstream, "account/limits.json")
    assert differences(upstream.recording, {}) == []


SWITCHES = (
    {},
    *(
        {quirk.name: variant}
        for quirk in INSTALLED.by_name["serwersms"].quirks
        for variant in quirk.variants[1:]
        if not quirk.name.startswith(("serwersms.forwarding", "serwersms.dlr"))
    ),
)
"""Each variant that a response may show, alone."""


@pytest.mark.parametrize("variants", SWITCHES, ids=lambda each: "-".join(map("=".join, each.items())) or "defaults")
def test_what_requests_of_the_recording_store_is_not_put_into_the_account(variants: Mapping[str, str]) -> None:
    upstream = Upstream("serwersms", variants, life.WORLD)
    life.work(upstream, "json" if variants else "xml")
    assert differences(upstream.recording, variants) == []


DECIDERS = [
    pytest.param(quirk, variant, id=f"{quirk.name}-{variant}")
    for quirk in INSTALLED.by_name["serwersms"].quirks
    if quirk.decider is not None and quirk.decider.requests
    for variant in quirk.variants
]


@pytest.mark.parametrize(("quirk", "variant"), DECIDERS)
def test_the_world_made_of_the_deciding_requests_gives_them_back_in_the_variant_that_was_recorded_alone(
    quirk: Quirk, variant: str
) -> None:
    assert quirk.decider is not None
    upstream = Upstream("serwersms", {quirk.name: variant})
    play(quirk.decider.requests, upstream.send, choose_account(quirk.decider.requests, upstream.accounts))
    explaining = [each for each in quirk.variants if not differences(upstream.recording, {quirk.name: each})]
    assert explaining == [variant]


PAGES: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("messages/recived", {"page": 3, "limit": 7}),
    ("messages/recived", {"page": 1, "limit": 7, "order": "desc"}),
    ("messages/recived", {"page": 2, "limit": 5, "type": "ndi"}),
    ("messages/recived", {"page": 2, "limit": 2, "type": "mms", "order": "asc"}),
    ("messages/reports", {"page": 2, "limit": 2}),
    ("messages/reports", {"page": 1, "limit": 2, "order": "asc"}),
    ("contacts/index", {"page": 2, "limit": 3}),
    ("contacts/index", {"page": 1, "limit": 2, "group_id": 17293087}),
    ("groups/index", {"page": 2, "limit": 1}),
    ("groups/index", {}),
    ("blacklist/index", {"page": 2, "limit": 1}),
    ("payments/index", {"page": 2, "limit": 1}),
    ("stats/index", {}),
)


@pytest.mark.parametrize("read", PAGES, ids=lambda each: f"{each[0]}?{urlencode(each[1])}")
def test_a_page_that_was_read_alone_is_given_back(read: tuple[str, Mapping[str, Any]]) -> None:
    upstream = Upstream("serwersms")
    life.ask(upstream, f"{read[0]}.json", {**read[1], "username": "demo", "password": "demo"})
    assert differences(upstream.recording, {}) == []


def test_pages_of_many_lists_are_given_back_together() -> None:
    upstream = Upstream("serwersms")
    for action, values in PAGES:
        life.ask(upstream, f"{action}.json", {**values, "username": "demo", "password": "demo"})
    assert differences(upstream.recording, {}) == []


def changed(exchange: RecordedExchange, **members: Any) -> RecordedExchange:
    """Return an exchange with other members in the first item of its response, or in the response itself."""
    body = json.loads(exchange.response_body)
    body.get("items", [body])[0].update(members)
    return structs.replace(exchange, response_body=json.dumps(body).encode())


@pytest.mark.parametrize(
    ("action", "members", "path"),
    [
        ("messages/recived", {"colour": "red"}, "items[0].colour"),
        ("messages/recived", {"type": "fax"}, "items[0].type"),
        ("messages/recived", {"recived": "yesterday"}, "items[0].recived"),
        ("messages/recived", {"recived": "2030-01-01 00:00:00"}, "items[0].recived"),
        ("messages/reports", {"network": "Nordic Mobile"}, "items[0].network"),
        ("messages/reports", {"status": "lost"}, "items[0].status"),
        ("messages/view", {"cost": 7.0}, "cost"),
        ("contacts/index", {"phone": "500"}, "items[0].phone"),
        ("files/index", {"type": "film"}, "items[0].type"),
        ("senders/index", {"status": "asleep"}, "items[0]"),
        ("payments/index", {"state": "forgotten"}, "items[0].state"),
        ("account/limits", {"value": "plenty"}, "items[0].value"),
        ("premium/index", {"limit": 3}, "items[0].limit"),
    ],
)
def test_what_no_account_can_cause_is_listed_with_its_place(action: str, members: Mapping[str, Any], path: str) -> None:
    upstream = Upstream("serwersms", {}, life.WORLD)
    life.ask(upstream, "messages/reports.json")
    life.ask(upstream, f"{action}.json", {"id": "0a1"} if action == "messages/view" else {})
    world = reconstruct_world([upstream.recording[0], changed(upstream.recording[1], **members)], INSTALLED, {})
    assert [(each.index, each.path) for each in world.unexplained] == [(1, path)]


def test_what_changes_between_two_reads_without_a_request_is_listed() -> None:
    upstream = Upstream("serwersms", {}, life.WORLD)
    for _ in range(2):
        for action in ("contacts/index", "templates/index", "account/messages"):
            life.ask(upstream, f"{action}.json")
            upstream.let_pass(1)
    contacts, templates, notices, *again = upstream.recording
    again[0] = changed(again[0], first_name="Ewa")
    again[1] = changed(again[1], id=99)
    again[2] = changed(again[2], message="Nowa")
    world = reconstruct_world([contacts, templates, notices, *again], INSTALLED, {})
    assert [(each.index, each.path) for each in world.unexplained] == [
        (3, "items[0].first_name"),
        (4, "items[0]"),
        (4, "items[11]"),
        (5, "items"),
    ]


def test_the_order_of_the_calls_counts_and_not_that_of_the_file() -> None:
    upstream = Upstream("serwersms", {}, life.WORLD)
    life.live(upstream, "json")
    number = len(upstream.recording)
    ended_first = [structs.replace(each, index=number - 1 - each.index) for each in upstream.recording]
    assert differences(ended_first[::-1], {}) == []


def ask(upstream: Upstream, action: str, **values: Any) -> Any:
    body = json.dumps({"username": "Login", "password": "Haslo", **values}).encode()
    answer = upstream.ask("POST", f"/{action}.json", (("Content-Type", "application/json"),), body)
    upstream.let_pass(2)
    return json.loads(answer.response_body)


def test_a_message_that_was_sent_between_two_reads_by_nobody_in_the_recording_is_listed() -> None:
    upstream = Upstream("serwersms", {}, ACCOUNT)
    for action in ("messages/reports", "messages/send_sms", "messages/reports"):
        ask(upstream, action, **({"phone": "500600700", "text": "a"} if action.endswith("sms") else {}))
    first, _, second = upstream.recording
    found = reconstruct_world([first, structs.replace(second, index=1)], INSTALLED, {}).unexplained
    assert [(each.index, each.path, each.reason) for each in found] == [
        (1, "items[0]", "it was sent between two reads, and no request of the recording sends it")
    ]


def test_identifiers_of_what_is_changed_are_matched_as_those_of_what_was_added() -> None:
    upstream = Upstream("serwersms", {}, ACCOUNT, seed="another")
    for _ in range(3):  # what the recording does not have, so that our identifiers are others
        ask(upstream, "contacts/add", phone="500600701")
        ask(upstream, "groups/add", name="a")
        ask(upstream, "templates/add", name="a", text="b")
    first = len(upstream.recording)
    contact = ask(upstream, "contacts/add", phone="500600700")["id"]
    ask(upstream, "contacts/edit", id=contact, phone="500600709")
    ask(upstream, "groups/edit", id=ask(upstream, "groups/add", name="a")["id"], name="b")
    ask(upstream, "templates/edit", id=ask(upstream, "templates/add", name="a", text="b")["id"], name="c", text="d")
    assert differences(upstream.recording[first:], {}) == []


def test_credentials_that_show_the_same_messages_are_one_account_and_wrong_ones_none() -> None:
    upstream = Upstream("serwersms", {}, life.WORLD)
    life.ask(upstream, "messages/recived.json")
    upstream.ask("POST", "/messages/recived", [("Authorization", f"Bearer {life.TOKEN}")])
    life.ask(upstream, "messages/recived.json", {"password": "inne"})
    world = reconstruct_world(upstream.recording, INSTALLED, {})
    assert [(each["name"], each["logins"]) for each in world.document["accounts"]] == [
        ("firma", [{"user": life.USER, "secret": life.SECRET}, {"user": life.TOKEN}])
    ]
    assert differences(upstream.recording, {}) == []


def test_a_zone_that_the_instants_contradict_does_not_give_the_recording_back() -> None:
    upstream = Upstream("serwersms", {}, life.WORLD)
    life.live(upstream)
    assert differences(upstream.recording, {"serwersms.zone": "UTC"}) != []


@pytest.mark.parametrize("seed", range(40))
def test_a_recording_with_anything_in_its_responses_makes_a_valid_world(seed: int) -> None:
    chance = Random(seed)
    upstream = Upstream("serwersms", {}, life.WORLD)
    life.read_everything(upstream)
    recording = [_spoil(each, chance) for each in upstream.recording]
    assert len(reconstruct_world(recording, INSTALLED, {}).document["accounts"]) == 1


_ANYTHING = (None, True, -1, 10**20, 1.5, "", "x" * 999, [], {}, [None], "9999-12-31 23:59:59", "+48500600700", "\0")


def _spoil(exchange: RecordedExchange, chance: Random) -> RecordedExchange:
    """Return an exchange with some other value somewhere in its response."""
    if not exchange.response_body.startswith(b"{"):
        return exchange
    body = json.loads(exchange.response_body)
    holder, found = body, body
    key: Any = None
    while isinstance(found, dict | list) and found:
        holder, key = found, chance.choice(list(found) if isinstance(found, dict) else range(len(found)))
        found = holder[key]
        if chance.random() < 0.2:
            break
    if key is not None:
        holder[key] = chance.choice(_ANYTHING)
    return structs.replace(exchange, response_body=json.dumps(body).encode())


def test_what_a_page_lacks_is_of_a_type_that_no_other_page_counts() -> None:
    upstream = Upstream("serwersms")
    for values in ({"limit": 1}, {"type": "eco", "limit": 1}, {"type": "ndi", "limit": 1}):
        life.ask(upstream, "messages/recived.json", {**values, "username": "Login", "password": "Haslo"})
    assert differences(upstream.recording, {}) == []


def test_an_answer_to_a_message_that_the_recording_sends_answers_the_message_of_the_new_world() -> None:
    upstream = Upstream("serwersms", {}, life.WORLD)
    life.ask(upstream, "messages/send_sms.json", {"phone": life.PHONES[2], "text": "Przyjdziesz?", "details": "true"})
    upstream.let_pass(60)
    life.ask(upstream, "messages/reports.json", {"phone": life.PHONES[2]})
    life.receive(upstream, "eco", "Tak")
    upstream.let_pass(1)
    life.ask(upstream, "messages/recived.json", {"type": "eco", "phone": life.PHONES[2]})
    sent, _, read = upstream.recording
    answered = find_value(read.response_body, "items[0].message_id")
    assert answered == find_value(sent.response_body, "items[0].id")
    assert differences(upstream.recording, {}) == []
    document = reconstruct_world(upstream.recording, INSTALLED, {}).document
    assert document["scheduled"] == [
        {
            "at": "2026-06-01T12:01:00Z",
            "provider": "serwersms",
            "fields": {"account": "firma", "kind": "eco", "sender": life.PHONES[2], "text": "Tak"},
        }
    ]


def test_a_message_that_was_rejected_for_the_blacklist_puts_its_number_there() -> None:
    listed = {"collections": {"blacklist": [{"id": 1, "phone": "+48500600702"}]}}
    upstream = Upstream("serwersms", {}, {**ACCOUNT, "accounts": [{**ACCOUNT["accounts"][0], **listed}]})
    ask(upstream, "messages/send_sms", phone="500600701,500600702", text="a", details=True)
    ask(upstream, "messages/reports")

    assert b'"error_code":3100' in upstream.recording[0].response_body
    assert differences(upstream.recording, {}) == []
