"""A world made of a recording of SerwerSMS gives the recorded reads back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from contract_tests.installed import INSTALLED
from contract_tests.recordings import serwersms_life as life
from contract_tests.recordings.upstream import Upstream
from mockserver.har.exchange import RecordedExchange
from mockserver.recordings.deciding import choose_account, play
from mockserver.recordings.reconstruction import reconstruct_world
from mockserver.recordings.replay import replay
from mockserver.sdk import Quirk

VARIANTS = (
    {},
    {"serwersms.zone": "UTC"},
    {"serwersms.field": "recived"},
    {"serwersms.field": "received"},
    {"serwersms.field": "both"},
    {"serwersms.json": "ascii"},
    {"serwersms.errors.status": "4xx"},
    {"serwersms.errors.language": "pl"},
    {"serwersms.states": "instant"},
    {"serwersms.pending": "not-final"},
)


def differences(recording: Sequence[RecordedExchange], variants: Mapping[str, str]) -> list[Any]:
    """Return what a replay in the world that is made of a recording finds, and what that world cannot cause."""
    world = reconstruct_world(recording, INSTALLED, variants)
    found = [
        (each.recorded.index, each.verdict, each.differences)
        for each in replay(recording, INSTALLED, world.document)
        if each.verdict != "matched"
    ]
    return [*found, *world.unexplained]


@pytest.mark.parametrize("suffix", ["json", "xml"])
@pytest.mark.parametrize("variants", VARIANTS, ids=lambda each: "-".join(each.values()) or "defaults")
def test_a_full_account_is_given_back_with_what_came_in_between_the_reads(
    variants: Mapping[str, str], suffix: str
) -> None:
    upstream = Upstream("serwersms", variants, life.WORLD)
    life.live(upstream, suffix)
    assert differences(upstream.recording, variants) == []


@pytest.mark.parametrize("suffix", ["json", "xml"])
def test_what_requests_of_the_recording_store_is_not_put_into_the_account(suffix: str) -> None:
    upstream = Upstream("serwersms", {}, life.WORLD)
    life.work(upstream, suffix)
    assert differences(upstream.recording, {}) == []


DECIDERS = [
    pytest.param(quirk, variant, id=f"{quirk.name}-{variant}")
    for quirk in INSTALLED.by_name["serwersms"].quirks
    if quirk.decider is not None and quirk.decider.requests
    for variant in quirk.variants
]


@pytest.mark.parametrize(("quirk", "variant"), DECIDERS)
def test_the_world_made_of_the_deciding_requests_gives_them_back_in_the_variant_that_was_recorded_alone(
    quirk: Quirk, variant: str
) -> None:
    assert quirk.decider is not None
    upstream = Upstream("serwersms", {quirk.name: variant})
    play(quirk.decider.requests, upstream.send, choose_account(quirk.decider.requests, upstream.accounts))
    explaining = [each for each in quirk.variants if not differences(upstream.recording, {quirk.name: each})]
    assert explaining == [variant]
