"""Replays a recording in the world that was made from it."""

from __future__ import annotations

from collections.abc import Sequence

from contract_tests.installed import INSTALLED
from mockserver.har.exchange import RecordedExchange
from mockserver.recordings.reconstruction import ReconstructedWorld
from mockserver.recordings.replay import replay


def differences(
    recording: Sequence[RecordedExchange], world: ReconstructedWorld
) -> list[tuple[int, str, str | None, str | None]]:
    """Return the differences of a replay: the index of the exchange, the place, and the recorded value and ours."""
    found = list(replay(recording, INSTALLED, world.document))
    assert {each.verdict for each in found} <= {"matched", "different"}
    return [
        (replayed.recorded.index, each.path, each.recorded, each.ours)
        for replayed in found
        for each in replayed.differences
    ]
