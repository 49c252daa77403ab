"""The README's commands run and print what it shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from contract_tests.installed import PROVIDERS

README = (Path(__file__).parents[2] / "README.md").read_text()
PRINTED = "http://127.0.0.1:7670"
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```\n(?:\n```(?:xml|json|text)\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (\w+\.py)\n")
FILES = [found.groups() for found in BLOCK.finditer(README) if FILE.match(found[2])]
"""Programs without an address in them: they stand in files of their own."""
RECIPES = [found.groups() for found in BLOCK.finditer(README) if PRINTED in found[2] or "mockserver exec" in found[2]]


@pytest.mark.parametrize(
    ("language", "program", "shown"), RECIPES, ids=[recipe[1].split("\n")[0] for recipe in RECIPES]
)
def test_a_recipe_does_what_the_readme_shows(language: str, program: str, shown: str | None, base_url: str) -> None:
    program = program.replace(PRINTED, base_url)
    command = ["bash", "-euc", program] if language == "sh" else [sys.executable, "-c", program]
    ours = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # where `mockserver` is
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=os.environ | {"PATH": ours})

    assert (0, "") == (done.returncode, done.stderr if done.returncode else "")
    if shown is not None:
        assert shown.rstrip("\n") == done.stdout.replace(base_url, PRINTED).rstrip("\n")


@pytest.mark.parametrize(("language", "program", "shown"), FILES, ids=[FILE.match(each[1])[1] for each in FILES])
def test_a_file_does_what_the_readme_shows(language: str, program: str, shown: str | None, tmp_path: Path) -> None:
    file = tmp_path / FILE.match(program)[1]
    file.write_text(program)
    unused = [
        argument for name in ("cacheprovider", "schemathesis", "hypothesispytest") for argument in ("-p", f"no:{name}")
    ]
    pytest_run = ["-m", "pytest", "-q", "-W", "error", "-n", "2", *unused, file.name]
    command = [sys.executable, *(pytest_run if file.name.startswith("test_") else [file.name])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "python" == language
    if shown is not None:
        assert shown == done.stdout


def test_there_are_recipes() -> None:
    assert len(RECIPES) >= 3


def test_the_switches_are_all_in_the_readme() -> None:
    missing = [quirk.name for provider in PROVIDERS for quirk in provider.quirks if f"`{quirk.name}`" not in README]

    assert [] == missing


def test_the_links_into_the_project_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)

    assert [] == [link for link in links if "://" not in link and not (Path(__file__).parents[2] / link).exists()]
