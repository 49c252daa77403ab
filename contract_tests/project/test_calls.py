"""How many files and calls of ours one request passes."""

from __future__ import annotations

from benchmarks.calls import calls_of

FILES, CALLS = 15, 69
"""The largest numbers that a send may have. They may only fall."""


def test_a_warm_send_runs_through_few_files_and_calls() -> None:
    calls = calls_of("send")

    assert ("providers/dialogtech/operations/messages.py", "send_message") in calls
    assert (len({file for file, _ in calls}) <= FILES, len(calls) <= CALLS) == (True, True), calls
