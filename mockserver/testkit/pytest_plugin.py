"""The pytest fixtures ``mock_server``, ``mock_world`` and ``mock_redirect``; see README.md, "In your tests".

Pytest loads this module in every run where mockserver is installed, so our other modules are imported only on use, but
for `mockserver.unpatched`, which must be imported before any test replaces functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import mockserver.unpatched  # noqa: F401 - see above

if TYPE_CHECKING:
    from mockserver.client import Mock, WorldClient
    from mockserver.intercept.redirect import Redirection
    from mockserver.server import MockServer
    from mockserver.testkit.session_server import SessionServer

pytest.register_assert_rewrite("mockserver.testkit.conformance")

_MARK = "mockserver"
_SESSION_SERVER = pytest.StashKey["SessionServer"]()
_NEXT = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options to pytest."""
    parser.addini(
        "mockserver_server",
        "with pytest-xdist: per-worker (the default) or shared, one mock_server for all workers",
        default="per-worker",
    )
    group = parser.getgroup("mockserver", "a mock server of the providers' APIs")
    group.addoption(
        "--mockserver-variants",
        choices=["matrix"],
        help="matrix: repeat each test that uses mock_world for every variant of a quirk that is not the default",
    )
    group.addoption(
        "--mockserver-coverage",
        action="store_true",
        help="report at the end which documented behaviours of the providers the code under test has met",
    )
    group.addoption(
        "--mockserver-coverage-report",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="write the report to a file: .md, .json, or .xml for JUnit; may be repeated",
    )
    group.addoption(
        "--mockserver-coverage-threshold",
        metavar="PERCENT",
        type=float,
        help="fail when a smaller part of the behaviours was met",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register our marker and the plugins that the options need."""
    config.addinivalue_line(
        "markers",
        f"{_MARK}(fixture, seed, variants, freeze, snapshot): options of the test's world, as in"
        " @pytest.mark.mockserver(fixture='small', freeze='2026-03-29T00:59:59Z')",
    )
    if config.getini("mockserver_server") not in ("per-worker", "shared"):
        raise pytest.UsageError(
            f"mockserver_server must be per-worker or shared, not {config.getini('mockserver_server')!r}"
        )

    if config.getoption("mockserver_variants"):
        from mockserver.testkit.matrix import Matrix

        config.pluginmanager.register(Matrix(), "mockserver-matrix")
    reports, threshold = (config.getoption(f"mockserver_coverage_{name}") for name in ("report", "threshold"))
    if config.getoption("mockserver_coverage") or reports or threshold is not None:
        _cover(config, reports, threshold)


def _cover(config: pytest.Config, reports: list[Path], threshold: float | None) -> None:
    from mockserver.testkit.coverage_plugin import CoveragePlugin

    try:
        config.pluginmanager.register(CoveragePlugin(reports, threshold), "mockserver-covering")
    except ValueError as reason:
        raise pytest.UsageError(f"--mockserver-coverage-report: {reason}") from reason


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server, if one was started."""
    session_server = config.stash.get(_SESSION_SERVER, None)
    if session_server is not None:
        session_server.stop()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Pass the shared server to a worker of pytest-xdist."""
    if node.config.getini("mockserver_server") == "shared":
        node.workerinput[_MARK] = _session_server(node.config).share(f"redirect-{node.gateway.id}")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Reject unknown options of the test's markers."""
    for mark in item.iter_markers(_MARK):
        from mockserver.testkit.options import checked

        try:
            checked(mark.kwargs, mark.args)
        except ValueError as reason:
            pytest.fail(f"@pytest.mark.{_MARK}: {reason}", pytrace=False)


def _session_server(config: pytest.Config) -> SessionServer:
    if _SESSION_SERVER not in config.stash:
        from mockserver.testkit.session_server import SessionServer

        config.stash[_SESSION_SERVER] = SessionServer(getattr(config, "workerinput", {}).get(_MARK))
    return config.stash[_SESSION_SERVER]


# -- fixtures ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def mock_server(request: pytest.FixtureRequest) -> MockServer | Mock:
    """The server of this run, with its ``url`` and the methods of `mockserver.AdminClient`. All tests share its default world."""
    return _session_server(request.config).server


@pytest.fixture
def mockserver_variant(request: pytest.FixtureRequest) -> dict[str, str] | None:
    """The variant of this run of a test with ``--mockserver-variants=matrix``; ``None`` for the defaults."""
    variant: dict[str, str] | None = getattr(request, "param", None)
    return variant


@pytest.fixture
def mock_world(
    request: pytest.FixtureRequest, mock_server: MockServer | Mock, mockserver_variant: dict[str, str] | None
) -> Iterator[WorldClient]:
    """A new world for this test, deleted after it; ``@pytest.mark.mockserver(...)`` sets its options."""
    from mockserver.testkit.options import combined

    marks = [mark.kwargs for mark in request.node.iter_markers(_MARK)]
    options = combined([*([{"variants": mockserver_variant}] if mockserver_variant else []), *marks])
    with mock_server.create_world(**options) as world:
        yield world


@pytest.fixture
def mock_redirect(request: pytest.FixtureRequest, mock_world: WorldClient) -> Iterator[Redirection]:
    """Redirect connections of this process to the providers' hosts to this test's world, over TLS too."""
    redirection = _session_server(request.config).redirection
    redirection.begin(mock_world)
    try:
        yield redirection
    finally:
        redirection.end(keeps_connections=request.node.stash.get(_NEXT, False))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Any:
    """Keep redirected connections open when the next test is redirected too, and close them otherwise."""
    is_next = item.stash[_NEXT] = "mock_redirect" in getattr(nextitem, "fixturenames", ())
    try:
        return (yield)
    finally:
        session_server = item.config.stash.get(_SESSION_SERVER, None)
        if session_server is not None and not is_next:
            session_server.close_connections()


# -- reports -----------------------------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Add the journal of its world to the report of a failing test."""
    report = yield
    try:
        _add_journal(item, report)
    except Exception as reason:  # noqa: BLE001 - an error in this hook would end the run, and hide the failure
        report.sections.append((_MARK, f"no journal, for there was an error: {type(reason).__name__}: {reason}"))
    return report


def _add_journal(item: pytest.Item, report: pytest.TestReport) -> None:
    funcargs = getattr(item, "funcargs", {})
    if report.when == "call" and "mock_world" in funcargs:
        leaks = funcargs["mock_redirect"].leaks if "mock_redirect" in funcargs else []
        if leaks:
            report.user_properties.append(("mockserver_leaks", [str(address) for address in leaks]))
        if report.failed:
            from mockserver.testkit.failure_report import failure_report

            report.sections.append((_MARK, failure_report(funcargs["mock_world"], leaks)))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the blocked connections to providers' ports that the server does not serve."""
    leaks = [
        (report.nodeid, address)
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, found in getattr(report, "user_properties", ())
        if name == "mockserver_leaks"
        for address in found
    ]
    if leaks:
        terminalreporter.section("mockserver: rejected, because no one answers there")
        for nodeid, address in leaks:
            terminalreporter.line(f"{address}  {nodeid}")
