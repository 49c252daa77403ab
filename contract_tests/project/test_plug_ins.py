"""Providers outside this distribution: the example, and what `mockserver provider new` writes.

Each is installed into a folder of its own, and found by its entry point alone.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/provider-acme"


class Installed:
    """A provider's package, installed beside this environment."""

    def __init__(self, project: Path, folder: Path) -> None:
        self.project = project
        self.folder = folder
        options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(folder)]
        subprocess.run([sys.executable, "-m", "pip", "install", *options, str(project)], check=True)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a module with this package installed, in an environment without another run's variables."""
        variables = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=self.project,
            env={**variables, "PYTHONPATH": str(self.folder)},
            capture_output=True,
            text=True,
        )

    def test(self) -> dict[str, int]:
        """Run the package's own tests, and return the counts of their outcomes."""
        done = self.run("pytest", "-q", "-p", "no:cacheprovider", "-n", "0")
        counts = {word: int(count) for count, word in re.findall(r"(\d+) (\w+)", done.stdout.splitlines()[-1])}
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr
        return counts


def copied(project: Path, folder: Path) -> Path:
    """A copy of a project's committed files, because a build leaves others behind."""
    for path in project.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            target = folder / path.relative_to(project)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return folder


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("example")
    return Installed(copied(EXAMPLE, folder / "project"), folder / "site")


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The package that the command writes for a name with a hyphen and a digit."""
    folder = tmp_path_factory.mktemp("new")
    command = [sys.executable, "-m", "mockserver", "provider", "new", "hello-2go", "--directory", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return Installed(folder / "provider-hello-2go", folder / "site")


def test_the_example_passes_its_own_tests_and_the_conformance_suite(example: Installed) -> None:
    counts = example.test()

    assert {"passed"} == set(counts)
    assert counts["passed"] > 350


def test_a_new_provider_passes_its_own_tests_and_the_conformance_suite(new: Installed) -> None:
    counts = new.test()

    assert {"passed"} == set(counts)
    assert counts["passed"] > 100


@pytest.mark.parametrize(
    ("name", "package", "title"),
    [("example", "sms-mockserver-acme", "Acme SMS"), ("new", "sms-mockserver-hello-2go", "Hello 2go")],
)
def test_a_provider_is_listed_with_its_package_and_no_problem(
    request: pytest.FixtureRequest, name: str, package: str, title: str
) -> None:
    done = request.getfixturevalue(name).run("mockserver", "provider", "list", "--format", "json")
    row = json.loads(done.stdout)["providers"][-1]

    assert (package, title, []) == (row["package"], row["title"], row["problems"])


def test_an_operation_of_the_example_is_shown_with_its_sources(example: Installed) -> None:
    done = example.run("mockserver", "provider", "show", "acme")

    assert "messages.send\n  API: POST /v1/messages sends a message to one phone.\n" in done.stdout


def test_a_world_file_with_an_account_of_the_example_is_checked(example: Installed) -> None:
    done = example.run("mockserver", "fixtures", "check", "mockserver_acme/accounts.json")

    assert "mockserver_acme/accounts.json: 1 accounts, 2 messages\n" == done.stdout


def test_no_line_of_the_package_names_the_example() -> None:
    named = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in (ROOT / "mockserver").rglob("*")
        if path.is_file() and path.suffix in (".py", ".html", ".js", ".json", ".toml", ".tmpl")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if "mockserver_acme" in line or "acme-sms.example" in line
    ]

    assert [] == named


def test_the_example_imports_the_sdk_and_nothing_else_of_ours() -> None:
    code = "\n".join(path.read_text("utf-8") for path in (EXAMPLE / "mockserver_acme").glob("*.py"))

    assert {"from mockserver import sdk"} == set(re.findall(r"^ *(?:from|import) mockserver\b.*", code, re.MULTILINE))


@pytest.mark.parametrize("name", ["Acme", "2go", "acme_sms", "acme-", ""])
def test_a_name_that_cannot_be_one_is_rejected(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mockserver", "provider", "new", name, "--directory", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)

    assert 2 == done.returncode
    assert f"{name!r} is not small letters and digits with hyphens between, such as acme-sms" in done.stderr
    assert [] == list(tmp_path.iterdir())


def test_the_name_of_an_installed_provider_is_rejected(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mockserver", "provider", "new", "mgage", "--directory", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)

    assert 2 == done.returncode
    assert "Invalid value for NAME: a provider 'mgage' is installed already" in done.stderr
    assert [] == list(tmp_path.iterdir())


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "provider-acme").mkdir()
    command = [sys.executable, "-m", "mockserver", "provider", "new", "acme", "--directory", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)

    assert 2 == done.returncode
    assert f"mockserver: {tmp_path}/provider-acme exists already\n" == done.stderr
    assert [] == list((tmp_path / "provider-acme").iterdir())
