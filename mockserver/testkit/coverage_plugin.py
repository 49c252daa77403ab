"""A pytest plugin that reports the behaviour coverage of a test run."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from mockserver.client.coverage import Coverage, format_of

_PROPERTY = "mockserver_coverage"


class CoveragePlugin:
    """A pytest plugin that fetches the coverage of each test's world and adds it up at the end of the run."""

    def __init__(self, reports: list[Path], threshold: float | None) -> None:
        """Start with an empty coverage.

        Args:
            reports: the report files to write.
            threshold: the percentage of documented behaviours below which the run fails.

        Raises:
            ValueError: the name of a report file has no known extension.
        """
        for path in reports:
            format_of(path)
        self._reports = reports
        self._threshold = threshold
        self._coverage = Coverage()
        self._unwritten: list[str] = []
        """Why reports could not be written."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:  # noqa: ARG002 - pytest's names
        """Attach the coverage of a test's world to the report of its call."""
        report = yield
        world = getattr(item, "funcargs", {}).get("mock_world")
        if report.when == "call" and world is not None:
            with suppress(Exception):  # the test has deleted the world, say; an error in this hook would end the run
                report.user_properties.append((_PROPERTY, _short(world.coverage())))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add the coverage in a test's report."""
        for name, row in report.user_properties:
            if name == _PROPERTY and isinstance(row, dict):
                self._coverage.add(row, report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the reports, and fail the run if it is below the threshold."""
        if hasattr(session.config, "workerinput"):
            return
        for path in self._reports:
            try:
                self._coverage.write(path)
            except Exception as reason:  # noqa: BLE001 - a report never fails a run
                self._unwritten.append(f"{path} was not written: {type(reason).__name__}: {reason}")
        if self._is_too_low and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the coverage."""
        terminalreporter.section("mockserver: behaviours of the providers")
        for line in self._coverage.lines():
            terminalreporter.line(line)
        terminalreporter.line(self._coverage.summary())
        for sentence in self._unwritten:
            terminalreporter.line(sentence, red=True)
        if self._is_too_low:
            terminalreporter.line(f"that is less than the {self._threshold:g}% that are required", red=True)

    @property
    def _is_too_low(self) -> bool:
        return self._threshold is not None and self._coverage.percent < self._threshold


def _short(row: dict[str, Any]) -> dict[str, Any]:
    """Leave out the providers that received no request, to keep reports between processes small."""
    requested = set(row["providers"])
    return {**row, "behaviours": [each for each in row["behaviours"] if each["provider"] in requested]}
