"""The command calibrate: table, JSON, variants for a world file, exit codes, and what it says of bad files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from contract_tests.commands import run_command
from contract_tests.recordings.files import write_har
from contract_tests.recordings.upstream import Upstream
from mockserver.engine.instants import parse_instant

EXPORT = "/api/messages/program/121811?startDate=2000-01-01T00:00:00&pageSize=500"
BASIC = (("Authorization", "Basic bWdhZ2U6bWdhZ2U="),)


@pytest.fixture
def upstream() -> Upstream:
    """A server of mGage that writes numbers as such, asked for an export."""
    upstream = Upstream("mgage", {"mgage.number": "numeric"})
    upstream.ask("GET", EXPORT, BASIC)
    return upstream


def test_it_shows_what_is_explained_and_what_would_decide_the_rest(upstream: Upstream, tmp_path: Path) -> None:
    recording, out = write_har(tmp_path / "traffic.har", upstream.recording), tmp_path / "variants.json"
    done = run_command("calibrate", recording, "-o", out)
    assert (done.returncode, done.stderr) == (0, "")
    head, _, titles, *rows = done.stdout.splitlines()
    assert head.startswith(f"{recording}: 1 exchange compared, ")
    assert titles.split() == ["QUIRK", "SWITCH", "VERDICT", "VARIANT", "DECIDED", "BY"]
    assert [re.split("  +", row) for row in rows[:6]] == [
        ["MG-3", "mgage.number", "explained", "numeric", "1"],
        ["MG-5", "mgage.date", "explained", "sample", "1"],
        ["MG-7", "mgage.next_page_url", "open", "filters, printed, pinned", "-"],
        ["MG-17", "mgage.age", "open", "default-start, today", "1"],
        ["MG-28", "mgage.magic", "open", "on, off", "-"],
        ["MG-32", "mgage.delivery", "open", "timed, instant", "-"],
    ]
    assert "string is refuted by exchange 1, at data.messages[0].number" in done.stdout
    assert "GET /api/messages/program/500500?pageSize=1 (with HTTP Basic credentials)" in done.stdout
    assert json.loads(out.read_text()) == {"variants": {"mgage.number": "numeric", "mgage.date": "sample"}}


def test_its_json_has_every_switch_of_the_provider(upstream: Upstream, tmp_path: Path) -> None:
    recording = write_har(tmp_path / "traffic.har", upstream.recording)
    found = json.loads(run_command("calibrate", recording, "--format", "json").stdout)
    assert [row["quirk"] for row in found["quirks"]] == ["MG-3", "MG-5", "MG-7", "MG-17", "MG-28", "MG-32"]
    number, *_ = found["quirks"]
    assert (number["verdict"], number["explained_by"], number["open"], number["met"]) == (
        "explained",
        "numeric",
        [],
        True,
    )
    assert number["refuted"] == [{"variant": "string", "exchanges": [1], "path": "data.messages[0].number"}]
    assert found["variants"] == {"mgage.number": "numeric", "mgage.date": "sample"}
    assert (found["compared"], found["unexplained"], found["complete"]) == (1, [], True)


def test_a_difference_that_no_variant_explains_is_shown_with_both_sides(upstream: Upstream, tmp_path: Path) -> None:
    strange = [
        structs.replace(
            each, response_body=each.response_body.replace(b'"generalErrors":[]', b'"generalErrors":[],"build":7')
        )
        for each in upstream.recording
    ]
    recording = write_har(tmp_path / "traffic.har", strange)
    done = run_command("calibrate", recording)
    assert done.returncode == 1
    assert "1 difference that no variant explains" in done.stderr
    assert (
        "No variant explains: new quirks to be numbered\n"
        "  mgage program.export, exchange 1: meta.build: ours has none\n"
        "    recorded  7\n"
        "    ours      -"
    ) in done.stdout
    assert "MG-3   mgage.number         explained  numeric" in done.stdout


DIALOGTECH = "/ibp_api.php?access_key=foo&secret_access_key=bar&action=sms."
MESSAGES = "get_messages&start_date=20170101&end_date=20300101"


@pytest.fixture
def winter_in_chicago() -> tuple[Upstream, Mapping[str, Any]]:
    """A server of DialogTech with Chicago's time that is asked in winter, and its world, with a message of a summer."""
    message = {"id": "7", "direction": "inbound", "sender": "4155550777", "recipient": "4155550001", "text": "July"}
    account = {"provider": "dialogtech", "name": "one", "logins": [{"user": "foo", "secret": "bar"}]}
    account |= {"numbers": [{"number": "4155550001"}], "messages": [message | {"at": "2026-07-04T12:00:00Z"}]}
    world = {"format": 2, "accounts": [account]}
    at = parse_instant("2026-12-01T12:00:00Z")
    upstream = Upstream("dialogtech", {"dialogtech.zone": "America/Chicago"}, world, at)
    upstream.ask("GET", DIALOGTECH + "send_message&from=4155550001&to=4155550123&message=x")
    upstream.let_pass(1)
    upstream.ask("GET", DIALOGTECH + MESSAGES)
    return upstream, world


def test_the_page_of_a_gateway_is_one_difference(upstream: Upstream, tmp_path: Path) -> None:
    upstream.ask("GET", EXPORT, BASIC)
    page = structs.replace(
        upstream.recording[1],
        status=502,
        response_headers=(("Content-Type", "text/html"),),
        response_body=b"<html><body>502 Bad Gateway<hr>nginx</body></html>",
    )
    done = run_command("calibrate", write_har(tmp_path / "traffic.har", [upstream.recording[0], page]))
    assert done.returncode == 1
    assert done.stdout.partition("No variant explains: new quirks to be numbered\n")[2].splitlines() == [
        "  mgage program.export, exchange 2: status: the statuses differ",
        "    recorded  502",
        "    ours      200",
    ]
    assert "MG-3   mgage.number         explained  numeric" in done.stdout


def test_zones_of_one_season_stay_open_although_the_default_is_refuted(
    winter_in_chicago: tuple[Upstream, Mapping[str, Any]], tmp_path: Path
) -> None:
    recording, out = write_har(tmp_path / "traffic.har", winter_in_chicago[0].recording), tmp_path / "variants.json"
    done = run_command("calibrate", recording, "-o", out)
    assert (
        "    Pacific/Galapagos, America/Chicago all explain the recording\n"
        "    at the recorded instants their clocks are the same: make the requests in another season\n"
        "    the default, UTC, is refuted: until it is decided, choose one of them, as with --variant dialogtech.zone=Pacific/Galapagos\n"
    ) in done.stdout
    assert "dialogtech.zone" not in json.loads(out.read_text())["variants"]


def test_messages_of_a_known_world_decide_the_zone_in_every_season(
    winter_in_chicago: tuple[Upstream, Mapping[str, Any]], tmp_path: Path
) -> None:
    upstream, world = winter_in_chicago
    recording, known = write_har(tmp_path / "traffic.har", upstream.recording), tmp_path / "known.json"
    known.write_text(json.dumps(world))
    done = run_command("calibrate", recording, "--world", known, "--format", "json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["variants"]["dialogtech.zone"] == "America/Chicago"


def test_a_recording_of_no_provider_is_no_success(tmp_path: Path, upstream: Upstream) -> None:
    foreign = [structs.replace(each, url="https://example.com/", request_headers=()) for each in upstream.recording]
    done = run_command("calibrate", write_har(tmp_path / "traffic.har", foreign))
    assert done.returncode == 1
    assert "no exchange of it could be compared" in done.stderr


def test_exchanges_without_a_response_decide_nothing(upstream: Upstream, tmp_path: Path) -> None:
    cut = [
        structs.replace(each, status=0, response_headers=(), response_body=b"", missing=("there was no response",))
        for each in upstream.recording
    ]
    recording, out = write_har(tmp_path / "traffic.har", [*cut, *upstream.recording]), tmp_path / "variants.json"
    done = run_command("calibrate", recording, "-o", out)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{recording}: 1 exchange compared, ")
    assert "string is refuted by exchange 2, at data.messages[0].number" in done.stdout
    assert json.loads(out.read_text()) == {"variants": {"mgage.number": "numeric", "mgage.date": "sample"}}


def test_an_entry_that_cannot_be_read_is_named_and_left_out(upstream: Upstream, tmp_path: Path) -> None:
    recording = write_har(tmp_path / "traffic.har", upstream.recording)
    document = json.loads(recording.read_bytes())
    document["log"]["entries"].insert(0, {"request": 7})
    recording.write_text(json.dumps(document))
    done = run_command("calibrate", recording)
    assert done.returncode == 0
    assert done.stderr.startswith(f"mockserver: {recording}: log.entries[0]")
    assert "string is refuted by exchange 2, at data.messages[0].number" in done.stdout


def test_a_world_file_with_a_mistake_is_bad_input(upstream: Upstream, tmp_path: Path) -> None:
    recording, world = write_har(tmp_path / "traffic.har", upstream.recording), tmp_path / "world.json"
    world.write_text('{"format": 2, "acounts": []}')
    done = run_command("calibrate", recording, "--world", world)
    assert (done.returncode, done.stdout) == (2, "")
    assert "acounts" in done.stderr


def test_credentials_that_a_given_world_does_not_have_are_named(upstream: Upstream, tmp_path: Path) -> None:
    recording, world = write_har(tmp_path / "traffic.har", upstream.recording), tmp_path / "world.json"
    world.write_text('{"format": 2, "accounts": []}')
    done = run_command("calibrate", recording, "--world", world)
    assert done.returncode == 1
    assert "1 request has credentials that no account of the world has: 'mgage' of mGage" in done.stderr


def test_what_is_not_tried_stays_open(upstream: Upstream, tmp_path: Path) -> None:
    recording, out = write_har(tmp_path / "traffic.har", upstream.recording), tmp_path / "variants.json"
    done = run_command("calibrate", recording, "--most-replays", 2, "-o", out)
    assert "stopped after 2 replays; not everything was tried" in done.stderr
    assert json.loads(out.read_text()) == {"variants": {}}


@pytest.mark.parametrize("content", [b"", b"no JSON", b"[]", b"{}"], ids=["empty", "text", "list", "object"])
def test_a_file_that_is_no_har_is_bad_input(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "traffic.har"
    path.write_bytes(content)
    done = run_command("calibrate", path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("mockserver: ")
    assert str(path) in done.stderr


def test_a_file_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    path = tmp_path / "traffic.har"
    done = run_command("calibrate", path)
    assert (done.returncode, done.stderr) == (2, f"mockserver: {path}: No such file or directory\n")
