"""A second server with other variants and other data plays the real provider, and what is recorded of it tells its variants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from contract_tests.installed import INSTALLED, PROVIDERS
from contract_tests.recordings.other_data import other_data
from contract_tests.recordings.upstream import Upstream
from mockserver.recordings.calibration import Calibration, calibrate
from mockserver.recordings.deciding import choose_account, play
from mockserver.sdk import Provider, Quirk

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
