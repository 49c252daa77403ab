"""What was recorded can always be shown: odd exchanges in every page, report, text, snippet, explanation and verification."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

import pytest
import requests
from lxml import html
from werkzeug.test import Client

from contract_tests.admin.odd_exchanges import REQUESTS, invalid
from contract_tests.engine.test_fold_of_events import FORWARDING, INBOUND, Receivers
from contract_tests.installed import CALLBACKS, VARIANTS
from mockserver.admin.text_format import format_explanation, format_line
from mockserver.app import Service, build_service
from mockserver.cli import main
from mockserver.cli.exec_report import Report
from mockserver.client import Mock
from mockserver.client.coverage import Coverage
from mockserver.engine.clock import Clock
from mockserver.engine.instants import EARLIEST, LATEST, parse_instant
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.world import World
from mockserver.http.fault_rules import rule_from
from mockserver.sdk.response import Offload
from mockserver.server import MockServer
from mockserver.testkit.failure_report import failure_report

WORLD = "/_mock/worlds/default"
PAGE = "/_mock/ui/worlds/default"
PATIENCE = 30
SECTIONS = ("conversations", "exchanges", "clock", "faults", "variants", "worlds", "demos")
RESOURCES = ("", "/clock", "/faults", "/journal", "/coverage", "/deliveries", "/messages", "/accounts", "/variants")
WANTED = [
    {"operation": "nothing"},
    {"method": "BREW", "path": "/x", "status": 999, "outcome": "accepted"},
    {"parameters": {"a": "b", "type": {"pattern": "x+"}}, "headers": {"Host": {"pattern": "^y$"}, "X-Empty": ""}},
]


def record_all(service: Service, group: str) -> int:
    """Send every request of a group, and return how many exchanges there are then. None fails."""
    for request in REQUESTS[group]():
        response = service.handler.respond(request)
        if isinstance(response, Offload):
            response = response.finish()
        assert response is None or response.status < 500, (request.method, request.target[:80], request.body[:80])
        if request.on_finish is not None:
            request.on_finish(1, "complete")
    return service.registry.default.journal.last


def failures(client: Client, paths: Iterator[str]) -> list[tuple[str, int]]:
    """Return the paths that are not shown, with their statuses."""
    answers = ((path, client.get(path, buffered=True).status_code) for path in paths)
    return [(path, status) for path, status in answers if status != 200]


def views(last: int) -> Iterator[str]:
    """Yield what shows a world with so many exchanges."""
    yield from (f"{WORLD}{path}" for path in RESOURCES)
    yield from (f"{PAGE}/{section}" for section in SECTIONS)
    yield f"{WORLD}/journal?limit=10000&target=x"
    yield f"{PAGE}/exchanges/changes?since={max(0, last - 50)}"
    yield from (f"{PAGE}/exchanges?{query}" for query in ("q=%5B%3A%3A1", "outcome=unmatched", "before=5", "fault=any"))
    for number in range(1, last + 1):
        yield f"{PAGE}/exchanges/{number}?{('request=raw&whole=request', 'request=bytes&response=raw')[number % 2]}"


@pytest.mark.parametrize("group", REQUESTS)
def test_every_page_shows_odd_requests(group: str, service: Service) -> None:
    last = record_all(service, group)

    assert [] == failures(Client(service.app), views(last))


@pytest.mark.parametrize("group", REQUESTS)
def test_the_page_of_each_odd_request_has_snippets_that_are_commands_and_code(group: str, service: Service) -> None:
    last = record_all(service, group)
    client = Client(service.app)
    commands = []
    for number in range(1, last + 1):
        page = client.get(f"{PAGE}/exchanges/{number}")
        assert 200 == page.status_code
        curl, test = (html.fromstring(page.text).get_element_by_id(name).text_content() for name in ("curl", "pytest"))
        compile(test, f"the test of exchange {number}", "exec")
        commands.append(curl)

    script = "\n".join(commands).encode("utf-8", "replace")
    checked = subprocess.run(["bash", "-n"], input=script, capture_output=True, check=False)
    assert (0, b"") == (checked.returncode, checked.stderr)


@pytest.mark.parametrize("group", REQUESTS)
def test_every_text_and_report_shows_odd_requests(group: str, service: Service, tmp_path: Path) -> None:
    last = record_all(service, group)
    mock = Mock.of(service.app)
    world = mock.world
    cursor = 0
    for number in range(1, last + 1):
        waited = world.wait_for_exchange(since=cursor, timeout=PATIENCE)
        assert (number, True) == (waited.number, waited.cursor is not None)
        cursor = waited.cursor or 0
        exchange = world.exchange(number)
        assert f" {exchange.status} " in format_line(exchange, has_host=True)
        assert f"Exchange {number} at 2026-06-01T12:00:00Z: " in format_explanation(exchange.row["explanation"])
    report = Report.of(mock)
    with (tmp_path / "report").open("w", encoding="utf-8", errors="backslashreplace") as file:
        file.writelines([*report.lines(file), *report.json_lines(file), *report.warnings()])
    coverage = Coverage()
    coverage.add(world.coverage(), group)
    for name in ("c.md", "c.json", "c.xml"):
        coverage.write(tmp_path / "new" / "folder" / name)

    assert "no journal" not in failure_report(world)
    assert f"mockserver: {last} exchanges" in (tmp_path / "report").read_text()
    for wanted in WANTED:
        assert not world.run_verification({"exchanges": [wanted], "count": 3})["holds"]


def test_an_open_stream_gets_every_odd_request(server: MockServer, service: Service) -> None:
    with requests.get(f"{server.url}{WORLD}/events", stream=True, timeout=PATIENCE) as stream:
        last = record_all(service, "targets")
        numbers: list[int] = []
        for line in stream.iter_lines():
            if line.startswith(b"data: ") and (event := json.loads(line[6:]))["event"] == "exchange":
                numbers.append(event["number"])
                if event["number"] == last:
                    break

    assert [*range(1, last + 1)] == numbers


def test_bytes_that_are_not_http_are_shown_everywhere(service: Service) -> None:
    for each in invalid():
        if isinstance(answer := service.handler.reject_invalid(each, None), Offload):
            answer.compute()
    last = service.registry.default.journal.last
    explanations = [Mock.of(service.app).world.explain(number) for number in range(1, last + 1)]

    assert [] == failures(Client(service.app), views(last))
    assert {"invalid_http"} == {explanation["outcome"] for explanation in explanations}
    assert f"{last} exchanges" in failure_report(Mock.of(service.app).world)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_the_command_line_shows_odd_requests_of_a_socket(server: MockServer, encoding: str) -> None:
    """Also characters that a terminal cannot show: a run must not end in an error of its encoding."""
    for request in (
        b"GET /ibp_api.php?action=%ff%ED%A0%80&message=%00\xff HTTP/1.1\r\nHost: [::1\r\n\r\n",
        b"POST /messages/recived HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n\xff[{",
        b"BR`EW /ibp_api.php/\xe2\x80\xae HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=30) as connection:
            connection.sendall(request)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 ")
    for command in (("journal",), ("coverage",), *(pair for number in range(1, 5) for pair in _both(number))):
        for form in ("text", "json"):
            out = TextIOWrapper(BytesIO(), encoding)
            err = TextIOWrapper(BytesIO(), encoding)
            line = ["mockserver", *command, "--server", server.url, "--format", form]
            with (
                patch.object(sys, "argv", line),
                redirect_stdout(out),
                redirect_stderr(err),
                pytest.raises(SystemExit) as ended,
            ):
                main()
            assert ended.value.code in (0, None), (command, form, encoding)
            out.flush()
            assert b"Traceback" not in out.buffer.getvalue()


def _both(number: int) -> Iterator[tuple[str, ...]]:
    return ((command, str(number)) for command in ("exchange", "explain"))


# -- the ends of the calendar ----------------------------------------------------------------------------------------------

INSTANTS = (
    *("0001-01-01T00:00:00Z", "0001-01-01T00:00:01Z", "0001-02-01T00:00:00Z", "0002-01-01T00:00:00Z"),
    *("1969-12-31T23:59:59.999Z", "9998-12-31T23:59:59Z", "9999-12-31T00:00:00Z", "9999-12-31T23:59:59.999999Z"),
)


@pytest.mark.parametrize("is_frozen", [True, False], ids=["frozen", "running"])
@pytest.mark.parametrize("instant", INSTANTS)
def test_every_page_shows_a_world_at_an_end_of_the_calendar(instant: str, is_frozen: bool) -> None:
    at = parse_instant(instant)
    clock = Clock.frozen(at) if is_frozen else Clock.frozen(at).resume()
    registry = WorldRegistry(FORWARDING, VARIANTS, clock=clock, providers=CALLBACKS, sender=Receivers())
    world, service = registry.default, build_service(registry=registry)
    client = Client(service.app)
    for target in ("response", "webhook"):
        world.add_fault_rule(rule_from({"target": target, "fault": {"kind": "delay", "seconds": 0}}, world.now()))
    for provider, fields in INBOUND.items():
        world.receive_inbound(provider, fields)
        assert 201 == client.post(f"{WORLD}/inbound", json={"provider": provider, "in": 86_400, **fields}).status_code
    statuses = {client.open(**each).status_code for each in every_request(world)}
    assert world.wait_until_idle()
    handsets = [quote(message.handset, safe="") for message in world.state.message_store]
    deliveries = [f"{WORLD}/deliveries/{number}" for number in world.state.deliveries]
    more = [f"{PAGE}/conversations?open={handset}" for handset in dict.fromkeys(handsets)][:5]
    more += [f"{PAGE}/conversations/earlier?handset={handsets[0]}&before=3", f"{PAGE}/conversations/changes?since=0"]

    assert {200} == statuses
    assert [] == failures(client, iter([*views(world.journal.last), *deliveries, *more]))
    saved = client.get(f"{WORLD}/snapshot?credentials=true").get_json()
    assert 200 == client.put(f"{WORLD}/snapshot", json=saved).status_code
    assert client.post(f"{WORLD}/clock/advance", json={"next": True}).status_code in (200, 409)
    assert [] == failures(client, iter([f"{WORLD}/messages", f"{PAGE}/conversations", f"{PAGE}/clock"]))
    registry.close()


def every_request(world: World) -> Iterator[dict[str, Any]]:
    """Yield requests that send and that read everything, up to both ends of the calendar."""
    logins = {name: world.state.accounts[f"{name}/demo"].logins[0] for name in INBOUND}
    keys = {"access_key": logins["dialogtech"].user, "secret_access_key": logins["dialogtech"].secret}
    sms = {"action": "sms.send_message", "from": "3125550142", "to": "5556667777", "message": "hi"}
    yield {"path": "/ibp_api.php", "query_string": keys | sms}
    for zone in ("UTC", "America/New_York", "Asia/Tokyo"):
        for day in ("00010101", "19700101", "99991231"):
            dates = {"action": "sms.get_messages", "start_date": day, "end_date": day, "zone": zone}
            yield {"path": "/ibp_api.php", "query_string": keys | dates}
    basic = b64encode(f"{logins['mgage'].user}:{logins['mgage'].secret}".encode()).decode()
    first, last = "0001-01-01T00:00:00", "9999-12-31T23:59:59"
    for dates in ({}, {"startDate": first, "endDate": last}):
        path = "/api/messages/program/141501"
        yield {"path": path, "query_string": dates, "headers": {"Authorization": f"Basic {basic}"}}
    login = {"username": logins["serwersms"].user, "password": logins["serwersms"].secret}
    for kind in ("eco", "ndi", "mms"):
        for dates in ({}, {"date_from": "0001-01-01", "date_to": "9999-12-31"}, {"date_from": last.replace("T", " ")}):
            yield {"path": "/messages/recived", "method": "POST", "json": login | {"type": kind, **dates}}


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "0001-01-01T05:00:00+14:00"]
)
def test_an_instant_outside_the_calendar_of_utc_is_none(text: str, service: Service) -> None:
    client = Client(service.app)
    rejected = client.post("/_mock/worlds", json={"freeze": text})

    assert (400, f"freeze: '{text}' is not an instant such as '2026-06-01T12:00:00Z'") == (
        rejected.status_code,
        rejected.get_json()["error"]["message"],
    )
    assert EARLIEST == parse_instant("0001-01-01T00:00:00Z")
    assert LATEST == parse_instant("9999-12-31T23:59:59.999999Z")
