"""The variant matrix: a pytest plugin that repeats every test for each variant of a quirk that is not the default.

A client that passes with every variant does not depend on how the provider resolves the quirk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from mockserver.admin import quirk_parser
from mockserver.sdk.loading import installed_providers
from mockserver.sdk.provider import Quirk

from .options import combined

FIXTURE = "mockserver_variant"
_PROPERTY = "mockserver_variant"
_ELSEWHERE = "America/New_York"
"""The variant for switches that take any time zone: one with daylight saving that no provider uses by default."""


class MatrixCell(NamedTuple):
    """A variant of a quirk that is not its default."""

    quirk: Quirk
    value: str

    def __str__(self) -> str:
        return f"{self.quirk.name}={self.value}"

    @property
    def provider(self) -> str | None:
        """The provider whose responses it changes; ``None`` for every provider."""
        name = self.quirk.name.partition(".")[0]
        return name if name in installed_providers().by_name else None


def variants() -> list[MatrixCell]:
    """Return every variant that is not a default."""
    return [
        MatrixCell(quirk, value)
        for quirk in installed_providers().switches
        for value in (*quirk.variants, *([_ELSEWHERE] if quirk.any_zone else []))
        if value != quirk.default
    ]


class Result(NamedTuple):
    """The result of one test with one variant."""

    test: str
    """The test's id without the variant."""
    variant: str
    """The variant; ``usual`` for the defaults."""
    has_passed: bool
    providers: frozenset[str]
    """The providers that received requests."""


_USUAL = "usual"


class Matrix:
    """A pytest plugin that repeats tests for every variant and prints the results."""

    def __init__(self) -> None:
        """Start without results."""
        self._results: list[Result] = []

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run a test with the defaults and with each variant, except for quirks whose variant its marker sets."""
        if FIXTURE not in metafunc.fixturenames:
            return
        marks = [mark.kwargs for mark in metafunc.definition.iter_markers("mockserver")]
        if not all(isinstance(options.get("variants") or {}, Mapping) for options in marks):
            return  # the test's own error when it is set up
        chosen = combined(marks).get("variants", {})
        others = [variant for variant in variants() if variant.quirk.name not in chosen]
        values = [None, *({variant.quirk.name: variant.value} for variant in others)]
        metafunc.parametrize(FIXTURE, values, indirect=True, ids=[_USUAL, *map(str, others)])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:  # noqa: ARG002 - pytest's names
        """Attach the variant and the providers that received requests to the report of a test."""
        report = yield
        callspec = getattr(item, "callspec", None)
        if callspec is not None and FIXTURE in callspec.params and (report.when == "call" or report.failed):
            chosen = callspec.params[FIXTURE]
            name = _USUAL if chosen is None else "=".join(next(iter(chosen.items())))
            world = getattr(item, "funcargs", {}).get("mock_world")
            report.user_properties.append((_PROPERTY, [name, sorted(_providers(world))]))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect the result in a test's report."""
        for kind, value in report.user_properties:
            if kind == _PROPERTY and isinstance(value, list) and not report.skipped:
                name, providers = value
                self._results.append(
                    Result(report.nodeid.replace(name, "*"), name, report.passed, frozenset(providers))
                )

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the table of results."""
        if self._results:
            terminalreporter.section("mockserver: results for each variant")
            for line in table(self._results):
                terminalreporter.line(line)


def table(results: list[Result]) -> Iterator[str]:
    """Format a line for each variant, then the quirk and the first failing test of each variant that breaks tests."""
    failing = {each.test for each in results if each.variant == _USUAL and not each.has_passed}
    width = max(len(str(variant)) for variant in variants())
    broken: list[str] = []
    for variant in variants():
        run = [each for each in results if each.variant == str(variant) and each.test not in failing]
        met = [each for each in run if (variant.provider in each.providers if variant.provider else each.providers)]
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
        yield f"{len(failing)} tests fail with the defaults too, and do not count: {', '.join(sorted(failing))}"


def _title(variant: MatrixCell) -> str:
    for provider in installed_providers():
        quirks_file = quirk_parser.entries(provider.quirks_file) if provider.quirks_file else {}
        entry = quirks_file.get(variant.quirk.number)
        if entry is not None:
            return f"{entry.number} {entry.title}"
    return "the server's own"


def _providers(world: Any) -> set[str]:
    try:
        return {exchange.provider for exchange in world.journal() if exchange.provider} if world is not None else set()
    except Exception:  # noqa: BLE001 - the test has deleted the world, say; an error in a report hook would end the run
        return set()
