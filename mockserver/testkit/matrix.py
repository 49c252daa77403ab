"""The ambiguity matrix: every test once more for each other variant of what the documents leave open.

A quirk with two plausible variants is a question to the vendor. A client that survives both needs no answer.
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

FIXTURE = "mockserver_variant"
_PROPERTY = "mockserver_variant"
_ELSEWHERE = "America/New_York"
"""For switches that take any zone: one where neither provider is, with daylight saving."""


class MatrixCell(NamedTuple):
    """One way to read a quirk that is not the usual one."""

    quirk: Quirk
    value: str

    def __str__(self) -> str:
        return f"{self.quirk.name}={self.value}"

    @property
    def provider(self) -> str | None:
        """Whose answers it changes; ``None``: everybody's."""
        name = self.quirk.name.partition(".")[0]
        return name if name in {provider.name for provider in PROVIDERS} else None


def variants() -> list[MatrixCell]:
    """Every variant that is not a default."""
    return [
        MatrixCell(quirk, value)
        for quirk in SWITCHES
        for value in (*quirk.variants, *([_ELSEWHERE] if quirk.any_zone else []))
        if value != quirk.default
    ]


class Result(NamedTuple):
    """How one test did under one variant."""

    test: str
    """Its name without the variant."""
    variant: str
    """``usual`` for none."""
    has_passed: bool
    operations: frozenset[str]
    """The providers that it asked."""


_USUAL = "usual"


class Matrix:
    """A plugin for pytest."""

    def __init__(self) -> None:
        """Nothing has run yet."""
        self._results: list[Result] = []

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Once as usual and once for each variant, but for those that the test itself has chosen."""
        if FIXTURE not in metafunc.fixturenames:
            return
        chosen = combined(mark.kwargs for mark in metafunc.definition.iter_markers("mockserver")).get("variants", {})
        others = [variant for variant in variants() if variant.quirk.name not in chosen]
        values = [None, *({variant.quirk.name: variant.value} for variant in others)]
        metafunc.parametrize(FIXTURE, values, indirect=True, ids=[_USUAL, *map(str, others)])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:  # noqa: ARG002 - pytest's names
        """Note the variant, and whom the test has asked."""
        report = yield
        callspec = getattr(item, "callspec", None)
        if callspec is not None and FIXTURE in callspec.params and (report.when == "call" or report.failed):
            chosen = callspec.params[FIXTURE]
            name = _USUAL if chosen is None else "=".join(next(iter(chosen.items())))
            world = getattr(item, "funcargs", {}).get("mock_world")
            report.user_properties.append((_PROPERTY, [name, sorted(_operations(world))]))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect."""
        for kind, said in report.user_properties:
            if kind == _PROPERTY and isinstance(said, list) and not report.skipped:
                name, operations = said
                self._results.append(
                    Result(report.nodeid.replace(name, "*"), name, report.passed, frozenset(operations))
                )

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """The table."""
        if self._results:
            terminalreporter.section("mockserver: which variants the client survives")
            for line in table(self._results):
                terminalreporter.line(line)


def table(results: list[Result]) -> Iterator[str]:
    """A line for each variant, and for each that breaks something the quirk and the test that fails first."""
    failing = {each.test for each in results if each.variant == _USUAL and not each.has_passed}
    width = max(len(str(variant)) for variant in variants())
    broken: list[str] = []
    for variant in variants():
        run = [each for each in results if each.variant == str(variant) and each.test not in failing]
        met = [each for each in run if (variant.provider in each.operations if variant.provider else each.operations)]
        losses = [each.test for each in run if not each.has_passed]
        if losses:
            result = f"breaks {len(losses)} of {len(run)}"
            broken += ["", f"{variant}: {_title(variant)}", f"  first: {losses[0]}"]
        else:
            result = f"survived by {len(met)}" if met else "not met"
        yield f"{variant!s:{width}}  {variant.quirk.number or '-':6} {result}"
    yield from broken
    if failing:
        yield ""
        yield f"{len(failing)} tests fail as usual, and do not count: {', '.join(sorted(failing))}"


def _title(variant: MatrixCell) -> str:
    for provider in PROVIDERS:
        quirks_file = quirk_book.entries(provider.quirks_file) if provider.quirks_file else {}
        entry = quirks_file.get(variant.quirk.number)
        if entry is not None:
            return f"{entry.number} {entry.title}"
    return "the server's own"


def _operations(world: Any) -> set[str]:
    try:
        return {exchange.provider for exchange in world.journal() if exchange.provider} if world is not None else set()
    except (ControlError, NoServer):  # the test has dropped it
        return set()
