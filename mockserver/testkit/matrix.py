"""The ambiguity matrix: every test once more for each other reading of what the documents leave open.

A quirk with two plausible readings is a question to the vendor. A client that survives both needs no answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from mockserver.admin import quirk_parser as quirk_book
from mockserver.app import PROVIDERS, SWITCHES
from mockserver.client import ControlError, NoServer
from mockserver.sdk.provider import Quirk

from .options import combined

FIXTURE = "mockserver_reading"
_PROPERTY = "mockserver_reading"
_ELSEWHERE = "America/New_York"
"""For switches that take any zone: one where neither provider is, with daylight saving."""


class Reading(NamedTuple):
    """One way to read a quirk that is not the usual one."""

    quirk: Quirk
    value: str

    def __str__(self) -> str:
        return f"{self.quirk.name}={self.value}"

    @property
    def provider(self) -> str | None:
        """Whose answers it changes; ``None``: everybody's."""
        name = self.quirk.name.partition(".")[0]
        return name if name in {room.name for room in PROVIDERS} else None


def readings() -> list[Reading]:
    """Every reading that is not a default."""
    return [
        Reading(quirk, value)
        for quirk in SWITCHES
        for value in (*quirk.readings, *([_ELSEWHERE] if quirk.any_zone else []))
        if value != quirk.default
    ]


class Result(NamedTuple):
    """How one test did under one reading."""

    test: str
    """Its name without the reading."""
    reading: str
    """``usual`` for none."""
    has_passed: bool
    asked: frozenset[str]
    """The providers that it asked."""


_USUAL = "usual"


class Matrix:
    """A plugin for pytest."""

    def __init__(self) -> None:
        """Nothing has run yet."""
        self._results: list[Result] = []

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Once as usual and once for each reading, but for those that the test itself has chosen."""
        if FIXTURE not in metafunc.fixturenames:
            return
        chosen = combined(mark.kwargs for mark in metafunc.definition.iter_markers("mockserver")).get("readings", {})
        others = [reading for reading in readings() if reading.quirk.name not in chosen]
        values = [None, *({reading.quirk.name: reading.value} for reading in others)]
        metafunc.parametrize(FIXTURE, values, indirect=True, ids=[_USUAL, *map(str, others)])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:  # noqa: ARG002 - pytest's names
        """Note the reading, and whom the test has asked."""
        report = yield
        callspec = getattr(item, "callspec", None)
        if callspec is not None and FIXTURE in callspec.params and (report.when == "call" or report.failed):
            chosen = callspec.params[FIXTURE]
            name = _USUAL if chosen is None else "=".join(next(iter(chosen.items())))
            world = getattr(item, "funcargs", {}).get("mock_world")
            report.user_properties.append((_PROPERTY, [name, sorted(_asked(world))]))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect."""
        for kind, said in report.user_properties:
            if kind == _PROPERTY and isinstance(said, list) and not report.skipped:
                name, asked = said
                self._results.append(Result(report.nodeid.replace(name, "*"), name, report.passed, frozenset(asked)))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """The table."""
        if self._results:
            terminalreporter.section("mockserver: which readings the client survives")
            for line in table(self._results):
                terminalreporter.line(line)


def table(results: list[Result]) -> Iterator[str]:
    """A line for each reading, and for each that breaks something the quirk and the test that fails first."""
    failing = {each.test for each in results if each.reading == _USUAL and not each.has_passed}
    width = max(len(str(reading)) for reading in readings())
    broken: list[str] = []
    for reading in readings():
        run = [each for each in results if each.reading == str(reading) and each.test not in failing]
        met = [each for each in run if (reading.provider in each.asked if reading.provider else each.asked)]
        losses = [each.test for each in run if not each.has_passed]
        if losses:
            verdict = f"breaks {len(losses)} of {len(run)}"
            broken += ["", f"{reading}: {_title(reading)}", f"  first: {losses[0]}"]
        else:
            verdict = f"survived by {len(met)}" if met else "not met"
        yield f"{reading!s:{width}}  {reading.quirk.number or '-':6} {verdict}"
    yield from broken
    if failing:
        yield ""
        yield f"{len(failing)} tests fail as usual, and do not count: {', '.join(sorted(failing))}"


def _title(reading: Reading) -> str:
    for room in PROVIDERS:
        book = quirk_book.entries(room.quirks_file) if room.quirks_file else {}
        entry = book.get(reading.quirk.number)
        if entry is not None:
            return f"{entry.number} {entry.title}"
    return "the house's own"


def _asked(world: Any) -> set[str]:
    try:
        return {exchange.provider for exchange in world.journal() if exchange.provider} if world is not None else set()
    except (ControlError, NoServer):  # the test has dropped it
        return set()
