"""The variants matrix: every test is run again for each variant that is not the default."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from contract_tests.installed import SWITCHES
from mockserver.testkit.matrix import variants

Run = Callable[..., pytest.RunResult]
MATRIX = ("--mockserver-variants=matrix", "--tb=no")
OTHERS = len(variants())

NUMBERS = """
def numbers():
    return SESSION.get(URL, params=CALL | {"action": "sms.get_numbers"}).text

"""


def lines(result: pytest.RunResult) -> dict[str, str]:
    """The lines of the matrix's table, one for each variant."""
    rows = (re.fullmatch(r"([\w.]+=[\w/-]+) +(\S+) +(.+)", line) for line in result.outlines)
    return {row[1]: row[3] for row in rows if row}


def test_the_variants_are_all_that_are_not_usual() -> None:
    received = {(variant.quirk.name, variant.value) for variant in variants()}

    for switch in SWITCHES:
        assert {value for name, value in received if name == switch.name} >= set(switch.variants[1:])
        assert (switch.name, switch.default) not in received
    assert ("dialogtech.zone", "America/New_York") in received


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_client_that_survives_everything_is_informed_variant_by_variant(run: Run, workers: str) -> None:
    result = run("def test_it(mock_redirect): assert 'response' in send()", *MATRIX, "-n", workers)
    result.assert_outcomes(passed=1 + OTHERS)
    table = lines(result)

    assert OTHERS == len(table)
    assert {"survived by 1", "not met"} == set(table.values())
    assert "survived by 1" == table["limits=off"] == table["dialogtech.zone=America/New_York"]
    assert "not met" == table["mgage.number=numeric"] == table["serwersms.json=ascii"]


def test_a_variant_that_breaks_a_client_is_named_with_its_quirk_and_the_first_test(run: Run) -> None:
    result = run(
        NUMBERS
        + """
@pytest.mark.parametrize("number", [1, 2])
def test_the_result_is_empty(mock_redirect, number):
    assert "<result></result>" in numbers()

def test_there_is_a_dtd(mock_redirect):
    assert "<!ELEMENT url" in numbers()

def test_numbers(mock_redirect):
    assert "<number" in numbers()
""",
        *MATRIX,
    )
    table = lines(result)
    broken = {variant: said for variant, said in table.items() if said.startswith("breaks")}

    assert {
        "dialogtech.get_numbers.result=success": "breaks 2 of 4",
        "dialogtech.get_numbers.dtd=none": "breaks 1 of 4",
    }.items() <= broken.items()
    result.stdout.fnmatch_lines(
        [
            "dialogtech.get_numbers.result=success: DT-27 *",
            "  first: test_it.py::test_the_result_is_empty[[]*]",
            "dialogtech.get_numbers.dtd=none: DT-29 *",
            "  first: test_it.py::test_there_is_a_dtd[[]*]",
        ]
    )


def test_a_test_that_fails_as_usual_does_not_count(run: Run) -> None:
    result = run(
        NUMBERS + "def test_it(mock_redirect): assert 'no such thing' in numbers()\n"
        "def test_that(mock_redirect): assert numbers()",
        *MATRIX,
    )
    result.assert_outcomes(failed=1 + OTHERS, passed=1 + OTHERS)

    assert {"survived by 1", "not met"} == set(lines(result).values())
    result.stdout.fnmatch_lines(["1 tests fail with the defaults too, and do not count: test_it.py::test_it[[]*]"])


def test_a_test_that_has_chosen_a_variant_keeps_it(run: Run) -> None:
    result = run(
        NUMBERS
        + """
@pytest.mark.mockserver(variants={"dialogtech.get_numbers.dtd": "printed", "limits": "off"})
def test_it(mock_redirect, mock_world):
    assert "<!ELEMENT url" in numbers()
    assert "off" == mock_world.variants["limits"]
""",
        *MATRIX,
    )
    result.assert_outcomes(passed=1 + OTHERS - 3)

    assert "not met" == lines(result)["dialogtech.get_numbers.dtd=none"]


def test_the_worlds_read_it_so(run: Run) -> None:
    run(
        """
def test_it(mock_world, mockserver_variant):
    chosen = mockserver_variant or {}
    assert chosen == dict(mock_world.show().variants)
    assert len(chosen) < 2
""",
        *MATRIX,
    ).assert_outcomes(passed=1 + OTHERS)


def test_tests_without_a_world_run_once(run: Run) -> None:
    result = run("def test_it(): pass\ndef test_that(mock_server): pass", *MATRIX)
    result.assert_outcomes(passed=2)

    assert {} == lines(result)


def test_without_the_option_nothing_runs_twice(run: Run) -> None:
    run("def test_it(mock_world, mockserver_variant): assert mockserver_variant is None").assert_outcomes(passed=1)
