"""Scenarios that are run: the command line, the pytest marker, and transcripts that are the same byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner, Result

from mockserver import MockServer
from mockserver.cli import cli
from mockserver.demo import NAMES
from mockserver.scenario import Scenario, ScenarioError, ScenarioRun

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "scenarios" / "retries.yaml"
DEMOS = [ROOT / "mockserver" / "demo" / f"{name}.json" for name in NAMES]

EVERYTHING = {
    "scenario": 1,
    "name": "everything",
    "start": "2026-06-01T09:00:00Z",
    "seed": "7",
    "world": {"fixture": "small"},
    "receivers": {"listener": {"status": 503}},
    "timeline": [
        {
            "title": "Messages of either direction",
            "do": [
                {"store_message": {"provider": "mgage", "account": "documents", "program": "121811", "direction": "inbound", "sender": "447911123456", "recipient": "64888", "text": "STOP", "status": "Received"}},
                {"inbound": {"provider": "dialogtech", "sender": "5556667777", "recipient": "5554332111", "text": "Yes"}},
                {"change_message": {"message": {"provider": "mgage", "text": "STOP"}, "status": "Read"}},
                {"delete_message": {"provider": "dialogtech", "text": "Yes"}},
            ],
        },
        {
            "at": "PT30S",
            "title": "Entries, variants and an account",
            "do": [
                {"add_entry": {"provider": "serwersms", "account": "demo", "collection": "blacklist", "entry": {"phone": "+48500600701"}}},
                {"put_entry": {"provider": "serwersms", "account": "demo", "collection": "contacts", "id": 900, "entry": {"phone": "+48500600702", "first_name": "Ola"}}},
                {"delete_entry": {"provider": "serwersms", "account": "demo", "collection": "contacts", "id": 900}},
                {"choose_variants": {"limits": "off"}},
                {"change_account": {"provider": "serwersms", "account": "documents", "forwarding": [{"service": "nd", "url": "http://listener.receiver/sms"}]}},
            ],
        },
        {
            "at": "2026-06-01T10:00:00Z",
            "title": "Faults, the clock and a request with Basic",
            "do": [
                {"add_fault": {"id": "slow", "fault": {"kind": "delay", "seconds": 0}, "when": {"first": 1}}},
                {"request": {"account": "mgage/documents", "basic": True, "path": "/api/messages/program/121811", "query": {"pageSize": "1"}}},
                {"expect": {"response": {"status": 200, "lacks": "nothing of this kind"}}},
                {"remove_fault": "slow"},
                {"clear_faults": True},
                {"clock": {"advance": "PT1M"}},
                {"clock": "next"},
                {"clock": "freeze"},
            ],
        },
        {
            "at": "PT2H",
            "title": "A checkpoint, what changes, and the way back",
            "do": [
                {"checkpoint": "before"},
                {"inbound": {"provider": "dialogtech", "sender": "5556667777", "recipient": "5554332111", "text": "No"}},
                {"expect": {"changes": {"since": "before", "changes": [{"change": "inserted", "kind": "message", "values": {"text": "No"}}], "nothing_else": True}}},
                {"rewind": "before"},
                {"expect": {"messages": {"text": "No", "count": 0}, "changes": {"since": "before", "changes": [], "nothing_else": True}}},
            ],
        },
    ],
}  # fmt: skip
"""Every action there is."""


def write(folder: Path, **changes: object) -> Path:
    path = folder / "everything.json"
    path.write_text(json.dumps({**EVERYTHING, **changes}))
    return path


def run_command(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["scenario", *map(str, arguments)])


@pytest.fixture
def server():
    with MockServer() as server:
        yield server


def transcript(path: Path, server: MockServer, world_id: str | None = None) -> str:
    with ScenarioRun(Scenario.load(path), server, world_id, own_credentials=world_id is not None) as scenario_run:
        return "\n".join(json.dumps(step.row()) for step in scenario_run.run_rest())


@pytest.mark.parametrize("path", [EXAMPLE, *DEMOS], ids=lambda path: path.stem)
def test_a_shipped_scenario_has_the_same_transcript_on_two_servers_in_the_same_world_again_and_in_others(path):
    with MockServer() as one, MockServer() as other:
        first = transcript(path, one)
        again = transcript(path, one)
        elsewhere = transcript(path, other, "another")
        anonymous = transcript(path, other, "")

    assert first == again == elsewhere == anonymous
    assert len(Scenario.load(path).timeline) == len(first.splitlines())


def test_every_action_is_run_and_gives_the_same_transcript_with_the_same_seed(tmp_path, server):
    path = write(tmp_path)
    first = transcript(path, server, "one")
    second = transcript(path, server, "two")

    assert first == second
    events = [event["event"] for line in first.splitlines() for event in json.loads(line)["events"]]
    assert {
        "message_stored", "message_changed", "message_deleted", "entry_stored", "entry_deleted", "variant_chosen",
        "account_changed", "fault_rule_added", "fault_rule_hit", "fault_rule_removed", "exchange", "checkpoint_made",
        "rewound",
    } <= {*events}  # fmt: skip


def test_identifiers_that_an_application_makes_up_are_in_no_transcript(tmp_path, server):
    def run(request_id: str) -> str:
        with ScenarioRun(Scenario.load(write(tmp_path)), server, request_id) as scenario_run:
            steps = scenario_run.run_rest()
            first = next(steps)
            url = f"{scenario_run.world.base_url}/api/messages/program/121811"
            requests.get(url, headers={"X-Request-Id": request_id, "traceparent": request_id}, timeout=30)
            return "\n".join(json.dumps(step.row()) for step in (first, *steps))

    one, two = run("one"), run("two")

    assert one == two
    assert "MissingCredentials" in one


def test_another_seed_gives_other_identifiers(tmp_path, server):
    draws = {"scenario": 1, "start": "2026-06-01T09:00:00Z", "world": {"fixture": "small"}}
    actions = [{"add_fault": {"fault": {"kind": "garbage"}, "when": {"probability": 0.5}}}]
    actions += 12 * [{"request": {"path": "/ibp_api.php"}}]
    path = tmp_path / "draws.json"
    path.write_text(json.dumps({**draws, "timeline": [{"do": actions}]}))

    def hits(seed: str) -> str:
        with ScenarioRun(Scenario.load(path), server, f"seed-{seed}", seed=seed) as scenario_run:
            return json.dumps([step.row() for step in scenario_run.run_rest()])

    assert hits("1") != hits("2")


def test_the_command_prints_the_transcript_and_the_same_bytes_again():
    first, second = (run_command("run", EXAMPLE, "--format", "json") for _ in range(2))

    assert (0, "") == (first.exit_code, first.stderr)
    assert first.stdout_bytes == second.stdout_bytes
    head, *steps = map(json.loads, first.stdout.splitlines())
    assert {"scenario": "retries", "title": "A receiver that fails twice", "about": ""} == head
    assert ["09:00", "09:02", "09:05", "09:10"] == [step["at"][11:16] for step in steps]


def test_the_documentation_s_scenario_runs(tmp_path):
    page = (ROOT / "docs" / "how-to" / "scenarios.md").read_text()
    path = tmp_path / "retries.yaml"
    path.write_text(page.partition("```yaml\nscenario:")[2].partition("```")[0].join(("scenario:", "")))
    done = run_command("run", path)

    assert (0, "") == (done.exit_code, done.stderr)
    assert "3. 09:05:00  The first repeat is acknowledged\n" in done.stdout


def test_the_command_shows_progress_in_words():
    done = run_command("run", EXAMPLE)

    assert 0 == done.exit_code
    assert "2. 09:02:00  The provider rejects every second message\n   POST /messages/send_sms: 200\n" in done.stdout
    assert "09:10:00  attempt_ended number=1 status=acknowledged\n" in done.stdout


def test_the_command_runs_on_a_running_server_and_keeps_the_world(server):
    done = run_command("run", EXAMPLE, "--server", server.url, "--id", "mine")

    assert 0 == done.exit_code
    assert f"the world is mine: {server.url}/_w/mine\n" == done.stderr
    assert 1 == len(server.get_world("mine").deliveries())


def test_an_expectation_that_is_not_met_ends_the_run_with_code_1_and_the_difference(tmp_path):
    steps = [
        {"do": [{"expect": {"messages": {"text": "never", "count": 2}, "response": {"status": 200}}}]},
        {"title": "not reached"},
    ]
    done = run_command("run", write(tmp_path, timeline=steps), "--format", "json")

    assert 1 == done.exit_code
    assert {
        "error": {
            "code": "verification_failed",
            "message": "step 1 did not go as expected",
            "difference": [
                "there are 0 messages with text 'never', not exactly 2",
                "no request was sent",
            ],
        }
    } == json.loads(done.stderr)
    assert 2 == len(done.stdout.splitlines())


def test_what_the_server_rejects_is_said_at_its_place_with_code_2(tmp_path):
    steps = [{"do": [{"delete_message": {"text": "there is none"}}]}]
    path = write(tmp_path, timeline=steps)
    done = run_command("run", path)

    assert 2 == done.exit_code
    assert (
        f"mockserver: {path}: timeline[0].do[0].delete_message: the world has no message with text 'there is none'\n"
        == done.stderr
    )


def test_a_file_that_is_no_scenario_is_code_2_and_no_server_is_code_3(tmp_path):
    path = write(tmp_path, timeline=7)

    assert 2 == run_command("run", path).exit_code
    assert 3 == run_command("run", EXAMPLE, "--server", "http://127.0.0.1:9").exit_code


def test_a_run_goes_step_by_step_and_stops_its_receivers_at_the_end(server):
    with ScenarioRun(Scenario.load(EXAMPLE), server) as scenario_run:
        first = scenario_run.run_next()
        assert first is not None
        assert (1, "2026-06-01T09:00:00Z") == (first.number, first.at)
        assert [3, 4] == [step.number for step in list(scenario_run.run_rest())[1:]]
        assert scenario_run.is_over
        assert scenario_run.run_next() is None


def test_replay_raises_an_assertion_error_for_an_expectation(tmp_path, server):
    path = write(tmp_path, timeline=[{"do": [{"expect": {"deliveries": {"status": "due", "count": 1}}}]}])

    with (
        ScenarioRun(Scenario.load(path), server) as scenario_run,
        pytest.raises(
            AssertionError,
            match=r"^step 1 of everything: there are 0 deliveries with status 'due', not exactly 1$",
        ),
    ):
        scenario_run.replay()


def test_a_fixture_s_world_that_exists_is_made_anew(tmp_path, server):
    scenario = Scenario.load(write(tmp_path))
    with ScenarioRun(scenario, server) as first:
        first.replay()
    with ScenarioRun(scenario, server) as second:
        assert 0 == len(second.world.journal())


def test_a_step_whose_time_has_passed_is_rejected_when_it_is_reached(tmp_path, server):
    steps = [{"do": [{"clock": "resume"}, {"clock": {"advance": "PT10M"}}]}, {"at": "PT10M"}]
    scenario = Scenario.load(write(tmp_path, timeline=steps))
    with ScenarioRun(scenario, server) as scenario_run:
        scenario_run.run_next()
        scenario_run.world.clock.advance(minutes=5)
        with pytest.raises(ScenarioError, match=r"timeline\[1\].at: 2026-06-01T09:10:00Z is before "):
            scenario_run.run_next()
