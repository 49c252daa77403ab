"""``mockserver replay`` shows what differs, fails a build where it must, and names the quirk that explains a difference."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from lxml import etree

from contract_tests.installed import INSTALLED
from contract_tests.recordings.files import write_har
from contract_tests.recordings.upstream import Upstream
from mockserver.cli import cli
from mockserver.recordings.accepted import AcceptedDifference, AcceptedDifferences
from mockserver.recordings.comparison import ResponseDifference
from mockserver.recordings.deciding import choose_account, play

WORLD = {
    "format": 2,
    "accounts": [{"provider": "serwersms", "name": "demo", "logins": [{"user": "Login", "secret": "Haslo"}]}],
}
LOGIN = {"username": "Login", "password": "Haslo"}
ASCII = {"serwersms.json": "ascii"}
JSON = (("Content-Type", "application/json"),)
REASON = "JSON writes characters beyond ASCII in different ways"
SHOWN = f"$escapes: recorded as escapes, ours as they are: {REASON}"

Record = Callable[..., Path]


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """Return a function that records an upstream that has other variants, and puts its world beside the recording."""

    def record(
        name: str, variants: Mapping[str, str] | None = None, *, world: Any = WORLD, has_world: bool = True
    ) -> Path:
        upstream = Upstream("serwersms", variants, world)
        for path, values in (
            ("/contacts/add.json", {"phone": "500100100", "first_name": "Żaneta"}),
            ("/account/limits.json", {}),
            ("/contacts/index.json", {}),
        ):
            upstream.ask("POST", path, JSON, json.dumps({**LOGIN, **values}).encode())
            upstream.let_pass(1)
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        write_har(path, upstream.recording)
        if has_world:
            path.with_name(f"{path.stem}.world.json").write_text(json.dumps(world))
        return path

    return record


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["replay", *map(str, arguments)])


def test_a_recording_without_a_difference_is_done(record: Record) -> None:
    done = run(record("same.har"))
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == (
        "same.har, in the world same.world.json\n"
        "\n"
        "OPERATION                 MATCHED  DIFFERENT  UNSERVED  SKIPPED  INCOMPLETE\n"
        "serwersms account.limits  1        -          -         -        -\n"
        "serwersms contacts.add    1        -          -         -        -\n"
        "serwersms contacts.index  1        -          -         -        -\n"
        "\n"
    )


def test_each_difference_is_shown_and_ends_with_1(record: Record) -> None:
    done = run(record("ascii.har", ASCII))
    assert done.exit_code == 1
    assert done.stdout.split("\n\n")[2] == (f"3. 2026-06-01T12:00:02Z POST /contacts/index.json: different\n   {SHOWN}")
    assert done.stderr == "mockserver: 1 exchange with differences\n"


def test_a_variant_in_which_the_recording_was_made_has_no_difference(record: Record) -> None:
    path = record("ascii.har", ASCII)
    assert run(path, "--variant", "serwersms.json=ascii").exit_code == 0


def test_a_gate_names_the_quirk_that_explains_a_difference(record: Record) -> None:
    record("same.har")
    path = record("ascii.har", ASCII)
    done = run(path.parent, "--gate")
    assert done.exit_code == 1
    assert "   explained by SW-27 (serwersms.json=ascii)\n" in done.stdout
    assert (
        "explained: SW-27: with serwersms.json=ascii there is no difference in the exchange that differs\n"
        in done.stdout
    )
    assert done.stderr == "mockserver: 1 exchange with differences, perhaps SW-27\n"


def test_a_gate_finds_the_time_zone_that_explains_a_difference(tmp_path: Path) -> None:
    quirk = next(quirk for quirk in INSTALLED.by_name["dialogtech"].quirks if quirk.name == "dialogtech.zone")
    assert quirk.decider is not None
    upstream = Upstream("dialogtech", {"dialogtech.zone": "Asia/Kolkata"})
    requests = quirk.decider.requests
    play(requests, upstream.send, choose_account(requests, upstream.accounts))
    path = write_har(tmp_path / "zone.har", upstream.recording)
    done = run(path, "--gate")
    assert "explained by DT-12 (dialogtech.zone=Asia/Colombo)\n" in done.stdout  # whose clocks are those of Kolkata
    assert done.stderr == "mockserver: 1 exchange with differences, perhaps DT-12\n"


def test_json_has_every_exchange_with_its_differences(record: Record) -> None:
    done = run(record("ascii.har", ASCII), "--gate", "--format", "json")
    document = json.loads(done.stdout)
    (recording,) = document["recordings"]
    assert document["failed"] is True
    assert recording["counts"] == {"matched": 2, "different": 1, "unserved": 0, "skipped": 0, "incomplete": 0}
    exchange = recording["exchanges"][2]
    assert {
        name: exchange[name] for name in ("number", "request", "operation", "verdict", "differences", "explained_by")
    } == {
        "number": 3,
        "request": "POST /contacts/index.json",
        "operation": "contacts.index",
        "verdict": "different",
        "differences": [
            {
                "path": "$escapes",
                "recorded": "as escapes",
                "ours": "as they are",
                "reason": REASON,
                "accepted": None,
            }
        ],
        "explained_by": [{"quirk": "SW-27", "switch": "serwersms.json", "variant": "ascii"}],
    }


def test_junit_has_a_case_for_each_exchange(record: Record, tmp_path: Path) -> None:
    path = record("ascii.har", ASCII)
    (tmp_path / "nothing.har").write_text(
        '{"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": []}}'
    )
    run(path.parent, "--gate", "--junit", tmp_path / "reports" / "replay.xml")
    root = etree.parse(tmp_path / "reports" / "replay.xml").getroot()
    assert [dict(suite.attrib) for suite in root] == [
        {"name": "ascii.har", "failures": "1", "errors": "0", "skipped": "0", "tests": "3"},
        {"name": "nothing.har", "failures": "0", "errors": "1", "skipped": "0", "tests": "1"},
    ]
    cases = root[0]
    assert cases[2].get("name") == "3. POST /contacts/index.json"
    assert cases[2].get("classname") == "serwersms contacts.index"
    assert cases[2][0].get("message") == "1 difference, explained by SW-27"
    assert cases[2][0].text == (f"{SHOWN}\nexplained by SW-27 (serwersms.json=ascii)")


# -- nothing to compare --------------------------------------------------------------------------------------------


def write_empty(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    return write_har(path, ())


def test_a_recording_without_an_exchange_ends_with_1(tmp_path: Path) -> None:
    done = run(write_empty(tmp_path / "empty.har"))
    assert done.exit_code == 1
    assert "problem: nothing was compared: the recording has no exchange that can be read\n" in done.stdout
    assert done.stderr == "mockserver: 1 recording not compared, or only in part\n"


def test_a_recording_of_other_hosts_alone_ends_with_1(record: Record) -> None:
    path = record("other.har")
    path.write_text(path.read_text().replace(INSTALLED.by_name["serwersms"].hosts[0], "www.example.com"))
    done = run(path)
    assert done.exit_code == 1
    assert "problem: nothing was compared: of its exchanges there are 3 skipped\n" in done.stdout


def test_a_corpus_may_have_a_recording_with_nothing_to_compare_but_its_gate_may_not(record: Record) -> None:
    folder = record("corpus/same.har").parent
    write_empty(folder / "empty.har")
    assert run(folder).exit_code == 0
    assert run(folder, "--gate").exit_code == 1


def test_an_entry_that_cannot_be_read_is_named_and_fails_a_gate(record: Record) -> None:
    path = record("same.har")
    document = json.loads(path.read_text())
    document["log"]["entries"][1]["request"]["method"] = 7
    path.write_text(json.dumps(document))
    done = run(path)
    assert done.exit_code == 0
    assert "unreadable: log.entries[1].request.method: " in done.stdout
    done = run(path, "--gate")
    assert done.exit_code == 1
    assert "problem: 1 of its entries cannot be read\n" in done.stdout


def test_a_file_of_a_corpus_that_cannot_be_read_fails_and_the_others_are_replayed(record: Record) -> None:
    folder = record("corpus/same.har").parent
    (folder / "broken.har").write_text("{}")
    record("corpus/worldless.har").with_name("worldless.world.json").write_text("{")

    for arguments in ((), ("--gate",)):
        done = run(folder, *arguments, "--junit", folder / "replay.xml")

        assert (done.exit_code, done.stderr) == (1, "mockserver: 2 recordings not compared, or only in part\n")
        assert 'broken.har: this is no HAR file: it has no list at "log", "entries"\n' in done.stdout
        assert "worldless.world.json: the file is not JSON" in done.stdout
        assert "same.har, in the world same.world.json\n" in done.stdout
        suites = etree.parse(folder / "replay.xml").getroot()
        assert [("1", "1"), ("3", "0"), ("1", "1")] == [(each.get("tests"), each.get("errors")) for each in suites]

    assert run(folder, "--world", folder / "none.json").exit_code == 2


def test_a_folder_without_recordings_is_bad_input(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert (done.exit_code, done.stderr) == (
        2,
        f"mockserver: {tmp_path}: the folder has no recording, no file whose name ends with .har\n",
    )


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        (None, (), "there is no such file or folder"),
        ("no JSON", (), "har.har: "),
        ('{"log": {"entries": []}}', ("--variant", "serwersms.zone=Mars"), "variants"),
        ('{"log": {"entries": []}}', ("--variant", "serwersms.zone"), "is not NAME=VALUE"),
        ('{"log": {"entries": []}}', ("--world", "none.json"), "none.json"),
    ],
)
def test_bad_input_is_one_sentence(
    content: str | None, arguments: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "har.har"
    if content is not None:
        path.write_text(content)
    done = run(path, *arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


# -- accepted differences ------------------------------------------------------------------------------------------


ENTRY = {"file": "ascii.har", "exchange": 3, "path": "$escapes", "reason": "their escapes", "issue": "#7"}


def accept(folder: Path, *entries: Mapping[str, Any]) -> None:
    (folder / "accepted.json").write_text(json.dumps({"accepted": entries}))


def test_an_accepted_difference_is_shown_with_its_reason_and_does_not_fail(record: Record) -> None:
    folder = record("ascii.har", ASCII).parent
    accept(folder, ENTRY)
    done = run(folder, "--gate")
    assert (done.exit_code, done.stderr) == (0, "")
    assert (
        f"3. 2026-06-01T12:00:02Z POST /contacts/index.json: accepted\n   accepted, their escapes: {SHOWN}\n"
    ) in done.stdout


def test_an_accepted_difference_that_excuses_nothing_fails(record: Record) -> None:
    folder = record("same.har").parent
    accept(folder, {**ENTRY, "file": "same.har"})
    done = run(folder, "--gate")
    assert done.exit_code == 1
    assert done.stderr == (
        "accepted.json: entry 1 (same.har, exchange 3, $escapes) excuses no difference; remove it\n"
        "mockserver: 1 accepted difference to remove\n"
    )


def test_an_accepted_difference_ends_on_its_day() -> None:
    difference = ResponseDifference("items[2].cost", "1", "2", "the values differ")
    entry = AcceptedDifference(file="a.har", path="items[].cost", reason="r", expires=date(2026, 6, 1))
    in_time, too_late = (AcceptedDifferences([entry], date(2026, 6, day)) for day in (1, 2))
    assert in_time.find("a.har", 1, difference) == entry
    assert list(in_time.find_problems()) == []
    assert too_late.find("a.har", 1, difference) is None
    assert list(too_late.find_problems()) == ["accepted.json: entry 1 (a.har, items[].cost) expired on 2026-06-01"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], 'this is no object with a list "accepted"'),
        ({"accepted": [7]}, "accepted[0] is no object"),
        ({"accepted": [{**ENTRY, "exchange": "3"}]}, "accepted[0].exchange is not a number from 1"),
        ({"accepted": [{**ENTRY, "reason": ""}]}, "accepted[0].reason is not a text"),
        ({"accepted": [{**ENTRY, "why": "x"}]}, "accepted[0].why is unknown; the members are file, exchange, path, reason, issue, expires"),
        ({"accepted": [{"file": "a.har", "path": "b"}]}, "accepted[0] has no reason"),
        ({"accepted": [{"file": "a.har", "path": "b", "reason": "c"}]}, "accepted[0] has neither an issue nor the day on which it expires"),
        ({"accepted": [{**ENTRY, "expires": "soon"}]}, "accepted[0].expires is no day such as 2027-01-31"),
    ],
)  # fmt: skip
def test_a_mistake_in_accepted_differences_is_bad_input(document: Any, message: str, record: Record) -> None:
    folder = record("same.har").parent
    (folder / "accepted.json").write_text(json.dumps(document))
    done = run(folder, "--gate")
    assert done.exit_code == 2
    assert done.stderr == f"mockserver: {folder / 'accepted.json'}: {message}\n"
