"""A second server with other variants and other data plays the real provider, and what is recorded of it tells its variants."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from contract_tests.commands import run_command
from contract_tests.installed import INSTALLED, PROVIDERS
from contract_tests.recordings.other_data import other_data
from contract_tests.recordings.upstream import Upstream
from mockserver.engine.clock import machine_time
from mockserver.engine.instants import Instant, iso, parse_duration
from mockserver.recordings.calibration import Calibration, calibrate
from mockserver.recordings.deciding import choose_account, play
from mockserver.sdk import Provider, Quirk
from mockserver.server import MockServer
from mockserver.settings import Settings

ROOT = Path(__file__).parents[2]

CHICAGO = "America/Chicago"
"""A variant of each switch that takes any time zone."""
UNDECIDED: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("dialogtech.zone", "UTC"): ("UTC", "Atlantic/Azores"),  # one instant shows one offset
    ("dialogtech.zone", CHICAGO): (CHICAGO, "America/Lima"),
    ("dialogtech.send_message.dtd", "printed"): ("printed", "reconciled"),  # the same bytes
    ("dialogtech.send_message.dtd", "reconciled"): ("printed", "reconciled"),
    ("mgage.age", "archived"): ("default-start", "archived"),  # whether there are older messages no response can tell
}
"""What the deciding requests leave open for a switch and the variant of the upstream, and why."""

DECIDED = [
    pytest.param(provider, quirk, id=quirk.name)
    for provider in PROVIDERS
    for quirk in provider.quirks
    if quirk.decider is not None and quirk.decider.requests
]


def variants_of(quirk: Quirk) -> tuple[str, ...]:
    """The variants of a switch that an upstream may have."""
    return (*quirk.variants, *([CHICAGO] if quirk.any_zone else []))


def ask(upstream: Upstream, quirk: Quirk) -> None:
    """Send the deciding requests of a switch."""
    assert quirk.decider is not None
    play(quirk.decider.requests, upstream.send, choose_account(quirk.decider.requests, upstream.accounts))


def finding_of(calibration: Calibration, name: str) -> tuple[str | None, set[str]]:
    """The variant of a switch that explains the recording, and the open ones."""
    found = next(each for each in calibration.findings if each.switch.name == name)
    return found.explained_by, set(found.open)


def wrong_variants(calibration: Calibration, upstream: Mapping[str, str]) -> dict[str, Any]:
    """The decided variants that the upstream does not have, with those that it has."""
    expected = {**INSTALLED.default_variants, **upstream}
    return {name: (each, expected[name]) for name, each in calibration.variants.items() if each != expected[name]}


@pytest.mark.parametrize(("provider", "quirk"), DECIDED)
def test_the_variant_of_each_switch_is_found_from_its_deciding_requests(provider: Provider, quirk: Quirk) -> None:
    for variant in variants_of(quirk):
        upstream = Upstream(provider.name, {quirk.name: variant}, other_data())
        ask(upstream, quirk)
        calibration = calibrate(upstream.recording, INSTALLED)
        left = UNDECIDED.get((quirk.name, variant))
        expected = (variant, set()) if left is None else (None, set(left))
        assert finding_of(calibration, quirk.name) == expected, variant
        assert wrong_variants(calibration, {quirk.name: variant}) == {}
        assert calibration.unexplained == ()


@pytest.mark.parametrize("provider", PROVIDERS, ids=[each.name for each in PROVIDERS])
def test_the_variants_of_all_switches_are_found_from_one_recording(provider: Provider) -> None:
    quirks = [quirk for quirk in provider.quirks if quirk.decider is not None and quirk.decider.requests]
    changed = {quirk.name: variants_of(quirk)[-1] for quirk in quirks}
    upstream = Upstream(provider.name, changed, other_data())
    for quirk in quirks:
        ask(upstream, quirk)
        upstream.let_pass(3600)
    calibration = calibrate(upstream.recording, INSTALLED)
    assert calibration.unexplained == ()
    assert wrong_variants(calibration, changed) == {}
    for quirk in quirks:
        left = UNDECIDED.get((quirk.name, changed[quirk.name]))
        expected = (changed[quirk.name], set()) if left is None else (None, set(left))
        assert finding_of(calibration, quirk.name) == expected, quirk.name


@pytest.mark.parametrize("provider", PROVIDERS, ids=[each.name for each in PROVIDERS])
@pytest.mark.parametrize("seed", range(3))
def test_no_wrong_variant_is_found_whatever_is_recorded_in_whatever_order(provider: Provider, seed: int) -> None:
    """Requests without a pause meet rate limits, which hide others; what that leaves open includes the right variant."""
    draw = random.Random(seed)
    quirks = [quirk for quirk in provider.quirks if quirk.decider is not None and quirk.decider.requests]
    upstream_variants = {quirk.name: draw.choice(variants_of(quirk)) for quirk in quirks}
    upstream = Upstream(provider.name, upstream_variants, other_data())
    asked = draw.sample(quirks, draw.randint(1, len(quirks)))
    for quirk in asked:
        ask(upstream, quirk)
        upstream.let_pass(draw.choice([0, 1, 3600, 100 * 86_400]))
    calibration = calibrate(upstream.recording, INSTALLED)
    assert calibration.unexplained == ()
    assert wrong_variants(calibration, upstream_variants) == {}
    for quirk in asked:
        explained_by, left = finding_of(calibration, quirk.name)
        assert upstream_variants[quirk.name] in {explained_by, *left}, quirk.name


def test_a_zone_is_found_where_the_recording_shows_both_halves_of_the_year() -> None:
    quirk = next(each for each in INSTALLED.by_name["dialogtech"].quirks if each.any_zone)
    upstream = Upstream("dialogtech", {quirk.name: CHICAGO}, other_data())
    ask(upstream, quirk)
    upstream.let_pass(183 * 86_400)
    ask(upstream, quirk)
    assert finding_of(calibrate(upstream.recording, INSTALLED), quirk.name) == (CHICAGO, set())


def test_a_provider_that_enforces_no_limits_is_recognised_though_no_document_leaves_that_open() -> None:
    upstream = Upstream("dialogtech", {"limits": "off"}, other_data())
    sending = next(each for each in INSTALLED.by_name["dialogtech"].quirks if each.name == "dialogtech.limits.count")
    for _ in range(3):
        ask(upstream, sending)
    calibration = calibrate(upstream.recording, INSTALLED)
    assert calibration.variants["limits"] == "off"
    assert calibration.unexplained == ()


def test_a_switch_that_the_recording_leaves_open_is_decided_in_a_world_that_is_known() -> None:
    """Whether older messages are hidden can be said where it is known that there are any."""
    quirk = next(each for each in INSTALLED.by_name["mgage"].quirks if each.name == "mgage.age")
    upstream = Upstream("mgage", {quirk.name: "archived"}, other_data())
    ask(upstream, quirk)
    assert finding_of(calibrate(upstream.recording, INSTALLED, other_data()), quirk.name) == ("archived", set())


# -- the whole way, by the commands and over TLS -----------------------------------------------------------------------

READ = {
    "dialogtech": {
        "dialogtech.get_messages.dtd": "none",
        "dialogtech.get_messages.envelope": "dtd",
        "dialogtech.error_text": "capitals",
        "dialogtech.get_numbers.result": "success",
        "dialogtech.get_numbers.dtd": "reconciled",
        "dialogtech.get_message.unknown": "failed",
    },
    "mgage": {"mgage.number": "numeric", "mgage.date": "iso", "mgage.next_page_url": "pinned", "mgage.age": "today"},
    "serwersms": {
        "serwersms.field": "both",
        "serwersms.zone": "UTC",
        "serwersms.type_2way": "empty",
        "serwersms.json": "ascii",
        "serwersms.errors.status": "4xx",
        "serwersms.errors.language": "pl",
        "serwersms.unknown_action": "after-credentials",
        "serwersms.lists.limit": "rejected",
        "serwersms.groups.none": "null",
    },
}
"""Switches that requests without a pause between them decide, with the variants of the second server."""
SERVED = {name: variant for switches in READ.values() for name, variant in switches.items()}


def without_ages(data: Any, now: Instant) -> Any:
    """A world file in which ages, such as P3D, are instants: it is the same whenever a server starts."""
    if isinstance(data, dict):
        return {name: without_ages(each, now) for name, each in data.items()}
    if isinstance(data, list):
        return [without_ages(each, now) for each in data]
    is_age = isinstance(data, str) and re.fullmatch(r"P(?=[0-9T])[0-9DTHMS.]+", data)
    return iso(now - parse_duration(data)) if is_age else data


def record(folder: Path, data: Mapping[str, Any], variants: Mapping[str, str]) -> Path:
    """Record what a client hears of a second server, over TLS on both sides, and return the file."""
    world = folder / "upstream.json"
    world.write_text(json.dumps({**data, "variants": dict(variants)}), "utf-8")
    plan = [(name, account_of(name, switches), sorted(switches)) for name, switches in READ.items()]
    (folder / "plan.json").write_text(json.dumps(plan), "utf-8")
    traffic = folder / "corpus" / "traffic.har"
    traffic.parent.mkdir(exist_ok=True)
    with MockServer(https=True, settings=Settings(port=0, world=world, ca=folder / "ca")) as provider:
        upstreams = [f"--upstream={INSTALLED.by_name[name].hosts[0]}={provider.https_url}" for name in READ]
        trusted = f"--upstream-ca={provider.ca.certificate}"
        client = [sys.executable, "-m", "contract_tests.recordings.client_of_providers", str(folder / "plan.json")]
        line = ["record", f"--out={traffic}", "--overwrite", *upstreams, trusted, "--", *client]
        done = subprocess.run(
            [sys.executable, "-m", "mockserver", *line], capture_output=True, text=True, timeout=120, cwd=ROOT
        )
    assert done.returncode == 0, done.stderr
    return traffic


def account_of(provider: str, switches: Iterable[str]) -> Mapping[str, str]:
    """The values of placeholders for an account of the second server."""
    quirks = [each for each in INSTALLED.by_name[provider].quirks if each.name in switches]
    requests = [request for each in quirks if each.decider is not None for request in each.decider.requests]
    return choose_account(requests, Upstream(provider, document=other_data()).accounts)


def test_a_second_server_is_recorded_calibrated_replayed_and_its_change_found(tmp_path: Path) -> None:
    data = without_ages(other_data(), machine_time())
    traffic = record(tmp_path, data, SERVED)
    assert "real." not in traffic.read_text("utf-8")  # no credential of the upstream

    calibrated = run_command("calibrate", traffic, "-o", tmp_path / "variants.json", "--format", "json")
    found = json.loads(calibrated.stdout)
    assert (calibrated.returncode, found["unexplained"], found["uncaused"]) == (0, [], [])
    assert {name: found["variants"].get(name) for name in SERVED} == SERVED
    left = {row["switch"]: row["open"] for row in found["quirks"] if row["met"] and row["verdict"] == "open"}
    assert {name: each for name, each in left.items() if INSTALLED.default_variants[name] not in each} == {}

    world = traffic.with_name("traffic.world.json")
    made = run_command("world", "from", traffic, "-o", world, "--variants", tmp_path / "variants.json")
    assert (made.returncode, made.stderr) == (0, "")
    replayed = run_command("replay", traffic.parent, "--gate")
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr

    record(tmp_path, data, {**SERVED, "mgage.number": "string"})
    changed = run_command("replay", traffic.parent, "--gate")
    assert changed.returncode == 1
    assert "MG-3 (mgage.number=string)" in changed.stdout + changed.stderr
