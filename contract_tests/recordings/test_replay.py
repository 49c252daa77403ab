"""Recorded requests are asked of a fresh world at their instants, with our identifiers in place of the recorded ones."""

from __future__ import annotations

from base64 import b64encode
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
import pytest
from msgspec import structs

from contract_tests.installed import INSTALLED
from contract_tests.recordings.upstream import NOON, Upstream
from mockserver.app import read_world
from mockserver.engine.instants import SECOND
from mockserver.har import RecordedExchange
from mockserver.recordings.comparison import ResponseDifference
from mockserver.recordings.deciding import account_values, choose_account, play
from mockserver.recordings.replay import PreparedRecording, ReplayedExchange, explain_credentials, replay
from mockserver.sdk import GeneratedField, Provider, Quirk
from mockserver.sdk.loading import ProviderSet

WORLD = read_world(None, INSTALLED)
GENERATED_FIELDS = (
    GeneratedField("items[].id", "identifier"),
    GeneratedField("id", "identifier"),
    GeneratedField("items[].queued", "instant"),
    GeneratedField("items[].sent", "instant"),
    GeneratedField("items[].delivered", "instant"),
)
PROVIDERS = ProviderSet(replace(each, recordings=__name__) if each.name == "serwersms" else each for each in INSTALLED)
JSON = (("Content-Type", "application/json"),)
LOGIN = {"username": "Login", "password": "Haslo"}


def ask(upstream: Upstream, path: str, **values: object) -> Any:
    answer = upstream.ask("POST", path, JSON, orjson.dumps({**LOGIN, **values}))
    return orjson.loads(answer.response_body)


def replayed(recording: list[RecordedExchange], variants: Mapping[str, str] | None = None) -> list[ReplayedExchange]:
    return list(replay(recording, PROVIDERS, WORLD, variants))


def states(found: list[ReplayedExchange]) -> list[str]:
    return [each.verdict for each in found]


def test_the_same_world_gives_every_response_back() -> None:
    upstream = Upstream("serwersms")
    sent = ask(upstream, "/messages/send_sms.json", phone="500100100", text="One", details=True)
    upstream.let_pass(5)
    ask(upstream, "/messages/reports.json", id=[sent["items"][0]["id"]])
    found = replayed(upstream.recording)
    assert states(found) == ["matched", "matched"]
    assert b'"status":"delivered"' in found[1].body
    assert found[1].exchange is not None
    assert found[1].exchange.operation == "messages.reports"


def used_upstream() -> Upstream:
    """Return an upstream that makes up other identifiers than ours: its first is our second, as for one that was deleted."""
    upstream = Upstream("serwersms", seed="another")
    ask(upstream, "/contacts/delete.json", id=ask(upstream, "/contacts/add.json", phone="500100999")["id"])
    upstream.recording.clear()
    return upstream


def test_later_requests_ask_for_our_identifiers() -> None:
    upstream = used_upstream()
    first = ask(upstream, "/contacts/add.json", phone="500100100")
    second = ask(upstream, "/contacts/add.json", phone="500100101")
    ask(upstream, "/contacts/view.json", id=second["id"])
    form = f"username=Login&password=Haslo&id={first['id']}".encode()
    upstream.ask("POST", "/contacts/view.json", (("Content-Type", "application/x-www-form-urlencoded"),), form)
    sent = ask(upstream, "/messages/send_sms.json", phone="500100100,500100101", text="Two", details=True)
    upstream.let_pass(5)
    ids = [each["id"] for each in sent["items"]]
    ask(upstream, "/messages/reports.json", id=ids)
    ask(upstream, "/messages/reports.json", id=",".join(ids))
    upstream.ask("GET", f"/messages/reports.json?username=Login&password=Haslo&id%5B%5D={ids[1]}")
    found = replayed(upstream.recording)
    assert states(found) == ["matched"] * 8
    assert [orjson.loads(each.body)["id"] for each in found[:2]] != [first["id"], second["id"]]
    assert orjson.loads(found[1].body)["id"] == first["id"]
    assert b"500100100" in found[3].body


def test_a_value_that_only_looks_like_an_identifier_stays() -> None:
    upstream = used_upstream()
    contact = ask(upstream, "/contacts/add.json", phone="500100100", tax_id="1")
    ask(upstream, "/contacts/index.json", search=str(contact["id"]), limit=contact["id"], page=1)
    found = replayed(upstream.recording)
    assert found[1].exchange is not None
    assert found[1].exchange.values["search"] == str(contact["id"])
    assert found[1].exchange.values["limit"] == contact["id"]


def test_a_wrong_identifier_in_a_later_response_is_a_difference() -> None:
    upstream = used_upstream()
    ask(upstream, "/contacts/add.json", phone="500100100")
    contact = ask(upstream, "/contacts/add.json", phone="500100101")
    ask(upstream, "/contacts/view.json", id=contact["id"])
    first, second, view = upstream.recording
    view = structs.replace(view, response_body=view.response_body.replace(str(contact["id"]).encode(), b"1"))
    found = replayed([first, second, view])
    ours = orjson.loads(found[1].body)["id"]
    assert found[2].differences == (
        ResponseDifference(
            "id", "1", str(ours), f"ours has this identifier before, where the recording had {contact['id']}"
        ),
    )


def test_another_variant_is_a_difference_and_its_switch_was_looked_at() -> None:
    upstream = Upstream("serwersms", {"serwersms.zone": "UTC"})
    ask(upstream, "/messages/recived.json", type="eco")
    ask(upstream, "/messages/recived.json", type="eco")
    for found in replayed(upstream.recording):
        assert states([found]) == ["different"]
        assert found.differences == (
            ResponseDifference(
                "items[0].recived", '"2014-10-21 09:18:03"', '"2014-10-21 11:18:03"', "the values differ"
            ),
        )
        assert "serwersms.zone" in found.switches
        assert "serwersms.states" not in found.switches
    assert states(replayed(upstream.recording, {"serwersms.zone": "UTC"})) == ["matched", "matched"]


def test_what_was_looked_at_does_not_depend_on_what_was_asked_before() -> None:
    upstream = Upstream("serwersms")
    for _ in range(3):
        ask(upstream, "/messages/recived.json", type="eco")
    dialogtech = Upstream("dialogtech")
    keys = "access_key={user}&secret_access_key={secret}".format_map(account_values(dialogtech.accounts[0]))
    mgage = Upstream("mgage")
    values = account_values(mgage.accounts[0])
    basic = b64encode("{user}:{secret}".format_map(values).encode()).decode()
    for _ in range(3):
        dialogtech.ask("GET", f"/ibp_api.php?action=sms.get_messages&{keys}&start_date=20170101&end_date=20170101")
        mgage.ask(
            "GET",
            f"/api/messages/program/{values['program']}?startDate=2014-12-01T00:00:00.00",
            (("Authorization", f"Basic {basic}"),),
        )
    upstream.recording += dialogtech.recording + mgage.recording
    switches: dict[str, set[frozenset[str]]] = defaultdict(set)
    for each in replayed(upstream.recording):
        assert each.verdict == "matched"
        assert each.switches
        switches[each.recorded.url].add(each.switches)
    assert [len(found) for found in switches.values()] == [1, 1, 1]


def test_a_switch_of_what_was_due_before_an_exchange_was_looked_at_for_it() -> None:
    upstream = Upstream("serwersms")
    ask(upstream, "/messages/send_sms.json", phone="500100100", text="One", date="2026-06-01 15:00:00")
    ask(upstream, "/account/limits.json")
    upstream.let_pass(3600)
    ask(upstream, "/account/limits.json")
    _, before, after = replayed(upstream.recording)
    assert "serwersms.states" not in before.switches
    assert "serwersms.states" in after.switches


def test_requests_are_asked_in_the_order_of_their_instants() -> None:
    upstream = Upstream("serwersms")
    ask(upstream, "/contacts/index.json")
    upstream.let_pass(1)
    ask(upstream, "/contacts/add.json", phone="500100100")
    upstream.let_pass(1)
    ask(upstream, "/contacts/index.json")
    found = replayed(upstream.recording[::-1])
    assert states(found) == ["matched"] * 3
    assert [each.recorded.index for each in found] == [0, 1, 2]


def test_the_clock_of_a_machine_that_is_wrong_is_corrected_by_the_date_headers() -> None:
    upstream = Upstream("serwersms")
    ask(upstream, "/messages/send_sms.json", phone="500100100", text="One", details=True)
    late = [structs.replace(each, started=each.started + 3600 * SECOND) for each in upstream.recording]
    assert abs(PreparedRecording(late, PROVIDERS).clock_offset + 3600 * SECOND) <= SECOND
    assert states(replayed(late)) == ["matched"]


def test_exchanges_that_cannot_be_compared_are_told_apart() -> None:
    upstream = Upstream("serwersms")
    ask(upstream, "/contacts/index.json")
    ask(upstream, "/no/such.json")
    served, unknown = upstream.recording
    unserved = structs.replace(unknown, response_body=b'{"success":true}')
    cut = structs.replace(served, missing=("the response body was not recorded",), response_body=b"")
    none = structs.replace(served, status=0, response_body=b"")
    foreign = structs.replace(
        served, url="https://www.example.com/contacts/index.json", request_headers=(*JSON, ("Host", "www.example.com"))
    )
    found = replayed([served, unknown, unserved, foreign, cut, none])
    by_request = {id(each.recorded): each.verdict for each in found}
    assert [by_request[id(each)] for each in (served, unknown, unserved, foreign, cut, none)] == [
        "matched",
        "matched",
        "unserved",
        "skipped",
        "incomplete",
        "incomplete",
    ]


def test_only_the_head_of_a_response_to_head_is_compared() -> None:
    upstream = Upstream("dialogtech")
    target = "/ibp_api.php?action=sms.get_numbers"
    answer = upstream.ask("HEAD", target)
    upstream.recording[0] = structs.replace(answer, response_body=b"")
    assert states(replayed(upstream.recording)) == ["matched"]


def test_what_is_nested_too_deeply_is_no_crash() -> None:
    upstream = Upstream("serwersms")
    ask(upstream, "/contacts/add.json", phone="500100100")
    answer = upstream.ask("POST", "/contacts/index.json", JSON, b"[" * 5000)
    deep = b"[" * 900 + b"]" * 900
    found = replayed([upstream.recording[0], structs.replace(answer, response_body=deep)])
    assert states(found) == ["matched", "different"]


def test_a_recording_without_headers_is_compared_by_status_and_body() -> None:
    upstream = Upstream("serwersms")
    ask(upstream, "/contacts/index.json")
    assert states(replayed([structs.replace(upstream.recording[0], response_headers=())])) == ["matched"]


def test_a_recording_of_a_local_server_is_found_by_its_paths() -> None:
    upstream = Upstream("serwersms")
    ask(upstream, "/contacts/index.json")
    (exchange,) = upstream.recording
    local = [
        structs.replace(
            exchange, url=f"http://{host}/_w/mine/contacts/index.json", request_headers=(*JSON, ("Host", host))
        )
        for host in ("127.0.0.1:7670", "localhost:7670", "mock:80", "[::1]:7670", "sms.example")
    ]
    assert states(replayed(local)) == ["matched", "matched", "matched", "matched", "skipped"]


def test_credentials_that_no_account_has_are_named() -> None:
    upstream = Upstream("serwersms")
    upstream.ask("POST", "/contacts/index.json", JSON, b'{"username":"user-1","password":"password-1"}')
    ask(upstream, "/contacts/index.json")
    rejected, accepted = upstream.recording
    found = replayed([rejected, accepted])
    assert states(found) == ["matched", "matched"]  # the provider rejects these credentials too
    assert explain_credentials(found, PROVIDERS) is None
    found = replayed([structs.replace(rejected, response_body=accepted.response_body), accepted])
    assert explain_credentials(found[1:], PROVIDERS) is None
    assert explain_credentials(found, PROVIDERS) == (
        "1 request has credentials that no account of the world has: 'user-1' of SerwerSMS. A recording has stand-ins in place of "
        "secrets: add these to the logins of the world, or make the world from the recording"
    )


def test_credentials_are_not_named_where_another_mistake_was_met_first() -> None:
    upstream = Upstream("serwersms")
    ask(upstream, "/contacts/fly.json")
    upstream.ask("POST", "/contacts/index.json", JSON, b'{"username":"Login","password":')
    for recorded in upstream.recording:
        (found,) = replayed([structs.replace(recorded, response_body=b'{"error":{"code":1}}')])
        assert "different" == found.verdict
        assert explain_credentials([found], PROVIDERS) is None


def test_two_replays_are_the_same() -> None:
    upstream = Upstream("serwersms", {"serwersms.zone": "UTC"}, seed="another")
    ask(upstream, "/contacts/add.json", phone="500100100")
    ask(upstream, "/messages/send_sms.json", phone="500100100", text="One", details=True)
    upstream.let_pass(60)
    ask(upstream, "/contacts/index.json")
    prepared = PreparedRecording(upstream.recording, PROVIDERS)
    first, second = (
        [(each.verdict, each.differences, each.body, each.switches) for each in replay(prepared, PROVIDERS, WORLD)]
        for _ in range(2)
    )
    assert first == second


def test_the_world_of_a_snapshot_begins_at_its_own_instant() -> None:
    file = read_world(None, INSTALLED)
    upstream = Upstream("serwersms", at=NOON + 5 * SECOND)
    ask(upstream, "/contacts/index.json")
    assert [each.verdict for each in replay(upstream.recording, PROVIDERS, file)] == ["matched"]


DECIDED = [
    pytest.param(provider, quirk, variant, id=f"{quirk.name}={variant}")
    for provider in INSTALLED
    for quirk in provider.quirks
    for variant in (*quirk.variants[1:], *(("Asia/Kolkata",) if quirk.any_zone else ()))
    if quirk.decider is not None
    and quirk.decider.requests
    and (quirk.name, variant) != ("dialogtech.send_message.dtd", "reconciled")
]
"""The variants that responses show; those of DT-33 have the same declaration."""


@pytest.mark.parametrize(("provider", "quirk", "variant"), DECIDED)
def test_a_replay_hides_no_variant_and_notes_that_its_switch_was_looked_at(
    provider: Provider, quirk: Quirk, variant: str
) -> None:
    assert quirk.decider is not None
    upstream = Upstream(provider.name, {quirk.name: variant})
    requests = quirk.decider.requests
    play(requests, upstream.send, choose_account(requests, upstream.accounts))
    found = list(replay(upstream.recording, INSTALLED, WORLD))
    different = states(found).index("different")
    assert quirk.name in frozenset().union(*(each.switches for each in found[: different + 1]))
    again = replay(upstream.recording, INSTALLED, WORLD, {quirk.name: variant})
    assert {each.verdict for each in again} == {"matched"}
