"""Scenarios in users' tests: the pytest marker, the fixture `mock_scenario` and `MockWorldCase`."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.scenarios.test_run import EXAMPLE

ARGUMENTS = ("-p", "no:cacheprovider", "-W", "error", "-p", "sms_mockserver", "-p", "xdist")


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run pytest on one test file, beside which the example's file is."""

    def ran(tests: str, *arguments: str) -> pytest.RunResult:
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        folder = pytester.mkdir("tests")
        (folder / "retries.yaml").write_text(EXAMPLE.read_text())
        (folder / "test_it.py").write_text("import pytest\n" + tests)
        return pytester.runpytest_subprocess(*ARGUMENTS, *arguments)

    return ran


def shown(result: pytest.RunResult) -> str:
    return "\n".join(result.outlines)


def test_a_scenario_is_replayed_before_its_test_in_a_world_of_its_own(run):
    run(
        """
@pytest.mark.parametrize("number", range(3))
@pytest.mark.mockserver(scenario="retries.yaml")
def test_it(mock_world, number):
    (delivery,) = mock_world.deliveries()
    assert ("acknowledged", 3) == (delivery.status, len(delivery.attempts))
    assert "2026-06-01T09:10:00+00:00" == mock_world.clock.now.isoformat()

@pytest.mark.mockserver(scenario="retries.yaml", variants={"limits": "enforced"}, seed="8")
def test_its_seed_and_variants_may_be_replaced(mock_world):
    assert ("8", {}) == (mock_world.facts.seed, dict(mock_world.facts.variants))

def test_without_a_scenario(mock_world):
    assert [] == mock_world.deliveries()
""",
        "-n",
        "2",
    ).assert_outcomes(passed=5)


def test_a_test_steps_through_its_scenario(run):
    run(
        """
@pytest.mark.mockserver(scenario="retries.yaml")
def test_it(mock_world, mock_scenario):
    assert mock_world is mock_scenario.world
    assert [] == mock_world.deliveries()
    assert "A customer writes, and the script fails" == mock_scenario.run_next().title
    assert "due" == mock_world.deliveries()[0].status
    mock_scenario.replay()
    assert "acknowledged" == mock_world.deliveries()[0].status
"""
    ).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("marker", "sentence"),
    [
        ("scenario='none.yaml'", "none.yaml: the file cannot be read (No such file or directory)"),
        (
            "scenario='retries.yaml', fixture='small'",
            "fixture: the scenario retries.yaml sets it; give seed and variants at most",
        ),
        ("", "mock_scenario needs @pytest.mark.mockserver(scenario='FILE')"),
    ],
)
def test_a_marker_that_cannot_be_is_the_error_of_its_test_alone(run, marker, sentence):
    result = run(
        f"@pytest.mark.mockserver({marker})\ndef test_it(mock_scenario): pass\n\ndef test_that(mock_world): pass"
    )
    result.assert_outcomes(errors=1, passed=1)

    assert sentence in shown(result)


def test_an_expectation_that_is_not_met_is_an_error_of_the_test(run):
    result = run(
        """
from pathlib import Path

Path(__file__).with_name("wrong.json").write_text('{"scenario": 1, "start": "2026-06-01T09:00:00Z", "world": {"fixture": "empty"},'
    ' "timeline": [{"do": [{"expect": {"deliveries": {"count": 1}}}]}]}')

@pytest.mark.mockserver(scenario="wrong.json")
def test_it(mock_world): pass
"""
    )
    result.assert_outcomes(errors=1)

    assert "step 1 of wrong: there are 0 deliveries with any content, not exactly 1" in shown(result)


def test_unittest_replays_a_scenario_too(run):
    run(
        """
from mockserver import MockWorldCase

class TestIt(MockWorldCase):
    mockserver = {"scenario": "retries.yaml"}

    def test_it(self):
        self.assertEqual("acknowledged", self.world.deliveries()[0].status)
"""
    ).assert_outcomes(passed=1)
