"""What is installed and built: the locked versions fit pyproject.toml, and a build gives the same bytes again."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "locks"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SHA256 = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def locked(name: str) -> dict[str, Version]:
    """The versions in a lock, by package; every line must pin one with its hashes."""
    found = {}
    text = (LOCKS / f"{name}.txt").read_text().replace("\\\n", " ")
    for line in filter(None, (line.partition("#")[0].strip() for line in text.splitlines())):
        requirement, *hashes = line.split(" --hash=")
        pinned = Requirement(requirement.strip())
        (specifier,) = pinned.specifier
        assert ("==", None) == (specifier.operator, pinned.url), line
        assert hashes, line
        assert all(SHA256.fullmatch(f"--hash={each.strip()}") for each in hashes), line
        found[pinned.name] = Version(specifier.version)
    return found


def wanted(*extras: str) -> list[Requirement]:
    given = [*PROJECT["project"]["dependencies"]]
    for extra in extras:
        given += PROJECT["project"]["optional-dependencies"][extra]
    return [Requirement(each) for each in given]


@pytest.mark.parametrize(
    ("name", "requirements"),
    [
        ("run", wanted()),
        ("test", wanted("test", "selection")),
        ("build", [Requirement(each) for each in PROJECT["build-system"]["requires"]]),
    ],
)
def test_a_lock_fits_the_project(name: str, requirements: list[Requirement]):
    """Else: make lock."""
    versions = locked(name)

    assert [] == [str(each) for each in requirements if versions.get(each.name) not in each.specifier]


def test_what_is_tested_is_what_runs():
    tested = locked("test")

    assert {} == {name: version for name, version in locked("run").items() if tested.get(name) != version}
    assert {} == {name: version for name, version in locked("build").items() if tested.get(name) != version}


def test_a_lock_names_no_place():
    """Where packages come from is the user's matter: an index, a mirror, a folder."""
    assert [] == [
        file.name for file in LOCKS.iterdir() if re.search(r"://|--(extra-)?index|--find-links", file.read_text())
    ]


def test_ci_and_the_image_install_what_is_locked():
    dockerfile = (ROOT / "Dockerfile").read_text()
    installs = re.findall(r"pip (?:--python \S+ )?install (.*?)(?: \\| &&|\n)", dockerfile)

    assert 3 == len(installs)
    assert [] == [each for each in installs if "--require-hashes" not in each and "--no-deps" not in each]
    assert "\nexport LOCKED=1" in (ROOT / ".ci" / "run").read_text()


BUILT = (
    "mockserver",
    "fixtures",
    "contract_tests/documents",
    "docs",
    "pyproject.toml",
    "README.md",
    "sms_mockserver.py",
)


def build(source: Path, mode: int, at: int) -> dict[str, bytes]:
    """Build a wheel and an sdist from a copy of the project whose files have this mode and time of change."""
    for name in BUILT:
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, target)
    for path in source.rglob("*"):
        if path.is_file():
            path.chmod(mode)
        os.utime(path, times=(at, at))
    environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    command = [sys.executable, "-m", "hatchling", "build", "-d", "out"]
    subprocess.run(command, cwd=source, env=environment | {"TZ": f"X{at % 12}"}, check=True, capture_output=True)
    return {file.name: file.read_bytes() for file in (source / "out").iterdir()}


def test_two_builds_give_the_same_bytes(tmp_path: Path):
    """At another place and time, with other rights, in another order."""
    first = build(tmp_path / "first", 0o644, 1_700_000_000)
    second = build(tmp_path / "a" / "second", 0o600, 1_600_000_001)

    assert ["whl", "gz"] == sorted((name.rpartition(".")[2] for name in first), reverse=True)
    assert first == second
