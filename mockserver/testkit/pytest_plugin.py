"""The pytest fixtures ``mock_server``, ``mock_world``, ``mock_scenario`` and ``mock_redirect``; see docs/reference/pytest-plugin.md.

Pytest loads this module in every run where mockserver is installed, so our other modules are imported only on use, but
for `mockserver.unpatched`, which must be imported before any test replaces functions.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import mockserver.unpatched  # noqa: F401 - see above

if TYPE_CHECKING:
    from mockserver.client import Mock, WorldClient
    from mockserver.intercept.block import Block
    from mockserver.intercept.redirect import Redirection
    from mockserver.scenario import ScenarioRun
    from mockserver.server import MockServer
    from mockserver.testkit.session_server import SessionServer
    from mockserver.testkit.shared_world import SharedWorld

pytest.register_assert_rewrite("mockserver.testkit.conformance")

_MARK = "mockserver"
_SESSION_SERVER = pytest.StashKey["SessionServer"]()
_NEXT = pytest.StashKey[bool]()
_BLOCK: pytest.StashKey[Block] = pytest.StashKey()
_SCENARIO: pytest.StashKey[ScenarioRun] = pytest.StashKey()
_SHARED_WORLD: pytest.StashKey[SharedWorld] = pytest.StashKey()
_REDIRECTED = pytest.StashKey[tuple[Path, ...]]()
"""The folders in which every test is redirected."""

_HINT = (
    "For a test of the mock server, use the fixture mock_redirect, or set mockserver_redirect = auto in pytest's settings;"
    " a test that must reach the real provider is marked @pytest.mark.mockserver(real=True);"
    " mockserver_block = off ends the block."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options to pytest."""
    parser.addini(
        "mockserver_server",
        "with pytest-xdist: per-worker (the default) or shared, one mock_server for all workers",
        default="per-worker",
    )
    parser.addini(
        "mockserver_block",
        "on (the default): tests reach no provider without a redirect; off: nothing is blocked",
        default="on",
    )
    parser.addini(
        "mockserver_redirect",
        "auto: every test uses mock_redirect; folders: the tests in them do; off (the default): those that ask for it",
        default="off",
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
        f"{_MARK}(fixture, seed, variants, freeze, snapshot, scenario, scope, build, real): options of the test's world, as in"
        " @pytest.mark.mockserver(fixture='small', freeze='2026-03-29T00:59:59Z'); scope='checkpoint' at a class or module:"
        " its tests share a world that build(world) fills once, and that is rewound; real=True reaches the real provider",
    )
    config.stash[_REDIRECTED] = _redirected_folders(config)
    _begin_block(config)
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


def _redirected_folders(config: pytest.Config) -> tuple[Path, ...]:
    text = config.getini("mockserver_redirect").strip()
    if text in ("off", ""):
        return ()
    root = config.inipath.parent if config.inipath else config.rootpath
    folders = (config.rootpath,) if text == "auto" else tuple(root / name for name in text.split())
    for folder in folders:
        if not folder.is_dir():
            raise pytest.UsageError(f"mockserver_redirect must be auto, off or folders, and {folder} is no folder")
    return folders


def _begin_block(config: pytest.Config) -> None:
    from mockserver.intercept import block

    setting = config.getini("mockserver_block")
    if setting not in ("on", "off"):
        raise pytest.UsageError(f"mockserver_block must be on or off, not {setting!r}")
    block.Block.is_decided = True
    if setting == "on":
        config.stash[_BLOCK] = block.Block(_HINT)
        config.stash[_BLOCK].begin()


def _cover(config: pytest.Config, reports: list[Path], threshold: float | None) -> None:
    from mockserver.testkit.coverage_plugin import CoveragePlugin

    try:
        config.pluginmanager.register(CoveragePlugin(reports, threshold), "mockserver-covering")
    except ValueError as reason:
        raise pytest.UsageError(f"--mockserver-coverage-report: {reason}") from reason


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server, if one was started, and end the block."""
    session_server = config.stash.get(_SESSION_SERVER, None)
    if session_server is not None:
        session_server.stop()
    if _BLOCK in config.stash:
        config.stash[_BLOCK].end()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Pass the shared server to a worker of pytest-xdist."""
    if node.config.getini("mockserver_server") == "shared":
        node.workerinput[_MARK] = _session_server(node.config).share(f"redirect-{node.gateway.id}")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Import what the fixtures need before a test replaces a part of Python, but only where a test uses them."""
    if any("mock_server" in getattr(item, "fixturenames", ()) for item in session.items):
        from mockserver.testkit.session_server import import_server

        import_server()


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
    """A new world for this test, deleted after it; ``@pytest.mark.mockserver(...)`` sets its options.

    With ``scope="checkpoint"`` at a class or module its tests share a world, which is rewound before each of them. With
    ``scenario`` the scenario is replayed in a new world first, unless the test steps through it by ``mock_scenario``.
    """
    from mockserver.testkit.options import combined
    from mockserver.testkit.shared_world import SharedWorld, build_world

    marks = [(node, mark.kwargs) for node, mark in request.node.iter_markers_with_node(_MARK)]
    variant = [{"variants": mockserver_variant}] if mockserver_variant else []
    options = combined([*variant, *(given for _, given in marks)])
    if "scenario" in options:
        yield from _replayed(request, mock_server, options)
        return
    build = next((given["build"] for _, given in marks if "build" in given), None)
    create = partial(build_world, mock_server, options, build)
    owner = None if variant else _sharing_node(marks)
    if owner is None:
        with create() as world:
            yield world
        return
    if _SHARED_WORLD not in owner.stash:
        owner.stash[_SHARED_WORLD] = SharedWorld(create)
        owner.addfinalizer(partial(_end_shared_world, owner))
    yield owner.stash[_SHARED_WORLD].begin()


def _replayed(
    request: pytest.FixtureRequest, mock_server: MockServer | Mock, options: Mapping[str, Any]
) -> Iterator[WorldClient]:
    """Yield a new world in which the test's scenario was replayed, or is about to be stepped through."""
    from mockserver.testkit.options import open_scenario

    try:
        scenario_run = open_scenario(mock_server, options, request.path.parent)
    except ValueError as reason:
        pytest.fail(f"@pytest.mark.{_MARK}: {reason}", pytrace=False)
    with scenario_run.world as world, scenario_run:
        request.node.stash[_SCENARIO] = scenario_run
        if "mock_scenario" not in request.fixturenames:
            scenario_run.replay()
        yield world


def _sharing_node(marks: list[tuple[Any, Mapping[str, Any]]]) -> Any:
    """Return the class or module whose tests share a world; ``None`` for a test with a world of its own.

    A marker nearer to the test that sets options of a world gives it one of its own.
    """
    from mockserver.testkit.options import combined

    owner = next((node for node, given in marks if given.get("scope") == "checkpoint"), None)
    for node, given in marks:
        if node is owner:
            return owner
        if combined([given]) or "build" in given or "scope" in given:
            return None
    return None


def _end_shared_world(owner: pytest.Class | pytest.Module) -> None:
    owner.stash[_SHARED_WORLD].end()
    del owner.stash[_SHARED_WORLD]


@pytest.fixture
def mock_scenario(request: pytest.FixtureRequest, mock_world: WorldClient) -> ScenarioRun:  # noqa: ARG001 - it opens the scenario
    """The run of the scenario of ``@pytest.mark.mockserver(scenario=...)``, with no step run yet: `run_next` and `replay` do that."""
    if _SCENARIO not in request.node.stash:
        pytest.fail(f"mock_scenario needs @pytest.mark.{_MARK}(scenario='FILE')", pytrace=False)
    scenario_run: ScenarioRun = request.node.stash[_SCENARIO]
    return scenario_run


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> Any:
    """Have every test of a module use `mock_redirect`, if pytest's settings say so."""
    module = yield
    if module is not None and any(module_path.is_relative_to(each) for each in parent.config.stash[_REDIRECTED]):
        module.add_marker(pytest.mark.usefixtures("mock_redirect"))
    return module


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Any:
    """Block the providers' hosts for this test, whatever an earlier one has set back, unless it is marked with ``real=True``."""
    if _BLOCK in item.config.stash:
        item.config.stash[_BLOCK].renew()
    if not _is_real(item):
        return (yield)
    from mockserver.intercept.block import allow_providers

    with allow_providers():
        return (yield)


def _is_real(item: pytest.Item) -> bool:
    given = (mark.kwargs["real"] for mark in item.iter_markers(_MARK) if "real" in mark.kwargs)
    return bool(next(given, False))


def _needs_no_redirect(item: pytest.Item) -> bool:
    """Return whether a test is real, or one of a `MockWorldCase`, which redirects by itself."""
    case = getattr(sys.modules.get("mockserver.testkit.unittest"), "MockWorldCase", None)
    return _is_real(item) or (case is not None and issubclass(getattr(item, "cls", None) or object, case))


@pytest.fixture
def mock_redirect(request: pytest.FixtureRequest, mock_world: WorldClient) -> Iterator[Redirection]:
    """Redirect connections of this process to the providers' hosts to this test's world, over TLS too."""
    redirection = _session_server(request.config).redirection
    if _needs_no_redirect(request.node):
        yield redirection
        return
    redirection.begin(mock_world)
    try:
        yield redirection
    finally:
        redirection.end(keeps_connections=request.node.stash.get(_NEXT, False))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Any:
    """Keep redirected connections open when the next test is redirected too, and close them otherwise."""
    uses_redirect = "mock_redirect" in getattr(nextitem, "fixturenames", ())
    is_next = item.stash[_NEXT] = uses_redirect and nextitem is not None and not _needs_no_redirect(nextitem)
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
    _report_blocked(item, report)
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


def _report_blocked(item: pytest.Item, report: pytest.TestReport) -> None:
    if _BLOCK in item.config.stash and item.config.stash[_BLOCK].blocked:
        blocked = item.config.stash[_BLOCK].blocked
        report.user_properties.append(("mockserver_blocked", [str(address) for address in blocked]))
        blocked.clear()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the blocked connections to providers."""
    for name, title in (
        ("mockserver_leaks", "mockserver: rejected, because no one answers there"),
        ("mockserver_blocked", "mockserver: blocked, because these tests use no mock_redirect"),
    ):
        found = [
            (address, report.nodeid)
            for reports in terminalreporter.stats.values()
            for report in reports
            for key, addresses in getattr(report, "user_properties", ())
            if key == name
            for address in addresses
        ]
        if found:
            terminalreporter.section(title)
            for address, nodeid in found:
                terminalreporter.line(f"{address}  {nodeid}")
