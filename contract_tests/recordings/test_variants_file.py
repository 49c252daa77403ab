"""The variants that calibrate writes are taken by the commands that come after it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contract_tests.commands import run_command
from contract_tests.recordings.files import write_har
from contract_tests.recordings.test_calibrate_command import BASIC, EXPORT
from contract_tests.recordings.upstream import Upstream

FOUND = {"mgage.number": "numeric", "mgage.date": "sample"}


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A recording of a server of mGage that writes numbers as such."""
    upstream = Upstream("mgage", {"mgage.number": "numeric"})
    upstream.ask("GET", EXPORT, BASIC)
    return write_har(tmp_path / "traffic.har", upstream.recording)


def test_calibrate_world_from_and_replay_are_chained_by_a_file(recording: Path, tmp_path: Path) -> None:
    variants, world = tmp_path / "variants.json", tmp_path / "world.json"
    assert run_command("calibrate", recording, "-o", variants).returncode == 0
    assert run_command("replay", recording).returncode == 1
    assert run_command("replay", recording, "--variants", variants).returncode == 0
    assert run_command("world", "from", recording, "--variants", variants, "-o", world).returncode == 0
    assert json.loads(world.read_bytes())["variants"] == FOUND
    assert run_command("replay", recording, "--world", world).returncode == 0
    # A world file has variants too, and an option replaces single ones.
    assert run_command("replay", recording, "--variants", world).returncode == 0
    done = run_command("replay", recording, "--variants", variants, "--variant", "mgage.number=string")
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", " is not JSON: "),
        ('{"mgage.number": "numeric"}', " has no variants, which mockserver calibrate writes as "),
        ('{"variants": {"mgage.number": 1}}', " has no variants, which mockserver calibrate writes as "),
        ('{"variants": {"mgage.size": "big"}}', "mgage.size"),
        (None, ": No such file or directory"),
    ],
)
def test_a_file_without_variants_is_bad_input(content: str | None, reason: str, recording: Path) -> None:
    file = recording.with_name("variants.json")
    if content is not None:
        file.write_text(content)
    for command in (
        ("world", "from", recording),
        ("replay", recording),
        ("check-receiver", "--provider", "serwersms", "http://127.0.0.1:9/sms?id=#ID#"),
    ):
        done = run_command(*command, "--variants", file)
        assert (done.returncode, done.stdout) == (2, "")
        assert reason in done.stderr
