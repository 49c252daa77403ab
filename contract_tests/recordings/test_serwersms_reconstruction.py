"""A world made of a recording of SerwerSMS gives the recorded reads back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from contract_tests.installed import INSTALLED
from contract_tests.recordings import serwersms_life as life
from contract_tests.recordings.upstream import Upstream
from mockserver.har.exchange import RecordedExchange
from mockserver.recordings.reconstruction import reconstruct_world
from mockserver.recordings.replay import replay

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
