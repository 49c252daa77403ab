"""Fixtures for all tests: a server of the test's own with a frozen clock, in process or at a socket."""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from werkzeug.test import Client, TestResponse

from contract_tests.clocks import let_pass
from contract_tests.installed import CALLBACKS, PROVIDERS, VARIANTS
from contract_tests.ways import both_ways
from mockserver.app import Service, build_service, read_fixture
from mockserver.engine.clock import Clock
from mockserver.engine.instants import SECOND, parse_instant
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.state import Fixture
from mockserver.server import MockServer
from mockserver.webhooks import WebhookConfig, WebhookSender
from mockserver.webhooks.dispatcher import WebhookDispatcher

if TYPE_CHECKING:
    from contract_tests.postgresql import PostgreSQL

# The same examples every time, however busy the machine is.
settings.register_profile("registry", derandomize=True, deadline=None)
settings.load_profile("registry")

NOON = parse_instant("2026-06-01T12:00:00Z")
"""When the clocks of test worlds stand still; a Monday."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--base-url",
        metavar="URL",
        help="ask this server in the tests that take nothing but base_url; ours when it is not given",
    )
    parser.addoption(
        "--fault-rounds",
        metavar="N",
        type=int,
        default=1,
        help="how often each fault is met at each operation, all at once",
    )
    parser.addoption(
        "--state",
        choices=("memory", "sqlite", "postgresql"),
        default="memory",
        help="where worlds are kept that tests create without saying so [default: memory]",
    )
    parser.addoption(
        "--screenshots", metavar="DIR", help="put the page's screenshots there, as `make screenshots` does"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Keep worlds where `--state` says."""
    kind = config.getoption("--state")
    if kind != "memory" and not config.getoption("numprocesses", None):  # else the workers do
        from contract_tests.stored import keep_worlds

        kept = ExitStack()
        kept.enter_context(keep_worlds(kind))
        config.add_cleanup(kept.close)


collect_ignore = ["cohabitation"]  # run in an environment of their own: make cohabitation
SMOKE = frozenset(
    f"{folder}/test_{name}.py"
    for folder, names in {
        "admin": "client clock event_stream faults routes",
        "admin/forwarding": "schedule",
        "clients": "in_process",
        "documents": "dialogtech_samples mgage_samples serwersms_samples",
        "engine": "fold_of_events limits time world",
        "http": "handler listener",
        "project": "provider_errors provider_names",
        "sdk": "public_api",
        "webhooks": "targets",
    }.items()
    for name in names.split()
)
"""The files of `pytest -m smoke`: every part of the product, and none that starts a browser or another interpreter."""


def _is_smoke(path: Path) -> bool:
    return path.relative_to(Path(__file__).parent).as_posix() in SMOKE


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not import files that `-m smoke` would deselect."""
    is_left_out = config.option.markexpr == "smoke" and collection_path.is_file() and not _is_smoke(collection_path)
    return True if is_left_out else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--state") != "memory":
        left_out = [item for item in items if item.get_closest_marker("in_memory")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and _is_smoke(item.path):
            item.add_marker(pytest.mark.smoke)


def pytest_sessionfinish() -> None:
    """Save what `make coverage` has measured: the workers of pytest-xdist are not given the time to do it at their exit."""
    measured = sys.modules["coverage"].Coverage.current() if "coverage" in sys.modules else None
    if measured is not None:
        measured.save()


@pytest.fixture(autouse=True)
def restored_log_level() -> Iterator[None]:
    """Set the level of the log back: a command that runs in this process sets it, and each line costs memory and calls."""
    log = logging.getLogger("mockserver")
    level = log.level
    yield
    log.setLevel(level)


@pytest.fixture(scope="session")
def shipped() -> Fixture:
    """The default world as it is shipped. Immutable, so one for all tests."""
    return read_fixture()


@pytest.fixture
def open_registry(shipped):
    """Open a world registry with the shipped world at noon, unless the test gives another fixture, clock or variants."""
    registries = []

    def opened(
        fixture: Fixture = shipped, clock: Clock | None = None, variants: Mapping[str, str] = {}
    ) -> WorldRegistry:
        fixture = replace(fixture, variants={**fixture.variants, **variants})
        sender = WebhookDispatcher({provider.name: provider for provider in PROVIDERS}, WebhookSender(WebhookConfig()))
        registry = WorldRegistry(
            fixture, VARIANTS, clock=clock or Clock.frozen(NOON), providers=CALLBACKS, sender=sender
        )
        registries.append(registry)
        return registry

    yield opened
    for registry in registries:
        registry.close()


@pytest.fixture
def registry(open_registry) -> WorldRegistry:
    return open_registry()


@pytest.fixture
def service(registry) -> Service:
    """The mock server without a socket, for the worlds of `registry`."""
    return build_service(registry=registry)


@pytest.fixture
def app(service):
    return service.app


@pytest.fixture
def client(service) -> Client:
    """A client that sends each request in process by both ways in."""
    return both_ways(service)


@pytest.fixture
def server(service) -> Iterator[MockServer]:
    """A server at a socket that serves `registry`."""
    with MockServer(service) as server:
        yield server


@pytest.fixture
def base_url(request: pytest.FixtureRequest) -> str:
    """The URL to send requests to: a server of this test, or `--base-url` (which may be the real provider's)."""
    return request.config.getoption("--base-url") or request.getfixturevalue("server").url


@pytest.fixture
def unknown() -> Iterator[str]:
    """A URL on this machine at which nothing listens; its port is reserved while the test lasts."""
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))  # bound and not listening: who connects is rejected
        yield f"http://127.0.0.1:{kept.getsockname()[1]}"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server of this test process; tests have databases of their own, and leave it running."""
    # `make lowest` and its kin have no driver, and no test that needs a database.
    from contract_tests.postgresql import run_postgresql

    with run_postgresql() as server:
        yield server


@pytest.fixture
def database(postgresql: PostgreSQL) -> str:
    """The URL of a new database of PostgreSQL."""
    return postgresql.create_database()


class DialogTech:
    """A client of DialogTech's API, with the account of the documents' examples."""

    CREDENTIALS: Mapping[str, str] = {"access_key": "foo", "secret_access_key": "bar"}
    SMS: Mapping[str, str] = {"to": "5556667777", "from": "5554332111", "message": "Thank you for calling."}  # 001
    DAY: Mapping[str, str] = {"start_date": "20170101", "end_date": "20170101"}  # 000
    TODAY: Mapping[str, str] = {"start_date": "20260601", "end_date": "20260601"}
    SENT = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<!DOCTYPE response [\n"
        "<!ELEMENT response (result,result_description)>\n"
        "<!ELEMENT result (#PCDATA)>\n"
        "<!ELEMENT result_description (#PCDATA)>\n"
        "]>\n"
        "<response>\n"
        " <result>success</result>\n"
        " <result_description>[1] Message Sent</result_description>\n"
        "</response>"
    )

    def __init__(self, registry: WorldRegistry) -> None:
        self.world = registry.default
        self.client = both_ways(registry)

    def failed(self, description: str) -> str:
        """The response that reports a failure with this description, which is given as it is escaped in XML."""
        return self.SENT.replace("success", "failed").replace("[1] Message Sent", description)

    def open(self, method: str = "GET", **request: object) -> TestResponse:
        """Send a request with the arguments of werkzeug's test client."""
        return self.client.open("/ibp_api.php", method=method, **request)

    def ask(self, values: Mapping[str, str]) -> str:
        """Send GET with exactly these parameters."""
        return self.open(query_string=values).text

    def send(self, **changes: str) -> str:
        """Call `sms.send_message` as 001 shows it, with some parameters changed (`sender` is `from`)."""
        if "sender" in changes:
            changes["from"] = changes.pop("sender")
        return self.ask({"action": "sms.send_message", **self.CREDENTIALS, **self.SMS, **changes})

    def messages(self, **changes: str) -> str:
        """Call `sms.get_messages` as 000 shows it, with some parameters changed."""
        return self.ask({"action": "sms.get_messages", **self.CREDENTIALS, **self.DAY, **changes})

    def numbers(self, **changes: str) -> str:
        """Call `sms.get_numbers`."""
        return self.ask({"action": "sms.get_numbers", **self.CREDENTIALS, **changes})

    def wait(self, milliseconds: int) -> None:
        """Let time pass in the world."""
        let_pass(self.world, milliseconds * SECOND // 1000)


@pytest.fixture
def dialogtech_in():
    """Make a DialogTech client for a registry that the test has opened."""
    return DialogTech


@pytest.fixture
def dialogtech(registry) -> DialogTech:
    return DialogTech(registry)
