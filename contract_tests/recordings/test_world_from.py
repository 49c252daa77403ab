"""`mockserver world from` makes a world file of a HAR file."""

from __future__ import annotations

import json
from pathlib import Path

from msgspec import structs

from contract_tests.commands import run_command
from contract_tests.installed import INSTALLED
from contract_tests.recordings import test_dialogtech_worlds as dialogtech
from contract_tests.recordings import test_mgage_worlds as mgage
from contract_tests.recordings.files import write_har
from contract_tests.recordings.upstream import Upstream
from mockserver.har.exchange import RecordedExchange
from mockserver.har.reader import read_har_file
from mockserver.recordings.reconstruction import reconstruct_world
from mockserver.recordings.replay import replay


def record() -> list[RecordedExchange]:
    """Return a recording of two providers, and of a host that is none's."""
    one, other = Upstream("dialogtech"), Upstream("mgage")
    dialogtech.read_all(one, one.accounts[0])
    mgage.export_pages(other, other.accounts[1], "141502", "pageSize=10")
    foreign = structs.replace(one.recording[0], url="https://example.net/ibp_api.php", request_headers=())
    return [
        structs.replace(each, index=index) for index, each in enumerate([*one.recording, foreign, *other.recording])
    ]


def test_the_world_of_a_har_file_gives_the_reads_of_all_providers_back(tmp_path: Path) -> None:
    recording, world = write_har(tmp_path / "traffic.har", record()), tmp_path / "world.json"
    done = run_command("world", "from", recording, "--out", world)
    exchanges = list(read_har_file(recording))
    read = len(exchanges) - 1
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(world.read_bytes())
    messages = sum(len(each["messages"]) for each in document["accounts"])
    assert done.stdout == f"{world}: 2 accounts with {messages} messages, from {read} of {len(exchanges)} exchanges\n"
    replayed = list(replay(exchanges, INSTALLED, document))
    assert sorted({each.verdict for each in replayed}) == ["matched", "skipped"]


def test_what_no_account_causes_is_listed_with_the_number_of_its_exchange(tmp_path: Path) -> None:
    exchanges = record()
    exchanges[0] = structs.replace(exchanges[0], status=503)
    recording, world = write_har(tmp_path / "traffic.har", exchanges), tmp_path / "world.json"
    done = run_command("world", "from", recording, "-o", world, "--format", "json")
    assert json.loads(done.stdout)["unexplained"] == [
        {"exchange": 1, "path": "status", "reason": "the provider answered 503, which no account causes"}
    ]
    done = run_command("world", "from", recording, "-o", world)
    assert done.stdout.splitlines()[1:] == [
        "read, but not caused by any account:",
        "EXCHANGE  PATH    REASON",
        "1         status  the provider answered 503, which no account causes",
    ]


def test_variants_are_kept_in_the_world(tmp_path: Path) -> None:
    recording, world = write_har(tmp_path / "traffic.har", record()), tmp_path / "world.json"
    run_command("world", "from", recording, "-o", world, "--variant", "dialogtech.zone=America/Chicago")
    document = json.loads(world.read_bytes())
    assert document["variants"] == {"dialogtech.zone": "America/Chicago"}
    assert document["clock"] == {"at": "2026-06-01T12:00:00Z", "frozen": True}
    assert document["accounts"][0]["messages"][0]["at"] == "2017-01-01T15:30:00Z"


def test_without_an_exchange_of_a_provider_nothing_is_written(tmp_path: Path) -> None:
    recording, world = write_har(tmp_path / "traffic.har", record()[1:2]), tmp_path / "world.json"
    done = run_command("world", "from", recording, "-o", world)
    expected = f"mockserver: {recording}: none of its 1 exchanges is with DialogTech, mGage and SerwerSMS\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", expected)
    assert not world.exists()


def test_bad_input_is_one_sentence(tmp_path: Path) -> None:
    recording = tmp_path / "traffic.har"
    recording.write_text("no JSON")
    done = run_command("world", "from", recording)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert done.stderr.startswith(f"mockserver: {recording}: ")
    done = run_command("world", "from", write_har(recording, record()), "--variant", "dialogtech.zone=Mars")
    expected = "mockserver: variants['dialogtech.zone']: 'Mars' is not 'UTC' or the IANA name of a time zone\n"
    assert (done.returncode, done.stderr.replace("variants.dialogtech.zone", "variants['dialogtech.zone']")) == (
        2,
        expected,
    )


def test_an_entry_that_cannot_be_read_is_said_and_the_others_are_read(tmp_path: Path) -> None:
    recording, world = write_har(tmp_path / "traffic.har", record()), tmp_path / "world.json"
    document = json.loads(recording.read_bytes())
    document["log"]["entries"][1] = {"request": 7}
    recording.write_text(json.dumps(document))
    done = run_command("world", "from", recording, "-o", world)
    assert done.returncode == 0
    assert done.stderr.startswith(f"{recording}: exchange 2: log.entries[1]")
    assert [each["provider"] for each in json.loads(world.read_bytes())["accounts"]] == ["dialogtech", "mgage"]


def test_the_journal_of_a_server_on_this_machine_comes_back_with_its_own_links() -> None:
    upstream = Upstream("mgage")
    upstream.host = "127.0.0.1:7670"
    demo = upstream.accounts[1]
    mgage.export(upstream, demo, "141502", "pageSize=2")
    provider_url = upstream.recording[0].url.replace(upstream.host, "communicatepro.mgage.com")
    ours = upstream.recording[0].response_body.replace(b"https://", b"http://")
    recording = [structs.replace(upstream.recording[0], url=provider_url, response_body=ours)]
    assert b"http://127.0.0.1:7670/api" in ours
    assert mgage.differences(recording, reconstruct_world(recording, INSTALLED)) == []
