"""Providers are found by their entry points, and checked when they are loaded."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import EntryPoint, distribution
from itertools import takewhile
from pathlib import Path
from types import SimpleNamespace

import pytest

from contract_tests.commands import run_command
from mockserver.engine.provider_errors import ProviderError
from mockserver.sdk.loading import LoadedProvider, ProviderSet, check_together, find_defects, installed_providers, load
from mockserver.sdk.provider import Provider, Quirk, Route

MGAGE = installed_providers().by_name["mgage"]
COMMAND = [sys.executable, "-m", "mockserver"]


def test_the_shipped_providers_are_registered_by_entry_points() -> None:
    points = distribution("sms-mockserver").entry_points.select(group="mockserver.providers")
    folders = {path.parent.name for path in (Path(__file__).parents[2] / "mockserver/providers").glob("*/__init__.py")}

    assert folders == set(points.names) == set(installed_providers().by_name)


class Unsourced(ProviderError):
    """An error without a source."""


@pytest.mark.parametrize(
    ("changes", "defect"),
    [
        ({"name": "Acme"}, "its name 'Acme' is not a small letter followed by small letters, digits, - and _"),
        ({"operations": (*MGAGE.operations, MGAGE.operations[0])}, "two operations are named program.export"),
        ({"errors": (*MGAGE.errors, MGAGE.errors[0])}, f"two errors are named {MGAGE.errors[0].__name__}"),
        ({"quirks": (*MGAGE.quirks, MGAGE.quirks[0])}, f"two switches are named {MGAGE.quirks[0].name}"),
        (
            {"operations": (replace(MGAGE.operations[0], errors=(Unsourced,)),)},
            "its operation program.export leads to Unsourced, which is not one of its errors",
        ),
        ({"schema": Path("nowhere.json")}, "schema: there is no file nowhere.json"),
        ({"quirks_file": Path("nowhere.md")}, "quirks_file: there is no file nowhere.md"),
        (
            {"errors": (*MGAGE.errors, Unsourced)},
            "its error Unsourced has no source: documented(…) or assumed(…)",
        ),
        ({"routing_errors": {500: Unsourced}}, "routing_errors names Unsourced, which is not one of its errors"),
        (
            {"routes": (*MGAGE.routes, Route("GET", "/api/lists"))},
            "its route GET /api/lists leads to no operation",
        ),
        (
            {"routes": (*MGAGE.routes, Route("GET", "/api/lists", ("lists.export",)))},
            "its route GET /api/lists leads to lists.export, which is not one of its operations",
        ),
        ({"routes": ()}, "its operation program.export has no route"),
        ({"quirks": (Quirk("AC-1", "zone", ("UTC",)),)}, "its switch zone does not begin with mgage."),
        ({"quirks": (Quirk("AC-1", "mgage.zone", ()),)}, "its switch mgage.zone has no variants"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_defect_of_a_provider_is_a_sentence(changes: dict[str, object], defect: str) -> None:
    assert defect in list(find_defects(replace(MGAGE, **changes)))


def test_the_providers_of_this_package_have_no_defect() -> None:
    assert [] == [defect for provider in installed_providers() for defect in find_defects(provider)]


def test_a_second_provider_of_a_name_and_one_of_a_host_are_not_served() -> None:
    again = LoadedProvider("again", "acme", "1.0", replace(MGAGE, hosts=("acme.example",)))
    guest = LoadedProvider("guest", "guest", "2.0", replace(MGAGE, name="guest"))

    ours, second, third = check_together([LoadedProvider("mgage", "sms-mockserver", "0.1.0", MGAGE), again, guest])

    assert () == ours.problems
    assert ("provider again of acme 1.0: sms-mockserver has the name mgage",) == second.problems
    assert ("provider guest of guest 2.0: sms-mockserver has the host communicatepro.mgage.com",) == third.problems


def loaded(monkeypatch: pytest.MonkeyPatch, value: str, **names: object) -> LoadedProvider:
    """The providers loaded from an entry point of a package with these names in it."""
    monkeypatch.setitem(sys.modules, "acme_sms", SimpleNamespace(**names))
    found = EntryPoint("acme", value, "mockserver.providers")
    vars(found)["dist"] = SimpleNamespace(name="acme-sms", version="1.0")
    return load(found)


def test_what_an_entry_point_leads_to_must_be_a_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    found = loaded(monkeypatch, "acme_sms:ACME", ACME={"name": "acme"})

    assert ("provider acme of acme-sms 1.0: acme_sms:ACME is not a Provider but dict",) == found.problems


def test_a_package_that_ends_the_program_when_it_is_imported_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "ends_the_program.py").write_text("raise SystemExit('no terminal')")
    monkeypatch.syspath_prepend(tmp_path)
    found = loaded(monkeypatch, "ends_the_program:ACME")

    assert ("provider acme of acme-sms 1.0 cannot be imported: SystemExit: no terminal",) == found.problems


def test_an_entry_point_that_cannot_be_imported_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    found = loaded(monkeypatch, "acme_sms.nowhere:ACME")

    assert found.provider is None
    (problem,) = found.problems
    assert problem.startswith("provider acme of acme-sms 1.0 cannot be imported: ModuleNotFoundError: ")


# -- a package of somebody else's, installed beside ours ---------------------------------------------------------------

PACKAGE = """
from dataclasses import replace
from mockserver.providers.mgage import MGAGE
from mockserver.sdk.provider import Provider, Route

ACME = replace(MGAGE, name="acme", title="Acme", hosts=("api.acme.example",), prefixes=("/acme/",), quirks=(),
    routes=(Route("GET", "/acme/messages", ("program.export",)),), operations=MGAGE.operations[:1])
def broken():
    return Provider(name="broken", titel="Broken")
class Lazy:
    def __getattr__(self, name):
        return broken()
LAZY = Lazy()
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of installed packages: `acme-sms` with two providers, of which one is broken."""
    (tmp_path / "acme_sms.py").write_text(PACKAGE)
    information = tmp_path / "acme_sms-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-sms\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(
        "[mockserver.providers]\nacme = acme_sms:ACME\nbroken = acme_sms:LAZY.broken\n"
    )
    return tmp_path


PROBLEM = "mockserver: provider broken of acme-sms 1.0 cannot be imported: titel: unknown field; did you mean 'title'?"


def test_the_list_shows_every_provider_with_its_package_and_ends_with_1_for_a_problem(site: Path) -> None:
    command = [*COMMAND, "provider", "list"]
    environment = os.environ | {"PYTHONPATH": str(site)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    request = subprocess.run(
        [*command, "--format", "json"], env=environment, capture_output=True, text=True, timeout=60
    )

    assert (1, f"{PROBLEM}\n") == (done.returncode, done.stderr)
    assert re.search(r"^acme +Acme +acme-sms +1\.0 +api\.acme\.example +1 +0$", done.stdout, re.MULTILINE)
    assert re.search(r"^broken +- +acme-sms +1\.0 +- +0 +1$", done.stdout, re.MULTILINE)
    assert (1, "") == (request.returncode, request.stderr)
    rows = {row["name"]: row for row in json.loads(request.stdout)["providers"]}
    assert {
        "name": "acme",
        "title": "Acme",
        "package": "acme-sms",
        "version": "1.0",
        "hosts": ["api.acme.example"],
        "operations": 1,
        "problems": [],
    } == rows["acme"]
    assert [PROBLEM.removeprefix("mockserver: ")] == rows["broken"]["problems"]
    assert {"acme", "broken", *installed_providers().by_name} == set(rows)


def test_the_list_ends_with_0_where_there_is_no_problem() -> None:
    done = run_command("provider", "list")

    assert (0, "") == (done.returncode, done.stderr)
    assert 1 + len(installed_providers()) == len(done.stdout.splitlines())


def test_a_provider_shows_its_operations_from_their_parameter_tables() -> None:
    command = ("provider", "show", "mgage")
    shown = run_command(*command).stdout
    export = json.loads(run_command(*command, "--format", "json").stdout)["operations"][0]

    assert shown.startswith(
        "program.export\n  003: This REST operation returns all SMS based on a specified Program ID.\n"
    )
    assert "\n  messageType: MO | MT\n    003: messageType | String | Message Type, MO, or MT.\n" in shown
    assert "\n  pageSize: minimum 1, maximum 500\n" in shown
    assert MGAGE.operations[0].described() == export
    assert {
        "name": "pageSize",
        "spellings": [],
        "place": "parameters",
        "required": False,
        "secret": False,
        "schema": {"type": "integer", "minimum": 1, "maximum": 500},
        "errors": ["NotText", "NotAPageSize"],
        "document": "003",
        "sentence": "pageSize | Numeric | Specify the size of the Page for response data.",
        "quirk": None,
    } == export["parameters"][4]


def test_an_unknown_provider_is_bad_input_with_the_nearest_name() -> None:
    done = run_command("provider", "show", "mgaeg")

    assert 2 == done.returncode
    assert "unknown provider; did you mean 'mgage'?" in done.stderr


def test_a_broken_provider_is_named_by_serve_and_stops_no_other(site: Path) -> None:
    command = [*COMMAND, "serve", "--port", "0", "--no-https", "--no-proxy"]
    environment = os.environ | {"PYTHONPATH": str(site)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        banner = list(takewhile(lambda line: line != "Press Ctrl-C to stop.\n", server.stdout))
        server.terminate()
        _, log = server.communicate(timeout=60)

    assert f"{PROBLEM}; it is not served\n" in log
    assert any("ibp_api.php" in line for line in banner)


def test_what_all_providers_bring_along_comes_from_them_alone() -> None:
    only = ProviderSet([MGAGE])

    assert MGAGE.hosts == only.hosts
    assert ("limits", *(quirk.name for quirk in MGAGE.quirks)) == tuple(only.default_variants)
    assert {"mgage"} == set(only.callbacks) == set(only.by_name)
    assert (1, [MGAGE], "mGage") == (len(only), list(only), only.titles)
    assert "mGage, B and C" == ProviderSet([MGAGE, replace(MGAGE, title="B"), replace(MGAGE, title="C")]).titles
    assert "no provider" == ProviderSet([]).titles
    assert isinstance(MGAGE, Provider)
