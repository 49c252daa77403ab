"""Worlds of mGage that are made of recordings give the recorded exports back."""

from __future__ import annotations

import json
from base64 import b64encode
from random import Random
from typing import Any

import pytest
from msgspec import structs

from contract_tests.installed import INSTALLED
from contract_tests.recordings.given_back import differences
from contract_tests.recordings.upstream import Upstream
from mockserver.engine.accounts import Account
from mockserver.har.exchange import RecordedExchange
from mockserver.recordings.reconstruction import reconstruct_world


def authorization(account: Account) -> list[tuple[str, str]]:
    login = account.logins[0]
    return [("Authorization", f"Basic {b64encode(f'{login.user}:{login.secret}'.encode()).decode()}")]


def export(upstream: Upstream, account: Account, program: str, filters: str = "") -> RecordedExchange:
    return upstream.ask("GET", f"/api/messages/program/{program}?{filters}", authorization(account))


def export_pages(upstream: Upstream, account: Account, program: str, filters: str) -> int:
    """Read the pages of a program as a client does, and return their number."""
    page = 1
    while json.loads(export(upstream, account, program, f"{filters}&page={page}").response_body)["meta"]["nextPageUrl"]:
        page += 1
    return page


def write(upstream: Upstream, account: Account, program: str, text: str, sender: str = "15556667777") -> None:
    """Write to a program in a handset's place."""
    form = f"campid={program}&destination=37911&originator={sender}&message={text}".encode()
    headers = [*authorization(account), ("Content-Type", "application/x-www-form-urlencoded")]
    assert upstream.ask("POST", "/api/externalMO", headers, form).response_body == b"SUCCESS"


def test_all_pages_of_all_programs_of_several_accounts_come_back() -> None:
    upstream = Upstream("mgage")
    pages = 0
    for account in upstream.accounts:
        for program in account.programs:
            pages += export_pages(upstream, account, program, "pageSize=500")
            pages += export_pages(upstream, account, program, "pageSize=7&messageType=MO")
            pages += export_pages(
                upstream, account, program, "pageSize=11&startDate=2026-01-01T00:00:00&endDate=2026-05-30T00:00:00"
            )
            pages += export_pages(upstream, account, program, "pageSize=50&messageType=MT")
    world = reconstruct_world(upstream.recording, INSTALLED)
    assert world.unexplained == ()
    assert world.observed == pages == len(upstream.recording)
    assert [len(each["programs"]) for each in world.document["accounts"]] == [1, 10]
    assert differences(upstream.recording, world) == []


def test_recordings_of_a_few_pages_come_back_too() -> None:
    upstream = Upstream("mgage", {"mgage.number": "numeric", "mgage.date": "iso", "mgage.next_page_url": "pinned"})
    demo = upstream.accounts[1]
    program = next(iter(demo.programs))
    for filters in ("pageSize=2&page=3", "pageSize=1", "messageType=MT&pageSize=5&page=2", "pageSize=500&page=9"):
        export(upstream, demo, program, filters)
    variants = dict(upstream.world.state.variants)
    world = reconstruct_world(upstream.recording, INSTALLED, variants)
    assert world.unexplained == ()
    assert differences(upstream.recording, world) == []


def test_what_requests_and_handsets_cause_between_two_exports_comes_back() -> None:
    upstream = Upstream("mgage")
    demo = upstream.accounts[1]
    replying, silent = "141502", "141501"
    for program in (replying, silent):
        export_pages(upstream, demo, program, "pageSize=500")
    upstream.let_pass(1)
    write(upstream, demo, replying, "OPEN")
    export_pages(upstream, demo, replying, "pageSize=500")
    upstream.let_pass(7)
    for program in (replying, silent):
        upstream.world.receive_inbound("mgage", {"sender": "15556660001", "text": "HI", "program": program})
    upstream.world.receive_inbound(
        "mgage", {"sender": "15556660001", "text": "HO", "program": silent, "status": "Processing", "network": "Play"}
    )
    upstream.let_pass(30)
    write(upstream, demo, silent, "OPEN")
    for program in (replying, silent):
        export_pages(upstream, demo, program, "pageSize=500")
        export_pages(upstream, demo, program, "pageSize=500&messageType=MT")
    world = reconstruct_world(upstream.recording, INSTALLED)
    assert world.unexplained == ()
    assert [each["fields"]["text"] for each in world.document["scheduled"]] == ["HI", "HI", "HO"]
    assert differences(upstream.recording, world) == []


FILTERS = (
    ("pageSize=1", "pageSize=2", "pageSize=5", "pageSize=50", "pageSize=500"),
    ("page=1", "page=2", "page=3", "page=9"),
    ("messageType=MO", "messageType=MT"),
    ("startDate=2025-06-01T00:00:00", "startDate=2026-05-20T10:00:00", "startDate=2026-06-01T00:00:00"),
    ("endDate=2026-05-30T00:00:00", "endDate=2099-01-01T00:00:00"),
)


@pytest.mark.parametrize("seed", range(16))
def test_whatever_a_client_asks_for_comes_back(seed: int) -> None:
    random = Random(seed)
    quirks = INSTALLED.by_name["mgage"].quirks if seed % 2 else ()
    variants = {each.name: random.choice(each.variants) for each in quirks if each.name != "mgage.magic"}
    upstream = Upstream("mgage", variants)
    demo = upstream.accounts[1]
    programs = [*random.sample(list(demo.programs), 3), "141502"]
    for _ in range(random.randrange(5, 25)):
        program, doing = random.choice(programs), random.random()
        if doing < 0.7:
            export(upstream, demo, program, "&".join(random.choice(each) for each in FILTERS if random.random() < 0.4))
        elif doing < 0.85:
            write(upstream, demo, program, random.choice("AB"))
        else:
            fields = {"sender": "15556660001", "text": random.choice("AB"), "program": program}
            upstream.world.receive_inbound("mgage", fields)
        upstream.let_pass(random.choice([0.25, 1, 3, 10, 100]))
    world = reconstruct_world(upstream.recording, INSTALLED, variants)
    assert world.unexplained == ()
    assert differences(upstream.recording, world) == []


def changed(exchange: RecordedExchange, body: object, **changes: Any) -> RecordedExchange:
    """Return an exchange with another response."""
    return structs.replace(exchange, response_body=json.dumps(body).encode(), **changes)


def test_what_no_account_can_cause_is_listed_with_its_reason() -> None:
    upstream = Upstream("mgage")
    demo = upstream.accounts[1]
    page = json.loads(export(upstream, demo, "141501", "pageSize=3").response_body)
    rows = page["data"]["messages"]
    rows[0] = dict(reversed(rows[0].items())) | {"id": 7, "carrier": "x"}
    rows[1] |= {"id": 8}
    rows[2] = {**rows[2], "number": "no number"}
    page["paging"] = {}
    export(upstream, demo, "141502", "pageSize=3")
    export(upstream, demo, "141503", "pageSize=3")
    export(upstream, demo, "141504", "pageSize=600")
    recording = [
        changed(upstream.recording[0], page),
        structs.replace(upstream.recording[1], request_headers=()),
        structs.replace(upstream.recording[2], status=502, response_body=b"<html>"),
        structs.replace(upstream.recording[2], index=3, response_body=b"<html>"),
        changed(upstream.recording[3], page, index=4, status=200),
    ]
    world = reconstruct_world(recording, INSTALLED)
    assert [(each.index, each.path, each.reason) for each in world.unexplained] == [
        (0, "paging", "no export here has a member paging"),
        (0, "data.messages[0].id", "no export here has a member data.messages[].id"),
        (0, "data.messages[0].carrier", "no export here has a member data.messages[].carrier"),
        (0, "data.messages[2]", "it is no message of a world file: sender: 'no number' is not 3 to 15 digits"),
        (1, "status", "it was accepted without the credentials of an account"),
        (2, "status", "the provider answered 502, which no account causes"),
        (3, "", "it is not the JSON of an export"),
        (4, "status", "it was accepted, but here it is rejected: pageSize must be a number from 1 to 500: 600"),
    ]
    assert [len(each["messages"]) for each in world.document["accounts"]] == [4]
