"""What a soak fails for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from contract_tests.soak import traffic
from contract_tests.soak.figures import ECHO, Run, Window, percentiles

FLAT = Window(
    seconds=1,
    requests=100,
    worlds=10,
    rss=100.0,
    descriptors=30,
    threads=9,
    processor=1.0,
    latency={"p50": 1.0, "p99": 2.0, "p99.9": 3.0, "worst": 4.0},
    pause=1.0,
)
JUDGE = "(whether one client delays another by more than 50 ms, contract_tests.neighbours judges)"


def flat() -> Run:
    """A run of 20 windows, 2 of them the warm-up, in which nothing grows and nothing is late."""
    windows = [replace(FLAT, seconds=number, requests=100 * number) for number in range(1, 21)]
    return Run("seed", 2, windows, {"page": [0.001] * 999 + [0.01]})


def changed(run: Run, start: int, **values: object) -> Run:
    """The run with other values in the windows from a place on."""
    windows = [replace(window, **values) for window in run.windows[start:]]  # type: ignore[arg-type]  # by name
    return replace(run, windows=[*run.windows[:start], *windows])


def test_a_flat_run_is_within_its_bounds() -> None:
    assert flat().failures(250) == []


def test_what_grows_in_the_warm_up_counts_for_nothing() -> None:
    assert changed(flat(), 2, rss=500.0).failures(250) == []


@pytest.mark.parametrize(
    ("values", "failures"),
    [
        ({"rss": 119.0, "descriptors": 39, "threads": 12}, []),
        ({"rss": 121.0}, ["rss grew to 1.21 times what it was after the warm-up"]),
        ({"descriptors": 60}, ["descriptors grew to 2.00 times what it was after the warm-up"]),
        ({"threads": 18}, ["threads grew to 2.00 times what it was after the warm-up"]),
        ({"pause": 20.5}, ["a collection of garbage took 20.5 ms"]),
    ],
)
def test_a_run_fails_for_what_grows_and_for_a_long_collection(values: dict[str, object], failures: list[str]) -> None:
    assert changed(flat(), 10, **values).failures(250) == failures


def test_a_run_fails_for_late_responses_but_not_for_those_that_wait_for_webhooks() -> None:
    run = replace(flat(), times={"page": [0.001] * 998 + [0.3, 2.5], "advance": [6.0]})
    late = f"the 99.9th percentile of the requests took 2500 ms; that of an echo 0 ms {JUDGE}"
    assert run.failures(250) == [late, "page took 2.5 s"]


def test_a_machine_that_is_busy_with_something_else_makes_no_run_fail() -> None:
    run = replace(flat(), times={"page": [0.001] * 998 + [0.3, 0.4], ECHO: [0.001] * 998 + [0.2, 0.2]})
    assert run.failures(250) == []
    assert run.failures(199) == [f"the 99.9th percentile of the requests took 400 ms; that of an echo 200 ms {JUDGE}"]


def test_a_run_fails_for_each_error() -> None:
    assert replace(flat(), errors=["page: 500"]).failures(250) == ["page: 500"]


def test_a_run_fails_for_garbage_that_no_collection_found() -> None:
    found = "no collection of garbage found 1201 objects that were in use no longer"
    assert replace(flat(), missed=1_201).failures(250) == [found]
    assert replace(flat(), missed=1_200).failures(250) == []


def test_percentiles_are_in_milliseconds() -> None:
    assert percentiles([]) == {"p50": 0, "p99": 0, "p99.9": 0, "worst": 0}
    assert percentiles(n / 1000 for n in range(1000)) == {"p50": 500, "p99": 990, "p99.9": 999, "worst": 999}


def test_the_figures_are_written_as_json_and_drawn(tmp_path: Path) -> None:
    run = flat()
    run.draw(tmp_path / "figures.svg")
    assert len(ElementTree.parse(tmp_path / "figures.svg").findall(".//{*}polyline")) == 8
    assert json.loads(json.dumps(run.as_json()))["growth"] == {"rss": 1.0, "descriptors": 1.0, "threads": 1.0}


def test_worlds_are_made_beside_the_requests_that_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    class Client(traffic.Traffic):
        def _replace_world(self) -> None:
            self._world = {"id": "w"}

        def replace_world(self) -> None:
            self.report.requests += 2
            self.report.worlds += 1

    def ask(client: traffic.Traffic) -> None:
        client.report.requests += 1

    monkeypatch.setattr(traffic, "ACTIONS", {ask: 1})
    client = Client(traffic.Place(0, 0, 0, 0, {}), "seed")

    plain = client.run(lambda made: made >= 6)
    assert (plain.requests, plain.worlds) == (6, 0)
    beside = client.run(lambda made: made >= 6, worlds=0.5)
    assert (beside.requests, beside.worlds) == (6 + 2 * 3, 3)
